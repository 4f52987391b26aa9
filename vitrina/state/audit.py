"""The record of who saw and did what."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import delete, insert, select

from vitrina.state.opening import StateDatabase
from vitrina.state.people import folded_name
from vitrina.state.schema import AUDIT


@dataclass(frozen=True)
class Seen:
    """One entry: somebody asked for something, and this was the answer's status.

    Attributes
    ----------
    at
        When, an aware time; of several, the first.
    person, token, address
        Who, with which token, from where.
    method, route, subject, status
        What was asked, what varied in it as JSON, and the answer's status.
    times
        How often.
    """

    at: dt.datetime
    person: str | None
    token: str | None
    address: str
    method: str
    route: str
    subject: str
    status: int
    times: int = 1


class AuditLog:
    """Entries are added, and forgotten when they are old; nothing changes one.

    Parameters
    ----------
    database
        The state store.
    """

    def __init__(self, database: StateDatabase) -> None:
        self.database = database

    def add(self, entries: Sequence[Seen]) -> None:
        """Add entries together."""
        if entries:
            with self.database.writing() as connection:
                connection.execute(insert(AUDIT), [asdict(entry) for entry in entries])

    def latest(self, *, before: int | None = None, n: int = 100, person: str | None = None) -> tuple[tuple[int, Seen], ...]:
        """The newest entries with their numbers; `before` a number, or of one person, where asked."""
        query = select(AUDIT).order_by(AUDIT.c.id.desc()).limit(n)
        if before is not None:
            query = query.where(AUDIT.c.id < before)
        if person:
            query = query.where(AUDIT.c.person == folded_name(person))
        with self.database.reading() as connection:
            rows = connection.execute(query).mappings().all()
        return tuple((int(row["id"]), Seen(**{name: row[name] for name in Seen.__dataclass_fields__})) for row in rows)

    def forget(self, before: dt.datetime) -> int:
        """Delete entries from before a moment, and return how many there were."""
        with self.database.writing() as connection:
            return connection.execute(delete(AUDIT).where(AUDIT.c.at < before)).rowcount
