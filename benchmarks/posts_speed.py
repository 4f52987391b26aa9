"""Whether the index keeps up: 100,000 posts to search, and an export of a million messages to load.

Texts are made up, with as many different words as real channels have. Each part runs in a process of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.outcome import Outcome
from simulation.posts_load import write_large_export

POSTS = 100_000
MESSAGES = 1_000_000
ROOT = Path(__file__).parents[1]


def main(parts: list[str]) -> int:
    """Run both parts, or the one that is named, and print the figures."""
    outcome = Outcome("posts_speed")
    for name, run in {"search": search, "ingest": ingest}.items():
        if not parts or name in parts:
            run(outcome)
    return outcome.finish()


def search(outcome: Outcome) -> None:
    """Build an index and ask it."""
    with tempfile.TemporaryDirectory() as folder:
        built = _run_load("index", folder, str(POSTS))
        asked = _run_load("search", folder)
    outcome.measure("search_p50_ms", asked["p50_ms"], "<= 1")
    outcome.measure("search_p95_ms", asked["p95_ms"], "<= 1.5")
    outcome.measure("index_mb", built["mb"], "<= 200")
    outcome.measure("index_built_s", built["seconds"], "<= 180")
    outcome.measure("embedded_when_nothing_changed", built["embedded_again"], "<= 0")
    outcome.refer(
        posts=POSTS,
        passages=built["passages"],
        embedded=built["embedded"],
        build_peak_gb=built["peak_gb"],
        recall_at_10_of_known_items=asked["recall_at_10"],
        questions=asked["questions"],
        matrix_of_bm25_alone_p50_ms=asked["matrix_p50_ms"],
        matrix_of_bm25_alone_p95_ms=asked["matrix_p95_ms"],
        search_p50_to_matrix=asked["p50_ms"] / asked["matrix_p50_ms"],
        search_p95_to_matrix=asked["p95_ms"] / asked["matrix_p95_ms"],
    )


def ingest(outcome: Outcome) -> None:
    """Load a large export through the inbox."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "inbox" / "posts" / "large" / "result.json"
        path.parent.mkdir(parents=True)
        write_large_export(path, MESSAGES, 1)
        size = path.stat().st_size
        told = _run_load("ingest", folder)
    outcome.measure("million_messages_peak_gb", told["peak_gb"], "<= 1.5")
    outcome.measure("million_messages_not_loaded", MESSAGES - told["rows"], "<= 0")
    outcome.refer(export_gb=size / 1e9, million_messages_s=told["seconds"])


def _run_load(*arguments: str) -> dict[str, Any]:
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks.posts_speed_load", *arguments], capture_output=True, text=True, cwd=ROOT, check=False
    )
    if run.returncode:
        sys.exit(f"{arguments} failed:\n{run.stderr}")
    told: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return told


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
