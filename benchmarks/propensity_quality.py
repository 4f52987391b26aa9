"""How well clients are ranked, month by month out of time, on a real or simulated inbox.

`python -m benchmarks.propensity_quality --inbox FOLDER` takes an inbox's `propensity` files through the staged tables and scores
every month as the graph does: once with all columns, and once without those that the drift check proposes to leave out because
they move with the calendar. FOLDER is the folder that holds `clients/` and `openings.csv`. The first window is that of a single
split: the champion learns from the first calendar year and meets the next three snapshots.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from benchmarks.outcome import Outcome
from benchmarks.staged import load, stage
from vitrina.propensity.backtest import backtest_rows
from vitrina.propensity.drift import psi
from vitrina.propensity.fitting import fit
from vitrina.propensity.month_features import month_features
from vitrina.propensity.rolling import Rolling
from vitrina.propensity.search import SETTINGS
from vitrina.propensity.tables import ModelPredictions, PropensityDrift
from vitrina.propensity.teaching import TooEarlyError
from vitrina.settings import Settings
from vitrina.warehouse import Warehouse

PRODUCT = "propensity"
SEED = 0
SHOWN = ("logistic", "boosted", "scores", "one_column", "random")
MOST_PSI, MOST_LOSS = 0.25, 0.03
WINDOW = 3


def main() -> int:
    """Score, judge, and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.propensity_quality", description=__doc__)
    parser.add_argument("--inbox", type=Path, required=True, help="the folder that holds `clients/` and `openings.csv`")
    inbox = parser.parse_args().inbox.resolve()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "inbox").mkdir()
        (Path(folder) / "inbox" / PRODUCT).symlink_to(inbox, target_is_directory=True)
        settings = Settings(data=Path(folder), settle_s=0, _env_file=None)
        warehouse = load(settings, PRODUCT)
        stage(warehouse, settings, PRODUCT, ("staging", "features"))
        features, labels, segments = staged_months(warehouse)
        drift, backtest = judged_months(features, labels, segments, settings)
        calendar = (
            drift.filter(pl.col("proposal").is_not_null() & pl.col("constant_within_month"))["feature"].unique().sort().to_list()
        )
        without = {month: frame.drop(calendar, strict=False) for month, frame in features.items()}
        _, backtest_without = judged_months(without, labels, segments, settings)
    _print(backtest, "all columns")
    _print(backtest_without, f"without {', '.join(calendar) or 'nothing'}")
    for name, judged in (("all columns", backtest), ("without them", backtest_without)):
        worse = [f"{month:%Y-%m}" for month in _worse_calibrated(judged)]
        print(f"calibrated worse than before calibration, {name}: {', '.join(worse) or 'never'}")
    outcome = Outcome("propensity_quality")
    outcome.measure("calendar_columns_named", len(calendar), ">= 1")
    outcome.measure("score_psi_of_first_window_without_them", _psi_of_first_window(without, labels), f"<= {MOST_PSI}")
    outcome.measure("gini_lost_without_them", _mean_gini(backtest) - _mean_gini(backtest_without), f"<= {MOST_LOSS}")
    outcome.measure("months_calibrated_worse_without_them", len(_worse_calibrated(backtest_without)), "<= 0")
    outcome.refer(
        score_psi_of_first_window=_psi_of_first_window(features, labels),
        score_psi_of_all_later_snapshots=_psi_of_first_window(features, labels, None),
        score_psi_of_all_later_snapshots_without_them=_psi_of_first_window(without, labels, None),
        mean_gini=_mean_gini(backtest),
        mean_gini_without=_mean_gini(backtest_without),
        months_calibrated_worse=len(_worse_calibrated(backtest)),
        months=backtest["month"].n_unique(),
        **{f"mean_calibration_error_{name}": _mean_error(backtest_without, name) for name in ("logistic", "logistic_uncalibrated")},
    )
    return outcome.finish()


def staged_months(warehouse: Warehouse) -> tuple[dict[dt.date, pl.DataFrame], pl.DataFrame, pl.DataFrame]:
    """Features by month, labels, segments: what the staged tables of a warehouse hold."""
    with warehouse.read() as connection:
        months = [row[0] for row in connection.execute("SELECT DISTINCT month FROM stg_clients ORDER BY month").fetchall()]
        known, features = None, {}
        for month in months:
            made = month_features(connection, month, known)
            known, features[month] = made.kinds, made.frame
        labels = connection.execute(
            "SELECT client_id, month, opened, snapshot_date, window_until FROM labels ORDER BY month, client_id"
        ).pl()
        segments = connection.execute("SELECT month, client_id, segment, left(okved, 2) AS activity FROM stg_clients").pl()
    return features, labels, segments


def judged_months(
    features: dict[dt.date, pl.DataFrame], labels: pl.DataFrame, segments: pl.DataFrame, settings: Settings
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Score every month as the graph does: the drift of each, and the backtest."""

    def of(months: Sequence[dt.date]) -> pl.DataFrame:
        frame = pl.concat([features[month] for month in months], how="diagonal")
        return frame.drop([name for name in frame.columns if frame[name].null_count() == frame.height])

    rolling = Rolling(
        labels,
        of,
        settings.propensity_training_months,
        settings.data / "artifacts",
        settings.data,
        SEED,
    )
    scored = [found for _, found in rolling.scored(list(features)) if not isinstance(found, TooEarlyError)]
    drift, predictions = (pl.concat([found.frames[table] for found in scored]) for table in (PropensityDrift, ModelPredictions))
    return drift, backtest_rows(predictions, labels, segments, seed=SEED)


def _mean_gini(backtest: pl.DataFrame) -> float:
    rows = backtest.filter((pl.col("scorer") == "logistic") & (pl.col("measure") == "gini") & (pl.col("segment_kind") == "all"))
    return float(rows["value"].drop_nulls().mean())  # type: ignore[arg-type]  # a mean of numbers


def _psi_of_first_window(features: dict[dt.date, pl.DataFrame], labels: pl.DataFrame, most: int | None = WINDOW) -> float:
    """How far scores move between the first calendar year and the snapshots after it, all or the first few."""
    months = sorted(features)
    before = [month for month in months if month.year == months[0].year]
    learning, window = (
        pl.concat([features[month] for month in part], how="diagonal") for part in (before, months[len(before) :][:most])
    )
    learning = learning.select(name for name in learning.columns if name in window.columns)
    model = fit(learning, labels, "logistic", parameters=SETTINGS["logistic"][0], seed=SEED)
    return psi(*(pl.Series(model.log_odds(part)) for part in (learning, window)))


def _mean_error(backtest: pl.DataFrame, scorer: str) -> float:
    rows = backtest.filter((pl.col("scorer") == scorer) & (pl.col("measure") == "calibration_error"))
    return float(rows["value"].drop_nulls().mean())  # type: ignore[arg-type]  # a mean of numbers


def _worse_calibrated(backtest: pl.DataFrame) -> list[dt.date]:
    """Months in which calibrated probabilities of logistic regression are further from what came than uncalibrated ones."""
    rows = backtest.filter(pl.col("measure") == "calibration_error").drop_nulls("value").select("month", "scorer", "value")
    pairs = rows.filter(scorer="logistic").join(rows.filter(scorer="logistic_uncalibrated"), on="month", suffix="_before")
    return pairs.filter(pl.col("value") > pl.col("value_before"))["month"].to_list()


def _print(backtest: pl.DataFrame, title: str) -> None:
    """Gini by month and model, with interval, clients and openings."""
    print(f"gini, {title}")
    rows = backtest.filter((pl.col("measure") == "gini") & (pl.col("segment_kind") == "all"))
    for (month,), part in rows.group_by("month", maintain_order=True):
        clients, openings = part.select("clients", "openings").row(0)
        told = [
            f"{scorer} {value:.3f} [{low:.3f}, {high:.3f}]"
            for scorer in SHOWN
            for value, low, high in part.filter(scorer=scorer).drop_nulls("value").select("value", "low", "high").iter_rows()
        ]
        print(f"  {month:%Y-%m}  {'; '.join(told) or 'fewer than 30 openings'}  clients = {clients}, openings = {openings}")


if __name__ == "__main__":
    sys.exit(main())
