"""What category managers asked of the clustering, and what became of it."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from dataclasses import dataclass

from sqlalchemy import RowMapping, func, insert, select, update

from vitrina.state.opening import StateDatabase
from vitrina.state.schema import CLUSTER_REQUESTS

MOST_LISTED = 200
TITLE_LENGTH = 120
_IDENTIFIER = re.compile("[0-9a-f]{32}")


@dataclass(frozen=True)
class ClusterRequest:
    """One request.

    Attributes
    ----------
    id
        Thirty-two hexadecimal digits.
    made_at, made_by, title
        When, by whom, and what they call it.
    quarter, scenario, published_version
        What was asked, of which version.
    fingerprint, finished_at
        The result, once it is there.
    problem
        Why there is none.
    """

    id: str
    made_at: dt.datetime
    made_by: str
    title: str
    quarter: dt.date
    scenario: str
    published_version: str
    fingerprint: str | None = None
    finished_at: dt.datetime | None = None
    problem: str | None = None


class ClusterRequests:
    """All requests.

    Parameters
    ----------
    database
        The state store.
    """

    def __init__(self, database: StateDatabase) -> None:
        self.database = database

    def begin(  # noqa: PLR0913  # what a request says
        self, *, by: str, title: str, quarter: dt.date, scenario: str, published_version: str, now: dt.datetime
    ) -> ClusterRequest:
        """Record a request before it is worked on."""
        made = ClusterRequest(uuid.uuid4().hex, now, by, title, quarter, scenario, published_version)
        with self.database.writing() as connection:
            connection.execute(insert(CLUSTER_REQUESTS).values(**vars(made)))
        return made

    def finish(self, request_id: str, now: dt.datetime, *, fingerprint: str | None = None, problem: str | None = None) -> bool:
        """Record what became of a request, once: whether it was this that is recorded, or something before."""
        done = (
            update(CLUSTER_REQUESTS)
            .where(CLUSTER_REQUESTS.c.id == request_id, CLUSTER_REQUESTS.c.finished_at.is_(None))
            .values(finished_at=now, fingerprint=fingerprint, problem=problem)
        )
        with self.database.writing() as connection:
            return connection.execute(done).rowcount == 1

    def find(self, request_id: str) -> ClusterRequest | None:
        """A request by its identifier."""
        if not _IDENTIFIER.fullmatch(request_id):
            # not every database takes every text
            return None
        with self.database.reading() as connection:
            row = connection.execute(select(CLUSTER_REQUESTS).where(CLUSTER_REQUESTS.c.id == request_id)).mappings().first()
        return None if row is None else _request(row)

    def latest(self, n: int = MOST_LISTED, *, skip: int = 0) -> tuple[ClusterRequest, ...]:
        """The latest requests, the newest first, after so many newer ones."""
        query = select(CLUSTER_REQUESTS).order_by(CLUSTER_REQUESTS.c.made_at.desc(), CLUSTER_REQUESTS.c.id).limit(n).offset(skip)
        with self.database.reading() as connection:
            return tuple(_request(row) for row in connection.execute(query).mappings())

    def count(self) -> int:
        """How many requests there are."""
        with self.database.reading() as connection:
            return int(connection.execute(select(func.count()).select_from(CLUSTER_REQUESTS)).scalar() or 0)

    def waiting(self, *, by: str, since: dt.datetime) -> int:
        """How many requests of one person, made since a moment, are not finished."""
        query = (
            select(func.count())
            .select_from(CLUSTER_REQUESTS)
            .where(CLUSTER_REQUESTS.c.made_by == by, CLUSTER_REQUESTS.c.made_at >= since, CLUSTER_REQUESTS.c.finished_at.is_(None))
        )
        with self.database.reading() as connection:
            return int(connection.execute(query).scalar() or 0)


def _request(row: RowMapping) -> ClusterRequest:
    return ClusterRequest(**row)
