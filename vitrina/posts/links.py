"""Where a post can be read, when its export does not say: Telegram's exports know numbers, and links need names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{3,31}")


def post_link(platform: str, channel: str, post: str, names: Mapping[str, str]) -> str | None:
    """The link of a post, or None where none can be made.

    Parameters
    ----------
    platform, channel, post
        The post; an answer in a chat is `<chat>/<message>`.
    names
        Public names of channels and chats, by `<platform>:<identifier>`.

    Examples
    --------
    >>> post_link("telegram", "1000724666", "10860", {"telegram:1000724666": "naked_science"})
    'https://t.me/naked_science/10860'
    >>> post_link("telegram", "1000724666", "10860", {})
    'https://t.me/c/1000724666/10860'
    """
    if platform != "telegram":
        return None
    place, _, message = post.rpartition("/")
    place = place or channel
    name = names.get(f"{platform}:{place}", "").removeprefix("@")
    # a name that is none would lead elsewhere
    where = name if _NAME.fullmatch(name) else f"c/{quote(place, safe='')}"
    return f"https://t.me/{where}/{quote(message, safe='')}"
