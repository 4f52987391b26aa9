"""Which files are read, which are refused, and what the sender is told; and what the bot saw live."""

import codecs
import json

import pytest

from tests.posts.exports_of_tools import (
    CHANNEL,
    GROUP,
    PATH,
    export,
    faults,
    only_row,
    post,
    refusal,
    refusal_of_chat,
    rows,
    slices,
)
from vitrina.posts.exports import live
from vitrina.posts.exports import slices as slices_module
from vitrina.posts.exports.slices import POST_COLUMNS

FEED = "posts/feed/2024-07-19.jsonl"
SEEN = {
    "platform": "telegram",
    "channel_id": "1000724666",
    "post_id": "7",
    "author_kind": "channel",
    "posted_at": "2024-07-19T08:57:11+00:00",
}


def of_account(**parts):
    return json.dumps({"about": "Here is the data you requested.", **parts}).encode()


@pytest.mark.parametrize(
    "content",
    [
        of_account(personal_information={"phone_number": "+7 916 123-45-67"}),
        of_account(contacts={"list": [{"phone_number": "+7 916 123-45-67"}]}),
        of_account(frequent_contacts={}),
        of_account(sessions={"list": [{"last_ip": "192.0.2.1"}]}),
        of_account(chats={"list": [{**CHANNEL, "messages": [post()]}]}),
        of_account(left_chats={}),
        json.dumps({**CHANNEL, "contacts": {}, "messages": [post()]}).encode(),
    ],
)
def test_the_export_of_a_whole_account_is_refused_with_what_to_do(content):
    for said in (refusal(content), refusal_of_chat(content)):
        assert "export of a whole account" in said
        assert "Export chat history" in said
        assert "916" not in said


def test_what_only_an_account_holds_is_refused_wherever_it_stands():
    assert "whole account" in refusal(json.dumps({**CHANNEL, "messages": [post()], "contacts": {}}).encode())
    assert "whole account" in refusal_of_chat(json.dumps({**GROUP, "messages": [post()], "contacts": {}}).encode())


def test_a_whole_account_is_refused_before_anything_below_its_name_is_read():
    # cut off right there, which would be another refusal
    assert "whole account" in refusal(b'{"about": "x", "chats": {"list": [')


@pytest.mark.parametrize("kind", ["personal_chat", "saved_messages", "bot_chat", "replies"])
def test_a_private_conversation_is_refused(kind):
    content = export(post(), root={"name": "Anna", "type": kind, "id": 5})
    for said in (refusal(content), refusal_of_chat(content)):
        assert "private conversation" in said
        assert "Anna" not in said


@pytest.mark.parametrize("kind", ["public_supergroup", "private_supergroup", "private_group"])
def test_a_group_delivered_as_a_channel_is_sent_to_the_chats(kind):
    content = export(post(), root={**GROUP, "type": kind})
    assert "Put it into the folder chats" in refusal(content)
    assert refusal_of_chat(content) is None


@pytest.mark.parametrize("kind", ["public_channel", "private_channel"])
def test_a_channel_delivered_as_a_chat_is_sent_elsewhere(kind):
    content = export(post(), root={**CHANNEL, "type": kind})
    assert "outside of chats" in refusal_of_chat(content)
    assert refusal(content) is None


@pytest.mark.parametrize(
    "root",
    [
        {"type": "public_channel"},
        {"id": 5},
        {"type": "public_channel", "id": "five"},
        {"type": "public_channel", "id": -5},
        {"type": "public_channel", "id": None},
        {"type": "broadcast", "id": 5},
        {"type": ["public_channel"], "id": 5},
        {"type": None, "id": 5},
        {},
    ],
)
def test_a_shape_that_nobody_knows_is_refused(root):
    said = "neither an export of Telegram Desktop"
    assert said in refusal(json.dumps({**root, "messages": [post()]}).encode())
    if root.get("type") == "public_channel":
        root = {**root, "type": "private_group"}
    assert said in refusal_of_chat(json.dumps({**root, "messages": [post()]}).encode())


@pytest.mark.parametrize("more", [{}, {"messages": []}, {"messages": {"item": [post()]}}, {"messages": None}, {"posts": [post()]}])
def test_an_export_without_messages_is_refused(more):
    content = json.dumps({**CHANNEL, **more}).encode()
    assert "holds no messages" in refusal(content)
    assert "holds no messages" in refusal_of_chat(json.dumps({**GROUP, **more}).encode())


@pytest.mark.parametrize("cut", [1, 2, 30, 400])
def test_an_export_that_breaks_off_is_refused_as_a_whole(cut):
    content = export(*(post(number) for number in range(1, 300)))
    assert "Nothing of it was loaded" in refusal(content[:-cut])
    assert "Nothing of it was loaded" in refusal_of_chat(export(*(post(number) for number in range(1, 300)), root=GROUP)[:-cut])


@pytest.mark.parametrize("content", [b"", b" \n\t ", codecs.BOM_UTF8, codecs.BOM_UTF8 + b"\n"])
@pytest.mark.parametrize("path", [PATH, FEED, "posts/youtube/talks/dQw4w9WgXcQ.vtt"])
def test_an_empty_file_is_refused(content, path):
    assert "is empty" in refusal(content, path)


@pytest.mark.parametrize("content", [export(post()).decode().encode("utf-16"), b"PK\x03\x04", b"<html>", b'"text"', b"5"])
def test_what_does_not_begin_like_json_is_refused(content):
    assert "does not begin like JSON" in refusal(content)


def test_a_list_is_no_chat():
    assert "does not begin like JSON" in refusal_of_chat(b"[1]")


@pytest.mark.parametrize("name", ["messages.html", "result.csv", "result.json.part", "result"])
def test_other_endings_are_refused_with_those_that_are_read(name):
    said = refusal(b"x", f"posts/telegram/{name}")
    assert ".json, .vtt, .srt, .jsonl, .ndjson" in said
    assert "Machine-readable JSON" in said
    assert "Deliver one of .json." in refusal_of_chat(b"x", f"posts/chats/{name}")


def test_a_byte_order_mark_and_capitals_in_the_name_do_no_harm():
    assert only_row(codecs.BOM_UTF8 + export(post()), "posts/telegram/RESULT.JSON")["post_id"] == "1"


def test_a_name_that_could_break_a_line_is_shown_on_one():
    assert "\n" not in refusal(b"", "posts/telegram/a\nb.json")


def lines(*objects):
    return "\n".join(json.dumps(line, ensure_ascii=False) for line in objects).encode()


def test_what_the_bot_saw_has_the_columns_of_an_export():
    row = only_row(lines({**SEEN, "text": "Новость\u200b\u0007", "seen": "snapshot", "has_media": True, "further": 1}), FEED)
    assert tuple(row) == POST_COLUMNS
    assert {name: value for name, value in row.items() if value is not None} == {
        **SEEN,
        "text": "Новость",
        "seen": "live",
        "has_media": "true",
    }


def test_a_line_that_is_broken_refuses_itself_and_no_other(monkeypatch):
    monkeypatch.setattr(slices_module, "SLICE", 2)
    content = lines(SEEN, SEEN, SEEN) + b"\n{broken\n" + lines(SEEN)
    assert [part.frame.height for part in slices(content, FEED)] == [2, 2, 1]
    assert [len(part.faults) for part in slices(content, FEED)] == [0, 1, 0]
    assert [position for position, _ in faults(content, FEED)] == [4]
    assert [row["post_id"] for row in rows(content, FEED)] == ["7", "7", "7", None, "7"]


def test_a_feed_that_is_too_large_to_hold_is_refused(monkeypatch):
    monkeypatch.setattr(live, "MAX_BYTES", 100)
    assert "larger than 100 bytes" in refusal(lines(SEEN, SEEN, SEEN), FEED)
