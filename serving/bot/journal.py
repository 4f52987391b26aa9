"""What the bot has seen, decided and sent, so that a killed bot goes on where it was: nothing is lost, nothing is done twice.

An update is recorded before the platform is told that it arrived. A question is *received*, then *decided*: in one
transaction with its reply, which waits in the outbox until it was sent. One reply is on its way at a time, so of what a
killed bot has sent, at most one is not marked and is sent again.

A killed process loses nothing. When the machine itself fails, the transactions of the last moments may be lost, never a
part of one: the file is in WAL mode with `synchronous = NORMAL`.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import sqlite3
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from serving.bot.commands import PostName
from serving.bot.journal_schema import SCHEMA
from serving.bot.limits import month_of
from serving.bot.messages import Asked, Button, Decision, ErasureRequest, Feedback, FeedPost, Reply, Update
from vitrina.errors import VitrinaError
from vitrina.pseudonyms import pseudonym

BUSY_S = 10.0


class JournalError(VitrinaError):
    """The journal cannot be opened."""


@dataclasses.dataclass(frozen=True)
class Pending:
    """A reply that is to be sent.

    Attributes
    ----------
    seq
        Its place in the outbox.
    address, message_id
        Where it goes, and what it replies to.
    reply
        What is sent.
    decided_at
        Since when it waits.
    attempts
        How often it may have been sent without anybody knowing.
    """

    seq: int
    platform: str
    address: str
    message_id: str
    reply: Reply
    decided_at: dt.datetime
    attempts: int


class Journal:
    """The journal of one bot; every method is one transaction, and may be called from any thread.

    Parameters
    ----------
    path
        Its file; made where there is none, readable for us only.
    key
        Key of pseudonyms.

    Raises
    ------
    JournalError
        The file is no journal.
    """

    def __init__(self, path: Path, key: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        self.path, self.key = path, key
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        try:
            for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "secure_delete = ON"):
                self._connection.execute(f"PRAGMA {pragma}").fetchall()
            self._connection.executescript(SCHEMA)
        except sqlite3.DatabaseError as error:
            self._connection.close()
            raise JournalError(
                f"{path} is no journal of the bot: {error}.",
                "Restore it from a backup; or move it away, then what was not exported yet is lost.",
            ) from error

    def close(self) -> None:
        """Close it; what it holds stays."""
        with self._lock:
            self._connection.close()

    def knows(self, platform: str, update_id: int) -> bool:
        """Whether an update was decided before."""
        return bool(self.rows("SELECT 1 FROM updates WHERE platform = ? AND update_id = ?", platform, update_id))

    def receive(self, asked: Asked, update: Update) -> None:
        """Record a question that is looked up from now on."""
        with self.transaction() as connection:
            _insert(connection, "asked", _of(asked) | {"update_id": update.update_id, "state": "received"})

    def decide(self, update: Update, decision: Decision, now: dt.datetime, *, received: bool = False) -> bool:
        """Record what is done about an update, all of it or nothing.

        Parameters
        ----------
        update
            The update.
        decision
            What is done about it.
        now
            The time.
        received
            Whether its question was recorded by `receive`: where it is no longer there, its person was forgotten meanwhile.

        Returns
        -------
        bool
            False where it was decided before: nothing has changed then.
        """
        with self.transaction() as connection:
            if not _seen(connection, update.platform, update.update_id, now):
                return False
            if decision.asked is not None:
                _decide(connection, decision.asked, update.update_id, received=received)
            if decision.erasure is not None:
                _erase(connection, decision.erasure)
            if decision.reply is not None:
                question_id = None if decision.asked is None else decision.asked.question_id
                reply = json.dumps(dataclasses.asdict(decision.reply), ensure_ascii=False)
                row = {**dataclasses.asdict(update), "question_id": question_id, "reply": reply, "decided_at": now.isoformat()}
                _insert(connection, "outbox", row)
        if decision.forgotten is not None:
            self.compact()
        return True

    def give_feedback(self, platform: str, update_id: int, feedback: Feedback, now: dt.datetime) -> bool:
        """Record a pressed button; False where that was done before."""
        with self.transaction() as connection:
            row = _of(feedback) | {"platform": platform, "update_id": update_id}
            return _seen(connection, platform, update_id, now) and _insert(connection, "feedback", row)

    def feed(self, update_id: int, post: FeedPost, now: dt.datetime) -> bool:
        """Record a version of a channel's post; False where that was done before."""
        key_hash = pseudonym(f"{post.platform}:{post.channel_id}:{post.post_id}", self.key)
        with self.transaction() as connection:
            row = _of(post) | {"update_id": update_id, "key_hash": key_hash}
            return _seen(connection, post.platform, update_id, now) and _insert(connection, "feed", row)

    def next_reply(self, without: Collection[str] = ()) -> Pending | None:
        """The reply that has waited longest, those to some addresses aside; None where nothing waits."""
        query = "SELECT * FROM outbox WHERE address NOT IN (SELECT value FROM json_each(?)) ORDER BY seq LIMIT 1"
        for row in self.rows(query, json.dumps(list(without))):
            said = json.loads(row["reply"])
            reply = Reply(said["text"], tuple(Button(**button) for button in said["buttons"]))
            decided_at = dt.datetime.fromisoformat(row["decided_at"])
            return Pending(row["seq"], row["platform"], row["address"], row["message_id"], reply, decided_at, row["attempts"])
        return None

    def sent(self, pending: Pending, answer_key: str) -> None:
        """Note that a reply was sent; where it went is forgotten.

        Parameters
        ----------
        pending
            The reply.
        answer_key
            Keyed hash of the message that it has become, so that `/forget` below it finds the post.
        """
        with self.transaction() as connection:
            question = _take_out(connection, pending.seq)
            connection.execute("UPDATE asked SET state = 'sent', answer_key = ? WHERE question_id = ?", [answer_key, question])

    def attempted(self, pending: Pending) -> None:
        """Note that a reply was sent and nobody knows whether it arrived."""
        with self.transaction() as connection:
            connection.execute("UPDATE outbox SET attempts = attempts + 1 WHERE seq = ?", [pending.seq])

    def failed(self, pending: Pending) -> None:
        """Note that a reply cannot be sent, and is not tried again; as an answer it does not count."""
        with self.transaction() as connection:
            question = _take_out(connection, pending.seq)
            for row in connection.execute(
                "SELECT * FROM asked WHERE question_id = ? AND outcome = 'answered'", [question]
            ).fetchall():
                _count(connection, row["platform"], row["chat_id"], row["asked_at"], -1)
            connection.execute(
                "UPDATE asked SET state = 'sent', outcome = CASE outcome WHEN 'answered' THEN 'failed' ELSE outcome END, "
                "answer_channel = NULL, answer_post = NULL WHERE question_id = ?",
                [question],
            )

    def answers(self, chat: str, month: dt.datetime) -> int:
        """Answers of a chat, named as `<platform>:<chat>`, in the month of a moment."""
        found = self.rows("SELECT n FROM answers WHERE chat = ? AND month = ?", chat, month_of(month))
        return int(found[0]["n"]) if found else 0

    def post_of_answer(self, answer_key: str) -> PostName | None:
        """The post that a message of ours showed; None where it is none, or too long ago."""
        query = "SELECT answer_channel, answer_post FROM asked WHERE answer_key = ? AND answer_post IS NOT NULL"
        found = self.rows(query, answer_key)
        return PostName(found[0]["answer_channel"], found[0]["answer_post"]) if found else None

    def knows_question(self, question_id: str) -> bool:
        """Whether a question was answered, and is still remembered."""
        return bool(self.rows("SELECT 1 FROM asked WHERE question_id = ? AND outcome = 'answered'", question_id))

    def forget_user(self, user_hash: str) -> int:
        """Delete everything of a person, so that no byte of it is left in the file; returns the rows that it were."""
        with self.transaction() as connection:
            rows = _forget_user(connection, user_hash)
        self.compact()
        return rows

    def compact(self) -> None:
        """Rewrite the file without what was deleted, and empty the log beside it, which holds older pages."""
        with self._lock:
            self._connection.execute("VACUUM")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def rows(self, query: str, *values: object) -> list[sqlite3.Row]:
        """Rows of a query."""
        with self._lock:
            return self._connection.execute(query, values).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A transaction that takes the file for writing at once, and is undone where anything fails."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")


def _seen(connection: sqlite3.Connection, platform: str, update_id: int, now: dt.datetime) -> bool:
    """Whether an update is new; from now on it is not."""
    return _insert(connection, "updates", {"platform": platform, "update_id": update_id, "at": now.isoformat()})


def _decide(connection: sqlite3.Connection, asked: Asked, update_id: int, *, received: bool) -> None:
    values = _of(asked)
    # one that was received by a bot that died is there already
    if received or not _insert(connection, "asked", values | {"update_id": update_id, "state": "decided"}):
        assigned = ", ".join(f"{name} = :{name}" for name in values)
        connection.execute(f"UPDATE asked SET {assigned}, state = 'decided' WHERE question_id = :question_id", values)  # noqa: S608  # our names
    if asked.outcome == "answered":
        _count(connection, asked.platform, asked.chat_id, asked.asked_at.isoformat(), +1)


def _forget_user(connection: sqlite3.Connection, user_hash: str) -> int:
    queries = (
        "DELETE FROM feedback WHERE user_hash = :user OR question_id IN (SELECT question_id FROM asked WHERE user_hash = :user)",
        "DELETE FROM asked WHERE user_hash = :user",
    )
    return sum(connection.execute(query, {"user": user_hash}).rowcount for query in queries)


def _erase(connection: sqlite3.Connection, erasure: ErasureRequest) -> None:
    if erasure.kind == "user":
        _forget_user(connection, erasure.subject_hash)
    else:
        connection.execute("DELETE FROM feed WHERE key_hash = ?", [erasure.subject_hash])
    _insert(connection, "erasures", _of(erasure))


def _take_out(connection: sqlite3.Connection, seq: int) -> str | None:
    found = connection.execute("DELETE FROM outbox WHERE seq = ? RETURNING question_id", [seq]).fetchall()
    return found[0]["question_id"] if found else None


def _count(connection: sqlite3.Connection, platform: str, chat_id: str, asked_at: str, by: int) -> None:
    connection.execute(
        "INSERT INTO answers VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET n = n + excluded.n",
        [f"{platform}:{chat_id}", month_of(dt.datetime.fromisoformat(asked_at)), by],
    )


def _insert(connection: sqlite3.Connection, table: str, row: dict[str, object]) -> bool:
    """Insert a row; False where its key is taken."""
    names, places = ", ".join(row), ", ".join(f":{name}" for name in row)
    return connection.execute(f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({places})", row).rowcount > 0  # noqa: S608  # our names


def _of(row: Asked | Feedback | ErasureRequest | FeedPost) -> dict[str, object]:
    """A row as the journal holds it: moments as text in UTC, so that they are exported as they stand."""
    # `dataclasses.asdict` copies every value, and takes ten times as long
    values = {field.name: getattr(row, field.name) for field in dataclasses.fields(row)}
    return {
        name: value.astimezone(dt.UTC).isoformat() if isinstance(value, dt.datetime) else value for name, value in values.items()
    }
