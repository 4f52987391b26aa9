"""Indexes on trial: each is judged on the same questions, against the published one and, with a new model, against the old model."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from vitrina.posts.embeddings import ModelFigures, chosen
from vitrina.posts.index_files import IndexDamagedError
from vitrina.posts.indexing import Material, Models, opened
from vitrina.posts.judgement import differences, judge, question_sets, set_hash, within
from vitrina.posts.known_answers import known_answers
from vitrina.posts.known_items import known_items
from vitrina.posts.measures import ALL, GENERATED, MRR, PEOPLES, RECALL_AT_1, RECALL_AT_10
from vitrina.posts.search import SearchIndex
from vitrina.posts.tables import EmbeddingModels, SearchDifferences, SearchQuality
from vitrina.settings import Settings

N_KNOWN_ITEMS = 600
SEED = 0
HEADLINE = (RECALL_AT_1, RECALL_AT_10, MRR)


@dataclass(frozen=True)
class Before:
    """What earlier runs have left: tables `PostIndexes`, `SearchQuality` and `SearchDifferences`."""

    index: pl.DataFrame
    quality: pl.DataFrame
    differences: pl.DataFrame


@dataclass(frozen=True)
class Trial:
    """What the trial has shown.

    Attributes
    ----------
    quality, differences, models
        Tables `SearchQuality`, `SearchDifferences` and `EmbeddingModels`.
    version
        The index that the answers should come from.
    """

    quality: pl.DataFrame
    differences: pl.DataFrame
    models: pl.DataFrame
    version: str


def asked_of(material: Material, raw_known_answers: pl.DataFrame) -> pl.DataFrame:
    """All questions whose answers are known: those of people, and those made from posts, spelt rightly and wrongly."""
    people = known_answers(raw_known_answers, material.posts)
    generated = known_items(material.passages, n=N_KNOWN_ITEMS, seed=SEED, duplicates=material.duplicates)
    return question_sets(people, generated, seed=SEED)


def tried(  # noqa: PLR0913  # what is tried, on what, and what was known before
    candidates: pl.DataFrame,
    questions: pl.DataFrame,
    material: Material,
    before: Before,
    wanted: Models,
    *,
    settings: Settings,
    now: dt.datetime,
) -> Trial:
    """Judge every candidate; what was judged on the same questions before is not judged again.

    Parameters
    ----------
    candidates
        Table `IndexCandidates`, the wanted model's first.
    questions
        As of `asked_of`.
    material
        What the candidates were made of.
    before
        What earlier runs have left.
    wanted
        Models that are loaded.
    settings
        For folders and models.
    now
        The time of the judgement.
    """
    rows = candidates.to_dicts()
    indexes = {row["version"]: opened(settings, row, wanted) for row in rows}
    sets = {set_hash(part) for part in questions.partition_by("questions")}
    quality = []
    for version, index in indexes.items():
        known = before.quality.filter(pl.col("version") == version)
        judged = not known.is_empty() and sets == set(known["set_hash"])
        quality.append(
            known if judged else judge(index, questions, version=version, judged_at=now, seed=SEED, duplicates=material.duplicates)
        )
    first, others = rows[0]["version"], [row["version"] for row in rows[1:]]
    pairs = [(first, other, indexes[other]) for other in others]
    if (published := _published(before.index, settings, wanted)) is not None:
        pairs += [(version, published.version, published) for version in indexes if version != published.version]
    paired = [
        _difference(indexes[version], other, against, questions, material, before.differences) for version, against, other in pairs
    ]
    frame = pl.concat([SearchDifferences.empty(), *paired]).unique(SearchDifferences.key(), keep="first", maintain_order=True)
    found = pl.concat(quality)
    version, said = _chosen(rows, found, frame)
    table = _models(rows, found, version, said, material)
    # of the index in use too: the next one is compared with it
    kept = before.quality.filter(
        pl.col("version").is_in(before.index["version"].to_list()) & ~pl.col("version").is_in(list(indexes))
    )
    return Trial(SearchQuality.check(pl.concat([kept, found])), SearchDifferences.check(frame), table, version)


def headline(quality: pl.DataFrame) -> dict[str, float]:
    """Figures that Dagster plots over runs: how the index in use finds posts.

    Parameters
    ----------
    quality
        Rows of `SearchQuality` of one index.
    """
    rows = quality.filter((pl.col("searched_by") == "fused") & (pl.col("overlap") == ALL) & pl.col("measure").is_in(HEADLINE))
    return {
        f"{measure}_of_{questions.replace(' ', '_')}": value
        for questions, measure, value in rows.select("questions", "measure", "value").iter_rows()
    }


def _published(index: pl.DataFrame, settings: Settings, wanted: Models) -> SearchIndex | None:
    """The index in use; None where there is none any longer to compare with."""
    if index.is_empty():
        return None
    row = index.row(0, named=True)
    if row["embedder"] not in wanted.by_setting:
        return None
    try:
        return opened(settings, row, wanted)
    except IndexDamagedError:
        return None


def _difference(  # noqa: PLR0913, PLR0917  # two indexes, by name and opened, and what they are asked
    now: SearchIndex, before: SearchIndex, compared_with: str, questions: pl.DataFrame, material: Material, known: pl.DataFrame
) -> pl.DataFrame:
    sets = {set_hash(part) for part in questions.partition_by("questions")}
    stored = known.filter((pl.col("version") == now.version) & (pl.col("compared_with") == compared_with))
    if not stored.is_empty() and set(stored["set_hash"]) == sets:
        return stored
    # a post that only one of them holds says nothing about how well they find
    both = within(before.channels, questions)
    found = differences(now, before, both, seed=SEED, duplicates=material.duplicates)
    named = found.with_columns(pl.lit(now.version).alias("version"), pl.lit(compared_with).alias("compared_with"))
    return named.select(pl.col(name).cast(dtype) for name, dtype in SearchDifferences.polars_schema().items())


def _judged_by(quality: pl.DataFrame) -> str:
    """People's questions tell more than those made from posts, where there are any."""
    return PEOPLES if PEOPLES in set(quality["questions"]) else GENERATED


def _chosen(rows: list[dict[str, str]], quality: pl.DataFrame, paired: pl.DataFrame) -> tuple[str, dict[str, str]]:
    """The version to answer from, and why each model is in its state."""
    wanted = rows[0]
    if len(rows) == 1:
        return wanted["version"], {wanted["model"]: "The settings name it."}
    in_use = rows[1]
    figures = [_figures(row, quality) for row in rows]
    mine = paired.filter(
        (pl.col("version") == wanted["version"])
        & (pl.col("compared_with") == in_use["version"])
        & (pl.col("questions") == _judged_by(quality))
        & (pl.col("searched_by") == "fused")
        & (pl.col("measure") == MRR)
    )
    interval = mine.select("difference", "low", "high").row(0) if mine.height else None
    model, said = chosen(figures[1], figures[0], interval)
    version = next(row["version"] for row in rows if row["model"] == model)
    return version, {row["model"]: said for row in rows}


def _figures(row: Mapping[str, str], quality: pl.DataFrame) -> ModelFigures:
    found = quality.filter(
        (pl.col("version") == row["version"])
        & (pl.col("questions") == _judged_by(quality))
        & (pl.col("searched_by") == "fused")
        & (pl.col("overlap") == ALL)
        & (pl.col("measure") == MRR)
    ).select("value", "low", "high", "n")
    value, low, high, n = found.row(0) if found.height else (None, None, None, 0)
    return ModelFigures(row["model"], value, low, high, n)


def _models(
    rows: list[dict[str, str]], quality: pl.DataFrame, version: str, said: Mapping[str, str], material: Material
) -> pl.DataFrame:
    texts = dict(material.embeddings.group_by("model").agg(pl.col("text_hash").n_unique()).iter_rows())
    lengths = dict(material.embeddings.group_by("model").agg(pl.col("vector").list.len().first()).iter_rows())
    found = []
    for model in sorted(texts):
        row = next((row for row in rows if row["model"] == model), None)
        figures = _figures(row, quality) if row is not None else ModelFigures(model, None, None, None, None)
        state = "standing by" if row is None else "in use" if row["version"] == version else "on trial"
        found.append(
            {
                "model": model,
                "state": state,
                "dimensions": lengths[model],
                "texts": texts[model],
                "mrr": figures.mrr,
                "mrr_low": figures.low,
                "mrr_high": figures.high,
                "questions": figures.questions,
                "said": said.get(model, "It answers when the model behind the network does not."),
            }
        )
    return EmbeddingModels.check(pl.DataFrame(found, schema=EmbeddingModels.polars_schema()))
