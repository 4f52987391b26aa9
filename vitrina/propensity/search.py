"""Parameters by rolling months: a setting is judged on months that began after the horizon of what it learnt from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import polars as pl

from vitrina.propensity.fitting import fit
from vitrina.propensity.measures import gini
from vitrina.propensity.models import ModelParameters
from vitrina.propensity.periods import months_to_learn_from
from vitrina.propensity.tables import FAMILIES, PropensityTrials
from vitrina.propensity.teaching import FEWEST_OPENINGS, FeaturesOf, in_order, snapshot_of

SETTINGS: Mapping[str, tuple[ModelParameters, ...]] = {
    "logistic": tuple(ModelParameters(inverse_penalty=strength) for strength in (0.003, 0.03, 0.3)),
    "boosted": tuple(ModelParameters(leaves=leaves, trees=trees) for leaves, trees in ((7, 100), (15, 100), (15, 300))),
}
FEWEST_FOLD_MONTHS = 2
MOST_FOLDS = 2
MONTHS_BEFORE = 3
"""Months that a fold's model learns from at most: enough to tell settings apart."""

MOST_CLIENTS = 40_000
"""Clients of a month that take part, drawn at random where there are more."""


def milestone(n_months: int) -> int:
    """How many months the search looks at: it is made anew only when the history has grown by half or so.

    Examples
    --------
    >>> [milestone(n) for n in (2, 3, 4, 5, 6, 8, 9, 12, 24)]
    [2, 3, 4, 4, 6, 6, 9, 9, 20]
    """
    found = FEWEST_FOLD_MONTHS
    while (following := found + max(1, found // 2)) <= n_months:
        found = following
    return min(found, n_months)


def search(
    months: Sequence[dt.date], labels: pl.DataFrame, features_of: FeaturesOf, *, seed: int
) -> tuple[dict[str, ModelParameters], pl.DataFrame]:
    """Choose the parameters of both families.

    Parameters
    ----------
    months
        Months with known openings, oldest first.
    labels
        ``client_id``, ``month``, ``opened``, ``snapshot_date``, ``window_until``.
    features_of
        Features by month.
    seed
        For the draws.

    Returns
    -------
    tuple
        Parameters by family, and every trial (rows of `PropensityTrials`, with `month` the newest month that was looked at).
        With too few months or openings the first setting of each family stands, untried.
    """
    rows = []
    for fold in months[1:][-MOST_FOLDS:]:
        before = months_to_learn_from(labels, snapshot_of(labels, fold))[-MONTHS_BEFORE:]
        if not before:
            continue
        learning, judged = (_drawn(features_of(part), labels, seed) for part in (before, [fold]))
        # a column that the later month lacks teaches nothing that could be judged on it
        learning = learning.select(name for name in learning.columns if name in judged.columns)
        known = labels.filter(pl.col("month").is_in([*before, fold]))
        opened = in_order(judged, known)
        if int(in_order(learning, known).sum()) < FEWEST_OPENINGS or int(opened.sum()) < FEWEST_OPENINGS:
            continue
        for family in FAMILIES:
            for number, setting in enumerate(SETTINGS[family]):
                model = fit(learning, known, family, parameters=setting, seed=seed)  # type: ignore[arg-type]  # one of FAMILIES
                rows.append(
                    {
                        "month": months[-1],
                        "family": family,
                        "trial": number,
                        "fold": fold,
                        "parameters": setting.as_json(),
                        "gini": gini(model.log_odds(judged), opened),
                        "clients": judged.height,
                        "openings": int(opened.sum()),
                        "chosen": False,
                    }
                )
    trials = pl.DataFrame(rows, schema=PropensityTrials.polars_schema())
    means = trials.group_by("family", "trial").agg(pl.col("gini").mean()).sort("gini", "trial", descending=[True, False])
    best = {family: trial for family, trial, _ in means.rows()[::-1]}
    trials = trials.with_columns(
        chosen=pl.any_horizontal(
            pl.lit(value=False), *((pl.col("family") == family) & (pl.col("trial") == trial) for family, trial in best.items())
        )
    )
    return {family: SETTINGS[family][best.get(family, 0)] for family in FAMILIES}, PropensityTrials.check(trials)


def _drawn(features: pl.DataFrame, labels: pl.DataFrame, seed: int) -> pl.DataFrame:
    """Clients with a label, at most 40,000 a month."""
    known = features.join(labels.select("month", "client_id"), on=("month", "client_id"), how="semi").sort("month", "client_id")
    parts = [
        part if part.height <= MOST_CLIENTS else part.sample(MOST_CLIENTS, seed=seed)
        for part in known.partition_by("month", maintain_order=True)
    ]
    return pl.concat([known.clear(), *parts]).sort("month", "client_id")
