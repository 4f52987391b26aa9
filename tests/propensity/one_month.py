"""Clients of one month, who of them opened, and small models of that."""

import datetime as dt

import numpy as np
import polars as pl
from scipy.special import expit

from vitrina.propensity.fitting import fit
from vitrina.propensity.models import ModelParameters

MONTH = dt.date(2022, 3, 1)
SMALL = ModelParameters(trees=10, leaves=4, least_leaf=5, text_components=2)


def clients(n=400, seed=0, month=MONTH):
    """Clients of one month; turnover and city say who opens, payments do not."""
    rng = np.random.default_rng(seed)
    turnover = rng.normal(size=n)
    return pl.DataFrame(
        {
            "client_id": [f"{seed}-{number:05d}" for number in range(n)],
            "month": [month] * n,
            "snapshot_date": [month] * n,
            "n_turnover": pl.Series(np.where(rng.random(n) < 0.1, np.nan, turnover)).fill_nan(None),
            "n_pay_count": rng.poisson(3, n).astype(float),
            "c_city": pl.Series(["Омск", "Тула", "O'Hara; --", None])[rng.integers(0, 4, n)],
        },
    )


def with_texts(frame):
    """The same with texts, a third of which are missing."""
    words = ["торговля молоком", "ремонт авто", None]
    return frame.with_columns(t_text=pl.Series([words[row % 3] for row in range(frame.height)], dtype=pl.String))


def labels(frame, seed=1, shift=-1.0):
    """Openings by chance, likelier with turnover and in Омск."""
    log_odds = frame.select(shift + 2 * pl.col("n_turnover").fill_null(0) + (pl.col("c_city") == "Омск").fill_null(value=False))
    opened = np.random.default_rng(seed).random(frame.height) < expit(log_odds.to_series().to_numpy())
    return frame.select("client_id", "month", opened=pl.Series(opened))


def fitted(frame, family="logistic", parameters=SMALL, known=None):
    return fit(frame, labels(frame) if known is None else known, family, parameters=parameters, seed=7)
