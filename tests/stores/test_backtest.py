import polars as pl
import pytest
from sklearn.metrics import adjusted_rand_score

from tests.stores.made_up_quarters import THREE, changed, day, quarters
from vitrina.errors import ScenarioError
from vitrina.stores.backtest import backtest

FEATURES, CATALOGUE = quarters(4)


def test_a_network_that_does_not_change_is_clustered_alike_in_every_quarter():
    found = backtest(FEATURES, CATALOGUE, THREE, fitted_on=day(0), quarters=[day(1), day(2), day(3)])
    assert found.rows() == [(day(number), 30, 1.0, 0.0, 1.0) for number in (1, 2, 3)]


def test_a_store_that_moved_lowers_the_index_by_as_much_as_computed_by_hand():
    moved = changed(FEATURES, day(2), "s000", revenue=340.0, receipts=34.0, average_basket=10.0, age=2.0)
    found = backtest(moved, CATALOGUE, THREE, fitted_on=day(0), quarters=[day(2)])
    before, now = [1] * 10 + [2] * 10 + [3] * 10, [3] + [1] * 9 + [2] * 10 + [3] * 10
    assert found.item(0, "ari") == found.item(0, "ari_of_challenger") == pytest.approx(adjusted_rand_score(before, now))
    assert found.item(0, "share_moved") == pytest.approx(1 / 30)


def test_the_model_of_one_quarter_may_score_earlier_ones():
    assert backtest(FEATURES, CATALOGUE, THREE, fitted_on=day(3), quarters=[day(1)]).item(0, "ari") == 1.0


def test_only_stores_of_both_quarters_are_compared():
    opened = FEATURES.filter(~((pl.col("quarter") == day(1)) & (pl.col("store_id") < "s003")))
    assert backtest(opened, CATALOGUE, THREE, fitted_on=day(0), quarters=[day(2)]).item(0, "n_common") == 27


def test_a_quarter_without_features_is_refused_not_left_out():
    with pytest.raises(ScenarioError):
        backtest(FEATURES, CATALOGUE, THREE, fitted_on=day(0), quarters=[day(5)])
