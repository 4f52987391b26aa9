"""Navec: Russian word vectors that are installed with natasha, so that vectors are there without a network.

A text is the mean of its words' vectors, rare words weighing more (smooth inverse frequency). Beside BM25 that is a weak
retriever: it is for words of like meaning, and for machines that may not ask anybody.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from vitrina.posts.embedding import EmbedderError, FloatArray, TextKind, unit_rows
from vitrina.posts.language import LEMMATIZER, STOP_WORDS, words

FILE = Path("data/emb/navec_news_v1_1B_250K_300d_100q.tar")
BATCH = 2_000
"""Texts at a time: their words' vectors are unpacked together."""

SMOOTHING = 1e-4
"""`a` of Arora et al., who find any value from 1e-4 to 1e-3 to do: 1e-4 finds .514 of paragraphs first, 1e-3 .493."""

_IGNORED = -1


@dataclass(frozen=True)
class NavecEmbedder:
    """Mean of word vectors, weighted by smooth inverse frequency, without what all texts have in common.

    What texts have in common is computed from the model's vocabulary alone, so that a vector depends on nothing but its text.
    Whoever changes how vectors are computed gives `model` another name, or kept vectors are compared with new ones.

    References
    ----------
    S. Arora, Y. Liang, T. Ma (2017), A simple but tough-to-beat baseline for sentence embeddings, ICLR.
    A. Kukushkin, navec: https://github.com/natasha/navec.

    Attributes
    ----------
    model
        Name of the model with its version.
    codes
        The parts that vectors are put together from, shape (parts, centroids, dimensions of a part).
    parts
        Which of them each word's vector has, shape (words, parts).
    weights
        Of the words.
    ids
        Word → its row.
    common
        Unit vector of what all texts have in common.
    """

    model: str
    codes: FloatArray = field(repr=False)
    parts: npt.NDArray[np.uint8] = field(repr=False)
    weights: FloatArray = field(repr=False)
    ids: dict[str, int] = field(repr=False)
    common: FloatArray = field(repr=False)
    is_remote: bool = False

    @classmethod
    def load(cls, path: Path | None = None) -> NavecEmbedder:
        """The model at `path`, or the one that natasha brings; loaded once, 1 s and 100 MB.

        Raises
        ------
        EmbedderError
            The file is missing or damaged.
        """
        return _load(path or _installed())

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        return int(self.codes.shape[0] * self.codes.shape[2])

    def embed(self, texts: Sequence[str], *, kind: TextKind = "passage") -> FloatArray:
        """Vectors of texts, zero where no word is known; shape (len(texts), dimensions)."""
        if not texts:
            return np.zeros((0, self.dimensions), dtype=np.float32)
        if kind == "query" and len(texts) == 1:
            return self._embed_one(texts[0])
        return np.concatenate([self._embed(texts[start : start + BATCH]) for start in range(0, len(texts), BATCH)])

    def _embed(self, texts: Sequence[str]) -> FloatArray:
        rows = [[known for word in words(text) if (known := self._id(word)) != _IGNORED] for text in texts]
        starts = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
        used, places = np.unique(np.array([known for row in rows for known in row], dtype=np.int64), return_inverse=True)
        weighted = sp.csr_matrix((self.weights[used[places]], places, starts), shape=(len(rows), len(used)))
        sums = np.asarray(weighted @ self._vectors(used), dtype=np.float32)
        shares = np.einsum("ij,j->i", sums, self.common)
        return unit_rows(sums - shares[:, None] * self.common)

    def _embed_one(self, text: str) -> FloatArray:
        """The same as of a passage, but for the last digits: somebody waits for the vector of a question."""
        known = np.array([row for word in words(text) if (row := self._id(word)) != _IGNORED], dtype=np.int64)
        total = self.weights[known] @ self._vectors(known)
        rest = total - (total @ self.common) * self.common
        return np.asarray(rest[None, :] / (np.sqrt(rest @ rest) or 1.0), dtype=np.float32)

    def _id(self, word: str) -> int:
        known = self.ids.get(word)
        if known is None:
            # the vocabulary has the forms of frequent words; lemmas are dear, and looked up for the others alone
            known = self.ids.get(LEMMATIZER.lemma(word), _IGNORED)
        return known

    def _vectors(self, ids: npt.NDArray[np.int64]) -> FloatArray:
        unpacked = self.codes[np.arange(self.codes.shape[0]), self.parts[ids]]
        return np.asarray(unpacked.reshape(len(ids), self.dimensions), dtype=np.float32)


def _installed() -> Path:
    found = find_spec("natasha")
    for folder in (found.submodule_search_locations or []) if found else []:
        return Path(folder) / FILE
    raise EmbedderError("natasha is not installed, which brings the word vectors of `navec`.", "Install it: `uv sync`.")


@cache
def _load(path: Path) -> NavecEmbedder:
    from navec import Navec  # noqa: PLC0415  # only those who embed pay for it

    try:
        model = Navec.load(path)
    # a damaged archive ends in any of these: tarfile's, gzip's, numpy's and json's own
    except (OSError, EOFError, KeyError, ValueError) as error:
        raise EmbedderError(
            f"The word vectors at {path} cannot be read: {type(error).__name__}: {error}.",
            "Install natasha anew, whose package holds them.",
        ) from error
    return _embedder(model)


def _embedder(model: Any) -> NavecEmbedder:
    counts = np.asarray(model.vocab.counts, dtype=np.float64)
    shares = counts / counts.sum()
    ids = _by_word(model.vocab.words)
    silent = [row for word, row in ids.items() if word in STOP_WORDS]
    # signs for the unknown and for padding have no count and are no words
    weights = np.where(counts > 0, SMOOTHING / (SMOOTHING + shares), 0.0)
    weights[silent] = 0.0
    return NavecEmbedder(
        model=f"navec:navec_{model.meta.id}",
        codes=model.pq.codes,
        parts=model.pq.indexes,
        weights=weights.astype(np.float32),
        ids={word: row if weights[row] else _IGNORED for word, row in ids.items()},
        common=unit_rows(_mean(model.pq.indexes, model.pq.codes, shares * weights)[None, :])[0],
    )


def _by_word(vocabulary: Sequence[str]) -> dict[str, int]:
    """Word → row; texts are read without ё, which the vocabulary has in 1,364 words."""
    ids = {word.replace("ё", "е"): row for row, word in enumerate(vocabulary) if "ё" in word}
    return ids | {word: row for row, word in enumerate(vocabulary)}


def _mean(parts: npt.NDArray[np.uint8], codes: FloatArray, weights: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Weighted mean of all words' vectors, by counting how often each of their parts occurs: nothing is unpacked."""
    shares = [np.bincount(parts[:, part], weights, codes.shape[1]) @ codes[part] for part in range(codes.shape[0])]
    return np.asarray(np.concatenate(shares) / weights.sum())
