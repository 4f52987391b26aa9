"""Models of who opens an account: fitting on past months, log-odds, and probabilities calibrated on a month unseen by the fit."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from itertools import groupby
from typing import Any, Literal, NamedTuple

import numpy as np
import polars as pl

from vitrina.propensity.encoding import (
    Bools,
    CategoryEncoding,
    Encoding,
    Floats,
    ModelError,
    NumberEncoding,
    category_codes,
    fit_encoding,
    number_values,
    pieces,
)
from vitrina.propensity.text_encoding import TEXT, TEXT_COLUMNS, TextEncoding, fit_texts

MOST_TRAINING_ROWS = 300_000
FEWEST_POSITIVES = 30
"""Openings in the calibration month below which the slope of the log-odds is left as it is."""

MOST_ITERATIONS = 1_000

Family = Literal["logistic", "boosted"]


@dataclass(frozen=True)
class ModelParameters:
    """How models are fitted.

    Attributes
    ----------
    inverse_penalty
        Logistic regression: scikit-learn's ``C``, the smaller the stronger the L2 penalty.
    trees, leaves, learning_rate, least_leaf
        Boosted trees: how many, leaves of one, how much of each counts, training rows of a leaf.
    text_components
        Numbers that texts become; 0 leaves texts out.
    """

    inverse_penalty: float = 0.1
    trees: int = 100
    leaves: int = 15
    learning_rate: float = 0.06
    least_leaf: int = 100
    text_components: int = 16

    def as_json(self) -> str:
        """All of them, for a table."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> ModelParameters:
        """As of `as_json`; names that are no longer known are left out."""
        known = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in json.loads(text).items() if name in known})


@dataclass(frozen=True)
class LinearTerm:
    """What one encoded feature adds to the log-odds of a logistic regression.

    Attributes
    ----------
    encoding
        Of the feature.
    weights
        Of a number: the coefficient per unit and the one of a missing value. Of a category: per level, then of other
        levels and of missing values.
    """

    encoding: NumberEncoding | CategoryEncoding
    weights: tuple[float, ...]

    def contributions(self, frame: pl.DataFrame) -> Floats:
        """Log-odds per client, shape ``(rows,)``, in double precision."""
        if isinstance(self.encoding, CategoryEncoding):
            return np.array(self.weights)[category_codes(frame, self.encoding)]
        slope, missing = self.weights
        values = number_values(frame, self.encoding.feature)
        return slope * (self.encoding.filled(values) - self.encoding.mean) + missing * np.isnan(values)


@dataclass(frozen=True)
class FittedModel:
    """A model without calibration.

    Attributes
    ----------
    family
        ``"logistic"`` or ``"boosted"``.
    parameters, seed
        That it was fitted with.
    encoding
        Of its columns; texts are among them as numbers.
    texts
        How texts become numbers; ``None`` where it takes none.
    estimator
        The fitted estimator of scikit-learn.
    rows, openings
        That it was fitted on: drawn, where there were more than `MOST_TRAINING_ROWS`.
    average
        Logistic regression: mean contribution of a feature over the training months.
    importance
        Share of each feature in what the model says, summing to 1: the spread of its contributions to logistic regression,
        what its splits gained in boosted trees.
    shift
        Boosted trees: what is added to their log-odds because openings were drawn more often than the rest.
    """

    family: Family
    parameters: ModelParameters
    seed: int
    encoding: Encoding
    texts: TextEncoding | None
    estimator: Any
    rows: int
    openings: int
    average: Mapping[str, float] = field(default_factory=dict)
    importance: Mapping[str, float] = field(default_factory=dict)
    shift: float = 0.0

    @property
    def features(self) -> tuple[str, ...]:
        """Columns of the features frame that take part; all of the texts are one, `t_text`."""
        return tuple(dict.fromkeys(self.source(name) for name in self.encoding.features))

    def source(self, encoded: str) -> str:
        """The column of the features frame that an encoded column comes from."""
        return TEXT if self.texts is not None and encoded in self.texts.columns else encoded

    @property
    def intercept(self) -> float:
        """Of logistic regression."""
        return float(self.estimator.intercept_[0])

    def terms(self) -> tuple[LinearTerm, ...]:
        """What features add to the log-odds of logistic regression, in the order of ``encoding.features``."""
        coefficients = iter(self.estimator.coef_[0].astype(np.float64).tolist())
        numbers = self.encoding.numbers
        slopes = [next(coefficients) / number.scale for number in numbers]
        flags = [next(coefficients) if number.flagged else 0.0 for number in numbers]
        return (
            *(LinearTerm(number, (slope, flag)) for number, slope, flag in zip(numbers, slopes, flags, strict=True)),
            *(LinearTerm(found, tuple(next(coefficients) for _ in range(found.other + 2))) for found in self.encoding.categories),
        )

    def prepared(self, features: pl.DataFrame) -> pl.DataFrame:
        """The columns of ``encoding.features``, with texts as numbers; numbers of texts that are already there are taken.

        Raises
        ------
        ModelError
            A column is not there.
        """
        if self.texts is not None and TEXT in features.columns:
            features = _without_text_columns(features).hstack(self.texts.transform(features.get_column(TEXT)))
        absent = (name for name in self.encoding.features if name not in features.columns)
        missing = list(dict.fromkeys(self.source(name) for name in absent))
        if missing:
            raise ModelError(
                f"The clients lack {len(missing)} columns that the model has learnt: {', '.join(missing[:10])}.",
                "Deliver snapshots with these columns, or fit a model without them.",
            )
        return features.select(self.encoding.features)

    def log_odds(self, features: pl.DataFrame) -> Floats:
        """Log-odds of an opening, shape ``(rows,)``, in the order of the frame.

        Parameters
        ----------
        features
            A features frame.

        Raises
        ------
        ModelError
            A column that the model has learnt is not there.
        """
        frame = self.prepared(features)
        if self.family == "logistic":
            total = np.full(frame.height, self.intercept)
            for term in self.terms():
                total += term.contributions(frame)
            return total
        parts = [self.estimator.decision_function(self.encoding.ordinal(part)) for _, part in pieces(frame)]
        return np.concatenate(parts) + self.shift if parts else np.empty(0)


@dataclass(frozen=True)
class CalibratedModel:
    """A model whose probabilities are those of its calibration month.

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


def fit(
    features: pl.DataFrame, labels: pl.DataFrame, family: Family, *, parameters: ModelParameters | None = None, seed: int
) -> FittedModel:
    """Fit a model on all months given.

    Above `MOST_TRAINING_ROWS` rows are drawn: all openings up to half of them, the rest at random, with weights that keep the
    share of openings.

    Parameters
    ----------
    features
        Features frames of the training months, one below the other.
    labels
        ``client_id``, ``month``, ``opened``; clients without a label are left out.
    family
        ``"logistic"`` or ``"boosted"``.
    parameters
        As of `ModelParameters`, whose defaults are taken when there are none.
    seed
        Of everything that is drawn.

    Raises
    ------
    ModelError
        No client has a label, all have the same, or no column can be used.
    """
    from threadpoolctl import threadpool_limits  # noqa: PLC0415  # loading the definitions need not pay for it

    parameters = parameters or ModelParameters()
    rows = _training_rows(features, labels, seed)
    texts = _texts(rows.frame, parameters, seed)
    frame = rows.frame
    if texts is not None:
        frame = _without_text_columns(frame).hstack(texts.transform(frame.get_column(TEXT)))
    encoding = fit_encoding(frame, rows.opened, rows.weights)
    estimator = _regression(parameters) if family == "logistic" else _trees(parameters, seed)
    matrix = encoding.design(frame) if family == "logistic" else encoding.ordinal(frame)
    with threadpool_limits(1, user_api="blas"):  # sums in several threads end in other digits
        # trees take minutes to bin weighted rows; that some were drawn by their label only moves the log-odds, which is made good
        estimator.fit(matrix, rows.opened, sample_weight=rows.weights if family == "logistic" else None)
    model = FittedModel(family, parameters, seed, encoding, texts, estimator, rows.opened.size, int(rows.opened.sum()))
    if family == "boosted":
        return replace(model, importance=_shares(_gains(model)), shift=_shift(rows))
    average, spread = _averages_and_spreads(model, frame, rows.weights)
    return replace(model, average=average, importance=_shares(spread))


def calibrate(model: FittedModel, features: pl.DataFrame, labels: pl.DataFrame) -> CalibratedModel:
    """Fit slope and intercept of the log-odds on a month that the model has not learnt from.

    Platt's scaling (Platt 1999, "Probabilistic outputs for support vector machines") with his targets, which keep the fit
    finite where openings and others are apart. With fewer than `FEWEST_POSITIVES` openings, or where the fitted slope is not
    positive, only the intercept is fitted and the slope is 1: a month that contradicts the model must not turn its ranks round.

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
    keys = _labelled(features, labels)
    log_odds = model.log_odds(features[keys.get_column("row")])
    opened = keys.get_column("opened").to_numpy().astype(bool)
    positives, others = int(opened.sum()), int((~opened).sum())
    targets = np.where(opened, (positives + 1) / (positives + 2), 1 / (others + 2))
    if positives >= FEWEST_POSITIVES:
        slope, intercept = _platt(log_odds, targets)
        if slope > 0:
            return CalibratedModel(model, slope, intercept)
    return CalibratedModel(model, 1.0, _intercept(log_odds, targets))


class _TrainingRows(NamedTuple):
    frame: pl.DataFrame
    opened: Bools
    weights: Floats


def _labelled(features: pl.DataFrame, labels: pl.DataFrame) -> pl.DataFrame:
    """Rows with a label by month and client, so that nothing depends on the order in which they came."""
    known = labels.select("client_id", "month", "opened").drop_nulls()
    keys = features.select("client_id", "month").with_row_index("row").join(known, on=["client_id", "month"])
    if keys.is_empty():
        raise ModelError(
            f"None of {features.height} clients has a label.",
            "Wait until the months after the snapshot are delivered, or deliver the openings of earlier months.",
        )
    return keys.sort("month", "client_id")


def _training_rows(features: pl.DataFrame, labels: pl.DataFrame, seed: int) -> _TrainingRows:
    keys = _labelled(features, labels)
    opened = keys.get_column("opened").to_numpy().astype(bool)
    if opened.all() or not opened.any():
        raise ModelError(
            f"All {opened.size} clients with a label {'opened' if opened.all() else 'did not open'} the account: nothing to learn.",
            "Train on more months, and check that all openings are delivered.",
        )
    rng = np.random.default_rng(seed)
    positives, others = np.flatnonzero(opened), np.flatnonzero(~opened)
    half = MOST_TRAINING_ROWS // 2
    some = rng.permutation(positives)[: max(half, MOST_TRAINING_ROWS - others.size)]
    rest = rng.permutation(others)[: MOST_TRAINING_ROWS - some.size]
    drawn = np.sort(np.concatenate([some, rest]))
    weights = np.where(opened[drawn], positives.size / some.size, others.size / rest.size)
    return _TrainingRows(features[keys.get_column("row").gather(drawn)], opened[drawn], weights / weights.mean())


def _shift(rows: _TrainingRows) -> float:
    """Logarithm of the odds among all clients over those among the drawn ones.

    References
    ----------
    G. King, L. Zeng (2001), Logistic regression in rare events data, Political Analysis 9, section 4.1.
    """
    opening, other = (float(rows.weights[rows.opened == opened][0]) for opened in (True, False))
    return math.log(opening / other)


def _texts(frame: pl.DataFrame, parameters: ModelParameters, seed: int) -> TextEncoding | None:
    if TEXT not in frame.columns:
        return None
    return fit_texts(frame.get_column(TEXT), components=parameters.text_components, seed=seed)


def _without_text_columns(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(pl.exclude(f"^{TEXT_COLUMNS}.*$"))


def _trees(parameters: ModelParameters, seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415  # loading the definitions need not pay for it

    return HistGradientBoostingClassifier(
        max_iter=parameters.trees,
        max_leaf_nodes=parameters.leaves,
        learning_rate=parameters.learning_rate,
        min_samples_leaf=parameters.least_leaf,
        categorical_features=None,
        early_stopping=False,
        random_state=seed,
    )


def _regression(parameters: ModelParameters) -> Any:
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415  # loading the definitions need not pay for it

    return LogisticRegression(C=parameters.inverse_penalty, solver="lbfgs", max_iter=MOST_ITERATIONS)


def by_feature(model: FittedModel, frame: pl.DataFrame) -> Iterator[tuple[str, Floats]]:
    """Contributions to logistic regression, shape ``(rows,)``, summed per feature of ``model.features``.

    Parameters
    ----------
    model
        A logistic regression.
    frame
        As `FittedModel.prepared` returns it.
    """
    for name, terms in groupby(model.terms(), key=lambda term: model.source(term.encoding.feature)):
        yield name, np.sum([term.contributions(frame) for term in terms], axis=0)


def _averages_and_spreads(model: FittedModel, frame: pl.DataFrame, weights: Floats) -> tuple[dict[str, float], dict[str, float]]:
    averages: dict[str, float] = {}
    spreads: dict[str, float] = {}
    for name, contributions in by_feature(model, frame):
        averages[name] = float(np.average(contributions, weights=weights))
        spreads[name] = float(np.sqrt(np.average((contributions - averages[name]) ** 2, weights=weights)))
    return averages, spreads


def _gains(model: FittedModel) -> dict[str, float]:
    """What the splits of all trees gained, by feature."""
    gains = dict.fromkeys(model.features, 0.0)
    for (tree,) in model.estimator._predictors:  # noqa: SLF001  # scikit-learn shows the gains of splits nowhere else
        splits = tree.nodes[tree.nodes["is_leaf"] == 0]
        for position, gain in zip(splits["feature_idx"], splits["gain"], strict=True):
            gains[model.source(model.encoding.features[position])] += float(gain)
    return gains


def _shares(amounts: Mapping[str, float]) -> dict[str, float]:
    total = sum(amounts.values())
    return {name: amount / total if total > 0 else 0.0 for name, amount in amounts.items()}


def _platt(log_odds: Floats, targets: Floats) -> tuple[float, float]:
    """Slope and intercept of the smallest cross-entropy."""
    from scipy.optimize import minimize  # noqa: PLC0415  # loading the definitions need not pay for it

    # log-odds of any spread and place become alike, so that the search needs few steps
    centre, spread = float(log_odds.mean()), float(log_odds.std())
    if spread == 0:
        return 0.0, 0.0
    scaled = (log_odds - centre) / spread

    def loss(at: Floats) -> tuple[float, Floats]:
        told = at[0] * scaled + at[1]
        error = _expit(told) - targets
        return float(np.mean(np.logaddexp(0, told) - targets * told)), np.array([np.mean(error * scaled), np.mean(error)])

    found = minimize(loss, np.array([0.0, 0.0]), jac=True, method="BFGS", options={"gtol": 1e-9})
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
