"""Every quarter scored by the model in force, beside the quarter's own clustering: what moved, what drifted, what continues."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import polars as pl

from vitrina.stores.approved_model import ClusterModel
from vitrina.stores.drift import ABSENT_BAND, DRIFTED_BAND
from vitrina.stores.matching import adjusted_rand, carried_names, match_clusters, share_moved
from vitrina.stores.measures import silhouettes
from vitrina.stores.model_tables import ClusterMatches, ModelAssignments, ModelComparison, ModelDrift
from vitrina.stores.quarters import add_months
from vitrina.stores.selection import eligible_stores
from vitrina.stores.standing import Standing

MOST_MEASURED = 2_000
"""Stores that a silhouette is measured on at most: it takes quadratic time, and a mean of 2,000 is steady enough."""

APPROVED_MODEL, QUARTER_BEFORE, NOTHING = "approved model", "quarter before", "nothing"

_Days = Mapping[dt.date, pl.DataFrame]


@dataclass(frozen=True, eq=False)
class OverTime:
    """Clusters over all quarters that have features.

    Attributes
    ----------
    assignments
        Rows of `ModelAssignments`.
    drift
        Rows of `ModelDrift`.
    comparison
        Rows of `ModelComparison`.
    matches
        Rows of `ClusterMatches`.
    """

    assignments: pl.DataFrame
    drift: pl.DataFrame
    comparison: pl.DataFrame
    matches: pl.DataFrame


def over_time(features: pl.DataFrame, fresh: pl.DataFrame, standing: Standing) -> OverTime:
    """Score every quarter with the model in force, and compare it with the quarter's own clustering.

    Parameters
    ----------
    features
        Rows of `StoreFeatures` of all quarters and windows.
    fresh
        Rows of `ClusterAssignments`: each quarter's own clustering, the challenger.
    standing
        What people decided.
    """
    scorer = _Scorer(features, standing)
    challengers = _by_quarter(fresh)
    scored = {quarter: scorer.quarter(quarter) for quarter in scorer.quarters}
    quarters = {quarter: found for quarter, found in scored.items() if found is not None}
    return OverTime(
        assignments=_checked(ModelAssignments, [_assignments(found, standing) for found in quarters.values()]),
        drift=_checked(ModelDrift, [_drift(found) for found in quarters.values()]),
        comparison=_checked(ModelComparison, [_comparison(found, challengers) for found in quarters.values()]),
        matches=_checked(ClusterMatches, _matches(challengers, quarters, standing)),
    )


@dataclass(frozen=True, eq=False)
class _Quarter:
    """One quarter as its model in force sees it.

    Attributes
    ----------
    model
        The model in force.
    stores
        The stores that it scored.
    assigned
        What it said of them, with ``quarter``, ``cluster``, ``moved_by_hand`` and ``is_new``.
    before
        What it says of the stores a quarter before; without rows where that quarter has none.
    """

    model: ClusterModel
    stores: pl.DataFrame
    assigned: pl.DataFrame
    before: pl.DataFrame

    @cached_property
    def drift(self) -> pl.DataFrame:
        return self.model.drift(self.stores, self.day)

    @property
    def day(self) -> dt.date:
        day: dt.date = self.assigned.item(0, "quarter")
        return day


@dataclass(eq=False)
class _Scorer:
    """Scores quarters with models, each pair once."""

    features: pl.DataFrame
    standing: Standing
    _rows: dict[tuple[dt.date, int], pl.DataFrame] = field(init=False)
    _first: pl.DataFrame = field(init=False)
    _scored: dict[tuple[dt.date, int], pl.DataFrame] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        parts = self.features.partition_by("quarter", "window_quarters", as_dict=True)
        self._rows = {(quarter, window): rows for (quarter, window), rows in parts.items()}
        self._first = self.features.group_by("store_id").agg(pl.col("quarter").min().alias("first_quarter"))

    @property
    def quarters(self) -> list[dt.date]:
        """Quarters that have features, in order."""
        return sorted({quarter for quarter, _ in self._rows})

    def quarter(self, quarter: dt.date) -> _Quarter | None:
        """A quarter as its model in force sees it; ``None`` where none is in force or no store is meant."""
        model = self.standing.model_of(quarter)
        if model is None or (assigned := self._score(quarter, model)).is_empty():
            return None
        return _Quarter(model, self._eligible(quarter, model), assigned, self._score(add_months(quarter, -3), model))

    def _eligible(self, quarter: dt.date, model: ClusterModel) -> pl.DataFrame:
        rows = self._rows.get((quarter, model.scenario.window_quarters))
        return eligible_stores(self.features.clear() if rows is None else rows, model.scenario)

    def _score(self, quarter: dt.date, model: ClusterModel) -> pl.DataFrame:
        if (quarter, model.version) not in self._scored:
            moves = self.standing.moves_of(model.version)
            by_hand = pl.DataFrame(
                {"store_id": list(moves), "to": list(moves.values())}, schema={"store_id": pl.String, "to": pl.Int64}
            )
            self._scored[quarter, model.version] = (
                model.assign(self._eligible(quarter, model))
                .join(by_hand, on="store_id", how="left", maintain_order="left")
                .join(self._first, on="store_id", how="left", maintain_order="left")
                .with_columns(
                    pl.lit(quarter).alias("quarter"),
                    pl.coalesce("to", "scored_cluster").alias("cluster"),
                    pl.col("to").is_not_null().alias("moved_by_hand"),
                    (pl.col("first_quarter") == quarter).alias("is_new"),
                )
                .drop("to", "first_quarter")
            )
        return self._scored[quarter, model.version]


def _assignments(found: _Quarter, standing: Standing) -> pl.DataFrame:
    names = standing.names_of(found.model.version)
    before = found.before.select("store_id", pl.col("cluster").alias("previous_cluster"))
    return found.assigned.join(before, on="store_id", how="left", maintain_order="left").with_columns(
        pl.lit(found.model.version, dtype=pl.Int64).alias("version"),
        pl.col("cluster").replace_strict(names, default="", return_dtype=pl.String).alias("name")
        if names
        else pl.lit("").alias("name"),
    )


def _drift(found: _Quarter) -> pl.DataFrame:
    return found.drift.with_columns(
        pl.lit(found.day).alias("quarter"), pl.lit(found.model.version, dtype=pl.Int64).alias("version")
    )


def _comparison(found: _Quarter, challengers: _Days) -> pl.DataFrame:
    fresh, fresh_before = challengers.get(found.day), challengers.get(add_months(found.day, -3))
    worst_first = found.drift.filter(pl.col("band").is_in([DRIFTED_BAND, ABSENT_BAND])).sort(
        "psi", descending=True, nulls_last=False, maintain_order=True
    )
    row = {
        "quarter": found.day,
        "version": found.model.version,
        "n_stores": found.assigned.height,
        "ari_to_previous": adjusted_rand(found.assigned, found.before),
        "share_moved": share_moved(found.assigned, found.before),
        "ari_to_fresh": adjusted_rand(found.assigned, fresh) if fresh is not None else None,
        "ari_of_fresh": _steadiness_of_fresh(fresh, fresh_before),
        "same_request": _requests(fresh) == {found.model.scenario.identifier} if fresh is not None else None,
        "share_reassigned": found.model.share_reassigned,
        "silhouette": _mean_silhouette(found),
        "silhouette_of_fresh": fresh.get_column("silhouette").mean() if fresh is not None else None,
        "largest_psi": found.drift.get_column("psi").max(),
        "drifted": worst_first.get_column("feature").to_list(),
        "n_new": int(found.assigned.get_column("is_new").sum()),
        "n_gone": found.before.join(found.assigned, on="store_id", how="anti").height,
    }
    return pl.DataFrame([row], schema=ModelComparison.polars_schema())


def _steadiness_of_fresh(fresh: pl.DataFrame | None, before: pl.DataFrame | None) -> float | None:
    # answers to different requests differ, however steady the stores are
    if fresh is None or before is None or _requests(fresh) != _requests(before):
        return None
    return adjusted_rand(fresh, before)


def _requests(fresh: pl.DataFrame) -> set[str]:
    return set(fresh.get_column("scenario_id"))


def _mean_silhouette(found: _Quarter) -> float | None:
    """Mean silhouette of the stores, evenly chosen by their order where there are many; ``None`` where it is not defined."""
    n = found.assigned.height
    chosen = np.unique(np.linspace(0, n - 1, min(n, MOST_MEASURED)).round().astype(np.int64))
    _, labels = np.unique(found.assigned.get_column("cluster").to_numpy()[chosen], return_inverse=True)
    n_clusters = int(labels.max()) + 1
    if not 1 < n_clusters < chosen.size:
        return None
    return float(silhouettes(found.model.points(found.stores)[chosen], {n_clusters: labels})[n_clusters].mean())


def _matches(challengers: _Days, quarters: Mapping[dt.date, _Quarter], standing: Standing) -> list[pl.DataFrame]:
    """What each quarter's own clusters continue, in the order of the quarters: names are handed on from one to the next."""
    rows: list[pl.DataFrame] = []
    inherited: dict[dt.date, dict[int, str]] = {}
    for quarter, fresh in sorted(challengers.items()):
        before = add_months(quarter, -3)
        # one row per cluster, in order, like any other matching of these clusters
        own = match_clusters(fresh, challengers.get(before, fresh.clear()))
        if quarter in quarters:
            found = quarters[quarter]
            continues, names = APPROVED_MODEL, standing.names_of(found.model.version)
            matches = match_clusters(fresh, found.assigned)
        elif before in challengers:
            continues, matches, names = QUARTER_BEFORE, own, inherited[before]
        else:
            continues, matches, names = NOTHING, own, {}
        inherited[quarter] = carried_names(matches, names)
        with_previous = matches.with_columns(own.get_column("matched_cluster").alias("previous_cluster"))
        rows.append(_with_names(with_previous, quarter, continues, inherited[quarter]))
    return rows


def _with_names(matches: pl.DataFrame, quarter: dt.date, continues: str, names: Mapping[int, str]) -> pl.DataFrame:
    return matches.with_columns(
        pl.lit(quarter).alias("quarter"),
        pl.when(pl.col("matched_cluster").is_null()).then(pl.lit(NOTHING)).otherwise(pl.lit(continues)).alias("continues"),
        pl.Series("name", [names.get(cluster, "") for cluster in matches.get_column("cluster")], dtype=pl.String),
    )


def _by_quarter(frame: pl.DataFrame) -> dict[dt.date, pl.DataFrame]:
    return {quarter: rows for (quarter,), rows in frame.partition_by("quarter", as_dict=True).items()}


def _checked(
    table: type[ModelAssignments | ModelDrift | ModelComparison | ClusterMatches], parts: list[pl.DataFrame]
) -> pl.DataFrame:
    empty = table.empty()
    return table.check(pl.concat([empty, *(part.select(empty.columns) for part in parts)]))
