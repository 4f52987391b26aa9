"""Exports as the tools write them, and what the readers make of them."""

import io
import json

from vitrina.inbox.messages import RefusedFileError
from vitrina.posts.exports import read_chat, read_posts

CHANNEL = {"name": "Наш канал", "type": "public_channel", "id": 1000724666}
GROUP = {"name": "Наши подписчики", "type": "public_supergroup", "id": 2001234567}
PATH = "posts/telegram/result.json"


def post(number=1, **more):
    """A message as Telegram Desktop writes it."""
    return {
        "id": number,
        "type": "message",
        "date": "2024-07-19T11:57:11",
        "date_unixtime": "1721379431",
        "from": "Наш канал",
        "from_id": "channel1000724666",
        "text": "Открываемся в девять.",
        "text_entities": [{"type": "plain", "text": "Открываемся в девять."}],
        **more,
    }


def export(*messages, root=CHANNEL):
    return json.dumps({**root, "messages": list(messages)}, ensure_ascii=False, indent=1).encode()


def slices(content, path=PATH, read=read_posts):
    return list(read(path, io.BytesIO(content)))


def rows(content, path=PATH, read=read_posts):
    """All rows as dictionaries, those included that are refused."""
    return [row for part in slices(content, path, read) for row in part.frame.to_dicts()]


def only_row(content, path=PATH, read=read_posts):
    (row,) = rows(content, path, read)
    return row


def faults(content, path=PATH, read=read_posts):
    return [(fault.source_row, str(fault.rule.expectation)) for part in slices(content, path, read) for fault in part.faults]


def notes(content, path=PATH, read=read_posts):
    return [str(note) for part in slices(content, path, read) for note in part.notes]


def refusal(content, path=PATH, read=read_posts):
    """The sentences of the refusal, which must come before the first slice is handed out or instead of the last one."""
    try:
        slices(content, path, read)
    except RefusedFileError as error:
        return str(error)
    return None


def refusal_of_chat(content, path="posts/chats/result.json"):
    return refusal(content, path, read_chat)
