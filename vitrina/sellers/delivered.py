"""What shops have delivered of a store, as it stands: of rows with the same natural key, the latest."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import polars as pl
from duckdb import DuckDBPyConnection

from vitrina.inbox.contract import Contract
from vitrina.sellers.cameras import Camera, described
from vitrina.sellers.contracts import CAMERAS, SHIFTS, TILL_RECEIPTS
from vitrina.sellers.receipts import RECEIPTS_SCHEMA
from vitrina.sellers.roster import PROTOTYPES_SCHEMA
from vitrina.sellers.shifts import SHIFTS_SCHEMA
from vitrina.sellers.tables import SellerAppearances
from vitrina.sql import quote
from vitrina.warehouse import stored_columns

SHIFTS_AROUND = dt.timedelta(days=2)
RECEIPTS_AROUND = dt.timedelta(days=1, hours=1)


@dataclass(frozen=True)
class Delivered:
    """What is known beside a video.

    Attributes
    ----------
    camera
        Its camera.
    shifts, receipts
        Of the store about that time, columns of `SHIFTS_SCHEMA` and `RECEIPTS_SCHEMA`.
    prototypes
        What other videos have shown of the store's sellers, columns of `PROTOTYPES_SCHEMA`.
    """

    camera: Camera
    shifts: pl.DataFrame
    receipts: pl.DataFrame
    prototypes: pl.DataFrame


def camera_of(connection: DuckDBPyConnection, store_id: str, camera_id: str, *, time_zone: str) -> Camera:
    """A camera as it was described last, or one of which nothing is known.

    Raises
    ------
    DeliveryError
        Its row cannot be meant.
    """
    rows = latest(connection, CAMERAS, "store_id = $store AND camera_id = $camera", store=store_id, camera=camera_id)
    return described(rows, store_id, camera_id, time_zone=time_zone)


def cameras(connection: DuckDBPyConnection, *, time_zone: str) -> list[Camera]:
    """All cameras that were described; those whose rows cannot be meant are left out, for their videos tell it."""
    from vitrina.errors import DeliveryError  # noqa: PLC0415  # beside its only use

    found = []
    for row in latest(connection, CAMERAS).iter_rows(named=True):
        try:
            found.append(Camera.of(row, time_zone=time_zone))
        except DeliveryError:
            continue
    return found


def delivered_for(  # noqa: PLR0913  # whose, and when
    connection: DuckDBPyConnection,
    camera: Camera,
    *,
    video: str,
    begin: dt.datetime,
    end: dt.datetime,
    day: dt.date,
    kept_days: int,
) -> Delivered:
    """What is known beside a video.

    Parameters
    ----------
    connection
        The product's tables.
    camera
        Of the video.
    video
        Its key: what it has shown itself is no evidence for it.
    begin, end, day
        Its first and last moment in UTC, and its day by the store's clock.
    kept_days
        How long the appearance of a seller is kept.
    """
    store = camera.store_id
    shifts = latest(
        connection,
        SHIFTS,
        'store_id = $store AND "end" > $begin AND begin < $end',
        store=store,
        begin=begin - SHIFTS_AROUND,
        end=end + SHIFTS_AROUND,
    )
    return Delivered(
        camera,
        shifts.select(pl.col(name).cast(dtype) for name, dtype in SHIFTS_SCHEMA.items()),
        receipts_of(connection, [store], begin, end),
        _prototypes(connection, store, video, day, kept_days),
    )


def receipts_of(connection: DuckDBPyConnection, stores: list[str], begin: dt.datetime, end: dt.datetime) -> pl.DataFrame:
    """Receipts of some stores about a time, columns of `RECEIPTS_SCHEMA`."""
    rows = latest(
        connection,
        TILL_RECEIPTS,
        'store_id IN (SELECT unnest($stores)) AND "at" > $begin AND "at" < $end',
        stores=stores,
        begin=begin - RECEIPTS_AROUND,
        end=end + RECEIPTS_AROUND,
    )
    return rows.rename({"amount_minor": "amount"}).select(pl.col(name).cast(dtype) for name, dtype in RECEIPTS_SCHEMA.items())


def latest(connection: DuckDBPyConnection, contract: Contract, condition: str = "true", **given: object) -> pl.DataFrame:
    """Rows of a contract's table that satisfy a condition; of those with the same natural key, the latest.

    Parameters
    ----------
    connection
        The product's tables.
    contract
        The contract.
    condition
        SQL of our own with names of values that are bound.
    given
        The values.
    """
    table = contract.table
    if not stored_columns(connection, table.table_name()):
        return table.empty()
    key = ", ".join(map(quote, contract.natural_key))
    return connection.execute(
        f"SELECT * FROM {quote(table.table_name())} WHERE {condition}"  # noqa: S608  # our own names; values are bound
        f" QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY delivery DESC, source_row DESC) = 1 ORDER BY {key}",
        given or None,
    ).pl()


def _prototypes(connection: DuckDBPyConnection, store: str, video: str, day: dt.date, kept_days: int) -> pl.DataFrame:
    if not stored_columns(connection, SellerAppearances.table_name()):
        return pl.DataFrame(schema=PROTOTYPES_SCHEMA)
    rows = connection.execute(
        "SELECT seller_id, day, appearance FROM seller_appearances WHERE store_id = $store AND video <> $video"
        " AND day > $earliest AND day <= $day ORDER BY seller_id, day, video",
        {"store": store, "video": video, "earliest": day - dt.timedelta(days=kept_days), "day": day},
    ).pl()
    return rows.select(pl.col(name).cast(dtype) for name, dtype in PROTOTYPES_SCHEMA.items())
