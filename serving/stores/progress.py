"""How far requests have got, told from one worker to the others by small files."""

from __future__ import annotations

import datetime as dt
import json
import re
import secrets
from contextlib import suppress
from dataclasses import asdict, dataclass

from vitrina.settings import Settings

FOLDER = "stores-waiting"
FRESH = dt.timedelta(seconds=10)
"""A worker writes every second; of one that has not for so long, nothing more will come."""

FORGOTTEN = dt.timedelta(days=1)

LOST = "The process that worked on it ended before it was done. Ask again."

_ID = re.compile("[0-9a-f]{32}")


@dataclass(frozen=True)
class Progress:
    """How far a request has got.

    Attributes
    ----------
    stage
        One of `computing.STAGES`, or another word once it has begun; empty while it stands in line.
    ahead
        How many tasks stand in line before it.
    """

    stage: str = ""
    ahead: int = 0


class ProgressNotes:
    """The notes of all workers.

    Parameters
    ----------
    settings
        For the folder.
    """

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.cache / FOLDER

    def write(self, request_id: str, progress: Progress) -> None:
        """Note how far a request has got; a full disk only costs the note."""
        temporary = self._folder / f".{secrets.token_hex(8)}.tmp"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            temporary.write_text(json.dumps(asdict(progress)), encoding="utf-8")
            temporary.replace(self._folder / request_id)
        except OSError:
            temporary.unlink(missing_ok=True)

    def read(self, request_id: str, now: dt.datetime) -> Progress | None:
        """What was noted of a request, if that was lately."""
        if not _ID.fullmatch(request_id):
            return None
        path = self._folder / request_id
        try:
            written = dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC)
            return Progress(**json.loads(path.read_text(encoding="utf-8"))) if now - written < FRESH else None
        except (OSError, ValueError, TypeError):
            return None

    @staticmethod
    def may_still_come(made_at: dt.datetime, now: dt.datetime) -> bool:
        """Whether a request is so new that nothing need have been noted of it yet."""
        return now - made_at < FRESH

    def forget_old(self, now: dt.datetime) -> None:
        """Delete what workers that have died left behind."""
        for path in self._folder.glob("*"):
            with suppress(OSError):
                if now - dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC) > FORGOTTEN:
                    path.unlink()

    def remove(self, request_id: str) -> None:
        """The request is finished."""
        (self._folder / request_id).unlink(missing_ok=True)
