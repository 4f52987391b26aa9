"""What a window asks of a model."""

import numpy as np
import polars as pl
import pytest

from tests.marketplace.small_shop import day, log, shop_log
from vitrina.marketplace.history import history
from vitrina.marketplace.questions import questions


def asked_of(made=None, start=40, end=50, *, ratio=2, seed=3, **more):
    made = shop_log() if made is None else made
    return questions(history(made, day(start)), made.between(day(start), day(end)), ratio=ratio, seed=seed, **more)


def pairs(users, items):
    return {(int(user), int(item)) for user, item in zip(users, items, strict=True)}


def test_pairs_are_those_that_known_users_bought_of_known_items():
    made = log(
        ("a", "1", "purchase", 0),
        ("b", "2", "view", 0),
        ("r", "1", "refund", 0),
        ("c", "1", "purchase", 10),
        ("r", "1", "purchase", 10),
        ("a", "3", "purchase", 11),
        ("a", "2", "purchase", 12),
        ("a", "2", "purchase", 13),
        ("b", "1", "purchase", 14),
        ("b", "2", "view", 15),
        ("b", "2", "purchase", 20),
    )
    asked = asked_of(made, 10, 20)
    named = {(made.users[user], made.items[item]) for user, item in pairs(asked.users, asked.items)}
    assert named == {("a", "2"), ("b", "1")}
    assert len(asked.users) == 2


@pytest.mark.parametrize("most_pairs", [None, 30])
def test_counterexamples_are_known_and_were_not_bought_by_the_same_user_in_the_window(most_pairs):
    asked = asked_of(ratio=4, most_pairs=most_pairs)
    bought = pairs(*(shop_log().between(day(40), day(50)).filter(pl.col("kind") == "purchase")[name] for name in ("user", "item")))
    known = history(shop_log(), day(40)).known_items
    for drawn in (asked.uniform, asked.matched):
        assert drawn.shape == (len(asked.users), 4)
        assert not pairs(np.repeat(asked.users, 4), drawn.ravel()) & bought
        assert known[drawn].all()
    assert pairs(asked.users, asked.items) <= bought


def test_fewer_pairs_are_asked_about_where_there_are_too_many():
    whole, fewer = asked_of(), asked_of(most_pairs=30)
    assert len(fewer.users) == 30
    assert pairs(fewer.users, fewer.items) < pairs(whole.users, whole.items)
    assert len(asked_of(most_pairs=10**6).users) == len(whole.users)


def test_one_kind_of_counterexample_is_as_popular_as_purchases_and_the_other_is_not():
    everybody = [(f"u{user:03}", "top", "purchase", 0) for user in range(90)]
    rest = [(f"u{user:03}", f"rare{user}", "purchase", 1) for user in range(30)]
    later = [(f"u{user:03}", "rare0", "purchase", 12) for user in range(1, 90)]
    made = log(*everybody, *rest, *later)
    asked = asked_of(made, 10, 20, ratio=40)
    top = made.items.to_list().index("top")
    assert (asked.matched == top).mean() == pytest.approx(90 / 119, abs=0.03)
    assert (asked.uniform == top).mean() == pytest.approx(1 / 30, abs=0.02)
    assert asked.log_popularity[top] == pytest.approx(np.log(91))


def test_the_same_seed_asks_the_same():
    one, again, other = (asked_of(seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(one.uniform, again.uniform)
    assert np.array_equal(one.matched, again.matched)
    assert not np.array_equal(one.uniform, other.uniform)


def test_a_window_without_a_purchase_asks_nothing():
    made = log(("a", "1", "purchase", 0), ("b", "1", "view", 12))
    asked = asked_of(made, 10, 20)
    assert len(asked.users) == 0
    assert asked.uniform.shape == asked.matched.shape == (0, 2)


def test_before_the_first_purchase_all_known_items_are_equally_popular():
    made = log(*((user, item, "view", 0) for user in "ab" for item in "1234"), ("a", "1", "purchase", 12), ("b", "9", "view", 13))
    asked = asked_of(made, 10, 20, ratio=100)
    assert set(asked.matched.ravel().tolist()) == {1, 2, 3}
