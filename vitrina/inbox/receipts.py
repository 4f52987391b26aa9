"""What the sender of a file is told: a receipt per delivery and language, for people who never open a warehouse."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from babel.dates import format_datetime
from babel.numbers import format_decimal

from vitrina.files import slug, write_atomically
from vitrina.i18n import Translate, translator
from vitrina.inbox.entries import Entry, State
from vitrina.inbox.findings import Example, Findings, Problem
from vitrina.inbox.messages import message
from vitrina.inbox.rules import WHOLE_ROW
from vitrina.markdown import escaped_markdown

DOMAIN = "receipts"
PROBLEMS = 20
"""Problems that a receipt lists; the table of refused rows has them all."""

_NAME_LENGTH = 40

OUTCOMES = {
    State.LOADED: "The file was loaded.",
    State.DUPLICATE: "The file was not loaded: its content is already known under another name.",
    State.QUARANTINED: "The file was not loaded. What was loaded before under this name stays in use.",
    State.SUPERSEDED: "The file was loaded, and replaced by a later version since.",
}
REFUSED = "Some of its rows were refused; all others were loaded."
_WHEN_LOADED = "The rows are in use from the next computation on. Nothing needs to be done."
_WHEN_REFUSED = "Correct the rows at their source and deliver the whole file again under the same name: it replaces this version."
_WHEN_UNRESOLVED = "Rows that refer to something unknown are read again by themselves as soon as it is delivered."
_WHEN_DUPLICATE = "Nothing needs to be done. If the file was meant to hold something else, deliver the right one."
_WHEN_QUARANTINED = "Deliver a corrected file under the same name."


def receipt_path(folder: Path, entry: Entry, locale: str) -> Path:
    """Where a delivery's receipt lies; safe for any file name.

    Parameters
    ----------
    folder
        The folder of all receipts.
    """
    mark = hashlib.sha256(entry.path.encode()).hexdigest()[:8]
    return folder / entry.product / f"{entry.delivery:06d}-{slug(entry.path, _NAME_LENGTH)}-{mark}.{locale}.md"


def write_receipts(folder: Path, entry: Entry, findings: Findings, locales: Iterable[str]) -> tuple[Path, ...]:
    """Write a delivery's receipts, one per language, and return their paths."""
    paths = []
    for locale in locales:
        path = receipt_path(folder, entry, locale)
        write_atomically(path, receipt(entry, findings, locale))
        paths.append(path)
    return tuple(paths)


def receipt(entry: Entry, findings: Findings, locale: str) -> str:
    """A receipt as Markdown."""
    _ = translator(locale, DOMAIN)
    when = format_datetime(entry.received_at, "d MMMM y, HH:mm:ss 'UTC'", locale=locale)
    facts = [
        (_("Delivery"), str(entry.delivery)),
        (_("Received"), when),
        (_("Read as"), entry.contract),
        (_("Version under this name"), str(entry.version)),
    ]
    lines = [
        f"# {message('Receipt for {file}', file=escaped_markdown(entry.path)).translated(_)}",
        f"**{_outcome(entry, findings, _)}**",
        "\n".join(f"- {name}: {escaped_markdown(value)}" for name, value in facts),
        content_of_receipt(findings, locale),
        f"## {_('What happens next')}",
        "\n".join(f"- {_(step)}" for step in _next_steps(entry, findings)),
        f"SHA-256: `{entry.fingerprint}`",
    ]
    return "\n\n".join(filter(None, lines)) + "\n"


def content_of_receipt(findings: Findings, locale: str) -> str:
    """The part of a receipt that speaks of the file's content; the same before a delivery as after."""
    _ = translator(locale, DOMAIN)
    parts = [_failure(findings, _), _counts(findings, locale, _), _problems(findings.problems, locale, _)]
    if findings.notes:
        parts += [f"## {_('Notes')}", "\n".join(f"- {escaped_markdown(note.translated(_))}" for note in findings.notes)]
    return "\n\n".join(filter(None, parts))


def _outcome(entry: Entry, findings: Findings, _: Translate) -> str:
    outcome = _(OUTCOMES[entry.state])
    return f"{outcome} {_(REFUSED)}" if entry.state is State.LOADED and findings.counts.refused else outcome


def _failure(findings: Findings, _: Translate) -> str:
    if findings.failure is None:
        return ""
    what, to_do = findings.failure
    return f"{escaped_markdown(what.translated(_))}\n\n{_('What to do')}: {escaped_markdown(to_do.translated(_))}"


def _counts(findings: Findings, locale: str, _: Translate) -> str:
    counts = findings.counts
    if not counts.read:
        return ""
    named = ((_("Rows read"), counts.read), (_("loaded"), counts.loaded), (_("refused"), counts.refused))
    lines = [", ".join(f"{name}: {format_decimal(count, locale=locale)}" for name, count in named) + "."]
    if findings.first_date is not None:
        lines.append(message("Dates from {first} to {last}.", first=findings.first_date, last=findings.last_date).translated(_))
    return "\n\n".join(lines)


def _problems(problems: tuple[Problem, ...], locale: str, _: Translate) -> str:
    if not problems:
        return ""
    header = [_("Column"), _("Expected"), _("Values refused"), _("For example"), _("What to do")]
    table = [header, ["---", "---", "---:", "---", "---"], *(_problem(problem, locale, _) for problem in problems[:PROBLEMS])]
    parts = [f"## {_('Refused values')}", "\n".join(f"| {' | '.join(cells)} |" for cells in table)]
    if len(problems) > PROBLEMS:
        more = message(
            "Problems that are not listed here: {count}. The table of refused rows has them all.", count=len(problems) - PROBLEMS
        )
        parts.append(more.translated(_))
    return "\n\n".join(parts)


def _problem(problem: Problem, locale: str, _: Translate) -> list[str]:
    return [
        _(WHOLE_ROW) if problem.column == WHOLE_ROW else escaped_markdown(problem.column),
        escaped_markdown(problem.expectation.translated(_)),
        str(format_decimal(problem.values, locale=locale)),
        "; ".join(_example(example, _) for example in problem.examples),
        escaped_markdown(problem.remedy.translated(_)),
    ]


def _example(example: Example, _: Translate) -> str:
    row = message("row {row}", row=example.source_row).translated(_)
    return f"{row}: {escaped_markdown(example.value) if example.value is not None else _('empty')}"


def _next_steps(entry: Entry, findings: Findings) -> list[str]:
    if entry.state is State.DUPLICATE:
        return [_WHEN_DUPLICATE]
    if entry.state is State.QUARANTINED:
        return [_WHEN_QUARANTINED]
    steps = [_WHEN_REFUSED] if findings.counts.refused > entry.unresolved else []
    return steps + ([_WHEN_UNRESOLVED] if entry.unresolved else []) or [_WHEN_LOADED]
