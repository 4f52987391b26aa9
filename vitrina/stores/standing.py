"""What people decided, folded into what holds now: approved models, names of clusters, stores moved by hand.

Decisions are data: each is applied in the order in which it was made, or refused with the reason; none stops the rest.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from vitrina.array_cache import NO_CACHE, ArrayCache
from vitrina.stores.approved_model import ClusterModel
from vitrina.stores.decisions import Decision
from vitrina.stores.folding import Fold
from vitrina.stores.scenario import Scenario


@dataclass(frozen=True, eq=False)
class Standing:
    """What holds after all decisions.

    Attributes
    ----------
    decisions
        Rows of `ClusterDecisions`, in the order in which they were made.
    models
        Rows of `ClusterModels`: every version that was ever approved, withdrawn ones included.
    names
        Version and cluster → the cluster's name.
    moves
        Version and store → the cluster that a person put it into.
    in_order
        The models that are not withdrawn, by rising version.
    """

    decisions: pl.DataFrame
    models: pl.DataFrame
    names: Mapping[tuple[int, int], str]
    moves: Mapping[tuple[int, str], int]
    in_order: tuple[ClusterModel, ...]

    def model_of(self, quarter: dt.date) -> ClusterModel | None:
        """The model in force for a quarter: of the versions fitted on it or before, and not withdrawn, the highest."""
        return next((model for model in reversed(self.in_order) if model.quarter <= quarter), None)

    def names_of(self, version: int) -> dict[int, str]:
        """Cluster → name, of one version."""
        return {cluster: name for (of_version, cluster), name in self.names.items() if of_version == version}

    def moves_of(self, version: int) -> dict[str, int]:
        """Store → cluster, of one version."""
        return {store: cluster for (of_version, store), cluster in self.moves.items() if of_version == version}

    @property
    def request(self) -> Scenario | None:
        """The request of the newest version that is not withdrawn: what a new quarter is asked."""
        return approved_request(self.models)


def fold_decisions(
    decisions: pl.DataFrame, features: pl.DataFrame, catalogue: pl.DataFrame, stored: pl.DataFrame, cache: ArrayCache = NO_CACHE
) -> Standing:
    """Apply decisions in the order in which they were made.

    Parameters
    ----------
    decisions
        One row per decision, with the attributes of `Decision` as columns; further columns are not looked at.
    features
        Rows of `StoreFeatures` of all quarters and windows.
    catalogue
        Rows of `FeatureCatalogue` of the same.
    stored
        Rows of `ClusterModels` so far. A version that is stored is never fitted anew and its number never given again;
        it stays even where its decision is no longer delivered.
    cache
        Where trees are kept.

    Raises
    ------
    ScenarioError
        A stored version holds a request that cannot be read.
    """
    # of a decision that was delivered twice, the earlier counts
    in_order = decisions.sort("made_at", "decision_id").unique("decision_id", keep="first", maintain_order=True)
    made = [Decision.from_row(row) for row in in_order.iter_rows(named=True)]
    stored_models = [ClusterModel.from_row(row) for row in stored.sort("version").iter_rows(named=True)]
    fold = Fold(features, catalogue, stored_models, {decision.decision_id for decision in made}, cache)
    for decision in made:
        fold.apply(decision)
    return Standing(
        decisions=fold.decisions(),
        models=fold.models(),
        names=fold.names,
        moves=fold.moves,
        in_order=fold.in_order(),
    )


def approved_request(models: pl.DataFrame) -> Scenario | None:
    """The request of the newest version that is not withdrawn: what a new quarter is asked; ``None`` where there is none.

    Parameters
    ----------
    models
        Rows of `ClusterModels`.

    Raises
    ------
    ScenarioError
        The request cannot be read.
    """
    standing = models.filter(~pl.col("withdrawn").fill_null(value=False)).sort("version")
    return None if standing.is_empty() else Scenario.from_json(standing.item(-1, "scenario"))
