"""What other tenants of the machine took while something was measured: without it nobody can tell a slow program from a slow hour."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.outcome import Outcome

_STAT = Path("/proc/stat")
_STEAL = 7
"""Place of stolen time among the times of all processors, see proc(5)."""


@contextmanager
def stolen(name: str, outcome: Outcome) -> Iterator[None]:
    """Refer the share of processor time that a hypervisor gave to others meanwhile, where the system counts it."""
    before = _times()
    yield
    spent = [after - begun for begun, after in zip(before, _times(), strict=True)]
    if sum(spent):
        outcome.refer(**{f"{name}_stolen_share": spent[_STEAL] / sum(spent)})


def _times() -> list[int]:
    try:
        line = _STAT.read_text(encoding="ascii").partition("\n")[0]
    except OSError:
        return [0] * 8
    return [int(time) for time in line.split()[1:9]]
