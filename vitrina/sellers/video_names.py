"""From the name of a delivered video to store, camera and start, and from those to the key of its partition."""

from __future__ import annotations

import datetime as dt
import re
import string
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from vitrina.errors import SettingsError, VitrinaError
from vitrina.inbox.messages import Message, RefusedFileError, message, shown
from vitrina.sellers.tables import NAME_LENGTH
from vitrina.sellers.video_times import Clock, Start, read_start

DEFAULT_PATTERN = "videos/{store}/{camera}/{start}.{suffix}"
FIELDS = ("store", "camera", "start", "suffix")
ANYTHING = "any"
"""A field of a pattern that may hold anything but a slash, and may come several times."""

SUFFIXES = frozenset({"mp4", "m4v", "mov", "mkv", "avi", "ts", "mts", "m2ts", "webm", "mpg", "mpeg", "3gp", "flv", "wmv", "asf"})
"""Containers that recorders write, and that FFmpeg reads."""

FINGERPRINT_DIGITS = 8
"""How many digits of the fingerprint a key holds."""

_NAME = re.compile(f"[A-Za-z0-9_.-]{{1,{NAME_LENGTH}}}")
_KEY_TIME = "%Y%m%dT%H%M%SZ"
_KEY = re.compile(
    rf"(?P<store>{_NAME.pattern})\|(?P<camera>{_NAME.pattern})\|(?P<start>[0-9]{{8}}T[0-9]{{6}}Z)\|(?P<content>[0-9a-f]{{{FINGERPRINT_DIGITS}}})"
)
_MATCHED_BY = {"suffix": "(?P<suffix>[^/.]+)", ANYTHING: "[^/]*?"}


@dataclass(frozen=True)
class NamePattern:
    """How delivered videos are named.

    Attributes
    ----------
    text
        Path below the product's folder of the inbox with the fields ``{store}``, ``{camera}``, ``{start}`` and ``{suffix}``,
        each once, and ``{any}`` for what does not matter. Where two fields share a part of the path, the first is as short
        as the text between them allows.

    Raises
    ------
    SettingsError
        It is no such pattern.
    """

    text: str = DEFAULT_PATTERN

    def __post_init__(self) -> None:
        if problem := self._problem():
            raise SettingsError(
                f"The pattern of videos, {shown(self.text)!r}, {problem}.",
                f"Write a path with {', '.join(f'{{{name}}}' for name in FIELDS)}, for example {DEFAULT_PATTERN}.",
            )

    @cached_property
    def folder(self) -> str:
        """The folders that all videos lie in, relative to the product's; empty where there is none."""
        return self._parts()[0][0].rpartition("/")[0]

    @cached_property
    def expression(self) -> re.Pattern[str]:
        """What a path must match as a whole."""
        parts = [
            re.escape(literal) + ("" if field is None else _MATCHED_BY.get(field, f"(?P<{field}>[^/]+?)"))
            for literal, field, *_ in self._parts()
        ]
        return re.compile("".join(parts))

    def _parts(self) -> list[tuple[str, str | None, str | None, str | None]]:
        """Text, and the field after it with what else stands between its braces."""
        return list(string.Formatter().parse(self.text))

    def _problem(self) -> str | None:
        try:
            parts = self._parts()
        except ValueError:
            return "has a brace that is not closed"
        fields = [field for _, field, *_ in parts if field is not None]
        unknown = [field for field in fields if field not in (*FIELDS, ANYTHING)]
        absent = [name for name in FIELDS if fields.count(name) != 1]
        problems = {
            "has a field that we do not know": bool(unknown),
            f"must have {{{''.join(absent[:1])}}} once": bool(absent),
            "has a field with more than a name between its braces": any(more for part in parts for more in part[2:]),
            "has two fields with nothing between them": any(not text for text, field, *_ in parts[1:] if field is not None),
            "is no relative path with slashes": "\\" in self.text or bool({"", ".", ".."} & set(self.text.split("/"))),
        }
        return next((problem for problem, found in problems.items() if found), None)


@dataclass(frozen=True)
class VideoName:
    """What the name of a video says.

    Attributes
    ----------
    store_id, camera_id
        Limited to letters, digits, ``_``, ``.`` and ``-``.
    start
        When the recording began.
    notes
        What people should know about it.
    """

    store_id: str
    camera_id: str
    start: Start
    notes: tuple[Message, ...] = ()


@dataclass(frozen=True)
class VideoKey:
    """Key of a video's partition; its text is ``<store>|<camera>|<start in UTC>|<beginning of the fingerprint>``.

    It is made once, when the video is first seen: a clock's offset that is corrected later changes `started_at` in the
    table of videos, but not the key.

    Attributes
    ----------
    store_id, camera_id
        As in `VideoName`.
    started_at
        In UTC, whole seconds.
    content
        The first eight digits of the fingerprint.

    Raises
    ------
    VitrinaError
        A part is not what it should be.
    """

    store_id: str
    camera_id: str
    started_at: dt.datetime
    content: str

    def __post_init__(self) -> None:
        at = self.started_at
        if at.utcoffset() != dt.timedelta(0) or at.microsecond or _KEY.fullmatch(str(self)) is None:
            raise _no_key(str(self))
        if not (is_safe(self.store_id) and is_safe(self.camera_id)):
            raise _no_key(str(self))

    def __str__(self) -> str:
        return f"{self.store_id}|{self.camera_id}|{self.started_at:{_KEY_TIME}}|{self.content}"

    @property
    def place(self) -> str:
        """Everything but the content: what two versions of a video have in common."""
        return str(self).rpartition("|")[0]

    @classmethod
    def of(cls, name: VideoName, fingerprint: str) -> VideoKey:
        """The key of a video with this content."""
        return cls(name.store_id, name.camera_id, name.start.at.replace(microsecond=0), fingerprint[:FINGERPRINT_DIGITS])

    @classmethod
    def parse(cls, text: str) -> VideoKey:
        """Read a key.

        Raises
        ------
        VitrinaError
            It is none that we have made.
        """
        match = _KEY.fullmatch(text)
        if match is None:
            raise _no_key(text)
        try:
            at = dt.datetime.strptime(match["start"], _KEY_TIME).replace(tzinfo=dt.UTC)
        except ValueError as error:
            raise _no_key(text) from error
        return cls(match["store"], match["camera"], at, match["content"])


def is_safe(name: str) -> bool:
    """Whether a store or camera may be called so in keys, paths and pages."""
    return _NAME.fullmatch(name) is not None and bool(name.strip("."))


def read_name(path: str, pattern: NamePattern, clocks: Mapping[tuple[str, str], Clock] | None, default: Clock) -> VideoName:
    """Read what a path says about a video.

    Parameters
    ----------
    path
        Relative to the product's folder.
    pattern
        How videos are named.
    clocks
        The clock of each camera that somebody has configured, by store and camera; None where nobody has asked yet.
    default
        For other cameras, which are accepted and told.

    Raises
    ------
    RefusedFileError
        The name does not fit the pattern, or a part of it cannot be used.
    """
    match = pattern.expression.fullmatch(path)
    if match is None or {"", ".", ".."} & set(path.split("/")):
        raise RefusedFileError(
            message("{path} does not fit the names of videos, {pattern}.", path=shown(path), pattern=pattern.text),
            message("Name it so, or deliver it elsewhere."),
        )
    if match["suffix"].lower() not in SUFFIXES:
        raise RefusedFileError(
            message("{path} is no video by its name.", path=shown(path)),
            message("Deliver videos as {suffixes}.", suffixes=", ".join(sorted(SUFFIXES))),
        )
    for name in (match["store"], match["camera"]):
        if not is_safe(name):
            raise RefusedFileError(
                message("{path}: a store or camera cannot be called {name}.", path=shown(path), name=shown(name)),
                message("Use up to {limit} Latin letters, digits and _ . -, not dots alone.", limit=NAME_LENGTH),
            )
    camera = (match["store"], match["camera"])
    return _with_notes(
        camera, read_start(match["start"], (clocks or {}).get(camera, default)), default, known=clocks is None or camera in clocks
    )


def _with_notes(camera: tuple[str, str], start: Start, default: Clock, *, known: bool) -> VideoName:
    store_id, camera_id = camera
    if known:
        return VideoName(store_id, camera_id, start, start.notes)
    stranger = message(
        "Nobody has configured the camera {camera} of the store {store}: its clock is taken for one of {zone}.",
        camera=camera_id,
        store=store_id,
        zone=default.time_zone,
    )
    return VideoName(store_id, camera_id, start, (stranger, *start.notes))


def _no_key(text: str) -> VitrinaError:
    return VitrinaError(
        f"{shown(text)!r} is no key of a video.",
        "Keys look like shop-1|till|20261014T060000Z|0a1b2c3d: store, camera, start in UTC, beginning of the fingerprint.",
    )
