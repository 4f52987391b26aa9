"""How models learn from past months: which rows are drawn, logistic regression, boosted trees, and what each feature matters."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from vitrina.propensity.encoding import Bools, Floats, ModelError, fit_encoding
from vitrina.propensity.models import Family, FittedModel, ModelParameters, by_feature, without_text_columns
from vitrina.propensity.text_encoding import TEXT, TextEncoding, fit_texts

MOST_TRAINING_ROWS = 300_000
MOST_ITERATIONS = 1_000


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
        frame = without_text_columns(frame).hstack(texts.transform(frame.get_column(TEXT)))
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


def labelled(features: pl.DataFrame, labels: pl.DataFrame) -> pl.DataFrame:
    """Rows with a label by month and client, so that nothing depends on the order in which they came."""
    known = labels.select("client_id", "month", "opened").drop_nulls()
    keys = features.select("client_id", "month").with_row_index("row").join(known, on=["client_id", "month"])
    if keys.is_empty():
        raise ModelError(
            f"None of {features.height} clients has a label.",
            "Wait until the months after the snapshot are delivered, or deliver the openings of earlier months.",
        )
    return keys.sort("month", "client_id")


class _TrainingRows(NamedTuple):
    frame: pl.DataFrame
    opened: Bools
    weights: Floats


def _training_rows(features: pl.DataFrame, labels: pl.DataFrame, seed: int) -> _TrainingRows:
    keys = labelled(features, labels)
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
