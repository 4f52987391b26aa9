"""Arrays that are dear to compute, kept under the hash of what they were computed from.

A key names the content of the inputs, so nothing in here can be out of date; anything may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from vitrina.files import write_atomically

Arrays = Mapping[str, npt.NDArray[Any]]

MAX_ENTRIES = 300


def key_of(*parts: npt.NDArray[Any] | str | float | None) -> str:
    """A key for arrays, texts and numbers: equal parts, equal key."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            digest.update(f"array {part.dtype.str} {part.shape}:".encode())
            digest.update(np.ascontiguousarray(part).tobytes())
        else:
            digest.update(f"{type(part).__name__} {part!r};".encode())
    return digest.hexdigest()


@dataclass(frozen=True)
class ArrayCache:
    """A folder of ``.npz`` files, or nothing.

    Attributes
    ----------
    folder
        Where files lie; ``None`` keeps nothing.
    max_entries
        Files that are kept; beyond, those that were used longest ago go.
    """

    folder: Path | None = None
    max_entries: int = MAX_ENTRIES

    def get(self, key: str, names: Collection[str], make: Callable[[], Arrays]) -> Arrays:
        """What is kept under a key, or what `make` makes, which is kept from then on.

        A file that cannot be read, or that lacks an array, is made again; a full disk only costs the keeping.

        Parameters
        ----------
        key
            As of `key_of`.
        names
            Arrays that must be there; there may be further ones.
        make
            Computes them.
        """
        if self.folder is None:
            return make()
        path = self.folder / f"{key}.npz"
        kept = _read(path)
        if kept is not None and set(names) <= kept.keys():
            return kept
        made = make()
        self._keep(path, made)
        return made

    def _keep(self, path: Path, arrays: Arrays) -> None:
        with io.BytesIO() as buffer:
            np.savez(buffer, allow_pickle=False, **arrays)
            try:
                write_atomically(path, buffer.getvalue())
                self._remove_oldest()
            except OSError:
                return

    def _remove_oldest(self) -> None:
        found = sorted(_last_used(path) for path in (self.folder or Path()).glob("*.npz"))
        for _, path in found[: max(0, len(found) - self.max_entries)]:
            path.unlink(missing_ok=True)


def _last_used(path: Path) -> tuple[float, Path]:
    """When a file was last used, and the file; one that has just been deleted counts as the oldest."""
    try:
        return path.stat().st_mtime, path
    except FileNotFoundError:
        return 0.0, path


def _read(path: Path) -> dict[str, npt.NDArray[Any]] | None:
    try:
        with np.load(path, allow_pickle=False) as kept:
            arrays = {name: kept[name] for name in kept.files}
        path.touch()
    except Exception:  # noqa: BLE001  # bytes that anybody may have put there break NumPy's reader in a dozen ways
        return None
    return arrays


NO_CACHE = ArrayCache()
