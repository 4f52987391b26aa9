"""What the inbox would say of an uploaded file, found by a process of its own.

A hostile workbook or a broken video can take all memory, or end the process: it then ends that process, and no page.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
import threading
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import structlog
from filelock import FileLock, Timeout

from serving.deliveries.uploads import VERDICT, Upload, Uploads
from serving.deliveries.videos import CONTRACT
from vitrina.files import write_atomically
from vitrina.inbox.findings import Findings

log = structlog.get_logger()

LONGEST_S = 900.0
MOST_BYTES = 512_000_000
"""Tables are checked in memory, as text: larger ones are read when they are loaded. What other programs write is streamed."""

AT_ONCE = 2
"""Checks of one worker; more would wait for the same cores."""


class Outcome(StrEnum):
    """What would become of a file."""

    ACCEPTED = "accepted"
    PARTLY = "partly"
    REFUSED = "refused"
    UNCHECKED = "unchecked"
    """Nobody could find out."""


@dataclass(frozen=True)
class Verdict:
    """What was found in a complete file.

    Attributes
    ----------
    outcome
        What would become of it.
    fingerprint
        Of its content, as the ledger will tell it; empty where it could not be found.
    findings
        Of a table.
    video
        Facts of a video, for people.
    reason
        Why a video cannot be read, or why nobody could find out; English.
    """

    outcome: Outcome
    fingerprint: str = ""
    findings: Findings | None = None
    video: dict[str, Any] = field(default_factory=dict)
    reason: str = ""

    def as_json(self) -> str:
        """As it is stored."""
        return json.dumps(asdict(self) | {"findings": self.findings.as_json() if self.findings else None})

    @classmethod
    def from_json(cls, text: str) -> Verdict:
        """What `as_json` stored."""
        stored = json.loads(text)
        findings = Findings.from_json(stored["findings"]) if stored["findings"] else None
        return cls(**(stored | {"outcome": Outcome(stored["outcome"]), "findings": findings}))


class Checker:
    """Has complete uploads checked, a few at a time, each once however many workers there are.

    Parameters
    ----------
    uploads
        Where they lie.
    """

    def __init__(self, uploads: Uploads) -> None:
        self.uploads = uploads
        self._free = threading.Semaphore(AT_ONCE)
        self._asked: dict[str, threading.Thread] = {}
        self._lock = threading.Lock()

    def verdict(self, upload: Upload) -> Verdict | None:
        """The verdict, or None while it is being found; asking is what has it found."""
        stored = self._stored(upload)
        if stored is None:
            with self._lock:
                thread = self._asked.get(upload.id)
                if thread is None or not thread.is_alive():
                    # a daemon: a worker that is told to stop waits for no check, and another asks again
                    thread = threading.Thread(target=self._check, args=(upload,), name="checking", daemon=True)
                    self._asked = {key: one for key, one in self._asked.items() if one.is_alive()} | {upload.id: thread}
                    thread.start()
        return stored

    def wait(self, upload: Upload, timeout_s: float) -> Verdict | None:
        """The verdict, waiting a while for it."""
        found = self.verdict(upload)
        if found is None:
            self._asked[upload.id].join(timeout_s)
            found = self._stored(upload)
        return found

    def _stored(self, upload: Upload) -> Verdict | None:
        try:
            return Verdict.from_json(self.uploads.verdict(upload).read_text(encoding="utf-8"))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _check(self, upload: Upload) -> None:
        folder = self.uploads.folder / upload.id
        if not folder.is_dir():
            return
        try:
            with self._free, FileLock(folder / "checking.lock", timeout=0, thread_local=False):
                if self._stored(upload) is None:
                    self._run(folder)
        except Timeout:
            # another worker is on it
            return
        except OSError as error:
            log.warning("upload_not_checked", upload=upload.id, error=str(error))

    def _run(self, folder: Path) -> None:
        try:
            done = subprocess.run(
                [sys.executable, "-m", "serving.deliveries.checking", str(folder)],
                env=os.environ | {"OMP_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=LONGEST_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            reason = "The check took too long."
        else:
            if done.returncode == 0:
                return
            log.warning("upload_check_failed", returncode=done.returncode, error=done.stderr[-2000:].decode("utf-8", "replace"))
            reason = "The check ended before its time: the file may need more memory than there is."
        if folder.is_dir():
            write_atomically(folder / VERDICT, Verdict(Outcome.UNCHECKED, reason=reason).as_json())


def check(folder: Path) -> Verdict:
    """What the inbox would say of the upload in a folder."""
    upload = Upload.from_json((folder / "upload.json").read_text(encoding="utf-8"))
    part = folder / "part"
    return _of_video(part, upload) if upload.contract == CONTRACT else _of_table(part, upload)


def _of_table(part: Path, upload: Upload) -> Verdict:
    from vitrina.catalogue import CONTRACTS  # noqa: PLC0415  # heavy, and only the process that checks needs it
    from vitrina.files import sha256_of  # noqa: PLC0415  # as above
    from vitrina.inbox.validate import validate_file  # noqa: PLC0415  # as above

    fingerprint = sha256_of(part)
    contracts = [contract for contract in CONTRACTS if contract.product == upload.product]
    contract = next(contract for contract in contracts if contract.name == upload.contract)
    if contract.reader is None and upload.length > MOST_BYTES:
        return Verdict(Outcome.UNCHECKED, fingerprint, reason="The file is too large to be checked here.")
    today = dt.datetime.now(dt.UTC).date()
    found = validate_file(part, contracts, today=today, contract=contract.name, delivered_as=upload.inbox_path)
    outcome = Outcome.REFUSED if found.findings.failure else Outcome.ACCEPTED if found.accepted else Outcome.PARTLY
    return Verdict(outcome, fingerprint, found.findings)


def _of_video(part: Path, upload: Upload) -> Verdict:
    from vitrina.sellers.fingerprints import fingerprint  # noqa: PLC0415  # heavy, as above
    from vitrina.sellers.video_facts import UnreadableVideoError, probe  # noqa: PLC0415  # as above

    with part.open("rb") as file:
        content = fingerprint(file, upload.length)
    try:
        facts = probe(part)
    except UnreadableVideoError as error:
        return Verdict(Outcome.REFUSED, content, reason=f"{error.problem} {error.remedy}")
    shown = {name: getattr(facts, name) for name in ("codec", "width", "height", "fps", "duration_s", "frames")}
    return Verdict(Outcome.ACCEPTED, content, video=shown | {"notes": list(facts.notes)})


def main() -> None:
    """Check the upload in a folder, and write its verdict beside it."""
    folder = Path(sys.argv[1])
    os.nice(5)
    write_atomically(folder / VERDICT, check(folder).as_json())


if __name__ == "__main__":
    main()
