"""What whoever answers for the recordings is told: which files were deleted because of their age, which are still there, and why."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from babel.dates import format_datetime
from babel.numbers import format_decimal

from vitrina.files import write_atomically
from vitrina.i18n import Translate, translator
from vitrina.inbox.messages import Message, message
from vitrina.markdown import escaped_markdown

DOMAIN = "retention"
MOST_LISTED = 200
"""Files that a section lists; the table of deleted files has them all."""

_KINDS = {
    "video": "Source videos",
    "clip": "Clips",
    "picture": "Pictures",
    "frame": "Frames for labelling",
    "copy": "Working copies",
}


@dataclass(frozen=True)
class Attempt:
    """A file whose time was over, and what came of it.

    Attributes
    ----------
    path
        Within the product's folder of the inbox for videos, else within the data folder.
    kind, video, size
        As in table `DeletedFiles`.
    failure
        Why it is still there; None where it is gone.
    """

    path: str
    kind: str
    video: str | None = None
    size: int | None = None
    failure: Message | None = None


def write_receipts(
    folder: Path, attempts: Sequence[Attempt], at: dt.datetime, days: float, locales: Iterable[str]
) -> tuple[Path, ...]:
    """Write what came of one round of deletions, one file per language, and return their paths.

    Where nothing could be deleted the receipt has the name of the day, so that trying again and again leaves one a day.

    Parameters
    ----------
    folder
        Where they are to lie.
    attempts
        What was to be deleted; without any, nothing is written.
    at
        When, aware.
    days
        How long files are kept.
    locales
        Languages, ``"en"`` or ``"ru"``.
    """
    if not attempts:
        return ()
    is_done = any(attempt.failure is None for attempt in attempts)
    name = f"{at.astimezone(dt.UTC):%Y%m%dT%H%M%SZ}" if is_done else f"{at.astimezone(dt.UTC):%Y%m%d}-not-deleted"
    paths = []
    for locale in locales:
        path = folder / f"retention-{name}.{locale}.md"
        write_atomically(path, receipt(attempts, at, days, locale))
        paths.append(path)
    return tuple(paths)


def receipt(attempts: Sequence[Attempt], at: dt.datetime, days: float, locale: str) -> str:
    """The receipt as Markdown.

    Parameters
    ----------
    attempts, at, days
        As of `write_receipts`.
    locale
        ``"en"`` or ``"ru"``.
    """
    _ = translator(locale, DOMAIN)
    done = [attempt for attempt in attempts if attempt.failure is None]
    left = [attempt for attempt in attempts if attempt.failure is not None]
    parts = [
        f"# {_('Receipt for recordings whose time is over')}",
        f"**{_outcome(done, left, locale, _)}**",
        _listed(
            [
                f"{_('Done')}: {_moment(at, locale)}",
                f"{_('Days that recordings are kept')}: {format_decimal(days, locale=locale)}",
                *_sums(done, locale, _),
            ]
        ),
        _("Numbers, detections and interactions that were computed from them stay; they hold no pictures."),
        *_section(_("Deleted"), [_path(attempt) for attempt in done], locale, _),
        *_section(
            _("Still there"),
            [f"{_path(one)}: {escaped_markdown(one.failure.translated(_))}" for one in left if one.failure is not None],
            locale,
            _,
        ),
        _("What is still there is tried again with the next refresh. Act on the reason where one is given.") if left else "",
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _outcome(done: Sequence[Attempt], left: Sequence[Attempt], locale: str, _: Translate) -> str:
    numbers = {"deleted": _integer(len(done), locale), "left": _integer(len(left), locale)}
    sentence = "Deleted files: {deleted}. Files that are still there: {left}." if left else "Deleted files: {deleted}."
    return message(sentence, **numbers).translated(_)


def _sums(done: Sequence[Attempt], locale: str, _: Translate) -> list[str]:
    """Of each kind, how many and how large."""
    lines = []
    for kind, title in _KINDS.items():
        own = [attempt for attempt in done if attempt.kind == kind]
        if own:
            megabytes = format_decimal(sum(one.size or 0 for one in own) / 1e6, format="#,##0.0", locale=locale)
            size = message("{count} ({megabytes} MB)", count=_integer(len(own), locale), megabytes=megabytes).translated(_)
            lines.append(f"{_(title)}: {size}")
    return lines


def _section(title: str, lines: list[str], locale: str, _: Translate) -> list[str]:
    if not lines:
        return []
    more = "Files that are not listed here: {count}. The table of deleted files has them all."
    rest = len(lines) - MOST_LISTED
    note = [message(more, count=_integer(rest, locale)).translated(_)] if rest > 0 else []
    return [f"## {title}", _listed(lines[:MOST_LISTED]), *note]


def _path(attempt: Attempt) -> str:
    return escaped_markdown(attempt.path)


def _listed(lines: list[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _moment(moment: dt.datetime, locale: str) -> str:
    return str(format_datetime(moment.astimezone(dt.UTC), "d MMMM y, HH:mm:ss 'UTC'", locale=locale))


def _integer(number: int, locale: str) -> str:
    return str(format_decimal(number, locale=locale))
