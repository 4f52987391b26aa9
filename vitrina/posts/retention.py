"""Questions are kept for so many days, and their files with them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vitrina.posts.erasure_files import delivered_lines, moment_of
from vitrina.posts.raw_tables import RawAsked, RawChatMessages, RawFeedback
from vitrina.posts.tables import AskedQuestions
from vitrina.tables import Table
from vitrina.warehouse import Warehouse, stored_columns

if TYPE_CHECKING:
    from vitrina.settings import Settings

_AGES: tuple[tuple[type[Table], str], ...] = (
    (RawAsked, "asked_at < ?"),
    (RawFeedback, "given_at < ?"),
    (AskedQuestions, "asked_at < ?"),
    (RawChatMessages, "posted_at < ? AND kind = 'question'"),
)
_FOLDERS = ("asked", "feedback")


@dataclass(frozen=True)
class Forgotten:
    """What was too old to be kept.

    Attributes
    ----------
    rows
        Table → rows that were deleted.
    files
        Files that were deleted.
    """

    rows: Mapping[str, int]
    files: tuple[Path, ...]


def forget_old_questions(warehouse: Warehouse, settings: Settings, days: int, now: dt.datetime) -> Forgotten:
    """Delete questions and feedback older than so many days, and files of ours that hold nothing younger.

    A file of which a line is younger stays whole; its older rows are deleted again if it is read again. The bytes of deleted
    rows go when the warehouse is rebuilt.

    Parameters
    ----------
    warehouse
        The product's tables.
    settings
        Folders.
    days
        How long questions are kept.
    now
        The time, aware.
    """
    limit = now - dt.timedelta(days=days)
    rows: dict[str, int] = {}
    with warehouse.write() as connection:
        for table, condition in _AGES:
            if stored_columns(connection, table.table_name()):
                deleted = connection.execute(f"DELETE FROM {table.table_name()} WHERE {condition}", [limit]).fetchall()  # noqa: S608  # our own names
                rows[table.table_name()] = int(deleted[0][0])
    files = []
    for path, lines in delivered_lines(settings, _FOLDERS):
        times = [moment_of(said) for _, said in lines]
        # a line that does not say when it was keeps its file
        if times and all(time is not None and time < limit for time in times):
            path.unlink()
            files.append(path)
    return Forgotten({name: count for name, count in rows.items() if count}, tuple(files))
