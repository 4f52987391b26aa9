"""Where requests are handed in: in line at this worker's workbench, and known to every worker."""

from __future__ import annotations

import datetime as dt
import os
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future, wait
from contextlib import suppress
from pathlib import Path
from typing import Any

import structlog

from serving.stores import computing
from serving.stores.answers import Answer, Question, kept
from serving.stores.progress import LOST, Progress, ProgressNotes
from serving.stores.waiters import Waiters
from serving.stores.workbench import Task, Work, Workbench
from serving.web.problems import Problem
from vitrina.errors import VitrinaError
from vitrina.publication.versions import version_file
from vitrina.settings import Locale, Settings
from vitrina.state.cluster_requests import ClusterRequest, ClusterRequests
from vitrina.state.opening import StateDatabase, StateError
from vitrina.stores.scenario import Scenario

log = structlog.get_logger()

PRODUCT = computing.PRODUCT

MOST_WAITING = 5
"""Requests of one person that may be unfinished; what is older than `FORGOTTEN` does not count."""
FORGOTTEN = dt.timedelta(minutes=10)
MOST_PROCESSES = 4
"""Per worker: each takes some hundred megabytes."""

CUT, IN_TURN = 0, 1
"""What goes first: somebody who moves a slider; requests and workbooks have their turn, or none of them would ever come."""

NOTED_EVERY_S = 1.0
WRITING_S = 0.005
LOOK_S = 0.1
"""Between two looks at a request that another worker works on."""


class AnswerGoneError(Problem):
    """An answer can be neither found nor computed again."""

    def __init__(self) -> None:
        super().__init__(
            410, "The published version that this was asked of is not kept any more.", "Ask again.", kind="another-version"
        )


class Desk:
    """The requests of one worker.

    Parameters
    ----------
    settings
        The configuration.
    database
        The state store.
    """

    def __init__(self, settings: Settings, database: StateDatabase) -> None:
        self.settings, self.requests = settings, ClusterRequests(database)
        # as many as there are processors, in each worker: whoever asks keeps to one worker, and it may be the same for all
        self.bench = Workbench("serving.stores.computing", min(MOST_PROCESSES, os.cpu_count() or 1))
        self._notes = ProgressNotes(settings)
        self._unfinished: dict[str, tuple[ClusterRequest, Work]] = {}
        self._lock = threading.Lock()
        self._waiters = Waiters()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="cluster requests", daemon=True)

    def start(self) -> None:
        """Begin to tell other workers how requests get on."""
        self._notes.forget_old(dt.datetime.now(dt.UTC))
        self._thread.start()

    def stop(self) -> None:
        """End; what is not finished is told as lost."""
        self._stopping.set()
        self.bench.stop()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def ask(self, *, by: str, title: str, quarter: dt.date, scenario: Scenario, version: str, now: dt.datetime) -> ClusterRequest:  # noqa: PLR0913  # what a request says
        """Take a request that can be answered, and have it worked on.

        Raises
        ------
        Problem
            429: this person waits for too many already.
        """
        if self.requests.waiting(by=by, since=now - FORGOTTEN) >= MOST_WAITING:
            raise Problem(
                429,
                f"{MOST_WAITING} of your requests are not answered yet.",
                "Wait for one of them.",
                kind="too-much",
                headers={"Retry-After": "5"},
            )
        request = self.requests.begin(
            by=by, title=title, quarter=quarter, scenario=scenario.to_json(), published_version=version, now=now
        )
        known = kept(self.settings, question_of(request))
        if known is not None:
            self._finish(request, fingerprint=known.fingerprint)
            return request
        work = self.bench.submit(self._task(question_of(request), IN_TURN))
        with self._lock:
            self._unfinished[request.id] = request, work
        self._note(request, work)
        work.future.add_done_callback(lambda done: self._done(request, done))
        return request

    def progress(self, request: ClusterRequest, now: dt.datetime) -> Progress | None:
        """How far a request has got that is not finished; None where it has been finished in the meantime.

        A request whose worker has died is told as lost by whichever worker is asked about it first.
        """
        with self._lock:
            ours = self._unfinished.get(request.id)
        if ours is not None:
            return self._progress(ours[1])
        noted = self._notes.read(request.id, now)
        if noted is not None or self._notes.may_still_come(request.made_at, now):
            return noted or Progress()
        known = kept(self.settings, question_of(request))
        self._finish(request, **({"fingerprint": known.fingerprint} if known is not None else {"problem": LOST}))
        return None

    def wait_for(self, request: ClusterRequest, *, by: str, wait_s: float) -> ClusterRequest:
        """A request once it is finished, or after so long; at once where this person waits for much already.

        Whoever waits like this need not ask ten times a second.
        """
        until = time.monotonic() + wait_s
        found = request
        with suppress(Problem), self._waiters.one(by):
            while found.finished_at is None and time.monotonic() < until:
                with self._lock:
                    ours = self._unfinished.get(request.id)
                if ours is None:
                    # another worker's: only the state store knows
                    time.sleep(LOOK_S)
                elif not wait([ours[1].future], until - time.monotonic()).not_done:
                    # it is there, and about to be written down
                    time.sleep(WRITING_S)
                found = self.requests.find(request.id) or found
        return found

    def answer(self, request: ClusterRequest, n_clusters: int | None, *, by: str, wait_s: float) -> Answer | None:
        """The answer to a request, cut into another number of clusters where one is given; None where it is not there in time.

        Raises
        ------
        AnswerGoneError
            It is not kept any more, and neither is the version that it was asked of.
        Problem
            422: this number of clusters was not measured. 429: this person waits for too much already.
        """
        question = question_of(request)
        whole = self._kept_or_made(question, by, wait_s)
        if whole is None or n_clusters is None or n_clusters == whole.n_clusters:
            return whole
        measured = [row.n_clusters for row in whole.measures]
        if n_clusters not in measured:
            raise Problem(
                422,
                f"{n_clusters} clusters were not measured.",
                f"Choose a number from {min(measured)} to {max(measured)}.",
                kind="invalid",
            )
        return self._kept_or_made(question.cut_into(n_clusters), by, wait_s)

    def workbook(self, request: ClusterRequest, n_clusters: int | None, locale: Locale, *, by: str, wait_s: float) -> Path:
        """The Excel report of an answer.

        Raises
        ------
        AnswerGoneError, Problem
            As `answer`; 503 where it is not there in time.
        """
        whole = self.answer(request, n_clusters, by=by, wait_s=wait_s)
        if whole is None:
            raise _not_in_time()
        question = question_of(request)
        if whole.scenario != question.scenario:
            question = question.cut_into(n_clusters)
        origin = computing.Origin(request.made_by, request.finished_at or request.made_at)
        path = computing.workbook_path(self.settings, question, locale, origin)
        if path.exists():
            return path
        self._refuse_gone(question)
        task = Task(path.name, computing.workbook, (self.settings, question, locale, origin), IN_TURN, about=question.key)
        found = self._awaited(self.bench.submit(task), by, wait_s)
        if found is None:
            raise _not_in_time()
        return Path(found)

    def again(self, question: Question, *, by: str, wait_s: float) -> Answer:
        """The answer to a question that was answered before, perhaps of another version.

        Raises
        ------
        AnswerGoneError, Problem
            As `workbook`.
        """
        found = self._kept_or_made(question, by, wait_s)
        if found is None:
            raise _not_in_time()
        return found

    def compare(self, one: Mapping[str, int], other: Mapping[str, int], *, key: str, by: str) -> dict[str, Any]:
        """Two groupings beside each other, see `computing.compare`."""
        task = Task(f"compare {key}", computing.compare, (dict(one), dict(other)), CUT)
        found: dict[str, Any] | None = self._awaited(self.bench.submit(task), by, 30.0)
        if found is None:
            raise _not_in_time()
        return found

    def _task(self, question: Question, urgency: int) -> Task:
        return Task(question.key, computing.answer, (self.settings, question), urgency, about=question.key)

    def _kept_or_made(self, question: Question, by: str, wait_s: float) -> Answer | None:
        found = kept(self.settings, question)
        if found is not None:
            return found
        self._refuse_gone(question)
        self._awaited(self.bench.submit(self._task(question, CUT)), by, wait_s)
        return kept(self.settings, question)

    def _refuse_gone(self, question: Question) -> None:
        if not version_file(self.settings, PRODUCT, question.version).exists():
            raise AnswerGoneError

    def _awaited(self, work: Work, by: str, wait_s: float) -> Any:
        with self._waiters.one(by):
            try:
                return work.future.result(wait_s)
            except TimeoutError:
                return None

    def _progress(self, work: Work) -> Progress:
        return Progress(work.stage, self.bench.ahead_of(work))

    def _note(self, request: ClusterRequest, work: Work) -> None:
        self._notes.write(request.id, self._progress(work))

    def _run(self) -> None:
        while not self._stopping.wait(NOTED_EVERY_S):
            with self._lock:
                unfinished = list(self._unfinished.values())
            for request, work in unfinished:
                self._note(request, work)

    def _done(self, request: ClusterRequest, done: Future[Any]) -> None:
        error = done.exception()
        if error is None:
            self._finish(request, fingerprint=done.result())
        elif isinstance(error, VitrinaError):
            self._finish(request, problem=f"{error.problem} {error.remedy}")
        else:
            log.error("request_failed", request=request.id, error=repr(error))
            self._finish(request, problem=LOST)
        with self._lock:
            self._unfinished.pop(request.id, None)
        self._notes.remove(request.id)

    def _finish(self, request: ClusterRequest, *, fingerprint: str | None = None, problem: str | None = None) -> None:
        try:
            self.requests.finish(request.id, dt.datetime.now(dt.UTC), fingerprint=fingerprint, problem=problem)
        except StateError as error:
            # whoever asks about it next finds the answer, and finishes it
            log.error("request_not_finished", request=request.id, error=str(error))  # noqa: TRY400  # the message says it all


def question_of(request: ClusterRequest) -> Question:
    """What a request asks."""
    return Question(request.published_version, request.quarter, request.scenario)


def _not_in_time() -> Problem:
    return Problem(
        503,
        "This takes longer than it should: others have asked before you.",
        "Try again in a moment.",
        kind="busy",
        headers={"Retry-After": "5"},
    )
