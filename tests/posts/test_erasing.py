"""Whoever asked to be forgotten is forgotten, down to the last byte that is ours, and told what is not."""

import datetime as dt
import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest

from tests.posts.forgotten import (
    KEY,
    NOW,
    OTHER,
    OTHER_QUESTION,
    PERSON,
    PERSON_REQUEST,
    POST_REQUEST,
    QUESTION,
    SECRET,
    SOMEBODY,
    World,
    filled,
    requests,
)
from vitrina.erasure import needles
from vitrina.errors import WarehouseError
from vitrina.posts import erasing, erasure_files, erasure_texts
from vitrina.posts.erasure_rows import LINKS, subjects
from vitrina.posts.raw_tables import PostsRefusedRows, RawAsked, RawChatMessages, RawErasureRequests, RawFeedback, RawPosts
from vitrina.posts.tables import TABLES, AskedQuestions, ErasureReceipts, Passages, PostEmbeddings, Posts, PostTombstones
from vitrina.pseudonyms import pseudonym
from vitrina.publication import open_published
from vitrina.warehouse import LakeLocation, Warehouse, location, rebuilding

BOTH = requests(POST_REQUEST, PERSON_REQUEST)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Bytes of texts and vectors stand in the tables' files as they are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(location.CONFIGURATION, "force_compression", "uncompressed")
        yield filled(tmp_path_factory.mktemp("filled")).data.parent


@pytest.fixture
def world(template: Path, tmp_path: Path) -> World:
    shutil.copytree(template, tmp_path / "own")
    return World(tmp_path / "own")


def run(world: World, asked: pl.DataFrame = BOTH) -> pl.DataFrame:
    """What a run does, in its order."""
    applied = world.apply(asked)
    world.refresh("three")
    world.publish(NOW + dt.timedelta(minutes=1))
    return world.finish(applied, NOW + dt.timedelta(minutes=2))


EVERYWHERE = {
    "artifacts/posts/indexes/.half-built/texts.utf8", "artifacts/posts/indexes/one/texts.utf8", "artifacts/posts/indexes/one/vectors.npy",
    "artifacts/posts/indexes/two/texts.utf8", "artifacts/posts/indexes/two/vectors.npy", "bot/journal.sqlite", "cache/posts/vectors.bin",
    "dagster/history/runs/run.db", "dagster/logs/run/compute.err", "decisions/posts/asked/1.jsonl", "decisions/posts/asked/2.jsonl",
    "decisions/posts/feed/1.jsonl", "ledger.sqlite", "logs/posts_refresh.log", "published/posts.duckdb",
    "published/versions/posts/posts_killed.making", "quarantine/posts/broken.json", "receipts/posts/000001-result.en.md",
    "warehouse/posts.duckdb",
}  # fmt: skip


def test_not_a_byte_of_it_is_left_in_any_file_of_ours(world: World) -> None:
    before = world.holding(SECRET, QUESTION, vector=True)
    assert before > EVERYWHERE, f"not visible, so nothing would be proven: {EVERYWHERE - before}"
    assert len([name for name in before if name.startswith("published/versions/posts/posts_2026")]) == 2
    run(world)
    assert world.holding(SECRET, QUESTION, SECRET.lower(), vector=True) == set()


def test_what_others_wrote_is_all_there(world: World) -> None:
    run(world)
    assert world.read(RawPosts)["text"].to_list() == [OTHER]
    assert world.read(RawChatMessages)["text"].to_list() == [OTHER_QUESTION]
    assert world.read(AskedQuestions)["user_hash"].to_list() == [SOMEBODY]
    assert world.read(RawFeedback)["user_hash"].to_list() == [SOMEBODY]
    assert world.read(PostEmbeddings).height == 1
    assert world.read(PostsRefusedRows)["value"].to_list() == [None, "a word"]
    with open_published(world.settings, "posts") as connection:
        assert connection.execute("SELECT text FROM posts").fetchall() == [(OTHER,)]
    index = world.settings.artifacts / "posts" / "indexes"
    assert [path.name for path in index.iterdir()] == ["three"]
    assert (index / "three" / "texts.utf8").read_text() == OTHER
    decisions = world.settings.decisions_folder / "posts"
    assert [json.loads(line)["user_hash"] for line in (decisions / "asked" / "1.jsonl").read_text().splitlines()] == [SOMEBODY]
    assert not (decisions / "asked" / "2.jsonl").exists()
    assert [json.loads(line)["post_id"] for line in (decisions / "feed" / "1.jsonl").read_text().splitlines()] == ["8"]
    with closing(sqlite3.connect(world.data / "dagster/history/runs/run.db")) as connection:
        assert connection.execute("SELECT event FROM events ORDER BY id").fetchall() == [('{"message": "[erased]"}',), ("another",)]


def test_a_question_that_an_erased_post_answered_stays_and_no_longer_names_it(world: World) -> None:
    run(world)
    (row,) = world.read(RawAsked).iter_rows(named=True)
    assert (row["text"], row["answer_channel"], row["answer_post"]) == (OTHER_QUESTION, None, None)


def only_elsewhere(folder: str):
    """Clean every file but those below a folder."""
    original = erasure_files._clean
    return lambda path, *more: folder not in path.parts and original(path, *more)


NOTHING = {
    "the rows": (erasing, "delete", lambda *_: {}, "warehouse/posts.duckdb"),
    "refused values": (erasure_texts, "_empty_refused_values", lambda *_: None, "warehouse/posts.duckdb"),
    "the rebuilding": (erasing, "rebuild", lambda *_: None, "warehouse/posts.duckdb"),
    "lines of deliveries": (erasure_files, "_is_about", lambda *_: False, "decisions/posts/asked/2.jsonl"),
    "databases": (erasure_files, "scrub", lambda *_, **__: 0, "dagster/history/runs/run.db"),
    "logs": (erasure_files, "_clean", only_elsewhere("logs"), "logs/posts_refresh.log"),
    "receipts": (erasure_files, "_clean", only_elsewhere("receipts"), "receipts/posts/000001-result.en.md"),
    "the quarantine": (erasure_files, "_clean", only_elsewhere("quarantine"), "quarantine/posts/broken.json"),
    "artifacts": (erasure_files, "remove_unnamed_artifacts", lambda *_: (), "artifacts/posts/indexes/one/texts.utf8"),
    "the cache": (erasure_files, "clear_cache", lambda *_: (), "cache/posts/vectors.bin"),
    "published versions": (erasing, "keep_only_in_force", lambda *_: (), "published/versions/posts/posts_killed.making"),
}


@pytest.mark.parametrize("step", NOTHING)
def test_every_step_is_needed_and_what_is_left_without_it_is_told(world: World, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    module, name, nothing, file = NOTHING[step]
    if step == "lines of deliveries":  # or the text would be taken out of the lines
        monkeypatch.setattr(erasure_files, "_clean", only_elsewhere("decisions"))
    monkeypatch.setattr(module, name, nothing)
    receipts = run(world)
    assert file in world.holding(SECRET, QUESTION, vector=True)
    told = {request: receipt_of(world, request) for request in ("aa01", "bb02")}
    assert any("Not finished" in text for text in told.values())
    assert any(file in text.replace("\\", "") or (step == "the rows" and "come back" in text) for text in told.values())
    assert receipts.height < 2 or receipts["still_found_in"].str.contains(file, literal=True).any()


def receipt_of(world: World, request: str, locale: str = "en") -> str:
    return (world.settings.receipts / "posts" / f"erasure-{request}.{locale}.md").read_text()


def test_receipts_say_what_was_done_in_every_language_and_hold_nothing_of_it(world: World) -> None:
    (post, person) = run(world).sort("request_id").iter_rows(named=True)
    english, russian = receipt_of(world, "aa01"), receipt_of(world, "aa01", "ru")
    assert "`raw_posts`: 2" in english
    assert str(world.inbox_file) in english.replace("\\", "")
    assert "Удалено строк" in russian
    assert post["still_found_in"] == str(world.inbox_file)
    assert (post["rows"], post["files_searched"]) == (5, person["files_searched"])
    assert post["receipt"] == "receipts/posts/erasure-aa01.en.md"
    assert post["files_rebuilt"] > 10
    assert "Erased." in receipt_of(world, "bb02")
    assert person["still_found_in"] is None
    assert not list((world.settings.receipts / "posts").glob(".erasure*"))
    wanted = needles(SECRET) | needles(QUESTION)
    assert not any(needle in (english + russian).encode() for needle in wanted)


def test_a_second_run_has_nothing_to_do_and_changes_nothing(world: World) -> None:
    run(world)
    before = {path: path.read_bytes() for path in world.data.rglob("*") if path.is_file() and "warehouse" not in path.parts}
    applied = world.apply(BOTH)
    assert (applied.pending.height, applied.rows, dict(applied.said)) == (0, {}, {})
    assert world.finish(applied).is_empty()
    assert {path: path.read_bytes() for path in before} == before


def test_without_requests_nothing_is_opened(tmp_path: Path) -> None:
    world = World(tmp_path)
    applied = world.apply(requests())
    assert erasing.finish(world.settings, world.warehouse, applied, NOW).is_empty()
    assert not world.data.exists()


def test_an_older_export_brings_nothing_back(world: World) -> None:
    run(world)
    world.deliver()
    applied = world.apply(BOTH, NOW + dt.timedelta(days=1))
    assert applied.pending.is_empty()
    assert world.read(RawPosts)["post_id"].to_list() == ["8"]
    assert world.read(RawAsked)["user_hash"].to_list() == [SOMEBODY]


def test_what_somebody_writes_after_having_asked_to_be_forgotten_stays(world: World) -> None:
    run(world)
    later = {"question_id": "q9", "user_hash": PERSON, "text": "А сегодня вы работаете?", "asked_at": NOW + dt.timedelta(days=1)}
    world.write(RawAsked, [later])
    world.apply(BOTH, NOW + dt.timedelta(days=2))
    assert world.read(RawAsked)["question_id"].to_list() == ["q9"]
    again = {**PERSON_REQUEST, "request_id": "cc03", "requested_at": NOW + dt.timedelta(days=3)}
    assert world.apply(requests(POST_REQUEST, PERSON_REQUEST, again)).rows == {"raw_asked": 1}


def test_an_erased_post_is_remembered_by_its_hash_alone(world: World) -> None:
    asked = requests(POST_REQUEST, {**POST_REQUEST, "request_id": "ee", "subject_hash": "f" * 24})
    applied = world.apply(asked)
    assert set(applied.tombstones["key_hash"]) == {POST_REQUEST["subject_hash"], "f" * 24}
    assert applied.tombstones["reason"].unique().to_list() == ["erased"]
    assert world.read(PostTombstones).equals(applied.tombstones.sort("key_hash"))
    world.write(RawErasureRequests, [POST_REQUEST])
    with world.warehouse.read() as connection:
        assert set(erasing.erased_tombstones(connection)["key_hash"]) == {POST_REQUEST["subject_hash"], "f" * 24}


def test_a_persons_posts_go_and_stay_away(world: World) -> None:
    world.write(RawPosts, [{"post_id": "8", "text": OTHER, "author_hash": PERSON}])
    applied = world.apply(requests(PERSON_REQUEST))
    assert applied.rows["raw_posts"] == applied.rows["posts"] == applied.rows["passages"] == 1
    assert applied.tombstones["key_hash"].to_list() == [pseudonym("telegram:100:8", KEY)]
    world.write(RawPosts, [{"post_id": "8", "text": OTHER}])
    assert world.apply(requests(PERSON_REQUEST)).rows == {"raw_posts": 1}


def test_the_messages_of_an_album_go_with_it(world: World) -> None:
    world.write(RawPosts, [{"post_id": post, "text": f"Картинка номер {post} из альбома"} for post in ("7", "8", "9", "10", "11")])
    world.write(
        Posts, [{"post_id": post, "text": "…", "text_hash": "0" * 32, "messages": many} for post, many in (("7", 3), ("10", 1))]
    )
    world.apply(requests(POST_REQUEST))
    assert world.read(RawPosts)["post_id"].to_list() == ["10", "11"]


def test_an_answer_in_a_chat_is_erased_as_a_post_and_its_question_stays(world: World) -> None:
    answer = {"message_id": "3", "kind": "answer", "text": "Да, примем, приходите с ним утром.", "reply_to": "1"}
    world.write(RawChatMessages, [{"message_id": "1", "kind": "question", "text": QUESTION}, answer])
    asked = {"request_id": "dd", "kind": "post", "subject_hash": pseudonym("telegram:100:200/3", KEY)}
    assert world.apply(requests(asked)).rows == {"raw_chat_messages": 1}
    assert world.read(RawChatMessages)["message_id"].to_list() == ["1"]


def test_a_post_that_shows_an_erased_question_is_made_anew(world: World) -> None:
    shown = [{"post_id": "200/3", "kind": "answer", "text": OTHER, "context": QUESTION, "text_hash": "0" * 32}]
    world.write(Posts, shown)
    applied = world.apply(requests(PERSON_REQUEST))
    assert world.read(Posts).is_empty()
    assert applied.tombstones.is_empty()


def test_a_vector_that_another_text_shares_stays(world: World) -> None:
    embeddings = world.read(PostEmbeddings)
    erased = embeddings.filter(pl.col("text_hash").is_in(world.read(Passages).filter(post_id="7")["text_hash"].implode()))
    world.write(PostEmbeddings, [*embeddings.iter_rows(named=True), {"text_hash": "e" * 32, "vector": erased["vector"][0]}])
    receipts = run(world)
    assert receipts.height == 2


def test_a_version_that_a_check_holds_back_keeps_the_request_pending_until_it_is_replaced(world: World) -> None:
    applied = world.apply(BOTH)
    world.refresh("three")
    world.publish(NOW + dt.timedelta(minutes=1), objection="too_few_posts")
    assert world.finish(applied, NOW + dt.timedelta(minutes=2)).is_empty()
    assert "an earlier one" in receipt_of(world, "aa01")
    assert (world.settings.artifacts / "posts" / "indexes" / "two").exists()
    # the next run knows nothing of the text
    applied = world.apply(BOTH, NOW + dt.timedelta(hours=1))
    assert dict(applied.said) == {}
    world.publish(NOW + dt.timedelta(hours=1, minutes=1))
    receipts = world.finish(applied, NOW + dt.timedelta(hours=2))
    assert sorted(receipts["request_id"]) == ["aa01", "bb02"]
    assert receipts.sort("request_id")["rows"].to_list() == [5, 4]
    assert world.holding(SECRET, QUESTION, vector=True) == set()


def test_a_run_that_was_killed_after_the_deletion_is_made_good_by_the_next(world: World) -> None:
    world.apply(BOTH)
    applied = world.apply(BOTH, NOW + dt.timedelta(hours=1))
    world.refresh("three")
    world.publish(NOW + dt.timedelta(hours=1, minutes=1))
    receipts = world.finish(applied, NOW + dt.timedelta(hours=2)).sort("request_id")
    assert world.holding(SECRET, QUESTION, vector=True) == set()
    assert receipts["rows"].to_list() == [5, 4]
    assert receipts["still_found_in"].to_list() == [str(world.inbox_file), None]
    assert "was interrupted" in receipt_of(world, "aa01")


def test_a_run_that_is_killed_before_the_deletion_changes_no_table(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    before = world.read(RawPosts)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(erasing, "delete", die)
        with pytest.raises(KeyboardInterrupt):
            world.apply(BOTH)
    assert world.read(RawPosts).equals(before)
    assert run(world).height == 2
    assert world.holding(SECRET, QUESTION, vector=True) == set()


def test_a_rebuilding_that_fails_leaves_the_requests_pending(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise WarehouseError("The disk is full.", "Make room.")

    with monkeypatch.context() as patch:
        patch.setattr(rebuilding, "_swap", refuse)
        with pytest.raises(WarehouseError):
            run(world)
    assert world.read(ErasureReceipts).is_empty()
    applied = world.apply(BOTH)
    assert applied.pending.height == 2
    assert world.finish(applied).height == 2


def test_a_database_in_use_is_told_and_not_called_erased(world: World) -> None:
    world.settings = world.settings.model_copy(update={"lock_timeout_s": 0.1})
    with closing(sqlite3.connect(world.data / "bot/journal.sqlite", isolation_level=None)) as bot:
        bot.execute("BEGIN IMMEDIATE")
        receipts = run(world, requests(PERSON_REQUEST))
    assert receipts["still_found_in"].to_list() == ["bot/journal.sqlite"]
    assert "database is locked" in receipt_of(world, "bb02")


def test_an_inbox_below_the_data_folder_is_told_and_not_touched(world: World) -> None:
    below = world.data / "inbox" / "posts" / "result.json"
    below.parent.mkdir(parents=True)
    world.inbox_file.rename(below)
    world.settings = world.settings.model_copy(update={"inbox": ""})
    content = below.read_bytes()
    receipts = run(world)
    assert below.read_bytes() == content
    assert receipts.sort("request_id")["still_found_in"].to_list() == ["inbox/posts/result.json", None]
    assert world.holding(SECRET, QUESTION, vector=True) == {"inbox/posts/result.json"}


def test_a_text_too_short_to_be_looked_for_is_told(world: World) -> None:
    world.write(RawPosts, [{"post_id": "7", "text": "Да"}])
    world.write(Posts, [])
    world.write(Passages, [])
    world.finish(world.apply(requests(POST_REQUEST)))
    assert "Texts too short" in receipt_of(world, "aa01")


def test_a_restored_backup_is_cleared_by_the_list_of_requests(world: World) -> None:
    folder = world.settings.decisions_folder / "posts" / "erasures"
    folder.mkdir()
    for number, request in enumerate((POST_REQUEST, PERSON_REQUEST, POST_REQUEST)):
        line = {**request, "requested_at": "2026-10-01T11:00:00+00:00", "requested_by": "user"}
        (folder / f"{number}.jsonl").write_text(json.dumps(line) + "\n")
    # a backup may know of receipts and hold the rows all the same
    world.write(
        ErasureReceipts,
        [
            {
                "request_id": "aa01",
                "kind": "post",
                "erased_at": NOW,
                "rows": 1,
                "files_searched": 1,
                "files_rebuilt": 1,
                "receipt": "r",
            }
        ],
    )
    applied = erasing.apply_to_restored(world.warehouse, world.settings, NOW)
    assert applied.pending["request_id"].to_list() == ["aa01", "bb02"]
    world.refresh("three")
    world.publish(NOW + dt.timedelta(minutes=1))
    assert world.finish(applied, NOW + dt.timedelta(minutes=2)).height == 2
    assert world.holding(SECRET, QUESTION, vector=True) == set()


def test_old_questions_are_forgotten_with_their_files_and_younger_ones_stay(world: World) -> None:
    old, young = NOW - dt.timedelta(days=200), NOW - dt.timedelta(days=3)
    world.write(
        RawAsked, [{"question_id": f"q{n}", "user_hash": PERSON, "text": "?", "asked_at": at} for n, at in enumerate((old, young))]
    )
    world.write(
        RawChatMessages,
        [{"message_id": str(n), "kind": kind, "text": "?", "posted_at": old} for n, kind in enumerate(("question", "answer"))],
    )
    folder = world.settings.decisions_folder / "posts" / "asked"
    line = json.dumps({"question_id": "q", "asked_at": old.isoformat()}) + "\n"
    (folder / "old.jsonl").write_text(line)
    (folder / "mixed.jsonl").write_text(line + json.dumps({"asked_at": young.isoformat()}) + "\n")
    (folder / "unknown.jsonl").write_text(line + "{}\n")
    forgotten = erasing.forget_old_questions(world.warehouse, world.settings, 180, NOW)
    assert forgotten.rows == {"raw_asked": 1, "raw_chat_messages": 1}
    assert forgotten.files == (folder / "old.jsonl",)
    assert world.read(RawAsked)["question_id"].to_list() == ["q1"]
    assert world.read(RawChatMessages)["kind"].to_list() == ["answer"]


def test_every_table_that_says_something_of_people_or_posts_is_looked_at() -> None:
    """A new table with personal columns needs a way to find its rows, or a reason here."""
    known = {
        PostsRefusedRows: "names no author; values that hold an erased text are emptied",
        PostTombstones: "hashes of what is gone",
        RawErasureRequests: "the requests themselves",
    }
    personal = {table for table in TABLES if table.personal_columns()}
    assert personal - set(LINKS) - set(known) == set()


def test_subjects_are_found_by_their_hashes_alone(world: World) -> None:
    with world.warehouse.read() as connection:
        found = subjects(connection, KEY, BOTH)
    assert found.posts.select("post_id", "request_id").rows() == [("7", "aa01")]
    assert found.messages.select("message_id", "request_id").rows() == [("1", "bb02")]
    assert found.people["person"].to_list() == [PERSON]


def test_the_tables_may_lie_in_a_lake(tmp_path: Path) -> None:
    world = World(tmp_path)
    (world.data / "lake").mkdir(parents=True)
    world.warehouse = Warehouse(LakeLocation(str(world.data / "lake" / "catalogue.ducklake"), "posts", world.data), 5)
    shown = {"answer_channel": "telegram:100", "answer_post": "7"}
    world.write(RawPosts, [{"post_id": "7", "text": SECRET}, {"post_id": "8", "text": OTHER}])
    world.write(RawAsked, [{"question_id": "q", "user_hash": user, "text": "?", **shown} for user in (PERSON, SOMEBODY)])
    applied = world.apply(BOTH)
    assert applied.rows == {"raw_posts": 1, "raw_asked": 1}
    assert world.finish(applied).height == 2
    assert world.holding(SECRET) == set()
    assert world.read(RawPosts)["text"].to_list() == [OTHER]
    assert world.read(RawAsked).select("user_hash", "answer_post").rows() == [(SOMEBODY, None)]
