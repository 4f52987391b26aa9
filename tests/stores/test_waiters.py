"""Nobody takes all threads of a worker."""

import pytest

from serving.stores.waiters import MOST_OF_ONE, Waiters
from serving.web.problems import Problem


def test_one_person_waits_for_so_much_and_no_more_and_others_wait_beside():
    waiters = Waiters()
    waiting = [waiters.one("ann") for _ in range(MOST_OF_ONE)]
    for one in waiting:
        one.__enter__()
    with pytest.raises(Problem, match="too much at once") as refused, waiters.one("ann"):
        pass
    assert refused.value.status == 429
    with waiters.one("bob"):
        pass
    waiting[0].__exit__(None, None, None)
    with waiters.one("ann"):
        pass


def test_whoever_has_waited_in_vain_waits_no_more():
    waiters = Waiters()
    for _ in range(MOST_OF_ONE + 1):
        with pytest.raises(ZeroDivisionError), waiters.one("ann"):
            raise ZeroDivisionError
