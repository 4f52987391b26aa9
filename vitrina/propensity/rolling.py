"""Month after month: each is scored by models that know only what was known when it began."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import polars as pl

from vitrina.propensity.measures import Measured, gini_difference
from vitrina.propensity.models import ModelParameters
from vitrina.propensity.monthly import Scored, score_month
from vitrina.propensity.promotion import FIRST_CHAMPION, MOST_MONTHS
from vitrina.propensity.search import milestone, search
from vitrina.propensity.tables import ModelPredictions, PropensityTrials
from vitrina.propensity.teaching import FeaturesOf, TooEarlyError, lessons, taught_by


@dataclass(frozen=True)
class Rolling:
    """What months are scored with.

    Attributes
    ----------
    labels
        ``client_id``, ``month``, ``opened``, ``snapshot_date``, ``window_until``; months whose openings are known.
    features_of
        Features by month.
    training_months
        Most months that a model learns from.
    folder
        Where the files of the models go, below `data`.
    data
        The data folder.
    seed
        For everything that is drawn.
    names
        Feature → its name for people.
    mark
        Stands in the names of the files.
    champion
        Family that made the scores of the month before the first.
    said_before
        ``month``, ``client_id``, ``logistic``, ``boosted`` of `ModelPredictions`, for months before the first.
    """

    labels: pl.DataFrame
    features_of: FeaturesOf
    training_months: int
    folder: Path
    data: Path
    seed: int
    names: dict[str, str] = field(default_factory=dict)
    mark: str = ""
    champion: str = FIRST_CHAMPION
    said_before: pl.DataFrame = field(default_factory=ModelPredictions.empty)

    def scored(self, months: Sequence[dt.date]) -> Iterator[tuple[dt.date, Scored | TooEarlyError]]:
        """Score months, oldest first; one with too little behind it comes with the reason, one without clients not at all.

        Parameters are searched on the first months of the history alone, and anew when it has grown by half or so.
        """

        @cache
        def searched(looked_at: tuple[dt.date, ...]) -> tuple[dict[str, ModelParameters], pl.DataFrame]:
            return search(looked_at, self.labels, self.features_of, seed=self.seed)

        champion, said = self.champion, {part["month"][0]: part for part in self.said_before.partition_by("month")}

        @cache
        def came(closed: dt.date) -> Measured:
            part = said[closed].select("month", "client_id", "logistic", "boosted").join(self.labels, on=("month", "client_id"))
            part = part.sort("client_id")
            return gini_difference(*(part[name].to_numpy() for name in ("boosted", "logistic", "opened")), seed=self.seed)

        for month in sorted(months):
            clients = self.features_of([month])
            if clients.is_empty():
                continue
            known = lessons(self.labels, clients.select(pl.col("snapshot_date").max()).item())
            try:
                taught = taught_by(known.newest(self.training_months), self.labels, self.features_of)
            except TooEarlyError as error:
                yield month, error
                continue
            # nothing that the month of calibration will be asked takes part in the choice
            parameters, trials = searched(known.earlier[: milestone(len(known.earlier))])
            found = score_month(
                month,
                clients,
                taught,
                champion=champion,
                out_of_time={closed: came(closed) for closed in known.closed[-MOST_MONTHS:] if closed in said},
                parameters=parameters,
                labels_of_columns=self.names,
                folder=self.folder,
                data=self.data,
                mark=self.mark,
                seed=self.seed,
            )
            champion, said[month] = found.told["family"], found.frames[ModelPredictions]
            found.frames[PropensityTrials] = trials.with_columns(month=pl.lit(month))
            yield month, found
