"""Pictures on the pages of propensity's assets."""

import datetime as dt
from io import BytesIO

import polars as pl
import pytest
from PIL import Image

from vitrina.propensity.pictures import backtest_pictures, decile_pictures, drift_pictures
from vitrina.propensity.tables import PropensityBacktest, PropensityDeciles, PropensityDrift

MONTHS = [dt.date(2024, number, 1) for number in (1, 2, 3)]


def backtest(value=0.4):
    rows = [
        {
            "month": month, "scorer": scorer, "measure": "gini", "segment_kind": "all", "segment": "all", "value": value,
            "low": value and value - 0.1, "high": value and value + 0.1, "clients": 900, "openings": 60,
        }
        for month in MONTHS
        for scorer in ("scores", "one_column", "random", "logistic")
    ]  # fmt: skip
    return PropensityBacktest.check(pl.DataFrame(rows, schema=PropensityBacktest.polars_schema()))


def deciles(openings=6):
    rows = [
        {
            "month": month, "decile": decile, "clients": 90, "openings": openings, "mean_probability": 0.5 / decile,
            "rate": openings / 90, "lift": 1.0 if openings else None, "gain": decile / 10 if openings else None,
        }
        for month in MONTHS
        for decile in range(1, 11)
    ]  # fmt: skip
    return PropensityDeciles.check(pl.DataFrame(rows, schema=PropensityDeciles.polars_schema()))


def drift(features):
    rows = [
        {"month": month, "feature": name, "psi": psi, "has_drifted": psi > 0.25, "constant_within_month": psi > 1, "proposal": None}
        for month in MONTHS
        for name, psi in features.items()
    ]
    return PropensityDrift.check(pl.DataFrame(rows, schema=PropensityDrift.polars_schema()))


def sizes(drawn):
    return {name: Image.open(BytesIO(png)).size for name, (_, png) in drawn.items()}


@pytest.mark.parametrize(
    ("drawn", "names"),
    [
        (lambda: backtest_pictures(backtest()), {"gini"}),
        (lambda: decile_pictures(deciles()), {"promised_and_came", "gains"}),
        (lambda: decile_pictures(deciles(openings=0)), {"promised_and_came", "gains"}),
        (lambda: drift_pictures(drift({"score": 0.1, "n_turnover": 0.3, "n_key_rate": 9.0})), {"moved"}),
        (lambda: drift_pictures(drift({"score": 0.0} | {f"n_<b>'\"{number}": number / 40 for number in range(40)})), {"moved"}),
    ],
)
def test_pictures_fit_the_page(drawn, names):
    found = sizes(drawn())
    assert set(found) == names
    assert all(width < 700 and height < 500 for width, height in found.values())


@pytest.mark.parametrize(
    "drawn",
    [
        lambda: backtest_pictures(PropensityBacktest.empty()),
        lambda: backtest_pictures(backtest(value=None)),
        lambda: decile_pictures(PropensityDeciles.empty()),
        lambda: drift_pictures(PropensityDrift.empty()),
    ],
)
def test_before_anything_is_known_there_is_nothing_to_draw(drawn):
    assert drawn() == {}
