"""An approved clustering as a model: everything that is needed to say which cluster a store belongs to, as arrays.

A model is fitted once, when it is approved, and never changes; later quarters and new stores are scored with it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from vitrina.stores.choosing_k import Labels, Points
from vitrina.stores.clustering import Clustering
from vitrina.stores.drift import Bins, feature_drift, learn_bins
from vitrina.stores.features import AGE, years_between
from vitrina.stores.model_tables import ClusterModels
from vitrina.stores.nearest_store import nearest_others
from vitrina.stores.preparation import Flags, Preparation
from vitrina.stores.scenario import Scenario

REASONS = 3
"""Features that are named as the reason for a cluster."""

FARTHEST = 1e100
"""A delivered value may be so large that its square is infinite; beyond so many deviations all are equally far."""

_PER_FEATURE = ("medians", "logged", "lows", "highs", "means", "scales", "weights")

ASSIGNED = {
    "store_id": pl.String(),
    "scored_cluster": pl.Int64(),
    "distance": pl.Float64(),
    "next_cluster": pl.Int64(),
    "next_distance": pl.Float64(),
    "margin": pl.Float64(),
    "nearest_store_id": pl.String(),
    "imputed": pl.String(),
    "reason": pl.String(),
}


@dataclass(frozen=True, eq=False)
class ClusterModel:
    """One version of the approved clusters.

    Attributes
    ----------
    version
        From 1, in the order of approval.
    decision_id
        The decision that approved it.
    quarter
        First day of the quarter that it was fitted on; it is in force from then on.
    scenario
        The request.
    fingerprint
        Hash of the clusters that were approved.
    features
        Names, in the order of the arrays.
    preparation
        From values to prepared features.
    directions
        From prepared features to components, shape (features, components).
    centroids
        Means of the clusters in component space, shape (clusters, components).
    sizes
        Stores per cluster when it was fitted, shape (clusters,).
    bins
        How each feature's values were spread then.
    share_reassigned
        Share of the fitted stores whose nearest centroid is another than that of their cluster; ``None`` for a version that
        was fitted before this was measured.
    """

    version: int
    decision_id: str
    quarter: dt.date
    scenario: Scenario
    fingerprint: str
    features: tuple[str, ...]
    preparation: Preparation
    directions: Points
    centroids: Points
    sizes: Labels
    bins: tuple[Bins, ...]
    share_reassigned: float | None = None

    @property
    def n_clusters(self) -> int:
        """Number of clusters."""
        return int(self.sizes.size)

    def values(self, stores: pl.DataFrame) -> Points:
        """The model's features, shape (stores, features), NaN where a value or a whole column is missing or not finite."""
        columns = [
            stores.get_column(name).cast(pl.Float64).to_numpy() if name in stores.columns else np.full(stores.height, np.nan)
            for name in self.features
        ]
        values: Points = np.column_stack(columns)
        return np.where(np.isfinite(values), values, np.nan)

    def points(self, stores: pl.DataFrame) -> Points:
        """Rows of `StoreFeatures` in component space, shape (stores, components)."""
        points: Points = self._prepared(self.values(stores)) @ self.directions
        return points

    def assign(self, stores: pl.DataFrame) -> pl.DataFrame:
        """Each store's nearest cluster, how sure that is, and why.

        Parameters
        ----------
        stores
            Rows of `StoreFeatures` of one quarter, each store once.

        Returns
        -------
        polars.DataFrame
            One row per store, in the order of `store_id`, with the columns of `ASSIGNED`; distances are in component
            space. ``reason`` names up to three features that make the store nearer to its cluster than to the next, the
            strongest first; it is empty where there is no next cluster.
        """
        from scipy.spatial.distance import cdist  # noqa: PLC0415  # loading the definitions need not pay for it

        ordered = stores.sort("store_id")
        if ordered.is_empty():
            return pl.DataFrame(schema=ASSIGNED)
        values = self.values(ordered)
        prepared = self._prepared(values)
        points = prepared @ self.directions
        distances = cdist(points, self.centroids)
        rows, has_next = np.arange(ordered.height), self.n_clusters > 1
        ranked = np.argsort(distances, axis=1, kind="stable")
        own, following = ranked[:, 0], ranked[:, 1 if has_next else 0]
        following_distance = pl.Series(distances[rows, following] if has_next else [None] * ordered.height, dtype=pl.Float64)
        others, store_ids = nearest_others(points), ordered.get_column("store_id")
        columns = {
            "store_id": store_ids,
            "scored_cluster": own + 1,
            "distance": distances[rows, own],
            "next_cluster": following + 1 if has_next else [None] * ordered.height,
            "next_distance": following_distance,
            "margin": following_distance - pl.Series(distances[rows, own]),
            "nearest_store_id": store_ids.gather(others) if ordered.height > 1 else [None],
            "imputed": self._named(np.isnan(values)),
            "reason": self._reasons(prepared, own, following, np.isnan(values)),
        }
        return pl.DataFrame(columns, schema=ASSIGNED)

    def contributions(self, prepared: Points, own: Labels, following: Labels) -> Points:
        """What each feature contributes to being nearer to one centroid than to another.

        With the centroids projected back to prepared features, (z - next)² - (z - own)² per feature; over all features it
        sums up to the difference of the squared distances in component space.

        Parameters
        ----------
        prepared
            Shape (stores, features).
        own, following
            Row of `centroids` per store, shape (stores,).

        Returns
        -------
        numpy.ndarray
            Shape (stores, features); above 0 where the feature speaks for the own cluster.
        """
        centres = self.centroids @ self.directions.T
        contributed: Points = (prepared - centres[following]) ** 2 - (prepared - centres[own]) ** 2
        return contributed

    def drift(self, stores: pl.DataFrame, quarter: dt.date) -> pl.DataFrame:
        """How far the features of a quarter's stores, at least one, have moved since the fit: see `feature_drift`.

        Ages are compared as of the quarter of the fit: that every store grows older is no drift, other stores are.
        """
        values = self.values(stores)
        if AGE in self.features:
            values[:, self.features.index(AGE)] -= years_between(self.quarter, quarter)
        return feature_drift(values, self.features, self.bins)

    def to_row(self, *, withdrawn: bool = False) -> pl.DataFrame:
        """The row of `ClusterModels`; whether it is withdrawn is no part of the model, and `from_row` does not read it."""
        row = {
            "version": self.version,
            "decision_id": self.decision_id,
            "quarter": self.quarter,
            "scenario_id": self.scenario.identifier,
            "scenario": self.scenario.to_json(),
            "fingerprint": self.fingerprint,
            "fitted_stores": int(self.sizes.sum()),
            "n_clusters": self.n_clusters,
            "withdrawn": withdrawn,
            "share_reassigned": self.share_reassigned,
            "features": list(self.features),
            **{name: getattr(self.preparation, name).tolist() for name in _PER_FEATURE},
            "directions": self.directions.ravel().tolist(),
            "centroids": self.centroids.ravel().tolist(),
            "sizes": self.sizes.tolist(),
            "bin_edges": [edge for bins in self.bins for edge in bins.edges.tolist()],
            "bin_shares": [share for bins in self.bins for share in bins.shares.tolist()],
            "n_bins": [int(bins.shares.size) for bins in self.bins],
        }
        return ClusterModels.check(pl.DataFrame([row], schema=ClusterModels.polars_schema()))

    def is_same_fit(self, other: ClusterModel) -> bool:
        """Whether the other version is the same request, fitted on the same quarter with the same result."""
        own, others = (model.to_row().drop("version", "decision_id", "share_reassigned") for model in (self, other))
        return own.equals(others)

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> ClusterModel:
        """A model from a row of `ClusterModels`, as ``iter_rows(named=True)`` gives it.

        Raises
        ------
        ScenarioError
            The request in the row cannot be read.
        """
        features = tuple(row["features"])
        preparation = {name: np.array(row[name], dtype=bool if name == "logged" else float) for name in _PER_FEATURE}
        return cls(
            version=row["version"],
            decision_id=row["decision_id"],
            quarter=row["quarter"],
            scenario=Scenario.from_json(row["scenario"]),
            fingerprint=row["fingerprint"],
            features=features,
            preparation=Preparation(**preparation),
            directions=np.array(row["directions"]).reshape(len(features), -1),
            centroids=np.array(row["centroids"]).reshape(row["n_clusters"], -1),
            sizes=np.array(row["sizes"], dtype=np.int64),
            bins=_bins(row["bin_edges"], row["bin_shares"], row["n_bins"]),
            share_reassigned=row.get("share_reassigned"),
        )

    def _prepared(self, values: Points) -> Points:
        prepared: Points = np.clip(self.preparation.apply(values), -FARTHEST, FARTHEST)
        return prepared

    def _named(self, flags: Flags) -> list[str]:
        """The flagged features of each row, separated by commas: few patterns repeat, so each is put into words once."""
        keys = [row.tobytes() for row in flags]
        texts = {
            key: ", ".join(name for name, flag in zip(self.features, np.frombuffer(key, dtype=np.bool_), strict=True) if flag)
            for key in set(keys)
        }
        return [texts[key] for key in keys]

    def _reasons(self, prepared: Points, own: Labels, following: Labels, imputed: Flags) -> list[str]:
        # a median that stands in for a missing value speaks for nothing
        contributed = np.where(imputed, 0.0, self.contributions(prepared, own, following))
        strongest = np.argsort(-contributed, axis=1, kind="stable")[:, :REASONS]
        speaking = np.take_along_axis(contributed, strongest, axis=1) > 0
        return [
            ", ".join(self.features[place] for place, speaks in zip(places, flags, strict=True) if speaks)
            for places, flags in zip(strongest.tolist(), speaking.tolist(), strict=True)
        ]


def fit_model(clustering: Clustering, *, version: int, decision_id: str) -> ClusterModel:
    """The model that scores stores as a clustering grouped them.

    Parameters
    ----------
    clustering
        What was approved.
    version
        Number that the model gets.
    decision_id
        The decision that approved it.
    """
    from scipy.spatial.distance import cdist  # noqa: PLC0415  # loading the definitions need not pay for it

    points, labels = clustering.components.points, clustering.labels
    centroids = np.stack([points[labels == cluster].mean(axis=0) for cluster in range(1, clustering.n_clusters + 1)])
    values = clustering.stores.select(clustering.features).cast(pl.Float64).to_numpy()
    return ClusterModel(
        version=version,
        decision_id=decision_id,
        quarter=clustering.quarter,
        scenario=clustering.scenario,
        fingerprint=clustering.fingerprint,
        features=tuple(clustering.features),
        preparation=clustering.preparation,
        directions=clustering.components.directions,
        centroids=centroids,
        sizes=np.bincount(labels, minlength=clustering.n_clusters + 1)[1:],
        bins=tuple(learn_bins(values[:, place]) for place in range(values.shape[1])),
        share_reassigned=float((cdist(points, centroids).argmin(axis=1) + 1 != labels).mean()),
    )


def _bins(edges: Sequence[float], shares: Sequence[float], n_bins: Sequence[int]) -> tuple[Bins, ...]:
    ends = np.cumsum(n_bins)
    parts = np.split(np.array(shares, dtype=float), ends[:-1])
    inner = np.split(np.array(edges, dtype=float), (ends - np.arange(1, len(n_bins) + 1))[:-1])
    return tuple(Bins(edges=own_edges, shares=own_shares) for own_edges, own_shares in zip(inner, parts, strict=True))
