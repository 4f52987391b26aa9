"""People and goods that nobody has seen before."""

import numpy as np
import polars as pl
import pytest

from tests.marketplace.made_up_factors import code, made_up_factors, name
from tests.marketplace.small_shop import day, log
from vitrina.marketplace.cold import cold_item_rows, cold_sessions, hit_rows
from vitrina.marketplace.cold_judgement import FEATURES, NEW_ITEMS, cold_rows
from vitrina.marketplace.cold_start import LightFMFactors, Represented
from vitrina.marketplace.history import history
from vitrina.marketplace.measure_names import FRESH, POPULARITY
from vitrina.marketplace.suitability import area_under_curve


def of_window(made, start=10):
    return history(made, day(start)), made.between(day(start), day(99))


def test_a_new_user_is_judged_by_what_they_buy_after_their_first_events():
    made = log(
        *((user, item, "view", 0.0) for user in ("old", "older") for item in "1234"),
        ("new", "1", "view", 10.0),
        ("new", "9", "refund", 10.1),
        ("new", "9", "view", 10.2),
        ("new", "2", "cart", 10.3),
        ("new", "2", "purchase", 11.0),
        ("new", "3", "purchase", 11.1),
        ("new", "3", "purchase", 11.2),
        ("new", "9", "purchase", 11.3),
        ("new", "4", "view", 11.4),
        ("old", "4", "purchase", 12.0),
        ("quick", "1", "purchase", 12.0),
        platform=["Site"] * 8 + ["iOS", *["Site"] * 10],
    )
    [found] = cold_sessions(*of_window(made)).to_dicts()
    named = dict(enumerate(made.items))
    assert made.users[found["user"]] == "new"
    assert found["platform"] == "iOS"
    assert [named[item] for item in found["first"]] == ["1", "9", "2"]
    assert found["kinds"] == ["view", "view", "cart"]
    # item 2 was in the basket already, item 9 was unknown at the cut, item 4 was only looked at
    assert [named[item] for item in found["later"]] == ["3"]


def test_without_new_users_there_are_no_sessions():
    made = log(("a", "1", "purchase", 0), ("b", "1", "view", 1), ("a", "1", "purchase", 11))
    assert cold_sessions(*of_window(made)).is_empty()


def test_hits_are_counted_among_ten_places():
    shown = [list(range(20)), [1], []]
    assert hit_rows(shown, [[3, 9, 10], [2], [1]]).tolist() == [[0.2, 1], [0, 0], [0, 0]]
    assert hit_rows([], []).shape == (0, 2)


def test_a_new_item_is_judged_among_the_other_new_items():
    vectors, biases = np.array([[0.0], [1], [2], [3], [9]]), np.array([0.0, 0, 0, -1, 0])
    users = np.array([[1.0], [0.0]])
    asked = pl.DataFrame({"user": [0, 0, 1], "item": [2, 0, 1]})
    # the first user's scores of the new items 0 to 3 are 0, 1, 2 and 2; they bought the worst, and a tie with the best
    first = area_under_curve(np.array([2.0, 0.0]), np.array([1.0, 2.0]))
    assert first == (1 + 0.5) / 2 / 2
    # nobody's taste is known of the second: 0, 0, 0 and −1
    second = (0.5 + 0.5 + 1) / 3
    found = cold_item_rows(vectors, biases, users, asked, np.array([0, 1, 2, 3]))
    assert found.tolist() == [[first], [pytest.approx(second)]]


def test_who_bought_all_new_items_says_nothing():
    everything = pl.DataFrame({"user": [0, 0], "item": [0, 1]})
    assert cold_item_rows(np.ones((2, 1)), np.ones(2), np.ones((1, 1)), everything, np.array([0, 1])).shape == (0, 1)


def judged_window():
    """Old users of tools and dairy; strangers who look at dairy and then buy it; a new tool that tool lovers buy."""
    factors = made_up_factors()
    old = [(f"old{user}", name(kind, user), "purchase", float(user)) for user in range(9) for kind in ("dairy", "tools", "books")]
    met = [("old0", item, "view", 1.5) for item in factors.item_ids.tolist() if item != name("tools", 19)]
    cold = [(f"s{user}", name("dairy", place), "view", 10 + place / 10) for user in range(4) for place in (3, 4, 5)]
    later = [(f"s{user}", name("dairy", place), "purchase", 11.0) for user in range(4) for place in range(6, 16)]
    new = [(f"old{user}", name("tools", 19), "purchase", 12.0) for user in range(3)]
    other = [("old8", name("books", 99), "purchase", 12.5)]
    return factors, log(*old, *met, *cold, *later, *new, *other)


def test_strangers_and_new_goods_are_judged_against_popularity():
    factors, made = judged_window()
    known, window = of_window(made)
    # one more item than the factors know: a book that is new, too
    rng = np.random.default_rng(0)
    items = np.zeros((made.n_items, 1), np.float32)
    items[made.items.to_list().index(name("tools", 19))] = 1
    learnt = LightFMFactors(
        Represented(np.ones((made.n_users, 1), np.float32), rng.random(made.n_users)),
        Represented(items, np.zeros(made.n_items, np.float32)),
        Represented(np.zeros((0, 1)), np.zeros(0)),
        Represented(np.zeros((0, 1)), np.zeros(0)),
    )
    table = pl.DataFrame({"category": [item.split()[0] for item in made.items]})
    found = {(row.scorer, row.measured.measure): row.measured for row in cold_rows(known, window, factors, learnt, table)}
    hit_rate, precision = (f"{measure}_at_10_new_users_after_3_events" for measure in ("hit_rate", "precision"))
    assert {found[scorer, hit_rate].n for scorer in (FRESH, POPULARITY)} == {4}
    # the popular items are books, strangers want dairy
    assert found[POPULARITY, precision].value == 0
    assert found[FRESH, precision].value > 0.3
    lift = found[FRESH, "lift_over_popularity_of_hit_rate_at_10_new_users_after_3_events"]
    assert lift.value == found[FRESH, hit_rate].value == 1
    # the three who bought the new tool, and the one who bought the new book: its features say nothing for it
    assert (found[FEATURES, NEW_ITEMS].value, found[FEATURES, NEW_ITEMS].n) == (3 / 4, 4)
    assert ("popularity_of_category", NEW_ITEMS) in found
    assert made.items.to_list()[code("books", 0)] == name("books", 0)
