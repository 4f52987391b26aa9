"""Groupings beside each other: how far they agree, which cluster became which, which stores went elsewhere."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass

from serving.stores.answers import Answer, Store
from serving.stores.desk import Desk
from serving.stores.published import Basis, published_answer, quarter_of
from serving.web.problems import Problem, not_found
from serving.web.versions import View
from vitrina.state.cluster_requests import ClusterRequest

PUBLISHED, MODEL = "published", "model"
"""What can be compared with beside requests: the newest quarter's own grouping, and the approved model's."""

MOST_LISTED = 500


@dataclass(frozen=True)
class Side:
    """One of the groupings.

    Attributes
    ----------
    key
        Identifier of the request, or `PUBLISHED` or `MODEL`.
    title
        What people call it; empty for the published ones.
    answer
        The clustering.
    request
        The request; None for the published ones.
    """

    key: str
    title: str
    answer: Answer
    request: ClusterRequest | None = None


@dataclass(frozen=True)
class Moved:
    """A store that is elsewhere: where it was in the first grouping, and where it is in the other."""

    store: Store
    before: int
    after: int


@dataclass(frozen=True)
class Comparison:
    """A grouping beside the first one.

    Attributes
    ----------
    other
        The grouping.
    agreement
        Adjusted Rand index over the stores of both; None where these are too few.
    matches
        Cluster of the other → cluster of the first that it continues; None where it continues none.
    flows
        Cluster of the first and of the other → stores in both.
    n_common, n_moved
        Stores of both groupings, and those of them that did not stay in the cluster that continues theirs.
    moved
        Some of these.
    """

    other: Side
    agreement: float | None
    matches: dict[int, int | None]
    flows: dict[tuple[int, int], int]
    n_common: int
    n_moved: int
    moved: tuple[Moved, ...]


def side_of(desk: Desk, view: View, key: str, *, by: str, wait_s: float) -> Side:
    """A grouping by its key.

    Raises
    ------
    Problem
        404: there is none. 409: it has no answer. 503: its answer is not there yet.
    """
    if key in {PUBLISHED, MODEL}:
        version = view["stores"]
        figures = quarter_of(version, None)
        return Side(key, "", published_answer(version, figures, Basis.OWN if key == PUBLISHED else Basis.MODEL))
    asked = desk.requests.find(key) if key.isprintable() else None
    if asked is None:
        raise not_found("request", key)
    if asked.fingerprint is None:
        raise Problem(409, "A request without an answer cannot be compared.", "Wait for it, or choose another.", kind="unanswered")
    answer = desk.answer(asked, None, by=by, wait_s=wait_s)
    if answer is None:
        raise Problem(503, "The clusters are still being computed.", "Try again in a moment.", kind="busy")
    return Side(key, asked.title, answer, asked)


def compare(desk: Desk, first: Side, other: Side, *, by: str) -> Comparison:
    """One grouping beside another."""
    before, after = ({store.id: store.cluster for store in side.answer.stores} for side in (first, other))
    key = hashlib.sha256(json.dumps([sorted(before.items()), sorted(after.items())]).encode()).hexdigest()[:32]
    found = desk.compare(before, after, key=key, by=by)
    matches: dict[int, int | None] = found["matches"]
    common = [(store, before[store.id]) for store in other.answer.stores if store.id in before]
    moved = [Moved(store, was, store.cluster) for store, was in common if matches.get(store.cluster) != was]
    return Comparison(
        other=other,
        agreement=found["agreement"],
        matches=matches,
        flows=dict(Counter((was, store.cluster) for store, was in common)),
        n_common=len(common),
        n_moved=len(moved),
        moved=tuple(moved[:MOST_LISTED]),
    )
