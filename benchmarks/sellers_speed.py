"""Whether a day of video is evaluated in time: 1080 lines, 25 frames a second, looked at once a second, on two cores.

Three films: a busy floor, a usual one, and one whose key frames suffice. Each part runs in a process of its own; films are written
first. With VITRINA_REAL_MODELS the networks are YOLOv8n at 640 pixels and OSNet, else those of the made-up shop.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.outcome import Outcome
from vitrina.sellers.intervals import share

ROOT = Path(__file__).parents[1]
TRACKED_FRAMES = 90
TOO_FAR = "2.0"
"""Seconds between key frames of which one a second cannot be had."""

NEAR = "1.0"
REPEATS = {("busy", TOO_FAR): 15, ("usual", TOO_FAR): 30, ("usual", NEAR): 30}
"""Films of half an hour and of an hour, as recorders write them: networks are loaded once per film."""


def main() -> int:
    """Write the films, evaluate them, and print the figures."""
    outcome = Outcome("sellers_speed")
    with tempfile.TemporaryDirectory() as folder:
        films = {film: _run("film", folder, *film, str(repeats)) for film, repeats in REPEATS.items()}
        found = {film: _run("evaluate", folder, *film) for film in REPEATS}
        still = _run("skip", folder)
        people = str(round(found["busy", TOO_FAR]["people_per_sample"]))
        theirs = _run("track", folder, "busy", TOO_FAR, str(TRACKED_FRAMES), people)
    busy, usual, keyframes = (found[film] for film in REPEATS)
    outcome.measure("busy_times_real_time", busy["times_real_time"], ">= 6")
    outcome.measure("busy_people_per_sample", busy["people_per_sample"], ">= 3")
    outcome.measure("usual_times_real_time", usual["times_real_time"], ">= 12")
    outcome.measure("keyframes_times_real_time", keyframes["times_real_time"], ">= 20")
    outcome.measure("peak_gb", max(each["peak_gb"] for each in found.values()), "<= 3")
    outcome.measure("times_ultralytics_track_on_torch", busy["times_real_time"] / theirs["times_real_time"], ">= 4")
    recall = share(still["found"], still["people"])
    outcome.measure("recall_with_skipping", still["found_with_skips"] / still["people"], f">= {recall.low}")
    outcome.refer(
        **{f"{name}_{gop}_mbit_per_s": film["mbit_per_s"] for (name, gop), film in films.items()},
        **{f"{name}_{gop}_film_s": film["seconds"] for (name, gop), film in films.items()},
        usual_samples_with_people=usual["samples_with_people"],
        samples_looked_at_with_and_without=still["samples"],
        skipped=still["skipped"],
        people_to_be_found=still["people"],
        recall_without_skipping=still["found"] / still["people"],
        track_times_real_time=theirs["times_real_time"],
        busy_peak_gb=busy["peak_gb"],
        keyframes_peak_gb=keyframes["peak_gb"],
    )
    return outcome.finish()


def _run(*arguments: str) -> dict[str, Any]:
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks.sellers_speed_load", *arguments], capture_output=True, text=True, cwd=ROOT, check=False
    )
    if run.returncode:
        sys.exit(f"{arguments} failed:\n{run.stderr[-4000:]}")
    told: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    print(" ".join(arguments[:1] + arguments[2:]), told, file=sys.stderr)
    return told


if __name__ == "__main__":
    sys.exit(main())
