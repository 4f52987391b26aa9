"""Items that nobody has met are what their features say."""

import numpy as np
import pytest
from scipy import sparse

from vitrina.marketplace.cold_start import Represented, cold_vectors, fit_lightfm
from vitrina.marketplace.factors import FactorsError

N_USERS, N_ITEMS, N_COLD = 200, 60, 12
FITTED = {"components": 8, "epochs": 15, "seed": 3}


@pytest.fixture(scope="module")
def shop():
    """Users like one of three categories; the last items are of these categories, too, but nobody has met them."""
    rng = np.random.default_rng(0)
    taste, category = np.arange(N_USERS) % 3, np.arange(N_ITEMS) % 3
    liked = (taste[:, None] == category) & (rng.random((N_USERS, N_ITEMS)) < 0.3)
    liked[:, -N_COLD:] = False
    features = sparse.csr_matrix(np.eye(3, dtype=np.float32)[category])
    return sparse.csr_matrix(liked.astype(np.float32)), features, taste, category


@pytest.fixture(scope="module")
def learnt(shop):
    interactions, features, _, _ = shop
    return fit_lightfm(interactions, item_features=features, **FITTED)


def share_of_right_category(users, items, biases, taste, category):
    """Share of users whose best cold item is of the category that they like."""
    scores = users @ items[-N_COLD:].T + biases[-N_COLD:]
    return np.mean(category[-N_COLD:][scores.argmax(axis=1)] == taste)


def test_cold_items_are_shown_to_those_who_like_their_category(shop, learnt):
    _, _, taste, category = shop
    assert share_of_right_category(learnt.users.vectors, learnt.items.vectors, learnt.items.biases, taste, category) > 0.95


def test_leaving_out_a_cold_items_own_vector_helps(shop, learnt):
    from lightfm import LightFM  # noqa: PLC0415  # as in the code that is tested

    interactions, features, taste, category = shop
    items = sparse.hstack([sparse.identity(N_ITEMS, dtype=np.float32), features], format="csr")
    plain = LightFM(no_components=8, loss="warp", max_sampled=10, random_state=3).fit(interactions, item_features=items, epochs=15)
    biases, vectors = plain.get_item_representations(items)
    _, users = plain.get_user_representations()
    np.testing.assert_array_equal(users, learnt.users.vectors)
    # items of one category differ only by their own vectors, which of cold ones say nothing
    ours = learnt.items.vectors[-N_COLD:][category[-N_COLD:] == 0]
    assert np.ptp(ours, axis=0).max() == 0
    assert np.ptp(vectors[-N_COLD:][category[-N_COLD:] == 0], axis=0).max() > 0
    margin = [
        margin_of_category(users, represented, of_items, taste, category)
        for represented, of_items in ((learnt.items.vectors, learnt.items.biases), (vectors, biases))
    ]
    assert margin[0] > margin[1]


def margin_of_category(users, items, biases, taste, category):
    """How often a cold item of the liked category is scored higher than an item of another, which everybody knows."""
    scores = users @ items.T + biases
    own = np.arange(N_ITEMS) >= N_ITEMS - N_COLD
    wins = [
        scores[user][own & (category == liked)][:, None] > scores[user][~own & (category != liked)]
        for user, liked in enumerate(taste)
    ]
    return np.mean([won.mean() for won in wins])


def test_an_item_with_interactions_keeps_its_own_vector(learnt):
    assert np.ptp(learnt.items.vectors[0:30:3], axis=0).max() > 0


def test_users_without_interactions_are_their_features_alone(shop):
    interactions, features, taste, _ = shop
    quiet = interactions.tolil()
    quiet[:6] = 0
    by_user = sparse.csr_matrix(np.eye(3, dtype=np.float32)[taste])
    learnt = fit_lightfm(quiet.tocsr(), item_features=features, user_features=by_user, **FITTED)
    np.testing.assert_array_equal(learnt.users.vectors[0], learnt.users.vectors[3])
    np.testing.assert_array_equal(learnt.users.vectors[:3], learnt.user_features.vectors)
    assert (learnt.users.vectors[6] != learnt.users.vectors[9]).any()


def test_without_features_who_was_never_met_is_nothing(shop):
    learnt = fit_lightfm(shop[0], **FITTED)
    assert not learnt.items.vectors[-N_COLD:].any()
    assert not learnt.items.biases[-N_COLD:].any()
    assert learnt.items.vectors[0].any()


def test_an_item_that_comes_later_is_represented_by_its_features(shop, learnt):
    later = cold_vectors(shop[1][-N_COLD:], learnt.item_features)
    np.testing.assert_array_equal(later.vectors, learnt.items.vectors[-N_COLD:])
    np.testing.assert_array_equal(later.biases, learnt.items.biases[-N_COLD:])


def test_the_same_input_gives_the_same_factors_and_another_seed_gives_others(shop, learnt):
    interactions, features, _, _ = shop
    again, other = (fit_lightfm(interactions, item_features=features, **FITTED | {"seed": seed}) for seed in (3, 4))
    np.testing.assert_array_equal(again.items.vectors, learnt.items.vectors)
    np.testing.assert_array_equal(again.users.vectors, learnt.users.vectors)
    assert (other.items.vectors != learnt.items.vectors).any()


def test_weights_count(shop, learnt):
    interactions, features, _, _ = shop
    equal, unequal = (
        fit_lightfm(interactions, weights, item_features=features, **FITTED)
        for weights in (np.ones(interactions.nnz), np.linspace(0.1, 2, interactions.nnz))
    )
    np.testing.assert_array_equal(equal.items.vectors, learnt.items.vectors)
    assert (unequal.items.vectors != learnt.items.vectors).any()


def test_what_does_not_fit_together_is_refused(shop, learnt):
    interactions, features, _, _ = shop
    with pytest.raises(FactorsError, match="weights"):
        fit_lightfm(interactions, np.ones(3))
    with pytest.raises(FactorsError, match="60 items, and features of 59"):
        fit_lightfm(interactions, item_features=features[:59])
    with pytest.raises(FactorsError, match="2 columns of features, and 3"):
        cold_vectors(features[:, :2], learnt.item_features)


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_what_diverges_is_refused(shop):
    with pytest.raises(FactorsError, match="gave up"):
        fit_lightfm(shop[0], item_features=shop[1] * 1e30, **FITTED)


def test_a_sum_of_features_is_taken_by_value():
    learnt = Represented(np.array([[1, 2], [10, 20]], np.float32), np.array([3, 30], np.float32))
    found = cold_vectors(sparse.csr_matrix([[0.5, 1.0], [0, 0]]), learnt)
    assert found.vectors.tolist() == [[10.5, 21], [0, 0]]
    assert found.biases.tolist() == [31.5, 0]
