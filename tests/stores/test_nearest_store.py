import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.stores.nearest_store import nearest_others


def by_brute_force(points):
    distances = np.linalg.norm(points[:, None] - points[None], axis=2).round(9)
    np.fill_diagonal(distances, np.inf)
    return distances.argmin(axis=1).tolist()


def test_of_several_stores_that_are_equally_near_the_first_is_named():
    assert nearest_others(np.array([[0.0], [2.0], [4.0], [6.0], [6.5]])).tolist() == [1, 0, 1, 4, 3]


def test_equal_stores_name_the_first_of_them_and_it_names_the_second():
    assert nearest_others(np.array([[1.0], [5.0], [5.0], [5.0], [5.0]])).tolist() == [1, 2, 1, 1, 1]


def test_one_store_has_no_other():
    assert nearest_others(np.array([[1.0, 2.0]])).tolist() == [-1]
    assert nearest_others(np.empty((0, 2))).tolist() == []


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=30))
@settings(max_examples=80, deadline=None)
def test_on_a_grid_full_of_ties_it_finds_what_brute_force_finds(cells):
    points = np.array(cells, dtype=float)
    assert nearest_others(points).tolist() == by_brute_force(points)
