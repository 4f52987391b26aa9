"""Columns that know what they cannot know: facts from after the snapshot, and columns that give the answer away."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np
import polars as pl

from vitrina.propensity.measures import FEWEST_POSITIVES, gini
from vitrina.propensity.resampling import Bools, Floats

SUSPICIOUS = 0.8
"""Gini of one column from which it is taken for the answer itself; the best honest columns of the bank-marketing file reach .5."""
IN_STEP = 0.5
"""Difference of the shares without a value, between clients who open an account and others, from which the gaps follow the answer."""

_KEY = ("client_id", "month", "snapshot_date")
_SMOOTHING = 10.0
"""Clients at the average rate that every level of a category is mixed with: a level of two clients says little."""
_EXTREME = float(np.finfo(np.float64).max)

LATE_SCHEMA = {"feature": pl.String, "source": pl.String, "latest_known_at": pl.Date, "snapshot_date": pl.Date, "why": pl.String}
ALONE_SCHEMA = {"feature": pl.String, "gini": pl.Float64, "why": pl.String}


def late_features(catalogue: pl.DataFrame) -> pl.DataFrame:
    """Features that rest on something which nobody knew on the day of the snapshot.

    Parameters
    ----------
    catalogue
        Rows as `month_features` makes them. Payments and texts have to be earlier than the snapshot; what the snapshot says itself
        may be of its own day.

    Returns
    -------
    polars.DataFrame
        ``feature``, ``source``, ``latest_known_at``, ``snapshot_date`` and ``why``, by feature; empty where all is well.
    """
    late = (
        pl.when(pl.col("source") == "snapshot")
        .then(pl.col("latest_known_at") > pl.col("snapshot_date"))
        .otherwise(pl.col("latest_known_at") >= pl.col("snapshot_date"))
    )
    why = pl.format("it rests on {} of {}, and the snapshot is of {}", "source", "latest_known_at", "snapshot_date")
    found = catalogue.filter(late.fill_null(value=False)).with_columns(why=why)
    return found.select(LATE_SCHEMA.keys()).cast(pl.Schema(LATE_SCHEMA)).sort("snapshot_date", "feature")


def suspicious_features(frame: pl.DataFrame, labels: pl.DataFrame) -> pl.DataFrame:
    """Columns that tell alone who will open an account, too well to be honest.

    Parameters
    ----------
    frame, labels
        As for `ginis_alone`.

    Returns
    -------
    polars.DataFrame
        ``feature``, ``gini`` and ``why``, the strongest first; empty where nothing is suspected.
    """
    found = ginis_alone(frame, labels).filter(pl.col("why").is_not_null())
    return found.sort("gini", "feature", descending=[True, False], nulls_last=True)


def ginis_alone(frame: pl.DataFrame, labels: pl.DataFrame) -> pl.DataFrame:
    """How well each column ranks clients by itself, within months.

    Parameters
    ----------
    frame
        Features of months whose openings are known, any number of months together.
    labels
        ``client_id``, ``month``, ``opened``. Clients without a label are not looked at.

    Returns
    -------
    polars.DataFrame
        ``feature``, ``gini`` and ``why`` (null where nothing is suspected), in the order of the columns. The gini is the mean over
        months by their openings; null where no month with a value has thirty openings, and for ``t_text``. Suspected is a gini of
        .8 and above, and a column whose gaps follow the answer.

    Notes
    -----
    A number ranks in its better direction, with all clients without a value at whichever end ranks better. A category ranks by the
    rate of openings of its level among the other half of the clients, so that a level with few clients cannot learn its own answer by
    heart. Within months, because a column that merely moves with the calendar says nothing of a client.
    """
    labelled = frame.join(labels.select("client_id", "month", "opened"), on=("client_id", "month"), how="inner")
    labelled = labelled.sort("month", "client_id").with_columns(
        # halves of clients, not of rows: a client of many months must not lie in both
        half=pl.col("client_id").rank("dense") % 2 == 0
    )
    months = _measurable_months(labelled)
    opened = labelled["opened"].to_numpy()
    features = [name for name in frame.columns if name not in _KEY]
    return pl.DataFrame([_judged(labelled, name, opened, months) for name in features], schema=ALONE_SCHEMA, orient="row")


def _measurable_months(labelled: pl.DataFrame) -> list[slice]:
    """Where months with enough openings stand among the rows, which are ordered by month."""
    counted = labelled.group_by("month", maintain_order=True).agg(n=pl.len(), positives=pl.col("opened").sum())
    ends = np.cumsum(counted["n"].to_numpy())
    return [
        slice(int(end) - n, int(end))
        for end, (_, n, positives) in zip(ends, counted.iter_rows(), strict=True)
        if FEWEST_POSITIVES <= positives < n
    ]


def _judged(labelled: pl.DataFrame, name: str, opened: Bools, months: Sequence[slice]) -> tuple[str, float | None, str | None]:
    column = labelled[name]
    missing = column.is_null().to_numpy()
    with_values = [month for month in months if not missing[month].all()]
    if not with_values:
        return name, None, None
    step = _mean_over(with_values, opened, lambda rows: _gap(missing[rows], opened[rows]))
    alone = None
    if column.dtype.is_numeric():
        alone = _gini_of_numbers(column, missing, opened, with_values)
    elif not name.startswith("t_"):
        alone = _gini_of_categories(labelled, name, opened, with_values)
    return name, alone, _why(alone, step, missing[_all(with_values)], opened[_all(with_values)])


def _gini_of_numbers(column: pl.Series, missing: Bools, opened: Bools, months: Sequence[slice]) -> float:
    ends = (-_EXTREME, _EXTREME) if missing.any() else (0.0,)
    filled = [column.cast(pl.Float64).fill_null(end).to_numpy() for end in ends]
    return max(abs(_mean_over(months, opened, partial(_gini_in, values, opened))) for values in filled)


def _gini_in(values: Floats, opened: Bools, rows: slice) -> float:
    return gini(values[rows], opened[rows])


def _gini_of_categories(labelled: pl.DataFrame, name: str, opened: Bools, months: Sequence[slice]) -> float | None:
    rates = (
        labelled.select("half", "opened", level=name).group_by("half", "level").agg(n=pl.len(), positives=pl.col("opened").sum())
    )
    base = float(opened.mean())
    learnt = rates.select(~pl.col("half"), "level", rate=(pl.col("positives") + _SMOOTHING * base) / (pl.col("n") + _SMOOTHING))
    scores = (
        labelled.select("half", level=name)
        .join(learnt, on=("half", "level"), how="left", nulls_equal=True, maintain_order="left")["rate"]
        .fill_null(base)
        .to_numpy()
    )
    half = labelled["half"].to_numpy()
    # each half by itself: rates of the two were learnt from different clients and cannot be compared
    return _mean_of(
        (int(opened[rows][own].sum()), gini(scores[rows][own], opened[rows][own]))
        for rows in months
        for own in (half[rows], ~half[rows])
    )


def _gap(missing: Bools, opened: Bools) -> float:
    """By how much the share without a value is larger among those who open an account."""
    return float(missing[opened].mean() - missing[~opened].mean())


def _mean_over(months: Sequence[slice], opened: Bools, of_month: Callable[[slice], float]) -> float:
    found = _mean_of((int(opened[rows].sum()), of_month(rows)) for rows in months)
    return 0.0 if found is None else found


def _mean_of(weighted: Iterator[tuple[int, float]]) -> float | None:
    """Mean by openings; what cannot be measured, for all clients did the same, does not count."""
    known = [(weight, value) for weight, value in weighted if np.isfinite(value)]
    total = sum(weight for weight, _ in known)
    return float(sum(weight * value for weight, value in known) / total) if total else None


def _all(months: Sequence[slice]) -> Floats:
    return np.concatenate([np.arange(rows.start, rows.stop) for rows in months])


def _why(alone: float | None, step: float, missing: Bools, opened: Bools) -> str | None:
    reasons = []
    if alone is not None and alone >= SUSPICIOUS:
        reasons.append(f"alone it ranks clients with a gini of {alone:.2f}: no honest column does")
    if abs(step) >= IN_STEP:
        reasons.append(
            f"it has a value for {1 - missing[opened].mean():.0%} of the clients who open an account, and for "
            f"{1 - missing[~opened].mean():.0%} of the others"
        )
    return "; ".join(reasons) or None
