"""Trials of the search as validation curves: where the fold's line stops rising with training's, models learn by heart."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import altair as alt
import polars as pl

from vitrina.charts import INK, PAGE_SCALE, colour, to_png

WHERE = {"what it was fitted on": "training", "folds that it has not seen": "value"}

SUBTITLE = "Means over rolling folds. Dashed: on what it was fitted on; solid: on folds that it has not seen. Ringed: used"


def search_pictures(trials: pl.DataFrame) -> dict[str, tuple[str, bytes]]:
    """What an asset's page shows of a search: name → title and PNG; nothing of a model without trials.

    Parameters
    ----------
    trials
        Rows of `ModelTrials`.
    """
    charts: dict[str, tuple[str, Callable[[pl.DataFrame], alt.TopLevelMixin]]] = {
        "lightfm": ("LightFM by passes over the interactions", _lightfm_chart),
        "reranker": ("Re-ranker by trees", _reranker_chart),
    }
    tried = set(trials["scorer"])
    return {
        scorer: (title, to_png(draw(_means(trials.filter(pl.col("scorer") == scorer))), scales=PAGE_SCALE))
        for scorer, (title, draw) in charts.items()
        if scorer in tried
    }


def _means(trials: pl.DataFrame) -> pl.DataFrame:
    """Means over folds: a row per setting and place of measurement, with a column per parameter."""
    settings = trials["parameters"].str.json_decode(_parameter_types(trials["parameters"][0]))
    return (
        trials.with_columns(settings.alias("setting"))
        .group_by("trial", "setting", maintain_order=True)
        .agg(pl.col("chosen").first(), *(pl.col(column).mean().alias(where) for where, column in WHERE.items()))
        .unnest("setting")
        .unpivot(list(WHERE), index=pl.selectors.exclude(list(WHERE)), variable_name="where", value_name="measured")
    )


def _parameter_types(first: str) -> pl.Struct:
    decoded = pl.Series([first]).str.json_decode(infer_schema_length=1)
    return cast("pl.Struct", decoded.dtype)


def _lightfm_chart(means: pl.DataFrame) -> alt.TopLevelMixin:
    """Precision over epochs, a panel per learning rate, all on one scale."""
    top = float(means["measured"].max()) * 1.05  # type: ignore[arg-type]  # a number: there is a trial
    rates = sorted(means["learning_rate"].unique(), reverse=True)
    panels = [
        _curves(
            means.filter(pl.col("learning_rate") == rate),
            x=("epochs", "Passes over the interactions"),
            y=("Precision at 10", alt.Scale(domain=[0, top])),
            by=("components", "Length of a vector"),
        ).properties(width=330, height=280, title=alt.TitleParams(f"Learning rate {rate:g}", fontSize=13))
        for rate in rates
    ]
    return alt.hconcat(*panels, spacing=24).properties(title=alt.TitleParams("LightFM: what more passes bring", subtitle=SUBTITLE))


def _reranker_chart(means: pl.DataFrame) -> alt.TopLevelMixin:
    """Area under the ROC curve over trees."""
    drawn = _curves(
        means, x=("trees", "Trees"), y=("Area under the ROC curve", alt.Scale(zero=False)), by=("leaves", "Leaves of a tree")
    )
    return drawn.properties(
        width=620,
        height=300,
        title=alt.TitleParams("Re-ranker: what more trees bring", subtitle=SUBTITLE),
    )


def _curves(means: pl.DataFrame, *, x: tuple[str, str], y: tuple[str, alt.Scale], by: tuple[str, str]) -> alt.LayerChart:
    """Lines by one parameter, coloured and shaped by another, dashed where they are of what was learnt from."""
    levels = sorted(means[by[0]].unique())
    shapes = ["circle", "square"]
    base = alt.Chart(means).encode(
        x=alt.X(f"{x[0]}:Q", title=x[1], axis=alt.Axis(values=sorted(means[x[0]].unique()), grid=False)),
        y=alt.Y("measured:Q", title=y[0], scale=y[1], axis=alt.Axis(tickCount=6)),
        color=alt.Color(
            f"{by[0]}:N", title=by[1], scale=alt.Scale(domain=levels, range=[colour(at) for at in range(1, len(levels) + 1)])
        ),
        shape=alt.Shape(f"{by[0]}:N", title=by[1], scale=alt.Scale(domain=levels, range=shapes[: len(levels)])),
    )
    lines = base.mark_line(strokeWidth=2).encode(
        strokeDash=alt.StrokeDash(
            "where:N",
            title="Measured on",
            scale=alt.Scale(domain=list(WHERE), range=[[5, 4], [1, 0]]),
            legend=None,
        ),
        detail="where:N",
    )
    points = base.mark_point(filled=True, size=55, opacity=1).encode(detail="where:N")
    chosen = (
        base.transform_filter("datum.chosen")
        .mark_point(size=220, strokeWidth=1.5)
        .encode(color=alt.value(INK), shape=alt.value("circle"), detail="where:N")
    )
    return cast("alt.LayerChart", alt.layer(lines, points, chosen))
