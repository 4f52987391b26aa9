"""Who shows a session or a token; an answer of the state store is good for a few seconds."""

from __future__ import annotations

import datetime as dt
import threading
import time

from vitrina.state.credentials import Credentials, Known, digest

REMEMBERED_S = 3.0
"""How long a revoked token, or a session that ended on another worker, may still be good."""
MOST_REMEMBERED = 10_000


class Recogniser:
    """Finds out who shows what.

    Parameters
    ----------
    credentials
        Sessions and tokens.
    """

    def __init__(self, credentials: Credentials) -> None:
        self.credentials = credentials
        self._remembered: dict[str, tuple[float, Known | None]] = {}
        self._forgotten = 0
        self._lock = threading.Lock()

    def remembered(self, secret: str, *, is_token: bool) -> tuple[bool, Known | None]:
        """Whether it was looked up a moment ago, and what was found."""
        until, known = self._remembered.get(_key(secret, is_token=is_token), (0.0, None))
        fresh = until > time.monotonic()
        if known is not None and known.until <= dt.datetime.now(dt.UTC):
            known = None
        return fresh, known

    def look_up(self, secret: str, *, is_token: bool) -> Known | None:
        """Ask the state store.

        Raises
        ------
        StateError
            It cannot be asked.
        """
        now, forgotten = dt.datetime.now(dt.UTC), self._forgotten
        known = self.credentials.by_token(secret, now) if is_token else self.credentials.by_session(secret, now)
        with self._lock:
            if len(self._remembered) >= MOST_REMEMBERED:
                self._remembered.clear()
            if forgotten == self._forgotten:
                # what was read before somebody's rights changed is good for this once
                self._remembered[_key(secret, is_token=is_token)] = (time.monotonic() + REMEMBERED_S, known)
        return known

    def forget(self) -> None:
        """Somebody's rights have changed: ask anew."""
        with self._lock:
            self._forgotten += 1
            self._remembered.clear()


def _key(secret: str, *, is_token: bool) -> str:
    return f"{'token' if is_token else 'session'} {digest(secret)}"
