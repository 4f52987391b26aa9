"""Which tool has written a file, by its name and by what stands in it, and what is not read whatever it holds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any, BinaryIO

from vitrina.inbox.readers import Contents
from vitrina.posts.exports import captions, discord, live, refusals, telegram
from vitrina.posts.exports.chats import questions_and_answers
from vitrina.posts.exports.streaming import BYTE_ORDER_MARK, CHUNK, Found, Part, walk
from vitrina.posts.language import clean

_MESSAGES = "messages"
_WANTED = ("name", "type", "id", "guild", "channel")
_JSON = ".json"


def read_posts(path: str, stream: BinaryIO) -> Iterator[Contents]:
    """Posts of a channel: an export of Telegram Desktop or DiscordChatExporter, captions of a video, or what the bot saw live.

    Parameters
    ----------
    path
        The file's path, for its ending and for messages; of captions, also for the channel and the video.
    stream
        The file; seekable. Exports are streamed.

    Yields
    ------
    Contents
        Slices with the columns `POST_COLUMNS`. `source_row` is the position of the message in its file, from 1; of
        captions, that of the first caption; of what the bot saw, the line.

    Raises
    ------
    RefusedFileError
        The file is of another kind, damaged, or must not be read. It may come after slices were yielded: these must then
        not be kept.
    """
    suffix = PurePosixPath(path).suffix.lower()
    if suffix not in (_JSON, *captions.SUFFIXES, *live.SUFFIXES):
        raise refusals.other_kind(path, ", ".join((_JSON, *captions.SUFFIXES, *live.SUFFIXES)))
    begins_with = _first_sign(path, stream)
    if suffix in captions.SUFFIXES:
        yield from captions.read_captions(path, stream)
    elif suffix in live.SUFFIXES:
        yield from live.read_feed(path, stream)
    elif begins_with == b"[":
        yield from captions.read_transcript(path, stream)
    else:
        yield from _read_channel(path, stream, _root(path, stream, begins_with))


def read_chat(path: str, stream: BinaryIO, admins: frozenset[str] = frozenset()) -> Iterator[Contents]:
    """Questions and answers out of the export of a chat, redacted; nothing else that people wrote there leaves this function.

    Parameters
    ----------
    path, stream
        As of `read_posts`.
    admins
        People who answer under their own name, as ``"telegram:456"``.

    Yields
    ------
    Contents
        Slices with the columns `CHAT_COLUMNS`, possibly without rows. `source_row` is the position of the message.

    Raises
    ------
    RefusedFileError
        As of `read_posts`.
    """
    if PurePosixPath(path).suffix.lower() != _JSON:
        raise refusals.other_kind(path, _JSON)
    yield from _read_chat(path, stream, _root(path, stream, _first_sign(path, stream)), admins)


def _read_channel(path: str, stream: BinaryIO, root: dict[str, Any]) -> Iterator[Contents]:
    messages = _messages(path, stream)
    if (place := discord.Place.of(root)) is not None:
        if place.is_private:
            raise refusals.private_chat(path)
        return discord.read_channel(place, messages)
    channel_id, kind = telegram.bare_id(root), root.get("type")
    if kind in telegram.GROUPS:
        raise refusals.group_as_channel(path)
    if channel_id is None or kind not in telegram.CHANNELS:
        raise refusals.unknown_shape(path)
    return telegram.read_channel(channel_id, _name(root), messages)


def _read_chat(path: str, stream: BinaryIO, root: dict[str, Any], admins: frozenset[str]) -> Iterator[Contents]:
    messages = _messages(path, stream)
    if (place := discord.Place.of(root)) is not None:
        if place.is_private:
            raise refusals.private_chat(path)
        said = (discord.said(delivered, place) for delivered in messages)
        return questions_and_answers("discord", place.channel_id, place.name, said, admins)
    chat_id, kind = telegram.bare_id(root), root.get("type")
    if kind in telegram.CHANNELS:
        raise refusals.channel_as_chat(path)
    if chat_id is None or kind not in telegram.GROUPS:
        raise refusals.unknown_shape(path)
    return questions_and_answers("telegram", chat_id, _name(root), map(telegram.said, messages), admins)


def _root(path: str, stream: BinaryIO, begins_with: bytes) -> dict[str, Any]:
    """What stands beside the messages. Usually before them; otherwise the file is read twice.

    Raises
    ------
    RefusedFileError
        The file holds no messages, or more than one channel or chat, or a private one.
    """
    if begins_with != b"{":
        raise refusals.not_json(path)
    root: dict[str, Any] = {}
    has_messages = False
    for found in _parts(path, stream):
        has_messages = has_messages or found.part is Part.LIST
        if found.part is Part.VALUE and found.key in _WANTED:
            root.setdefault(found.key, found.value)
        if root.get("type") in telegram.PRIVATE:
            raise refusals.private_chat(path)
        if has_messages and _is_known(root):
            return root
    raise refusals.no_messages(path) if _is_known(root) else refusals.unknown_shape(path)


def _is_known(root: dict[str, Any]) -> bool:
    return root.keys() >= {"type", "id"} or root.keys() >= {"guild", "channel"}


def _messages(path: str, stream: BinaryIO) -> Iterator[Any]:
    """The messages one by one; the file is read to its end, so that one which breaks off is never taken for a whole one."""
    is_empty = True
    for found in _parts(path, stream):
        if found.part is Part.ITEM:
            is_empty = False
            yield found.value
    if is_empty:
        raise refusals.no_messages(path)


def _parts(path: str, stream: BinaryIO) -> Iterator[Found]:
    """Parts of an export, until a name shows that it is one of a whole account: before anything below that name is read."""
    for found in walk(path, stream, _MESSAGES):
        if found.part is Part.KEY and found.key in telegram.WHOLE_ACCOUNT:
            raise refusals.whole_account(path, found.key)
        yield found


def _name(root: dict[str, Any]) -> str | None:
    name = root.get("name")
    return clean(name).strip() or None if isinstance(name, str) else None


def _first_sign(path: str, stream: BinaryIO) -> bytes:
    """The first byte that is no white space."""
    stream.seek(0)
    # white space in front of JSON is allowed, but nobody writes more than a chunk of it
    begin = stream.read(CHUNK).removeprefix(BYTE_ORDER_MARK).lstrip()
    if not begin:
        raise refusals.empty(path)
    return begin[:1]
