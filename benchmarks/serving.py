"""What the pages bear, on loopback with two workers and the demo's data: programs at a fixed rate, people at once, a warehouse that moves.

`make demo` first: its data folder (`data`, or `VITRINA_DATA`) is copied, and served by the code that users run.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import quote

import polars as pl

from benchmarks.outcome import Outcome
from benchmarks.serving_clusterings import cluster_at_once
from benchmarks.serving_load import Answers, at_rate, browse
from benchmarks.serving_place import STORES, make_place
from benchmarks.stolen_time import in_quiet
from serving.web.guard import SESSION_COOKIE
from vitrina.publication import open_published
from vitrina.settings import PRODUCTS, Settings
from vitrina.state.credentials import Credentials
from vitrina.state.opening import StateDatabase
from vitrina.state.people import People, Person
from vitrina.state.roles import EVERYTHING, Grant, Role

WORKERS = 2
PER_SECOND, RATE_S, WARM_S = 200.0, 30.0, 3.0
MOST_NAMED = 500
AT_ONCE, ROUNDS = 10, 3
BROWSERS, BROWSE_S = 50, 120.0
START_S = 120.0
REST_S, ALIVE_S = 20.0, 10.0
"""Workers load their libraries after a start; and how long the machine itself is measured."""
ROOT = Path(__file__).parents[1]


def main() -> int:
    """Run the parts one after the other, and print the figures."""
    outcome = Outcome("serving")
    with tempfile.TemporaryDirectory() as folder:
        demo = Settings()
        users, questions = _named(demo, "marketplace/events/*.csv", "user_id"), _named(demo, "posts/*/questions.csv", "question")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        settings = make_place(demo, Path(folder) / "data").model_copy(update={"pages_port": port, "pages_workers": WORKERS})
        people = _people(settings)
        with _serving(settings):
            time.sleep(REST_S)
            programs(settings, people[0], users, questions, outcome)
            clusterings(settings, people, outcome)
            browsing(settings, people, outcome)
    return outcome.finish()


def programs(settings: Settings, person: Person, users: list[str], questions: list[str], outcome: Outcome) -> None:
    """Recommendations, then posts that questions are about, two hundred a second each; before each, answers that need nothing."""
    token = _token(settings, person, "marketplace:read", "posts:read")
    loads = {
        "recommendations": ("/api/v1/marketplace/recommendations?user_id={}", users, "items"),
        "search": ("/api/v1/posts/search?q={}", questions, "hits"),
    }

    def ask(path: str, given: list[str], holds: str, seconds: float) -> Answers:
        return asyncio.run(
            at_rate(
                settings.pages_address,
                token,
                lambda number: path.format(quote(given[number % len(given)])),
                per_second=PER_SECOND,
                seconds=seconds,
                is_good=lambda answer: holds in answer,
            )
        )

    def beside_bare(path: str, given: list[str], holds: str) -> tuple[Answers, Answers]:
        return ask("/health/live?{}", ["now"], "status", ALIVE_S), ask(path, given, holds, RATE_S)

    for name, (path, given, holds) in loads.items():
        ask(path, given, holds, WARM_S)
        measured = in_quiet(partial(beside_bare, path, given, holds))
        alive, answers = measured.result
        outcome.measure(f"{name}_p99_ms", 1000 * answers.percentile(0.99), "<= 25")
        outcome.measure(f"{name}_wrong", len(answers.wrong), "== 0")
        found = {
            f"{name}_p50_ms": 1000 * answers.percentile(0.5),
            f"{name}_answers": len(answers.seconds),
            f"{name}_asked": len(given),
        }
        outcome.refer(**found, **{f"alive_before_{name}_p99_ms": 1000 * alive.percentile(0.99)})
        outcome.refer(**{f"{name}_stolen_share": measured.stolen, f"{name}_tries": measured.tries})
        _tell(name, answers)


def clusterings(settings: Settings, people: list[Person], outcome: Outcome) -> None:
    """Ten people who each ask for a clustering that nobody has asked for, at the same moment, and download its report."""
    tokens = [_token(settings, person, "stores:read") for person in people[:AT_ONCE]]
    begun = itertools.count(step=ROUNDS)
    measured = in_quiet(lambda: asyncio.run(cluster_at_once(settings.pages_address, tokens, ROUNDS, first=next(begun))))
    answers = measured.result
    outcome.refer(clustering_stolen_share=measured.stolen, clustering_tries=measured.tries)
    outcome.measure("clustering_with_excel_p95_s", answers.percentile(0.95), "<= 3")
    outcome.measure("clustering_wrong", len(answers.wrong), "== 0")
    outcome.refer(clustering_with_excel_p50_s=answers.percentile(0.5), clustered_stores=STORES, people_at_once=AT_ONCE)
    _tell("clusterings", answers)


def browsing(settings: Settings, people: list[Person], outcome: Outcome) -> None:
    """Fifty people who browse while every product is written and published anew every ten seconds."""
    database = StateDatabase(settings)
    now = dt.datetime.now(dt.UTC)
    cookies = [{SESSION_COOKIE: Credentials(database).begin_session(person, now)} for person in people]
    database.close()
    command = [sys.executable, "-m", "benchmarks.serving_place", str(settings.data), str(BROWSE_S)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as publisher:
        answers = asyncio.run(browse(settings.pages_address, cookies, _pages(settings), BROWSE_S))
        told, _ = publisher.communicate(timeout=120)
    published = [json.loads(line) for line in told.splitlines()]
    outcome.measure("browsing_wrong", len(answers.wrong), "== 0")
    outcome.measure("publisher_failed", publisher.returncode, "== 0")
    outcome.refer(
        browsing_pages=len(answers.seconds),
        browsing_p50_ms=1000 * answers.percentile(0.5),
        browsing_p99_ms=1000 * answers.percentile(0.99),
        published_meanwhile=len(published),
    )
    _tell("browsing", answers)


def _pages(settings: Settings) -> list[str]:
    """What people open: the first page, each product, and its tables."""
    with open_published(settings, "sellers") as connection:
        store, day = connection.execute("SELECT store_id, max(day) FROM mart_seller_daily GROUP BY ALL LIMIT 1").fetchall()[0]
    own = (
        f"/sellers/stores/{store}?day={day}",
        "/posts/gaps",
        "/propensity/quality",
        "/propensity/list",
        "/api/v1/products/stores",
    )
    return ["/", *own, *(f"/{product}" for product in PRODUCTS), *(f"/published/{product}" for product in PRODUCTS)]


def _named(demo: Settings, files: str, column: str) -> list[str]:
    """What the demo's files name: users of its shop, questions of its channels."""
    found = sorted(Path(str(demo.inbox_folder)).glob(files))
    if not found:
        sys.exit(f"{demo.inbox_folder} has no {files}: `make demo` first, or name its folder in VITRINA_DATA.")
    named = pl.concat([pl.read_csv(path, columns=[column], infer_schema=False) for path in found]).get_column(column)
    return named.drop_nulls().unique().sort().sample(fraction=1, shuffle=True, seed=1).head(MOST_NAMED).to_list()


def _people(settings: Settings) -> list[Person]:
    database = StateDatabase(settings)
    people, now = People(database), dt.datetime.now(dt.UTC)
    try:
        for number in range(BROWSERS):
            people.add(f"person {number:02}", [Grant(Role.VIEWER, EVERYTHING)], now, program=True)
        return [person for person in people.everybody() if person.name.startswith("person ")]
    finally:
        database.close()


def _token(settings: Settings, person: Person, *scopes: str) -> str:
    database = StateDatabase(settings)
    try:
        now = dt.datetime.now(dt.UTC)
        return Credentials(database).make_token(person, "benchmark", scopes, dt.timedelta(days=1), now)
    finally:
        database.close()


@contextmanager
def _serving(settings: Settings) -> Iterator[None]:
    """The pages as `make serve` starts them, until the end."""
    names = ("data", "pages_port", "pages_workers", "pages_requests_per_minute", "pages_token_requests_per_minute")
    environment = {**os.environ, **{f"VITRINA_{name.upper()}": str(getattr(settings, name)) for name in names}}
    log = (settings.data / "serving.log").open("w", encoding="utf-8")
    command = [sys.executable, "-m", "serving"]
    with log, subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log) as process:
        try:
            _wait(settings, process)
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def _wait(settings: Settings, process: subprocess.Popen[bytes]) -> None:
    """Until every worker is ready: each answers some of the connections."""
    deadline, ready = time.monotonic() + START_S, 0
    while ready < 10 * WORKERS:
        if process.poll() is not None or time.monotonic() > deadline:
            sys.exit(f"The pages did not start:\n{(settings.data / 'serving.log').read_text(encoding='utf-8')[-3000:]}")
        try:
            with urllib.request.urlopen(f"{settings.pages_address}/health/ready", timeout=5) as answer:  # noqa: S310  # our own server
                versions = json.load(answer)["versions"]
        except OSError:
            ready = 0
            time.sleep(0.5)
            continue
        ready = ready + 1 if set(PRODUCTS) <= versions.keys() else 0


def _tell(name: str, answers: Answers) -> None:
    for wrong in answers.wrong[:10]:
        print(f"{name}: {wrong}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
