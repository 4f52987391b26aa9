"""Probabilities that keep their word."""

import numpy as np
import polars as pl
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from tests.propensity.one_month import clients, fitted, labels
from vitrina.propensity.calibration import SLOPE_SPREAD, calibrate, level
from vitrina.propensity.encoding import ModelError


def test_calibration_finds_what_logistic_regression_without_penalty_finds():
    model, later = fitted(clients(2_000)), clients(20_000, seed=9)
    known = labels(later, seed=3, shift=-2.5)
    calibrated = calibrate(model, later, known)
    log_odds = model.log_odds(later).reshape(-1, 1)
    reference = LogisticRegression(C=np.inf, tol=1e-10).fit(log_odds, known.get_column("opened"))
    assert calibrated.slope == pytest.approx(reference.coef_[0, 0], rel=0.05)
    assert calibrated.intercept == pytest.approx(reference.intercept_[0], abs=0.03)
    np.testing.assert_allclose(calibrated.uncalibrated(later), expit(log_odds[:, 0]))


def test_probabilities_sum_to_the_openings_of_the_calibration_month():
    model, later = fitted(clients(2_000)), clients(1_000, seed=9)
    for shift in (-1.0, -5.0):
        known = labels(later, seed=3, shift=shift)
        assert calibrate(model, later, known).probabilities(later).sum() == pytest.approx(known.get_column("opened").sum(), abs=1.5)


@pytest.mark.parametrize("openings", [0, 1, 3])
def test_a_few_openings_move_the_level_and_hardly_the_slope(openings):
    later = clients(seed=9)
    known = later.select("client_id", "month", opened=pl.int_range(pl.len()) < openings)
    calibrated = calibrate(fitted(clients()), later, known)
    assert calibrated.slope == pytest.approx(1, abs=2 * SLOPE_SPREAD)
    assert calibrated.probabilities(later).sum() == pytest.approx(openings, abs=1.5)


def test_the_slope_leaves_1_the_further_the_more_clients_speak_for_it():
    model = fitted(clients(2_000))
    slopes = []
    for n in (50, 400, 40_000):
        later = clients(n, seed=9)
        # the model's log-odds are worth a third of what they say
        chances = expit(model.log_odds(later) / 3)
        known = later.select("client_id", "month", opened=pl.Series(np.random.default_rng(3).random(n) < chances))
        slopes.append(calibrate(model, later, known).slope)
    assert 1 > slopes[0] > slopes[1] > slopes[2]
    assert slopes[2] == pytest.approx(1 / 3, abs=0.05)


def test_a_model_that_says_the_same_of_everybody_is_moved_to_the_level():
    model, later = fitted(clients(2_000)), clients(1_000, seed=9).with_columns(n_turnover=pl.lit(0.0), c_city=pl.lit("Омск"))
    later = later.with_columns(n_pay_count=pl.lit(3.0))
    known = labels(later, seed=3)
    calibrated = calibrate(model, later, known)
    assert calibrated.slope == 1
    assert calibrated.probabilities(later).mean() == pytest.approx(known["opened"].mean(), abs=0.003)


def test_with_a_slope_from_elsewhere_the_level_is_that_of_the_month():
    model, later = fitted(clients(2_000)), clients(1_000, seed=9)
    known = labels(later, seed=3, shift=-3.0)
    levelled = level(model, 0.7, later, known)
    assert levelled.slope == 0.7
    assert levelled.probabilities(later).sum() == pytest.approx(known["opened"].sum(), abs=1.5)


def test_a_month_that_contradicts_the_model_does_not_turn_its_ranks_round():
    model, later = fitted(clients(2_000)), clients(1_000, seed=9)
    known = labels(later, seed=3).with_columns(~pl.col("opened"))
    calibrated = calibrate(model, later, known)
    assert calibrated.slope == 1
    assert (np.argsort(calibrated.probabilities(later)) == np.argsort(model.log_odds(later))).all()


def test_openings_and_others_that_lie_apart_are_calibrated_all_the_same():
    model, later = fitted(clients()), clients(seed=9)
    apart = later.select("client_id", "month", opened=pl.Series(model.log_odds(later) > 0))
    calibrated = calibrate(model, later, apart)
    assert 0 < calibrated.slope < 1e4
    assert np.isfinite(calibrated.probabilities(later)).all()


def test_calibration_without_labels_is_refused():
    with pytest.raises(ModelError, match="None of 400 clients"):
        calibrate(fitted(clients()), clients(), labels(clients(seed=8)))
