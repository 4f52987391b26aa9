"""What SQL makes of a store's days, from rows of the tables before it."""

import datetime as dt
import re
from functools import cache

import duckdb
import polars as pl

from tests.dbt_sql import select_of
from vitrina.sellers.day_tables import TABLES

MOSCOW = dt.timezone(dt.timedelta(hours=3))
DAY = dt.date(2026, 10, 14)
INTERMEDIATE = ("store_clocks", "video_hours", "picture_quality", "bad_files")


def at(text, day=DAY):
    """A time of the day in Moscow."""
    return dt.datetime.combine(day, dt.time.fromisoformat(text), MOSCOW).astimezone(dt.UTC)


def video(camera="till", begin="09:00", end="10:00", *, store="north", day=DAY, ends_on=None, **values):
    """A row of `DayVideos`; its key is made of camera and beginning."""
    started = at(begin, day)
    return {
        "video": f"{store}|{camera}|{started:%Y%m%dT%H%M%SZ}|0123abcd",
        "store_id": store,
        "camera_id": camera,
        "day": day,
        "time_zone": "Europe/Moscow",
        "started_at": started,
        "ended_at": at(end, ends_on or day),
        "step_s": 60.0,
        "coverage": 1.0,
        "open_s": None,
        "counts": True,
        "floor_group": None,
        **values,
    }


def samples(of, states=None, *, brightness=100.0, sharpness=2500.0):
    """Samples of a video at its step, all of them fit where no states are given; brightness and sharpness may be lists."""
    step = of["step_s"]
    count = len(states) if states else int((of["ended_at"] - of["started_at"]).total_seconds() // step)
    states = states or ["ok"] * count
    levels = [value if isinstance(value, list) else [value] * count for value in (brightness, sharpness)]
    return [
        {
            "video": of["video"],
            "sample": number,
            "pts_s": number * step,
            "at": of["started_at"] + dt.timedelta(seconds=number * step),
            "brightness": levels[0][number],
            "sharpness": levels[1][number],
            "change": 1.0,
            "state": state,
        }
        for number, state in enumerate(states)
    ]


def person(of, number, role, *stays, seller_id=None):
    """A person of a video and the tracks, from (first, last) seconds each: rows for `people` and `tracks`."""
    row = {"video": of["video"], "person": number, "role": role, "seller_id": seller_id}
    found = [
        {"video": of["video"], "track": 100 * number + place, "person": number, "first_s": float(first), "last_s": float(last)}
        for place, (first, last) in enumerate(stays, start=1)
    ]
    return [row], found


def everybody(*persons):
    """Keyword arguments of `rows` for people whom `person` has made."""
    return {name: [row for made in persons for row in made[place]] for place, name in enumerate(("people", "tracks"))}


def stood(of, number, begin_s, end_s=None, **values):
    """A row of `Interactions`."""
    end_s = begin_s + 60 if end_s is None else end_s
    return {
        "video": of["video"],
        "interaction": number,
        "kind": "consultation",
        "seller_person": 1,
        "customer_person": 2,
        "begin_s": float(begin_s),
        "end_s": float(end_s),
        "begin_at": of["started_at"] + dt.timedelta(seconds=begin_s),
        "end_at": of["started_at"] + dt.timedelta(seconds=end_s),
        "duration_s": float(end_s - begin_s),
        **values,
    }


def delivered(path, state, *, key=None, version=1, **values):
    """A row of `VideoDeliveries`."""
    return {"path": path, "version": version, "video": key, "state": state, "recorded_at": at("12:00"), **values}


def rows(model, *, zone="Asia/Vladivostok", **tables):
    """Rows of a model, as dictionaries; tables that are not given are empty."""
    names = {table.table_name(): table for table in TABLES}
    assert set(tables) <= set(names)
    models = {name: _rendered(name) for name in dict.fromkeys((*INTERMEDIATE, model))}
    words = set(re.findall(r"\w+", " ".join(models.values())))
    with duckdb.connect() as connection:
        # elsewhere, so that hours and days are seen to be those of the store
        connection.execute(f"SET TimeZone = '{zone}'")
        for name in sorted(words & set(names)):
            connection.register("frame", pl.DataFrame(list(tables.get(name, ())), schema=names[name].polars_schema()))
            connection.execute(f"CREATE TABLE {name} AS FROM frame")
        for name, select in models.items():
            connection.execute(f"CREATE VIEW {name} AS {select}")
        return connection.execute(f"FROM {model} ORDER BY ALL").pl().to_dicts()


@cache
def _rendered(model):
    return select_of("sellers", model)
