"""What is known of a request between the deletion of its rows and its receipt: a run in between may be killed.

A note holds counts, names of files and times, and nothing of the text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from vitrina.files import slug, write_atomically
from vitrina.posts.raw_tables import POSTS

if TYPE_CHECKING:
    from vitrina.settings import Settings


@dataclass(frozen=True)
class Note:
    """What earlier attempts did.

    Attributes
    ----------
    since
        When rows were last deleted for the request, ISO 8601 in UTC: what was published before still holds them.
    rows
        Table → rows that were deleted.
    rebuilt
        Files that were written anew or deleted, relative to the data folder.
    delivered
        Delivered files that held it.
    left
        Files of ours that could not be changed, each with the reason in English.
    elsewhere, too_short
        Pieces that others say as well, and texts too short to be looked for.
    """

    since: str
    rows: Mapping[str, int] = field(default_factory=dict)
    rebuilt: tuple[str, ...] = ()
    delivered: tuple[str, ...] = ()
    left: Mapping[str, str] = field(default_factory=dict)
    elsewhere: int = 0
    too_short: int = 0

    def __add__(self, other: Note) -> Note:
        names = {**self.rows, **other.rows}
        return Note(
            max(self.since, other.since),
            {name: self.rows.get(name, 0) + other.rows.get(name, 0) for name in names},
            tuple(dict.fromkeys((*self.rebuilt, *other.rebuilt))),
            tuple(dict.fromkeys((*self.delivered, *other.delivered))),
            {**self.left, **other.left},
            max(self.elsewhere, other.elsewhere),
            max(self.too_short, other.too_short),
        )


def read_note(settings: Settings, request_id: str) -> Note | None:
    """What an earlier attempt noted, or None."""
    try:
        stored = json.loads(_path(settings, request_id).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    note = Note(**stored)
    return replace(note, rebuilt=tuple(note.rebuilt), delivered=tuple(note.delivered))


def write_note(settings: Settings, request_id: str, note: Note) -> None:
    """Note what was done, whole or not at all."""
    write_atomically(_path(settings, request_id), json.dumps(asdict(note), ensure_ascii=False))


def remove_note(settings: Settings, request_id: str) -> None:
    """The receipt now says everything."""
    _path(settings, request_id).unlink(missing_ok=True)


def _path(settings: Settings, request_id: str) -> Path:
    return settings.receipts / POSTS / f".erasure-{slug(request_id)}.json"
