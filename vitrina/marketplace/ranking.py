"""The best items of many users, exactly: products in tiles that stay in the processor's cache, and few candidates from each.

A tile of scores is compared with what the user's best items among the first ones reach, so almost nothing of it is looked
at twice. What is left is scored again in one fixed way, and only that decides: the answer does not depend on threads, blocks
or the BLAS. `implicit.cpu.topk` does the same by a heap over whole rows of scores, which leave the cache, keeps any one of
equal scores, and pads by items that were filtered (`benchmarks.marketplace_speed` compares the two).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from vitrina.marketplace.factors import NOBODY, FactorsError

Floats = npt.NDArray[np.float32]
Codes = npt.NDArray[np.int32]
Offsets = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]

USERS_AT_ONCE = 256
ITEMS_AT_ONCE = 4_096
"""A tile of 2 MB: measured, larger ones wait for memory, smaller ones for Python."""

_CROWDED = 64
"""Candidates of a tile, in lists, beyond which the threshold is raised before they are taken."""

ROUNDINGS = 4
"""How many times the textbook's bound of rounding is allowed for: twice for two scores, and once more for safety."""


@dataclass(frozen=True, eq=False)
class Seen:
    """Items that users are not to be shown, as the rows of a CSR matrix.

    Attributes
    ----------
    indptr, indices
        Offsets per user, and codes of items.
    """

    indptr: npt.NDArray[np.integer]
    indices: npt.NDArray[np.integer]

    def of(self, start: int, stop: int) -> tuple[Offsets, Offsets]:
        """Rows, counted from `start`, and items of some users."""
        counts = np.diff(self.indptr[start : stop + 1])
        items = self.indices[self.indptr[start] : self.indptr[stop]]
        return np.repeat(np.arange(stop - start), counts), items.astype(np.int64)


def top_items(  # noqa: PLR0913  # the problem, its filters, and how the work is cut
    user_vectors: npt.ArrayLike,
    item_vectors: npt.ArrayLike,
    k: int,
    *,
    item_biases: npt.ArrayLike | None = None,
    excluded: npt.ArrayLike | None = None,
    seen: Seen | None = None,
    n_threads: int = 2,
    users_at_once: int = USERS_AT_ONCE,
    items_at_once: int = ITEMS_AT_ONCE,
) -> tuple[Codes, Floats]:
    """The k items with the largest scores for each user, by score, then by code.

    Parameters
    ----------
    user_vectors, item_vectors
        One row per user and per item, of the same length.
    k
        Items per user.
    item_biases
        Added to the scores of each item.
    excluded
        Whether an item is left out for everybody.
    seen
        What is left out for each user.
    n_threads
        Threads; the BLAS takes no further ones meanwhile, in this whole process.
    users_at_once, items_at_once
        Size of a tile; changes nothing but the speed.

    Returns
    -------
    codes, scores
        Both with k columns: codes of items, padded with -1 where fewer are left; and their scores, padded with minus infinity.

    Raises
    ------
    FactorsError
        Shapes do not fit together, or a number is not finite.
    """
    from threadpoolctl import threadpool_limits  # noqa: PLC0415  # loading the definitions need not pay for it

    task = _prepared(
        user_vectors, item_vectors, k, item_biases=item_biases, excluded=excluded, seen=seen, items_at_once=items_at_once
    )
    n_users = len(task.users)
    blocks = [(start, min(start + users_at_once, n_users)) for start in range(0, n_users, users_at_once)]
    codes, scores = np.full((n_users, k), NOBODY, np.int32), np.full((n_users, k), -np.inf, np.float32)
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(n_threads) as pool:
        for (start, stop), found in zip(blocks, pool.map(lambda block: task.block(*block), blocks), strict=True):
            codes[start:stop], scores[start:stop] = found
    return codes, scores


def exact_scores(left: Floats, right: Floats) -> Doubles:
    """Products of rows, summed one component after another in double precision: the same on every machine and thread; one row may meet many."""
    # a running sum has one order only; that of a plain sum is up to the library
    return np.asarray(np.cumsum(left.astype(np.float64) * right, axis=1)[:, -1])


@dataclass(frozen=True, eq=False)
class _Task:
    """Users and items with the bias as a further component; items without the excluded ones, the longest vectors first."""

    users: Floats
    items: Floats
    codes: Offsets
    places: Offsets
    k: int
    seen: Seen
    items_at_once: int

    @cached_property
    def lengths(self) -> Floats:
        return np.asarray(np.linalg.norm(self.items, axis=1))

    @cached_property
    def by_bias(self) -> Offsets:
        """Places in the order of a user without a taste."""
        return np.lexsort((self.codes, -self.items[:, -1]))

    def block(self, start: int, stop: int) -> tuple[Codes, Floats]:
        users = self.users[start:stop]
        rows, items = self.seen.of(start, stop)
        places = self.places[items]
        rows, places = rows[places != NOBODY], places[places != NOBODY]
        enough = self.k + np.bincount(rows, minlength=stop - start)
        # without a taste, equal biases would make candidates of everything
        tasteless = np.flatnonzero(~users[:, :-1].any(axis=1))
        taste = np.flatnonzero(users[:, :-1].any(axis=1))
        candidates = self._candidates(users, taste, rows, places, enough)
        first = self.by_bias[: enough.max()]
        row = np.concatenate([candidates[0], np.repeat(tasteless, first.size)])
        place = np.concatenate([candidates[1], np.tile(first, tasteless.size)])
        n_items = max(1, len(self.items))
        new = ~np.isin(row * n_items + place, rows * n_items + places)
        return self._best(users, row[new], place[new])

    def _candidates(
        self, users: Floats, taste: Offsets, rows: Offsets, places: Offsets, enough: Offsets
    ) -> tuple[Offsets, Offsets]:
        """Rows and places of everything that can be among the best k of these users, by products that may be rounded."""
        n_items = len(self.items)
        if not taste.size or not n_items:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        head = min(n_items, max(self.items_at_once, int(enough.max())))
        slack = self._slack(users)
        scores = users @ self.items[:head].T
        scores[rows[places < head], places[places < head]] = -np.inf
        threshold = (_kth_largest(scores, self.k) - slack)[taste, None]
        found = [_reaching(scores[taste], threshold)]
        some = np.ascontiguousarray(users[taste])
        lengths = np.linalg.norm(some, axis=1)
        # fresh memory for every tile would cost more than the comparison
        tile, reached = np.empty(taste.size * self.items_at_once, np.float32), np.empty(taste.size * self.items_at_once, np.bool_)
        for start in range(head, n_items, self.items_at_once):
            items = self.items[start : start + self.items_at_once]
            if bool((lengths * self.lengths[start] < threshold[:, 0]).all()):
                # nobody's product with this vector, or with any of the shorter ones that follow, can reach the threshold (Cauchy, Schwarz)
                break
            scores, mask = tile[: taste.size * len(items)].reshape(taste.size, -1), reached[: taste.size * len(items)]
            np.dot(some, items.T, out=scores)
            row, place, score = _reaching(scores, threshold, mask.reshape(scores.shape))
            if row.size > _CROWDED * enough[taste].sum():
                threshold = np.maximum(threshold, (_kth_largest(scores, enough.max()) - slack[taste])[:, None])
                row, place, score = _reaching(scores, threshold, mask.reshape(scores.shape))
            found.append((row, place + start, score))
        row, place, score = (np.concatenate(parts) for parts in zip(*found, strict=True))
        kept = _near_the_best(row, score, enough[taste], slack[taste])
        return taste[row[kept]], place[kept]

    def _slack(self, users: Floats) -> Floats:
        """How far two products may be from their true order by rounding (Higham 2002, section 3.1), per user."""
        bound = ROUNDINGS * (users.shape[1] + 1) * np.finfo(np.float32).eps
        return np.asarray(bound * self.lengths[0] * np.linalg.norm(users, axis=1), dtype=np.float32)

    def _best(self, users: Floats, row: Offsets, place: Offsets) -> tuple[Codes, Floats]:
        score = exact_scores(users[row], self.items[place]).astype(np.float32)
        order = np.lexsort((self.codes[place], -score, row))
        row, place, score = row[order], place[order], score[order]
        rank = np.arange(row.size) - np.searchsorted(row, row)
        best = rank < self.k
        codes, scores = np.full((len(users), self.k), NOBODY, np.int32), np.full((len(users), self.k), -np.inf, np.float32)
        codes[row[best], rank[best]] = self.codes[place[best]]
        scores[row[best], rank[best]] = score[best]
        return codes, scores


def _kth_largest(scores: Floats, k: int) -> Floats:
    """Per row; minus infinity where there are fewer."""
    if scores.shape[1] < k:
        return np.full(len(scores), -np.inf, np.float32)
    return np.asarray(np.partition(scores, scores.shape[1] - k, axis=1)[:, scores.shape[1] - k])


def _reaching(scores: Floats, threshold: Floats, mask: npt.NDArray[np.bool_] | None = None) -> tuple[Offsets, Offsets, Floats]:
    """Rows, columns and scores of what reaches its row's threshold; the mask is memory to work in."""
    found = np.flatnonzero(np.greater_equal(scores, threshold, out=mask))
    row, column = np.divmod(found, scores.shape[1])
    return row, column, scores.reshape(-1)[found]


def _near_the_best(row: Offsets, score: Floats, enough: Offsets, slack: Floats) -> Offsets:
    """Which candidates reach the best ones of all tiles, so many per row; what was seen may still be among them."""
    order = np.lexsort((-score, row))
    rows = np.arange(enough.size)
    first, last = np.searchsorted(row, rows, sorter=order), np.searchsorted(row, rows, side="right", sorter=order)
    reach = np.full(enough.size, -np.inf, np.float32)
    full = last - first >= enough
    reach[full] = score[order[(first + enough - 1)[full]]] - slack[full]
    return np.flatnonzero(score >= reach[row])


def _prepared(  # noqa: PLR0913  # what `top_items` was given
    user_vectors: npt.ArrayLike,
    item_vectors: npt.ArrayLike,
    k: int,
    *,
    item_biases: npt.ArrayLike | None,
    excluded: npt.ArrayLike | None,
    seen: Seen | None,
    items_at_once: int,
) -> _Task:
    users, items = (np.asarray(vectors, dtype=np.float32) for vectors in (user_vectors, item_vectors))
    n_users, n_items = len(users), len(items)
    biases = np.zeros(n_items, np.float32) if item_biases is None else np.asarray(item_biases, dtype=np.float32)
    out = np.zeros(n_items, bool) if excluded is None else np.asarray(excluded, dtype=bool)
    seen = seen or Seen(np.zeros(n_users + 1, np.int64), np.empty(0, np.int64))
    fits = users.ndim == items.ndim == 2 and users.shape[1] == items.shape[1] and k >= 1
    if not fits or biases.shape != (n_items,) or out.shape != (n_items,) or seen.indptr.shape != (n_users + 1,):
        raise FactorsError(
            f"Users of shape {users.shape}, items of shape {items.shape}, biases of shape {biases.shape}, exclusions of shape "
            f"{out.shape}, {seen.indptr.size} offsets of what was seen, and k = {k} do not fit together.",
            "Give vectors of one length, a bias and a flag per item, one offset more than users, and k of 1 or more.",
        )
    if not all(bool(np.isfinite(numbers).all()) for numbers in (users, items, biases)):
        raise FactorsError("A vector or a bias is not finite.", "Look at how the model was fitted: it has diverged.")
    items = np.column_stack([items, biases])
    users = np.column_stack([users, np.ones(n_users, np.float32)])
    order = np.lexsort((np.arange(n_items), -np.linalg.norm(items, axis=1)))
    codes = order[~out[order]]
    places = np.full(n_items, NOBODY, np.int64)
    places[codes] = np.arange(codes.size)
    return _Task(users, np.ascontiguousarray(items[codes]), codes, places, k, seen, items_at_once)
