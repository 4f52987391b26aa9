"""Which rows of a file fit its contract, and why the others do not. Pure: a frame in, two frames out.

A file is judged in slices, so that only a part of it is held as text; what is found is the same for slices of any length.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import cast

import polars as pl

from vitrina.inbox import rules
from vitrina.inbox.columns import Matching, match_columns
from vitrina.inbox.content import Content
from vitrina.inbox.contract import Contract, Field, Kind, Reader
from vitrina.inbox.findings import Counts, Findings
from vitrina.inbox.messages import HIDDEN, Message, RefusedFileError
from vitrina.inbox.parsing import as_numbers, parse
from vitrina.inbox.readers import Contents, read_contents, read_slices
from vitrina.inbox.refusals import Refusals, repeated
from vitrina.inbox.rules import Rule
from vitrina.inbox.tables import Delivered
from vitrina.pseudonyms import pseudonyms

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

    @classmethod
    def of(cls, parts: Sequence[Judgement]) -> Judgement:
        """The slices of one file, in their order, as one; nothing is copied."""
        return cls(
            pl.concat([part.rows for part in parts]),
            pl.concat([part.refused for part in parts]),
            sum(part.unresolved for part in parts),
            Findings.of([part.findings for part in parts]),
        )


def judge_file(  # noqa: PLR0913  # what is judged, and what it is judged by
    content: Content,
    contract: Contract,
    delivery: Delivery,
    *,
    today: dt.date,
    references: References,
    key: bytes = b"",
    reader: Reader | None = None,
) -> Judgement:
    """Read a file and judge it, slice by slice where its rows do not depend on one another.

    Parameters
    ----------
    content
        The file.
    contract, delivery, today, references, key
        As of `judge`.
    reader
        Reads a format of its own.

    Raises
    ------
    RefusedFileError
        The file cannot be read, or a required column is missing.
    """
    path = delivery.source_file
    try:
        return Judgement.of(
            [
                judge(part, contract, delivery, today=today, references=references, key=key)
                for part in _read_ahead(_slices(path, content, contract, reader))
            ]
        )
    except RefusedFileError as error:
        if contract.is_about_people:
            raise _without_delivered_text(error, contract) from None
        raise


def _slices(path: str, content: Content, contract: Contract, reader: Reader | None) -> Iterator[Contents]:
    if reader is not None:
        return reader(path, content.file)
    whole = content.all_bytes()
    return iter([read_contents(path, whole)]) if contract.needs_whole_files else read_slices(path, whole)


def _read_ahead(slices: Iterator[Contents]) -> Iterator[Contents]:
    """The next slice is read while this one is judged: neither holds the interpreter for long."""
    with ThreadPoolExecutor(max_workers=1) as reader:
        coming = reader.submit(next, slices, None)
        while (part := coming.result()) is not None:
            coming = reader.submit(next, slices, None)
            yield part


def judge(  # noqa: PLR0913  # what is judged, and what it is judged by
    contents: Contents, contract: Contract, delivery: Delivery, *, today: dt.date, references: References, key: bytes = b""
) -> Judgement:
    """Judge a file, or a slice of one, against its contract.

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
    key
        Of the pseudonyms, from `user_key`; only a contract with hashed fields needs one.

    Raises
    ------
    RefusedFileError
        A required column is missing.
    SettingsError
        A field is hashed, and there is no key.
    """
    matching = match_columns(delivery.source_file, contents.frame, contract)
    refusals = Refusals.none_of(contents.source_row, _hidden(contract, matching))
    spared = _refuse_faults(contents, [name for _, name in matching.fields], refusals)
    typed: dict[str, pl.Series] = {}
    for declared, name in matching.fields:
        text = contents.frame.get_column(name)
        values = _judge_column(declared, text, ~spared[name], today, refusals)
        typed[declared.column] = pseudonyms(values, key) if declared.hashed else values
    _refuse_repeated_keys(contract, typed, refusals)
    unresolved = _refuse_unknown(contract, typed, references, refusals)
    rows = _rows(contract, typed, refusals, delivery)
    refused = refusals.frame(delivery.source_file, contract.name, delivery.number)
    findings = _findings(contract, rows, refusals, (*contents.notes, *matching.notes))
    return Judgement(rows, refused, unresolved, Findings.of([findings]))


def _hidden(contract: Contract, matching: Matching) -> frozenset[str]:
    """All names under which what is hashed or confidential is spoken of, and the row as a whole where there is one."""
    if not contract.is_about_people:
        return frozenset()
    secret = [declared for declared in contract.fields if declared.hashed or declared.confidential]
    names = {name for declared, name in matching.fields if declared in secret}
    names |= {name for declared in secret for name in (declared.source, declared.column)}
    return frozenset(names | {rules.WHOLE_ROW})


def _without_delivered_text(error: RefusedFileError, contract: Contract) -> RefusedFileError:
    """Without what a file without a header, or a library that quotes what it cannot read, would bring into a message."""
    known = {declared.source.casefold() for declared in contract.fields}
    values = {
        name: HIDDEN if name == "reason" or (name == "column" and value.casefold() not in known) else value
        for name, value in error.what.values.items()
    }
    return RefusedFileError(Message(error.what.template, values), error.to_do)


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
    parsed = parse(text, declared.kind, assume_utc=declared.assume_utc)
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
    # in one piece: pieces of different lengths in different columns would have to be copied all at once when they are stored
    return frame.with_columns(
        pl.lit(delivery.source_file).alias("source_file"), pl.lit(delivery.number, dtype=pl.Int64).alias("delivery")
    ).rechunk()


def _findings(contract: Contract, rows: pl.DataFrame, refusals: Refusals, notes: tuple[Message, ...]) -> Findings:
    read = len(refusals.source_row)
    dates = rows.get_column(contract.date_field).cast(pl.Date) if contract.date_field is not None else pl.Series(dtype=pl.Date)
    first, last = cast("dt.date | None", dates.min()), cast("dt.date | None", dates.max())
    return Findings(Counts(read, rows.height, read - rows.height), refusals.problems(), notes, None, first, last)
