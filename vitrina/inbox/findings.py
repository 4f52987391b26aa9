"""What judging a file found, in a form that a receipt can be written from at any time, in any language."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from vitrina.inbox.messages import Message
from vitrina.inbox.rules import FIRST_ROW, Rule

EXAMPLES = 3
"""Refused values that a problem shows."""


@dataclass(frozen=True)
class Example:
    """One refused value: its row, the value as delivered, and the row that took its key first, if one did."""

    source_row: int
    value: str | None
    first_row: int | None = None


@dataclass(frozen=True)
class Problem:
    """One expectation that values of one column did not meet.

    Attributes
    ----------
    column
        The column, or ``"(whole row)"``.
    expectation, remedy
        What the contract expects, and what the sender can do.
    values
        How many values were refused for it.
    examples
        The first few of them.
    """

    column: str
    expectation: Message
    remedy: Message
    values: int
    examples: tuple[Example, ...]

    @classmethod
    def of(cls, column: str, rule: Rule, values: int, examples: tuple[Example, ...]) -> Problem:
        """The problem of a rule; a remedy that names a first row names that of the first example."""
        remedy = rule.remedy
        if FIRST_ROW in remedy.values:
            remedy = Message(remedy.template, {**remedy.values, FIRST_ROW: str(examples[0].first_row)})
        return cls(column, rule.expectation, remedy, values, examples)

    def as_json(self) -> dict[str, Any]:
        """A form that JSON can hold."""
        return {
            "column": self.column,
            "expectation": self.expectation.as_json(),
            "remedy": self.remedy.as_json(),
            "values": self.values,
            "examples": [[example.source_row, example.value, example.first_row] for example in self.examples],
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Problem:
        """The problem that `as_json` stored."""
        return cls(
            stored["column"],
            Message.from_json(stored["expectation"]),
            Message.from_json(stored["remedy"]),
            stored["values"],
            tuple(Example(*example) for example in stored["examples"]),
        )


@dataclass(frozen=True)
class Counts:
    """Rows of a file: read = loaded + refused."""

    read: int = 0
    loaded: int = 0
    refused: int = 0


@dataclass(frozen=True)
class Findings:
    """Everything that a receipt says about a file's content.

    Attributes
    ----------
    counts
        Its rows.
    problems
        Why rows were refused, the most frequent first.
    notes
        What the sender should know although nothing is wrong.
    failure
        Why the file as a whole was not loaded, and the remedy; None where it was.
    first_date, last_date
        Of the loaded rows, where rows have a date.
    """

    counts: Counts = Counts()
    problems: tuple[Problem, ...] = ()
    notes: tuple[Message, ...] = ()
    failure: tuple[Message, Message] | None = None
    first_date: dt.date | None = None
    last_date: dt.date | None = None

    @classmethod
    def of(cls, parts: Sequence[Findings]) -> Findings:
        """What was found in the slices of one file, in their order."""
        counts = [part.counts for part in parts]
        days = [day for part in parts for day in (part.first_date, part.last_date) if day is not None]
        return cls(
            Counts(*(sum(getattr(count, name) for count in counts) for name in ("read", "loaded", "refused"))),
            _together(problem for part in parts for problem in part.problems),
            # what is said of every slice is said once
            tuple({str(note): note for part in parts for note in part.notes}.values()),
            None,
            min(days, default=None),
            max(days, default=None),
        )

    def as_json(self) -> dict[str, Any]:
        """A form that JSON can hold."""
        return {
            "counts": [self.counts.read, self.counts.loaded, self.counts.refused],
            "problems": [problem.as_json() for problem in self.problems],
            "notes": [note.as_json() for note in self.notes],
            "failure": [part.as_json() for part in self.failure] if self.failure else None,
            "dates": [day.isoformat() if day else None for day in (self.first_date, self.last_date)],
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Findings:
        """The findings that `as_json` stored."""
        first, last = (dt.date.fromisoformat(day) if day else None for day in stored["dates"])
        failure = [Message.from_json(part) for part in stored["failure"] or ()]
        return cls(
            Counts(*stored["counts"]),
            tuple(map(Problem.from_json, stored["problems"])),
            tuple(map(Message.from_json, stored["notes"])),
            (failure[0], failure[1]) if failure else None,
            first,
            last,
        )


def _together(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """One problem per column and expectation, the most frequent first; of equally frequent ones, that of the first row."""
    found: dict[tuple[str, Message], Problem] = {}
    for problem in problems:
        first = found.setdefault((problem.column, problem.expectation), problem)
        if first is not problem:
            examples = (*first.examples, *problem.examples)[:EXAMPLES]
            found[problem.column, problem.expectation] = replace(first, values=first.values + problem.values, examples=examples)
    return tuple(
        sorted(
            found.values(),
            key=lambda problem: (-problem.values, problem.column, problem.examples[0].source_row, str(problem.expectation)),
        )
    )
