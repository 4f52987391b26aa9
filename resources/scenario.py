"""The launchpad's form for a clustering request."""

import json

import dagster as dg
from pydantic import Field

from vitrina.stores.scenario import Scenario


class ClusteringRequest(dg.Config):
    """Which stores, which features, how many clusters. The default parameters always take part and are always reported.

    Left as it is, the approved request is answered, or the usual one where none is approved. Once any field is filled in,
    the form is the request, and fields that are left empty take their usual value.
    """

    formats: list[str] | None = Field(None, description="Formats to cluster; usually hypermarket. An empty list: every format.")
    regions: list[str] | None = Field(None, description="Regions to cluster; usually every region.")
    stores: list[str] | None = Field(None, description="Identifiers of stores, to cluster only these.")
    features: list[str] | None = Field(
        None,
        description="Features beside the default parameters: names, families (trade, location, assortment, geography) or patterns such as share_*.",
    )
    profile_only: list[str] | None = Field(
        None, description="Features that only the report shows; usually every feature that does not take part."
    )
    weights: dict[str, float] | None = Field(None, description="Feature, family or pattern: how often it counts; usually 1.")
    transform: str | None = Field(None, description="plain (usual), or robust: logarithms of skewed columns, extremes drawn in.")
    window_quarters: int | None = Field(None, description="Quarters that features look back on: 4 (usual) or 1.")
    n_clusters: int | None = Field(None, description="Number of clusters; usually chosen by the measures.")
    min_clusters: int | None = Field(None, description="Smallest number that the automatic choice considers; usually 2.")
    max_clusters: int | None = Field(None, description="Largest number that the automatic choice considers; usually 12.")
    min_cluster_size: int | None = Field(
        None, description="Stores in the smallest cluster; usually 5, or 3 % of the stores if that is more."
    )
    n_bootstraps: int | None = Field(None, description="Samples on which stability is measured; usually 30.")
    seed: int | None = Field(None, description="Seed of these samples; usually 0.")

    def scenario(self, approved: Scenario | None) -> Scenario:
        """The request in the domain's terms."""
        given = {name: value for name, value in self.model_dump().items() if value is not None}
        return Scenario.from_json(json.dumps(given)) if given else approved or Scenario()
