"""Processes of their own for what takes longer than a glance, so that no other answer waits for it.

Each of a few threads looks after one process. Tasks stand in line by urgency, equal ones are worked on once, and a task whose
process has died is told as lost: the next one gets a new process.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

import structlog

from serving.stores.bench_process import DONE, FAILED, READY, REFUSED, STAGE, serve
from vitrina.errors import VitrinaError

log = structlog.get_logger()

LIMIT_S = 300.0
"""A task that takes longer is given up; 50,000 stores take a fifth of that."""
MOST_AT_HAND = 100
"""Subjects of which is remembered which process has them at hand."""
START_S = 120.0
"""How long a process may take to load its libraries, on a machine that is busy with something else."""


class WorkLostError(VitrinaError):
    """The process that worked on something ended before it was done."""


@dataclass(frozen=True)
class Task:
    """Something to compute.

    Attributes
    ----------
    key
        Equal tasks have equal keys.
    function, arguments
        What is called, in another process, with a function that takes stages in front: both travel there as pickles.
    urgency
        What has a lower number goes first.
    about
        A process that becomes free prefers tasks about what it worked on before, which it has at hand, to tasks about what others did.
    """

    key: str
    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    urgency: int = 1
    about: str = ""


@dataclass(eq=False)
class Work:
    """A task in line, or being worked on.

    Attributes
    ----------
    task
        Which.
    place
        Its place among all tasks that ever were in line.
    future
        Its result, some time.
    stage
        What the process said last; empty while it stands in line.
    """

    task: Task
    place: int
    future: Future[Any] = field(default_factory=Future)
    stage: str = ""

    @property
    def order(self) -> tuple[int, int]:
        """Lower goes first."""
        return self.task.urgency, self.place


class Workbench:
    """A line of tasks, and processes that work on them.

    Parameters
    ----------
    module
        Name of the module whose function `prepare` a process calls before its first task: it loads libraries.
    size
        How many processes.
    limit_s
        How long one task may take.
    """

    def __init__(self, module: str, size: int, limit_s: float = LIMIT_S) -> None:
        self._module, self._limit_s = module, limit_s
        self._known: dict[str, Work] = {}
        self._line: list[Work] = []
        self._at_hand: OrderedDict[str, int] = OrderedDict()
        self._places = itertools.count()
        self._changed = threading.Condition()
        self._stopping = False
        self._processes: set[BaseProcess] = set()
        self._threads = [
            threading.Thread(target=self._run, args=(number,), name=f"workbench {number}", daemon=True) for number in range(size)
        ]
        self._started = False

    def start(self) -> None:
        """Start the processes, unless they are; without waiting for them."""
        with self._changed:
            if self._started or self._stopping:
                return
            self._started = True
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End the processes; what is not done is lost."""
        with self._changed:
            self._stopping = True
            lost, self._line = self._line, []
            self._changed.notify_all()
            processes = list(self._processes)
        for process in processes:
            process.kill()
        if self._started:
            for thread in self._threads:
                thread.join(timeout=10)
        for work in lost:
            self._settle(work, error=_lost())

    def submit(self, task: Task) -> Work:
        """Put a task in line; where an equal one stands there already, that one is it, at the higher of both urgencies."""
        self.start()
        with self._changed:
            known = self._known.get(task.key)
            if known is not None:
                if task.urgency < known.task.urgency and not known.stage:
                    known.task = task
                return known
            work = Work(task, next(self._places))
            if self._stopping:
                work.future.set_exception(_lost())
                return work
            self._known[task.key] = work
            self._line.append(work)
            self._changed.notify()
            return work

    def ahead_of(self, work: Work) -> int:
        """How many tasks stand in line before one."""
        with self._changed:
            return sum(other.order < work.order for other in self._line) if not work.stage else 0

    def _run(self, number: int) -> None:
        process: _Process | None = None
        while True:
            if process is None or not process.is_alive():
                process = self._start_process()
            work = self._next(number)
            if work is None:
                return
            if process is None or not process.is_alive():
                # it died while it had nothing to do: not this task's fault
                process = self._start_process()
            if process is None:
                self._settle(work, error=_lost())
                continue
            try:
                self._settle(work, result=process.work_on(work, self._limit_s))
            except VitrinaError as error:
                self._settle(work, error=error)
            finally:
                if not process.is_alive():
                    self._processes.discard(process.process)

    def _next(self, number: int) -> Work | None:
        with self._changed:
            self._changed.wait_for(lambda: self._stopping or self._line)
            if self._stopping:
                return None
            first = min(self._line, key=lambda work: work.order)
            # of what is as urgent, what nobody else has at hand; where others have all of it, they have too much to do
            own = [work for work in self._line if work.task.urgency == first.task.urgency and self._is_for(work, number)]
            work = min(own, key=lambda work: work.order, default=first)
            self._line.remove(work)
            self._at_hand[work.task.about] = number
            self._at_hand.move_to_end(work.task.about)
            if len(self._at_hand) > MOST_AT_HAND:
                self._at_hand.popitem(last=False)
            return work

    def _is_for(self, work: Work, number: int) -> bool:
        return not work.task.about or self._at_hand.get(work.task.about, number) == number

    def _start_process(self) -> _Process | None:
        with self._changed:
            if self._stopping:
                return None
        process = _Process(self._module)
        with self._changed:
            self._processes.add(process.process)
            stopping = self._stopping
        if stopping or not process.is_ready():
            process.end()
            return None
        return process

    def _settle(self, work: Work, *, result: Any = None, error: Exception | None = None) -> None:
        with self._changed:
            self._known.pop(work.task.key, None)
        if error is None:
            work.future.set_result(result)
        else:
            work.future.set_exception(error)


class _Process:
    """One process, and the line of talk with it."""

    def __init__(self, module: str) -> None:
        # not forked: this process has threads, and libraries that have theirs
        context = get_context("spawn")
        self._connection, theirs = context.Pipe()
        self.process = context.Process(target=serve, args=(theirs, module), name="vitrina clusters", daemon=True)
        self.process.start()
        theirs.close()

    def is_alive(self) -> bool:
        return self.process.is_alive()

    def is_ready(self) -> bool:
        try:
            kind, what = self._hear(time.monotonic() + START_S)
        except WorkLostError:
            return False
        if kind == FAILED:
            log.error("workbench_not_ready", error=what)
        return kind == READY

    def work_on(self, work: Work, limit_s: float) -> Any:
        until = time.monotonic() + limit_s
        work.stage = "begun"
        try:
            self._connection.send((work.task.function, work.task.arguments))
        except OSError as error:
            self.end()
            raise _lost() from error
        while True:
            kind, what = self._hear(until)
            if kind == STAGE:
                work.stage = what
                continue
            if kind == DONE:
                return what
            if kind == REFUSED:
                raise VitrinaError(*what)
            log.error("task_failed", key=work.task.key, error=what)
            raise VitrinaError(
                "Something went wrong while this was computed.", "Try again; the log has the cause. Nothing was changed."
            )

    def _hear(self, until: float) -> tuple[str, Any]:
        connection: Connection[Any, Any] = self._connection
        try:
            if connection.poll(max(0.0, until - time.monotonic())):
                said: tuple[str, Any] = connection.recv()
                return said
        except (EOFError, OSError) as error:
            self.end()
            raise _lost() from error
        self.end()
        raise WorkLostError("It took too long, and was given up.", "Ask for fewer stores, or for fewer samples.")

    def end(self) -> None:
        self.process.kill()
        self.process.join(timeout=10)
        self._connection.close()


def _lost() -> WorkLostError:
    return WorkLostError("The process that worked on it ended before it was done.", "Ask again.")
