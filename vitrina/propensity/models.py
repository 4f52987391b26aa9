"""Models of who opens an account: what they are made of, and the log-odds that they give to clients."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from itertools import groupby
from typing import Any, Literal

import numpy as np
import polars as pl

from vitrina.propensity.encoding import (
    CategoryEncoding,
    Encoding,
    Floats,
    ModelError,
    NumberEncoding,
    category_codes,
    number_values,
    pieces,
)
from vitrina.propensity.text_encoding import TEXT, TEXT_COLUMNS, TextEncoding

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
        That it was fitted on: drawn, where there were too many.
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
            features = without_text_columns(features).hstack(self.texts.transform(features.get_column(TEXT)))
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


def without_text_columns(frame: pl.DataFrame) -> pl.DataFrame:
    """The same frame without the numbers that texts became."""
    return frame.select(pl.exclude(f"^{TEXT_COLUMNS}.*$"))


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
