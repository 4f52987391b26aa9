"""A fresh answer: what to show to this user on this page now, with the events of this very session, without training anew.

How an answer is made
---------------------
1. *The user's vector moves.* With Y the items' vectors, x₀ the stored vector of the user (zero for a stranger) and c, p the
   confidence and the target of the session's items, the implicit-feedback least squares of Hu, Koren and Volinsky (2008) are
   continued from where training has left them:

       x = (P + YₛᵀCYₛ)⁻¹ (YₛᵀCp + P·x₀),   P = w·d·YᵀY/n + λ·I.

   P is what the other items say, as one matrix that is computed once. With d components, d·YᵀY/n makes of an average item's
   view one view's worth; in the original every item weighs 1, that is w = n/d. Without events x is x₀; for a stranger this
   is the original's formula, with the confidence of what was met counted on top. The target of an item is the score that
   stands `session.TARGET` standard deviations above the user's mean item, or its own score where that is higher.
2. *Taste* is x·y in standard deviations over all items, so that scores of different models can be added to what follows;
   *popularity* is the item's bias in standard deviations, times its weight.
3. *What goes together*: the neighbours of the page's item and of the session's items add their similarity, times the weight
   of the page, or times that of the session, of the event's kind and of its age in events.
   Of a stranger without events these neighbours are all there is, and popular items follow them.
4. What is excluded, what was bought in this session, and the page's item never come; what was bought before comes only
   where repeats are asked for. Equal scores stand in the order of identifiers.

Of a stranger without any of this nothing is known, and the popular items of the platform and price band are the answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vitrina.marketplace.factors import ANY_BAND, ANY_PLATFORM, NOBODY, Factors
from vitrina.marketplace.ranking import ROUNDINGS, exact_scores
from vitrina.marketplace.session import DEFAULT_WEIGHTS, Moment, RecentEvent, Weights, moved, spread_of, understood

Codes = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

MOST_ANSWERS = 1_000

BOUGHT_AGAIN, GOES_WITH, SIMILAR_TASTE, POPULAR = "bought again", "goes with", "similar taste", "popular"

_SPREAD = 1e-9
"""A standard deviation of scores below this is no taste."""

_ANY = (ANY_PLATFORM, ANY_BAND)


@dataclass(frozen=True)
class Answer:
    """One item to show.

    Attributes
    ----------
    item_id
        The item.
    score
        Sum of the parts above, in standard deviations; popular items of which nothing else is known count down from there, or from 0.
    reason
        The part that speaks for it most, as in `tables.REASONS`.
    reason_item_id
        The item that the reason speaks of, if it does of any.
    """

    item_id: str
    score: float
    reason: str
    reason_item_id: str | None


def recommend(  # noqa: PLR0913  # what is known of the moment
    factors: Factors,
    *,
    user: str | None = None,
    page_item: str | None = None,
    recent: Sequence[RecentEvent] = (),
    n: int = 10,
    platform: str | None = None,
    price_band: int | None = None,
    repeats: bool = False,
    weights: Weights = DEFAULT_WEIGHTS,
) -> tuple[Answer, ...]:
    """The best items for this user on this page now; never raises for what a visitor may send.

    Parameters
    ----------
    factors
        As loaded.
    user
        Pseudonym of the user, if there is one.
    page_item
        The item whose page is open.
    recent
        Events of this session, the latest last; of many, the last `session.MOST_EVENTS` count. What cannot be read is ignored, as
        are items that are not known.
    n
        Items to show, at most `MOST_ANSWERS`.
    platform, price_band
        Where a stranger comes from, for the popular items.
    repeats
        Whether what the user has bought before may come again.
    weights
        How the parts count.

    Returns
    -------
    tuple of Answer
        The best first; fewer than n only where fewer are left.
    """
    moment = understood(factors, user, page_item, recent, weights)
    n = max(0, min(n, MOST_ANSWERS))
    vector = moved(factors, moment, weights)
    spread = spread_of(factors, vector)
    if spread > _SPREAD:
        return _scored(factors, moment, vector / spread, n, repeats=repeats, weights=weights)
    near = _scored(factors, moment, None, n, repeats=repeats, weights=weights)
    return near + _popular(factors, moment, near, n, (platform, price_band), repeats=repeats)


def _scored(  # noqa: PLR0913  # the request, as far as it was understood
    factors: Factors, moment: Moment, taste: Doubles | None, n: int, *, repeats: bool, weights: Weights
) -> tuple[Answer, ...]:
    """The best items by all parts; without a taste only those that go with something."""
    companions = _Companions(factors, moment.sources)
    left_out = _left_out(factors, moment, repeats=repeats)
    if taste is None:
        found = np.unique(companions.codes)
        found = found[~factors.excluded[found] & ~np.isin(found, left_out)]
        liked = np.zeros(found.size)
    else:
        vector = taste.astype(np.float32)
        found = _reaching_nth(factors, vector, companions, left_out, n=n, weights=weights)
        liked = exact_scores(factors.item_vectors[found], vector[None]) - float(taste @ factors.mean_vector)
    popular = weights.popularity * factors.popularity[found].astype(np.float64)
    together = companions.of(found)
    total = liked + popular + together
    seen = set(factors.seen(moment.user).tolist())
    answers = []
    for place in np.lexsort((found, -total))[:n].tolist():
        code = int(found[place])
        parts = {SIMILAR_TASTE: liked[place], POPULAR: popular[place], GOES_WITH: together[place]}
        strongest = max(parts, key=lambda part: float(parts[part]))
        reason = BOUGHT_AGAIN if code in seen else GOES_WITH if taste is None else strongest
        source = code if reason == BOUGHT_AGAIN else companions.source_of(code) if reason == GOES_WITH else NOBODY
        answers.append(_answer(factors, code, float(total[place]), reason, source))
    return tuple(answers)


def _reaching_nth(  # noqa: PLR0913  # all parts of a score
    factors: Factors, vector: Floats, companions: _Companions, left_out: Codes, *, n: int, weights: Weights
) -> Codes:
    """Codes, ascending, of what can be among the best n: scores in single precision, and what rounding may have hidden."""
    rough = factors.columns @ vector
    rough += np.float32(weights.popularity) * factors.popularity
    np.add.at(rough, companions.codes, companions.parts.astype(np.float32))
    rough[factors.excluded_codes] = -np.inf
    rough[left_out] = -np.inf
    n = min(n, rough.size)
    if n == 0:
        return np.empty(0, np.int64)
    nth = np.partition(rough, rough.size - n)[rough.size - n]
    largest = float(np.linalg.norm(vector)) * factors.longest + weights.popularity * factors.most_popular + companions.parts.sum()
    slack = np.float32(ROUNDINGS * (vector.size + companions.codes.size) * np.finfo(np.float32).eps * largest)
    return np.flatnonzero((rough >= nth - slack) & (rough > -np.inf))


class _Companions:
    """Neighbours of the page's item and of the session's items, each with its part and where it comes from.

    Parameters
    ----------
    factors
        For the neighbours.
    sources
        Item → what a neighbour of similarity 1 is worth.
    """

    def __init__(self, factors: Factors, sources: Mapping[int, float]) -> None:
        origins = np.array(sorted(sources), dtype=np.int64)
        codes = factors.neighbours[origins].astype(np.int64)
        worth = np.array([sources[origin] for origin in origins.tolist()])[:, None]
        parts = worth * factors.neighbour_scores[origins].astype(np.float64)
        there = codes != NOBODY
        self.codes, self.parts = codes[there], parts[there]
        self.origins = np.repeat(origins, there.sum(axis=1))

    def of(self, items: Codes) -> Doubles:
        """Sum of the parts of each item; items are in ascending order."""
        total = np.zeros(items.size)
        if items.size:
            place = np.minimum(np.searchsorted(items, self.codes), items.size - 1)
            met = items[place] == self.codes
            np.add.at(total, place[met], self.parts[met])
        return total

    def source_of(self, item: int) -> int:
        """Where the largest part of an item comes from."""
        places = np.flatnonzero(self.codes == item)
        return int(self.origins[places[np.argmax(self.parts[places])]]) if places.size else NOBODY


def _left_out(factors: Factors, moment: Moment, *, repeats: bool) -> Codes:
    seen = [] if repeats else factors.seen(moment.user).tolist()
    return np.array([*seen, *moment.bought, *([moment.page] if moment.page != NOBODY else [])], dtype=np.int64)


def _popular(  # noqa: PLR0913  # the request, as far as it was understood
    factors: Factors, moment: Moment, before: Sequence[Answer], n: int, asked: tuple[object, object], *, repeats: bool
) -> tuple[Answer, ...]:
    """Fill up from the list of this platform and price band; where it is too short, of the band, of the platform, of all."""
    left_out = {*_left_out(factors, moment, repeats=repeats).tolist(), *(factors.item_code(answer.item_id) for answer in before)}
    platform = asked[0] if isinstance(asked[0], str) else ANY_PLATFORM
    band = asked[1] if isinstance(asked[1], int) else ANY_BAND
    wanted = [(platform, band), (ANY_PLATFORM, band), (platform, ANY_BAND), _ANY]
    codes = _each_once(factors.popular.get(key, ()) for key in wanted)
    codes = [code for code in codes if code not in left_out and not factors.excluded[code]][: n - len(before)]
    seen = set(factors.seen(moment.user).tolist())
    lowest = min(0.0, before[-1].score) if before else 0.0
    return tuple(
        _answer(factors, code, lowest - place, *((BOUGHT_AGAIN, code) if code in seen else (POPULAR, NOBODY)))
        for place, code in enumerate(codes, start=1)
    )


def _each_once(lists: Iterable[Iterable[int]]) -> list[int]:
    return list(dict.fromkeys(int(code) for codes in lists for code in codes))


def _answer(factors: Factors, code: int, score: float, reason: str, source: int) -> Answer:
    return Answer(str(factors.item_ids[code]), score, reason, None if source == NOBODY else str(factors.item_ids[source]))
