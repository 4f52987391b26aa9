"""What a session says: events that anybody may have sent become codes of items, and move the user's vector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from vitrina.marketplace.factors import NOBODY, Factors

Doubles = npt.NDArray[np.float64]

MOST_EVENTS = 50
"""Events of a session that count, the last ones."""

TARGET = 3.0
"""Standard deviations by which an item that was met should stand above the user's mean item."""

PURCHASE, REFUND = "purchase", "refund"


@dataclass(frozen=True)
class RecentEvent:
    """What the user did in this session.

    Attributes
    ----------
    item_id
        The item as the log names it.
    kind
        As in `tables.KINDS`.
    """

    item_id: str
    kind: str


@dataclass(frozen=True)
class Weights:
    """How much the parts of an answer count.

    Attributes
    ----------
    kinds
        Confidence in one event of each kind; kinds that are not named say nothing.
    others
        How many views what was known before is worth (w): with w = 1, the first view of an average item moves its score
        half the way to the target.
    ridge
        Weight of the zero vector, or of the stored one (λ).
    popularity
        Standard deviations of taste that one of popularity is worth.
    page, session
        Standard deviations of taste that a neighbour of similarity 1 is worth: of the page's item, and of the latest event.
    fading
        What is left of a session's event with each later one.
    """

    kinds: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({"view": 1.0, "cart": 3.0, PURCHASE: 5.0}))
    others: float = 1.0
    ridge: float = 0.1
    popularity: float = 0.25
    page: float = 3.0
    session: float = 1.0
    fading: float = 0.9


DEFAULT_WEIGHTS = Weights()


@dataclass(frozen=True)
class Moment:
    """What of a request is known here.

    Attributes
    ----------
    user, page
        Codes, -1 where nothing is known.
    confidence
        Item of the session → sum of the weights of its events.
    bought
        Items that were bought in the session, and not given back.
    sources
        Item of the page or of the session → what a neighbour of similarity 1 is worth.
    """

    user: int
    page: int
    confidence: Mapping[int, float]
    bought: frozenset[int]
    sources: Mapping[int, float]


def understood(factors: Factors, user: object, page_item: object, recent: object, weights: Weights) -> Moment:
    """Read a request; what is unknown or no event is ignored."""
    confidence: dict[int, float] = {}
    sources: dict[int, float] = {}
    bought: set[int] = set()
    refunded: set[int] = set()
    strongest = max(weights.kinds.values(), default=1.0) or 1.0
    events = list(recent[-MOST_EVENTS:]) if isinstance(recent, Sequence) and not isinstance(recent, str | bytes) else []
    for age, event in enumerate(reversed(events)):
        code, kind = factors.item_code(getattr(event, "item_id", None)), getattr(event, "kind", None)
        if code == NOBODY or not isinstance(kind, str):
            continue
        if kind == REFUND:
            refunded.add(code)
            continue
        if kind == PURCHASE and code in refunded:
            # one refund takes back the purchase before it
            refunded.remove(code)
            continue
        if kind == PURCHASE:
            bought.add(code)
        if (weight := weights.kinds.get(kind, 0.0)) > 0:
            confidence[code] = confidence.get(code, 0.0) + weight
            part = weights.session * weight / strongest * weights.fading**age
            sources[code] = max(sources.get(code, 0.0), part)
    page = factors.item_code(page_item)
    if page != NOBODY:
        sources[page] = sources.get(page, 0.0) + weights.page
    return Moment(factors.user_code(user), page, confidence, frozenset(bought), sources)


def moved(factors: Factors, moment: Moment, weights: Weights) -> Doubles:
    """The user's vector after this session."""
    stored = np.zeros(factors.item_vectors.shape[1])
    if moment.user != NOBODY:
        stored = factors.user_vectors[moment.user].astype(np.float64)
    if not moment.confidence:
        return stored
    items = factors.item_vectors[list(moment.confidence)].astype(np.float64)
    known = items @ stored
    liked = float(factors.mean_vector @ stored) + TARGET * (spread_of(factors, stored) or 1.0)
    return fold_in(
        items,
        np.array(list(moment.confidence.values())),
        np.maximum(liked, known),
        stored,
        weights.others * stored.size * factors.mean_square + weights.ridge * np.eye(stored.size),
    )


def fold_in(items: Doubles, confidence: Doubles, target: Doubles, stored: Doubles, prior: Doubles) -> Doubles:
    """The vector that minimises Σ c (p − x·y)² + (x − x₀)ᵀ P (x − x₀).

    Parameters
    ----------
    items
        Vectors of the session's items, one per row.
    confidence, target
        c and p of each.
    stored
        x₀.
    prior
        P, positive definite.
    """
    weighted = items.T * confidence
    return np.asarray(np.linalg.solve(prior + weighted @ items, weighted @ target + prior @ stored))


def spread_of(factors: Factors, vector: Doubles) -> float:
    """Standard deviation over all items of their products with a vector, from the moments of the items."""
    variance = float(vector @ factors.mean_square @ vector) - float(vector @ factors.mean_vector) ** 2
    return float(np.sqrt(max(0.0, variance)))
