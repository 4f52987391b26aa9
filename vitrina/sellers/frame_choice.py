"""Which packets of a video have to be decoded for the frames that are wanted, from their times alone.

A video is read in decoding order, in which a frame may come after one that is shown later. Everything here goes by times in
ticks of the stream's time base, holds a bounded number of packets and decodes nothing.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, TypeAlias

ROUNDING_S = 0.001 + 1e-6  # and a little, for sums of floats
"""Matroska writes whole milliseconds: a frame that is early by no more is on time."""

JUMP_S = 0.5
"""A clock that goes back by less is a muxer's rounding, and only keeps its frame from being sampled."""

MOST_REORDERED = 32
"""Packets that wait for earlier ones where a file gives no decoding times; codecs allow 16."""

MOST_HELD = 32 * 2**20
"""Bytes of packets that wait to be known as needed; beyond, they are decoded without need, which costs only time."""


@dataclass(slots=True)
class Entry:
    """A packet and its repaired times.

    Attributes
    ----------
    packet
        What the decoder takes.
    pts, dts
        When it is shown, and when decoded, in ticks; `dts` is None where the file does not say.
    is_keyframe
        Whether decoding can begin with it.
    is_shown
        Whether it is part of what the file presents: edit lists hide frames that others need.
    size
        In bytes.
    follows_gap
        Whether what comes before was left out, so that the decoder has to begin anew.
    """

    packet: Any
    pts: int
    dts: int | None
    is_keyframe: bool
    is_shown: bool = True
    size: int = 0
    follows_gap: bool = False


Choice: TypeAlias = tuple[Entry, float | None]
"""A packet, and seconds since the first frame if it is wanted."""


@dataclass(frozen=True)
class ClockJump:
    """A place where the clock within the file goes back.

    Attributes
    ----------
    pts_s
        Where, in the repaired time.
    back_s
        By how much.
    """

    pts_s: float
    back_s: float


@dataclass
class Clock:
    """Times without gaps in their meaning: where a file's clock jumps back, it goes on as if it had not.

    Parameters
    ----------
    time_base
        Seconds per tick.
    interval
        Ticks between two frames, as they are usually.
    """

    time_base: Fraction
    interval: int
    jumps: list[ClockJump] = field(default_factory=list)
    _shift: int = 0
    _latest: int | None = None
    _first: int | None = None

    def entry(self, packet: Any) -> Entry | None:
        """The packet with its times repaired; None where it has no time at all."""
        pts = packet.dts if packet.pts is None else packet.pts
        if pts is None:
            return None
        is_keyframe = bool(packet.is_keyframe)
        # without decoding times only a key frame's is sure to follow those of all packets before it
        floor = packet.dts if packet.dts is not None else (pts if is_keyframe else None)
        if floor is not None:
            self._advance(floor)
        dts = None if packet.dts is None else packet.dts + self._shift
        return Entry(packet, pts + self._shift, dts, is_keyframe, not packet.is_discard, packet.size)

    def _advance(self, floor: int) -> None:
        if self._first is None or self._latest is None:
            self._first = self._latest = floor
            return
        back = self._latest - (floor + self._shift)
        if back * self.time_base > JUMP_S:
            self._shift += back + self.interval
            at = self._latest + self.interval - self._first
            self.jumps.append(ClockJump(float(at * self.time_base), float(back * self.time_base)))
        self._latest = max(self._latest, floor + self._shift)


def from_first_keyframe(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Entries that can be decoded: a recording may begin in the middle of a group of pictures."""
    first: int | None = None
    for entry in entries:
        if first is None:
            if not entry.is_keyframe:
                continue
            first = entry.pts
        # shown before the first key frame and yet decoded after it: it leans on frames that are not there
        if entry.pts >= first:
            yield entry


def marked(entries: Iterable[Entry], step_s: float, time_base: Fraction) -> Iterator[Choice]:
    """Entries in the order they came, with seconds since the first frame for those that are wanted, and None for others.

    Wanted is the first frame at or after each multiple of `step_s`, once where several multiples meet the same one. A file
    whose decoding times never exceed its presentation times, which is what containers require, gives exactly those.

    Parameters
    ----------
    entries
        In decoding order.
    step_s
        Wanted distance, in seconds.
    time_base
        Seconds per tick.
    """
    choice = _Choice(step_s, time_base)
    window: deque[tuple[int, Entry]] = deque()
    undecided: list[tuple[int, int, Entry]] = []
    times: dict[int, float | None] = {}

    def decided() -> Iterator[Choice]:
        while window and window[0][0] in times:
            number, ready = window.popleft()
            yield ready, times.pop(number)

    for number, entry in enumerate(entries):
        window.append((number, entry))
        heapq.heappush(undecided, (entry.pts, number, entry))
        while undecided and (len(undecided) > MOST_REORDERED or (entry.dts is not None and undecided[0][0] <= entry.dts)):
            _, place, earliest = heapq.heappop(undecided)
            times[place] = choice.time_if_wanted(earliest)
        yield from decided()
    while undecided:
        _, place, earliest = heapq.heappop(undecided)
        times[place] = choice.time_if_wanted(earliest)
    yield from decided()


@dataclass
class _Choice:
    """The frames that are wanted, asked for one by one in the order in which they are shown."""

    step_s: float
    time_base: Fraction
    _zero: int | None = None
    _multiple: int = 0
    _latest: int | None = None

    def time_if_wanted(self, entry: Entry) -> float | None:
        if not entry.is_shown or (self._latest is not None and entry.pts <= self._latest):
            return None
        if self._zero is None:
            self._zero = entry.pts
        self._latest = entry.pts
        time = float((entry.pts - self._zero) * self.time_base)
        if time + ROUNDING_S < self._multiple * self.step_s:
            return None
        self._multiple = int((time + ROUNDING_S) / self.step_s) + 1
        return time


def needed(choices: Iterable[Choice]) -> Iterator[Choice]:
    """What has to be decoded: from the last key frame to each wanted frame, and nothing after it up to the next key frame.

    Parameters
    ----------
    choices
        As of `marked`.
    """
    before: list[Choice] = []
    since: list[Choice] = []  # from the last key frame on, or from what was passed on last
    torn = False  # whether what leads up to `before` was left out
    held = 0
    for run in _runs(choices):
        is_key = run[0][0].is_keyframe
        if is_key:
            torn = bool(before)
            before, since = since, []
            held = sum(entry.size for entry, _ in before)
        since.extend(run)
        held += sum(entry.size for entry, _ in run)
        if held <= MOST_HELD and all(time is None for _, time in run):
            continue
        if is_key and any(time is not None for _, time in run[1:]):
            yield from _after_gap(before) if torn else before
            yield from since
        else:
            yield from _after_gap(since) if before else since
        before, since, torn, held = [], [], False, 0


def _runs(choices: Iterable[Choice]) -> Iterator[list[Choice]]:
    """Each packet by itself, but a key frame with those that are shown before it although they are decoded after it."""
    run: list[Choice] = []
    for choice in choices:
        if run and not (run[0][0].is_keyframe and not choice[0].is_keyframe and choice[0].pts < run[0][0].pts):
            yield run
            run = []
        run.append(choice)
    if run:
        yield run


def _after_gap(group: list[Choice]) -> list[Choice]:
    """A group without what is shown before its key frame, which leans on a group that was left out."""
    group[0][0].follows_gap = True
    return [choice for choice in group if choice[0].pts >= group[0][0].pts]
