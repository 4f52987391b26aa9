"""New people and new goods of a window, judged apart: fresh answers and features against popularity."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from vitrina.marketplace.answers import recommend
from vitrina.marketplace.cold import EVENTS_BEFORE_JUDGING, cold_item_rows, cold_sessions, hit_rows
from vitrina.marketplace.cold_start import LightFMFactors
from vitrina.marketplace.factors import Factors
from vitrina.marketplace.history import History
from vitrina.marketplace.judgement import Row
from vitrina.marketplace.log import purchased_pairs
from vitrina.marketplace.measure_names import FRESH, POPULARITY
from vitrina.marketplace.session import RecentEvent
from vitrina.marketplace.suitability import means_with_intervals

FEATURES = "features"
AFTER = f"new_users_after_{EVENTS_BEFORE_JUDGING}_events"
LIFT_AFTER = f"lift_over_popularity_of_hit_rate_at_10_{AFTER}"
NEW_ITEMS = "auc_among_new_items_known_users"


def cold_rows(
    history: History, window: pl.DataFrame, factors: Factors, learnt: LightFMFactors, items: pl.DataFrame
) -> Iterator[Row]:
    """All measures of new users and new items in a window.

    Parameters
    ----------
    history
        What was known at its beginning.
    window
        Its events.
    factors
        As they would have been published at its beginning.
    learnt
        The hybrid model at its beginning.
    items
        Table `ItemFeatures` at its beginning, one row per code.
    """
    yield from _new_users(history, window, factors)
    yield from _new_items(history, window, learnt, items)


def _new_users(history: History, window: pl.DataFrame, factors: Factors) -> Iterator[Row]:
    sessions = cold_sessions(history, window)
    names = history.log.items
    later = sessions["later"].to_list()
    answers: dict[str, list[list[int]]] = {FRESH: [], POPULARITY: [], "popularity_of_platform": []}
    everywhere = factors.popular.get(("any", 0), np.zeros(0, np.int32)).tolist()
    for platform, first, kinds in sessions.select("platform", "first", "kinds").iter_rows():
        recent = [RecentEvent(names[item], kind) for item, kind in zip(first, kinds, strict=True)]
        fresh = recommend(factors, recent=recent, page_item=names[first[-1]], n=10, platform=platform or None)
        answers[FRESH].append([factors.item_code(answer.item_id) for answer in fresh])
        # a sceptic would not show what was bought a moment ago, either
        answers[POPULARITY].append([item for item in everywhere if item not in first][:10])
        there = factors.popular.get((platform, 0), everywhere)
        answers["popularity_of_platform"].append([int(item) for item in there if item not in first][:10])
    rows = {name: hit_rows(lists, later) for name, lists in answers.items()}
    measures = [f"precision_at_10_{AFTER}", f"hit_rate_at_10_{AFTER}"]
    for name, values in rows.items():
        yield from (Row(name, measured) for measured in means_with_intervals(measures, values))
    yield from (Row(FRESH, measured) for measured in means_with_intervals([LIFT_AFTER], (rows[FRESH] - rows[POPULARITY])[:, 1:]))


def _new_items(history: History, window: pl.DataFrame, learnt: LightFMFactors, items: pl.DataFrame) -> Iterator[Row]:
    users, bought = purchased_pairs(window)
    new = history.warm_users[users] & ~history.known_items[bought]
    asked = pl.DataFrame({"user": users[new], "item": bought[new]})
    cold = np.unique(bought[~history.known_items[bought]])
    by_features = cold_item_rows(learnt.items.vectors, learnt.items.biases, learnt.users.vectors, asked, cold)
    # all that popularity can say of an item that nobody has met: how much its category sells
    category = pl.DataFrame({"category": items["category"], "buyers": history.items["buyers_30"]})
    selling = category.with_columns(pl.col("buyers").mean().over("category"))["buyers"].fill_null(0).to_numpy().astype(np.float32)
    nothing = np.zeros((history.n_users, 1), dtype=np.float32)
    by_category = cold_item_rows(np.zeros((history.n_items, 1), np.float32), selling, nothing, asked, cold)
    for name, rows in ((FEATURES, by_features), ("popularity_of_category", by_category)):
        yield from (Row(name, measured) for measured in means_with_intervals([NEW_ITEMS], rows))
    if len(by_features):
        lift = means_with_intervals([f"lift_over_popularity_of_{NEW_ITEMS}"], by_features - by_category)
        yield from (Row(FEATURES, measured) for measured in lift)
