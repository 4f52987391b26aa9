"""How well posts are found."""

import datetime as dt
import hashlib

import numpy as np
import polars as pl
import pytest

from tests.posts.made_up_search import CountingSearch, duplicates, hit, made_up_posts, questions_about
from vitrina.posts.judgement import (
    ALSO_RIGHT,
    MODES,
    copies_of,
    differences,
    is_right,
    judge,
    question_sets,
    ranks_of,
    right_posts,
    set_hash,
    within,
)
from vitrina.posts.tables import SearchQuality

JUDGED_AT = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
POSTS = {
    ("telegram:1", "1"): "мост открыли весной",
    ("telegram:1", "2"): "мост закрыли осенью",
    ("telegram:2", "3"): "трамвай сошел накануне с рельсов",
    ("telegram:2", "4"): "трамвай вернулся на линию осенью",
}


def asked(*rows):
    return pl.DataFrame(rows, schema=["questions", "question", "channel", "post_id", "overlap"], orient="row")


def also_right(questions, *others):
    """The questions with further right posts, a list for each."""
    named = [[{"channel": channel, "post_id": post_id} for channel, post_id in posts] for posts in others]
    return questions.with_columns(pl.Series("also_right", named, dtype=ALSO_RIGHT))


QUESTIONS = asked(
    ("known answers", "когда открыли мост", "telegram:1", "1", "most"),
    ("known answers", "мост весной", "telegram:1", "2", "some"),  # the other bridge comes first
    ("known answers", "что случилось на рельсах", "telegram:2", "3", "few"),
    ("known answers", "где слон", "telegram:2", "4", "few"),  # nothing is found
    ("known items", "линия трамвая", "telegram:2", "4", "most"),
)


def judged(questions=QUESTIONS, search=None, **changed):
    arguments = {"version": "v1", "judged_at": JUDGED_AT, "seed": 0} | changed
    return judge(search or CountingSearch(POSTS), questions, **arguments)


def figure(frame, measure, *, questions="known answers", searched_by="fused", overlap="all"):
    row = frame.filter(
        (pl.col("questions") == questions)
        & (pl.col("searched_by") == searched_by)
        & (pl.col("overlap") == overlap)
        & (pl.col("measure") == measure)
    )
    return row["value"].item(), row["n"].item()


def test_measures_are_those_counted_by_hand():
    frame = judged()
    assert figure(frame, "recall_at_1") == (0.5, 4)
    assert figure(frame, "recall_at_5") == (0.75, 4)
    assert figure(frame, "mrr_at_10") == (pytest.approx((1 + 0.5 + 1 + 0) / 4), 4)
    assert figure(frame, "recall_at_1", overlap="few") == (0.5, 2)
    assert figure(frame, "recall_at_1", overlap="some") == (0.0, 1)
    assert figure(frame, "recall_at_1", questions="known items") == (1.0, 1)


def test_every_way_of_searching_is_judged_by_itself():
    frame = judged()
    # `рельсах` is no word of the post, its lemma is
    assert figure(frame, "recall_at_10", overlap="few") == (0.5, 2)
    assert figure(frame, "recall_at_10", searched_by="plain bm25", overlap="few") == (0.0, 2)
    assert set(judged(searched_by=["bm25"])["searched_by"]) == {"bm25"}


def test_the_rows_are_those_of_their_table():
    frame = judged()
    assert SearchQuality.check(frame).height == frame.height
    # five measures, four ways; all, few, some and most of one set, all and most of the other
    assert frame.height == 5 * 4 * (4 + 2)
    assert set(frame["version"]) == {"v1"}
    assert judged(QUESTIONS.clear()).equals(SearchQuality.empty())


def test_overlaps_without_questions_have_no_rows():
    frame = judged(QUESTIONS.filter(pl.col("overlap") == "most"))
    assert set(frame["overlap"]) == {"all", "most"}


def test_a_near_duplicate_of_the_right_post_is_as_right():
    copy, right = ("telegram:1", "2"), ("telegram:1", "1")
    question = asked(("known answers", "мост осенью", *right, "most"))
    search = CountingSearch({copy: POSTS[copy], ("telegram:2", "3"): "осенью"})
    assert figure(judged(question, search), "recall_at_1")[0] == 0
    assert figure(judged(question, search, duplicates=duplicates([right, copy])), "recall_at_1")[0] == 1
    behind = CountingSearch({copy: POSTS[copy]}, also={copy: [right]})
    assert figure(judged(question, behind), "recall_at_1")[0] == 1


def test_a_post_of_another_channel_with_the_same_number_is_not_right():
    right = frozenset({("telegram:1", "1")})
    assert not is_right(hit("telegram:2", "1"), right)
    assert is_right(hit("telegram:2", "1", others=[("telegram:1", "1")]), right)


def test_a_group_of_near_duplicates_is_the_same_for_each_of_its_posts():
    group = [("telegram:1", "1"), ("telegram:2", "3"), ("telegram:2", "4")]
    copies = copies_of(duplicates(group, [("telegram:1", "8"), ("telegram:1", "9")]))
    assert {post: copies[post] for post in group} == dict.fromkeys(group, frozenset(group))
    assert copies["telegram:1", "9"] == {("telegram:1", "8"), ("telegram:1", "9")}
    assert copies_of(duplicates()) == {}


def test_the_hash_tells_sets_of_questions_apart_whatever_their_order():
    known = set_hash(QUESTIONS)
    assert set_hash(QUESTIONS.reverse()) == known
    assert set_hash(QUESTIONS[1:]) != known
    assert set_hash(QUESTIONS.with_columns(post_id=pl.lit("9"))) != known
    assert set_hash(QUESTIONS.with_columns(pl.col("question") + "?")) != known
    hashes = dict(judged().select("questions", "set_hash").iter_rows())
    assert hashes["known answers"] == set_hash(QUESTIONS.filter(pl.col("questions") == "known answers"))
    assert hashes["known items"] != hashes["known answers"]


def test_of_several_right_posts_the_first_one_found_gives_the_rank():
    # the post about spring, that about autumn, and one of which no word is found
    question = asked(("known answers", "мост весной", "telegram:2", "4", "few"))
    search = CountingSearch(POSTS)
    ranks = {
        others: ranks_of(search, also_right(question, others), mode="fused", copies={}).tolist()
        for others in ((), (("telegram:1", "2"),), (("telegram:1", "2"), ("telegram:1", "1")), (("telegram:9", "9"),))
    }
    assert list(ranks.values()) == [[0], [2], [1], [0]]


def test_a_near_duplicate_of_any_right_post_is_right():
    question = also_right(asked(("known answers", "мост весной", "telegram:2", "4", "few")), [("telegram:2", "3")])
    copies = copies_of(duplicates([("telegram:2", "3"), ("telegram:1", "1")]))
    assert right_posts(question, copies) == [{("telegram:2", "4"), ("telegram:2", "3"), ("telegram:1", "1")}]
    assert right_posts(question, {}) == [{("telegram:2", "4"), ("telegram:2", "3")}]
    assert ranks_of(CountingSearch(POSTS), question, mode="fused", copies=copies).tolist() == [1]


def test_without_the_column_and_with_empty_lists_every_question_has_its_one_post():
    without, empty = QUESTIONS, also_right(QUESTIONS, *[()] * QUESTIONS.height)
    assert right_posts(without, {}) == right_posts(empty, {}) == [{post} for post in QUESTIONS.select("channel", "post_id").rows()]
    assert set_hash(without) == set_hash(empty)
    for mode in MODES:
        ranks = [ranks_of(CountingSearch(POSTS), asked, mode=mode, copies={}).tolist() for asked in (without, empty)]
        assert ranks[0] == ranks[1]
    assert judged(without).equals(judged(empty))


def test_the_hash_of_questions_with_one_post_is_the_one_that_published_indexes_bear():
    question = asked(("known answers", "мост весной", "telegram:1", "1", "some"), ("known answers", "а", "telegram:2", "3", "few"))
    assert set_hash(question) == hashlib.sha256("telegram:1\0001\0мост весной\ntelegram:2\0003\0а".encode()).hexdigest()


def test_the_hash_changes_with_any_right_post_and_not_with_their_order():
    one, other, third = ("telegram:1", "2"), ("telegram:2", "3"), ("telegram:2", "4")
    question = QUESTIONS[:1]
    hashes = [set_hash(also_right(question, others)) for others in ([], [one], [one, other], [one, third])]
    assert len(set(hashes)) == 4
    assert set_hash(also_right(question, [other, one])) == hashes[2]
    first = asked(("known answers", "когда открыли мост", *one, "most"))
    assert set_hash(also_right(first, [other, ("telegram:1", "1")])) == hashes[2]
    # the same in every process, whatever the order of a set
    many = also_right(question, [("telegram:1", str(at)) for at in range(2, 10)])
    named = "\0".join(f"telegram:1\0{at}" for at in range(1, 10))
    assert set_hash(many) == hashlib.sha256(f"{named}\0когда открыли мост".encode()).hexdigest()


def test_questions_are_within_channels_with_all_of_their_right_posts():
    questions = also_right(QUESTIONS[:3], [("telegram:1", "2")], [("telegram:2", "3")], [])
    assert within(["telegram:1"], questions)["question"].to_list() == ["когда открыли мост"]
    assert within(["telegram:1", "telegram:2"], questions).equals(questions)
    assert within([], questions.clear()).is_empty()


def test_ranks_beyond_ten_are_no_ranks():
    posts = {("telegram:1", f"{at:02d}"): "мост" for at in range(12)}
    questions = asked(*(("known answers", "мост", "telegram:1", post_id, "most") for post_id in ("00", "09", "10")))
    assert ranks_of(CountingSearch(posts), questions, mode="fused", copies={}).tolist() == [1, 10, 0]


def test_two_indexes_are_compared_question_by_question():
    posts = made_up_posts(20)
    questions = questions_about(posts)
    half = CountingSearch(dict(list(posts.items())[:10]))
    found = differences(CountingSearch(posts), half, questions, seed=0)
    row = found.filter(pl.col("measure") == "recall_at_1").row(0, named=True)
    assert (row["difference"], row["n"], row["set_hash"]) == (0.5, 20, set_hash(questions))
    assert 0.2 < row["low"] < 0.5 < row["high"] < 0.8
    # paired: no question differs, so none could
    same = differences(half, half, questions, seed=0)
    assert same.select("difference", "low", "high").unique().rows() == [(0.0, 0.0, 0.0)]


def test_sets_of_questions_are_put_together_and_generated_ones_also_mistyped():
    items = QUESTIONS.filter(pl.col("questions") == "known answers").drop("questions")
    many = pl.concat([items.with_columns(pl.col("question") + " автомобилисты" * at) for at in range(8)])
    sets = question_sets(items, many, seed=1)
    counted = dict(sets.group_by("questions").len().iter_rows())
    assert counted == {"known answers": 4, "known items": 32, "known items with typos": 32}
    clean, mistyped = (sets.filter(pl.col("questions") == name) for name in ("known items", "known items with typos"))
    assert clean.drop("questions", "question").equals(mistyped.drop("questions", "question"))
    changed = np.mean([one != other for one, other in zip(clean["question"], mistyped["question"], strict=True)])
    assert 0.3 < changed < 1
    assert question_sets(items, many, seed=1).equals(sets)


def test_sets_keep_the_further_right_posts_of_people_and_generated_questions_have_none():
    items = QUESTIONS.drop("questions")[:2]
    sets = question_sets(also_right(items, [("telegram:2", "3")], []), items, seed=1)
    assert [len(others) for others in sets["also_right"]] == [1, 0, 0, 0, 0, 0]
    assert right_posts(sets, {})[0] == {("telegram:1", "1"), ("telegram:2", "3")}
