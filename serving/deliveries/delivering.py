"""An upload that is complete and checked goes into the inbox, or is discarded."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from dataclasses import dataclass, replace

from serving.deliveries.checking import Outcome, Verdict
from serving.deliveries.desk import Desk
from serving.deliveries.inbox_writing import Existing, Inbox
from serving.deliveries.refusals import AlreadyThereError, InboxUnwritableError, UploadError, WrongOffsetError
from serving.deliveries.uploads import Upload
from serving.deliveries.videos import CONTRACT, SeenVideo
from vitrina.files import sha256_of
from vitrina.inbox.entries import Entry


@dataclass(frozen=True)
class Prospect:
    """What delivering a file would do to the inbox.

    Attributes
    ----------
    existing
        What stands under its name now; None where nothing does.
    same
        Whether that has the same content.
    replaced
        The delivery whose rows would be replaced.
    known_as
        Another path that has the same content.
    problem
        Why nobody can say.
    """

    existing: Existing | None = None
    same: bool = False
    replaced: Entry | None = None
    known_as: str | None = None
    problem: InboxUnwritableError | None = None


def prospect(desk: Desk, upload: Upload, verdict: Verdict) -> Prospect:
    """What delivering would do."""
    try:
        existing = Inbox(desk.settings, upload.product).existing(upload.path)
        same = existing is not None and _same(desk, upload, verdict, existing)
    except InboxUnwritableError as error:
        return Prospect(problem=error)
    if upload.contract == CONTRACT:
        return Prospect(existing, same, None, desk.videos.elsewhere(upload.path, verdict.fingerprint))
    versions = desk.ledger.versions(upload.product, upload.inbox_path)
    loaded = next((entry for entry in versions if entry.state == "loaded"), None)
    original = desk.ledger.original(upload.product, upload.contract, verdict.fingerprint) if verdict.fingerprint else None
    elsewhere = original.path if original is not None and original.path != upload.inbox_path else None
    return Prospect(existing, same, loaded, elsewhere)


def deliver(desk: Desk, upload: Upload, *, replaces: str | None, now: dt.datetime) -> Upload:
    """Put a file into the inbox.

    Parameters
    ----------
    desk, upload
        Which.
    replaces
        Stamp of what it may take the place of.
    now
        The time.

    Raises
    ------
    UploadError
        It is not complete, would not be loaded, or the inbox holds something else under its name.
    """
    with desk.uploads.held(upload, wait_s=5) as current:
        if current.delivered_at is not None:
            return current
        if desk.uploads.received(current) != current.length:
            raise WrongOffsetError("The file is not complete.", "Go on with the upload first.")
        verdict = desk.checker.verdict(current)
        if verdict is None:
            raise WrongOffsetError("The file is still being checked.", "Wait for the verdict.")
        if verdict.outcome is Outcome.REFUSED:
            raise UploadError("This file would not be loaded.", "Correct what the verdict names, and upload it again.")
        inbox = Inbox(desk.settings, current.product)
        existing = inbox.existing(current.path)
        if existing is not None and _same(desk, current, verdict, existing):
            raise AlreadyThereError("The inbox holds this very file already.", "Nothing needs to be done: discard the upload.")
        inbox.put(desk.uploads.part(current), current.path, replaces=replaces)
        delivered = replace(current, delivered_at=now, fingerprint=verdict.fingerprint)
        desk.uploads.write(delivered)
        desk.uploads.part(current).unlink(missing_ok=True)
    desk.forget_looks()
    return delivered


def discard(desk: Desk, upload: Upload) -> None:
    """Delete an upload, or the memory of one that was delivered."""
    with desk.uploads.held(upload, wait_s=5) as current:
        desk.uploads.forget(current)


def what_became_of(desk: Desk, upload: Upload) -> Entry | SeenVideo | None:
    """What the ledger says of a file that was delivered; None while nobody has read it."""
    if upload.delivered_at is None:
        return None
    if upload.contract == CONTRACT:
        return desk.videos.find(upload.path, upload.fingerprint or "")
    versions = desk.ledger.versions(upload.product, upload.inbox_path)
    return next((entry for entry in versions if not upload.fingerprint or entry.fingerprint == upload.fingerprint), None)


def _same(desk: Desk, upload: Upload, verdict: Verdict, existing: Existing) -> bool:
    if not verdict.fingerprint or existing.size != upload.length:
        return False
    target = Inbox(desk.settings, upload.product).folder / upload.path
    with suppress(OSError):
        if upload.contract != CONTRACT:
            return sha256_of(target) == verdict.fingerprint
        from vitrina.sellers.fingerprints import fingerprint  # noqa: PLC0415  # only where a video has the same size

        with target.open("rb") as file:
            return fingerprint(file, existing.size) == verdict.fingerprint
    return False
