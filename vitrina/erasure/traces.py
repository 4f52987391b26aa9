"""What a text or a vector may have left behind in a file: short pieces of it, in every encoding that it may stand in.

Pieces, and not the whole: a preview, a log or a refused value holds a cut copy. What is compressed or encrypted shows none.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterator, Sequence
from urllib.parse import quote, quote_plus

import numpy as np
import numpy.typing as npt

from vitrina.markdown import escaped_markdown

WINDOW = 30
"""Characters of a piece. Pieces follow one another, so any cut copy of 2 x 30 - 1 characters of a line holds a whole one."""

SHORTEST_PIECE = 12
"""Characters of a line that tells its text from others; a text of nothing but shorter lines is looked for as a whole."""

SHORTEST_NEEDLE = 8
"""Bytes that are still looked for: shorter ones stand in any file by chance."""

FEWEST_DIFFERENT = 5
"""Different characters of a piece that tells its text from others: a rule of dashes stands everywhere."""

VALUES = 16
"""Values of a vector in one needle: a row may be stored in parts."""

STEP = 64
"""Values between the beginnings of two needles of a vector."""

_ESCAPED = re.compile(r"\\u[0-9a-f]{4}")

Encoding = Callable[[str], bytes]
"""From a text to its bytes; a text's are those of its characters, one after another."""


def pieces(text: str) -> tuple[str, ...]:
    r"""Pieces of a text that tell it from others, in order and without repetition.

    Parameters
    ----------
    text
        Any text.

    Returns
    -------
    tuple of str
        Pieces of up to `WINDOW` characters, none across the end of a line unless all lines are short; empty where nothing of
        the text tells it from others, such as a single short word.

    Examples
    --------
    >>> pieces("Да.\nКогда откроется новый магазин?")
    ('Когда откроется новый магазин?',)
    """
    return tuple(dict.fromkeys(text[start:end] for start, end in windows(text)))


def windows(text: str) -> Iterator[tuple[int, int]]:
    """Where the pieces of a text stand in it: first character, and the one after the last."""
    found = False
    for line in re.finditer(r"[^\r\n]+", text):
        inner = line.group().strip()
        if len(inner) < SHORTEST_PIECE:
            continue
        first = line.start() + line.group().index(inner)
        for start in _starts(len(inner)):
            begin, end = first + start, first + min(start + WINDOW, len(inner))
            if _is_telling(text[begin:end]):
                found = True
                yield begin, end
    whole = text.strip()
    if not found and _is_telling(whole) and len(whole.encode("utf-8", "surrogatepass")) >= SHORTEST_NEEDLE:
        begin = text.index(whole)
        yield begin, begin + min(len(whole), WINDOW)


def _starts(length: int) -> list[int]:
    if length <= WINDOW:
        return [0]
    starts = list(range(0, length - WINDOW + 1, WINDOW))
    # the end of a line, too, may be all that a cut copy holds
    return starts if starts[-1] == length - WINDOW else [*starts, length - WINDOW]


def _is_telling(piece: str) -> bool:
    return len(set(piece)) >= FEWEST_DIFFERENT


def needles(text: str) -> frozenset[bytes]:
    """The byte strings that give a text away, in whichever encoding a file holds it, even if it holds but a part.

    Parameters
    ----------
    text
        Any text; where `pieces` finds nothing in it, nothing can be looked for.
    """
    return frozenset(variant for piece in pieces(text) for variant in variants(piece))


def variants(piece: str) -> frozenset[bytes]:
    """A piece in every encoding, without those too short to be looked for."""
    return frozenset(variant for encoding in ENCODINGS if len(variant := encoding(piece)) >= SHORTEST_NEEDLE)


def vector_needles(vector: Sequence[float] | npt.NDArray[np.floating]) -> frozenset[bytes]:
    """The byte strings that give a vector away: its values as little-endian numbers of 8, 4 and 2 bytes.

    Parameters
    ----------
    vector
        Values, shape (dimensions,). Zeros, which stand for no vector at all, have no needles.
    """
    values = np.asarray(vector, dtype="<f8").ravel()
    found = set()
    for start in range(0, max(1, len(values)), STEP):
        part = values[start : start + VALUES]
        if np.count_nonzero(part) * 2 <= len(part):
            continue
        with np.errstate(over="ignore"):
            single = part.astype("<f4")
            found |= {part.tobytes(), single.tobytes(), part.astype("<f2").tobytes(), single.astype("<f2").tobytes()}
    return frozenset(needle for needle in found if len(needle) >= SHORTEST_NEEDLE)


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _utf16(text: str) -> bytes:
    return text.encode("utf-16-le", "surrogatepass")


def _json(text: str) -> bytes:
    return json.dumps(text)[1:-1].encode()


def _json_in_capitals(text: str) -> bytes:
    return b"".join(_ESCAPED.sub(_in_capitals, json.dumps(character)[1:-1]).encode() for character in text)


def _in_capitals(escaped: re.Match[str]) -> str:
    return "\\u" + escaped.group()[2:].upper()


def _readable_json(text: str) -> bytes:
    return _utf8(json.dumps(text, ensure_ascii=False)[1:-1])


def _json_with_escaped_slashes(text: str) -> bytes:
    return _readable_json(text).replace(b"/", b"\\/")


def _json_in_json(text: str) -> bytes:
    return json.dumps(json.dumps(text)[1:-1])[1:-1].encode()


def _readable_json_in_json(text: str) -> bytes:
    return _utf8(json.dumps(json.dumps(text, ensure_ascii=False)[1:-1], ensure_ascii=False)[1:-1])


def _html(text: str) -> bytes:
    return _utf8(html.escape(text))


def _url(text: str) -> bytes:
    return quote(text, errors="replace").encode()


def _form(text: str) -> bytes:
    return quote_plus(text, errors="replace").encode()


def _markdown(text: str) -> bytes:
    return _utf8(escaped_markdown(text, limit=max(1, len(text))))


ENCODINGS: tuple[Encoding, ...] = (
    _utf8,
    _utf16,
    _json,
    _json_in_capitals,
    _readable_json,
    _json_with_escaped_slashes,
    _json_in_json,
    _readable_json_in_json,
    _html,
    _url,
    _form,
    _markdown,
)
WIDE = _utf16
"""The encoding whose characters are no bytes of their own."""
