"""The best items of each user, exactly: compared with scoring and sorting everything."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from vitrina.marketplace.factors import FactorsError
from vitrina.marketplace.ranking import Seen, exact_scores, top_items


def brute_force(users, items, k, *, biases=None, excluded=None, seen=None):
    """Everything in double precision, rounded as scores are, sorted by score and code."""
    biases = np.zeros(len(items)) if biases is None else biases
    scores = users.astype(np.float64) @ items.astype(np.float64).T + biases
    scores = scores.astype(np.float32)
    if excluded is not None:
        scores[:, excluded] = -np.inf
    codes = np.full((len(users), k), -1, np.int32)
    best = np.full((len(users), k), -np.inf, np.float32)
    for row, of_user in enumerate(scores):
        if seen is not None:
            of_user[seen.indices[seen.indptr[row] : seen.indptr[row + 1]]] = -np.inf
        order = [place for place in np.lexsort((np.arange(len(items)), -of_user)) if of_user[place] > -np.inf][:k]
        codes[row, : len(order)], best[row, : len(order)] = order, of_user[order]
    return codes, best


def seen_of(lists):
    return Seen(np.cumsum([0, *map(len, lists)]), np.array([code for codes in lists for code in codes], dtype=np.int32))


# halves are added and multiplied without rounding, and often equal
halves = st.integers(-4, 4).map(lambda number: number / 2)


@st.composite
def shops(draw):
    n_users, n_items, n_components = draw(st.integers(0, 7)), draw(st.integers(0, 40)), draw(st.integers(1, 3))
    users, items = (draw(arrays.arrays(np.float32, (rows, n_components), elements=halves)) for rows in (n_users, n_items))
    biases = draw(st.none() | arrays.arrays(np.float32, n_items, elements=halves))
    excluded = draw(st.none() | arrays.arrays(np.bool_, n_items))
    lists = [draw(st.sets(st.integers(0, n_items - 1))) if n_items else () for _ in range(n_users)]
    seen = draw(st.sampled_from([None, seen_of([sorted(codes) for codes in lists])]))
    return users, items, biases, excluded, seen


@settings(max_examples=150, deadline=None)
@given(shops(), st.integers(1, 12), st.integers(1, 3), st.integers(1, 50))
def test_the_best_items_are_those_of_sorting_everything(shop, k, users_at_once, items_at_once):
    users, items, biases, excluded, seen = shop
    found = top_items(
        users, items, k, item_biases=biases, excluded=excluded, seen=seen, users_at_once=users_at_once, items_at_once=items_at_once
    )
    expected = brute_force(users, items, k, biases=biases, excluded=excluded, seen=seen)
    np.testing.assert_array_equal(found[0], expected[0])
    np.testing.assert_array_equal(found[1], expected[1])


@pytest.fixture(scope="module")
def crowd():
    """Enough for many tiles: some vectors are long, some stand twice, some users have seen much, some have no taste."""
    rng = np.random.default_rng(1)
    users, items = rng.normal(size=(70, 24)).astype(np.float32), rng.normal(size=(3_000, 24)).astype(np.float32)
    items *= rng.lognormal(sigma=0.8, size=(3_000, 1)).astype(np.float32)
    items[2_000:2_500] = items[500:1_000]
    users[[3, 40]] = 0
    biases = rng.normal(size=3_000).astype(np.float32)
    biases[2_000:2_500] = biases[500:1_000]
    lists = [sorted(rng.choice(3_000, size, replace=False)) for size in rng.integers(0, 40, 70)]
    lists[5] = list(range(2_995))
    lists[6] = list(range(3_000))
    return users, items, biases, rng.random(3_000) < 0.1, seen_of(lists)


def test_real_numbers_are_ranked_as_by_sorting_everything(crowd):
    users, items, biases, excluded, seen = crowd
    codes, scores = top_items(users, items, 10, item_biases=biases, excluded=excluded, seen=seen, items_at_once=256)
    expected = brute_force(users, items, 10, biases=biases, excluded=excluded, seen=seen)
    np.testing.assert_array_equal(codes, expected[0])
    np.testing.assert_allclose(scores, expected[1], rtol=1e-6)


@pytest.mark.parametrize("n_threads", [1, 2, 5])
@pytest.mark.parametrize("tile", [(1, 100), (7, 1_000), (64, 33), (512, 4_096)])
def test_threads_and_tiles_change_nothing(crowd, n_threads, tile):
    users, items, biases, excluded, seen = crowd
    filters = {"item_biases": biases, "excluded": excluded, "seen": seen}
    first = top_items(users, items, 10, **filters)
    again = top_items(users, items, 10, **filters, n_threads=n_threads, users_at_once=tile[0], items_at_once=tile[1])
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])


def test_equal_scores_stand_in_the_order_of_codes():
    codes, scores = top_items(np.ones((2, 1)), np.array([[1.0], [3.0], [3.0], [1.0], [3.0]]), 4)
    assert codes.tolist() == [[1, 2, 4, 0]] * 2
    assert scores.tolist() == [[3, 3, 3, 1]] * 2


def test_among_ten_thousand_equal_items_the_first_ones_win():
    users = np.array([[1.0], [0.0], [-1.0]])
    codes, _ = top_items(users, np.full((10_000, 1), 2.0), 3, seen=seen_of([[0, 2], [1], []]))
    assert codes.tolist() == [[1, 3, 4], [0, 2, 3], [0, 1, 2]]


def test_a_bias_outweighs_a_taste_and_an_excluded_item_never_comes():
    codes, scores = top_items(np.ones((1, 1)), np.array([[1.0], [2.0], [3.0]]), 2, item_biases=[5, 0, 0], excluded=[0, 0, 1])
    assert codes.tolist() == [[0, 1]]
    assert scores.tolist() == [[6, 2]]


def test_users_who_have_seen_almost_everything_get_what_is_left():
    codes, scores = top_items(np.ones((2, 1)), np.array([[1.0], [2.0], [3.0]]), 2, seen=seen_of([[1, 2], [0, 1, 2]]))
    assert codes.tolist() == [[0, -1], [-1, -1]]
    assert scores.tolist() == [[1, -np.inf], [-np.inf, -np.inf]]


def test_an_item_that_was_seen_twice_takes_no_place():
    codes, _ = top_items(np.ones((1, 1)), np.array([[1.0], [2.0], [3.0]]), 3, seen=seen_of([[2, 2]]))
    assert codes.tolist() == [[1, 0, -1]]


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"item_biases": [0.0]}, "do not fit"),
        ({"excluded": [False] * 4}, "do not fit"),
        ({"seen": seen_of([[]])}, "do not fit"),
        ({"k": 0}, "do not fit"),
        ({"user_vectors": np.ones((2, 3))}, "do not fit"),
        ({"item_vectors": np.full((3, 1), np.nan)}, "not finite"),
    ],
)
def test_what_does_not_fit_together_is_refused(changes, complaint):
    given_ = {"user_vectors": np.ones((2, 1)), "item_vectors": np.ones((3, 1)), "k": 1}
    with pytest.raises(FactorsError, match=complaint):
        top_items(**given_ | changes)


def test_scores_are_products_of_rows():
    left, right = np.arange(6.0, dtype=np.float32).reshape(3, 2), np.array([[2.0, 0.5]], np.float32)
    assert exact_scores(left, right).tolist() == [0.5, 5.5, 10.5]
    assert exact_scores(left[:0], right).size == 0


def test_where_the_longest_vectors_are_the_worst_the_best_of_the_others_are_found():
    items = np.concatenate([np.full(3_000, -100.0), np.linspace(0, 1, 7_000)])[:, None]
    codes, _ = top_items(np.ones((1, 1)), items, 4, seen=seen_of([[9_998]]))
    assert codes.tolist() == [[9_999, 9_997, 9_996, 9_995]]
