"""Passages as pages show them: cut to what was found, and in pieces that are marked or not, so that no text becomes a page's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from vitrina.posts.highlighting import Highlight

LONGEST = 420
"""Characters of an excerpt: four lines or five."""

BEFORE = 120
"""Characters before the first marked word."""

Span = tuple[int, int]


class Piece(NamedTuple):
    """A piece of a text, and whether it is marked."""

    text: str
    is_marked: bool


class Shown(NamedTuple):
    """A passage on a page.

    Attributes
    ----------
    excerpt
        What is seen at once.
    is_cut, begins_within
        Whether that is not all, and whether something stands before it.
    whole
        All of it.
    """

    excerpt: list[Piece]
    is_cut: bool
    begins_within: bool
    whole: list[Piece]


def shown(text: str, marked: Sequence[Highlight]) -> Shown:
    """A passage, cut to where most of the question's words stand."""
    start, end = _best_part(text, marked)
    return Shown(pieces(text, marked, start, end), end - start < len(text), start > 0, pieces(text, marked))


def pieces(text: str, marked: Sequence[Highlight], start: int = 0, end: int | None = None) -> list[Piece]:
    """A part of a text in pieces; put together, they are that part.

    Examples
    --------
    >>> [tuple(piece) for piece in pieces("О доставке", [Highlight(2, 10, "доставка")])]
    [('О ', False), ('доставке', True)]
    """
    stop, done, found = len(text) if end is None else end, start, []
    for one in marked:
        if one.start < done or one.end > stop:
            continue
        if one.start > done:
            found.append(Piece(text[done : one.start], is_marked=False))
        found.append(Piece(text[one.start : one.end], is_marked=True))
        done = one.end
    return [*found, Piece(text[done:stop], is_marked=False)] if done < stop else found


def _best_part(text: str, marked: Sequence[Highlight]) -> Span:
    if len(text) <= LONGEST:
        return 0, len(text)
    # the place from which most different words are within sight; of equals the first
    worth = [
        (len({one.lemma for one in marked if first.start <= one.start < first.start + LONGEST - BEFORE}), -first.start)
        for first in marked
    ]
    begin = -max(worth)[1] if worth else 0
    start = 0 if begin <= BEFORE else _after_blank(text, begin - BEFORE, begin)
    start = min(start, max(0, _after_blank(text, len(text) - LONGEST, len(text))))
    end = len(text) if start + LONGEST >= len(text) else _before_blank(text, start + LONGEST // 2, start + LONGEST)
    return start, end


def _after_blank(text: str, first: int, last: int) -> int:
    """The first beginning of a word from `first` on; `first` where there is none before `last`."""
    return next((place + 1 for place in range(first, last) if text[place].isspace()), first)


def _before_blank(text: str, first: int, last: int) -> int:
    """The last end of a word up to `last`; `last` where there is none after `first`."""
    return next((place for place in range(last, first, -1) if text[place].isspace()), last)
