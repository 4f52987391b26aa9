"""A lens that is bumped is told, a busy Saturday is not, and one mad day spoils nothing."""

import datetime as dt

import numpy as np
import polars as pl
import pytest

from vitrina.errors import SettingsError
from vitrina.sellers.day_tables import DayVideos, FootageDrift
from vitrina.sellers.drift import (
    BRIGHTNESS,
    CONFIDENCE,
    COVERAGE,
    DAY_MEASURES_SCHEMA,
    DRIFT,
    FLOORS,
    MEASURES,
    PEOPLE,
    SHARPNESS,
    SHORT_TRACKS,
    UNKNOWN_SELLERS,
    VIDEO_MEASURES_SCHEMA,
    DriftRule,
    Floor,
    drift_of,
    measures_of_days,
    video_measures,
)
from vitrina.sellers.tables import Detections, FootageSamples, People, Tracks

MONDAY = dt.date(2026, 1, 5)
BARE = DriftRule(floors={})


def series(values, measure=CONFIDENCE, first=MONDAY, camera="till", weight=None):
    rows = [("shop", camera, first + dt.timedelta(days=day), measure, value, weight) for day, value in enumerate(values)]
    return pl.DataFrame(rows, schema=DAY_MEASURES_SCHEMA, orient="row")


def last(values, rule=DRIFT, **more):
    return drift_of(series(values, **more), rule=rule).row(-1, named=True)


def noisy(n, level=0.7, deviation=0.01, seed=0):
    return np.random.default_rng(seed).normal(level, deviation, n).tolist()


def busy_saturdays(n, seed=0):
    rng = np.random.default_rng(seed)
    return [float(rng.normal(30 if day % 7 == 5 else 10, 0.5)) for day in range(n)]


def test_the_distance_is_known_by_hand():
    # four Mondays 10, 11, 12, 15 and Sundays before of no spread: median 11.5, deviations 1.5, .5, .5, 3.5
    values = [None] * 29
    for week, value in enumerate((10.0, 11.0, 12.0, 15.0)):
        values[7 * week] = value
        values[7 * week + 6] = 5.0
    values[28] = 20.0
    told = last(values, BARE)
    assert told["weekday"]
    assert told["days"] == 4
    assert told["usual"] == 11.5
    assert told["spread"] == pytest.approx(1.4826 * 1.0)
    assert told["z"] == pytest.approx((20 - 11.5) / 1.4826)
    assert told["drifted"]


def test_a_shift_is_detected_and_told_on_its_day():
    told = drift_of(series([*noisy(70), 0.5]))
    assert told.filter("drifted")["day"].to_list() == [MONDAY + dt.timedelta(days=70)]
    assert told.row(-1, named=True)["z"] < -DRIFT.farthest


def test_a_busy_weekday_is_no_drift():
    values = busy_saturdays(70)
    told = drift_of(series(values, PEOPLE)).filter(pl.col("weekday"))
    assert told.height >= 40
    assert not told["drifted"].any()


def test_a_tuesday_as_busy_as_a_saturday_is_drift():
    values = busy_saturdays(64)
    assert last([*values, 30.0], measure=PEOPLE)["drifted"]
    assert (MONDAY + dt.timedelta(days=64)).weekday() == 1


def test_one_mad_day_before_changes_little():
    values = noisy(70)
    calm = last([*values, 0.705])
    values[63 - 7] = 1e6
    told = last([*values, 0.705])
    assert not told["drifted"]
    assert told["usual"] == pytest.approx(calm["usual"], abs=0.02)
    assert told["spread"] == pytest.approx(calm["spread"], rel=0.5)


def test_what_lasts_becomes_usual():
    values = [*noisy(60), *noisy(60, level=0.5, seed=1)]
    told = drift_of(series(values))
    flagged = told.filter("drifted")["day"]
    assert flagged.len() >= 14
    assert not told.tail(20)["drifted"].any()


@pytest.mark.parametrize(("days", "is_told"), [(4, False), (5, True)])
def test_with_fewer_than_five_days_nothing_is_said(days, is_told):
    told = last([*noisy(days), 0.2])
    assert (told["z"] is not None) == is_told
    assert told["drifted"] == is_told
    assert (told["days"], told["weekday"]) == (days, False)


@pytest.mark.parametrize(("weeks", "weekday", "days"), [(3, False, 21), (4, True, 4), (8, True, 8), (12, True, 8)])
def test_any_days_stand_in_until_there_are_four_of_the_same_weekday(weeks, weekday, days):
    told = last([*noisy(7 * weeks), 0.7])
    assert (told["weekday"], told["days"]) == (weekday, days)


def test_a_shop_that_opens_on_mondays_alone_needs_five_of_them():
    values = [0.7 if day % 7 == 0 else None for day in range(36)]
    told = drift_of(series(values)).filter(pl.col("day").dt.weekday() == 1)
    assert told["z"].is_null().to_list() == [True] * 5 + [False]


def test_days_older_than_eight_weeks_do_not_count():
    told = last([*noisy(20, level=0.2), *[None] * 60, *noisy(3), 0.7])
    assert told["days"] == 3
    assert told["z"] is None


def test_days_that_never_differ_have_the_spread_of_the_floor():
    told = last([0.7] * 60 + [0.7 + 3 * FLOORS[CONFIDENCE].absolute])
    assert told["spread"] == FLOORS[CONFIDENCE].absolute
    assert told["z"] == pytest.approx(3)
    assert not told["drifted"]


def test_without_a_floor_any_difference_from_what_never_differs_is_drift_and_none_is_not():
    assert last([0.7] * 60 + [0.700001], BARE)["drifted"]
    told = last([0.7] * 61, BARE)
    assert (told["z"], told["spread"], told["drifted"]) == (0.0, 0.0, False)


def test_a_relative_floor_grows_with_what_is_usual():
    rule = DriftRule(floors={SHARPNESS: Floor(1.0, 0.1)})
    assert last([3000.0] * 60 + [3900.0], rule, measure=SHARPNESS)["spread"] == pytest.approx(300)


def test_the_spread_of_few_weekdays_is_not_taken_for_less_than_that_of_all_days():
    # Mondays that happen to agree, among days that do not
    values = [0.7 if day % 7 == 0 else 0.7 + 0.05 * (-1) ** (day // 7) for day in range(57)]
    values[56] = 0.78
    told = last(values, BARE)
    assert told["spread"] == pytest.approx(1.4826 * 0.05)
    assert not told["drifted"]


def test_a_short_day_may_differ_more_by_chance():
    long, short = (last([10.0] * 60 + [16.0], DriftRule(floors={}), measure=PEOPLE, weight=hours) for hours in (100.0, 1.0))
    assert long["spread"] == pytest.approx((10 / 100) ** 0.5)
    assert short["spread"] == pytest.approx(10**0.5)
    assert (long["drifted"], short["drifted"]) == (True, False)


def test_a_day_on_which_nothing_was_seen_is_told_without_a_distance():
    told = last([*noisy(60), None])
    assert told["value"] is None
    assert told["z"] is None
    assert not told["drifted"]
    assert told["usual"] == pytest.approx(0.7, abs=0.02)


def test_cameras_and_measures_do_not_mix():
    mixed = pl.concat([series(noisy(60)), series(noisy(60, 100, 5), BRIGHTNESS), series(noisy(60, 0.4), camera="door")])
    told = drift_of(mixed.sample(fraction=1, shuffle=True, seed=1))
    assert not told["drifted"].any()
    assert told.equals(drift_of(mixed))
    assert told.height == 180


def test_stored_days_serve_for_new_ones():
    whole = series(noisy(80))
    stored = drift_of(whole.head(79)).select("store_id", "camera_id", "day", "measure", "value")
    new = pl.concat([stored, whole.tail(1)], how="diagonal")
    day = whole["day"].max()
    assert drift_of(new, since=day).equals(drift_of(whole).filter(pl.col("day") == day))
    again = pl.concat([whole, whole.tail(1).with_columns(value=pl.lit(0.1))])
    assert drift_of(again, since=day)["value"].to_list() == [0.1]


def test_no_days_make_no_rows():
    assert drift_of(pl.DataFrame(schema=DAY_MEASURES_SCHEMA)).equals(FootageDrift.empty())


def test_a_rule_that_compares_nothing_is_refused():
    with pytest.raises(SettingsError, match="above 0"):
        DriftRule(weeks=0)


def test_false_alarms_are_rare_although_eight_days_tell_little():
    rng = np.random.default_rng(5)
    flagged = [
        drift_of(series(rng.normal(100, 5, 365).tolist(), camera=str(camera)), rule=BARE)
        .filter(pl.col("weekday"))["drifted"]
        .mean()
        for camera in range(20)
    ]
    # with the eight days' own deviation alone it is 3 %
    assert np.mean(flagged) < 0.005


def films(*rows):
    """Of each: video, camera, hour it begins, hours, coverage."""
    begin = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
    full = [
        {
            "video": video,
            "store_id": "shop",
            "camera_id": camera,
            "day": begin.date(),
            "time_zone": "UTC",
            "started_at": begin + dt.timedelta(hours=hour),
            "ended_at": begin + dt.timedelta(hours=hour + hours),
            "step_s": 1.0,
            "coverage": coverage,
            "counts": True,
            "floor_group": None,
        }
        for video, camera, hour, hours, coverage in rows
    ]
    return DayVideos.check(pl.DataFrame(full, schema=DayVideos.polars_schema()))


def rows_of(table, rows):
    """A table's rows of which only what matters is given."""
    schema = table.polars_schema()
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=schema)


def of_videos():
    samples = rows_of(
        FootageSamples,
        [{"video": "a", "sample": n, "brightness": b, "sharpness": 100.0 * b} for n, b in enumerate((90.0, 100.0, 250.0))]
        + [{"video": "b", "sample": 0, "brightness": 40.0, "sharpness": 50.0}],
    )
    detections = rows_of(
        Detections, [{"video": "a", "confidence": c} for c in (0.5, 0.7, 0.9)] + [{"video": "b", "confidence": 0.3}]
    )
    tracks = rows_of(Tracks, [{"video": "a", "track": n, "samples": s} for n, s in enumerate((1, 2, 3, 30), start=1)])
    people = rows_of(
        People,
        [
            {"video": "a", "person": 1, "role": "seller", "seller_id": "S01", "present_s": 300.0},
            {"video": "a", "person": 2, "role": "seller", "present_s": 100.0},
            {"video": "a", "person": 3, "role": "customer", "present_s": 60.0},
            {"video": "a", "person": 4, "role": "unknown", "present_s": 60.0},
            {"video": "a", "person": 5, "role": "fixture", "present_s": 7200.0},
            {"video": "b", "person": 1, "role": "customer", "present_s": 60.0},
        ],
    )
    return samples, detections, tracks, people


def values(frame, **of):
    return dict(frame.filter(**of).select("measure", "value").iter_rows())


def test_the_measures_of_a_video_are_known_by_hand():
    videos = films(("a", "till", 9, 2, 1.0), ("b", "till", 11, 2, 0.5), ("c", "door", 9, 1, 0.0))
    found = video_measures(videos, *of_videos())
    assert found.schema == pl.Schema(VIDEO_MEASURES_SCHEMA)
    assert found.height == 3 * len(MEASURES)
    assert values(found, video="a") == pytest.approx(
        {
            PEOPLE: 2.0,
            CONFIDENCE: 0.7,
            SHORT_TRACKS: 0.5,
            UNKNOWN_SELLERS: 0.25,
            BRIGHTNESS: 100.0,
            SHARPNESS: 10_000.0,
            COVERAGE: 1.0,
        }
    )
    assert values(found, video="b")[PEOPLE] == pytest.approx(1.0)
    assert values(found, video="c") == dict.fromkeys(MEASURES) | {COVERAGE: 0.0}


def test_videos_of_a_day_count_by_what_they_rest_on():
    videos = films(("a", "till", 9, 2, 1.0), ("b", "till", 11, 2, 0.5), ("c", "door", 9, 1, 0.0))
    measures = video_measures(videos, *of_videos())
    days = measures_of_days(videos, measures)
    assert days.schema == pl.Schema(DAY_MEASURES_SCHEMA)
    assert values(days, camera_id="till") == pytest.approx(
        {
            PEOPLE: 5 / 3,
            CONFIDENCE: 0.6,
            SHORT_TRACKS: 0.5,
            UNKNOWN_SELLERS: 0.25,
            BRIGHTNESS: 85.0,
            SHARPNESS: 7512.5,
            COVERAGE: 0.75,
        }
    )
    assert values(days, camera_id="door")[PEOPLE] is None
    assert days.sample(fraction=1, shuffle=True, seed=1).sort("store_id", "camera_id", "day", "measure").equals(days)


def test_opening_hours_without_any_video_were_not_covered():
    videos = films(("a", "till", 9, 2, 1.0), ("b", "till", 11, 2, 0.5))
    opened = {("shop", dt.date(2026, 1, 5)): 12 * 3600.0, ("shop", dt.date(2026, 1, 6)): 3600.0}
    days = measures_of_days(videos, video_measures(videos, *of_videos()), opened)
    assert values(days)[COVERAGE] == pytest.approx(0.25)
    assert values(days)[PEOPLE] == pytest.approx(5 / 3)


def test_measures_go_through_to_the_table():
    videos = films(("a", "till", 9, 2, 1.0))
    told = drift_of(measures_of_days(videos, video_measures(videos, *of_videos())))
    assert told.height == len(MEASURES)
    assert not told["drifted"].any()
