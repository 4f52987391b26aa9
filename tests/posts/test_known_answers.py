"""What people know of questions and posts, as the judgement takes it."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.posts.rows_of_posts import post, posts
from vitrina.posts import known_answers as module
from vitrina.posts.judgement import set_hash
from vitrina.posts.known_answers import known_answers
from vitrina.posts.raw_tables import RawKnownAnswers

POSTS = posts(
    post("Мост открыли весной.", "1", source_file="posts/news/result.json"),
    post("С весны по мосту снова ходят и ездят.", "2", source_file="posts/news/result.json"),
    post("Альбом о трамвае.", "3", messages=3, source_file="posts/news/result.json"),
    post("Весной открыли и мост, и дорогу.", "1", "20", source_file="posts/city/result.json"),
)
WHEN = "Когда открыли мост?"


def delivered(*rows, delivery=1, folder="news"):
    """Rows of a file: question, post and, where it is given, channel."""
    return [
        {
            "question": question,
            "post_id": post_id,
            "channel_id": channel[0] if channel else None,
            "source_file": f"posts/{folder}/questions.csv",
            "source_row": number,
            "delivery": delivery,
        }
        for number, (question, post_id, *channel) in enumerate(rows, start=2)
    ]


def known(*rows):
    return known_answers(pl.DataFrame([*rows], schema=RawKnownAnswers.polars_schema()), POSTS)


def right(frame):
    """Question → its right posts, the first one first."""
    return {
        question: [(channel, post_id), *((other["channel"], other["post_id"]) for other in others)]
        for question, channel, post_id, others in frame.select("question", "channel", "post_id", "also_right").iter_rows()
    }


def test_all_rows_of_a_question_name_right_posts_and_make_one_question():
    found = known(*delivered((WHEN, "2"), ("Где трамвай?", "3"), (WHEN, "1"), (WHEN, "1", "20")))
    assert right(found) == {
        WHEN: [("telegram:10", "1"), ("telegram:10", "2"), ("telegram:20", "1")],
        "Где трамвай?": [("telegram:10", "3")],
    }


def test_a_row_that_is_repeated_says_nothing_new():
    rows = [(WHEN, "1"), (WHEN, "2")]
    # of an album any message will do, so that several name one post
    found = known(*delivered(*rows, *rows, ("Где трамвай?", "3"), ("Где трамвай?", "4"), ("Где трамвай?", "5")))
    assert right(found) == {WHEN: [("telegram:10", "1"), ("telegram:10", "2")], "Где трамвай?": [("telegram:10", "3")]}


def test_a_question_that_is_delivered_again_has_the_posts_of_the_later_delivery_alone():
    earlier, later = delivered((WHEN, "1"), (WHEN, "2"), ("Где трамвай?", "3")), delivered((WHEN, "2"), delivery=2)
    found = right(known(*later, *earlier))
    assert found == {"Где трамвай?": [("telegram:10", "3")], WHEN: [("telegram:10", "2")]}


def test_a_question_of_which_a_later_delivery_says_that_nothing_answers_it_is_left_out():
    assert known(*delivered((WHEN, "1"), (WHEN, "2")), *delivered((WHEN, None), delivery=2)).is_empty()


def test_posts_that_no_longer_stand_are_left_out_and_the_question_with_the_last_of_them():
    found = known(*delivered((WHEN, "77"), (WHEN, "2"), ("Где слон?", "88"), ("Где слон?", "99"), (WHEN, None)))
    assert right(found) == {WHEN: [("telegram:10", "2")]}


def test_the_overlap_is_that_of_the_right_post_that_shares_most_words():
    few = ("Почём билеты в цирк?", "3")
    assert known(*delivered((WHEN, "3")))["overlap"].to_list() == ["few"]
    assert known(*delivered((WHEN, "3"), (WHEN, "1"), few))["overlap"].to_list() == ["most", "few"]


def test_questions_are_counted_and_not_their_rows(monkeypatch):
    monkeypatch.setattr(module, "MOST", 2)
    found = known(*delivered((WHEN, "1"), (WHEN, "2"), (WHEN, "1", "20"), ("Где мост?", "1"), ("Где трамвай?", "3")))
    assert {question: len(named) for question, named in right(found).items()} == {WHEN: 3, "Где мост?": 1}


@pytest.mark.parametrize("channel", ["10", None])
def test_a_channel_is_named_or_that_of_the_folder(channel):
    folder = "news" if channel is None else "elsewhere"
    assert right(known(*delivered((WHEN, "1", channel), folder=folder))) == {WHEN: [("telegram:10", "1")]}
    assert known(*delivered((WHEN, "1"), folder="elsewhere")).is_empty()


@settings(deadline=None, max_examples=20)
@given(st.permutations([(WHEN, "2"), (WHEN, "1"), (WHEN, "1", "20"), ("Где мост?", "1"), ("Где мост?", "2")]))
def test_the_order_of_rows_changes_no_question(rows):
    usual = known(*delivered((WHEN, "1"), (WHEN, "2"), (WHEN, "1", "20"), ("Где мост?", "1"), ("Где мост?", "2")))
    found = known(*delivered(*rows))
    assert found.sort("question").equals(usual.sort("question"))
    assert set_hash(found) == set_hash(usual)
