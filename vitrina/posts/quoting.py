"""What is quoted of a post: the sentences that say most about the question, as plain text."""

from __future__ import annotations

import re
from collections import Counter

from vitrina.posts.language import lemmas, sentences

LONGEST_QUOTE = 300
ELLIPSIS = "…"

_LINK = re.compile(r"!?\[([^\[\]]*)\]\(\S*?\)")
_ADDRESS = re.compile(r"\(?\bhttps?://[^\s)]+\)?")
_DECORATION = re.compile(r"\*\*|__|~~|\|\||`+|</?[a-zA-Z][^<>]{0,200}>|^[>#\s]+(?=\s)", re.MULTILINE)
_BLANKS = re.compile(r"[^\S\n]+")


def quote(text: str, question: str, *, longest: int = LONGEST_QUOTE) -> str:
    """The sentences of a text that say most about a question, as plain text.

    A sentence counts by the question's lemmas that it holds, each the more the fewer sentences of the text hold it. The best
    one is quoted, with those that follow it, as long as they fit whole; the first sentence where none holds any.

    Parameters
    ----------
    text
        A passage.
    question
        What was asked.
    longest
        Characters, the ellipsis of a shortened sentence included.
    """
    plain = _plain(text)
    spans = sentences(plain)
    if not spans:
        return ""
    asked = set(lemmas(question))
    held = [asked.intersection(lemmas(plain[start:end])) for start, end in spans]
    common = Counter(lemma for lemma_set in held for lemma in lemma_set)
    # sorted, as the last digit of a sum depends on the order; the first of equals is taken
    worth = [sum(1 / common[lemma] for lemma in sorted(lemma_set)) for lemma_set in held]
    best = worth.index(max(worth))
    start, end = spans[best]
    for _, later in spans[best + 1 :]:
        if len(_on_one_line(plain[start:later])) > longest:
            break
        end = later
    return _shortened(_on_one_line(plain[start:end]), longest)


def _plain(text: str) -> str:
    """Without links, addresses and the marks of decoration."""
    undecorated = _DECORATION.sub("", _ADDRESS.sub("", _LINK.sub(r"\1", text)))
    return _BLANKS.sub(" ", undecorated)


def _on_one_line(text: str) -> str:
    return " ".join(text.split())


def _shortened(text: str, longest: int) -> str:
    """Cut between words; a word that is longer than all there is, within."""
    if len(text) <= longest:
        return text
    room = text[: longest - len(ELLIPSIS) + 1]
    cut = room.rfind(" ")
    return (room[:cut] if cut > 0 else room[:-1]).rstrip(" ,;:—–-") + ELLIPSIS
