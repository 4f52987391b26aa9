"""How good recommendations are on the last month of a log, beside what a sceptic would use instead.

`python -m benchmarks.marketplace_quality --events events.parquet` takes the log through the inbox and the staged tables, and
judges all models as the graph does: everything is chosen on the month before, and the last month is looked at once. A
catalogue `items.csv` beside the log is taken, too.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

import polars as pl

from benchmarks.outcome import Outcome
from benchmarks.staged import load, stage
from vitrina.marketplace.cold_judgement import AFTER, LIFT_AFTER, NEW_ITEMS
from vitrina.marketplace.fitted import Fitted
from vitrina.marketplace.learning import judge
from vitrina.marketplace.log import read_log
from vitrina.marketplace.measure_names import (
    AUC_MATCHED,
    AUC_UNIFORM,
    FRESH,
    HIT_RATE,
    LIFT,
    LOST_UNIFORM,
    POPULARITY,
    PRECISION,
    PRECISION_UNIFORM,
    RERANKER,
)
from vitrina.marketplace.search import search
from vitrina.marketplace.whole_judgement import cold_rows_of
from vitrina.marketplace.windows import plan
from vitrina.settings import Settings

PRODUCT = "marketplace"
BARS = {
    AUC_UNIFORM: ">= 0.88",
    PRECISION_UNIFORM: ">= 0.75",
    LOST_UNIFORM: "<= 0.22",
    AUC_MATCHED: ">= 0.805",
    PRECISION: ">= 0.3",
    HIT_RATE: ">= 0.82",
}
MODELS = (POPULARITY, "item_knn", "als", "lightfm", RERANKER)
COLD = (f"hit_rate_at_10_{AFTER}", f"precision_at_10_{AFTER}", LIFT_AFTER, NEW_ITEMS, f"lift_over_popularity_of_{NEW_ITEMS}")
SEED = 0


def main() -> int:
    """Judge a log and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.marketplace_quality", description=__doc__)
    parser.add_argument("--events", type=Path, required=True, help="the log: a Parquet or CSV file of the customer's columns")
    events = parser.parse_args().events
    with tempfile.TemporaryDirectory() as folder:
        quality = judged(_settings(Path(folder), events))
    test = quality.filter((pl.col("window") == "test") & (pl.col("segment_kind") == "all"))
    _print(test.filter(pl.col("measure").is_in([*BARS, LIFT]) & pl.col("scorer").is_in(MODELS)), MODELS)
    _print(
        test.filter(pl.col("measure").is_in(COLD)),
        (FRESH, "features", POPULARITY, "popularity_of_platform", "popularity_of_category"),
    )
    outcome = Outcome("marketplace_quality")
    for measure, bar in BARS.items():
        value, low, high, n = (
            test.filter((pl.col("measure") == measure) & (pl.col("scorer") == RERANKER)).select("value", "low", "high", "n").row(0)
        )
        outcome.measure(measure, value, bar)
        outcome.refer(**{f"{measure}_low": low, f"{measure}_high": high, f"{measure}_n": n})
        others = test.filter((pl.col("measure") == measure) & pl.col("scorer").is_in(MODELS[:-1]))
        outcome.refer(**{f"{measure}_of_{scorer}": other for scorer, other in others.select("scorer", "value").iter_rows()})
    return outcome.finish()


def judged(settings: Settings) -> pl.DataFrame:
    """The quality of all models on a log, as the graph finds it."""
    warehouse = load(settings, PRODUCT)
    stage(warehouse, settings, PRODUCT)
    with warehouse.read() as connection:
        log = read_log(connection)
    windows = plan(log, settings.marketplace_horizon_days)
    parameters, _ = search(log, windows, budget_s=settings.marketplace_search_s, seed=SEED)
    fitted = Fitted(log, parameters, SEED)
    return pl.concat(
        [judge(fitted, windows).quality, cold_rows_of(fitted, windows, warehouse, min_users=settings.marketplace_min_users)]
    )


def _settings(folder: Path, events: Path) -> Settings:
    inbox = folder / "inbox" / PRODUCT
    inbox.mkdir(parents=True)
    shutil.copy(events, inbox / f"events{events.suffix}")
    if (catalogue := events.parent / "items.csv").exists():
        shutil.copy(catalogue, inbox)
    return Settings(data=folder, settle_s=0, _env_file=None)


def _print(rows: pl.DataFrame, models: tuple[str, ...]) -> None:
    """One line per measure and model, with interval and n."""
    for measure in rows["measure"].unique(maintain_order=True):
        print(measure)
        for model in models:
            for value, low, high, n in (
                rows.filter((pl.col("measure") == measure) & (pl.col("scorer") == model))
                .select("value", "low", "high", "n")
                .iter_rows()
            ):
                interval = "" if low is None else f"  [{low:.3f}, {high:.3f}]"
                told = "not known" if value is None else f"{value:.3f}"
                print(f"  {model:<24}{told}{interval}  n = {n}")


if __name__ == "__main__":
    sys.exit(main())
