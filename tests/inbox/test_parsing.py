"""Text to dates, numbers and amounts."""

import datetime as dt
from decimal import ROUND_HALF_EVEN, Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.inbox.contract import Kind
from vitrina.inbox.parsing import parse


def read(text, kind):
    """The value, or the expectation that the text does not meet."""
    parsed = parse(pl.Series("x", [text], dtype=pl.String), kind)
    broken = [str(rule.expectation) for rule, mask in parsed.broken if mask.item()]
    assert (parsed.values.item() is None) == bool(broken or text is None)
    return broken[0] if broken else parsed.values.item()


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("1234.56", 123456),
        ("1234,56", 123456),
        ("1 234,56", 123456),
        ("1\u00a0234\u00a0567,8", 123456780),
        ("1\u202f234", 123400),
        ("-0,01", -1),
        ("−3", -300),
        ("+7", 700),
        (".5", 50),
        ("5.", 500),
        ("2.675", 268),
        ("2.665", 266),
        ("-2.675", -268),
        ("0.00500000001", 1),
        ("0.005", 0),
        ("1e3", 100000),
        ("1,5E+03", 150000),
        ("000000000000000000012.30", 1230),
    ],
)
def test_an_amount_is_read_exactly_and_rounded_half_to_even(text, minor):
    assert read(text, Kind.MONEY_MINOR) == minor


@pytest.mark.parametrize(
    "text",
    ["cheap", "12 34", "1 23,4", "10 ₽", "1,234.56", "1.2.3", "NaN", "inf", "--1", "", "0x10", "1_000", "١٢", "1e9999", "9" * 40],
)
def test_what_is_no_amount_is_not_guessed_at(text):
    assert read(text or " ", Kind.MONEY_MINOR) == "a number"


def test_an_amount_of_which_one_cannot_tell_thousands_from_decimals_is_refused():
    assert read("1,234", Kind.MONEY_MINOR) == "an amount whose thousands and decimals cannot be confused"
    assert read("0,234", Kind.MONEY_MINOR) == 23


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=5, allow_nan=False, allow_infinity=False))
def test_every_decimal_amount_agrees_with_exact_arithmetic(amount):
    expected = int((amount * 100).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))
    assert read(format(amount, "f"), Kind.MONEY_MINOR) == expected


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_float_that_polars_writes_is_read_back(number):
    text = pl.Series([number]).cast(pl.String).item()
    assert read(text, Kind.NUMBER) == number


@pytest.mark.parametrize(("text", "value"), [("42", 42), ("-1", -1), ("42.0", 42), ("42,00", 42), ("1 000", 1000), ("1e3", 1000)])
def test_a_whole_number_is_read(text, value):
    assert read(text, Kind.INTEGER) == value


def test_a_fraction_is_no_whole_number_and_a_word_is_no_number():
    assert read("1.5", Kind.INTEGER) == "a whole number"
    assert read("one", Kind.INTEGER) == "a number"
    assert read("9" * 25, Kind.INTEGER) == "a whole number"


@pytest.mark.parametrize(
    "text",
    [
        "2024-01-31",
        "31.01.2024",
        "2024-01-31T00:00:00",
        "2024-01-31 23:59",
        "31.01.2024 10:15:00",
        "2024-01-31T10:00:00.123Z",
        "2024-01-31T23:00:00+03:00",
    ],
)
def test_a_date_is_read_as_it_is_written(text):
    assert read(text, Kind.DATE) == dt.date(2024, 1, 31)


@pytest.mark.parametrize("text", ["03/04/2024", "2024/01/02", "31/01/2024"])
def test_a_date_with_slashes_is_refused_as_ambiguous(text):
    assert read(text, Kind.DATE) == "a date whose day and month cannot be confused"


@pytest.mark.parametrize(
    "text", ["2024-02-30", "31.02.2024", "45292", "20240131", "2024-01", "yesterday", "31.01.24", "2024-1-5", "0"]
)
def test_what_is_no_date_for_certain_is_refused(text):
    assert read(text, Kind.DATE) == "a date such as 2024-01-31 or 31.01.2024"


@given(st.dates())
def test_every_date_is_read_back(day):
    assert read(day.isoformat(), Kind.DATE) == day


@pytest.mark.parametrize("kind", list(Kind))
def test_an_empty_cell_is_empty_and_breaks_no_rule_here(kind):
    assert read(None, kind) is None


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-01-31T09:30:00Z", "2024-01-31T09:30:00"),
        ("2024-01-31 09:30Z", "2024-01-31T09:30:00"),
        ("2024-01-31T09:30:00 Z", "2024-01-31T09:30:00"),
        ("2024-01-31T01:30:00.123456+03:00", "2024-01-30T22:30:00.123456"),
        ("2024-12-31T23:30:00,5-0130", "2025-01-01T01:00:00.500000"),
        ("2024-02-29T00:00:00.1234567899Z", "2024-02-29T00:00:00.123456"),
        ("2024-01-31T09:30:00+00:00", "2024-01-31T09:30:00"),
    ],
)
def test_a_moment_is_read_into_utc_to_the_microsecond(text, moment):
    assert read(text, Kind.MOMENT) == dt.datetime.fromisoformat(moment).replace(tzinfo=dt.UTC)


@pytest.mark.parametrize("text", ["2024-01-31T09:30:00", "2024-01-31 09:30", "2024-01-31T09:30:00.5"])
def test_a_moment_without_an_offset_is_refused_for_what_it_lacks(text):
    assert read(text, Kind.MOMENT) == "a time with its offset from UTC"


@pytest.mark.parametrize(
    "text",
    [
        *("2024-01-31", "2024-02-30T09:30:00Z", "2024-01-31T24:00:00Z", "2024-01-31T09:60:00Z", "2024-01-31T09:30:60Z"),
        *("31.01.2024T09:30:00Z", "2024-01-31T09:30:00+3", "2024-01-31T09:30:00+25:00", "1706693400", "now", "2024-01-31T9:30Z"),
        *("2024-01-31T09:30:00Zulu", "x2024-01-31T09:30:00Z"),
    ],
)
def test_what_is_no_moment_is_not_guessed_at(text):
    assert read(text, Kind.MOMENT) == "a date and time such as 2024-01-31T09:30:00Z"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2010-12-01 08:26:00+00:00", "2010-12-01T08:26:00"),
        ("2010-12-01T08:26:00Z", "2010-12-01T08:26:00"),
        ("2010-12-01 08:26:00.123", "2010-12-01T08:26:00.123"),
        ("2010-12-01 08:26", "2010-12-01T08:26:00"),
        ("2010-12-01 08:26,5", None),
        ("2010-12-01 08:26:00-03:00", "2010-12-01T11:26:00"),
        ("2010-12-01 08:26:00.5+0330", "2010-12-01T04:56:00.5"),
        ("2010-12-01", None),
        ("2010-02-30 08:26:00", None),
        ("2010-12-01 24:00:00", None),
        ("2010-12-01 08:26:00 MSK", None),
    ],
)
def test_where_utc_is_agreed_on_a_moment_needs_no_offset_and_one_that_it_has_counts(text, moment):
    parsed = parse(pl.Series([text]), Kind.MOMENT, assume_utc=True)
    expected = None if moment is None else dt.datetime.fromisoformat(moment).replace(tzinfo=dt.UTC)
    assert parsed.values.item() == expected
    assert [str(rule.expectation) for rule, mask in parsed.broken if mask.item()] == (
        ["a date and time such as 2024-01-31T09:30:00Z"] if moment is None else []
    )


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        *((word, True) for word in ("true", "TRUE", "yes", "Yes", "да", "ДА", "Да", "1")),
        *((word, False) for word in ("false", "False", "no", "NO", "нет", "Нет", "0")),
    ],
)
def test_an_answer_is_read_in_either_language_and_any_capitals(text, answer):
    assert read(text, Kind.YES_NO) is answer


@pytest.mark.parametrize("text", ["2", "y", "n", "t", "-1", "1.0", "yes!", "=TRUE()", "none", "maybe", "дa", "\x00"])
def test_what_is_neither_yes_nor_no_is_refused_with_a_rule_that_says_so(text):
    assert read(text, Kind.YES_NO) == "yes or no"


@given(st.datetimes(dt.datetime(1900, 1, 2), dt.datetime(2100, 1, 1)), st.integers(-14 * 60, 14 * 60))  # noqa: DTZ001  # the offset is added below
def test_whatever_moment_python_writes_is_read_back(clock, minutes):
    moment = clock.replace(tzinfo=dt.timezone(dt.timedelta(minutes=minutes)))
    assert read(moment.isoformat(), Kind.MOMENT) == moment
