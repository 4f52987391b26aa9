"""How near the models come to what cannot be beaten: the known propensity of a simulated bank, with a shock on the way.

`python -m benchmarks.propensity_simulation` writes the inbox of a bank of 52,000 clients in 24 monthly snapshots, takes it
through the staged tables, scores every month as the graph does, and compares ranks with those by the true chances, which nobody
but the simulation knows. A month is shocked where its three-month horizon touches the shock: there the true chances know what is to
come. Once the shock is over, three more months pass before the models can have learnt from anything but it.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import tempfile
from pathlib import Path

import polars as pl

from benchmarks.outcome import Outcome
from benchmarks.propensity_quality import PRODUCT, judged_months, staged_months
from benchmarks.staged import load, stage
from simulation.propensity import simulate_bank
from simulation.propensity_hazard import GINI, WINDOW
from simulation.propensity_inbox import write_inbox
from simulation.retailer import Size
from vitrina.months import add_months
from vitrina.propensity.measures import gini
from vitrina.propensity.verdicts import ranks_better_than_chance
from vitrina.settings import Settings

MATURITY = 3
MOST_GAP, MOST_AWAY, FEWEST_CLIENTS = 0.03, 0.05, 50_000


def main() -> int:
    """Simulate, score, compare, and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.propensity_simulation", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    seed = parser.parse_args().seed
    bank = simulate_bank(Size.LARGE, seed)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data=Path(folder), inbox=f"{folder}/inbox", settle_s=0, _env_file=None)
        write_inbox(Path(folder) / "inbox", Size.LARGE, seed)
        warehouse = load(settings, PRODUCT)
        stage(warehouse, settings, PRODUCT, ("staging", "features"))
        features, labels, segments = staged_months(warehouse)
        _, backtest = judged_months(features, labels, segments, settings)
    shocked = [month for month in backtest["month"].unique().sort() if _touches(month, bank.shock_months)]
    still = [add_months(max(bank.shock_months), later) for later in range(1, MATURITY + 1)]
    months = _compared(backtest, labels, bank.truth).with_columns(
        kind=pl.when(pl.col("month").is_in(shocked))
        .then(pl.lit("shock"))
        .when(pl.col("month").is_in(still))
        .then(pl.lit("maturity"))
        .otherwise(pl.lit("ordinary"))
    )
    with pl.Config(tbl_rows=-1, tbl_cols=-1, tbl_width_chars=160, float_precision=4):
        print(months)
    ordinary = months.filter(kind="ordinary")
    outcome = Outcome("propensity_simulation")
    outcome.measure("fewest_clients_of_a_month", int(months["clients"].min()), f">= {FEWEST_CLIENTS}")  # type: ignore[arg-type]  # a count
    outcome.measure("known_gini_away_from_its_aim", float((ordinary["known"] - GINI).abs().max()), f"<= {MOST_AWAY}")  # type: ignore[arg-type]  # a number
    outcome.measure("worst_gap_of_an_ordinary_month", float((ordinary["known"] - ordinary["scores"]).max()), f"<= {MOST_GAP}")  # type: ignore[arg-type]  # a number
    flagged = [month for month in months["month"] if not ranks_better_than_chance(backtest.filter(pl.col("month") <= month)).passed]
    outcome.measure("shock_months_flagged", len(set(flagged) & set(bank.shock_months)), f">= {len(bank.shock_months)}")
    outcome.measure("ordinary_months_flagged", len(set(flagged) & set(ordinary["month"])), "<= 0")
    outcome.refer(
        months=months.height,
        ordinary_months=ordinary.height,
        mean_gap_of_ordinary_months=float((ordinary["known"] - ordinary["scores"]).mean()),  # type: ignore[arg-type]  # a number
        worst_gap_of_a_shocked_month=_worst(months, "shock"),
        worst_gap_of_a_month_of_maturity=_worst(months, "maturity"),
    )
    return outcome.finish()


def _touches(month: dt.date, shock: tuple[dt.date, ...]) -> bool:
    """Whether a snapshot's horizon holds a day of the shock."""
    return month <= max(shock) and add_months(month, WINDOW) > min(shock)


def _compared(backtest: pl.DataFrame, labels: pl.DataFrame, truth: pl.DataFrame) -> pl.DataFrame:
    """Gini by month: of the true chances, of the scores and of both models."""
    ginis = backtest.filter((pl.col("measure") == "gini") & (pl.col("segment_kind") == "all"))
    said = ginis.filter(pl.col("scorer").is_in(["scores", "logistic", "boosted"])).pivot(
        "scorer", index=["month", "clients"], values="value"
    )
    known = labels.join(truth.select("client_id", "month", "propensity"), on=("client_id", "month"))
    best = [
        {"month": month, "known": gini(part["propensity"].to_numpy(), part["opened"].to_numpy())}
        for (month,), part in known.group_by("month", maintain_order=True)
    ]
    return said.join(pl.DataFrame(best), on="month").sort("month").with_columns(gap=pl.col("known") - pl.col("scores"))


def _worst(months: pl.DataFrame, kind: str) -> float:
    part = months.filter(kind=kind)
    return float((part["known"] - part["scores"]).max())  # type: ignore[arg-type]  # a number


if __name__ == "__main__":
    sys.exit(main())
