"""Text to dates, numbers and amounts, a column at a time. What cannot be read for certain is not read.

Each parser returns the values, null where the text does not fit, and the rules that the remaining texts break.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

import polars as pl

from vitrina.inbox import rules
from vitrina.inbox.contract import Kind
from vitrina.inbox.rules import Rule

_SPACES = r"[ \u00a0\u2009\u202f]"
_TIME = r"(?:[T ][0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?(?: ?Z|[+-][0-9]{2}:?[0-9]{2})?)?"
_ISO_DATE = rf"^([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}){_TIME}$"
_DOTTED_DATE = rf"^([0-9]{{1,2}}\.[0-9]{{1,2}}\.[0-9]{{4}}){_TIME}$"
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_MOMENT_WITHOUT_OFFSET = rf"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[T ]{_CLOCK}(?::[0-5][0-9](?:[.,][0-9]+)?)?"
_OFFSET = r"(?: ?Z|[+-](?:[01][0-9]|2[0-3]):?[0-5][0-9])"
_SLASHED_DATE = r"^[0-9]{1,4}/[0-9]{1,2}/[0-9]{1,4}"
_PLAIN_NUMBER = r"^[+-]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)$"
_GROUPED_NUMBER = rf"^[+-]?[0-9]{{1,3}}(?:{_SPACES}[0-9]{{3}})+(?:[.,][0-9]+)?$"
# three digits of exponent: 1e999999999 written out would fill the memory
_EXPONENT = r"^[+-]?[0-9]+(?:[.,][0-9]+)?[eE][+-]?[0-9]{1,3}$"
_THOUSANDS_OR_DECIMALS = r"^[+-]?[1-9][0-9]{0,2},[0-9]{3}$"
_YES = ("yes", "true", "да", "1")
_NO = ("no", "false", "нет", "0")
_CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"

MINOR_DIGITS = 2
_MINOR = 10**MINOR_DIGITS
_WHOLE_DIGITS_OF_INT64 = 16


@dataclass(frozen=True)
class Parsed:
    """A column after reading.

    Attributes
    ----------
    values
        Typed values; null where the cell is empty or breaks a rule.
    broken
        Rules with the mask of the cells that break them, the most telling first.
    """

    values: pl.Series
    broken: tuple[tuple[Rule, pl.Series], ...]


def parse(text: pl.Series, kind: Kind, *, assume_utc: bool = False) -> Parsed:  # noqa: PLR0911  # one return per kind
    """Read a column of text as one kind.

    Parameters
    ----------
    text
        Trimmed text, null where a cell is empty.
    kind
        How to read it.
    assume_utc
        Whether a moment without an offset is one in UTC; otherwise it breaks a rule.
    """
    match kind:
        case Kind.DATE:
            return _dates(text)
        case Kind.MOMENT:
            return _moments(text, assume_utc=assume_utc)
        case Kind.NUMBER:
            numbers = as_numbers(text)
            numbers = numbers.set(numbers.is_infinite().fill_null(value=False), None)
            return Parsed(numbers, ((rules.NUMBER, _unread(text, numbers)),))
        case Kind.INTEGER:
            return _integers(text)
        case Kind.MONEY_MINOR:
            return _amounts(text)
        case Kind.YES_NO:
            answers = _answers(text)
            return Parsed(answers, ((rules.YES_NO, _unread(text, answers)),))
        case Kind.TEXT:
            return Parsed(text, ((rules.PRINTABLE, _contains(text, _CONTROL)),))


def as_numbers(text: pl.Series) -> pl.Series:
    """Numbers for comparing with bounds: infinite where a float cannot hold them, null where the text is none."""
    return _plain(text).cast(pl.Float64)


def _dates(text: pl.Series) -> Parsed:
    values = _by_distinct(text, _days)
    return Parsed(values, ((rules.CLEAR_DATE, _contains(text, _SLASHED_DATE)), (rules.DATE, _unread(text, values))))


def _days(text: pl.Series) -> pl.Series:
    iso = text.str.extract(_ISO_DATE).str.to_date("%Y-%m-%d", strict=False)
    dotted = text.str.extract(_DOTTED_DATE).str.to_date("%d.%m.%Y", strict=False)
    return iso.zip_with(iso.is_not_null(), dotted)


def _moments(text: pl.Series, *, assume_utc: bool) -> Parsed:
    """Only with an offset, unless UTC is agreed on: a wall clock alone is as many moments as there are time zones."""
    unclear = _contains(text, f"{_MOMENT_WITHOUT_OFFSET}$") & (not assume_utc)
    written = text.set(~_contains(text, f"{_MOMENT_WITHOUT_OFFSET}{_OFFSET}{'?' if assume_utc else ''}$"), None)
    has_seconds = written.str.slice(16, 1) == ":"
    seconds = written.str.slice(16, 3).set(~has_seconds, ":00")
    clock = written.str.slice(0, 10) + "T" + written.str.slice(11, 5) + seconds
    wall_clock = clock.str.to_datetime("%Y-%m-%dT%H:%M:%S", time_unit="us", strict=False)
    # fraction and offset: few logs have more than some thousand different ones
    rest = written.str.slice(19).zip_with(has_seconds, written.str.slice(16))
    values = (wall_clock + _by_distinct(rest, _beyond_seconds)).dt.replace_time_zone("UTC")
    return Parsed(values, ((rules.CLEAR_MOMENT, unclear), (rules.MOMENT, _unread(text, values))))


def _beyond_seconds(rest: pl.Series) -> pl.Series:
    """What the fraction of a second and the offset from UTC add to a wall clock; digits beyond microseconds are dropped."""
    fraction = rest.str.extract("^[.,]([0-9]{1,6})").str.pad_end(6, "0").cast(pl.Int64).fill_null(0)
    hours = rest.str.extract("[+-]([0-9]{2}):?[0-9]{2}$").cast(pl.Int64).fill_null(0)
    minutes = rest.str.extract("[+-][0-9]{2}:?([0-9]{2})$").cast(pl.Int64).fill_null(0)
    offset = (hours * 60 + minutes) * 60_000_000
    return (fraction + offset.zip_with(_contains(rest, "-"), -offset)).cast(pl.Duration("us"))


def _answers(text: pl.Series) -> pl.Series:
    lowered = text.str.to_lowercase()
    yes = lowered.is_in(list(_YES))
    return yes.set(~(yes | lowered.is_in(list(_NO))).fill_null(value=True), None)


def _integers(text: pl.Series) -> Parsed:
    plain = _plain(text)
    whole = plain.str.extract(r"^([+-]?[0-9]+)(?:\.0*)?$").cast(pl.Int64, strict=False)
    return Parsed(whole, ((rules.NUMBER, _unread(text, plain)), (rules.INTEGER, _unread(text, whole))))


def _amounts(text: pl.Series) -> Parsed:
    plain = _plain(text)
    unclear = _contains(text, _THOUSANDS_OR_DECIMALS)
    minor = _minor_units(plain).set(unclear, None)
    return Parsed(minor, ((rules.CLEAR_AMOUNT, unclear), (rules.NUMBER, _unread(text, minor))))


def _minor_units(plain: pl.Series) -> pl.Series:
    """Exact, from the digits as written: a float would round 2.675 to 2.67 because it cannot hold it."""
    whole = plain.str.extract(r"^[+-]?0*([0-9]*)").fill_null("")
    decimals = plain.str.extract(r"\.([0-9]*)$").fill_null("")
    fits = plain.is_not_null() & (whole.str.len_chars() <= _WHOLE_DIGITS_OF_INT64)
    digits = (whole + decimals.str.pad_end(MINOR_DIGITS, "0").str.slice(0, MINOR_DIGITS)).set(~fits, None)
    units = digits.cast(pl.Int64, strict=False)
    rest = decimals.str.slice(MINOR_DIGITS).str.strip_chars_end("0")
    # as text: "49" < "5" < "5001" < "6"
    up = (rest > "5") | ((rest == "5") & (units % 2 == 1))
    rounded = units + up.cast(pl.Int64)
    return rounded.zip_with(~_contains(plain, "^-"), -rounded)


def _plain(text: pl.Series) -> pl.Series:
    """Numbers as ``-1234.5``: without groups, decimal comma and exponent; null where the text is no number."""
    signed = text.str.replace_all("−", "-", literal=True)
    ungrouped = signed.zip_with(~_contains(signed, _GROUPED_NUMBER), signed.str.replace_all(_SPACES, ""))
    pointed = ungrouped.str.replace(",", ".", literal=True)
    plain = pointed.zip_with(_contains(ungrouped, _PLAIN_NUMBER), pl.Series([None], dtype=pl.String).new_from_index(0, len(text)))
    exponents = _contains(ungrouped, _EXPONENT)
    if not exponents.any():
        return plain
    written_out = pointed.filter(exponents).map_elements(lambda number: format(Decimal(number), "f"), return_dtype=pl.String)
    return plain.scatter(exponents.arg_true(), written_out)


def _by_distinct(text: pl.Series, read: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """What `read` makes of a column in which few texts stand many times: each of them is read once."""
    distinct = text.drop_nulls().unique()
    values = read(distinct)
    return text.replace_strict(distinct, values, default=None, return_dtype=values.dtype)


def _contains(text: pl.Series, pattern: str) -> pl.Series:
    return text.str.contains(pattern).fill_null(value=False)


def _unread(text: pl.Series, values: pl.Series) -> pl.Series:
    return text.is_not_null() & values.is_null()
