"""What people decide about clusters: recorded unless somebody else has decided in the meantime, and looked back on."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from serving.stores.answers import Answer, Question
from serving.stores.desk import PRODUCT, Desk
from serving.web.problems import Problem
from serving.web.versions import Version
from vitrina.settings import Settings
from vitrina.state.decisions import Decision
from vitrina.state.store import DecidedMeanwhileError, DecisionStore

ON_ITS_WAY = "on its way"
"""Outcome of a decision that the graph has not taken in yet."""

CHECKED_WITHIN_S = 30.0


class MeanwhileProblem(Problem):
    """Somebody else has decided since whoever decides has looked."""

    def __init__(self, error: DecidedMeanwhileError) -> None:
        super().__init__(409, error.problem, error.remedy, kind="decided-meanwhile")


@dataclass(frozen=True)
class Decided:
    """A decision, and what became of it.

    Attributes
    ----------
    id, kind, made_at, made_by, reason
        Which, when, by whom, why.
    quarter, version, cluster, name, store_id
        What it is about.
    outcome, note
        What became of it; `ON_ITS_WAY` where the graph has not taken it in.
    """

    id: str
    kind: str
    made_at: dt.datetime
    made_by: str
    reason: str
    quarter: dt.date
    version: int | None
    cluster: int | None
    name: str | None
    store_id: str | None
    outcome: str
    note: str


@dataclass(frozen=True)
class Seen:
    """Where the decisions stand as somebody sees them.

    Attributes
    ----------
    after
        To be given back with the next decision, see `DecisionStore.record`.
    known
        How many there are.
    """

    after: str
    known: int


def seen_now(settings: Settings) -> Seen:
    """Where the decisions about clusters stand."""
    store = DecisionStore(settings)
    # the mark first: what is decided between the two is told as unknown, and not the other way round
    after = store.latest(PRODUCT)
    return Seen(after, len(store.history(PRODUCT)) if after else 0)


def record(settings: Settings, decision: Decision, after: str | None) -> Decision:
    """Record a decision.

    Raises
    ------
    MeanwhileProblem
        Somebody else has decided since `after`.
    """
    try:
        DecisionStore(settings).record([decision], after=after)
    except DecidedMeanwhileError as error:
        raise MeanwhileProblem(error) from error
    return decision


def history(settings: Settings, version: Version | None) -> list[Decided]:
    """Every decision, the newest first: those that the graph has taken in with what became of them, and those that it has not."""
    published = [] if version is None or not version.has("cluster_decisions") else _published(version)
    known = {decided.id for decided in published}
    recorded = [as_recorded(decision) for decision in DecisionStore(settings).history(PRODUCT) if decision.id not in known]
    return sorted([*published, *recorded], key=lambda decided: (decided.made_at, decided.id), reverse=True)


def since(settings: Settings, known: int) -> list[Decided]:
    """What was decided after so many decisions, the newest first."""
    return [as_recorded(decision) for decision in DecisionStore(settings).history(PRODUCT)[known:]][::-1]


def confirmed(desk: Desk, asked: Question, found: Answer, version: Version, by: str) -> Answer:
    """The same clusters on the version in force, so that nobody approves what is no longer there.

    Raises
    ------
    Problem
        409: the published features have changed, and give other clusters.
    """
    if version.name == asked.version:
        return found
    today = desk.again(Question(version.name, found.quarter, found.scenario), by=by, wait_s=CHECKED_WITHIN_S)
    if today.fingerprint != found.fingerprint:
        raise Problem(
            409,
            f"The clusters were {found.fingerprint}; what is published now gives {today.fingerprint}.",
            "Ask again, look at the new clusters, and decide about those.",
            kind="changed-meanwhile",
        )
    return today


def _published(version: Version) -> list[Decided]:
    rows = version.remembered("decisions", lambda: version.rows("SELECT * FROM cluster_decisions"))
    return [_decided(row["decision_id"], row, outcome=row["outcome"], note=row["note"]) for row in rows]


def as_recorded(decision: Decision) -> Decided:
    """A decision that the graph has not taken in yet."""
    row = {
        "kind": decision.kind,
        "made_at": decision.made_at,
        "made_by": decision.made_by,
        "reason": decision.reason,
        **decision.body,
    }
    quarter = dt.date.fromisoformat(str(decision.body["quarter"]))
    return _decided(decision.id, row | {"quarter": quarter}, outcome=ON_ITS_WAY, note="")


def _decided(identifier: str, row: dict[str, Any], *, outcome: str, note: str) -> Decided:
    about = {name: row.get(name) for name in ("kind", "made_at", "made_by", "reason", "quarter")}
    meant = {name: row.get(name) for name in ("version", "cluster", "name", "store_id")}
    return Decided(id=identifier, outcome=outcome, note=note, **about, **meant)  # type: ignore[arg-type]  # columns of the table
