"""Whether scoring keeps up: a million clients at once, and two years of a hundred thousand clients taught and judged.

Clients are drawn by chance, with a signal that both models can find. Each part runs in a process of its own, for its memory.
"""

from __future__ import annotations

import datetime as dt
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.outcome import Outcome

ROOT = Path(__file__).parents[1]
CLIENTS, FEATURES = 1_000_000, 100
MONTHLY, MONTHS, MONTHLY_FEATURES = 100_000, 24, 40
CATEGORIES = 0.2
"""Share of the features that are categories."""
RATE = -3.2
"""Intercept: some six per cent of clients open the account."""
HORIZON, TRAINING = 3, 12


def main(parts: list[str]) -> int:
    """Run both parts, or those that are named, and print the figures."""
    outcome = Outcome("propensity_speed")
    bars = {"score": ("million_clients_scored", "<= 60", "<= 6"), "backtest": ("two_years_backtested", "<= 900", "<= 10")}
    for part, (name, seconds, memory) in bars.items():
        if parts and part not in parts:
            continue
        run = subprocess.run(
            [sys.executable, "-m", "benchmarks.propensity_speed", "--part", part],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        told = json.loads(run.stdout.splitlines()[-1])
        outcome.measure(f"{name}_s", told.pop("seconds"), seconds)
        outcome.measure(f"{name}_peak_gb", told.pop("peak_gb"), memory)
        outcome.refer(**{f"{name}_{key}": value for key, value in told.items()})
    return outcome.finish()


def clients(month: dt.date, n: int, features: int) -> pl.DataFrame:
    """Clients of a month, with ``opened``: a frame of features with gaps, the same for the same month."""
    rng = np.random.default_rng(int(month.strftime("%Y%m")))
    categories = int(features * CATEGORIES)
    numbers = rng.standard_normal((features - categories, n), dtype=np.float32)
    levels = rng.integers(0, 12, (categories, n))
    odds = (
        RATE + numbers[0] + 0.5 * numbers[1] - 0.7 * (numbers[2] > 1) + 0.4 * (levels[0] < 3) if categories else RATE + numbers[0]
    )
    opened = rng.random(n) < 1 / (1 + np.exp(-odds))
    numbers[3::7, ::9] = np.nan
    names = pl.Series([f"level {number}" for number in range(12)])
    return pl.DataFrame(
        {
            "client_id": pl.int_range(n, eager=True).cast(pl.String).str.zfill(9),
            "month": pl.repeat(month, n, dtype=pl.Date, eager=True),
            "snapshot_date": pl.repeat(month, n, dtype=pl.Date, eager=True),
            **{f"n_{number:03}": pl.Series(values).fill_nan(None).cast(pl.Float64) for number, values in enumerate(numbers)},
            **{f"c_{number:03}": names.gather(values) for number, values in enumerate(levels)},
            "opened": opened,
        }
    )


def score() -> dict[str, float]:
    """Fit both models on a month, then score a million clients with the logistic one, and with the trees."""
    from vitrina.propensity.calibration import calibrate  # noqa: PLC0415  # the parent process should not carry it
    from vitrina.propensity.fitting import fit  # noqa: PLC0415  # the parent process should not carry it

    learnt, checked = (clients(dt.date(2026, number, 1), 200_000, FEATURES) for number in (1, 2))
    models = {}
    for family in ("logistic", "boosted"):
        model = fit(learnt.drop("opened"), learnt.select("client_id", "month", "opened"), family, seed=0)
        models[family] = calibrate(model, checked.drop("opened"), checked.select("client_id", "month", "opened"))
    del learnt, checked
    scored = clients(dt.date(2026, 6, 1), CLIENTS, FEATURES).drop("opened")
    seconds = {}
    for family, fitted in models.items():
        started = time.perf_counter()
        fitted.probabilities(scored)
        seconds[family] = time.perf_counter() - started
    return {"seconds": seconds["logistic"], "boosted_s": seconds["boosted"]}


def backtest() -> dict[str, float]:
    """Teach, score and judge two years, as the graph does."""
    from vitrina.months import add_months  # noqa: PLC0415  # as above
    from vitrina.propensity.backtest import backtest_rows  # noqa: PLC0415  # as above
    from vitrina.propensity.rolling import Rolling  # noqa: PLC0415  # as above
    from vitrina.propensity.tables import ModelPredictions  # noqa: PLC0415  # as above
    from vitrina.propensity.teaching import TooEarlyError  # noqa: PLC0415  # as above

    months = [add_months(dt.date(2024, 1, 1), number) for number in range(MONTHS)]
    frames = {month: clients(month, MONTHLY, MONTHLY_FEATURES) for month in months}
    labels = pl.concat([frame.select("client_id", "month", "opened", "snapshot_date") for frame in frames.values()])
    labels = labels.with_columns(window_until=pl.col("month").dt.offset_by(f"{HORIZON}mo"))

    def features_of(asked: Sequence[dt.date]) -> pl.DataFrame:
        return pl.concat([frames[month] for month in asked]).drop("opened")

    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        rolling = Rolling(labels, features_of, TRAINING, Path(folder) / "models", Path(folder), 0)
        found = [scored for _, scored in rolling.scored(months) if not isinstance(scored, TooEarlyError)]
    predictions = pl.concat([scored.frames[ModelPredictions] for scored in found])
    judged = backtest_rows(predictions, labels, labels.select("client_id", "month"), seed=0)
    gini = judged.filter((pl.col("measure") == "gini") & (pl.col("scorer") == "scores"))["value"].drop_nulls().mean()
    return {"seconds": time.perf_counter() - started, "months_scored": len(found), "mean_gini": float(gini)}  # type: ignore[arg-type]  # a mean of numbers


if __name__ == "__main__":
    if "--part" in sys.argv:
        made = {"score": score, "backtest": backtest}[sys.argv[-1]]()
        print(json.dumps({**made, "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9}))
    else:
        sys.exit(main(sys.argv[1:]))
