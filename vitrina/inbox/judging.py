"""Which rows of a file fit its contract, and why the others do not. Pure: a frame in, two frames out."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import polars as pl

from vitrina.inbox import rules
from vitrina.inbox.columns import match_columns
from vitrina.inbox.contract import Contract, Field, Kind
from vitrina.inbox.findings import Counts, Findings
from vitrina.inbox.messages import Message
from vitrina.inbox.parsing import as_numbers, parse
from vitrina.inbox.readers import Contents
from vitrina.inbox.refusals import Refusals, repeated
from vitrina.inbox.rules import Rule
from vitrina.inbox.tables import Delivered

References = Mapping[str, pl.Series]
"""Known values per contract name, e.g. ``{"stores": <identifiers>}``."""


@dataclass(frozen=True)
class Delivery:
    """Which delivery the rows belong to: the file's path in the inbox, and the sequence number."""

    source_file: str
    number: int


@dataclass(frozen=True)
class Judgement:
    """A file, row by row.

    Attributes
    ----------
    rows
        Good rows, as the contract's raw table holds them.
    refused
        Refused values, as `RefusedRows` holds them: one row per value, so a row of the file may stand here twice.
    unresolved
        Rows that were refused for a reference that is not known yet.
    findings
        The same for people.
    """

    rows: pl.DataFrame
    refused: pl.DataFrame
    unresolved: int
    findings: Findings


def judge(contents: Contents, contract: Contract, delivery: Delivery, *, today: dt.date, references: References) -> Judgement:
    """Judge a file against its contract.

    Parameters
    ----------
    contents
        What the file holds.
    contract
        What it should hold.
    delivery
        Where the rows come from.
    today
        For the bounds of dates.
    references
        Known values per contract; a contract that is absent here is not looked up.

    Raises
    ------
    RefusedFileError
        A required column is missing.
    """
    matching = match_columns(delivery.source_file, contents.frame, contract)
    refusals = Refusals.none_of(contents.source_row)
    spared = _refuse_faults(contents, [name for _, name in matching.fields], refusals)
    typed: dict[str, pl.Series] = {}
    for declared, name in matching.fields:
        text = contents.frame.get_column(name)
        typed[declared.column] = _judge_column(declared, text, ~spared[name], today, refusals)
    _refuse_repeated_keys(contract, typed, refusals)
    unresolved = _refuse_unknown(contract, typed, references, refusals)
    rows = _rows(contract, typed, refusals, delivery)
    refused = refusals.frame(delivery.source_file, contract.name, delivery.number)
    return Judgement(rows, refused, unresolved, _findings(contract, rows, refusals, (*contents.notes, *matching.notes)))


def _refuse_faults(contents: Contents, names: Sequence[str], refusals: Refusals) -> dict[str, pl.Series]:
    """Refuse what the reader saw; return per column which cells need no further judgement."""
    found: dict[tuple[str, Rule], dict[int, str]] = defaultdict(dict)
    for fault in contents.faults:
        found[fault.column, fault.rule][fault.source_row] = fault.value
    masks = {}
    for (column, rule), values in found.items():
        if column in (*names, rules.WHOLE_ROW):
            masks[column, rule] = contents.source_row.is_in(list(values))
            delivered = contents.source_row.replace_strict(values, default=None, return_dtype=pl.String)
            refusals.add(column, rule, masks[column, rule], delivered)
    spared = dict.fromkeys(names, repeated(False, len(contents.source_row), pl.Boolean()))
    for (column, _), mask in masks.items():
        for name in names if column == rules.WHOLE_ROW else [column]:
            spared[name] = spared[name] | mask
    return spared


def _judge_column(declared: Field, text: pl.Series, judged: pl.Series, today: dt.date, refusals: Refusals) -> pl.Series:
    """Typed values of one column; of the rules that a value breaks, the first is reported."""
    parsed = parse(text, declared.kind)
    values = parsed.values
    broken = [*_out_of_bounds(declared, text, values, today), *parsed.broken]
    if not declared.may_be_empty:
        broken.insert(0, (rules.VALUE, text.is_null()))
    open_to_blame = judged
    for rule, mask in broken:
        refusals.add(declared.source, rule, mask & open_to_blame, text)
        open_to_blame = open_to_blame & ~mask
    return values.str.to_lowercase() if declared.lowercase else values


def _out_of_bounds(declared: Field, text: pl.Series, values: pl.Series, today: dt.date) -> list[tuple[Rule, pl.Series]]:
    match declared.kind:
        case Kind.TEXT:
            outside = text.str.len_chars() > declared.max_length
            return [(rules.at_most(declared.max_length), outside.fill_null(value=False)), *_other_word(declared, values)]
        case Kind.DATE | Kind.MOMENT:
            latest = today + dt.timedelta(days=declared.days_ahead)
            days = values.cast(pl.Date)
            outside = (days < declared.earliest) | (days > latest)
            return [
                (rules.date_between(declared.earliest, latest), outside.fill_null(value=False)),
                *_within_quarter(declared, days),
            ]
    if declared.low is None and declared.high is None:
        return []
    numbers = as_numbers(text)
    below = (numbers < declared.low) if declared.low is not None else numbers.is_nan()
    above = (numbers > declared.high) if declared.high is not None else numbers.is_nan()
    return [(rules.number_between(declared.low, declared.high), (below | above).fill_null(value=False))]


def _other_word(declared: Field, values: pl.Series) -> list[tuple[Rule, pl.Series]]:
    if not declared.one_of:
        return []
    words = values.str.to_lowercase() if declared.lowercase else values
    return [(rules.one_of(declared.one_of), ~words.is_in(list(declared.one_of)).fill_null(value=True))]


def _within_quarter(declared: Field, days: pl.Series) -> list[tuple[Rule, pl.Series]]:
    if not declared.begins_quarter:
        return []
    return [(rules.QUARTER, (days != days.dt.truncate("1q")).fill_null(value=False))]


def _refuse_repeated_keys(contract: Contract, typed: Mapping[str, pl.Series], refusals: Refusals) -> None:
    """Refuse a second row with the same key, among the rows that are good so far."""
    if not contract.unique_in_file:
        return
    keys = list(contract.natural_key)
    good = pl.DataFrame([typed[key].alias(key) for key in keys]).with_columns(refusals.source_row.alias("source_row"))
    first = good.filter(~refusals.refused).group_by(keys).agg(pl.col("source_row").min().alias("first_row"))
    first_row = good.join(first, on=keys, how="left", maintain_order="left").get_column("first_row")
    again = (refusals.source_row != first_row).fill_null(value=False) & ~refusals.refused
    refusals.add(keys[0], rules.one_row_per(", ".join(keys)), again, typed[keys[0]], first_row)


def _refuse_unknown(contract: Contract, typed: Mapping[str, pl.Series], references: References, refusals: Refusals) -> int:
    """Refuse references that are not known, and return how many otherwise good rows that concerns."""
    good_so_far = ~refusals.refused
    for reference in contract.references:
        if reference.contract not in references:
            continue
        values = typed[reference.column]
        unknown = values.is_not_null() & ~values.is_in(references[reference.contract].implode())
        rule = rules.known_from(reference.column, reference.pattern)
        refusals.add(reference.column, rule, unknown & good_so_far, values)
    return int((refusals.refused & good_so_far).sum())


def _rows(contract: Contract, typed: Mapping[str, pl.Series], refusals: Refusals, delivery: Delivery) -> pl.DataFrame:
    columns = [values.alias(name) for name, values in typed.items()]
    missing = [
        repeated(None, len(refusals.source_row), declared.dtype).alias(declared.name)
        for declared in contract.table.columns()
        if declared.name not in typed and Delivered.find(declared.name) is None
    ]
    frame = pl.DataFrame([*columns, *missing, refusals.source_row.alias("source_row")]).filter(~refusals.refused)
    return frame.with_columns(
        pl.lit(delivery.source_file).alias("source_file"), pl.lit(delivery.number, dtype=pl.Int64).alias("delivery")
    )


def _findings(contract: Contract, rows: pl.DataFrame, refusals: Refusals, notes: tuple[Message, ...]) -> Findings:
    read = len(refusals.source_row)
    dates = rows.get_column(contract.date_field) if contract.date_field is not None else pl.Series(dtype=pl.Date)
    first, last = cast("dt.date | None", dates.min()), cast("dt.date | None", dates.max())
    return Findings(Counts(read, rows.height, read - rows.height), refusals.problems(), notes, None, first, last)
