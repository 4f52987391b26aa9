"""The bytes of a delivered file, taken once: what is hashed is what is loaded, whatever becomes of the file meanwhile."""

from __future__ import annotations

import hashlib
import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from vitrina.files import CHUNK


@dataclass(frozen=True)
class Content:
    """All bytes of a file.

    Attributes
    ----------
    file
        Open for reading from its beginning; may be moved about.
    size
        In bytes.
    fingerprint
        SHA-256 as 64 hexadecimal digits.
    """

    file: BinaryIO
    size: int
    fingerprint: str

    @classmethod
    def in_memory(cls, content: bytes) -> Content:
        """Bytes that are at hand."""
        return cls(io.BytesIO(content), len(content), hashlib.sha256(content).hexdigest())

    def all_bytes(self) -> bytes:
        """The whole of it."""
        self.file.seek(0)
        return self.file.read()


@contextmanager
def copied(source: BinaryIO, folder: Path) -> Iterator[Content]:
    """A copy on disk of a file that may be larger than the memory; it has no name, so not even a crash leaves it behind.

    Parameters
    ----------
    source
        The file, open for reading.
    folder
        Where there is room for it; it is created.
    """
    folder.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with tempfile.TemporaryFile(dir=folder) as copy:
        while chunk := source.read(CHUNK):
            digest.update(chunk)
            copy.write(chunk)
            size += len(chunk)
        copy.seek(0)
        yield Content(cast("BinaryIO", copy), size, digest.hexdigest())
