"""New or planned stores, as a file describes them: it is read as a delivery is, and refused with file, row and column."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from vitrina.errors import ScenarioError
from vitrina.inbox import rules
from vitrina.inbox.contract import Kind
from vitrina.inbox.messages import shown
from vitrina.inbox.parsing import parse
from vitrina.inbox.readers import Contents, read_contents
from vitrina.inbox.rules import Rule

STORE_ID = "store_id"
MOST_NAMED = 10
"""Stores that a message names."""


def read_new_stores(path: Path, features: Sequence[str]) -> pl.DataFrame:
    """Read stores from CSV, Excel, Parquet or JSON lines, in any encoding and with either decimal sign, as the inbox does.

    Parameters
    ----------
    path
        A file with ``store_id`` and any of the features, in their own units; further columns are not looked at. Capitals
        in the header do not matter.
    features
        The model's features, under their names in the catalogue.

    Returns
    -------
    polars.DataFrame
        One row per store: ``store_id``, and as numbers the features that the file has, null where a cell is empty.

    Raises
    ------
    RefusedFileError
        The file cannot be read.
    ScenarioError
        There is no ``store_id``, an identifier is missing or repeated, a value is no finite number, or of some store no
        feature is known.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ScenarioError(f"{path} cannot be opened: {error.strerror}.", "Check the path and the permissions.") from error
    contents = read_contents(str(path), content)
    delivered = {name.casefold(): name for name in contents.frame.columns}
    if STORE_ID not in delivered:
        raise ScenarioError(f"{shown(str(path))} has no column {STORE_ID}.", f"Name each store in a column {STORE_ID}.")
    known = {name: delivered[name.casefold()] for name in features if name.casefold() in delivered}
    if not known:
        raise ScenarioError(f"{shown(str(path))} has none of the model's features.", f"Give at least one of {', '.join(features)}.")
    _refuse_faults(path, contents, {delivered[STORE_ID], *known.values(), rules.WHOLE_ROW})
    columns = [_store_ids(path, contents, delivered[STORE_ID])]
    columns += [_parsed(path, contents, name, Kind.NUMBER).alias(feature) for feature, name in known.items()]
    stores = pl.DataFrame(columns)
    _refuse_unknown(path, stores)
    return stores


def _refuse_faults(path: Path, contents: Contents, looked_at: set[str]) -> None:
    for fault in contents.faults:
        if fault.column in looked_at:
            raise _refused(path, fault.source_row, fault.column, fault.value, fault.rule)


def _store_ids(path: Path, contents: Contents, column: str) -> pl.Series:
    store_ids = _parsed(path, contents, column, Kind.TEXT)
    if store_ids.null_count():
        row = contents.source_row.filter(store_ids.is_null())[0]
        raise _refused(path, row, column, "", rules.VALUE)
    again = ~store_ids.is_first_distinct()
    if again.any():
        store, row = store_ids.filter(again)[0], contents.source_row.filter(again)[0]
        first = contents.source_row.filter(store_ids == store)[0]
        raise ScenarioError(
            f"{shown(str(path))}, row {row}, column {shown(column)}: {shown(store)!r} stands in row {first} already.",
            "Give every store one row and an identifier of its own.",
        )
    return store_ids.alias(STORE_ID)


def _parsed(path: Path, contents: Contents, column: str, kind: Kind) -> pl.Series:
    text = contents.frame.get_column(column)
    parsed = parse(text, kind)
    for rule, broken in parsed.broken:
        if broken.any():
            raise _refused(path, contents.source_row.filter(broken)[0], column, text.filter(broken)[0], rule)
    return parsed.values


def _refuse_unknown(path: Path, stores: pl.DataFrame) -> None:
    unknown = stores.filter(pl.all_horizontal(pl.exclude(STORE_ID).is_null())).get_column(STORE_ID)
    if len(unknown):
        named = ", ".join(shown(store) for store in unknown.head(MOST_NAMED)) + (", …" if len(unknown) > MOST_NAMED else "")
        raise ScenarioError(
            f"{shown(str(path))}: of these stores no feature of the model is known: {named}.",
            "Give at least one feature of each store, or leave the store out.",
        )


def _refused(path: Path, row: int, column: str, value: str, rule: Rule) -> ScenarioError:
    return ScenarioError(
        f"{shown(str(path))}, row {row}, column {shown(column)}: found {shown(value)!r}, expected {rule.expectation}.",
        str(rule.remedy),
    )
