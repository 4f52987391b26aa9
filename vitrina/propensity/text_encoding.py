"""Texts about clients as a few numbers: TF-IDF of words, then truncated singular value decomposition (latent semantic analysis).

Words are cut and counted by Polars, for a million texts are scored at once; weighing and decomposition are scikit-learn's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import polars as pl

if TYPE_CHECKING:
    import scipy.sparse as sp

TEXT = "t_text"
"""The column of the texts."""

TEXT_COLUMNS = "n_text_"
"""How the columns begin that texts become."""

FEWEST_TEXTS = 5
"""Texts in which a word must occur to be learnt."""

MOST_WORDS = 20_000
TEXTS_AT_A_TIME = 100_000

_WORD = r"\w\w+"

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class TextEncoding:
    """What was learnt from the texts of training months.

    Attributes
    ----------
    words
        Known words in lower case, sorted.
    pipeline
        A fitted scikit-learn pipeline of TF-IDF and truncated SVD, from counts of `words` to components.
    """

    words: tuple[str, ...]
    pipeline: Any

    @property
    def columns(self) -> tuple[str, ...]:
        """``n_text_01`` and so on, one per component."""
        return tuple(f"{TEXT_COLUMNS}{number:02d}" for number in range(1, self.pipeline[-1].n_components + 1))

    def transform(self, texts: pl.Series) -> pl.DataFrame:
        """Components of texts.

        Parameters
        ----------
        texts
            Any texts; a missing one has no components, one without a known word has zeros.

        Returns
        -------
        polars.DataFrame
            `columns`, Float64, as long as `texts`.
        """
        texts = texts.cast(pl.String)  # where all are missing, there may be no type
        # a client's text is the same for months
        distinct = texts.drop_nulls().unique().sort()  # sums end in the same digits, whatever the order of rows
        parts = [self._components(part) for part in _pieces(distinct)]
        numbers = np.concatenate(parts) if parts else np.empty((0, len(self.columns)))
        components = pl.DataFrame(np.asfortranarray(numbers), schema=dict.fromkeys(self.columns, pl.Float64))
        found = pl.DataFrame({TEXT: texts}).join(
            components.with_columns(distinct.alias(TEXT)), on=TEXT, how="left", maintain_order="left"
        )
        return found.select(self.columns)

    def _components(self, texts: pl.Series) -> Floats:
        from threadpoolctl import threadpool_limits  # noqa: PLC0415  # loading the definitions need not pay for it

        with threadpool_limits(1, user_api="blas"):
            return np.asarray(self.pipeline.transform(_counts(texts, self.words)), dtype=np.float64)


def fit_texts(texts: pl.Series, *, components: int, seed: int) -> TextEncoding | None:
    """Learn words and their components; nothing, where there are too few words to learn from.

    Parameters
    ----------
    texts
        Texts of training rows in an order that does not depend on chance; missing ones are passed over.
    components
        Numbers that a text becomes, at most.
    seed
        Of the randomized decomposition.

    Returns
    -------
    TextEncoding or None
        ``None`` when fewer than two words occur in `FEWEST_TEXTS` texts, or no component is asked for.
    """
    from sklearn.decomposition import TruncatedSVD  # noqa: PLC0415  # loading the definitions need not pay for it
    from sklearn.feature_extraction.text import TfidfTransformer  # noqa: PLC0415  # as above
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415  # as above
    from threadpoolctl import threadpool_limits  # noqa: PLC0415  # as above

    present = texts.cast(pl.String).drop_nulls()
    # a client's text is the same for months: words are cut and counted once for each
    distinct = present.unique().sort()
    places = _places(present, distinct)
    words = _frequent_words(distinct, np.bincount(places, minlength=distinct.len()))
    kept = min(components, len(words) - 1)
    if kept < 1:
        return None
    pipeline = make_pipeline(TfidfTransformer(sublinear_tf=True), TruncatedSVD(kept, random_state=seed))
    with threadpool_limits(1, user_api="blas"):  # sums in several threads end in other digits
        pipeline.fit(_counts(distinct, words)[places])
    return TextEncoding(words, pipeline)


def _places(texts: pl.Series, distinct: pl.Series) -> npt.NDArray[np.int64]:
    """Where each text stands among the distinct ones, shape ``(texts,)``."""
    numbered = pl.DataFrame({TEXT: distinct}).with_row_index("place")
    found = pl.DataFrame({TEXT: texts}).join(numbered, on=TEXT, how="left", maintain_order="left")
    return found.get_column("place").cast(pl.Int64).to_numpy()


def _frequent_words(texts: pl.Series, times: npt.NDArray[np.int64]) -> tuple[str, ...]:
    """Words of most texts, sorted by the alphabet, so that their order says nothing of the order of rows."""
    frequencies = (
        pl.DataFrame({"word": _words(texts).list.unique(), "times": times})
        .explode("word")
        .drop_nulls()
        .group_by("word")
        .agg(texts=pl.col("times").sum())
        .filter(pl.col("texts") >= FEWEST_TEXTS)
        .sort("texts", "word", descending=[True, False])
        .head(MOST_WORDS)
    )
    return tuple(frequencies.get_column("word").sort().to_list())


def _counts(texts: pl.Series, words: tuple[str, ...]) -> sp.csr_matrix:
    import scipy.sparse as sp  # noqa: PLC0415  # loading the definitions need not pay for it

    known = pl.DataFrame({"word": words, "code": range(len(words))}, schema={"word": pl.String, "code": pl.Int64})
    occurrences = pl.DataFrame({"word": _words(texts)}).with_row_index("row").explode("word").join(known, on="word")
    cells = occurrences.group_by("row", "code").len("count").sort("row", "code")
    where = (cells.get_column("row").to_numpy(), cells.get_column("code").to_numpy())
    return sp.csr_matrix((cells.get_column("count").to_numpy().astype(np.float64), where), shape=(texts.len(), len(words)))


def _words(texts: pl.Series) -> pl.Series:
    return texts.str.to_lowercase().str.extract_all(_WORD)


def _pieces(texts: pl.Series) -> Iterator[pl.Series]:
    for start in range(0, texts.len(), TEXTS_AT_A_TIME):
        yield texts.slice(start, TEXTS_AT_A_TIME)
