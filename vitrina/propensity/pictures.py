"""What the pages of propensity's assets show: ranks month by month, what was promised and what came, and what has moved."""

from __future__ import annotations

from typing import cast

import altair as alt
import polars as pl

from vitrina.charts import FAINT, INK, PAGE_SCALE, colour, to_png
from vitrina.propensity.drift import DRIFTED

SCORERS = {"scores": "the scores", "one_column": "the best single column", "random": "a random order"}
SHOWN_FEATURES = 15
FURTHEST = 1.0
WIDTH, HEIGHT = 620, 280


def backtest_pictures(backtest: pl.DataFrame) -> dict[str, tuple[str, bytes]]:
    """Ranks by month: name → title and PNG; nothing where no month has been judged.

    Parameters
    ----------
    backtest
        Rows of `PropensityBacktest`.
    """
    ginis = backtest.filter(
        (pl.col("measure") == "gini")
        & (pl.col("segment_kind") == "all")
        & pl.col("scorer").is_in(list(SCORERS))
        & pl.col("value").is_not_null()
    )
    if ginis.is_empty():
        return {}
    return {"gini": ("Gini by month, out of time", to_png(_gini_chart(ginis), scales=PAGE_SCALE))}


def decile_pictures(deciles: pl.DataFrame) -> dict[str, tuple[str, bytes]]:
    """The newest judged month by tenths of its clients: name → title and PNG; nothing where none has been judged.

    Parameters
    ----------
    deciles
        Rows of `PropensityDeciles`.
    """
    newest = deciles.filter(pl.col("month") == pl.col("month").max()).sort("decile")
    if newest.is_empty():
        return {}
    return {
        "promised_and_came": ("Promised and came, by tenths of the clients", to_png(_promise_chart(newest), scales=PAGE_SCALE)),
        "gains": ("Openings reached, by clients contacted", to_png(_gains_chart(newest), scales=PAGE_SCALE)),
    }


def drift_pictures(drift: pl.DataFrame) -> dict[str, tuple[str, bytes]]:
    """What has moved most in the newest scored month: name → title and PNG; nothing where none has been scored.

    Parameters
    ----------
    drift
        Rows of `PropensityDrift`.
    """
    newest = drift.filter(pl.col("month") == pl.col("month").max())
    if newest.is_empty():
        return {}
    return {"moved": ("What has moved most", to_png(_drift_chart(newest), scales=PAGE_SCALE))}


def _gini_chart(ginis: pl.DataFrame) -> alt.TopLevelMixin:
    names = ginis.with_columns(who=pl.col("scorer").replace_strict(SCORERS))
    base = alt.Chart(names).encode(
        # months as names: an axis of time would draw ticks between months
        x=alt.X("yearmonth(month):O", title=None, axis=alt.Axis(format="%Y-%m", labelAngle=-45, grid=False)),
        color=alt.Color(
            "who:N",
            title=None,
            scale=alt.Scale(domain=list(SCORERS.values()), range=[colour(1), colour(2), FAINT]),
            legend=alt.Legend(orient="top"),
        ),
    )
    only = alt.datum.scorer == "scores"
    whiskers = base.transform_filter(only).mark_rule(strokeWidth=2).encode(y=alt.Y("low:Q", title="Gini"), y2="high:Q")
    lines = base.mark_line(strokeWidth=1.5).encode(y=alt.Y("value:Q", title="Gini"))
    points = base.mark_point(filled=True, size=50, opacity=1).encode(y="value:Q", shape=alt.Shape("who:N", legend=None))
    nought = alt.Chart(pl.DataFrame({"nought": [0.0]})).mark_rule(color=INK, strokeWidth=0.5).encode(y="nought:Q")
    return cast("alt.LayerChart", alt.layer(nought, lines, whiskers, points)).properties(
        width=WIDTH,
        height=HEIGHT,
        title=alt.TitleParams(
            "How well clients were ranked", subtitle="Each month by models that knew nothing of it. Lines: 95 % intervals"
        ),
    )


def _promise_chart(newest: pl.DataFrame) -> alt.TopLevelMixin:
    kinds = {"mean_probability": "promised", "rate": "came"}
    long = newest.unpivot(list(kinds), index="decile", variable_name="kind", value_name="share").with_columns(
        pl.col("kind").replace_strict(kinds)
    )
    bars = (
        alt.Chart(long)
        .mark_bar()
        .encode(
            x=alt.X("decile:O", title="Tenth of the clients, 1 the likeliest", axis=alt.Axis(labelAngle=0, grid=False)),
            xOffset=alt.XOffset("kind:N", sort=list(kinds.values())),
            y=alt.Y("share:Q", title="Clients who open the account", axis=alt.Axis(format="%")),
            color=alt.Color(
                "kind:N",
                title=None,
                scale=alt.Scale(domain=list(kinds.values()), range=[FAINT, colour(1)]),
                legend=alt.Legend(orient="top"),
            ),
        )
        .properties(width=WIDTH, height=HEIGHT, title=f"Promised and came, {newest['month'][0]:%Y-%m}")
    )
    return cast("alt.Chart", bars)


def _gains_chart(newest: pl.DataFrame) -> alt.TopLevelMixin:
    clients = newest["clients"].cum_sum() / newest["clients"].sum()
    reached = pl.DataFrame({"contacted": [0.0, *clients], "reached": [0.0, *newest["gain"].fill_null(0.0)]})
    axis = alt.Axis(format="%")
    curve = (
        alt.Chart(reached)
        .mark_line(point=alt.OverlayMarkDef(size=50), strokeWidth=2, color=colour(1))
        .encode(
            x=alt.X("contacted:Q", title="Clients contacted, the likeliest first", axis=axis),
            y=alt.Y("reached:Q", title="Openings among them", axis=axis),
        )
    )
    by_chance = alt.Chart(pl.DataFrame({"at": [0.0, 1.0]})).mark_line(color=FAINT, strokeDash=[5, 4]).encode(x="at:Q", y="at:Q")
    title = alt.TitleParams(f"Openings reached, {newest['month'][0]:%Y-%m}", subtitle="Dashed: contacts in a random order")
    return cast("alt.LayerChart", alt.layer(by_chance, curve)).properties(width=WIDTH, height=HEIGHT, title=title)


def _drift_chart(newest: pl.DataFrame) -> alt.TopLevelMixin:
    most = newest.sort("psi", "feature", descending=[True, False]).head(SHOWN_FEATURES)
    score = newest.filter(pl.col("feature") == "score")
    shown = (
        pl.concat([most, score])
        .unique("feature")
        .with_columns(
            kind=pl.when(pl.col("feature") == "score")
            .then(pl.lit("the score itself"))
            .when("constant_within_month")
            .then(pl.lit("moves with the calendar"))
            .otherwise(pl.lit("feature"))
        )
    )
    order = shown.sort("psi", "feature", descending=[True, False])["feature"].to_list()
    kinds = ["feature", "moves with the calendar", "the score itself"]
    bars = (
        alt.Chart(shown)
        .mark_bar()
        .encode(
            y=alt.Y("feature:N", sort=order, title=None, axis=alt.Axis(labelLimit=220)),
            x=alt.X("psi:Q", title="Population stability index", scale=alt.Scale(domain=[0, FURTHEST], clamp=True)),
            color=alt.Color(
                "kind:N",
                title=None,
                scale=alt.Scale(domain=kinds, range=[colour(1), colour(2), INK]),
                legend=alt.Legend(orient="top"),
            ),
        )
    )
    # a column that moves with the calendar goes off the scale, where the others could not be told apart
    figures = (
        alt.Chart(shown)
        .mark_text(align="right", dx=-4, color="white")
        .encode(y=alt.Y("feature:N", sort=order), x=alt.X("psi:Q"), text=alt.Text("psi:Q", format=".1f"))
        .transform_filter(alt.datum.psi > FURTHEST)
    )
    limit = alt.Chart(pl.DataFrame({"limit": [DRIFTED]})).mark_rule(color=INK, strokeDash=[4, 3]).encode(x="limit:Q")
    title = alt.TitleParams(
        f"What has moved, {newest['month'][0]:%Y-%m}",
        subtitle=f"Against the months that the model learnt from. Dashed: {DRIFTED}, a significant shift",
    )
    return cast("alt.LayerChart", alt.layer(bars, figures, limit)).properties(width=WIDTH - 100, title=title)
