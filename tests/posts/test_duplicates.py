"""Near-duplicates: what says nearly the same, and which of them was first."""

import random

import polars as pl
import pytest

from tests.posts.rows_of_posts import post, posts, real_posts
from vitrina.posts.duplicates import duplicates_of
from vitrina.posts.language import words
from vitrina.posts.tables import PostDuplicates

WORDS = ["один", "два", "три", "четыре", "пять", "шесть", "семь", "восемь", "девять", "десять", "одиннадцать", "двенадцать"]


def text(*, of=WORDS, **replaced):
    """The twelve words, some of them replaced: `_3="x"` replaces the fourth."""
    return " ".join(replaced.get(f"_{place}", word) for place, word in enumerate(of))


def pairs(frame):
    found = PostDuplicates.check(duplicates_of(frame))
    return {
        (channel, later): (first_channel, first, round(similarity, 6))
        for channel, later, first_channel, first, similarity in found.select(
            "channel_id", "post_id", "first_channel_id", "first_post_id", "similarity"
        ).iter_rows()
    }


def shingles(said):
    return {tuple(said[place : place + 3]) for place in range(len(said) - 2)}


def by_hand(frame):
    """The definition word for word: each post is compared with every first before it."""
    found, firsts = {}, []
    key = ["platform", "channel_id", "post_id"]
    for row in frame.sort("posted_at", *key, nulls_last=True).iter_rows(named=True):
        said = words(row["text"])
        name = (row["channel_id"], row["post_id"])
        for first, before in firsts:
            short = min(len(said), len(before)) < 8
            alike = float(len(said) >= 3 and said == before) if short else 0.0
            if not short:
                alike = len(shingles(said) & shingles(before)) / len(shingles(said) | shingles(before))
            if alike >= 0.7:
                found[name] = (*first, round(alike, 6))
                break
        else:
            firsts.append((name, said))
    return found


def test_the_similarity_is_that_of_shingles_counted_by_hand():
    # the last word stands in one of ten shingles: nine in common of eleven
    frame = posts(post(text()), post(text(_11="иначе"), "2", channel="20"))
    assert pairs(frame) == {("20", "2"): ("10", "1", round(9 / 11, 6))}


def test_less_than_seven_tenths_in_common_is_no_duplicate_and_exactly_seven_tenths_is_one():
    # of 17 shingles each, a word in the middle takes three along: 14 in common of 20
    long = [f"слово{place}" for place in range(19)]
    assert pairs(posts(post(text(of=long)), post(text(of=long, _5="х"), "2"))) == {("10", "2"): ("10", "1", 0.7)}
    assert pairs(posts(post(text(of=long)), post(text(of=long, _5="х", _0="у"), "2"))) == {}


def test_case_links_and_signs_do_not_count():
    frame = posts(post(text()), post(f"**{text().upper()}**! https://t.me/a/1", "2"))
    assert pairs(frame) == {("10", "2"): ("10", "1", 1.0)}


@pytest.mark.parametrize(
    ("first", "second", "is_duplicate"),
    [
        ("Доброе утро, Москва!", "доброе утро москва", True),
        ("Доброе утро!", "Доброе утро!", False),
        ("раз два три четыре пять шесть семь", "раз два три четыре пять шесть", False),
        ("раз два три раз два три", "два три раз два три раз", False),
        ("https://a.ru", "https://a.ru", False),
        ("", "", False),
    ],
)
def test_short_posts_are_duplicates_only_if_they_are_equal_and_say_something(first, second, is_duplicate):
    assert bool(pairs(posts(post(first), post(second, "2")))) == is_duplicate


def test_a_group_is_a_star_around_its_earliest_post_and_no_chain():
    drifting = [text(_11="а"), text(_11="а", _0="б"), text(_11="а", _0="б", _1="в", _10="г")]
    found = pairs(posts(*(post(said, str(place)) for place, said in enumerate(drifting, 1))))
    # the third is like the second, which is no first
    assert set(found) == {("10", "2")}


def test_the_earliest_is_first_and_a_post_of_unknown_time_never_is_before_others():
    frame = posts(post(text(), "1", posted_at=None), post(text(), "5", channel="20"), post(text(), "3", channel="30"))
    assert {first[:2] for first in pairs(frame).values()} == {("30", "3")}
    same_time = posts(post(text(), "b", channel="20"), post(text(), "a", channel="20"), post(text(), "c", channel="10"))
    assert {first[:2] for first in pairs(same_time).values()} == {("10", "c")}


def test_footers_do_not_make_posts_alike_or_unlike():
    mine, theirs = (f"\n{name} подписаться прислать новость читать нас без рекламы" for name in ("Наш", "Их"))
    rows = [post(f"Новость {number}{mine}", str(number)) for number in range(20)]
    rows += [post(f"Событие {number}{theirs}", str(number), channel="20") for number in range(20)]
    assert pairs(posts(*rows)) == {}
    found = pairs(posts(*rows, post(text() + mine, "100"), post(text() + theirs, "101", channel="20")))
    assert found == {("20", "101"): ("10", "100", 1.0)}


def test_hundreds_of_equal_posts_have_one_first():
    frame = posts(*(post(text(), str(number)) for number in range(1, 401)))
    assert set(pairs(frame).values()) == {("10", "1", 1.0)}
    assert len(pairs(frame)) == 399


def test_no_posts_have_no_duplicates():
    assert duplicates_of(posts()).equals(PostDuplicates.empty())


@pytest.mark.parametrize("seed", range(4))
def test_pairs_are_those_of_the_definition_whatever_the_order_of_rows(seed):
    rng = random.Random(seed)
    vocabulary = [f"слово{number}" for number in range(40)]
    originals = [rng.choices(vocabulary, k=rng.randint(2, 30)) for _ in range(12)]
    rows = []
    for number in range(150):
        said = [word if rng.random() > 0.05 else rng.choice(vocabulary) for word in rng.choice(originals)]
        rows.append(post(" ".join(said), str(number), channel=str(number % 3)))
    frame = posts(*rows)
    found = pairs(frame)
    assert found == by_hand(frame)
    assert len(found) > 50
    assert duplicates_of(frame).equals(duplicates_of(frame.sample(fraction=1.0, shuffle=True, seed=seed)))


@pytest.mark.real_data
def test_of_real_posts_some_have_a_near_duplicate_most_of_them_in_another_channel():
    frame = real_posts()
    found = duplicates_of(frame)
    elsewhere = (found["channel_id"] != found["first_channel_id"]).mean()
    assert 0.04 < len(found) / len(frame) < 0.10
    assert elsewhere > 0.8
    assert found["similarity"].is_between(0.7, 1).all()
    assert found.join(
        found, left_on=["first_channel_id", "first_post_id"], right_on=["channel_id", "post_id"], how="semi"
    ).is_empty()
    assert found.select(pl.struct("channel_id", "post_id").is_duplicated().any()).item() is False
