"""Which camera needs somebody to look at it: pictures, gaps between files, and files that could not be used."""

import datetime as dt

import pytest

from tests.sellers.rows_of_days import DAY, at, delivered, rows, samples, video

NEXT = DAY + dt.timedelta(days=1)


def quality(**tables):
    """Camera and day → row."""
    return {(row["camera_id"], row["day"]): row for row in rows("mart_footage_quality", **tables)}


def test_a_cameras_day_holds_its_hours_its_coverage_and_what_could_be_seen():
    early = video(begin="09:00", end="11:00", coverage=0.9)
    late = video(begin="12:00", end="13:00", coverage=0.6)
    frames = [
        *samples(early, ["ok", "ok", "dark", "ok"], brightness=[90.4, 100.4, 5.0, 110.0], sharpness=[2500.0, 3600.0, 0.0, 4.0]),
        *samples(late, ["ok", "blurred", "frozen", "occluded"], brightness=101.0, sharpness=2500.0),
    ]
    found = quality(day_videos=[early, late, video("hall", counts=False)], footage_samples=frames)
    assert found["till", DAY] == {
        "store_id": "north",
        "camera_id": "till",
        "day": DAY,
        "videos": 2,
        "hours_filmed": 3.0,
        "coverage": pytest.approx((2 * 0.9 + 0.6) / 3),
        "samples": 8,
        "share_dark": 0.125,
        "share_blurred": 0.125,
        "share_noisy": 0.0,
        "share_frozen": 0.125,
        "share_occluded": 0.125,
        # of 5, 90, 100, 101, 101, 101, 101, 110 the fourth; and of 0, 4, 2500 five times, 3600
        "brightness": 101.0,
        "sharpness": 2500.0,
        "gaps": 1,
        "gap_s": 3600.0,
        "unreadable_files": 0,
        "duplicate_files": 0,
        "refused_files": 0,
        "worst": "gap",
        "worst_reason": "Between files, 25 % of the time is missing.",
    }
    # cameras are looked at one by one, whether totals count them or not; without samples nothing is known of pictures
    hall = found["hall", DAY]
    assert (hall["videos"], hall["samples"], hall["share_dark"], hall["brightness"], hall["worst"]) == (1, 0, None, None, None)


def test_files_of_closed_hours_lower_no_coverage():
    by_day, night = video(begin="09:00", end="10:00", coverage=0.8), video(begin="20:00", end="23:00", coverage=0.0, open_s=0.0)
    assert quality(day_videos=[by_day, night])["till", DAY]["coverage"] == pytest.approx(0.8)
    assert quality(day_videos=[night])["till", DAY]["coverage"] is None


def test_time_that_two_files_show_counts_once_and_a_moment_between_files_is_no_gap():
    files = [
        video(begin="09:00", end="12:00"),
        video(begin="10:00", end="11:00"),
        video(begin="11:30", end="13:00"),
        video(begin="13:00:05", end="14:00:05"),
        video(begin="14:00:11", end="15:00:11"),
    ]
    for order in (files, files[::-1]):
        (row,) = quality(day_videos=order).values()
        assert (row["videos"], row["hours_filmed"], row["gaps"], row["gap_s"]) == (5, 6.0, 1, 6.0)


@pytest.mark.parametrize(
    ("states", "worst", "words"),
    [
        (["ok"] * 99 + ["dark"], "dark", "Too dark on 1 % of the samples."),
        (["ok"] * 100 + ["dark"], None, None),
        (["ok", "noisy", "noisy", "dark"], "noisy", "Too noisy on 50 % of the samples."),
        (["frozen"], "frozen", "The picture stands still on 100 % of the samples."),
        (["blurred", "blurred", "occluded"], "blurred", "Out of focus on 67 % of the samples."),
        (["occluded"], "occluded", "Something is before the camera on 100 % of the samples."),
    ],
)
def test_the_worst_is_what_took_most_of_the_time(states, worst, words):
    till = video()
    (row,) = quality(day_videos=[till], footage_samples=samples(till, states, brightness=1.0, sharpness=1.0)).values()
    assert (row["worst"], row["worst_reason"]) == (worst, words)


def test_of_two_in_the_middle_the_median_is_the_lower_one():
    till = video()
    frames = samples(till, ["ok"] * 4, brightness=[120.0, 80.0, 90.0, 110.0], sharpness=[1.0, 4.0, 9.0, 16.0])
    (row,) = quality(day_videos=[till], footage_samples=frames).values()
    assert (row["brightness"], row["sharpness"]) == (90.0, 4.0)


@pytest.mark.parametrize("sharpness", [6.0, 19.0, 250.0, 2980.0, 12080.0])
def test_the_root_of_the_median_of_sharpness_is_right_to_the_quarter(sharpness):
    till = video()
    (row,) = quality(day_videos=[till], footage_samples=samples(till, ["ok"] * 3, sharpness=sharpness)).values()
    assert row["sharpness"] ** 0.5 == pytest.approx(sharpness**0.5, abs=0.125)


def key(camera, start):
    return f"north|{camera}|{start}|0123abcd"


def test_files_that_could_not_be_used_stand_beside_the_day_that_they_are_of():
    unreadable = key("till", "20261013T203000Z")
    found = quality(
        day_videos=[video()],
        video_files=[
            {"video": unreadable, "path": "u.mp4", "version": 1, "state": "unreadable", "time_zone": "Europe/Moscow"}
            # half past midnight in Moscow, once the clock's offset is known
            | {"started_at": dt.datetime(2026, 10, 13, 21, 30, tzinfo=dt.UTC)}
        ],
        video_deliveries=[
            delivered("u.mp4", "unreadable", key=unreadable, reason="There is no video in it."),
            delivered("d.mp4", "duplicate", key=key("till", "20261014T050000Z"), same_as="a.mp4", reason="The same."),
            delivered("e.mp4", "evaluated", key=key("till", "20261014T060000Z")),
            delivered("sellers/videos/north/till/noon.mp4", "refused", reason="No start."),
            delivered("sellers/videos/north/hall/yesterday.mp4", "refused", reason="No start.", recorded_at=at("23:59", NEXT)),
            delivered("videos/north/hall/today.mp4", "refused", reason="No start.", recorded_at=at("00:01", NEXT)),
            # nobody can tell whose these are
            delivered("videos/stray.mp4", "refused", reason="No camera."),
            delivered("videos/a b/till/1.mp4", "refused", reason="No store."),
        ],
    )
    assert {place: (row["unreadable_files"], row["duplicate_files"], row["refused_files"]) for place, row in found.items()} == {
        ("till", DAY): (1, 1, 1),
        ("hall", NEXT): (0, 0, 2),
    }
    till, hall = found["till", DAY], found["hall", NEXT]
    # a video that cannot be read tells more than a name that cannot
    assert (till["worst"], till["worst_reason"]) == ("file", "u.mp4: There is no video in it.")
    assert (hall["videos"], hall["hours_filmed"], hall["coverage"], hall["samples"]) == (0, 0.0, None, 0)
    assert hall["worst_reason"] == "sellers/videos/north/hall/yesterday.mp4: No start."


def test_a_duplicate_alone_is_no_loss():
    (row,) = quality(
        day_videos=[video()], video_deliveries=[delivered("d.mp4", "duplicate", key=key("till", "20261014T060000Z"))]
    ).values()
    assert (row["duplicate_files"], row["worst"]) == (1, None)


def test_a_file_of_a_store_that_was_never_filmed_goes_by_universal_time():
    found = quality(video_deliveries=[delivered("u.mp4", "unreadable", key=key("till", "20261013T213000Z"))])
    assert [(place, row["worst_reason"]) for place, row in found.items()] == [
        (("till", dt.date(2026, 10, 13)), "u.mp4: unreadable")
    ]


def test_a_stores_clock_is_that_of_its_latest_video():
    before = video(day=DAY - dt.timedelta(days=1), time_zone="UTC")
    assert rows("store_clocks", day_videos=[video(), before]) == [{"store_id": "north", "time_zone": "Europe/Moscow"}]
