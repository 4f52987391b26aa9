"""The list as an Excel file that people read: clients with reasons, and a sheet that says what it is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

import polars as pl
from openpyxl import Workbook

from serving.propensity.client_list import Wanted
from serving.propensity.scored_months import ScoredMonth
from serving.web.languages import speaker
from serving.web.rendering import date, number
from serving.web.versions import Version
from vitrina.settings import Locale, Settings
from vitrina.workbooks.archive import to_bytes
from vitrina.workbooks.cells import TITLE
from vitrina.workbooks.sheets import Column, Page, area_to, make_browsable, make_printable, put_table, set_widths

MINOR = 100


def workbook(  # noqa: PLR0913  # what the list is of, and for whom
    version: Version, month: ScoredMonth, wanted: Wanted, rows: pl.DataFrame | None, *, settings: Settings, locale: Locale
) -> bytes:
    """The file; equal lists of a version give equal bytes."""
    book, say = Workbook(), speaker(locale)
    _clients(book.active, rows, f"{month.month:%Y-%m}, {month.model}", settings, locale)
    _about(book.create_sheet(say("This list")), version, month, wanted, locale)
    return to_bytes(book, dt.datetime.fromisoformat(version.pointer.published_at))


def _clients(sheet: Any, rows: pl.DataFrame | None, footer: str, settings: Settings, locale: Locale) -> None:
    say = speaker(locale)
    sheet.title = say("Clients")
    columns = [
        Column(say("Rank"), 9, "#,##0", centred=True),
        Column(say("Client"), 18),
        Column(say("Probability"), 13, "0.0%", centred=True),
        Column(say("Decile"), 10, "0", centred=True),
        Column(say("Group"), 20),
        Column(say("Expected value, {currency}", currency=settings.currency), 16, "#,##0", centred=True),
        Column(say("Segment"), 20),
        Column(say("Activity (OKVED)"), 16),
        Column(say("What speaks for it"), 95),
        Column(say("Opened the account"), 10),
    ]
    groups = {"offer": say("to be offered"), "control": say("control group")}
    opened = {True: say("yes"), False: say("no")}
    last = put_table(sheet, columns, _values(rows, f"reason_{locale}", groups, opened))
    make_browsable(sheet, columns, last, frozen_columns=2)
    make_printable(sheet, footer, area_to(len(columns), last))


def _values(
    rows: pl.DataFrame | None, reason: str, groups: dict[str, str], opened: dict[bool, str]
) -> Iterable[tuple[object, ...]]:
    for row in () if rows is None else rows.iter_rows(named=True):
        yield (
            row["rank"],
            row["client_id"],
            row["probability"],
            row["decile"],
            groups.get(row["group"]),
            row["expected_value_minor"] / MINOR,
            row["segment"],
            row["okved"],
            row[reason],
            opened.get(row["opened"]),
        )


def _about(sheet: Any, version: Version, month: ScoredMonth, wanted: Wanted, locale: Locale) -> None:
    say = speaker(locale)
    set_widths(sheet, (28, 60))
    page = Page(sheet, 2)
    page.heading(say("Clients and how likely they open an account"), TITLE)
    page.paragraph(
        say("“Control group” means: leave alone, in every channel, until the horizon is over. They show what the offers bring.")
    )
    page.paragraph(say("The probability says who is likely to open, not whom an offer would persuade."))
    _, last = page.table([Column(say("What it is"), 28), Column(say("Which one"), 60)], _facts(version, month, wanted, locale))
    make_printable(sheet, version.name, area_to(2, last), upright=True)


def _facts(version: Version, month: ScoredMonth, wanted: Wanted, locale: Locale) -> list[tuple[str, str]]:
    say = speaker(locale)
    groups = {
        "offer": say("to be offered"),
        "control": say("control group"),
        "listed": say("in the file"),
        "none": say("not in the file"),
    }
    given = (
        (say("Month"), f"{month.month:%Y-%m}"),
        (say("Day of the snapshot"), date(month.snapshot_date, locale)),
        (say("Model"), month.model),
        (say("Published version"), version.name),
        (say("Client"), wanted.client),
        (say("Segment"), wanted.segment),
        (say("Activity (OKVED)"), wanted.okved),
        (say("Decile"), "" if wanted.decile is None else str(wanted.decile)),
        (say("Probability at least"), "" if wanted.least is None else number(100 * wanted.least, locale, 1) + " %"),
        (say("Probability at most"), "" if wanted.most is None else number(100 * wanted.most, locale, 1) + " %"),
        (say("In the optimiser's file"), groups[wanted.group] if wanted.group else ""),
        (say("Opened the account"), "" if wanted.opened is None else say("yes") if wanted.opened else say("no")),
    )
    return [(name, value) for name, value in given if value]
