"""What deliveries mean for feedback, which is brought up to date as a whole."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from vitrina.inbox.entries import Entry
from vitrina.inbox.staleness import WHOLE, Staleness
from vitrina.settings import Settings
from vitrina.warehouse import Warehouse


def staleness(entries: Sequence[Entry], warehouse: Warehouse, _settings: Settings, _today: dt.date) -> Staleness:
    """Everything, after any delivery, once there is a rating."""
    with warehouse.read() as connection:
        found = connection.execute("SELECT 1 FROM raw_feedback LIMIT 1").fetchone()
    computable = (WHOLE,) if found else ()
    return Staleness(computable if entries else (), computable)
