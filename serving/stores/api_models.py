"""What the API of stores takes and gives."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from serving.stores.answers import Answer, Store
from serving.stores.decisions import Decided
from serving.stores.published import QuarterFigures
from vitrina.state.cluster_requests import ClusterRequest
from vitrina.stores.decision_tables import IDENTIFIER_LENGTH, LARGEST_NUMBER, NAME_LENGTH, REASON_LENGTH
from vitrina.stores.scenario import LARGEST_SEED, LARGEST_WEIGHT, MOST_BOOTSTRAPS, MOST_CLUSTERS, Scenario

EXAMPLE_QUARTER = "2026-07-01"
MOST_STORES = 20_000
Name = Annotated[str, Field(min_length=1, max_length=200)]


class QuarterOut(BaseModel):
    """A published quarter."""

    quarter: dt.date = Field(description="First day.", examples=[EXAMPLE_QUARTER])
    n_stores: int = Field(examples=[149])
    n_clusters: int = Field(examples=[4])
    silhouette: float | None = Field(description="Mean silhouette; higher is better.", examples=[0.22])
    jaccard: float | None = Field(description="Stability: bootstrap Jaccard, weighted by size; higher is better.", examples=[0.86])
    fingerprint: str = Field(description="Equal for equal clusters.", examples=["52074f8f1775"])
    model_version: int | None = Field(description="Approved model that scored it.", examples=[1])
    reports: dict[str, str] = Field(
        description="Language → address of the Excel report.", examples=[{"en": "/stores/reports/2026-07-01/en"}]
    )

    @classmethod
    def of(cls, found: QuarterFigures) -> QuarterOut:
        """From what is published."""
        known = {name: getattr(found, name) for name in cls.model_fields if name != "reports"}
        return cls(**known, reports={code: f"/stores/reports/{found.quarter}/{code}" for code in found.locales})


class StoreOut(BaseModel):
    """A store and its cluster."""

    store_id: str = Field(examples=["1001"])
    name: str = Field(examples=["Lukoshko, Station Road 54"])
    format: str = Field(examples=["hypermarket"])
    region: str | None = Field(examples=["North"])
    latitude: float | None = Field(examples=[52.61])
    longitude: float | None = Field(examples=[51.68])
    cluster: int = Field(examples=[1])
    cluster_name: str = Field(description="Empty where nobody has named it.", examples=["City centre"])
    next_cluster: int | None = Field(description="The nearest other cluster.", examples=[3])
    margin: float | None = Field(description="How much farther its centre is, in standard deviations.", examples=[3.02])
    silhouette: float | None = Field(examples=[0.38])
    outlier: str = Field(description="Why the store stands apart; empty if it does not.", examples=[""])
    nearest_store_id: str | None = Field(description="The store that is most alike.", examples=["1077"])

    @classmethod
    def of(cls, store: Store, names: dict[int, str]) -> StoreOut:
        """From an answer's row."""
        return cls(
            store_id=store.id,
            nearest_store_id=store.nearest,
            cluster_name=names.get(store.cluster, ""),
            **{name: getattr(store, name) for name in Store.__dataclass_fields__ if name in cls.model_fields},
        )


class ProfileOut(BaseModel):
    """A feature of a cluster beside the network."""

    cluster: int = Field(examples=[1])
    feature: str = Field(examples=["revenue"])
    role: str = Field(description="Whether it shapes the clusters or only describes them.", examples=["clustered"])
    mean: float | None = Field(examples=[122372973.1])
    network_mean: float | None = Field(examples=[74914923.0])
    z: float | None = Field(description="The difference of the two in standard deviations of the network.", examples=[0.67])
    eta_squared: float | None = Field(
        description="Share of the feature's variance that lies between the clusters.", examples=[0.26]
    )


class MeasuredOut(BaseModel):
    """A number of clusters and its measures."""

    n_clusters: int = Field(examples=[4])
    silhouette: float | None = Field(examples=[0.22])
    davies_bouldin: float | None = Field(examples=[1.7])
    height_gap: float | None = Field(examples=[1.2])
    jaccard: float | None = Field(description="Stability.", examples=[0.86])
    smallest_cluster: int = Field(examples=[27])
    qualifies: bool = Field(description="Whether every cluster has the minimum size.")
    mean_rank: float | None = Field(examples=[2.5])
    chosen: bool = Field(description="Whether this number is the one that is shown.")


class ClusterOut(BaseModel):
    """A cluster."""

    cluster: int = Field(examples=[1])
    n_stores: int = Field(examples=[41])
    jaccard: float | None = Field(examples=[0.88])
    band: str = Field(description="Its stability in a word.", examples=["highly stable"])
    silhouette: float | None = Field(examples=[0.23])


class ScenarioIn(BaseModel):
    """A request, as the command line takes it; what is left out takes its usual value."""

    model_config = ConfigDict(extra="forbid")

    formats: list[Name] = Field(["hypermarket"], max_length=1000, description="Formats to group; empty for all.")
    regions: list[Name] = Field([], max_length=1000, description="Regions to group; empty for all.")
    stores: list[Name] = Field([], max_length=MOST_STORES, description="Only these stores; empty for all.")
    features: list[Name] = Field(
        [],
        max_length=1000,
        description="What shapes the clusters beside the defaults: names, families, patterns.",
        examples=[["assortment"]],
    )
    profile_only: list[Name] = Field([], max_length=1000, description="Only described, even where `features` covers it.")
    weights: dict[str, Annotated[float, Field(gt=0, le=LARGEST_WEIGHT, strict=True)]] = Field(
        {}, max_length=1000, description="How often a feature, family or pattern counts.", examples=[{"assortment": 0.5}]
    )
    transform: Literal["plain", "robust"] = "plain"
    window_quarters: Literal[1, 4] = Field(4, description="Quarters that features look back on.")
    n_clusters: int | None = Field(None, ge=1, le=MOST_CLUSTERS, strict=True, description="By hand; null: chosen by quality.")
    min_clusters: int = Field(2, ge=2, le=MOST_CLUSTERS, strict=True)
    max_clusters: int = Field(12, ge=2, le=MOST_CLUSTERS, strict=True)
    min_cluster_size: int | None = Field(None, ge=1, le=1_000_000, strict=True)
    n_bootstraps: int = Field(30, ge=0, le=MOST_BOOTSTRAPS, strict=True)
    seed: int = Field(0, ge=0, le=LARGEST_SEED, strict=True)

    def scenario(self) -> Scenario:
        """The request.

        Raises
        ------
        ScenarioError
            It contradicts itself.
        """
        values = self.model_dump()
        lists = {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
        return Scenario(**{**values, **lists, "weights": tuple(self.weights.items())})


class RequestIn(BaseModel):
    """What is asked."""

    model_config = ConfigDict(extra="forbid")

    quarter: dt.date = Field(description="First day of the quarter.", examples=[EXAMPLE_QUARTER])
    title: str = Field("", max_length=120, description="What people call it.", examples=["With assortment, five clusters"])
    scenario: ScenarioIn = Field(default_factory=ScenarioIn)


class RequestOut(BaseModel):
    """A request, and what became of it."""

    id: str = Field(examples=["5f0c6f3a9d3b4c0f8a57c1f0e2b9d6aa"])
    made_at: dt.datetime
    made_by: str = Field(examples=["ann"])
    title: str = Field(examples=["With assortment, five clusters"])
    quarter: dt.date = Field(examples=[EXAMPLE_QUARTER])
    scenario: str = Field(description="The request as JSON, nothing left out.")
    published_version: str = Field(examples=["20260930T120000000000Z"])
    state: Literal["waiting", "answered", "failed"]
    fingerprint: str | None = Field(description="Equal for equal clusters.", examples=["52074f8f1775"])
    finished_at: dt.datetime | None
    problem: str | None = Field(description="Why there is no answer.")

    @classmethod
    def of(cls, request: ClusterRequest) -> RequestOut:
        """From the state store."""
        state = "answered" if request.fingerprint else "failed" if request.finished_at else "waiting"
        return cls.model_validate({**vars(request), "state": state})


class AnswerOut(RequestOut):
    """A request with its answer, where there is one."""

    stage: str | None = Field(None, description="What is being done; empty while it stands in line.", examples=["measuring"])
    ahead: int | None = Field(None, description="Tasks before it in line.", examples=[0])
    n_clusters: int | None = Field(None, description="Clusters of the answer that is shown.", examples=[4])
    shown_fingerprint: str | None = Field(None, description="Fingerprint of these: another with another k.")
    measures: list[MeasuredOut] = Field([], description="The table of k.")
    clusters: list[ClusterOut] = Field([], description="The clusters.")
    report: str | None = Field(None, description="Address of the Excel report.")

    @classmethod
    def answered(cls, request: ClusterRequest, answer: Answer) -> AnswerOut:
        """With an answer."""
        own = RequestOut.of(request).model_dump()
        return cls(
            **own,
            n_clusters=answer.n_clusters,
            shown_fingerprint=answer.fingerprint,
            measures=[MeasuredOut.model_validate(vars(row)) for row in answer.measures],
            clusters=[ClusterOut.model_validate(vars(one)) for one in answer.clusters],
            report=f"/api/v1/stores/requests/{request.id}/report.xlsx?k={answer.n_clusters}",
        )


class DecisionIn(BaseModel):
    """A decision: `approve` and `reject` name a request (or `reject` a version), `rename` and `move` a version."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["approve", "reject", "rename", "move"]
    reason: str = Field(min_length=1, max_length=REASON_LENGTH, examples=["Steady over six quarters"])
    request_id: str | None = Field(None, max_length=40, description="To approve or reject: the request.")
    k: int | None = Field(None, ge=1, le=MOST_CLUSTERS, description="Its number of clusters; null for its own.")
    fingerprint: str | None = Field(None, max_length=IDENTIFIER_LENGTH, description="Of the clusters that were looked at.")
    version: int | None = Field(None, ge=1, le=LARGEST_NUMBER, description="The approved version; null for the one in force.")
    cluster: int | None = Field(None, ge=1, le=LARGEST_NUMBER, description="To rename, or to move to; null takes a move back.")
    name: str | None = Field(None, max_length=NAME_LENGTH, description="New name.")
    store_id: str | None = Field(None, max_length=IDENTIFIER_LENGTH, description="Store to move.")
    after: str | None = Field(
        None,
        max_length=IDENTIFIER_LENGTH,
        description="As `GET /api/v1/stores/decisions/seen` said; where another was made since: 409. Null: whatever was.",
    )


class DecisionOut(BaseModel):
    """A decision, and what became of it."""

    id: str
    kind: str = Field(examples=["approve"])
    made_at: dt.datetime
    made_by: str = Field(examples=["ann"])
    reason: str
    quarter: dt.date = Field(examples=[EXAMPLE_QUARTER])
    version: int | None
    cluster: int | None
    name: str | None
    store_id: str | None
    outcome: str = Field(description="What became of it; “on its way” until the graph has taken it in.", examples=["in force"])
    note: str

    @classmethod
    def of(cls, decided: Decided) -> DecisionOut:
        """From a decision."""
        return cls.model_validate(vars(decided))


class SeenOut(BaseModel):
    """Where the decisions stand."""

    after: str = Field(description="To be given back with the next decision; empty where there is none.")
    known: int = Field(description="How many there are.", examples=[6])
