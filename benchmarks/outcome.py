"""What a benchmark says at its end: figures with bars, references without."""

from __future__ import annotations

import json
import operator
from collections.abc import Callable
from dataclasses import dataclass, field

_COMPARISONS: dict[str, Callable[[float, float], bool]] = {"==": operator.eq, "<=": operator.le, ">=": operator.ge}


@dataclass
class Outcome:
    """Figures of one benchmark.

    Attributes
    ----------
    benchmark
        The benchmark's name.
    figures
        Name → value, bar and whether it holds.
    reference
        Name → a number that explains the figures.
    """

    benchmark: str
    figures: dict[str, dict[str, float | str | bool]] = field(default_factory=dict)
    reference: dict[str, float] = field(default_factory=dict)

    def measure(self, name: str, value: float, bar: str) -> None:
        """Add a figure that a bar is set for, e.g. ``"<= 2"``."""
        comparison, limit = bar.split()
        self.figures[name] = {"value": _rounded(value), "bar": bar, "holds": _COMPARISONS[comparison](value, float(limit))}

    def refer(self, **numbers: float) -> None:
        """Add numbers that no bar is set for."""
        self.reference |= {name: _rounded(value) for name, value in numbers.items()}

    def finish(self) -> int:
        """Print the one line of JSON, and return the exit status: 1 where a bar falls short."""
        print(json.dumps({"benchmark": self.benchmark, "figures": self.figures, "reference": self.reference}))
        return 0 if all(figure["holds"] for figure in self.figures.values()) else 1


def _rounded(value: float) -> float:
    return value if isinstance(value, int) else float(f"{value:.4g}")
