"""What came of a request, from the search and from what earlier attempts noted; its receipts and its row."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vitrina.erasure.byte_search import Search
from vitrina.erasure.published import older_tables
from vitrina.erasure.receipt import Report, receipt
from vitrina.files import slug, write_atomically
from vitrina.inbox.difference import local
from vitrina.inbox.messages import Message, message
from vitrina.posts.erasure_files import is_delivered, shown
from vitrina.posts.erasure_notes import Note, read_note, remove_note, write_note
from vitrina.posts.erasure_texts import Remembered, Spared
from vitrina.posts.raw_tables import POSTS
from vitrina.posts.tables import TABLES

if TYPE_CHECKING:
    from vitrina.settings import Settings

CAME_BACK = "Its rows have come back into the tables: the refresh has made them again."
HELD_BACK = "The version in force took it from an earlier one, for a check objects to newer rows: {tables}."
STILL_THERE = "It is still there after everything was done."

_VERSION = "%Y%m%dT%H%M%S%fZ"
_TEXTUAL = frozenset(
    table.table_name()
    for table in TABLES
    if table.personal_columns() or any(declared.name == "path" for declared in table.columns())
)
"""Tables that hold texts, or name folders that do."""


@dataclass(frozen=True)
class Done:
    """What was done for all requests together.

    Attributes
    ----------
    search
        What is found afterwards, labelled by request.
    refused
        Files that could not be changed, and why.
    rebuilt
        Files that were written anew or deleted.
    back
        Requests whose rows are in the tables again.
    known
        What others say as well.
    """

    search: Search
    refused: Mapping[Path, str]
    rebuilt: tuple[Path, ...]
    back: frozenset[str]
    known: Spared


def first_note(said: Remembered, known: Spared, now: dt.datetime) -> Note:
    """What is to be remembered of a request before its rows go."""
    return Note(now.astimezone(dt.UTC).isoformat(), elsewhere=said.said_elsewhere(known), too_short=said.unsearchable)


def held(settings: Settings, search: Search, request_id: str) -> tuple[str, ...]:
    """Delivered files that hold what a request is about."""
    return shown(
        settings, [found.path for found in search.found if found.label == request_id and is_delivered(settings, found.path)]
    )


def report_on(settings: Settings, request: Mapping[str, Any], said: Remembered | None, done: Done, now: dt.datetime) -> Report:
    """Report on a request, write its receipts, and keep or remove its note."""
    request_id = str(request["request_id"])
    note = read_note(settings, request_id) or Note(now.astimezone(dt.UTC).isoformat())
    if said is not None:
        note = replace(note, delivered=held(settings, done.search, request_id))
    note += Note(note.since, rebuilt=shown(settings, done.rebuilt))
    to_come, left = _not_erased(settings, request_id, note, done)
    note = replace(note, left={path: why.template for path, why in left.items()})
    report = Report(
        request_id=request_id,
        kind=str(request["kind"]),
        requested_at=request["requested_at"],
        erased_at=now,
        rows=note.rows,
        files_searched=done.search.files,
        bytes_searched=done.search.bytes,
        rebuilt=note.rebuilt,
        with_its_owner=tuple(path for path in note.delivered if (settings.data / path).exists()),
        not_erased=tuple((to_come | left).items()),
        is_pending=bool(to_come),
        unreadable=shown(settings, done.search.unreadable),
        not_searched=_left_out(settings),
        elsewhere=max(note.elsewhere, said.said_elsewhere(done.known) if said is not None else 0),
        too_short=note.too_short,
        was_interrupted=said is None and any(note.rows.values()),
    )
    for locale in settings.locales:
        write_atomically(_receipt_file(settings, request_id, locale), receipt(report, locale))
    if report.is_pending:
        write_note(settings, request_id, note)
    else:
        remove_note(settings, request_id)
    return report


def row_of(settings: Settings, report: Report) -> dict[str, Any]:
    """The report as a row of `ErasureReceipts`."""
    remains = (*report.with_its_owner, *(path for path, _ in report.not_erased), *report.unreadable)
    return {
        "request_id": report.request_id,
        "kind": report.kind,
        "requested_at": report.requested_at,
        "erased_at": report.erased_at,
        "rows": sum(report.rows.values()),
        "files_searched": report.files_searched,
        "files_rebuilt": len(report.rebuilt),
        "still_found_in": "; ".join(remains) or None,
        "receipt": _receipt_file(settings, report.request_id, settings.locales[0]).relative_to(settings.data).as_posix(),
    }


def _not_erased(settings: Settings, request_id: str, note: Note, done: Done) -> tuple[dict[str, Message], dict[str, Message]]:
    """Files that a later run clears without knowing the text, and files of ours that stay as they are; each with the reason."""
    to_come: dict[str, Message] = {}
    if request_id in done.back:
        to_come["warehouse"] = message(CAME_BACK)
    held_back = _TEXTUAL.intersection(older_tables(settings, POSTS, f"{dt.datetime.fromisoformat(note.since):{_VERSION}}"))
    if held_back and any(note.rows.values()):
        to_come[shown(settings, [settings.published])[0]] = message(HELD_BACK, tables=", ".join(sorted(held_back)))
    left = {path: message(why) for path, why in note.left.items() if (settings.data / path).exists()}
    ours = [found.path for found in done.search.found if found.label == request_id and not is_delivered(settings, found.path)]
    for path in ours:
        (name,) = shown(settings, [path])
        cleared_later = any(
            path.is_relative_to(folder) for folder in (settings.published, settings.artifacts / POSTS, settings.data / "warehouse")
        )
        (to_come if cleared_later else left)[name] = message(done.refused.get(path, STILL_THERE))
    return to_come, left


def _left_out(settings: Settings) -> tuple[str, ...]:
    """What no search of files reaches."""
    inbox = () if local(settings.inbox_folder) is not None else (f"VITRINA_INBOX: {settings.inbox_folder}",)
    # without the address itself: there may be a password in it
    state = ("VITRINA_STATE",) if settings.state else ()
    lake = (
        ("VITRINA_WAREHOUSE",)
        if settings.warehouse.startswith("ducklake:") and ":" in settings.warehouse.removeprefix("ducklake:")
        else ()
    )
    return (*inbox, *state, *lake)


def _receipt_file(settings: Settings, request_id: str, locale: str) -> Path:
    return settings.receipts / POSTS / f"erasure-{slug(request_id)}.{locale}.md"
