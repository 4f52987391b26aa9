"""An answerer that knows a few words, and texts that are read without models."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from serving.bot.conversation import Reading

NEWS, SPORT = "telegram:1001", "telegram:1002"
KNOWN = {NEWS: {"open": ("17", "We open at nine.")}, SPORT: {"match": ("5", "The match is on Friday.")}}


@dataclass(frozen=True)
class MadeUpHit:
    channel: str
    post_id: str
    link: str | None


@dataclass(frozen=True)
class MadeUpAnswer:
    outcome: str
    hit: MadeUpHit | None
    quote: str | None
    probability: float | None


@dataclass(frozen=True)
class MadeUpSearcher:
    version: str = "v1"


@dataclass
class MadeUpAnswerer:
    """Answers where a question holds a word that one of the channels knows; `cost_s` of processor time each."""

    known: dict[str, dict[str, tuple[str, str]]] = field(default_factory=lambda: KNOWN)
    cost_s: float = 0.0
    searcher: MadeUpSearcher = MadeUpSearcher()
    asked: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)

    def answer(self, question: str, channels: Sequence[str], *, k: int = 10) -> MadeUpAnswer:
        assert k >= 1
        until = time.thread_time() + self.cost_s
        while time.thread_time() < until:
            pass
        self.asked.append((question, tuple(channels)))
        for channel in channels:
            for word, (post, text) in self.known.get(channel, {}).items():
                if word in question.lower():
                    return MadeUpAnswer(
                        "answered", MadeUpHit(channel, post, f"https://t.me/c/{channel.split(':')[1]}/{post}"), text, 0.9
                    )
        return MadeUpAnswer("silent", None, None, 0.1)


def plain_reading() -> Reading:
    """What ends in a question mark is a question; a secret word is personal."""
    return Reading(
        lambda text: text.replace("\u200b", ""), lambda text: text.endswith("?"), lambda text: text.replace("Ivan", "[name]")
    )
