"""Models against brute force: cosines by loops, the linear model by a general inverse, and the same answer every time."""

import numpy as np
import pytest
import scipy.sparse as sp

from tests.marketplace.small_shop import SMALL, day, log, shop_log
from vitrina.marketplace.history import history
from vitrina.marketplace.reranking import fit_scorers
from vitrina.marketplace.scorers import (
    FactorScorer,
    basket_neighbours,
    item_neighbours,
    least_squares,
    lightfm,
    linear,
    popularity,
    similar_items,
)

EVERYBODY = np.arange(60)


@pytest.fixture(scope="module")
def known():
    return history(shop_log(), day(50))


def cosines(matrix, shrinkage):
    """Shrunk cosines of columns, one pair after another."""
    n = matrix.shape[1]
    found = np.zeros((n, n))
    for one in range(n):
        for other in range(n):
            norms = [np.sqrt((matrix[:, at] ** 2).sum() + shrinkage) for at in (one, other)]
            found[one, other] = 0 if one == other else matrix[:, one] @ matrix[:, other] / np.prod(norms)
    return found


def test_popularity_is_the_buyers_of_thirty_days_and_of_equals_those_of_all_time():
    made = log(
        *((f"u{user}", "old", "purchase", 0) for user in range(5)),
        ("u0", "new", "purchase", 35),
        ("u0", "both", "purchase", 0),
        ("u1", "both", "purchase", 36),
        ("u0", "new", "purchase", 37),
        *((f"u{user}", "seen", "view", 38) for user in range(5)),
    )
    scorer = popularity(history(made, day(39)))
    scores = dict(zip(made.items, scorer.block(np.array([0]))[0], strict=True))
    assert scores == pytest.approx({"both": 1 + 2 / 6, "new": 1 + 1 / 6, "old": 5 / 6, "seen": 0})
    assert scorer.block(np.array([3, 1, 2])).shape == (3, 4)


def test_neighbours_are_those_of_brute_force():
    matrix = np.array([[1, 1, 0, 0], [1, 1, 1, 0], [0, 1, 1, 0], [1, 0, 0, 0]], dtype=float)
    found = similar_items(sp.csr_matrix(matrix), shrinkage=2.0).toarray()
    # two of users in common, three and three users in all
    assert found[0, 1] == pytest.approx(2 / 5)
    assert found[1, 2] == pytest.approx(2 / np.sqrt(5 * 4))
    np.testing.assert_allclose(found, cosines(matrix, 2.0), atol=1e-12)


def test_only_the_nearest_neighbours_stay():
    matrix = np.array([[1, 1, 1, 1], [1, 1, 1, 0], [1, 1, 0, 0]], dtype=float)
    found = similar_items(sp.csr_matrix(matrix), shrinkage=1.0, k=1).toarray()
    assert (found[0] > 0).tolist() == [False, True, False, False]
    assert (found > 0).sum(axis=1).max() == 1


def test_item_neighbours_score_the_sum_over_what_a_user_met(known):
    scorer = item_neighbours(known, shrinkage=3.0)
    met = known.matrix("strength").toarray()
    np.testing.assert_allclose(scorer.block(EVERYBODY), met @ cosines(np.sign(met), 3.0), rtol=1e-5, atol=1e-5)


def test_baskets_are_the_items_of_a_user_and_a_day_and_fade():
    made = log(
        ("a", "1", "purchase", 0.1),
        ("a", "2", "purchase", 0.9),
        ("a", "3", "view", 0.95),
        ("a", "3", "purchase", 1.1),
        ("b", "2", "purchase", 45.0),
        ("b", "2", "purchase", 45.1),
        ("b", "3", "purchase", 45.2),
    )
    scorer = basket_neighbours(history(made, day(50)))
    # the first two are of one basket, 45 days before the last; the third stands alone on its day
    old, lone, new = np.sqrt(np.array([0.5 / np.sqrt(2), 0.5 ** (44 / 45), 1 / np.sqrt(2)]))
    baskets = np.array([[old, old, 0], [0, 0, lone], [0, new, new]])
    np.testing.assert_allclose(scorer.similarity.toarray(), cosines(baskets, 1.0), atol=1e-9)
    assert scorer.similarity[0, 2] == 0


def test_the_linear_model_is_the_closed_form_with_a_general_inverse(known):
    rows = np.minimum(known.matrix("decayed").toarray(), 2.0)
    precision = np.linalg.inv(rows.T @ rows + 30 * np.eye(known.n_items))
    weights = np.eye(known.n_items) - precision / np.diag(precision)
    scorer = linear(known, penalty=30.0)
    np.testing.assert_allclose(scorer.weights, weights, atol=1e-5)
    assert not np.diag(scorer.weights).any()
    np.testing.assert_allclose(scorer.block(EVERYBODY), rows @ weights, atol=1e-4)


def test_the_linear_model_takes_the_items_that_are_bought_most(known, monkeypatch):
    monkeypatch.setattr("vitrina.marketplace.scorers.MOST_LINEAR_ITEMS", 10)
    scorer = linear(known)
    buyers = known.items["buyers"].to_numpy()
    assert len(scorer.kept) == 10
    assert buyers[scorer.kept].min() >= np.delete(buyers, scorer.kept).max()
    assert not np.delete(scorer.block(EVERYBODY), scorer.kept, axis=1).any()


def test_factors_score_by_their_product_and_the_items_bias():
    scorer = FactorScorer(np.array([[1, 2], [0, 1]]), np.array([[1, 1], [3, 0], [0, 0]]), np.array([0.5, 0, -1]))
    assert scorer.block(np.array([1, 0])).tolist() == [[1.5, 0, -1], [3.5, 3, -1]]


def share_above_median(scorer, known):
    """How often what a user bought scores above the median of the catalogue."""
    met = known.matrix("purchases").toarray() > 0
    block = scorer.block(EVERYBODY)
    return (block > np.median(block, axis=1, keepdims=True))[met].mean()


@pytest.mark.parametrize("name", ["item_knn", "baskets", "linear", "als", "lightfm"])
def test_every_model_has_learnt_what_users_like(known, name):
    assert share_above_median(fit_scorers(known, SMALL.with_(epochs=15), seed=1)[name], known) > 0.75


def test_two_fits_are_the_same_to_the_last_bit_and_another_seed_is_not(known):
    one, again, other = (fit_scorers(known, SMALL, seed=seed) for seed in (1, 1, 2))
    for name, scorer in one.items():
        assert np.array_equal(scorer.block(EVERYBODY), again[name].block(EVERYBODY))
    assert not np.array_equal(one["lightfm"].block(EVERYBODY), other["lightfm"].block(EVERYBODY))
    assert not np.array_equal(one["als"].block(EVERYBODY), other["als"].block(EVERYBODY))


def test_what_models_know_of_is_before_the_cut(known):
    before = history(shop_log().before(day(50)), day(50))
    for name, scorer in fit_scorers(before, SMALL, seed=1).items():
        assert np.array_equal(scorer.block(EVERYBODY), fit_scorers(known, SMALL, seed=1)[name].block(EVERYBODY))


def test_a_history_of_looks_alone_can_be_learnt_from():
    made = log(("a", "1", "view", 0), ("a", "2", "view", 0), ("b", "1", "view", 1), ("b", "2", "purchase", 9))
    views = history(made, day(5))
    for scorer in (popularity(views), *fit_scorers(views, SMALL, seed=1).values()):
        block = scorer.block(np.array([0, 1]))
        assert block.shape == (2, 2)
        assert np.isfinite(block).all()
    assert item_neighbours(views).block(np.array([0])).any()


def test_models_of_factors_take_their_parameters(known):
    fitted = lightfm(known, components=5, epochs=1, learning_rate=0.1, seed=1)
    assert fitted.items.shape == (known.n_items, 5)
    assert least_squares(known, components=6, seed=1).users.shape == (known.n_users, 6)
