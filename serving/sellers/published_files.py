"""Files that a published table names: found by their rows, never by what stands in an address."""

from __future__ import annotations

import datetime as dt
from pathlib import Path, PurePosixPath
from typing import Any

from serving.web.problems import Problem, not_found
from serving.web.versions import Version
from vitrina.settings import Settings

EVIDENCE = "evidence_files"

_FILE = """
    SELECT * FROM evidence_files
    WHERE video = $video AND kind = $kind AND interaction = $interaction
    ORDER BY locale = $locale DESC, locale LIMIT 1
"""


def evidence_row(version: Version, video: str, kind: str, interaction: int = 0, locale: str = "") -> dict[str, Any] | None:
    """The row of `EvidenceFiles`; of a picture with words, the one in this language, or else in any."""
    if not version.has(EVIDENCE):
        return None
    found = version.rows(_FILE, {"video": video, "kind": kind, "interaction": interaction, "locale": locale})
    return found[0] if found else None


def place_of(settings: Settings, path: str, size: int | None = None) -> Path | None:
    """Where a file lies, or None where it is gone, or another one lies under its name.

    Parameters
    ----------
    settings
        For the data folder.
    path
        As the table has it, relative to the data folder.
    size
        As the table has it: what was made anew since has another, and belongs to the version that comes next.
    """
    home = settings.artifacts / "sellers"
    try:
        found = settings.data / path
        inside = ".." not in PurePosixPath(path).parts and found.resolve().is_relative_to(home.resolve())
        status = found.stat() if inside and found.is_file() else None
    except (OSError, ValueError):
        return None
    return found if status is not None and size in (None, status.st_size) else None


def served(settings: Settings, row: dict[str, Any] | None, what: str, which: object, now: dt.datetime) -> Path:
    """The file of a row.

    Raises
    ------
    Problem
        No row names it (404), its time is over, or it is not there any more (410).
    """
    if row is None:
        raise not_found(what, which)
    path = place_of(settings, row["path"], row.get("size"))
    expires_at = row.get("expires_at")
    if path is None or (expires_at is not None and expires_at <= now):
        raise Problem(
            410,
            f"The {what} is no longer kept, or was made anew since this version was published.",
            "Numbers stay; films and clips of people are deleted when their time is over. Otherwise load the page again soon.",
            kind="gone",
        )
    return path
