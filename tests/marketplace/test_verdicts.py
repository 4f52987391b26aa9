"""Whether what was measured may go out."""

import datetime as dt

import polars as pl
import pytest

from vitrina.marketplace.judgement_tables import CustomerTargets, PriceSanity, RecommenderQuality
from vitrina.marketplace.measure_names import LATEST_FEATURE, LIFT, RERANKER
from vitrina.marketplace.verdicts import beats_popularity, clean_cut, price_stays_sane, targets_reached

TODAY, EARLIER = dt.date(2026, 7, 1), dt.date(2026, 6, 1)


def quality(*given):
    """Rows from measure, value, lower end, and what differs."""
    rows = [
        {
            "as_of": TODAY, "window": "test", "scorer": RERANKER, "measure": measure, "segment_kind": "all", "segment": "all",
            "window_from": EARLIER, "window_until": TODAY, "value": value, "low": low, "high": None, "n": 40, **more,
        }
        for measure, value, low, more in given
    ]  # fmt: skip
    return RecommenderQuality.check(pl.DataFrame(rows, schema=RecommenderQuality.polars_schema()))


@pytest.mark.parametrize(("low", "passed"), [(0.001, True), (0.0, False), (-0.01, False), (None, False)])
def test_lists_go_out_where_the_lower_end_of_the_lift_is_above_zero(low, passed):
    verdict = beats_popularity(quality((LIFT, 0.05, low, {})))
    assert verdict.passed is passed
    assert ("what_to_do", "Nothing.") in verdict.metadata().items() or "published before stay" in verdict.metadata()["what_to_do"]
    if low is not None:
        assert (verdict.figures["lift"], verdict.figures["lower_end"], verdict.figures["users"]) == (0.05, low, 40)
        assert "+0.050" in verdict.said


def test_neither_an_earlier_judgement_nor_another_model_or_window_lets_lists_out():
    bad = (LIFT, -0.05, -0.1, {})
    good = [(LIFT, 0.2, 0.1, {name: value}) for name, value in (("as_of", EARLIER), ("scorer", "als"), ("window", "validation"))]
    assert not beats_popularity(quality(*good, bad)).passed
    assert not beats_popularity(quality(bad, *good)).passed
    assert not beats_popularity(quality()).passed


@pytest.mark.parametrize(("days", "passed"), [(0.2, True), (0.0, False), (-1.0, False), (None, False)])
def test_every_feature_must_be_older_than_the_window(days, passed):
    assert clean_cut(quality((LATEST_FEATURE, days, None, {}))).passed is passed
    assert not clean_cut(quality()).passed


@pytest.mark.parametrize(("after", "passed"), [(0.0, True), (0.1, True), (0.2, False)])
def test_one_dear_purchase_may_raise_dear_items_by_a_twentieth(after, passed):
    rows = [(case, 900, 0.0, after if case % 2 else 0.0) for case in range(1, 11)]
    verdict = price_stays_sane(pl.DataFrame(rows, schema=PriceSanity.polars_schema(), orient="row"))
    assert verdict.passed is passed
    assert verdict.figures["mean_rise"] == pytest.approx(after / 2)
    assert verdict.figures["users"] == 10
    assert after / 2 <= verdict.figures["upper_end"] <= after


def test_where_nobody_could_be_tried_nothing_is_held_up():
    verdict = price_stays_sane(PriceSanity.empty())
    assert verdict.passed
    assert "Nobody" in verdict.said


def targets(*given):
    rows = [(TODAY, f"target {number}", 0.7, True, value, holds) for number, (value, holds) in enumerate(given)]
    return pl.DataFrame(rows, schema=CustomerTargets.polars_schema(), orient="row")


def test_all_targets_must_be_reached_in_the_latest_judgement():
    assert targets_reached(targets((0.9, True), (0.8, True))).passed
    missed = targets_reached(targets((0.9, True), (0.6, False), (None, False)))
    assert not missed.passed
    assert missed.figures == {"missed": 2, "targets": 3}
    assert "target 1: 0.600 (asked for at least 0.7)" in missed.said
    assert "not known" in missed.said
    earlier = targets((0.1, False)).with_columns(as_of=pl.lit(EARLIER))
    assert targets_reached(pl.concat([earlier, targets((0.9, True))])).passed
    assert not targets_reached(CustomerTargets.empty()).passed
