"""What of a video lies within opening hours."""

import datetime as dt

import pytest

from vitrina.sellers.cameras import Camera
from vitrina.sellers.evaluation import Video

NOON = dt.datetime(2026, 10, 14, 12, tzinfo=dt.UTC)


def spans(started_at, hours, *, opening, zone="Europe/Moscow"):
    camera = Camera("shop-1", "hall", time_zone=zone, opening=opening)
    video = Video("v", "shop-1", started_at, hours * 3600, (640, 360), camera)
    return [(begin.isoformat(), end.isoformat()) for begin, end in video.camera.open_spans(video.started_at, video.ended_at)]


def test_without_opening_hours_all_of_a_video_counts():
    assert spans(NOON, 1, opening=None) == [("2026-10-14T12:00:00+00:00", "2026-10-14T13:00:00+00:00")]


def test_opening_hours_are_by_the_stores_clock_and_cut_to_the_video():
    assert spans(NOON, 10, opening="09:00-21:00") == [("2026-10-14T12:00:00+00:00", "2026-10-14T18:00:00+00:00")]
    assert spans(NOON - dt.timedelta(hours=11), 2, opening="09:00-21:00") == []


def test_a_film_over_midnight_has_both_days_hours():
    assert spans(NOON + dt.timedelta(hours=5), 15, opening="09:00-21:00") == [
        ("2026-10-14T17:00:00+00:00", "2026-10-14T18:00:00+00:00"),
        ("2026-10-15T06:00:00+00:00", "2026-10-15T08:00:00+00:00"),
    ]


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        # clocks go forward at 01:00 UTC: the shop opens an hour earlier by UTC
        (dt.datetime(2026, 3, 28, tzinfo=dt.UTC), ["2026-03-28T08:00:00+00:00", "2026-03-29T07:00:00+00:00"]),
        # and back
        (dt.datetime(2026, 10, 24, tzinfo=dt.UTC), ["2026-10-24T07:00:00+00:00", "2026-10-25T08:00:00+00:00"]),
    ],
)
def test_opening_hours_stay_what_they_are_by_the_clock_on_the_wall_when_summer_time_begins_and_ends(day, expected):
    assert [begin for begin, _ in spans(day, 48, opening="09:00-21:00", zone="Europe/Berlin")] == expected
