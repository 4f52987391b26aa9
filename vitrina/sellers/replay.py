"""What other parameters would change: numbers of days computed anew from what is stored, beside those that are in force.

Nothing that is stored is changed. A replay from tracking on needs detections alone, which are kept; only to detect anew is the
video itself needed, and `vitrina.sellers.sources` says when that is gone.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from typing import Any

import polars as pl

from vitrina.errors import SettingsError
from vitrina.sellers.day_tables import ReplayDifferences

ID_LENGTH = 16
"""Hexadecimal digits that name a replay."""

_KEY = ["store_id", "day", "seller_id", "metric"]


def replay_id(parameters: Mapping[str, Any], days: pl.DataFrame) -> str:
    """The beginning of a hash of what is asked for: the same parameters for the same days are the same replay, whenever it is made.

    Parameters
    ----------
    parameters
        Values by name, those that differ alone, as `vitrina.sellers.parameters.parameters` takes them.
    days
        Columns ``store_id`` and ``day``, in any order and as often as you like.

    Raises
    ------
    SettingsError
        A value cannot be written as JSON.
    """
    asked = sorted((store, day.isoformat()) for store, day in days.select("store_id", "day").unique().iter_rows())
    said = json.dumps([as_json(parameters), asked], ensure_ascii=False)
    return hashlib.sha256(said.encode()).hexdigest()[:ID_LENGTH]


def as_json(parameters: Mapping[str, Any]) -> str:
    """Parameters as JSON, sorted by name, so that equal ones are equal as text.

    Raises
    ------
    SettingsError
        A value cannot be written as JSON.
    """
    try:
        return json.dumps(dict(parameters), sort_keys=True, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise SettingsError(
            f"The parameters of a replay cannot be written as JSON: {error}.",
            "Give names with numbers, texts or true and false.",
        ) from error


def differences(stored: pl.DataFrame, replayed: pl.DataFrame, parameters: Mapping[str, Any], made_at: dt.datetime) -> pl.DataFrame:
    """Numbers as they are stored beside those with other parameters.

    Parameters
    ----------
    stored
        Rows of table `SellerDayMetrics`; stores and days that were not replayed are left out.
    replayed
        The same of all stores and days that were asked for, computed with the other parameters.
    parameters
        As of `replay_id`.
    made_at
        When it was computed, aware.

    Returns
    -------
    polars.DataFrame
        Table `ReplayDifferences`, a row for each number that is known on either side: where a seller or a day is known on one
        side only, the other is null. ``within`` is null where there is no interval or no new value. The order of rows changes
        nothing.

    Raises
    ------
    SettingsError
        As of `replay_id`.
    """
    days = replayed.select("store_id", "day").unique()
    before = stored.join(days, on=["store_id", "day"], how="semi").select(*_KEY, "low", "high", stored="value")
    both = before.join(replayed.select(*_KEY, replayed="value"), on=_KEY, how="full", coalesce=True)
    rows = both.with_columns(
        replay=pl.lit(replay_id(parameters, days)),
        difference=pl.col("replayed") - pl.col("stored"),
        within=pl.col("replayed").is_between("low", "high"),
        parameters=pl.lit(as_json(parameters)),
        made_at=pl.lit(made_at.astimezone(dt.UTC), pl.Datetime("us", "UTC")),
    )
    schema = ReplayDifferences.polars_schema()
    return ReplayDifferences.check(rows.select(pl.col(name).cast(dtype) for name, dtype in schema.items()).sort("replay", *_KEY))
