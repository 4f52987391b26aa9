"""Pictures of what cameras saw: how much of the time, and who walked where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import altair as alt
import polars as pl

from serving.sellers.telling import Telling
from serving.web.drawing import Chart, drawn
from vitrina.charts import colour

MOST_POINTS = 2_400
"""Points of ways that are drawn: more of them lie on one another, and take the browser seconds."""

WIDTH, HEIGHT = 1000, 600
"""The most that ways may take."""
ROLE_COLOURS = {"seller": colour(2), "customer": colour(5), "unknown": colour(7)}
ROLE_DASHES = {"seller": [1, 0], "customer": [6, 3], "unknown": [2, 3]}


def footage_chart(rows: Sequence[Mapping[str, Any]], telling: Telling) -> Chart:
    """How much could be seen, a square per camera and day."""
    say = telling.say
    days = sorted({row["day"] for row in rows})
    order = [telling.short_day(day) for day in days]
    cells = [
        {
            "day": telling.short_day(row["day"]),
            "camera": row["camera_id"],
            "coverage": row["coverage"] or 0.0,
            "known": row["coverage"] is not None,
            "text": ("–" if row["coverage"] is None else telling.wording.percent(row["coverage"])) + (" !" if row["worst"] else ""),
            "why": telling.reason(row["worst_reason"]) or say("Nothing is wrong."),
            "light": (row["coverage"] or 0.0) < 0.6,
        }
        for row in rows
    ]
    schema = {
        "day": pl.String,
        "camera": pl.String,
        "coverage": pl.Float64,
        "known": pl.Boolean,
        "text": pl.String,
        "why": pl.String,
        "light": pl.Boolean,
    }
    base = alt.Chart(pl.DataFrame(cells, schema=schema, orient="row")).encode(
        x=alt.X("day:O", title=None, sort=order, axis=alt.Axis(labelAngle=0, labelOverlap="greedy", labelSeparation=10)),
        y=alt.Y("camera:N", title=None),
    )
    tooltip = [
        alt.Tooltip("camera:N", title=say("Camera")),
        alt.Tooltip("day:O", title=say("Day")),
        alt.Tooltip("text:N", title=say("Could be seen")),
        alt.Tooltip("why:N", title=say("Remark")),
    ]
    squares = base.mark_rect(stroke="white", strokeWidth=2).encode(
        color=alt.condition(
            "datum.known",
            alt.Color("coverage:Q", scale=alt.Scale(scheme="blues", domain=[0, 1]), legend=None),
            alt.value("#e6ebf0"),
        ),
        tooltip=tooltip,
    )
    texts = base.mark_text(fontSize=11).encode(
        text="text:N", color=alt.condition("datum.light", alt.value("#1c2733"), alt.value("white"))
    )
    return drawn(
        (squares + texts).properties(width="container", height=34 * len({row["camera_id"] for row in rows})),
        say("How much could be seen, by camera and day."),
        say("A mark of exclamation: look at this camera."),
        (say("Day"), say("Camera"), say("Could be seen"), say("Remark")),
        [(telling.weekday(row["day"]), cell["camera"], cell["text"], cell["why"]) for row, cell in zip(rows, cells, strict=True)],
    )


def ways_chart(found: pl.DataFrame, size: tuple[int, int], telling: Telling) -> Chart:
    """Where people walked and stood: on the floor in metres where places on it are known, else in the camera's picture.

    Parameters
    ----------
    found
        Boxes that are followed, with columns of `vitrina.sellers.evidence.boxes.BOXES`.
    size
        Width and height of the picture.
    telling
        Words.
    """
    say = telling.say
    people = found.filter(pl.col("role").is_in(list(ROLE_COLOURS)))
    is_metric = people["floor_x"].is_not_null().any()
    rows = people.drop_nulls(["floor_x", "floor_y"]) if is_metric else people
    places = [pl.col("floor_x"), pl.col("floor_y")] if is_metric else [(pl.col("x1") + pl.col("x2")) / 2, pl.col("y2")]
    # every so many samples, the same for all: ways of different people stay comparable
    every = -(-rows.height // MOST_POINTS)
    drawn_rows = rows.filter(pl.col("sample") % max(every, 1) == 0).sort("track", "sample")
    names = {"seller": say("seller"), "customer": say("customer"), "unknown": say("unknown")}
    data = drawn_rows.select(
        pl.col("role").replace_strict(names, default=None).alias("who"),
        pl.col("track"),
        pl.col("pts_s").round(1),
        *(place.round(2 if is_metric else 0).alias(axis) for place, axis in zip(places, "xy", strict=True)),
    )
    titles = (say("Metres"), say("Metres")) if is_metric else (say("Pixels from the left"), say("Pixels from above"))
    domains = _domains(data, size, is_metric=is_metric)
    # a metre is as long in both directions
    metre = min(WIDTH / domains[0][2], HEIGHT / domains[1][2])
    shades = alt.Scale(domain=list(names.values()), range=list(ROLE_COLOURS.values()))
    dashes = alt.Scale(domain=list(names.values()), range=list(ROLE_DASHES.values()))
    legend = alt.Legend(orient="top", symbolType="stroke", symbolStrokeWidth=3, symbolSize=300)
    chart = (
        alt.Chart(data)
        .mark_line(strokeWidth=1.6, opacity=0.6)
        .encode(
            x=alt.X("x:Q", title=titles[0], scale=alt.Scale(domain=domains[0][:2], nice=False)),
            y=alt.Y("y:Q", title=titles[1], scale=alt.Scale(domain=domains[1][:2], nice=False, reverse=not is_metric)),
            color=alt.Color("who:N", title=None, scale=shades, legend=legend),
            strokeDash=alt.StrokeDash("who:N", scale=dashes, legend=legend, title=None),
            detail="track:N",
            order="pts_s:Q",
        )
        .properties(width=round(domains[0][2] * metre), height=round(domains[1][2] * metre))
    )
    counts = rows.group_by("role").agg(persons=pl.col("person").n_unique(), points=pl.len()).sort("role")
    where = say("On the floor, in metres.") if is_metric else say("In the camera's picture: nobody told where the floor is.")
    return drawn(
        chart,
        say("Ways of people."),
        where,
        (say("Who"), say("People"), say("Places")),
        [
            (names[role], telling.wording.whole(persons), telling.wording.whole(points))
            for role, persons, points in counts.iter_rows()
        ],
    )


def _domains(data: pl.DataFrame, size: tuple[int, int], *, is_metric: bool) -> list[tuple[float, float, float]]:
    """Of both axes: least, greatest, and how much lies between."""
    if not is_metric:
        return [(0.0, float(side), float(side)) for side in size]
    found = []
    for axis in "xy":
        low, high = (cast("float", value) for value in (data[axis].min(), data[axis].max()))
        found.append((low - 0.5, high + 0.5, max(high - low + 1.0, 2.0)))
    return found
