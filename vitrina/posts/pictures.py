"""How well posts are found, and what silence costs, as pictures."""

from __future__ import annotations

from typing import cast

import altair as alt
import polars as pl

from vitrina.charts import FAINT, INK, PAGE_SCALE, colour, to_png
from vitrina.posts.known_items import OVERLAPS
from vitrina.posts.measures import GENERATED, PEOPLES, RECALL_AT_1, RECALL_AT_5, RECALL_AT_10, operating_points

TITLES = {RECALL_AT_1: "The right post comes first", RECALL_AT_5: "Among the first five", RECALL_AT_10: "Among the first ten"}
WAYS = {"fused": "words and vectors", "bm25": "words", "vectors": "vectors", "plain bm25": "words as they stand"}

MOST_POINTS = 200
"""Points of a curve: more of them nobody sees, and a page would carry them."""


def recall_by_overlap(quality: pl.DataFrame, *, measure: str = RECALL_AT_1) -> bytes:
    """Share of questions whose post is found, by how many of their words it holds and the way of searching, as PNG.

    Parameters
    ----------
    quality
        Rows of `SearchQuality` of one index.
    measure
        One of the recalls.
    """
    rows = quality.filter((pl.col("measure") == measure) & pl.col("overlap").is_in(OVERLAPS)).with_columns(
        pl.col("searched_by").replace_strict(WAYS, default=pl.col("searched_by")).alias("way"),
    )
    sets = rows["questions"].unique(maintain_order=True).to_list()
    panels = [_panel(rows.filter(pl.col("questions") == name), name, is_first=at == 0) for at, name in enumerate(sets)]
    chart = alt.hconcat(*panels, spacing=28).properties(
        title=alt.TitleParams(
            f"{TITLES[measure]}: by how many of the question's words the post holds",
            subtitle="Share of questions, with 95 % intervals; above the axis, the number of questions",
        )
    )
    return to_png(chart, scales=PAGE_SCALE)


def _panel(rows: pl.DataFrame, name: str, *, is_first: bool) -> alt.LayerChart:
    ways = [way for way in WAYS.values() if way in set(rows["way"])]
    base = alt.Chart(rows).encode(
        x=alt.X("overlap:N", title="Words that the post holds", sort=list(OVERLAPS), axis=alt.Axis(labelAngle=0)),
        xOffset=alt.XOffset("way:N", sort=list(WAYS.values())),
        color=alt.Color(
            "way:N",
            title="Searched by",
            legend=alt.Legend(orient="bottom", symbolType="circle"),
            scale=alt.Scale(domain=ways, range=[colour(1 + list(WAYS.values()).index(way)) for way in ways]),
        ),
    )
    scale = alt.Scale(domain=[0, 1])
    y_axis = alt.Axis(format="%", tickCount=5)
    spread = base.mark_rule(strokeWidth=2).encode(y=alt.Y("low:Q", title=None, scale=scale, axis=y_axis), y2="high:Q")
    title = "Share found" if is_first else None
    points = base.mark_point(filled=True, size=70, opacity=1).encode(y=alt.Y("value:Q", title=title, scale=scale, axis=y_axis))
    numbers = (
        alt.Chart(rows.group_by("overlap").agg(pl.col("n").first()))
        .mark_text(baseline="bottom", fontSize=11, color=INK, dy=-3)
        .encode(x=alt.X("overlap:N", sort=list(OVERLAPS)), y=alt.datum(0, scale=scale), text=alt.Text("n:Q", format=",d"))
    )
    return cast(
        "alt.LayerChart",
        alt.layer(spread, points, numbers).properties(width=185, height=260, title=alt.TitleParams(name, fontSize=13)),
    )


def answered_against_false_answers(held_out: pl.DataFrame, *, rate: float) -> bytes:
    """What every threshold is worth out of fold, and where the bot stands, as PNG.

    Parameters
    ----------
    held_out
        `Calibrated.held_out`.
    rate
        Share of unanswerable questions that may be answered.
    """
    people = pl.when("peoples").then(pl.lit(PEOPLES)).otherwise(pl.lit(GENERATED)).alias("questions")
    curves, stands = [], []
    for (name,), rows in held_out.with_columns(people).sort("questions").group_by("questions", maintain_order=True):
        shares = rows.group_by("answerable").agg(pl.col("answered").mean())
        answered, false_answers = (shares.filter(pl.col("answerable") == kind)["answered"].item() for kind in (True, False))
        told = f"{name}: {answered:.0%} at {false_answers:.1%}"
        stands.append({"questions": told, "false_answers": false_answers, "answered": answered})
        points = operating_points(rows["probability"].to_numpy(), rows["answerable"].to_numpy())
        thinned = [*points[:: max(1, len(points) // MOST_POINTS)], points[-1]]
        curves += [{"questions": told, "false_answers": at.false_answers, "answered": at.answered} for at in thinned]
    return to_png(_curves(pl.DataFrame(curves), pl.DataFrame(stands), rate), scales=PAGE_SCALE)


def _curves(curves: pl.DataFrame, stands: pl.DataFrame, rate: float) -> alt.LayerChart:
    names = stands["questions"].to_list()
    colours = alt.Color(
        "questions:N",
        title=None,
        legend=alt.Legend(orient="bottom", symbolType="circle", labelLimit=300),
        scale=alt.Scale(domain=names, range=[colour(at) for at in range(1, len(names) + 1)]),
    )
    x = alt.X("false_answers:Q", title="Questions without an answer that are answered", axis=alt.Axis(format="%", tickCount=6))
    y = alt.Y(
        "answered:Q", title="Questions with an answer that are answered", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%")
    )
    lines = (
        alt.Chart(curves)
        .mark_line(strokeWidth=2, interpolate="step-after")
        .encode(x=x, y=y, color=colours, order="false_answers:Q")
    )
    promise = alt.Chart(pl.DataFrame({"at": [rate]})).mark_rule(color=FAINT, strokeDash=[5, 4], strokeWidth=2).encode(x="at:Q")
    points = (
        alt.Chart(stands).mark_point(filled=True, size=110, opacity=1, stroke=INK, strokeWidth=1).encode(x=x, y=y, color=colours)
    )
    return cast(
        "alt.LayerChart",
        alt.layer(promise, lines, points).properties(
            width=460,
            height=320,
            title=alt.TitleParams(
                "What silence costs",
                subtitle=f"Out of fold; dots: the thresholds in use; dashed: the promise of {rate:.0%} false answers at most",
            ),
        ),
    )
