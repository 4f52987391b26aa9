"""What a look at the videos of the inbox shows, what is known of them, and what is to be done."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from vitrina.inbox.difference import FoundFile, Stamp
from vitrina.inbox.messages import Message
from vitrina.sellers.video_names import VideoName


@dataclass(frozen=True)
class SeenVideo:
    """A file whose name can be used.

    Attributes
    ----------
    file
        As it was listed.
    name
        What its name says.
    fingerprint
        Of its content; None where it was not read: it is not complete, or nothing has changed.
    """

    file: FoundFile
    name: VideoName
    fingerprint: str | None = None


@dataclass(frozen=True)
class Refused:
    """A file that is not evaluated, and why.

    Attributes
    ----------
    path
        Printable.
    reason, remedy
        For people.
    """

    path: str
    reason: Message
    remedy: Message


@dataclass(frozen=True)
class Seen:
    """One look: files whose names can be used, and others."""

    videos: tuple[SeenVideo, ...]
    refused: tuple[Refused, ...] = ()


@dataclass(frozen=True)
class KnownVideo:
    """A version of a video that was evaluated, or recorded as a duplicate.

    Attributes
    ----------
    path, size, modified
        As they were listed.
    fingerprint, key, version
        Its content, its partition, and which content of this name it is, from 1.
    recorded_at
        When it became known.
    is_duplicate
        Whether another file with the same content stands for it.
    duration_s
        Its length, where it could be read.
    """

    path: str
    size: int
    modified: str
    fingerprint: str
    key: str
    version: int
    recorded_at: dt.datetime
    is_duplicate: bool = False
    duration_s: float | None = None

    @property
    def stamp(self) -> Stamp:
        """What identifies the file without reading it."""
        return self.path, self.size, self.modified


@dataclass(frozen=True)
class Upload:
    """A version of a video that is to be evaluated.

    Attributes
    ----------
    key
        Its partition.
    video
        The file, with its fingerprint.
    version
        Which content of this name it is, from 1.
    notes
        What people should know.
    """

    key: str
    video: SeenVideo
    version: int
    notes: tuple[Message, ...] = ()


@dataclass(frozen=True)
class Duplicate:
    """A file with the content of another: recorded under its own key, and not evaluated.

    Attributes
    ----------
    key, video, version
        As of an `Upload`.
    original
        Path of the file that stands for it.
    """

    key: str
    video: SeenVideo
    version: int
    original: str


@dataclass(frozen=True)
class Plan:
    """What to do after one look.

    Attributes
    ----------
    add, forget
        Keys of partitions, sorted.
    run
        Videos to evaluate, by start.
    duplicates
        Files to record without evaluating them.
    refused
        Files that nothing is done with, and why.
    unchanged
        Files that were written again with the content they had: only their stamp is new.
    waiting
        Paths that are left for a later look, until a run that is on its way is over.
    """

    add: tuple[str, ...] = ()
    run: tuple[Upload, ...] = ()
    forget: tuple[str, ...] = ()
    duplicates: tuple[Duplicate, ...] = ()
    refused: tuple[Refused, ...] = ()
    unchanged: tuple[SeenVideo, ...] = ()
    waiting: tuple[str, ...] = ()
