"""What marketplace keeps while a worker runs, and how a request gets hold of it."""

from __future__ import annotations

import secrets
import sys
from dataclasses import dataclass, field

from fastapi import Request
from threadpoolctl import threadpool_limits

from serving.marketplace.answering import Desk, Question, personal
from serving.marketplace.shelf import Shelf
from serving.marketplace.shown_log import ShownLog
from serving.web.problems import Problem
from serving.web.service import Service, service_of
from serving.web.versions import Version
from serving.web.visitors import Visitor
from vitrina.errors import SettingsError
from vitrina.marketplace.session import RecentEvent
from vitrina.marketplace.showing import FOLDER
from vitrina.pseudonyms import pseudonym, user_key
from vitrina.settings import Settings

PRODUCT = "marketplace"
SWITCH_S = 0.0005
"""How long a thread keeps Python's lock while others wait. An answer lets go of it several times on its way; with the default of
5 ms, and a chart being drawn beside, half of the answers took four times as long."""
_WARM = 20
"""Answers that a new version gives before anybody sees it: the first ones load code and wake up arithmetic."""


@dataclass
class MarketplaceWorker:
    """What a worker keeps.

    Attributes
    ----------
    settings
        The configuration.
    desk
        Answers questions.
    shown
        Writes down what was shown.
    """

    settings: Settings
    desk: Desk
    shown: ShownLog
    _key: bytes = field(default=b"", repr=False)

    def user(self, identifier: str | None) -> str | None:
        """The pseudonym of a user; None for a stranger.

        Raises
        ------
        Problem
            The key cannot be read: nobody would be known.
        """
        if identifier is None or not identifier.strip():
            return None
        try:
            self._key = self._key or user_key(self.settings)
            return pseudonym(identifier, self._key)
        except SettingsError as error:
            raise Problem(503, error.problem, error.remedy, kind="no-key") from error


def start(service: Service) -> MarketplaceWorker:
    """Begin to answer and to write down."""
    settings = service.settings
    # these products are small: a second thread of BLAS takes a core from another worker, and waits for it
    threadpool_limits(1, "blas")
    sys.setswitchinterval(SWITCH_S)
    worker = MarketplaceWorker(
        settings,
        Desk(
            deadline_s=settings.marketplace_deadline_ms / 1000,
            holdout_share=settings.marketplace_holdout_share,
            repeats=settings.marketplace_repeats,
        ),
        ShownLog(settings.decisions_folder / PRODUCT / FOLDER, settings.marketplace_shown_interval_s),
    )
    worker.shown.start()
    return worker


def stop(service: Service) -> None:
    """Answer no more, and close what was written."""
    worker = service.held.get(PRODUCT)
    if isinstance(worker, MarketplaceWorker):
        worker.desk.close()
        worker.shown.stop()


def worker_of(request: Request) -> MarketplaceWorker:
    """What this worker keeps."""
    found = service_of(request).held[PRODUCT]
    if not isinstance(found, MarketplaceWorker):
        raise TypeError("marketplace was not started")
    return found


def shelf_of(visitor: Visitor) -> tuple[Version, Shelf]:
    """The version that a request sees, and what belongs to it.

    Raises
    ------
    PublicationError
        Nothing is published, or nothing that could be shown.
    """
    version = visitor.view[PRODUCT]
    shelf = version.companion()
    if not isinstance(shelf, Shelf):
        raise TypeError("the version was opened without its companion")
    return version, shelf


def warm(version: Version) -> None:
    """Answer a few questions: of known users, strangers, and on pages."""
    shelf = version.companion()
    users = [None, secrets.token_hex(12), *shelf.some_users(_WARM)]
    items = [None, *list(shelf.items)[:_WARM]]
    for user in users:
        for item in items[:3]:
            recent = () if item is None else (RecentEvent(item, "view"), RecentEvent(item, "cart"))
            personal(shelf, Question(user, item, recent), repeats=True)
    shelf.popular_items(1)
