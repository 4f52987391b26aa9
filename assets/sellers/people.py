"""Who is followed where on a video, who sells, who serves whom, and what that comes to: from stored detections, without any picture."""

from collections.abc import Iterator

import dagster as dg
import polars as pl

from assets.sellers.product import BY_VIDEO, delivered_beside, inputs, keys_of, outs, video_of
from resources.table_assets import table_arguments
from resources.warehouse import WarehouseResource
from vitrina.sellers import tables as t
from vitrina.sellers.networks import in_force
from vitrina.sellers.raw_tables import RawShifts, RawTillReceipts


@dg.multi_asset(
    name="tracks_of_people",
    ins=inputs(t.VideoFiles, t.FootageSamples, t.Detections),
    outs=outs(t.Tracks, t.Trajectories, kinds=("boxmot", "duckdb")),
    **BY_VIDEO,
)
def tracks_of_people(
    warehouse: WarehouseResource, video_files: pl.DataFrame, footage_samples: pl.DataFrame, detections: pl.DataFrame
) -> tuple[dg.Output[pl.DataFrame], dg.Output[pl.DataFrame]]:
    """Detections that follow one another held for one person, and tracks that look alike for one who has returned."""
    from vitrina.sellers.evaluation import follow  # noqa: PLC0415  # loading the definitions need not pay for it

    video = video_of(warehouse, video_files)
    tracks, places = t.Tracks.empty(), t.Trajectories.empty()
    if video is not None:
        tracks, places = follow(detections, footage_samples, video, in_force(warehouse.settings))
    return (
        dg.Output(tracks, output_name="tracks", metadata={"persons": tracks["person"].n_unique()}),
        dg.Output(places, output_name="trajectories"),
    )


@dg.multi_asset(
    name="people_by_role",
    ins=inputs(t.VideoFiles, t.Tracks, t.Trajectories),
    outs=outs(t.People, t.SellerAppearances),
    deps=keys_of(RawShifts),
    **BY_VIDEO,
)
def people_by_role(
    warehouse: WarehouseResource, video_files: pl.DataFrame, tracks: pl.DataFrame, trajectories: pl.DataFrame
) -> Iterator[dg.Output[pl.DataFrame]]:
    """Who sells and who buys, beside the plain rule that whoever is there longest sells; and which seller of the shifts it is."""
    from vitrina.sellers.evaluation import name_people  # noqa: PLC0415  # loading the definitions need not pay for it

    video = video_of(warehouse, video_files)
    if video is None:
        yield dg.Output(t.People.empty(), output_name="people")
        yield dg.Output(t.SellerAppearances.empty(), output_name="seller_appearances")
        return
    known = delivered_beside(warehouse, video)
    people, shown = name_people(
        tracks,
        trajectories,
        video,
        shifts=known.shifts,
        prototypes=known.prototypes,
        parameters=in_force(warehouse.settings),
    )
    counts = {f"persons_{role}": count for role, count in people["role"].value_counts().sort("role").iter_rows()}
    disagree = people.filter((pl.col("role") == "seller") != (pl.col("baseline_role") == "seller")).height
    yield dg.Output(people, output_name="people", metadata={**counts, "other_than_baseline": disagree})
    yield dg.Output(shown, output_name="seller_appearances")


@dg.asset(  # type: ignore[untyped-decorator]  # mypy loses the type of a decorator whose arguments are unpacked
    ins=inputs(t.VideoFiles, t.Tracks, t.Trajectories, t.People),
    deps=keys_of(RawTillReceipts),
    **table_arguments(t.Interactions),
    **BY_VIDEO,
)
def interactions(
    warehouse: WarehouseResource,
    video_files: pl.DataFrame,
    tracks: pl.DataFrame,
    trajectories: pl.DataFrame,
    people: pl.DataFrame,
) -> pl.DataFrame:
    """Who stood with whom long enough to be served, and which receipt followed."""
    from vitrina.sellers.evaluation import serve  # noqa: PLC0415  # loading the definitions need not pay for it

    video = video_of(warehouse, video_files)
    if video is None:
        return t.Interactions.empty()
    receipts = delivered_beside(warehouse, video).receipts
    return serve(tracks, trajectories, people, video=video, receipts=receipts, parameters=in_force(warehouse.settings))


@dg.asset(  # type: ignore[untyped-decorator]  # as above
    ins=inputs(t.VideoFiles, t.FootageSamples, t.Detections, t.Tracks, t.Trajectories, t.People, t.Interactions),
    **table_arguments(t.SellerVideoMetrics),
    **BY_VIDEO,
)
def seller_video_metrics(  # noqa: PLR0913, PLR0917  # one parameter per input, and Dagster passes them by name
    context: dg.AssetExecutionContext,
    warehouse: WarehouseResource,
    video_files: pl.DataFrame,
    footage_samples: pl.DataFrame,
    detections: pl.DataFrame,
    tracks: pl.DataFrame,
    trajectories: pl.DataFrame,
    people: pl.DataFrame,
    interactions: pl.DataFrame,
) -> pl.DataFrame:
    """What the video comes to, per seller and in all."""
    from vitrina.sellers.evaluation import count, coverage_of  # noqa: PLC0415  # loading the definitions need not pay for it

    settings = warehouse.settings
    video = video_of(warehouse, video_files)
    found = t.SellerVideoMetrics.empty()
    if video is not None:
        seen = coverage_of(footage_samples, detections, video, settings.sellers_step_s, in_force(settings))
        found = count(
            tracks,
            trajectories,
            people,
            interactions,
            video=video,
            receipts=delivered_beside(warehouse, video).receipts,
            seen=seen,
            parameters=in_force(settings),
        )
        refused = found.filter(pl.col("refused").is_not_null()).height
        context.add_output_metadata({"coverage": seen, "numbers_refused": refused})
    return found
