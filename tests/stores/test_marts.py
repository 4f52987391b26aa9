"""What the marts' own SQL makes of small tables."""

import duckdb
import polars as pl
import pytest

from tests.dbt_sql import select_of
from tests.stores.made_up_quarters import THREE, approval, day, decisions, quarters
from vitrina.stores.cluster_rows import assignment_rows
from vitrina.stores.clustering import cluster_stores
from vitrina.stores.model_tables import ClusterModels
from vitrina.stores.over_time import over_time
from vitrina.stores.standing import fold_decisions

FEATURES, CATALOGUE = quarters(2)
MEASURES = ("revenue", "receipts", "average_basket", "age")
APPROVED, OWN = "approved model", "own clustering"


def turned(features):
    """In the second quarter the rich and the poor have changed places, but for the very first store."""
    later = pl.col("quarter") == day(1)
    stays = pl.col("store_id") == "s000"
    return features.with_columns(
        pl.when(later & ~stays).then(pl.col(name).reverse().over("quarter")).otherwise(name).alias(name) for name in MEASURES
    )


def flows(*made):
    """Rows of the mart of flows, by basis: from, to, stores, share, stayed."""
    features = turned(FEATURES)
    of_quarters = [[frame.filter(pl.col("quarter") == day(number)) for frame in (features, CATALOGUE)] for number in (0, 1)]
    fresh = pl.concat([assignment_rows(cluster_stores(*parts, THREE)) for parts in of_quarters])
    found = over_time(features, fresh, fold_decisions(decisions(*made), features, CATALOGUE, ClusterModels.empty()))
    with duckdb.connect() as connection:
        connection.register("cluster_assignments", fresh)
        connection.register("cluster_matches", found.matches)
        connection.register("model_assignments", found.assignments)
        rows = connection.execute(f"SELECT * FROM ({select_of('stores', 'mart_cluster_flows')}) ORDER BY ALL").fetchall()
    assert {row[0] for row in rows} <= {day(1)}
    return {basis: [(*row[2:4], *row[5:]) for row in rows if row[1] == basis] for basis in (APPROVED, OWN)}


@pytest.mark.parametrize("made", [[], [approval(day(0))], [approval(day(1))]], ids=["none", "approved before", "approved now"])
def test_own_clusters_that_continue_each_other_hold_their_stores_whatever_is_approved(made):
    # own clusters are numbered by revenue: the poor of before are now 1, and the first store, who stays rich, with them
    assert flows(*made)[OWN] == [
        (1, 1, 1, 0.1, False),
        (1, 3, 9, 0.9, True),
        (2, 2, 10, 1.0, True),
        (3, 1, 10, 1.0, True),
    ]


def test_by_the_approved_model_a_store_stays_where_its_number_stays():
    assert flows(approval(day(0)))[APPROVED] == [
        (1, 1, 1, 0.1, True),
        (1, 3, 9, 0.9, False),
        (2, 2, 10, 1.0, True),
        (3, 1, 10, 1.0, False),
    ]
    assert flows()[APPROVED] == []
