"""What other tenants of the machine took while something was measured: without it nobody can tell a slow program from a slow hour."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

Result = TypeVar("Result")

_STAT = Path("/proc/stat")
_STEAL = 7
"""Place of stolen time among the times of all processors, see proc(5)."""

QUIET, TRIES = 0.02, 4


@dataclass(frozen=True)
class Measured(Generic[Result]):
    """A result, and the share of processor time that a hypervisor gave to others meanwhile; 0 where the system does not count it."""

    result: Result
    stolen: float
    tries: int


def in_quiet(measure: Callable[[], Result]) -> Measured[Result]:
    """Measure until the machine was quiet meanwhile, at most `TRIES` times: the quietest time counts, whatever came out of it."""
    tries: list[Measured[Result]] = []
    while len(tries) < TRIES and (not tries or tries[-1].stolen > QUIET):
        before = _times()
        result = measure()
        spent = [after - begun for begun, after in zip(before, _times(), strict=True)]
        tries.append(Measured(result, spent[_STEAL] / max(1, sum(spent)), len(tries) + 1))
    best = min(tries, key=lambda one: one.stolen)
    return Measured(best.result, best.stolen, len(tries))


def _times() -> list[int]:
    try:
        line = _STAT.read_text(encoding="ascii").partition("\n")[0]
    except OSError:
        return [0] * 8
    return [int(time) for time in line.split()[1:9]]
