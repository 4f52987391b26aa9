"""From the inbox to the raw tables: each file once, whole, and repeatable after a crash at any point.

The order for each file is: warehouse, ledger, receipt. A crash after the first leaves a file that the ledger does not
know, which is read again and replaces its own rows; a crash after the second leaves findings in the ledger, from which
the next run writes the receipt.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import time
from collections.abc import Collection, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from filelock import FileLock, Timeout

from vitrina.errors import WarehouseBusyError
from vitrina.files import slug, write_atomically
from vitrina.inbox.content import Content, copied
from vitrina.inbox.contract import Contract
from vitrina.inbox.difference import FoundFile, Listing, difference
from vitrina.inbox.entries import Entry, State
from vitrina.inbox.findings import Findings
from vitrina.inbox.judging import Delivery, Judgement, judge_file
from vitrina.inbox.ledger import Ledger
from vitrina.inbox.loading import known_references, prepare_tables, refuse_other_identity, store
from vitrina.inbox.messages import RefusedFileError, message, shown
from vitrina.inbox.outcomes import loaded, refuse_losing_everything
from vitrina.inbox.readers import MAX_BYTES, MAX_STREAMED_BYTES, SUFFIXES
from vitrina.inbox.receipts import write_receipts
from vitrina.inbox.roots import look, open_found
from vitrina.pseudonyms import key_mark, user_key
from vitrina.settings import Settings
from vitrina.tables import Table
from vitrina.warehouse import Warehouse


@dataclass(frozen=True)
class Ingestion:
    """What one ingestion did.

    Attributes
    ----------
    deliveries
        Entries of the ledger that were made or renewed, in order. `changed_from` and `changed_to` of an entry span
        everything that it changed in the raw table, the rows of the version that it replaced included.
    unsettled
        Loaded deliveries whose stale periods nobody has marked yet: these, and those of a run that was killed before it
        could. Pass them to `Ledger.mark_stale` together with the periods.
    unchanged
        Paths whose content is what it was, under a new date.
    still_growing
        Paths that changed while they were looked at, or are gone: the next run sees to them.
    out_of_reach
        Paths that could not be opened, each with the reason: the next run tries again.
    unexpected, outside
        As the listing says.
    listed
        Whether the inbox could be listed at all.
    """

    deliveries: tuple[Entry, ...] = ()
    unsettled: tuple[Entry, ...] = ()
    unchanged: tuple[str, ...] = ()
    still_growing: tuple[str, ...] = ()
    out_of_reach: tuple[tuple[str, str], ...] = ()
    unexpected: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    listed: bool = True


def ingest(  # noqa: PLR0913  # what it works on, and what it works with
    product: str,
    contracts: Sequence[Contract],
    *,
    settings: Settings,
    warehouse: Warehouse,
    ledger: Ledger,
    now: dt.datetime,
    refused_table: type[Table],
    files: Sequence[str] | None = None,
    moved: bool = False,
) -> Ingestion:
    """Read what is new in a product's folder of the inbox.

    Parameters
    ----------
    product
        The product; its folder in either root of the inbox has the same name.
    contracts
        Its contracts, masters first.
    settings
        For the folders, the languages, and how long to watch a file.
    warehouse, ledger
        The product's tables, and the ledger of files.
    now
        The time that deliveries are received at, in UTC.
    refused_table
        The product's table of refused rows.
    files
        Paths relative to their root that a sensor has watched until they stood still. Without it, the inbox is looked
        at twice, `settings.settle_s` apart, and what stands still is read.
    moved
        The inbox lies at another address than before, with the same files.

    Raises
    ------
    SettingsError
        The data folder belongs to another inbox, or its key of user identifiers is damaged.
    WarehouseBusyError
        Another run ingests the same product for longer than the bounded wait.
    """
    ledger.claim_inbox(str(settings.inbox_folder), moved=moved)
    lock = settings.data / f"{product}.ingest.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(lock, timeout=settings.lock_timeout_s):
            run = _Run(product, tuple(contracts), settings, warehouse, ledger, now, refused_table)
            return run.ingest(files)
    except Timeout:
        raise WarehouseBusyError(
            f"Another run has been reading the inbox of {product} for more than {settings.lock_timeout_s:g} s.",
            "Wait for it, or raise VITRINA_LOCK_TIMEOUT_S.",
        ) from None


@dataclass
class _Run:
    product: str
    contracts: tuple[Contract, ...]
    settings: Settings
    warehouse: Warehouse
    ledger: Ledger
    now: dt.datetime
    refused_table: type[Table]
    deliveries: list[Entry] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    still_growing: list[str] = field(default_factory=list)
    out_of_reach: list[tuple[str, str]] = field(default_factory=list)

    def ingest(self, files: Sequence[str] | None) -> Ingestion:
        self._write_receipts()
        listing, complete = self._watched() if files is None else self._asked_for(files)
        if listing is None:
            return Ingestion(listed=False, still_growing=tuple(files or ()))
        if complete or self.ledger.reopened(self.product):
            prepare_tables(self.warehouse, self.contracts, self.refused_table)
        for contract in self.contracts:
            self._take_all(contract, complete, listing)
        return Ingestion(
            tuple(self.deliveries),
            self.ledger.unsettled(self.product),
            tuple(self.unchanged),
            tuple(self.still_growing),
            tuple(self.out_of_reach),
            listing.unexpected,
            listing.outside,
        )

    def _look(self) -> Listing | None:
        return look(self.product, self.contracts, self.settings)

    def _watched(self) -> tuple[Listing | None, tuple[FoundFile, ...]]:
        """What stands still between two looks."""
        known = self.ledger.known(self.product)
        first = difference(self._look(), known, {})
        if first.pending:
            time.sleep(self.settings.settle_s)
        listing = self._look()
        seen = difference(listing, known, first.pending)
        self.still_growing += seen.still_growing
        return listing, seen.complete

    def _asked_for(self, files: Sequence[str]) -> tuple[Listing | None, tuple[FoundFile, ...]]:
        """Only what the listing shows is ever opened, so a path cannot lead out of the inbox."""
        listing = self._look()
        if listing is None:
            return None, ()
        known, wanted = self.ledger.known(self.product), set(files)
        self.still_growing += sorted(wanted - {found.path for found in listing.files})
        return listing, tuple(found for found in listing.files if found.path in wanted and found.stamp not in known)

    def _take_all(self, contract: Contract, complete: Sequence[FoundFile], listing: Listing) -> None:
        """Read a contract's files, those among them that a master before has reopened, and those that they reopen themselves."""
        of_contract = [found for found in listing.files if found.contract == contract.name]
        reopened = self._reopened()
        for found in of_contract:
            if found in reopened or found in complete:
                self._take(contract, found)
        # copies of what was just superseded; not what was tried in vain a moment ago
        copies = self._reopened() - reopened
        for found in of_contract:
            if found in copies:
                self._take(contract, found)

    def _reopened(self) -> set[FoundFile]:
        return {entry.found for entry in self.ledger.reopened(self.product)}

    def _take(self, contract: Contract, found: FoundFile) -> None:
        with ExitStack() as held:
            content = self._content(contract, found, held)
            if content is not None:
                self._take_content(contract, found, content)

    def _take_content(self, contract: Contract, found: FoundFile, content: Content) -> None:
        fingerprint = content.fingerprint
        latest = self.ledger.latest(self.product, found.path)
        if latest is not None and latest.reopened and latest.fingerprint == fingerprint:
            # under its old number, or an old file would win over later corrections: a copy of what was superseded, too,
            # was delivered before the version that superseded it, which may be the correction
            again = replace(latest, reopened=False, findings=None, size=found.size, modified=found.modified)
            self._receive(contract, again, content)
        elif latest is None or latest.fingerprint != fingerprint or latest.state is not State.LOADED:
            self._receive(contract, self._new_entry(contract, found, fingerprint, latest), content)
        else:
            self.ledger.restamp(latest, found)
            self.unchanged.append(found.path)

    def _content(self, contract: Contract, found: FoundFile, held: ExitStack) -> Content | None:
        """All bytes, taken once, so that what is hashed is what is loaded; None if they cannot be had now."""
        limit = MAX_BYTES if contract.reader is None else MAX_STREAMED_BYTES
        if found.size > limit:
            self.out_of_reach.append((found.path, f"larger than {limit} bytes; deliver it in parts"))
            return None
        try:
            source = held.enter_context(open_found(found, self.settings))
            if contract.reader is None:
                content = Content.in_memory(source.read())
            else:
                content = held.enter_context(copied(source, self.settings.cache / self.product))
        except OSError as error:
            # not quarantined: what cannot be opened now may be opened by the next run
            self.out_of_reach.append((found.path, str(error)))
            return None
        if content.size != found.size:
            self.still_growing.append(found.path)
            return None
        return content

    def _new_entry(self, contract: Contract, found: FoundFile, fingerprint: str, latest: Entry | None) -> Entry:
        return Entry(
            product=self.product,
            delivery=self.ledger.next_delivery(self.product),
            path=found.path,
            contract=contract.name,
            version=latest.version + 1 if latest else 1,
            state=State.LOADED,
            size=found.size,
            modified=found.modified,
            fingerprint=fingerprint,
            received_at=self.now,
        )

    def _receive(self, contract: Contract, entry: Entry, content: Content) -> None:
        replaced = self.ledger.loaded(self.product, entry.path)
        original = self.ledger.original(self.product, contract.name, entry.fingerprint, entry.path)
        if original is not None and replaced is None:
            findings = Findings(notes=(message("The same content is loaded as {file}.", file=shown(original.path)),))
            self._conclude(replace(entry, state=State.DUPLICATE, message=str(findings.notes[0])), findings)
            return
        try:
            judgement = self._judged(contract, entry, content)
            refuse_losing_everything(entry, judgement, replaced)
            refuse_other_identity(self.warehouse, contract, entry.path, judgement)
        except RefusedFileError as error:
            self._quarantine(contract, entry, content, error)
            return
        store(self.warehouse, contract, self.refused_table, entry.path, judgement)
        self._conclude(loaded(entry, judgement, replaced), judgement.findings, reopens=self._referring_to(contract))

    def _judged(self, contract: Contract, entry: Entry, content: Content) -> Judgement:
        return judge_file(
            content,
            contract,
            Delivery(entry.path, entry.delivery),
            today=self.now.date(),
            references=known_references(self.warehouse, contract, self.contracts),
            key=self._key() if contract.hashes else b"",
            reader=contract.reader(self.settings) if contract.reader is not None else None,
        )

    def _key(self) -> bytes:
        """The key that identifiers are hashed with: the same as for all earlier files, or none."""
        key = user_key(self.settings)
        self.ledger.claim_key(key_mark(key))
        return key

    def _quarantine(self, contract: Contract, entry: Entry, content: Content, error: RefusedFileError) -> None:
        note = message("A copy of the file is kept in quarantine.")
        if contract.is_about_people:
            note = message("The file says who people are, so no copy of it is kept: the original in the inbox is the only one.")
        else:
            self._keep_copy(entry, content)
        findings = Findings(notes=(note,), failure=(error.what, error.to_do))
        self._conclude(replace(entry, state=State.QUARANTINED, message=str(error)), findings)

    def _keep_copy(self, entry: Entry, content: Content) -> None:
        mark = hashlib.sha256(f"{entry.path}\0{entry.fingerprint}".encode()).hexdigest()[:12]
        suffix = PurePosixPath(entry.path).suffix.lower()
        name = f"{slug(entry.path, 40)}-{mark}{suffix if suffix in SUFFIXES else ''}"
        write_atomically(self.settings.quarantine / self.product / name, content.all_bytes())

    def _referring_to(self, contract: Contract) -> Collection[str]:
        return [other.name for other in self.contracts if contract.name in {reference.contract for reference in other.references}]

    def _conclude(self, entry: Entry, findings: Findings, reopens: Collection[str] = ()) -> None:
        self.ledger.record(replace(entry, findings=findings), reopens=reopens)
        self.deliveries.append(entry)
        self._write_receipts()

    def _write_receipts(self) -> None:
        """Also those that a crash, or a full disk, kept an earlier run from writing."""
        for entry in self.ledger.without_receipt(self.product):
            if entry.findings is not None:
                write_receipts(self.settings.receipts, entry, entry.findings, self.settings.locales)
                self.ledger.receipt_written(entry)
