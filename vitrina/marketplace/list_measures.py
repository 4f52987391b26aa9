"""Measures of whole lists against everything that was bought in the window, out of the full catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
import scipy.sparse as sp

from vitrina.marketplace.log import Codes, Floats

CUTOFFS = (5, 10, 20)


@dataclass(frozen=True)
class JudgedLists:
    """Lists beside what their users bought.

    Attributes
    ----------
    users
        Codes of the users who bought something in the window, ascending.
    relevant
        Number of different items that each of them bought.
    hits
        Whether the item at each place was bought, shape (users, longest list); short lists are filled up with misses.
    """

    users: Codes
    relevant: Floats
    hits: Floats

    def rows(self) -> tuple[list[str], Floats]:
        """Names of measures, and their values per user, shape (users, measures).

        The *ceiling* is the precision that a list of everything that the user bought would have.

        References
        ----------
        Average precision and normalised discounted cumulative gain as in Järvelin and Kekäläinen (2002); divided by what is
        possible in a list of that length. Computed over the full catalogue: measures on samples of it rank models wrongly
        (Krichene and Rendle, CACM 2022).
        """
        names, columns = [], []
        for k in CUTOFFS:
            hits = self.hits[:, :k]
            places = np.arange(1, hits.shape[1] + 1)
            possible = np.minimum(self.relevant, k)
            discounts = 1 / np.log2(places + 1)
            ideal = np.concatenate([[0.0], np.cumsum(1 / np.log2(np.arange(2, k + 2)))])[possible.astype(int)]
            found = hits.sum(axis=1)
            measures = {
                "precision": found / k,
                "recall": found / self.relevant,
                "map": (hits * np.cumsum(hits, axis=1) / places).sum(axis=1) / possible,
                "ndcg": hits @ discounts / ideal,
                "hit_rate": (found > 0).astype(float),
                "precision_ceiling": possible / k,
            }
            names += [f"{name}_at_{k}_full_catalogue_repeats_allowed" for name in measures]
            columns += list(measures.values())
        return names, np.column_stack(columns)


def judged_lists(lists: pl.DataFrame, users: Codes, items: Codes, n_items: int) -> JudgedLists:
    """Lists against purchases.

    Parameters
    ----------
    lists
        ``user``, ``place`` (from 1), ``item``: codes.
    users, items
        Codes of the pairs that were bought in the window.
    n_items
        Number of items.
    """
    buyers, relevant = np.unique(users, return_counts=True)
    shown = lists.filter(pl.col("user").is_in(buyers.tolist()) & (pl.col("place") <= max(CUTOFFS)))
    hits = np.zeros((len(buyers), max(CUTOFFS)))
    keys = shown["user"].to_numpy() * n_items + shown["item"].to_numpy()
    row = np.searchsorted(buyers, shown["user"].to_numpy())
    hits[row, shown["place"].to_numpy() - 1] = np.isin(keys, users * n_items + items)
    return JudgedLists(buyers, relevant.astype(float), hits)


def beyond_accuracy(lists: pl.DataFrame, popularity: Floats, known: int, similarity: sp.csr_matrix) -> dict[str, float]:
    """What lists are like, whoever buys what: how much of the catalogue they show, how unusual and how varied they are.

    Parameters
    ----------
    lists
        ``user``, ``place``, ``item``; the first ten places count.
    popularity
        Share of all purchases, by item.
    known
        Items that could have been shown.
    similarity
        Between items, 0 to 1.

    Returns
    -------
    dict of str to float
        ``coverage_at_10``: share of the catalogue that somebody is shown. ``novelty_at_10``: mean self-information of what
        is shown, in bits (Zhou et al. 2010). ``diversity_at_10``: one minus the mean similarity of two items of a list.
    """
    top = lists.filter(pl.col("place") <= 10)
    if top.is_empty():
        return {"coverage_at_10": 0.0, "novelty_at_10": float("nan"), "diversity_at_10": float("nan")}
    items = top["item"].to_numpy()
    shares = np.maximum(popularity, 1 / max(1, len(popularity)) ** 2)
    return {
        "coverage_at_10": len(np.unique(items)) / max(known, 1),
        "novelty_at_10": float(-np.log2(shares[items]).mean()),
        "diversity_at_10": _diversity(top, similarity),
    }


def _diversity(top: pl.DataFrame, similarity: sp.csr_matrix) -> float:
    values = [
        _unlike(np.asarray(items), similarity) for items in top.group_by("user", maintain_order=True).agg("item")["item"].to_list()
    ]
    return float(np.mean([value for value in values if value is not None] or [np.nan]))


def _unlike(items: Codes, similarity: sp.csr_matrix) -> float | None:
    if len(items) < 2:
        return None
    like = similarity[items][:, items]
    return 1 - float(like.sum()) / (len(items) * (len(items) - 1))


def overlap_at_10(one: pl.DataFrame, other: pl.DataFrame, users: Sequence[int]) -> Floats:
    """Share of the first ten places that two lists of a user have in common, by user."""
    joined = one.filter(pl.col("place") <= 10).join(other.filter(pl.col("place") <= 10), on=("user", "item"), how="semi")
    common = dict(joined.group_by("user").len().iter_rows())
    return np.array([common.get(user, 0) / 10 for user in users])
