"""Whether a workbook that somebody kept is still current: it carries its origin, and what is published knows the latest.

A file from anywhere may be asked about, so nothing of it is read but a small part of known size.
"""

from __future__ import annotations

import datetime as dt
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import polars as pl

from vitrina.errors import VitrinaError
from vitrina.files import sha256_of
from vitrina.stores.clustering import Clustering
from vitrina.stores.report.contents import Provenance

if TYPE_CHECKING:
    from openpyxl import Workbook

MAX_FILE_BYTES = 100_000_000
"""A report of 50,000 stores takes about 20 MB."""
MAX_PROPERTIES_BYTES = 100_000
MAX_PARTS = 10_000

_PROPERTIES = "docProps/custom.xml"
_WORKBOOK = "xl/workbook.xml"
_PREFIX = "vitrina_"
_NAMES = ("run", "quarter", "locale", "snapshot", "fingerprint", "scenario")
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"


ASKED = "asked "
"""What the run is called in a report that nobody's run wrote, but somebody asked for."""


class ReportUnreadableError(VitrinaError):
    """A file cannot be read as a workbook, or is made to do harm."""


class Verdict(Enum):
    """What a workbook is worth today."""

    CURRENT = "current"
    ASKED = "asked on the data that is published"
    SAME_CLUSTERS = "superseded, same clusters"
    SUPERSEDED = "superseded"
    EDITED = "changed since it was written"
    NOT_FROM_HERE = "not from here"


@dataclass(frozen=True)
class ReportStanding:
    """A workbook beside what is published.

    Attributes
    ----------
    verdict
        The answer.
    origin
        What the workbook says of itself: ``run``, ``quarter``, ``locale``, ``snapshot``, ``fingerprint``, ``scenario``;
        empty where it says nothing.
    current_run_id
        The run whose report is current; empty where none is published for the quarter and language.
    differs
        Of ``"snapshot"``, ``"request"`` and ``"clusters"`` those that are not those of the current report.
    """

    verdict: Verdict
    origin: dict[str, str]
    current_run_id: str
    differs: tuple[str, ...]

    def describe(self, translate: Callable[[str], str] = str) -> str:
        """The answer in words, and what to do."""
        texts = {
            Verdict.CURRENT: translate("This report is current (run {run}, quarter from {quarter})."),
            Verdict.ASKED: translate(
                "This report answers a request that somebody asked of the quarter from {quarter}. The data are still those that are published; the published report ({current}) answers another request."
            ),
            Verdict.SAME_CLUSTERS: translate(
                "A later run ({current}) has replaced this report (run {run}, quarter from {quarter}), but every store is in the same cluster. Changed: {differs}."
            ),
            Verdict.SUPERSEDED: translate(
                "This report (run {run}, quarter from {quarter}) is out of date: run {current} has replaced it. Changed: {differs}. Use the new report."
            ),
            Verdict.EDITED: translate(
                "This report is of the current run ({run}, quarter from {quarter}), but the file was changed after it was written. Do not rely on its numbers: fetch it again."
            ),
            Verdict.NOT_FROM_HERE: translate("This workbook is not a cluster report that is published here."),
        }
        words = {"snapshot": translate("the data"), "request": translate("the request"), "clusters": translate("the clusters")}
        return texts[self.verdict].format(
            run=self.origin.get("run", ""),
            quarter=self.origin.get("quarter", ""),
            current=self.current_run_id,
            differs=", ".join(words[name] for name in self.differs) or translate("nothing but the run"),
        )


def stamp(workbook: Workbook, clustering: Clustering, provenance: Provenance, locale: str) -> None:
    """Write the origin into the workbook's own properties, where Excel keeps it when somebody saves the file."""
    from openpyxl.packaging.custom import StringProperty  # noqa: PLC0415  # only a report needs it

    from vitrina.workbooks.cells import safe_text  # noqa: PLC0415  # as above

    values = (
        provenance.run_id,
        clustering.quarter.isoformat(),
        locale,
        provenance.snapshot,
        clustering.fingerprint,
        clustering.scenario.identifier,
    )
    for name, value in zip(_NAMES, values, strict=True):
        workbook.custom_doc_props.append(StringProperty(name=f"{_PREFIX}{name}", value=safe_text(value)))


def judge_report(path: Path, published: pl.DataFrame) -> ReportStanding:
    """Compare a workbook with what is published.

    Parameters
    ----------
    path
        Any file.
    published
        The current reports, a row per quarter and language: ``quarter``, ``locale``, ``run_id``, ``sha256``,
        ``scenario_id``, ``fingerprint``, ``snapshot``.

    Raises
    ------
    ReportUnreadableError
        The file is no workbook, too large, or its origin is malformed.
    """
    origin = read_origin(path)
    current = _current(origin, published)
    if current is None:
        return ReportStanding(Verdict.NOT_FROM_HERE, origin, "", ())
    if current["run_id"] == origin["run"]:
        verdict = Verdict.CURRENT if current["sha256"] == sha256_of(path) else Verdict.EDITED
        return ReportStanding(verdict, origin, current["run_id"], ())
    pairs = (
        ("snapshot", "snapshot", "snapshot"),
        ("request", "scenario_id", "scenario"),
        ("clusters", "fingerprint", "fingerprint"),
    )
    differs = tuple(word for word, column, name in pairs if current[column] != origin[name])
    if origin["run"].startswith(ASKED) and "snapshot" not in differs:
        return ReportStanding(Verdict.ASKED, origin, current["run_id"], differs)
    verdict = Verdict.SUPERSEDED if "clusters" in differs else Verdict.SAME_CLUSTERS
    return ReportStanding(verdict, origin, current["run_id"], differs)


def read_origin(path: Path) -> dict[str, str]:
    """What a workbook says of itself; empty for one that was not written here.

    Raises
    ------
    ReportUnreadableError
        As `judge_report`.
    """
    _refuse_other_files(path)
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.namelist()
            if len(parts) > MAX_PARTS or _WORKBOOK not in parts:
                raise _unreadable(path, "it is an archive, but not a workbook")
            if _PROPERTIES not in parts:
                return {}
            with archive.open(_PROPERTIES) as part:
                # the size that the archive states may be a lie: only so much is unpacked
                content = part.read(MAX_PROPERTIES_BYTES + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise _unreadable(path, f"it is damaged or encrypted ({error})") from error
    return _parsed(path, content)


def _refuse_other_files(path: Path) -> None:
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            first = file.read(4)
    except OSError as error:
        raise _unreadable(path, f"it cannot be opened ({error.strerror})") from error
    if first == _OLD_EXCEL:
        raise _unreadable(path, "it is an old .xls workbook, or one with a password; reports are .xlsx without one")
    if size > MAX_FILE_BYTES:
        raise _unreadable(path, f"it has {size:,} bytes; a report has at most {MAX_FILE_BYTES:,}")
    if not first.startswith(b"PK"):
        raise _unreadable(path, "it is not a workbook")


def _parsed(path: Path, content: bytes) -> dict[str, str]:
    if len(content) > MAX_PROPERTIES_BYTES:
        raise _unreadable(path, f"its properties take more than {MAX_PROPERTIES_BYTES:,} bytes")
    try:
        text = content.decode("utf-8-sig")
        # entities could grow without end; no spreadsheet writes any
        if "<!" in text:
            raise _unreadable(path, "its properties declare entities")
        properties = ET.fromstring(text)  # noqa: S314  # small, and without entities
    except (UnicodeDecodeError, ET.ParseError, ValueError) as error:
        raise _unreadable(path, "its properties are malformed") from error
    found = {str(known.get("name", "")): "".join(known.itertext()) for known in properties}
    origin = {name: found[f"{_PREFIX}{name}"] for name in _NAMES if f"{_PREFIX}{name}" in found}
    return origin if len(origin) == len(_NAMES) else {}


def _current(origin: dict[str, str], published: pl.DataFrame) -> dict[str, Any] | None:
    try:
        quarter = dt.date.fromisoformat(origin.get("quarter", ""))
    except ValueError:
        return None
    rows = published.filter((pl.col("quarter") == quarter) & (pl.col("locale") == origin["locale"]))
    return rows.row(0, named=True) if rows.height else None


def _unreadable(path: Path, problem: str) -> ReportUnreadableError:
    return ReportUnreadableError(
        f"{path.name} cannot be judged: {problem}.", "Give an Excel file (.xlsx) as Vitrina wrote it, or as Excel saved it."
    )
