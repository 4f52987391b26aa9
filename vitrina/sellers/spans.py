"""Sets of seconds: spans of a video, their union, what two have in common, and what is left of one without the other."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TypeAlias

Span: TypeAlias = tuple[float, float]
Spans: TypeAlias = tuple[Span, ...]
"""Ascending, of some length each, and with time between them."""

EVER: Spans = ((-math.inf, math.inf),)


def union(spans: Iterable[Span]) -> Spans:
    """Seconds that any of the spans holds, which may overlap and stand in any order."""
    merged: list[Span] = []
    for begin, end in sorted(span for span in spans if span[1] > span[0]):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((begin, end))
    return tuple(merged)


def intersection(first: Spans, second: Spans) -> Spans:
    """Seconds that both hold."""
    found: list[Span] = []
    i = j = 0
    while i < len(first) and j < len(second):
        begin, end = max(first[i][0], second[j][0]), min(first[i][1], second[j][1])
        if begin < end:
            found.append((begin, end))
        if first[i][1] < second[j][1]:
            i += 1
        else:
            j += 1
    return tuple(found)


def without(first: Spans, second: Spans) -> Spans:
    """Seconds that the first holds and the second does not."""
    ends = [-math.inf, *(end for _, end in second)]
    begins = [*(begin for begin, _ in second), math.inf]
    return intersection(first, tuple(span for span in zip(ends, begins, strict=True) if span[0] < span[1]))


def length(spans: Spans) -> float:
    """Seconds in all."""
    return float(sum(end - begin for begin, end in spans))
