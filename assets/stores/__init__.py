"""Which stores are alike, and what differs between the groups? From the inbox to the Excel report."""

from assets.stores.checks import CHECKS
from assets.stores.clusters import clusters_of_stores
from assets.stores.features import features_of_stores, stores_inbox
from assets.stores.over_time import clusters_over_time, decisions_on_clusters
from assets.stores.report import cluster_report

ASSETS = (stores_inbox, features_of_stores, decisions_on_clusters, clusters_of_stores, clusters_over_time, cluster_report)

__all__ = ["ASSETS", "CHECKS", "stores_inbox"]
