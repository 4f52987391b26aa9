"""Of a chat, questions and the channel's answers leave the reader, redacted; nothing else does."""

import datetime as dt
import json
from functools import partial

import pytest

from tests.posts.exports_of_tools import GROUP, export, faults, notes, post, rows, slices
from tests.posts.test_exports_discord import PLACE, written
from vitrina.inbox.judging import Delivery, judge
from vitrina.posts.contracts import CHATS
from vitrina.posts.exports import chats, read_chat
from vitrina.posts.exports.slices import CHAT_COLUMNS
from vitrina.posts.raw_tables import QUESTION_LENGTH

PATH = "posts/chats/subscribers/result.json"
OWN = "channel1000724666"
ADMINS = frozenset({"telegram:77"})


@pytest.fixture
def plain(monkeypatch):
    """Whatever ends in a question mark is a question, and the only personal data is the word secret."""
    monkeypatch.setattr(chats, "is_question", lambda text: text.endswith("?"))
    monkeypatch.setattr(chats, "redact", lambda text: text.replace("secret", "[secret]"))


def said(number, text, from_id="user456", reply=None, **more):
    reply_to = {} if reply is None else {"reply_to_message_id": reply}
    return post(number, text=text, from_id=from_id, **reply_to, **more)


def read(*messages, admins=frozenset()):
    found = rows(export(*messages, root=GROUP), PATH, partial(read_chat, admins=admins))
    return [(row["message_id"], row["kind"], row["text"]) for row in found]


@pytest.mark.usefixtures("plain")
def test_a_question_and_its_answer_become_rows():
    content = export(said(1, "Где secret?"), said(2, "Здесь", OWN, reply=1, edited_unixtime="1721379971"), root=GROUP)
    question, answer = rows(content, PATH, read_chat)
    assert question == {
        "platform": "telegram",
        "chat_id": "2001234567",
        "chat_name": "Наши подписчики",
        "message_id": "1",
        "kind": "question",
        "author": "telegram:456",
        "author_channel": None,
        "posted_at": "2024-07-19T08:57:11+00:00",
        "edited_at": None,
        "text": "Где [secret]?",
        "reply_to": None,
    }
    assert answer["kind"] == "answer"
    assert (answer["author"], answer["author_channel"], answer["reply_to"]) == (None, "1000724666", "1")
    assert answer["edited_at"] == "2024-07-19T09:06:11+00:00"
    assert tuple(question) == CHAT_COLUMNS


@pytest.mark.usefixtures("plain")
def test_what_other_people_say_never_leaves_the_reader():
    chat = [
        said(1, "Когда откроетесь?"),
        said(2, "Завтра", "user5", reply=1),
        said(3, "Просто болтовня"),
        said(4, "В девять", OWN, reply=1),
        said(5, "Спасибо", reply=4),
        {"id": 6, "type": "service", "action": "join_group_by_link", "actor_id": "user5"},
    ]
    assert read(*chat) == [("1", "question", "Когда откроетесь?"), ("4", "answer", "В девять")]
    (part,) = slices(export(*chat, root=GROUP), PATH, read_chat)
    assert part.source_row.to_list() == [1, 4]
    assert [str(note) for note in part.notes] == [
        "Messages left out, for of a chat only questions and the channel's answers to them are read: 4."
    ]


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize(
    "answer",
    [
        said(2, "Новость", OWN, forwarded_from="Наш канал"),
        said(2, "Новость", OWN, forwarded_from_id=OWN, reply=1),
        said(2, "Новость", OWN),
        said(2, "К другому", OWN, reply=99),
        said(2, "В другом чате", OWN, reply=1, reply_to_peer_id="channel5"),
        said(2, "", OWN, reply=1, photo="photos/1.jpg"),
        said(2, "Частное мнение", "user77", reply=1),
        said(2, "Ничьё", None, reply=1),
    ],
)
def test_what_answers_no_question_in_the_channels_name_is_no_answer(answer):
    assert read(said(1, "Где?"), answer) == [("1", "question", "Где?")]


@pytest.mark.usefixtures("plain")
def test_named_administrators_answer_and_do_not_ask():
    chat = [said(1, "Где?"), said(2, "Здесь", "user77", reply=1), said(3, "А вам зачем?", "user77")]
    assert read(*chat, admins=ADMINS) == [("1", "question", "Где?"), ("2", "answer", "Здесь")]
    assert read(*chat) == [("1", "question", "Где?"), ("3", "question", "А вам зачем?")]


@pytest.mark.usefixtures("plain")
def test_the_group_itself_may_answer_and_neither_it_nor_a_channel_asks():
    assert read(said(1, "Где?"), said(2, "Здесь", "channel2001234567", reply=1), said(3, "Как дела?", OWN)) == [
        ("1", "question", "Где?"),
        ("2", "answer", "Здесь"),
    ]


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize(
    "question",
    [
        said(1, "Переслано?", forwarded_from="Кто-то"),
        said(1, "Скрыто?", forwarded_from_id="user9"),
        said(1, "Ничьё?", None),
        said(1, "а" * QUESTION_LENGTH + "?"),
        said(1, "secret" * (QUESTION_LENGTH // 6) + "?"),
    ],
)
def test_what_is_forwarded_nobodys_or_endless_is_no_question(question):
    assert read(question, said(2, "Ответ", OWN, reply=1)) == []


def test_no_model_looks_at_a_message_that_is_longer_than_a_question(monkeypatch):
    for model in ("is_question", "redact"):
        monkeypatch.setattr(chats, model, lambda _: pytest.fail("it takes long over long texts"))
    assert read(said(1, "а" * QUESTION_LENGTH + "?")) == []


@pytest.mark.usefixtures("plain")
def test_a_chat_without_questions_is_read_all_the_same():
    content = export(said(1, "Болтовня"), root=GROUP)
    (part,) = slices(content, PATH, read_chat)
    assert (part.frame.height, tuple(part.frame.columns), len(part.notes)) == (0, CHAT_COLUMNS, 1)
    judgement = judge(part, CHATS, Delivery(PATH, 1), today=dt.date(2024, 8, 1), references={}, key=b"0123456789abcdef")
    assert judgement.rows.height == 0


@pytest.mark.usefixtures("plain")
def test_a_message_that_is_none_is_refused_without_its_words():
    content = export(said(1, "Где?"), "sensitive words", {**said(3, "Где?"), "id": "sensitive words"}, root=GROUP)
    assert [position for position, _ in faults(content, PATH, read_chat)] == [2, 3]
    (part,) = slices(content, PATH, read_chat)
    judgement = judge(part, CHATS, Delivery(PATH, 1), today=dt.date(2024, 8, 1), references={}, key=b"0123456789abcdef")
    assert judgement.rows.get_column("message_id").to_list() == ["1"]
    assert "sensitive" not in json.dumps([part.frame.to_dicts(), judgement.refused.to_dicts(), judgement.findings.as_json()])


@pytest.mark.usefixtures("plain")
def test_a_discord_chat_is_answered_by_its_administrators():
    def in_discord(number, text, author, reply=None):
        kind = {"type": "Reply", "reference": {"messageId": reply}} if reply else {}
        return written(number, content=text, author={"id": author, "isBot": author == "9"}, **kind)

    chat = [
        in_discord("1", "Где?", "5"),
        in_discord("2", "Там", "6", "1"),
        in_discord("3", "Здесь", "77", "1"),
        in_discord("4", "Как?", "9"),
    ]
    found = rows(export(*chat, root=PLACE), PATH, partial(read_chat, admins=frozenset({"discord:77"})))
    assert [(row["message_id"], row["kind"], row["text"]) for row in found] == [("1", "question", "Где?"), ("3", "answer", "Здесь")]
    assert {row["chat_id"] for row in found} == {"381870553235193857"}


def test_personal_data_is_gone_before_a_row_leaves_the_reader():
    chat = [
        said(1, "Подскажите, пожалуйста, когда вернут деньги? Моя почта ivan.petrov@example.com, телефон +7 916 123-45-67"),
        said(2, "Мы ответим на ivan.petrov@example.com", OWN, reply=1),
    ]
    content = export(*chat, root=GROUP)
    found = rows(content, PATH, read_chat)
    assert [row["kind"] for row in found] == ["question", "answer"]
    everything = json.dumps([found, notes(content, PATH, read_chat)], ensure_ascii=False)
    assert "[email]" in everything
    assert "[phone]" in everything
    assert "ivan.petrov" not in everything
    assert "123-45-67" not in everything
