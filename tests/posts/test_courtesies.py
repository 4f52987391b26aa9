"""Replies that say nothing are told from answers that are given often."""

import pytest

from tests.posts.rows_of_posts import post, posts
from vitrina.posts.courtesies import FEWEST_QUESTIONS, courtesies
from vitrina.posts.passages import passages_of

MANY_THINGS = ["Где мой кэшбэк?", "Есть зарядка для машины?", "Свежее ли молоко?", "Как поменять PIN-код?", "До скольких аптека?"]
ONE_THING = ["Где режут ключи?", "Ключи делаете?", "Можно сделать ключ?", "Во сколько открыт ключник, ключи нужны", "Почём ключи?"]


def replies(text, questions, **changed):
    return [
        post(text, post_id=f"a{number}", context=question, kind="answer", **changed) for number, question in enumerate(questions)
    ]


def test_what_is_replied_to_everything_says_nothing():
    rows = posts(*replies("Спасибо, передали коллегам.", MANY_THINGS))
    assert courtesies(rows) == [True] * FEWEST_QUESTIONS
    assert passages_of(rows).is_empty()


def test_signs_and_capitals_make_no_other_reply():
    rows = posts(*replies("Спасибо!", MANY_THINGS[:3]), *(replies("спасибо", MANY_THINGS)[3:]))
    assert all(courtesies(rows))


def test_an_answer_to_one_question_in_many_wordings_is_an_answer():
    rows = posts(*replies("Ключи режем в мастерской у выхода.", ONE_THING))
    assert not any(courtesies(rows))
    assert passages_of(rows).height == len(ONE_THING)


@pytest.mark.parametrize("questions", [MANY_THINGS[:-1], MANY_THINGS[:1] * 9])
def test_few_questions_tell_nothing(questions):
    assert not any(courtesies(posts(*replies("Передали коллегам.", questions))))


def test_posts_that_reply_to_nothing_are_left_alone():
    assert not any(courtesies(posts(*(post("Доброе утро!", post_id=str(number)) for number in range(9)))))


def test_channels_are_told_apart():
    rows = posts(*replies("Передали.", MANY_THINGS[:3], channel_id="1"), *(replies("Передали.", MANY_THINGS, channel_id="2")[3:]))
    assert not any(courtesies(rows))
