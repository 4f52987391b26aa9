"""Files of a format of their own: streamed through the inbox, whole or not at all, and never in place of somebody else's."""

import json
from io import BytesIO

import pytest

from vitrina.inbox.content import Content, copied
from vitrina.posts.raw_tables import RawAsked, RawChatMessages, RawPosts

ASKED = {
    "question_id": "a1",
    "platform": "telegram",
    "chat_id": "9",
    "user_hash": "1f0c9d4a7b3e5d2c6a8b9c0d",
    "asked_at": "2024-06-01T10:00:00+00:00",
    "via": "chat",
    "text": "when do you open",
    "outcome": "silent",
}


def export(*messages, channel=1000724666, kind="public_channel", name="Our news"):
    return json.dumps({"name": name, "type": kind, "id": channel, "messages": messages}, ensure_ascii=False)


def message(number, text="We open at nine.", **more):
    said = {"id": number, "type": "message", "date": "2024-06-01T10:00:00", "date_unixtime": str(1_717_236_000 + number)}
    return {**said, "from_id": "channel1000724666", "text": text, "text_entities": [], **more}


def test_an_export_is_loaded_with_its_counts_and_nothing_of_the_copy_stays(posts):
    posts.deliver("a/result.json", export(message(1), message(2, from_id="user456")))
    (entry,) = posts.ingest().deliveries
    assert (entry.contract, entry.rows_read, entry.rows_loaded) == ("channels", 2, 2)
    assert posts.table(RawPosts)["post_id"].to_list() == ["1", "2"]
    assert [path for path in posts.settings.cache.rglob("*") if path.is_file()] == []


def test_who_signed_a_post_is_nowhere_in_the_data_folder(posts):
    posts.deliver("a/result.json", export(message(1, from_id="user987654321", **{"from": "Mr Nobody"})))
    posts.ingest()
    files = [path for path in posts.settings.data.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if b"987654321" in path.read_bytes()]


def test_an_export_that_is_cut_off_loads_nothing_and_takes_nothing_away(posts):
    posts.deliver("a/result.json", export(message(1), message(2)))
    posts.ingest()
    posts.deliver("a/result.json", export(message(1), message(2), message(3))[:-30])
    (entry,) = posts.ingest().deliveries
    assert entry.state == "quarantined"
    assert posts.table(RawPosts)["post_id"].to_list() == ["1", "2"]


def test_another_channel_under_the_same_name_is_refused_and_the_first_one_stays(posts):
    posts.deliver("a/result.json", export(message(1)))
    posts.ingest()
    posts.deliver("a/result.json", export(message(7, from_id="channel555"), channel=555, name="Others"))
    (entry,) = posts.ingest().deliveries
    assert entry.state == "quarantined"
    assert "telegram / 555" in entry.message
    assert "telegram / 1000724666" in entry.message
    assert posts.table(RawPosts)["channel_id"].to_list() == ["1000724666"]


def test_a_full_account_is_refused_and_no_copy_of_it_is_kept(posts):
    account = {"personal_information": {"phone_number": "+7 900 000 00 00"}, "contacts": {"list": []}, "chats": {"list": []}}
    posts.deliver("a/result.json", json.dumps(account))
    (entry,) = posts.ingest().deliveries
    assert entry.state == "quarantined"
    assert posts.quarantined() == []
    assert not any("900 000" in receipt for receipt in posts.receipts())


def test_a_chat_is_read_as_a_chat_and_only_questions_of_it_are_stored(posts):
    said = [
        message(1, "Подскажите, когда вы открываетесь?", from_id="user5"),
        message(2, "всем привет", from_id="user6"),
        message(3, "В девять.", reply_to_message_id=1),
    ]
    posts.deliver("chats/ours/result.json", export(*said, channel=9, kind="public_supergroup"))
    (entry,) = posts.ingest().deliveries
    assert entry.contract == "chats"
    assert posts.table(RawChatMessages).select("message_id", "kind").rows() == [("1", "question"), ("3", "answer")]


def test_words_of_people_are_in_no_receipt_and_in_no_refused_row(posts):
    posts.deliver("asked/1.jsonl", "\n".join(json.dumps(ASKED | more) for more in ({}, {"text": "secret words" * 500})))
    (entry,) = posts.ingest().deliveries
    assert (entry.rows_loaded, entry.rows_refused) == (1, 1)
    assert posts.table(RawAsked).height == 1
    assert "secret words" not in str(posts.refused.rows())
    assert not any("secret words" in receipt for receipt in posts.receipts())


@pytest.mark.parametrize("size", [0, 1, 3_000_000])
def test_a_copy_holds_what_was_hashed_and_has_no_name(tmp_path, size):
    whole = bytes(range(256)) * (size // 256 + 1)
    with copied(BytesIO(whole), tmp_path / "cache") as content:
        assert content.all_bytes() == whole
        assert (content.size, content.fingerprint) == (len(whole), Content.in_memory(whole).fingerprint)
        assert list((tmp_path / "cache").iterdir()) == []
