"""What the models of a month may learn."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.propensity.small_bank import MONTHS, bank, features_of, few, shuffled, with_gaps
from vitrina.months import add_months
from vitrina.propensity.teaching import FEWEST_OPENINGS, Lessons, TooEarlyError, lessons, taught_by

LESSONS = Lessons(MONTHS[:5], MONTHS[:2])


def windows(months, horizon=3):
    frame = pl.DataFrame(
        {"month": sorted(months), "snapshot_date": sorted(months)}, schema={"month": pl.Date, "snapshot_date": pl.Date}
    )
    return frame.with_columns(window_until=pl.col("snapshot_date").dt.offset_by(f"{horizon}mo"))


def test_the_rehearsal_learns_from_months_that_were_over_when_the_held_out_month_began():
    assert lessons(windows(MONTHS), MONTHS[-1]) == LESSONS
    assert lessons(windows(MONTHS), MONTHS[3]) == Lessons(MONTHS[:1], ())
    assert lessons(windows(MONTHS), MONTHS[2]) == Lessons((), ())


@given(st.sets(st.sampled_from(MONTHS), min_size=1), st.sampled_from(MONTHS), st.integers(1, 6))
def test_no_opening_counts_both_for_the_rehearsal_and_for_the_month_that_it_is_asked_about(known, cut, horizon):
    found = lessons(windows(known, horizon), cut)
    assert set(found.earlier) <= set(found.closed)
    for month in found.earlier:
        assert add_months(month, horizon) <= found.closed[-1]


def test_of_several_days_of_a_snapshot_the_first_one_counts():
    late = windows(MONTHS).with_columns(snapshot_date=pl.col("snapshot_date").dt.offset_by("10d"))
    both = pl.concat([late, windows(MONTHS)])
    assert lessons(both, MONTHS[-1]).earlier == MONTHS[:2]


def test_at_most_so_many_of_the_newest_months_are_learnt_from():
    assert LESSONS.newest(3) == Lessons(MONTHS[2:5], MONTHS[:2])
    assert LESSONS.newest(1) == Lessons(MONTHS[4:5], MONTHS[1:2])
    assert LESSONS.newest(12) == LESSONS


def test_it_is_too_early_without_a_closed_month_or_one_to_rehearse_with():
    features, labels = bank(MONTHS[:5], n=200)
    with pytest.raises(TooEarlyError, match="No month's horizon was over on the day of the snapshot"):
        taught_by(Lessons((), ()), labels, features_of(features))
    with pytest.raises(TooEarlyError, match="No month's horizon was over on the day of the snapshot of 2022-02"):
        taught_by(Lessons(MONTHS[:2], ()), labels, features_of(features))


@pytest.mark.parametrize(("few_in", "what"), [(MONTHS[:2], "to learn from"), (MONTHS[4:5], "to calibrate on")])
def test_it_is_too_early_with_fewer_than_thirty_openings_to_learn_from_or_to_calibrate_on(few_in, what):
    features, labels = bank(MONTHS[:5], n=200)
    taught_by(LESSONS, few(labels, few_in, FEWEST_OPENINGS), features_of(features))
    with pytest.raises(TooEarlyError, match=f"29 openings {what}; 30 are needed"):
        taught_by(LESSONS, few(labels, few_in, FEWEST_OPENINGS - 1), features_of(features))


def test_all_closed_months_are_learnt_from_and_clients_without_a_label_take_no_part():
    features, labels = bank(MONTHS[:6], n=200)
    known = labels.filter(pl.col("client_id") != "0007")
    taught = taught_by(LESSONS, shuffled(known), features_of(shuffled(features)))
    assert taught.learning["month"].unique().sort().to_list() == list(MONTHS[:5])
    assert taught.earlier["month"].unique().sort().to_list() == list(MONTHS[:2])
    assert taught.held_out["month"].unique().to_list() == [MONTHS[4]]
    assert "0007" not in set(taught.learning["client_id"])
    expected = known.filter(pl.col("month") == MONTHS[4]).sort("client_id")["opened"].to_list()
    assert taught.opened.tolist() == expected


def test_columns_that_the_month_of_calibration_or_the_scored_one_lacks_are_left_out():
    features, labels = bank(MONTHS[:5], n=200)
    taught = taught_by(LESSONS, labels, features_of(with_gaps(features, "n_size", [MONTHS[4]])))
    kept = taught.of_columns([name for name in features.columns if name != "c_city"]).learning.columns
    assert {"n_size", "c_city"}.isdisjoint(kept)
    assert {"n_turnover", "t_text", "client_id", "month"} <= set(kept)
