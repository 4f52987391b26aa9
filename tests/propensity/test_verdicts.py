"""Whether scores may go out."""

import datetime as dt

import polars as pl
import pytest

from vitrina.months import add_months
from vitrina.propensity.tables import (
    FeatureSuspicions,
    PropensityBacktest,
    PropensityDrift,
    PropensityFeatureCatalogue,
    PropensityModels,
)
from vitrina.propensity.verdicts import (
    calibration_helps,
    labels_are_mature,
    nothing_from_the_future,
    nothing_gives_the_answer_away,
    nothing_has_drifted,
    ranks_better_than_chance,
)

FIRST = dt.date(2022, 1, 1)
DAY = dt.timedelta(days=1)
NO_LABELS = pl.DataFrame(schema={"month": pl.Date, "window_until": pl.Date})


def month(number):
    return add_months(FIRST, number)


def assert_told(verdict, *, passed):
    """A verdict that does not hold says what to do, one that holds says that nothing is to be done."""
    assert verdict.passed is passed
    assert verdict.said
    assert (verdict.metadata()["what_to_do"] == "Nothing.") is passed
    assert verdict.metadata().items() >= verdict.figures.items()


# facts from the future


def catalogue(*given):
    rows = [
        {
            "month": FIRST, "feature": f"n_{number}", "source": source, "kind": "number", "label": "", "missing_share": 0.0,
            "distinct": 2, "latest_known_at": latest, "snapshot_date": FIRST,
        }
        for number, (source, latest) in enumerate(given)
    ]  # fmt: skip
    return PropensityFeatureCatalogue.check(pl.DataFrame(rows, schema=PropensityFeatureCatalogue.polars_schema()))


@pytest.mark.parametrize(
    ("source", "latest", "passed"),
    [
        ("snapshot", FIRST, True),
        ("snapshot", FIRST + DAY, False),
        ("payments", FIRST - DAY, True),
        ("payments", FIRST, False),
        ("texts", FIRST - DAY, True),
        ("texts", FIRST, False),
        ("texts", None, True),
    ],
)
def test_payments_and_texts_must_be_older_than_the_snapshot_and_snapshots_no_later_than_their_day(source, latest, passed):
    found = nothing_from_the_future(catalogue((source, latest), ("snapshot", FIRST)))
    assert_told(found, passed=passed)
    assert found.figures["features"] == 2
    assert found.figures["late_features"] == (not passed)
    assert ("n_0" in found.said) is not passed


def test_without_features_nothing_is_from_the_future():
    assert_told(nothing_from_the_future(PropensityFeatureCatalogue.empty()), passed=True)


def test_of_many_late_features_the_first_are_named_and_the_others_counted():
    found = nothing_from_the_future(catalogue(*[("payments", FIRST)] * 12))
    assert found.figures["late_features"] == 12
    assert found.said.endswith("and 4 more.")


# columns that give the answer away


def suspicions(*given):
    rows = [(number, feature, 0.9, "too good") for number, feature in given]
    return pl.DataFrame(rows, schema=FeatureSuspicions.polars_schema(), orient="row")


def test_a_suspected_column_holds_the_scores_back_and_is_named_once():
    assert_told(nothing_gives_the_answer_away(FeatureSuspicions.empty()), passed=True)
    found = nothing_gives_the_answer_away(suspicions((month(0), "n_told"), (month(1), "n_told"), (month(1), "n_known")))
    assert_told(found, passed=False)
    assert found.figures["suspicious_columns"] == 2
    assert found.said == "n_known: too good; n_told: too good"
    assert "columns.csv" in found.what_to_do


# maturity of labels


def models(calibrated_on, scored, rehearsed_until=None):
    row = {
        "month": scored, "family": "logistic", "version": "v", "makes_scores": True, "learnt_from": calibrated_on,
        "learnt_until": calibrated_on, "calibrated_on": calibrated_on, "rehearsed_until": rehearsed_until or calibrated_on.replace(year=2000), "clients": 100, "openings": 30, "features": 1,
        "parameters": "{}", "gini_held_out": 0.5, "path": "m.zip", "fingerprint": "0" * 64, "sql": None,
    }  # fmt: skip
    return PropensityModels.check(pl.DataFrame([row], schema=PropensityModels.polars_schema()))


def labels(*until):
    return pl.DataFrame({"month": [FIRST] * len(until), "window_until": list(until)}, schema=NO_LABELS.schema)


@pytest.mark.parametrize(("scored", "horizon", "passed"), [(3, 3, True), (2, 3, False), (4, 3, True), (2, 2, True), (1, 2, False)])
def test_a_model_may_learn_from_months_whose_horizon_was_over(scored, horizon, passed):
    found = labels_are_mature(models(month(0), month(scored)), labels(month(3)), month(3), horizon)
    assert_told(found, passed=passed)
    assert found.figures["too_early"] == (not passed)


@pytest.mark.parametrize(("rehearsed", "passed"), [(0, True), (1, False)])
def test_a_rehearsal_may_learn_from_months_that_were_over_when_the_one_it_is_asked_about_began(rehearsed, passed):
    found = labels_are_mature(models(month(3), month(6), month(rehearsed)), labels(month(6)), month(6), 3)
    assert found.passed is passed


@pytest.mark.parametrize(("until", "passed"), [(month(3), True), (month(3) - DAY, False), (None, False)])
def test_a_label_is_known_when_openings_are_delivered_until_the_end_of_its_window(until, passed):
    found = labels_are_mature(models(month(0), month(3)), labels(month(2), month(3)), until, 3)
    assert_told(found, passed=passed)
    assert found.figures["labels_not_known"] == {month(3): 0, month(3) - DAY: 1, None: 2}[until]


def test_without_models_and_labels_nothing_was_learnt_too_early():
    assert_told(labels_are_mature(PropensityModels.empty(), NO_LABELS, None, 3), passed=True)


# gini


def backtest(*given):
    """Rows from month, value, interval, and what differs."""
    rows = [
        {
            "month": month(number), "scorer": "scores", "measure": "gini", "segment_kind": "all", "segment": "all",
            "value": value, "low": low, "high": high, "clients": 100, "openings": 40, **more,
        }
        for number, value, low, high, more in given
    ]  # fmt: skip
    return PropensityBacktest.check(pl.DataFrame(rows, schema=PropensityBacktest.polars_schema()))


@pytest.mark.parametrize(("low", "passed"), [(0.01, True), (0.0, False), (-0.1, False)])
def test_the_interval_of_the_newest_gini_must_lie_above_zero(low, passed):
    assert_told(ranks_better_than_chance(backtest((0, 0.2, low, 0.4, {}))), passed=passed)


@pytest.mark.parametrize(("high", "passed"), [(0.45, True), (0.4, True), (0.39, False)])
def test_the_newest_gini_must_reach_what_was_usual_within_its_interval(high, passed):
    earlier = [(0, 0.3, 0.2, 0.4, {}), (1, 0.4, 0.3, 0.5, {}), (2, 0.6, 0.5, 0.7, {})]
    found = ranks_better_than_chance(backtest((3, 0.3, 0.2, high, {}), *earlier))
    assert_told(found, passed=passed)
    assert (found.figures["gini"], found.figures["usual"], found.figures["months"]) == (0.3, 0.4, 4)
    assert "2022-04" in found.said


def test_other_scorers_segments_and_measures_neither_help_nor_hurt():
    others = [{"scorer": "boosted"}, {"measure": "ks"}, {"segment_kind": "segment", "segment": "micro"}]
    good, bad = (0.5, 0.4, 0.6), (-0.5, -0.6, -0.4)
    assert ranks_better_than_chance(backtest((0, *good, {}), *((1, *bad, more) for more in others))).passed
    assert not ranks_better_than_chance(backtest((0, *bad, {}), *((1, *good, more) for more in others))).passed


def test_a_month_that_could_not_be_measured_is_passed_over():
    unknown = (2, None, None, None, {})
    assert not ranks_better_than_chance(backtest((1, 0.1, -0.1, 0.3, {}), unknown)).passed
    for nothing in (backtest(unknown), PropensityBacktest.empty()):
        found = ranks_better_than_chance(nothing)
        assert_told(found, passed=True)
        assert "No month can be judged yet" in found.said


# calibration


def calibration(number, value, low, uncalibrated):
    wanted = {"scorer": "scores", "measure": "calibration_error"}
    return [
        (number, value, low, value, wanted),
        (number, uncalibrated, uncalibrated, uncalibrated, wanted | {"scorer": "scores_uncalibrated"}),
    ]


@pytest.mark.parametrize(
    ("value", "low", "uncalibrated", "passed"),
    [(0.01, 0.0, 0.05, True), (0.05, 0.04, 0.04, True), (0.05, 0.02, 0.04, True), (0.05, 0.045, 0.04, False)],
)
def test_calibration_may_not_take_probabilities_further_from_what_came(value, low, uncalibrated, passed):
    found = calibration_helps(backtest(*calibration(0, value, low, uncalibrated)))
    assert_told(found, passed=passed)
    assert found.figures == {"calibration_error": value, "uncalibrated": uncalibrated}


def test_calibration_is_judged_by_the_newest_month_that_could_be_measured():
    good, bad = calibration(1, 0.01, 0.0, 0.05), calibration(0, 0.5, 0.4, 0.05)
    assert calibration_helps(backtest(*good, *bad)).passed
    assert not calibration_helps(backtest(*calibration(2, 0.5, 0.4, 0.05), *good)).passed
    assert calibration_helps(backtest(*calibration(2, None, None, None), *good)).passed


def test_without_a_month_to_judge_calibration_holds_nothing_back():
    assert_told(calibration_helps(PropensityBacktest.empty()), passed=True)
    assert_told(calibration_helps(backtest(calibration(0, 0.5, 0.4, 0.1)[0])), passed=True)


# drift


def drift(*given):
    rows = [(month(number), feature, psi, psi > 0.25, False, proposal) for number, feature, psi, proposal in given]
    return PropensityDrift.check(pl.DataFrame(rows, schema=PropensityDrift.polars_schema(), orient="row"))


def test_what_has_moved_is_named_furthest_first_with_what_is_proposed_to_be_left_out():
    found = nothing_has_drifted(
        drift((1, "score", 0.3, None), (1, "n_still", 0.1, None), (1, "n_rate", 9.0, "calendar"), (0, "n_earlier", 9.0, "moved"))
    )
    assert_told(found, passed=False)
    assert found.said == "2 have moved: n_rate, score. Proposed to be left out: n_rate."
    assert (found.figures["score_psi"], found.figures["moved"], found.figures["month"]) == (0.3, 2, "2022-02")
    assert "columns.csv" in found.what_to_do


def test_only_the_newest_month_counts_for_drift():
    found = nothing_has_drifted(drift((0, "score", 3.0, None), (1, "score", 0.02, None), (1, "n_still", 0.25, None)))
    assert_told(found, passed=True)
    assert found.said == "Nothing has moved."


def test_before_anything_is_scored_nothing_has_moved():
    assert_told(nothing_has_drifted(PropensityDrift.empty()), passed=True)
