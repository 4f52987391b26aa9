"""What the bot writes is what the inbox reads."""

import dataclasses
import datetime as dt

import pytest

from serving.bot.handling import Handler
from serving.bot.journal import Journal
from serving.bot.journal_export import export
from serving.bot.messages import FeedPost, Press
from tests.bot.made_up_answers import MadeUpAnswerer
from tests.bot.made_up_chat import Chat
from vitrina.inbox.ingest import ingest
from vitrina.inbox.ledger import Ledger
from vitrina.posts.asked import asked_questions
from vitrina.posts.contracts import CONTRACTS
from vitrina.posts.raw_tables import (
    POSTS,
    PostsRefusedRows,
    RawAsked,
    RawChatMessages,
    RawErasureRequests,
    RawFeedback,
    RawPosts,
)
from vitrina.pseudonyms import pseudonym, user_key
from vitrina.settings import Settings
from vitrina.warehouse import Warehouse, load, locate

NOW = dt.datetime(2026, 9, 15, 12, tzinfo=dt.UTC)
POST = FeedPost("telegram", "1001", "Our news", "17", None, "live", "channel", NOW, None, "We open at nine.", None, False, None)
EXPORT = (
    '{"name": "Ours", "type": "public_supergroup", "id": 2001, "messages": ['
    '{"id": 1, "type": "message", "date": "2026-09-15T12:00:00", "date_unixtime": "1789473600", "from_id": "user77", '
    '"text": "Please tell me, when do you open the shop on Saturdays?", "text_entities": []}, '
    '{"id": 2, "type": "message", "date": "2026-09-15T12:01:00", "date_unixtime": "1789473660", "from_id": "user78", '
    '"text": "How much is a ticket for children?", "text_entities": []}]}'
)


@pytest.fixture
def settings(tmp_path):
    return Settings(data=tmp_path / "data", inbox=str(tmp_path / "inbox"), settle_s=0, _env_file=None)


def ingested(settings):
    warehouse = Warehouse(locate(settings, POSTS))
    entries = ingest(
        POSTS,
        CONTRACTS,
        settings=settings,
        warehouse=warehouse,
        ledger=Ledger(settings.ledger),
        now=NOW + dt.timedelta(hours=1),
        refused_table=PostsRefusedRows,
    ).deliveries
    with warehouse.read() as connection:
        tables = (RawAsked, RawChatMessages, RawErasureRequests, RawFeedback, RawPosts, PostsRefusedRows)
        return entries, {table: load(connection, table) for table in tables}


def test_files_of_the_bot_pass_the_inbox_whole_and_a_question_is_the_same_one_as_in_an_export_of_the_chat(settings, tmp_path):
    key = user_key(settings)
    journal = Journal(tmp_path / "journal.sqlite", key)
    chat = Chat(journal)
    chat.conversation.key = key
    handler = Handler(chat.conversation, journal, MadeUpAnswerer, None, lambda: None, lambda: NOW)
    decision = chat.says("Please tell me, when do you open the shop on Saturdays?", message_id="1")
    assert chat.says("What else is there?", message_id="2").asked.outcome == "silent"
    button = decision.reply.buttons[0].data
    assert handler.press(Press("telegram", 900, "78", "en", button, NOW))
    handler.post(901, POST)
    handler.post(902, dataclasses.replace(POST, text="We open at ten.", edited_at=NOW + dt.timedelta(minutes=5)))
    chat.says("/forget_me", message_id="3", user_id="79")
    with journal.transaction() as connection:
        connection.execute("DELETE FROM outbox")
    export(journal, settings.decisions_folder / POSTS, NOW)
    journal.close()
    delivered = settings.inbox_folder / POSTS / "chats" / "ours" / "result.json"
    delivered.parent.mkdir(parents=True)
    delivered.write_text(EXPORT)

    entries, tables = ingested(settings)

    assert {(entry.contract, entry.state, entry.rows_refused) for entry in entries} == {
        (name, "loaded", 0) for name in ("asked", "feedback", "erasures", "channels", "chats")
    }
    assert tables[PostsRefusedRows].is_empty()
    assert tables[RawAsked].sort("question_id").select("outcome", "answer_post").rows() == sorted(
        [("answered", "17"), ("silent", None)],
        key=lambda row: pseudonym(f"telegram:2001:{'1' if row[0] == 'answered' else '2'}", key),
    )
    assert tables[RawFeedback].select("question_id", "helped").rows() == [(pseudonym("telegram:2001:1", key), True)]
    assert tables[RawErasureRequests]["subject_hash"].to_list() == [pseudonym("telegram:79", key)]
    assert set(tables[RawPosts]["text"]) >= {"We open at ten."}
    # both messages of the chat are questions, and the bot has heard both of them
    assert tables[RawChatMessages]["message_id"].to_list() == ["1", "2"]
    questions = asked_questions(tables[RawAsked], tables[RawChatMessages], key)
    assert set(questions["question_id"]) == set(tables[RawAsked]["question_id"])
