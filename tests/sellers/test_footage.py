import threading
import tracemalloc
from itertools import pairwise

import av
import cv2
import numpy as np
import pytest

from tests.sellers.made_up_videos import (
    FASTSTART,
    HEIGHT,
    HOSTILE_NAMES,
    WIDTH,
    black,
    cut,
    joined,
    number_on,
    numbered,
    with_damage,
    without_frames,
    write_audio,
    write_video,
)
from vitrina.errors import SettingsError
from vitrina.sellers.decoding import Decoder, parts_of
from vitrina.sellers.footage import UnreadableVideoError, plan, probe, sampled
from vitrina.sellers.frame_choice import Entry

HEVC = {"codec": "libx265", "options": {"preset": "ultrafast", "x265-params": "log-level=none"}}
OPEN_GROUPS = {"options": {"x264-params": "open-gop=1"}}
KINDS = {
    "without B-frames": ("a.mp4", {"gop": 50}),
    "with B-frames": ("a.mp4", {"gop": 50, "b_frames": 3}),
    "open groups": ("a.mp4", {"gop": 30, "b_frames": 3, **OPEN_GROUPS}),
    "one key frame": ("a.mp4", {"gop": 1_000, "b_frames": 2}),
    "irregular key frames": ("a.mp4", {"keyframes": (0, 7, 9, 60), "b_frames": 2}),
    "29.97": ("a.mp4", {"gop": 60, "fps": 30_000 / 1_001, "b_frames": 2}),
    "HEVC": ("a.mp4", {"gop": 40, "b_frames": 3, **HEVC}),
    "MPEG-4": ("a.mp4", {"gop": 40, "b_frames": 2, "codec": "mpeg4"}),
    "Matroska": ("a.mkv", {"gop": 50, "b_frames": 3}),
    "MPEG-TS": ("a.ts", {"gop": 50, "b_frames": 3, **OPEN_GROUPS}),
    "fragments": ("a.mp4", {"gop": 50, "b_frames": 3, "mux_options": {"movflags": "frag_keyframe+empty_moov"}}),
}


def numbers(footage):
    return [number_on(sample.image) for sample in footage]


def all_frames(path):
    with av.open(str(path)) as container:
        found = [(frame.time, frame.to_ndarray(format="bgr24")) for frame in container.decode(video=0)]
    return [(time - found[0][0], image) for time, image in found]


def reason(path):
    with pytest.raises(UnreadableVideoError) as raised:
        probe(path)
    assert raised.value.remedy
    return raised.value.problem


def test_the_facts_of_an_ordinary_video(tmp_path):
    facts = probe(write_video(tmp_path / "a.mp4", 60, gop=25))
    assert (facts.codec, facts.width, facts.height, facts.rotation, facts.frames) == ("h264", WIDTH, HEIGHT, 0, 60)
    assert facts.fps == pytest.approx(25)
    assert facts.duration_s == pytest.approx(2.4)
    assert facts.keyframe_gap_median_s == facts.keyframe_gap_max_s == pytest.approx(1.0)
    assert facts.notes == ()


@pytest.mark.parametrize(
    ("name", "options"),
    [("a.mp4", {}), ("a.mkv", {}), ("a.ts", {}), ("a.mp4", {"mux_options": {"movflags": "frag_keyframe+empty_moov"}})],
    ids=["index", "Matroska", "MPEG-TS", "fragments"],
)
def test_facts_do_not_depend_on_the_container(tmp_path, name, options):
    facts = probe(write_video(tmp_path / name, 100, keyframes=(0, 7, 60), b_frames=2, **options))
    assert (facts.frames, facts.ends_early) == (100, None)
    assert facts.duration_s == pytest.approx(4.0, abs=0.002)
    assert facts.keyframe_gap_median_s == pytest.approx((0.28 + 2.12) / 2, abs=0.002)
    assert facts.keyframe_gap_max_s == pytest.approx(2.12, abs=0.002)


def test_the_longest_gap_counts_the_time_up_to_the_end(tmp_path):
    assert probe(write_video(tmp_path / "a.mp4", 100, keyframes=(0, 10))).keyframe_gap_max_s == pytest.approx(3.6)


@pytest.fixture(scope="module", params=KINDS)
def of_some_kind(request, tmp_path_factory):
    name, options = KINDS[request.param]
    path = write_video(tmp_path_factory.mktemp("kind") / name, 130, **options)
    return path, all_frames(path)


@pytest.mark.parametrize("step_s", [0.01, 0.12, 0.4, 1.0])
def test_samples_are_the_first_frames_at_or_after_multiples_of_the_step(of_some_kind, step_s):
    path, frames = of_some_kind
    footage = sampled(path, step_s, exact=True)
    expected, multiple = [], 0
    for time, image in frames:
        if time >= multiple * step_s - 0.001:
            expected.append((time, image))
            multiple = int((time + 0.001) / step_s) + 1
    found = list(footage)
    assert [sample.pts_s for sample in found] == pytest.approx([time for time, _ in expected], abs=1e-6)
    assert all(np.array_equal(sample.image, image) for sample, (_, image) in zip(found, expected, strict=True))
    assert [sample.number for sample in found] == list(range(len(found)))
    assert footage.notes() == ()


def test_of_a_variable_rate_samples_go_by_time_and_not_by_number(tmp_path):
    times = [0, 0.04, 0.3, 0.31, 0.9, 1.0, 1.01, 3.0, 3.05, 3.6]
    footage = sampled(write_video(tmp_path / "a.mp4", times=times), 0.5)
    assert numbers(footage) == [0, 4, 5, 7, 9]
    assert [sample.pts_s for sample in footage] == pytest.approx([0, 0.9, 1.0, 3.0, 3.6], abs=1e-4)


@pytest.mark.parametrize("b_frames", [0, 3])
def test_key_frames_alone_are_taken_where_they_are_close_enough(tmp_path, b_frames):
    path = write_video(tmp_path / "a.mp4", 100, gop=10, b_frames=b_frames)
    footage = sampled(path, 1.0)
    assert footage.plan.decoding == "keyframes"
    samples = list(footage)
    assert all(sample.is_keyframe for sample in samples)
    # the first key frame at or after each second: every 0.4 s there is one
    assert [sample.pts_s for sample in samples] == pytest.approx([0, 1.2, 2.0, 3.2])
    assert [number_on(sample.image) for sample in samples] == [0, 30, 50, 80]


def test_key_frames_alone_are_taken_up_to_a_tenth_above_the_step(tmp_path):
    facts = probe(write_video(tmp_path / "a.mp4", 100, gop=25))
    assert plan(facts, 1.0).decoding == plan(facts, 0.92).decoding == "keyframes"
    assert plan(facts, 0.90).decoding == plan(facts, 1.0, exact=True).decoding == "as needed"


def test_a_single_long_gap_keeps_key_frames_from_sufficing(tmp_path):
    facts = probe(write_video(tmp_path / "a.mp4", 150, keyframes=(*range(0, 75, 25), 75, 125)))
    assert facts.keyframe_gap_median_s == pytest.approx(1.0)
    assert plan(facts, 1.0).decoding == "as needed"


def test_what_is_not_needed_is_not_decoded(tmp_path, monkeypatch):
    path = write_video(tmp_path / "a.mp4", 200, gop=50)
    footage = sampled(path, 1.0)
    fed = []
    take = Decoder.take
    monkeypatch.setattr(Decoder, "take", lambda decoder, part: fed.extend(part.choices) or take(decoder, part))
    assert numbers(footage) == list(range(0, 200, 25))
    # of fifty frames the first and those up to the twenty-sixth
    assert len(fed) == 4 * 26


@pytest.mark.parametrize("threads", [1, 2, 3, 8])
@pytest.mark.parametrize(("name", "made"), [KINDS["with B-frames"], KINDS["open groups"], KINDS["irregular key frames"]])
def test_decoders_side_by_side_give_what_one_gives(tmp_path, threads, name, made):
    path = write_video(tmp_path / name, 400, **made)
    one, several = (list(sampled(path, 0.7, exact=True, threads=count)) for count in (1, threads))
    assert [sample.pts_s for sample in several] == [sample.pts_s for sample in one]
    for sample, other in zip(several, one, strict=True):
        np.testing.assert_array_equal(sample.image, other.image)


def test_whoever_stops_in_the_middle_leaves_no_thread_behind(tmp_path):
    samples = iter(sampled(write_video(tmp_path / "a.mp4", 400, gop=50), 1.0, threads=3))
    next(samples)
    samples.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("decoder")]


def test_a_stretch_without_gaps_is_taken_in_parts_of_bounded_length():
    entries = [(Entry(None, pts, pts, is_keyframe=pts % 500 == 0, follows_gap=pts == 500), None) for pts in range(1_000)]
    parts = list(parts_of(entries))
    assert [choice for part in parts for choice in part.choices] == entries
    assert [(part.stretch, len(part.choices), part.ends) for part in parts] == [
        (0, 256, False),
        (0, 244, True),
        (1, 256, False),
        (1, 244, True),
    ]


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_a_turned_picture_is_upright_as_opencv_has_it(tmp_path, rotation):
    path = write_video(tmp_path / "a.mp4", 3, rotation=rotation)
    facts = probe(path)
    sample = next(iter(sampled(path, 1.0, facts=facts)))
    assert facts.rotation == rotation
    assert sample.image.shape == (facts.height, facts.width, 3)
    assert (facts.width, facts.height) == ((WIDTH, HEIGHT) if rotation == 180 else (HEIGHT, WIDTH))
    np.testing.assert_array_equal(sample.image, cv2.VideoCapture(str(path)).read()[1])
    corners = {90: (4, -4), 180: (-4, -4), 270: (-4, 4)}
    blue, _, red = sample.image[corners[rotation]]
    assert red > blue + 80


@pytest.mark.parametrize("rotation", [0, 90])
def test_a_large_picture_is_scaled_down_and_boxes_find_their_way_back(tmp_path, rotation):
    path = write_video(tmp_path / "a.mp4", 3, size=(960, 540), rotation=rotation)
    footage = sampled(path, 1.0, longest_px=256)
    sample = next(iter(footage))
    assert max(sample.image.shape) == 256
    assert sample.image.shape == (footage.plan.height, footage.plan.width, 3)
    whole = np.array([[0, 0, sample.image.shape[1], sample.image.shape[0]]], dtype=np.float32)
    back = sample.in_full_pixels(whole)
    assert back.dtype == np.float32
    np.testing.assert_allclose(back, [[0, 0, footage.facts.width, footage.facts.height]], rtol=1e-6)
    if not rotation:
        assert number_on(sample.image) == 0
        np.testing.assert_allclose(sample.image[sample.image.shape[0] // 16, 16], numbered(0)[4, 4], atol=20)


def test_smoothing_is_left_out_where_nobody_sees_it(tmp_path):
    path = write_video(tmp_path / "a.mp4", 150, gop=50, b_frames=2)
    facts = probe(path)
    assert not plan(facts, 1.0, longest_px=WIDTH // 2).smoothed
    for kept in (plan(facts, 1.0), plan(facts, 1.0, longest_px=WIDTH // 2, exact=True)):
        assert kept.smoothed
    rare = probe(write_video(tmp_path / "rare.mp4", 150, gop=150))
    assert plan(rare, 1.0, longest_px=WIDTH // 2).smoothed
    found, whole = (list(sampled(path, 1.0, longest_px=WIDTH // 2, exact=exact)) for exact in (False, True))
    assert [sample.pts_s for sample in found] == [sample.pts_s for sample in whole]
    apart = [np.abs(one.image.astype(int) - other.image).mean() for one, other in zip(found, whole, strict=True)]
    assert 0 < max(apart) < 3
    # key frames are the same
    assert apart[0] == 0


def test_a_small_picture_is_left_as_it_is(tmp_path):
    footage = sampled(write_video(tmp_path / "a.mp4", 3), 1.0, longest_px=1_000)
    assert footage.plan.scale == (1.0, 1.0)
    assert next(iter(footage)).image.shape == (HEIGHT, WIDTH, 3)


def test_footage_can_be_read_twice_and_left_in_the_middle(tmp_path):
    footage = sampled(write_video(tmp_path / "a.mp4", 100, gop=50, b_frames=2), 0.4)
    beginning = [number_on(sample.image) for sample, _ in zip(footage, range(3), strict=False)]
    assert beginning == [0, 10, 20]
    assert numbers(footage) == numbers(footage) == list(range(0, 100, 10))


def test_a_file_without_its_end_gives_what_it_has_and_says_so(tmp_path):
    whole = write_video(tmp_path / "a.mp4", 200, gop=20, mux_options=FASTSTART)
    for step_s, decoding in ((0.4, "as needed"), (1.0, "keyframes")):
        footage = sampled(cut(whole, 0.6, tmp_path / "b.mp4"), step_s)
        assert footage.plan.decoding == decoding
        assert footage.ended_early is None
        found = numbers(footage)
        assert found == [number for number in numbers(sampled(whole, step_s)) if number < footage.facts.frames]
        assert len(found) > 3
        assert footage.facts.frames < 200
        assert "cut off" in footage.ended_early
        assert footage.notes() == (footage.ended_early,)
        assert footage.facts.notes


@pytest.mark.parametrize("name", ["a.mkv", "a.ts", "a.mp4"])
def test_a_file_that_is_cut_after_it_was_looked_at_says_where_it_ended(tmp_path, name):
    whole = write_video(tmp_path / name, 200, gop=20, mux_options=FASTSTART if name == "a.mp4" else None)
    facts = probe(whole)
    footage = sampled(cut(whole, 0.5, tmp_path / f"b_{name}"), 0.4, facts=facts)
    found = numbers(footage)
    assert found == list(range(0, 200, 10))[: len(found)]
    assert 3 < len(found) < 15
    assert footage.ended_early.startswith("The file ends after ")
    assert footage.read_s == pytest.approx(found[-1] / 25, abs=0.4)


def test_a_matroska_file_without_its_end_says_so_from_the_first(tmp_path):
    whole = write_video(tmp_path / "a.mkv", 200, gop=20)
    facts = probe(cut(whole, 0.5, tmp_path / "b.mkv"))
    assert "cut off" in facts.ends_early
    assert facts.duration_s < 5


def test_damage_in_the_middle_costs_only_the_frames_it_hits(tmp_path):
    whole = write_video(tmp_path / "a.mp4", 200, gop=10)
    broken = with_damage(whole, 0.4, 0.5, tmp_path / "b.mp4")
    for step_s in (0.12, 0.4):
        footage = sampled(broken, step_s)
        found = numbers(footage)
        expected = numbers(sampled(whole, step_s))
        assert len(expected) * 0.7 < len(found) < len(expected)
        assert (found[:3], found[-3:]) == (expected[:3], expected[-3:])
        assert footage.ended_early is None
        assert footage.lost > 0
        assert "could not be had" in footage.notes()[0]


def test_where_the_clock_jumps_back_samples_go_on(tmp_path):
    parts = [write_video(tmp_path / f"{part}.ts", 50, b_frames=2, gop=50) for part in range(3)]
    path = joined(parts, tmp_path / "a.ts")
    footage = sampled(path, 0.4)
    found = list(footage)
    assert [number_on(sample.image) for sample in found] == list(range(0, 50, 10)) * 3
    assert [sample.pts_s for sample in found] == pytest.approx(np.arange(15) * 0.4, abs=0.001)
    assert len(footage.facts.jumps) == len(footage.jumps) == 2
    assert footage.facts.frames == 150
    assert footage.facts.duration_s == pytest.approx(6.0, abs=0.001)
    assert "jumps back 2 time(s), first by 2.0 s after 2.0 s" in footage.notes()[0]


def test_a_recording_that_begins_within_a_group_starts_at_its_first_key_frame(tmp_path):
    whole = write_video(tmp_path / "a.ts", 100, gop=20)
    content = whole.read_bytes()
    packets = [content[at : at + 188] for at in range(0, len(content), 188)]
    # tables and all that follows the first third: a camera that is tuned in to
    (tmp_path / "b.ts").write_bytes(b"".join(packets[:3] + packets[len(packets) // 3 :]))
    footage = sampled(tmp_path / "b.ts", 0.8)
    found = list(footage)
    assert found[0].pts_s == 0
    assert number_on(found[0].image) % 20 == 0
    assert number_on(found[0].image) > 0


def test_times_strictly_increase_and_repeat_from_reading_to_reading(tmp_path):
    times = sorted(np.random.default_rng(3).uniform(0, 5, 80).round(4).tolist())
    footage = sampled(write_video(tmp_path / "a.mkv", times=times, b_frames=3, gop=30), 0.1)
    first = [(sample.pts_s, number_on(sample.image)) for sample in footage]
    assert all(earlier < later for (earlier, _), (later, _) in pairwise(first))
    assert first == [(sample.pts_s, number_on(sample.image)) for sample in footage]


def test_a_video_of_one_frame_has_one_sample(tmp_path):
    footage = sampled(write_video(tmp_path / "a.mp4", 1), 1.0)
    assert [sample.pts_s for sample in footage] == [0.0]
    assert footage.facts.frames == 1
    assert footage.facts.duration_s > 0
    assert footage.notes() == ()


def test_a_black_video_is_a_normal_one(tmp_path):
    assert [sample.image.max() for sample in sampled(write_video(tmp_path / "a.mp4", 50, picture=black), 1.0)] == [0, 0]


def test_motion_jpeg_is_read_by_key_frames(tmp_path):
    footage = sampled(write_video(tmp_path / "a.avi", 50, codec="mjpeg"), 0.4)
    assert footage.plan.decoding == "keyframes"
    assert numbers(footage) == [0, 10, 20, 30, 40]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_hostile_name_is_a_name_and_nothing_else(tmp_path, name):
    path = write_video(tmp_path / "a.mp4", 3).rename(tmp_path / name)
    assert numbers(sampled(path, 1.0)) == [0]


def test_a_video_with_another_ending_is_read_as_what_it_is(tmp_path):
    for ending in ("avi", "txt", "mp4.part"):
        assert probe(write_video(tmp_path / "a.mkv", 30).rename(tmp_path / f"a.{ending}")).frames == 30


def test_an_empty_file_says_so(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"")
    assert "0 bytes" in reason(tmp_path / "a.mp4")


def test_a_file_that_is_gone_and_a_folder_say_so(tmp_path):
    (tmp_path / "b.mp4").mkdir()
    assert reason(tmp_path / "a.mp4") == reason(tmp_path / "b.mp4") == "There is no such file."


def test_sound_alone_says_that_there_is_no_picture(tmp_path):
    assert "no picture, only audio" in reason(write_audio(tmp_path / "a.mp4"))


def test_an_export_of_no_time_at_all_says_that_there_are_no_frames(tmp_path):
    assert reason(without_frames(tmp_path / "a.mp4")) == "The file has no frames."


def test_a_file_without_its_index_says_that_it_was_broken_off(tmp_path):
    assert "has no index" in reason(cut(write_video(tmp_path / "a.mp4"), 0.6, tmp_path / "b.mp4"))


def test_a_file_whose_every_frame_is_damaged_says_so(tmp_path):
    path = write_video(tmp_path / "a.mp4", 50, mux_options=FASTSTART)
    begin = path.read_bytes().index(b"mdat") + 4
    assert "Not one frame" in reason(with_damage(path, begin / path.stat().st_size, 1.0, tmp_path / "b.mp4"))


def test_a_bare_stream_says_that_it_has_no_times(tmp_path):
    assert "bare stream" in reason(write_video(tmp_path / "a.mp4", muxer="h264"))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"just words\n" * 100, "no video"),
        (cv2.imencode(".jpg", numbered(1))[1].tobytes(), "a JPEG picture"),
        (cv2.imencode(".png", numbered(1))[1].tobytes(), "a PNG picture"),
        (b"PK\x03\x04" + bytes(100), "a ZIP archive"),
        (bytes(10_000), "no video"),
        (b"\x00\x00\x00\x18ftypmp42" + bytes(1_000), "has no index"),
    ],
)
def test_what_is_no_video_is_named(tmp_path, content, expected):
    (tmp_path / "a.mp4").write_bytes(content)
    assert expected in reason(tmp_path / "a.mp4")


def test_a_playlist_opens_no_other_file(tmp_path):
    other = write_video(tmp_path / "a.ts", 30)
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{other}\n#EXT-X-ENDLIST\n"
    for name in ("b.m3u8", "b.mp4"):
        (tmp_path / name).write_text(playlist)
        assert "a playlist" in reason(tmp_path / name)
    (tmp_path / "c.ffconcat").write_text(f"ffconcat version 1.0\nfile '{other.name}'\n")
    assert "no video" in reason(tmp_path / "c.ffconcat")


@pytest.mark.parametrize(("step_s", "longest_px"), [(0, None), (-1, None), (float("nan"), None), (1, 0)])
def test_a_step_or_size_that_cannot_be_is_refused(tmp_path, step_s, longest_px):
    with pytest.raises(SettingsError):
        sampled(write_video(tmp_path / "a.mp4", 2), step_s, longest_px=longest_px)


def test_memory_does_not_grow_with_length(tmp_path):
    peaks = []
    for frames in (1_000, 4_000):
        footage = sampled(write_video(tmp_path / "a.mp4", frames, gop=10_000, b_frames=2), 0.4)
        tracemalloc.start()
        held = sum(1 for _ in footage)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert held == frames // 10
    assert peaks[1] < peaks[0] * 1.5


@pytest.mark.real_data
def test_real_cameras_are_read_whole_at_their_irregular_key_frames(real_data):
    for path in sorted((real_data / "sellers").glob("*.mp4")):
        footage = sampled(path, 1.0)
        assert [sample.pts_s for sample in footage] == pytest.approx(np.arange(int(footage.facts.duration_s - 0.04) + 1))
        assert footage.notes() == ()
