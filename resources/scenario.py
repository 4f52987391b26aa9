"""The launchpad's form for a clustering request."""

import dagster as dg
from pydantic import Field

from vitrina.stores.scenario import Scenario


class ClusteringRequest(dg.Config):
    """Which stores, which features, how many clusters. The default parameters always take part and are always reported."""

    formats: list[str] = Field(["hypermarket"], description="Formats to cluster, e.g. hypermarket; empty: every format.")
    stores: list[str] = Field([], description="Identifiers of stores, to cluster only these.")
    features: list[str] = Field(
        [], description="Features that take part beside the default parameters; patterns such as share_* are allowed."
    )
    profile_only: list[str] = Field(
        [], description="Features that only the report shows; empty: every feature that does not take part."
    )
    n_clusters: int | None = Field(None, description="Number of clusters; leave empty to have it chosen.")
    max_clusters: int = Field(12, description="Largest number that the automatic choice considers.")
    min_cluster_size: int | None = Field(
        None, description="Stores in the smallest cluster; default: 5, or 3 % of the stores if that is more."
    )

    def scenario(self) -> Scenario:
        """The request in the domain's terms."""
        return Scenario(
            formats=tuple(self.formats),
            stores=tuple(self.stores),
            features=tuple(self.features),
            profile_only=tuple(self.profile_only),
            n_clusters=self.n_clusters,
            max_clusters=self.max_clusters,
            min_cluster_size=self.min_cluster_size,
        )
