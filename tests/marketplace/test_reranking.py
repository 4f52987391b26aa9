"""The second stage: what it learns from, what it looks at, and lists in which no two items say the same."""

import numpy as np
import polars as pl
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.marketplace.small_shop import SMALL, day, fitted, log, shop_log, shop_plan
from vitrina.marketplace import reranking
from vitrina.marketplace.history import history
from vitrina.marketplace.log import purchased_pairs
from vitrina.marketplace.reranking import (
    NEGATIVES_PER_PAIR,
    Examples,
    Reranker,
    candidates,
    diversified,
    examples,
    fit_reranker,
    list_examples,
)
from vitrina.marketplace.suitability import area_under_curve


@pytest.fixture(scope="module")
def known():
    return fitted().known(shop_plan().test.start)


@pytest.fixture(scope="module")
def learnt():
    return fitted().examples(shop_plan().before_test)


def warm(known):
    return np.flatnonzero(known.history.warm_users)


def test_each_pair_that_was_bought_stands_beside_six_that_were_not():
    window = shop_plan().before_test[-1]
    found = examples(fitted().known(window.start), shop_log().between(window.start, window.end), seed=1)
    assert len(found.features) == len(found.bought) == (1 + NEGATIVES_PER_PAIR) * found.bought.sum()
    names = list(fitted().known(window.start).meanings())
    assert found.features.shape[1] == len(names)
    assert found.features[found.bought, names.index("pair_purchases")].mean() > (
        5 * found.features[~found.bought, names.index("pair_purchases")].mean()
    )


def test_each_candidate_that_was_bought_stands_beside_three_of_the_same_users_that_were_not(monkeypatch):
    monkeypatch.setattr(reranking, "CANDIDATES_PER_SCORER", 9)
    window = shop_plan().before_test[-1]
    known, events = fitted().known(window.start), shop_log().between(window.start, window.end)
    found = list_examples(known, events, seed=1)
    buyers, items = purchased_pairs(events)
    users, offered = candidates(known.history, known.scorers, np.unique(buyers[known.history.warm_users[buyers]]))
    bought = np.isin(users * known.history.n_items + offered, buyers * known.history.n_items + items)
    assert 0 < found.bought.sum() == bought.sum()
    assert (~found.bought).sum() == min(3 * bought.sum(), (~bought).sum())
    positives = known.of(users[bought], offered[bought])
    np.testing.assert_array_equal(found.features[found.bought], positives)


def test_where_no_candidate_was_bought_the_whole_catalogue_is_learnt_from(known):
    window = shop_plan().test
    events = shop_log().between(window.start, window.end)
    nothing = events.filter(pl.col("kind") == "view")
    assert len(list_examples(known, nothing, seed=1).bought) == 0
    everything = list_examples(known, events, seed=1)
    assert len(everything.bought) < len(examples(known, events, seed=1).bought)


def test_of_very_many_buyers_some_are_learnt_from(known, monkeypatch):
    window = shop_plan().test
    events = shop_log().between(window.start, window.end)
    whole = list_examples(known, events, seed=1)
    monkeypatch.setattr(reranking, "MOST_USERS_PER_WINDOW", 5)
    few = list_examples(known, events, seed=1)
    assert 0 < few.bought.sum() < whole.bought.sum() / 3


def test_what_is_learnt_from_a_window_is_older_than_the_window(learnt):
    names = list(fitted().known(shop_plan().test.start).meanings())
    for name in ("pair_last", "pair_seen", "user_last", "item_last"):
        assert np.nanmin(learnt.features[:, names.index(name)]) > 0


def test_windows_are_put_behind_one_another():
    parts = [Examples(np.full((n, 2), n, dtype=np.float32), np.arange(n) < 1) for n in (2, 3)]
    whole = Examples.of(parts)
    assert whole.features[:, 0].tolist() == [2, 2, 3, 3, 3]
    assert whole.bought.tolist() == [True, False, True, False, False]


def test_a_reranker_tells_purchases_of_a_window_that_it_has_not_seen(learnt):
    reranker = fit_reranker(learnt, SMALL, seed=1)
    window = shop_plan().test
    unseen = examples(fitted().known(window.start), shop_log().between(window.start, window.end), seed=2)
    scores = reranker.log_odds(unseen.features)
    assert area_under_curve(scores[unseen.bought], scores[~unseen.bought]) > 0.8


def test_the_same_seed_fits_the_same_trees(learnt):
    one, again, other = (fit_reranker(learnt, SMALL, seed=seed).log_odds(learnt.features) for seed in (1, 1, 2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


def test_log_odds_of_several_models_are_averaged(learnt):
    several = fit_reranker(learnt, SMALL.with_(seeds=3), seed=1)
    each = [Reranker((model,)).log_odds(learnt.features) for model in several.models]
    np.testing.assert_allclose(several.log_odds(learnt.features), np.mean(each, axis=0), atol=1e-12)
    assert np.array_equal(each[1], fit_reranker(learnt, SMALL, seed=2).log_odds(learnt.features))


@pytest.mark.parametrize(("trees", "expected"), [(150, 20), (15, 15)])
def test_of_few_purchases_fewer_trees_are_learnt(trees, expected):
    rng = np.random.default_rng(0)
    few = Examples(rng.random((60, 3)).astype(np.float32), np.arange(60) < 20)
    [model] = fit_reranker(few, SMALL.with_(trees=trees), seed=1).models
    assert model.n_iter_ == expected


def test_candidates_are_each_scorers_best_what_is_popular_and_what_was_met(known, monkeypatch):
    monkeypatch.setattr(reranking, "CANDIDATES_PER_SCORER", 3)
    users = warm(known)[:5]
    pairs = set(zip(*(codes.tolist() for codes in candidates(known.history, known.scorers, users)), strict=True))
    popular = np.argsort(-known.history.items["buyers_30"].to_numpy(), kind="stable")[:2]
    met = known.history.pairs.filter(pl.col("user").is_in(users.tolist())).select("user", "item").rows()
    for user in users.tolist():
        assert {(user, int(item)) for item in popular} <= pairs
        for scorer in known.scorers.values():
            assert (user, int(np.argmax(scorer.block(np.array([user]))[0]))) in pairs
    assert set(met) <= pairs
    assert len(pairs) <= len(met) + 5 * 6 * 3


def test_candidates_are_different_pairs_in_order_of_known_items_only(known):
    users, items = candidates(known.history, known.scorers, warm(known))
    keys = users * known.history.n_items + items
    assert (np.diff(keys) > 0).all()
    assert known.history.known_items[items].all()
    assert not known.history.known_items.all()


def test_of_a_short_list_of_allowed_items_all_are_candidates(known, monkeypatch):
    monkeypatch.setattr(reranking, "CANDIDATES_PER_SCORER", 3)
    allowed = np.isin(np.arange(known.history.n_items), np.argsort(known.history.items["buyers"].to_numpy())[4:7])
    users, items = candidates(known.history, known.scorers, warm(known), allowed)
    assert len(users) == 3 * len(warm(known))
    assert allowed[items].all()


def test_nothing_that_may_be_shown_is_no_candidate_and_no_error(known):
    users, items = candidates(known.history, known.scorers, warm(known), np.zeros(known.history.n_items, dtype=bool))
    assert len(users) == len(items) == 0
    assert len(candidates(known.history, known.scorers, np.zeros(0, dtype=np.int64))[0]) == 0


def test_of_very_many_items_that_a_user_met_the_strongest_are_candidates(known, monkeypatch):
    monkeypatch.setattr(reranking, "MOST_OWN_ITEMS", 2)
    made = history(log(*(("a", f"{item}", "view", float(item)) for item in range(9)), ("b", "0", "purchase", 9.0)), day(10))
    monkeypatch.setattr(reranking, "CANDIDATES_PER_SCORER", 1)
    users, items = candidates(made, {}, np.array([0, 1]))
    # item 0 is the only one that anybody bought
    assert list(zip(users.tolist(), items.tolist(), strict=True)) == [(0, 0), (0, 7), (0, 8), (1, 0)]


def likeness(n, **pairs):
    found = np.zeros((n, n))
    for names, value in pairs.items():
        one, other = (int(digit) for digit in names[1:])
        found[one, other] = found[other, one] = value
    return sp.csr_matrix(found)


def list_of(scores, similarity, *, penalty, n, items=None):
    items = np.arange(len(scores)) if items is None else items
    made = diversified(
        np.zeros(len(scores), dtype=np.int64), items, np.array(scores, dtype=float), similarity, penalty=penalty, n=n
    )
    assert made["place"].to_list() == list(range(1, made.height + 1))
    return made["item"].to_list()


def test_the_next_item_is_the_best_less_what_it_has_in_common_with_those_before():
    # 0 and 1 say the same, 2 is half like 3
    like = likeness(4, p01=1.0, p23=0.5)
    scores = [3.0, 2.9, 2.5, 2.4]
    assert list_of(scores, like, penalty=0, n=4) == [0, 1, 2, 3]
    # after 0 and 2: 1 is worth 2.9 − 1, 3 is worth 2.4 − 0.5 × 1 (a tie of 1.9: rounding aside, 1 is below)
    assert list_of(scores, like, penalty=1.05, n=4) == [0, 2, 3, 1]
    assert list_of(scores, like, penalty=0.3, n=3) == [0, 1, 2]
    assert list_of(scores, like, penalty=0.5, n=3) == [0, 2, 1]


def test_what_counts_is_the_most_similar_item_before_and_not_the_sum():
    like = likeness(4, p03=0.6, p13=0.6, p02=0.7)
    # 2 loses 0.7 and 3 loses 0.6; by sums 3 would lose 1.2
    assert list_of([9.0, 8.0, 5.0, 5.0], like, penalty=1.0, n=4) == [0, 1, 3, 2]


def test_equal_scores_go_to_the_lower_code_and_the_score_stays_what_it_was():
    assert list_of([1.0, 2.0, 2.0], likeness(9), penalty=0.5, n=3, items=np.array([4, 8, 2])) == [2, 8, 4]
    made = diversified(np.array([5, 5]), np.array([0, 1]), np.array([2.0, 1.0]), likeness(2, p01=1.0), penalty=1.0, n=2)
    assert made.rows() == [(5, 1, 0, 2.0), (5, 2, 1, 1.0)]


def test_every_user_has_a_list_of_their_own_and_short_ones_stay_short():
    users, items = np.array([1, 1, 1, 4, 7, 7]), np.array([0, 1, 2, 2, 0, 1])
    made = diversified(users, items, np.array([1.0, 2, 3, 1, 1, 2]), likeness(3), penalty=0.5, n=2)
    assert made.select("user", "place", "item").rows() == [(1, 1, 2), (1, 2, 1), (4, 1, 2), (7, 1, 1), (7, 2, 0)]


def test_nobody_has_no_list():
    nothing = np.zeros(0, dtype=np.int64)
    assert diversified(nothing, nothing, nothing.astype(float), likeness(3), penalty=0.5, n=2).is_empty()


def naive(scores, like, penalty, n):
    left, taken = list(range(len(scores))), []
    while left and len(taken) < n:
        worth = [scores[item] - penalty * max([like[before, item] for before in taken], default=0) for item in left]
        taken.append(left.pop(int(np.argmax(worth))))
    return taken


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(1, 12), penalty=st.sampled_from([0.0, 0.25, 1.0, 5.0]))
def test_lists_are_those_of_a_naive_loop(seed, n, penalty):
    rng = np.random.default_rng(seed)
    like = rng.random((10, 10)) * (rng.random((10, 10)) < 0.5)
    like = np.triu(like, 1) + np.triu(like, 1).T
    scores = np.round(rng.normal(size=10), 3)
    # the naive loop knows no rule for equal scores
    scores += np.arange(10) * 1e-6
    assert list_of(scores, sp.csr_matrix(like), penalty=penalty, n=n) == naive(scores, like, penalty, n)
