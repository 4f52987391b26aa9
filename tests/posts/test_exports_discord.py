"""A channel's messages as DiscordChatExporter writes them."""

import pytest

from tests.posts.exports_of_tools import export, faults, notes, only_row, refusal, rows

PLACE = {
    "guild": {"id": "81384788765712384", "name": "Сервер", "iconUrl": "https://cdn.example/1.png"},
    "channel": {"id": "381870553235193857", "type": "GuildTextChat", "name": "новости", "topic": None},
    "dateRange": {"after": None, "before": None},
    "exportedAt": "2024-07-20T00:00:00+00:00",
}
PATH = "posts/discord/news.json"


def written(number="1000000000000000001", **more):
    return {
        "id": number,
        "type": "Default",
        "timestamp": "2024-07-19T11:57:11.5+03:00",
        "timestampEdited": None,
        "isPinned": False,
        "content": "Открываемся в девять.",
        "author": {"id": "456", "name": "anna", "nickname": "Анна", "isBot": False},
        "attachments": [],
        "embeds": [],
        "stickers": [],
        "reactions": [],
        "mentions": [],
        **more,
    }


def row_of(**more):
    return only_row(export(written(**more), root=PLACE), PATH)


def test_a_message_becomes_a_row():
    reply = {"messageId": "999", "channelId": "381870553235193857", "guildId": "81384788765712384"}
    assert row_of(type="Reply", reference=reply, timestampEdited="2024-07-19T09:00:00+00:00") == {
        "platform": "discord",
        "channel_id": "381870553235193857",
        "channel_name": "Сервер / новости",
        "post_id": "1000000000000000001",
        "thread": None,
        "seen": "snapshot",
        "author_kind": "user",
        "author": "discord:456",
        "posted_at": "2024-07-19T08:57:11.500000+00:00",
        "edited_at": "2024-07-19T09:00:00+00:00",
        "text": "Открываемся в девять.",
        "reply_to": "999",
        "has_media": "false",
        "link": "https://discord.com/channels/81384788765712384/381870553235193857/1000000000000000001",
    }


def test_a_bot_is_told_from_people():
    assert row_of(author={"id": "1", "isBot": True})["author_kind"] == "bot"
    assert row_of(author={"id": "1"})["author_kind"] == "user"
    assert row_of(author=None)["author"] is None


def test_titles_and_descriptions_of_embeds_are_text_too():
    embeds = [
        {"title": "Новый магазин", "description": "На Ленина, 5", "url": "https://example.org", "author": {"name": "no"}},
        7,
        {"title": ""},
    ]
    assert row_of(embeds=embeds)["text"] == "Открываемся в девять.\nНовый магазин\nНа Ленина, 5"
    assert row_of(content="", embeds=embeds)["text"] == "Новый магазин\nНа Ленина, 5"
    assert row_of(content="")["text"] is None


@pytest.mark.parametrize("media", [{"attachments": [{"id": "1"}]}, {"stickers": [{"id": "1"}]}])
def test_files_and_stickers_are_media(media):
    assert row_of(**media)["has_media"] == "true"


@pytest.mark.parametrize(
    ("kind", "reference"),
    [
        ("Default", {"type": "Forward", "messageId": "999", "channelId": "381870553235193857"}),
        ("Reply", {"messageId": "999", "channelId": "5"}),
        ("Reply", {"messageId": None}),
        ("Reply", None),
        ("Reply", "999"),
    ],
)
def test_only_a_reply_to_a_message_of_the_same_channel_is_one(kind, reference):
    assert row_of(type=kind, reference=reference)["reply_to"] is None


def test_what_people_did_not_write_is_left_out_and_counted():
    content = export(
        written("1"), written("2", type="GuildMemberJoin"), written("3", type="ChannelPinnedMessage"), written("4"), root=PLACE
    )
    assert [row["post_id"] for row in rows(content, PATH)] == ["1", "4"]
    assert notes(content, PATH)[0].endswith(": 2.")


@pytest.mark.parametrize("broken", [7, None, {}, written(None), written("x"), written(type=0), written(content=["x"]), {"id": "1"}])
def test_a_message_that_is_none_refuses_itself_and_no_other(broken):
    content = export(written("1"), broken, written("3"), root=PLACE)
    assert [row["post_id"] for row in rows(content, PATH)] == ["1", None, "3"]
    assert [position for position, _ in faults(content, PATH)] == [2]


@pytest.mark.parametrize("moment", ["2024-07-19T11:57:11", "soon", "0001-01-01T00:00:00+03:00"])
def test_a_time_that_is_no_moment_is_left_to_the_contract(moment):
    assert row_of(timestamp=moment)["posted_at"] == moment


def test_a_conversation_between_people_is_refused():
    direct = {**PLACE, "guild": {"id": "0", "name": "Direct Messages"}}
    assert "private conversation" in refusal(export(written(), root=direct), PATH)


@pytest.mark.parametrize("root", [{**PLACE, "guild": {}}, {**PLACE, "channel": "news"}, {**PLACE, "channel": {"id": "../../x"}}])
def test_a_server_or_channel_without_identifier_is_refused(root):
    assert "neither an export" in refusal(export(written(), root=root), PATH)
