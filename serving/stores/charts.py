"""Charts of clusters for pages, as Vega-Lite: the browser draws them.

They are written down as they are: building and checking one with Altair takes longer than everything else on a page.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from babel.numbers import format_decimal

from serving.stores.answers import Answer, Measured, Store
from serving.stores.published import QuarterFigures
from serving.web.drawing import Chart
from serving.web.languages import speaker
from serving.web.rendering import number
from vitrina.charts import FAINT, INK, PAGE_STYLE, colour
from vitrina.settings import Locale

SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down")
"""Beside colours, never colours alone; as in the report."""
MOST_MARKS = 3_000
"""More cover one another, and take the browser seconds."""
FEWEST_LOCATED = 0.5
"""Share of stores with coordinates below which a map would mislead."""

_SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"


def store_map(answer: Answer, names: Mapping[int, str], locale: Locale) -> Chart | None:
    """Stores by longitude and latitude, coloured by cluster; None where too few of them have coordinates."""
    say = speaker(locale)
    located = [store for store in answer.stores if store.longitude is not None and store.latitude is not None]
    if len(located) < FEWEST_LOCATED * len(answer.stores) or not located:
        return None
    without = len(answer.stores) - len(located)
    summary = say("One mark per store.") + (" " + say("Without coordinates: {n}.", n=number(without, locale)) if without else "")
    points = [(store, store.longitude, store.latitude) for store in located]
    axes = {"x": say("Longitude"), "y": say("Latitude")}
    return _chart(_scatter(points, names, axes, locale), say("Where they are"), summary)


def likeness_map(answer: Answer, names: Mapping[int, str], locale: Locale) -> Chart | None:
    """Stores on the first two principal components; None where these are not known."""
    say = speaker(locale)
    points = [(store, store.x, store.y or 0.0) for store in answer.stores if store.x is not None]
    if not points:
        return None
    axes = {"x": say("First principal component"), "y": say("Second principal component")}
    summary = say("Stores that lie close together are alike in what they were grouped by.")
    return _chart(_scatter(points, names, axes, locale), say("Which are alike"), summary)


def quality_chart(measures: Sequence[Measured], locale: Locale) -> Chart | None:
    """Silhouette and stability over the number of clusters; the number that is used is marked."""
    say = speaker(locale)
    series = (("silhouette", say("Silhouette")), ("jaccard", say("Stability")))
    values = [
        {"k": row.n_clusters, "v": round(value, 4), "s": title, "q": row.qualifies, "u": row.chosen}
        for name, title in series
        for row in measures
        if (value := getattr(row, name)) is not None
    ]
    if not values:
        return None
    x = {"field": "k", "type": "ordinal", "title": say("Number of clusters"), "axis": {"labelAngle": 0}}
    tooltip = [{"field": "k", "title": say("Number of clusters")}, {"field": "v", "title": say("Value"), "format": ".2f"}]
    specification = {
        "data": {"values": values},
        "facet": {"column": {"field": "s", "type": "nominal", "title": None, "sort": [title for _, title in series]}},
        "spec": {
            "width": 250,
            "height": 140,
            "encoding": {"x": x, "y": {"field": "v", "type": "quantitative", "title": None, "scale": {"zero": False}}},
            "layer": [
                {"mark": {"type": "line", "color": FAINT}},
                {
                    "mark": {"type": "point", "filled": True, "size": 60, "opacity": 1, "stroke": colour(1), "strokeWidth": 1.5},
                    "encoding": {
                        "fill": {"condition": {"test": "datum.q", "value": colour(1)}, "value": "white"},
                        "tooltip": tooltip,
                    },
                },
                {
                    "transform": [{"filter": "datum.u"}],
                    "mark": {"type": "point", "size": 220, "color": INK, "strokeWidth": 2},
                },
            ],
        },
        "resolve": {"scale": {"y": "independent"}},
    }
    summary = say("Higher is better. Filled: every cluster has the minimum size. Ringed: the number that is shown.")
    return _chart(specification, say("Quality by number of clusters"), summary)


def history_chart(found: Sequence[QuarterFigures], quarter_names: Mapping[Any, str], locale: Locale) -> Chart | None:
    """Silhouette and stability of what was published, quarter by quarter; None where there is one quarter only."""
    say = speaker(locale)
    if len(found) < 2:
        return None
    in_order = sorted(found, key=lambda one: one.quarter)
    labels = [quarter_names[one.quarter] for one in in_order]
    series = (("jaccard", say("Stability")), ("silhouette", say("Silhouette")))
    values = [
        {"q": label, "v": round(value, 4), "s": title}
        for name, title in series
        for one, label in zip(in_order, labels, strict=True)
        if (value := getattr(one, name)) is not None
    ]
    titles = [title for _, title in series]
    told, legend = {"domain": titles, "range": [colour(1), colour(2)]}, {"title": None, "orient": "top"}
    specification = {
        "data": {"values": values},
        "width": "container",
        "height": 200,
        "mark": {"type": "line", "point": {"size": 50}, "strokeWidth": 2},
        "encoding": {
            "x": {"field": "q", "type": "ordinal", "title": None, "sort": labels, "axis": {"labelAngle": -30}},
            "y": {"field": "v", "type": "quantitative", "title": None, "scale": {"domain": [0, 1]}},
            "color": {"field": "s", "type": "nominal", "scale": told, "legend": legend},
            "shape": {
                "field": "s",
                "type": "nominal",
                "scale": {"domain": titles, "range": ["circle", "square"]},
                "legend": legend,
            },
            "tooltip": [
                {"field": "q", "title": say("Quarter")},
                {"field": "s", "title": say("Measure")},
                {"field": "v", "title": say("Value"), "format": ".2f"},
            ],
        },
    }
    rows = [
        (label, number(one.jaccard, locale, 2), number(one.silhouette, locale, 2), number(one.n_clusters, locale))
        for one, label in zip(in_order, labels, strict=True)
    ]
    columns = (say("Quarter"), say("Stability"), say("Silhouette"), say("Clusters"))
    return _chart(specification, say("Quality over the quarters"), say("Higher is better; from 0 to 1."), columns, rows)


@dataclass(frozen=True)
class TreePicture:
    """The truncated tree in the units of its picture.

    Attributes
    ----------
    width, height
        Of the picture.
    lines
        Corners as SVG writes them, and a colour.
    leaves
        Place, number of stores, colour.
    ticks
        Height in the picture, and what it stands for.
    cut
        Height in the picture where the tree is cut; None for a single cluster.
    left, bottom
        Where the axes stand.
    """

    width: int
    height: int
    lines: tuple[tuple[str, str], ...]
    leaves: tuple[tuple[float, int, str], ...]
    ticks: tuple[tuple[float, str], ...]
    cut: float | None
    left: int
    bottom: int


def tree_picture(answer: Answer, locale: Locale, width: int = 900, height: int = 320) -> TreePicture | None:
    """The last merges of the tree as lines; None where they are not known."""
    if not answer.branches:
        return None
    left, right, top, bottom = 44, 12, 12, height - 26
    highest = max(max(branch.heights) for branch in answer.branches) or 1.0
    xs = [leaf.x for leaf in answer.leaves]
    first, span = min(xs), (max(xs) - min(xs)) or 1.0

    def across(x: float) -> float:
        return round(left + 10 + (x - first) / span * (width - left - right - 20), 1)

    def down(value: float) -> float:
        return round(bottom - value / highest * (bottom - top), 1)

    def drawn_in(cluster: int) -> str:
        return colour(cluster) if cluster else "#7b8794"

    step = _round_step(highest / 4)
    ticks = [step * place for place in range(int(highest / step) + 1)]
    return TreePicture(
        width=width,
        height=height,
        lines=tuple(
            (" ".join(f"{across(x)},{down(y)}" for x, y in zip(branch.xs, branch.heights, strict=True)), drawn_in(branch.cluster))
            for branch in answer.branches
        ),
        leaves=tuple((across(leaf.x), leaf.stores, drawn_in(leaf.cluster)) for leaf in answer.leaves),
        ticks=tuple((down(tick), str(format_decimal(tick, locale=locale))) for tick in ticks),
        cut=None if answer.cut_height is None else down(answer.cut_height),
        left=left,
        bottom=bottom,
    )


def _round_step(step: float) -> float:
    """A number that people count by, near another.

    >>> _round_step(3.7), _round_step(0.13)
    (5.0, 0.2)
    """
    power = 10.0 ** math.floor(math.log10(step))
    return round(next(power * digit for digit in (1, 2, 5, 10) if power * digit >= step), 10)


def _scatter(
    points: Sequence[tuple[Store, float | None, float | None]], names: Mapping[int, str], axes: Mapping[str, str], locale: Locale
) -> dict[str, Any]:
    say, step = speaker(locale), -(-len(points) // MOST_MARKS)
    clusters = sorted({store.cluster for store, _, _ in points})
    labels = [names[cluster] for cluster in clusters]
    values = [
        {"x": round(x or 0.0, 5), "y": round(y or 0.0, 5), "c": names[store.cluster], "n": store.name, "i": store.id}
        for store, x, y in points[::step]
    ]
    legend = {"title": None, "orient": "top", "columns": 3, "labelLimit": 220, "symbolOpacity": 1} if len(clusters) <= 20 else None
    axis = {"type": "quantitative", "scale": {"zero": False, "nice": False, "padding": 12}}
    return {
        "data": {"values": values},
        "width": "container",
        "height": 340,
        "mark": {"type": "point", "filled": True, "size": 55, "opacity": 0.8},
        "encoding": {
            "x": {"field": "x", "title": axes["x"], "axis": {"tickCount": 6}, **axis},
            "y": {"field": "y", "title": axes["y"], "axis": {"tickCount": 6}, **axis},
            "color": {
                "field": "c",
                "type": "nominal",
                "scale": {"domain": labels, "range": [colour(cluster) for cluster in clusters]},
                "legend": legend,
            },
            "shape": {
                "field": "c",
                "type": "nominal",
                "scale": {"domain": labels, "range": [SHAPES[(cluster - 1) % len(SHAPES)] for cluster in clusters]},
                "legend": legend,
            },
            "tooltip": [
                {"field": "n", "title": say("Store")},
                {"field": "i", "title": say("Identifier")},
                {"field": "c", "title": say("Cluster")},
            ],
        },
    }


def _chart(
    specification: dict[str, Any],
    title: str,
    summary: str,
    columns: Sequence[str] = (),
    rows: Sequence[Sequence[str]] = (),
) -> Chart:
    return Chart({"$schema": _SCHEMA, **specification, "config": PAGE_STYLE}, title, summary, columns, rows)
