import datetime as dt
import hashlib

import polars as pl
import pytest

from tests.sellers.report.made_up_report import (
    AISLE,
    DAY,
    MADE_AT,
    STORE,
    given,
    interactions,
    metrics,
    png,
    purchases,
    report_bytes,
    table,
    texts,
    videos,
    workbook,
)
from vitrina.errors import SettingsError, VitrinaError
from vitrina.sellers.report import day_report

SHEETS = {
    "en": ["Summary", "Sellers", "Hours", "Timeline", "Heat map", "Interactions", "Purchases", "Glossary"],
    "ru": ["Сводка", "Продавцы", "По часам", "Ход дня", "Тепловая карта", "Взаимодействия", "Покупки", "Словарь"],
}
HOSTILE = ("=cmd|'/c calc'!A0", "+1+1", "@SUM(A1)", "-2")


@pytest.mark.parametrize("locale", ["en", "ru"])
def test_every_sheet_has_its_name_in_the_readers_language(locale, english, russian):
    assert {"en": english, "ru": russian}[locale].sheetnames == SHEETS[locale]


def test_the_russian_report_has_no_english_sentence(russian):
    for sheet in russian:
        for text in texts(sheet):
            if " " in text and not text.startswith("evidence/") and any("a" <= letter <= "z" for letter in text):
                assert any("а" <= letter.lower() <= "я" for letter in text), text


def test_rows_of_other_days_and_stores_and_of_cameras_that_do_not_count_are_left_out():
    served = interactions()
    seen_twice = served.head(3).with_columns(video=pl.lit(AISLE))
    others = {"videos": videos(store="south"), "purchases": purchases(served, store="south")}
    others["metrics"] = metrics(served, purchases(served), store="south", present=70)
    mixed = {name: pl.concat([given()[name], frame]) for name, frame in others.items()}
    later = given()["purchases"].with_columns(day=pl.lit(DAY + dt.timedelta(days=1)), receipt_id=pl.lit("later"))
    mixed["purchases"] = pl.concat([mixed["purchases"], later])
    mixed["interactions"] = pl.concat([served, seen_twice])
    assert report_bytes(**mixed) == report_bytes()


def test_equal_rows_in_any_order_give_equal_bytes():
    shuffled = {
        name: value.sample(fraction=1, shuffle=True, seed=7) if isinstance(value, pl.DataFrame) else value
        for name, value in given().items()
    }
    digests = {hashlib.sha256(day_report(DAY, STORE, "en", **rows)).hexdigest() for rows in (given(), given(), shuffled)}
    assert len(digests) == 1


def test_hostile_names_stay_text():
    served = interactions().with_columns(
        seller_id=pl.col("seller_id").replace({"anna.k": HOSTILE[0], "boris.m": HOSTILE[1]}),
        receipt_id="=" + pl.col("receipt_id"),
    )
    sold = purchases(served).with_columns(register=pl.lit(HOSTILE[2]))
    watched = videos().with_columns(camera_id=pl.lit(HOSTILE[3]))
    content = workbook(interactions=served, purchases=sold, metrics=metrics(served, sold), videos=watched)
    texts_found = 0
    for sheet in content:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type not in {"f", "e"}, cell.coordinate
                if isinstance(cell.value, str) and cell.value.startswith(("=", "+", "@", "-")):
                    assert cell.quotePrefix, cell.coordinate
                    texts_found += 1
    assert texts_found > 100


@pytest.mark.parametrize("locale", ["en", "ru"])
def test_every_sheet_prints_on_a4_and_lists_keep_their_headings(locale, english, russian):
    book = {"en": english, "ru": russian}[locale]
    for sheet in book:
        assert (int(sheet.page_setup.paperSize), sheet.page_setup.orientation) == (9, "landscape")
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert sheet.print_area
    for name in (SHEETS[locale][place] for place in (1, 2, 5, 6, 7)):
        assert book[name].freeze_panes is not None
        assert book[name].print_title_rows == "$1:$1"


@pytest.mark.parametrize("locale", ["en", "ru"])
def test_columns_are_as_wide_as_the_longest_word_of_their_headings(locale, english, russian):
    book = {"en": english, "ru": russian}[locale]
    for name in (SHEETS[locale][place] for place in (1, 2, 5, 6, 7)):
        for cell in book[name][1]:
            if cell.value:
                width = book[name].column_dimensions[cell.column_letter].width
                assert 1.15 * max(map(len, cell.value.split())) <= width, cell.value


def test_a_picture_that_is_none_is_told_with_its_name():
    with pytest.raises(VitrinaError, match="'timeline'"):
        report_bytes(pictures={"timeline": b"no picture"})


def test_pictures_of_one_name_and_of_long_names_each_have_a_sheet():
    pictures = {"timeline till": png(), "timeline TILL": png(), "a/b: [c]" + "x" * 40: png(2000, 300)}
    names = workbook(pictures=pictures).sheetnames[3:6]
    assert names == ["Timeline till", "Timeline TILL 2", "a b   c " + "x" * 23]


def test_a_currency_without_coins_is_told_without_them():
    book = workbook(currency="JPY")
    sold = given()["purchases"]
    assert table(book["Purchases"])[0]["Amount, JPY"] == sold.sort("at").item(0, "amount")
    assert book["Purchases"].cell(2, 3).number_format == "#,##0"


def test_a_moment_without_time_zone_is_refused():
    with pytest.raises(VitrinaError, match="no time zone"):
        report_bytes(made_at=MADE_AT.replace(tzinfo=None))


def test_a_store_without_video_needs_somebody_to_say_which_clock_it_has():
    with pytest.raises(VitrinaError, match="which clock"):
        report_bytes(videos=videos().clear())
    with pytest.raises(VitrinaError, match="no time zone 'Moon'"):
        report_bytes(time_zone="Moon")


def test_a_locale_without_words_is_refused():
    with pytest.raises(SettingsError, match="en, ru"):
        report_bytes("fr")
