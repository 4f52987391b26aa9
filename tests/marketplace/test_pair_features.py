"""What the re-ranker knows of a pair: column by column, and nothing from the cut on."""

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.marketplace.small_shop import SMALL, day, fitted, log, shop_log
from vitrina.marketplace import pair_features
from vitrina.marketplace.history import history
from vitrina.marketplace.pair_features import PairFeatures, feature_meanings
from vitrina.marketplace.reranking import candidates, fit_scorers

ANN, BOB = 0, 1
BREAD, MILK, TEA = 0, 1, 2


class Table:
    """A model whose scores are given."""

    def __init__(self, *rows):
        self.rows = np.array(rows, dtype=np.float32)

    def block(self, users):
        return self.rows[users]


@pytest.fixture(scope="module")
def shop():
    made = log(
        ("ann", "milk", "purchase", 0.0),
        ("ann", "milk", "purchase", 10.0),
        ("ann", "bread", "purchase", 10.0),
        ("bob", "milk", "view", 15.0),
        ("bob", "tea", "purchase", 16.0),
        price=[100.0, 120.0, 50.0, 120.0, 400.0],
        quantity=[1.0, 1.0, 3.0, 1.0, 1.0],
    )
    return PairFeatures(history(made, day(20)), {"one": Table([3, 1, 2], [5, 5, 5])})


def of(known, user, item):
    [row] = known.of(np.array([user]), np.array([item]))
    return dict(zip(known.meanings(), row.tolist(), strict=True))


def test_there_is_a_meaning_for_every_column(shop):
    assert shop.of(np.array([0, 1]), np.array([1, 1])).shape == (2, len(shop.meanings()))
    assert list(shop.meanings())[:2] == ["one_score", "one_place"]
    assert all(meaning.endswith(".") for meaning in shop.meanings().values())
    assert tuple(feature_meanings(())) == tuple(shop.meanings())[2:]


def test_a_score_has_its_place_among_the_catalogue(shop):
    assert [of(shop, ANN, item)["one_score"] for item in range(3)] == [3, 1, 2]
    assert [of(shop, ANN, item)["one_place"] for item in range(3)] == pytest.approx([0, 2 / 3, 1 / 3])
    assert of(shop, BOB, TEA)["one_place"] == 0


def test_what_was_bought_again_is_known_by_its_dates(shop):
    found = of(shop, ANN, MILK)
    assert (found["pair_purchases"], found["pair_last"], found["pair_first"], found["pair_baskets_since"]) == (2, 10, 20, 0)
    # bought again after ten days, and the last purchase is ten days ago
    assert (found["item_repeat_days"], found["due"], found["own_due"]) == (10, 1, 1)
    assert (found["user_baskets"], found["user_distinct"], found["basket_size"]) == (2, 2, 1)


def test_what_the_two_have_never_had_in_common_is_zero_or_not_known(shop):
    found = of(shop, ANN, TEA)
    zero = {name: found[f"pair_{name}"] for name in ("purchases", "days", "views", "carts", "decayed", "basket_rate")}
    assert zero == dict.fromkeys(zero, 0)
    unknown = ("pair_last", "pair_first", "pair_seen", "pair_pieces", "pair_baskets_since", "due", "own_due", "item_repeat_days")
    assert all(math.isnan(found[name]) for name in unknown)


def test_prices_are_compared_in_logarithms(shop):
    found = of(shop, ANN, TEA)
    usual = math.log(100)
    spread = float(np.std([math.log(price) for price in (100, 120, 50)], ddof=1))
    assert found["user_log_price"] == pytest.approx(usual, rel=1e-6)
    assert found["price_gap"] == pytest.approx(math.log(400) - usual, rel=1e-5)
    assert found["price_distance"] == pytest.approx((math.log(400) - usual) / (spread + 0.2), rel=1e-5)
    assert of(shop, BOB, MILK)["price_gap"] == pytest.approx(math.log(120) - math.log(400), rel=1e-5)
    assert of(shop, ANN, MILK)["price_change"] == pytest.approx(0, abs=1e-6)


def test_pieces_and_growth_are_those_of_the_formula(shop):
    usual = (2 * math.log(2) + math.log(4)) / 3
    assert of(shop, ANN, BREAD)["pieces_gap"] == pytest.approx(math.log(4) - usual, rel=1e-5)
    # one buyer in the last week, and in the last month
    assert of(shop, ANN, TEA)["growth"] == pytest.approx(math.log1p(30 / 7) - math.log1p(1), rel=1e-5)


def test_a_pair_is_described_alike_whoever_stands_beside_it(monkeypatch):
    known = fitted().known(day(40))
    users, items = candidates(known.history, known.scorers, np.flatnonzero(known.history.warm_users))
    whole = known.of(users, items)
    mixed = np.random.default_rng(0).permutation(len(users))
    assert np.array_equal(known.of(users[mixed], items[mixed]), whole[mixed], equal_nan=True)
    monkeypatch.setattr(pair_features, "USERS_PER_BLOCK", 7)
    # products of matrices are rounded otherwise in blocks of another size; a place may change by one item
    np.testing.assert_allclose(known.of(users, items), whole, rtol=1e-4, atol=0.03)


def test_places_are_counted_among_a_sample_of_a_large_catalogue(monkeypatch):
    known = fitted().known(day(40))
    place = list(known.meanings()).index("linear_place")
    users, items = np.repeat(np.arange(20), 38), np.tile(np.arange(38), 20)
    exact = known.of(users, items)[:, place]
    monkeypatch.setattr(pair_features, "MOST_REFERENCE_ITEMS", 19)
    sampled = known.of(users, items)[:, place]
    assert not np.array_equal(sampled, exact)
    assert np.abs(sampled - exact).mean() < 0.2
    assert np.array_equal(known.of(users, items)[:, place], sampled)


def test_nobody_is_asked_about_without_an_error(shop):
    assert shop.of(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)).shape == (0, len(shop.meanings()))


@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 1000))
def test_no_event_from_the_cut_on_changes_features_or_candidates(seed):
    rng = np.random.default_rng(seed)
    before = shop_log().before(day(30))
    drawn = before.events[rng.integers(0, before.events.height, 400)]
    later = drawn.with_columns(
        day=pl.lit(float((day(30) - day(0)).days) + before.events["day"].min() // 1) + pl.Series(rng.random(400) * 20)
    )
    appended = before.with_events(later.with_columns(pl.lit("purchase").cast(pl.Categorical).alias("kind"), price=pl.lit(9e5)))
    assert appended.before(day(30)).events.equals(before.events)
    found = []
    for made in (before, appended):
        past = history(made, day(30))
        known = PairFeatures(past, fit_scorers(past, SMALL, seed=1))
        pairs = candidates(past, known.scorers, np.flatnonzero(past.warm_users))
        found.append((*pairs, known.of(*pairs)))
    for one, other in zip(*found, strict=True):
        assert np.array_equal(one, other, equal_nan=True)
