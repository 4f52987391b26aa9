"""Everything that one run finds out about quality, as the tables that hold it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import polars as pl

from vitrina.marketplace import judgement_tables as j
from vitrina.marketplace.cold_judgement import cold_rows
from vitrina.marketplace.features import item_features, user_features
from vitrina.marketplace.fitted import Fitted, page_neighbours
from vitrina.marketplace.hybrid import feature_vectors, fit_hybrid, items_by_code, published_factors
from vitrina.marketplace.item_pairs import popular_items, similar_to_items
from vitrina.marketplace.judgement import Row, customer_targets, rows_frame
from vitrina.marketplace.learning import Judgement, importance, judge
from vitrina.marketplace.log import as_date
from vitrina.marketplace.measure_names import (
    AUC_UNIFORM,
    DIVERSITY,
    HIT_RATE,
    LATEST_FEATURE,
    LIFT,
    LOST_UNIFORM,
    PRECISION,
    PRECISION_UNIFORM,
    RERANKER,
)
from vitrina.marketplace.price_sanity import price_sanity
from vitrina.marketplace.recommending import allowed_items
from vitrina.marketplace.stability import stability
from vitrina.marketplace.suitability import Measured
from vitrina.marketplace.windows import Plan
from vitrina.tables import Table
from vitrina.warehouse import Warehouse

ITEMS_ON_A_PAGE = 20


@dataclass(frozen=True)
class WholeJudgement:
    """What was found, table by table.

    Attributes
    ----------
    judgement
        Both windows.
    quality, targets, importance, stability, price_sanity
        The tables.
    """

    judgement: Judgement
    quality: pl.DataFrame
    targets: pl.DataFrame
    importance: pl.DataFrame
    stability: pl.DataFrame
    price_sanity: pl.DataFrame

    def frames(self) -> dict[type[Table], pl.DataFrame]:
        """The tables by declaration."""
        return {
            j.RecommenderQuality: self.quality,
            j.CustomerTargets: self.targets,
            j.RerankerImportance: self.importance,
            j.RecommendationStability: self.stability,
            j.PriceSanity: self.price_sanity,
        }

    def headline(self) -> dict[str, float]:
        """The re-ranker's figures on the test window that people ask for first."""
        rows = self.quality.filter(
            (pl.col("window") == "test") & (pl.col("scorer") == RERANKER) & (pl.col("segment_kind") == "all")
        )
        wanted = (PRECISION, HIT_RATE, LIFT, AUC_UNIFORM, PRECISION_UNIFORM, LOST_UNIFORM)
        return {name: value for name, value in rows.select("measure", "value").iter_rows() if name in wanted and value is not None}

    @property
    def latest_feature_at(self) -> dt.date:
        """Day of the latest event that features of the test window rest on."""
        return as_date(self.judgement.latest_feature_day)


def whole_judgement(fitted: Fitted, windows: Plan, warehouse: Warehouse, *, min_users: int) -> WholeJudgement:
    """Judge everything.

    Parameters
    ----------
    fitted
        The log, and models by cut.
    windows
        The windows.
    warehouse
        For what items and users were like before the test window.
    min_users
        Fewest users that a pair of items rests on.
    """
    judged = judge(fitted, windows)
    as_of, seed = fitted.log.end, fitted.seed
    rows = [
        Row(RERANKER, Measured(LATEST_FEATURE, _days_before(judged), None, None, len(judged.test.users))),
    ]
    chosen = [Row(RERANKER, Measured(DIVERSITY, judged.diversity, None, None, len(judged.validation.users)))]
    quality = pl.concat(
        [
            judged.quality,
            cold_rows_of(fitted, windows, warehouse, min_users=min_users),
            rows_frame(rows, name="test", window=windows.test, as_of=as_of),
            rows_frame(chosen, name="validation", window=windows.validation, as_of=as_of),
        ]
    )
    reranker = judged.test.reranker
    return WholeJudgement(
        judged,
        quality,
        customer_targets(quality, as_of),
        importance(judged.validation, seed=seed),
        stability(fitted, windows, judged.test.users, reranker, diversity=judged.diversity, seed=seed),
        price_sanity(fitted, windows.test.start, reranker, diversity=judged.diversity, seed=seed),
    )


def _days_before(judged: Judgement) -> float:
    return judged.test_start_day - judged.latest_feature_day


def cold_rows_of(fitted: Fitted, windows: Plan, warehouse: Warehouse, *, min_users: int) -> pl.DataFrame:
    """New people and new goods of the test window, with the model that would have been published at its beginning."""
    cut = windows.test.start
    known = fitted.known(cut)
    with warehouse.read() as connection:
        items = item_features(connection, cut)
        users = user_features(connection, items, cut)
    by_code = items_by_code(items, known.history)
    learnt = fit_hybrid(known.history, items, users, fitted.parameters, seed=fitted.seed)
    allowed = allowed_items(by_code)
    similar = similar_to_items(
        known.history,
        page_neighbours(known),
        feature_vectors(by_code, learnt),
        by_code,
        allowed=allowed,
        min_users=min_users,
        k=ITEMS_ON_A_PAGE,
    )
    popular = popular_items(known.history, by_code, allowed=allowed, min_users=min_users)
    factors = published_factors(
        known.history, learnt, by_code, similar=similar, popular=popular, allowed=allowed, version=f"as of {cut}"
    )
    rows = cold_rows(known.history, fitted.log.between(windows.test.start, windows.test.end), factors, learnt, by_code)
    return rows_frame(rows, name="test", window=windows.test, as_of=fitted.log.end)
