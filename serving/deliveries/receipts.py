"""Receipts as they were written, for pages: text taken apart again, so that nothing in it is ever markup."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from vitrina.i18n import SOURCE_LOCALE
from vitrina.inbox.entries import Entry
from vitrina.inbox.receipts import receipt_path
from vitrina.settings import Settings

MOST_BYTES = 1_000_000

_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_ENTITIES = {"&lt;": "<", "&gt;": ">", "&amp;": "&"}
_ENTITY = re.compile("|".join(_ENTITIES))
_BETWEEN_CELLS = re.compile(r"(?<!\\)\|")
_RULE = re.compile(r"[\s|:-]+")


@dataclass(frozen=True)
class Block:
    """A part of a receipt.

    Attributes
    ----------
    kind
        What it is.
    text
        Of headings and paragraphs.
    items
        Of a list.
    header, rows
        Of a table.
    """

    kind: Literal["title", "heading", "strong", "paragraph", "list", "table"]
    text: str = ""
    items: tuple[str, ...] = ()
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def receipt_text(settings: Settings, entry: Entry, locale: str) -> str | None:
    """A delivery's receipt in a language, or in another where there is none; None where it was deleted."""
    for wanted in dict.fromkeys((locale, SOURCE_LOCALE, *settings.locales)):
        try:
            with receipt_path(settings.receipts, entry, wanted).open(encoding="utf-8", errors="replace") as file:
                return file.read(MOST_BYTES)
        except OSError:
            continue
    return None


def blocks(text: str) -> list[Block]:
    r"""A receipt's parts, as plain text.

    Only what `vitrina.inbox.receipts` writes is known; anything else is a paragraph.

    Examples
    --------
    >>> blocks("# Receipt for a\\_b\n\n**Loaded.**\n\n- Delivery: 1")[2].items
    ('Delivery: 1',)
    """
    parts = [part for part in re.split(r"\n\s*\n", text.strip()) if part.strip()]
    return [_block(part.splitlines()) for part in parts]


def _block(lines: list[str]) -> Block:
    first = lines[0]
    if first.startswith("# "):
        return Block("title", plain(first[2:]))
    if first.startswith("## "):
        return Block("heading", plain(first[3:]))
    if all(line.startswith("- ") for line in lines):
        return Block("list", items=tuple(plain(line[2:]) for line in lines))
    if len(lines) > 1 and all(line.startswith("|") for line in lines) and _RULE.fullmatch(lines[1]):
        header, rows = _cells(first), tuple(_cells(line) for line in lines[2:])
        return Block("table", header=header, rows=tuple((*row, *[""] * len(header))[: len(header)] for row in rows))
    whole = " ".join(lines)
    if len(whole) > 4 and whole.startswith("**") and whole.endswith("**"):
        return Block("strong", plain(whole[2:-2]))
    return Block("paragraph", plain(whole))


def _cells(line: str) -> tuple[str, ...]:
    return tuple(plain(cell.strip()) for cell in _BETWEEN_CELLS.split(line.strip())[1:-1])


def plain(text: str) -> str:
    r"""What Markdown would show of a text.

    >>> plain(r"\!\[x\]\(a\|b\) &lt;b&gt; `0a1b`")
    '![x](a|b) <b> 0a1b'
    """
    without_code = re.sub(r"(?<!\\)`", "", text.replace("\N{WORD JOINER}", ""))
    return _ENTITY.sub(lambda found: _ENTITIES[found[0]], _ESCAPED.sub(r"\1", without_code))
