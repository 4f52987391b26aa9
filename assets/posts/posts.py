"""What channels delivered, which posts stand now, and the passages that are searched."""

import datetime as dt
from collections.abc import Iterator

import dagster as dg
import polars as pl

from assets.posts.product import POOLED, PRODUCT, inputs, keys_of, outs, stored
from resources.inbox_assets import inbox_assets
from resources.table_assets import table_arguments
from resources.warehouse import WarehouseResource
from vitrina.posts import tables as t
from vitrina.posts.contracts import CONTRACTS
from vitrina.posts.plans import plans
from vitrina.posts.raw_tables import PostsDeliveries, PostsRefusedRows
from vitrina.posts.staleness import staleness
from vitrina.pseudonyms import user_key

posts_inbox = inbox_assets(
    PRODUCT, CONTRACTS, refused_table=PostsRefusedRows, deliveries_table=PostsDeliveries, consequences=staleness
)

STAGED = keys_of("stg_snapshots", "stg_post_versions", "stg_chat_answers")


@dg.asset(  # type: ignore[untyped-decorator]  # mypy loses the type of a decorator whose arguments are unpacked
    deps=keys_of("deliveries"), **table_arguments(t.Plans), **POOLED
)
def plans_of_posts(warehouse: WarehouseResource) -> pl.DataFrame:
    """What each chat's plan holds, and what answers cost: SQL computes with it, and people see what was in force."""
    return plans(warehouse.settings)


@dg.multi_asset(
    name="posts_as_they_stand",
    outs=outs(t.Posts, t.PostChanges, t.PostTombstones),
    deps=[*STAGED, *keys_of("raw_erasure_requests")],
    **POOLED,
)
def posts_as_they_stand(context: dg.AssetExecutionContext, warehouse: WarehouseResource) -> Iterator[dg.Output[pl.DataFrame]]:
    """What was delivered against what is known: added, edited, deleted; nothing that was erased comes back."""
    from vitrina.posts.erasing import erased_tombstones  # noqa: PLC0415  # loading the definitions need not pay for it
    from vitrina.posts.reconciling import Known, reconcile  # noqa: PLC0415  # as above

    settings = warehouse.settings
    known, changes, tombstones = stored(warehouse, t.Posts, t.PostChanges, t.PostTombstones)
    with warehouse.of(PRODUCT).read() as connection:
        erased = erased_tombstones(connection)
        marks = pl.concat([erased, tombstones.join(erased, on="key_hash", how="anti")])
        found = reconcile(connection, Known(known, marks), key=user_key(settings), settings=settings, now=dt.datetime.now(dt.UTC))
    counts = {name: int(found.changes[name].sum()) for name in ("added", "edited", "deleted", "held_back")}
    context.log.info(", ".join(f"{name} {count}" for name, count in counts.items()))
    yield dg.Output(found.posts, output_name="posts", metadata={**counts, "channels": found.posts["channel_id"].n_unique()})
    yield dg.Output(pl.concat([changes, found.changes]), output_name="post_changes")
    yield dg.Output(found.tombstones, output_name="post_tombstones")


@dg.multi_asset(name="passages_of_posts", ins=inputs("posts"), outs=outs(t.Passages, t.PostDuplicates), **POOLED)
def passages_of_posts(posts: pl.DataFrame) -> tuple[dg.Output[pl.DataFrame], dg.Output[pl.DataFrame]]:
    """Long posts in passages that are read at a glance, and which posts say nearly the same as an earlier one."""
    from vitrina.posts.duplicates import duplicates_of  # noqa: PLC0415  # loading the definitions need not pay for it
    from vitrina.posts.passages import passages_of  # noqa: PLC0415  # as above

    made, duplicates = passages_of(posts), duplicates_of(posts)
    elsewhere = duplicates.filter(pl.col("channel_id") != pl.col("first_channel_id")).height
    return (
        dg.Output(made, output_name="passages"),
        dg.Output(duplicates, output_name="post_duplicates", metadata={"in_another_channel": elsewhere}),
    )
