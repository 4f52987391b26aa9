"""A few months of a small bank: some hundred clients whose openings follow what is known of them. Nobody measured them."""

import datetime as dt
from collections.abc import Callable, Sequence

import numpy as np
import polars as pl
from scipy.special import expit

from vitrina.months import add_months
from vitrina.propensity.models import ModelParameters

FIRST = dt.date(2022, 1, 1)
MONTHS = tuple(add_months(FIRST, number) for number in range(8))
"""With a horizon of three months, the first five may teach the last one, and the first two the rehearsal on the fifth."""

SMALL = {
    "logistic": ModelParameters(text_components=2),
    "boosted": ModelParameters(trees=25, leaves=4, least_leaf=15, learning_rate=0.2, text_components=2),
}
"""Parameters that fit in a moment."""

KEYS = ("client_id", "month", "snapshot_date")


def bank(
    months: Sequence[dt.date] = MONTHS, *, n: int = 300, seed: int = 0, curved: bool = False
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Features and labels of some months.

    Turnover, payments and a word of the texts speak for an opening; the size does not, and the rate is the same for all clients
    of a month. In a curved bank it is turnovers far from the average, in either direction, and nothing else: no straight line
    can rank these clients.
    """
    rng = np.random.default_rng(seed)
    parts = []
    for number, month in enumerate(months):
        turnover, size, payments = rng.normal(size=n), rng.normal(size=n), rng.poisson(3, n)
        trades = rng.random(n) < 0.5
        straight = 1.6 * turnover + 0.5 * (payments - 3) + 1.2 * trades - 1.8
        log_odds = np.where(np.abs(turnover) > 1, 1.5, -3.5) if curved else straight
        parts.append(
            pl.DataFrame(
                {
                    "client_id": [f"{client:04d}" for client in range(n)],
                    "month": [month] * n,
                    "snapshot_date": [month] * n,
                    "n_turnover": pl.Series(np.where(rng.random(n) < 0.05, np.nan, turnover)).fill_nan(None),
                    "n_size": size,
                    "n_pay_count": payments.astype(float),
                    "n_rate": [float(number)] * n,
                    "c_city": pl.Series(["Омск", "Тула", None])[rng.integers(0, 3, n)],
                    "t_text": np.where(trades, "торговля молоком", "ремонт авто"),
                    "opened": rng.random(n) < expit(log_odds),
                }
            )
        )
    everything = pl.concat(parts)
    labels = everything.select("client_id", "month", "opened", "snapshot_date")
    return everything.drop("opened"), labels.with_columns(window_until=pl.col("snapshot_date").dt.offset_by("3mo"))


def features_of(frame: pl.DataFrame) -> Callable[[Sequence[dt.date]], pl.DataFrame]:
    """Features by month, as they are stored: columns that none of the months fills are left out."""

    def found(months: Sequence[dt.date]) -> pl.DataFrame:
        part = frame.filter(pl.col("month").is_in(list(months)))
        return part.drop(name for name in part.columns if name not in KEYS and part[name].null_count() == part.height)

    return found


def shuffled(frame: pl.DataFrame) -> pl.DataFrame:
    """The same rows in another order."""
    return frame.sample(fraction=1, shuffle=True, seed=11)


def with_gaps(frame: pl.DataFrame, column: str, months: Sequence[dt.date]) -> pl.DataFrame:
    """The same without a column's values in some months."""
    return frame.with_columns(pl.when(~pl.col("month").is_in(list(months))).then(pl.col(column)).alias(column))


def few(labels: pl.DataFrame, months: Sequence[dt.date], openings: int) -> pl.DataFrame:
    """Labels of which only so many of some months are openings."""
    among = pl.col("month").is_in(list(months)) & pl.col("opened")
    return labels.sort("month", "client_id").with_columns(opened=pl.col("opened") & ~(among & (among.cum_sum() > openings)))
