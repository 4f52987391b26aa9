"""Parameters by rolling months."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.propensity.small_bank import MONTHS, SMALL, bank, features_of, shuffled, with_gaps
from vitrina.propensity import search as searching
from vitrina.propensity.fitting import fit
from vitrina.propensity.measures import gini
from vitrina.propensity.models import ModelParameters
from vitrina.propensity.search import milestone, search
from vitrina.propensity.tables import PropensityTrials

SETTINGS = {
    "logistic": (ModelParameters(inverse_penalty=1e-9, text_components=2), SMALL["logistic"]),
    "boosted": (ModelParameters(trees=1, leaves=2, least_leaf=15, text_components=0), SMALL["boosted"]),
}


@pytest.fixture(autouse=True)
def few_settings(monkeypatch):
    """Two settings of each family, of which the second is the better one."""
    monkeypatch.setattr(searching, "SETTINGS", SETTINGS)


@pytest.fixture(scope="module")
def small():
    return bank(MONTHS[:5])


@given(st.integers(2, 500))
def test_a_milestone_is_reached_and_holds_until_the_history_has_grown_by_half(months):
    found = milestone(months)
    assert 2 <= found <= months < found + max(1, found // 2)
    assert milestone(found) == found


@pytest.mark.parametrize(("months", "found"), [(0, 0), (1, 1), (2, 2), (3, 3), (5, 4), (6, 6), (8, 6), (9, 9), (13, 13)])
def test_a_milestone_is_never_more_than_there_is(months, found):
    assert milestone(months) == found


def test_the_setting_with_the_best_mean_gini_over_the_folds_is_taken(small):
    features, labels = small
    chosen, trials = search(MONTHS[:5], labels, features_of(features), seed=0)
    means = trials.group_by("family", "trial").agg(pl.col("gini").mean())
    best = dict(means.sort("gini").select("family", "trial").iter_rows())
    assert chosen == {family: SETTINGS[family][trial] for family, trial in best.items()}
    assert chosen["boosted"] == SMALL["boosted"]
    assert set(trials.filter("chosen").select("family", "trial").iter_rows()) == set(best.items())
    assert set(trials["month"]) == {MONTHS[4]}


def test_each_fold_is_judged_by_a_model_that_knows_months_over_before_it_alone(small):
    features, labels = small
    _, trials = search(MONTHS[:5], labels, features_of(features), seed=0)
    assert trials["fold"].unique().sort().to_list() == list(MONTHS[3:5])
    row = trials.row(
        by_predicate=(pl.col("family") == "logistic") & (pl.col("trial") == 1) & (pl.col("fold") == MONTHS[4]), named=True
    )
    judged = features.filter(pl.col("month") == MONTHS[4]).sort("client_id")
    opened = labels.filter(pl.col("month") == MONTHS[4]).sort("client_id")["opened"].to_numpy()
    before = features.filter(pl.col("month") <= MONTHS[1])
    model = fit(before, labels, "logistic", parameters=SETTINGS["logistic"][1], seed=0)
    assert row["gini"] == pytest.approx(gini(model.log_odds(judged), opened))
    assert (row["clients"], row["openings"]) == (judged.height, opened.sum())
    assert ModelParameters.from_json(row["parameters"]) == SETTINGS["logistic"][1]


def test_the_same_seed_chooses_the_same_whatever_the_order_of_rows(small, monkeypatch):
    features, labels = small
    monkeypatch.setattr(searching, "MOST_CLIENTS", 200)
    chosen, trials = search(MONTHS[:5], labels, features_of(features), seed=3)
    again = search(MONTHS[:5], shuffled(labels), features_of(shuffled(features)), seed=3)
    assert again[0] == chosen
    assert again[1].equals(trials)
    assert set(trials["clients"]) == {200}


def test_months_that_are_not_looked_at_change_nothing(small):
    features, labels = small
    _, trials = search(MONTHS[:4], labels, features_of(features), seed=0)
    turned = labels.with_columns(opened=pl.col("opened") ^ (pl.col("month") == MONTHS[4]))
    assert search(MONTHS[:4], turned, features_of(features), seed=0)[1].equals(trials)


def test_a_column_that_a_fold_lacks_is_not_learnt_for_it(small):
    features, labels = small
    with_gap = search(MONTHS[:4], labels, features_of(with_gaps(features, "n_turnover", [MONTHS[3]])), seed=0)
    without = search(MONTHS[:4], labels, features_of(features.drop("n_turnover")), seed=0)
    assert with_gap[1].equals(without[1])


def test_of_settings_that_are_equally_good_the_first_is_taken(small, monkeypatch):
    features, labels = small
    monkeypatch.setattr(searching, "SETTINGS", {family: (setting, setting) for family, (_, setting) in SETTINGS.items()})
    _, trials = search(MONTHS[:4], labels, features_of(features), seed=0)
    assert trials.filter("chosen")["trial"].unique().to_list() == [0]


@pytest.mark.parametrize("months", [[], MONTHS[:1], MONTHS[:3]])
def test_with_too_few_months_the_first_setting_stands_untried(small, months):
    features, labels = small
    chosen, trials = search(months, labels, features_of(features), seed=0)
    assert chosen == {family: settings[0] for family, settings in SETTINGS.items()}
    assert trials.equals(PropensityTrials.empty())


def test_a_fold_with_fewer_than_thirty_openings_is_passed_over(small):
    features, labels = small
    last = pl.col("month") == MONTHS[4]
    few = labels.with_columns(opened=pl.col("opened") & ~(last & ((pl.col("opened") & last).cum_sum() > 29)))
    _, trials = search(MONTHS[:5], few, features_of(features), seed=0)
    assert trials["fold"].unique().to_list() == [MONTHS[3]]
