"""What a worker keeps for deliveries: uploads, their checks, the ledgers, and a short memory of what lies in the inbox."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from serving.deliveries.checking import Checker
from serving.deliveries.uploads import Upload, Uploads
from serving.deliveries.videos import CONTRACT, VideoReader
from serving.web.problems import not_found
from serving.web.service import Service
from serving.web.visitors import Visitor
from vitrina.catalogue import CONTRACTS
from vitrina.inbox.difference import FoundFile, local
from vitrina.inbox.ledger_reading import LedgerReader
from vitrina.inbox.roots import look
from vitrina.settings import PRODUCTS, Settings
from vitrina.state.roles import Action

LOOK_S = 10.0
"""How old a look at the inbox may be."""

SELLERS = "sellers"


@dataclass
class Desk:
    """What a worker keeps.

    Attributes
    ----------
    settings
        The configuration.
    uploads, checker
        Files on their way, and what is found in them.
    ledger, videos
        What was read.
    """

    settings: Settings
    uploads: Uploads
    checker: Checker
    ledger: LedgerReader
    videos: VideoReader
    _looks: dict[str, tuple[float, tuple[FoundFile, ...] | None]] = field(default_factory=dict)

    def waiting(self, ledger: LedgerReader, product: str) -> list[FoundFile] | None:
        """Files in the inbox that no run has read yet; None where nobody can say: the inbox is on other storage, or cannot be listed."""
        listed = self._look(product)
        if not listed:
            return None if listed is None else []
        known = ledger.known(product)
        return [found for found in listed if found.stamp not in known]

    def videos_on_their_way(self, stores: Sequence[str] | None) -> list[Upload]:
        """Videos that were delivered here and that no run has seen yet; of these stores, or of all."""
        return [
            one
            for one in self.uploads.everything()
            if one.contract == CONTRACT
            and one.delivered_at is not None
            and (stores is None or one.store in stores)
            and self.videos.find(one.path, one.fingerprint or "") is None
        ]

    def upload(self, visitor: Visitor, product: str, upload_id: str) -> Upload:
        """Somebody's own upload, which they may still deliver.

        Raises
        ------
        Problem
            There is none, or it is not theirs.
        UploadGoneError
            It has expired.
        """
        owner = "" if visitor.known is None else visitor.known.person.id
        found = self.uploads.find(upload_id, owner, visitor.now)
        if found is None or found.product != product or not may_deliver(visitor, product, found.store):
            raise not_found("upload", upload_id)
        return found

    def own(self, visitor: Visitor) -> list[Upload]:
        """All uploads of somebody that have not expired."""
        owner = "" if visitor.known is None else visitor.known.person.id
        return [one for one in self.uploads.of(owner) if self.uploads.expires_at(one) > visitor.now]

    def _look(self, product: str) -> tuple[FoundFile, ...] | None:
        if local(self.settings.inbox_folder) is None:
            # a look at other storage may take longer than people wait for a page; the sensor looks there
            return None
        until, listed = self._looks.get(product, (0.0, None))
        if until < time.monotonic():
            found = look(product, [contract for contract in CONTRACTS if contract.product == product], self.settings)
            listed = None if found is None else found.files
            self._looks[product] = (time.monotonic() + LOOK_S, listed)
        return listed

    def forget_looks(self) -> None:
        """Something was put into the inbox: look again."""
        self._looks.clear()


def desk_of(service: Service) -> Desk:
    """The worker's desk, made when it is first needed."""
    found = service.held.get("deliveries")
    if not isinstance(found, Desk):
        settings = service.settings
        uploads = Uploads(settings)
        made = Desk(settings, uploads, Checker(uploads), LedgerReader(settings.ledger), VideoReader(settings.videos))
        # two first requests at once share one
        found = service.held.setdefault("deliveries", made)
    return found


def seen_products(visitor: Visitor) -> list[str]:
    """Products whose deliveries somebody sees: those that are theirs as a whole, for a table is about all stores and channels."""
    return [product for product in PRODUCTS if visitor.may_all(Action.READ, product) or visitor.may_all(Action.DELIVER, product)]


def own_products(visitor: Visitor) -> list[str]:
    """Products that somebody can deliver something for."""
    return [
        product
        for product in PRODUCTS
        if visitor.may_all(Action.DELIVER, product) or (product == SELLERS and visitor.may(Action.DELIVER, product))
    ]


def seen_stores(visitor: Visitor) -> Sequence[str] | None:
    """Stores whose videos somebody sees; None for all of them."""
    reading, delivering = (visitor.parts(SELLERS, action) for action in (Action.READ, Action.DELIVER))
    return None if reading is None or delivering is None else sorted({*reading, *delivering})


def may_deliver(visitor: Visitor, product: str, store: str) -> bool:
    """Whether somebody may deliver a store's video, or, where no store is named, a table of the product."""
    if store:
        return visitor.may(Action.DELIVER, product, store)
    return visitor.may_all(Action.DELIVER, product)
