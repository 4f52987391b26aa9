"""Cohen's kappa."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from vitrina.marketplace.agreement import cohen_kappa, two_by_two


@pytest.mark.parametrize(
    ("table", "kappa"),
    [
        # agreement 0.7 where chance alone gives 0.5
        ([[20, 5], [10, 15]], 0.4),
        ([[5, 0], [0, 5]], 1.0),
        ([[0, 5], [5, 0]], -1.0),
        ([[4, 4], [4, 4]], 0.0),
        # one judge says yes to everything: what they share is chance
        ([[0, 5], [0, 5]], 0.0),
        ([[10, 0, 0], [0, 10, 0], [0, 10, 0]], 0.5),
    ],
)
def test_known_tables_have_their_known_kappa(table, kappa):
    assert cohen_kappa(np.array(table)) == pytest.approx(kappa)


def test_nothing_judged_and_one_category_for_everything_have_no_kappa():
    assert np.isnan(cohen_kappa(np.array([[[0, 0], [0, 0]], [[7, 0], [0, 0]]]))).all()


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=2, max_size=60))
def test_it_agrees_with_scikit_learn(answers):
    first, second = np.array(answers).T
    ours = float(cohen_kappa(two_by_two(first, second).sum(axis=0)))
    if len({*first, *second}) == 1:
        assert np.isnan(ours)
    else:
        assert ours == pytest.approx(cohen_kappa_score(first, second))


def test_many_tables_are_computed_as_each_alone():
    tables = np.random.default_rng(0).integers(0, 9, (4, 3, 2, 2))
    together = cohen_kappa(tables)
    assert together.shape == (4, 3)
    assert together[2, 1] == pytest.approx(float(cohen_kappa(tables[2, 1])))
