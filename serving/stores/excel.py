"""Workbooks as answers."""

from __future__ import annotations

from pathlib import Path

from fastapi.responses import FileResponse

from vitrina.state.cluster_requests import ClusterRequest

EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def workbook_answer(path: Path, asked: ClusterRequest, n_clusters: int | None, language: str) -> FileResponse:
    """The workbook of a request under a name that tells what it holds."""
    number = "" if n_clusters is None else f"_{n_clusters}"
    return FileResponse(path, media_type=EXCEL, filename=f"clusters_{asked.quarter}{number}_{language}_{asked.id[:8]}.xlsx")
