"""Charts of quality over time, of segments of users, of reach and of uptake."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any, cast

import altair as alt
import polars as pl

from serving.marketplace import wording as words
from serving.web.drawing import Chart, drawn
from serving.web.languages import speaker
from serving.web.rendering import date, number, percent
from vitrina.charts import FAINT, INK, colour
from vitrina.marketplace.measure_names import AUC_UNIFORM, PRECISION
from vitrina.marketplace.uptake import HOLDOUT, RELATIVE_LIFT
from vitrina.settings import Locale

Row = dict[str, Any]

HEIGHT = 260
MOST_DAYS = 12
"""Windows that are all named on the axis."""
_OURS, _POPULAR = colour(1), colour(6)


def quality_over_time(rows: list[Row], measure: str, locale: Locale) -> Chart:
    """A measure in each window, beside that of the popular items."""
    say = speaker(locale)
    ours, popular = say("Our lists"), say("Popular items")
    scale, axis = _axis(measure)
    name, days = words.measure_name(measure, locale), sorted({_noon(row) for row in rows})
    frame = pl.DataFrame(
        [
            {
                "day": _noon(row),
                "who": who,
                "value": row[column] * scale,
                "low": None if who != ours or row["low"] is None else row["low"] * scale,
                "high": None if who != ours or row["high"] is None else row["high"] * scale,
                "users": row["n"],
                "window": _window(row, locale),
                "is_test": row["unseen"],
            }
            for row in rows
            for who, column in ((ours, "value"), (popular, "popularity"))
            if row[column] is not None
        ],
        schema_overrides={"low": pl.Float64, "high": pl.Float64},
    )
    base = alt.Chart(frame).encode(
        x=alt.X(
            "day:T",
            title=say("Last day of the judged month"),
            scale=alt.Scale(padding=30),
            axis=alt.Axis(
                format="%d.%m.%y", grid=False, labelOverlap=True, values=days if len(days) <= MOST_DAYS else alt.Undefined
            ),
        ),
        color=alt.Color(
            "who:N", title=None, scale=alt.Scale(domain=[ours, popular], range=[_OURS, _POPULAR]), legend=alt.Legend(orient="top")
        ),
        tooltip=[
            alt.Tooltip("window:N", title=say("Judged on")),
            alt.Tooltip("who:N", title=say("Who")),
            alt.Tooltip("value:Q", title=name, format=axis),
            alt.Tooltip("low:Q", title=say("lower end"), format=axis),
            alt.Tooltip("high:Q", title=say("upper end"), format=axis),
            alt.Tooltip("users:Q", title=say("Shoppers")),
        ],
    )
    shape = alt.Shape("who:N", title=None, scale=alt.Scale(domain=[ours, popular]), legend=alt.Legend(orient="top"))
    layers = (
        base.mark_line(strokeWidth=1.5).encode(
            y=alt.Y("value:Q", title=name, axis=alt.Axis(format=axis), scale=alt.Scale(zero=measure != AUC_UNIFORM))
        ),
        base.mark_rule(strokeWidth=2).encode(y="low:Q", y2="high:Q"),
        base.transform_filter("datum.is_test").mark_point(size=70, filled=True, opacity=1).encode(y="value:Q", shape=shape),
        base.transform_filter("!datum.is_test")
        .mark_point(size=70, fill="white", strokeWidth=2, opacity=1)
        .encode(y="value:Q", shape=shape),
    )
    return drawn(
        cast("alt.LayerChart", alt.layer(*layers)).properties(width="container", height=HEIGHT),
        say("{measure}, over time.", measure=name),
        say(
            "Each point is a month of the log that the lists knew nothing of; hollow: the month that they were chosen on. Vertical lines: 95 % intervals."
        ),
        [say("Judged on"), ours, say("95 % interval"), popular, say("Shoppers")],
        [
            [
                _window(row, locale),
                words.measure_value(measure, row["value"], locale),
                words.interval(measure, row["low"], row["high"], locale),
                words.measure_value(measure, row["popularity"], locale),
                number(row["n"], locale),
            ]
            for row in reversed(rows)
        ],
    )


def by_segment(rows: list[Row], measure: str, locale: Locale) -> Chart:
    """A measure by segment of users, with intervals, beside the popular items."""
    say = speaker(locale)
    ours, popular = say("Our lists"), say("Popular items")
    scale, axis = _axis(measure)
    kinds = list(dict.fromkeys(row["segment_kind"] for row in rows))
    ordered = sorted(rows, key=lambda row: (kinds.index(row["segment_kind"]), words.segment_place(row["segment"]), -row["n"]))
    # a line for each kind, without a mark, so that one chart of any width holds them all
    lines = [
        line
        for kind in kinds
        for line in (_kind_line(kind, locale), *(_segment_line(row, locale) for row in ordered if row["segment_kind"] == kind))
    ]
    frame = pl.DataFrame(
        [
            {
                "segment": _segment_line(row, locale),
                "who": who,
                "value": row[column] * scale,
                "low": None if low is None or row[low] is None else row[low] * scale,
                "high": None if high is None or row[high] is None else row[high] * scale,
            }
            for row in ordered
            for who, column, low, high in ((ours, "reranker", "reranker_low", "reranker_high"), (popular, "popularity", None, None))
            if row[column] is not None
        ],
        schema_overrides={"low": pl.Float64, "high": pl.Float64},
    )
    heads = " || ".join(f"datum.value === {json.dumps(_kind_line(kind, locale))}" for kind in kinds)
    name = words.measure_name(measure, locale)
    base = alt.Chart(frame).encode(
        y=alt.Y(
            "segment:N",
            sort=lines,
            scale=alt.Scale(domain=lines),
            title=None,
            axis=alt.Axis(
                labelLimit=280, ticks=False, labelFontWeight=alt.condition(heads, alt.value("bold"), alt.value("normal"))
            ),
        ),
        color=alt.Color(
            "who:N", title=None, scale=alt.Scale(domain=[ours, popular], range=[_OURS, _POPULAR]), legend=alt.Legend(orient="top")
        ),
        tooltip=[
            alt.Tooltip("segment:N", title=say("Shoppers")),
            alt.Tooltip("who:N", title=say("Who")),
            alt.Tooltip("value:Q", title=name, format=axis),
            alt.Tooltip("low:Q", title=say("lower end"), format=axis),
            alt.Tooltip("high:Q", title=say("upper end"), format=axis),
        ],
    )
    spans = base.mark_rule(strokeWidth=2).encode(
        x=alt.X("low:Q", title=name, axis=alt.Axis(format=axis), scale=alt.Scale(zero=True)), x2="high:Q"
    )
    points = base.mark_point(size=65, filled=True, opacity=1).encode(
        x="value:Q", shape=alt.Shape("who:N", title=None, scale=alt.Scale(domain=[ours, popular]), legend=alt.Legend(orient="top"))
    )
    return drawn(
        cast("alt.LayerChart", alt.layer(spans, points)).properties(width="container", height=24 * len(lines)),
        say("Who gains."),
        say("{measure}, by groups of users; in brackets how many users there are. Lines: 95 % intervals.", measure=name),
        [say("Shoppers"), say("Number of users"), ours, say("95 % interval"), popular],
        [
            [
                f"{words.segment_kind(row['segment_kind'], locale)}: {words.segment(row['segment'], locale)}",
                number(row["n"], locale),
                words.measure_value(measure, row["reranker"], locale),
                words.interval(measure, row["reranker_low"], row["reranker_high"], locale),
                words.measure_value(measure, row["popularity"], locale),
            ]
            for row in ordered
        ],
    )


def reached(spread: dict[int, int], locale: Locale) -> Chart:
    """How many items stand in how many lists."""
    say = speaker(locale)
    names = [say("in no list"), "1–9", "10–99", "100–999", say("1,000 and more")]
    rows = [{"lists": name, "items": spread.get(step, 0), "is_none": step == 0} for step, name in enumerate(names)]
    base = alt.Chart(pl.DataFrame(rows)).encode(
        y=alt.Y("lists:N", sort=names, title=None, axis=alt.Axis(ticks=False, labelLimit=200)),
        x=alt.X("items:Q", title=say("Items"), axis=alt.Axis(tickMinStep=1)),
    )
    bars = base.mark_bar().encode(color=alt.condition("datum.is_none", alt.value(FAINT), alt.value(_OURS)))
    labels = base.mark_text(align="left", dx=4, color=INK).encode(text="items:Q")
    return drawn(
        cast("alt.LayerChart", alt.layer(bars, labels)).properties(width="container", height=150),
        say("How often goods are shown."),
        say("Items by the number of users in whose lists they stand."),
        [say("Lists that an item stands in"), say("Items")],
        [[row["lists"], number(row["items"], locale)] for row in rows],
    )


def lifts(rows: list[Row], locale: Locale) -> Chart | None:
    """By how much users who saw lists did more than the hold-out; None where nothing can be compared."""
    say = speaker(locale)
    kept = [
        row
        for row in rows
        if row["compared"] == HOLDOUT
        and row["measure"].endswith(RELATIVE_LIFT)
        and None not in (row["difference"], row["low"], row["high"])
    ]
    if not kept:
        return None
    kept.sort(key=lambda row: words.uptake_place(row["measure"]))
    sure, unsure = say("surely different"), say("may be chance")
    frame = pl.DataFrame(
        [
            {
                "measure": words.uptake_measure(row["measure"], locale),
                "lift": row["difference"],
                "low": row["low"],
                "high": row["high"],
                "sure": sure if row["excludes_zero"] else unsure,
            }
            for row in kept
        ]
    )
    base = alt.Chart(frame).encode(
        y=alt.Y("measure:N", sort=None, title=None, axis=alt.Axis(labelLimit=320, ticks=False)),
        color=alt.Color(
            "sure:N",
            title=None,
            scale=alt.Scale(domain=[sure, unsure], range=[colour(3), "#757575"]),
            legend=alt.Legend(orient="top"),
        ),
        tooltip=[
            alt.Tooltip("measure:N", title=say("What users did")),
            alt.Tooltip("lift:Q", title=say("More than the hold-out"), format="+.1%"),
            alt.Tooltip("low:Q", title=say("lower end"), format="+.1%"),
            alt.Tooltip("high:Q", title=say("upper end"), format="+.1%"),
        ],
    )
    spans = base.mark_rule(strokeWidth=3).encode(
        x=alt.X("low:Q", title=say("More than the hold-out"), axis=alt.Axis(format="+%")), x2="high:Q"
    )
    points = base.mark_point(size=80, filled=True, opacity=1).encode(
        x="lift:Q", shape=alt.Shape("sure:N", title=None, scale=alt.Scale(domain=[sure, unsure]), legend=alt.Legend(orient="top"))
    )
    nought = alt.Chart(pl.DataFrame({"nought": [0.0]})).mark_rule(color=INK, strokeDash=[4, 3]).encode(x="nought:Q")
    return drawn(
        cast("alt.LayerChart", alt.layer(nought, spans, points)).properties(width="container", height=40 * len(kept)),
        say("What it brings."),
        say(
            "By how much users who saw the lists did more than those who did not. Lines: 95 % intervals; one that reaches across 0 proves nothing yet."
        ),
        [say("What users did"), say("More than the hold-out"), say("95 % interval"), say("How sure")],
        [
            [
                words.uptake_measure(row["measure"], locale),
                percent(row["difference"], locale, 1),
                f"{percent(row['low'], locale, 1)} – {percent(row['high'], locale, 1)}",
                sure if row["excludes_zero"] else unsure,
            ]
            for row in kept
        ],
    )


def _kind_line(kind: str, locale: Locale) -> str:
    return words.segment_kind(kind, locale)


def _segment_line(row: Row, locale: Locale) -> str:
    return f"{words.segment(row['segment'], locale)} ({number(row['n'], locale)})"


def _noon(row: Row) -> str:
    """The last day of a window, where no time zone makes it another day."""
    return dt.datetime.combine(row["window_until"] - dt.timedelta(days=1), dt.time(12)).isoformat()


def _window(row: Row, locale: Locale) -> str:
    return f"{date(row['window_from'], locale)} – {date(row['window_until'] - dt.timedelta(days=1), locale)}"


def _axis(measure: str) -> tuple[float, str]:
    """What values are multiplied with, and how the axis writes them."""
    if measure == PRECISION:
        return 10.0, ".1f"
    return 1.0, ".2f" if measure == AUC_UNIFORM else ".0%"
