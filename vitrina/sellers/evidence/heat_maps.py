"""Where on the floor people spend their time, sellers and customers apart, as a picture."""

from __future__ import annotations

from typing import cast

import altair as alt
import polars as pl

from vitrina.charts import PAGE_SCALE, to_png
from vitrina.i18n import Translate
from vitrina.sellers.evidence.recording import EvidenceError

CELL_M = 0.5
SIDE = 320
MOST_CELLS = 2_400
"""Of one role: Altair draws no more than 5,000 marks, and nobody sees as many."""


def floor_heat_map(  # noqa: PLR0913  # tables, and how to draw them
    trajectories: pl.DataFrame,
    tracks: pl.DataFrame,
    people: pl.DataFrame,
    *,
    step_s: float,
    translate: Translate = str,
    cell_m: float = CELL_M,
) -> bytes:
    """Seconds that sellers and customers spent on each square metre of the floor, side by side, as PNG.

    Parameters
    ----------
    trajectories, tracks, people
        Tables of one video, or of several of one camera.
    step_s
        Time between two samples; each sample stands for so long.
    translate
        From the English text to the reader's.
    cell_m
        Side of the squares that time is added up on, in metres; on a very large floor they are larger.

    Raises
    ------
    EvidenceError
        No place on the floor is known, or nobody is a seller or a customer.
    """
    rows = (
        trajectories.drop_nulls(["floor_x", "floor_y"])
        .join(tracks.select("video", "track", "person"), on=["video", "track"])
        .join(people.filter(pl.col("role").is_in(["seller", "customer"])).select("video", "person", "role"), on=["video", "person"])
    )
    if rows.is_empty():
        known = trajectories["floor_x"].is_not_null().any()
        raise EvidenceError(
            "There is no seller and no customer to draw on the floor." if known else "No place on the floor is known in metres.",
            "Take a longer video." if known else "Give the camera at least four points of the floor, each in pixels and in metres.",
        )
    cells = _seconds(rows, step_s, cell_m)
    side_m = cast("float", cells["side_m"][0])
    panels = [
        _panel(cells.filter(pl.col("role") == role), cells, title, translate)
        for role, title in (("seller", translate("Sellers")), ("customer", translate("Customers")))
    ]
    subtitle = translate("Seconds per square metre, added up on squares of {side} m; each colour has a scale of its own").format(
        side=f"{side_m:g}"
    )
    chart = alt.hconcat(*panels, spacing=30).resolve_scale(color="independent")
    return to_png(
        chart.properties(title=alt.TitleParams(translate("Where time is spent on the floor"), subtitle=subtitle)), scales=PAGE_SCALE
    )


def _seconds(rows: pl.DataFrame, step_s: float, cell_m: float) -> pl.DataFrame:
    """Squares on which anybody was: role, left, right, lower and upper edge, seconds per square metre, and the squares' side."""
    while True:
        places = [(pl.col(f"floor_{axis}") / cell_m).floor().cast(pl.Int64).alias(axis) for axis in "xy"]
        cells = rows.select("role", *places).group_by("role", "x", "y").len().sort("role", "x", "y")
        if cells.height <= MOST_CELLS:
            break
        cell_m *= 2
    return cells.select(
        "role",
        left=pl.col("x") * cell_m,
        right=(pl.col("x") + 1) * cell_m,
        low=pl.col("y") * cell_m,
        high=(pl.col("y") + 1) * cell_m,
        density=pl.col("len") * step_s / cell_m**2,
        side_m=pl.lit(cell_m),
    )


def _panel(cells: pl.DataFrame, all_cells: pl.DataFrame, title: str, translate: Translate) -> alt.Chart:
    """One role's squares, on the floor that both roles share."""
    edges = all_cells.select(pl.col("left", "low").min(), pl.col("right", "high").max()).row(0, named=True)
    x_domain, y_domain = [edges["left"], edges["right"]], [edges["low"], edges["high"]]
    across, down = x_domain[1] - x_domain[0], y_domain[1] - y_domain[0]
    metre = SIDE / max(across, down)
    x = alt.X("left:Q", title=translate("Metres"), scale=alt.Scale(domain=x_domain, nice=False))
    y = alt.Y("low:Q", title=translate("Metres"), scale=alt.Scale(domain=y_domain, nice=False))
    scale = alt.Scale(scheme="viridis", type="sqrt", domainMin=0)
    legend = alt.Legend(title=translate("s per m²"), orient="bottom", gradientLength=180)
    return cast(
        "alt.Chart",
        alt.Chart(cells)
        .mark_rect(strokeWidth=0)
        .encode(x=x, x2="right:Q", y=y, y2="high:Q", color=alt.Color("density:Q", scale=scale, legend=legend))
        .properties(
            width=max(60, round(across * metre)), height=max(60, round(down * metre)), title=alt.TitleParams(title, fontSize=13)
        ),
    )
