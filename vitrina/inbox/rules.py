"""What a value, or a row, can do wrong: the expectation in words and the remedy, both translatable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vitrina.inbox.messages import Message, message

FIRST_ROW = "first_row"
"""Name in a template that stands for the row that took the key first; filled in per refused row."""

WHOLE_ROW = "(whole row)"
"""Stands for the column where a row as such is refused."""


@dataclass(frozen=True)
class Rule:
    """One expectation with the remedy for what breaks it."""

    expectation: Message
    remedy: Message
    is_reference: bool = False


VALUE = Rule(message("a value"), message("Fill the cell in, or leave the row out."))
DATE = Rule(message("a date such as 2024-01-31 or 31.01.2024"), message("Write the date as 2024-01-31."))
CLEAR_DATE = Rule(
    message("a date whose day and month cannot be confused"),
    message("Write the date as 2024-01-31: 03/04/2024 may be in March or in April."),
)
QUARTER = Rule(
    message("the first day of a quarter"),
    message("Write the day that the quarter begins with: the first of January, April, July or October."),
)
MOMENT = Rule(
    message("a date and time such as 2024-01-31T09:30:00Z"),
    message("Write the date and the time with their offset from UTC, e.g. 2024-01-31T12:30:00+03:00."),
)
CLEAR_MOMENT = Rule(
    message("a time with its offset from UTC"),
    message("Add Z for UTC or an offset such as +03:00: without it nobody can say which moment is meant."),
)
NUMBER = Rule(
    message("a number"),
    message("Write digits only, e.g. 1234.56: no words, no currency. Leave the cell empty where there is no value."),
)
INTEGER = Rule(message("a whole number"), message("Write a number without decimals, e.g. 42."))
CLEAR_AMOUNT = Rule(
    message("an amount whose thousands and decimals cannot be confused"),
    message("Write 1234 or 1.23 with a decimal point: 1,234 may be either."),
)
YES_NO = Rule(
    message("yes or no"), message("Write yes or no. Also read, in any capitals, are true and false, да and нет, 1 and 0.")
)
PRINTABLE = Rule(
    message("text without control characters"), message("Remove the invisible characters, for example by exporting the file anew.")
)
VALUES_NOT_FORMULAS = Rule(
    message("a value, not a formula"),
    message("Write values, not formulas: copy the cells and paste them as values, then deliver the file again."),
)
JSON_OBJECT = Rule(
    message("one whole JSON object on the line"),
    message("Write every row as one JSON object on a line of its own, without NaN; a file that was cut off is delivered again."),
)
OWN_NAMES = Rule(
    message("an object in which every value has a name of its own"),
    message("Name every value, and none like another: capitals and spaces around a name do not tell names apart."),
)
UTF_8 = Rule(message("text in UTF-8"), message("Save the file as UTF-8 and deliver it again."))
NO_SPREADSHEET_ERROR = Rule(
    message("a value, not a spreadsheet error"),
    message("Correct the cell in the spreadsheet, or leave it empty, then deliver the file again."),
)


def cells(count: int) -> Rule:
    """A row has as many cells as the header has columns."""
    return Rule(
        message("{count} cells, as in the header", count=count),
        message("Put a text that holds the delimiter in quotation marks, and give every row all its cells."),
    )


def number_between(low: float | None, high: float | None) -> Rule:
    """A number lies within bounds, of which one may be missing."""
    remedy = message("Check the value and its unit at the source, then deliver the file again.")
    if high is None:
        return Rule(message("not less than {low}", low=_plain(low)), remedy)
    if low is None:
        return Rule(message("not more than {high}", high=_plain(high)), remedy)
    return Rule(message("between {low} and {high}", low=_plain(low), high=_plain(high)), remedy)


def date_between(earliest: object, latest: object) -> Rule:
    """A date lies within bounds."""
    return Rule(
        message("a date from {earliest} to {latest}", earliest=earliest, latest=latest),
        message("Check the year, then deliver the file again."),
    )


def at_most(characters: int) -> Rule:
    """A text is not too long."""
    return Rule(
        message("at most {limit} characters", limit=characters),
        message("Shorten the text; check that no quotation mark is missing."),
    )


def one_of(values: Sequence[str]) -> Rule:
    """A text is one of a few words."""
    return Rule(
        message("one of {values}", values=", ".join(values)),
        message("Write one of these words and no other: {values}.", values=", ".join(values)),
    )


def one_row_per(key: str) -> Rule:
    """A key stands once in a file; the remedy names the first row that has it."""
    return Rule(
        message("one row per {key} in a file", key=key),
        Message("Keep one of the two rows: row {first_row} has the same key.", {FIRST_ROW: "{first_row}"}),
    )


def known_from(column: str, pattern: str) -> Rule:
    """A reference is known from another file."""
    return Rule(
        message("a {column} known from {pattern}", column=column, pattern=pattern),
        message(
            "Add it to {pattern} and deliver that; the refused rows of this file are then read again by themselves.",
            pattern=pattern,
        ),
        is_reference=True,
    )


def _plain(bound: float | None) -> str:
    return f"{bound:,.15g}".replace(",", " ") if bound is not None else ""
