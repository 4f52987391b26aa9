"""One application: what is published, how fresh it is, and the files to take away."""

import datetime as dt
from pathlib import Path
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse
from fastapi.templating import Jinja2Templates

from vitrina.errors import PublicationError
from vitrina.files import sha256_of
from vitrina.publication import current, open_published
from vitrina.publication.versions import analysts_copy
from vitrina.settings import PRODUCTS, Settings

TEMPLATES = Jinja2Templates(Path(__file__).parent / "templates")
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def create_app(settings: Settings) -> FastAPI:
    """The application over one data folder.

    Parameters
    ----------
    settings
        The configuration; published files are looked up anew at every request, so a new version shows at once.
    """
    app = FastAPI(title="Vitrina", docs_url=None, redoc_url=None)

    @app.get("/", response_class=HTMLResponse)
    def home(request: Request) -> HTMLResponse:
        published = [found for product in PRODUCTS if (found := describe(settings, product)) is not None]
        return TEMPLATES.TemplateResponse(request, "home.html", {"products": published})

    @app.get("/api/v1/products")
    def products() -> list[dict[str, Any]]:
        """Every published product: version, tables, freshness, reports."""
        return [found for product in PRODUCTS if (found := describe(settings, product)) is not None]

    @app.get("/reports/{product}/{quarter}/{locale}", response_class=FileResponse)
    def report(product: str, quarter: dt.date, locale: str) -> FileResponse:
        """The Excel report of a quarter. Which file that is, the published table says, never the address."""
        path = report_path(settings, product, quarter, locale)
        return FileResponse(path, media_type=EXCEL, filename=path.name)

    @app.get("/tables/{product}.duckdb", response_class=FileResponse)
    def tables(product: str) -> FileResponse:
        """The published tables of a product as one DuckDB file."""
        if product not in PRODUCTS or not analysts_copy(settings, product).exists():
            raise HTTPException(404, f"Nothing is published for {product!r}.")
        return FileResponse(analysts_copy(settings, product), media_type="application/octet-stream", filename=f"{product}.duckdb")

    @app.exception_handler(PublicationError)
    def unpublished(_: Request, error: PublicationError) -> JSONResponse:
        return JSONResponse({"detail": error.problem, "remedy": error.remedy}, status_code=404)

    return app


def describe(settings: Settings, product: str) -> dict[str, Any] | None:
    """What is published of a product, or None where nothing is."""
    pointer = current(settings, product)
    if pointer is None:
        return None
    connection = open_published(settings, product)
    try:
        tables = connection.execute(
            "SELECT table_name, n_rows, state, as_of, reason FROM published_tables ORDER BY starts_with(table_name, 'mart_') DESC, table_name"
        ).fetchall()
        meanings = dict(connection.execute("SELECT table_name, comment FROM duckdb_tables()").fetchall())
        reports = (
            connection.execute("SELECT quarter, locale FROM cluster_report ORDER BY quarter DESC, locale").fetchall()
            if any(name == "cluster_report" for name, *_ in tables)
            else []
        )
    finally:
        connection.close()
    return {
        "product": product,
        "version": pointer.version,
        "published_at": pointer.published_at,
        "rolled_back_from": pointer.rolled_back_from,
        "tables": [
            {
                "name": name,
                "rows": rows,
                "state": state,
                "as_of": as_of.isoformat(),
                "reason": reason,
                "meaning": meanings.get(name) or "",
            }
            for name, rows, state, as_of, reason in tables
        ],
        "reports": [{"quarter": quarter.isoformat(), "locale": locale} for quarter, locale in reports],
    }


def report_path(settings: Settings, product: str, quarter: dt.date, locale: str) -> Path:
    """The file of a published report.

    Raises
    ------
    fastapi.HTTPException
        404: there is no such report, or its file is gone or not the one that was published.
    """
    if product not in PRODUCTS:
        raise HTTPException(404, f"There is no product {product!r}.")
    connection = open_published(settings, product)
    try:
        found = (
            connection.execute(
                "SELECT path, sha256 FROM cluster_report WHERE quarter = ? AND locale = ?", [quarter, locale]
            ).fetchall()
            if connection.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'cluster_report'").fetchall()
            else []
        )
    finally:
        connection.close()
    path = settings.data / str(found[0][0]) if found else None
    if path is None or not path.is_file():
        raise HTTPException(404, f"There is no report of {quarter} in {locale!r}.")
    if sha256_of(path) != found[0][1]:
        raise HTTPException(
            404, f"The file of the report of {quarter} in {locale!r} was changed after it was written: {path.name}."
        )
    return path
