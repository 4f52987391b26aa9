"""Tables of clusters over time: approved models as arrays, what they say of every quarter, and what people decided."""

import datetime as dt
from typing import Annotated

import polars as pl

from vitrina.inbox.tables import MOMENT
from vitrina.tables import Table, column

NUMBERS = Annotated[pl.List, pl.Float64()]

REASSIGNED = (
    "Share of the stores it was fitted on whose nearest centroid is that of another cluster than the one approved: "
    "the tree forms clusters step by step, the model assigns by distance. Empty for a version that was fitted before this was measured."
)

KINDS = ("approve", "reject", "rename", "move")
OUTCOMES = ("in force", "superseded", "withdrawn", "recorded", "refused")


class ClusterDecisions(Table, product="stores", published=True):
    """One row per decision of a person, and what became of it."""

    decision_id: str = column("Identifier of the decision.", key=True)
    kind: str = column("What was decided.", isin=KINDS)
    made_at: MOMENT = column("When.")
    made_by: str = column("Who.", personal=True)
    reason: str = column("Why, in that person's words.")
    quarter: dt.date = column("First day of the quarter that it is about.")
    version: int = column("The approved model that it made or is about.", nullable=True, ge=1)
    cluster: int = column("The cluster that was renamed, or that the store was moved to.", nullable=True, ge=1)
    name: str = column("The cluster's new name.", nullable=True)
    store_id: str = column("The store that was moved.", nullable=True)
    outcome: str = column("What became of it.", isin=OUTCOMES)
    note: str = column("Why it was refused, or what replaced it; empty where there is nothing to say.")


class ClusterModels(Table, product="stores", published=True):
    """One row per approved model: everything that is needed to assign a store, as arrays.

    A version never changes, apart from being withdrawn.
    """

    version: int = column("Number of the version, from 1.", key=True, ge=1)
    decision_id: str = column("The decision that approved it.")
    quarter: dt.date = column("First day of the quarter that it was fitted on; it is in force from then on.")
    scenario_id: str = column("Hash of the request.")
    scenario: str = column("The request as JSON.")
    fingerprint: str = column("Hash of the clusters that were approved.")
    fitted_stores: int = column("Stores that it was fitted on.", unit="stores", ge=1)
    n_clusters: int = column("Number of clusters.", ge=1)
    withdrawn: bool = column("Whether a person has withdrawn it: then it is in force nowhere.", nullable=True)
    share_reassigned: float = column(REASSIGNED, unit="ratio", nullable=True, ge=0, le=1)
    features: Annotated[pl.List, pl.String()] = column("Features, in the order of the arrays.")
    medians: NUMBERS = column("What a missing value takes, per feature.")
    logged: Annotated[pl.List, pl.Boolean()] = column("Whether log(1 + x) is taken, per feature.")
    lows: NUMBERS = column("Values below are drawn up to it, per feature; minus infinity where none.")
    highs: NUMBERS = column("Values above are drawn down to it, per feature; infinity where none.")
    means: NUMBERS = column("Mean that is subtracted, per feature.")
    scales: NUMBERS = column("Standard deviation that is divided by, per feature.")
    weights: NUMBERS = column("Weight per feature; their mean is 1.")
    directions: NUMBERS = column("Principal directions, row by row: feature 1 to all components, feature 2, and so on.")
    centroids: NUMBERS = column("Centroids in component space, row by row: cluster 1, cluster 2, and so on.")
    sizes: Annotated[pl.List, pl.Int64()] = column("Stores per cluster when it was fitted.", unit="stores")
    bin_edges: NUMBERS = column("Inner edges of the bins for drift, feature by feature, one fewer than its bins.")
    bin_shares: NUMBERS = column("Share of the known values per bin when it was fitted, feature by feature.")
    n_bins: Annotated[pl.List, pl.Int64()] = column("Bins per feature: fewer than ten where stores are few or values equal.")


class ModelAssignments(Table, product="stores", published=True):
    """One row per quarter and store: the cluster that the approved model in force, and people, give it."""

    quarter: dt.date = column("First day of the quarter.", key=True)
    store_id: str = column("The retailer's own identifier of the store.", key=True)
    version: int = column("The approved model in force.", ge=1)
    cluster: int = column("The store's cluster, moves by hand included.", ge=1)
    scored_cluster: int = column("The nearest cluster, as the model says.", ge=1)
    name: str = column("Name of the cluster; empty until someone gives it one.")
    distance: float = column("Distance to the nearest centroid.", unit="standard deviations", ge=0)
    next_cluster: int = column("The next-nearest cluster.", nullable=True, ge=1)
    next_distance: float = column("Distance to its centroid.", unit="standard deviations", nullable=True, ge=0)
    margin: float = column("How much farther the next-nearest centroid is.", unit="standard deviations", nullable=True, ge=0)
    nearest_store_id: str = column("The store that is most alike in this quarter.", nullable=True)
    imputed: str = column("Features that were missing and took the model's median, separated by commas.")
    is_new: bool = column("Whether the store stands in no earlier quarter.")
    previous_cluster: int = column("The store's cluster a quarter before, by the same model.", nullable=True, ge=1)
    moved_by_hand: bool = column("Whether a person put it into its cluster.")
    reason: str = column("Features that speak most for the nearest cluster against the next-nearest, separated by commas.")


class ModelDrift(Table, product="stores", published=True):
    """One row per quarter and feature of the approved model in force: how far its values have moved since the fit."""

    quarter: dt.date = column("First day of the quarter.", key=True)
    feature: str = column("Column of `store_features`.", key=True)
    version: int = column("The approved model in force.", ge=1)
    psi: float = column("Population stability index against the quarter of the fit.", nullable=True, ge=0)
    band: str = column(
        "The index in words: stable below 0.10, moderate below 0.25, then drifted; absent where the quarter has no such feature.",
        isin=("stable", "moderate", "drifted", "absent"),
    )
    missing_share: float = column("Share of stores without a value.", unit="ratio", ge=0, le=1)


class ModelComparison(Table, product="stores", published=True):
    """One row per quarter with an approved model in force: champion and challenger on the same stores."""

    quarter: dt.date = column("First day of the quarter.", key=True)
    version: int = column("The approved model in force.", ge=1)
    n_stores: int = column("Stores that it scored.", unit="stores", ge=1)
    ari_to_previous: float = column(
        "Adjusted Rand index of its clusters with those a quarter before, over stores of both. Partly mechanical: the model is frozen.",
        nullable=True,
        ge=-1,
        le=1,
    )
    share_moved: float = column("Share of these stores that changed their cluster.", unit="ratio", nullable=True, ge=0, le=1)
    ari_to_fresh: float = column(
        "Adjusted Rand index with the quarter's own clustering, the challenger.", nullable=True, ge=-1, le=1
    )
    ari_of_fresh: float = column(
        "Adjusted Rand index of the challenger's clusters with the challenger's a quarter before; empty where these answer "
        "different requests.",
        nullable=True,
        ge=-1,
        le=1,
    )
    same_request: bool = column("Whether the challenger answers the approved request; empty where there is none.", nullable=True)
    share_reassigned: float = column(REASSIGNED, unit="ratio", nullable=True, ge=0, le=1)
    silhouette: float = column("Mean silhouette of its clusters in its own components.", nullable=True, ge=-1, le=1)
    silhouette_of_fresh: float = column("Mean silhouette of the challenger in its components.", nullable=True, ge=-1, le=1)
    largest_psi: float = column("Largest population stability index of a feature.", nullable=True, ge=0)
    drifted: Annotated[pl.List, pl.String()] = column("Features with an index of 0.25 or more, or absent, the worst first.")
    n_new: int = column("Stores that stand in no earlier quarter.", unit="stores", ge=0)
    n_gone: int = column("Stores of the quarter before that are no longer there.", unit="stores", ge=0)


class ClusterMatches(Table, product="stores", published=True):
    """One row per quarter and cluster of its own clustering: the cluster that it continues, and the name that it inherits."""

    quarter: dt.date = column("First day of the quarter.", key=True)
    cluster: int = column("Cluster of `cluster_assignments`.", key=True, ge=1)
    continues: str = column(
        "What it was matched with: the approved model's clusters of the quarter, or the clusters a quarter before.",
        isin=("approved model", "quarter before", "nothing"),
    )
    matched_cluster: int = column("The cluster that it shares most stores with, one to one.", nullable=True, ge=1)
    name: str = column("Name carried over; empty where there is none.")
    n_common: int = column("Stores in common.", unit="stores", ge=0)
    jaccard: float = column(
        "Stores in common over stores in either, among the stores that both groupings have.", nullable=True, ge=0, le=1
    )
    previous_cluster: int = column(
        "The cluster of the quarter before's own clustering that it shares most stores with, one to one, whatever it continues.",
        nullable=True,
        ge=1,
    )


MODEL_TABLES: tuple[type[Table], ...] = (
    ClusterDecisions,
    ClusterModels,
    ModelAssignments,
    ModelDrift,
    ModelComparison,
    ClusterMatches,
)
