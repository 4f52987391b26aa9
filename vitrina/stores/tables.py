"""Every table of the product, from the inbox to the report. Marts are declared in `dbt_project`."""

import datetime as dt
from typing import Annotated

import polars as pl

from vitrina.inbox.tables import Delivered, Deliveries, RefusedRows
from vitrina.stores.decision_tables import RawDecisions
from vitrina.stores.model_tables import MODEL_TABLES
from vitrina.stores.trust_tables import TRUST_TABLES
from vitrina.stores.windows import WINDOWS
from vitrina.tables import Table, column, family

STORE = "stores"
SMALL_CLUSTER, FAR_FROM_CENTRE = "small cluster", "far from its centre"
FORMAT_LENGTH = 100
REGION_LENGTH = 200


class StoresDeliveries(Deliveries, product=STORE, name="deliveries", published=True):
    """One row per known version of a delivered file: what was read, loaded, refused, and why."""


class StoresRefusedRows(RefusedRows, product=STORE, name="refused_rows", published=True):
    """One row per value that was refused. The rest of its row was not loaded either; nothing else was held up."""


class RawStores(Delivered, product=STORE):
    """One row per store and delivered file, as the retailer's master data says."""

    store_id: str = column("The retailer's own identifier of the store.", max_length=100)
    name: str = column("Name of the store.", max_length=500)
    format: str = column("Format, e.g. hypermarket; lower case.", max_length=FORMAT_LENGTH)
    region: str = column("Region, as category managers divide the network.", nullable=True, max_length=REGION_LENGTH)
    opened_on: dt.date = column("Day of opening.", nullable=True)
    latitude: float = column("Latitude, WGS 84.", unit="degrees", nullable=True, ge=-90, le=90)
    longitude: float = column("Longitude, WGS 84.", unit="degrees", nullable=True, ge=-180, le=180)
    attributes: str = family(r"attribute_\w+", "A further attribute, as delivered.")


class RawSales(Delivered, product=STORE):
    """One row per store, date and category, as delivered; refunds are negative."""

    store_id: str = column("Store that sold.", max_length=100)
    date: dt.date = column("Day of the sale, or first day of the period that the row sums up.")
    category: str = column("Category of goods; empty where the file has none.", nullable=True, max_length=200)
    revenue_minor: int = column("Revenue net of refunds.", unit="minor currency units")
    receipts: int = column("Receipts.", nullable=True)
    customers: int = column("Customers.", nullable=True)
    items: int = column("Items sold, net of returns.", nullable=True)


class RawGeo(Delivered, product=STORE):
    """One row per store and delivered file, with whatever the retailer knows about the surroundings."""

    store_id: str = column("Store that is described.", max_length=100)
    geography: float = family(r"geo_\w+", "A measure of the surroundings, as delivered.")


class StoreFeatures(Table, product=STORE, published=True, partitioned_by="quarter"):
    """One row per quarter, window and store: what the store was like over the trailing window that ends with the quarter.

    Amounts are per month of the window in which the store was open, so a store that opened late is not called small.
    """

    quarter: dt.date = column("First day of the quarter.", key=True)
    window_quarters: int = column("Quarters that the features look back on, the quarter itself included.", key=True, isin=WINDOWS)
    store_id: str = column("The retailer's own identifier of the store.", key=True)
    name: str = column("Name of the store.")
    format: str = column("Format of the store.")
    region: str = column("Region of the store.", nullable=True)
    latitude: float = column("Latitude, WGS 84.", unit="degrees", nullable=True)
    longitude: float = column("Longitude, WGS 84.", unit="degrees", nullable=True)
    months_observed: int = column("Months of the window since the store's first sale.", unit="months", ge=0)
    revenue: float = column("Revenue per month.", unit="currency/month", nullable=True)
    customers: float = column("Customers per month.", unit="customers/month", nullable=True)
    receipts: float = column("Receipts per month.", unit="receipts/month", nullable=True)
    average_basket: float = column("Revenue per receipt.", unit="currency/receipt", nullable=True)
    growth: float = column(
        "Revenue of the quarter over that of the same quarter a year before, minus one.", unit="ratio", nullable=True
    )
    age: float = column("Years since opening, at the end of the quarter.", unit="years", nullable=True, ge=0)
    seasonality: float = column(
        "Standard deviation of monthly revenue over its mean; needs six months.", unit="ratio", nullable=True, ge=0
    )
    nearest_store: float = column("Distance to the nearest other store.", unit="km", nullable=True, ge=0)
    stores_within_5_km: float = column("Other stores within 5 km.", unit="stores", nullable=True, ge=0)
    shares: float = family(r"share_\w+", "Share of a category in the store's revenue.", unit="ratio")
    geography: float = family(r"geo_\w+", "A measure of the surroundings, as delivered.")


class FeatureCatalogue(Table, product=STORE, published=True, partitioned_by="quarter"):
    """One row per quarter, window and feature that the inbox made possible: its label, family, unit and gaps."""

    quarter: dt.date = column("First day of the quarter.", key=True)
    window_quarters: int = column("Quarters that the features look back on, the quarter itself included.", key=True, isin=WINDOWS)
    feature: str = column("Column of `store_features`.", key=True)
    family: str = column("What the feature is about.", isin=("trade", "assortment", "location", "geography"))
    label: str = column("Name for people: for a category share the category's own name.")
    unit: str = column("Unit of the values.")
    is_default: bool = column("Whether it always takes part in clustering, as far as the inbox has it.")
    stores_missing: int = column("Stores without a value.", unit="stores", ge=0)


class ClusterAssignments(Table, product=STORE, published=True, partitioned_by="quarter"):
    """One row per quarter and clustered store: its cluster, how well it fits, and the next-nearest cluster."""

    quarter: dt.date = column("First day of the quarter.", key=True)
    store_id: str = column("The retailer's own identifier of the store.", key=True)
    cluster: int = column("Cluster, numbered from 1 by falling mean revenue.", ge=1)
    distance: float = column("Distance to the cluster's centroid in component space.", unit="standard deviations", ge=0)
    next_cluster: int = column("The nearest other cluster by centroid.", nullable=True, ge=1)
    next_distance: float = column("Distance to that cluster's centroid.", unit="standard deviations", nullable=True, ge=0)
    margin: float = column(
        "How much farther the next centroid is than the own one; below 0 the other one is nearer.",
        unit="standard deviations",
        nullable=True,
    )
    nearest_store_id: str = column("The store that is most alike.", nullable=True)
    silhouette: float = column("The store's silhouette; below 0 it lies nearer to another cluster.", nullable=True, ge=-1, le=1)
    outlier: str = column(
        "Why the store stands apart: its cluster is below the minimum size, or it lies far from its centre; empty if it does not.",
        isin=("", SMALL_CLUSTER, FAR_FROM_CENTRE),
    )
    component_1: float = column("Coordinate on the first principal component.", unit="standard deviations")
    component_2: float = column("Coordinate on the second principal component.", unit="standard deviations", nullable=True)
    imputed: str = column("Features that were missing and took the median, separated by commas.")
    scenario_id: str = column("The request that the clusters answer.")


class ClusterQuality(Table, product=STORE, published=True, partitioned_by="quarter"):
    """One row per quarter and number of clusters that was considered."""

    quarter: dt.date = column("First day of the quarter.", key=True)
    n_clusters: int = column("Number of clusters.", key=True, ge=1)
    silhouette: float = column("Mean silhouette; higher is better.", nullable=True, ge=-1, le=1)
    davies_bouldin: float = column("Davies-Bouldin index; lower is better.", nullable=True, ge=0)
    merge_distance: float = column("Ward distance at which these clusters would become one fewer.", nullable=True, ge=0)
    height_gap: float = column("Merge distance less that of one more cluster; higher is better.", nullable=True)
    jaccard: float = column(
        "Bootstrap Jaccard weighted by cluster size: how far the same clusters come out of other samples.",
        nullable=True,
        ge=0,
        le=1,
    )
    smallest_cluster: int = column("Stores in the smallest cluster.", unit="stores", ge=1)
    qualifies: bool = column("Whether every cluster has the minimum size.")
    mean_rank: float = column("Mean rank of the measures among the numbers of clusters that compete; lowest wins.", nullable=True)
    chosen: bool = column("Whether this number was used.")
    scenario_id: str = column("The request that the clusters answer.")


class ClusterScenarios(Table, product=STORE, published=True, partitioned_by="quarter"):
    """One row per quarter: the request behind the clusters and what became of its features."""

    quarter: dt.date = column("First day of the quarter.", key=True)
    scenario_id: str = column("Hash of the request.")
    scenario: str = column("The request as JSON.")
    window_quarters: int = column("Quarters that the features look back on.", isin=WINDOWS)
    fingerprint: str = column("Hash of the clusters: equal for equal clusters, whoever computed them and when.")
    n_stores: int = column("Stores that were clustered.", unit="stores", ge=1)
    n_clusters: int = column("Clusters that were used.", ge=1)
    choice: str = column("How the number of clusters came about, in words.")
    features: Annotated[pl.List, pl.String()] = column("Features that the clusters rest on.")
    dropped: str = column("Features that could not take part and why, as JSON.")
    eigenvalues: Annotated[pl.List, pl.Float64()] = column("Eigenvalues of the correlation matrix, falling.")
    n_components: int = column("Components kept by Kaiser's criterion.", ge=1)
    note: str = column("How many stores were aggregated or sampled, where there are too many to measure all; else empty.")


class ClusterReport(Table, product=STORE, published=True, partitioned_by="quarter"):
    """One row per quarter and language: the Excel report that was written."""

    quarter: dt.date = column("First day of the quarter.", key=True)
    locale: str = column("Language of the report.", key=True, isin=("en", "ru"))
    path: str = column("Path of the workbook, relative to the data folder.")
    sha256: str = column("SHA-256 of the workbook.", pattern="^[0-9a-f]{64}$")
    scenario_id: str = column("The request that the report answers.")
    run_id: str = column("The run that wrote it.")
    snapshot: str = column("Version of the data that its features were computed from.")
    fingerprint: str = column("Hash of the clusters that it shows.")


TABLES: tuple[type[Table], ...] = (
    RawStores,
    RawSales,
    RawGeo,
    RawDecisions,
    StoresDeliveries,
    StoresRefusedRows,
    StoreFeatures,
    FeatureCatalogue,
    ClusterAssignments,
    ClusterQuality,
    ClusterScenarios,
    *TRUST_TABLES,
    *MODEL_TABLES,
    ClusterReport,
)
