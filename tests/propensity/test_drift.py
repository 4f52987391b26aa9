"""Drift of features between months, and columns that a person is advised to give up."""

import datetime as dt
import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.errors import VitrinaError
from vitrina.propensity.drift import DRIFT_SCHEMA, DROP_SCHEMA, columns_to_drop, feature_drift, psi

MISSING = None


def numbers(*values):
    return pl.Series("n_x", values, dtype=pl.Float64)


def categories(*values):
    return pl.Series("c_x", values, dtype=pl.String)


def by_hand(then, now):
    """The index of counts per bin, each bin with half a client more."""
    shares = [[(n + 0.5) / (sum(side) + 0.5 * len(side)) for n in side] for side in (then, now)]
    return sum((b - a) * math.log(b / a) for a, b in zip(*shares, strict=True))


def test_the_index_of_categories_is_that_counted_by_hand():
    then = categories(*["a"] * 60, *["b"] * 40)
    now = categories(*["a"] * 30, *["b"] * 60, *[MISSING] * 10)
    assert psi(then, now) == pytest.approx(by_hand([60, 40, 0], [30, 60, 10]))


def test_the_index_of_numbers_is_that_counted_by_hand():
    # deciles of 1 to 100: 10, 20, ... 90; what lies below 1 or above 100 falls into the outer bins
    then = numbers(*range(1, 101))
    now = numbers(*[-5.0] * 15, *[10.0] * 5, *[10.5] * 30, *[1000.0] * 40, *[MISSING] * 7, *[float("nan")] * 3)
    assert psi(then, now) == pytest.approx(by_hand([10] * 10 + [0], [20, 30, 0, 0, 0, 0, 0, 0, 0, 40, 10]))


def test_a_spike_that_moves_down_or_up_is_seen():
    spike, lower, higher = (numbers(*[value] * 90, *range(1, 11)) for value in (0.0, -1.0, 50.0))
    # below the spike, the spike, above it
    assert psi(spike, lower) == pytest.approx(by_hand([0, 90, 10], [90, 0, 10]))
    assert psi(spike, higher) == pytest.approx(by_hand([90, 10], [0, 100]))


@pytest.mark.parametrize("value", [0.0, -3.0, 0.1, 1e12, -1e-12])
@pytest.mark.parametrize("step", [-1.0, 1.0])
def test_a_constant_number_that_changes_has_drifted_and_one_that_does_not_has_not(value, step):
    then, now = numbers(*[value] * 50), numbers(*[value + step * max(1, abs(value))] * 50)
    assert psi(then, then) == 0
    assert psi(then, now) == pytest.approx(by_hand([50, 0], [0, 50]))
    assert psi(now, then) == pytest.approx(psi(then, now))


def test_values_that_differ_by_the_noise_of_floating_point_have_not_moved():
    assert psi(numbers(*[0.3] * 50), numbers(*[0.1 + 0.2] * 50)) == 0
    assert psi(numbers(*[0.1 + 0.2] * 50), numbers(*[0.3] * 50)) == 0


def test_unseen_categories_count_with_the_rare_ones():
    then = categories(*["a"] * 996, *["rare"] * 4)
    now = categories(*["a"] * 500, *["new"] * 300, *["rare"] * 100, *["newer"] * 100)
    assert psi(then, now) == pytest.approx(by_hand([996, 4], [500, 500]))


def test_columns_without_any_value_are_compared_as_missing():
    known, unknown, not_numbers = numbers(*range(50)), pl.Series("n_x", [None] * 50), numbers(*[float("nan")] * 50)
    for nothing in (unknown, not_numbers):
        assert psi(nothing, known) == pytest.approx(by_hand([0, 50], [50, 0]))
        assert psi(known, nothing) > 1
        assert psi(nothing, unknown) == 0
        assert psi(nothing, categories(*["a"] * 50)) == pytest.approx(by_hand([0, 50], [50, 0]))
        assert psi(categories(*["a"] * 50), nothing) == pytest.approx(by_hand([50, 0], [0, 50]))


def test_infinite_values_and_booleans_are_numbers():
    assert psi(numbers(*range(50), math.inf, -math.inf), numbers(*range(50), math.inf, -math.inf)) == 0
    then, now = numbers(*[-math.inf] * 95, *range(5)), numbers(*[-math.inf] * 10, *range(90))
    assert psi(then, now) == pytest.approx(by_hand([95, 5], [10, 90]))
    yes, no = pl.Series("n_x", [True] * 50), pl.Series("n_x", [False] * 50)
    assert psi(yes, no) == pytest.approx(by_hand([50, 0], [0, 50]))


values = st.lists(
    st.one_of(st.none(), st.sampled_from([0.0, 1.0, math.nan, math.inf]), st.floats(-10, 10)), min_size=1, max_size=60
)


@settings(deadline=None)
@given(values, values, st.randoms())
def test_the_index_is_finite_never_negative_and_knows_no_order_of_rows(then, now, random):
    found = psi(numbers(*then), numbers(*now))
    assert 0 <= found < math.inf
    assert psi(numbers(*then), numbers(*then)) == 0
    random.shuffle(then)
    random.shuffle(now)
    assert psi(numbers(*then), numbers(*now)) == found


def test_two_samples_of_one_distribution_differ_by_what_theory_says():
    rng = np.random.default_rng(0)
    found = [psi(numbers(*rng.normal(size=1_000)), numbers(*rng.normal(size=2_000))) for _ in range(60)]
    assert np.mean(found) == pytest.approx(9 * (1 / 1_000 + 1 / 2_000), rel=0.3)


def test_a_column_of_two_kinds_or_without_rows_is_refused_by_name():
    with pytest.raises(VitrinaError, match="'n_x' is Float64 then and String now"):
        psi(numbers(1.0), categories("a"))
    with pytest.raises(VitrinaError, match="current values of 'n_x' have no rows"):
        psi(numbers(1.0), numbers())
    with pytest.raises(VitrinaError, match="'day' is Date: neither"):
        psi(pl.Series("day", [dt.date(2024, 1, 1)]), numbers(1.0))


def frame(month, **columns):
    height = len(next(iter(columns.values())))
    return pl.DataFrame({"client_id": [str(n) for n in range(height)], "month": [month] * height, **columns})


JANUARY, FEBRUARY, MARCH = (dt.date(2024, month, 1) for month in (1, 2, 3))


def two_months():
    rng = np.random.default_rng(0)
    steady, moved = rng.normal(size=500), rng.normal(size=500)
    then = frame(JANUARY, n_rate=[4.5] * 500, c_quarter=["I"] * 500, n_zero=[0.0] * 500, n_steady=steady, n_moved=moved)
    now = frame(MARCH, n_rate=[1.3] * 500, c_quarter=["II"] * 500, n_zero=[0.0] * 500, n_steady=steady[::-1], n_moved=moved + 2)
    return then, now


def test_columns_with_one_value_in_each_month_move_with_the_calendar():
    found = feature_drift(*two_months())
    assert found.schema == pl.Schema(DRIFT_SCHEMA)
    assert found["feature"].to_list() == ["c_quarter", "n_moved", "n_rate", "n_steady", "n_zero"]
    assert found["constant_within_month"].to_list() == [True, False, True, False, False]
    assert (found["psi"] > 0.25).to_list() == [True, True, True, False, False]


def test_a_reference_of_several_months_is_constant_within_each():
    then, now = two_months()
    earlier = then.with_columns(month=pl.lit(FEBRUARY), n_rate=pl.lit(4.1), n_zero=pl.lit(0.0))
    found = feature_drift(pl.concat([then, earlier]), now)
    assert found.filter("constant_within_month")["feature"].to_list() == ["c_quarter", "n_rate"]
    # as many values as months, but both in each
    mixed = pl.concat([then, earlier]).with_columns(n_rate=pl.when(pl.int_range(pl.len()) % 2 == 0).then(1.3).otherwise(4.5))
    assert feature_drift(mixed, now).filter("constant_within_month")["feature"].to_list() == ["c_quarter"]
    # one value then, but some clients have another now
    some = now.with_columns(n_rate=pl.when(pl.int_range(pl.len()) % 2 == 0).then(9.0).otherwise("n_rate"))
    assert feature_drift(then, some).filter("constant_within_month")["feature"].to_list() == ["c_quarter"]


def test_a_column_that_one_month_lacks_is_missing_there():
    then, now = two_months()
    found = feature_drift(then.drop("n_steady"), now).filter(feature="n_steady")
    assert found["psi"].item() == pytest.approx(by_hand([0, 500], [500, 0]))


def test_drifted_columns_are_proposed_with_a_reason_and_others_are_not():
    found = columns_to_drop(feature_drift(*two_months()), None)
    assert found.schema == pl.Schema(DROP_SCHEMA)
    assert dict(found.select("feature", "why").iter_rows()) == {
        "c_quarter": "moves with the calendar, not with the client",
        "n_rate": "moves with the calendar, not with the client",
        "n_moved": "its distribution has moved",
    }
    assert found["psi"].is_sorted(descending=True)


def test_what_matters_most_to_the_model_is_proposed_first():
    drift = pl.DataFrame(
        {"feature": ["n_a", "n_b", "n_c", "n_d"], "psi": [0.3, 0.25, 5.0, 0.4], "constant_within_month": [False] * 4},
        schema=DRIFT_SCHEMA,
    )
    assert columns_to_drop(drift, None)["feature"].to_list() == ["n_c", "n_d", "n_a"]
    assert columns_to_drop(drift, {"n_a": 2.0, "n_d": 1.0})["feature"].to_list() == ["n_a", "n_d", "n_c"]
    assert columns_to_drop(drift.clear(), {})["feature"].to_list() == []


def test_a_rate_that_moves_a_little_within_each_month_and_much_between_them_moves_with_the_calendar():
    rng = np.random.default_rng(0)
    months = [dt.date(2024, number, 1) for number in (1, 2, 3)]
    frames = [
        pl.DataFrame(
            {"month": [month] * 200, "n_rate": 5 + number + 0.1 * rng.random(200), "n_size": rng.random(200) + 0.1 * number}
        )
        for number, month in enumerate(months)
    ]
    found = feature_drift(pl.concat(frames[:2]), frames[2])
    assert dict(found.select("feature", "constant_within_month").iter_rows()) == {"n_rate": True, "n_size": False}
