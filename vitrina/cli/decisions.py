"""Looking back on what people decided about clusters, and on what became of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from rich.table import Table

from vitrina.cli.stores import Data, commands, console, opened, settings_of
from vitrina.cli.summary import plain
from vitrina.publication import current
from vitrina.settings import Settings
from vitrina.stores import deciding

COLUMNS = ("when (UTC)", "who", "decision", "quarter", "what", "why", "outcome")
ON_ITS_WAY = "not in the graph yet: `make run` takes it there"

_ABOUT = ("version", "store_id", "cluster", "name")


@commands.command()
def decisions(data: Data = None) -> None:
    """List every decision, newest first: who, when, what, why, and what became of it."""
    settings = settings_of(data)
    known = {row["decision_id"]: row for row in _published(settings)}
    recorded = [row for row in _recorded(settings) if row["decision_id"] not in known]
    table = Table(title="Decisions about clusters", title_justify="left")
    for name in COLUMNS:
        table.add_column(name)
    for row in sorted([*known.values(), *recorded], key=lambda found: (found["made_at"], found["decision_id"]), reverse=True):
        table.add_row(*map(plain, _cells(row)))
    console.print(table)


def _published(settings: Settings) -> list[dict[str, Any]]:
    """What the graph has applied, or refused; nothing where nothing is published yet."""
    if current(settings, deciding.PRODUCT) is None:
        return []
    with opened(settings) as connection:
        there = connection.execute("SELECT 1 FROM information_schema.tables WHERE table_name = 'cluster_decisions'").fetchone()
        return connection.execute("SELECT * FROM cluster_decisions").pl().to_dicts() if there else []


def _recorded(settings: Settings) -> Iterable[dict[str, Any]]:
    from vitrina.state.store import DecisionStore  # noqa: PLC0415  # other commands need not pay for the database library

    for decision in DecisionStore(settings).history(deciding.PRODUCT):
        yield {
            "decision_id": decision.id,
            "made_at": decision.made_at,
            "made_by": decision.made_by,
            "kind": decision.kind,
            "reason": decision.reason,
            "outcome": ON_ITS_WAY,
            **decision.body,
        }


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    about = [f"{name} {row[name]}" for name in _ABOUT if row.get(name) is not None]
    if row["kind"] == "move" and row.get("cluster") is None:
        about.append("taken back")
    outcome = f"{row['outcome']}: {row['note']}" if row.get("note") else str(row["outcome"])
    when = row["made_at"].astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M")
    return when, row["made_by"], row["kind"], str(row["quarter"]), ", ".join(about), row["reason"], outcome
