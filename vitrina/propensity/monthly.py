"""The models of one month, learnt from what was known by then, and what they say of its clients."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import polars as pl

from vitrina.files import sha256_of
from vitrina.propensity.calibration import CalibratedModel, calibrate, level
from vitrina.propensity.drift import DRIFTED, columns_to_drop, feature_drift, psi
from vitrina.propensity.encoding import ModelError
from vitrina.propensity.fitting import fit
from vitrina.propensity.leak import ginis_alone
from vitrina.propensity.measures import Measured, gini, gini_difference
from vitrina.propensity.models import ModelParameters
from vitrina.propensity.promotion import FIRST_CHAMPION, MOST_MONTHS, champion_after, pooled
from vitrina.propensity.reasons import reasons
from vitrina.propensity.sql_scoring import scoring_sql
from vitrina.propensity.storing import save
from vitrina.propensity.tables import (
    FAMILIES,
    FeatureSuspicions,
    ModelPredictions,
    PropensityDrift,
    PropensityModels,
    PropensityScores,
)
from vitrina.propensity.teaching import Taught
from vitrina.tables import Table

KEYS = ("client_id", "month", "snapshot_date")
PAYMENTS, TEXT = "n_pay_", "t_text"
NOTHING_CAME: Mapping[dt.date, Measured] = MappingProxyType({})


@dataclass(frozen=True)
class Scored:
    """What a month's models are, and what they say.

    Attributes
    ----------
    frames
        The tables by declaration.
    told
        Figures for people.
    """

    frames: dict[type[Table], pl.DataFrame]
    told: dict[str, Any]


def score_month(  # noqa: PLR0913  # what is scored, by what, and where the models go
    month: dt.date,
    clients: pl.DataFrame,
    taught: Taught,
    *,
    champion: str = FIRST_CHAMPION,
    out_of_time: Mapping[dt.date, Measured] = NOTHING_CAME,
    parameters: dict[str, ModelParameters],
    labels_of_columns: dict[str, str],
    folder: Path,
    data: Path,
    mark: str = "",
    seed: int,
) -> Scored:
    """Teach both models, let the better one score the month's clients, and say how far these have moved from what it knows.

    Parameters
    ----------
    month
        The month.
    clients
        Its features.
    taught
        As of `taught_by`.
    champion
        Family that made the scores of the month before; it stays unless the other is better beyond the interval.
    out_of_time
        Gini of boosted trees less that of logistic regression by month, for closed months that were scored themselves.
    parameters
        By family of model.
    labels_of_columns
        Feature → its name for people.
    folder
        Where the files of the models go.
    data
        The data folder, which stored paths start from.
    mark
        Stands in the names of the files, so that another run does not overwrite them.
    seed
        For everything that is drawn.
    """
    taught = taught.of_columns(clients.columns)
    rehearsed = {family: _rehearse(taught, family, parameters[family], seed) for family in FAMILIES}
    models = {family: _learn(taught, family, rehearsed[family].slope, parameters[family], seed) for family in FAMILIES}
    held_out = {family: model.probabilities(taught.held_out) for family, model in rehearsed.items()}
    # what came of real scores says more than a rehearsal
    rehearsal = {taught.months.closed[-1]: gini_difference(held_out["boosted"], held_out["logistic"], taught.opened, seed=seed)}
    differences = rehearsal | dict(out_of_time)
    ahead = pooled(differences[month] for month in sorted(differences)[-MOST_MONTHS:])
    chosen = champion_after(champion, ahead)
    drift = _drift(month, taught.learning, clients, models[chosen])
    alone = ginis_alone(taught.learning, taught.learnt)
    predictions = _predictions(month, clients, taught, models, chosen, drift, alone, parameters["logistic"], seed)
    by_client = predictions.sort("client_id")
    rows = [
        _model_row(month, family, model, taught, parameters[family], folder / f"{month}-{family}{mark and '-'}{mark}.zip", data)
        | {
            "version": f"{month:%Y-%m}-{family}-{_mark(by_client[family].to_numpy())}",
            "makes_scores": family == chosen,
            "gini_held_out": gini(held_out[family], taught.opened),
            **_ahead(ahead, against_trees=family == "logistic"),
        }
        for family, model in models.items()
    ]
    stored = pl.DataFrame(rows, schema=PropensityModels.polars_schema())
    version = str(stored.filter("makes_scores")["version"][0])
    frames: dict[type[Table], pl.DataFrame] = {
        FeatureSuspicions: _suspicions(month, alone),
        PropensityModels: stored,
        ModelPredictions: predictions,
        PropensityScores: _scores(month, predictions, reasons(models[chosen], clients, labels=labels_of_columns), version),
        PropensityDrift: drift,
    }
    told = {
        "model": version,
        "family": chosen,
        "learnt_from": taught.learning.select(pl.format("{} to {}", pl.col("month").min(), pl.col("month").max())).item(),
        "gini_held_out_logistic": gini(held_out["logistic"], taught.opened),
        "gini_held_out_boosted": gini(held_out["boosted"], taught.opened),
        "score_psi": float(drift.filter(pl.col("feature") == "score")["psi"][0]),
    }
    return Scored(frames, told)


def _ahead(ahead: Measured, *, against_trees: bool) -> dict[str, float | None]:
    """How far a model is ahead of the other one; `ahead` is that of trees."""
    value, low, high = ahead.value, ahead.low, ahead.high
    if against_trees:
        value, low, high = (None if number is None else -number for number in (value, high, low))
    return {"ahead": value, "ahead_low": low, "ahead_high": high}


def _rehearse(taught: Taught, family: str, parameters: ModelParameters, seed: int) -> CalibratedModel:
    """A model that stands to the held-out month as the one that scores stands to the month to be scored."""
    model = fit(taught.earlier, taught.learnt, family, parameters=parameters, seed=seed)  # type: ignore[arg-type]  # one of FAMILIES
    return calibrate(model, taught.held_out, taught.learnt)


def _learn(taught: Taught, family: str, slope: float, parameters: ModelParameters, seed: int) -> CalibratedModel:
    """The model that scores: of all closed months, with the slope that the rehearsal found, at the newest month's level."""
    model = fit(taught.learning, taught.learnt, family, parameters=parameters, seed=seed)  # type: ignore[arg-type]  # one of FAMILIES
    return level(model, slope, taught.held_out, taught.learnt)


def _drift(month: dt.date, before: pl.DataFrame, now: pl.DataFrame, model: CalibratedModel) -> pl.DataFrame:
    # a column that is delivered for the first time has not moved: the model has not learnt it
    compared = [name for name in before.columns if name not in {"client_id", "snapshot_date", TEXT}]
    found = feature_drift(before.select(compared), now.select(compared))
    proposals = columns_to_drop(found, None)
    score = psi(pl.Series(model.uncalibrated(before)), pl.Series(model.uncalibrated(now)))
    rows = pl.concat(
        [
            pl.DataFrame({"feature": ["score"], "psi": [score], "constant_within_month": [False]}),
            found.select("feature", "psi", "constant_within_month"),
        ]
    ).join(proposals.select("feature", proposal="why"), on="feature", how="left", maintain_order="left")
    schema = PropensityDrift.polars_schema()
    return rows.with_columns(month=pl.lit(month), has_drifted=pl.col("psi") > DRIFTED).select(schema.keys()).cast(pl.Schema(schema))


def _predictions(  # noqa: PLR0913, PLR0917  # everything that is said of the clients
    month: dt.date,
    clients: pl.DataFrame,
    taught: Taught,
    models: dict[str, CalibratedModel],
    chosen: str,
    drift: pl.DataFrame,
    alone: pl.DataFrame,
    parameters: ModelParameters,
    seed: int,
) -> pl.DataFrame:
    def without(columns: Sequence[str]) -> np.ndarray | None:
        """What logistic regression says without some columns; None where it has none of them, or nothing else that it could use."""
        names = [name for name in columns if name in taught.learning.columns]
        if not names or set(taught.learning.columns) <= {*names, *KEYS}:
            return None
        try:
            model = _learn(taught.without(names), "logistic", models["logistic"].slope, parameters, seed)
        except ModelError:
            return None
        return model.probabilities(clients.drop(names, strict=False))

    features = [name for name in taught.learning.columns if name not in KEYS]
    best = _best(alone, features)
    calendar = drift.filter("constant_within_month")["feature"].to_list()
    columns = {
        **{family: model.probabilities(clients) for family, model in models.items()},
        **{f"{family}_uncalibrated": model.uncalibrated(clients) for family, model in models.items()},
        "scores": models[chosen].probabilities(clients),
        "scores_uncalibrated": models[chosen].uncalibrated(clients),
        "one_column": without([name for name in features if name != best]) if len(features) > 1 else None,
        "without_payments": without([name for name in features if name.startswith(PAYMENTS)]),
        "without_texts": without([TEXT]),
        "without_calendar": without(calendar),
    }
    schema = ModelPredictions.polars_schema()
    made = clients.select("client_id").with_columns(
        pl.lit(month).alias("month"),
        *(
            pl.lit(None, dtype=pl.Float64).alias(name) if values is None else pl.Series(name, values)
            for name, values in columns.items()
        ),
    )
    return made.select(schema.keys()).cast(pl.Schema(schema))


def _suspicions(month: dt.date, alone: pl.DataFrame) -> pl.DataFrame:
    schema = FeatureSuspicions.polars_schema()
    found = alone.filter(pl.col("why").is_not_null()).with_columns(month=pl.lit(month))
    return found.select(schema.keys()).cast(pl.Schema(schema))


def _best(alone: pl.DataFrame, features: Sequence[str]) -> str:
    """The feature that ranks best by itself."""
    known = alone.filter(pl.col("gini").is_not_null()).sort("gini", "feature", descending=[True, False])
    return str(known["feature"][0]) if known.height else features[0]


def _mark(probabilities: np.ndarray) -> str:
    """Eight digits that tell models apart by what they say: two files of one model differ, for they name parts by their address."""
    return hashlib.sha256(np.round(probabilities, 9).tobytes()).hexdigest()[:8]


def _model_row(  # noqa: PLR0913, PLR0917  # a row of the table
    month: dt.date, family: str, model: CalibratedModel, taught: Taught, parameters: ModelParameters, path: Path, data: Path
) -> dict[str, Any]:
    save(model, path)
    return {
        "month": month,
        "family": family,
        "learnt_from": taught.learning["month"].min(),
        "learnt_until": taught.learning["month"].max(),
        "calibrated_on": taught.months.closed[-1],
        "rehearsed_until": taught.months.earlier[-1],
        "clients": taught.learning.height,
        "openings": int(taught.learnt["opened"].sum()),
        "features": len(model.features),
        "parameters": parameters.as_json(),
        "path": path.relative_to(data).as_posix(),
        "fingerprint": sha256_of(path),
        "sql": scoring_sql(model, "client_features") if family == "logistic" else None,
    }


def _scores(month: dt.date, predictions: pl.DataFrame, why: pl.DataFrame, version: str) -> pl.DataFrame:
    ranked = predictions.select("client_id", probability="scores").sort(["probability", "client_id"], descending=[True, False])
    made = ranked.with_columns(
        pl.lit(month).alias("month"),
        rank=pl.int_range(1, pl.len() + 1),
        decile=pl.int_range(0, pl.len()) * 10 // pl.len() + 1,
        version=pl.lit(version),
    ).join(why, on="client_id", how="left", maintain_order="left")
    schema = PropensityScores.polars_schema()
    return made.select(schema.keys()).cast(pl.Schema(schema))
