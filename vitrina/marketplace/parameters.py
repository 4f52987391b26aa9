"""The parameters of the models, all in one place: the search varies some, and what it chose is written down as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields, replace
from typing import Any


@dataclass(frozen=True)
class Parameters:
    """How models are fitted.

    Attributes
    ----------
    components, epochs, learning_rate
        LightFM: length of a vector, passes over the interactions, first step.
    shrinkage
        Item-kNN: users added to each item's number.
    trees, leaves, tree_learning_rate
        Re-ranker: trees, leaves of a tree, and how much of each tree counts.
    seeds
        Re-rankers that are fitted with different seeds, and whose log-odds are averaged.
    diversity
        What an item's log-odds lose, at most, for being like one that stands before it in the list.
    """

    components: int = 64
    epochs: int = 10
    learning_rate: float = 0.05
    shrinkage: float = 5.0
    trees: int = 150
    leaves: int = 31
    tree_learning_rate: float = 0.1
    seeds: int = 2
    diversity: float = 0.75

    def with_(self, **changes: Any) -> Parameters:
        """The same with some changed."""
        return replace(self, **changes)

    def for_lists(self) -> Parameters:
        """For trees that learn among candidates, where differences are fine: half the step, and twice the trees and seeds."""
        return self.with_(trees=2 * self.trees, tree_learning_rate=self.tree_learning_rate / 2, seeds=2 * self.seeds)

    def as_dict(self) -> dict[str, Any]:
        """All of them by name."""
        return asdict(self)

    def as_json(self) -> str:
        """All of them, for a table."""
        return json.dumps(self.as_dict())

    @classmethod
    def from_json(cls, text: str) -> Parameters:
        """As of `as_json`; names that are no longer known are left out."""
        known = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in json.loads(text).items() if name in known})
