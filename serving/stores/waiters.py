"""How much one person may be waiting for at once: each answer that is waited for holds one of a worker's forty threads."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from serving.web.problems import Problem

MOST_OF_ONE = 3


class Waiters:
    """Who waits for how much."""

    def __init__(self) -> None:
        self._waiting: Counter[str] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def one(self, by: str) -> Iterator[None]:
        """Somebody waits for one more answer, until the end.

        Raises
        ------
        Problem
            429: they wait for too much already.
        """
        with self._lock:
            if self._waiting[by] >= MOST_OF_ONE:
                raise Problem(
                    429, "You wait for too much at once.", "Wait for one of them.", kind="too-much", headers={"Retry-After": "2"}
                )
            self._waiting[by] += 1
        try:
            yield
        finally:
            with self._lock:
                self._waiting[by] -= 1
                if not self._waiting[by]:
                    del self._waiting[by]
