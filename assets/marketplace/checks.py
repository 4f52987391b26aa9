"""What stands between a model and the people it is shown to: each check says what to do where it does not hold."""

import dagster as dg
import polars as pl

from assets.marketplace.product import PRODUCT
from resources.table_assets import schema_check
from resources.warehouse import WarehouseResource
from vitrina.marketplace import judgement_tables as j
from vitrina.marketplace import tables as t
from vitrina.marketplace.raw_tables import RawEvents
from vitrina.marketplace.verdicts import beats_popularity, clean_cut, price_stays_sane, targets_reached
from vitrina.tables import Table
from vitrina.warehouse import load

TOO_LARGE_TO_READ_WHOLE = (RawEvents,)
"""Every slice of a log is checked against the declaration before it is written, and SQL tests what becomes of it: reading fifty
million rows into memory once more would find nothing, and take longer than everything else."""


def _stored(warehouse: WarehouseResource, table: type[Table]) -> pl.DataFrame:
    with warehouse.of(PRODUCT).read() as connection:
        return load(connection, table)


@dg.asset_check(
    asset=[PRODUCT, "recommender_quality"],
    name="beats_popularity",
    blocking=True,
    description="On the test window, precision of the top ten lies above that of the most popular items, the whole interval of it.",
)
def beats_popularity_check(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Blocks recommendations that are no better than a list that is the same for everybody."""
    found = beats_popularity(_stored(warehouse, j.RecommenderQuality))
    return dg.AssetCheckResult(passed=found.passed, description=found.said, metadata=found.metadata())


@dg.asset_check(
    asset=[PRODUCT, "recommender_quality"],
    name="knows_nothing_of_the_test",
    blocking=True,
    description="The latest event that any feature of the test window rests on lies before the window.",
)
def no_leak_check(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Blocks figures that are too good because the model has seen the answers."""
    found = clean_cut(_stored(warehouse, j.RecommenderQuality))
    return dg.AssetCheckResult(passed=found.passed, description=found.said, metadata=found.metadata())


@dg.asset_check(
    asset=[PRODUCT, "price_sanity"],
    name="one_dear_purchase_does_not_make_dear_lists",
    blocking=True,
    description="One purchase above the 97th percentile of prices, added to a history without such, raises the share of such items "
    "in the top ten by at most 0.05 on average.",
)
def price_sanity_check(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Blocks lists that show telephones to whoever has bought one telephone."""
    found = price_stays_sane(_stored(warehouse, j.PriceSanity))
    return dg.AssetCheckResult(passed=found.passed, description=found.said, metadata=found.metadata())


@dg.asset_check(
    asset=[PRODUCT, "customer_targets"],
    name="customer_targets_are_reached",
    description="The three targets of the customer on the test window, each named in full; a hard month is told and stops nothing.",
)
def customer_targets_check(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Warns where a target was missed."""
    found = targets_reached(_stored(warehouse, j.CustomerTargets))
    return dg.AssetCheckResult(
        passed=found.passed, severity=dg.AssetCheckSeverity.WARN, description=found.said, metadata=found.metadata()
    )


CHECKS = [
    *(schema_check(table) for table in t.TABLES if table not in TOO_LARGE_TO_READ_WHOLE),
    beats_popularity_check,
    no_leak_check,
    price_sanity_check,
    customer_targets_check,
]
