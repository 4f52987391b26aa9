"""What goes with what, and what is popular where: on enough users, or on none."""

import numpy as np
import polars as pl
import pytest
import scipy.sparse as sp

from tests.marketplace.small_shop import NEW_ITEMS, day, fitted, item_table, log, shop_log
from vitrina.marketplace.fitted import likeness
from vitrina.marketplace.history import history
from vitrina.marketplace.item_pairs import ANY_BAND, ANY_PLATFORM, common_users, popular_items, similar_to_items

K = 8


def test_common_users_are_counted_pair_by_pair(monkeypatch):
    monkeypatch.setattr("vitrina.marketplace.item_pairs.ITEMS_AT_A_TIME", 7)
    rng = np.random.default_rng(0)
    matrix = rng.random((30, 12)) * (rng.random((30, 12)) < 0.4)
    one, other = rng.integers(0, 12, 50), rng.integers(0, 12, 50)
    expected = [((matrix[:, left] > 0) & (matrix[:, right] > 0)).sum() for left, right in zip(one, other, strict=True)]
    assert common_users(sp.csr_matrix(matrix), one, other).tolist() == expected
    nothing = np.zeros(0, dtype=np.int64)
    assert common_users(sp.csr_matrix(matrix), nothing, nothing).tolist() == []


@pytest.fixture(scope="module")
def known():
    return fitted().known(day(60))


@pytest.fixture(scope="module")
def vectors():
    return np.random.default_rng(1).normal(size=(40, 5)).astype(np.float32)


def pages(known, vectors, *, allowed=None, min_users=3, k=K):
    allowed = np.ones(40, dtype=bool) if allowed is None else allowed
    items = item_table(known.history.log.items.to_list())
    return similar_to_items(known.history, likeness(known), vectors, items, allowed=allowed, min_users=min_users, k=k)


def met_by(known):
    codes = shop_log().events.filter(pl.col("kind") != "refund")
    return {
        known.history.log.items[item]: set(users) for item, users in codes.group_by("item").agg(pl.col("user").unique()).iter_rows()
    }


@pytest.mark.parametrize("min_users", [1, 3, 12])
def test_every_pair_rests_on_enough_users_or_on_none(known, vectors, min_users):
    found, users = pages(known, vectors, min_users=min_users), met_by(known)
    assert found.height
    for item, other, count in found.select("item_id", "similar_item_id", "users").iter_rows():
        assert count == 0 or count >= min_users
        if count:
            assert count == len(users[item] & users[other])
    assert (found["users"] == 0).any()


def test_every_page_has_its_places_filled_without_the_item_itself(known, vectors):
    found = pages(known, vectors)
    assert found.height == 40 * K
    assert found.filter(pl.col("item_id") == pl.col("similar_item_id")).is_empty()
    assert found.select("item_id", "similar_item_id").is_unique().all()
    for (_item,), page in found.group_by("item_id"):
        assert sorted(page["place"]) == list(range(1, K + 1))


def test_pairs_come_first_by_their_cosine_then_what_features_say_by_theirs(known, vectors):
    found, like = pages(known, vectors), likeness(known)
    codes = {item: code for code, item in enumerate(known.history.log.items)}
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    for _, page in found.group_by("item_id"):
        ordered = page.sort("place")
        by_users = (ordered["users"] > 0).to_list()
        assert by_users == sorted(by_users, reverse=True)
        for part in (ordered.filter(pl.col("users") > 0), ordered.filter(pl.col("users") == 0)):
            assert part["score"].is_sorted(descending=True)
        for item, other, score, users in ordered.select("item_id", "similar_item_id", "score", "users").iter_rows():
            one, two = codes[item], codes[other]
            assert score == pytest.approx(like[one, two] if users else unit[one] @ unit[two], rel=1e-4, abs=1e-5)


def test_new_items_have_a_page_by_their_features_alone(known, vectors):
    found = pages(known, vectors).filter(pl.col("item_id").is_in(NEW_ITEMS))
    assert found.height == 2 * K
    assert set(found["users"]) == {0}


def test_what_may_not_be_shown_stands_on_no_page_and_has_one(known, vectors):
    allowed = np.arange(40) % 3 > 0
    found = pages(known, vectors, allowed=allowed)
    shown = {known.history.log.items[int(code)] for code in np.flatnonzero(allowed)}
    assert set(found["similar_item_id"]) <= shown
    assert set(found["item_id"]) == set(known.history.log.items)


def test_nothing_that_may_be_shown_leaves_pages_empty(known, vectors):
    assert pages(known, vectors, allowed=np.zeros(40, dtype=bool)).is_empty()


def busy():
    """At the end ten users meet one item and five of them buy another; long ago everybody bought a third."""
    return log(
        *((f"u{user}", "past", "purchase", 1.0) for user in range(10)),
        *((f"u{user}", "seen", "view", 39.0) for user in range(10)),
        *((f"u{user}", "bought", "purchase", 39.5) for user in range(5)),
        *((f"u{user}", "few", "purchase", 39.6) for user in range(2)),
        *((f"u{user}", "back", "refund", 39.7) for user in range(9)),
        platform=["Site"] * 10 + ["Site", "iOS"] * 5 + ["iOS"] * 5 + ["Site"] * 2 + ["Site"] * 9,
    )


def popular(min_users=2, **changes):
    made = busy()
    items = item_table(made.items.to_list(), **changes)
    allowed = items["available"].to_numpy()
    found = popular_items(history(made, day(40)), items, allowed=allowed, min_users=min_users)
    return {
        key: list(zip(part.sort("place")["item_id"], part.sort("place")["users"], strict=True))
        for key, part in found.group_by("platform", "price_band")
    }


def test_popular_is_what_is_bought_lately_then_what_is_met():
    found = popular(price_band=[None] * 5)
    assert found == {
        (ANY_PLATFORM, ANY_BAND): [("bought", 5), ("few", 2), ("seen", 10)],
        ("Site", ANY_BAND): [("few", 2), ("seen", 5)],
        ("iOS", ANY_BAND): [("bought", 5), ("seen", 5)],
    }


def test_what_fewer_users_met_is_not_popular():
    assert popular(min_users=3, price_band=[None] * 5)[ANY_PLATFORM, ANY_BAND] == [("bought", 5), ("seen", 10)]


def test_every_price_band_has_a_list_of_its_own():
    # items in their order: back, bought, few, past, seen
    found = popular(price_band=[1, 1, 2, 3, 2])
    assert found[ANY_PLATFORM, ANY_BAND] == [("bought", 5), ("few", 2), ("seen", 10)]
    assert found[ANY_PLATFORM, 1] == [("bought", 5)]
    assert found[ANY_PLATFORM, 2] == [("few", 2), ("seen", 10)]
    assert (ANY_PLATFORM, 3) not in found
    assert found["Site", 2] == [("few", 2), ("seen", 5)]


def test_what_cannot_be_bought_is_not_popular():
    found = popular(price_band=[None] * 5, available=[True, False, True, True, True])
    assert found[ANY_PLATFORM, ANY_BAND] == [("few", 2), ("seen", 10)]
