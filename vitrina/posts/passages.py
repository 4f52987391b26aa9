"""Posts as passages: what one vector and one line of the index stand for, and what a reader takes in at a glance.

What is shown is the post as it was written; what is searched lacks links, decoration, and the line that a channel puts under
nearly every post.
"""

from __future__ import annotations

import hashlib
import html
import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from math import ceil

import polars as pl

from vitrina.posts.courtesies import courtesies
from vitrina.posts.language import clean, sentences, words
from vitrina.posts.tables import Passages

SHORTEST, LONGEST = 600, 1_200
"""Characters of a passage of a longer post; a post that fits is one passage."""

LONGEST_OVERLAP = 400
"""Characters of a sentence that the next passage begins with again."""

NEW_LINE_WORTH = 100
"""Characters by which a passage may miss its length to end with a line; twice as many, to end with a paragraph."""

LONGEST_CONTEXT = 1_200
"""Characters of a question that are searched with its answer: a longer one would drown it."""

FOOTER_SHARE, FOOTER_POSTS = 0.3, 20
LONGEST_FOOTER = 500

_Span = tuple[int, int]

_LABELLED = re.compile(r"\[([^\[\]\n]{0,300})\]\((?:[^()\s]|\([^()\s]{0,200}\)){0,2000}\)")
_ADDRESS = re.compile(r"\b(?:(?:https?|ftp|tg)://|www\.|(?:t\.me|vk\.com|youtu\.be)/)[^\s<>()\[\]]+", re.IGNORECASE)
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,200}>")
_MARKS = re.compile(r"[*`]+|~~+|\|\|+|__+|\b_|_\b|^\s*(?:#{1,6}|>+) ", re.MULTILINE)


def passages_of(posts: pl.DataFrame) -> pl.DataFrame:
    """Passages of posts; a post in which there is nothing to search has none, and neither has a reply that says nothing.

    Parameters
    ----------
    posts
        Rows of `Posts`, in any order. Whole channels: what their posts end with is counted.

    Returns
    -------
    polars.DataFrame
        Rows of `Passages`, ordered by their key.
    """
    key = ["platform", "channel_id", "post_id"]
    posts = posts.sort(key)
    rows: list[tuple[str, str, str, int, int, int, str, str, str]] = []
    columns = posts.select(*key, "text", "context").iter_rows()
    for (platform, channel, post, text, context), end, says_nothing in zip(
        columns, body_ends(posts), courtesies(posts), strict=True
    ):
        if says_nothing:
            continue
        question = plain(context[:LONGEST_CONTEXT]) if context else ""
        found = [(span, plain(text[slice(*span)])) for span in passage_spans(text[:end])]
        found = [(span, body) for span, body in found if body or question]
        for ordinal, ((start, stop), body) in enumerate(found):
            # a footer is shown, with the last passage
            shown = len(text.rstrip()) if ordinal == len(found) - 1 else stop
            searched = f"{question}\n{body}".strip() if question else body
            rows.append((platform, channel, post, ordinal, start, shown, text[start:shown], searched, text_hash(searched)))
    return pl.DataFrame(rows, schema=Passages.polars_schema(), orient="row")


def text_hash(text: str) -> str:
    """What tells one text from another: SHA-256, the first 32 hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def plain(text: str) -> str:
    """Text without links, HTML and markdown's signs; labels of links stay, lines without a letter or digit go.

    Parameters
    ----------
    text
        Of a post, or a part of it.
    """
    text = _LABELLED.sub(r"\1", text)
    text = _TAG.sub(" ", _ADDRESS.sub(" ", text))
    if "&" in text:
        # what no reader sees may be written as an entity too
        text = clean(html.unescape(text))
    text = _MARKS.sub("", text)
    return "\n".join(" ".join(line.split()) for line in text.split("\n") if any(map(str.isalnum, line)))


def body_ends(posts: pl.DataFrame) -> list[int]:
    """Where each post's body ends: before its last line where that is a footer of its channel, else with its text.

    A footer is a line that more than 30 % of a channel's posts end with, and at least 20; lines with equal words are one, for
    their links and signs vary. A post of one line is no footer: an alarm may say the same each time.

    Parameters
    ----------
    posts
        ``platform``, ``channel_id``, ``text``; all posts of the channels.

    Returns
    -------
    list of int
        Per row, the character after the body.
    """
    channels = list(zip(posts["platform"], posts["channel_id"], strict=True))
    lines = [_last_line(text) for text in posts["text"]]
    sizes = Counter(channels)
    counts = Counter((channel, said) for channel, (_, said) in zip(channels, lines, strict=True) if said)
    footers = {line for line, count in counts.items() if count >= FOOTER_POSTS and count > FOOTER_SHARE * sizes[line[0]]}
    return [
        start if (channel, said) in footers else len(text)
        for channel, (start, said), text in zip(channels, lines, posts["text"], strict=True)
    ]


def _last_line(text: str) -> tuple[int, str]:
    """Where it begins, and its words; none where no line stands before it."""
    text = text.rstrip()
    start = text.rfind("\n") + 1
    if not text[:start].strip() or len(text) - start > LONGEST_FOOTER:
        return start, ""
    return start, " ".join(words(plain(text[start:])))


def passage_spans(text: str) -> list[_Span]:
    """Where the passages of a text begin and end; takes time in proportion to its length, whatever it is made of.

    A text of up to 1,200 characters is one passage. A longer one is divided evenly, after paragraphs rather than lines and
    lines rather than sentences; each passage but the first begins with the last sentence of the one before, unless that is
    long. A sentence that is longer than a passage is cut at a blank, or anywhere if it has none.

    Parameters
    ----------
    text
        Of one post.

    Returns
    -------
    list of tuple of int
        First character and the one after the last, without blanks around; none for a blank text.
    """
    start, end = len(text) - len(text.lstrip()), len(text.rstrip())
    if end - start <= LONGEST:
        return [(start, end)] if end > start else []
    parts = [part for sentence in sentences(text) for part in _cut(text, sentence)]
    lines = [text.count("\n", before[1], after[0]) for before, after in pairwise(parts)]
    # what fits is taken to its end, or its last line would stand alone
    return _joined(parts, [*(min(count, 2) * NEW_LINE_WORTH for count in lines), LONGEST])


def _cut(text: str, sentence: _Span) -> list[_Span]:
    start, end = sentence
    parts = []
    while end - start > LONGEST:
        blank = text.rfind(" ", start + SHORTEST, start + LONGEST)
        stop = blank if blank > 0 else start + LONGEST
        parts.append((start, stop))
        start = stop + (blank > 0)
    return [*parts, (start, end)] if end > start else parts


def _joined(parts: Sequence[_Span], worth: Sequence[int]) -> list[_Span]:
    """Passages made of neighbouring parts; `worth` tells how good it is to end after each."""
    passages: list[_Span] = []
    first = fresh = 0
    while fresh < len(parts):
        start = parts[first][0]
        left = parts[-1][1] - start
        # what is left is divided evenly, so that no crumb remains
        aim = left / ceil(left / LONGEST)
        last = fresh
        best = _miss(parts[last], start, aim) - worth[last]
        for candidate in range(fresh + 1, len(parts)):
            if parts[candidate][1] - start > LONGEST:
                break
            missed = _miss(parts[candidate], start, aim) - worth[candidate]
            if missed <= best:
                last, best = candidate, missed
        passages.append((start, parts[last][1]))
        fresh = last + 1
        first = last if last > first and _may_overlap(parts, last) else fresh
    return passages


def _miss(part: _Span, start: int, aim: float) -> float:
    return abs(part[1] - start - aim)


def _may_overlap(parts: Sequence[_Span], last: int) -> bool:
    begin, end = parts[last]
    return end - begin <= LONGEST_OVERLAP and last + 1 < len(parts) and parts[last + 1][1] - begin <= LONGEST
