"""The index that has passed its trial becomes the one that is searched, with a model of answers calibrated for it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import polars as pl

from vitrina.posts.calibrating import calibrated
from vitrina.posts.indexing import Material, opened
from vitrina.posts.judgement import set_hash
from vitrina.posts.measures import MISTYPED
from vitrina.posts.tables import AnswerModels, AnswerThresholds, PostIndexes
from vitrina.posts.trial import SEED, asked_of
from vitrina.settings import Settings


@dataclass(frozen=True)
class Known:
    """What is in use: tables `PostIndexes`, `AnswerModels` and `AnswerThresholds`."""

    index: pl.DataFrame
    model: pl.DataFrame
    thresholds: pl.DataFrame


@dataclass(frozen=True)
class Promoted:
    """What is in use from now on.

    Attributes
    ----------
    index, model, thresholds
        Tables `PostIndexes`, `AnswerModels` and `AnswerThresholds`.
    held_out
        As of `Calibrated`; None where nothing had to be calibrated anew.
    """

    index: pl.DataFrame
    model: pl.DataFrame
    thresholds: pl.DataFrame
    held_out: pl.DataFrame | None


def promoted(  # noqa: PLR0913  # what passed, what it was made of, and what is in use
    candidates: pl.DataFrame,
    models: pl.DataFrame,
    material: Material,
    raw_known_answers: pl.DataFrame,
    known: Known,
    *,
    settings: Settings,
    now: dt.datetime,
) -> Promoted:
    """Put the chosen index in use, and calibrate its answers if the posts, the questions or the promise have changed.

    Parameters
    ----------
    candidates
        Table `IndexCandidates`.
    models
        Table `EmbeddingModels`: the model in use says which candidate is chosen.
    material
        What the candidates were made of; vectors are not needed.
    raw_known_answers
        Table `RawKnownAnswers`.
    known
        What is in use.
    settings
        For the promised share of false answers, and for folders.
    now
        The time of the calibration.
    """
    in_use = models.filter(pl.col("state") == "in use")["model"].to_list()
    index = PostIndexes.check(candidates.filter(pl.col("model").is_in(in_use)).head(1))
    row = index.row(0, named=True)
    questions = asked_of(material, raw_known_answers).filter(pl.col("questions") != MISTYPED)
    asked = set_hash(questions)
    if _still_holds(known, row["version"], asked, settings.posts_false_answers):
        return Promoted(index, known.model, known.thresholds, None)
    found = calibrated(
        opened(settings, row), questions, duplicates=material.duplicates, rate=settings.posts_false_answers, seed=SEED
    )
    area = found.auroc
    model = {
        "version": row["version"],
        "fitted_at": now,
        "parameters": found.model.to_json(),
        "auroc": area.value if area else None,
        "auroc_low": area.low if area else None,
        "auroc_high": area.high if area else None,
        "questions": found.held_out.height // 2,
        "set_hash": asked,
    }
    return Promoted(
        index,
        AnswerModels.check(pl.DataFrame([model], schema=AnswerModels.polars_schema())),
        AnswerThresholds.check(found.thresholds),
        found.held_out,
    )


def _still_holds(known: Known, version: str, asked: str, promise: float) -> bool:
    model, thresholds = known.model, known.thresholds
    return (
        model.height == 1
        and model.select("version", "set_hash").row(0) == (version, asked)
        and set(thresholds["target"]) <= {promise}
    )
