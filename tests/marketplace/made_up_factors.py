"""Factors of a small shop with three kinds of goods: dairy, tools, books. Nobody measured them."""

import datetime as dt
from dataclasses import replace

import numpy as np

from vitrina.marketplace.factors import Factors

KINDS = ("dairy", "tools", "books")
PER_KIND = 20
N_ITEMS = len(KINDS) * PER_KIND
COMPONENTS = 8


def code(kind, place):
    """Codes go by identifier: books, dairy, tools."""
    return sorted(KINDS).index(kind) * PER_KIND + place


def name(kind, place):
    return f"{kind} {place:02d}"


def made_up_factors(seed=0, **changes):
    """Items of a kind lie around one direction; `ann` likes dairy, `bob` tools and has bought two of them."""
    rng = np.random.default_rng(seed)
    centres = np.eye(COMPONENTS)[: len(KINDS)] * 2
    vectors = np.repeat(centres, PER_KIND, axis=0) + rng.normal(scale=0.2, size=(N_ITEMS, COMPONENTS))
    neighbours = np.full((N_ITEMS, 3), -1)
    neighbours[code("dairy", 0), :2] = code("books", 7), code("tools", 3)
    scores = np.where(neighbours >= 0, np.array([0.9, 0.5, 0.0]), 0.0)
    of_kind = {kind: rank for rank, kind in enumerate(sorted(KINDS))}
    bought = np.array([code("tools", 1), code("tools", 4)])
    factors = Factors(
        item_ids=np.array([name(kind, place) for kind in sorted(KINDS) for place in range(PER_KIND)]),
        item_vectors=vectors,
        item_biases=rng.normal(scale=0.01, size=N_ITEMS),
        excluded=np.arange(N_ITEMS) == code("dairy", 2),
        price_bands=np.arange(N_ITEMS) % 6,
        neighbours=neighbours,
        neighbour_scores=scores,
        user_hashes=np.array(["ann", "bob"]),
        user_vectors=centres[[of_kind["dairy"], of_kind["tools"]]],
        seen_indptr=np.array([0, 0, 2]),
        seen_indices=bought,
        popular={
            ("any", 0): np.array([code("books", place) for place in range(10)]),
            ("site", 0): np.array([code("tools", 5)]),
            ("any", 2): np.array([code("dairy", 5), code("dairy", 2)]),
            ("site", 2): np.array([code("dairy", 6)]),
        },
        trained_until=dt.date(2026, 7, 1),
        version="made up",
    )
    return replace(factors, **changes)
