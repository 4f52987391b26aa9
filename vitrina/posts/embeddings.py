"""Vectors of passages: nothing is embedded twice, nothing that was deleted stays, and a model gives way only to one that is no worse."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import polars as pl

from vitrina.errors import InvalidTableError, VitrinaError
from vitrina.posts.embedding import Embedder, EmbedderError, FloatArray
from vitrina.posts.tables import PostEmbeddings

BATCH = 512

Difference: TypeAlias = tuple[float, float | None, float | None]
"""Value, lower and upper end of its 95 % interval."""


@dataclass(frozen=True)
class Brought:
    """Embeddings as they ought to be.

    Attributes
    ----------
    embeddings
        Rows of `PostEmbeddings`, ordered by model and text.
    embedded
        Texts that had to be embedded for it.
    """

    embeddings: pl.DataFrame
    embedded: int


@dataclass(frozen=True)
class ModelFigures:
    """How well searches with a model find posts.

    Attributes
    ----------
    model
        Its name.
    mrr
        MRR@10; None where it was not judged.
    low, high
        The 95 % interval of `mrr` on its own.
    questions
        Questions that it was judged by.
    """

    model: str
    mrr: float | None
    low: float | None
    high: float | None
    questions: int | None


def bring_up_to_date(  # noqa: PLR0913  # what is known and wanted, and how to go about it
    known: pl.DataFrame,
    passages: pl.DataFrame,
    embedder: Embedder,
    *,
    batch: int = BATCH,
    keep: Collection[str] = (),
    on_batch: Callable[[pl.DataFrame], None] | None = None,
) -> Brought:
    """Embed the texts that have no vector of the model yet, and forget those that no passage has any more.

    Parameters
    ----------
    known
        Rows of `PostEmbeddings`, of any models.
    passages
        Rows of `Passages`: all that there are.
    embedder
        The model.
    batch
        Texts that are embedded at a time.
    keep
        Other models whose rows stay, as far as passages still have their texts.
    on_batch
        Is given the rows of each batch as soon as they are there: to store them where a run may break off, or to show progress.

    Returns
    -------
    Brought
        One row of the model for each text of the passages, and the rows of the other models.

    Raises
    ------
    EmbedderError
        The model cannot be reached, or does not give one finite vector of its length per text.
    InvalidTableError
        Its vectors have several lengths.
    """
    texts = passages.select("text_hash", "searched").unique("text_hash", keep="any").sort("text_hash")
    kept = known.filter(pl.col("model").is_in([embedder.model, *keep]) & pl.col("text_hash").is_in(texts["text_hash"].implode()))
    mine = kept.filter(pl.col("model") == embedder.model)
    missing = texts.join(mine, on="text_hash", how="anti", maintain_order="left")
    fresh = []
    for rows in _embedded(missing, embedder, batch):
        fresh.append(rows)
        if on_batch is not None:
            on_batch(rows)
    found = pl.concat([PostEmbeddings.empty(), kept.select(PostEmbeddings.polars_schema().keys()), *fresh]).sort(
        "model", "text_hash"
    )
    _one_length(found, embedder.model)
    return Brought(found, len(missing))


def _embedded(missing: pl.DataFrame, embedder: Embedder, batch: int) -> Iterator[pl.DataFrame]:
    for texts in missing.iter_slices(batch):
        vectors = embedder.embed(texts["searched"].to_list())
        expected = (len(texts), embedder.dimensions)
        if vectors.shape != expected or not np.isfinite(vectors).all():
            raise EmbedderError(
                f"{embedder.model} gave vectors of shape {vectors.shape}, or such that are no numbers; expected {expected}.",
                "Choose another model, or correct the embedder. Nothing was written.",
            )
        named = texts.select("text_hash", model=pl.lit(embedder.model))
        vector = pl.Series("vector", vectors.astype(np.float32), dtype=pl.Array(pl.Float32, expected[1])).cast(pl.List(pl.Float32))
        yield named.with_columns(vector)


def vectors_of(passages: pl.DataFrame, embeddings: pl.DataFrame, model: str) -> FloatArray:
    """Vectors of one model, in the order of the passages.

    Parameters
    ----------
    passages
        Rows of `Passages`.
    embeddings
        Rows of `PostEmbeddings`, of any models and texts.
    model
        Its name.

    Returns
    -------
    numpy.ndarray
        Shape (passages, dimensions), float32; without any vector, dimensions are 0.

    Raises
    ------
    InvalidTableError
        A passage has no vector of the model, or its vectors have several lengths.
    """
    mine = embeddings.filter(pl.col("model") == model)
    length = _one_length(mine, model)
    vectors = mine["vector"].explode(empty_as_null=False).to_numpy().astype(np.float32).reshape(len(mine), length)
    rows = passages.select("text_hash").join(
        mine.select("text_hash").with_row_index("row"), on="text_hash", how="left", maintain_order="left", validate="m:1"
    )["row"]
    if rows.null_count():
        raise InvalidTableError(
            f"{PostEmbeddings.table_name()}: {rows.null_count()} of {len(rows)} passage(s) have no vector of {model}.",
            "Bring the embeddings up to date with these passages first.",
        )
    return np.asarray(vectors[rows.to_numpy()], dtype=np.float32)


def _one_length(embeddings: pl.DataFrame, model: str) -> int:
    """The length of a model's vectors; 0 where there are none."""
    lengths = embeddings.filter(pl.col("model") == model)["vector"].list.len().unique().sort().to_list()
    if len(lengths) > 1:
        raise InvalidTableError(
            f"{PostEmbeddings.table_name()}: the vectors of {model} have {', '.join(map(str, lengths))} numbers; expected one length.",
            "The model has changed under its name: give the new one a name of its own, or delete its rows. Nothing was written.",
        )
    return int(lengths[0]) if lengths else 0


def chosen(in_use: ModelFigures | None, on_trial: ModelFigures | None, difference: Difference | None = None) -> tuple[str, str]:
    """The model that searches should use, and why.

    Somebody has asked for the model on trial, so it need not be better. It takes over unless it is worse beyond chance: unless
    the whole 95 % interval of the difference, on the very same questions, lies below 0. What was not compared does not take over.

    Parameters
    ----------
    in_use, on_trial
        Either may be missing, not both.
    difference
        MRR@10 of the model on trial minus that of the one in use, with its paired interval. Without it, the model on trial is
        held against the lower end of the other's own interval, which is more lenient where questions are few.

    Returns
    -------
    tuple of str
        The model's name, and a sentence for people.

    Raises
    ------
    VitrinaError
        There is no model at all.
    """
    if in_use is None or on_trial is None or in_use.model == on_trial.model:
        only = on_trial or in_use
        if only is None:
            raise VitrinaError("There is no embedding model to choose from.", "Name one in the settings.")
        return only.model, "There is no other model to compare it with."
    if in_use.mrr is None or on_trial.mrr is None:
        return in_use.model, f"{on_trial.model} was not judged on any question, so {in_use.model} stays."
    figures = f"MRR@10 {on_trial.mrr:.3f} against {in_use.mrr:.3f} on {on_trial.questions or 0} questions"
    _, low, high = difference or (0.0, None, None)
    if low is not None and high is not None:
        is_worse = high < 0
        figures += f", a difference of {low:+.3f} to {high:+.3f}"
    elif in_use.low is not None:
        is_worse = on_trial.mrr < in_use.low
        figures += f", whose interval begins at {in_use.low:.3f}"
    else:
        return in_use.model, f"{figures}: too few to compare {on_trial.model} by, so {in_use.model} stays."
    if is_worse:
        return in_use.model, f"{figures}: {on_trial.model} is worse than {in_use.model}, which stays."
    return on_trial.model, f"{figures}: {on_trial.model} is no worse than {in_use.model}, and takes over."
