"""Tables of the journal, and what each of them hands over to the inbox."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from serving.bot.messages import Asked, ErasureRequest, Feedback, FeedPost


@dataclass(frozen=True)
class Kind:
    """What is exported to a folder of the inbox.

    Attributes
    ----------
    folder
        The folder, and the journal's table.
    columns
        Columns of a line, in their order.
    blanked
        Columns that are personal, and are emptied once they are exported.
    ready
        SQL: which rows nothing will change any more.
    """

    folder: str
    columns: tuple[str, ...]
    blanked: tuple[str, ...] = ()
    ready: str = "TRUE"


def _columns(row: type[Asked | Feedback | ErasureRequest | FeedPost]) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(row))


ASKED = Kind(
    "asked",
    _columns(Asked),
    blanked=("text",),
    # an answer may yet fail to be sent, and what is still to be decided may be delivered again
    ready="state = 'sent' OR (state = 'decided' AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.question_id = asked.question_id))",
)
FEEDBACK = Kind("feedback", _columns(Feedback))
ERASURES = Kind("erasures", _columns(ErasureRequest))
FEED = Kind("feed", _columns(FeedPost), blanked=("text",))
KINDS = (ASKED, FEEDBACK, ERASURES, FEED)
BOOLEANS = ("helped", "has_media")

# AUTOINCREMENT: a number that was given is never given again, so no file is ever named like another
SCHEMA = """
CREATE TABLE IF NOT EXISTS updates (
    platform TEXT, update_id INTEGER, at TEXT NOT NULL, PRIMARY KEY (platform, update_id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, platform TEXT NOT NULL, update_id INTEGER NOT NULL, question_id TEXT,
    address TEXT NOT NULL, message_id TEXT NOT NULL, reply TEXT NOT NULL, decided_at TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
    UNIQUE (platform, update_id)
);
CREATE INDEX IF NOT EXISTS outbox_questions ON outbox (question_id);
CREATE TABLE IF NOT EXISTS asked (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, question_id TEXT NOT NULL UNIQUE, platform TEXT, chat_id TEXT, user_hash TEXT, asked_at TEXT,
    via TEXT, locale TEXT, text TEXT, outcome TEXT, probability REAL, answer_channel TEXT, answer_post TEXT, index_version TEXT,
    cpu_ms REAL, tokens INTEGER, update_id INTEGER NOT NULL, state TEXT NOT NULL, answer_key TEXT, batch TEXT, exported_at TEXT,
    UNIQUE (platform, update_id)
);
CREATE INDEX IF NOT EXISTS asked_answers ON asked (answer_key);
CREATE INDEX IF NOT EXISTS asked_unexported ON asked (seq) WHERE exported_at IS NULL;
CREATE TABLE IF NOT EXISTS feedback (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, platform TEXT, update_id INTEGER, question_id TEXT, user_hash TEXT, helped INTEGER, given_at TEXT,
    batch TEXT, exported_at TEXT, UNIQUE (platform, update_id)
);
CREATE TABLE IF NOT EXISTS erasures (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, request_id TEXT NOT NULL UNIQUE, kind TEXT, subject_hash TEXT, requested_at TEXT,
    requested_by TEXT, batch TEXT, exported_at TEXT
);
CREATE TABLE IF NOT EXISTS feed (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, update_id INTEGER, key_hash TEXT, platform TEXT, channel_id TEXT, channel_name TEXT, post_id TEXT,
    thread TEXT, seen TEXT, author_kind TEXT, posted_at TEXT, edited_at TEXT, text TEXT, reply_to TEXT, has_media INTEGER, link TEXT,
    batch TEXT, exported_at TEXT, UNIQUE (platform, update_id)
);
CREATE TABLE IF NOT EXISTS answers (chat TEXT, month TEXT, n INTEGER NOT NULL, PRIMARY KEY (chat, month)) WITHOUT ROWID;
"""
