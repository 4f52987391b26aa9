"""Out of the journal into the inbox: closed files of JSON lines, each written whole or not at all, and never twice otherwise."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from pathlib import Path

from serving.bot.journal import Journal
from serving.bot.journal_schema import ASKED, BOOLEANS, KINDS, Kind
from vitrina.files import write_atomically

MOST_ROWS = 10_000
"""Rows of a file."""

KEPT = dt.timedelta(days=30)
"""How long exported rows are remembered, without what was asked: buttons and `/forget` work so long."""

DELIVERED_AGAIN = dt.timedelta(days=1)
"""How long Telegram keeps what nobody has fetched; an update does not come back after that."""


def export(journal: Journal, folder: Path, now: dt.datetime) -> tuple[Path, ...]:
    """Write what was not exported yet, and forget what is old.

    The rows of a file are settled before it is written, and its name says which they are: after a crash in between, the
    same file is written again under the same name.

    Parameters
    ----------
    journal
        The journal.
    folder
        Where the folders `asked`, `feedback`, `erasures` and `feed` are.
    now
        The time.

    Returns
    -------
    tuple of Path
        Files that were written.

    Raises
    ------
    OSError
        A file cannot be written; its rows are still in the journal, and come with the next export.
    """
    _give_up(journal, now)
    written: list[Path] = []
    for kind in KINDS:
        while _settle(journal, kind, now):
            pass
        written += [_write(journal, kind, batch, folder, now) for batch in _open_batches(journal, kind)]
    expire(journal, now)
    return tuple(written)


def expire(journal: Journal, now: dt.datetime) -> None:
    """Delete rows that were exported long ago, and updates that do not come back."""
    with journal.transaction() as connection:
        for kind in KINDS:
            connection.execute(f"DELETE FROM {kind.folder} WHERE exported_at < ?", [(now - KEPT).isoformat()])  # noqa: S608  # our names
        connection.execute("DELETE FROM updates WHERE at < ?", [(now - 2 * DELIVERED_AGAIN).isoformat()])


def _give_up(journal: Journal, now: dt.datetime) -> None:
    """A question that was received by a bot that died, and never came again, has failed."""
    with journal.transaction() as connection:
        connection.execute(
            "UPDATE asked SET state = 'decided', outcome = 'failed' WHERE state = 'received' AND asked_at < ?",
            [(now - DELIVERED_AGAIN).isoformat()],
        )


def _settle(journal: Journal, kind: Kind, now: dt.datetime) -> bool:
    """Settle which rows the next file holds; False where there are none."""
    table = kind.folder
    with journal.transaction() as connection:
        rows = connection.execute(
            f"SELECT seq FROM {table} WHERE batch IS NULL AND exported_at IS NULL AND ({kind.ready}) ORDER BY seq LIMIT {MOST_ROWS}"  # noqa: S608  # our names
        ).fetchall()
        if not rows:
            return False
        batch = f"{now.astimezone(dt.UTC):%Y%m%dT%H%M%SZ}-{rows[0]['seq']}-{rows[-1]['seq']}"
        connection.executemany(f"UPDATE {table} SET batch = ? WHERE seq = ?", [(batch, row["seq"]) for row in rows])  # noqa: S608  # our names
    return True


def _open_batches(journal: Journal, kind: Kind) -> list[str]:
    query = f"SELECT batch FROM {kind.folder} WHERE batch IS NOT NULL AND exported_at IS NULL GROUP BY batch ORDER BY min(seq)"  # noqa: S608  # our names
    return [row["batch"] for row in journal.rows(query)]


def _write(journal: Journal, kind: Kind, batch: str, folder: Path, now: dt.datetime) -> Path:
    query = f"SELECT {', '.join(kind.columns)} FROM {kind.folder} WHERE batch = ? ORDER BY seq"  # noqa: S608  # our names
    path = folder / kind.folder / f"{batch}.jsonl"
    write_atomically(path, "".join(_line(row) for row in journal.rows(query, batch)))
    emptied = "".join(f", {name} = ''" for name in kind.blanked)
    with journal.transaction() as connection:
        connection.execute(f"UPDATE {kind.folder} SET exported_at = ?{emptied} WHERE batch = ?", [now.isoformat(), batch])  # noqa: S608  # our names
    return path


def _line(row: sqlite3.Row) -> str:
    cells = {name: bool(row[name]) if name in BOOLEANS and row[name] is not None else row[name] for name in row.keys()}  # noqa: SIM118  # a row iterates over its values
    return json.dumps(cells, ensure_ascii=False, separators=(",", ":")) + "\n"


def waiting(journal: Journal) -> int:
    """Questions that are recorded and not exported yet."""
    return int(journal.rows(f"SELECT count(*) AS n FROM {ASKED.folder} WHERE exported_at IS NULL")[0]["n"])  # noqa: S608  # our names
