"""The index that questions are searched in: built from passages in one go, each distinct word looked up once.

Passages are ordered by channel, so that a channel is one range of rows and nobody's search touches another's. Postings are
of lemmas; beside them stands the order of words in each passage, which tells how near to one another they are.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from vitrina.errors import VitrinaError
from vitrina.posts.bm25 import Postings
from vitrina.posts.embedding import FloatArray
from vitrina.posts.index_files import IndexFolder, as_text, fingerprint, size, write_folder
from vitrina.posts.index_layout import LAYOUT, NO_GROUP, NO_TIME
from vitrina.posts.language import LEMMATIZER, STOP_WORDS, dictionaries, words
from vitrina.posts.typos import Trigrams

Ints: TypeAlias = npt.NDArray[np.int64]

POST = ("platform", "channel_id", "post_id")
LARGEST = 127

PAIRS_FOR_BACKGROUND = 20_000
"""Of passages, whose cosine says what a model calls unrelated; for the mean that is ±.001."""


@dataclass(frozen=True)
class IndexManifest:
    """What an index says about itself.

    Attributes
    ----------
    version
        Its version.
    posts, passages, channels, terms
        How many there are; terms are distinct lemmas.
    model, fallback_model
        Of its vectors, and of those that answer when the model cannot be reached.
    size
        Bytes of all its files.
    fingerprint
        SHA-256 of its manifest, which holds those of all files.
    """

    version: str
    posts: int
    passages: int
    channels: int
    terms: int
    model: str
    fallback_model: str | None
    size: int
    fingerprint: str

    @classmethod
    def of(cls, folder: Path) -> IndexManifest:
        """What an index that lies in a folder says about itself; every byte of it is compared with its fingerprint.

        Raises
        ------
        IndexDamagedError
            A file is missing, damaged, or not the one that was written.
        """
        opened = IndexFolder.open(folder, LAYOUT)
        opened.verify()
        said = opened.manifest
        return cls(
            version=said["version"],
            posts=said["posts"],
            passages=said["passages"],
            channels=len(said["channels"]),
            terms=said["terms"],
            model=said["model"],
            fallback_model=said["fallback_model"],
            size=size(folder),
            fingerprint=fingerprint(folder),
        )


def build_index(  # noqa: PLR0913  # what there is to search, and what to call it
    passages: pl.DataFrame,
    vectors: Mapping[str, FloatArray],
    duplicates: pl.DataFrame,
    *,
    posts: pl.DataFrame,
    model: str,
    fallback: str | None = None,
    version: str,
    folder: Path,
) -> IndexManifest:
    """Build an index and write it to a folder, whole or not at all.

    The order of rows does not matter: the same passages give the same files.

    Parameters
    ----------
    passages
        ``platform``, ``channel_id``, ``post_id``, ``ordinal``, ``text``, ``searched``.
    vectors
        Model → a vector for each row of `passages`, shape (passages, dimensions).
    duplicates
        ``platform``, ``channel_id``, ``post_id`` and the same of the first of the group, as ``first_*``.
    posts
        ``platform``, ``channel_id``, ``post_id``, ``link``, ``posted_at``; those without passages are left out.
    model, fallback
        Models of `vectors`: the one that is used, and the one for when that cannot be reached.
    version
        Name of the index.
    folder
        Where to write; it must not exist, or hold the same index.

    Raises
    ------
    VitrinaError
        A passage is of no post, vectors do not fit the passages, or the folder holds something else.
    """
    _check(passages, vectors, (model, *([] if fallback is None else [fallback])))
    ordered, known = _in_order(passages, posts)
    vocabulary = _vocabulary(ordered["searched"].to_list())
    postings = Postings.of(vocabulary.order_starts, vocabulary.form_terms[vocabulary.order_forms], len(vocabulary.terms))
    kept = {name: _packed(np.asarray(vectors[name], dtype=np.float32)[ordered["given"].to_numpy()]) for name in sorted(vectors)}
    channels = _channels(ordered)
    arrays = {
        **_vocabulary_arrays(vocabulary, len(ordered)),
        "posting_starts": postings.starts,
        "posting_rows": postings.rows,
        "posting_weights": postings.weights,
        "posting_idf": postings.idf,
        **_passage_arrays(ordered),
        **_post_arrays(known, duplicates, [channel["name"] for channel in channels]),
        **{f"vectors_{number}": packed.rows for number, packed in enumerate(kept.values())},
    }
    manifest = {
        "version": version,
        "dictionaries": dictionaries(),
        "model": model,
        "fallback_model": fallback,
        "passages": len(ordered),
        "posts": len(known),
        "terms": len(vocabulary.terms),
        "channels": channels,
        "vectors": [
            {
                "model": name,
                "array": f"vectors_{number}",
                "dimensions": packed.rows.shape[1],
                "scale": packed.scale,
                **_background(packed),
            }
            for number, (name, packed) in enumerate(kept.items())
        ],
    }
    write_folder(folder, manifest, arrays)
    return IndexManifest.of(folder)


def _check(passages: pl.DataFrame, vectors: Mapping[str, FloatArray], used: Sequence[str]) -> None:
    for name in used:
        if name not in vectors:
            raise VitrinaError(
                f"There are no vectors of the model {name!r}, only of {', '.join(map(repr, vectors)) or 'none'}.",
                "Embed the passages with it first.",
            )
    for name, rows in vectors.items():
        shape = np.shape(rows)
        if len(shape) != 2 or shape[0] != len(passages) or not np.isfinite(rows).all():
            raise VitrinaError(
                f"The vectors of {name!r} have the shape {shape}, or are not finite; there are {len(passages):,} passages.",
                "Give one vector of finite numbers for each passage, in the order of the passages.",
            )


def _in_order(passages: pl.DataFrame, posts: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Passages by channel, post and place, with the number of their post; and these posts."""
    named = pl.format("{}:{}", "platform", "channel_id").alias("channel")
    known = (
        posts.join(passages.select(POST).unique(), on=POST, how="semi")
        .with_columns(named)
        .sort("channel", "post_id")
        .with_row_index("post")
    )
    ordered = (
        passages.with_row_index("given")
        .join(known.select(*POST, "channel", "post"), on=POST, how="left", maintain_order="left")
        .sort("channel", "post", "ordinal", nulls_last=False)
    )
    if ordered["post"].null_count():
        lost = ordered.filter(pl.col("post").is_null()).row(0, named=True)
        raise VitrinaError(
            f"A passage is of the post {lost['post_id']!r} of {lost['platform']}:{lost['channel_id']}, which is not among the posts.",
            "Make the passages from the same posts.",
        )
    return ordered, known


class _Vocabulary(NamedTuple):
    """Words of all passages.

    Attributes
    ----------
    terms
        Lemmas in alphabetical order.
    forms
        Words as they are written, ordered by lemma.
    form_terms
        Lemma of each form.
    order_starts, order_forms
        Where each passage's forms begin, and the forms in order; without stop words, unless there is nothing else.
    """

    terms: list[str]
    forms: list[str]
    form_terms: npt.NDArray[np.int32]
    order_starts: Ints
    order_forms: npt.NDArray[np.int32]


def _vocabulary(texts: Sequence[str]) -> _Vocabulary:
    numbers: dict[str, int] = {}
    flat, lengths = array("i"), array("q")
    for text in texts:
        tokens = words(text)
        lengths.append(len(tokens))
        flat.extend([numbers.setdefault(token, len(numbers)) for token in tokens])
    met = list(numbers)
    lemma_of = [LEMMATIZER.lemma(form) for form in met]
    silent = np.array([form in STOP_WORDS or lemma in STOP_WORDS for form, lemma in zip(met, lemma_of, strict=True)], dtype=bool)
    occurrences, counts = np.array(flat, dtype=np.int32), np.array(lengths, dtype=np.int64)
    owners = np.repeat(np.arange(len(texts)), counts)
    says_something = np.bincount(owners[~silent[occurrences]], minlength=len(texts)) > 0
    kept = ~silent[occurrences] | ~says_something[owners]
    occurrences, owners = occurrences[kept], owners[kept]
    # forms that only stop words have are nowhere any more
    used = np.unique(occurrences)
    ranked = sorted(used.tolist(), key=lambda form: (lemma_of[form], met[form]))
    places = np.full(len(met), -1, dtype=np.int32)
    places[ranked] = np.arange(len(ranked), dtype=np.int32)
    terms, form_terms = np.unique(np.array([lemma_of[form] for form in ranked], dtype=object), return_inverse=True)
    return _Vocabulary(
        terms.tolist(),
        [met[form] for form in ranked],
        form_terms.astype(np.int32),
        np.concatenate([[0], np.cumsum(np.bincount(owners, minlength=len(texts)))]).astype(np.int64),
        places[occurrences],
    )


def _vocabulary_arrays(vocabulary: _Vocabulary, n_passages: int) -> dict[str, npt.NDArray[Any]]:
    term_text, term_starts = as_text(vocabulary.terms)
    form_text, form_starts = as_text(vocabulary.forms)
    owners = np.repeat(np.arange(n_passages), np.diff(vocabulary.order_starts))
    n_forms = max(len(vocabulary.forms), 1)
    once = np.unique(owners * n_forms + vocabulary.order_forms) % n_forms
    trigrams = Trigrams.of(vocabulary.forms)
    return {
        "term_text": term_text,
        "term_starts": term_starts,
        "term_forms": np.searchsorted(vocabulary.form_terms, np.arange(len(vocabulary.terms) + 1)).astype(np.int64),
        "form_text": form_text,
        "form_starts": form_starts,
        "form_frequencies": np.bincount(once, minlength=len(vocabulary.forms)).astype(np.int32),
        "trigram_keys": trigrams.keys,
        "trigram_starts": trigrams.starts.astype(np.int64),
        "trigram_forms": trigrams.words,
        "order_starts": vocabulary.order_starts,
        "order_forms": vocabulary.order_forms,
    }


def _channels(ordered: pl.DataFrame) -> list[dict[str, Any]]:
    """Each channel's name and range of rows."""
    ranges = (
        ordered.with_row_index("row")
        .group_by("channel", maintain_order=True)
        .agg(pl.col("row").min().alias("start"), pl.col("row").max().cast(pl.Int64).alias("end") + 1)
    )
    return [{"name": str(name), "start": int(start), "end": int(end)} for name, start, end in ranges.iter_rows()]


def _passage_arrays(ordered: pl.DataFrame) -> dict[str, npt.NDArray[Any]]:
    text, starts = as_text(ordered["text"].to_list())
    return {
        "passage_text": text,
        "passage_starts": starts,
        "passage_posts": ordered["post"].to_numpy().astype(np.int32),
        "passage_ordinals": ordered["ordinal"].to_numpy().astype(np.int32),
    }


def _post_arrays(known: pl.DataFrame, duplicates: pl.DataFrame, channels: Sequence[str]) -> dict[str, npt.NDArray[Any]]:
    text, starts = as_text(known["post_id"].to_list())
    link_text, link_starts = as_text(known["link"].fill_null("").to_list())
    names = pl.DataFrame({"channel": channels}, schema={"channel": pl.String}).with_row_index("number")
    return {
        "post_text": text,
        "post_starts": starts,
        "link_text": link_text,
        "link_starts": link_starts,
        "post_times": known["posted_at"].cast(pl.Datetime("us")).to_physical().fill_null(NO_TIME).to_numpy().astype(np.int64),
        "post_groups": _groups(known, duplicates),
        "post_channels": known.join(names, on="channel", maintain_order="left")["number"].to_numpy().astype(np.int32),
    }


def _groups(known: pl.DataFrame, duplicates: pl.DataFrame) -> npt.NDArray[np.int32]:
    """A number for each post that says what others say, the same for all of them; -1 for the others."""
    first = [f"first_{name}" for name in POST]
    # the first of a group has no row of its own
    heads = duplicates.select(pl.col(first).name.map(lambda name: name.removeprefix("first_")), *first)
    grouped = pl.concat([duplicates.select(*POST, *first), heads.select(*POST, *first)]).unique(
        subset=POST, keep="first", maintain_order=True
    )
    numbers = known.select(POST).join(grouped, on=POST, how="left", maintain_order="left")
    key = pl.when(pl.col("first_post_id").is_not_null()).then(pl.struct(first))
    return numbers.select(key.rank("dense").cast(pl.Int32).fill_null(NO_GROUP))[:, 0].to_numpy()


class _Packed(NamedTuple):
    """Vectors as whole numbers of -127 to 127, and what to multiply them by: a quarter of the room, and cosines off by .001."""

    rows: npt.NDArray[np.int8]
    scale: float


def _packed(vectors: FloatArray) -> _Packed:
    scale = float(np.abs(vectors).max(initial=0.0)) / LARGEST or 1.0
    return _Packed(np.round(vectors / scale).astype(np.int8), scale)


def _background(packed: _Packed) -> dict[str, float]:
    """Mean and spread of the cosines of passages that have nothing to do with one another.

    Models differ: .8 says nothing in one and much in another.
    """
    if len(packed.rows) < 2:
        return {"mean": 0.0, "deviation": 1.0}
    rng = np.random.default_rng(0)
    pairs = rng.integers(0, len(packed.rows), (2, PAIRS_FOR_BACKGROUND))
    one, other = (packed.rows[rows].astype(np.float32) * np.float32(packed.scale) for rows in pairs)
    cosines = np.einsum("ij,ij->i", one, other)
    return {"mean": round(float(cosines.mean()), 6), "deviation": round(max(float(cosines.std()), 0.01), 6)}
