"""Had a request been approved in the past: how steady its clusters would have been since, beside clustering anew."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import polars as pl

from vitrina.array_cache import NO_CACHE, ArrayCache
from vitrina.stores.approved_model import ClusterModel, fit_model
from vitrina.stores.clustering import Clustering, cluster_stores
from vitrina.stores.matching import adjusted_rand, share_moved
from vitrina.stores.quarters import add_months
from vitrina.stores.scenario import Scenario
from vitrina.stores.selection import eligible_stores

SCHEMA = {
    "quarter": pl.Date(),
    "n_common": pl.Int64(),
    "ari": pl.Float64(),
    "share_moved": pl.Float64(),
    "ari_of_challenger": pl.Float64(),
}


def backtest(  # noqa: PLR0913  # what was known, what is asked, and when
    features: pl.DataFrame,
    catalogue: pl.DataFrame,
    scenario: Scenario,
    *,
    fitted_on: dt.date,
    quarters: Sequence[dt.date],
    cache: ArrayCache = NO_CACHE,
) -> pl.DataFrame:
    """Fit a request on one quarter, score other quarters with it, and compare each with the quarter before.

    The model is frozen, so part of its steadiness is mechanical; ``ari_of_challenger`` is that of clustering each quarter
    anew, with as many clusters as the request gives.

    Parameters
    ----------
    features, catalogue
        Rows of `StoreFeatures` and `FeatureCatalogue` of these quarters and of the quarter before each.
    scenario
        The request.
    fitted_on
        First day of the quarter to fit on.
    quarters
        First days of the quarters to compare.
    cache
        Where trees are kept.

    Returns
    -------
    polars.DataFrame
        One row per quarter: ``n_common`` stores of it and the quarter before, the adjusted Rand index ``ari`` of their
        clusters by the model, ``share_moved``, and ``ari_of_challenger``.

    Raises
    ------
    ScenarioError
        The request cannot be answered in one of the quarters.
    """

    def clustered(quarter: dt.date) -> Clustering:
        return cluster_stores(_of(features, quarter), _of(catalogue, quarter), scenario, cache)

    model = fit_model(clustered(fitted_on), version=1, decision_id="backtest")
    needed = sorted({day for quarter in quarters for day in (add_months(quarter, -3), quarter)})
    scored = {day: _scored(model, _of(features, day)) for day in needed}
    anew = {day: _clusters(clustered(day)) for day in needed}
    pairs = [(quarter, add_months(quarter, -3)) for quarter in quarters]
    rows = [
        {
            "quarter": quarter,
            "n_common": scored[quarter].join(scored[before], on="store_id", how="semi").height,
            "ari": adjusted_rand(scored[quarter], scored[before]),
            "share_moved": share_moved(scored[quarter], scored[before]),
            "ari_of_challenger": adjusted_rand(anew[quarter], anew[before]),
        }
        for quarter, before in pairs
    ]
    return pl.DataFrame(rows, schema=SCHEMA)


def _of(frame: pl.DataFrame, quarter: dt.date) -> pl.DataFrame:
    return frame.filter(pl.col("quarter") == quarter)


def _scored(model: ClusterModel, features: pl.DataFrame) -> pl.DataFrame:
    of_window = features.filter(pl.col("window_quarters") == model.scenario.window_quarters)
    return model.assign(eligible_stores(of_window, model.scenario)).rename({"scored_cluster": "cluster"})


def _clusters(clustering: Clustering) -> pl.DataFrame:
    return clustering.stores.select("store_id").with_columns(pl.Series("cluster", clustering.labels))
