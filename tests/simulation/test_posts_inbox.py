"""The files that the made-up channels, chat and bot hand over."""

import csv
import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from simulation.delivery import SpoiledCell
from simulation.posts import SimulatedPosts, simulate_posts
from simulation.posts_channels import CHANNELS, DISCORD, MAIN
from simulation.posts_chats import CHAT_ID
from simulation.posts_inbox import CHAT, WHOLE_ROW, write_inbox
from simulation.posts_truth import PostRef, PostsTruth, posts_truth, ref
from simulation.retailer import Size
from vitrina.inbox.tables import Delivered
from vitrina.inbox.validate import validate_file
from vitrina.posts.contracts import CONTRACTS
from vitrina.posts.raw_tables import RawAsked, RawFeedback

SEED = 5
TODAY = dt.date(2026, 10, 1)
LOG_MONTHS = ("2026-05", "2026-06", "2026-07", "2026-08", "2026-09")
Written = tuple[Path, tuple[SpoiledCell, ...]]
Messages = list[dict[str, Any]]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    folder = tmp_path_factory.mktemp("inbox")
    return folder, write_inbox(folder, Size.TINY, SEED)


@pytest.fixture(scope="module")
def world() -> SimulatedPosts:
    return simulate_posts(Size.TINY, SEED)


@pytest.fixture(scope="module")
def truth() -> PostsTruth:
    return posts_truth(Size.TINY, SEED)


def root_of(folder: Path, name: str) -> dict[str, Any]:
    """An export, with what is no JSON in it made JSON."""
    text = (folder / "posts" / name / "result.json").read_text()
    found: dict[str, Any] = json.loads(text.replace("\\x0B", ""))
    return found


def texts_of(messages: Messages) -> dict[int, str]:
    """Texts by identifier, without the spoiled messages."""
    texts = {}
    for message in messages:
        text = message.get("text", "")
        whole = text if isinstance(text, str) else "".join(part if isinstance(part, str) else part["text"] for part in text)
        if whole and "id" in message and not message["date"].startswith("2093"):
            texts[message["id"]] = whole
    return texts


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines() if line.endswith("}")]


def test_every_channel_has_an_export_and_the_main_one_two(written: Written) -> None:
    own = written[0] / "posts"
    files = {path.relative_to(own).as_posix() for path in own.rglob("*") if path.is_file()}
    slugs = ("lukoshko", "lukoshko_yasnogorye", "lukoshko_karta", "lukoshko_postavshikam", "svoya_ferma")
    assert files == {
        "lukoshko_2026-06/result.json",
        *(f"{slug}_2026-09/{name}" for slug in slugs for name in ("result.json", "questions.csv")),
        "chats/lukoshko_chat/result.json",
        "discord/lukoshko_api_2026-09.json",
        "youtube/kuhnya_lukoshka/20260115_abcdefghijk.ru.vtt",
        *(f"{folder}/{month}.jsonl" for folder in ("asked", "feedback") for month in LOG_MONTHS),
    }


def test_the_same_seed_writes_the_same_bytes(written: Written, tmp_path: Path) -> None:
    folder, slips = written
    assert write_inbox(tmp_path, "tiny", SEED) == slips
    for path in filter(Path.is_file, folder.rglob("*")):
        assert (tmp_path / path.relative_to(folder)).read_bytes() == path.read_bytes(), path.name


def test_the_inbox_refuses_the_spoiled_rows_and_no_other(written: Written) -> None:
    folder, slips = written
    refused = set()
    for path in filter(Path.is_file, sorted(folder.rglob("*"))):
        name = path.relative_to(folder).as_posix()
        findings = validate_file(path, CONTRACTS, today=TODAY).findings
        assert findings.failure is None, name
        assert findings.counts.loaded > 0, name
        assert findings.counts.refused == sum(slip.source_file == name for slip in slips), name
        refused |= {(name, example.source_row, problem.column) for problem in findings.problems for example in problem.examples}
    assert refused == {(slip.source_file, slip.source_row, slip.column) for slip in slips}


def test_spoiled_messages_are_copies_at_the_end(written: Written) -> None:
    folder, slips = written
    for slip in slips:
        if slip.source_file.endswith("result.json"):
            messages = root_of(folder, slip.source_file.removeprefix("posts/").removesuffix("/result.json"))["messages"]
            assert slip.source_row == len(messages)
            assert ("id" in messages[-1]) == (slip.column != WHOLE_ROW)
            assert messages[-1]["text"] in [message.get("text") for message in messages[:-1]]


def test_between_the_exports_posts_are_added_edited_and_deleted_as_is_known(written: Written, truth: PostsTruth) -> None:
    before, after = (texts_of(root_of(written[0], f"{MAIN.slug}_{month}")["messages"]) for month in ("2026-06", "2026-09"))
    changes = truth.changes
    assert {str(number) for number in after.keys() - before.keys()} == {post.post_id for post in changes.added}
    assert {str(number) for number in before.keys() - after.keys()} == {post.post_id for post in changes.deleted}
    edited = {str(number) for number in before.keys() & after.keys() if before[number] != after[number]}
    assert edited == {post.post_id for post in changes.edited}


def test_texts_are_written_whole_in_both_of_their_forms(written: Written, world: SimulatedPosts) -> None:
    root = root_of(written[0], "lukoshko_karta_2026-09")
    assert (root["type"], root["id"], root["name"]) == ("public_channel", 1500000003, "Карта «Лукошко»")
    texts = texts_of(root["messages"])
    posts = {post.message_id: post.text for post in world.posts if post.channel.slug == "lukoshko_karta" and post.text}
    assert texts == posts
    assert {type(message.get("text")) for message in root["messages"] if message["type"] == "message"} == {str, list}
    for message in root["messages"]:
        if message.get("text"):
            assert "".join(entity["text"] for entity in message["text_entities"]) == texts[message["id"]]


def test_an_album_is_several_messages_of_one_second_with_the_text_on_the_first(written: Written, world: SimulatedPosts) -> None:
    albums = [post for post in world.posts if post.channel is MAIN and post.pictures > 1 and post.deleted_at is None]
    assert albums
    messages = {message.get("id"): message for message in root_of(written[0], "lukoshko_2026-09")["messages"]}
    for album in albums:
        parts = [messages[album.message_id + place] for place in range(album.pictures)]
        assert len({part["date_unixtime"] for part in parts}) == 1
        assert all("photo" in part for part in parts)
        assert [bool(part["text"]) for part in parts] == [True] + [False] * (album.pictures - 1)


def test_times_are_local_beside_unix_times(written: Written, world: SimulatedPosts) -> None:
    message = next(message for message in root_of(written[0], "lukoshko_2026-09")["messages"] if message["type"] == "message")
    post = next(post for post in world.posts if post.channel is MAIN and post.message_id == message["id"])
    assert int(message["date_unixtime"]) == int(post.posted_at.timestamp())
    assert dt.datetime.fromisoformat(message["date"]) - post.posted_at.replace(tzinfo=None) == dt.timedelta(hours=3)


def test_an_export_holds_a_control_character_that_is_no_json(written: Written) -> None:
    path = written[0] / "posts" / "lukoshko_2026-09" / "result.json"
    assert "\\x0B" in path.read_text()
    with pytest.raises(json.JSONDecodeError, match="escape"):
        json.loads(path.read_text())


def test_an_export_holds_what_is_no_post(written: Written) -> None:
    messages = root_of(written[0], "lukoshko_2026-09")["messages"]
    assert {message["type"] for message in messages} == {"message", "service", "unsupported"}
    assert any("poll" in message for message in messages)
    assert all(set(message) == {"id", "type"} for message in messages if message["type"] == "unsupported")
    assert any("forwarded_from" in message for name in ("karta", "yasnogorye") for message in exported(written, name))


def exported(written: Written, city: str) -> Messages:
    messages: Messages = root_of(written[0], f"lukoshko_{city}_2026-09")["messages"]
    return messages


def test_in_the_chat_the_channel_answers_in_its_own_name(written: Written, world: SimulatedPosts) -> None:
    root = root_of(written[0], f"chats/{CHAT}")
    assert root["type"] == "public_supergroup"
    messages = {message["id"]: message for message in root["messages"] if "id" in message}
    assert len(messages) == len(world.chat)
    for said in world.chat:
        message = messages[said.message_id]
        if said.kind == "answer":
            assert message["from_id"] == f"channel{MAIN.channel_id}"
            assert message["reply_to_message_id"] == said.reply_to
        assert ("forwarded_from" in message) == (said.kind == "forward")
        if said.kind == "question":
            assert message["from_id"] == f"user{said.user}"


def test_known_answers_point_at_messages_of_the_exports(written: Written) -> None:
    own, empty, elsewhere = written[0] / "posts", 0, 0
    roots = {path.parent.name: root_of(written[0], path.parent.relative_to(own).as_posix()) for path in own.rglob("result.json")}
    numbers = {str(root["id"]): {str(message.get("id")) for message in root["messages"]} for _, root in sorted(roots.items())}
    in_chat = {f"{CHAT_ID}/{message.get('id')}" for message in roots[CHAT]["messages"]}
    numbers[MAIN.channel_id] |= in_chat
    discord = json.loads((own / "discord/lukoshko_api_2026-09.json").read_text())
    numbers[discord["channel"]["id"]] = {message["id"] for message in discord["messages"]}
    for path, row in known_rows(written):
        assert not row["post_id"] or row["post_id"] in numbers[row["channel_id"] or str(roots[path.parent.name]["id"])]
        empty += not row["post_id"]
        elsewhere += bool(row["channel_id"])
    assert empty >= 9
    assert elsewhere > 0


def test_known_answers_name_every_post_that_answers_a_question(written: Written, world: SimulatedPosts, truth: PostsTruth) -> None:
    ends = {(str(post.message_id + post.messages - 1), post.channel.channel_id): post for post in world.posts}
    channels = {f"{channel.slug}_2026-09": channel for channel in CHANNELS}
    named: dict[str, list[PostRef]] = {}
    for path, row in known_rows(written):
        if row["question"]:
            channel_id = row["channel_id"] or channels[path.parent.name].channel_id
            album = ends.get((row["post_id"], channel_id))
            platform = "discord" if channel_id == DISCORD.channel_id else "telegram"
            found = ref(album) if album is not None else PostRef(platform, channel_id, row["post_id"])
            named.setdefault(row["question"], []).append(found)
    for known in world.known:
        right = truth.right_posts.get(known.intent, ())
        written_down = [post for post in named[known.question] if post.post_id]
        assert sorted(written_down, key=str) == sorted(right, key=str), known.question
        if known.post is None:
            # one row that says so
            assert len(named[known.question]) == 1
    assert max(len(found) for found in named.values()) > 2


def known_rows(written: Written) -> Iterator[tuple[Path, dict[str, str]]]:
    """Rows of all files of known answers, each with its file."""
    for path in sorted((written[0] / "posts").rglob("questions.csv")):
        for row in csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()):
            yield path, row


def test_the_log_has_exactly_the_columns_of_its_tables(written: Written, world: SimulatedPosts) -> None:
    for folder, table in (("asked", RawAsked), ("feedback", RawFeedback)):
        own = [name for name in table.to_schema().columns if name not in Delivered.to_schema().columns]
        rows = [row for month in LOG_MONTHS for row in lines_of(written[0] / "posts" / folder / f"{month}.jsonl")]
        assert all(list(row) == own for row in rows)
        good = [row for row in rows if not row["question_id"].startswith("spoiled")]
        assert len(good) == len(world.asked if folder == "asked" else world.pressed)


def test_captions_hold_every_fact_of_the_video(written: Written, world: SimulatedPosts) -> None:
    text = (written[0] / "posts/youtube/kuhnya_lukoshka/20260115_abcdefghijk.ru.vtt").read_text()
    assert text.startswith("WEBVTT\n")
    facts = [caption for caption in world.captions if caption.intent]
    assert len(facts) == 3
    for caption in facts:
        minutes, seconds = divmod(caption.start, 60)
        assert f"00:{minutes:02}:{seconds:02}.000 --> " in text
        assert caption.text in text


def test_a_discord_channel_is_exported_with_its_bot_and_its_service_messages(written: Written, world: SimulatedPosts) -> None:
    root = json.loads((written[0] / "posts/discord/lukoshko_api_2026-09.json").read_text())
    own = [post for post in world.posts if post.channel.platform == "discord"]
    assert root["channel"]["id"] == own[0].channel.channel_id
    assert [message["content"] for message in root["messages"] if message["type"] in {"Default", "Reply"}] == [
        post.text for post in own if post.kind not in {"service", "unsupported"}
    ]
    assert any(message["author"]["isBot"] for message in root["messages"])
    assert root["messageCount"] == len(root["messages"])
