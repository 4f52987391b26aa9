"""The published index, looked at every few seconds: a new version is opened beside the old one, and then takes its place."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import duckdb

from serving.bot.answers import Answerer
from vitrina.errors import VitrinaError
from vitrina.publication.versions import current
from vitrina.settings import Settings

logger = logging.getLogger(__name__)

PRODUCT = "posts"
UNREADABLE = "a pointer that cannot be read"

Open = Callable[[Settings], Answerer]
"""Opens what is in force: `vitrina.posts.published.published_answerer`."""


class IndexWatch:
    """Holds the answerer of the version that is in force.

    Parameters
    ----------
    settings
        The configuration.
    opens
        Opens what is in force.
    """

    def __init__(self, settings: Settings, opens: Open) -> None:
        self.settings, self.opens = settings, opens
        self._answerer: Answerer | None = None
        self._version: str | None = None
        self._told_of: str | None = None

    @property
    def answerer(self) -> Answerer | None:
        """Whoever answers at the moment; None before anything was published. Questions under way keep theirs."""
        return self._answerer

    def look(self) -> bool:
        """Open the version in force, unless it is open; where that fails, the old one stays, and the next look tries again.

        Returns
        -------
        bool
            Whether another version answers now.
        """
        version: str | None = None
        try:
            pointer = current(self.settings, PRODUCT)
            if pointer is None or pointer.version == self._version:
                return False
            version = pointer.version
            # where yet another version comes into force in between, this is that one, and the next look opens it once more
            answerer = self.opens(self.settings)
        except (VitrinaError, OSError, ValueError, duckdb.Error) as error:
            # once for each version, not every few seconds
            if self._told_of != (version or UNREADABLE):
                logger.error("The published index cannot be opened; the one before stays in use. %s", error)  # noqa: TRY400  # the message says it all
            self._told_of = version or UNREADABLE
            return False
        self._answerer, self._version, self._told_of = answerer, version, None
        logger.info("Version %s of the posts is in use.", version)
        return True

    async def run(self, interval_s: float) -> None:
        """Look every so often, until cancelled; requests go on meanwhile."""
        while True:
            await asyncio.to_thread(self.look)
            await asyncio.sleep(interval_s)
