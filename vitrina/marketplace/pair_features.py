"""What the re-ranker knows of a pair of user and item at a cut: scores, places, repeats, recency, popularity, prices."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from vitrina.marketplace.history import POPULARITY_DAYS, History
from vitrina.marketplace.log import Codes
from vitrina.marketplace.scorers import Scorers

Matrix = npt.NDArray[np.float32]

USERS_PER_BLOCK = 256
MOST_REFERENCE_ITEMS = 4_096
"""Places are counted among that many items of the catalogue, drawn once: beyond, sorting everything for everybody is dear."""

_PAIR_COLUMNS = {
    "purchases": "Times that the user bought the item.",
    "days": "Different days on which they did.",
    "views": "Times that the user looked at it.",
    "carts": "Times that the user put it into the basket.",
    "last": "Days since they last bought it.",
    "first": "Days since they first bought it.",
    "seen": "Days since any event of the two.",
    "decayed": "Purchases, halved every 60 days.",
    "pieces": "Logarithm of the usual number of pieces.",
    "baskets_since": "Baskets of the user since the last one with the item.",
    "basket_rate": "Share of the user's baskets since the first one with the item that held it.",
}
_ITEM_COLUMNS = {
    **{f"buyers_{days}": f"Users who bought the item in the last {days} days." for days in POPULARITY_DAYS},
    "buyers": "Users who ever bought the item.",
    "viewers_30": "Users who looked at it in the last 30 days.",
    "newcomers": "Users who bought it for the first time in the last 30 days.",
    "age": "Days since its first sale.",
    "last": "Days since its last sale.",
    "repeat_rate": "Share of its buyers who bought it again.",
    "repeat_days": "Days after which they usually do.",
    "pieces": "Logarithm of the usual number of pieces.",
    "log_price": "Logarithm of its price.",
}
_USER_COLUMNS = {
    "distinct": "Different items that the user bought.",
    "baskets": "Days on which the user bought.",
    "last": "Days since the user last bought.",
    "first": "Days since the user first bought.",
    "repeat_share": "Share of the user's items that they bought again.",
    "pieces": "Logarithm of the usual number of pieces.",
    "log_price": "Logarithm of the price that the user usually pays.",
    "usual_buyers": "How popular the items are that the user buys.",
    "usual_age": "How long those items have been sold.",
}
_COMBINED = {
    "due": "Days since the last purchase over the days after which this item is usually bought again.",
    "own_due": "Days since the last purchase over the user's own days between purchases of it.",
    "price_gap": "Logarithm of the item's price over what the user usually pays.",
    "price_distance": "The same without its sign, in units of the user's own spread.",
    "pieces_gap": "How far the item's usual number of pieces is from the user's.",
    "price_change": "Logarithm of the item's last price over its usual one.",
    "growth": "Logarithm of the item's buyers per day in the last week over those in the last month.",
    "basket_size": "Different items per basket of the user.",
}


@dataclass(frozen=True)
class PairFeatures:
    """Features of any pair of user and item at one cut.

    Attributes
    ----------
    history
        What is known.
    scorers
        Models fitted on that history, by name.
    seed
        For the items that places are counted among.
    """

    history: History
    scorers: Scorers
    seed: int = 0

    def meanings(self) -> Mapping[str, str]:
        """Feature → what it says, in the order of the columns."""
        return feature_meanings(tuple(self.scorers))

    def of(self, users: Codes, items: Codes) -> Matrix:
        """Features of pairs, shape (pairs, features); what is not known is NaN.

        Parameters
        ----------
        users, items
            Codes of the pairs.
        """
        return np.column_stack([*self._of_scorers(users, items), *_of_frames(self.history, users, items)])

    def _of_scorers(self, users: Codes, items: Codes) -> list[Matrix]:
        """Scores, and the share of the catalogue that scores higher."""
        columns = [np.empty(len(users), dtype=np.float32) for _ in range(2 * len(self.scorers))]
        reference = self._reference()
        for chosen, rows in _blocks(users):
            _, place = np.unique(users[rows], return_inverse=True)
            for number, scorer in enumerate(self.scorers.values()):
                block = scorer.block(chosen)
                values = block[place, items[rows]]
                columns[2 * number][rows] = values
                columns[2 * number + 1][rows] = _share_above(np.sort(block[:, reference], axis=1), place, values)
        return columns

    def _reference(self) -> Codes:
        known = np.flatnonzero(self.history.known_items)
        if len(known) <= MOST_REFERENCE_ITEMS:
            return known
        return np.sort(np.random.default_rng(self.seed).choice(known, MOST_REFERENCE_ITEMS, replace=False))


def feature_meanings(scorers: tuple[str, ...]) -> dict[str, str]:
    """Feature → what it says, in the order of the columns of `PairFeatures.of`."""
    scores = {
        name: meaning
        for scorer in scorers
        for name, meaning in (
            (f"{scorer}_score", f"Score of {scorer}."),
            (f"{scorer}_place", f"Share of items that {scorer} puts above."),
        )
    }
    return {
        **scores,
        **{f"pair_{name}": meaning for name, meaning in _PAIR_COLUMNS.items()},
        **{f"item_{name}": meaning for name, meaning in _ITEM_COLUMNS.items()},
        **{f"user_{name}": meaning for name, meaning in _USER_COLUMNS.items()},
        **_COMBINED,
    }


def _blocks(users: Codes) -> Iterator[tuple[Codes, Codes]]:
    """Users of a block in order, and the positions of their pairs."""
    order = np.argsort(users, kind="stable")
    chosen, starts = np.unique(users[order], return_index=True)
    for begin in range(0, len(chosen), USERS_PER_BLOCK):
        end = begin + USERS_PER_BLOCK
        until = starts[end] if end < len(chosen) else len(users)
        yield chosen[begin:end], order[starts[begin] : until]


def _share_above(reference: Matrix, rows: Codes, values: Matrix) -> Matrix:
    """For each value, the share of its row's ascending reference that is higher."""
    shares = np.empty(len(values), dtype=np.float32)
    order = np.argsort(rows, kind="stable")
    bounds = np.searchsorted(rows[order], np.arange(len(reference) + 1))
    for row in range(len(reference)):
        mine = order[bounds[row] : bounds[row + 1]]
        shares[mine] = 1 - np.searchsorted(reference[row], values[mine], side="right") / max(reference.shape[1], 1)
    return shares


def _of_frames(history: History, users: Codes, items: Codes) -> list[Matrix]:
    pair = _pair_values(history, users, items)
    item = _values(history.items, (*_ITEM_COLUMNS, "last_log_price"), items)
    user = _values(history.users, (*_USER_COLUMNS, "spread"), users)
    own_gap = (pair["first"] - pair["last"]) / np.maximum(pair["days"] - 1, 1)
    price_gap = item["log_price"] - user["log_price"]
    combined = {
        "due": pair["last"] / np.maximum(item["repeat_days"], 1),
        "own_due": np.where(pair["days"] > 1, pair["last"] / np.maximum(own_gap, 1), np.nan),
        "price_gap": price_gap,
        "price_distance": np.abs(price_gap) / (user["spread"] + 0.2),
        "pieces_gap": item["pieces"] - user["pieces"],
        "price_change": item["last_log_price"] - item["log_price"],
        "growth": np.log1p(item["buyers_7"] * 30 / 7) - np.log1p(item["buyers_30"]),
        "basket_size": user["distinct"] / np.maximum(user["baskets"], 1),
    }
    return [
        *(pair[name] for name in _PAIR_COLUMNS),
        *(item[name] for name in _ITEM_COLUMNS),
        *(user[name] for name in _USER_COLUMNS),
        *(combined[name].astype(np.float32) for name in _COMBINED),
    ]


def _pair_values(history: History, users: Codes, items: Codes) -> dict[str, Matrix]:
    """Values of pairs that met; counts are 0 and times NaN for the others."""
    wanted = users.astype(np.int64) * history.n_items + items
    place = np.minimum(np.searchsorted(history.keys, wanted), len(history.keys) - 1)
    met = history.keys[place] == wanted
    filled: Callable[[str], float] = lambda name: np.nan if name in {"last", "first", "seen", "pieces", "baskets_since"} else 0.0  # noqa: E731  # one rule
    return {
        name: np.where(met, history.pairs[name].fill_null(np.nan).to_numpy()[place], filled(name)).astype(np.float32)
        for name in _PAIR_COLUMNS
    }


def _values(frame: pl.DataFrame, names: tuple[str, ...], codes: Codes) -> dict[str, Matrix]:
    return {name: frame[name].cast(pl.Float32).fill_null(np.nan).to_numpy()[codes] for name in names}
