"""What deliveries mean for the periods that are computed from them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Staleness:
    """Periods, each as its partition key.

    Attributes
    ----------
    stale
        To be computed anew.
    computable
        Periods whose inputs are complete; a mark on any other period would make every refresh fail.
    """

    stale: tuple[str, ...]
    computable: tuple[str, ...]


WHOLE = "whole"
"""The one period of a product that is computed as a whole."""


def stretches(periods: Iterable[str], following: Callable[[str], str] | None) -> list[tuple[str, str]]:
    """Runs of neighbouring periods, each as its first and last: what lies between two of them is not computed anew.

    Parameters
    ----------
    periods
        Partition keys to cover.
    following
        The key of the period after another; without it, one run covers everything from the first to the last.

    Examples
    --------
    >>> stretches(["2", "4", "5"], lambda key: str(int(key) + 1))
    [('2', '2'), ('4', '5')]
    """
    if following is None:
        keys = sorted(periods)
        return [(keys[0], keys[-1])] if keys else []
    found: list[tuple[str, str]] = []
    for key in sorted(periods):
        if found and following(found[-1][1]) == key:
            found[-1] = (found[-1][0], key)
        else:
            found.append((key, key))
    return found
