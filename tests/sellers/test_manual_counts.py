"""Manual counts: the file, what stands beside it, how far the metrics are off, and what that shows."""

import datetime as dt
import io

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.errors import VitrinaError
from vitrina.inbox.content import Content
from vitrina.inbox.judging import Delivery, judge_file
from vitrina.sellers.deviations import BOUND, Verdict, Way, deviations, events_needed, videos_needed
from vitrina.sellers.manual_counts import (
    BASE_METRICS,
    MANUAL_COUNTS,
    MEASURED,
    PAIRED,
    RawManualCounts,
    beside,
    counted,
    measured_of_videos,
)
from vitrina.sellers.metrics import INTERACTION_RATIO, PURCHASE_RATIO, SUCCESSFUL, UNSUCCESSFUL
from vitrina.sellers.tables import SellerVideoMetrics, VideoFiles

TODAY = dt.date(2026, 10, 20)
NINE = dt.datetime(2026, 10, 14, 9, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)
HEADER = "store_id,camera_id,begin,end,metric,value,counted_by"
GOOD = "s,c,2026-10-14T12:00:00+03:00,2026-10-14T13:00:00+03:00,successful_interactions,17,A"


def judged(*lines):
    content = "\n".join((HEADER, *lines)).encode()
    return judge_file(
        Content(io.BytesIO(content), len(content), ""), MANUAL_COUNTS, Delivery("manual_counts.csv", 1), today=TODAY, references={}
    )


def raw(*rows, begin=NINE):
    """Rows of metric, value, counter, and perhaps the hour."""
    return pl.DataFrame(
        {
            "store_id": ["s"] * len(rows),
            "camera_id": ["c"] * len(rows),
            "begin": [begin + dt.timedelta(hours=(row[3] if len(row) > 3 else 0)) for row in rows],
            "end": [begin + dt.timedelta(hours=(row[3] if len(row) > 3 else 0) + 1) for row in rows],
            "metric": [row[0] for row in rows],
            "value": [float(row[1]) for row in rows],
            "counted_by": [row[2] for row in rows],
        }
    )


def measured(*rows):
    """Rows of metric, value, n, and perhaps by how much the time is off, and why there is no value."""
    full = [(*row, *(dt.timedelta(0), None)[len(row) - 3 :]) for row in rows]
    return pl.DataFrame(
        {
            "store_id": ["s"] * len(full),
            "camera_id": ["c"] * len(full),
            "begin": [NINE + row[3] for row in full],
            "end": [NINE + dt.timedelta(hours=1) + row[3] for row in full],
            "metric": [row[0] for row in full],
            "value": pl.Series([row[1] for row in full], dtype=pl.Float64),
            "n": [row[2] for row in full],
            "refused": pl.Series([row[4] for row in full], dtype=pl.String),
        }
    )


def pairs(metric, by_hand, ours, n=None):
    """One video per pair."""
    size = len(by_hand)
    return pl.DataFrame(
        {
            "metric": [metric] * size,
            "counted": np.asarray(by_hand, float),
            "measured": np.asarray(ours, float),
            "n": pl.Series([0] * size if n is None else n, dtype=pl.Int64),
            "reason": pl.Series([None] * size, dtype=pl.String),
        }
    )


def told(frame, metric):
    return {found.way: found for found in deviations(frame) if found.metric == metric}


def test_a_good_file_is_read_with_its_times_in_utc():
    found = judged(GOOD, GOOD.replace("successful_interactions,17", "Interaction_Ratio,0.42"))
    assert found.refused.is_empty()
    assert found.rows.select("store_id", "camera_id", "begin", "metric", "value", "counted_by").rows() == [
        ("s", "c", NINE, SUCCESSFUL, 17.0, "A"),
        ("s", "c", NINE, INTERACTION_RATIO, 0.42, "A"),
    ]
    RawManualCounts.validate(found.rows)


@pytest.mark.parametrize(
    ("was", "becomes", "column"),
    [
        ("successful_interactions", "smiles", "metric"),
        (",17,", ",-1,", "value"),
        (",17,", ",many,", "value"),
        (",17,", ",NaN,", "value"),
        (",17,", ",,", "value"),
        ("12:00:00+03:00", "12:00:00", "begin"),
        ("2026-10-14T12", "2027-10-14T12", "begin"),
        (",A", ",", "counted_by"),
        ("s,c", ",c", "store_id"),
        ("s,c", "s" * 65 + ",c", "store_id"),
    ],
)
def test_a_row_that_cannot_be_right_is_refused_and_the_others_are_loaded(was, becomes, column):
    found = judged(GOOD.replace("17,A", "18,B"), GOOD.replace(was, becomes, 1))
    assert found.rows["counted_by"].to_list() == ["B"]
    assert found.refused.select("source_row", "column_name").rows() == [(3, column)]


def test_the_same_count_twice_in_one_file_is_refused():
    found = judged(GOOD, GOOD.replace(",17,", ",18,"))
    assert found.rows["value"].to_list() == [17]
    assert found.refused.height


def test_every_column_is_explained():
    assert [field.source for field in MANUAL_COUNTS.fields] == HEADER.split(",")
    assert all(field.meaning and field.example for field in MANUAL_COUNTS.fields)


def test_two_counters_give_their_mean_and_how_far_they_are_apart():
    found = counted(
        raw(
            (SUCCESSFUL, 10, "A"),
            (SUCCESSFUL, 14, "B"),
            (UNSUCCESSFUL, 3, "A"),
            (UNSUCCESSFUL, 0, "A", 1),
            (UNSUCCESSFUL, 0, "B", 1),
        )
    )
    assert found.select("metric", "counted", "counters", "spread").rows() == [
        (SUCCESSFUL, 12.0, 2, pytest.approx(4 / 12)),
        (UNSUCCESSFUL, 3.0, 1, None),
        (UNSUCCESSFUL, 0.0, 2, None),
    ]


def test_the_ratio_of_purchases_is_made_of_each_counters_averages_unless_it_was_counted():
    averages = (("average_purchase_with_consultation", 300, "A"), ("average_purchase_without_consultation", 200, "A"))
    assert counted(raw(*averages)).select("metric", "counted").rows() == [(PURCHASE_RATIO, 1.5)]
    assert counted(raw(*averages, (PURCHASE_RATIO, 1.4, "A")))["counted"].to_list() == [1.4]
    # of two people, each has a ratio of their own; half a pair is none, and neither is one by nothing
    assert counted(raw(*averages, (PURCHASE_RATIO, 1.7, "B"))).select("counted", "counters").rows() == [(pytest.approx(1.6), 2)]
    assert counted(raw(averages[0], ("average_purchase_without_consultation", 200, "B"))).is_empty()
    assert counted(raw(averages[0], ("average_purchase_without_consultation", 0, "A"))).is_empty()


def test_measurements_of_the_same_time_stand_beside_counts_and_every_count_has_a_pair_or_a_reason():
    counts = counted(raw((INTERACTION_RATIO, 0.4, "A"), (SUCCESSFUL, 10, "A"), (UNSUCCESSFUL, 5, "A"), (PURCHASE_RATIO, 1.5, "A")))
    ours = measured(
        (INTERACTION_RATIO, 0.5, 40, MINUTE / 2),
        (SUCCESSFUL, 11.0, 11, MINUTE / 3),
        (SUCCESSFUL, 99.0, 99, -MINUTE / 2),
        (UNSUCCESSFUL, 5.0, 5, 2 * MINUTE),
        (PURCHASE_RATIO, None, 3, dt.timedelta(0), "only 3 receipts"),
    )
    found = beside(counts, ours)
    assert tuple(found.columns) == PAIRED
    assert found.sort("metric").select("metric", "counted", "measured", "n", "reason").rows() == [
        (PURCHASE_RATIO, 1.5, None, 3, "no value: only 3 receipts"),
        (INTERACTION_RATIO, 0.4, 0.5, 40, None),
        (SUCCESSFUL, 10.0, 11.0, 11, None),
        (UNSUCCESSFUL, 5.0, None, None, "nothing was measured for this camera and time"),
    ]
    assert beside(counts, ours, tolerance_s=180).filter(pl.col("metric") == UNSUCCESSFUL)["measured"].to_list() == [5.0]
    assert beside(counts, ours.clear())["reason"].n_unique() == 1
    # the same beginning is not enough: half of the time has about half of the events
    half = ours.with_columns(pl.col("end") - dt.timedelta(minutes=30))
    assert beside(counts, half)["reason"].n_unique() == 1


def test_a_percentage_is_no_ratio_and_is_not_compared():
    found = beside(counted(raw((INTERACTION_RATIO, 42, "A"))), measured((INTERACTION_RATIO, 0.42, 40)))
    assert "is the ratio a percentage?" in found["reason"][0]
    assert {of.value for of in deviations(found)} == {None}


def test_a_videos_metrics_have_its_times_and_those_of_single_sellers_are_left_out():
    videos = pl.DataFrame(
        [
            {"video": "v", "store_id": "s", "camera_id": "c", "started_at": NINE, "duration_s": 3600.0},
            {"video": "w", "started_at": NINE},
        ],
        schema={
            name: of
            for name, of in VideoFiles.polars_schema().items()
            if name in {"video", "store_id", "camera_id", "started_at", "duration_s"}
        },
    )
    rows = [("v", "", SUCCESSFUL, 11.0), ("v", "Anna", SUCCESSFUL, 6.0), ("v", "", "idle_s", 5.0), ("w", "", SUCCESSFUL, 1.0)]
    metrics = pl.DataFrame(
        [dict(zip(("video", "seller_id", "metric", "value"), row, strict=True)) | {"n": 11} for row in rows],
        schema={
            name: of
            for name, of in SellerVideoMetrics.polars_schema().items()
            if name in {"video", "seller_id", "metric", "value", "n", "refused"}
        },
    )
    found = measured_of_videos(metrics, videos)
    assert tuple(found.columns) == MEASURED
    assert found.rows() == [("s", "c", NINE, NINE + dt.timedelta(hours=1), SUCCESSFUL, 11.0, 11, None)]
    assert beside(counted(raw((SUCCESSFUL, 10, "A"))), found)["measured"].to_list() == [11.0]


def test_ten_percent_needs_385_events_or_897_customers_of_whom_three_in_ten_are_served():
    assert events_needed(0.1) == 385
    assert events_needed(0.1, share=0.3) == 897
    assert events_needed(0.05) == 1537
    assert events_needed(share=1) == 0
    for share in (0, 1.2):
        with pytest.raises(VitrinaError, match="cannot be judged"):
            events_needed(share=share)


def test_four_videos_that_are_eight_percent_off_do_not_show_ten_percent():
    # deviations of 5, 6, 9 and 12 %: mean 8, standard deviation 3.16, and Student's t of three degrees is 3.182
    found = told(pairs(SUCCESSFUL, [1000] * 4, [1050, 940, 1090, 1120]), SUCCESSFUL)[Way.EACH_VIDEO]
    assert found.value == pytest.approx(0.08)
    assert (found.low, found.high) == (pytest.approx(0.03, abs=0.001), pytest.approx(0.13, abs=0.001))
    assert found.verdict is Verdict.NOT_SHOWN
    assert "beyond 10%" in found.why
    assert videos_needed(0.08, 0.0316) == 13
    assert videos_needed(0.1, 0.01) is None


def test_the_deviation_of_the_total_by_hand():
    # 300 counted, 310 found. Residuals of 310/300: 110 - 103.33, 200 - 206.67, so 2 x (6.67² + 6.67²) under the root, by 300
    found = told(pairs(SUCCESSFUL, [100, 200], [110, 200]), SUCCESSFUL)[Way.TOTAL_BY_VIDEOS]
    assert found.value == pytest.approx(1 / 30)
    half = 12.7062 * (2 * 2 * (20 / 3) ** 2) ** 0.5 / 300
    assert (found.low, found.high) == (pytest.approx(1 / 30 - half, abs=1e-5), pytest.approx(1 / 30 + half, abs=1e-5))
    assert (found.videos, found.events, found.events_needed) == (2, 300, 385)


def test_quotients_weigh_by_the_events_they_rest_on():
    frame = pairs(INTERACTION_RATIO, [0.2, 0.4], [0.3, 0.4], n=[100, 300])
    found = told(frame, INTERACTION_RATIO)
    # 140 of 400 served by hand, 150 by us
    assert found[Way.TOTAL_BY_VIDEOS].value == pytest.approx(150 / 140 - 1)
    assert found[Way.EACH_VIDEO].value == pytest.approx((0.5 + 0) / 2)
    assert found[Way.TOTAL_BY_EVENTS].events_needed == events_needed(share=0.35)


@pytest.mark.parametrize(
    ("by_hand", "ours", "way", "verdict"),
    [
        ([100] * 9, [101, 99, 102, 98, 100, 101, 99, 100, 103], Way.EACH_VIDEO, Verdict.SHOWN),
        ([100] * 9, [101, 99, 102, 98, 100, 101, 99, 100, 103], Way.TOTAL_BY_VIDEOS, Verdict.SHOWN),
        ([100] * 9, [130, 70] * 4 + [100], Way.EACH_VIDEO, Verdict.REFUTED),
        ([100] * 9, [130, 70] * 4 + [100], Way.TOTAL_BY_VIDEOS, Verdict.NOT_SHOWN),
        ([100] * 9, [80, 81, 79] * 3, Way.TOTAL_BY_VIDEOS, Verdict.REFUTED),
        ([10] * 9, [10] * 9, Way.EACH_VIDEO, Verdict.NOT_SHOWN),
        ([385], [385], Way.TOTAL_BY_EVENTS, Verdict.SHOWN),
        ([384], [384], Way.TOTAL_BY_EVENTS, Verdict.NOT_SHOWN),
        ([385], [385], Way.EACH_VIDEO, Verdict.NOT_SHOWN),
        ([900], [1200], Way.TOTAL_BY_EVENTS, Verdict.REFUTED),
    ],
)
def test_what_is_shown_not_shown_and_refuted(by_hand, ours, way, verdict):
    found = told(pairs(SUCCESSFUL, by_hand, ours), SUCCESSFUL)[way]
    assert found.verdict is verdict
    assert (found.why is None) == (verdict is not Verdict.NOT_SHOWN)


def test_agreement_on_few_events_shows_nothing():
    found = told(pairs(SUCCESSFUL, [10] * 9, [10] * 9), SUCCESSFUL)[Way.EACH_VIDEO]
    assert (found.value, found.low, found.high) == (0, 0, 0)
    assert found.why == "it rests on 90 events; 385 are needed"


def test_relative_to_nothing_no_deviation_is_known_but_the_total_is():
    found = told(pairs(UNSUCCESSFUL, [0, 200, 200], [2, 200, 200]), UNSUCCESSFUL)
    assert found[Way.EACH_VIDEO].value is None
    assert found[Way.EACH_VIDEO].verdict is Verdict.NOT_SHOWN
    assert found[Way.TOTAL_BY_VIDEOS].value == pytest.approx(2 / 400)
    # where both found none, they agree
    assert told(pairs(UNSUCCESSFUL, [0, 200], [0, 200]), UNSUCCESSFUL)[Way.EACH_VIDEO].value == 0


def test_what_nobody_counted_is_not_shown():
    nothing = pairs(SUCCESSFUL, [], [])
    for found in deviations(nothing):
        assert (found.value, found.verdict, found.videos, found.why) == (
            None,
            Verdict.NOT_SHOWN,
            0,
            "nothing was counted and measured",
        )
    assert [found.metric for found in deviations(nothing)] == [metric for metric in BASE_METRICS for _ in Way]


def test_rows_with_a_reason_are_left_out():
    frame = pairs(SUCCESSFUL, [100, 100], [100, 500]).with_columns(pl.Series("reason", [None, "no value"]))
    assert told(frame, SUCCESSFUL)[Way.TOTAL_BY_VIDEOS].value == 0


def test_purchases_have_no_interval_over_events():
    found = told(pairs(PURCHASE_RATIO, [1.5, 1.4], [1.5, 1.45], n=[200, 300]), PURCHASE_RATIO)[Way.TOTAL_BY_EVENTS]
    assert (found.low, found.verdict) == (None, Verdict.NOT_SHOWN)
    assert found.events == 500


def test_the_interval_over_videos_holds_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(11)
    truly, hits = 0.04, 0
    for _ in range(300):
        by_hand = rng.integers(60, 140, 12).astype(float)
        ours = by_hand * (1 + truly) + rng.normal(0, 8, 12)
        found = told(pairs(SUCCESSFUL, by_hand, ours), SUCCESSFUL)[Way.TOTAL_BY_VIDEOS]
        hits += found.low <= truly <= found.high
    assert 0.91 <= hits / 300 <= 0.98


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 500), st.integers(0, 500)), min_size=1, max_size=9), st.sampled_from([2.0, 7.0]))
def test_neither_the_order_of_videos_nor_the_unit_of_purchases_changes_a_deviation(counts, unit):
    by_hand, ours = (np.array(side, dtype=float) for side in zip(*counts, strict=True))
    usual = told(pairs(PURCHASE_RATIO, by_hand, ours, n=[5] * len(counts)), PURCHASE_RATIO)
    other = told(pairs(PURCHASE_RATIO, by_hand[::-1] * unit, ours[::-1] * unit, n=[5] * len(counts)), PURCHASE_RATIO)
    for way in Way:
        for end in ("value", "low", "high"):
            assert getattr(other[way], end) == (
                None if getattr(usual[way], end) is None else pytest.approx(getattr(usual[way], end), abs=1e-9)
            )


def test_the_bound_is_ten_percent():
    assert BOUND == 0.1
