"""The rules by which decisions are applied, one after the other, or refused."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

import polars as pl

from vitrina.array_cache import ArrayCache
from vitrina.errors import ScenarioError, VitrinaError
from vitrina.stores.approved_model import ClusterModel, fit_model
from vitrina.stores.clustering import cluster_stores
from vitrina.stores.decisions import (
    APPROVE,
    IN_FORCE,
    MOVE,
    RECORDED,
    REFUSED,
    REJECT,
    RENAME,
    SUPERSEDED,
    Decision,
    Judgements,
)
from vitrina.stores.matching import carried_names, match_clusters
from vitrina.stores.model_tables import ClusterModels
from vitrina.stores.scenario import Scenario
from vitrina.stores.selection import eligible_stores


class Fold:
    """What holds after the decisions that were applied so far.

    Parameters
    ----------
    features, catalogue
        Rows of `StoreFeatures` and `FeatureCatalogue` of all quarters and windows.
    stored
        Models that were approved before, by rising version.
    delivered
        Identifiers of all decisions that will be applied: a stored model of another one holds from the start.
    cache
        Where trees are kept.
    """

    def __init__(
        self, features: pl.DataFrame, catalogue: pl.DataFrame, stored: list[ClusterModel], delivered: set[str], cache: ArrayCache
    ) -> None:
        self._features, self._catalogue, self._cache = features, catalogue, cache
        self._store_ids = set(features.get_column("store_id").unique())
        self._stored = {model.decision_id: model for model in stored}
        self._approved = {model.version: model for model in stored if model.decision_id not in delivered}
        self._newest = max((model.version for model in stored), default=0)
        # in the order of approval, which need not be that of their numbers
        self._standing = sorted(self._approved)
        self._approvals: dict[int, str] = {}
        self._names: dict[tuple[int, int], tuple[str, str]] = {}
        self._moves: dict[tuple[int, str], tuple[int | None, str]] = {}
        self._moved_before: dict[int, frozenset[str]] = {}
        self._judgements = Judgements()

    def apply(self, decision: Decision) -> None:
        """Apply one decision, or refuse it and say why."""
        handlers = {APPROVE: self._approve, REJECT: self._reject, RENAME: self._rename, MOVE: self._move}
        try:
            handlers[decision.kind](decision)
        except VitrinaError as error:
            self._judgements.record(decision, REFUSED, str(error))

    @property
    def names(self) -> dict[tuple[int, int], str]:
        """Version and cluster → name."""
        return {place: name for place, (name, _) in self._names.items()}

    @property
    def moves(self) -> dict[tuple[int, str], int]:
        """Version and store → cluster, without the moves that were taken back."""
        return {place: cluster for place, (cluster, _) in self._moves.items() if cluster is not None}

    def models(self) -> pl.DataFrame:
        """Rows of `ClusterModels`: every version, by rising number."""
        rows = (model.to_row(withdrawn=version not in self._standing) for version, model in sorted(self._approved.items()))
        return pl.concat([ClusterModels.empty(), *rows])

    def in_order(self) -> tuple[ClusterModel, ...]:
        """The versions that are not withdrawn, by rising number."""
        return tuple(self._approved[version] for version in sorted(self._standing))

    def decisions(self) -> pl.DataFrame:
        """Rows of `ClusterDecisions`; of the versions that stand, all but the newest are superseded, and the moves with them."""
        for older, newer in pairwise(self.in_order()):
            if older.version in self._approvals:
                note = f"Version {newer.version} is in force from {newer.quarter} on."
                self._judgements.change(self._approvals[older.version], SUPERSEDED, note)
            for move in self._left_behind(older.version, newer.version):
                note = f"Version {newer.version} was approved later; decide again about the store."
                self._judgements.change(move, SUPERSEDED, note)
        return self._judgements.rows()

    def _left_behind(self, version: int, newer: int) -> list[str]:
        """Decisions that moved a store of a version, without those that were made in the knowledge of a newer one."""
        moves = [move for (of_version, _), (cluster, move) in self._moves.items() if of_version == version and cluster is not None]
        # of a version whose approval is no longer delivered it is not known what was decided before it
        return [move for move in moves if newer not in self._moved_before or move in self._moved_before[newer]]

    def _approve(self, decision: Decision) -> None:
        model = self._stored.get(decision.decision_id) or self._fit(decision)
        self._newest = max(self._newest, model.version)
        self._names |= {(model.version, cluster): (name, "") for cluster, name in self._inherited(model).items()}
        self._approved[model.version] = model
        self._standing.append(model.version)
        self._approvals[model.version] = decision.decision_id
        self._moved_before[model.version] = frozenset(move for _, move in self._moves.values())
        self._judgements.record(decision, IN_FORCE, version=model.version)

    def _fit(self, decision: Decision) -> ClusterModel:
        if decision.scenario is None:
            raise ScenarioError("The approval holds no request.", "Approve the clusters again, with the request that made them.")
        self._refuse_overtaken()
        scenario = Scenario.from_json(decision.scenario)
        features, catalogue = (frame.filter(pl.col("quarter") == decision.quarter) for frame in (self._features, self._catalogue))
        if features.is_empty():
            quarters = ", ".join(map(str, self._features.get_column("quarter").unique().sort())) or "none"
            raise ScenarioError(
                f"There are no features of {decision.quarter}.",
                f"Approve clusters of a quarter that has features: {quarters}; or deliver its sales.",
            )
        clustering = cluster_stores(features, catalogue, scenario, self._cache)
        if decision.fingerprint is not None and decision.fingerprint != clustering.fingerprint:
            raise ScenarioError(
                f"The quarter {decision.quarter} has changed since: the clusters were {decision.fingerprint} and are now {clustering.fingerprint}.",
                "Look at the quarter's clusters as they are now, and approve them again.",
            )
        model = fit_model(clustering, version=self._newest + 1, decision_id=decision.decision_id)
        self._refuse_repeated(model)
        return model

    def _refuse_repeated(self, model: ClusterModel) -> None:
        """The same clusters once more would only leave behind what people decided about the version that stands."""
        last = self._approved[self._standing[-1]] if self._standing else None
        if last is not None and last.is_same_fit(model):
            raise ScenarioError(
                f"These clusters stand already as version {last.version}.",
                "Nothing need be approved; rename or move what should change.",
            )

    def _refuse_overtaken(self) -> None:
        """An approval that could not be applied in its time must not overtake, with a higher number, what was approved since."""
        since = [model.version for model in self._stored.values() if model.version not in self._approved]
        if since:
            raise ScenarioError(
                f"Version {min(since)} was approved after this was decided, and is already in use.",
                "If these clusters are still wanted, approve them again.",
            )

    def _inherited(self, model: ClusterModel) -> dict[int, str]:
        """Names that the version before gave, along the clusters that continue each other on the stores of the new fit."""
        before = self._approved[self._standing[-1]] if self._standing else None
        names = {cluster: name for (version, cluster), name in self.names.items() if before and version == before.version}
        if before is None or not names:
            return {}
        now, then = (_scored(each, self._features, model.quarter) for each in (model, before))
        return carried_names(match_clusters(now, then), names)

    def _reject(self, decision: Decision) -> None:
        if decision.version is None:
            self._judgements.record(decision, RECORDED)
            return
        version = self._version_of(decision)
        self._standing.remove(version)
        self._judgements.withdraw(version, f"Version {version} was withdrawn by decision {decision.decision_id}.")
        self._judgements.record(decision, IN_FORCE)

    def _rename(self, decision: Decision) -> None:
        version = self._version_of(decision)
        cluster = self._cluster_of(decision, version)
        name = " ".join((decision.name or "").split())
        if not name:
            raise ScenarioError("The new name is empty.", "Give the cluster a name.")
        taken = [
            other
            for (of_version, other), (known, _) in self._names.items()
            if (of_version, known.casefold()) == (version, name.casefold()) and other != cluster
        ]
        if taken:
            raise ScenarioError(
                f"Cluster {taken[0]} of version {version} already has the name {name}.",
                "Choose another name, or rename that cluster first.",
            )
        _, earlier = self._names.get((version, cluster), ("", ""))
        self._supersede(earlier, decision)
        self._names[version, cluster] = name, decision.decision_id
        self._judgements.record(decision, IN_FORCE, version=version)

    def _move(self, decision: Decision) -> None:
        version = self._version_of(decision)
        store = decision.store_id
        if store is None or store not in self._store_ids:
            raise ScenarioError(f"No quarter has a store {store}.", "Correct the identifier of the store.")
        cluster = self._cluster_of(decision, version) if decision.cluster is not None else None
        moved_to, earlier = self._moves.get((version, store), (None, ""))
        if cluster is None and moved_to is None:
            self._judgements.record(decision, RECORDED, "There was no move to take back.", version)
            return
        self._supersede(earlier, decision)
        self._moves[version, store] = cluster, decision.decision_id
        self._judgements.record(decision, IN_FORCE, version=version)

    def _supersede(self, earlier: str, decision: Decision) -> None:
        # a name that was inherited stems from no decision about this version
        if earlier:
            self._judgements.change(earlier, SUPERSEDED, f"Replaced by decision {decision.decision_id}.")

    def _version_of(self, decision: Decision) -> int:
        """The version that a decision names, or else the one that was last approved when it was made."""
        if decision.version is None:
            if not self._standing:
                raise ScenarioError("No clusters were approved when this was decided.", "Approve clusters first.")
            return self._standing[-1]
        if decision.version not in self._approved:
            known = ", ".join(map(str, sorted(self._approved))) or "none"
            raise ScenarioError(
                f"Version {decision.version} was not approved when this was decided.",
                f"Choose one of the approved versions: {known}.",
            )
        if decision.version not in self._standing:
            standing = ", ".join(map(str, sorted(self._standing))) or "none"
            raise ScenarioError(f"Version {decision.version} was withdrawn.", f"Choose a version that stands: {standing}.")
        return decision.version

    def _cluster_of(self, decision: Decision, version: int) -> int:
        n_clusters = self._approved[version].n_clusters
        if decision.cluster is None or not 1 <= decision.cluster <= n_clusters:
            raise ScenarioError(
                f"Version {version} has no cluster {decision.cluster}.", f"Choose a cluster from 1 to {n_clusters}."
            )
        return decision.cluster


def _scored(model: ClusterModel, features: pl.DataFrame, quarter: dt.date) -> pl.DataFrame:
    window = model.scenario.window_quarters
    rows = features.filter(pl.col("quarter") == quarter, pl.col("window_quarters") == window)
    return model.assign(eligible_stores(rows, model.scenario)).select("store_id", pl.col("scored_cluster").alias("cluster"))
