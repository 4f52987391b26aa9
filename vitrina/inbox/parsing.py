"""Text to dates, numbers and amounts, a column at a time. What cannot be read for certain is not read.

Each parser returns the values, null where the text does not fit, and the rules that the remaining texts break.
"""

from __future__ import annotations

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
_MOMENT = rf"{_MOMENT_WITHOUT_OFFSET}(?: ?Z|[+-](?:[01][0-9]|2[0-3]):?[0-5][0-9])$"
_SLASHED_DATE = r"^[0-9]{1,4}/[0-9]{1,2}/[0-9]{1,4}"
_PLAIN_NUMBER = r"^[+-]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)$"
_GROUPED_NUMBER = rf"^[+-]?[0-9]{{1,3}}(?:{_SPACES}[0-9]{{3}})+(?:[.,][0-9]+)?$"
# three digits of exponent: 1e999999999 written out would fill the memory
_EXPONENT = r"^[+-]?[0-9]+(?:[.,][0-9]+)?[eE][+-]?[0-9]{1,3}$"
_THOUSANDS_OR_DECIMALS = r"^[+-]?[1-9][0-9]{0,2},[0-9]{3}$"
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


def parse(text: pl.Series, kind: Kind) -> Parsed:
    """Read a column of text as one kind.

    Parameters
    ----------
    text
        Trimmed text, null where a cell is empty.
    kind
        How to read it.
    """
    match kind:
        case Kind.DATE:
            return _dates(text)
        case Kind.MOMENT:
            return _moments(text)
        case Kind.NUMBER:
            numbers = as_numbers(text)
            numbers = numbers.set(numbers.is_infinite().fill_null(value=False), None)
            return Parsed(numbers, ((rules.NUMBER, _unread(text, numbers)),))
        case Kind.INTEGER:
            return _integers(text)
        case Kind.MONEY_MINOR:
            return _amounts(text)
        case Kind.TEXT:
            return Parsed(text, ((rules.PRINTABLE, _contains(text, _CONTROL)),))


def as_numbers(text: pl.Series) -> pl.Series:
    """Numbers for comparing with bounds: infinite where a float cannot hold them, null where the text is none."""
    return _plain(text).cast(pl.Float64)


def _dates(text: pl.Series) -> Parsed:
    iso = text.str.extract(_ISO_DATE).str.to_date("%Y-%m-%d", strict=False)
    dotted = text.str.extract(_DOTTED_DATE).str.to_date("%d.%m.%Y", strict=False)
    values = iso.zip_with(iso.is_not_null(), dotted)
    return Parsed(values, ((rules.CLEAR_DATE, _contains(text, _SLASHED_DATE)), (rules.DATE, _unread(text, values))))


def _moments(text: pl.Series) -> Parsed:
    """Only with an offset: a wall clock alone is as many moments as there are time zones."""
    day = text.str.slice(0, 10)
    clock = text.str.extract(rf"^.{{11}}({_CLOCK})") + text.str.extract(r"^.{16}(:[0-9]{2})").fill_null(":00")
    # further digits than microseconds are dropped
    fraction = "." + text.str.extract(r"[.,]([0-9]{1,6})").fill_null("0")
    offset = text.str.extract(r"([+-][0-9]{2}:?[0-9]{2})$").str.replace(":", "", literal=True).fill_null("+0000")
    written = (day + "T" + clock + fraction + offset).set(~_contains(text, _MOMENT), None)
    values = written.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%z", time_unit="us", time_zone="UTC", strict=False)
    unclear = _contains(text, f"{_MOMENT_WITHOUT_OFFSET}$")
    return Parsed(values, ((rules.CLEAR_MOMENT, unclear), (rules.MOMENT, _unread(text, values))))


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


def _contains(text: pl.Series, pattern: str) -> pl.Series:
    return text.str.contains(pattern).fill_null(value=False)


def _unread(text: pl.Series, values: pl.Series) -> pl.Series:
    return text.is_not_null() & values.is_null()
