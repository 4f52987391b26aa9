"""Measures of tracking and detection against published values, small cases computed by hand, and what must change nothing."""

import math
import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.sellers import judgement
from vitrina.sellers.box_matching import on_frames, overlaps_of, without_ignored
from vitrina.sellers.confusion import (
    as_people,
    clock,
    confusion_by_seconds,
    confusion_matrix,
    label_quality,
    share_by_blocks,
    with_labels,
)
from vitrina.sellers.detection_quality import DetectionQuality, detection_quality
from vitrina.sellers.judgement import (
    STRIDES,
    JudgementError,
    at_samples,
    by_stride,
    seen_by_stride,
    share_of_events_seen,
    thinned,
    tracking_quality,
    tracking_quality_of_videos,
)
from vitrina.sellers.mot import Kind, read_mot

SIX_DIGITS = 1e-6
HERE, THERE, ELSEWHERE = (0, 0, 10, 20), (100, 0, 110, 20), (200, 0, 210, 20)
HALF = (0, 0, 10, 10)
"""Overlaps `HERE` by one half."""


def boxes(*rows):
    """Rows of frame, identity, corners, and perhaps whether they are ignored."""
    schema = {"frame": pl.Int64, "identity": pl.Int64, **dict.fromkeys(("x1", "y1", "x2", "y2"), pl.Float64), "ignored": pl.Boolean}
    return pl.DataFrame(
        [(frame, who, *map(float, at), *(rest or (False,))) for frame, who, at, *rest in rows], schema=schema, orient="row"
    )


def labelled(*rows):
    """Rows of frame, label, corners."""
    schema = {"frame": pl.Int64, "label": pl.String, **dict.fromkeys(("x1", "y1", "x2", "y2"), pl.Float64)}
    return pl.DataFrame([(frame, label, *map(float, at)) for frame, label, at in rows], schema=schema, orient="row")


def detected(*rows):
    """Rows of frame, confidence, corners."""
    schema = {"frame": pl.Int64, "confidence": pl.Float64, **dict.fromkeys(("x1", "y1", "x2", "y2"), pl.Float64)}
    return pl.DataFrame([(frame, sure, *map(float, at)) for frame, sure, at in rows], schema=schema, orient="row")


def real(name):
    folder = os.environ.get("VITRINA_REAL_DATA")
    if folder is None:
        pytest.skip("VITRINA_REAL_DATA names no folder with sellers/motmetrics")
    data = Path(folder) / "sellers" / "motmetrics" / "data" / name
    return read_mot(data / "gt.txt", Kind.TRUTH), read_mot(data / "test.txt", Kind.TRACKS)


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "mota", "idf1", "hota"),
    [("TUD-Campus", 0.526462, 0.557659, 0.3913974378451139), ("TUD-Stadtmitte", 0.564014, 0.644619, 0.397849)],
)
def test_known_sequences_have_their_published_values(name, mota, idf1, hota):
    found = tracking_quality(*real(name))
    assert found.mota == pytest.approx(mota, abs=SIX_DIGITS)
    assert found.idf1 == pytest.approx(idf1, abs=SIX_DIGITS)
    assert found.hota == pytest.approx(hota, abs=SIX_DIGITS)


@pytest.mark.real_data
def test_the_known_sequences_can_be_judged_as_one_and_by_stride():
    campus, stadtmitte = real("TUD-Campus"), real("TUD-Stadtmitte")
    both, one, other = tracking_quality_of_videos([campus, stadtmitte]), tracking_quality(*campus), tracking_quality(*stadtmitte)
    assert both.matches == one.matches + other.matches
    errors = sum(of.misses + of.false_positives + of.switches for of in (one, other))
    assert both.mota == pytest.approx(1 - errors / (campus[0].height + stadtmitte[0].height))
    curve = by_stride(*campus)
    assert curve["stride"].to_list() == list(STRIDES)
    assert curve["mota"][0] == pytest.approx(0.526462, abs=SIX_DIGITS)
    assert curve["frames"].to_list() == [math.ceil(71 / stride) for stride in STRIDES]
    assert curve["seen"].is_between(0, 1).all()


def test_a_hand_computed_case_with_a_switch_a_miss_and_a_false_alarm():
    truth = boxes(*((frame, 1, HERE) for frame in (1, 2, 3, 4)))
    said = boxes((1, 7, HERE), (2, 7, HERE), (3, 8, HERE), (1, 9, THERE))
    found = tracking_quality(truth, said)
    assert (found.matches, found.misses, found.false_positives, found.switches) == (3, 1, 1, 1)
    assert found.mota == pytest.approx(1 - (1 + 1 + 1) / 4)
    # the one identity that fits best is 7, on two boxes: 2 x 2 / (4 true + 4 said)
    assert found.idf1 == pytest.approx(4 / 8)
    assert (found.precision, found.recall) == (pytest.approx(3 / 4), pytest.approx(3 / 4))
    # three found of 3 + 1 + 1; association of the boxes of 7: 2 / (4 + 2 - 2), of 8: 1 / (4 + 1 - 1)
    deta, assa = 3 / 5, (2 * 2 / 4 + 1 / 4) / 3
    assert found.deta == pytest.approx(deta)
    assert found.assa == pytest.approx(assa)
    assert found.hota == pytest.approx(math.sqrt(deta * assa))
    assert found.loca == pytest.approx(1)
    assert (found.mostly_tracked, found.partly_tracked, found.mostly_lost) == (0, 1, 0)
    assert (found.identities, found.said_identities, found.frames) == (1, 3, 4)


def test_an_overlap_of_one_half_counts_up_to_an_alpha_of_one_half():
    found = tracking_quality(boxes((1, 1, HERE)), boxes((1, 1, HALF)))
    # ten of the nineteen overlaps .05, .10, … .95 are at most .5
    assert found.hota == pytest.approx(10 / 19)
    assert found.loca == pytest.approx(0.5)
    assert found.mota == 1


def test_what_is_unknown_is_none_and_not_zero():
    nobody, somebody = boxes(), boxes((1, 1, HERE))
    nothing = tracking_quality(nobody, nobody)
    assert (nothing.hota, nothing.mota, nothing.idf1, nothing.precision, nothing.recall, nothing.loca) == (None,) * 6
    missed = tracking_quality(somebody, nobody)
    assert (missed.hota, missed.mota, missed.idf1, missed.recall, missed.precision, missed.loca) == (0, 0, 0, 0, None, None)
    assert (missed.misses, missed.mostly_lost) == (1, 1)
    imagined = tracking_quality(nobody, somebody)
    assert (imagined.hota, imagined.mota, imagined.idf1, imagined.recall, imagined.precision) == (0, None, 0, None, 0)
    assert imagined.false_positives == 1


def test_a_box_that_need_not_be_found_counts_neither_way():
    truth = boxes((1, 1, HERE), (1, 2, THERE, True), (2, 2, THERE, True))
    usual = tracking_quality(boxes((1, 1, HERE)), boxes((1, 1, HERE)))
    assert tracking_quality(truth, boxes((1, 1, HERE))) == usual
    assert tracking_quality(truth, boxes((1, 1, HERE), (1, 5, THERE), (2, 5, THERE))) == usual
    # but a second box on it is a false alarm, and so is one elsewhere
    assert tracking_quality(truth, boxes((1, 1, HERE), (1, 5, THERE), (1, 6, THERE), (2, 5, ELSEWHERE))).false_positives == 2


def test_one_identity_twice_on_a_frame_is_refused_and_so_are_too_many(monkeypatch):
    with pytest.raises(JudgementError, match="What was said has identity 4 more than once on frame 3"):
        tracking_quality(boxes((3, 4, HERE)), boxes((3, 4, HERE), (3, 4, THERE)))
    monkeypatch.setattr(judgement, "MOST_IDENTITIES", 2)
    with pytest.raises(JudgementError, match="1 true identities and 2 said ones"):
        tracking_quality(boxes((3, 4, HERE)), boxes((3, 4, HERE), (3, 5, THERE)))


WORLD = st.lists(
    st.tuples(st.integers(1, 8), st.integers(0, 5), st.integers(0, 60), st.integers(0, 60), st.integers(5, 40), st.integers(5, 40)),
    max_size=25,
    # no two boxes alike on a frame: which of them is which nobody could say
    unique_by=(lambda row: row[:2], lambda row: (row[0], *row[2:])),
).map(lambda rows: boxes(*((frame, who, (x, y, x + w, y + h)) for frame, who, x, y, w, h in rows)))


@settings(max_examples=40, deadline=None)
@given(WORLD)
def test_a_perfect_tracker_gets_one(truth):
    found = tracking_quality(truth, truth)
    assert (found.switches, found.misses, found.false_positives) == (0, 0, 0)
    for name in ("hota", "deta", "assa", "loca", "mota", "idf1", "precision", "recall"):
        assert getattr(found, name) == (pytest.approx(1) if truth.height else None)


@settings(max_examples=40, deadline=None)
@given(WORLD, WORLD, st.permutations(range(6)), st.randoms(use_true_random=False))
def test_neither_the_names_of_identities_nor_the_order_of_rows_change_anything(truth, said, names, chance):
    usual = tracking_quality(truth, said)
    renamed = said.with_columns(pl.col("identity").replace_strict(dict(enumerate(names)), return_dtype=pl.Int64) * 1000)
    assert tracking_quality(truth, renamed) == usual
    order = chance.sample(range(said.height), said.height)
    assert tracking_quality(truth[::-1], said[order] if order else said) == usual


@settings(max_examples=25, deadline=None)
@given(WORLD, WORLD)
def test_a_second_tracker_of_other_people_in_another_video_changes_no_count_of_the_first(truth, said):
    alone, twice = tracking_quality(truth, said), tracking_quality_of_videos([(truth, said), (truth, said)])
    assert (twice.matches, twice.misses, twice.switches) == (2 * alone.matches, 2 * alone.misses, 2 * alone.switches)
    for name in ("hota", "mota", "idf1"):
        assert getattr(twice, name) == (None if getattr(alone, name) is None else pytest.approx(getattr(alone, name)))


def test_every_fifth_frame_is_the_first_the_sixth_and_so_on():
    every = boxes(*((frame, 1, HERE) for frame in range(1, 32)))
    assert thinned(every, 1).equals(every)
    assert thinned(every, 5)["frame"].to_list() == [1, 6, 11, 16, 21, 26, 31]
    assert thinned(every, 12, first=3)["frame"].to_list() == [3, 15, 27]


def test_frames_that_were_chosen_by_time_are_judged_as_samples():
    every = boxes(*((frame, 1, HERE) for frame in (1, 2, 26, 27, 60)))
    # key frames: the first, the one after a second and a little, and one on which nobody is
    samples = pl.DataFrame({"sample": [0, 1, 2, 3], "pts_s": [0.0, 1.001, 2.0, 2.36]})
    found = at_samples(every, samples, frames_per_second=25)
    assert found["frame"].to_list() == [1, 2, 4]
    assert found.columns == every.columns


def test_the_curve_shows_what_looking_less_often_costs():
    # somebody on frames 2 to 4 alone, who is on no 5th frame; and a tracker that loses its identity from frame 20 on
    truth = boxes(*((frame, 1, HERE) for frame in range(1, 31)), *((frame, 2, THERE) for frame in (2, 3, 4)))
    said = truth.with_columns(
        pl.when(pl.col("identity") == 1, pl.col("frame") >= 20).then(9).otherwise("identity").alias("identity")
    )
    curve = by_stride(truth, said, (1, 5, 30))
    assert curve["seen"].to_list() == [1, 0.5, 0.5]
    assert curve["switches"].to_list() == [1, 1, 0]
    assert curve["frames"].to_list() == [30, 6, 1]
    # 19 of 30 frames with the better identity, and all of the other person: 2 x 22 / 66; then 4 of 6, then the one
    assert curve["idf1"].to_list() == pytest.approx([22 / 33, 4 / 6, 1])


def test_a_tracker_can_be_run_anew_at_each_stride():
    truth = boxes(*((frame, 1, HERE) for frame in range(1, 31)))
    asked = []

    def tracker(stride):
        asked.append(stride)
        return thinned(truth, stride) if stride < 30 else boxes()

    assert by_stride(truth, tracker, (1, 5, 30))["recall"].to_list() == [1, 1, 0]
    assert asked == [1, 5, 30]


def test_an_event_is_seen_with_the_share_of_a_step_that_it_lasts():
    assert share_of_events_seen([0.4], 1.0) == pytest.approx(0.4)
    assert share_of_events_seen([5.0], 1.0) == 1
    assert share_of_events_seen([0.5, 1.0, 2.0, 4.0], 2.0) == pytest.approx((0.25 + 0.5 + 1 + 1) / 4)
    assert seen_by_stride([0.5], 25) == pytest.approx({1: 1, 5: 1, 12: 1, 25: 0.5, 30: 0.5 / 1.2})


def test_simulated_looks_see_as_many_events_as_expected():
    rng = np.random.default_rng(4)
    lengths = rng.exponential(1.5, 20_000)
    begins = rng.uniform(0, 10_000, 20_000)
    step = 1.2
    # the next look at or after the beginning comes before the end
    looked = np.ceil(begins / step) * step < begins + lengths
    assert looked.mean() == pytest.approx(share_of_events_seen(lengths, step), abs=0.01)


def test_overlaps_are_intersections_over_unions():
    of = np.array([HERE, THERE], dtype=float)
    found = overlaps_of(of, np.array([HERE, HALF, (5, 0, 15, 20)], dtype=float))
    np.testing.assert_allclose(found, [[1, 0.5, 1 / 3], [0, 0, 0]])
    assert overlaps_of(of[:0], of).shape == (0, 2)


def test_matching_takes_the_pairs_that_add_up_to_most():
    truth, said = boxes((1, 1, HERE), (1, 2, (4, 0, 14, 20))), boxes((1, 1, (2, 0, 12, 20)), (1, 2, (-1, 0, 9, 20)))
    (frame,) = on_frames(truth, said)
    pairs = sorted(zip(*(side.tolist() for side in frame.matched()), strict=True))
    assert pairs == [(0, 1), (1, 0)]


def test_without_anything_ignored_both_stay_as_they_are():
    truth = boxes((1, 1, HERE))
    assert without_ignored(truth, truth) == (truth, truth)
    assert without_ignored(truth.drop("ignored"), truth)[1] is truth


def test_average_precision_by_hand():
    # by confidence: right, wrong, right; two people. Precision is 1 up to a recall of 1/2, and 2/3 from there on
    truth = boxes((1, 1, HERE), (2, 1, HERE))
    said = detected((1, 0.9, HERE), (1, 0.8, THERE), (2, 0.7, HERE))
    expected = (51 * 1 + 50 * 2 / 3) / 101
    found = detection_quality(truth, said)
    assert found.map50 == pytest.approx(expected)
    assert found.map50_95 == pytest.approx(expected)
    assert (found.boxes, found.detections) == (2, 3)
    # an overlap of one half is enough at .5 and at none of the other nine
    half = detection_quality(boxes((1, 1, HERE)), detected((1, 0.9, HALF)))
    assert (half.map50, half.map50_95) == (pytest.approx(1), pytest.approx(0.1))


def test_more_than_a_hundred_people_on_a_frame_are_all_judged():
    crowd = [(x * 20, 0, x * 20 + 10, 20) for x in range(150)]
    truth = boxes(*((1, who, at) for who, at in enumerate(crowd)))
    assert detection_quality(truth, detected(*((1, 0.5, at) for at in crowd))).map50 == pytest.approx(1)


def test_average_precision_of_nobody_is_unknown_and_of_no_detections_is_zero():
    assert detection_quality(boxes(), detected((1, 0.9, HERE))) == DetectionQuality(None, None, 0, 1)
    assert detection_quality(boxes((1, 1, HERE)), detected()) == DetectionQuality(0, 0, 1, 0)
    assert detection_quality(boxes((1, 1, HERE, True)), detected((1, 0.9, HERE))) == DetectionQuality(None, None, 0, 0)


def test_judging_detections_says_nothing_on_the_screen(capfd):
    detection_quality(boxes((1, 1, HERE)), detected((1, 0.9, HERE)))
    assert capfd.readouterr() == ("", "")


@settings(max_examples=25, deadline=None)
@given(WORLD, st.floats(0.01, 1))
def test_perfect_detections_get_one_whatever_their_confidence(truth, sure):
    found = detection_quality(truth, truth.with_columns(pl.lit(sure).alias("confidence")))
    assert (found.map50, found.map50_95) == ((pytest.approx(1),) * 2 if truth.height else (None, None))


def test_who_is_taken_for_whom_by_seconds():
    truth = labelled((0, "seller", HERE), (1, "seller", HERE), (2, "seller", HERE), (2, "customer", THERE), (3, "fixture", THERE))
    said = labelled(
        (0, "seller", HERE), (1, "unknown", HERE), (2, "customer", HERE), (2, "seller", THERE), (3, "seller", ELSEWHERE)
    )
    seconds = confusion_by_seconds(truth, said, step_s=2.0, block_s=4.0)
    assert seconds.rows() == [
        (0, "seller", "seller", 2.0),
        (0, "seller", "unknown", 2.0),
        (1, "customer", "seller", 2.0),
        (1, "fixture", "nobody", 2.0),
        (1, "nobody", "seller", 2.0),
        (1, "seller", "customer", 2.0),
    ]
    matrix = confusion_matrix(seconds)
    assert matrix.columns == ["truth", "seller", "customer", "unknown", "fixture", "nobody"]
    assert matrix.rows()[0] == ("seller", 2.0, 2.0, 2.0, 0.0, 0.0)
    assert matrix.rows()[-1] == ("nobody", 2.0, 0.0, 0.0, 0.0, 0.0)
    assert sum(matrix.drop("truth").sum().row(0)) == seconds["seconds"].sum()
    quality = label_quality(seconds, "seller", seed=0)
    assert (quality.precision.value, quality.precision.seconds) == (pytest.approx(1 / 3), 6.0)
    assert (quality.recall.value, quality.recall.seconds) == (pytest.approx(1 / 3), 6.0)
    assert label_quality(seconds, "ghost", seed=0).precision == (None, None, None, 0.0, 0)


def test_a_frame_stands_for_the_time_until_the_next_one():
    samples = pl.DataFrame({"sample": [0, 1, 2, 3], "pts_s": [0.0, 1.0, 5.0, 6.5]})
    times = clock(samples)
    assert times.rows() == [(1, 0.0, 1.0), (2, 1.0, 4.0), (3, 5.0, 1.5), (4, 6.5, 1.5)]
    truth = labelled(*((frame, "seller", HERE) for frame in (1, 2, 3, 9)))
    seconds = confusion_by_seconds(truth, truth, step_s=times, block_s=5.0)
    # frame 9 was not sampled
    assert seconds.rows() == [(0, "seller", "seller", 5.0), (1, "seller", "seller", 1.5)]
    assert clock(samples[:1]).rows() == [(1, 0.0, 0.0)]
    assert confusion_by_seconds(truth[:0], truth[:0], step_s=times).is_empty()


def test_names_that_are_no_roles_stand_behind_them_in_the_matrix():
    seconds = confusion_by_seconds(labelled((0, "Anna", HERE)), labelled((0, "Boris", HERE)), step_s=1)
    assert confusion_matrix(seconds, ()).columns == ["truth", "Anna", "Boris", "nobody"]


def test_a_person_is_detected_or_not_at_a_threshold():
    truth = as_people(boxes((0, 1, HERE), (1, 1, HERE), (2, 1, HERE)))
    said = detected((0, 0.9, HERE), (1, 0.3, HERE), (2, 0.8, THERE))
    found = label_quality(confusion_by_seconds(truth, as_people(said, least_confidence=0.5), step_s=1), "person", seed=0)
    assert (found.precision.value, found.recall.value) == (pytest.approx(1 / 2), pytest.approx(1 / 3))
    found = label_quality(confusion_by_seconds(truth, as_people(said), step_s=1), "person", seed=0)
    assert (found.precision.value, found.recall.value) == (pytest.approx(2 / 3), pytest.approx(2 / 3))


def test_labels_come_from_who_a_track_belongs_to():
    trajectories = pl.DataFrame(
        {
            "video": "v",
            "track": [1, 2, 3],
            "sample": [0, 0, 1],
            **{c: [v] * 3 for c, v in zip(("x1", "y1", "x2", "y2"), HERE, strict=True)},
        }
    )
    tracks = pl.DataFrame({"video": "v", "track": [1, 2], "person": [1, 2]})
    people = pl.DataFrame(
        {
            "video": "v",
            "person": [1, 2],
            "role": ["seller", "customer"],
            "baseline_role": ["customer", "seller"],
            "seller_id": ["Anna", None],
        }
    )

    def of(label):
        return sorted(with_labels(trajectories, tracks, people, label=label).select("frame", "label").rows())

    assert of("role") == [(1, "customer"), (1, "seller"), (2, "unknown")]
    assert of("baseline_role") == [(1, "customer"), (1, "seller"), (2, "unknown")]
    assert of("seller_id") == [(1, "Anna"), (1, "customer"), (2, "unknown")]


def test_a_share_that_is_known_from_few_blocks_has_a_wide_interval():
    few, many = share_by_blocks([5, 9, 2, 8], [10] * 4, seed=0), share_by_blocks([5, 9, 2, 8] * 25, [10] * 100, seed=0)
    assert few.value == many.value == pytest.approx(0.6)
    assert few.low < many.low < 0.6 < many.high < few.high
    assert (few.seconds, few.blocks) == (40, 4)
    assert share_by_blocks([5], [10], seed=0) == (0.5, None, None, 10, 1)


def test_a_faultless_share_has_an_interval_that_few_blocks_do_not_close():
    # Wilson: of n faultless cases, n / (n + 1.96²)
    assert share_by_blocks([10] * 10, [10] * 10, seed=0)[:3] == (1, pytest.approx(10 / 13.8415, abs=1e-4), pytest.approx(1))
    assert share_by_blocks([0] * 10, [10] * 10, seed=0)[:3] == (0, pytest.approx(0), pytest.approx(3.8415 / 13.8415, abs=1e-4))
    # blocks without any time do not count
    assert share_by_blocks([10, 0], [10, 0], seed=0) == (1, None, None, 10, 1)


@settings(max_examples=25, deadline=None)
@given(WORLD, WORLD)
def test_every_second_of_the_truth_and_of_what_was_said_is_counted_once(truth, said):
    seconds = confusion_by_seconds(as_people(truth), as_people(said), step_s=1.0, block_s=3.0)
    for side, of in (("truth", truth), ("said", said)):
        assert seconds.filter(pl.col(side) == "person")["seconds"].sum() == of.height
