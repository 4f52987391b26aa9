"""Token buckets and plans."""

import datetime as dt

from serving import token_buckets
from serving.bot.limits import Plans, month_of
from serving.token_buckets import TokenBuckets


def test_a_bucket_gives_what_it_holds_and_then_what_comes_back():
    buckets = TokenBuckets(3, 60)
    assert [buckets.take("a", 0) for _ in range(4)] == [True, True, True, False]
    assert not buckets.take("a", 0.9)
    assert buckets.take("a", 1.0)
    assert [buckets.take("a", 1000) for _ in range(4)] == [True, True, True, False]


def test_buckets_know_nothing_of_one_another():
    buckets = TokenBuckets(1, 1)
    assert buckets.take("a", 0)
    assert buckets.take("b", 0)
    assert not buckets.has("a", 0)


def test_the_first_refusal_is_told_once_until_something_was_taken_again():
    buckets = TokenBuckets(1, 60)
    buckets.take("a", 0)
    assert [buckets.first_refusal("a", 0), buckets.first_refusal("a", 0)] == [True, False]
    assert buckets.take("a", 1)
    assert buckets.first_refusal("a", 1)


def test_memory_is_bounded_and_empty_buckets_are_remembered(monkeypatch):
    monkeypatch.setattr(token_buckets, "MOST_KEPT", 10)
    buckets = TokenBuckets(1, 60)
    for number in range(30):
        buckets.take(str(number), number)
    assert len(buckets) <= 10
    assert not buckets.take("29", 29)


def test_a_chat_without_a_plan_has_the_first_and_a_misspelt_plan_grants_nothing():
    plans = Plans({"free": 100, "paid": None}, {"a": "paid", "b": "piad"})
    assert [plans.most(chat) for chat in ("a", "b", "c")] == [None, 0, 100]
    assert Plans({}, {}).most("a") is None


def test_a_month_is_one_of_utc():
    assert month_of(dt.datetime(2026, 10, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=3)))) == "2026-09"
