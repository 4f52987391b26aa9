"""Writes the audit beside the requests: entries are gathered for a moment, equal ones counted, and written together."""

from __future__ import annotations

import datetime as dt
import threading
import time
from dataclasses import replace

import structlog

from vitrina.state.audit import AuditLog, Seen
from vitrina.state.opening import StateError

log = structlog.get_logger()

WRITE_S = 2.0
FORGET_S = 3600.0
"""Time between two looks for entries that are too old to be kept."""
MOST_WAITING = 50_000
"""Entries that wait while the state store cannot be written; then the log alone has them."""


class AuditWriter:
    """Gathers entries and writes them.

    Parameters
    ----------
    audit
        Where they go.
    days
        How long they are kept.
    """

    def __init__(self, audit: AuditLog, days: int) -> None:
        self.audit, self.days = audit, days
        self._waiting: dict[tuple[object, ...], Seen] = {}
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="audit", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def stop(self) -> None:
        """Write what waits, and end; what cannot be written is in the log."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=30)
        self.flush()
        for seen in self._waiting.values():
            _lose(seen)

    def note(self, seen: Seen) -> None:
        """Take an entry; one that equals another of the last moment is counted with it."""
        key = (seen.person, seen.token, seen.address, seen.method, seen.route, seen.subject, seen.status)
        with self._lock:
            known = self._waiting.get(key)
            if known is None and len(self._waiting) >= MOST_WAITING:
                _lose(seen)
                return
            self._waiting[key] = _together(known, seen)

    def flush(self) -> None:
        """Write what waits; where that fails it goes on waiting."""
        with self._writing:
            with self._lock:
                batch, self._waiting = self._waiting, {}
            try:
                self.audit.add(list(batch.values()))
            except Exception as error:  # noqa: BLE001  # whatever it is, what happened must not be forgotten
                log.error("audit_not_written", entries=len(batch), error=str(error))  # noqa: TRY400  # the message says it all
                with self._lock:
                    meanwhile, self._waiting = self._waiting, batch
                    for key, seen in meanwhile.items():
                        self._waiting[key] = _together(self._waiting.get(key), seen)

    def forget(self) -> None:
        """Delete what is too old to be kept."""
        try:
            self.audit.forget(dt.datetime.now(dt.UTC) - dt.timedelta(days=self.days))
        except StateError as error:
            log.error("audit_not_forgotten", error=str(error))  # noqa: TRY400  # the message says it all

    def _run(self) -> None:
        forgets_at = time.monotonic()
        while not self._stopping.wait(WRITE_S):
            self.flush()
            if time.monotonic() >= forgets_at:
                forgets_at += FORGET_S
                self.forget()


def _together(known: Seen | None, seen: Seen) -> Seen:
    return seen if known is None else replace(known, times=known.times + seen.times)


def _lose(seen: Seen) -> None:
    log.error("audit_entry_lost", **{name: str(value) for name, value in vars(seen).items()})
