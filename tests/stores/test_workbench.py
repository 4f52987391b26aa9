"""Tasks in other processes: in order of urgency, once each, and none is lost without a word."""

import os
import threading
import time

import pytest

from serving.stores.workbench import Task, Workbench, WorkLostError
from tests.stores import bench_tasks
from vitrina.errors import VitrinaError

pytestmark = pytest.mark.xdist_group("workbench")

WAIT_S = 60
MODULE = "tests.stores.bench_tasks"


@pytest.fixture
def bench():
    made = Workbench(MODULE, 1)
    yield made
    made.stop()


@pytest.fixture
def held(bench, tmp_path):
    """A workbench whose process is busy until the gate is opened."""
    gate = tmp_path / "gate"
    first = bench.submit(Task("gate", bench_tasks.wait_for, (str(gate),)))
    until = time.monotonic() + WAIT_S
    while not first.stage:
        assert time.monotonic() < until
        time.sleep(0.01)
    return gate.touch


def result(work):
    return work.future.result(WAIT_S)


def test_a_task_is_worked_on_in_another_process_and_tells_how_far_it_is(bench):
    work = bench.submit(Task("two", bench_tasks.doubled, (2,)))
    number, process = result(work)
    assert (number, work.stage) == (4, "doubling")
    assert process != os.getpid()


def test_a_process_serves_many_tasks(bench):
    assert len({result(bench.submit(Task(str(n), bench_tasks.doubled, (n,))))[1] for n in range(5)}) == 1


def test_the_urgent_goes_first_and_equals_in_their_order(bench, held, tmp_path):
    line = [("report", 2), ("first", 1), ("second", 1), ("slider", 0)]
    works = {name: bench.submit(Task(name, bench_tasks.note, (str(tmp_path), name), urgency)) for name, urgency in line}
    assert {name: bench.ahead_of(work) for name, work in works.items()} == {"slider": 0, "first": 1, "second": 2, "report": 3}
    held()
    for work in works.values():
        result(work)
    assert (tmp_path / "order").read_text().split() == ["slider", "first", "second", "report"]


def test_a_process_prefers_what_it_has_at_hand_to_what_another_has(tmp_path):
    bench = Workbench(MODULE, 2)
    try:
        for about in ("a", "b"):
            held = bench.submit(Task(about, bench_tasks.wait_for, (str(tmp_path / about),), about=about))
            until = time.monotonic() + WAIT_S
            while not held.stage:
                assert time.monotonic() < until
                time.sleep(0.01)
        later = [
            bench.submit(Task(f"{about} again", bench_tasks.note, (str(tmp_path), about), about=about)) for about in ("b", "a")
        ]
        # the other one stays busy: whoever is free takes what came later but is its own, and then the rest
        (tmp_path / "a").touch()
        assert [result(work) for work in later] == ["b", "a"]
        assert (tmp_path / "order").read_text().split() == ["a", "b"]
    finally:
        (tmp_path / "b").touch()
        bench.stop()


def test_equal_tasks_are_one_at_the_higher_urgency_of_both(bench, held, tmp_path):
    late = bench.submit(Task("same", bench_tasks.note, (str(tmp_path), "same"), 2))
    other = bench.submit(Task("other", bench_tasks.note, (str(tmp_path), "other"), 1))
    assert bench.submit(Task("same", bench_tasks.note, (str(tmp_path), "same"), 0)) is late
    held()
    assert (result(late), result(other)) == ("same", "other")
    assert (tmp_path / "order").read_text().split() == ["same", "other"]


def test_what_a_task_refuses_is_told_with_the_remedy(bench):
    with pytest.raises(VitrinaError, match="It cannot be") as refused:
        result(bench.submit(Task("no", bench_tasks.refuse, ())))
    assert refused.value.remedy == "Ask for something else."


def test_a_mistake_of_ours_is_told_without_its_insides_and_the_process_goes_on(bench):
    with pytest.raises(VitrinaError, match="Something went wrong") as failed:
        result(bench.submit(Task("oops", bench_tasks.stumble, ())))
    assert "ZeroDivision" not in str(failed.value)
    assert result(bench.submit(Task("after", bench_tasks.doubled, (3,))))[0] == 6


def test_a_task_whose_process_dies_is_told_as_lost_and_the_next_gets_a_new_one(bench):
    before = result(bench.submit(Task("before", bench_tasks.doubled, (1,))))[1]
    dying, waiting = (
        bench.submit(Task(name, task, given))
        for name, task, given in (("die", bench_tasks.die, ()), ("next", bench_tasks.doubled, (4,)))
    )
    with pytest.raises(WorkLostError, match="ended before it was done"):
        result(dying)
    number, process = result(waiting)
    assert (number, process != before) == (8, True)


def test_a_process_that_was_killed_while_it_had_nothing_to_do_costs_nobody_a_task(bench):
    process = result(bench.submit(Task("one", bench_tasks.doubled, (1,))))[1]
    os.kill(process, 9)
    time.sleep(0.2)
    assert result(bench.submit(Task("two", bench_tasks.doubled, (2,))))[0] == 4


def test_a_task_that_takes_too_long_is_given_up():
    bench = Workbench(MODULE, 1, limit_s=0.5)
    try:
        with pytest.raises(WorkLostError, match="too long"):
            result(bench.submit(Task("long", bench_tasks.sleep, (60,))))
        assert result(bench.submit(Task("short", bench_tasks.doubled, (5,))))[0] == 10
    finally:
        bench.stop()


def test_once_it_stops_everything_is_told_as_lost_and_nothing_hangs(bench, held):
    waiting = bench.submit(Task("waiting", bench_tasks.doubled, (1,)))
    threading.Timer(0.1, bench.stop).start()
    with pytest.raises(WorkLostError):
        result(waiting)
    with pytest.raises(WorkLostError):
        result(bench.submit(Task("late", bench_tasks.doubled, (1,))))


def test_processes_have_one_thread_each(bench):
    assert result(bench.submit(Task("environment", bench_tasks.environment, ())))["OMP_NUM_THREADS"] == "1"


def test_a_module_that_cannot_be_prepared_is_told_and_no_task_waits_for_it():
    bench = Workbench("tests.stores.there_is_no_such_module", 1)
    try:
        with pytest.raises(WorkLostError):
            result(bench.submit(Task("any", bench_tasks.doubled, (1,))))
    finally:
        bench.stop()
