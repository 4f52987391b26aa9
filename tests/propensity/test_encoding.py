"""Features as numbers."""

import datetime as dt

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.propensity import encoding as module
from vitrina.propensity.encoding import FEWEST_ROWS, MOST_LEVELS, Encoding, ModelError, category_codes, fit_encoding


def fitted(frame, opened=None, weights=None):
    opened = np.arange(frame.height) % 2 == 0 if opened is None else np.array(opened)
    return fit_encoding(frame, opened, np.ones(frame.height) if weights is None else np.array(weights, dtype=float))


def hundred(**columns):
    return pl.DataFrame({"n_turnover": np.arange(100.0), **columns})


def test_numbers_are_clipped_and_standardised_by_the_training_rows():
    encoding = fitted(pl.DataFrame({"n_x": [0.0] * 100 + [2.0] * 100}))
    later = pl.DataFrame({"n_x": [0.0, 1.0, 2.0, 99.0, -99.0]})
    assert encoding.design(later)[:, 0].tolist() == [-1, 0, 1, 1, -1]


def test_missing_and_infinite_numbers_are_the_median_and_have_a_flag_where_training_had_some():
    encoding = fitted(pl.DataFrame({"n_x": [0.0, 1.0, 2.0, None], "n_y": [0.0, 1.0, 2.0, 3.0]}))
    design = encoding.design(pl.DataFrame({"n_x": [None, 1.0, float("nan"), float("inf")], "n_y": [None, 1.5, 1.5, -np.inf]}))
    assert encoding.width == 3
    assert len(set(design[:, 0])) == 1
    assert design[:, 1].tolist() == [0, 0, 0, 0]
    assert design[:, 2].tolist() == [1, 0, 1, 1]


def test_means_are_weighted():
    number = fitted(pl.DataFrame({"n_x": [0.0] * 50 + [1.0] * 50}), weights=[3.0] * 50 + [1.0] * 50).numbers[0]
    assert number.mean == 0.25


def test_levels_with_enough_rows_get_a_column_and_all_others_share_one():
    frame = hundred(c_city=["Омск"] * 50 + ["Тула"] * FEWEST_ROWS + ["Псков"] * (FEWEST_ROWS - 1) + [None] * 11)
    category = fitted(frame).categories[0]
    assert set(category.levels) == {"Омск", "Тула"}
    codes = category_codes(pl.DataFrame({"c_city": ["Псков", "never seen", "", None]}), category)
    assert codes.tolist() == [2, 2, 2, 3]


def test_levels_stand_in_the_order_of_their_share_of_openings():
    opened = [True] * 20 + [False] * 30 + [True] * 40 + [False] * 10
    assert fitted(hundred(c_x=["few"] * 50 + ["many"] * 50), opened).categories[0].levels == ("few", "many")


def test_there_are_at_most_fifty_levels():
    frame = pl.DataFrame({"c_x": [f"level {number}" for number in range(MOST_LEVELS + 9)] * FEWEST_ROWS})
    assert len(fitted(frame).categories[0].levels) == MOST_LEVELS


def test_columns_that_say_nothing_are_left_out_and_named():
    frame = hundred(
        n_none=pl.Series([None] * 100, dtype=pl.Float64), n_same=[7] * 100,
        c_none=pl.Series([None] * 100, dtype=pl.String), c_same=["x"] * 100, c_name=[str(number) for number in range(100)],
        n_known=[1.0] * 50 + [None] * 50, c_known=["x"] * 50 + [None] * 50,
    )  # fmt: skip
    encoding = fitted(frame)
    assert encoding.features == ("n_known", "n_turnover", "c_known")
    assert dict(encoding.left_out) == {
        "n_none": "missing on every training row", "n_same": "the same on every training row",
        "c_none": "missing on every training row", "c_same": "the same on every training row",
        "c_name": "no level on enough training rows",
    }  # fmt: skip


def test_a_number_that_differs_on_hardly_any_row_is_left_out():
    encoding = fitted(pl.DataFrame({"n_x": np.arange(1_000.0), "n_rare": [1.0] + [0.0] * 999}))
    assert encoding.left_out[0] == ("n_rare", "the same on nearly every training row")


def test_without_a_usable_column_the_error_names_those_that_were_left_out():
    with pytest.raises(ModelError, match=r"n_same \(the same on every training row"):
        fitted(pl.DataFrame({"n_same": [1.0] * 10}))
    with pytest.raises(ModelError, match="there is none"):
        fitted(pl.DataFrame({"client_id": ["a"], "month": [dt.date(2022, 1, 1)]}))


def test_a_column_of_numbers_that_holds_text_is_refused():
    with pytest.raises(ModelError, match="n_x holds String"):
        fitted(pl.DataFrame({"n_x": ["1", "2"]}))


def test_trees_get_numbers_as_they_are_and_places_of_levels():
    encoding = fitted(hundred(c_x=["a"] * 50 + ["b"] * 50), [False] * 50 + [True] * 50)
    frame = pl.DataFrame({"n_turnover": [1e6, None, -5.0], "c_x": ["b", "new", None]})
    np.testing.assert_array_equal(encoding.ordinal(frame), np.array([[1e6, 1], [np.nan, np.nan], [-5, np.nan]], dtype=np.float32))


cell = st.one_of(st.none(), st.floats(-1e6, 1e6), st.just(float("nan")))
level = st.one_of(st.none(), st.sampled_from(["a", "b", "'; drop", ""]))


@given(st.lists(st.tuples(cell, level), min_size=1, max_size=40), st.randoms())
def test_the_order_of_rows_and_the_size_of_pieces_change_nothing(rows, random):
    training = pl.DataFrame({"n_x": [0.0, 1.0, 5.0, None] * 25, "c_x": ["a", "b", None, "b"] * 25})
    opened = np.arange(100) % 3 == 0
    encoding = fitted(training, opened)
    order = random.sample(range(100), 100)
    again = fitted(training[order], opened[order])
    assert again.features == encoding.features
    assert again.numbers[0].mean == pytest.approx(encoding.numbers[0].mean)
    frame = pl.DataFrame(rows, schema={"n_x": pl.Float64, "c_x": pl.String}, orient="row")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "ROWS_AT_A_TIME", 7)
        in_pieces = encoding.design(frame)
    np.testing.assert_array_equal(in_pieces, encoding.design(frame))
    # a category always has exactly one 1
    assert (in_pieces[:, 2:].sum(axis=1) == 1).all()


def test_an_encoding_survives_json():
    encoding = fitted(hundred(c_x=["a"] * 50 + [None] * 50, n_same=[1] * 100))
    assert Encoding.from_dict(encoding.as_dict()) == encoding
