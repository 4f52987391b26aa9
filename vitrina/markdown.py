"""Text of other people in Markdown that other programs show: nothing in it is a link, a picture, HTML or a table."""

from __future__ import annotations

import re

from vitrina.inbox.messages import shown

LONGEST_TEXT = 1000

_WORD_JOINER = "\N{WORD JOINER}"
_SPECIAL = str.maketrans(
    {character: f"\\{character}" for character in r"\`*~[]()!|#"} | {"&": "&amp;", "<": "&lt;", ">": "&gt;"},
)
_OUTER_UNDERSCORE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
"""An underscore that may slant text; inside a word, as in store_id, it never does."""

_MADE_A_LINK = re.compile(r"(?<=:)(?=//)|(?<=www)(?=\.)|(?=@)", re.IGNORECASE)
"""Where addresses are recognised that nobody marked as links; readers look for them after all escapes are undone."""


def escaped_markdown(text: str, limit: int = LONGEST_TEXT) -> str:
    r"""Any text on one line that Markdown, and HTML made from it, show as it is.

    Web and mail addresses are torn apart by an invisible character, for no escape keeps readers from linking them.

    Parameters
    ----------
    text
        Any text, however hostile.
    limit
        Characters of it that are kept; what Markdown needs comes on top.

    Examples
    --------
    >>> print(escaped_markdown("![x](a|b) <b>"))
    \!\[x\]\(a\|b\) &lt;b&gt;
    """
    escaped = _OUTER_UNDERSCORE.sub(r"\\_", shown(text, limit).translate(_SPECIAL))
    return _MADE_A_LINK.sub(_WORD_JOINER, escaped)
