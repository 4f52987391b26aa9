"""Who was there when, who served whom, and when nobody could see, as one picture of a day."""

from __future__ import annotations

import datetime as dt
import heapq
import json
from collections.abc import Sequence
from typing import Any, TypeAlias, cast
from zoneinfo import ZoneInfo

import altair as alt
import polars as pl

from vitrina.charts import FAINT, PAGE_SCALE, colour, to_png
from vitrina.i18n import Translate
from vitrina.sellers.evidence.recording import EvidenceError

Moments: TypeAlias = tuple[dt.datetime, dt.datetime]

WIDTH = 640
ROW_PX = 15
MOST_BARS = 2_000
MOST_LANES = 24
"""Rows of customers that are drawn; more at one time are left out, and told."""
SELLER, CUSTOMER, UNKNOWN, TOGETHER = colour(1), colour(5), FAINT, colour(6)


def day_timeline(  # noqa: PLR0913  # a table each, and how to tell the time
    videos: pl.DataFrame,
    tracks: pl.DataFrame,
    people: pl.DataFrame,
    interactions: pl.DataFrame,
    *,
    time_zone: str,
    uncovered: Sequence[Moments] = (),
    translate: Translate = str,
    is_named: bool = False,
) -> bytes:
    """The day of one camera, as PNG: a row for each seller, below them customers, and bands where nobody could see.

    Parameters
    ----------
    videos
        Rows of table `VideoFiles` of the day's videos: ``video`` and ``started_at``.
    tracks, people, interactions
        Tables of these videos. Sellers whom the roster names are one over all videos, others one per video.
    time_zone
        Of the clock on the wall.
    uncovered
        When nothing could be seen, with their time zone.
    translate
        From the English text to the reader's.
    is_named
        Whether sellers stand there by the roster's names, which are personal data: not for pictures that are kept with a run.

    Raises
    ------
    EvidenceError
        There is nobody and no time to be drawn.
    """
    starts = dict(videos.select("video", "started_at").iter_rows())
    zone = ZoneInfo(time_zone)
    present = _present(tracks, people, starts)
    blind = pl.DataFrame(
        list(uncovered), schema={"begin": pl.Datetime(time_zone="UTC"), "end": pl.Datetime(time_zone="UTC")}, orient="row"
    )
    moments = [*present["begin"], *present["end"], *blind["begin"], *blind["end"]]
    if not moments:
        raise EvidenceError(
            "There is nobody on this day, and no time without sight.", "Choose a day with videos that could be read."
        )
    rows, left_out = _rows(present, translate, is_named=is_named)
    chart = _chart(rows, _together(interactions, rows, starts), blind, zone, translate)
    notes = [translate("Grey bands: nothing could be seen")]
    if left_out:
        notes.append(translate("{number} more stays are not drawn").format(number=left_out))
    title = translate("{date}: who was there when").format(date=f"{min(moments).astimezone(zone):%Y-%m-%d}")
    return to_png(chart.properties(title=alt.TitleParams(title, subtitle="; ".join(notes))), scales=PAGE_SCALE)


def _present(tracks: pl.DataFrame, people: pl.DataFrame, starts: dict[str, dt.datetime]) -> pl.DataFrame:
    """Stays in the picture: video, person, role, seller_id, begin, end; of customers from first to last, of sellers by track."""
    known = people.filter(pl.col("role") != "fixture").select("video", "person", "role", "seller_id")
    stays = tracks.join(known, on=["video", "person"]).with_columns(
        part=pl.when(pl.col("role") == "seller").then(pl.col("track")).otherwise(0)
    )
    spans = stays.group_by("video", "person", "role", "seller_id", "part").agg(pl.col("first_s").min(), pl.col("last_s").max())
    start = pl.col("video").replace_strict(starts, return_dtype=pl.Datetime("us", "UTC"))
    return spans.select(
        "video",
        "person",
        "role",
        "seller_id",
        begin=start + pl.duration(microseconds=(pl.col("first_s") * 1e6).cast(pl.Int64)),
        end=start + pl.duration(microseconds=(pl.col("last_s") * 1e6).cast(pl.Int64)),
    ).sort("begin", "video", "person")


def _rows(present: pl.DataFrame, translate: Translate, *, is_named: bool) -> tuple[pl.DataFrame, int]:
    """Stays with the row they are drawn in and its label, and how many are left out."""
    identity = pl.coalesce("seller_id", pl.format("{}|{}", "video", "person"))
    sellers = present.filter(pl.col("role") == "seller").with_columns(identity=identity)
    names = sellers["identity"].unique(maintain_order=True).to_list()
    drawn: list[dict[str, Any]] = []
    for row in sellers.iter_rows(named=True):
        place = names.index(row.pop("identity"))
        number = translate("seller {number}").format(number=place + 1)
        drawn.append(row | {"row": place, "label": row["seller_id"] if is_named and row["seller_id"] else number})
    others = present.filter(pl.col("role") != "seller")
    lanes = _lanes(others)
    label = translate("customers and unknown")
    drawn += [
        row | {"row": len(names) + lane, "label": label if lane == 0 else ""}
        for row, lane in zip(others.iter_rows(named=True), lanes, strict=True)
        if lane < MOST_LANES
    ]
    schema = {**present.schema, "row": pl.Int64(), "label": pl.String()}
    rows = pl.DataFrame(drawn, schema=schema)
    # the shortest are the ones that would be hardest to see
    kept = rows.sort(pl.col("end") - pl.col("begin"), descending=True).head(MOST_BARS).sort("row", "begin")
    return kept, present.height - kept.height


def _lanes(stays: pl.DataFrame) -> list[int]:
    """For each stay, by its begin, the first row that is free."""
    free: list[int] = []
    busy: list[tuple[dt.datetime, int]] = []
    lanes: list[int] = []
    for begin, end in stays.select("begin", "end").iter_rows():
        while busy and busy[0][0] < begin:
            heapq.heappush(free, heapq.heappop(busy)[1])
        lane = heapq.heappop(free) if free else len(busy)
        heapq.heappush(busy, (end, lane))
        lanes.append(lane)
    return lanes


def _together(interactions: pl.DataFrame, rows: pl.DataFrame, starts: dict[str, dt.datetime]) -> pl.DataFrame:
    """Interactions in the row of their seller: row, begin, end."""
    of_sellers = rows.filter(pl.col("role") == "seller").select("video", "person", "row").unique()
    return (
        interactions.filter(pl.col("video").is_in(list(starts)))
        .join(of_sellers, left_on=["video", "seller_person"], right_on=["video", "person"])
        .select("row", begin="begin_at", end="end_at")
        .sort("begin")
        .head(MOST_BARS)
    )


def _chart(rows: pl.DataFrame, together: pl.DataFrame, blind: pl.DataFrame, zone: ZoneInfo, translate: Translate) -> alt.LayerChart:
    first: dt.datetime = min(begin for frame in (rows, blind) for begin in frame["begin"])
    # by the clock on the wall, which a day of 23 hours shows no other way
    midnight = first.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    hours = [
        (
            (pl.col(name).dt.convert_time_zone(zone.key).dt.replace_time_zone(None) - midnight).dt.total_seconds(fractional=True)
            / 3600
        ).alias(name)
        for name in ("begin", "end")
    ]
    rows, together, blind = (frame.with_columns(hours) for frame in (rows, together, blind))
    edges = [edge for frame in (rows, blind) for name in ("begin", "end") for edge in frame[name]]
    domain = [min(edges), max(*edges, min(edges) + 1 / 60)]
    # who was seen once is a pixel wide all the same
    seen = pl.max_horizontal("end", pl.col("begin") + (domain[1] - domain[0]) / WIDTH)
    rows, together = (frame.with_columns(end=seen) for frame in (rows, together))
    n_rows = 1 + max([0, *rows["row"]])
    labels = dict(rows.filter(pl.col("label") != "").select("row", "label").iter_rows())
    names = [translate("seller"), translate("customer"), translate("unknown"), translate("interaction")]
    kinds = {"seller": names[0], "customer": names[1]}
    told = rows.with_columns(kind=pl.col("role").replace_strict(kinds, default=names[2]), high=pl.col("row") + 0.85)
    served = together.with_columns(kind=pl.lit(names[3]), low=pl.col("row") + 0.2, high=pl.col("row") + 0.65)
    x = alt.X(
        "begin:Q",
        title=None,
        scale=alt.Scale(domain=domain, nice=False, clamp=True),
        axis=alt.Axis(labelExpr=_CLOCK, tickCount=8),
    )
    y_axis = alt.Axis(
        values=[row + 0.43 for row in labels],
        labelExpr=f"{json.dumps(labels)}[floor(datum.value)]",
        ticks=False,
        grid=False,
        domain=False,
        labelLimit=150,
    )
    y_scale = alt.Scale(domain=[0, n_rows], reverse=True, nice=False)
    colours = alt.Color(
        "kind:N",
        title=None,
        scale=alt.Scale(domain=names, range=[SELLER, CUSTOMER, UNKNOWN, TOGETHER]),
        legend=alt.Legend(orient="bottom", symbolType="square"),
    )
    height = max(60, n_rows * ROW_PX)
    bands = alt.Chart(blind).mark_rect(color="#D9D9D9", opacity=0.8).encode(x=x, x2="end:Q", y=alt.value(0), y2=alt.value(height))
    stays = (
        alt.Chart(told)
        .mark_rect()
        .encode(x=x, x2="end:Q", y=alt.Y("row:Q", title=None, scale=y_scale, axis=y_axis), y2="high:Q", color=colours)
    )
    meetings = (
        alt.Chart(served)
        .mark_rect()
        .encode(x=x, x2="end:Q", y=alt.Y("low:Q", title=None, scale=y_scale, axis=y_axis), y2="high:Q", color=colours)
    )
    return cast("alt.LayerChart", alt.layer(bands, stays, meetings).properties(width=WIDTH, height=height))


_CLOCK = (
    "pad(floor((datum.value + 1/120) % 24), 2, '0', 'left') + ':' + pad(floor((datum.value % 1) * 60 + 0.5) % 60, 2, '0', 'left')"
)
