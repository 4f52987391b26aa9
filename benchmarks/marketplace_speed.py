"""Whether recommendations keep up: with a log of ten million events, with lists for everybody, with one visitor who waits.

The log goes from its file to the matrix of users and items in processes of their own. The best ten of 100,000 items are
found by `vitrina.marketplace.ranking` and by `implicit.cpu.topk`, turn about, for the same users: some thousands of them, which
stand for all, as the work for one user does not depend on the others. Fresh answers are given one after another, on one thread.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.marketplace_speed_load import COMPONENTS, requests, shop_factors
from benchmarks.outcome import Outcome
from vitrina.marketplace.answers import recommend
from vitrina.marketplace.ranking import top_items

EVENTS = 10_000_000
USERS = 100_000
ITEMS = 100_000
ANSWERS = 2_000
WARM_UP = 50
K = 10
THREADS = 2
ROUNDS = 7
USERS_A_ROUND = 2_000
ROOT = Path(__file__).parents[1]

Found = tuple[np.ndarray, np.ndarray]


def main(parts: list[str]) -> int:
    """Run the three parts, or those that are named, and print the figures."""
    outcome = Outcome("marketplace_speed")
    # the log first: a process begins with the peak of the one that started it
    for name, run in {"log": read_the_log, "ranking": rank_for_everybody, "answers": answer_at_once}.items():
        if not parts or name in parts:
            run(outcome)
    return outcome.finish()


def read_the_log(outcome: Outcome) -> None:
    """Bring a log from its file to the matrix, and look at the time and the memory that it takes."""
    with tempfile.TemporaryDirectory() as folder:
        _run_load("write", folder, str(EVENTS))
        told = json.loads(_run_load("matrix", folder).splitlines()[-1])
    outcome.measure("ten_million_events_to_matrix_s", told.pop("seconds"), "<= 90")
    outcome.measure("ten_million_events_to_matrix_peak_gb", told.pop("peak_gb"), "<= 6")
    outcome.refer(**{f"log_{name}": number for name, number in told.items()})


def _run_load(*arguments: str) -> str:
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks.marketplace_speed_load", *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    if run.returncode:
        sys.exit(f"{arguments} failed:\n{run.stderr}")
    return run.stdout


def rank_for_everybody(outcome: Outcome) -> None:
    """Find the best items by both, in turns; the middle of the rounds' ratios counts, for other programs slow both."""
    from implicit.cpu.topk import topk  # type: ignore[import-untyped]  # it has no types  # noqa: PLC0415  # only here

    rng = np.random.default_rng(2)
    items = rng.normal(size=(ITEMS, COMPONENTS)).astype(np.float32)
    ours, theirs, same = [], [], []
    for turn in range(ROUNDS):
        users = rng.normal(size=(USERS_A_ROUND, COMPONENTS)).astype(np.float32)

        def by_us(users: np.ndarray = users) -> Found:
            return top_items(users, items, K, n_threads=THREADS)

        def by_implicit(users: np.ndarray = users) -> Found:
            # with more threads in the BLAS than these it takes twice as long, as its own documentation says
            with threadpool_limits(1, "blas"):
                found: Found = topk(items, users, K, num_threads=THREADS)
            return found

        pair = {name: _timed(find) for name, find in [("ours", by_us), ("theirs", by_implicit)][:: 1 if turn % 2 else -1]}
        ours.append(pair["ours"][1])
        theirs.append(pair["theirs"][1])
        same.append(float((pair["ours"][0][0] == pair["theirs"][0][0]).mean()))
    outcome.measure("top_10_rate_to_implicit", median(their / our for our, their in zip(ours, theirs, strict=True)), ">= 1")
    outcome.measure("top_10_places_like_implicit", float(np.mean(same)), ">= 0.9999")
    outcome.refer(
        top_10_users_measured=ROUNDS * USERS_A_ROUND,
        top_10_users_per_s=USERS_A_ROUND / median(ours),
        top_10_users_per_s_by_implicit=USERS_A_ROUND / median(theirs),
        top_10_of_100_000_users_s=USERS / USERS_A_ROUND * median(ours),
        top_10_items=ITEMS,
        top_10_components=COMPONENTS,
        top_10_threads=THREADS,
    )


def _timed(find: Callable[[], Found]) -> tuple[Found, float]:
    started = time.perf_counter()
    found = find()
    return found, time.perf_counter() - started


def answer_at_once(outcome: Outcome) -> None:
    """Answer visitors one by one."""
    factors = shop_factors(USERS, ITEMS, seed=3)
    factors.warm()
    waits = []
    with threadpool_limits(1):
        for request in requests(WARM_UP + ANSWERS, USERS, ITEMS, seed=4):
            started = time.perf_counter()
            recommend(factors, user=request.user, page_item=request.page_item, recent=request.recent, n=K, platform="Site")
            waits.append(1000 * (time.perf_counter() - started))
    middle, slow = np.percentile(waits[WARM_UP:], [50, 99]).tolist()
    outcome.measure("fresh_answer_p50_ms", middle, "<= 3")
    outcome.measure("fresh_answer_p99_ms", slow, "<= 20")
    outcome.refer(fresh_answers=ANSWERS, fresh_answer_slowest_ms=max(waits[WARM_UP:]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
