"""MOT Challenge files: boxes with identities as annotators deliver them and as trackers are compared by.

One line per box: ``frame, identity, left, top, width, height, confidence`` and up to three more columns. Files of nine columns
have a class and a visibility at the end (MOT16 and later, CVAT); in files of ten the last three are a place in the world
(MOT15), which is no class, and is not read. Frames count from 1, and so do pixels: the upper left one is (1, 1).

A file is refused whole with the lines that are wrong: a judgement on part of an annotation would look like any other.

References
----------
A. Milan, L. Leal-Taixé, I. Reid, S. Roth, K. Schindler (2016), MOT16: A Benchmark for Multi-Object Tracking, arXiv:1603.00831.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import polars as pl

from vitrina.errors import DeliveryError
from vitrina.files import write_atomically

CORNERS = ("x1", "y1", "x2", "y2")
SCHEMA: dict[str, pl.DataType] = {
    "frame": pl.Int64(),
    "identity": pl.Int64(),
    **dict.fromkeys(CORNERS, pl.Float64()),
    "confidence": pl.Float64(),
    "ignored": pl.Boolean(),
}
"""Columns of what is read: the frame from 1, whose box it is, its corners from (0, 0), and whether it counts neither way."""

FIRST_PIXEL = 1.0
"""Where MOT Challenge files have the upper left corner of the picture."""

PERSON = 1
UNCLASSED = -1
DISTRACTORS = frozenset({2, 7, 8, 12})
"""Classes that look like a person and need not be found: on a vehicle, a standing figure, a distractor, a reflection."""

MOST_BYTES = 256 * 1024 * 1024
LONGEST_LINE = 500
LARGEST_NUMBER = 2**31 - 1
FARTHEST_PIXEL = 100_000.0
FEWEST_COLUMNS, MOST_COLUMNS, CLASSED_COLUMNS = 7, 10, 9
MOST_PROBLEMS = 10
_CHARACTERS = re.compile(r"[-+0-9.,eE \t]*")
_BLANKS = re.compile(r"[ \t]+")


class Kind(StrEnum):
    """What a file says."""

    TRUTH = "ground truth"
    TRACKS = "tracker output"
    DETECTIONS = "detections"
    """Boxes without identities: the second column is −1."""


class MotFileError(DeliveryError):
    """A MOT Challenge file cannot be read; ``problems`` holds up to ten of them, each with its line."""

    def __init__(self, problem: str, remedy: str, problems: tuple[str, ...] = ()) -> None:
        super().__init__(problem, remedy)
        self.problems = problems


class _LineError(Exception):
    """What is wrong with one line."""


def read_mot(path: Path, kind: Kind, *, first_pixel: float = FIRST_PIXEL) -> pl.DataFrame:
    """Read a file of boxes.

    Parameters
    ----------
    path
        The file: UTF-8, commas or blanks between the columns, no header. One without any line holds no boxes.
    kind
        What it says. In ground truth, a confidence of 0 and the classes of `DISTRACTORS` mark boxes that count neither as found
        nor as missed, and boxes of other classes than persons are left out.
    first_pixel
        Coordinate of the upper left corner in the file; 0 for tools that do not follow the standard.

    Returns
    -------
    polars.DataFrame
        Columns of `SCHEMA`, by frame and identity.

    Raises
    ------
    MotFileError
        It cannot be opened, is no such file, or has lines that cannot be right; nothing of it is used then.
    """
    lines = _Lines(path.name, kind, first_pixel)
    for number, line in _numbered(path):
        lines.take(number, line)
        if len(lines.problems) == MOST_PROBLEMS:
            break
    return lines.frame()


def _numbered(path: Path) -> Iterator[tuple[int, str]]:
    try:
        size = path.stat().st_size
        content = path.read_bytes() if size <= MOST_BYTES else b""
    except OSError as error:
        raise MotFileError(f"{path.name} cannot be opened: {error.strerror}.", "Check the path and the permissions.") from error
    if size > MOST_BYTES:
        raise MotFileError(
            f"{path.name} has {size:,} bytes; at most {MOST_BYTES:,} are read.", "Deliver one file per video, or thin its frames."
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise MotFileError(
            f"{path.name}, line {line}: this is no text in UTF-8.", "Deliver a text file in the format of MOT Challenge."
        ) from error
    # not splitlines: it also splits at signs that have no place in such a file, and lines would be numbered wrong
    for number, each in enumerate(text.split("\n"), start=1):
        if stripped := each.removesuffix("\r").strip(" \t"):
            yield number, stripped


@dataclass
class _Lines:
    """The lines taken so far: numbers in arrays, because lists of Python numbers take four times the memory."""

    name: str
    kind: Kind
    first_pixel: float
    problems: list[str] = field(default_factory=list)
    columns: int = 0
    others: int = 0
    seen: dict[tuple[int, int], int] = field(default_factory=dict)
    integers: tuple[array[int], array[int]] = field(default_factory=lambda: (array("q"), array("q")))
    reals: tuple[array[float], ...] = field(default_factory=lambda: tuple(array("d") for _ in range(5)))
    ignored: array[int] = field(default_factory=lambda: array("b"))

    def take(self, number: int, line: str) -> None:
        try:
            self._add(number, self._values(line))
        except _LineError as error:
            self.problems.append(f"line {number}: {error}")

    def _values(self, line: str) -> list[float]:
        if len(line) > LONGEST_LINE:
            raise _LineError(f"it has {len(line):,} characters; at most {LONGEST_LINE} make sense")
        if not _CHARACTERS.fullmatch(line):
            # float() alone would take nan, 1_000 and the digits of all alphabets
            raise _LineError(f"{line[:60]!r} holds something other than numbers; such files have no header")
        cells = line.split(",") if "," in line else _BLANKS.split(line)
        self.columns = self.columns or len(cells)
        if not FEWEST_COLUMNS <= len(cells) <= MOST_COLUMNS:
            raise _LineError(f"it has {len(cells)} columns; {FEWEST_COLUMNS} to {MOST_COLUMNS} are expected")
        if len(cells) != self.columns:
            raise _LineError(f"it has {len(cells)} columns where the lines before have {self.columns}; was the file cut off?")
        try:
            return [float(cell) for cell in cells]
        except ValueError:
            broken = next(cell for cell in cells if not _is_number(cell))
            raise _LineError(f"{broken.strip()!r} is no number") from None

    def _add(self, number: int, values: list[float]) -> None:
        frame, identity = _whole(values[0], "frame"), _whole(values[1], "identity")
        if frame < 1:
            raise _LineError(f"frame {frame} does not exist; frames count from 1")
        corners = self._corners(*values[2:6])
        classed = self.kind is Kind.TRUTH and self.columns == CLASSED_COLUMNS
        label = _whole(values[7], "class") if classed else PERSON
        if label not in {PERSON, UNCLASSED, *DISTRACTORS}:
            self.others += 1
            return
        if self.kind is not Kind.DETECTIONS:
            if identity < 0:
                raise _LineError(f"identity {identity}: boxes without identities are detections, not {self.kind}")
            first = self.seen.setdefault((frame, identity), number)
            if first != number:
                raise _LineError(f"frame {frame} has identity {identity} already, in line {first}")
        for into, value in zip(self.integers, (frame, identity), strict=True):
            into.append(value)
        for real, measured in zip(self.reals, (*corners, values[6]), strict=True):
            real.append(measured)
        self.ignored.append(self.kind is Kind.TRUTH and (values[6] == 0 or label in DISTRACTORS))

    def _corners(self, left: float, top: float, width: float, height: float) -> tuple[float, ...]:
        if not (width > 0 and height > 0):
            raise _LineError(f"a box of {width:g} x {height:g} pixels has no area")
        corners = (
            left - self.first_pixel,
            top - self.first_pixel,
            left - self.first_pixel + width,
            top - self.first_pixel + height,
        )
        if max(map(abs, corners)) > FARTHEST_PIXEL:
            raise _LineError(f"a box at {left:g}, {top:g} of {width:g} x {height:g} lies outside any picture")
        if not (corners[0] < corners[2] and corners[1] < corners[3]):
            raise _LineError(f"a box of {width:g} x {height:g} pixels is too small to have an area")
        return corners

    def frame(self) -> pl.DataFrame:
        if self.problems:
            more = " (and perhaps more)" if len(self.problems) == MOST_PROBLEMS else ""
            raise MotFileError(
                f"{self.name} cannot be {self.kind} in the format of MOT Challenge{more}: {'; '.join(self.problems)}.",
                "Correct these lines, or export the file again: frame, identity, left, top, width, height, confidence, …",
                tuple(self.problems),
            )
        if self.others and not self.ignored:
            raise MotFileError(
                f"{self.name} holds {self.others} boxes, none of them of class {PERSON}, which is a person.",
                "Export the file with the class of persons first among the labels.",
            )
        columns: tuple[array[int] | array[float], ...] = (*self.integers, *self.reals, self.ignored)
        found = [
            pl.Series(name, values, strict=False).cast(dtype) for (name, dtype), values in zip(SCHEMA.items(), columns, strict=True)
        ]
        return pl.DataFrame(found).sort("frame", "identity", *CORNERS)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _whole(value: float, what: str) -> int:
    if abs(value) > LARGEST_NUMBER or value != int(value):
        raise _LineError(f"{what} {value:g} is no whole number up to {LARGEST_NUMBER:,}")
    return int(value)


def write_mot(path: Path, boxes: pl.DataFrame, kind: Kind, *, first_pixel: float = FIRST_PIXEL) -> None:
    """Write boxes so that `read_mot` and every other tool for MOT Challenge reads them.

    Parameters
    ----------
    path
        The file; replaced in one step.
    boxes
        Columns of `SCHEMA`; ``confidence`` and ``ignored`` may be missing. Ground truth has nine columns, with the class of a
        person and full visibility; anything else has ten.
    kind, first_pixel
        As of `read_mot`.
    """
    given = boxes.with_columns(
        *([] if "confidence" in boxes.columns else [pl.lit(1.0).alias("confidence")]),
        *([] if "ignored" in boxes.columns else [pl.lit(value=False).alias("ignored")]),
    ).sort("frame", "identity", *CORNERS)
    rest = ",1,1" if kind is Kind.TRUTH else ",-1,-1,-1"
    lines = []
    for frame, identity, x1, y1, x2, y2, confidence, ignored in given.select(*SCHEMA).iter_rows():
        flag = f"{int(not ignored)}" if kind is Kind.TRUTH else f"{confidence:.6g}"
        whose = -1 if kind is Kind.DETECTIONS else identity
        place = ",".join(f"{value:.3f}" for value in (x1 + first_pixel, y1 + first_pixel, x2 - x1, y2 - y1))
        lines.append(f"{frame},{whose},{place},{flag}{rest}\n")
    write_atomically(path, "".join(lines))


def of_trajectories(trajectories: pl.DataFrame, tracks: pl.DataFrame | None = None, *, stride: int = 1) -> pl.DataFrame:
    """The boxes of one video's trajectories, as they are compared with ground truth.

    Parameters
    ----------
    trajectories
        Rows of `Trajectories`, of one video.
    tracks
        Rows of `Tracks`, of the same video: identities are then persons, who keep theirs when they return; otherwise tracks. Of two
        tracks of one person at the same time, the later one is judged as another person's.
    stride
        Frames of the ground truth between two samples: sample s is frame s x stride + 1.

    Returns
    -------
    polars.DataFrame
        Columns of `SCHEMA`.
    """
    found = trajectories.with_columns(pl.col("track").alias("identity"))
    if tracks is not None:
        persons = tracks.select("video", "track", pl.col("person").alias("identity"))
        found = trajectories.join(persons, on=("video", "track"), how="left", validate="m:1")
        # nobody is in two places at once: the track that began later is judged as somebody else
        twin = pl.int_range(pl.len()).over("sample", "identity", order_by="track") > 0
        alone = pl.col("identity").is_null() | twin
        found = found.with_columns(
            pl.when(alone).then(persons["identity"].max() + pl.col("track")).otherwise("identity").alias("identity")
        )
    return found.select(
        (pl.col("sample") * stride + 1).alias("frame"),
        "identity",
        *CORNERS,
        pl.lit(1.0).alias("confidence"),
        pl.lit(value=False).alias("ignored"),
    ).sort("frame", "identity", *CORNERS)
