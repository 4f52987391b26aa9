"""How well sellers and customers are told apart, followed and counted: on real clips, and on made-up days with known truth.

`python -m benchmarks.sellers_quality` needs `VITRINA_REAL_DATA` (the folder with `sellers/`) for the published sequences, and
`VITRINA_REAL_MODELS` (the folder with OSNet) beside it for the corridor; without them it says what it leaves out. The made-up days need
nothing: their networks come with the simulation. Their seeds, `UNSEEN`, were used neither to teach the networks nor to choose
constants; the days on which those were chosen have seeds from 5,100 to 5,399. Tracking on the corridor is no blind test: its
constants were chosen on that clip.

A made-up day says as much about a shop as the simulation is like one. `--days 2 --hours 0.3` judges a little of it, to try it out.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import polars as pl

from benchmarks.outcome import Outcome
from benchmarks.sellers_quality_days import EXTENT, Judged, Minutes, judged_day
from simulation.shop import DayKind, ShopExtent
from vitrina.sellers.appearance import OnnxAppearance
from vitrina.sellers.deviations import BOUND, Deviation, Way, deviations
from vitrina.sellers.judgement import TrackingQuality, tracking_quality, tracking_quality_of_videos
from vitrina.sellers.mot import Kind, read_mot
from vitrina.sellers.trackers import TRACKERS
from vitrina.sellers.tracking import tracked

KNOWN = {
    "TUD-Campus": {"mota": 0.526462, "idf1": 0.557659, "hota": 0.3913974378451139},
    "TUD-Stadtmitte": {"mota": 0.564014, "idf1": 0.644619, "hota": 0.397849},
}
SIX_DIGITS = 1e-6
CORRIDOR, CORRIDOR_BOXES = "07_shopping_center_entry_corridor_cctv.mp4", "EnterExitCrossingPaths1cor.identity_stride25.csv"
CORRIDOR_SIZE, STRIDE = (384, 288), 25
LEAST_IDF1 = 0.95

UNSEEN = range(882_000, 882_100)
"""Judged on 22 November 2026, as those from 881,000 on were: whoever chooses a constant with these days in view takes others after that."""

DAYS = (
    *[DayKind.BUSY] * 5,
    DayKind.OWN_CLOTHES,
    DayKind.ALIKE,
    DayKind.OCCLUSION,
    DayKind.SITTER,
    DayKind.POSTER,
    DayKind.MANNEQUIN,
    DayKind.USUAL,
    DayKind.LIGHTS_OFF,
    DayKind.ABSENT_SELLER,
    DayKind.USUAL,
    DayKind.UNATTENDED,
)
"""Each kind that makes it hard once, and as many of those without anything special as show ten per cent. Longest first."""

LEAST_SHARE = 0.95
LEAST_EVENTS = 385
PROCESSES = 2


def main() -> int:
    """Judge, and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sellers_quality", description=__doc__)
    parser.add_argument("--days", type=int, default=len(DAYS), help="how many of the made-up days are judged")
    parser.add_argument("--hours", type=float, default=EXTENT.open_s / 3_600, help="opening hours of each")
    asked = parser.parse_args()
    outcome = Outcome("sellers_quality")
    data, weights = (Path(folder) if (folder := os.environ.get(f"VITRINA_REAL_{name}")) else None for name in ("DATA", "MODELS"))
    if data is None:
        print("published sequences and the corridor are left out: VITRINA_REAL_DATA is not set")
    else:
        _published(data / "sellers" / "motmetrics" / "data", outcome)
        if weights is None:
            print("the corridor is left out: VITRINA_REAL_MODELS is not set")
        else:
            _corridor(data / "sellers", weights, outcome)
    extent = replace(EXTENT, open_s=3_600 * asked.hours)
    _made_up([(kind, seed, extent) for kind, seed in zip(DAYS, UNSEEN, strict=False)][: asked.days], outcome)
    return outcome.finish()


def _published(folder: Path, outcome: Outcome) -> None:
    """Measures of known sequences, beside their published values."""
    for name, known in KNOWN.items():
        found = tracking_quality(read_mot(folder / name / "gt.txt", Kind.TRUTH), read_mot(folder / name / "test.txt", Kind.TRACKS))
        for measure, value in known.items():
            outcome.measure(f"{name}_{measure}_off_by", abs((getattr(found, measure) or 0.0) - value), f"<= {SIX_DIGITS}")
            outcome.refer(**{f"{name}_{measure}": value})


def _corridor(folder: Path, weights: Path, outcome: Outcome) -> None:
    """Labelled boxes of a corridor, one frame in twenty-five, followed."""
    boxes = pl.read_csv(folder / CORRIDOR_BOXES).with_columns(
        sample=pl.col("frame") // STRIDE, detection=pl.int_range(pl.len()).over("frame"), confidence=pl.lit(0.9)
    )
    seen = boxes.with_columns(appearance=pl.Series(_looks(folder / CORRIDOR, boxes, weights), dtype=pl.List(pl.Float32)))
    samples = pl.DataFrame({"sample": range(max(boxes["sample"].to_list()) + 1)}).with_columns(
        pts_s=pl.col("sample").cast(pl.Float64)
    )
    tracks = tracked(seen, samples, settings=TRACKERS["strongsort"], size=CORRIDOR_SIZE)
    told = seen.join(tracks, on=["sample", "detection"], how="left").with_columns(frame=pl.col("sample") + 1)
    corners = ("x1", "y1", "x2", "y2")
    truth = told.select("frame", pl.col("person").rank("dense").cast(pl.Int64).alias("identity"), *corners)
    said = told.drop_nulls("track").select("frame", pl.col("track").alias("identity"), *corners)
    outcome.measure("corridor_idf1", tracking_quality(truth, said).idf1 or 0.0, f">= {LEAST_IDF1}")
    outcome.measure("corridor_boxes_lost", boxes.height - tracks.height, "== 0")


def _looks(clip: Path, boxes: pl.DataFrame, weights: Path) -> list[list[float]]:
    import av  # noqa: PLC0415  # heavy, and for this alone

    network = OnnxAppearance(weights / "osnet_x0_25_msmt17.onnx")
    by_frame = {frame: rows for (frame,), rows in boxes.group_by("frame", maintain_order=True)}
    looks: list[list[float]] = []
    with av.open(str(clip)) as video:
        for number, frame in enumerate(video.decode(video=0)):
            if number in by_frame:
                here = by_frame[number].select("x1", "y1", "x2", "y2").to_numpy().astype("float32")
                looks += network.vectors(frame.to_ndarray(format="bgr24").astype("uint8"), here).tolist()
    return looks


def _made_up(days: Sequence[tuple[DayKind, int, ShopExtent]], outcome: Outcome) -> None:
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        judged = []
        for each in pool.map(judged_day, *zip(*days, strict=True)):
            judged.append(each)
            _say(each)
    _tracking(judged, outcome)
    _sellers(judged, outcome)
    _consultations(judged, outcome)
    found = deviations(pl.concat([each.pairs for each in judged]))
    for deviation in found:
        _deviation(deviation, outcome)


def _say(day: Judged) -> None:
    minutes = ", ".join(f"{name} {found.precision:.3f} and {found.recall:.3f}" for name, found in day.minutes.items())
    pairs = ", ".join(f"{metric} {_number(said)} for {_number(true)}" for metric, true, said in _values(day.pairs))
    print(
        f"{day.kind} {day.seed}: {_quality(tracking_quality(day.truth, day.said))}; seller-minutes: {minutes}; {pairs};"
        f" {day.talks_said} consultations of {day.talks}, of which {day.talks_in_sight} can be seen; {day.took_s:.0f} s"
    )


def _values(pairs: pl.DataFrame) -> list[tuple[str, float | None, float | None]]:
    return pairs.select("metric", "counted", "measured").rows()


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"


def _quality(found: TrackingQuality) -> str:
    return ", ".join(f"{name} {_number(getattr(found, name))}" for name in ("hota", "mota", "idf1", "precision", "recall"))


def _tracking(judged: Sequence[Judged], outcome: Outcome) -> None:
    pooled = tracking_quality_of_videos([(each.truth, each.said) for each in judged])
    print(f"all days: {_quality(pooled)}")
    outcome.refer(**{name: getattr(pooled, name) or 0.0 for name in ("hota", "mota", "idf1", "precision", "recall")})


def _consultations(judged: Sequence[Judged], outcome: Outcome) -> None:
    """How many there are, for those who ask what a camera could have shown at all."""
    outcome.refer(
        consultations=sum(day.talks for day in judged),
        consultations_in_sight=sum(day.talks_in_sight for day in judged),
        consultations_said=sum(day.talks_said for day in judged),
    )


def _sellers(judged: Sequence[Judged], outcome: Outcome) -> None:
    for label in judged[0].minutes:
        total = sum((each.minutes[label] for each in judged), start=Minutes(0, 0, 0, 0))
        shares = {"precision": total.precision, "recall": total.recall}
        if label == "role":
            outcome.refer(true_seller_minutes=total.true)
            for name, share in shares.items():
                outcome.measure(f"seller_minutes_{name}", share, f">= {LEAST_SHARE}")
        else:
            outcome.refer(**{f"seller_minutes_{label}_{name}": share for name, share in shares.items()})


def _deviation(found: Deviation, outcome: Outcome) -> None:
    """Within the bound, with the whole interval, of the total over videos; the other ways beside it."""
    name = f"{found.metric}_{found.way.value}".replace(",", "").replace(" ", "_")
    ends = f"[{_number(found.low)}, {_number(found.high)}]"
    print(
        f"{found.metric}, {found.way}: {_number(found.value)} {ends} of {found.videos} days, {found.events} events: {found.verdict}"
    )
    worst = max((abs(end) for end in (found.low, found.high) if end is not None), default=1.0)
    if found.way is Way.TOTAL_BY_VIDEOS:
        outcome.measure(name, abs(1.0 if found.value is None else found.value), f"<= {BOUND}")
        outcome.measure(f"{name}_end", worst, f"<= {BOUND}")
        outcome.measure(f"{found.metric}_events", found.events, f">= {max(LEAST_EVENTS, found.events_needed or 0)}")
    elif found.value is not None:
        outcome.refer(**{name: found.value, f"{name}_end": worst})


if __name__ == "__main__":
    sys.exit(main())
