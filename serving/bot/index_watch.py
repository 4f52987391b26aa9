"""The published index, looked at every few seconds: a new version is opened beside the old one, and then takes its place."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from pathlib import Path

import duckdb

from serving.bot.answers import Answerer
from vitrina.errors import VitrinaError
from vitrina.publication.versions import current, open_published
from vitrina.settings import Settings

logger = logging.getLogger(__name__)

PRODUCT = "posts"
UNREADABLE = "a pointer that cannot be read"

Load = Callable[[Path, Mapping[str, float]], Answerer]
"""Opens an index: its folder, and the threshold of each channel as `<platform>:<channel>`, which were published together."""


class IndexWatch:
    """Holds the answerer of the version that is in force.

    Parameters
    ----------
    settings
        The configuration.
    load
        Opens an index.
    """

    def __init__(self, settings: Settings, load: Load) -> None:
        self.settings, self.load = settings, load
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
            answerer = self.load(*self._published())
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

    def _published(self) -> tuple[Path, dict[str, float]]:
        connection = open_published(self.settings, PRODUCT)
        try:
            paths = connection.execute("SELECT path FROM post_indexes ORDER BY built_at DESC LIMIT 1").fetchall()
            thresholds = connection.execute("SELECT platform, channel_id, threshold FROM answer_thresholds").fetchall()
        finally:
            connection.close()
        if not paths:
            raise NoIndexError("The published posts have no index.", "Run `make run PRODUCT=posts` and look at its checks.")
        return self.settings.data / str(paths[0][0]), {
            f"{platform}:{channel}": float(least) for platform, channel, least in thresholds
        }


class NoIndexError(VitrinaError):
    """Posts were published without an index."""
