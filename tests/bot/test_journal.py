"""The journal, and the files that it hands over."""

import dataclasses
import datetime as dt
import json
import os
import stat

import polars as pl
import pytest

from serving.bot import journal_export
from serving.bot.conversation import LookedUp, Question
from serving.bot.journal import Journal, JournalError
from serving.bot.journal_export import export, waiting
from serving.bot.journal_schema import KINDS
from serving.bot.messages import Feedback, FeedPost, Update
from tests.bot.made_up_chat import NOON, Chat
from tests.bot.made_up_rules import KEY
from vitrina.inbox.difference import is_ignored
from vitrina.inbox.tables import Delivered
from vitrina.posts.raw_tables import RawAsked, RawErasureRequests, RawFeedback, RawPosts
from vitrina.pseudonyms import pseudonym

POST = FeedPost("telegram", "1001", "News", "9", None, "live", "channel", NOON, None, "Ivan opens", None, False, None)
IVAN = pseudonym("telegram:77", KEY)


@pytest.fixture
def journal(tmp_path):
    return Journal(tmp_path / "journal.sqlite", KEY)


@pytest.fixture
def chat(journal):
    return Chat(journal)


def send_all(journal):
    while (pending := journal.next_reply()) is not None:
        journal.sent(pending, "0" * 24)


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_an_update_is_decided_once_and_its_reply_waits_once(chat, journal):
    incoming = chat.incoming("When do you open?")
    decision = chat.gets(incoming)
    assert journal.knows("telegram", incoming.update_id)
    assert not journal.decide(Update.of(incoming), decision, NOON)
    assert [len(journal.rows(f"SELECT * FROM {table}")) for table in ("asked", "outbox", "updates")] == [1, 1, 1]
    assert journal.answers("telegram:2001", NOON) == 1


def test_a_bot_that_dies_between_receiving_and_deciding_decides_when_the_update_comes_again(chat, journal, tmp_path):
    incoming = chat.incoming("When do you open?")
    question = chat.conversation.consider(incoming, 0)
    journal.receive(question.asked, Update.of(incoming))
    journal.close()
    again = Chat(Journal(tmp_path / "journal.sqlite", KEY))
    assert not again.journal.knows("telegram", incoming.update_id)
    again.gets(incoming)
    assert [row["state"] for row in again.journal.rows("SELECT state FROM asked")] == ["decided"]


def test_what_was_decided_and_not_sent_is_still_there_after_a_restart_in_its_order(chat, journal, tmp_path):
    for _ in range(3):
        chat.says("When do you open?")
    first = journal.next_reply()
    journal.sent(first, "a" * 24)
    journal.close()
    later = Journal(tmp_path / "journal.sqlite", KEY)
    pending = later.next_reply()
    assert (pending.message_id, len(pending.reply.buttons)) == ("2", 2)
    later.sent(pending, "b" * 24)
    assert later.next_reply(without=["-100_2001"]) is None
    assert later.next_reply().message_id == "3"


def test_where_a_reply_went_is_forgotten_once_it_was_sent(chat, journal, tmp_path):
    chat.says("open", chat_kind="private", chat_id="998877665544", address="998877665544")
    assert b"998877665544" in (tmp_path / "journal.sqlite-wal").read_bytes()
    send_all(journal)
    journal.compact()
    assert not any(b"998877665544" in path.read_bytes() for path in tmp_path.iterdir())


def test_an_answer_that_cannot_be_sent_has_failed_and_does_not_count(chat, journal):
    chat.says("When do you open?")
    journal.failed(journal.next_reply())
    row = journal.rows("SELECT * FROM asked")[0]
    assert (row["outcome"], row["answer_post"], row["probability"]) == ("failed", None, 0.9)
    assert journal.answers("telegram:2001", NOON) == 0
    assert journal.next_reply() is None


def test_nothing_is_recorded_where_one_part_of_a_decision_fails(chat, journal, monkeypatch):
    journal.rows("DROP TABLE outbox")
    incoming = chat.incoming("When do you open?")
    with pytest.raises(Exception, match="outbox"):
        chat.gets(incoming)
    assert not journal.knows("telegram", incoming.update_id)
    assert journal.rows("SELECT * FROM asked") == []


def test_the_file_is_for_us_alone(journal):
    assert stat.S_IMODE(journal.path.stat().st_mode) == 0o600


def test_a_file_that_is_no_journal_says_what_to_do(tmp_path):
    (tmp_path / "journal.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.raises(JournalError, match=r"is no journal of the bot.*What to do"):
        Journal(tmp_path / "journal.sqlite", KEY)


def test_of_a_forgotten_person_no_byte_is_left_in_any_file_of_the_journal(chat, journal, tmp_path):
    for number in range(200):
        chat.says(f"When do you open the very special door {number}?")
        chat.says(f"When do others open {number}?", user_id="78")
    asked = journal.rows("SELECT question_id FROM asked WHERE user_hash = ?", pseudonym("telegram:78", KEY))[0]["question_id"]
    journal.give_feedback("telegram", 9000, Feedback(asked, IVAN, True, NOON), NOON)
    send_all(journal)
    assert journal.forget_user(IVAN) == 201
    written = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"very special door" not in written
    assert IVAN.encode() not in written
    assert len(journal.rows("SELECT * FROM asked")) == 200


def test_a_question_under_way_of_a_person_who_is_forgotten_meanwhile_is_not_recorded(chat, journal):
    incoming = chat.incoming("When do you open?")
    question = chat.conversation.consider(incoming, 0)
    assert isinstance(question, Question)
    journal.receive(question.asked, Update.of(incoming))
    chat.says("/forget_me")
    found = chat.answerer.answer(question.text, question.channels)
    journal.decide(Update.of(incoming), chat.conversation.conclude(question, LookedUp(found, "v1", 1.0), 0), NOON, received=True)
    assert journal.rows("SELECT * FROM asked") == []


def test_files_hold_the_columns_of_their_raw_tables(chat, journal, tmp_path):
    question_id = chat.says("When does Ivan open?").asked.question_id
    send_all(journal)
    journal.give_feedback("telegram", 9000, Feedback(question_id, IVAN, False, NOON), NOON)
    journal.feed(9001, POST, NOON)
    chat.says("/forget t.me/our_news/17", is_admin=True)
    paths = export(journal, tmp_path / "posts", NOON)
    assert [str(path.relative_to(tmp_path / "posts")) for path in paths] == [
        f"{kind}/20260915T120000Z-1-1.jsonl" for kind in ("asked", "feedback", "erasures", "feed")
    ]
    asked, feedback, erasure, post = (lines(path)[0] for path in paths)
    provenance = {column.name for column in Delivered.columns()}
    for row, table in ((asked, RawAsked), (feedback, RawFeedback), (erasure, RawErasureRequests), (post, RawPosts)):
        assert set(row) == {column.name for column in table.columns()} - provenance - {"author_hash"}
    assert (asked["text"], asked["asked_at"], asked["outcome"]) == (
        "When does [name] open?",
        "2026-09-15T12:00:00+00:00",
        "answered",
    )
    assert (feedback["helped"], post["has_media"], post["edited_at"], post["seen"]) == (False, False, None, "live")
    assert erasure["subject_hash"] == pseudonym("telegram:1001:17", KEY)


def test_requests_to_be_forgotten_hold_keyed_hashes_and_nothing_else(chat, journal, tmp_path):
    chat.says("/forget_me", user_id="998877665544")
    chat.says("/forget t.me/our_news/998877665544", is_admin=True)
    send_all(journal)
    (path,) = export(journal, tmp_path / "posts", NOON)
    assert "998877665544" not in path.read_text()
    assert {row["kind"] for row in lines(path)} == {"user", "post"}


def test_a_row_is_exported_once_and_not_before_nothing_will_change_it(chat, journal, tmp_path):
    chat.says("When do you open?")
    chat.says("Where is the moon?")
    received = chat.incoming("When is it open?")
    journal.receive(chat.conversation.consider(received, 0).asked, Update.of(received))
    (path,) = export(journal, tmp_path, NOON)
    assert [row["outcome"] for row in lines(path)] == ["silent"]
    send_all(journal)
    (path,) = export(journal, tmp_path, NOON + dt.timedelta(minutes=2))
    assert [row["outcome"] for row in lines(path)] == ["answered"]
    assert export(journal, tmp_path, NOON + dt.timedelta(minutes=4)) == ()
    assert waiting(journal) == 1
    (path,) = export(journal, tmp_path, NOON + dt.timedelta(days=2))
    assert [row["outcome"] for row in lines(path)] == ["failed"]


def test_many_rows_are_several_files(chat, journal, tmp_path, monkeypatch):
    monkeypatch.setattr(journal_export, "MOST_ROWS", 2)
    for _ in range(5):
        chat.says("Where is the moon?")
    paths = export(journal, tmp_path, NOON)
    assert [path.stem.partition("-")[2] for path in paths] == ["1-2", "3-4", "5-5"]
    assert len({row["question_id"] for path in paths for row in lines(path)}) == 5


@pytest.mark.parametrize("dies_in", ["write_atomically", "_line", "mark"])
def test_a_crash_while_exporting_writes_the_same_file_again_and_no_other(chat, journal, tmp_path, monkeypatch, dies_in):
    for _ in range(3):
        chat.says("Where is the moon?")

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        if dies_in == "mark":
            real = journal_export.write_atomically
            patched.setattr(journal_export, "write_atomically", lambda *given: (real(*given), dies()))
        else:
            patched.setattr(journal_export, dies_in, dies)
        with pytest.raises(KeyboardInterrupt):
            export(journal, tmp_path / "posts", NOON)
    found = sorted((tmp_path / "posts").rglob("*.jsonl"))
    before = [path.read_bytes() for path in found]
    chat.says("Where is the moon?")
    paths = export(journal, tmp_path / "posts", NOON + dt.timedelta(minutes=2))
    assert [len(lines(path)) for path in paths] == [3, 1]
    assert found in ([], [paths[0]])
    assert before in ([], [paths[0].read_bytes()])


def test_a_file_that_is_being_written_has_a_name_that_the_inbox_ignores(chat, journal, tmp_path, monkeypatch):
    chat.says("Where is the moon?")
    seen: list[str] = []
    real = os.fsync

    def look(number: int) -> None:
        seen.extend(path.name for path in (tmp_path / "posts").rglob("*") if path.is_file())
        real(number)

    monkeypatch.setattr(os, "fsync", look)
    (path,) = export(journal, tmp_path / "posts", NOON)
    assert seen
    assert all(is_ignored(name) for name in seen)
    assert not is_ignored(path.name)


def test_a_disk_that_is_full_loses_nothing(chat, journal, tmp_path):
    chat.says("Where is the moon?")
    (tmp_path / "posts").write_text("in the way of the folder")
    with pytest.raises(OSError, match="posts"):
        export(journal, tmp_path / "posts", NOON)
    (tmp_path / "posts").unlink()
    assert len(export(journal, tmp_path / "posts", NOON)) == 1


def test_texts_go_when_they_were_exported_and_rows_after_a_month(chat, journal, tmp_path):
    question_id = chat.says("When does Ivan open?").asked.question_id
    send_all(journal)
    journal.feed(9001, POST, NOON)
    export(journal, tmp_path, NOON)
    assert [row["text"] for table in ("asked", "feed") for row in journal.rows(f"SELECT text FROM {table}")] == ["", ""]
    assert journal.knows_question(question_id)
    export(journal, tmp_path, NOON + dt.timedelta(days=29))
    assert journal.knows_question(question_id)
    export(journal, tmp_path, NOON + dt.timedelta(days=31))
    assert [row for kind in KINDS for row in journal.rows(f"SELECT * FROM {kind.folder}")] == []
    assert journal.rows("SELECT * FROM updates") == []
    assert journal.answers("telegram:2001", NOON) == 1


def test_the_feed_keeps_every_version_and_forgets_a_post_that_is_erased_before_it_was_exported(chat, journal, tmp_path):
    journal.feed(9001, POST, NOON)
    assert not journal.feed(9001, POST, NOON)
    journal.feed(9002, dataclasses.replace(POST, text="Ivan opens at ten", edited_at=NOON), NOON)
    journal.feed(9003, dataclasses.replace(POST, post_id="10"), NOON)
    assert len(journal.rows("SELECT * FROM feed")) == 3
    chat.says("/forget t.me/our_news/9", is_admin=True)
    assert [row["post_id"] for row in journal.rows("SELECT post_id FROM feed")] == ["10"]


def test_files_are_what_the_inbox_reads(chat, journal, tmp_path):
    chat.says('Where is "the\nmoon"  \\ 🌝?')
    (path,) = export(journal, tmp_path, NOON)
    frame = pl.read_ndjson(path)
    assert frame["text"].to_list() == ['Where is "the\nmoon"  \\ 🌝?']
