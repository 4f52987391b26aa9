"""Texts as vectors: what every embedder promises, and which of them a setting names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from vitrina.errors import VitrinaError

FloatArray: TypeAlias = npt.NDArray[np.float32]
TextKind: TypeAlias = Literal["passage", "query"]

NAVEC = "navec"
SENTENCE_TRANSFORMERS = "sentence-transformers:"
OPENAI = "openai:"
TIMEOUT_S = 10.0

MODEL_LENGTH = 300
"""Longest name of a model that a table holds."""

WAYS = "`navec`, `sentence-transformers:<name on the hub or folder>` or `openai:<model>@<base URL>`"

E5 = re.compile(r"(?:^|[\W_])e5(?:[\W_]|$)", re.IGNORECASE)
"""Models that were taught with "query: " and "passage: " before each text, and are worse without; few of their configs say so."""

_ENDPOINT = re.compile(r"(?P<model>\S+?)@(?P<url>https?://\S+)", re.IGNORECASE)


@dataclass
class Spent:
    """What embedding has cost.

    Attributes
    ----------
    tokens
        That a paid model has counted.
    """

    tokens: int = 0


_spent: ContextVar[Spent | None] = ContextVar("spent", default=None)


@contextmanager
def counting() -> Iterator[Spent]:
    """Count what is spent inside, by this thread or task and no other.

    Examples
    --------
    >>> with counting() as spent:
    ...     spend(12)
    >>> spent.tokens
    12
    """
    spent = Spent()
    before = _spent.set(spent)
    try:
        yield spent
    finally:
        _spent.reset(before)


def spend(tokens: int) -> None:
    """Tell whoever counts what an embedder has spent."""
    if (spent := _spent.get()) is not None:
        spent.tokens += tokens


class EmbedderError(VitrinaError):
    """A model cannot be loaded or reached, or its answer cannot be used."""


class Embedder(Protocol):
    """Turns texts into vectors; the same text gives the same vector, whatever stands beside it."""

    @property
    def model(self) -> str:
        """Name of the model and its version: vectors of equal names may be compared, others may not."""

    @property
    def dimensions(self) -> int:
        """Length of a vector."""

    @property
    def is_remote(self) -> bool:
        """Whether texts leave this machine."""

    def embed(self, texts: Sequence[str], *, kind: TextKind = "passage") -> FloatArray:
        """Vectors of texts.

        Parameters
        ----------
        texts
            Any number of them, none included.
        kind
            Whether they are to be found, or to find by: some models tell the two apart.

        Returns
        -------
        numpy.ndarray
            Shape (len(texts), dimensions), float32; each row has length 1, or is zero where the model sees nothing in the text.

        Raises
        ------
        EmbedderError
            The model cannot be reached, or does not answer as it should.
        """


def embedder(name: str, *, key: str = "", timeout_s: float = TIMEOUT_S) -> Embedder:
    """The embedder that a setting names.

    Parameters
    ----------
    name
        ``"navec"``, ``"sentence-transformers:<name on the hub or folder>"`` or ``"openai:<model>@<base URL>"``.
    key
        Of the endpoint; others need none.
    timeout_s
        Longest wait for a request to an endpoint, its repetitions included, in seconds.

    Raises
    ------
    EmbedderError
        The name is none of these, or the model cannot be loaded.
    """
    name = name.strip()
    # each of them loads libraries that the others do not need
    if name == NAVEC:
        from vitrina.posts.navec_embedding import NavecEmbedder  # noqa: PLC0415  # see above

        return NavecEmbedder.load()
    if name.startswith(SENTENCE_TRANSFORMERS) and (source := name.removeprefix(SENTENCE_TRANSFORMERS).strip()):
        from vitrina.posts.encoder_embedding import EncoderEmbedder  # noqa: PLC0415  # see above

        return EncoderEmbedder.load(source)
    if found := _ENDPOINT.fullmatch(name.removeprefix(OPENAI)) if name.startswith(OPENAI) else None:
        from vitrina.posts.endpoint_embedding import EndpointEmbedder  # noqa: PLC0415  # see above

        return EndpointEmbedder(found["model"], found["url"], key=key, timeout_s=timeout_s)
    # never shown: an address may hold a password
    shown = repr(name) if "@" not in name else f"a value beginning {name.partition(':')[0]!r}"
    raise EmbedderError(f"The embedding model is {shown}, which names no model.", f"Write {WAYS}.")


def prompts_of(name: str, own: Mapping[str, str | None] | None = None) -> Mapping[TextKind, str]:
    """What a model wants before each text: what its own configuration says, or the prefixes of e5 if it is called so.

    Parameters
    ----------
    name
        Of the model or its folder.
    own
        Prompts of its configuration; "document" is another word for "passage".

    References
    ----------
    L. Wang et al. (2022), Text embeddings by weakly-supervised contrastive pre-training, arXiv 2212.03533.
    """
    given = {kind: prompt for kind, prompt in (own or {}).items() if prompt}
    if given:
        return {"query": given.get("query", ""), "passage": given.get("passage") or given.get("document", "")}
    return {"query": "query: ", "passage": "passage: "} if E5.search(name) else {"query": "", "passage": ""}


def unit_rows(vectors: npt.ArrayLike) -> FloatArray:
    """Rows scaled to length 1; rows of zeros stay as they are.

    Parameters
    ----------
    vectors
        Shape (rows, dimensions).
    """
    rows = np.asarray(vectors, dtype=np.float32)
    # by row and not by a matrix product, whose last digits depend on how many rows there are
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows, dtype=np.float64))
    return np.asarray(rows / np.where(lengths > 0, lengths, 1.0)[:, None], dtype=np.float32)
