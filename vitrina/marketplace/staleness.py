"""What deliveries mean for a product that is computed as a whole, and how far its log reaches."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import duckdb

from vitrina.inbox.entries import Entry
from vitrina.inbox.staleness import WHOLE, Staleness
from vitrina.marketplace.log import NothingToLearnError
from vitrina.marketplace.raw_tables import MARKETPLACE
from vitrina.marketplace.showing import FOLDER
from vitrina.settings import Settings
from vitrina.warehouse import Warehouse


def staleness(entries: Sequence[Entry], warehouse: Warehouse, _settings: Settings, _today: dt.date) -> Staleness:
    """Everything is to be computed anew after any delivery, once there is an event.

    But for what the API itself has shown: it writes a file every hour, from which no list would come out differently. What
    users did with it is counted by the next run.
    """
    with warehouse.read() as connection:
        found = connection.execute("SELECT 1 FROM raw_events LIMIT 1").fetchone()
    computable = (WHOLE,) if found else ()
    changes = any(not entry.path.startswith(f"{MARKETPLACE}/{FOLDER}/") for entry in entries)
    return Staleness(computable if changes else (), computable)


def log_end(connection: duckdb.DuckDBPyConnection) -> dt.date:
    """Day after the last staged event.

    Raises
    ------
    NothingToLearnError
        There is none.
    """
    last: dt.date | None = connection.execute("SELECT max(event_date) FROM stg_events").fetchall()[0][0]
    if last is None:
        raise NothingToLearnError(
            "The log holds no event of a mapped type with an item.",
            "See `event_quality` for what was left out, and VITRINA_MARKETPLACE_EVENT_KINDS for what event types mean. "
            "The recommendations published before stay.",
        )
    return last + dt.timedelta(days=1)
