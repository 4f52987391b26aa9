"""How well people are tracked: HOTA, MOTA, IDF1 and what they are made of, at the stride that a shop can afford.

The measures are TrackEval's, the reference implementation of HOTA, called on arrays: its runner reads and writes folders of files.
py-motmetrics 1.4.0, the latest release, calls `numpy.asfarray`, which NumPy 2 does not have.

A measure without anything to measure is ``None``, never 0 and never 1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from vitrina.errors import VitrinaError
from vitrina.sellers.box_matching import SAME, on_frames, without_ignored

STRIDES = (1, 5, 12, 25, 30)
"""From every frame to one in 1.2 s at 25 frames a second."""

FIRST_FRAME = 1
MOST_IDENTITIES = 6_000
"""True and said together: IDF1 needs squares of as many cells, and HOTA 19 tables of true x said."""

_Result: TypeAlias = dict[str, Any]


class JudgementError(VitrinaError):
    """What was said cannot be compared with the truth."""


@dataclass(frozen=True)
class TrackingQuality:
    """How well people were tracked.

    Attributes
    ----------
    hota
        Higher order tracking accuracy, the mean over overlaps of .05 to .95: the geometric mean of the next two.
    deta, assa
        Accuracy of detection (who is found) and of association (who keeps an identity).
    loca
        Mean overlap of what was found.
    mota
        1 − (misses + false positives + switches) / true boxes, at an overlap of .5; may be negative.
    idf1
        Share of boxes that carry the one identity that fits a person best.
    precision, recall
        Share of said boxes that are true, and of true ones that were said, at an overlap of .5.
    switches
        Times that a person's identity changed.
    matches, misses, false_positives
        Boxes.
    mostly_tracked, partly_tracked, mostly_lost
        True identities that were found on more than 80 % of their boxes, on 20 to 80 %, and on less than 20 %.
    identities, said_identities
        True ones, and those that were said.
    frames
        Frames with a box.

    References
    ----------
    HOTA: J. Luiten et al. (2021), International Journal of Computer Vision 129, 548-578. MOTA: K. Bernardin, R. Stiefelhagen
    (2008), EURASIP Journal on Image and Video Processing, 246309. IDF1: E. Ristani et al. (2016), ECCV Workshops, 17-35.
    """

    hota: float | None
    deta: float | None
    assa: float | None
    loca: float | None
    mota: float | None
    idf1: float | None
    precision: float | None
    recall: float | None
    switches: int
    matches: int
    misses: int
    false_positives: int
    mostly_tracked: int
    partly_tracked: int
    mostly_lost: int
    identities: int
    said_identities: int
    frames: int


def tracking_quality(truth: pl.DataFrame, said: pl.DataFrame) -> TrackingQuality:
    """Judge one video.

    Parameters
    ----------
    truth, said
        Boxes with identities, as `vitrina.sellers.mot.read_mot` gives them; ``ignored`` may be missing.

    Raises
    ------
    JudgementError
        A frame has one identity twice, or there are too many identities.
    """
    return tracking_quality_of_videos([(truth, said)])


def tracking_quality_of_videos(videos: Sequence[tuple[pl.DataFrame, pl.DataFrame]]) -> TrackingQuality:
    """Judge several videos as one: boxes count alike, whatever video they are in, and nobody is in two of them.

    Parameters
    ----------
    videos
        Truth and what was said, as of `tracking_quality`.
    """
    sequences = [_sequence(*without_ignored(truth, said)) for truth, said in videos]
    return _quality(sequences)


def _sequence(truth: pl.DataFrame, said: pl.DataFrame) -> _Result:
    """What TrackEval's measures take: per frame who is there, numbered from 0, and how their boxes overlap."""
    for boxes, whose in ((truth, "The truth"), (said, "What was said")):
        _refuse_twins(boxes, whose)
    frames = list(on_frames(truth, said))
    identities, n_true = _numbered(truth, [frame.truth for frame in frames])
    said_identities, n_said = _numbered(said, [frame.said for frame in frames])
    if n_true + n_said > MOST_IDENTITIES:
        raise JudgementError(
            f"There are {n_true:,} true identities and {n_said:,} said ones; at most {MOST_IDENTITIES:,} together can be compared.",
            "Judge shorter pieces of the video, and put them together with tracking_quality_of_videos.",
        )
    return {
        "num_gt_ids": n_true,
        "num_tracker_ids": n_said,
        "num_gt_dets": truth.height,
        "num_tracker_dets": said.height,
        "num_timesteps": len(frames),
        "gt_ids": identities,
        "tracker_ids": said_identities,
        "similarity_scores": [frame.overlaps for frame in frames],
    }


def _refuse_twins(boxes: pl.DataFrame, whose: str) -> None:
    twins = boxes.filter(pl.struct("frame", "identity").is_duplicated()).sort("frame", "identity")
    if not twins.is_empty():
        frame, identity = twins.select("frame", "identity").row(0)
        raise JudgementError(
            f"{whose} has identity {identity} more than once on frame {frame}.",
            "A person is in one place at a time: give each box of a frame an identity of its own.",
        )


def _numbered(boxes: pl.DataFrame, rows: Sequence[npt.NDArray[np.int64]]) -> tuple[list[npt.NDArray[np.int64]], int]:
    """Identities as numbers in the order in which they come up: their names decide nothing, not even how sums are rounded."""
    if not boxes.height:
        return [np.zeros(0, dtype=np.int64) for _ in rows], 0
    by_frame = boxes["identity"].to_numpy()[np.concatenate(rows)]
    _, first, inverse = np.unique(by_frame, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return np.split(rank[inverse], np.cumsum([len(of) for of in rows])[:-1]), len(first)


def _quality(sequences: Sequence[_Result]) -> TrackingQuality:
    # here, because the graph is loaded without it
    from trackeval.metrics import CLEAR, HOTA, Identity  # type: ignore[import-untyped]  # noqa: PLC0415  # TrackEval has no types

    quiet = {"THRESHOLD": SAME, "PRINT_CONFIG": False}
    hota, clear, identity = (_combined(metric, sequences) for metric in (HOTA(), CLEAR(dict(quiet)), Identity(dict(quiet))))
    matches, misses, false_positives = (int(clear[name]) for name in ("CLR_TP", "CLR_FN", "CLR_FP"))
    n_true, n_said = matches + misses, matches + false_positives
    loca = np.asarray(hota["LocA"])[np.asarray(hota["HOTA_TP"]) > 0]
    return TrackingQuality(
        **{name: _mean(hota[of], known=n_true + n_said > 0) for name, of in (("hota", "HOTA"), ("deta", "DetA"), ("assa", "AssA"))},
        loca=_mean(loca, known=len(loca) > 0),
        mota=_mean(clear["MOTA"], known=n_true > 0),
        idf1=_mean(identity["IDF1"], known=n_true + n_said > 0),
        precision=_mean(clear["CLR_Pr"], known=n_said > 0),
        recall=_mean(clear["CLR_Re"], known=n_true > 0),
        switches=int(clear["IDSW"]),
        matches=matches,
        misses=misses,
        false_positives=false_positives,
        mostly_tracked=int(clear["MT"]),
        partly_tracked=int(clear["PT"]),
        mostly_lost=int(clear["ML"]),
        identities=sum(sequence["num_gt_ids"] for sequence in sequences),
        said_identities=sum(sequence["num_tracker_ids"] for sequence in sequences),
        frames=sum(sequence["num_timesteps"] for sequence in sequences),
    )


def _combined(metric: Any, sequences: Sequence[_Result]) -> _Result:
    found: _Result = metric.combine_sequences({number: metric.eval_sequence(of) for number, of in enumerate(sequences)})
    return found


def _mean(values: npt.ArrayLike, *, known: bool) -> float | None:
    return float(np.mean(np.asarray(values, dtype=np.float64))) if known else None


def thinned(boxes: pl.DataFrame, stride: int, *, first: int = FIRST_FRAME) -> pl.DataFrame:
    """What is left when every ``stride``-th frame is looked at, from ``first`` on; frames keep their numbers."""
    return boxes.filter((pl.col("frame") >= first) & ((pl.col("frame") - first) % stride == 0))


def at_samples(boxes: pl.DataFrame, samples: pl.DataFrame, *, frames_per_second: float) -> pl.DataFrame:
    """The boxes of the frames that were sampled, numbered by samples, as `vitrina.sellers.mot.of_trajectories` numbers them.

    Samples are chosen by time, and often among key frames alone, so that no stride says which frames they are.

    Parameters
    ----------
    boxes
        Boxes of every frame, numbered from 1.
    samples
        Rows of `FootageSamples`, of one video.
    frames_per_second
        Of the video; frame n is at (n − 1) / ``frames_per_second`` seconds.
    """
    frames = samples.select(
        ((pl.col("pts_s") * frames_per_second).round().cast(pl.Int64) + FIRST_FRAME).alias("frame"),
        (pl.col("sample") + FIRST_FRAME).alias("number"),
    )
    found = boxes.join(frames, on="frame", how="inner").with_columns(pl.col("number").alias("frame"))
    return found.select(boxes.columns).sort("frame", "identity")


def by_stride(
    truth: pl.DataFrame,
    said: pl.DataFrame | Callable[[int], pl.DataFrame],
    strides: Sequence[int] = STRIDES,
    *,
    first: int = FIRST_FRAME,
) -> pl.DataFrame:
    """Tracking quality against stride.

    Parameters
    ----------
    truth
        Boxes of every frame.
    said
        What a tracker says that sees every frame; it is thinned as the truth is, which shows what looking less often costs a
        *judgement*. Or a function from a stride to what the tracker says when it sees only these frames, numbered as in the
        truth: what looking less often costs the *tracker*.
    strides
        Frames from one look to the next.
    first
        The first frame that is looked at.

    Returns
    -------
    polars.DataFrame
        ``stride``, ``seen`` (share of the true identities that are on a frame that is looked at; null without any), and the
        attributes of `TrackingQuality`; one row per stride.
    """
    everybody = without_ignored(truth, truth.clear())[0]["identity"].n_unique()
    rows = []
    for stride in strides:
        quality = tracking_quality(
            thinned(truth, stride, first=first),
            thinned(said, stride, first=first) if isinstance(said, pl.DataFrame) else said(stride),
        )
        rows.append({"stride": stride, "seen": quality.identities / everybody if everybody else None, **asdict(quality)})
    return pl.DataFrame(rows, infer_schema_length=None)


def share_of_events_seen(lengths_s: npt.ArrayLike, step_s: float) -> float:
    """Share of events that a look every ``step_s`` seconds is expected to see at least once: the mean of min(1, length / step).

    The first look comes at a time that has nothing to do with the events: one of 0.4 s is seen by 4 of 10 clocks that tick once
    a second.

    Parameters
    ----------
    lengths_s
        Length of every event, in seconds; at least one.
    step_s
        Seconds from one look to the next, above 0.
    """
    return float(np.minimum(1.0, np.asarray(lengths_s, dtype=np.float64) / step_s).mean())


def seen_by_stride(lengths_s: npt.ArrayLike, frames_per_second: float, strides: Sequence[int] = STRIDES) -> Mapping[int, float]:
    """The expected share of events seen at each stride, for the curve that stands beside that of `by_stride`."""
    return {stride: share_of_events_seen(lengths_s, stride / frames_per_second) for stride in strides}
