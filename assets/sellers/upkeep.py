"""Drift, reports, deletion of what shows people, and days that are computed again on trial."""

import datetime as dt

import dagster as dg
import polars as pl
from pydantic import Field

from assets.sellers.product import POOLED, PRODUCT, keys_of, stored
from resources.table_assets import table_arguments
from resources.warehouse import WarehouseResource
from vitrina.sellers import day_tables as d
from vitrina.sellers import tables as t
from vitrina.sellers.video_ledger import VideoLedger


@dg.asset(  # type: ignore[untyped-decorator]  # mypy loses the type of a decorator whose arguments are unpacked
    deps=keys_of(d.DayVideos, t.FootageSamples, t.Detections, t.Tracks, t.People), **table_arguments(d.FootageDrift), **POOLED
)
def footage_drift(context: dg.AssetExecutionContext, warehouse: WarehouseResource) -> pl.DataFrame:
    """How far each camera's day is from the same weekday before: people, confidence, light, focus, coverage."""
    from vitrina.sellers.drifting import drift_now  # noqa: PLC0415  # loading the definitions need not pay for it

    with warehouse.of(PRODUCT).read() as connection:
        found = drift_now(connection, warehouse.settings, dt.datetime.now(dt.UTC))
    context.add_output_metadata({"drifted": int(found["drifted"].sum())})
    return found


@dg.asset(  # type: ignore[untyped-decorator]  # as above
    deps=[
        *keys_of(d.SellerDayMetrics, d.DayVideos, d.Purchases, d.FootageDrift, d.EvidenceFiles, t.Interactions),
        dg.AssetKey([PRODUCT, "mart_store_hourly"]),
    ],
    **table_arguments(d.DayReports, kinds=("excel", "duckdb")),
    **POOLED,
)
def day_reports(context: dg.AssetExecutionContext, warehouse: WarehouseResource) -> pl.DataFrame:
    """The Excel workbook of every store's day, in every language of the settings."""
    from vitrina.sellers.reporting import reports_now  # noqa: PLC0415  # loading the definitions need not pay for it

    with warehouse.of(PRODUCT).read() as connection:
        found = reports_now(connection, warehouse.settings, dt.datetime.now(dt.UTC), context.run.run_id)
    newest = found.sort("made_at", "day").tail(10)["path"]
    context.add_output_metadata({"reports": dg.MetadataValue.md("\n".join(f"- `{path}`" for path in newest) or "none")})
    return found


@dg.asset(  # type: ignore[untyped-decorator]  # as above
    deps=keys_of(d.EvidenceFiles), **table_arguments(d.DeletedFiles, kinds=("duckdb",)), **POOLED
)
def deleted_files(context: dg.AssetExecutionContext, warehouse: WarehouseResource) -> pl.DataFrame:
    """Videos, clips, pictures and copies that were kept long enough are deleted; a receipt says so. Numbers stay."""
    from vitrina.sellers.retention import expire  # noqa: PLC0415  # loading the definitions need not pay for it

    settings, now = warehouse.settings, dt.datetime.now(dt.UTC)
    evidence, before = stored(warehouse, d.EvidenceFiles, d.DeletedFiles)
    gone = expire(settings, VideoLedger(settings.videos), evidence, now, settings.inbox_folder / PRODUCT)
    failed = gone.filter(pl.col("failure").is_not_null()).height
    context.add_output_metadata({"deleted_now": gone.height - failed, "still_there": failed})
    # whatever is still there is told anew by every round
    settled = before.filter(pl.col("failure").is_null())
    return pl.concat([settled, gone]).unique(["path", "deleted_at"], keep="last", maintain_order=True)


class Replay(dg.Config):
    """Which day is computed again, and with which parameters. Stored numbers stay as they are."""

    store_id: str = Field(description="The store.")
    day: str = Field(description="The day, by the store's clock, e.g. 2026-10-14.")
    changes: dict[str, str] = Field(
        description='Parameters that differ, e.g. {"interaction.start_m": "1.2", "tracker.method": "ocsort"}.'
    )


@dg.asset(  # type: ignore[untyped-decorator]  # as above
    deps=keys_of(t.Detections, t.FootageSamples, d.SellerDayMetrics), **table_arguments(d.ReplayDifferences), **POOLED
)
def replay_differences(context: dg.AssetExecutionContext, config: Replay, warehouse: WarehouseResource) -> pl.DataFrame:
    """A day computed again from stored detections with other parameters, beside what is stored; with a report."""
    from vitrina.sellers.replay_report import write_replay_reports  # noqa: PLC0415  # loading the definitions need not pay for it
    from vitrina.sellers.replaying import as_values, replayed  # noqa: PLC0415  # as above

    settings, day = warehouse.settings, dt.date.fromisoformat(config.day)
    with warehouse.of(PRODUCT).read() as connection:
        found = replayed(
            connection, settings, as_values(config.changes), store_id=config.store_id, day=day, now=dt.datetime.now(dt.UTC)
        )
    folder = settings.artifacts / PRODUCT / d.ReplayDifferences.table_name()
    reports = write_replay_reports(folder, found, settings.locales, currency=settings.currency)
    (before,) = stored(warehouse, d.ReplayDifferences)
    context.add_output_metadata(
        {
            "changed": found.filter(pl.col("difference") != 0).height,
            "outside_the_interval": found.filter(~pl.col("within")).height,
            "reports": dg.MetadataValue.md("\n".join(f"- `{path}`" for path in reports)),
        }
    )
    return pl.concat([before.filter(~pl.col("replay").is_in(found["replay"].unique().implode())), found])
