from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.sellers import frame_choice
from vitrina.sellers.frame_choice import ROUNDING_S, Clock, Entry, from_first_keyframe, marked, needed

MS = Fraction(1, 1_000)


@dataclass
class MadeUpPacket:
    pts: int | None
    dts: int | None
    is_keyframe: bool = False
    is_discard: bool = False
    size: int = 1


@st.composite
def groups(draw):
    """Entries of open and closed groups in decoding order: a key frame, frames shown before it, frames shown after it."""
    entries, at, dts = [], 0, -400
    for number in range(draw(st.integers(1, 5))):
        leading = draw(st.integers(0, 3)) if number else 0
        trailing = draw(st.integers(0, 6))
        shown = [at + 40 * leading, *range(at, at + 40 * leading, 40)]
        shown += [at + 40 * (leading + 1 + place) for place in range(trailing)]
        for place, pts in enumerate(shown):
            entries.append(Entry(len(entries), pts, dts, place == 0, size=1))
            dts += 40
        at += 40 * len(shown)
    return entries


def wanted_of(choices):
    return [(entry.pts, time) for entry, time in choices if time is not None]


@settings(deadline=None)  # a busy machine is no failure
@given(groups(), st.integers(1, 400))
def test_wanted_are_the_first_frames_shown_at_or_after_each_multiple(entries, step):
    shown = sorted(entry.pts for entry in entries)
    # times in a file are rounded: a frame that comes a moment too soon is meant
    rounding = round(1_000 * ROUNDING_S)
    expected = {next(pts for pts in shown if pts + rounding >= at) for at in range(0, shown[-1] + rounding + 1, step)}
    choices = list(marked(entries, step / 1_000, MS))
    assert [entry.pts for entry, _ in choices] == [entry.pts for entry in entries]
    assert {pts for pts, _ in wanted_of(choices)} == expected
    assert all(time == pytest.approx(pts / 1_000) for pts, time in wanted_of(choices))


@settings(deadline=None)  # a busy machine is no failure
@given(groups(), st.integers(1, 400))
def test_what_is_passed_on_suffices_for_what_is_wanted(entries, step):
    choices = list(marked(entries, step / 1_000, MS))
    out = list(needed(choices))
    assert wanted_of(out) == wanted_of(choices)
    assert [entry.packet for entry, _ in out] == sorted({entry.packet for entry, _ in out})
    passed = {entry.packet for entry, _ in out}
    for entry, time in out:
        if time is None:
            continue
        keys = [other for other in entries[: entry.packet + 1] if other.is_keyframe]
        begin = keys[-2] if entry.pts < keys[-1].pts else keys[-1]
        # all that it may lean on, but for what is shown before the key frame at which decoding begins
        assert {other.packet for other in entries[begin.packet : entry.packet] if other.pts >= begin.pts} <= passed


@settings(deadline=None)  # a busy machine is no failure
@given(groups(), st.integers(1, 400))
def test_a_decoder_begins_anew_exactly_where_something_was_left_out_before_a_key_frame(entries, step):
    out = list(needed(marked(entries, step / 1_000, MS)))
    for (before, _), (entry, _) in pairwise(out):
        left_out = entries[before.packet + 1 : entry.packet]
        assert not entry.follows_gap or (entry.is_keyframe and left_out)
        assert entry.follows_gap or all(not e.is_keyframe for e in left_out)


def test_the_end_of_a_group_is_left_out():
    entries = [Entry(place, place * 40, place * 40, place % 50 == 0) for place in range(100)]
    out = [entry.packet for entry, _ in needed(marked(entries, 1.0, MS))]
    assert out == [*range(26), *range(50, 76)]


def test_packets_that_wait_are_bounded_in_bytes(monkeypatch):
    monkeypatch.setattr(frame_choice, "MOST_HELD", 10)
    taken = []

    def entries():
        for place in range(1_000):
            taken.append(place)
            yield Entry(place, place * 40, place * 40, place == 0, size=1)

    for entry, _ in needed(marked(entries(), 1e6, MS)):
        assert len(taken) - entry.packet < 15


def test_a_file_without_decoding_times_is_put_in_order_all_the_same():
    entries = [Entry(place, pts, None, place == 0) for place, pts in enumerate([0, 160, 80, 40, 120, 320, 240, 200, 280])]
    assert {pts for pts, _ in wanted_of(marked(entries, 0.1, MS))} == {0, 120, 200, 320}


def test_without_decoding_times_no_more_than_some_packets_wait():
    taken = 0

    def entries():
        nonlocal taken
        for place in range(1_000):
            taken += 1
            yield Entry(place, place * 40, None, place == 0)

    for entry, _ in marked(entries(), 1.0, MS):
        assert taken - entry.packet <= frame_choice.MOST_REORDERED + 2


def test_a_frame_a_millisecond_early_is_on_time():
    entries = [Entry(place, pts, pts, place == 0) for place, pts in enumerate([0, 999, 1_040, 1_998])]
    assert wanted_of(marked(entries, 1.0, MS)) == [(0, 0.0), (999, 0.999)]


def test_frames_that_the_file_hides_are_not_wanted_and_not_lost():
    entries = [Entry(place, place * 100, place * 100, place == 0, is_shown=place > 1) for place in range(6)]
    assert wanted_of(marked(entries, 0.2, MS)) == [(200, 0.0), (400, 0.2)]
    assert [entry.packet for entry, _ in needed(marked(entries, 0.2, MS))] == [0, 1, 2, 3, 4]


def test_a_clock_that_jumps_back_goes_on():
    clock = Clock(MS, 40)
    entries = [clock.entry(MadeUpPacket(time, time)) for time in [5_000, 5_040, 5_080, 1_000, 1_040]]
    assert [entry.pts for entry in entries] == [5_000, 5_040, 5_080, 5_120, 5_160]
    assert [(jump.pts_s, jump.back_s) for jump in clock.jumps] == [(0.12, 4.08)]


def test_small_steps_back_are_no_jump():
    clock = Clock(MS, 40)
    assert [clock.entry(MadeUpPacket(time, time)).pts for time in [0, 40, 38, 80]] == [0, 40, 38, 80]
    assert clock.jumps == []


def test_a_packet_without_any_time_is_none_and_one_without_presentation_time_has_the_decoders():
    clock = Clock(MS, 40)
    assert clock.entry(MadeUpPacket(None, None)) is None
    assert clock.entry(MadeUpPacket(None, 40)).pts == 40


def test_what_cannot_be_decoded_at_the_beginning_is_left_out():
    entries = [
        Entry(0, 0, 0, is_keyframe=False),
        Entry(1, 200, 40, is_keyframe=True),
        Entry(2, 160, 80, is_keyframe=False),
        Entry(3, 240, 120, is_keyframe=False),
    ]
    assert [entry.packet for entry in from_first_keyframe(entries)] == [1, 3]
