"""What whoever asked to be forgotten can be told: what was searched, found, rebuilt, and what remains. Holds nothing of the text."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from babel.dates import format_datetime
from babel.numbers import format_decimal

from vitrina.i18n import Translate, translator
from vitrina.inbox.messages import Message, message
from vitrina.markdown import escaped_markdown

DOMAIN = "erasure"

_SUBJECTS = {"post": "One post.", "user": "Everything of one person."}


@dataclass(frozen=True)
class Report:
    """One request, and what came of it.

    Attributes
    ----------
    request_id, kind, requested_at
        As requested.
    erased_at
        When it was done.
    rows
        Table → rows that were deleted.
    files_searched, bytes_searched
        What was read, byte by byte, after everything was done.
    rebuilt
        Files that were written anew or deleted, relative to the data folder.
    with_its_owner
        Files that still hold it and are others' to change, such as those of the inbox.
    not_erased
        Files that still hold it although they are ours, each with the reason.
    unreadable
        Files that nobody could look into.
    not_searched
        Places that were left out, such as an inbox on another machine.
    elsewhere
        Pieces of the text that also stand in rows that stay.
    too_short
        Texts too short to tell them from others.
    was_interrupted
        Whether an earlier attempt had deleted the rows and could not end: what they said was no longer known.
    is_pending
        Whether a later run has something left to do.
    """

    request_id: str
    kind: str
    requested_at: dt.datetime
    erased_at: dt.datetime
    rows: Mapping[str, int] = field(default_factory=dict)
    files_searched: int = 0
    bytes_searched: int = 0
    rebuilt: tuple[str, ...] = ()
    with_its_owner: tuple[str, ...] = ()
    not_erased: tuple[tuple[str, Message], ...] = ()
    unreadable: tuple[str, ...] = ()
    not_searched: tuple[str, ...] = ()
    elsewhere: int = 0
    too_short: int = 0
    was_interrupted: bool = False
    is_pending: bool = False


def receipt(report: Report, locale: str) -> str:
    """The receipt as Markdown.

    Parameters
    ----------
    report
        What was done.
    locale
        ``"en"`` or ``"ru"``.
    """
    _ = translator(locale, DOMAIN)
    parts = [
        f"# {message('Receipt for the request {request}', request=escaped_markdown(report.request_id)).translated(_)}",
        f"**{_(_outcome(report))}**",
        _listed(
            [
                f"{_('Asked to forget')}: {_(_SUBJECTS[report.kind])}",
                f"{_('Requested')}: {_moment(report.requested_at, locale)}",
                f"{_('Done')}: {_moment(report.erased_at, locale)}",
            ]
        ),
        *_section(
            _("Rows deleted"), [f"`{table}`: {_number(count, locale)}" for table, count in sorted(report.rows.items()) if count]
        ),
        "" if any(report.rows.values()) else _("No table held a row of it."),
        f"## {_('Searched')}",
        _searched(report, locale, _),
        *_section(_("Written anew or deleted"), _paths(report.rebuilt)),
        *_section(
            _("Still to be removed by their owner"),
            _paths(report.with_its_owner),
            _(_FOR_THE_OWNER) if report.with_its_owner else "",
        ),
        *_section(
            _("Not erased"),
            [f"{_path(path)}: {escaped_markdown(reason.translated(_))}" for path, reason in report.not_erased],
            _(_FOR_THE_OPERATOR),
        ),
        *_section(_("Could not be read"), _paths(report.unreadable), _(_FOR_UNREADABLE)),
        *_section(_("Not searched"), [escaped_markdown(place) for place in report.not_searched], _(_FOR_PLACES_LEFT_OUT)),
        *_section(_("What the search cannot tell"), _limits(report, locale, _)),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


_FOR_THE_OWNER = (
    "These files are as they were delivered, and Vitrina only reads them. Remove it there, or ask whoever delivers them to; "
    "what is read from them again stays erased."
)
_FOR_THE_OPERATOR = (
    "What a published version holds goes with the next refresh that publishes a newer one. For other files, act on the reason."
)
_FOR_UNREADABLE = "Give the process the right to read them, or look into them yourself."
_FOR_PLACES_LEFT_OUT = "Look for it there yourself."


def _outcome(report: Report) -> str:
    if report.not_erased or report.unreadable:
        return "Not finished: files of ours still hold it, or could not be read."
    if report.with_its_owner:
        return "Erased from everything that is ours. Delivered files still hold it."
    return "Erased."


def _searched(report: Report, locale: str, _: Translate) -> str:
    return message(
        "Files that were searched byte by byte: {files}; megabytes: {megabytes}.",
        files=_number(report.files_searched, locale),
        megabytes=format_decimal(report.bytes_searched / 1e6, format="#,##0.0", locale=locale),
    ).translated(_)


def _limits(report: Report, locale: str, _: Translate) -> list[str]:
    limits = []
    if report.elsewhere:
        sentence = "Pieces of the text that others say as well, and that were therefore not looked for: {count}."
        limits.append(message(sentence, count=_number(report.elsewhere, locale)).translated(_))
    if report.too_short:
        sentence = "Texts too short to tell them from others: {count}. Their rows are deleted and the files that held them are written anew."
        limits.append(message(sentence, count=_number(report.too_short, locale)).translated(_))
    if report.was_interrupted:
        limits.append(_("An earlier attempt deleted the rows and was interrupted. What is told of delivered files was found then."))
    return limits


def _section(title: str, lines: list[str], advice: str = "") -> list[str]:
    return [f"## {title}", _listed(lines), advice] if lines else []


def _listed(lines: list[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _paths(paths: tuple[str, ...]) -> list[str]:
    return [_path(path) for path in paths]


def _path(path: str) -> str:
    return escaped_markdown(path)


def _moment(moment: dt.datetime, locale: str) -> str:
    return str(format_datetime(moment.astimezone(dt.UTC), "d MMMM y, HH:mm:ss 'UTC'", locale=locale))


def _number(number: int, locale: str) -> str:
    return str(format_decimal(number, locale=locale))
