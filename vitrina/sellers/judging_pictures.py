"""How good a video's numbers are against how often it is looked at, as a picture."""

from __future__ import annotations

from typing import cast

import altair as alt
import polars as pl

from vitrina.charts import FAINT, PAGE_SCALE, PALETTE, to_png
from vitrina.i18n import Translate, translator
from vitrina.sellers.deviations import BOUND
from vitrina.sellers.judging import DETECTION, DEVIATION, EVENTS_SEEN, PEOPLE_SEEN, TRACKING
from vitrina.sellers.manual_counts import BASE_METRICS

DOMAIN = "judging"
SIDE = 210
_SHAPES = ("circle", "square", "triangle-up", "diamond", "cross")


def stride_curves(quality: pl.DataFrame, locale: str) -> bytes | None:
    """Detection, tracking, what is seen at all, and deviations of counted metrics, each against the stride, as PNG.

    Parameters
    ----------
    quality
        Rows of `StrideQuality`, of one video. Measures without a value are left out.
    locale
        ``"en"`` or ``"ru"``.

    Returns
    -------
    bytes or None
        Below 200 kB; None where there is nothing to draw.
    """
    translate = translator(locale, DOMAIN)
    known = quality.drop_nulls("value")
    deviations = tuple(f"{DEVIATION}{metric}" for metric in BASE_METRICS)
    groups = (
        (translate("People found"), DETECTION),
        (translate("People followed"), TRACKING),
        (translate("Seen at all"), (PEOPLE_SEEN, EVENTS_SEEN)),
        (translate("Deviation from manual counts"), deviations),
    )
    names = _names(translate)
    panels = [
        _panel(rows, [(measure, names[measure]) for measure in measures if measure in set(rows["measure"])], title, translate)
        for title, measures in groups
        if not (rows := known.filter(pl.col("measure").is_in(measures))).is_empty()
    ]
    if not panels:
        return None
    # each panel has its own curves, and explains them itself
    apart = alt.hconcat(*panels, spacing=24).resolve_scale(color="independent", shape="independent")
    chart = apart.properties(
        title=alt.TitleParams(
            translate("Quality by stride"),
            subtitle=translate("One frame in so many is looked at; against boxes and counts that people made"),
        )
    )
    return to_png(chart, scales=PAGE_SCALE)


def _panel(rows: pl.DataFrame, measures: list[tuple[str, str]], title: str, translate: Translate) -> alt.LayerChart:
    """Curves of one kind of measure; of deviations, between the bounds that are asked for."""
    labels = [label for _, label in measures]
    drawn = rows.select("stride", "value", label=pl.col("measure").replace_strict(dict(measures), return_dtype=pl.String))
    are_deviations = all(measure.startswith(DEVIATION) for measure, _ in measures)
    edges = [*drawn["value"].to_list(), *((-BOUND, BOUND) if are_deviations else (0.0, 1.0))]
    legend = alt.Legend(title=None, orient="bottom", direction="vertical", columns=1, labelLimit=SIDE)
    lines = (
        alt.Chart(drawn)
        .mark_line(point=alt.OverlayMarkDef(size=46, filled=True), strokeWidth=1.8)
        .encode(
            x=alt.X(
                "stride:Q", title=translate("Stride, in frames"), axis=alt.Axis(values=sorted(set(drawn["stride"])), grid=False)
            ),
            y=alt.Y(
                "value:Q",
                title=None,
                scale=alt.Scale(domain=[min(edges), max(edges)]),
                axis=alt.Axis(format="+.0%" if are_deviations else ".0%", tickCount=6),
            ),
            color=alt.Color("label:N", scale=alt.Scale(domain=labels, range=list(PALETTE[: len(labels)])), legend=legend),
            shape=alt.Shape("label:N", scale=alt.Scale(domain=labels, range=list(_SHAPES[: len(labels)])), legend=legend),
        )
    )
    bounds = pl.DataFrame({"bound": [-BOUND, 0.0, BOUND] if are_deviations else []}, schema={"bound": pl.Float64})
    rules = alt.Chart(bounds).mark_rule(color=FAINT, strokeDash=[4, 3]).encode(y="bound:Q")
    layers = alt.layer(rules, lines) if are_deviations else alt.layer(lines)
    return cast("alt.LayerChart", layers.properties(width=SIDE, height=SIDE, title=alt.TitleParams(title, fontSize=13)))


def _names(translate: Translate) -> dict[str, str]:
    """What each measure is called."""
    return {
        "map": "mAP",
        "ap50": "AP50",
        "precision": translate("precision"),
        "recall": translate("recall"),
        "hota": "HOTA",
        "deta": "DetA",
        "assa": "AssA",
        "mota": "MOTA",
        "idf1": "IDF1",
        PEOPLE_SEEN: translate("people on a frame looked at"),
        EVENTS_SEEN: translate("visits, expected from their length"),
        f"{DEVIATION}interaction_ratio": translate("customers served, share"),
        f"{DEVIATION}successful_interactions": translate("successful interactions"),
        f"{DEVIATION}unsuccessful_interactions": translate("unsuccessful interactions"),
        f"{DEVIATION}average_purchase_ratio": translate("ratio of average purchases"),
    }
