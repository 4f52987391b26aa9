"""Files that are never half written, and names that are safe in any folder."""

from __future__ import annotations

import hashlib
import os
import secrets
import unicodedata
from pathlib import Path

from upath import UPath

CHUNK = 1 << 20
SLUG_LENGTH = 60


def write_atomically(path: Path, content: bytes | str) -> None:
    """Write a file so that no reader ever sees a part of it, and a crash leaves the old one or the new one.

    Parameters
    ----------
    path
        The file; its folder is created.
    content
        All of it; text is written as UTF-8 with the line ends it has.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    data = content.encode() if isinstance(content, str) else content
    # in the same folder, for a rename is atomic only within one file system
    temporary = path.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def sha256_of(path: Path | UPath) -> str:
    """SHA-256 of a file's content as 64 hexadecimal digits, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def slug(text: str, max_length: int = SLUG_LENGTH) -> str:
    r"""A name made of ``\w`` in lower case, for columns and files; letters of any alphabet stay.

    Two texts may have the same slug: the caller tells them apart with a number or a hash.

    Parameters
    ----------
    text
        Any text, however hostile.
    max_length
        Longest result, in characters.

    Returns
    -------
    str
        Never empty: ``"_"`` where nothing of the text is left.

    Examples
    --------
    >>> slug("Сыр & Молоко / 3.2%")
    'сыр_молоко_3_2'
    """
    # again after lowering: 'İ'.lower() is two characters, of which one is a combining mark
    lowered = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).lower())
    # narrower than Python's \w, which takes number signs that the regular expressions of Polars do not
    words = "".join(character if character.isalpha() or character.isdecimal() else " " for character in lowered).split()
    return "_".join(words)[:max_length].rstrip("_") or "_"
