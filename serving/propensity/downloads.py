"""Files to take away: the optimiser's own, as it was published, and the list as somebody filtered it, as CSV and Excel."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import polars as pl
from fastapi.responses import Response, StreamingResponse

from serving.propensity.client_list import Wanted, find, rows_for_the_optimiser
from serving.propensity.scored_months import ScoredMonth
from serving.web.languages import speaker
from serving.web.problems import Problem, not_found
from serving.web.versions import Version
from vitrina.errors import PublicationError
from vitrina.propensity.campaign_file import as_csv
from vitrina.propensity.campaign_tables import CampaignLists, OptimiserFiles
from vitrina.settings import Locale, Settings

FILES = OptimiserFiles.table_name()
MEDIA_TYPES = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_EXCEL_ROWS = 20_000
"""A workbook is made as a whole, and of more rows it takes longer than people wait; the CSV has no limit."""

_COLUMNS = [declared.name for declared in CampaignLists.columns()]
_PIECE = 1 << 20


def optimiser_files(version: Version) -> list[dict[str, Any]]:
    """Rows of `OptimiserFiles`, the newest month first; none where the table is not published."""
    if not version.has(FILES):
        return []
    return version.remembered(FILES, lambda: version.rows(f"SELECT * FROM {FILES} ORDER BY month DESC, format"))  # noqa: S608  # a table of ours


def optimiser_file(version: Version, settings: Settings, month: dt.date, file_format: str) -> StreamingResponse:
    """The file for the optimiser, if it still is what was published.

    Raises
    ------
    Problem, PublicationError
        No such file was published, or it is gone or another one.
    """
    row = next((row for row in optimiser_files(version) if (row["month"], row["format"]) == (month, file_format)), None)
    if row is None:
        raise not_found("published file", f"{month:%Y-%m}, {file_format}")
    file = _opened(settings.data, row["path"], row["sha256"])
    size = file.seek(0, 2)
    file.seek(0)
    name = f"vitrina-{month:%Y-%m}-clients.{file_format}"
    return StreamingResponse(
        _pieces(file), media_type=MEDIA_TYPES[file_format], headers={**_saved_as(name), "Content-Length": str(size)}
    )


def as_optimiser_csv(version: Version, month: ScoredMonth, wanted: Wanted, settings: Settings) -> StreamingResponse:
    """The clients that are wanted, as rows of the optimiser's file, however many."""
    parts = rows_for_the_optimiser(version, month, wanted, settings)
    return StreamingResponse(_as_csv(parts), media_type=MEDIA_TYPES["csv"], headers=_saved_as(_name(wanted, "csv")))


def as_workbook(version: Version, month: ScoredMonth, wanted: Wanted, settings: Settings, locale: Locale) -> Response:
    """The clients that are wanted, with reasons, for people.

    Raises
    ------
    Problem
        There are too many for a workbook.
    """
    from serving.propensity.workbook import workbook  # noqa: PLC0415  # openpyxl: only a workbook needs it

    found = find(version, wanted, 0, 0)
    if found.total > MOST_EXCEL_ROWS:
        say = speaker(locale)
        raise Problem(
            422,
            say("{n} clients are too many for an Excel file.", n=f"{found.total:,}"),
            say("Filter the list down to {n} clients, or take the CSV.", n=f"{MOST_EXCEL_ROWS:,}"),
            kind="too-many",
        )
    parts = list(rows_for_the_optimiser(version, month, wanted, settings))
    content = workbook(version, month, wanted, pl.concat(parts) if parts else None, settings=settings, locale=locale)
    return Response(content, media_type=EXCEL, headers=_saved_as(_name(wanted, "xlsx")))


def _opened(data: Path, path: str, sha256: str) -> BinaryIO:
    """The file, at its beginning: what was compared is what is sent."""
    place = (data / path).resolve()
    if not place.is_relative_to((data / "artifacts").resolve()):
        raise PublicationError(f"{path} does not lie in the folder of artifacts.", "Run the month again.")
    try:
        file = place.open("rb")
    except OSError as error:
        raise PublicationError(f"The file {path} is not there any more.", "Run the month again, or restore the file.") from error
    if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
        file.close()
        raise PublicationError(f"The file {path} was changed after it was published.", "Run the month again, or restore the file.")
    file.seek(0)
    return file


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while piece := file.read(_PIECE):
            yield piece


def _as_csv(parts: Iterator[pl.DataFrame]) -> Iterator[bytes]:
    is_first = True
    for part in parts:
        yield as_csv(part.select(_COLUMNS), include_header=is_first).encode()
        is_first = False
    if is_first:
        yield as_csv(CampaignLists.empty()).encode()


def _name(wanted: Wanted, suffix: str) -> str:
    return f"vitrina-{wanted.month:%Y-%m}-clients{'-filtered' if wanted.is_filtered else '-all'}.{suffix}"


def _saved_as(name: str) -> dict[str, str]:
    # lists of clients are not left lying in a browser
    return {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"}
