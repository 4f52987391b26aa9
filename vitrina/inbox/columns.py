"""Which column of a file fills which column of its raw table."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from vitrina.files import slug
from vitrina.inbox.contract import Contract, Field, Kind, OpenFamily
from vitrina.inbox.messages import HIDDEN, Message, RefusedFileError, message, shown
from vitrina.inbox.parsing import as_numbers


@dataclass(frozen=True)
class Matching:
    """How a file's columns were understood.

    Attributes
    ----------
    fields
        ``(field, delivered column)`` for each column that is read, members of the open family included.
    notes
        Which columns were left out, and why.
    """

    fields: tuple[tuple[Field, str], ...]
    notes: tuple[Message, ...]


def match_columns(path: str, frame: pl.DataFrame, contract: Contract) -> Matching:
    """Find the contract's columns in a file; capitals do not matter.

    Raises
    ------
    RefusedFileError
        A required column is missing, or there are too many further columns.
    """
    delivered = {name.casefold(): name for name in frame.columns}
    known = [(field, delivered.pop(field.source.casefold())) for field in contract.fields if field.source.casefold() in delivered]
    missing = [field.source for field in contract.fields if field.required and field not in dict(known)]
    if missing:
        raise _missing_columns(path, missing, frame.columns, contract)
    further = list(delivered.values())
    if contract.open_family is None:
        return Matching(tuple(known), _left_out(further))
    family = contract.open_family
    empty = [name for name in further if not _has_values(frame.get_column(name), family.kind)]
    members = [name for name in further if name not in empty]
    if len(members) > family.max_columns:
        raise RefusedFileError(
            message(
                "{file}: {count} further columns, more than {limit}.",
                file=shown(path),
                count=len(members),
                limit=family.max_columns,
            ),
            message("Leave out the columns that nobody needs; deliver one row per record and one column per attribute."),
        )
    return Matching((*known, *_members(family, members)), _left_out(empty))


def safe_names(prefix: str, names: Iterable[str]) -> dict[str, str]:
    """Column names for a family's members: prefix and slug, numbered where two would be the same.

    Examples
    --------
    >>> safe_names("geo_", ["Income, RUB", "income rub", "geo_schools"])
    {'Income, RUB': 'geo_income_rub', 'income rub': 'geo_income_rub_2', 'geo_schools': 'geo_schools'}
    """
    named: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        plain = prefix + slug(name).removeprefix(prefix)
        candidate, number = plain, 1
        while candidate in taken:
            number += 1
            candidate = f"{plain}_{number}"
        taken.add(candidate)
        named[name] = candidate
    return named


def _members(family: OpenFamily, names: list[str]) -> list[tuple[Field, str]]:
    return [(family.field(name, target), name) for name, target in safe_names(family.prefix, names).items()]


def _has_values(column: pl.Series, kind: Kind) -> bool:
    """A column of words among measures is left out, or it would refuse every row."""
    return column.null_count() < len(column) and (kind is not Kind.NUMBER or as_numbers(column).is_not_null().any())


def _left_out(names: list[str]) -> tuple[Message, ...]:
    if not names:
        return ()
    return (message("Columns that were left out, for nothing in them is used: {columns}.", columns=", ".join(map(shown, names))),)


def _missing_columns(path: str, missing: list[str], found: list[str], contract: Contract) -> RefusedFileError:
    lowered = {name.casefold(): name for name in found}
    if contract.is_about_people and not any(field.source.casefold() in lowered for field in contract.fields):
        # probably no header at all, but the first row, which says who somebody is
        lowered, found = {}, [HIDDEN]
    close = {name: difflib.get_close_matches(name, lowered, n=1, cutoff=0.6) for name in missing}
    hints = [f"{shown(lowered[match[0]])} → {name}" for name, match in close.items() if match]
    values = {
        "file": shown(path),
        "columns": ", ".join(missing),
        "found": ", ".join(map(shown, found)),
        "required": ", ".join(field.source for field in contract.fields if field.required),
        "hints": ", ".join(hints),
    }
    remedy = (
        "Rename the columns: {hints}. A file of this kind needs {required}."
        if hints
        else "Add the columns. A file of this kind needs {required}."
    )
    return RefusedFileError(Message("{file}, row 1: missing columns: {columns}; found {found}.", values), Message(remedy, values))
