"""The folder of an index: plain arrays and texts beside a manifest, written whole or not at all, and checked when opened.

Nothing is compressed and nothing is pickled: whether a text is still in there can be told by looking for its bytes, and a
file from elsewhere cannot run anything.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from vitrina.errors import VitrinaError
from vitrina.files import sha256_of

Arrays: TypeAlias = Mapping[str, npt.NDArray[Any]]

MANIFEST = "manifest.json"
FORMAT = 1
ARRAY = ".npy"
_FILE_NAME = re.compile(r"[a-z0-9_]{1,60}\.npy")


class IndexDamagedError(VitrinaError):
    """A file of an index is missing, damaged, or not what the manifest says."""


@dataclass(frozen=True)
class IndexFolder:
    """An index as it lies on the disk.

    Attributes
    ----------
    path
        Its folder.
    manifest
        What it says about itself.
    arrays
        Name → array, mapped into memory.
    """

    path: Path
    manifest: Mapping[str, Any]
    arrays: Arrays

    @classmethod
    def open(cls, path: Path, layout: Mapping[str, tuple[type[np.generic], int]]) -> IndexFolder:
        """Map an index into memory, after a look at names, sizes, types and shapes.

        Parameters
        ----------
        path
            Its folder.
        layout
            Name → type and dimensions of the arrays that it must have; more may be there.

        Raises
        ------
        IndexDamagedError
            What is there is not what the manifest says, or what is needed.
        """
        manifest = _manifest(path)
        for name, facts in manifest["files"].items():
            file = _within(path, name)
            if not file.is_file():
                raise damaged(path, f"the file {name!r} is missing")
            if file.stat().st_size != facts["size"]:
                raise damaged(path, f"the file {name!r} has {file.stat().st_size:,} bytes instead of {facts['size']:,}")
        arrays = {name.removesuffix(ARRAY): _mapped(path, name) for name in manifest["files"]}
        for name, (kind, dimensions) in layout.items():
            if name not in arrays:
                raise damaged(path, f"the manifest does not name {name + ARRAY!r}")
            array = arrays[name]
            if array.dtype != kind or array.ndim != dimensions:
                raise damaged(
                    path,
                    f"the file {name + ARRAY!r} holds {array.dtype} in {array.ndim} dimensions instead of "
                    f"{np.dtype(kind)} in {dimensions}",
                )
        return cls(path, manifest, arrays)

    def verify(self) -> None:
        """Read every byte and compare the fingerprints.

        Raises
        ------
        IndexDamagedError
            A file is not the one that was written.
        """
        for name, facts in self.manifest["files"].items():
            if sha256_of(self.path / name) != facts["sha256"]:
                raise damaged(self.path, f"the file {name!r} has another fingerprint than when it was written")


def write_folder(path: Path, manifest: Mapping[str, Any], arrays: Arrays) -> None:
    """Write an index so that no reader ever sees a part of it; writing the same again changes nothing.

    Parameters
    ----------
    path
        Its folder, which must not exist, or hold the same index.
    manifest
        What it says about itself; the files are added.
    arrays
        Name → array.

    Raises
    ------
    VitrinaError
        The folder holds something else.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # in the same folder, for a rename is atomic only within one file system
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        temporary.mkdir()
        files = {name + ARRAY: _written(temporary / (name + ARRAY), array) for name, array in sorted(arrays.items())}
        content = json.dumps({"format": FORMAT, **manifest, "files": files}, ensure_ascii=False, indent=1)
        with (temporary / MANIFEST).open("x", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _flush_folder(temporary)
        if path.exists():
            if not (path / MANIFEST).is_file() or (path / MANIFEST).read_text(encoding="utf-8") != content:
                raise VitrinaError(
                    f"The folder {path} is there already and holds something else.", "Give the index a version of its own."
                )
            return
        temporary.rename(path)
        _flush_folder(path.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def fingerprint(path: Path) -> str:
    """SHA-256 of an index's manifest, which holds those of all its files."""
    return sha256_of(path / MANIFEST)


def size(path: Path) -> int:
    """Bytes of all files of an index."""
    return sum(file.stat().st_size for file in path.iterdir())


def damaged(path: Path, what: str) -> IndexDamagedError:
    """The error that says what is wrong with an index, and what to do."""
    return IndexDamagedError(
        f"The index at {path} cannot be used: {what}.", "Delete the folder and build the index anew; nothing is lost by that."
    )


def as_text(texts: list[str]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Texts as one array of UTF-8 and where each begins, shape (texts + 1,)."""
    encoded = [text.encode() for text in texts]
    starts = np.concatenate([[0], np.cumsum([len(text) for text in encoded], dtype=np.int64)]).astype(np.int64)
    return np.frombuffer(b"".join(encoded), dtype=np.uint8), starts


def _written(path: Path, array: npt.NDArray[Any]) -> dict[str, int | str]:
    with path.open("xb") as file:
        np.save(file, np.ascontiguousarray(array), allow_pickle=False)
        file.flush()
        os.fsync(file.fileno())
    return {"size": path.stat().st_size, "sha256": sha256_of(path)}


def _flush_folder(path: Path) -> None:
    # the entry of a new file is written with its folder, not with the file
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _manifest(path: Path) -> dict[str, Any]:
    try:
        manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise damaged(path, f"there is no {MANIFEST!r}") from error
    except (OSError, ValueError, RecursionError) as error:
        raise damaged(path, f"{MANIFEST!r} cannot be read: {error}") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise damaged(path, f"{MANIFEST!r} is not of format {FORMAT}")
    files = manifest.get("files")
    if not isinstance(files, dict) or not all(
        isinstance(facts, dict) and isinstance(facts.get("size"), int) and isinstance(facts.get("sha256"), str)
        for facts in files.values()
    ):
        raise damaged(path, f"{MANIFEST!r} does not list its files")
    return manifest


def _within(path: Path, name: str) -> Path:
    if not _FILE_NAME.fullmatch(name) or (path / name).is_symlink():
        raise damaged(path, f"{MANIFEST!r} names {name!r}, which is no file of this folder")
    return path / name


def _mapped(path: Path, name: str) -> npt.NDArray[Any]:
    try:
        mapped = np.load(path / name, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError, SyntaxError, MemoryError, OverflowError) as error:
        raise damaged(path, f"the file {name!r} cannot be read: {error}") from error
    return np.asarray(mapped)
