"""The published lists of all users, as arrays in memory: finding one takes microseconds, and no database."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from serving.web.versions import Version
from vitrina.marketplace.tables import REASONS

NEEDED = ("recommendations",)
_ROWS = "SELECT user_hash, item_id, score, reason, reason_item_id, reason_days FROM recommendations ORDER BY user_hash, place"


class Suggestion(NamedTuple):
    """One item to show, and why.

    Attributes
    ----------
    item_id, score
        The item, and what it was ordered by.
    reason
        One of `vitrina.marketplace.tables.REASONS`.
    reason_item_id, reason_days
        The item and the days that the reason speaks of, if it does.
    """

    item_id: str
    score: float
    reason: str
    reason_item_id: str | None = None
    reason_days: int | None = None


class PublishedLists:
    """Every user's list, some twenty bytes a place.

    Parameters
    ----------
    rows
        Columns as in the table `Recommendations`, by user and place.
    """

    def __init__(self, rows: pl.DataFrame) -> None:
        names = pl.concat([rows["item_id"], rows["reason_item_id"]]).drop_nulls().unique().sort()
        codes = pl.Enum(names)
        self._items = names.to_list()
        self._item = _codes(rows["item_id"].cast(codes))
        self._reason_item = _codes(rows["reason_item_id"].cast(codes))
        self._reason = (
            rows["reason"].replace_strict({reason: place for place, reason in enumerate(REASONS)}).to_numpy().astype(np.int8)
        )
        self._days = rows["reason_days"].fill_null(0).to_numpy().astype(np.int32)
        self._score = rows["score"].to_numpy().astype(np.float32)
        lengths = rows.group_by("user_hash", maintain_order=True).len()
        self._users = lengths["user_hash"].to_numpy().astype(np.bytes_)
        self._until = np.cumsum(lengths["len"].to_numpy())

    @classmethod
    def of(cls, version: Version) -> PublishedLists:
        """The lists of a published version; none where they are held back."""
        return cls(version.frame(_ROWS) if version.has(*NEEDED) else _NO_ROWS)

    def __len__(self) -> int:
        return len(self._users)

    def find(self, user_hash: str | None) -> tuple[Suggestion, ...]:
        """The list of a user, the best first; empty where there is none."""
        if not user_hash or not user_hash.isascii():
            return ()
        user = user_hash.encode()
        place = int(np.searchsorted(self._users, user))
        if place == len(self._users) or self._users[place] != user:
            return ()
        rows = slice(int(self._until[place - 1]) if place else 0, int(self._until[place]))
        columns = (self._item, self._score, self._reason, self._reason_item, self._days)
        return tuple(
            Suggestion(self._items[item], score, REASONS[reason], None if about < 0 else self._items[about], days or None)
            for item, score, reason, about, days in zip(*(column[rows].tolist() for column in columns), strict=True)
        )


def _codes(column: pl.Series) -> npt.NDArray[np.int32]:
    """Places of names in the list of all, -1 for none."""
    found: npt.NDArray[Any] = column.to_physical().cast(pl.Int32).fill_null(-1).to_numpy()
    return found.astype(np.int32)


_NO_ROWS = pl.DataFrame(
    schema={
        "user_hash": pl.String,
        "item_id": pl.String,
        "score": pl.Float64,
        "reason": pl.String,
        "reason_item_id": pl.String,
        "reason_days": pl.Int64,
    }
)
