"""Being forgotten: after everything was computed and published without it, nothing of it stays in any file of ours."""

import datetime as dt

import dagster as dg
import polars as pl

from assets.posts.product import POOLED, PRODUCT, stored
from resources.table_assets import table_arguments
from resources.warehouse import WarehouseResource
from vitrina.posts import tables as t
from vitrina.posts.raw_tables import RawErasureRequests


@dg.asset(  # type: ignore[untyped-decorator]  # mypy loses the type of a decorator whose arguments are unpacked
    deps=[dg.AssetKey([PRODUCT, "publication"])], **table_arguments(t.ErasureReceipts), **POOLED
)
def forgetting(context: dg.AssetExecutionContext, warehouse: WarehouseResource) -> pl.DataFrame:
    """Fulfils requests to be forgotten, and forgets questions that are too old: files are rebuilt, for deleting leaves bytes."""
    from vitrina.posts.erasing import apply, finish  # noqa: PLC0415  # loading the definitions need not pay for it
    from vitrina.posts.retention import forget_old_questions  # noqa: PLC0415  # as above
    from vitrina.warehouse.rebuilding import rebuild  # noqa: PLC0415  # as above

    settings, now, store = warehouse.settings, dt.datetime.now(dt.UTC), warehouse.of(PRODUCT)
    requests, before = stored(warehouse, RawErasureRequests, t.ErasureReceipts)
    forgotten = forget_old_questions(store, settings, settings.posts_question_days, now)
    applied = apply(store, settings, requests, now)
    receipts = finish(settings, store, applied, now)
    if sum(forgotten.rows.values()) and applied.pending.is_empty():
        rebuild(store)
    context.add_output_metadata(
        {
            "fulfilled": receipts.height,
            "pending": applied.pending.height - receipts.height,
            "old_questions": sum(forgotten.rows.values()),
        }
    )
    return pl.concat([before, receipts])
