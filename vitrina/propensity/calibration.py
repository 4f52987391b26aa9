"""Probabilities that keep their word: log-odds stretched as a later month demands, and moved to the newest month's level."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from vitrina.propensity.encoding import Bools, Floats
from vitrina.propensity.fitting import labelled
from vitrina.propensity.models import FittedModel

SLOPE_SPREAD = 0.15
"""Standard deviation of the slope's prior."""


@dataclass(frozen=True)
class CalibratedModel:
    """A model whose probabilities are those of a month that is known.

    Attributes
    ----------
    model
        The model.
    slope, intercept
        Calibrated log-odds are ``intercept + slope * log_odds``; the slope is positive, so ranks stay.
    """

    model: FittedModel
    slope: float
    intercept: float

    @property
    def features(self) -> tuple[str, ...]:
        """As of the model."""
        return self.model.features

    def probabilities(self, features: pl.DataFrame) -> Floats:
        """Calibrated probabilities, shape ``(rows,)``."""
        return _expit(self.intercept + self.slope * self.model.log_odds(features))

    def uncalibrated(self, features: pl.DataFrame) -> Floats:
        """Probabilities as the model was fitted, shape ``(rows,)``."""
        return _expit(self.model.log_odds(features))


def calibrate(model: FittedModel, features: pl.DataFrame, labels: pl.DataFrame) -> CalibratedModel:
    """Fit slope and intercept of the log-odds on a month that the model has not learnt from.

    Platt's scaling (Platt 1999, "Probabilistic outputs for support vector machines") with his targets, which keep the fit
    finite where openings and others are apart, and with a normal prior on the slope around 1: a month of a few hundred clients
    says little of how much log-odds are worth, and leaves the slope near 1; one of many thousand decides by itself. Where the
    fitted slope is not positive it is 1: a month that contradicts the model must not turn its ranks round.

    Parameters
    ----------
    model
        Fitted on earlier months.
    features, labels
        Of the calibration month; clients without a label are left out.

    Raises
    ------
    ModelError
        No client has a label.
    """
    log_odds, opened = _said_and_came(model, features, labels)
    slope, intercept = _platt(log_odds, _targets(opened))
    if slope > 0:
        return CalibratedModel(model, slope, intercept)
    return CalibratedModel(model, 1.0, _intercept(log_odds, _targets(opened)))


def level(model: FittedModel, slope: float, features: pl.DataFrame, labels: pl.DataFrame) -> CalibratedModel:
    """Fit the intercept alone: with a slope that is known from elsewhere, promise on average what came in a month.

    One number is hardly learnt by heart, so that the model may have learnt from the month itself; its slope would be.

    Parameters
    ----------
    model
        Fitted on months up to the one that is given.
    slope
        Of the log-odds, from `calibrate` of a model that did not know the month.
    features, labels
        Of the month; clients without a label are left out.

    Raises
    ------
    ModelError
        No client has a label.
    """
    log_odds, opened = _said_and_came(model, features, labels)
    return CalibratedModel(model, slope, _intercept(slope * log_odds, _targets(opened)))


def _said_and_came(model: FittedModel, features: pl.DataFrame, labels: pl.DataFrame) -> tuple[Floats, Bools]:
    keys = labelled(features, labels)
    return model.log_odds(features[keys.get_column("row")]), keys.get_column("opened").to_numpy().astype(bool)


def _targets(opened: Bools) -> Floats:
    """Platt's: never quite 0 or 1."""
    positives, others = int(opened.sum()), int((~opened).sum())
    return np.where(opened, (positives + 1) / (positives + 2), 1 / (others + 2))


def _platt(log_odds: Floats, targets: Floats) -> tuple[float, float]:
    """Slope and intercept of the smallest cross-entropy, with the slope's prior."""
    from scipy.optimize import minimize  # noqa: PLC0415  # loading the definitions need not pay for it

    # log-odds of any spread and place become alike, so that the search needs few steps
    centre, spread = float(log_odds.mean()), float(log_odds.std())
    if spread == 0:
        return 1.0, _intercept(log_odds, targets)
    scaled, weight = (log_odds - centre) / spread, 1 / (SLOPE_SPREAD**2 * log_odds.size)

    def loss(at: Floats) -> tuple[float, Floats]:
        told, off = at[0] * scaled + at[1], at[0] / spread - 1
        error = _expit(told) - targets
        entropy = float(np.mean(np.logaddexp(0, told) - targets * told))
        return entropy + weight * off**2 / 2, np.array([np.mean(error * scaled) + weight * off / spread, np.mean(error)])

    found = minimize(loss, np.array([spread, 0.0]), jac=True, method="BFGS", options={"gtol": 1e-9})
    slope = float(found.x[0]) / spread
    return slope, float(found.x[1]) - slope * centre


def _intercept(log_odds: Floats, targets: Floats) -> float:
    """The shift after which probabilities sum to the targets, which lie between 0 and 1: there is exactly one."""
    from scipy.optimize import brentq  # noqa: PLC0415  # loading the definitions need not pay for it

    share = float(targets.mean())
    wanted = float(np.log(share / (1 - share)))
    low, high = wanted - float(log_odds.max()) - 1, wanted - float(log_odds.min()) + 1
    return float(brentq(lambda shift: float(np.mean(_expit(log_odds + shift))) - share, low, high, xtol=1e-12))


def _expit(log_odds: Floats) -> Floats:
    from scipy.special import expit  # noqa: PLC0415  # loading the definitions need not pay for it

    return np.asarray(expit(log_odds), dtype=np.float64)
