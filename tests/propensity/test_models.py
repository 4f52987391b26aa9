"""Models: fitting, log-odds."""

import numpy as np
import polars as pl
import pytest

from tests.propensity.one_month import SMALL, clients, fitted, labels, with_texts
from vitrina.propensity import fitting
from vitrina.propensity.encoding import ModelError
from vitrina.propensity.models import ModelParameters

FAMILIES = pytest.mark.parametrize("family", ["logistic", "boosted"])


@FAMILIES
def test_models_tell_those_who_open_from_others_on_months_they_have_not_seen(family):
    model, later = fitted(clients(2_000), family), clients(2_000, seed=5)
    opened = labels(later, seed=6).get_column("opened").to_numpy()
    scores = model.log_odds(later)
    assert scores[opened].mean() > scores[~opened].mean() + 0.5
    assert sum(model.importance.values()) == pytest.approx(1)
    assert max(model.importance, key=model.importance.get) == "n_turnover"


def test_log_odds_of_logistic_regression_are_those_of_scikit_learn():
    frame = clients()
    model = fitted(frame)
    expected = model.estimator.decision_function(model.encoding.design(frame))
    np.testing.assert_allclose(model.log_odds(frame), expected, atol=1e-5)


@FAMILIES
def test_the_order_of_rows_and_columns_changes_nothing(family):
    frame = with_texts(clients())
    known = labels(frame)
    shuffled = frame.sample(fraction=1, shuffle=True, seed=3).select(sorted(frame.columns, reverse=True))
    again = fitted(shuffled, family, known=known.sample(fraction=1, shuffle=True, seed=4))
    np.testing.assert_array_equal(again.log_odds(frame), fitted(frame, family, known=known).log_odds(frame))


@FAMILIES
def test_missing_values_unseen_levels_and_extremes_are_scored(family):
    model = fitted(clients(), family)
    odd = pl.DataFrame(
        {"n_turnover": [None, 1e300, float("nan"), float("inf")], "n_pay_count": [None] * 4, "c_city": [None, "new", "", "Омск"]},
        schema_overrides={"n_pay_count": pl.Float64},
    )
    assert np.isfinite(model.log_odds(odd)).all()
    assert model.log_odds(odd[:0]).shape == (0,)


def test_a_column_that_the_model_has_learnt_must_be_there():
    with pytest.raises(ModelError, match="lack 1 columns that the model has learnt: c_city"):
        fitted(clients()).log_odds(clients().drop("c_city"))


@FAMILIES
def test_texts_become_numbers_of_the_model_and_count_as_one_feature(family):
    frame = with_texts(clients())
    model = fitted(frame, family)
    assert model.features == ("n_pay_count", "t_text", "n_turnover", "c_city")
    assert set(model.importance) == set(model.features)
    # numbers that were made from the texts before do as well
    made = frame.drop("t_text").hstack(model.texts.transform(frame.get_column("t_text")))
    np.testing.assert_array_equal(model.log_odds(made), model.log_odds(frame))
    with pytest.raises(ModelError, match="lack 1 columns that the model has learnt: t_text"):
        model.log_odds(frame.drop("t_text"))
    assert fitted(frame, family, ModelParameters(text_components=0, trees=5)).texts is None


@FAMILIES
def test_texts_that_are_all_missing_are_passed_over(family):
    frame = clients().with_columns(t_text=pl.lit(None, dtype=pl.String))
    assert "t_text" not in fitted(frame, family).features


@pytest.mark.parametrize("shift", [-3.0, -1.0, 3.0])
def test_at_most_so_many_rows_are_drawn_and_the_share_of_openings_is_kept(monkeypatch, shift):
    monkeypatch.setattr(fitting, "MOST_TRAINING_ROWS", 400)
    frame = clients(2_000)
    known = labels(frame, shift=shift)
    openings = int(known.get_column("opened").sum())
    rows = fitting._training_rows(frame, known, seed=1)
    assert rows.frame.height == 400
    assert int(rows.opened.sum()) == min(openings, max(200, 400 - (2_000 - openings)))
    assert np.average(rows.opened, weights=rows.weights) == pytest.approx(openings / 2_000)
    assert rows.weights.mean() == pytest.approx(1)
    assert rows.frame.get_column("client_id").is_sorted()
    assert rows.frame.get_column("client_id").n_unique() == 400
    joined = rows.frame.join(known, on=["client_id", "month"], maintain_order="left")
    assert joined.get_column("opened").to_list() == rows.opened.tolist()
    assert rows.frame.equals(fitting._training_rows(frame.reverse(), known.reverse(), seed=1).frame)


@FAMILIES
def test_nothing_to_learn_is_an_error_that_says_so(family):
    frame = clients()
    with pytest.raises(ModelError, match="None of 400 clients has a label"):
        fitted(frame, family, known=labels(frame).clear())
    with pytest.raises(ModelError, match="All 400 clients with a label did not open"):
        fitted(frame, family, known=labels(frame).with_columns(opened=pl.lit(False)))
    with pytest.raises(ModelError, match="No column of the training months"):
        fitted(frame.select("client_id", "month"), family, known=labels(frame))


def test_parameters_survive_json_and_names_that_are_no_longer_known_are_left_out():
    assert ModelParameters.from_json(SMALL.as_json()) == SMALL
    assert ModelParameters.from_json('{"trees": 7, "branches": 3}') == ModelParameters(trees=7)
