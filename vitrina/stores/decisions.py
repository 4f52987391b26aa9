"""Decisions of people about clusters, as they were delivered, and the record of what became of each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import polars as pl

from vitrina.stores.model_tables import ClusterDecisions

APPROVE, REJECT, RENAME, MOVE = "approve", "reject", "rename", "move"
IN_FORCE, SUPERSEDED, WITHDRAWN, RECORDED, REFUSED = "in force", "superseded", "withdrawn", "recorded", "refused"


@dataclass(frozen=True)
class Decision:
    """One decision, as a person made it; what a kind has no use for is ``None``.

    Attributes
    ----------
    decision_id
        Identifier.
    kind
        ``"approve"``, ``"reject"``, ``"rename"`` or ``"move"``.
    made_at, made_by, reason
        When, who and why.
    quarter
        First day of the quarter that it is about.
    version
        The approved model that it is about; ``None``: the one that was last approved when it was made.
    scenario
        The request that is approved, as JSON.
    fingerprint
        Hash of the clusters that the person saw.
    cluster
        The cluster that is renamed, or that the store is moved to; ``None`` takes a move back.
    name
        The cluster's new name.
    store_id
        The store that is moved.
    """

    decision_id: str
    kind: str
    made_at: dt.datetime
    made_by: str
    reason: str | None
    quarter: dt.date
    version: int | None
    scenario: str | None
    fingerprint: str | None
    cluster: int | None
    name: str | None
    store_id: str | None

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Decision:
        """A decision from a row as ``iter_rows(named=True)`` gives it; further columns are not looked at."""
        return cls(**{declared.name: row[declared.name] for declared in fields(cls)})


class Judgements:
    """What became of each decision so far, in the order in which they were made."""

    def __init__(self) -> None:
        self._rows: dict[str, dict[str, Any]] = {}

    def record(self, decision: Decision, outcome: str, note: str = "", version: int | None = None) -> None:
        """Write down what became of a decision; `version` is the one that it made or was taken to be about."""
        about = version if version is not None else decision.version
        self._rows[decision.decision_id] = {
            "decision_id": decision.decision_id,
            "kind": decision.kind,
            "made_at": decision.made_at,
            "made_by": decision.made_by,
            "reason": decision.reason or "",
            "quarter": decision.quarter,
            # a refused decision may name numbers that no version or cluster can have
            "version": about if about is not None and about >= 1 else None,
            "cluster": decision.cluster if decision.cluster is not None and decision.cluster >= 1 else None,
            "name": decision.name,
            "store_id": decision.store_id,
            "outcome": outcome,
            "note": note,
        }

    def change(self, decision_id: str, outcome: str, note: str) -> None:
        """A later decision changed what became of an earlier one."""
        self._rows[decision_id] |= {"outcome": outcome, "note": note}

    def withdraw(self, version: int, note: str) -> None:
        """A version was withdrawn, and with it whatever was decided about it and is in force."""
        for row in self._rows.values():
            if row["version"] == version and row["outcome"] == IN_FORCE and row["kind"] != REJECT:
                row |= {"outcome": WITHDRAWN, "note": note}

    def rows(self) -> pl.DataFrame:
        """Rows of `ClusterDecisions`."""
        return ClusterDecisions.check(pl.DataFrame(list(self._rows.values()), schema=ClusterDecisions.polars_schema()))
