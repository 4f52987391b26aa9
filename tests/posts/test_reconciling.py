"""Which posts stand, after exports that are newer, older, partial, cut off, or of the same name."""

import polars as pl
import pytest

from tests.posts.delivered import KEY, Delivered, at
from vitrina.posts.reconciling import Known, channel_of_chat, post_hash, reconcile
from vitrina.posts.tables import Posts, PostTombstones
from vitrina.settings import Settings

NOTHING = Known(Posts.empty(), PostTombstones.empty())
SETTINGS = Settings(posts_channels={"telegram:1": "our_channel"})


def messages(*numbers, **more):
    return [{"id": number, "hour": number, **more} for number in numbers]


def standing(delivered, known=NOTHING, settings=SETTINGS):
    return reconcile(delivered.connection(), known, key=KEY, settings=settings, now=at(5000))


def after(found):
    return Known(found.posts, found.tombstones)


def numbers(found):
    return sorted(found.posts["post_id"].to_list(), key=int)


def numbers_of_answers(found):
    return found.posts["post_id"].to_list()


def changes(found):
    return found.changes.select("added", "edited", "deleted", "held_back").rows()


def test_a_first_export_adds_its_posts_with_their_links():
    found = standing(Delivered().file("a", messages(1, 2)))
    assert numbers(found) == ["1", "2"]
    assert found.posts["link"].to_list() == ["https://t.me/our_channel/1", "https://t.me/our_channel/2"]
    assert changes(found) == [(2, 0, 0, 0)]


def test_nothing_new_changes_nothing():
    delivered = Delivered().file("a", messages(1, 2))
    first = standing(delivered)
    second = standing(delivered, after(first))
    assert second.posts.equals(first.posts)
    assert second.changes.is_empty()


def test_an_edited_post_replaces_its_older_version():
    delivered = Delivered().file("a", messages(1, 2, 3))
    first = standing(delivered)
    newer = [*messages(1), {"id": 2, "hour": 2, "edited": 4, "text": "corrected"}, *messages(3)]
    found = standing(delivered.file("b", newer), after(first))
    assert found.posts.filter(pl.col("post_id") == "2")["text"].to_list() == ["corrected"]
    assert changes(found) == [(0, 1, 0, 0)]


def test_a_post_that_a_newer_export_lacks_is_deleted_and_remembered_by_its_hash_alone():
    delivered = Delivered().file("a", messages(1, 2, 3))
    first = standing(delivered)
    found = standing(delivered.file("b", messages(1, 3, 4)), after(first))
    assert numbers(found) == ["1", "3", "4"]
    assert changes(found) == [(1, 0, 1, 0)]
    assert found.tombstones.rows() == [(post_hash("telegram", "1", "2", KEY), "deleted", at(4))]


def test_a_deletion_is_seen_under_the_same_name_even_when_the_newest_post_went_too():
    delivered = Delivered().file("a", messages(1, 2, 3, 4, 5))
    first = standing(delivered)
    found = standing(delivered.file("a", messages(1, 3, 4)), after(first))
    assert numbers(found) == ["1", "3", "4", "5"]


def test_an_older_export_does_not_bring_back_what_was_deleted():
    delivered = Delivered().file("new", messages(1, 2, 3, 4))
    first = standing(delivered)
    second = standing(delivered.file("new", messages(1, 3, 4, 5)), after(first))
    assert numbers(second) == ["1", "3", "4", "5"]
    third = standing(delivered.file("old", messages(1, 2, 3)), after(second))
    assert numbers(third) == ["1", "3", "4", "5"]


def test_an_older_export_does_not_bring_back_older_words():
    delivered = Delivered().file("new", [{"id": 1, "hour": 1, "edited": 9, "text": "new words"}, *messages(10)])
    found = standing(delivered.file("old", [{"id": 1, "hour": 1, "text": "old words"}, *messages(2)]))
    assert found.posts.filter(pl.col("post_id") == "1")["text"].to_list() == ["new words"]


def test_what_was_erased_never_comes_back():
    delivered = Delivered().file("a", messages(1, 2, 3))
    first = standing(delivered)
    erased = PostTombstones.check(
        pl.DataFrame(
            {"key_hash": [post_hash("telegram", "1", "2", KEY)], "reason": ["erased"], "since": [at(1)]},
            schema=PostTombstones.polars_schema(),
        )
    )
    known = Known(first.posts, erased)
    assert numbers(standing(delivered, known)) == ["1", "3"]
    assert numbers(standing(delivered.file("newer", messages(1, 2, 3, 9)), known)) == ["1", "3", "9"]


def test_a_newer_export_that_holds_a_deleted_post_again_restores_it():
    delivered = Delivered().file("a", messages(1, 2, 3))
    second = standing(delivered.file("b", messages(1, 3, 4)), after(standing(delivered)))
    found = standing(delivered.file("c", messages(1, 2, 3, 4, 5)), after(second))
    assert numbers(found) == ["1", "2", "3", "4", "5"]
    assert found.tombstones.is_empty()


def test_an_export_of_a_few_days_deletes_nothing_outside_of_them():
    delivered = Delivered().file("whole", messages(*range(1, 9)))
    found = standing(delivered.file("part", messages(5, 6, 7, 8, 9)), after(standing(delivered)))
    assert numbers(found) == [str(number) for number in range(1, 10)]


def test_an_export_that_lacks_too_much_is_not_believed():
    delivered = Delivered().file("whole", messages(*range(1, 41)))
    first = standing(delivered)
    found = standing(delivered.file("gaps", messages(*range(1, 15), *range(30, 42))), after(first))
    assert numbers(found) == [str(number) for number in range(1, 42)]
    assert changes(found) == [(1, 0, 0, 15)]
    believed = standing(delivered, after(first), Settings(posts_most_deletions=1))
    assert len(numbers(believed)) == 26


def test_posts_whose_file_now_holds_something_else_stay():
    delivered = Delivered().file("a", messages(1, 2, 3))
    first = standing(delivered)
    found = standing(delivered.file("a", messages(5, 6), channel="2"), after(first))
    assert sorted(found.posts.select("channel_id", "post_id").rows()) == [
        ("1", "1"),
        ("1", "2"),
        ("1", "3"),
        ("2", "5"),
        ("2", "6"),
    ]


def test_a_live_edit_is_newer_than_the_export_before_it():
    delivered = (
        Delivered().file("a", messages(1, 2, 3)).file("feed", [{"id": 2, "hour": 2, "edited": 7, "text": "live"}], seen="live")
    )
    assert standing(delivered).posts["text"].to_list() == ["post 1", "live", "post 3"]


def test_a_live_post_that_a_later_export_lacks_is_deleted_and_one_after_it_stays():
    delivered = Delivered().file("a", messages(1, 9)).file("feed", messages(5, 12), seen="live")
    assert numbers(standing(delivered)) == ["1", "9", "12"]


def test_an_album_is_one_post_and_pictures_of_another_second_are_not_part_of_it():
    album = [
        {"id": 1, "hour": 1, "media": True, "text": "caption"},
        {"id": 2, "hour": 1, "media": True, "text": None},
        {"id": 3, "hour": 1, "media": True, "text": "more"},
        {"id": 4, "hour": 2, "media": True, "text": "another"},
        {"id": 6, "hour": 2, "media": True, "text": "not a neighbour"},
    ]
    found = standing(Delivered().file("a", album))
    assert found.posts.select("post_id", "text", "messages").rows() == [
        ("1", "caption\nmore", 3),
        ("4", "another", 1),
        ("6", "not a neighbour", 1),
    ]


def test_what_has_no_text_is_no_post_and_bots_write_none():
    delivered = Delivered().file("a", [{"id": 1, "hour": 1, "text": None}, {"id": 2, "hour": 2, "more": {"author_kind": "bot"}}])
    assert standing(delivered).posts.is_empty()


def test_captions_of_a_video_are_replaced_as_a_whole():
    captions = [{"id": f"abcdefghijk@{second}", "text": str(second), "thread": "abcdefghijk"} for second in (0, 40, 80)]
    delivered = Delivered().file("v", captions, platform="youtube")
    first = standing(delivered)
    assert first.posts["kind"].unique().to_list() == ["transcript"]
    found = standing(delivered.file("v", captions[:2], platform="youtube"), after(first))
    assert found.posts["post_id"].to_list() == ["abcdefghijk@0", "abcdefghijk@40"]


def test_an_answer_in_a_chat_is_a_post_of_its_channel_with_the_question_as_its_context():
    chat = [
        {"id": 17, "kind": "question", "hour": 1, "text": "When do you open?"},
        {"id": 18, "kind": "answer", "hour": 2, "text": "At nine.", "reply_to": "17", "channel": "1"},
        {"id": 19, "kind": "answer", "hour": 3, "text": "In the group's name.", "reply_to": "17", "channel": "9"},
    ]
    found = standing(Delivered().file("a", messages(5)).chat("chats/x/result.json", chat))
    answers = found.posts.filter(pl.col("kind") == "answer")
    assert answers.select("channel_id", "post_id", "kind", "context", "link").rows() == [
        ("1", "9/18", "answer", "When do you open?", "https://t.me/c/9/18")
    ]
    told = standing(Delivered().chat("c", chat), settings=Settings(posts_chats={"telegram:9": ("telegram:7", "telegram:1")}))
    assert told.posts.select("channel_id", "post_id").rows() == [("1", "9/18"), ("7", "9/19")]


def test_an_answer_that_a_newer_export_of_the_chat_lacks_is_deleted():
    chat = [
        {"id": 1, "kind": "question", "hour": 1, "text": "When?"},
        {"id": 2, "kind": "answer", "hour": 2, "text": "At nine.", "reply_to": "1", "channel": "1"},
        {"id": 3, "kind": "question", "hour": 3, "text": "Where?"},
    ]
    delivered = Delivered().chat("a", chat)
    settings = Settings(posts_chats={"telegram:9": ("telegram:1",)})
    first = standing(delivered, settings=settings)
    assert numbers_of_answers(first) == ["9/2"]
    newer = [chat[0], chat[2], {"id": 4, "kind": "question", "hour": 4, "text": "How?"}]
    assert standing(delivered.chat("b", newer), after(first), settings).posts.is_empty()


@pytest.mark.parametrize(
    ("author", "configured", "expected"),
    [
        ("1", (), "1"),
        ("666", (), None),
        ("1", ("telegram:7",), None),
        ("7", ("telegram:7",), "7"),
        ("9", (), None),
        ("9", ("discord:3", "telegram:7"), "7"),
        (None, ("telegram:7",), "7"),
    ],
)
def test_an_answer_counts_only_in_the_name_of_a_channel_that_we_know(author, configured, expected):
    settings = Settings(posts_chats={"telegram:9": configured} if configured else {})
    assert channel_of_chat(settings, "telegram", "9", author, {"1"}) == expected


def test_rows_in_another_order_give_the_same():
    one = standing(Delivered().file("a", messages(1, 2, 3)).file("b", messages(1, 3, 4)))
    other = standing(Delivered().file("b", messages(1, 3, 4)).file("a", messages(1, 2, 3)))
    assert one.posts.drop("source_file").equals(other.posts.drop("source_file"))
