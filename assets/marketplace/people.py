"""What people make of the recommendations: experts in a pilot, users in the shop."""

import datetime as dt

import dagster as dg
import polars as pl

from assets.marketplace.judgement import SEED
from assets.marketplace.product import POOLED, PRODUCT, inputs, outs
from resources.table_assets import table_arguments
from resources.warehouse import WarehouseResource
from vitrina.marketplace import pilot_tables as p
from vitrina.warehouse import load


class PilotRequest(dg.Config):
    """Which pilot to draw; without a name, the pilots that were drawn stay, and the first is drawn where there is none.

    Attributes
    ----------
    pilot
        Identifier of a new pilot, e.g. ``autumn``; one that exists already is left as it is.
    n_users
        Users whose recommendations experts are asked about.
    """

    pilot: str | None = None
    n_users: int = 10


@dg.multi_asset(
    name="pilot_of_experts",
    ins=inputs("recommendations", "item_features", "user_features"),
    outs=outs(p.PilotCases, p.PilotSheets, kinds=("excel", "duckdb")),
    deps=[dg.AssetKey([PRODUCT, "stg_events"])],
    **POOLED,
)
def pilot_of_experts(  # one parameter per input
    config: PilotRequest,
    warehouse: WarehouseResource,
    recommendations: pl.DataFrame,
    item_features: pl.DataFrame,
    user_features: pl.DataFrame,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Users and items that experts are asked about, and the sheet they fill; drawn once per pilot, for verdicts take weeks."""
    from vitrina.marketplace.piloting import pilots  # noqa: PLC0415  # openpyxl: loading the definitions need not pay for it

    settings, store = warehouse.settings, warehouse.of(PRODUCT)
    with store.read() as connection:
        drawn = load(connection, p.PilotCases), load(connection, p.PilotSheets)
        histories = connection.execute("SELECT * FROM stg_events ORDER BY event_time, source_row, position").pl()
    return pilots(
        *drawn,
        recommendations,
        item_features,
        user_features,
        histories=histories,
        pilot=config.pilot,
        n_users=config.n_users,
        seed=SEED,
        settings=settings,
        now=dt.datetime.now(dt.UTC),
    )


@dg.asset(  # type: ignore[untyped-decorator]  # mypy loses the type of a decorator whose arguments are unpacked
    ins=inputs("pilot_cases"), deps=[dg.AssetKey([PRODUCT, "stg_expert_verdicts"])], **table_arguments(p.PilotResults), **POOLED
)
def pilot_results(warehouse: WarehouseResource, pilot_cases: pl.DataFrame) -> pl.DataFrame:
    """What experts said of the recommendations, with the interval that few cases allow."""
    from vitrina.marketplace.pilot_results import pilot_results as results  # noqa: PLC0415  # as above

    with warehouse.of(PRODUCT).read() as connection:
        verdicts = connection.execute("SELECT * FROM stg_expert_verdicts").pl()
    return results(pilot_cases, verdicts)


@dg.asset(  # type: ignore[untyped-decorator]  # as above
    deps=[dg.AssetKey([PRODUCT, name]) for name in ("stg_shown", "stg_events")], **table_arguments(p.RecommendationUptake), **POOLED
)
def recommendation_uptake(warehouse: WarehouseResource) -> pl.DataFrame:
    """What users who were shown recommendations did, beside the hold-out and beside the time before."""
    from vitrina.marketplace.uptake import uptake  # noqa: PLC0415  # as above

    with warehouse.of(PRODUCT).read() as connection:
        shown = connection.execute("SELECT * FROM stg_shown").pl()
        events = connection.execute("SELECT * FROM stg_events").pl()
    return uptake(shown, events, seed=SEED)
