import datetime as dt

import polars as pl
import pytest

from tests.sellers.report.made_up_report import (
    MORNING,
    ZONE,
    at,
    given,
    hours,
    interactions,
    table,
    texts,
    workbook,
)
from vitrina.sellers.metrics import ALL, INTERACTIONS


def test_times_are_those_of_the_stores_clock(english):
    first = given()["interactions"].sort("begin_at").row(0, named=True)
    shown = english["Interactions"].cell(2, 1)
    local = first["begin_at"].astimezone(ZONE).replace(tzinfo=None)
    assert shown.number_format == "hh:mm:ss"
    assert abs(shown.value - local) < dt.timedelta(milliseconds=2)
    assert "09:00 – 21:00" in texts(english["Summary"])
    assert "made 2026-10-15 06:20" in texts(english["Summary"])[1]


def test_every_interaction_says_where_it_can_be_looked_at(english):
    rows = table(english["Interactions"])
    served = given()["interactions"].sort("begin_at")
    assert [row["Video"] for row in rows] == served["video"].to_list()
    assert [row["Number in the video"] for row in rows] == served["interaction"].to_list()
    assert rows[0]["Clip"].endswith("~0001.mp4")
    assert rows[5]["Clip"] is None
    begins = [english["Interactions"].cell(row, 10).value for row in (2, 3)]
    assert begins == pytest.approx(
        [dt.timedelta(seconds=seconds) for seconds in served["begin_s"][:2]], abs=dt.timedelta(seconds=1)
    )


def test_amounts_stand_beside_the_interactions_that_they_follow(english):
    amounts = dict(given()["purchases"].select("receipt_id", "amount").iter_rows())
    shown = {row["Receipt"]: row["Amount, RUB"] for row in table(english["Interactions"]) if row["Receipt"]}
    assert len(shown) > 10
    assert shown == {receipt: pytest.approx(amounts[receipt] / 100) for receipt in shown}


def test_purchases_are_summed_by_what_preceded_them(english):
    sold = given()["purchases"]
    sheet = english["Purchases"]
    rows = table(sheet, top=sold.height + 3)
    for row, side in zip(rows, (True, False, None), strict=True):
        amounts = sold.filter(pl.col("consulted").eq_missing(pl.lit(side, pl.Boolean)))["amount"]
        assert row["Cases"] == len(amounts) > 0
        assert row["Sum, RUB"] == pytest.approx(amounts.sum() / 100)
    assert [row["Consultation"] for row in rows] == ["with consultation", "without", "nobody could see"]
    assert rows[2]["Average"] == "–"


def test_an_hour_that_could_hardly_be_seen_has_words_and_not_numbers(english):
    row = next(row for row in table(english["Hours"]) if row["Hour"] == "15:00 – 16:00")
    assert [row[name] for name in ("Customers", "Interactions", "Waited too long")] == ["too little seen"] * 3
    assert row["Could be seen"] == 0.41
    dark = hours().with_columns(coverage=pl.lit(0.0), customers=pl.lit(0), unserved=pl.lit(None, pl.Int64))
    shown = table(workbook(hours=dark)["Hours"])
    assert {row["Customers"] for row in shown} == {"not seen"}
    assert "Waited too long" not in shown[0]


def test_charts_draw_the_cells_of_their_tables(english):
    chart = english["Hours"]._charts[0]
    assert [series.val.numRef.f for series in chart.series] == [f"'Hours'!${column}$2:${column}$13" for column in "BCD"]
    seller_chart = english["Sellers"]._charts[0]
    assert [series.val.numRef.f for series in seller_chart.series] == [f"'Sellers'!${column}$2:${column}$3" for column in "DE"]


def test_a_seller_whom_nobody_could_name_is_called_unknown(english):
    shown = {row["Seller"] for row in table(english["Interactions"])}
    assert shown == {"anna.k", "boris.m", "unknown seller"}
    unnamed = interactions().filter(pl.col("seller_id").is_null() & (pl.col("kind") == "consultation")).height
    assert any(f"could be matched to: {unnamed}." in text for text in texts(english["Summary"]))


def test_sellers_are_followed_by_all_together_which_sorting_leaves_in_its_place(english):
    sheet = english["Sellers"]
    rows = table(sheet)
    numbers = given()["metrics"].filter(metric=INTERACTIONS)
    assert [row["Seller"] for row in rows] == ["anna.k", "boris.m", "All together"]
    assert [row["Interactions"] for row in rows] == [
        numbers.filter(seller_id=seller).item(0, "value") for seller in ("anna.k", "boris.m", ALL)
    ]
    assert sheet.auto_filter.ref == "A1:L3"


def test_a_conversation_past_midnight_sorts_after_those_before_it():
    late = interactions(2).with_columns(
        begin_at=pl.Series([at(23, 50), at(23, 50) + dt.timedelta(minutes=20)]), video=pl.lit(MORNING)
    )
    sheet = workbook(interactions=late)["Interactions"]
    assert [sheet.cell(row, 1).value.hour for row in (2, 3)] == [23, 0]
    assert sheet.cell(2, 1).value < sheet.cell(3, 1).value
