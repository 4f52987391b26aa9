"""What was shown, as files of JSON lines that the inbox reads: written every second, closed every hour, never lost with a process.

A worker writes to a file of its own, whose name begins with a dot, so that the inbox does not look at it, and holds a lock
beside it for as long as it lives. Closing is renaming. A file whose lock nobody holds was left by a process that died: whoever
finds it closes it. A line that was cut off by the end of a process is left out; what a process had not written yet, the
lists of its last second, goes with it.
"""

from __future__ import annotations

import datetime as dt
import os
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from io import RawIOBase
from pathlib import Path
from typing import NamedTuple

import structlog
from filelock import FileLock, Timeout

from vitrina.marketplace.showing import shown_line

log = structlog.get_logger()

WRITE_S = 1.0
MOST_ROWS = 50_000
"""Lists of a file."""
MOST_WAITING = 200_000
"""Lists that are held where the disk takes none; further ones are lost, and the log says how many."""
_OPEN, _LOCK = ".part", ".lock"


class ShownList(NamedTuple):
    """A list that was shown.

    Attributes
    ----------
    user_hash, shown_at, bucket, version, items
        As `vitrina.marketplace.showing.shown_line` writes them.
    """

    user_hash: str
    shown_at: dt.datetime
    bucket: str
    version: str
    items: Sequence[str]


class ShownLog:
    """Gathers what was shown, and writes it in a thread of its own.

    Parameters
    ----------
    folder
        Where files go.
    interval_s
        Age at which a file is closed.
    """

    def __init__(self, folder: Path, interval_s: float) -> None:
        self.folder, self.interval_s = folder, interval_s
        self._waiting: list[ShownList] = []
        self._lost = 0
        self._latest = dt.datetime.min.replace(tzinfo=dt.UTC)
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._file: _OpenFile | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="shown lists", daemon=True)

    def start(self) -> None:
        """Close what dead processes have left, and begin to write."""
        self._try_to(self.close_leftovers)
        self._thread.start()

    def stop(self) -> None:
        """Write what waits, close the file, and end."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)
        self._try_to(self.write)
        self._try_to(self.close)

    def add(self, user_hash: str, bucket: str, version: str, items: Sequence[str]) -> None:
        """Take a list that is shown now; it never waits and never fails."""
        with self._lock:
            if len(self._waiting) >= MOST_WAITING:
                self._lost += 1
                return
            # no two lists of one moment: the contract tells lists apart by user and moment
            self._latest = max(dt.datetime.now(dt.UTC), self._latest + dt.timedelta(microseconds=1))
            self._waiting.append(ShownList(user_hash, self._latest, bucket, version, items))

    def write(self) -> None:
        """Write what waits.

        Raises
        ------
        OSError
            The disk takes nothing; what waits goes on waiting.
        """
        with self._writing:
            with self._lock:
                batch, self._waiting = self._waiting, []
                lost, self._lost = self._lost, 0
            if lost:
                log.error("shown_lists_lost", lists=lost)
            if not batch:
                return
            try:
                if self._file is None:
                    self._file = _OpenFile(self.folder)
                self._file.append("".join(shown_line(*one) for one in batch).encode(), len(batch))
            except OSError:
                with self._lock:
                    self._waiting = batch + self._waiting
                raise

    def close(self) -> Path | None:
        """Close the file, and return what the inbox will find; None where nothing was written since.

        Raises
        ------
        OSError
            It cannot be renamed: it is a leftover from now on.
        """
        with self._writing:
            file, self._file = self._file, None
            return None if file is None else file.close()

    def close_leftovers(self) -> tuple[Path, ...]:
        """Close files of processes that are no more.

        Raises
        ------
        OSError
            The folder cannot be read or written.
        """
        closed = [_close_leftover(path) for path in sorted(self.folder.glob(f".*{_OPEN}"))]
        return tuple(path for path in closed if path is not None)

    def _run(self) -> None:
        leftovers_at = time.monotonic() + self.interval_s
        while not self._stopping.wait(WRITE_S):
            self._try_to(self.write)
            if self._file is not None and self._file.is_full(self.interval_s):
                self._try_to(self.close)
            if time.monotonic() >= leftovers_at:
                self._try_to(self.close_leftovers)
                leftovers_at = time.monotonic() + self.interval_s

    def _try_to(self, work: Callable[[], object]) -> None:
        try:
            work()
        except OSError as error:
            log.error("shown_lists_not_written", error=str(error))  # noqa: TRY400  # the message says it all


class _OpenFile:
    """The file that a process writes to, and the lock beside it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%S%fZ}-{secrets.token_hex(4)}.jsonl"
        self.path = folder / f".{name}{_OPEN}"
        # before the file is there: one without a held lock is a leftover
        self._lock = _lock_of(self.path)
        self._lock.acquire(timeout=0)
        try:
            self._file: RawIOBase = self.path.open("xb", buffering=0)
        except OSError:
            _let_go(self._lock)
            raise
        self._whole, self._rows, self._begun = 0, 0, time.monotonic()

    def append(self, lines: bytes, rows: int) -> None:
        """Add lines: all of them, or none."""
        # what an attempt before has written of them
        self._file.truncate(self._whole)
        self._file.seek(self._whole)
        written = 0
        while written < len(lines):
            written += self._file.write(lines[written:]) or 0
        self._whole += written
        self._rows += rows

    def is_full(self, interval_s: float) -> bool:
        """Whether it is time to close it."""
        return self._rows >= MOST_ROWS or time.monotonic() - self._begun >= interval_s

    def close(self) -> Path:
        """Give it the name under which the inbox takes it."""
        try:
            with self._file:
                self._file.truncate(self._whole)
                os.fsync(self._file.fileno())
            return self.path.rename(_closed_name(self.path))
        finally:
            _let_go(self._lock)


def _close_leftover(path: Path) -> Path | None:
    lock = _lock_of(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        # another worker lives, and writes to it
        return None
    try:
        with path.open("r+b") as file:
            whole = file.read().rfind(b"\n") + 1
            file.truncate(whole)
        if whole:
            log.info("shown_lists_of_a_dead_process", file=path.name)
            return path.rename(_closed_name(path))
        path.unlink()
    except FileNotFoundError:
        # somebody else was faster
        pass
    finally:
        _let_go(lock)
    return None


def _lock_of(path: Path) -> FileLock:
    return FileLock(path.with_name(path.name + _LOCK), thread_local=False)


def _let_go(lock: FileLock) -> None:
    lock.release()
    Path(lock.lock_file).unlink(missing_ok=True)


def _closed_name(path: Path) -> Path:
    return path.with_name(path.name.removeprefix(".").removesuffix(_OPEN))
