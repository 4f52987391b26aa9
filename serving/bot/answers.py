"""What the bot wants of whoever searches for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Hit(Protocol):
    """The post that answers."""

    @property
    def channel(self) -> str:
        """Its channel as `<platform>:<channel>`."""

    @property
    def post_id(self) -> str:
        """The post."""

    @property
    def link(self) -> str | None:
        """Where it can be read."""


class Answered(Protocol):
    """What came of a question."""

    @property
    def outcome(self) -> str:
        """`answered` or `silent`."""

    @property
    def hit(self) -> Hit | None:
        """The best post, if there is any."""

    @property
    def quote(self) -> str | None:
        """What is shown of it."""

    @property
    def probability(self) -> float | None:
        """Probability that it answers the question."""


class Searcher(Protocol):
    """What was searched."""

    @property
    def version(self) -> str:
        """Version of the index."""


class Answerer(Protocol):
    """Searches the channels that it is given and no other, and says whether it is sure enough."""

    @property
    def searcher(self) -> Searcher:
        """What it searches."""

    def answer(self, question: str, channels: Sequence[str], *, k: int = 10) -> Answered:
        """The answer, or silence; `k` posts are read, of which the best is shown."""
