"""Frames that are worth labelling: where the detector was least sure, where there was a crowd, and some of every time of day.

A detector that is taught with what it finds hard gains more per label (B. Settles 2009, Active Learning Literature Survey, 3.1), but
one that sees nothing else forgets what is usual: hence the third kind.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from vitrina.errors import SettingsError
from vitrina.files import write_atomically
from vitrina.sellers.detector import Detector
from vitrina.sellers.evidence.blurring import blurred
from vitrina.sellers.evidence.clips import VideoExpiredError
from vitrina.sellers.evidence.excerpts import Excerpt
from vitrina.sellers.evidence.names import SEPARATOR, file_stem, video_of
from vitrina.sellers.evidence.recording import EvidenceError
from vitrina.sellers.evidence.whereabouts import HOLD, HoldSettings, Whereabouts, ways_of
from vitrina.sellers.video_facts import VideoFacts, probe

UNSURE, CROWDED, SPREAD = "unsure", "crowded", "spread"
REASONS = (UNSURE, CROWDED, SPREAD)
MIDDLE = 0.5
APART_S = 5.0
"""Least time between two frames of one reason: neighbours show the same."""
LIST = ".csv"
COLUMNS = ("video", "sample", "pts_s", "why", "file")
JPEG_QUALITY = 92


class Wanted(NamedTuple):
    """A frame to be labelled.

    Attributes
    ----------
    sample
        Its number.
    pts_s
        Its time, in seconds from the video's first frame.
    why
        One of `REASONS`.
    """

    sample: int
    pts_s: float
    why: str


def worth_labelling(detections: pl.DataFrame, samples: pl.DataFrame, count: int) -> list[Wanted]:
    """Choose frames of a video: a third of each kind, and never two of one kind within `APART_S`.

    Parameters
    ----------
    detections
        Rows of table `Detections` of the video.
    samples
        Its usable samples: ``sample`` and ``pts_s``.
    count
        How many frames; fewer where there are not as many.

    Returns
    -------
    list of Wanted
        By sample; the order of the given rows changes nothing.

    Raises
    ------
    SettingsError
        `count` is below 0.
    """
    if count < 0:
        raise SettingsError(f"{count} frames cannot be labelled.", "Give a number of at least 0.")
    found = detections.group_by("sample").agg(
        people=pl.len(),
        # how near the detector came to a coin's toss, added up: three doubtful boxes are worth more than one
        doubt=(MIDDLE - (pl.col("confidence") - MIDDLE).abs()).sum(),
    )
    frames = samples.select("sample", "pts_s").unique("sample").join(found, on="sample", how="left").fill_null(0).sort("sample")
    orders = {
        UNSURE: frames.filter(pl.col("doubt") > 0).sort(pl.col("doubt"), pl.col("sample"), descending=[True, False]),
        CROWDED: frames.filter(pl.col("people") > 1).sort(pl.col("people"), pl.col("sample"), descending=[True, False]),
    }
    chosen: dict[int, Wanted] = {}
    for place, (why, order) in enumerate(orders.items(), 1):
        _choose(order, why, len(chosen) + max(0, round(count * place / 3) - len(chosen)), chosen)
    for number in _spread(frames.height, count - len(chosen), [frames["sample"].index_of(sample) or 0 for sample in chosen]):
        sample, pts_s = frames.select("sample", "pts_s").row(number)
        chosen[sample] = Wanted(sample, pts_s, SPREAD)
    return sorted(chosen.values())


def _choose(order: pl.DataFrame, why: str, upto: int, chosen: dict[int, Wanted]) -> None:
    """Add the first of an order that are neither chosen already nor near one of the same kind, until there are so many."""
    times: list[float] = []
    for sample, pts_s in order.select("sample", "pts_s").iter_rows():
        if len(chosen) >= upto:
            return
        if sample not in chosen and all(abs(pts_s - time) >= APART_S for time in times):
            times.append(pts_s)
            chosen[sample] = Wanted(sample, pts_s, why)


def _spread(frames: int, count: int, taken: Sequence[int]) -> list[int]:
    """Places of frames at even distances that are not taken."""
    free = np.setdiff1d(np.arange(frames), taken)
    if free.size == 0 or count <= 0:
        return []
    middles = (np.arange(count) + 0.5) / count * len(free)
    return [int(place) for place in np.unique(free[middles.astype(int)])]


def write_frames(  # noqa: PLR0913  # a video, what of it, who is to be blurred, where to
    source: Path,
    video: str,
    wanted: Sequence[Wanted],
    folder: Path,
    *,
    detector: Detector,
    facts: VideoFacts | None = None,
    hold: HoldSettings = HOLD,
) -> Path:
    """Write frames as JPEG, heads blurred, and a list of them as CSV; what was written of the video before is replaced.

    The list comes first, so that at any time every picture of the folder is on a list.

    Parameters
    ----------
    source
        The video.
    video
        Its key.
    wanted
        As of `worth_labelling`.
    folder
        For pictures and lists of any number of videos.
    detector
        Finds people, with a least confidence of about `vitrina.sellers.evidence.clips.CONFIDENCE`.
    facts
        As of `vitrina.sellers.footage.probe`.
    hold
        For how long somebody who is not found stays blurred.

    Returns
    -------
    Path
        The list: `COLUMNS`, one row per picture.

    Raises
    ------
    VideoExpiredError
        The video is no longer there.
    EvidenceError
        A frame is not in the video, or a picture cannot be written.
    """
    if not source.is_file():
        raise VideoExpiredError(
            f"The video {source} is no longer there: it was deleted when its time was over, or moved.",
            "Choose frames of a video that is still kept.",
        )
    known = facts or probe(source)
    stem = file_stem(video)
    delete_frames(folder, video)
    listed = folder / f"{stem}{LIST}"
    names = [f"{stem}{SEPARATOR}{frame.sample:06d}.jpg" for frame in wanted]
    with io.StringIO(newline="") as text:
        writer = csv.writer(text)
        writer.writerow(COLUMNS)
        writer.writerows(
            (video, frame.sample, f"{frame.pts_s:.3f}", frame.why, name) for frame, name in zip(wanted, names, strict=True)
        )
        write_atomically(listed, text.getvalue())
    for frame, name in zip(wanted, names, strict=True):
        write_atomically(folder / name, _picture(source, known, frame, detector, hold))
    return listed


def _picture(source: Path, facts: VideoFacts, frame: Wanted, detector: Detector, hold: HoldSettings) -> bytes:
    """The frame as JPEG, blurred where people are on it or on its neighbours."""
    import cv2  # noqa: PLC0415  # heavy

    around = hold.lone_hold_s
    longest = max(facts.width, facts.height)
    near = Excerpt(source, facts, frame.pts_s - around, frame.pts_s + around, fps=5.0, longest_px=longest)
    exact = next(iter(Excerpt(source, facts, frame.pts_s, frame.pts_s + 1 / facts.fps, fps=facts.fps, longest_px=longest)), None)
    if exact is None:
        raise EvidenceError(
            f"{source} has no frame at {frame.pts_s:.2f} s.", "Choose frames anew: they are of another version of the video."
        )
    images = {sample.pts_s: sample.image for sample in near} | {exact.pts_s: exact.image}
    moments = [(pts_s, detector.detect([images[pts_s]])[0].xyxy) for pts_s in sorted(images)]
    image = blurred(exact.image, *Whereabouts(ways_of(moments, hold), hold).at(exact.pts_s))
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes()


def listed_frames(folder: Path) -> pl.DataFrame:
    """All frames of a folder that are to be labelled, of all videos: the columns of the lists.

    Parameters
    ----------
    folder
        As of `write_frames`; it need not exist.
    """
    schema = {"video": pl.String(), "sample": pl.Int64(), "pts_s": pl.Float64(), "why": pl.String(), "file": pl.String()}
    lists = [pl.read_csv(path, schema=schema) for path in sorted(folder.glob(f"*{LIST}")) if video_of(path.name)]
    return pl.concat([pl.DataFrame(schema=schema), *lists])


def delete_frames(folder: Path, video: str) -> int:
    """Delete all pictures of a video and their list; for retention and erasure.

    Parameters
    ----------
    folder
        As of `write_frames`; it need not exist.
    video
        The video's key.

    Returns
    -------
    int
        Pictures that were deleted.
    """
    stem = file_stem(video)
    pictures = [path for path in folder.glob(f"{stem}{SEPARATOR}*.jpg") if video_of(path.name) == video]
    for picture in pictures:
        picture.unlink(missing_ok=True)
    # last, so that what is left after an interruption is still listed
    (folder / f"{stem}{LIST}").unlink(missing_ok=True)
    return len(pictures)
