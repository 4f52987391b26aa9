"""Videos of a day put together."""

import datetime as dt

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sellers.rows_of_people import START, interaction, interactions, people_of, tracks_of, video_file, video_files, walk
from vitrina.errors import VitrinaError
from vitrina.sellers.days import DAYS_SCHEMA, Filmed, counted, filmed, per_day
from vitrina.sellers.interactions import ENCOUNTERS_SCHEMA
from vitrina.sellers.intervals import share
from vitrina.sellers.metrics import Footage, seller_video_metrics
from vitrina.sellers.receipts import RECEIPTS_SCHEMA, consulted, with_receipts

HOUR = 3_600.0


def key(camera="till", hour=0, store="shop-1"):
    return f"{store}|{camera}|{START + dt.timedelta(hours=hour):%Y%m%dT%H%M%SZ}|0a1b2c3d"


def file(camera="till", hour=0, store="shop-1", **values):
    return video_file(key(camera, hour, store), start=START + dt.timedelta(hours=hour), duration_s=HOUR, **values)


def receipts(*rows):
    return pl.DataFrame(
        [
            {"receipt_id": name, "store_id": "shop-1", "at": START + dt.timedelta(seconds=at), "amount": amount, "register": "1"}
            for name, at, amount in rows
        ],
        schema=RECEIPTS_SCHEMA,
    )


class Shop:
    """Videos with a seller and some customers each; every `served`-th customer is served for a minute."""

    def __init__(self, *files, customers=4, served=2, sold=(), coverage=None):
        self.videos = video_files(*files)
        self.coverage = dict.fromkeys(self.videos["video"], 1.0) | (coverage or {})
        self.receipts = receipts(*sold)
        talks = []
        for row in self.videos.filter(pl.col("state") == "readable").iter_rows(named=True):
            talks += [
                interaction(
                    i + 1, 100 * i, 100 * i + 60, video=row["video"], customer=i + 2, start=row["started_at"], seller_id="anna"
                )
                for i in range(0, customers, served)
            ]
        self.interactions, _ = with_receipts(interactions(*talks), self.receipts, self.videos)
        self.purchases = consulted(self.interactions, self.receipts, self.videos)
        self.metrics = pl.concat(
            [self._metrics(row, customers) for row in self.videos.iter_rows(named=True) if row["state"] == "readable"]
        )

    def _metrics(self, row, customers):
        seconds = [(0.0, 0.0), (0.0, 0.0)]
        walks = [walk(person, seconds, step=200.0, video=row["video"]) for person in range(1, customers + 2)]
        tracks = tracks_of(pl.concat(walks), {person: person for person in range(1, customers + 2)})
        roles = dict.fromkeys(range(2, customers + 2), "customer") | {1: "seller"}
        footage = Footage(row["video"], row["started_at"], row["duration_s"], self.coverage[row["video"]])
        near = pl.DataFrame(schema=ENCOUNTERS_SCHEMA)
        people = people_of(tracks, roles, {1: "anna"})
        return seller_video_metrics(footage, tracks, people, self.interactions, encounters=near, purchases=self.purchases)

    def day(self, groups=None, **values):
        named = {("shop-1", camera): group for camera, group in (groups or {}).items()}
        return per_day(self.videos, self.coverage, self.metrics, self.interactions, self.purchases, groups=named, **values)


def number(found, metric, seller="", **more):
    rows = found.filter((pl.col("metric") == metric) & (pl.col("seller_id") == seller), **more)
    assert rows.height == 1
    return rows.row(0, named=True)


def test_videos_that_follow_one_another_are_added_up():
    found = Shop(file(hour=0), file(hour=1), file(hour=2)).day()
    assert found.schema == DAYS_SCHEMA
    assert number(found, "interactions")["value"] == number(found, "interactions", "anna")["value"] == 6
    assert number(found, "present_s")["value"] == 600
    ratio = number(found, "interaction_ratio")
    assert tuple(ratio[name] for name in ("value", "low", "high", "n")) == share(6, 12)
    assert found["day"].unique().to_list() == [dt.date(2026, 10, 14)]


def test_averages_are_those_of_the_days_purchases_and_not_averages_of_averages():
    sold = [("a", 70, 100), ("b", 270, 200), ("c", 3_670, 900), ("d", 3_000, 10), ("e", 3_100, 30), ("f", 7_000, 80)]
    found = Shop(file(hour=0), file(hour=1), sold=sold).day()
    with_consultation = number(found, "average_purchase_with_consultation")
    assert (with_consultation["value"], with_consultation["n"]) == (400, 3)
    assert number(found, "average_purchase_without_consultation")["value"] == 40
    assert number(found, "average_purchase_difference")["value"] == 360
    assert number(found, "average_purchase_without_consultation", "anna")["refused"]
    assert number(found, "successful_interactions")["value"] == 3


def test_a_receipt_that_two_files_hold_counts_once():
    shop = Shop(file(hour=0), file(hour=1), sold=[("a", 70, 100), ("b", 3_670, 900)])
    assert number(shop.day(), "successful_interactions")["value"] == 2
    # files are evaluated one by one: the first one holds the second's receipt for its last talk
    held = (pl.col("video") == key(hour=0)) & (pl.col("interaction") == 3)
    shop.interactions = shop.interactions.with_columns(
        receipt_id=pl.when(held).then(pl.lit("b")).otherwise("receipt_id"), successful=held | pl.col("successful")
    )
    shop.purchases = consulted(shop.interactions, shop.receipts, shop.videos)
    shop.metrics = pl.concat([shop._metrics(row, 4) for row in shop.videos.iter_rows(named=True)])
    assert shop.metrics.filter(pl.col("metric") == "successful_interactions", seller_id="")["value"].sum() == 3
    for seller in ("", "anna"):
        found = shop.day()
        assert number(found, "successful_interactions", seller)["value"] == 2
        assert number(found, "unsuccessful_interactions", seller)["value"] == 2
        assert number(found, "interactions", seller)["value"] == 4


def test_of_cameras_that_see_the_same_floor_one_counts():
    shop = Shop(file("door"), file("till"), coverage={key("door"): 0.9})
    found = shop.day({"door": "hall", "till": "hall"})
    assert number(found, "interactions")["value"] == 2
    assert number(found, "interactions")["coverage"] == 1.0


def test_a_camera_counts_while_the_better_one_of_its_floor_does_not_run():
    shop = Shop(file("door", 0), file("door", 1), file("till", 1), file("till", 2), file("till", 3))
    films = filmed(shop.videos, shop.coverage)
    kept = counted(films, {("shop-1", "door"): "hall", ("shop-1", "till"): "hall"})
    assert [film.footage.video for film in kept] == [key("door", 0), key("till", 1), key("till", 2), key("till", 3)]


def test_when_nobody_said_whether_cameras_overlap_the_day_has_no_numbers():
    for groups in (None, {"door": "hall"}):
        found = Shop(file("door"), file("till")).day(groups)
        assert set(found["value"]) == {None}
        assert "nobody said whether they see the same floor" in number(found, "interactions")["refused"]
    assert number(found, "interactions")["refused"].endswith("declare `overlaps` for till.")


def test_cameras_that_did_not_run_at_once_need_no_declaration():
    found = Shop(file("door", 0), file("till", 1)).day()
    assert number(found, "interactions")["value"] == 4


def test_cameras_of_different_floors_are_added_up_but_not_the_time_of_all_sellers():
    found = Shop(file("door"), file("till")).day({"door": "hall", "till": "desk"})
    assert number(found, "interactions")["value"] == 4
    assert number(found, "present_s", "anna")["value"] == 400
    assert "several floors" in number(found, "present_s")["refused"].lower()


def test_the_same_time_of_one_camera_in_two_files_counts_once():
    second = file(hour=0.5)
    found = Shop(file(hour=0), second, coverage={second["video"]: 0.8}).day()
    assert number(found, "interactions")["value"] == 2


def test_files_that_overlap_by_a_second_follow_one_another():
    late = video_file(key(hour=1), start=START + dt.timedelta(seconds=HOUR - 1), duration_s=HOUR)
    assert number(Shop(file(hour=0), late).day(), "interactions")["value"] == 4


def test_a_video_in_the_dark_lowers_the_coverage_and_adds_nothing():
    found = Shop(file(hour=0), file(hour=1), file(hour=2), coverage={key(hour=1): 0.1}).day()
    interactions_ = number(found, "interactions")
    assert (interactions_["value"], interactions_["coverage"]) == (4, pytest.approx(2 / 3))
    assert number(found, "present_s")["high"] == 400 + HOUR
    dark = Shop(file(hour=0), file(hour=1), coverage=dict.fromkeys((key(hour=0), key(hour=1)), 0.1)).day()
    assert set(dark["value"]) == {None}


def test_time_without_any_video_was_not_seen_either():
    day = dt.date(2026, 10, 14)
    found = Shop(file(hour=0), file(hour=1), file(hour=2)).day(opened_s={("shop-1", day): 4 * HOUR})
    assert number(found, "interactions")["coverage"] == 0.75
    assert number(found, "present_s")["high"] == 600 + HOUR


def test_hours_in_which_the_shop_is_closed_are_not_missing():
    # filmed around the clock in files of an hour, of which the shop was open for seven
    hours = range(-4, 10)
    files, closed = [file(hour=hour) for hour in hours], {key(hour=hour): 0.0 for hour in hours if not 0 <= hour < 7}
    found = Shop(*(file(hour=hour) for hour in range(7))).day()
    shop = Shop(*files, coverage=closed)
    round_the_clock = shop.day(open_s=closed)
    assert number(round_the_clock, "interactions")["coverage"] == 1.0
    assert number(round_the_clock, "interactions")["refused"] is None
    for metric in ("interactions", "present_s", "interaction_ratio"):
        told = ("value", "low", "high", "n")
        assert [number(round_the_clock, metric)[each] for each in told] == [number(found, metric)[each] for each in told]
    assert number(shop.day(), "interactions")["coverage"] == pytest.approx(7 / 14)


def test_a_second_camera_that_runs_at_night_needs_no_declaration():
    night = {key("hall", 8): 0.0}
    shop = Shop(file(hour=0), file("hall", hour=8), file(hour=8), coverage=night | {key(hour=8): 0.0})
    assert number(shop.day(), "interactions")["refused"]
    assert number(shop.day(open_s=night | {key(hour=8): 0.0}), "interactions")["refused"] is None


@pytest.mark.parametrize("seed", range(20))
def test_videos_that_count_are_those_that_meet_no_better_one(seed):
    rng = np.random.default_rng(seed)
    films = [
        Filmed(
            Footage(f"{number:03}", START + dt.timedelta(seconds=float(begin)), float(length), float(rng.choice([0.5, 1.0]))),
            "shop-1",
            "till",
            START.date(),
        )
        for number, (begin, length) in enumerate(zip(rng.integers(0, 400, 60), rng.choice([2, 4, 6, 30, 100], 60), strict=True))
    ]
    chosen = []
    for film in sorted(films, key=lambda film: (-film.seen_s, film.footage.video)):
        if not any(film.meets(other) for other in chosen):
            chosen.append(film)
    assert counted(films, {}) == tuple(sorted(chosen, key=lambda film: film.footage.video))


def test_unreadable_videos_are_left_out():
    found = Shop(file(hour=0), file(hour=1, state="unreadable", reason="broken")).day()
    assert number(found, "interactions")["value"] == 2


def test_a_day_is_the_stores_own():
    found = Shop(file(hour=0), file(hour=12.5)).day()
    assert found["day"].unique().sort().to_list() == [dt.date(2026, 10, 14), dt.date(2026, 10, 15)]


def test_without_receipts_the_days_purchases_are_refused():
    found = Shop(file()).day()
    assert number(found, "successful_interactions")["refused"] == "No receipts of this store and day were delivered."
    assert number(found, "average_purchase_with_consultation")["value"] is None


def test_a_video_whose_footage_was_not_judged_is_refused():
    shop = Shop(file())
    with pytest.raises(VitrinaError, match="could be seen"):
        filmed(shop.videos, {})


def test_no_videos_make_no_days():
    shop = Shop(file())
    nothing = shop.videos.clear()
    found = per_day(nothing, {}, shop.metrics.clear(), shop.interactions.clear(), None, groups={})
    assert found.is_empty()
    assert found.schema == DAYS_SCHEMA


@settings(deadline=None, max_examples=8)
@given(st.lists(st.sampled_from([0, 1, 2, 3]), min_size=1, unique=True), st.integers(0, 100))
def test_the_order_of_rows_changes_nothing(hours, seed):
    shop = Shop(*(file(hour=hour) for hour in hours), sold=[("a", 70, 100), ("b", 270, 200), ("c", 3_670, 900)])
    found = shop.day()
    for name in ("videos", "metrics", "interactions", "purchases"):
        setattr(shop, name, getattr(shop, name).sample(fraction=1, shuffle=True, seed=seed))
    assert shop.day().equals(found)


@settings(deadline=None, max_examples=8)
@given(st.integers(1, 4), st.integers(1, 3))
def test_days_of_two_halves_equal_the_day_of_all(customers, served):
    hours = range(4)
    whole = Shop(*(file(hour=hour) for hour in hours), customers=customers, served=served).day()
    halves = [
        Shop(*(file(hour=hour) for hour in part), customers=customers, served=served).day() for part in (hours[:2], hours[2:])
    ]
    for metric in ("customers_present", "customers_served", "interactions", "present_s", "idle_s", "waiting_unserved"):
        assert number(whole, metric)["value"] == sum(number(half, metric)["value"] for half in halves)
