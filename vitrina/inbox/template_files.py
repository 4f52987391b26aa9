"""A file to begin with: a contract's columns with one row as an example, as CSV and as a workbook that explains itself."""

from __future__ import annotations

import csv
import datetime as dt
import io

from openpyxl import Workbook

from vitrina.i18n import translator
from vitrina.inbox.contract import Contract, Field, Kind
from vitrina.workbooks.archive import to_bytes
from vitrina.workbooks.sheets import Column, put_table, set_widths

DOMAIN = "contracts"
"""Catalogue of what files hold."""

FURTHER = "further_column"
"""Stands for whatever columns a file has beyond those that its contract names."""

_TEXT, _GENERAL = "@", "General"
_FORMATS = {Kind.DATE: "yyyy-mm-dd", Kind.MONEY_MINOR: "0.00", Kind.NUMBER: _GENERAL, Kind.INTEGER: "0"}
"""Everything else is text, so that 00123 keeps its zeros and a moment its offset."""

_LONGEST_SHEET_NAME = 31


def has_template(contract: Contract) -> bool:
    """Whether people can fill such a file: what other programs write has no template."""
    return contract.reader is None


def template_csv(contract: Contract) -> bytes:
    """The template as CSV, with the mark by which spreadsheet programs know UTF-8."""
    fields = _fields(contract)
    with io.StringIO(newline="") as written:
        rows = csv.writer(written, lineterminator="\r\n")
        rows.writerow(field.source for field in fields)
        rows.writerow(field.example for field in fields)
        return written.getvalue().encode("utf-8-sig")


def template_workbook(contract: Contract, locale: str, made_at: dt.datetime) -> bytes:
    """The template as a workbook: a sheet to fill, and one that explains the columns.

    Parameters
    ----------
    contract
        What the file is to hold.
    locale
        Language of headings, kinds and meanings; columns and examples stay as they are.
    made_at
        Written into the file.
    """
    say = translator(locale, DOMAIN)
    workbook = Workbook()
    sheet = workbook.active
    sheet.title = contract.name[:_LONGEST_SHEET_NAME]
    fields = _fields(contract)
    columns = [Column(field.source, _width(field), _FORMATS.get(field.kind, _TEXT)) for field in fields]
    set_widths(sheet, [column.width for column in columns])
    put_table(sheet, columns, [[_value(field) for field in fields]])
    sheet.freeze_panes = "A2"
    explained = workbook.create_sheet(say("Columns")[:_LONGEST_SHEET_NAME])
    headings = [
        Column(say("Column"), 24),
        Column(say("Required"), 12),
        Column(say("Type"), 18),
        Column(say("Unit"), 14),
        Column(say("What it means"), 70, wrap=True),
        Column(say("Example"), 36, wrap=True),
    ]
    set_widths(explained, [column.width for column in headings])
    named = {field.source for field in contract.fields}
    rows = [
        [
            row.column if row.column in named else say(row.column),
            say("yes") if row.required else say("no"),
            say(row.type),
            say(row.unit) if row.unit else "",
            say(row.meaning),
            row.example,
        ]
        for row in contract.template()
    ]
    put_table(explained, headings, rows)
    return to_bytes(workbook, made_at)


def _fields(contract: Contract) -> list[Field]:
    """Required columns first, then the others; one stands for a family of further ones."""
    fields = sorted(contract.fields, key=lambda field: not field.required)
    family = contract.open_family
    return fields if family is None else [*fields, Field(FURTHER, family.kind, family.meaning, family.example)]


def _width(field: Field) -> float:
    return min(40, max(12, len(field.source) + 2, len(field.example) + 2))


def _value(field: Field) -> object:
    """The example as a spreadsheet holds such values, so that people overwrite dates with dates and numbers with numbers."""
    if field.kind is Kind.DATE:
        return dt.date.fromisoformat(field.example)
    if field.kind in (Kind.NUMBER, Kind.MONEY_MINOR):
        return float(field.example)
    return int(field.example) if field.kind is Kind.INTEGER else field.example
