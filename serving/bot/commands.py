"""Commands, and the links of posts that they may carry."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

COMMANDS = ("ask", "privacy", "forget_me", "forget", "start", "help")

_COMMAND = re.compile(r"/([a-z_]{1,32})(?:@(\w{1,64}))?(?:\s+(.*))?", re.IGNORECASE | re.DOTALL)
_LINK = re.compile(
    r"(?:https?://)?(?:t|telegram)\.me/(?:c/(?P<bare>\d{1,20})|(?P<name>[a-z]\w{2,40}))/(?:\d{1,20}/)?(?P<post>\d{1,20})\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Command:
    """A command and what stands behind it."""

    name: str
    argument: str


def command_of(text: str, bot_name: str) -> Command | None:
    """The command that a text begins with, or None where it is none, or another bot's.

    A command that nobody knows comes back as well: it is no question.

    Examples
    --------
    >>> command_of("/ask@our_bot When?", "our_bot")
    Command(name='ask', argument='When?')
    """
    found = _COMMAND.fullmatch(text.strip())
    if found is None:
        return None
    name, addressed, argument = found.groups()
    if addressed is not None and addressed.lower() != bot_name.lower():
        return Command("", "")
    return Command(name.lower(), (argument or "").strip())


@dataclass(frozen=True)
class PostName:
    """A post of a channel `<platform>:<channel>`."""

    channel: str
    post_id: str

    def __str__(self) -> str:
        return f"{self.channel}:{self.post_id}"


def post_of_link(text: str, names: Mapping[str, str]) -> PostName | None:
    """The post that a link names, or None.

    Parameters
    ----------
    text
        What stands behind the command.
    names
        Channels as `<platform>:<channel>` → public name.

    Examples
    --------
    >>> post_of_link("https://t.me/our_news/17", {"telegram:1001": "our_news"})
    PostName(channel='telegram:1001', post_id='17')
    """
    found = _LINK.search(text)
    if found is None:
        return None
    if found["bare"]:
        return PostName(f"telegram:{found['bare']}", found["post"])
    channels = [channel for channel, name in names.items() if name.lstrip("@").lower() == found["name"].lower()]
    return PostName(channels[0], found["post"]) if channels else None
