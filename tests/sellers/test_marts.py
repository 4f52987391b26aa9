"""Stores' days and hours as data: how well customers were served, and when they come."""

import datetime as dt

import pytest

from tests.sellers.rows_of_days import DAY, INTERMEDIATE, at, everybody, person, rows, samples, stood, video
from vitrina.sellers.metrics import METRICS

MARTS = ("mart_seller_daily", "mart_store_hourly", "mart_footage_quality", "mart_interaction_evidence")
NEXT = DAY + dt.timedelta(days=1)


@pytest.mark.parametrize("model", [*INTERMEDIATE, *MARTS])
def test_without_videos_there_are_no_rows(model):
    assert rows(model) == []


def metric(name, value, *, seller="", refused=None, **values):
    number = {"value": value, "low": None, "high": None, "n": 0, "coverage": 0.8, "refused": refused}
    return {"store_id": "north", "day": DAY, "seller_id": seller, "metric": name, **number, **values}


def test_every_metric_has_its_columns_in_the_day_of_a_seller():
    given = [metric(each.name, 2.0 * n, low=2.0 * n - 1, high=2.0 * n + 1, n=n) for n, each in enumerate(METRICS)]
    (row,) = rows("mart_seller_daily", seller_day_metrics=given)
    expected = {"store_id": "north", "day": DAY, "seller_id": "", "coverage": 0.8}
    for n, each in enumerate(METRICS):
        expected |= {each.name: 2.0 * n, f"{each.name}_low": 2.0 * n - 1, f"{each.name}_high": 2.0 * n + 1}
        expected |= {f"{each.name}_n": n, f"{each.name}_refused": None}
    assert row == expected


def test_a_number_that_was_refused_stays_empty_and_says_why():
    given = [
        metric("interactions", 3.0, n=3),
        metric("successful_interactions", None, refused="No receipts."),
        metric("interactions", 1.0, seller="S1", n=1),
    ]
    store, seller = rows("mart_seller_daily", seller_day_metrics=given)
    assert (store["seller_id"], store["interactions"], seller["seller_id"], seller["interactions"]) == ("", 3.0, "S1", 1.0)
    assert (store["successful_interactions"], store["successful_interactions_refused"]) == (None, "No receipts.")
    assert (store["interactions_refused"], seller["successful_interactions"]) == (None, None)


COUNTS = ("customers_seen", "sellers_seen", "unknown_seen", "consultations", "successful", "payments")
MINUTES = ("people_minutes", "customer_minutes", "seller_minutes")


def purchases_of(interactions):
    """A receipt for each successful interaction."""
    bought = [row for row in interactions if row.get("successful")]
    return [
        {"store_id": "north", "receipt_id": str(number), "video": row["video"], "interaction": row["interaction"]}
        for number, row in enumerate(bought)
    ]


def hours(*videos, frames=None, interactions=(), **tables):
    """Hour of the store's clock → row; every sample is fit where none are given, and every success has its purchase."""
    given = [row for each in videos for row in samples(each)] if frames is None else frames
    tables = {"purchases": purchases_of(interactions), **tables}
    found = rows("mart_store_hourly", day_videos=videos, footage_samples=given, interactions=interactions, **tables)
    assert len({(row["store_id"], row["begin_at"]) for row in found}) == len(found)
    return {(row["day"], row["hour"]): row for row in found}


def test_an_hour_holds_who_was_there_what_began_and_how_much_could_be_seen():
    till = video(begin="09:30", end="11:00")
    people = everybody(
        person(till, 1, "seller", (0, 5400), seller_id="S1"),
        # from 9:50 to 10:10, and once more from 10:20 to 10:21
        person(till, 2, "customer", (1200, 2400), (3000, 3060)),
        person(till, 3, "customer", (1500, 1500)),
        person(till, 4, "unknown", (1740, 1800)),
        person(till, 5, "fixture", (0, 5400)),
    )
    found = hours(
        till,
        frames=samples(till, ["dark"] * 10 + ["ok"] * 80),
        interactions=[
            stood(till, 1, 1799, successful=True),
            stood(till, 2, 1800, successful=False),
            stood(till, 3, 2000, successful=True),
            stood(till, 4, 2100, kind="payment"),
        ],
        **people,
    )
    assert list(found) == [(DAY, 9), (DAY, 10)]
    nine, ten = found.values()
    # who was last seen as the clock struck was seen in the new hour
    assert tuple(nine[name] for name in COUNTS) == (2, 1, 1, 1, 1, 0)
    assert tuple(ten[name] for name in COUNTS) == (1, 1, 1, 2, 1, 1)
    assert tuple(nine[name] for name in MINUTES) == (41.0, 10.0, 30.0)
    assert tuple(ten[name] for name in MINUTES) == (71.0, 11.0, 60.0)
    assert (nine["begin_at"], nine["filmed_minutes"], nine["share_seen"]) == (at("09:00"), 30.0, pytest.approx(20 / 60))
    assert (ten["begin_at"], ten["filmed_minutes"], ten["share_seen"]) == (at("10:00"), 60.0, 1.0)
    assert {row["refused"] for row in found.values()} == {None}


def test_of_two_files_that_hold_the_same_receipt_one_has_the_purchase():
    first, second = video(begin="09:00", end="09:30"), video(begin="09:30", end="10:00")
    talks = [stood(first, 1, 1700, successful=True), stood(second, 1, 5, successful=True)]
    (row,) = hours(first, second, interactions=talks, purchases=purchases_of(talks[1:])).values()
    assert (row["consultations"], row["successful"]) == (2, 1)


def test_a_video_that_runs_past_midnight_has_its_last_hours_on_the_next_day():
    late = video(begin="23:00", end="00:30", ends_on=NEXT)
    guest = person(late, 1, "customer", (3540, 3660))
    found = hours(late, interactions=[stood(late, 1, 3600, successful=True)], **everybody(guest))
    assert {key: (row["customers_seen"], row["customer_minutes"], row["consultations"]) for key, row in found.items()} == {
        (DAY, 23): (1, 1.0, 0),
        (NEXT, 0): (1, 1.0, 1),
    }


def test_a_video_that_ends_with_the_hour_reaches_into_no_other():
    whole = video(begin="09:00", end="10:00")
    assert list(hours(whole)) == [(DAY, 9)]
    # to the microsecond, though seconds of our time have no more digits than that
    begin, end = at("09:00") + dt.timedelta(microseconds=600_001), at("10:00")
    assert list(hours(whole | {"started_at": begin, "ended_at": end})) == [(DAY, 9)]
    assert list(hours(whole | {"ended_at": end + dt.timedelta(microseconds=1)})) == [(DAY, 9), (DAY, 10)]


def test_hours_are_those_of_the_stores_clock_where_it_differs_by_half_an_hour():
    indian = video() | {"time_zone": "Asia/Kolkata", "started_at": at("09:00"), "ended_at": at("10:00")}
    guest = person(indian, 1, "customer", (1700, 1800 - 1))
    found = hours(indian, **everybody(guest))
    # six in the morning in London is half past eleven
    assert {key: (row["begin_at"], row["filmed_minutes"], row["customers_seen"]) for key, row in found.items()} == {
        (DAY, 11): (at("08:30"), 30.0, 1),
        (DAY, 12): (at("09:30"), 30.0, 0),
    }


def test_an_hour_that_comes_twice_has_two_rows():
    night = dt.datetime(2026, 10, 25, 0, 0, tzinfo=dt.UTC)
    berlin = video() | {"time_zone": "Europe/Berlin", "started_at": night, "ended_at": night + dt.timedelta(hours=3)}
    found = rows("mart_store_hourly", day_videos=[berlin], footage_samples=samples(berlin))
    assert [(row["hour"], row["begin_at"] - night, row["share_seen"]) for row in found] == [
        (hour, dt.timedelta(hours=n), 1.0) for n, hour in enumerate((2, 2, 3))
    ]


def test_of_cameras_that_see_the_same_floor_the_one_that_does_not_count_adds_nothing():
    till, hall = video("till", floor_group="hall"), video("hall", floor_group="hall", counts=False)
    people = everybody(
        person(till, 1, "customer", (0, 600)), person(hall, 1, "customer", (0, 600)), person(hall, 2, "seller", (0, 60))
    )
    both = [stood(till, 1, 60), stood(hall, 1, 60)]
    (row,) = hours(till, hall, interactions=both, **people).values()
    assert (row["customers_seen"], row["sellers_seen"], row["customer_minutes"], row["consultations"]) == (1, 0, 10.0, 1)
    assert (row["filmed_minutes"], row["share_seen"], row["refused"]) == (60.0, 1.0, None)


def test_floors_add_up_but_a_seller_of_the_roster_is_one_person():
    ground, first = video("till", floor_group="ground"), video("upstairs", end="09:30", floor_group="first")
    people = everybody(
        person(ground, 1, "customer", (0, 600)),
        person(first, 1, "customer", (0, 600)),
        person(ground, 2, "seller", (0, 600), seller_id="S1"),
        person(first, 2, "seller", (700, 900), seller_id="S1"),
        person(first, 3, "seller", (0, 600)),
    )
    (row,) = hours(ground, first, **people).values()
    assert (row["customers_seen"], row["sellers_seen"]) == (2, 2)
    # an hour and half an hour of two floors' two hours
    assert (row["filmed_minutes"], row["share_seen"]) == (90.0, 0.75)


def test_where_nobody_said_whether_two_cameras_see_the_same_floor_the_hours_of_both_have_no_numbers():
    till, hall = video(end="11:00"), video("hall", begin="10:00", end="12:00", floor_group="hall")
    found = hours(till, hall, **everybody(person(till, 1, "customer", (0, 7200))))
    assert [(hour, row["customers_seen"], row["consultations"]) for (_, hour), row in found.items()] == [
        (9, 1, 0),
        (10, None, None),
        (11, 0, 0),
    ]
    assert "overlaps" in found[DAY, 10]["refused"]


@pytest.mark.parametrize(("begin", "refused"), [("09:59:56", False), ("09:59:54", True)])
def test_one_camera_may_begin_a_moment_before_another_ends(begin, refused):
    found = hours(video(end="10:00"), video("hall", begin=begin, end="10:30"))
    assert [row["refused"] is not None for row in found.values()] == [refused, False]


def test_stores_do_not_mix():
    one, other = video(), video(store="south", camera="hall")
    found = rows("mart_store_hourly", day_videos=[one, other], **everybody(person(one, 1, "customer", (0, 600))))
    assert [(row["store_id"], row["customers_seen"]) for row in found] == [("north", 1), ("south", None)]


def test_an_hour_in_which_nothing_could_be_seen_is_not_an_hour_without_customers():
    dark = video(end="11:00")
    found = hours(dark, frames=samples(dark, ["dark"] * 120), **everybody(person(dark, 1, "customer", (60, 120))))
    # people were found, so something could be seen after all
    assert [(row["customers_seen"], row["share_seen"]) for row in found.values()] == [(1, 0.0), (None, 0.0)]
    assert [row["refused"] for row in found.values()] == [None, "Nothing could be seen."]


def test_where_the_receipts_of_a_part_are_missing_nobody_knows_how_many_consultations_succeeded():
    till = video(end="12:00")
    found = hours(
        till, interactions=[stood(till, 1, 60, successful=True), stood(till, 2, 3600, successful=None), stood(till, 3, 3700)]
    )
    assert [(row["consultations"], row["successful"]) for row in found.values()] == [(1, 1), (2, None), (0, 0)]


def test_hours_follow_a_clock_that_was_corrected_after_the_frames_were_looked_at():
    till = video(begin="09:00", end="11:00")
    frames = samples(till | {"started_at": till["started_at"] + dt.timedelta(hours=3)}, ["ok"] * 120)
    assert {hour: row["share_seen"] for (_, hour), row in hours(till, frames=frames).items()} == {9: 1.0, 10: 1.0}


def test_more_samples_than_time_do_not_show_more_than_was_filmed():
    till = video(end="09:30", step_s=600.0)
    frames = samples(till | {"step_s": 60.0})
    (row,) = hours(till, frames=frames).values()
    assert row["share_seen"] == 0.5
