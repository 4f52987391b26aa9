"""What a judged file means for the ledger."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from vitrina.inbox.entries import Entry, State
from vitrina.inbox.findings import Findings
from vitrina.inbox.judging import Judgement
from vitrina.inbox.messages import RefusedFileError, message, shown


def loaded(entry: Entry, judgement: Judgement, replaced: Entry | None) -> Entry:
    """The entry of a file whose good rows are in the raw table."""
    findings, counts = judgement.findings, judgement.findings.counts
    before = (replaced.first_date, replaced.last_date) if replaced else ()
    days = [day for day in (findings.first_date, findings.last_date, *before) if day is not None]
    return replace(
        entry,
        state=State.LOADED,
        rows_read=counts.read,
        rows_loaded=counts.loaded,
        rows_refused=counts.refused,
        unresolved=judgement.unresolved,
        message=_summary(findings),
        first_date=findings.first_date,
        last_date=findings.last_date,
        changed_from=min(days, default=None),
        changed_to=max(days, default=None),
    )


def _summary(findings: Findings) -> str | None:
    """The first problem in full, and how many more there are."""
    sentences: Iterable[str] = map(str, findings.notes)
    if findings.problems:
        worst = findings.problems[0]
        example = worst.examples[0]
        given = "empty" if example.value is None else example.value
        first = f"Row {example.source_row}, column {worst.column}: expected {worst.expectation}, got {given}. What to do: {worst.remedy}"
        sentences = [f"{findings.counts.refused} row(s) refused. {first}", *sentences]
    return " ".join(sentences) or None


def refuse_losing_everything(entry: Entry, judgement: Judgement, replaced: Entry | None) -> None:
    """A new version of which no row can be used must not take away the rows of the one before.

    Rows that only wait for what they refer to do not count: they will be read again.

    Raises
    ------
    RefusedFileError
        It would.
    """
    if replaced is None or not replaced.rows_loaded or judgement.rows.height or judgement.unresolved:
        return
    worst = judgement.findings.problems[0]
    raise RefusedFileError(
        message(
            "{file}: none of the {count} rows can be loaded; row {row}, column {column}: {value}",
            file=shown(entry.path),
            count=judgement.findings.counts.read,
            row=worst.examples[0].source_row,
            column=worst.column,
            value=worst.examples[0].value or "",
        ),
        worst.remedy,
    )
