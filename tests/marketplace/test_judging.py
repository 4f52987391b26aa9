"""A window judged: the same questions for every model, and tables that say what was measured."""

import datetime as dt
from functools import cache

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score

from tests.marketplace.small_shop import HORIZON, SMALL, day, fitted, log, rows, shop_log, shop_plan
from vitrina.marketplace import judging
from vitrina.marketplace.fitted import Fitted
from vitrina.marketplace.judgement import customer_targets
from vitrina.marketplace.judging import JUDGED, best_items, choose_diversity, score_pairs
from vitrina.marketplace.learning import importance, judge
from vitrina.marketplace.log import PURCHASE, NothingToLearnError, log_of
from vitrina.marketplace.measure_names import AUC_UNIFORM, LIFT, LOST_UNIFORM, PRECISION, PRECISION_UNIFORM, RERANKER
from vitrina.marketplace.windows import plan


class Table:
    """A model whose scores are given."""

    def __init__(self, scores):
        self.scores = np.array(scores, dtype=np.float32)

    def block(self, users):
        return self.scores[users]


@cache
def judged():
    return judge(fitted(), shop_plan())


def told(quality, measure, *, scorer=RERANKER, window="test", kind="all"):
    rows_of_it = quality.filter(measure=measure, scorer=scorer, window=window, segment_kind=kind)
    return rows_of_it.row(0, named=True) if kind == "all" else rows_of_it


def test_the_best_of_allowed_items_stand_in_order_and_ties_go_to_the_lower_code():
    scorer = Table([[5, 1, 3, 3], [0, 0, 9, 0]])
    found = best_items(scorer, np.array([1, 0]), np.array([False, True, True, True]), 2)
    assert found.rows() == [(1, 1, 2, 9.0), (1, 2, 1, 0.0), (0, 1, 2, 3.0), (0, 2, 3, 3.0)]
    assert best_items(scorer, np.array([0]), np.array([True, False, False, False]), 3)["item"].to_list() == [0]
    assert best_items(scorer, np.zeros(0, dtype=np.int64), np.ones(4, dtype=bool), 3).is_empty()


def test_pairs_are_scored_in_the_order_in_which_they_are_asked():
    rng = np.random.default_rng(0)
    scores = rng.random((600, 9))
    users, items = rng.integers(0, 600, 2000), rng.integers(0, 9, 2000)
    np.testing.assert_allclose(score_pairs(Table(scores), users, items), scores[users, items], rtol=1e-6)


def test_a_trial_is_about_known_users_who_bought_known_items_and_knows_nothing_of_the_window():
    trial = judged().test
    window = shop_plan().test
    bought = shop_log().between(window.start, window.end).filter(pl.col("kind") == PURCHASE)
    assert set(trial.users.tolist()) <= set(bought["user"].to_list())
    assert trial.known.history.warm_users[trial.users].all()
    assert trial.known.history.cut == window.start
    assert judged().latest_feature_day < judged().test_start_day
    assert judged().latest_feature_day == shop_log().before(window.start).events["day"].max()


def test_figures_are_those_of_scikit_learn_and_of_a_loop():
    trial, quality = judged().test, judged().quality
    asked = trial.asked
    scores = trial.judge_of_pairs.log_odds(trial.known.of(asked.users, asked.items))
    others = trial.judge_of_pairs.log_odds(trial.known.of(asked.users, asked.uniform[:, 0]))
    truth = np.arange(2 * len(scores)) < len(scores)
    assert told(quality, AUC_UNIFORM)["value"] == pytest.approx(roc_auc_score(truth, np.concatenate([scores, others])))
    lists = trial.lists(RERANKER, judged().diversity)
    bought = set(zip(asked.users.tolist(), asked.items.tolist(), strict=True))
    hits = [(user, item) in bought for user, item in lists.filter(pl.col("place") <= 10).select("user", "item").iter_rows()]
    assert told(quality, PRECISION)["value"] == pytest.approx(sum(hits) / 10 / len(trial.users))
    popular = told(quality, PRECISION, scorer="popularity")["value"]
    assert told(quality, LIFT)["value"] == pytest.approx(told(quality, PRECISION)["value"] - popular)
    assert told(quality, "candidate_recall")["value"] > 0.9


def test_thresholds_come_from_the_window_before():
    trial, quality = judged().validation, judged().quality
    uniform, _ = trial.verdicts(RERANKER)
    at = uniform.threshold()
    on_test, _ = judged().test.verdicts(RERANKER)
    assert told(quality, LOST_UNIFORM)["value"] == pytest.approx((on_test.bought < at).mean())
    # the window before has none
    for measure in (LOST_UNIFORM, PRECISION_UNIFORM):
        assert told(quality, measure, window="validation")["value"] is None


def test_against_items_that_are_as_popular_popularity_knows_little_and_its_logarithm_is_taken_off():
    uniform, matched = judged().test.verdicts(RERANKER)
    prior = judged().test.asked.log_popularity
    assert np.array_equal(matched.bought, uniform.bought - prior[judged().test.asked.items])
    of_popularity, against_equals = judged().test.verdicts("popularity")
    assert np.array_equal(of_popularity.bought, against_equals.bought)


def test_models_that_know_taste_beat_popularity_on_the_made_up_shop():
    quality = judged().quality
    for scorer in (RERANKER, "item_knn"):
        assert told(quality, LIFT, scorer=scorer)["low"] > 0
    assert told(quality, AUC_UNIFORM)["value"] > 0.8


def test_every_measure_is_told_once_for_every_model_and_segment():
    quality = judged().quality
    assert quality.select("as_of", "window", "scorer", "measure", "segment_kind", "segment").is_unique().all()
    assert set(quality["scorer"]) == {"popularity", *JUDGED, RERANKER}
    assert set(quality["as_of"]) == {shop_log().end}
    assert set(quality.filter(segment_kind="platform")["segment"]) == {"Site", "Android", "iOS"}
    assert set(quality.filter(segment_kind="price level")["segment"]) == {"low", "middle", "high"}


def test_segments_divide_everybody():
    whole = told(judged().quality, PRECISION)
    for kind in ("purchases before", "price level", "platform"):
        parts = told(judged().quality, PRECISION, kind=kind)
        assert parts["n"].sum() == whole["n"]
        assert (parts["n"] * parts["value"]).sum() / whole["n"] == pytest.approx(whole["value"])


def test_the_customers_targets_stand_beside_what_was_reached_on_the_test():
    targets = customer_targets(judged().quality, shop_log().end)
    assert targets["bar"].to_list() == [0.85, 0.70, 0.20]
    assert targets["value"].to_list() == [
        told(judged().quality, measure)["value"] for measure in (AUC_UNIFORM, PRECISION_UNIFORM, LOST_UNIFORM)
    ]
    for value, bar, at_least, holds in targets.select("value", "bar", "at_least", "holds").iter_rows():
        assert holds == (value >= bar if at_least else value <= bar)
    assert not customer_targets(judged().quality.clear(), shop_log().end)["holds"].any()


def test_two_judgements_are_the_same_to_the_last_bit():
    again = judge(Fitted(shop_log(), SMALL, 7), shop_plan())
    assert again.quality.equals(judged().quality)
    assert again.diversity == judged().diversity


def test_lists_are_as_varied_as_precision_allows(monkeypatch):
    figures = {0.0: 0.30, 0.25: 0.299, 0.5: 0.298, 0.75: 0.2}
    monkeypatch.setattr(judging, "DIVERSITIES", tuple(figures))
    monkeypatch.setattr(judging, "_precision", lambda _, diversity: figures[diversity])
    assert choose_diversity(judged().validation) == 0.5
    figures[0.25] = figures[0.5] = 0.1
    assert choose_diversity(judged().validation) == 0.0


def test_what_the_reranker_rests_on_is_told_feature_by_feature():
    found = importance(judged().validation, seed=1)
    assert found["feature"].to_list() == list(judged().validation.known.meanings())
    assert found.equals(importance(judged().validation, seed=1))
    # what users had before tells most; a feature that no tree has split on loses nothing
    used = {at for model in judged().validation.reranker.models for [tree] in model._predictors for at in tree.nodes["feature_idx"]}
    lost = found.with_row_index().filter(~pl.col("index").is_in(sorted(used)))
    assert lost.height
    assert set(lost["loss_of_auc"]) == {0}
    assert found["loss_of_auc"].max() > 0.001


def test_a_window_of_strangers_is_refused_with_what_to_do():
    strangers = rows(*((f"s{user}", "i01", PURCHASE, 41 + user / 2) for user in range(38)))
    events = shop_log().before(day(40))
    named = events.events.with_columns(
        user_hash=events.users[events.events["user"].to_numpy()], item_id=events.items[events.events["item"].to_numpy()]
    ).with_columns(pl.col("kind", "platform").cast(pl.String))
    made = log_of(pl.concat([named.select(strangers.columns), strangers]))
    with pytest.raises(NothingToLearnError, match="No known user bought a known item from 2026-04-11 to 2026-04-21") as refused:
        judge(Fitted(made, SMALL, 7), plan(made, HORIZON))
    assert "longer log" in refused.value.remedy


def test_a_log_in_which_nobody_buys_again_is_refused_with_what_to_do():
    views = [(user, item, "view", at) for at in range(30) for user, item in (("a", "1"), ("b", "2"))]
    made = log(*views, ("a", "1", PURCHASE, 29.5))
    with pytest.raises(NothingToLearnError, match="No known user bought a known item") as refused:
        judge(Fitted(made, SMALL, 7), plan(made, 5))
    assert "deliver a longer log" in refused.value.remedy
    assert made.first_day == dt.date(2026, 3, 2)
