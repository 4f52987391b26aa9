"""Sentences that come with the numbers, in the reader's language: why there is none, what is wrong with a camera or a file.

They are stored in English with names and shares in them, so that their templates are told from the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

SENTENCES = (
    # of hours, see mart_store_hourly
    "Nothing could be seen.",
    "Cameras ran at once, and nobody said whether they see the same floor: declare `overlaps` for them.",
    # of cameras, see mart_footage_quality
    "Between files, {percent} % of the time is missing.",
    "Something is before the camera on {percent} % of the samples.",
    "The picture stands still on {percent} % of the samples.",
    "Too dark on {percent} % of the samples.",
    "Out of focus on {percent} % of the samples.",
    "Too noisy on {percent} % of the samples.",
    # of files, see vitrina.sellers.video_facts, video_names and uploads
    "The file is empty (0 bytes).",
    "The file has no index: recording or copying was broken off before its end.",
    "The file's index is broken.",
    "The file is no video but {kind}, whatever its name says.",
    "The file is no video, or broken from the start.",
    "The file has no picture, only {kinds}.",
    "The file has no frames.",
    "Not one frame can be decoded (codec {codec}).",
    "The same content is known as {path}.",
    "{text} is no time that a recording began.",
    "{path} does not fit the names of videos, {pattern}.",
    "{path} is no video by its name.",
    "{path} begins in the future: the camera's clock is ahead.",
    "{path} has new content: this is version {version}.",
    "Copy it from the recorder again, or export it there as MP4 (H.264).",
    "Record the camera's picture, not the sound alone.",
    "Check whether the camera was on; else export it again.",
    "Name files like 2026-10-14T09-00-00, in the camera's local time, or with a Z for UTC.",
    "Name files by year, month, day, hour, minute and second, like 2026-10-14T09-00-00.",
    "Name it so, or deliver it elsewhere.",
    "Deliver videos as {suffixes}.",
    "Set the camera's clock, and name the file by the time that it was recorded.",
)


def in_words(told: str, translate: Callable[[str], str]) -> str:
    """A stored sentence in the reader's language; one that nobody has translated stays as it came.

    Parameters
    ----------
    told
        As it is stored; of a file, its path and a colon may stand before it.
    translate
        From an English template to the reader's.

    Examples
    --------
    >>> in_words("hall/1.mp4: The file has no frames.", {"The file has no frames.": "В файле нет кадров."}.get)
    'hall/1.mp4: В файле нет кадров.'
    """
    before, colon, after = told.rpartition(": ")
    for path, text in (("", told), (f"{before}: ", after)) if colon else (("", told),):
        if (found := _translated(text, translate)) is not None:
            return path + found
    return told


def _translated(told: str, translate: Callable[[str], str]) -> str | None:
    """One sentence, or several after one another."""
    for known in SENTENCES:
        found = _pattern(known).fullmatch(told)
        if found is not None:
            return translate(known).format(**found.groupdict())
    for end in re.finditer(r"\. ", told):
        first, rest = _translated(told[: end.start() + 1], translate), _translated(told[end.end() :], translate)
        if first is not None and rest is not None:
            return f"{first} {rest}"
    return None


@cache
def _pattern(known: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", known)
    return re.compile("".join(f"(?P<{part}>.+?)" if place % 2 else re.escape(part) for place, part in enumerate(parts)), re.DOTALL)
