import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.stores.made_up_stores import features_and_catalogue, random_stores, three_groups
from vitrina.stores import rules as rules_module
from vitrina.stores.clustering import cluster_stores
from vitrina.stores.rules import ABOVE, AT_MOST, conditions_of, rules, short_number
from vitrina.stores.scenario import Scenario


def covered(clustering, conditions):
    """Which stores a rule covers, read from its words alone; a gap counts as the median."""
    filled = clustering.stores.with_columns(pl.col(name).fill_null(pl.col(name).median()) for name in clustering.features)
    inside = np.ones(filled.height, dtype=bool)
    for condition in conditions_of(conditions):
        values = filled.get_column(condition.feature).to_numpy()
        inside &= values <= condition.threshold if condition.sign == AT_MOST else values > condition.threshold
    return inside


def test_three_obvious_groups_have_one_perfect_rule_each():
    table = rules(cluster_stores(*three_groups(), Scenario()))
    assert table.select("rule", "cluster", "n_stores", "precision", "recall").rows() == [
        (1, 1, 20, 1.0, 1.0),
        (2, 2, 20, 1.0, 1.0),
        (3, 3, 20, 1.0, 1.0),
    ]
    assert table.item(0, "tree_accuracy") > 0.95


@pytest.mark.parametrize("seed", range(6))
def test_a_rule_covers_what_it_says_with_the_precision_and_recall_it_says(seed):
    clustering = cluster_stores(*random_stores(150, seed=seed, gaps=0.1), Scenario(n_clusters=4))
    table = rules(clustering)
    total = np.zeros(150, dtype=int)
    for rule in table.iter_rows(named=True):
        inside, members = covered(clustering, rule["conditions"]), clustering.labels == rule["cluster"]
        assert inside.sum() == rule["n_stores"]
        assert (inside & members).sum() / inside.sum() == pytest.approx(rule["precision"])
        assert (inside & members).sum() / members.sum() == pytest.approx(rule["recall"])
        total += inside
    assert set(total) == {1}, "every store is covered by exactly one rule"
    assert table.get_column("n_stores").min() >= 3


def test_a_rule_names_a_feature_once_per_sign_and_keeps_the_stronger_bound():
    # revenue alone tells four clusters apart, so the tree asks for it again and again
    revenue = [float(value) for start in (0, 100, 200, 300) for value in range(start, start + 20)]
    clustering = cluster_stores(*features_and_catalogue({"revenue": revenue}), Scenario(n_clusters=4))
    stated = {row["cluster"]: json.loads(row["conditions"]) for row in rules(clustering).iter_rows(named=True)}
    (highest,) = stated[1]
    assert (highest["feature"], highest["sign"]) == ("revenue", ABOVE)
    assert 219 <= highest["threshold"] < 300
    assert [condition["sign"] for condition in stated[2]] in ([ABOVE, AT_MOST], [AT_MOST, ABOVE])
    assert all(len({condition["sign"] for condition in stated[cluster]}) == len(stated[cluster]) for cluster in stated)


def test_a_threshold_has_as_few_digits_as_keep_the_stores_apart():
    assert short_number(1234.4, 1298.8) == 1270.0
    assert short_number(219.0, 300.0) == 260.0
    assert short_number(-0.5, 0.5) == 0.0
    assert short_number(1.0, float(np.nextafter(1.0, 2.0))) == 1.0


@given(st.floats(-1e12, 1e12), st.floats(-1e12, 1e12))
def test_a_shortened_threshold_stays_between_its_neighbours(one, other):
    low, high = sorted((one, other))
    if low < high:
        assert low <= short_number(low, high) < high


def test_a_value_that_the_tree_rounds_to_the_other_side_of_a_threshold_stays_where_the_tree_put_it():
    # scikit-learn compares 32-bit numbers: 1,000,000,096 becomes 1,000,000,128, the threshold is 1,000,000,096
    revenue = [1e9 + 64 + place % 10 for place in range(30)] + [1e9 + 96] * 30
    clustering = cluster_stores(*features_and_catalogue({"revenue": revenue}), Scenario(n_clusters=2))
    table = rules(clustering)
    assert table.get_column("n_stores").to_list() == [30, 30]
    assert table.get_column("precision").to_list() == [1.0, 1.0]
    assert covered(clustering, table.item(0, "conditions")).tolist() == (clustering.labels == 1).tolist()


def test_one_cluster_is_one_rule_without_conditions():
    (rule,) = rules(cluster_stores(*random_stores(20, seed=1), Scenario(n_clusters=1))).iter_rows(named=True)
    assert (rule["conditions"], rule["precision"], rule["recall"], rule["n_stores"]) == ("[]", 1.0, 1.0, 20)


def test_a_cluster_smaller_than_the_folds_leaves_the_accuracy_open():
    values = {"revenue": [1.0, 1.1, 1.2, 1.3, 900.0, 1.15, 1.25, 1.05, 1.22, 1.18]}
    clustering = cluster_stores(*features_and_catalogue(values), Scenario(n_clusters=2))
    assert rules(clustering).get_column("tree_accuracy").null_count() == rules(clustering).height


def test_accuracy_is_told_for_stores_that_the_tree_has_not_seen():
    clustering = cluster_stores(*random_stores(200, seed=2), Scenario(n_clusters=3))
    shuffled = replace(clustering, labels=np.random.default_rng(0).permutation(clustering.labels))
    table = rules(shuffled)
    seen = (table.get_column("precision") * table.get_column("n_stores")).sum() / 200
    assert table.item(0, "tree_accuracy") < seen


def test_many_stores_are_judged_by_a_tree_of_a_sample_but_all_are_counted(monkeypatch):
    monkeypatch.setattr(rules_module, "MAX_FITTED", 40)
    clustering = cluster_stores(*three_groups(per_group=40), Scenario(n_clusters=3))
    table = rules(clustering, seed=1)
    assert table.get_column("n_stores").sum() == 120
    assert table.equals(rules(clustering, seed=1))
