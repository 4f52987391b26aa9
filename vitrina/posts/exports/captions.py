"""Captions of videos: what was said, in chunks that are long enough to answer a question and short enough to be found.

YouTube's automatic captions roll: each repeats the line before it, and a chunk without these repetitions is half as long.
"""

from __future__ import annotations

import datetime as dt
import html
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any, BinaryIO

from vitrina.inbox.messages import message
from vitrina.inbox.readers import Contents
from vitrina.inbox.rules import Rule
from vitrina.posts.exports import refusals
from vitrina.posts.exports.slices import POST_COLUMNS, Cells, Outcome, slices
from vitrina.posts.exports.streaming import Part, walk
from vitrina.posts.language import clean

SUFFIXES = (".vtt", ".srt")

MAX_BYTES = 64 << 20
"""Bytes of one file of captions, which is held as a whole: a day of speech has less than two million."""

SHORTEST_S = 30.0
LONGEST_S = 60.0
OVERLAP_S = 10.0
"""Seconds of a chunk that stand in the one before too, so that an answer is not cut in two."""

CAPTION = Rule(
    message("a caption with its words, and with times such as 00:01:02.500 --> 00:01:05.000, or start and duration in seconds"),
    message("Correct the caption, or download the captions again."),
)

_FOLDER = "youtube"
_VIDEO = "[A-Za-z0-9_-]{11}"
_LANGUAGE = re.compile(r"\.[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*$")
_DATE = re.compile(r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})[_ -]")
_PLAIN_NAME = re.compile(f"(?:(?:[0-9]{{8}}|[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})[_ -])?({_VIDEO})")
_BRACKETED_NAME = re.compile(rf".*\[({_VIDEO})\]", re.DOTALL)
_CLOCK = r"(?:([0-9]{1,3}):)?([0-5]?[0-9]):([0-5][0-9])[.,]([0-9]{1,3})"
_TIMES = re.compile(rf"\s*{_CLOCK}\s*-->\s*{_CLOCK}(?:\s.*)?")
_TAG = re.compile(r"</?(?:c|v|i|b|u|s|ruby|rt|lang|font)(?:[.\s][^<>]*)?>|<[0-9:.]+>|\{\\[^{}]*\}", re.IGNORECASE)
_SENTENCE_END = re.compile(r"""[.!?…]["'»”)\]]*$""")
_LATEST_S = 10_000_000.0


@dataclass(frozen=True)
class Video:
    """Which video captions belong to: folder of its channel, its identifier, and when it was posted, if its name says so."""

    channel: str
    video_id: str
    posted_at: str | None

    @classmethod
    def of(cls, path: str) -> Video | None:
        """The video that a path names; None where it names none."""
        parts = PurePosixPath(path)
        if parts.parent.parent.name.casefold() != _FOLDER:
            return None
        for name in (_LANGUAGE.sub("", parts.stem), parts.stem):
            if found := _PLAIN_NAME.fullmatch(name) or _BRACKETED_NAME.fullmatch(name):
                # an identifier may begin with digits too
                return cls(parts.parent.name, found[1], None if name == found[1] else _day(name))
        return None


@dataclass(frozen=True)
class Caption:
    """What was said between two moments of a video, in seconds; its lines hold no tags. `position` is its place in the file."""

    position: int
    start: float
    end: float
    lines: tuple[str, ...]


def read_captions(path: str, stream: BinaryIO) -> Iterator[Contents]:
    """Captions as WebVTT or SubRip.

    Parameters
    ----------
    path, stream
        As of `read_posts`.

    Raises
    ------
    RefusedFileError
        The path names no video, or the file holds no captions that can be read.
    """
    stream.seek(0)
    content = stream.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise refusals.too_large_to_hold(path, MAX_BYTES)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise refusals.not_utf_8(path) from None
    return _read(path, _timed(text))


def read_transcript(path: str, stream: BinaryIO) -> Iterator[Contents]:
    """A transcript as a JSON list of objects with ``text``, ``start`` and ``duration``.

    Parameters
    ----------
    path, stream
        As of `read_posts`.

    Raises
    ------
    RefusedFileError
        As of `read_captions`; and the JSON is not whole.
    """
    items = (found.value for found in walk(path, stream, "") if found.part is Part.ITEM)
    return _read(path, (_of_transcript(position, item) for position, item in enumerate(items, start=1)))


def _read(path: str, captions: Iterable[Caption | int]) -> Iterator[Contents]:
    """`captions` are in the order of the file; of one that cannot be read, only the position."""
    video = Video.of(path)
    if video is None:
        raise refusals.misplaced_captions(path)
    read = list(captions)
    spoken = _without_repetitions(caption for caption in read if isinstance(caption, Caption))
    if not spoken:
        raise refusals.no_captions(path)
    outcomes: list[tuple[int, Outcome]] = [(caption, CAPTION) for caption in read if isinstance(caption, int)]
    outcomes += [(chunk[0].position, _cells(video, chunk)) for chunk in chunks(spoken)]
    return slices(POST_COLUMNS, sorted(outcomes, key=lambda outcome: outcome[0]))


def chunks(captions: Sequence[Caption]) -> list[Sequence[Caption]]:
    """Captions in chunks of 30 to 60 seconds, which end with a sentence where one does, and overlap by about ten seconds.

    Parameters
    ----------
    captions
        In the order of their beginnings.

    Returns
    -------
    list of sequences of Caption
        Only where nobody speaks for long, and at the end, is a chunk shorter. No two begin within the same second.
    """
    found = []
    first = 0
    while first < len(captions):
        after = _chunk_end(captions, first)
        found.append(captions[first:after])
        if after == len(captions):
            break
        overlap_from = captions[after].start - OVERLAP_S
        first = next(index for index in range(first + 1, after + 1) if captions[index].start >= overlap_from)
    return found


def _chunk_end(captions: Sequence[Caption], first: int) -> int:
    """Index after the chunk's last caption."""
    begin = captions[first].start
    for index in range(first + 1, len(captions)):
        # half a minute by beginnings: captions that begin together and last for long would be chunks with one name
        until_here = captions[index].start - begin
        is_full = captions[index].end - begin > LONGEST_S or _SENTENCE_END.search(captions[index - 1].lines[-1]) is not None
        if until_here >= SHORTEST_S and is_full:
            return index
    return len(captions)


def _cells(video: Video, chunk: Sequence[Caption]) -> Cells:
    second = int(chunk[0].start)
    return {
        "platform": "youtube",
        "channel_id": video.channel,
        "channel_name": video.channel,
        "post_id": f"{video.video_id}@{second}",
        "thread": video.video_id,
        "seen": "snapshot",
        "author_kind": "channel",
        "posted_at": video.posted_at,
        "text": " ".join(line for caption in chunk for line in caption.lines),
        "has_media": "true",
        "link": f"https://youtu.be/{video.video_id}?t={second}",
    }


def _without_repetitions(captions: Iterable[Caption]) -> list[Caption]:
    """In the order of time, without the lines that a caption shares with the end of the one before; empty ones go."""
    kept = []
    before: tuple[str, ...] = ()
    for caption in sorted(captions, key=lambda caption: caption.start):
        shared = next(
            count for count in range(len(caption.lines), -1, -1) if count == 0 or before[-count:] == caption.lines[:count]
        )
        if lines := caption.lines[shared:]:
            kept.append(Caption(caption.position, caption.start, caption.end, lines))
        before = caption.lines or before
    return kept


def _timed(text: str) -> Iterator[Caption | int]:
    """Captions of WebVTT and of SubRip: a line with times, then lines with words until an empty one."""
    position = 0
    times: tuple[float, float] | None = None
    lines: list[str] = []
    for line in (*text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), ""):
        if "-->" in line:
            if times is not None:
                # no empty line in between: what stands before the times is SubRip's number
                yield _caption(position, times, lines[:-1] if lines and lines[-1].strip().isdecimal() else lines)
            position += 1
            times, lines = _read_times(line), []
            if times is None:
                yield position
        elif times is not None and line:
            lines.append(line)
        elif times is not None:
            yield _caption(position, times, lines)
            times = None


def _read_times(line: str) -> tuple[float, float] | None:
    found = _TIMES.fullmatch(line)
    if found is None:
        return None
    start, end = (
        int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds) + int(fraction.ljust(3, "0")) / 1000
        for hours, minutes, seconds, fraction in (found.groups()[:4], found.groups()[4:])
    )
    return start, max(start, end)


def _caption(position: int, times: tuple[float, float], lines: Iterable[str]) -> Caption:
    words = (_words(line) for line in lines)
    return Caption(position, *times, tuple(line for line in words if line))


def _words(line: str) -> str:
    # tags first: what is written as &lt; is no tag
    return " ".join(clean(html.unescape(_TAG.sub("", line))).split())


def _of_transcript(position: int, item: Any) -> Caption | int:
    if not isinstance(item, dict) or not isinstance(item.get("text"), str):
        return position
    start, duration = _seconds(item.get("start")), _seconds(item.get("duration", 0))
    if start is None or duration is None:
        return position
    return _caption(position, (start, start + duration), item["text"].split("\n"))


def _seconds(value: Any) -> float | None:
    # a boolean is a number to Python
    if type(value) not in (int, Decimal):
        return None
    return float(value) if 0 <= value <= _LATEST_S else None


def _day(name: str) -> str | None:
    """Midnight, in UTC, of the day that a name begins with."""
    found = _DATE.match(name)
    if found is None:
        return None
    try:
        year, month, day = map(int, found.groups())
        return dt.datetime(year, month, day, tzinfo=dt.UTC).isoformat()
    except ValueError:
        return None
