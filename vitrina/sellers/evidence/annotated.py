"""A whole video with what was made of it drawn in: boxes, tracks, roles and interactions; to see what goes wrong, and where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import polars as pl

from vitrina.charts import FAINT, colour
from vitrina.errors import InvalidTableError
from vitrina.i18n import Translate
from vitrina.sellers.detector import Detector
from vitrina.sellers.evidence.blurring import blurred
from vitrina.sellers.evidence.recording import recording
from vitrina.sellers.evidence.whereabouts import HoldSettings, Whereabouts, ways_of, ways_of_tracks
from vitrina.sellers.evidence.wording import role_names
from vitrina.sellers.footage import Footage, Sample
from vitrina.sellers.yolo import Image

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

Row: TypeAlias = dict[str, Any]

COLOURS = {"seller": colour(2), "customer": colour(5), "unknown": FAINT, "fixture": colour(7)}
UNTRACKED = "#FFFFFF"
TOGETHER = colour(6)
CAPTION_PX = 30
TEXT_PX = 15
SHOWN_PX = 960
"""Longest side of the pictures: small ones are enlarged, so that words can be read beside people."""
FRAMES_A_SECOND = 5.0
HELD_STEPS = 1.1
"""Samples for which somebody who is not found stays blurred: the detector has looked at every picture that is shown."""


@dataclass(frozen=True, eq=False)
class Scene:
    """Everything that is known of one video.

    Attributes
    ----------
    detections, trajectories, tracks, people, interactions
        Tables of the video; those that do not exist yet are left out.
    """

    detections: pl.DataFrame
    trajectories: pl.DataFrame
    tracks: pl.DataFrame | None = None
    people: pl.DataFrame | None = None
    interactions: pl.DataFrame | None = None


@dataclass(frozen=True, eq=False)
class _Known:
    """A scene, by sample."""

    tracked: Mapping[int, list[Row]]
    untracked: Mapping[int, list[Row]]
    interactions: list[Row] = field(default_factory=list)


def annotate(  # noqa: PLR0913  # a video, what is known of it, where to, and how it looks
    footage: Footage,
    scene: Scene,
    target: Path,
    *,
    translate: Translate = str,
    fps: float = FRAMES_A_SECOND,
    is_blurred: bool = True,
    detector: Detector | None = None,
) -> int:
    """Write all samples of a video as MP4, with what was made of them: boxes with track and role, lines between those who talk.

    White boxes are of detections that belong to no track.

    Parameters
    ----------
    footage
        Read at the step that the scene was made at: samples are told by their numbers.
    scene
        What is drawn.
    target
        The video; it takes its name when it is complete.
    translate
        From the English text to the reader's.
    fps
        Samples shown in a second.
    is_blurred
        Whether heads are made unrecognisable; without it, the file shows people.
    detector
        Looks once more at every sample, for blurring alone: one with a lower least confidence finds who is missing in the scene.

    Returns
    -------
    int
        Samples that were written.

    Raises
    ------
    InvalidTableError
        The scene is of other samples.
    EvidenceError
        The video cannot be written.
    """
    known = _known(scene)
    whereabouts = _whereabouts(scene, footage.plan.widest_s)
    full = footage.plan.scale[0] * footage.plan.width, footage.plan.scale[1] * footage.plan.height
    enlarged = SHOWN_PX / max(full)
    size = tuple(max(2, round(side * enlarged)) // 2 * 2 for side in full)
    times = dict(scene.detections.select("sample", "pts_s").iter_rows())
    drawing = _Drawing(role_names(translate), translate, size[0] / full[0])
    with recording(target, (size[0], size[1] + CAPTION_PX), fps) as video:
        for sample in footage:
            _refuse_others(sample, times)
            image = _blurred(sample, whereabouts, detector) if is_blurred else sample.image
            picture = _shown(image, size)
            video.add(drawing.on(picture, sample, known), sample.number / fps)
        return video.frames


def _refuse_others(sample: Sample, times: Mapping[int, float]) -> None:
    known = times.get(sample.number)
    if known is not None and abs(known - sample.pts_s) > 0.01:
        raise InvalidTableError(
            f"Sample {sample.number} is shown after {sample.pts_s:.2f} s; the detections have it at {known:.2f} s.",
            "Read the video at the step that its detections were made at.",
        )


def _known(scene: Scene) -> _Known:
    persons = scene.trajectories
    if scene.tracks is not None:
        persons = persons.join(scene.tracks.select("track", "person"), on="track", how="left")
    if scene.people is not None and "person" in persons.columns:
        persons = persons.join(scene.people.select("person", "role"), on="person", how="left")
    box = ["sample", "x1", "y1", "x2", "y2"]
    untracked = scene.detections.join(scene.trajectories.select(box), on=box, how="anti")
    interactions = [] if scene.interactions is None else scene.interactions.rows(named=True)
    return _Known(_by_sample(persons), _by_sample(untracked.select(*box, "confidence")), interactions)


def _by_sample(rows: pl.DataFrame) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = {}
    for row in rows.iter_rows(named=True):
        found.setdefault(row["sample"], []).append(row)
    return found


def _whereabouts(scene: Scene, step_s: float) -> Whereabouts:
    hold = HoldSettings(hold_s=HELD_STEPS * step_s, lone_hold_s=0.0, bridged_s=3 * step_s, growth_heights_s=0.1 / step_s)
    moments = [
        (rows["pts_s"][0], rows.select("x1", "y1", "x2", "y2").to_numpy())
        for _, rows in scene.detections.sort("pts_s").group_by("sample", maintain_order=True)
    ]
    return Whereabouts(ways_of(moments, hold) + ways_of_tracks(scene.trajectories), hold)


def _blurred(sample: Sample, whereabouts: Whereabouts, detector: Detector | None) -> Image:
    boxes, grown = whereabouts.at(sample.pts_s)
    image = blurred(sample.image, boxes / np.array([*sample.scale, *sample.scale]), grown / sample.scale[1])
    return image if detector is None else blurred(image, detector.detect([sample.image])[0].xyxy)


def _shown(image: Image, size: tuple[int, ...]) -> Image:
    """The picture in the size that it is shown in, with room for the caption below."""
    import cv2  # noqa: PLC0415  # heavy

    kind = cv2.INTER_CUBIC if size[0] > image.shape[1] else cv2.INTER_AREA
    picture = np.zeros((size[1] + CAPTION_PX, size[0], 3), dtype=np.uint8)
    picture[: size[1]] = cv2.resize(image, size, interpolation=kind)
    return picture


@dataclass(frozen=True)
class _Drawing:
    """How a scene is drawn: words, and pixels of the picture shown per pixel of the video's."""

    roles: Mapping[str, str]
    translate: Translate
    scale: float

    def on(self, picture: Image, sample: Sample, known: _Known) -> Image:
        """The picture with the boxes, lines and words of a sample."""
        from PIL import Image as Pillow  # noqa: PLC0415  # only drawing needs it
        from PIL import ImageDraw  # noqa: PLC0415  # as above

        canvas = Pillow.fromarray(np.ascontiguousarray(picture[:, :, ::-1]))
        draw = ImageDraw.Draw(canvas)
        persons = known.tracked.get(sample.number, [])
        for row in known.untracked.get(sample.number, []):
            self._box(draw, row, UNTRACKED, f"{row['confidence']:.2f}")
        for row in persons:
            role = row.get("role") or "unknown"
            person = f"/{row['person']}" if row.get("person") else ""
            self._box(draw, row, COLOURS[role], f"{row['track']}{person} {self.roles[role]}")
        for met in known.interactions:
            if met["begin_s"] <= sample.pts_s <= met["end_s"]:
                self._line(draw, met, persons)
        self._caption(draw, canvas.height, sample)
        return np.ascontiguousarray(np.asarray(canvas)[:, :, ::-1])

    def _box(self, draw: ImageDraw, row: Row, ink: str, text: str) -> None:
        left, upper, right, lower = (row[edge] * self.scale for edge in ("x1", "y1", "x2", "y2"))
        draw.rectangle((left, upper, max(left, right), max(upper, lower)), outline=ink, width=2)
        # within the picture, also where the box is not
        farthest = float(draw.im.size[0]) - draw.textlength(text, font=_font())
        at = (max(0.0, min(left, farthest)), max(0.0, upper - TEXT_PX - 5))
        draw.rectangle(draw.textbbox(at, text, font=_font()), fill="#000000")
        draw.text(at, text, fill=ink, font=_font())

    def _line(self, draw: ImageDraw, met: Row, persons: list[Row]) -> None:
        feet = [
            [(row["foot_x"] * self.scale, row["foot_y"] * self.scale) for row in persons if row.get("person") == met[who]]
            for who in ("seller_person", "customer_person")
        ]
        for seller in feet[0]:
            for customer in feet[1]:
                draw.line((*seller, *customer), fill=TOGETHER, width=4)
                middle = (seller[0] + customer[0]) / 2, (seller[1] + customer[1]) / 2
                draw.text(middle, str(met["interaction"]), fill="#FFFFFF", font=_font(), stroke_width=2, stroke_fill=TOGETHER)

    def _caption(self, draw: ImageDraw, height: int, sample: Sample) -> None:
        at = 8.0
        middle = height - CAPTION_PX / 2
        minutes, seconds = divmod(int(sample.pts_s), 60)
        legend = [("#FFFFFF", f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}")]
        legend += [(COLOURS[role], name) for role, name in self.roles.items()]
        legend += [(UNTRACKED, self.translate("in no track")), (TOGETHER, self.translate("interaction"))]
        for place, (ink, words) in enumerate(legend):
            if place:
                draw.rectangle((at, middle - 5, at + 10, middle + 5), fill=ink)
                at += 16
            draw.text((at, middle), words, fill="#FFFFFF", font=_font(), anchor="lm")
            at += draw.textlength(words, font=_font()) + 18


@lru_cache(maxsize=1)
def _font() -> FreeTypeFont:
    """A font with Cyrillic letters, which comes with matplotlib: no font of the system is needed."""
    import matplotlib as mpl  # noqa: PLC0415  # heavy
    from PIL import ImageFont  # noqa: PLC0415  # only drawing needs it

    return ImageFont.truetype(str(Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"), TEXT_PX)
