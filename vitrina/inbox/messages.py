"""Sentences that stay translatable after their values are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vitrina.errors import DeliveryError
from vitrina.i18n import Translate

LONGEST_VALUE = 200
HIDDEN = "(hidden)"
"""Stands for what a file says about people."""


@dataclass(frozen=True)
class Message:
    """An English template and the values to put into it.

    Attributes
    ----------
    template
        The English sentence with ``{names}``; it is the key of the translation.
    values
        What the names stand for, as text.
    """

    template: str
    values: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __str__(self) -> str:
        return self.template.format_map(self.values)

    def translated(self, translate: Translate) -> str:
        """The sentence in another language; values are never translated."""
        return translate(self.template).format_map(self.values)

    def as_json(self) -> dict[str, Any]:
        """A form that JSON can hold."""
        return {"template": self.template, "values": dict(self.values)}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Message:
        """The message that `as_json` stored."""
        return cls(stored["template"], stored["values"])


def message(template: str, **values: object) -> Message:
    """A message whose values are given by name."""
    return Message(template, {name: str(value) for name, value in values.items()})


class RefusedFileError(DeliveryError):
    """A file cannot be read, or lacks what its contract requires; carries its sentences for translation.

    Parameters
    ----------
    what
        What was found, with the place.
    to_do
        What the sender can do about it.
    """

    def __init__(self, what: Message, to_do: Message) -> None:
        super().__init__(str(what), str(to_do))
        self.what = what
        self.to_do = to_do


def shown(text: str, limit: int = LONGEST_VALUE) -> str:
    """Any text on one printable line, cut after `limit` characters: for messages, tables and logs."""
    line = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
    return line if len(line) <= limit else line[: limit - 1] + "…"
