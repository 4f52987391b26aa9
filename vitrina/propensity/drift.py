"""How far features and scores have moved between two months: the population stability index, and which columns to give up."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np
import polars as pl

from vitrina.errors import VitrinaError
from vitrina.propensity.resampling import Floats

N_BINS = 10
RARE = 0.01
"""Share of the reference below which a category stands with the other rare ones, and with those never seen before."""

JEFFREYS = 0.5
"""What each bin counts for before anybody is counted, without which an empty bin makes the index infinite."""

DRIFTED = 0.25
"""Siddiqi (2006): an index above 0.25 is a significant shift; from 0.10 it is worth a look."""

CALENDAR = "moves with the calendar, not with the client"
MOVED = "its distribution has moved"

MOSTLY_CALENDAR = 0.9
"""Share of a number's variance between months from which it tells months apart and not clients."""

DRIFT_SCHEMA = {"feature": pl.String(), "psi": pl.Float64(), "constant_within_month": pl.Boolean()}
DROP_SCHEMA = {"feature": pl.String(), "psi": pl.Float64(), "why": pl.String()}

_NUMBER, _CATEGORY = "n_", "c_"
_NOISE = 1e-9

_Counted: TypeAlias = Callable[[pl.Series], Floats]


def psi(reference: pl.Series, current: pl.Series) -> float:
    """Population stability index: sum over bins of (share now - share then) x ln(share now / share then).

    Numbers fall into at most ten bins by the reference's deciles; a value that a tenth of the reference shares is an edge of
    its own, and where that is the smallest, whatever lies below it has a bin, so that a column of one value has three.
    Categories are bins themselves; those below 1 % of the reference, and new ones, are one bin together. What is missing
    (null or NaN) is a bin too. Half a client is added to each bin of either side (Jeffreys' prior for shares); bins that
    nobody is in are left out.

    Two samples of one distribution differ by about (bins - 1) x (1 / n + 1 / m): 0.02 for a thousand clients each.

    Parameters
    ----------
    reference, current
        Then and now: numbers or booleans, or categories as text; both of one kind, or missing throughout.

    Returns
    -------
    float
        0 for the same distribution, without bound above.

    Raises
    ------
    VitrinaError
        A side has no rows, or they are not of one kind.

    References
    ----------
    N. Siddiqi (2006), Credit Risk Scorecards, chapter 9. Half a count per bin: H. Jeffreys (1946), Proc. R. Soc. A 186.
    Expected value: B. Yurdakul, J. Naranjo (2020), Journal of Risk Model Validation 14.
    """
    if not (len(reference) and len(current)):
        empty = "reference" if not len(reference) else "current"
        raise VitrinaError(f"The {empty} values of {reference.name!r} have no rows.", "Compare months that have clients.")
    reference, current = _missing_is_null(reference), _missing_is_null(current)
    kinds = {kind for series in (reference, current) if (kind := _kind(series)) is not None}
    if len(kinds) > 1:
        raise VitrinaError(
            f"{reference.name!r} is {reference.dtype} then and {current.dtype} now.",
            "Give the column one kind, number or category, in the file of column rules.",
        )
    counted = _by_category(reference) if kinds == {_CATEGORY} else _by_decile(_numbers(reference))
    return _index(counted(reference), counted(current))


def feature_drift(reference: pl.DataFrame, current: pl.DataFrame) -> pl.DataFrame:
    """One row per feature: how far it has moved, and whether it could rank clients at all.

    Parameters
    ----------
    reference, current
        Frames of features; columns ``n_*`` and ``c_*`` are compared. A column that one side lacks is missing throughout
        there. Either may hold several months, named in ``month``.

    Returns
    -------
    polars.DataFrame
        ``feature``, ``psi``, ``constant_within_month``, in the order of the names. The last is true for a number nine tenths of
        whose variance lie between months, and for any column that has
        one value within each month of both sides, but not the same one everywhere, as rates of exchange and months of the
        year do: it cannot rank clients of a month, only tell months apart.

    Raises
    ------
    VitrinaError
        A side has no rows, or a feature is not of one kind.
    """
    features = sorted({name for frame in (reference, current) for name in frame.columns if name.startswith((_NUMBER, _CATEGORY))})
    rows = []
    for feature in features:
        then, now = (_column(frame, feature) for frame in (reference, current))
        with_months = _moves_with_months(_by_month(reference, then), _by_month(current, now))
        rows.append((feature, psi(then, now), with_months or _explained_by_month(reference, then, current, now) >= MOSTLY_CALENDAR))
    return pl.DataFrame(rows, schema=DRIFT_SCHEMA, orient="row")


def columns_to_drop(drift: pl.DataFrame, importance: Mapping[str, float] | None = None) -> pl.DataFrame:
    """Features whose index is above 0.25, which is Siddiqi's rule of thumb for a significant shift, each with a reason.

    A proposal for people: what has moved may still rank well. Features that a model hardly uses are named as well, for a model
    without the others would turn to them.

    Parameters
    ----------
    drift
        As from `feature_drift`.
    importance
        Of features to the model, the largest first to be named; a feature that it leaves out counts 0. Without it, those
        that moved furthest come first.

    Returns
    -------
    polars.DataFrame
        ``feature``, ``psi``, ``why`` in plain words.

    References
    ----------
    N. Siddiqi (2006), Credit Risk Scorecards, chapter 9.
    """
    weight = {} if importance is None else importance
    rows = [
        (feature, value, CALENDAR if constant else MOVED)
        for feature, value, constant in drift.select(*DRIFT_SCHEMA).iter_rows()
        if value > DRIFTED
    ]
    rows.sort(key=lambda row: (-weight.get(row[0], 0.0), -row[1], row[0]))
    return pl.DataFrame(rows, schema=DROP_SCHEMA, orient="row")


def _kind(series: pl.Series) -> str | None:
    """Number or category; ``None`` where every value is missing, and the other side decides."""
    if series.null_count() == len(series):
        return None
    if series.dtype.is_numeric() or series.dtype == pl.Boolean:
        return _NUMBER
    if series.dtype in (pl.String, pl.Categorical, pl.Enum):
        return _CATEGORY
    raise VitrinaError(f"{series.name!r} is {series.dtype}: neither numbers nor categories.", "Leave it out, or make it a number.")


def _numbers(series: pl.Series) -> Floats:
    return series.cast(pl.Float64).drop_nulls().to_numpy()


def _by_decile(known: Floats) -> _Counted:
    edges = np.empty(0)
    if known.size:
        # values that occur, not points between them: equal values are never parted by rounding
        places = np.ceil(known.size * np.arange(1, N_BINS) / N_BINS).astype(np.intp) - 1
        edges = np.unique(np.partition(known, np.unique(places))[places])
    margin = np.where(np.isfinite(edges), _NOISE * np.abs(edges), 0.0)
    borders = edges + margin
    if edges.size and edges[0] == known.min():
        borders = np.concatenate([[np.nextafter(edges[0] - margin[0], -np.inf)], borders])

    def counted(series: pl.Series) -> Floats:
        values = _numbers(series)
        in_bins = np.bincount(np.searchsorted(borders, values, side="left"), minlength=borders.size + 1)
        return np.append(in_bins, len(series) - values.size).astype(np.float64)

    return counted


def _by_category(reference: pl.Series) -> _Counted:
    levels = sorted(level for level, n in _counts_of_levels(reference).items() if n >= RARE * len(reference))

    def counted(series: pl.Series) -> Floats:
        counts = _counts_of_levels(series)
        kept = [counts.get(level, 0) for level in levels]
        return np.array([*kept, sum(counts.values()) - sum(kept), series.null_count()], dtype=np.float64)

    return counted


def _counts_of_levels(series: pl.Series) -> dict[str, int]:
    return dict(series.cast(pl.String).drop_nulls().rename("level").value_counts(name="n").iter_rows())


def _index(then: Floats, now: Floats) -> float:
    used = (then + now) > 0
    share_then, share_now = (_shares(counts[used]) for counts in (then, now))
    # summands are never negative, but shares that are equal may differ in their last digit
    return max(0.0, float(((share_now - share_then) * np.log(share_now / share_then)).sum()))


def _shares(counts: Floats) -> Floats:
    shares: Floats = (counts + JEFFREYS) / (counts.sum() + JEFFREYS * counts.size)
    return shares


def _missing_is_null(series: pl.Series) -> pl.Series:
    return series.fill_nan(None) if series.dtype.is_float() else series


def _column(frame: pl.DataFrame, feature: str) -> pl.Series:
    if feature not in frame.columns:
        return pl.Series(feature, [None] * frame.height, dtype=pl.Null)
    return _missing_is_null(frame[feature])


def _by_month(frame: pl.DataFrame, column: pl.Series) -> frozenset[object] | None:
    """The column's values over months, where it has one in each (a month without any counts as one); otherwise ``None``."""
    months = frame["month"] if "month" in frame.columns else pl.repeat(0, frame.height, eager=True)
    n_months = months.n_unique()
    # cheaper than pairs, and enough for most columns
    if column.n_unique() > n_months:
        return None
    pairs = pl.DataFrame({"month": months, "value": column}).unique()
    return frozenset(pairs["value"]) if pairs.height == n_months else None


def _explained_by_month(reference: pl.DataFrame, then: pl.Series, current: pl.DataFrame, now: pl.Series) -> float:
    """Share of a number's variance that lies between months, both sides together (the correlation ratio); 0 for a category."""
    if not (then.dtype.is_numeric() and now.dtype.is_numeric() and "month" in reference.columns and "month" in current.columns):
        return 0.0
    known = pl.DataFrame(
        {
            "month": pl.concat([reference["month"], current["month"]]),
            "value": pl.concat([then.cast(pl.Float64).rename("value"), now.cast(pl.Float64).rename("value")]),
        }
    ).drop_nulls()
    means = known.select(pl.col("value"), pl.col("value").mean().over("month").alias("mean"))
    whole, between = (float(means[name].var(ddof=0) or 0.0) for name in ("value", "mean"))  # type: ignore[arg-type]  # a number
    return between / whole if whole > 0 and math.isfinite(whole) else 0.0


def _moves_with_months(then: frozenset[object] | None, now: frozenset[object] | None) -> bool:
    return then is not None and now is not None and len(then | now) > 1
