"""Channels of a published version: their names, and what each holds; and which chats' questions belong to whom."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from serving.web.problems import not_found
from serving.web.versions import Version
from vitrina.settings import Settings

_CHANNELS = """
    SELECT
        platform || ':' || channel_id AS channel,
        -- answers stand in a chat, whose name is not the channel's
        coalesce(arg_max(channel_name, posted_at) FILTER (WHERE kind <> 'answer'), max(channel_name), max(channel_id)) AS name,
        count(*) FILTER (WHERE kind <> 'answer') AS posts,
        count(*) FILTER (WHERE kind = 'answer') AS answers,
        min(posted_at) AS first_posted_at,
        max(posted_at) AS last_posted_at
    FROM posts
    GROUP BY ALL
    ORDER BY posts DESC, channel
"""


@dataclass(frozen=True)
class Channel:
    """A channel.

    Attributes
    ----------
    channel, name
        Identifier as ``<platform>:<channel>``, and the name for people.
    posts, answers
        Posts of the channel, and answers in its discussion chat that count as the channel's.
    first_posted_at, last_posted_at
        When its first and latest of these were posted, where that is known.
    """

    channel: str
    name: str
    posts: int
    answers: int
    first_posted_at: dt.datetime | None
    last_posted_at: dt.datetime | None


def channels_of(version: Version, allowed: Collection[str] | None = None) -> tuple[Channel, ...]:
    """Channels with posts, the largest first.

    Parameters
    ----------
    version
        Of posts.
    allowed
        Channels to look at; None for all.

    Raises
    ------
    PublicationError
        The posts are held back.
    """
    version.require("posts")
    every = version.remembered("channels", lambda: tuple(Channel(**row) for row in version.rows(_CHANNELS)))
    return every if allowed is None else tuple(one for one in every if one.channel in allowed)


def channel_names(version: Version) -> Mapping[str, str]:
    """Name of each channel; none where the posts are held back."""
    return version.remembered(
        "channel names", lambda: {one.channel: one.name for one in channels_of(version)} if version.has("posts") else {}
    )


def chosen(wanted: Collection[str] | None, allowed: list[str] | None, known: Collection[str]) -> list[str] | None:
    """Channels to look into: those that were asked for, or else all that may be seen; None for all.

    Raises
    ------
    Problem
        A channel is not there. Whether they may see those that are was decided by the guard.
    """
    named = [channel for channel in wanted or () if channel]
    for channel in named:
        if channel not in known:
            raise not_found("channel", channel)
    return named or allowed


def chats_of(settings: Settings, channels: Collection[str] | None) -> list[str] | None:
    """Chats in which posts of these channels and no others are shown, as ``<platform>:<chat>``; None for all chats.

    A chat's questions are about the channels that the settings show there. Where one of them is somebody else's, so may the
    question be.
    """
    if channels is None:
        return None
    own = frozenset(channels)
    return sorted(chat for chat, shown in settings.posts_chats.items() if shown and own.issuperset(shown))


@lru_cache(20_000)
def web_link(link: str | None) -> str | None:
    """A link that a browser may follow, or None: what a post says of itself might be a script.

    >>> web_link("https://t.me/shop/12"), web_link("javascript:alert(1)"), web_link("//t.me")
    ('https://t.me/shop/12', None, None)
    """
    if not link or not link.isprintable():
        return None
    try:
        parts = urlsplit(link)
    except ValueError:
        return None
    return link if parts.scheme in ("http", "https") and parts.netloc else None
