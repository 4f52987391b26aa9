"""The bot as a process of its own, as `benchmarks.posts_bot` starts and kills it.

Its texts are read with the real models. Its answers are made up, and take a millisecond of processor time as a search does:
`benchmarks.posts_speed` measures searches.
"""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass

from serving.bot.limits import Limits
from serving.bot.run import BotSettings, reading, run, run_until_stopped
from serving.bot.sending import Patience
from vitrina.settings import Settings

CHANNEL = "telegram:1001"
SEARCH_S = 0.001
UNLIMITED = Limits(10**6, 10**6, 10**6, 10**6)


@dataclass(frozen=True)
class Found:
    """A post."""

    channel: str = CHANNEL
    post_id: str = "17"
    link: str | None = "https://t.me/c/1001/17"


@dataclass(frozen=True)
class Answer:
    """An answer."""

    outcome: str = "answered"
    hit: Found | None = Found()
    quote: str | None = "Мы открываемся в девять утра и работаем до позднего вечера."
    probability: float | None = 0.9


@dataclass(frozen=True)
class Index:
    """What is searched."""

    version: str = "made-up"


@dataclass(frozen=True)
class CostlyAnswerer:
    """Answers everything, and takes its time."""

    searcher: Index = Index()

    def answer(self, _question: str, _channels: Sequence[str]) -> Answer:
        """Spend processor time, then answer."""
        until = time.thread_time() + SEARCH_S
        while time.thread_time() < until:
            pass
        return Answer()


def main() -> None:
    """Run the bot until it is stopped or killed."""
    logging.basicConfig(level=logging.WARNING)
    answerer = CostlyAnswerer()
    settings = dataclasses.replace(BotSettings.of(Settings(), limits=UNLIMITED), patience=Patience(first_s=0.02, longest_s=0.2))
    run_until_stopped(run(settings, reading(), lambda: answerer))


if __name__ == "__main__":
    main()
