"""The load of `benchmarks.marketplace_speed`: a large log and its way to the matrix, factors of a large shop, sessions in it."""

from __future__ import annotations

import datetime as dt
import json
import resource
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vitrina.marketplace.factors import Factors
from vitrina.marketplace.session import RecentEvent

COMPONENTS = 64
NEIGHBOURS = 20
BOUGHT = 20
LIST_LENGTH = 100
MOST_SEEN_NOW = 20

LOG_USERS = 500_000
LOG_ITEMS = 100_000
PAGE = resource.getpagesize()


def shop_factors(n_users: int, n_items: int, seed: int) -> Factors:
    """Factors of a made-up shop: directions without a meaning, popularity by Zipf's law, a tenth of the items excluded."""
    rng = np.random.default_rng(seed)
    popular = rng.permutation(n_items)
    platforms = ("any", "Site", "Android", "iOS")
    return Factors(
        item_ids=np.array([f"{place:08d}" for place in range(n_items)]),
        item_vectors=rng.normal(size=(n_items, COMPONENTS)),
        item_biases=-np.log1p(np.argsort(popular)),
        excluded=rng.random(n_items) < 0.1,
        price_bands=rng.integers(0, 6, n_items),
        neighbours=rng.integers(0, n_items, (n_items, NEIGHBOURS)),
        neighbour_scores=np.sort(rng.random((n_items, NEIGHBOURS)), axis=1)[:, ::-1],
        user_hashes=np.array([f"{place:024x}" for place in range(n_users)]),
        user_vectors=rng.normal(size=(n_users, COMPONENTS)),
        seen_indptr=np.arange(n_users + 1) * BOUGHT,
        seen_indices=rng.integers(0, n_items, n_users * BOUGHT),
        popular={(platform, band): popular[:LIST_LENGTH] for platform in platforms for band in range(6)},
        trained_until=dt.date(2026, 7, 1),
        version="made up",
    )


@dataclass(frozen=True)
class Request:
    """What is asked of one answer: half of the users are known, most are on a page, sessions have up to twenty events."""

    user: str | None
    page_item: str | None
    recent: tuple[RecentEvent, ...]


def requests(n_requests: int, n_users: int, n_items: int, seed: int) -> list[Request]:
    """Requests to a shop of `shop_factors`; some items and users are not known."""
    rng = np.random.default_rng(seed)

    def item() -> str:
        return f"{rng.integers(0, int(1.05 * n_items)):08d}"

    def event() -> RecentEvent:
        return RecentEvent(item(), str(rng.choice(["view", "cart", "purchase"], p=[0.8, 0.15, 0.05])))

    return [
        Request(
            f"{rng.integers(0, n_users):024x}" if rng.random() < 0.5 else None,
            item() if rng.random() < 0.7 else None,
            tuple(event() for _ in range(rng.integers(0, MOST_SEEN_NOW + 1))),
        )
        for _ in range(n_requests)
    ]


def write_log(folder: Path, n_rows: int) -> None:
    """Write the log into the inbox of a data folder."""
    from simulation.marketplace_load import log_rows  # noqa: PLC0415  # the other process should not carry it

    log_rows(n_rows, 1, folder / "inbox" / "marketplace" / "events.parquet", n_users=LOG_USERS, n_items=LOG_ITEMS)


def log_to_matrix(folder: Path) -> None:
    """Load the log, build the models that clean it, make the matrix; print seconds and gigabytes as JSON.

    The peak is that of this process, or that of dbt's on top of what this one holds meanwhile.
    """
    from benchmarks.staged import load, stage  # noqa: PLC0415  # the other process should not carry it
    from vitrina.marketplace.matrix import interaction_matrix  # noqa: PLC0415  # as above
    from vitrina.settings import Settings  # noqa: PLC0415  # as above

    settings = Settings(data=folder, settle_s=0, _env_file=None)
    seconds = [time.perf_counter()]
    warehouse = load(settings, "marketplace")
    seconds.append(time.perf_counter())
    held = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * PAGE
    stage(warehouse, settings, "marketplace")
    seconds.append(time.perf_counter())
    with warehouse.read() as connection:
        first_day_after = connection.execute("SELECT max(event_date) + 1 FROM stg_events").fetchone()
        matrix = interaction_matrix(connection, first_day_after[0], settings.marketplace_half_life_days)  # type: ignore[index]  # one row
    seconds.append(time.perf_counter())
    own, dbts = (resource.getrusage(who).ru_maxrss * 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    parts = dict(zip(("loading_s", "staging_s", "matrix_s"), np.diff(seconds).tolist(), strict=True))
    print(
        json.dumps({"seconds": seconds[-1] - seconds[0], "peak_gb": max(own, held + dbts) / 1e9, "pairs": matrix.height, **parts})
    )


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write_log(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        log_to_matrix(Path(sys.argv[2]))
