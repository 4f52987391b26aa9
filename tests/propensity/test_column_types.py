"""Which columns hold numbers, what is read of them, and what happens when a column changes."""

import datetime as dt

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from tests.propensity.staged import snapshot
from vitrina.propensity.column_types import ColumnTypeError, feature_name, numbers_in, typed_snapshot

NO_RULES = pl.DataFrame(schema={"column_name": pl.String, "kind": pl.String, "use": pl.Boolean})


def rule(name, kind=None, *, use=True):
    return pl.DataFrame([(name, kind, use)], schema=NO_RULES.schema, orient="row")


def typed(columns, rules=NO_RULES, known=None, **fixed):
    return typed_snapshot(snapshot(columns, **fixed), rules, known or {})


def numbers(n, odd=0):
    """Texts of numbers, of which some are words."""
    return [f"word {place}" if place < odd else str(place) for place in range(n)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", 5.0),
        ("-1,5", -1.5),
        ("1 234,5", 1234.5),
        ("1\u00a0000\u00a0000", 1e6),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("007", 7.0),
        ("nan", None),
        ("inf", None),
        ("1e999", None),
        ("1,234,567", None),
        ("unknown", None),
        (None, None),
    ],
)
def test_numbers_are_read_however_they_are_written(text, value):
    assert numbers_in(pl.Series([text], dtype=pl.String)).to_list() == [value]


def test_a_column_of_numbers_and_one_of_words_are_told_apart():
    found = typed({"x_turnover": ["1 000,5", "2", None], "x_region": ["north", "unknown", ""]})
    assert found.kinds == {"x_turnover": "number", "x_region": "category"}
    assert found.frame["n_turnover"].to_list() == [1000.5, 2.0, None]
    assert found.frame["c_region"].to_list() == ["north", "unknown", None]
    assert found.labels == {"n_turnover": "turnover", "c_region": "region"}


@pytest.mark.parametrize(("odd", "kind"), [(0, "number"), (5, "number"), (6, "category")])
def test_a_column_holds_numbers_from_95_percent_on(odd, kind):
    found = typed({"x_a": [*numbers(100, odd), None, ""]})
    assert found.kinds == {"x_a": kind}


def test_words_in_a_column_of_numbers_are_missing_and_told():
    found = typed({"x_a": numbers(100, 2)})
    assert found.frame["n_a"].null_count() == 2
    assert any("x_a" in note and "2.0%" in note and "'word 0', 'word 1'" in note for note in found.notes)


def test_a_column_that_is_mostly_numbers_but_not_enough_is_told():
    found = typed({"x_a": numbers(10, 3)})
    assert any("x_a: taken for categories, though 70%" in note for note in found.notes)


def test_a_category_that_now_looks_like_a_number_stays_what_it_was():
    found = typed({"x_region": ["77", "78"]}, known={"x_region": "category"})
    assert found.frame["c_region"].to_list() == ["77", "78"]


def test_a_column_that_held_numbers_and_no_longer_does_is_an_error_that_says_what_to_do():
    with pytest.raises(ColumnTypeError) as caught:
        typed({"x_turnover": ["high", "low", "5"]}, known={"x_turnover": "number"})
    told = str(caught.value)
    for part in ("2024-03-01", "x_turnover", "67%", "'high', 'low'", "columns.csv", "column turnover"):
        assert part in told


def test_the_number_of_unreadable_values_that_a_known_column_may_have_is_that_of_a_new_one():
    assert typed({"x_a": numbers(100, 5)}, known={"x_a": "number"}).kinds == {"x_a": "number"}


@pytest.mark.parametrize("name", ["turnover", "Turnover", "x_turnover"])
def test_what_people_say_wins_over_everything(name):
    columns = {"x_turnover": ["high", "5", "7"]}
    assert typed(columns, rule(name, "category"), {"x_turnover": "number"}).frame["c_turnover"].to_list() == ["high", "5", "7"]
    assert typed(columns, rule(name, "number"), {"x_turnover": "category"}).frame["n_turnover"].to_list() == [None, 5.0, 7.0]
    assert typed(columns, rule(name, use=False), {"x_turnover": "number"}).frame.width == 3


def test_a_rule_without_a_kind_leaves_it_to_earlier_months():
    assert typed({"x_a": ["1", "2"]}, rule("a"), {"x_a": "category"}).kinds == {"x_a": "category"}


def test_what_was_left_out_is_new_or_has_gone_is_told():
    found = typed(
        {"x_a": ["1", "2"], "x_b": [None, " "], "x_c": ["1", "1"]}, rule("c", use=False), {"x_b": "number", "x_old": "number"}
    )
    assert found.frame.columns == ["client_id", "month", "snapshot_date", "n_a"]
    assert found.notes == (
        "x_old: in earlier months, but no longer.",
        "x_a: new.",
        "x_c: new.",
        "x_b: left out, no client has a value.",
        "x_c: left out, as the rules on columns say.",
    )


def test_a_rule_about_no_column_is_told():
    assert typed({"x_a": ["1"]}, rule("turnovr", "number")).notes == (
        "x_turnovr: a rule is about it, but there is no such column.",
    )


def test_age_and_activity_come_from_the_columns_that_every_snapshot_has():
    registered = [dt.date(2023, 3, 1), dt.date(2024, 3, 2), None]
    found = typed({}, registered_on=registered, okved=["47.11", "7", None])
    assert found.frame["n_age_months"].to_list() == [pytest.approx(366 / 30.4375), None, None]
    assert found.frame["c_okved_section"].to_list() == ["47", None, None]
    without = typed({}, rule("registered_on", use=False), registered_on=registered, okved=["47.11", "7", None])
    assert without.frame.columns[3:] == ["c_okved_section"]


def test_a_delivered_column_never_takes_the_name_of_one_that_is_made():
    found = typed({"x_age_months": ["1"], "x_pay_count_3m": ["2"]}, registered_on=[dt.date(2024, 2, 1)])
    assert found.frame.columns[3:] == ["n_age_months", "n_x_age_months", "n_x_pay_count_3m"]


def test_two_long_names_stay_two():
    long = "x_" + "a" * 150
    assert feature_name(long, "number") != feature_name(long + "b", "number")


@settings(max_examples=25, deadline=None)
@given(
    st.randoms(use_true_random=False),
    st.lists(st.one_of(st.none(), st.text(max_size=5), st.floats().map(str)), min_size=1, max_size=12),
)
def test_the_order_of_rows_changes_nothing_and_no_text_breaks_it(random, values):
    rows = snapshot({"x_a": values})
    order = list(range(len(values)))
    random.shuffle(order)
    one, other = (typed_snapshot(frame, NO_RULES, {}) for frame in (rows, rows[order]))
    assert_frame_equal(one.frame, other.frame)
    assert (one.kinds, one.notes) == (other.kinds, other.notes)
