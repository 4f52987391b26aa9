"""Who was served by whom on a day, what came of it, and where it can be looked at while a clip is kept."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from serving.sellers.published_files import EVIDENCE, place_of
from serving.web.versions import Version
from vitrina.settings import Settings

INTERACTIONS, DELETED = "mart_interaction_evidence", "deleted_files"
CONSULTATION, PAYMENT = "consultation", "payment"

_ROWS = """
    FROM mart_interaction_evidence AS one
    WHERE one.store_id = $store AND one.day = coalesce($day, one.day) AND ($kind IS NULL OR one.kind = $kind)
        AND ($seller IS NULL OR one.seller_id = $seller) AND (NOT $unnamed OR coalesce(one.seller_id, '') = '')
        AND ($successful IS NULL OR one.successful = $successful) AND (NOT $counting OR one.counts)
        AND ($video IS NULL OR one.video = $video) AND ($number IS NULL OR one.interaction = $number)
"""
_CLIPS = "SELECT video, interaction, path, size, expires_at FROM evidence_files WHERE kind = 'clip'"
_NO_CLIPS = "SELECT NULL::VARCHAR AS video, NULL::BIGINT AS interaction, NULL::VARCHAR AS path, 0 AS size, NULL::TIMESTAMPTZ AS expires_at LIMIT 0"
_GONE = "SELECT path, max(deleted_at) AS deleted_at FROM deleted_files WHERE failure IS NULL GROUP BY path"
_NOT_GONE = "SELECT NULL::VARCHAR AS path, NULL::TIMESTAMPTZ AS deleted_at LIMIT 0"
_BY_HOUR = """
    SELECT hour(begin_at AT TIME ZONE $zone)::INTEGER AS hour, count(*) AS consultations, count(*) FILTER (successful) AS successful
    FROM mart_interaction_evidence
    WHERE store_id = $store AND day = $day AND seller_id = $seller AND counts AND kind = 'consultation'
    GROUP BY hour ORDER BY hour
"""


@dataclass(frozen=True)
class Wanted:
    """Which interactions are asked for.

    Attributes
    ----------
    store, day
        Of which store and day; None for any.
    seller, unnamed
        Of one seller, or of those whom nobody could name; all by default.
    kind, successful
        Only those.
    counting
        Only those of videos that totals count.
    video, number
        Only those of a video, only the one of a number.
    """

    store: str
    day: dt.date | None
    seller: str | None = None
    unnamed: bool = False
    kind: str | None = None
    successful: bool | None = None
    counting: bool = True
    video: str | None = None
    number: int | None = None


@dataclass(frozen=True)
class Clip:
    """What became of an interaction's clip.

    Attributes
    ----------
    there
        Whether it can be looked at now.
    expires_at, deleted_at
        When it will be deleted, or was.
    made
        Whether there ever was one: clips are cut of the longest consultations alone.
    """

    there: bool = False
    expires_at: dt.datetime | None = None
    deleted_at: dt.datetime | None = None
    made: bool = False

    @classmethod
    def of(cls, row: dict[str, Any], settings: Settings, now: dt.datetime) -> Clip:
        """Of a row of `interactions`."""
        if row["clip"] is None:
            return cls()
        over = row["clip_expires_at"] is not None and row["clip_expires_at"] <= now
        deleted_at = row["clip_deleted_at"] or (row["clip_expires_at"] if over else None)
        there = deleted_at is None and place_of(settings, row["clip"], row["clip_size"]) is not None
        return cls(there, row["clip_expires_at"], deleted_at, made=True)


def count_interactions(version: Version, wanted: Wanted) -> int:
    """How many rows `interactions` has in all."""
    version.require(INTERACTIONS)
    return int(version.rows(f"SELECT count(*) AS n {_ROWS}", vars(wanted))[0]["n"])


def interactions(version: Version, wanted: Wanted, *, limit: int, offset: int = 0) -> list[dict[str, Any]]:
    """Rows of the mart in the order of their beginnings, each with the clip that was made of it and when that was deleted."""
    version.require(INTERACTIONS)
    clips = _CLIPS if version.has(EVIDENCE) else _NO_CLIPS
    gone = _GONE if version.has(EVIDENCE, DELETED) else _NOT_GONE
    # a clip that was made anew expires later than the old one of its name was deleted
    return version.rows(
        f"""
        WITH clips AS ({clips}), gone AS ({gone}),
        chosen AS (SELECT * {_ROWS} ORDER BY begin_at, video, interaction LIMIT {int(limit)} OFFSET {int(offset)})
        SELECT chosen.*, clips.path AS clip, clips.size AS clip_size, clips.expires_at AS clip_expires_at,
            CASE WHEN clips.expires_at <= gone.deleted_at THEN gone.deleted_at END AS clip_deleted_at
        FROM chosen LEFT JOIN clips ON chosen.video = clips.video AND chosen.interaction = clips.interaction
        LEFT JOIN gone ON clips.path = gone.path
        ORDER BY chosen.begin_at, chosen.video, chosen.interaction
        """,  # noqa: S608  # parts of our own and whole numbers
        vars(wanted),
    )


def unnamed_and_all(version: Version, store: str, day: dt.date) -> tuple[int, int]:
    """Consultations of a day with a seller whom nobody on the roster could be matched to, and all of them."""
    if not version.has(INTERACTIONS):
        return 0, 0
    wanted = Wanted(store, day, kind=CONSULTATION)
    return tuple(count_interactions(version, one) for one in (Wanted(store, day, unnamed=True, kind=CONSULTATION), wanted))  # type: ignore[return-value]  # two of them


def consultations_by_hour(version: Version, store: str, day: dt.date, seller: str, zone: str) -> list[dict[str, Any]]:
    """Consultations of a seller by the hour of the store's clock in which they began; hours without any are left out."""
    if not version.has(INTERACTIONS):
        return []
    return version.rows(_BY_HOUR, {"store": store, "day": day, "seller": seller, "zone": zone})
