"""Who is taken for whom, by seconds: a person for nobody, a customer for a seller, a poster for a person.

Both sides are boxes with a ``label``: "person", a role, or a seller's identifier. Time is what a manager pays for, so a frame counts
as the seconds until the next one, and intervals come from drawing blocks of time: neighbouring frames show the same people, and as
independent cases they would promise far too much.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from vitrina.sellers import intervals
from vitrina.sellers.box_matching import on_frames, without_ignored
from vitrina.sellers.mot import CORNERS
from vitrina.sellers.tables import ROLES

NOBODY = "nobody"
"""Where one side has a box and the other has none."""

PERSON = "person"
BLOCK_S = 300.0
"""Longer than most visits, so that blocks know little of one another."""

CLOCK = ("frame", "at_s", "seconds")
SECONDS = {"block": pl.Int64(), "truth": pl.String(), "said": pl.String(), "seconds": pl.Float64()}
"""Columns of what `confusion_by_seconds` gives."""


class Share(NamedTuple):
    """A share of time with its 95 % interval; ``None`` where it cannot be known.

    Attributes
    ----------
    value, low, high
        The share, 0 to 1, and the ends of its interval.
    seconds
        What it is a share of.
    blocks
        Blocks of time that it rests on.
    """

    value: float | None
    low: float | None
    high: float | None
    seconds: float
    blocks: int


class LabelQuality(NamedTuple):
    """How well one label is given: of the time for which it was said, and of the time for which it is true."""

    precision: Share
    recall: Share


def confusion_by_seconds(
    truth: pl.DataFrame, said: pl.DataFrame, *, step_s: float | pl.DataFrame, block_s: float = BLOCK_S
) -> pl.DataFrame:
    """Seconds for which one label was said where another is true.

    Parameters
    ----------
    truth, said
        ``frame``, corners and ``label``; the truth may have ``ignored``.
    step_s
        Seconds from one frame number to the next; or, where they differ, what `clock` gives: frames that it does not hold were not
        sampled, and do not count.
    block_s
        Length of a block, in seconds.

    Returns
    -------
    polars.DataFrame
        Columns of `SECONDS`, one row per block and pair of labels that occurs, ordered by them.
    """
    if isinstance(step_s, pl.DataFrame):
        times = {frame: (at_s, seconds) for frame, at_s, seconds in step_s.select(CLOCK).iter_rows()}
        truth, said = (boxes.join(step_s, on="frame", how="semi", maintain_order="left") for boxes in (truth, said))
    else:
        frames = {*truth["frame"].to_list(), *said["frame"].to_list()}
        times = {frame: (frame * step_s, step_s) for frame in frames}
    truth, said = without_ignored(truth, said)
    labels, said_labels = truth["label"].to_numpy(), said["label"].to_numpy()
    rows: list[tuple[int, str, str, float]] = []
    for frame in on_frames(truth, said):
        true_rows, said_rows = frame.matched()
        at_s, seconds = times[frame.frame]
        block = int(at_s // block_s)
        rows += [(block, labels[row], said_labels[other], seconds) for row, other in zip(true_rows, said_rows, strict=True)]
        rows += [(block, labels[row], NOBODY, seconds) for row in np.setdiff1d(frame.truth, true_rows)]
        rows += [(block, NOBODY, said_labels[row], seconds) for row in np.setdiff1d(frame.said, said_rows)]
    pairs = pl.DataFrame(rows, schema=SECONDS, orient="row")
    return pairs.group_by("block", "truth", "said").agg(pl.col("seconds").sum()).sort("block", "truth", "said")


def clock(samples: pl.DataFrame) -> pl.DataFrame:
    """How long each sampled frame stands for what is seen on it: until the next one.

    Parameters
    ----------
    samples
        Rows of `FootageSamples`, of one video. The last one, which has no next, stands for the median of the others.

    Returns
    -------
    polars.DataFrame
        Columns of `CLOCK`; sample s is frame s + 1, as in `vitrina.sellers.mot.of_trajectories`.
    """
    until = (pl.col("pts_s").shift(-1) - pl.col("pts_s")).alias("seconds")
    found = samples.sort("sample").select((pl.col("sample") + 1).alias("frame"), pl.col("pts_s").alias("at_s"), until)
    return found.with_columns(pl.col("seconds").fill_null(pl.col("seconds").median()).fill_null(0.0))


def confusion_matrix(seconds: pl.DataFrame, labels: tuple[str, ...] = ROLES) -> pl.DataFrame:
    """The same as a matrix: one row per true label, one column per said one, `NOBODY` last.

    Parameters
    ----------
    seconds
        What `confusion_by_seconds` gives.
    labels
        In their order. Others that occur come after them, by name.

    Returns
    -------
    polars.DataFrame
        ``truth`` and one column of seconds per label.
    """
    found = {*seconds["truth"].to_list(), *seconds["said"].to_list()} - {NOBODY, *labels}
    names = [*labels, *sorted(found), NOBODY]
    totals = {
        (true, said): total for true, said, total in seconds.group_by("truth", "said").agg(pl.col("seconds").sum()).iter_rows()
    }
    cells = {said: [totals.get((true, said), 0.0) for true in names] for said in names}
    return pl.DataFrame({"truth": names, **cells}, schema_overrides=dict.fromkeys(names, pl.Float64()))


def label_quality(seconds: pl.DataFrame, label: str, *, seed: int) -> LabelQuality:
    """Precision and recall of one label, such as those of seller-minutes.

    Parameters
    ----------
    seconds
        What `confusion_by_seconds` gives.
    label
        The label.
    seed
        For the draws of blocks.
    """
    right = (pl.col("truth") == label) & (pl.col("said") == label)
    shares = []
    for side in ("said", "truth"):
        per_block = (
            seconds.filter(pl.col(side) == label)
            .group_by("block")
            .agg(pl.col("seconds").filter(right).sum().alias("right"), pl.col("seconds").sum().alias("all"))
            .sort("block")
        )
        shares.append(share_by_blocks(per_block["right"].to_numpy(), per_block["all"].to_numpy(), seed=seed))
    return LabelQuality(*shares)


def share_by_blocks(parts: npt.ArrayLike, wholes: npt.ArrayLike, *, seed: int) -> Share:
    """A share of sums over blocks of time, with the interval of draws of blocks.

    Where all blocks are wholly right, or wholly wrong, every draw says the same, and the interval would have no width. Wilson's
    stands there, as if each block were one case: of ten faultless blocks, .72 to 1.

    Parameters
    ----------
    parts, wholes
        Seconds per block; blocks without any do not count. Shape (blocks,).
    seed
        For the draws.
    """
    part, whole = (np.asarray(of, dtype=np.float64) for of in (parts, wholes))
    part, whole = part[whole > 0], whole[whole > 0]
    n, total = len(whole), float(whole.sum())
    if not n:
        return Share(None, None, None, 0.0, 0)
    if n > 1 and (part.sum() == 0 or np.array_equal(part, whole)):
        found = intervals.share(n if part.sum() else 0, n)
    else:
        found = intervals.ratio(part, whole, seed=seed)
    return Share(found.value, found.low, found.high, total, n)


def as_people(boxes: pl.DataFrame, *, least_confidence: float = 0.0) -> pl.DataFrame:
    """Boxes that all mean the same, a person: for the confusion of somebody with nobody at one threshold of confidence."""
    sure = boxes.filter(pl.col("confidence") >= least_confidence) if "confidence" in boxes.columns and least_confidence else boxes
    return sure.with_columns(pl.lit(PERSON).alias("label"))


def with_labels(
    trajectories: pl.DataFrame, tracks: pl.DataFrame, people: pl.DataFrame, *, label: str = "role", stride: int = 1
) -> pl.DataFrame:
    """Boxes of one video's trajectories with what is said about whose they are.

    Parameters
    ----------
    trajectories, tracks, people
        Rows of the tables of these names, of one video.
    label
        Column of `People`: ``role``, ``baseline_role`` for the baseline beside it, or ``seller_id``, where somebody without a name
        is labelled with the role.
    stride
        Frames of the truth between two samples: sample s is frame s x stride + 1.

    Returns
    -------
    polars.DataFrame
        ``frame``, corners, ``label``.
    """
    named = people.select("video", "person", pl.coalesce(label, "role").alias("label"))
    whose = tracks.select("video", "track", "person").join(named, on=("video", "person"), how="left", validate="m:1")
    return (
        trajectories.join(whose.drop("person"), on=("video", "track"), how="left", validate="m:1")
        .select((pl.col("sample") * stride + 1).alias("frame"), *CORNERS, pl.col("label").fill_null("unknown"))
        .sort("frame", *CORNERS)
    )
