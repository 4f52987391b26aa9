"""Features of clients as numbers for models, by what training months showed and nothing later."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from vitrina.errors import VitrinaError

NUMBER, CATEGORY = "n_", "c_"
"""How columns of numbers and of categories begin."""

CLIPPED_BELOW, CLIPPED_ABOVE = 0.005, 0.995
"""Quantiles of the training rows beyond which a number counts as the quantile."""

FEWEST_ROWS, LEAST_SHARE = 20, 0.001
"""Training rows that a level of a category needs to be told apart."""

MOST_LEVELS = 50
LARGEST = 1e30
"""Numbers further from zero count as this: their squares are finite, and they fit single precision."""

ROWS_AT_A_TIME = 100_000

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int32]


class ModelError(VitrinaError):
    """A model cannot be fitted, used, stored or read."""


class LeftOut(NamedTuple):
    """A column that no model takes, and why, in words."""

    feature: str
    why: str


@dataclass(frozen=True)
class NumberEncoding:
    """How a number is encoded: clipped, the median where it is missing, standardised.

    Attributes
    ----------
    feature
        Name of the column.
    low, high
        Quantiles `CLIPPED_BELOW` and `CLIPPED_ABOVE` of the training rows.
    median, low_tercile, high_tercile
        Of the training rows that have a value.
    mean, scale
        Weighted mean and standard deviation of the training rows, clipped and filled; `scale` is 1 where nothing varies.
    flagged
        Whether a column of 0 and 1 tells missing values, as training rows had some.
    """

    feature: str
    low: float
    high: float
    median: float
    low_tercile: float
    high_tercile: float
    mean: float
    scale: float
    flagged: bool

    def filled(self, values: Floats) -> Floats:
        """Values with the median for those missing, clipped."""
        return np.clip(np.where(np.isnan(values), self.median, values), self.low, self.high)


@dataclass(frozen=True)
class CategoryEncoding:
    """How a category is encoded: a column of 0 and 1 per level, one for all others, one for missing.

    Attributes
    ----------
    feature
        Name of the column.
    levels
        Levels that are told apart, by their share of openings in training, the lowest first: for trees their place is a number.
    most_frequent
        The commonest value of the training rows; ``None`` where that is a missing one.
    """

    feature: str
    levels: tuple[str, ...]
    most_frequent: str | None

    @property
    def other(self) -> int:
        """Code of levels that are not told apart; the one of missing values follows."""
        return len(self.levels)


@dataclass(frozen=True)
class Encoding:
    """How all features become numbers, and which do not.

    Attributes
    ----------
    numbers, categories
        Encodings, by name.
    left_out
        Columns that say nothing.
    """

    numbers: tuple[NumberEncoding, ...]
    categories: tuple[CategoryEncoding, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def features(self) -> tuple[str, ...]:
        """Columns that take part: numbers, then categories."""
        return (*(number.feature for number in self.numbers), *(category.feature for category in self.categories))

    @property
    def width(self) -> int:
        """Columns of `design`."""
        return len(self.numbers) + sum(found.flagged for found in self.numbers) + sum(c.other + 2 for c in self.categories)

    def design(self, frame: pl.DataFrame) -> Singles:
        """The matrix of a linear model: numbers, flags of missing ones, then the columns of each category.

        Parameters
        ----------
        frame
            A features frame with all `features`.

        Returns
        -------
        numpy.ndarray
            float32, shape ``(rows, width)``.
        """
        matrix = np.zeros((frame.height, self.width), dtype=np.float32)
        for start, part in pieces(frame):
            self._fill_design(part, matrix[start : start + part.height])
        return matrix

    def _fill_design(self, part: pl.DataFrame, matrix: Singles) -> None:
        flag = len(self.numbers)
        for position, number in enumerate(self.numbers):
            values = number_values(part, number.feature)
            matrix[:, position] = (number.filled(values) - number.mean) / number.scale
            if number.flagged:
                matrix[:, flag] = np.isnan(values)
                flag += 1
        first, rows = flag, np.arange(part.height)
        for category in self.categories:
            matrix[rows, first + category_codes(part, category)] = 1
            first += category.other + 2

    def ordinal(self, frame: pl.DataFrame) -> Singles:
        """The matrix of trees: numbers as they are, places of levels; NaN where missing, rare or never seen.

        Returns
        -------
        numpy.ndarray
            float32, shape ``(rows, len(features))``.
        """
        matrix = np.empty((frame.height, len(self.features)), dtype=np.float32)
        for start, part in pieces(frame):
            rows = matrix[start : start + part.height]
            for position, number in enumerate(self.numbers):
                rows[:, position] = number_values(part, number.feature)
            for position, category in enumerate(self.categories, start=len(self.numbers)):
                codes = category_codes(part, category)
                rows[:, position] = np.where(codes < category.other, codes, np.nan)
        return matrix

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "numbers": [vars(found) for found in self.numbers],
            "categories": [{**vars(found), "levels": list(found.levels)} for found in self.categories],
            "left_out": [found._asdict() for found in self.left_out],
        }

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Encoding:
        """As of `as_dict`."""
        categories = [{**found, "levels": tuple(found["levels"])} for found in given["categories"]]
        return cls(
            tuple(NumberEncoding(**found) for found in given["numbers"]),
            tuple(CategoryEncoding(**found) for found in categories),
            tuple(LeftOut(**found) for found in given["left_out"]),
        )


def fit_encoding(frame: pl.DataFrame, opened: Bools, weights: Floats) -> Encoding:
    """Learn how features are encoded.

    Parameters
    ----------
    frame
        Training rows of a features frame; columns other than ``n_*`` and ``c_*`` are passed over.
    opened
        Whether the account was opened, shape ``(rows,)``.
    weights
        Clients that a row stands for, shape ``(rows,)``. Means and spreads are weighted, quantiles and levels count rows.

    Returns
    -------
    Encoding
        Columns in alphabetical order, whatever their order in the frame.

    Raises
    ------
    ModelError
        A column ``n_*`` holds no numbers, or no column can be used.
    """
    numbers: list[NumberEncoding] = []
    categories: list[CategoryEncoding] = []
    left_out: list[LeftOut] = []
    for name in sorted(frame.columns):
        if name.startswith(NUMBER):
            number = _number(name, number_values(frame, name), weights)
            left_out.append(number) if isinstance(number, LeftOut) else numbers.append(number)
        elif name.startswith(CATEGORY):
            category = _category(name, frame.get_column(name).cast(pl.String), opened)
            left_out.append(category) if isinstance(category, LeftOut) else categories.append(category)
    if not numbers and not categories:
        why = "; ".join(f"{feature} ({reason})" for feature, reason in left_out[:10]) or "there is none"
        raise ModelError(
            f"No column of the training months can be used: {why}.",
            "Deliver snapshots with columns that differ between clients, and look at the rules of columns that leave some out.",
        )
    return Encoding(tuple(numbers), tuple(categories), tuple(left_out))


def number_values(frame: pl.DataFrame, feature: str) -> Floats:
    """A column of numbers, none further from zero than `LARGEST`; what is missing or not finite is NaN.

    Raises
    ------
    ModelError
        The column holds something else.
    """
    column = frame.get_column(feature)
    if not (column.dtype.is_numeric() or column.dtype in (pl.Boolean, pl.Null)):
        raise ModelError(
            f"The column {feature} holds {column.dtype}, not numbers.", "Give it the prefix c_ for categories, or convert it."
        )
    values = column.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return np.where(np.isfinite(values), np.clip(values, -LARGEST, LARGEST), np.nan)


def category_codes(frame: pl.DataFrame, encoding: CategoryEncoding) -> Codes:
    """Places in ``encoding.levels``; then one for all other levels, and one for missing values."""
    column = frame.get_column(encoding.feature).cast(pl.String)
    codes = column.replace_strict(
        pl.Series(encoding.levels, dtype=pl.String),
        pl.Series(range(encoding.other), dtype=pl.Int32),
        default=encoding.other,
        return_dtype=pl.Int32,
    )
    return np.where(column.is_null().to_numpy(), np.int32(encoding.other + 1), codes.fill_null(encoding.other).to_numpy())


def pieces(frame: pl.DataFrame) -> Iterator[tuple[int, pl.DataFrame]]:
    """Slices of at most `ROWS_AT_A_TIME` rows, each with the number of its first row."""
    for start in range(0, frame.height, ROWS_AT_A_TIME):
        yield start, frame.slice(start, ROWS_AT_A_TIME)


def _number(name: str, values: Floats, weights: Floats) -> NumberEncoding | LeftOut:
    missing = np.isnan(values)
    if missing.all():
        return LeftOut(name, "missing on every training row")
    shares = (CLIPPED_BELOW, CLIPPED_ABOVE, 1 / 2, 1 / 3, 2 / 3)
    low, high, median, low_tercile, high_tercile = (float(q) for q in np.quantile(values[~missing], shares))
    flagged = bool(missing.any())
    if low == high and not flagged:
        same = values.min() == values.max()
        return LeftOut(name, "the same on every training row" if same else "the same on nearly every training row")
    filled = np.clip(np.where(missing, median, values), low, high)
    mean = float(np.average(filled, weights=weights))
    deviation = float(np.sqrt(np.average((filled - mean) ** 2, weights=weights)))
    scale = deviation if deviation > 0 and low < high else 1.0
    return NumberEncoding(name, low, high, median, low_tercile, high_tercile, mean, scale, flagged)


def _category(name: str, values: pl.Series, opened: Bools) -> CategoryEncoding | LeftOut:
    if values.null_count() == values.len():
        return LeftOut(name, "missing on every training row")
    counts = (
        pl.DataFrame({"level": values, "opened": opened})
        .group_by("level")
        .agg(rows=pl.len().cast(pl.Int64), openings=pl.col("opened").sum().cast(pl.Int64))
        .sort("rows", "level", descending=[True, False], nulls_last=True)
    )
    fewest = max(FEWEST_ROWS, LEAST_SHARE * values.len())
    frequent = counts.filter(pl.col("level").is_not_null() & (pl.col("rows") >= fewest)).head(MOST_LEVELS)
    others = int(counts.height > frequent.height + (1 if values.null_count() else 0))
    if frequent.height + others + (1 if values.null_count() else 0) < 2:
        return LeftOut(name, "no level on enough training rows" if others else "the same on every training row")
    # towards the share of all, as if each level had `FEWEST_ROWS` more rows
    share = (pl.col("openings") + FEWEST_ROWS * float(opened.mean())) / (pl.col("rows") + FEWEST_ROWS)
    levels = frequent.sort(share, "level").get_column("level").to_list()
    return CategoryEncoding(name, tuple(levels), counts.get_column("level").to_list()[0])
