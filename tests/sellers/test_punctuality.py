"""Coming and going beside shifts."""

import numpy as np
import pytest

from vitrina.sellers.punctuality import unpunctual
from vitrina.sellers.shifts import Shift

DAY = (0.0, 10_000.0)
SELLERS = ("anna", "boris")
SHIFTS = (Shift("anna", 0, 10_000), Shift("boris", 4_000, 8_000))


def off(*times, shifts=SHIFTS, sellers=SELLERS):
    return unpunctual(np.array(times, dtype=float), shifts, sellers, DAY, 0.05)


def test_who_comes_and_goes_as_planned_costs_nothing_there_and_all_elsewhere():
    assert off((0, 10_000), (4_000, 8_000)) == pytest.approx(np.array([[0, 1], [1, 0]]))


def test_a_little_late_costs_a_little_by_the_length_of_the_shift():
    # 100 s of the 1,000 and of the 400 that either shift allows, once of two times
    assert off((0, 10_000), (4_100, 8_000))[1, 1] == pytest.approx(100 / 400 / 2)
    assert off((100, 10_000))[0, 0] == pytest.approx(100 / 1_000 / 2)


def test_who_is_there_from_first_to_last_fits_shifts_that_begin_before_and_end_after():
    shifts = (Shift("anna", -50_000, 3_000), Shift("boris", -2_000, 90_000))
    assert off((0, 3_000), (0, 10_000), shifts=shifts)[[0, 1], [0, 1]] == pytest.approx([0, 0])


def test_edges_of_shifts_that_nobody_could_see_tell_half_as_much():
    shifts = (Shift("anna", -3_000, 13_000), Shift("boris", -500, 10_500))
    assert off((5_000, 6_000), shifts=shifts) == pytest.approx(np.array([[0.5, 0.5]]))
    # as far from an edge that could be seen
    assert off((5_000, 6_000), shifts=SHIFTS)[0] == pytest.approx([1, 1])


def test_coming_as_one_shift_begins_and_going_as_another_ends_is_punctual():
    shifts = (Shift("anna", 0, 4_000), Shift("anna", 5_000, 9_000), Shift("boris", 0, 9_000))
    assert off((0, 9_000), shifts=shifts) == pytest.approx(np.array([[0, 0]]))


def test_who_is_lost_for_a_while_has_neither_gone_nor_come():
    before, after, _ = off((0, 3_000), (3_500, 10_000), (0, 10_000))
    # of the one the coming alone counts, of the other the going
    assert before == pytest.approx([0, 0.5])
    assert after == pytest.approx([0, 0.5])


def test_of_two_shifts_of_one_seller_the_one_that_fits_counts():
    shifts = (Shift("anna", 0, 2_000), Shift("anna", 6_000, 10_000))
    assert off((6_000, 10_000), shifts=shifts, sellers=("anna",)) == pytest.approx(np.array([[0]]))
