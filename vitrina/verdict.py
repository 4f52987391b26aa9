"""Whether a property of some figures holds, said so that people know what to do."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Verdict:
    """Whether a property holds.

    Attributes
    ----------
    passed
        Whether it does.
    said
        In words.
    figures
        What it rests on.
    what_to_do
        Where it does not hold.
    """

    passed: bool
    said: str
    figures: dict[str, float | int | str] = field(default_factory=dict)
    what_to_do: str = ""

    def metadata(self) -> dict[str, float | int | str]:
        """Figures, and what to do."""
        return {**self.figures, "what_to_do": "Nothing." if self.passed else self.what_to_do}
