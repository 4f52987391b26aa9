"""Models by cut, kept while a run needs them, and examples kept from run to run."""

from dataclasses import replace

import numpy as np
import pytest

from tests.marketplace.small_shop import SMALL, day, fitted, shop_log, shop_plan
from vitrina.array_cache import ArrayCache
from vitrina.marketplace import fitted as module
from vitrina.marketplace.fitted import Fitted, likeness, scored_candidates
from vitrina.marketplace.log import Weighing


@pytest.fixture
def counted(monkeypatch):
    """How often examples were made."""
    made = []

    def examples(known, events, *, seed):
        made.append((known.history.cut, seed))
        return original(known, events, seed=seed)

    original = module.examples
    monkeypatch.setattr(module, "examples", examples)
    return made


def test_what_is_known_at_a_cut_is_fitted_once_until_others_take_its_place(monkeypatch):
    monkeypatch.setattr(module, "KEPT", 1)
    own = Fitted(shop_log(), SMALL, 1)
    first = own.known(day(30))
    assert own.known(day(30)) is first
    assert first.history.cut == day(30)
    own.known(day(31))
    again = own.known(day(30))
    assert again is not first
    users = np.arange(9)
    for name, scorer in first.scorers.items():
        assert np.array_equal(scorer.block(users), again.scorers[name].block(users))


def test_examples_are_kept_from_run_to_run(tmp_path, counted):
    windows = shop_plan().before_validation[:2]
    first = Fitted(shop_log(), SMALL, 1, ArrayCache(tmp_path)).examples(windows)
    assert [cut for cut, _ in counted] == [window.start for window in windows]
    again = Fitted(shop_log(), SMALL, 1, ArrayCache(tmp_path)).examples(windows)
    assert len(counted) == 2
    assert np.array_equal(first.features, again.features, equal_nan=True)
    assert np.array_equal(first.bought, again.bought)


def test_later_events_leave_kept_examples_and_earlier_ones_seeds_and_parameters_do_not(tmp_path, counted):
    [*_, window] = shop_plan().before_validation
    before, cache = shop_log().before(window.end), ArrayCache(tmp_path)

    def made(log, parameters=SMALL, seed=1):
        counted.clear()
        Fitted(log, parameters, seed, cache).examples([window])
        return len(counted)

    assert made(before) == 1
    assert made(replace(before, weighing=Weighing(half_life_days=7.0))) == 1
    assert made(shop_log()) == 0
    assert made(before.with_events(before.events[:1])) == 1
    assert made(before, SMALL.with_(shrinkage=9.0)) == 1
    assert made(before, seed=2) == 1


def test_a_reranker_learns_from_its_windows_alone():
    windows = shop_plan().before_test
    few = fitted().examples(windows[:1])
    assert len(fitted().examples(windows[:2]).bought) > len(few.bought)
    known = fitted().known(shop_plan().test.start)
    users = np.arange(10)
    one, again = (scored_candidates(known, fitted().reranker(windows[:1]), users).scores for _ in range(2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, scored_candidates(known, fitted().reranker(windows), users).scores)


def test_likeness_is_between_zero_and_one_symmetric_and_of_others():
    like = likeness(fitted().known(shop_plan().test.start)).toarray()
    assert like.min() >= 0
    assert like.max() < 1
    np.testing.assert_allclose(like, like.T)
    assert not np.diag(like).any()
    assert like.any()
