import os
import random
import socket
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from vitrina.errors import InvalidTableError, SettingsError
from vitrina.sellers.appearance import OnnxAppearance
from vitrina.sellers.judgement import tracking_quality
from vitrina.sellers.trackers import TRACKERS, TrackerSettings, tracker_of
from vitrina.sellers.tracking import tracked, untracked

SIZE = (640, 480)
D = 32
STRONGSORT = TRACKERS["strongsort"]


def look(person, sample=0, noise=0.02):
    """What a person looks like: nearly the same on every sample, and nothing like anybody else."""
    vector = np.zeros(D)
    vector[person % D] = 1
    vector += np.random.default_rng([person, sample]).normal(size=D) * noise
    return (vector / np.linalg.norm(vector)).tolist()


def frame_of(rows):
    """Detections of (sample, person, x, y) with boxes of 30 by 80, numbered within their samples as they come."""
    numbered = {}
    detections = []
    for sample, person, x, y in rows:
        number = numbered[sample] = numbered.get(sample, -1) + 1
        detections.append((sample, number, x, y, x + 30.0, y + 80.0, 0.9, look(person, sample), person))
    schema = ["sample", "detection", "x1", "y1", "x2", "y2", "confidence", "appearance", "person"]
    types = {"sample": pl.Int64, "detection": pl.Int64, "appearance": pl.List(pl.Float32)}
    return pl.DataFrame(detections, schema=schema, orient="row", schema_overrides=types)


def seconds(n, step=1.0):
    return pl.DataFrame({"sample": range(n), "pts_s": [sample * step for sample in range(n)]})


def people_of_tracks(detections, tracks):
    """Of each track the people that it holds, in order."""
    joined = tracks.join(detections, on=["sample", "detection"]).sort("track", "sample")
    return {track: rows["person"].unique().sort().to_list() for (track,), rows in joined.group_by("track", maintain_order=True)}


def run(rows, samples, settings=STRONGSORT):
    detections = frame_of(rows)
    return detections, tracked(detections, samples, settings=settings, size=SIZE)


def test_two_people_who_cross_keep_their_tracks():
    rows = [row for s in range(12) for row in ((s, 0, 40.0 + 40 * s, 200), (s, 1, 480.0 - 40 * s, 200))]
    detections, tracks = run(rows, seconds(12))
    assert people_of_tracks(detections, tracks) == {1: [0], 2: [1]}
    assert tracks.height == 24


def test_whom_appearance_tells_is_followed_although_the_other_stands_where_he_stood():
    rows = [(s, person, 200.0 + 40 * ((person + s) % 2), 200) for s in range(8) for person in (0, 1)]
    detections, tracks = run(rows, seconds(8))
    assert people_of_tracks(detections, tracks) == {1: [0], 2: [1]}


def test_whoever_takes_the_place_of_another_within_a_second_does_not_take_over_the_track():
    rows = [(s, int(s >= 5), 200.0 + s, 200) for s in range(10)]
    detections, tracks = run(rows, seconds(10))
    assert people_of_tracks(detections, tracks) == {1: [0], 2: [1]}
    _, by_boxes_alone = run(rows, seconds(10), replace(STRONGSORT, max_overlap_cos_dist=2.0))
    assert by_boxes_alone["track"].n_unique() == 1


def test_whose_look_is_not_quite_the_same_is_followed_by_boxes():
    def turned(sample):
        return [1.0, 0.0] if sample < 3 else [0.6, 0.8]

    detections = frame_of([(s, 0, 200.0 + s, 200) for s in range(6)])
    looks = pl.Series("appearance", [turned(s) for s in range(6)], dtype=pl.List(pl.Float32))
    tracks = tracked(detections.with_columns(looks), seconds(6), settings=STRONGSORT, size=SIZE)
    assert tracks["track"].unique().to_list() == [1]


def test_appearances_belong_to_their_rows_in_whatever_order_detections_come():
    rows = [(s, person, 100.0 + 90 * person + 5 * s, 200) for s in range(6) for person in (0, 1, 2)]
    detections, tracks = run(rows, seconds(6))
    assert people_of_tracks(detections, tracks) == {1: [0], 2: [1], 3: [2]}
    shuffled = tracked(detections.sample(fraction=1, shuffle=True, seed=1), seconds(6).reverse(), settings=STRONGSORT, size=SIZE)
    assert shuffled.equals(tracks)


def test_who_returns_soon_keeps_the_track_and_who_returns_late_begins_another():
    rows = [(s, 0, 200.0, 200) for s in (0, 1, 2, 8, 9, 40, 41)]
    _, tracks = run(rows, seconds(42))
    assert tracks["track"].to_list() == [1, 1, 1, 1, 1, 2, 2]


def test_how_long_somebody_is_remembered_is_meant_in_seconds_at_every_step():
    rows = [(s, 0, 200.0, 200) for s in (0, 1, 2, 32, 33)]
    _, every_fifth = run(rows, seconds(34, step=0.2))
    assert every_fifth["track"].to_list() == [1, 1, 1, 1, 1]
    _, every_second = run(rows, seconds(34))
    assert every_second["track"].to_list() == [1, 1, 1, 2, 2]


def test_after_a_gap_tracking_begins_anew_and_numbers_go_on():
    rows = [(s, person, 100.0 + 200 * person, 200) for s in range(6) for person in (0, 1)]
    samples = seconds(6).with_columns(pts_s=pl.col("pts_s") + pl.when(pl.col("sample") >= 3).then(60.0).otherwise(0.0))
    detections, tracks = run(rows, samples)
    assert people_of_tracks(detections, tracks) == {1: [0], 2: [1], 3: [0], 4: [1]}
    _, patient = run(rows, samples, replace(STRONGSORT, max_gap_s=100.0, max_age_s=100.0))
    assert patient["track"].n_unique() == 2


@pytest.mark.parametrize("jump", [0.0, -500.0])
def test_time_that_stands_or_jumps_back_begins_tracking_anew(jump):
    samples = pl.DataFrame({"sample": [0, 1, 2, 3], "pts_s": [1000.0, 1001.0, 1001.0 + jump, 1002.0 + jump]})
    _, tracks = run([(s, 0, 200.0, 200) for s in range(4)], samples)
    assert tracks["track"].to_list() == [1, 1, 2, 2]


def test_an_hour_in_which_nobody_comes_is_waited_through():
    rows = [(s, person, 100.0 + 200 * person, 200) for s in (0, 1, 3601, 3602) for person in (0, 1)]
    detections, tracks = run(rows, seconds(3603))
    assert people_of_tracks(detections, tracks) == {1: [0], 2: [1], 3: [0], 4: [1]}


def test_fifty_people_at_once_are_told_apart():
    rows = [(s, person, 60.0 * (person % 10) + 2 * s, 90.0 * (person // 10)) for s in range(5) for person in range(50)]
    detections, tracks = run(rows, seconds(5))
    held = people_of_tracks(detections, tracks)
    assert tracks.height == 250
    assert sorted(person for (person,) in held.values()) == list(range(50))


def test_one_frame_gives_everybody_a_track_of_one_sample():
    _, tracks = run([(0, 0, 100.0, 100), (0, 1, 300.0, 100)], seconds(1))
    assert tracks.rows() == [(0, 0, 1), (0, 1, 2)]


@pytest.mark.parametrize("n", [0, 1, 5])
def test_where_nobody_was_found_there_are_no_tracks(n):
    tracks = tracked(frame_of([]), seconds(n), settings=STRONGSORT, size=SIZE)
    assert tracks.is_empty()
    assert tracks.schema == {"sample": pl.Int64, "detection": pl.Int64, "track": pl.Int64}


@pytest.mark.parametrize("method", ["ocsort", "bytetrack"])
def test_other_trackers_need_no_appearance(method):
    detections = frame_of([(s, person, 100.0 + 200 * person + 4 * s, 200) for s in range(6) for person in (0, 1)])
    tracks = tracked(detections.with_columns(appearance=None), seconds(6), settings=TRACKERS[method], size=SIZE)
    assert people_of_tracks(detections, tracks) == {1: [0], 2: [1]}


def test_what_cannot_be_a_person_has_no_track_and_is_told():
    detections = frame_of([(s, person, 100.0 + 100 * person, 200) for s in range(3) for person in range(5)])
    number = pl.col("detection")
    detections = detections.with_columns(
        x2=pl.when(number == 1).then(pl.col("x1") + 1e-7).when(number == 2).then(pl.col("x1") - 5).otherwise(pl.col("x2")),
        y1=pl.when(number == 3).then(float("nan")).otherwise(pl.col("y1")),
        confidence=pl.when(number == 4).then(0.01).otherwise(pl.col("confidence")),
    )
    tracks = tracked(detections, seconds(3), settings=STRONGSORT, size=SIZE)
    assert tracks["detection"].unique().to_list() == [0]
    assert untracked(detections, tracks)["detection"].to_list() == [1, 2, 3, 4] * 3


def test_who_was_seen_once_is_dropped_where_two_detections_are_asked_for(monkeypatch):
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    rows = [(0, 0, 100.0, 100), (1, 0, 100.0, 100), (2, 0, 100.0, 100), (1, 1, 400.0, 100)]
    detections, tracks = run(rows, seconds(3), replace(STRONGSORT, n_init=2))
    assert people_of_tracks(detections, tracks) == {1: [0]}
    assert untracked(detections, tracks)["person"].to_list() == [0, 1]


def test_nothing_is_fetched_and_no_net_is_loaded(monkeypatch):
    def refuse(*_args, **_kwargs):
        raise AssertionError("the network was asked for")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr("subprocess.Popen.__init__", refuse)
    run([(s, 0, 200.0, 200) for s in range(3)], seconds(3))
    assert "boxmot.reid.core" not in sys.modules


def test_the_tracker_looks_for_no_movement_of_the_camera_and_asks_nobody_for_a_missing_appearance():
    tracker = tracker_of(STRONGSORT, 10)
    assert tracker.cmc is None
    rows = np.array([[10, 10, 40, 90, 0.9, 0]], dtype=np.float32)
    with pytest.raises(InvalidTableError, match="1 detections have no appearance"):
        tracker.update(rows, np.zeros((480, 640, 3), dtype=np.uint8), timestamp_s=0.0)


def test_a_detection_on_a_sample_that_was_never_taken_is_refused():
    with pytest.raises(InvalidTableError, match=r"1 detections stand on samples that were never taken, the first on sample 7"):
        run([(0, 0, 100.0, 100), (7, 0, 100.0, 100)], seconds(3))


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        (None, "has no appearance"),
        ([], "has no appearance"),
        ([1.0] * (D - 1), "another length"),
        ([0.0] * D, "of length 0"),
        ([float("nan")] * D, "not finite"),
    ],
)
def test_an_appearance_that_cannot_be_compared_is_refused_with_its_place(wrong, problem):
    detections = frame_of([(s, 0, 100.0, 100) for s in range(3)])
    looks = detections["appearance"].to_list()
    looks[1] = wrong
    detections = detections.with_columns(pl.Series("appearance", looks, dtype=pl.List(pl.Float32)))
    with pytest.raises(InvalidTableError, match=f"Detection 0 of sample 1 .*{problem}"):
        tracked(detections, seconds(3), settings=STRONGSORT, size=SIZE)


@pytest.mark.parametrize(
    "wrong",
    [{"method": "deepsort"}, {"overlap": "area"}, {"n_init": 0}, {"max_cos_dist": float("nan")}, {"max_age_s": -1.0}],
)
def test_settings_that_no_tracker_can_use_are_refused(wrong):
    with pytest.raises(SettingsError, match=next(iter(wrong))):
        TrackerSettings(**wrong)


@pytest.mark.parametrize("method", sorted(TRACKERS))
@hypothesis_settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_no_boxes_stop_a_tracker_and_a_track_is_at_one_place_at_a_time(method, seed):
    chance = random.Random(seed)
    rows = [(s, chance.randrange(6), chance.uniform(-50, 650), chance.uniform(-50, 500)) for s in range(15) for _ in range(4)]
    detections = frame_of([row for row in rows if chance.random() < 0.7])
    # boxes from a pixel to ten thousand, of any shape
    detections = detections.with_columns(
        x2=pl.col("x1") + pl.Series([10 ** chance.uniform(0.01, 4) for _ in range(detections.height)], dtype=pl.Float64),
        y2=pl.col("y1") + pl.Series([10 ** chance.uniform(0.01, 4) for _ in range(detections.height)], dtype=pl.Float64),
        confidence=pl.Series([chance.random() for _ in range(detections.height)], dtype=pl.Float64),
    )
    times = np.cumsum([chance.choice([0.01, 1.0, 9.9, 30.0]) for _ in range(15)])
    samples = pl.DataFrame({"sample": range(15), "pts_s": times})
    tracks = tracked(detections, samples, settings=TRACKERS[method], size=SIZE)
    assert tracks.select("sample", "detection").is_unique().all()
    assert tracks.select("sample", "track").is_unique().all()
    assert tracks["track"].unique().sort().to_list() == list(range(1, tracks["track"].n_unique() + 1))
    assert tracks.height + untracked(detections, tracks).height == detections.height


def clip_07():
    """Labelled boxes of a mall corridor, one frame in twenty-five, with their appearances by OSNet."""
    data, models = os.environ.get("VITRINA_REAL_DATA"), os.environ.get("VITRINA_REAL_MODELS")
    if not data or not models:
        pytest.skip("VITRINA_REAL_DATA and VITRINA_REAL_MODELS do not both name a folder")
    import av  # noqa: PLC0415  # for this test alone

    folder = Path(data) / "sellers"
    boxes = pl.read_csv(folder / "EnterExitCrossingPaths1cor.identity_stride25.csv")
    net = OnnxAppearance(Path(models) / "osnet_x0_25_msmt17.onnx")
    looks = []
    with av.open(str(folder / "07_shopping_center_entry_corridor_cctv.mp4")) as video:
        for number, frame in enumerate(video.decode(video=0)):
            here = boxes.filter(pl.col("frame") == number).select("x1", "y1", "x2", "y2").to_numpy()
            if len(here):
                looks += net.vectors(frame.to_ndarray(format="bgr24"), here.astype(np.float32)).tolist()
    return boxes.with_columns(
        sample=pl.col("frame") // 25,
        detection=pl.int_range(pl.len()).over("frame"),
        confidence=pl.lit(0.9),
        appearance=pl.Series(looks, dtype=pl.List(pl.Float32)),
    )


def idf1(detections, tracks):
    told = detections.with_columns(frame=pl.col("sample") + 1).join(tracks, on=["sample", "detection"], how="left")
    corners = ("x1", "y1", "x2", "y2", "confidence")
    truth = told.select("frame", pl.col("person").rank("dense").cast(pl.Int64).alias("identity"), *corners)
    said = told.drop_nulls("track").select("frame", pl.col("track").cast(pl.Int64).alias("identity"), *corners)
    return tracking_quality(truth, said).idf1


@pytest.mark.real_data
def test_people_of_a_mall_corridor_are_told_apart_at_one_frame_a_second():
    detections = clip_07()
    samples = seconds(detections["sample"].max() + 1)

    def told(settings):
        tracks = tracked(detections, samples, settings=settings, size=(384, 288))
        return idf1(detections, tracks), tracks.height

    score, kept = told(STRONGSORT)
    assert kept == 67
    assert score >= 0.95
    # as made for 25 frames a second: over a second, nobody walks as far as that
    defaults = replace(STRONGSORT, n_init=3, max_cos_dist=0.2, max_iou_dist=0.7)
    poor_score, poor_kept = told(defaults)
    assert poor_kept < 60
    assert poor_score < score - 0.05
    for method, least_score, least_kept in (("ocsort", 0.93, 65), ("bytetrack", 0.86, 64)):
        score, kept = told(TRACKERS[method])
        assert (score >= least_score, kept >= least_kept) == (True, True), method
