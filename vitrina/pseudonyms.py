"""Keyed hashes in place of the identifiers of people: the same person is the same pseudonym, and nobody can go back without the key."""

from __future__ import annotations

import hmac
import os
import re
import secrets
from functools import lru_cache
from pathlib import Path

import polars as pl

from vitrina.errors import SettingsError
from vitrina.settings import KEY_LENGTH, Settings

DIGITS = 24
"""Hexadecimal digits of a pseudonym: 96 bits, so that two of a thousand million users share one once in 10^11 inboxes."""

MOST_KEPT = 1_000_000
"""Pseudonyms that a process remembers: a user comes again in every slice of a file."""

MARK = "pseudonym:"
"""What stands before a pseudonym where an identifier is expected: whoever has hashed already need not know the identifier."""

_KEY_FILE = re.compile(rb"[0-9a-f]{64}")
_MARKED = re.compile(rf"{MARK}([0-9a-f]{{{DIGITS}}})")


def user_key(settings: Settings) -> bytes:
    """The key of all pseudonyms of a data folder: the one that is set, or the one that the folder keeps.

    Where neither exists, a random key is written to `settings.user_key_file`; of several processes that do so at once,
    the first wins. The bytes of the key are those of its text, so what stands in the file may be moved to the setting.

    Raises
    ------
    SettingsError
        The file is damaged, or cannot be read or written.
    """
    given = settings.user_key.get_secret_value()
    if given:
        return given.encode()
    path = settings.user_key_file
    try:
        if not path.exists():
            _write_once(path, secrets.token_hex(32).encode())
        key = path.read_bytes().strip()
    except OSError as error:
        raise SettingsError(
            f"The key of user identifiers, {path}, cannot be read or written: {error.strerror}.",
            "Make the data folder writable for this process, or set VITRINA_USER_KEY.",
        ) from error
    if not _KEY_FILE.fullmatch(key):
        raise SettingsError(
            f"{path} holds {len(key)} bytes that are no key; a key is 64 hexadecimal digits.",
            "Restore the file from a backup: with another key all known users would be strangers. Only where no user was ever "
            "loaded into this data folder, delete it, and a new one is made.",
        )
    return key


def key_mark(key: bytes) -> str:
    """What tells a key from others, and gives nothing of it away: it may be stored beside the pseudonyms."""
    # no identifier: their text holds no such character
    return hmac.digest(_checked(key), b"\0", "sha256").hex()[:DIGITS]


def pseudonym(identifier: str, key: bytes) -> str:
    """The pseudonym of one identifier: HMAC-SHA256 (RFC 2104) of its trimmed text in UTF-8, cut to `DIGITS` digits.

    Parameters
    ----------
    identifier
        As it stands in the file; spaces around it do not matter. A pseudonym after `MARK` is taken as it is.
    key
        The key, from `user_key`.

    Raises
    ------
    SettingsError
        The key is too short to keep anything secret.

    Examples
    --------
    >>> pseudonym(" 17850 ", b"a key for examples only")
    '9ec18112ce532e4501e2ca84'
    >>> pseudonym("pseudonym:9ec18112ce532e4501e2ca84", b"a key for examples only")
    '9ec18112ce532e4501e2ca84'
    """
    return _pseudonym(identifier, _checked(key))


def pseudonyms(values: pl.Series, key: bytes) -> pl.Series:
    """The pseudonyms of a column of text; each distinct value is hashed once, and null stays null.

    Parameters
    ----------
    values
        Identifiers as text.
    key
        The key, from `user_key`.

    Raises
    ------
    SettingsError
        The key is too short to keep anything secret.
    """
    _checked(key)
    distinct = values.drop_nulls().unique()
    hashed = pl.Series([_pseudonym(value, key) for value in distinct.to_list()], dtype=pl.String)
    return values.replace_strict(distinct, hashed, default=None, return_dtype=pl.String)


@lru_cache(MOST_KEPT)
def _pseudonym(identifier: str, key: bytes) -> str:
    text = identifier.strip()
    if marked := _MARKED.fullmatch(text):
        return marked[1]
    return hmac.digest(key, text.encode(), "sha256").hex()[:DIGITS]


def _checked(key: bytes) -> bytes:
    if len(key) < KEY_LENGTH:
        raise SettingsError(
            f"A key of {len(key)} bytes cannot hide who is meant.",
            f"Use a key of at least {KEY_LENGTH} bytes, such as the one that `user_key` returns.",
        )
    return key


def _write_once(path: Path, key: bytes) -> None:
    """Write the key whole or not at all, readable for us only; where another process was faster, its key stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(key)
            file.flush()
            os.fsync(file.fileno())
        try:
            # a rename would replace the key of whoever was first; a link does not
            path.hardlink_to(temporary)
        except FileExistsError:
            return
    finally:
        temporary.unlink(missing_ok=True)
