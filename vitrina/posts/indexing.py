"""Which indexes the posts as they stand give: one with the model in use, and one with a model on trial beside it.

An index is named by what is in it. The same posts and models give the same name, so nothing is built, judged or calibrated
twice.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import polars as pl

from vitrina.posts.embedding import NAVEC, Embedder, EmbedderError, FloatArray, embedder
from vitrina.posts.embeddings import bring_up_to_date, vectors_of
from vitrina.posts.index import IndexManifest, build_index
from vitrina.posts.index_files import IndexDamagedError
from vitrina.posts.language import dictionaries
from vitrina.posts.search import SearchIndex
from vitrina.posts.tables import IndexCandidates, Passages, PostDuplicates, PostEmbeddings, Posts
from vitrina.settings import Settings

FORMAT = "2"
"""Of what is built: another one gives every index another name."""

FOLDER = "post_indexes"
PATIENCE_S = 60.0
"""Longest wait for a batch of vectors while posts are embedded, in seconds: nobody waits for an answer."""

BATCH = 256


@dataclass(frozen=True)
class Models:
    """Models whose vectors are kept.

    Attributes
    ----------
    by_setting
        Text of a setting → its model: the one that is wanted first, then the one in use where that is another.
    fallback
        The model that answers in place of one behind the network; None where all are local.
    """

    by_setting: Mapping[str, Embedder]
    fallback: Embedder | None

    @property
    def all(self) -> tuple[Embedder, ...]:
        """Each model once."""
        found = {one.model: one for one in (*self.by_setting.values(), *([self.fallback] if self.fallback else []))}
        return tuple(found.values())


@dataclass(frozen=True)
class Material:
    """What an index is made of: tables `Posts`, `Passages`, `PostDuplicates` and `PostEmbeddings`."""

    posts: pl.DataFrame
    passages: pl.DataFrame
    duplicates: pl.DataFrame
    embeddings: pl.DataFrame


def models(settings: Settings, in_use: str | None) -> Models:
    """The models that the settings and the index in use ask for.

    Parameters
    ----------
    settings
        Name the model that is wanted.
    in_use
        The setting that names the model of the index in use; None where there is none.

    Raises
    ------
    EmbedderError
        The wanted model cannot be loaded. One in use that is gone is left out: nothing can be compared with it.
    """
    wanted = embedder_of(settings, settings.posts_embedder, timeout_s=PATIENCE_S)
    found = {settings.posts_embedder: wanted}
    if in_use is not None and in_use != settings.posts_embedder:
        try:
            before = embedder_of(settings, in_use, timeout_s=PATIENCE_S)
        except EmbedderError:
            before = wanted
        if before.model != wanted.model:
            found[in_use] = before
    is_remote = any(one.is_remote for one in found.values())
    return Models(found, embedder(NAVEC) if is_remote else None)


def embedder_of(settings: Settings, name: str, *, timeout_s: float | None = None) -> Embedder:
    """A model by the text of its setting, with the key that the settings hold; loaded once per process.

    Parameters
    ----------
    settings
        For the key, and for how long a person waits for an answer.
    name
        Text of the setting.
    timeout_s
        Longest wait, where nobody waits for an answer.
    """
    return _loaded(name, settings.posts_embedder_key.get_secret_value(), timeout_s or settings.posts_embedder_timeout_s)


@lru_cache(4)
def _loaded(name: str, key: str, timeout_s: float) -> Embedder:
    return embedder(name, key=key, timeout_s=timeout_s)


def embedded(known: pl.DataFrame, passages: pl.DataFrame, wanted: Models) -> tuple[pl.DataFrame, dict[str, int]]:
    """Table `PostEmbeddings` of all wanted models, and per model how many texts had to be embedded now."""
    frames, counts = [], {}
    for model in wanted.all:
        brought = bring_up_to_date(known, passages, model, batch=BATCH)
        frames.append(brought.embeddings)
        counts[model.model] = brought.embedded
    return PostEmbeddings.check(pl.concat(frames).sort("model", "text_hash")), counts


def candidates(material: Material, wanted: Models, *, settings: Settings, built_at: dt.datetime) -> pl.DataFrame:
    """Build what is not built yet: table `IndexCandidates`, the wanted model's index first.

    Parameters
    ----------
    material
        What stands now.
    wanted
        The models.
    settings
        For the folder of artifacts.
    built_at
        The time of the build.
    """
    rows = []
    for name, model in wanted.by_setting.items():
        fallback = wanted.fallback if wanted.fallback is not None and wanted.fallback.model != model.model else None
        version = index_version(material, [one.model for one in (model, *([fallback] if fallback else []))])
        folder = settings.artifacts / "posts" / FOLDER / version
        manifest = _built(material, model, fallback, version=version, folder=folder)
        rows.append(
            {
                "version": version,
                "built_at": built_at,
                "path": folder.relative_to(settings.data).as_posix(),
                "fingerprint": manifest.fingerprint,
                "size": manifest.size,
                "posts": manifest.posts,
                "passages": manifest.passages,
                "channels": manifest.channels,
                "terms": manifest.terms,
                "model": model.model,
                "embedder": name,
                "fallback_model": fallback.model if fallback else None,
            }
        )
    return IndexCandidates.check(pl.DataFrame(rows, schema=IndexCandidates.polars_schema()))


def opened(settings: Settings, row: Mapping[str, str | None], wanted: Models | None = None) -> SearchIndex:
    """Open an index by its row of `IndexCandidates` or `PostIndexes`.

    Parameters
    ----------
    settings
        For the data folder, and for models.
    row
        ``path``, ``embedder`` and ``fallback_model``.
    wanted
        Models that are loaded already.
    """
    name = str(row["embedder"])
    loaded = wanted.by_setting.get(name) if wanted is not None else None
    fallback = (wanted.fallback if wanted is not None and wanted.fallback else embedder(NAVEC)) if row["fallback_model"] else None
    return SearchIndex.open(settings.data / str(row["path"]), embedder=loaded or embedder_of(settings, name), fallback=fallback)


def index_version(material: Material, model_names: Sequence[str]) -> str:
    """What tells an index from others: 16 digits of a hash over what is in it."""
    digest = hashlib.sha256("\0".join([FORMAT, dictionaries(), *model_names]).encode())
    for table, frame, columns in (
        (Passages, material.passages, ("start", "end", "text_hash")),
        (Posts, material.posts, ("text_hash", "link", "posted_at", "channel_name")),
        (PostDuplicates, material.duplicates, ("first_platform", "first_channel_id", "first_post_id")),
    ):
        digest.update(frame.select(*table.key(), *columns).sort(table.key()).write_csv().encode())
    return digest.hexdigest()[:16]


def _built(material: Material, model: Embedder, fallback: Embedder | None, *, version: str, folder: Path) -> IndexManifest:
    try:
        if folder.exists():
            return IndexManifest.of(folder)
    except IndexDamagedError:
        # nothing is lost: it is made of tables that are all there
        shutil.rmtree(folder)
    vectors: dict[str, FloatArray] = {
        one.model: vectors_of(material.passages, material.embeddings, one.model) for one in (model, fallback) if one is not None
    }
    return build_index(
        material.passages,
        vectors,
        material.duplicates,
        posts=material.posts,
        model=model.model,
        fallback=fallback.model if fallback is not None else None,
        version=version,
        folder=folder,
    )
