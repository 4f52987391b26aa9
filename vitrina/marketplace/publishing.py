"""Everything that is shown to people, made from the whole log with what was chosen."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import polars as pl

from vitrina.files import sha256_of
from vitrina.marketplace import tables as t
from vitrina.marketplace.cold_start import LightFMFactors
from vitrina.marketplace.fitted import Fitted, page_neighbours
from vitrina.marketplace.history import History
from vitrina.marketplace.hybrid import feature_vectors, fit_hybrid, items_by_code, published_factors
from vitrina.marketplace.item_pairs import popular_items, similar_to_items
from vitrina.marketplace.measure_names import DIVERSITY
from vitrina.marketplace.recommending import ColdItems, Offer, allowed_items, recommend_everybody
from vitrina.marketplace.whole_judgement import ITEMS_ON_A_PAGE
from vitrina.marketplace.windows import Plan
from vitrina.tables import Table


def chosen_diversity(quality: pl.DataFrame, as_of: dt.date) -> float:
    """How varied lists are made, as the validation window of that day has chosen; 0 where it was never judged."""
    rows = quality.filter((pl.col("as_of") == as_of) & (pl.col("measure") == DIVERSITY))
    return float(rows["value"][0]) if rows.height else 0.0


def everything_shown(  # noqa: PLR0913  # what is known, and where it goes
    fitted: Fitted, windows: Plan, items: pl.DataFrame, users: pl.DataFrame, offer: Offer, *, data: Path, run_id: str
) -> dict[type[Table], pl.DataFrame]:
    """Lists for everybody, pages, lists for strangers, and the file of factors.

    Parameters
    ----------
    fitted
        The whole log, and models by cut.
    windows
        What the re-ranker learns from.
    items, users
        Tables `ItemFeatures` and `UserFeatures`.
    offer
        How lists are made.
    data
        The data folder; the file of factors goes below its artifacts.
    run_id
        Names the file: an earlier one stays as long as a published version names it.
    """
    known, reranker = fitted.known(fitted.log.end), fitted.reranker(windows.final)
    history = known.history
    by_code = items_by_code(items, history)
    allowed = allowed_items(by_code)
    learnt = fit_hybrid(history, items, users, fitted.parameters, seed=fitted.seed)
    lists = recommend_everybody(known, reranker, by_code, offer, allowed=allowed, cold=_cold(history, learnt, allowed))
    similar = similar_to_items(
        history,
        page_neighbours(known),
        feature_vectors(by_code, learnt),
        by_code,
        allowed=allowed,
        min_users=offer.min_users,
        k=ITEMS_ON_A_PAGE,
    )
    popular = popular_items(history, by_code, allowed=allowed, min_users=offer.min_users)
    factors = published_factors(
        history, learnt, by_code, similar=similar, popular=popular, allowed=allowed, version=f"{fitted.log.end}-{run_id[:8]}"
    )
    path = data / "artifacts" / "marketplace" / "recommender_models" / f"{run_id}.npz"
    factors.save(path)
    model = {
        "as_of": fitted.log.end,
        "path": path.relative_to(data).as_posix(),
        "fingerprint": sha256_of(path),
        "size": path.stat().st_size,
        "components": fitted.parameters.components,
        "users": len(factors.user_hashes),
        "items": len(factors.item_ids),
        "parameters": fitted.parameters.with_(diversity=offer.diversity).as_json(),
    }
    return {
        t.Recommendations: lists,
        t.SimilarItems: similar,
        t.PopularItems: popular,
        t.RecommenderModels: t.RecommenderModels.check(pl.DataFrame([model], schema=t.RecommenderModels.polars_schema())),
    }


def _cold(history: History, learnt: LightFMFactors, allowed: np.ndarray) -> ColdItems:
    codes = np.flatnonzero(allowed & ~history.known_items)
    return ColdItems(codes, learnt.users.vectors, learnt.items.vectors, learnt.items.biases)
