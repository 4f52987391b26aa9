"""Sentence encoders that run on this machine: any model of sentence-transformers, from a folder or from the hub."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from vitrina.files import sha256_of
from vitrina.posts.embedding import SENTENCE_TRANSFORMERS, EmbedderError, FloatArray, TextKind, prompts_of, unit_rows

BATCH = 32
DIGITS = 12
"""Of a fingerprint or a commit: enough to tell versions of one model apart."""


@dataclass(frozen=True)
class EncoderEmbedder:
    """A loaded model of sentence-transformers.

    Texts longer than the model reads are cut by it. Which texts share a batch changes a vector's last digits, no more.

    References
    ----------
    N. Reimers, I. Gurevych (2019), Sentence-BERT, EMNLP.

    Attributes
    ----------
    model
        Name with the commit of the hub, or with a fingerprint of the folder's files.
    prompts
        What is put before each kind of text.
    """

    model: str
    dimensions: int
    prompts: Mapping[TextKind, str]
    encoder: Any = field(repr=False)
    is_remote: bool = False

    @classmethod
    def load(cls, source: str) -> EncoderEmbedder:
        """The model in a folder, or of that name on the hub; downloaded only if it is not on disk and the hub may be asked.

        Parameters
        ----------
        source
            Path of a folder, or a name such as ``"intfloat/multilingual-e5-small"``.

        Raises
        ------
        EmbedderError
            It is not on disk and the hub cannot be reached (or ``HF_HUB_OFFLINE`` is set), or its files cannot be used.
        """
        folder = Path(source).expanduser()
        if folder.is_dir():
            # its name and not its path: who moves a folder need not embed anew
            return cls._of(_encoder(source, str(folder), on_disk=True), folder.resolve().name, _fingerprint(folder))
        if source.startswith(("/", ".", "~")):
            raise EmbedderError(f"There is no folder {source} with an embedding model.", "Give the path of a folder that is there.")
        on_disk = _commit(source) is not None
        if not on_disk and _is_offline():
            raise _not_at_hand(source, "HF_HUB_OFFLINE forbids to ask the hub")
        encoder = _encoder(source, source, on_disk=on_disk)
        return cls._of(encoder, source, _commit(source) or "")

    @classmethod
    def _of(cls, encoder: Any, name: str, version: str) -> EncoderEmbedder:
        return cls(
            model=SENTENCE_TRANSFORMERS + name + (f"@{version[:DIGITS]}" if version else ""),
            dimensions=int(encoder.get_embedding_dimension()),
            prompts=prompts_of(name, encoder.prompts),
            encoder=encoder,
        )

    def embed(self, texts: Sequence[str], *, kind: TextKind = "passage") -> FloatArray:
        """Vectors of texts, zero where a text is blank; shape (len(texts), dimensions).

        Raises
        ------
        EmbedderError
            The model gives something else than finite vectors of its length.
        """
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        said = [row for row, text in enumerate(texts) if text.strip()]
        if not said:
            return vectors
        found = self.encoder.encode(
            [self.prompts[kind] + texts[row] for row in said],
            # ours stand before the text already; without this, a model's default prompt would come on top
            prompt="",
            batch_size=BATCH,
            show_progress_bar=False,
            convert_to_numpy=True,
            normalize_embeddings=True,
        )
        if found.shape != (len(said), self.dimensions) or not np.isfinite(found).all():
            raise EmbedderError(
                f"{self.model} gave vectors of shape {found.shape}, or such that are no numbers; expected {(len(said), self.dimensions)}.",
                "Download the model anew, or choose another one.",
            )
        vectors[said] = unit_rows(found)
        return vectors


def _is_offline() -> bool:
    # read now: the hub's library reads it once, when it is imported
    asked = (os.environ.get(name, "").upper() for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"))
    return any(value in {"1", "ON", "YES", "TRUE"} for value in asked)


def _commit(name: str) -> str | None:
    """The commit of the model that the hub's cache holds, or None where it holds none."""
    from huggingface_hub import try_to_load_from_cache  # noqa: PLC0415  # only those who encode pay for it
    from huggingface_hub.errors import HFValidationError  # noqa: PLC0415  # as above

    for file in ("modules.json", "config.json"):
        try:
            path = try_to_load_from_cache(name, file)
        except HFValidationError as error:
            raise EmbedderError(
                f"{name!r} is neither a folder nor a name that the hub could have.",
                "Write <owner>/<model>, or the path of a folder.",
            ) from error
        if isinstance(path, str):
            # .../snapshots/<commit>/<file>
            return Path(path).parent.name
    return None


def _encoder(source: str, where: str, *, on_disk: bool) -> Any:
    import httpx  # noqa: PLC0415  # as above
    from safetensors import SafetensorError  # noqa: PLC0415  # as above
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415  # takes seconds

    try:
        return SentenceTransformer(where, local_files_only=on_disk, trust_remote_code=False)
    # what the hub, its transport, torch, safetensors and a damaged configuration end in
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError, SafetensorError, httpx.HTTPError) as error:
        if not on_disk:
            raise _not_at_hand(source, f"the hub cannot be asked ({type(error).__name__})") from error
        raise EmbedderError(
            f"The embedding model {source} is on disk and cannot be loaded: {type(error).__name__}: {str(error)[:300]}",
            "Download it anew; a folder must hold the files of one model of sentence-transformers, configuration and tokenizer included.",
        ) from error


def _not_at_hand(source: str, why: str) -> EmbedderError:
    return EmbedderError(
        f"The embedding model {source} is not on this machine, and {why}.",
        f"Run `hf download {source} --local-dir <folder>` on a machine that is connected (older versions: `huggingface-cli "
        f"download`), copy the folder here, and set `{SENTENCE_TRANSFORMERS}<folder>`; or choose `navec`, which is installed.",
    )


def _fingerprint(folder: Path) -> str:
    """Of the names and contents of all files that can matter: other weights are another model."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_file() and path.suffix != ".md" and not any(part.startswith(".") for part in name.parts):
            digest.update(f"{name.as_posix()}\0{sha256_of(path)}\n".encode())
    return digest.hexdigest()
