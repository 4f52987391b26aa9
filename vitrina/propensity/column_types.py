"""From the bank's own columns, delivered as text, to numbers and categories that mean the same in every month."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import polars as pl

from vitrina.errors import VitrinaError
from vitrina.files import slug
from vitrina.inbox.parsing import as_numbers
from vitrina.propensity.raw_tables import FEATURE_PREFIX

ColumnKind = Literal["number", "category"]
NUMBER: ColumnKind = "number"
CATEGORY: ColumnKind = "category"
ENOUGH = 0.95
"""Share of a column's values that have to be numbers, for the column to hold numbers."""
MAX_EXAMPLES = 3
AGE, ACTIVITY = "n_age_months", "c_okved_section"
DERIVED = {AGE: "registered_on", ACTIVITY: "okved"}
"""Features that are made of columns which every snapshot has."""

NAMES = {AGE: "age of the firm", ACTIVITY: "class of activity"}
"""Names of these features for people, translated in the catalogs."""

_KEY = ("client_id", "month", "snapshot_date")
_DAYS_PER_MONTH = 365.25 / 12
_MOST_DOUBTFUL = 0.5
_NAME_LENGTH = 100
# names of features that are made elsewhere; a delivered column of the same name keeps its prefix
_TAKEN = ("age_months", "okved_section")
_TAKEN_BEGINNINGS = ("pay_", "text_")


class ColumnTypeError(VitrinaError):
    """A column of the snapshots no longer holds what it held in earlier months."""


@dataclass(frozen=True, eq=False)
class TypedSnapshot:
    """One month's clients with typed columns.

    Attributes
    ----------
    frame
        ``client_id``, ``month``, ``snapshot_date``, then numbers ``n_…`` (Float64) and categories ``c_…`` (String), null where a
        value is missing; by client.
    kinds
        Delivered column (``x_…``) → kind, of all columns that take part. Kinds of earlier months joined with these are what the
        next month is held against.
    labels
        Feature → name for people: the delivered column's.
    notes
        What was left out, is new, or has gone, in sentences.
    """

    frame: pl.DataFrame
    kinds: dict[str, ColumnKind]
    labels: dict[str, str]
    notes: tuple[str, ...]


def typed_snapshot(rows: pl.DataFrame, rules: pl.DataFrame, known: Mapping[str, str]) -> TypedSnapshot:
    """Decide which columns of a month hold numbers and which categories, and read them so.

    What people say of a column wins; then the kind that it had in earlier months; else it holds numbers where at least 95 % of its
    values are some. A comma may stand for the decimal point, spaces between thousands.

    Parameters
    ----------
    rows
        Rows of `stg_clients` of one month: ``client_id``, ``month``, ``snapshot_date``, ``okved``, ``registered_on`` and any number of
        columns of text ``x_…``. Further columns are not looked at.
    rules
        Rows of `stg_column_rules`: ``column_name``, ``kind``, ``use``.
    known
        Column (``x_…``) → kind in earlier months; empty for the first.

    Raises
    ------
    ColumnTypeError
        A column held numbers in earlier months, nobody has said otherwise, and less than 95 % of its values are numbers.

    Notes
    -----
    What cannot be read in a column of numbers is missing. A word like ``unknown`` is a category of its own, an empty text is missing.
    """
    order = rows["client_id"].arg_sort()
    month = rows["month"][0] if rows.height else None
    said = {_column_of(row["column_name"]): row for row in rules.iter_rows(named=True)}
    columns = sorted(name for name in rows.columns if name.startswith(FEATURE_PREFIX))
    notes = _changes(columns, known, said)
    features, kinds, labels = {}, {}, {}
    for column in columns:
        if said.get(column, {}).get("use") is False:
            notes.append(f"{column}: left out, as the rules on columns say.")
            continue
        text = rows[column].str.strip_chars()
        text = text.set(text == "", None)
        if text.null_count() == len(text):
            notes.append(f"{column}: left out, no client has a value.")
            continue
        ruled = said.get(column, {}).get("kind")
        kind, values = _read(text, column, month, ruled, known.get(column), notes)
        feature = feature_name(column, kind)
        features[feature], kinds[column], labels[feature] = values.gather(order), kind, column.removeprefix(FEATURE_PREFIX)
    for feature, values in _derived(rows).items():
        source = DERIVED[feature]
        if said.get(FEATURE_PREFIX + source, {}).get("use") is False:
            notes.append(f"{source}: left out, as the rules on columns say.")
        elif values.null_count() < len(values):
            features[feature], labels[feature] = values.gather(order), NAMES[feature]
    ordered = [features[name].alias(name) for name in sorted(features, key=lambda name: (name[0] != "n", name))]
    frame = rows.select(pl.col(name).gather(order) for name in _KEY).with_columns(ordered)
    return TypedSnapshot(frame, kinds, labels, tuple(notes))


def feature_name(column: str, kind: ColumnKind) -> str:
    """The feature that a delivered column becomes; the same in every month, and never one that is made elsewhere.

    >>> feature_name("x_turnover", "number")
    'n_turnover'
    >>> feature_name("x_age_months", "number")
    'n_x_age_months'
    """
    name = column.removeprefix(FEATURE_PREFIX)
    safe = slug(name, _NAME_LENGTH)
    if safe != name:
        # another column may have the same slug
        safe = f"{safe}_{hashlib.sha256(name.encode()).hexdigest()[:6]}"
    if safe in _TAKEN or safe.startswith(_TAKEN_BEGINNINGS):
        safe = FEATURE_PREFIX + safe
    return f"{'n' if kind == NUMBER else 'c'}_{safe}"


def numbers_in(text: pl.Series) -> pl.Series:
    """Finite numbers of a column of trimmed text, null where the text is none."""
    fast = text.cast(pl.Float64, strict=False)
    rest = text.filter(fast.is_null() & text.is_not_null()).unique()
    if len(rest):
        read = as_numbers(rest)
        slow = text.replace_strict(rest.filter(read.is_not_null()), read.drop_nulls(), default=None, return_dtype=pl.Float64)
        fast = fast.zip_with(fast.is_not_null(), slow)
    return fast.set(~fast.is_finite(), None)


def _column_of(named: str) -> str:
    """The raw table's name of a column that people name as the file does."""
    return FEATURE_PREFIX + slug(named).removeprefix(FEATURE_PREFIX)


def _read(  # noqa: PLR0913, PLR0917  # one column, and everything that is known of it
    text: pl.Series, column: str, month: object, ruled: str | None, before: str | None, notes: list[str]
) -> tuple[ColumnKind, pl.Series]:
    if CATEGORY in (ruled, before if ruled is None else None):
        return CATEGORY, text
    values = numbers_in(text)
    n_values = len(text) - text.null_count()
    share = (len(values) - values.null_count()) / n_values
    odd = text.filter(values.is_null() & text.is_not_null()).unique().sort().head(MAX_EXAMPLES).to_list()
    examples = ", ".join(repr(value) for value in odd)
    if ruled is None and share < ENOUGH:
        if before == NUMBER:
            raise ColumnTypeError(
                f"Snapshot of {month}, column {column}: it held numbers in earlier months, and now {1 - share:.0%} of its "
                f"{n_values} values are none, e.g. {examples}.",
                "Deliver the month again with numbers, or say in propensity/columns.csv that the column holds categories, or that it "
                f"is not used: column {column.removeprefix(FEATURE_PREFIX)}, kind category, or use no.",
            )
        if share >= _MOST_DOUBTFUL:
            notes.append(
                f"{column}: taken for categories, though {share:.0%} of its values are numbers; others are, e.g., {examples}. "
                "If it holds numbers, say so in propensity/columns.csv."
            )
        return CATEGORY, text
    if odd:
        notes.append(f"{column}: holds numbers; {1 - share:.1%} of its values are none and count as missing, e.g. {examples}.")
    return NUMBER, values


def _changes(columns: list[str], known: Mapping[str, str], said: Mapping[str, object]) -> list[str]:
    notes = [f"{column}: in earlier months, but no longer." for column in sorted(set(known) - set(columns))]
    if known:
        notes += [f"{column}: new." for column in columns if column not in known]
    unmet = sorted(set(said) - set(columns) - set(known) - {FEATURE_PREFIX + source for source in DERIVED.values()})
    return notes + [f"{column}: a rule is about it, but there is no such column." for column in unmet]


def _derived(rows: pl.DataFrame) -> dict[str, pl.Series]:
    # whoever is registered later was not known on that day
    days = (pl.col("snapshot_date") - pl.col("registered_on")).dt.total_days().cast(pl.Float64)
    made = rows.select(
        pl.when(days >= 0).then(days / _DAYS_PER_MONTH).alias(AGE),
        pl.col("okved").str.extract(r"^\s*([0-9]{2})").alias(ACTIVITY),
    )
    return {AGE: made[AGE], ACTIVITY: made[ACTIVITY]}
