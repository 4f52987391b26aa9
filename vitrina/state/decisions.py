"""A decision, and the file of JSON lines in which a batch of them enters the graph."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

FOLDER = "decisions"
"""Folder of a product in our root of the inbox; the product's contract for decisions names it."""

JsonValue = str | int | float | bool | None


@dataclass(frozen=True)
class Decision:
    """What one person decided once. Products make it with constructors of their own, which know what makes sense.

    Attributes
    ----------
    product, kind
        What it is about.
    made_at
        When, an aware time.
    made_by, reason
        Who, and why.
    body
        What exactly, under names that the product's contract knows.
    id
        Thirty-two hexadecimal digits.
    delivered_as
        Path of the file that brought it into the graph, relative to our root of the inbox; None until it is written.
    """

    product: str
    kind: str
    made_at: dt.datetime
    made_by: str
    reason: str
    body: Mapping[str, JsonValue]
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    delivered_as: str | None = None

    def as_line(self) -> str:
        """The decision as one line of JSON; the same decision gives the same line."""
        whole = {
            "decision_id": self.id,
            "kind": self.kind,
            "made_at": self.made_at.astimezone(dt.UTC).isoformat(timespec="microseconds"),
            "made_by": self.made_by,
            "reason": self.reason,
            **self.body,
        }
        return json.dumps(whole, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def in_order(decisions: Sequence[Decision]) -> list[Decision]:
    """Decisions by the time they were made at."""
    return sorted(decisions, key=lambda decision: (decision.made_at, decision.id))


def file_name(product: str, batch: Sequence[Decision]) -> str:
    """Where a batch lies in our root of the inbox: the same batch, in any order, has the same name, and no other has it.

    Examples
    --------
    >>> made_at = dt.datetime(2024, 4, 12, 9, 30, tzinfo=dt.UTC)
    >>> file_name("stores", [Decision("stores", "approve", made_at, "somebody", "why", {}, id="5f0c")])
    'stores/decisions/20240412T093000000000Z-5f0c.jsonl'
    """
    first = in_order(batch)[0]
    return f"{product}/{FOLDER}/{first.made_at.astimezone(dt.UTC):%Y%m%dT%H%M%S%fZ}-{first.id}.jsonl"


def file_content(batch: Sequence[Decision]) -> str:
    """The batch as JSON lines, in the order in which it was decided."""
    return "".join(f"{decision.as_line()}\n" for decision in in_order(batch))
