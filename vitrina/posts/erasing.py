"""Requests to be forgotten, fulfilled: rows first, then every byte of every file that is ours, and a receipt of it.

The order of a run: `apply` deletes the rows before posts are computed; then the product is refreshed and published without
them; then `finish` removes what older files hold, searches everything, and writes the receipts. What the rows said is held in
memory only. `apply` therefore does whatever needs it before it deletes, and notes what it did; all that is left to `finish` by
a killed run needs no text: writing the warehouse anew, and deleting what no version in force names.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from vitrina.erasure.published import keep_only_in_force
from vitrina.erasure.text_scrubbing import Scrubber
from vitrina.posts import erasure_files as files
from vitrina.posts.erasure_notes import Note, read_note, write_note
from vitrina.posts.erasure_reports import Done, first_note, held, report_on, row_of
from vitrina.posts.erasure_rows import ERASED, Subjects, people_of, subjects, tombstones
from vitrina.posts.erasure_texts import Remembered, delete, needles_of, remembered, requests_with_rows, scrubber_of, spared
from vitrina.posts.raw_tables import POSTS, RawErasureRequests
from vitrina.posts.retention import Forgotten, forget_old_questions
from vitrina.posts.tables import ErasureReceipts, PostTombstones
from vitrina.pseudonyms import user_key
from vitrina.warehouse import Warehouse, load
from vitrina.warehouse import replace as replace_slice
from vitrina.warehouse.rebuilding import rebuild

if TYPE_CHECKING:
    import duckdb

    from vitrina.settings import Settings

__all__ = [
    "Applied",
    "Forgotten",
    "apply",
    "apply_to_restored",
    "erased_tombstones",
    "finish",
    "forget_old_questions",
    "requests_in_files",
]


@dataclass(frozen=True)
class Applied:
    """What was deleted, and what `finish` has yet to look for.

    Attributes
    ----------
    requests
        All requests, rows of `RawErasureRequests`.
    pending
        Those that have no receipt yet.
    rows
        Table → rows that were deleted now.
    tombstones
        Rows of `PostTombstones` for erased posts; they are stored already.
    said
        What the deleted rows said, by request; only ever in memory.
    """

    requests: pl.DataFrame = field(default_factory=RawErasureRequests.empty)
    pending: pl.DataFrame = field(default_factory=RawErasureRequests.empty)
    rows: Mapping[str, int] = field(default_factory=dict)
    tombstones: pl.DataFrame = field(default_factory=PostTombstones.empty)
    said: Mapping[str, Remembered] = field(default_factory=dict, repr=False)


def apply(  # noqa: PLR0913  # what it works on, and what it works with
    warehouse: Warehouse,
    settings: Settings,
    requests: pl.DataFrame,
    now: dt.datetime,
    *,
    again: bool = False,
    also: Iterable[Path] = (),
) -> Applied:
    """Delete the rows that requests are about, in one transaction, and what our other files hold of them.

    All requests that were ever made are applied each time, so that an older export brings nothing back; where nothing has come
    back and nothing is pending, that is a comparison of hashes.

    Parameters
    ----------
    warehouse
        The product's tables.
    settings
        Folders and the key of pseudonyms.
    requests
        Rows of `RawErasureRequests`: all of them.
    now
        The time, aware.
    again
        Take every request for pending, whether or not it has a receipt.
    also
        Further folders of ours; see `finish`.

    Raises
    ------
    WarehouseBusyError
        Another process holds the tables for longer than the bounded wait; nothing was deleted.
    """
    if requests.is_empty():
        return Applied()
    key = user_key(settings)
    with warehouse.read() as connection:
        found = subjects(connection, key, requests)
        said = remembered(connection, found)
        known = spared(connection, found, said.values())
        done = [] if again else load(connection, ErasureReceipts)["request_id"].to_list()
    pending = requests.filter(~pl.col("request_id").is_in(done)).unique("request_id", keep="first", maintain_order=True)
    marks = tombstones(found, key, requests)
    if pending.height or said:
        changed = _clean_files(warehouse, settings, requests, marks, also=also, scrubber=scrubber_of(said, known))
        delivered = files.search_delivered(settings, needles_of(said, known))
        for request in pending["request_id"]:
            _add_to_note(
                settings,
                request,
                replace(
                    first_note(said.get(request, Remembered()), known, now),
                    rebuilt=files.shown(settings, changed),
                    delivered=held(settings, delivered, request),
                ),
            )
    rows = _delete(warehouse, key, requests, marks)
    for request in pending["request_id"]:
        _add_to_note(settings, request, Note(now.astimezone(dt.UTC).isoformat(), rows.get(request, {})))
    return Applied(requests, pending, sum(rows.values(), Counter()), marks, said)


def _clean_files(  # noqa: PLR0913  # the parts of one step
    warehouse: Warehouse,
    settings: Settings,
    requests: pl.DataFrame,
    marks: pl.DataFrame,
    *,
    also: Iterable[Path],
    scrubber: Scrubber,
) -> tuple[Path, ...]:
    """What needs the text is done before the rows go: a run that is killed in between would not know it any more."""
    people = dict(people_of(requests).select("person", "until").iter_rows())
    dropped = files.drop_lines(settings, people, set(marks["key_hash"]), user_key(settings))
    swept = files.sweep(settings, scrubber, left_out=files.seen_to_by_others(settings, warehouse), also=also)
    return (*dropped, *swept.changed)


def _add_to_note(settings: Settings, request_id: str, more: Note) -> None:
    earlier = read_note(settings, request_id)
    write_note(settings, request_id, more if earlier is None else earlier + more)


def _delete(warehouse: Warehouse, key: bytes, requests: pl.DataFrame, marks: pl.DataFrame) -> dict[str, Counter[str]]:
    """Delete what is there now, and store the tombstones with it."""
    with warehouse.write() as connection:
        found = subjects(connection, key, requests)
        if marks.height:
            replace_slice(connection, PostTombstones, marks, {"key_hash": marks["key_hash"].to_list()})
        return delete(connection, found, remembered(connection, found))


def apply_to_restored(
    warehouse: Warehouse, settings: Settings, now: dt.datetime, *, requests: pl.DataFrame | None = None
) -> Applied:
    """Apply every request ever made to a data folder that was restored from a backup: the same as `apply` with all of them.

    Requests hold keyed hashes only, so `decisions/posts/erasures` may be kept apart from the backups: restore the backup, copy
    the folder of requests as it was last over the restored one, call this, then refresh, publish and `finish` as always.

    Parameters
    ----------
    warehouse, settings, now
        As of `apply`, of the restored folder.
    requests
        The list of requests; default: the files of `decisions/posts/erasures`.
    """
    listed = requests_in_files(settings) if requests is None else requests
    return apply(warehouse, settings, listed, now, again=True)


def requests_in_files(settings: Settings) -> pl.DataFrame:
    """Requests as the files of our root of the inbox list them: rows of `RawErasureRequests`, each request once."""
    rows = [
        {
            "source_file": path.relative_to(settings.decisions_folder).as_posix(),
            "source_row": row,
            "delivery": 1,
            **{name: said.get(name) for name in ("request_id", "kind", "subject_hash", "requested_by")},
            "requested_at": dt.datetime.fromisoformat(said["requested_at"]).astimezone(dt.UTC),
        }
        for path, lines in files.delivered_lines(settings, ["erasures"])
        for row, (_, said) in enumerate(lines, start=1)
        if isinstance(said, Mapping) and "requested_at" in said
    ]
    frame = pl.DataFrame(rows, schema=RawErasureRequests.polars_schema())
    return RawErasureRequests.check(frame.unique("request_id", keep="first", maintain_order=True))


def erased_tombstones(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Rows of `PostTombstones` for everything that was ever erased, or is asked to be: what must not stand again."""
    requests = load(connection, RawErasureRequests).filter(kind="post").sort("requested_at")
    asked = requests.select(key_hash="subject_hash", reason=pl.lit(ERASED), since="requested_at")
    earlier = load(connection, PostTombstones).filter(reason=ERASED)
    return PostTombstones.check(pl.concat([earlier, asked]).unique("key_hash", keep="first", maintain_order=True))


def finish(  # noqa: PLR0913  # what it works on, and what it works with
    settings: Settings,
    warehouse: Warehouse,
    applied: Applied,
    now: dt.datetime,
    *,
    also: Iterable[Path] = (),
    keep: Iterable[Path] = (),
) -> pl.DataFrame:
    """Remove what files still hold of erased rows, search all of them, and write the receipts.

    To be called after the product was refreshed and published, with no connection to any database open in this process.

    Parameters
    ----------
    settings
        Folders and languages.
    warehouse
        The product's tables.
    applied
        What `apply` returned in this run.
    now
        The time, aware.
    also
        Further folders of ours to search, such as Dagster's storage where it does not lie in the data folder.
    keep
        Files and folders below the product's artifacts that stay although no table names them in a column ``path``.

    Returns
    -------
    DataFrame
        Rows of `ErasureReceipts`, one per request that is fulfilled as far as it is ours to do. A request whose text still
        stands in a version in force, or in any file that another attempt may clear, has a receipt that says so and no row:
        it stays pending.

    Raises
    ------
    WarehouseError
        The tables could not be rebuilt; everything is still pending, and the next run begins again.
    """
    if applied.pending.is_empty():
        return ErasureReceipts.empty()
    also = tuple(also)
    with warehouse.read() as connection:
        back = requests_with_rows(connection, subjects(connection, user_key(settings), applied.requests))
        known = spared(connection, Subjects(), applied.said.values())
    left_out = files.seen_to_by_others(settings, warehouse)
    swept = files.sweep(settings, scrubber_of(applied.said, known), left_out=left_out, also=also)
    gone = (
        *swept.changed,
        *files.remove_unnamed_artifacts(settings, warehouse, keep),
        *files.clear_cache(settings),
        *keep_only_in_force(settings, POSTS),
    )
    rebuild(warehouse)
    search = files.search_everywhere(settings, warehouse, needles_of(applied.said, known), also)
    done = Done(search, dict(swept.refused), (*gone, *files.tables_of(warehouse)), back, known)
    reports = [
        report_on(settings, request, applied.said.get(request["request_id"]), done, now)
        for request in applied.pending.iter_rows(named=True)
    ]
    rows = [row_of(settings, report) for report in reports if not report.is_pending]
    return ErasureReceipts.check(pl.DataFrame(rows, schema=ErasureReceipts.polars_schema()))
