"""What is true of a day before the made-up shop's camera: boxes, people, talks, receipts, roster, and the camera's own geometry.

Everything is a frame of polars; moments are seconds of the day's film and UTC. MOT files hold the boxes of one film.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import polars as pl

from simulation.shop import ShopDay
from simulation.shop_picture import Frame, Renderer

COUNTER_HEIGHT = 1.0
"""Staff are seen over a counter as high as this, in metres: the zone that a person would draw reaches as high."""

VISIBLE = 0.1
"""Whoever is seen less than this is not on the MOT file: nobody who labels a picture would find them."""

BOXES = {
    "sample": pl.Int64,
    "pts_s": pl.Float64,
    "state": pl.String,
    "person": pl.Int64,
    "role": pl.String,
    "seller_id": pl.String,
    **dict.fromkeys(("x1", "y1", "x2", "y2", "visible_x1", "visible_y1", "visible_x2", "visible_y2"), pl.Float64),
    **dict.fromkeys(("visible", "depth_m", "floor_x", "floor_y", "heading"), pl.Float64),
    "posture": pl.String,
}
"""Columns of `boxes`: full and visible boxes in pixels, the share that is seen, metres on the floor, radians on the floor."""


@dataclass(frozen=True)
class CameraTruth:
    """What somebody who knows the shop would set for its camera, in pixels of its picture and metres of its floor.

    Attributes
    ----------
    floor
        Pairs of a pixel and the place on the floor that it shows: corners of things that everybody could measure.
    staff_zone
        Polygon of pixels: where staff are seen who stand behind the counter, feet hidden or not.
    homography
        3 x 3, from the floor (metres) to the picture (pixels).
    fixtures
        Boxes of what looks like a person and is none.
    """

    floor: tuple[tuple[tuple[float, float], tuple[float, float]], ...]
    staff_zone: tuple[tuple[float, float], ...]
    homography: np.ndarray
    fixtures: dict[str, tuple[float, float, float, float]]


def boxes(renderer: Renderer, at: Iterable[float]) -> pl.DataFrame:
    """Everybody on the frames at some moments; columns as in `BOXES`, samples numbered from 0, moments from the first one."""
    return boxes_of((moment, renderer.frame(moment)) for moment in at)


def boxes_of(frames: Iterable[tuple[float, Frame]]) -> pl.DataFrame:
    """Everybody on frames that have been made, each with its moment."""
    rows: list[tuple[object, ...]] = []
    begin: float | None = None
    for sample, (moment, frame) in enumerate(frames):
        begin = moment if begin is None else begin
        for seen in frame.seen:
            person, stance = seen.person, seen.stance
            whole = seen.visible_box or (None,) * 4
            where = (seen.visible, seen.depth, stance.x, stance.y, stance.heading, stance.posture.value)
            known = (sample, moment - begin, frame.state, person.number, person.role.value, person.seller_id)
            rows.append((*known, *seen.box, *whole, *where))
    return pl.DataFrame(rows, schema=BOXES, orient="row")


def people(day: ShopDay) -> pl.DataFrame:
    """One row per stay: ``person``, ``role``, ``seller_id``, ``stay``, ``begin_s``, ``end_s``, ``begin_at``, ``end_at``."""
    rows = [
        (person.number, person.role.value, person.seller_id, number, stay.begin_s, stay.end_s)
        for person in day.people
        for number, stay in enumerate(person.stays, start=1)
    ]
    schema = {
        "person": pl.Int64,
        "role": pl.String,
        "seller_id": pl.String,
        "stay": pl.Int64,
        "begin_s": pl.Float64,
        "end_s": pl.Float64,
    }
    return _timed(pl.DataFrame(rows, schema=schema, orient="row"), day)


def interactions(day: ShopDay) -> pl.DataFrame:
    """One row per talk or payment, by its beginning.

    Returns
    -------
    polars.DataFrame
        ``interaction``, ``kind`` (``consultation`` at a shelf, ``payment`` over the counter), ``seller_person``,
        ``customer_person``, ``seller_id``, ``begin_s``, ``end_s``, ``begin_at``, ``end_at``, ``successful`` (whether the customer
        bought later in the same stay), ``receipt_id``.
    """
    names = {person.number: person.seller_id for person in day.people}
    bought = _receipt_of(day)
    rows = [
        (
            number,
            "payment" if served.at_till else "consultation",
            served.seller,
            served.customer,
            names[served.seller],
            served.begin_s,
            served.end_s,
            bought(served.customer, served.begin_s) is not None,
            bought(served.customer, served.begin_s),
        )
        for number, served in enumerate(day.served, start=1)
    ]
    schema = {
        "interaction": pl.Int64,
        "kind": pl.String,
        "seller_person": pl.Int64,
        "customer_person": pl.Int64,
        "seller_id": pl.String,
        "begin_s": pl.Float64,
        "end_s": pl.Float64,
        "successful": pl.Boolean,
        "receipt_id": pl.String,
    }
    return _timed(pl.DataFrame(rows, schema=schema, orient="row"), day)


def receipts(day: ShopDay) -> pl.DataFrame:
    """``receipt_id``, ``at``, ``amount`` (kopecks), ``seller_id`` as the till knows them; ``person`` and ``consulted`` as is true."""
    names = {person.number: person.seller_id for person in day.people}
    rows = [
        (receipt_id(place), bought.at_s, bought.amount, names[bought.seller], bought.customer, bought.consulted)
        for place, bought in enumerate(day.purchases)
    ]
    schema = {
        "receipt_id": pl.String,
        "at_s": pl.Float64,
        "amount": pl.Int64,
        "seller_id": pl.String,
        "person": pl.Int64,
        "consulted": pl.Boolean,
    }
    return pl.DataFrame(rows, schema=schema, orient="row").with_columns(_moment("at_s", day).alias("at"))


def roster(day: ShopDay) -> pl.DataFrame:
    """``seller_id``, ``begin_at``, ``end_at`` as the shifts are delivered, and whether the seller ``came``.

    Planned to a fortieth of the opening hours, as shops that are open for ten plan by the quarter; people come when they come.
    """
    step_s = day.extent.open_s / 40
    rows = [
        (shift.seller_id, *(step_s * round(moment / step_s) for moment in (shift.begin_s, shift.end_s)), shift.came)
        for shift in day.shifts
    ]
    schema = {"seller_id": pl.String, "begin_s": pl.Float64, "end_s": pl.Float64, "came": pl.Boolean}
    return _timed(pl.DataFrame(rows, schema=schema, orient="row"), day)


def states(day: ShopDay) -> pl.DataFrame:
    """``state``, ``begin_s``, ``end_s``, ``begin_at``, ``end_at`` of the times in which the picture is spoiled."""
    rows = [(part.state, part.begin_s, part.end_s) for part in day.spoiled]
    return _timed(pl.DataFrame(rows, schema={"state": pl.String, "begin_s": pl.Float64, "end_s": pl.Float64}, orient="row"), day)


def camera(renderer: Renderer) -> CameraTruth:
    """The camera of a renderer's picture."""
    floor, lens = renderer.day.floor, renderer.lens
    corners = [(block.x1, block.y2) for block in floor.blocks if block.base == 0] + list(floor.staff_zone[:2])
    corners += [(block.x2, block.y1) for block in floor.blocks if block.base == 0]
    corners += [(x, y) for x in (3.0, 6.0, 9.0) for y in (2.0, 4.8, 7.0)]
    pixels, _ = lens.project(np.array([(x, y, 0.0) for x, y in corners]))
    pairs = tuple(
        ((float(u), float(v)), place)
        for (u, v), place in zip(pixels, corners, strict=True)
        if 0 <= u < lens.width and 0 <= v < lens.height
    )
    zone = [(x, y, z) for x, y in floor.staff_zone for z in (0.0, COUNTER_HEIGHT)]
    outline, _ = lens.project(np.array(zone))
    return CameraTruth(pairs, _hull(outline.tolist()), lens.homography, dict(renderer.scene.fixtures))


def write_mot(path: Path, seen: pl.DataFrame, *, least: float = VISIBLE) -> None:
    """Write ``frame,id,left,top,width,height,1,1,visibility`` by frame from 1, as MOTChallenge's ground truth has it.

    Parameters
    ----------
    path
        Of the file, by custom ``gt/gt.txt``.
    seen
        As of `boxes`; frames count its samples.
    least
        Whoever is seen less is left out.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = seen.filter(pl.col("visible") >= least).select(
        pl.col("sample") + 1,
        "person",
        pl.col("x1").round(2),
        pl.col("y1").round(2),
        (pl.col("x2") - pl.col("x1")).round(2).alias("width"),
        (pl.col("y2") - pl.col("y1")).round(2).alias("height"),
        pl.lit(1).alias("confidence"),
        pl.lit(1).alias("class"),
        pl.col("visible").round(3),
    )
    rows.sort("sample", "person").write_csv(path, include_header=False)


def moments(begin_s: float, end_s: float, step_s: float) -> Iterator[float]:
    """Moments a step apart, the end left out."""
    for number in range(int(np.ceil((end_s - begin_s) / step_s - 1e-9))):
        yield begin_s + number * step_s


def receipt_id(place: int) -> str:
    """The name of a day's receipt at a place of its list."""
    return f"R{place + 1:05d}"


def _receipt_of(day: ShopDay) -> Callable[[int, float], str | None]:
    """What finds the receipt that ended the stay in which a customer was served at a moment."""
    stays = {person.number: person.stays for person in day.people}
    bought = [(purchase.customer, purchase.at_s, receipt_id(place)) for place, purchase in enumerate(day.purchases)]

    def found(customer: int, moment: float) -> str | None:
        stay = next(stay for stay in stays[customer] if stay.begin_s <= moment <= stay.end_s)
        return next((name for who, at, name in bought if who == customer and moment <= at <= stay.end_s), None)

    return found


def _timed(frame: pl.DataFrame, day: ShopDay) -> pl.DataFrame:
    return frame.with_columns(_moment("begin_s", day).alias("begin_at"), _moment("end_s", day).alias("end_at"))


def _moment(name: str, day: ShopDay) -> pl.Expr:
    return pl.lit(day.started_at).dt.cast_time_unit("us") + pl.duration(microseconds=(pl.col(name) * 1e6).round().cast(pl.Int64))


def _hull(points: Sequence[Sequence[float]]) -> tuple[tuple[float, float], ...]:
    hull = cv2.convexHull(np.array(points, np.float32))[:, 0]
    return tuple((float(x), float(y)) for x, y in hull)
