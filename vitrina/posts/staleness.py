"""What deliveries mean for a product that is computed as a whole."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from vitrina.inbox.entries import Entry
from vitrina.inbox.staleness import WHOLE, Staleness
from vitrina.settings import Settings
from vitrina.warehouse import Warehouse


def staleness(entries: Sequence[Entry], warehouse: Warehouse, _settings: Settings, _today: dt.date) -> Staleness:
    """Everything is brought up to date after any delivery, once there is something to search; what has not changed is kept."""
    with warehouse.read() as connection:
        found = connection.execute("SELECT 1 FROM raw_posts UNION ALL SELECT 1 FROM raw_chat_messages LIMIT 1").fetchone()
    computable = (WHOLE,) if found else ()
    return Staleness(computable if entries else (), computable)
