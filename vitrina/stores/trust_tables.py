"""Tables that say how far a quarter's clusters can be trusted, and what sets them apart."""

import datetime as dt

from vitrina.tables import Table, column

METHODS = ("ward", "k_means", "average_linkage", "gaussian_mixture")
ROLES = ("clustered", "profile only")


class ClusterStability(Table, product="stores", published=True, partitioned_by="quarter"):
    """One row per quarter and cluster: how often the same cluster comes out when the stores are drawn again."""

    quarter: dt.date = column("First day of the quarter.", key=True)
    cluster: int = column("Cluster, numbered from 1 by falling mean revenue.", key=True, ge=1)
    n_stores: int = column("Stores of the cluster.", unit="stores", ge=1)
    jaccard: float = column(
        "Mean overlap (Jaccard) with the most similar cluster of each sample drawn with replacement.", nullable=True, ge=0, le=1
    )
    band: str = column(
        "The overlap in words: unstable below 0.60, doubtful below 0.75, stable below 0.85, then highly stable.",
        isin=("unstable", "doubtful", "stable", "highly stable", "not measured"),
    )
    silhouette: float = column("Mean silhouette of the cluster's stores.", nullable=True, ge=-1, le=1)
    n_bootstraps: int = column("Samples that were drawn.", ge=0)
    sample_size: int = column("Stores per sample.", unit="stores", ge=0)
    scenario_id: str = column("The request that the clusters answer.")


class ClusterMethods(Table, product="stores", published=True, partitioned_by="quarter"):
    """One row per quarter and method: other ways to form as many clusters from the same components, on the same measures."""

    quarter: dt.date = column("First day of the quarter.", key=True)
    method: str = column("Method; the clusters in use are Ward's.", key=True, isin=METHODS)
    n_clusters: int = column("Clusters that the method found.", ge=1)
    silhouette: float = column("Mean silhouette; higher is better.", nullable=True, ge=-1, le=1)
    davies_bouldin: float = column("Davies-Bouldin index; lower is better.", nullable=True, ge=0)
    jaccard: float = column("Bootstrap Jaccard, weighted by cluster size; higher is better.", nullable=True, ge=0, le=1)
    smallest_cluster: int = column("Stores in the smallest cluster.", unit="stores", ge=1)
    agreement_with_ward: float = column("Adjusted Rand index with Ward's clusters.", ge=-1, le=1)
    n_measured: int = column("Stores that the measures rest on.", unit="stores", ge=1)
    scenario_id: str = column("The request that the clusters answer.")


class FeatureEffects(Table, product="stores", published=True, partitioned_by="quarter"):
    """One row per quarter and feature: how much of its spread lies between the clusters.

    No p-value: the clusters were made to differ in the features that shape them.
    """

    quarter: dt.date = column("First day of the quarter.", key=True)
    feature: str = column("Column of `store_features`.", key=True)
    role: str = column("Whether the feature shapes the clusters or only describes them.", isin=ROLES)
    eta_squared: float = column("Share of the feature's variance that lies between the clusters.", nullable=True, ge=0, le=1)
    n_stores: int = column("Stores with a value.", unit="stores", ge=0)
    scenario_id: str = column("The request that the clusters answer.")


class ClusterDifferences(Table, product="stores", published=True, partitioned_by="quarter"):
    """One row per quarter, cluster and feature: the cluster's stores against all other clustered stores."""

    quarter: dt.date = column("First day of the quarter.", key=True)
    cluster: int = column("Cluster, numbered from 1 by falling mean revenue.", key=True, ge=1)
    feature: str = column("Column of `store_features`.", key=True)
    role: str = column("Whether the feature shapes the clusters or only describes them.", isin=ROLES)
    n_stores: int = column("Stores of the cluster with a value.", unit="stores", ge=0)
    mean: float = column("Mean over the cluster's stores, in the feature's unit.", nullable=True)
    rest_mean: float = column("Mean over all other clustered stores, in the feature's unit.", nullable=True)
    difference: float = column("Standardised difference to the rest (Hedges' g).", unit="pooled standard deviations", nullable=True)
    low: float = column("Lower end of its 95 % interval.", unit="pooled standard deviations", nullable=True)
    high: float = column("Upper end of its 95 % interval.", unit="pooled standard deviations", nullable=True)
    place: int = column("Place among the cluster's features by size of the difference; 1 is the largest.", ge=1)
    scenario_id: str = column("The request that the clusters answer.")


class ClusterRules(Table, product="stores", published=True, partitioned_by="quarter"):
    """One row per quarter and leaf of a decision tree of depth 3: a rule in plain features that leads to a cluster."""

    quarter: dt.date = column("First day of the quarter.", key=True)
    rule: int = column("Number of the rule, from 1.", key=True, ge=1)
    cluster: int = column("Cluster that the rule leads to.", ge=1)
    conditions: str = column("The rule as JSON: a list of feature, sign (<= or >) and threshold in the feature's unit.")
    n_stores: int = column("Stores that the rule covers.", unit="stores", ge=1)
    precision: float = column("Share of the covered stores that are in the cluster.", ge=0, le=1)
    recall: float = column("Share of the cluster's stores that are covered.", ge=0, le=1)
    tree_accuracy: float = column(
        "Share of stores that the whole tree puts right when it has not seen them (5 folds).", nullable=True, ge=0, le=1
    )
    scenario_id: str = column("The request that the clusters answer.")


TRUST_TABLES: tuple[type[Table], ...] = (ClusterStability, ClusterMethods, FeatureEffects, ClusterDifferences, ClusterRules)
