"""The ways of a seller and a customer through one interaction, as a picture."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import altair as alt
import polars as pl

from vitrina.charts import PAGE_SCALE, colour, to_png
from vitrina.i18n import Translate
from vitrina.sellers.evidence.recording import EvidenceError
from vitrina.sellers.evidence.wording import role_names
from vitrina.sellers.yolo import Image

WIDTH = 620
MOST_POINTS = 1_500
"""Points of both ways together: more of them lie on one another."""
AROUND_S = 15.0
BRIGHTNESS = 0.45
LEVELS = 64
SPREAD = 0.012
"""How far the background is smoothed, as a share of its width: shelves can be told, and nobody's face."""
COLOURS = {"seller": colour(2), "customer": colour(5)}


@dataclass(frozen=True)
class _Frame:
    """What the ways are drawn into: axes, ratio of the sides, and what lies beneath."""

    x: alt.X
    y: alt.Y
    height: int
    beneath: alt.Chart | None


def interaction_ways(  # noqa: PLR0913  # tables, and how to draw them
    interaction: Mapping[str, Any],
    trajectories: pl.DataFrame,
    tracks: pl.DataFrame,
    *,
    translate: Translate = str,
    background: Image | None = None,
    around_s: float = AROUND_S,
) -> bytes:
    """Where the two of an interaction walked and stood, from a little before it to a little after it, as PNG.

    On the floor in metres where places on it are known, else in the picture.

    Parameters
    ----------
    interaction
        A row of table `Interactions`.
    trajectories, tracks
        Tables `Trajectories` and `Tracks` of its video.
    translate
        From the English text to the reader's.
    background
        A frame of the camera, blue, green and red, best one without people; it is smoothed and darkened. Used in the picture alone.
    around_s
        Time shown before and after.

    Raises
    ------
    EvidenceError
        The tables do not have the two at that time.
    """
    rows = _ways(interaction, trajectories, tracks, around_s)
    metric = rows.filter(pl.col("floor_x").is_not_null() & pl.col("floor_y").is_not_null())
    is_metric = metric["role"].n_unique() == 2
    drawn = metric if is_metric else rows
    step = -(-drawn.height // MOST_POINTS)
    drawn = drawn.with_columns(x="floor_x" if is_metric else "foot_x", y="floor_y" if is_metric else "foot_y").gather_every(step)
    frame = _on_the_floor(drawn, translate) if is_metric else _in_the_picture(drawn, background, translate)
    names = role_names(translate)
    roles = alt.Color(
        "who:N",
        title=None,
        scale=alt.Scale(domain=[names[role] for role in COLOURS], range=list(COLOURS.values())),
        legend=alt.Legend(orient="bottom", symbolType="stroke", symbolStrokeWidth=4),
    )
    named = drawn.with_columns(who=pl.col("role").replace_strict(names)).select("x", "y", "who", "track", "pts_s", "together")
    base = alt.Chart(named).encode(x=frame.x, y=frame.y, color=roles)
    lines = base.mark_line(strokeWidth=2, opacity=0.8).encode(detail="track:N", order="pts_s:Q")
    seen = base.mark_point(filled=True, size=22, opacity=0.6)
    together = base.transform_filter("datum.together").mark_point(filled=True, size=90, opacity=1, stroke="white", strokeWidth=1)
    layers = [layer for layer in (frame.beneath, lines, seen, together) if layer is not None]
    title = translate("Interaction {number}: {seconds} s, from {begin}").format(
        number=interaction["interaction"], seconds=f"{interaction['duration_s']:.0f}", begin=_clock(interaction["begin_s"])
    )
    subtitle = translate("Large dots: while it lasted; small ones: {seconds} s before and after").format(seconds=f"{around_s:.0f}")
    chart = alt.layer(*layers).properties(width=WIDTH, height=frame.height, title=alt.TitleParams(title, subtitle=subtitle))
    return to_png(chart, scales=PAGE_SCALE)


def _ways(interaction: Mapping[str, Any], trajectories: pl.DataFrame, tracks: pl.DataFrame, around_s: float) -> pl.DataFrame:
    """Rows of the two, with ``role`` and ``together``."""
    persons = {interaction["seller_person"]: "seller", interaction["customer_person"]: "customer"}
    begin_s, end_s = interaction["begin_s"], interaction["end_s"]
    rows = (
        trajectories.filter(
            pl.col("video") == interaction["video"], pl.col("pts_s").is_between(begin_s - around_s, end_s + around_s)
        )
        .join(tracks.select("video", "track", "person"), on=["video", "track"])
        .filter(pl.col("person").is_in(list(persons)))
        .with_columns(
            role=pl.col("person").replace_strict(persons, return_dtype=pl.String),
            together=pl.col("pts_s").is_between(begin_s, end_s),
        )
        .sort("role", "pts_s")
    )
    if rows["role"].n_unique() < 2:
        raise EvidenceError(
            f"The trajectories of {interaction['video']} lack a person of interaction {interaction['interaction']}.",
            "Give trajectories, tracks and interactions of the same run; if they are, find the interactions anew.",
        )
    return rows


def _on_the_floor(rows: pl.DataFrame, translate: Translate) -> _Frame:
    """Metres, equally long in both directions."""
    low = [float(cast("float", rows[axis].min())) for axis in "xy"]
    high = [float(cast("float", rows[axis].max())) for axis in "xy"]
    middles = [(least + most) / 2 for least, most in zip(low, high, strict=True)]
    across, down = (max(most - least, 2.0) * 1.15 for least, most in zip(low, high, strict=True))
    height = round(min(max(WIDTH * down / across, 220), 460))
    # the wider of the two decides how long a metre is
    metre = min(WIDTH / across, height / down)
    domains = [
        [middle - side / metre / 2, middle + side / metre / 2] for middle, side in zip(middles, (WIDTH, height), strict=True)
    ]
    x, y = (alt.Scale(domain=domain, nice=False) for domain in domains)
    return _Frame(
        alt.X("x:Q", title=translate("Metres along the plan's first axis"), scale=x),
        alt.Y("y:Q", title=translate("Metres along its second axis"), scale=y),
        height,
        None,
    )


def _in_the_picture(rows: pl.DataFrame, background: Image | None, translate: Translate) -> _Frame:
    """Pixels of the camera's picture, from above."""
    width, height = (float(cast("float", rows[edge].max())) for edge in ("x2", "y2"))
    if background is not None:
        height, width = (float(side) for side in background.shape[:2])
    shown = round(min(max(WIDTH * height / width, 220), 460))
    x = alt.Scale(domain=[0, width], nice=False)
    y = alt.Scale(domain=[0, height], nice=False, reverse=True)
    return _Frame(
        alt.X("x:Q", title=translate("Pixels from the left"), scale=x),
        alt.Y("y:Q", title=translate("Pixels from above"), scale=y),
        shown,
        None if background is None else _beneath(background, shown),
    )


def _beneath(background: Image, height: int) -> alt.Chart:
    import cv2  # noqa: PLC0415  # heavy

    gray = cv2.cvtColor(cv2.resize(background, (WIDTH, height), interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY)
    dim = cv2.GaussianBlur(gray, (0, 0), WIDTH * SPREAD) * (BRIGHTNESS * LEVELS / 256)
    # few levels and no colours: the picture stays small, and the ways keep the colours of their legend
    steps = (dim.astype("uint8") * (256 // LEVELS)).astype("uint8")
    address = "data:image/png;base64," + base64.b64encode(cv2.imencode(".png", steps)[1].tobytes()).decode()
    image = alt.Chart(pl.DataFrame({"url": [address]})).mark_image(width=WIDTH, height=height)
    return cast("alt.Chart", image.encode(x=alt.value(WIDTH / 2), y=alt.value(height / 2), url="url:N"))


def _clock(seconds: float) -> str:
    """Time within a video, such as ``1:02:03``."""
    minutes, second = divmod(int(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{second:02d}"
