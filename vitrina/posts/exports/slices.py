"""Messages as columns of text, in slices: the same form for every platform, so that one contract judges them all."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum, auto

import polars as pl

from vitrina.inbox.messages import HIDDEN, Message, message
from vitrina.inbox.readers import Contents, Fault
from vitrina.inbox.rules import WHOLE_ROW, Rule

POST_COLUMNS = (
    "platform",
    "channel_id",
    "channel_name",
    "post_id",
    "thread",
    "seen",
    "author_kind",
    "author",
    "posted_at",
    "edited_at",
    "text",
    "reply_to",
    "has_media",
    "link",
)
CHAT_COLUMNS = (
    "platform",
    "chat_id",
    "chat_name",
    "message_id",
    "kind",
    "author",
    "author_channel",
    "posted_at",
    "edited_at",
    "text",
    "reply_to",
)

SLICE = 20_000
"""Messages of a slice."""

SLICE_CHARACTERS = 20_000_000
"""Characters of a slice: messages may be long."""

MESSAGE = Rule(
    message("a message as its tool writes it: an object with its type, its id, and its text"),
    message("Export the channel again; do not change the file that the export has written."),
)

_IDENTIFIER = re.compile("-?[0-9]{1,20}")
_LATEST = 253_402_300_799
"""Last second of the year 9999, after which Python knows no dates."""


class LeftOut(Enum):
    """Why a message is left out without being wrong."""

    NO_POST = auto()
    """A service message, or one of a kind that the export does not know."""
    NOBODYS_BUSINESS = auto()
    """In a chat: neither a question nor an answer of the channel's people."""


Cells = Mapping[str, str | None]
Outcome = Cells | Rule | LeftOut
"""What becomes of a message: a row, a row that is refused for the rule that it breaks, or nothing."""


def slices(
    columns: tuple[str, ...],
    outcomes: Iterable[tuple[int, Outcome]],
    notes: Callable[[Counter[LeftOut]], Iterable[Message]] = lambda _: (),
) -> Iterator[Contents]:
    """Messages as slices that all have the same columns; the last one, which may be empty, holds the notes.

    Parameters
    ----------
    columns
        Names of the columns; a row holds null where its cells lack one.
    outcomes
        Per message its position in the file, from 1, and what becomes of it.
    notes
        What to say of the file, given how many messages were left out, and why.
    """
    held = _Held(columns)
    left_out: Counter[LeftOut] = Counter()
    for position, outcome in outcomes:
        if isinstance(outcome, LeftOut):
            left_out[outcome] += 1
        elif isinstance(outcome, Rule):
            held.refuse(position, outcome)
        else:
            held.add(position, outcome)
        if held.is_full():
            yield held.taken()
    yield held.taken(notes(left_out))


class _Held:
    """Rows of the slice that is being filled."""

    def __init__(self, columns: tuple[str, ...]) -> None:
        self._schema = dict.fromkeys(columns, pl.String())
        self._clear()

    def _clear(self) -> None:
        self._cells: dict[str, list[str | None]] = {name: [] for name in self._schema}
        self._positions: list[int] = []
        self._faults: list[Fault] = []
        self._characters = 0

    def add(self, position: int, cells: Cells) -> None:
        self._positions.append(position)
        for name, column in self._cells.items():
            column.append(cells.get(name))
        self._characters += len(cells.get("text") or "")

    def refuse(self, position: int, rule: Rule) -> None:
        """The row stands in the frame too, without values; what it holds is not quoted, for it may be somebody's words."""
        self._faults.append(Fault(position, WHOLE_ROW, HIDDEN, rule))
        self.add(position, {})

    def is_full(self) -> bool:
        return len(self._positions) >= SLICE or self._characters >= SLICE_CHARACTERS

    def taken(self, notes: Iterable[Message] = ()) -> Contents:
        frame = pl.DataFrame(self._cells, schema=self._schema)
        positions = pl.Series("source_row", self._positions, dtype=pl.Int64)
        contents = Contents(frame, positions, tuple(self._faults), tuple(notes))
        self._clear()
        return contents


def no_posts(left_out: Counter[LeftOut]) -> Iterator[Message]:
    """How many messages of a channel are no posts."""
    if count := left_out[LeftOut.NO_POST]:
        yield message(
            "Messages left out because they are no posts (somebody joined, a picture was changed, "
            "or a kind that the export does not know): {count}.",
            count=count,
        )


def identifier(value: object) -> str | None:
    """An identifier of a message or a person as plain digits; None for what cannot be one.

    Examples
    --------
    >>> identifier(10860), identifier("10860"), identifier(True), identifier("user1")
    ('10860', '10860', None, None)
    """
    return str(value) if isinstance(value, int | str) and _IDENTIFIER.fullmatch(str(value)) else None


def moment_of(seconds: object) -> str | None:
    """Seconds since 1970, as text or number, in ISO 8601; what is none comes back as it is, for the contract to refuse."""
    if seconds is None:
        return None
    text = identifier(seconds)
    if text is None or abs(int(text)) > _LATEST:
        return str(seconds)
    # not fromtimestamp: it fails before 1970 on some systems
    return (_EPOCH + dt.timedelta(seconds=int(text))).isoformat()


_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def in_utc(moment: object) -> str | None:
    """A moment of ISO 8601 with the offset of UTC; what is none comes back as it is, for the contract to refuse."""
    if moment is None:
        return None
    try:
        read = dt.datetime.fromisoformat(str(moment))
        # without an offset it is no moment, and saying so is the contract's business
        return read.astimezone(dt.UTC).isoformat() if read.tzinfo is not None else str(moment)
    except (ValueError, OverflowError):
        return str(moment)
