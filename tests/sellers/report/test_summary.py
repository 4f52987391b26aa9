import datetime as dt

import polars as pl
import pytest

from tests.sellers.report.made_up_report import (
    empty,
    given,
    headline,
    hours,
    interactions,
    metrics,
    purchases,
    table,
    texts,
    videos,
    workbook,
)
from vitrina.sellers.metrics import ALL, DIFFERENCE, METRICS, WAITING_UNSERVED, WITH_CONSULTATION


def test_each_number_stands_with_its_range_its_cases_and_its_meaning(english):
    rows = headline(english)
    assert len(rows) == len(METRICS)
    assert rows["Customers present"][:3] == [61, "46 to 90", 61]
    assert rows["Share of customers served"][0] == pytest.approx(rows["Customers served"][0] / 61)
    assert rows["Time with a seller there"][:3] == [dt.timedelta(hours=11.2), "11 h 12 min to 11 h 37 min", None]
    assert rows["Interactions"][3] == "Interactions of a seller with a customer."


def test_sentences_tell_coverage_and_averages_as_the_reader_writes_numbers(english, russian):
    said = {book: " ".join(texts(book.worksheets[0])) for book in (english, russian)}
    average = given()["metrics"].filter(seller_id=ALL, metric=WITH_CONSULTATION).item(0, "value") / 100
    assert "88% of the opening hours could be seen." in said[english]
    assert "Видно 88\u00a0% часов работы." in said[russian]
    assert f"{average:,.0f}\u00a0RUB with consultation" in said[english]
    assert f"{average:,.0f} руб. с консультацией".replace(",", "\u00a0").replace(" руб", "\u00a0руб") in said[russian]


def test_a_difference_that_may_be_chance_is_called_so():
    def said(low):
        numbers = given()["metrics"].with_columns(low=pl.when(pl.col("metric") == DIFFERENCE).then(pl.lit(low)).otherwise("low"))
        return " ".join(texts(workbook(metrics=numbers).worksheets[0]))

    assert "may be chance" in said(-500.0)
    assert "may be chance" not in said(500.0)


def test_without_receipts_numbers_of_purchases_are_words_with_the_reason_and_what_to_do():
    served = interactions().with_columns(receipt_id=pl.lit(None, pl.String), successful=pl.lit(None, pl.Boolean))
    numbers = metrics(served, purchases(served).clear(), receipts=False)
    book = workbook("ru", interactions=served, metrics=numbers, purchases=purchases(served).clear())
    rows = headline(book)
    for name in ("Взаимодействия с покупкой", "Взаимодействия без покупки", "Средняя покупка с консультацией"):
        assert rows[name] == ["сказать нельзя", "–", None, "Чеки этого магазина за этот день не загружены."]
    said = texts(book["Сводка"])
    assert any(text.startswith("•") and "Загрузите чеки" in text and "Отношение средних покупок" in text for text in said)
    assert not any("Средняя покупка:" in text for text in said)
    assert texts(book["Покупки"])[-1] == "Чеки этого магазина за этот день не загружены."
    assert {row["Покупка"] for row in table(book["Взаимодействия"])} == {"неизвестно", "–"}
    sellers = table(book["Продавцы"])
    assert {row["Завершилось покупкой"] for row in sellers} == {"сказать нельзя"}


def test_of_too_little_footage_no_number_is_told_and_none_becomes_a_nought():
    served = interactions()
    book = workbook(metrics=metrics(served, purchases(served), coverage=0.4), videos=videos(coverage=0.4))
    assert {row[0] for row in headline(book).values()} == {"cannot be said"}
    said = " ".join(texts(book["Summary"]))
    assert "40% of the time could be seen; numbers are told from 50% on. Look at the footage below" in said
    assert "Customers present:" not in said
    assert "Numbers that cannot be said: 13 of 13" in said
    assert "Camera till: only 40% of its opening hours could be seen." in said
    for row in table(book["Sellers"]):
        assert not [value for value in row.values() if isinstance(value, (int, float))]


def test_a_day_without_anything_is_a_report_that_says_so():
    book = workbook(**empty())
    assert {row[0] for row in headline(book).values()} == {"cannot be said"}
    said = {sheet.title: " ".join(texts(sheet)) for sheet in book}
    assert "Nothing was measured on this day. Look whether videos of this day were delivered." in said["Summary"]
    assert "No video of this day could be evaluated." in said["Summary"]
    assert "No seller on the roster was recognised on this day." in said["Sellers"]
    assert "Nobody filmed on this day." in said["Hours"]
    assert "No interaction was seen on this day." in said["Interactions"]
    assert "Timeline" not in said


def test_what_to_look_at_is_told_with_the_hour_and_the_camera(english):
    said = " ".join(texts(english["Summary"]))
    assert "Customers who waited too long while no seller was free: 4." in said
    assert "Most customers waited too long from 17:00 – 18:00." in said
    assert "Camera aisle: brightness 41.3, usually 92.0 (median of 6 days). Look at the lights" in said
    assert "share of the time that could be seen 61%" not in said
    assert "Camera aisle: only" not in said, "the camera does not count"
    assert "Not filmed: 15:00 – 15:30." in said


def test_a_day_on_which_nothing_stands_out_says_so():
    numbers = given()["metrics"].with_columns(value=pl.when(pl.col("metric") == WAITING_UNSERVED).then(0.0).otherwise("value"))
    served = interactions().with_columns(seller_id=pl.col("seller_id").fill_null("anna.k"))
    quiet = given()["drift"].clear()
    said = texts(workbook(metrics=numbers, interactions=served, hours=hours().clear(), drift=quiet)["Summary"])
    assert "•  Nothing stands out." in said
