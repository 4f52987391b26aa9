"""One known version of a file, and how the ledger stores it."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict, dataclass, fields, replace
from enum import StrEnum
from typing import Any

from vitrina.inbox.difference import FoundFile
from vitrina.inbox.findings import Findings
from vitrina.inbox.messages import shown

DAYS = ("first_date", "last_date", "changed_from", "changed_to")


class State(StrEnum):
    """What became of a version of a file."""

    LOADED = "loaded"
    DUPLICATE = "duplicate"
    QUARANTINED = "quarantined"
    SUPERSEDED = "superseded"


@dataclass(frozen=True)
class Entry:
    """One known version of a file.

    Attributes
    ----------
    product, delivery
        The sequence number of the delivery within the product.
    path
        Relative to the inbox.
    contract, version, state
        How it was read, which content under this name it is, and what became of it.
    size, modified
        What the listing said; together with the path they say whether a file is known.
    fingerprint
        SHA-256 of the content.
    rows_read, rows_loaded, rows_refused
        read = loaded + refused.
    unresolved
        Rows among the refused whose reference was not known.
    message
        What the sender should know.
    received_at
        When it was first read.
    first_date, last_date
        Of its loaded rows.
    changed_from, changed_to
        Of everything that this delivery changed: its own rows and those that it replaced.
    findings
        For the receipt; None once the receipt is written.
    reopened
        Whether it is to be read again: its unknown references may be known now, or it is a copy whose original was superseded.
    """

    product: str
    delivery: int
    path: str
    contract: str
    version: int
    state: State
    size: int
    modified: str
    fingerprint: str
    received_at: dt.datetime
    rows_read: int = 0
    rows_loaded: int = 0
    rows_refused: int = 0
    unresolved: int = 0
    message: str | None = None
    first_date: dt.date | None = None
    last_date: dt.date | None = None
    changed_from: dt.date | None = None
    changed_to: dt.date | None = None
    findings: Findings | None = None
    reopened: bool = False

    @property
    def found(self) -> FoundFile:
        """The file as the listing showed it when it was read."""
        return FoundFile(self.path, self.size, self.modified, self.contract)

    def summary(self) -> str:
        """One line for a log."""
        counts = f"rows read {self.rows_read}, loaded {self.rows_loaded}, refused {self.rows_refused}"
        said = f" {shown(self.message, 1000)}" if self.message else ""
        return f"{shown(self.path)}: delivery {self.delivery}, version {self.version}, {self.state}; {counts}.{said}"


COLUMNS = tuple(declared.name for declared in fields(Entry))
"""Names of an entry's columns in the ledger."""


def moment(moment: dt.datetime) -> str:
    """Text that sorts like the time: UTC, always with microseconds."""
    return moment.astimezone(dt.UTC).isoformat(timespec="microseconds")


def to_row(entry: Entry) -> dict[str, Any]:
    """An entry as values that SQLite stores."""
    days = {name: day.isoformat() if (day := getattr(entry, name)) else None for name in DAYS}
    findings = json.dumps(entry.findings.as_json()) if entry.findings else None
    return (
        asdict(replace(entry, findings=None))
        | days
        | {
            "state": entry.state.value,
            "received_at": moment(entry.received_at),
            "findings": findings,
            "reopened": int(entry.reopened),
        }
    )


def from_row(row: dict[str, Any]) -> Entry:
    """The entry that `to_row` stored."""
    days = {name: dt.date.fromisoformat(row[name]) if row[name] else None for name in DAYS}
    typed = {
        "state": State(row["state"]),
        "received_at": dt.datetime.fromisoformat(row["received_at"]),
        "findings": Findings.from_json(json.loads(row["findings"])) if row["findings"] else None,
        "reopened": bool(row["reopened"]),
    }
    return Entry(**(row | days | typed))
