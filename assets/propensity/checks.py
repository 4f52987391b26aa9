"""What stands between scores and the optimiser: each check says what to do where it does not hold."""

from collections.abc import Callable

import dagster as dg
import polars as pl

from assets.propensity.product import PRODUCT, keys_of, read
from resources.table_assets import schema_check
from resources.warehouse import WarehouseResource
from vitrina.propensity import tables as t
from vitrina.propensity import verdicts as v
from vitrina.propensity.raw_tables import RawPayments
from vitrina.tables import Table
from vitrina.verdict import Verdict
from vitrina.warehouse import load

TOO_LARGE_TO_READ_WHOLE = (RawPayments,)
"""Every slice is checked against the declaration before it is written."""


UNCONFIRMED = """
    SELECT DISTINCT suspicions.feature, suspicions.why
    FROM feature_suspicions AS suspicions
    WHERE suspicions.feature NOT IN (
        SELECT catalogue.feature
        FROM feature_catalogue AS catalogue
        INNER JOIN stg_column_rules AS rules ON lower(trim(rules.column_name)) = lower(catalogue.label)
        WHERE rules.use
    )
    ORDER BY ALL
"""
"""Columns that are suspiciously good, and that nobody has confirmed."""


def _stored(warehouse: WarehouseResource, table: type[Table]) -> pl.DataFrame:
    with warehouse.of(PRODUCT).read() as connection:
        return load(connection, table)


def _check(  # noqa: PLR0913  # what is checked, by what, and what it rests on
    table: type[Table],
    judge: Callable[[WarehouseResource], Verdict],
    *,
    name: str,
    description: str,
    blocking: bool,
    after: type[Table] | None = None,
) -> dg.AssetChecksDefinition:
    resting_on = keys_of(after.table_name()) if after else []

    @dg.asset_check(
        asset=[PRODUCT, table.table_name()], name=name, blocking=blocking, description=description, additional_deps=resting_on
    )
    def check(warehouse: WarehouseResource) -> dg.AssetCheckResult:
        found = judge(warehouse)
        severity = dg.AssetCheckSeverity.ERROR if blocking else dg.AssetCheckSeverity.WARN
        return dg.AssetCheckResult(passed=found.passed, severity=severity, description=found.said, metadata=found.metadata())

    return check


def _mature(warehouse: WarehouseResource) -> Verdict:
    labels = read(warehouse, "SELECT DISTINCT month, window_until FROM labels")
    until = read(warehouse, "SELECT max(opened_on) AS until FROM stg_openings")["until"][0]
    return v.labels_are_mature(_stored(warehouse, t.PropensityModels), labels, until, warehouse.settings.propensity_horizon_months)


CHECKS = [
    *(schema_check(table) for table in t.TABLES if table not in TOO_LARGE_TO_READ_WHOLE),
    _check(
        t.PropensityFeatureCatalogue,
        lambda warehouse: v.nothing_from_the_future(_stored(warehouse, t.PropensityFeatureCatalogue)),
        name="nothing_from_the_future",
        description="No feature rests on a payment or text of the day of the snapshot or later, and no snapshot on a later one.",
        blocking=True,
    ),
    _check(
        t.PropensityScores,
        lambda warehouse: v.nothing_gives_the_answer_away(read(warehouse, UNCONFIRMED)),
        name="nothing_gives_the_answer_away",
        description="No column ranks clients so well by itself that it must know the answer, unless people have confirmed it.",
        blocking=True,
        after=t.FeatureSuspicions,
    ),
    _check(
        t.PropensityScores,
        _mature,
        name="labels_are_mature",
        description="Every model learnt only from months whose horizon was over when its own month began.",
        blocking=True,
        after=t.PropensityModels,
    ),
    _check(
        t.PropensityScores,
        lambda warehouse: v.ranks_better_than_chance(_stored(warehouse, t.PropensityBacktest)),
        name="ranks_better_than_chance",
        description="Gini of the newest month with known openings lies above 0, and not below earlier months by more than its interval.",
        blocking=True,
        after=t.PropensityBacktest,
    ),
    _check(
        t.PropensityScores,
        lambda warehouse: v.calibration_helps(_stored(warehouse, t.PropensityBacktest)),
        name="calibration_helps",
        description="Calibrated probabilities are no further from what came than uncalibrated ones.",
        blocking=True,
        after=t.PropensityBacktest,
    ),
    _check(
        t.PropensityDrift,
        lambda warehouse: v.nothing_has_drifted(_stored(warehouse, t.PropensityDrift)),
        name="nothing_has_drifted",
        description="Score and features of the newest month are spread as in the months that the model learnt from; columns are named.",
        blocking=False,
    ),
]
