import datetime as dt
import os
from pathlib import Path

import polars as pl
import pytest

from vitrina.dictionary import DataDictionary
from vitrina.publication import Candidate, publish, referenced_files, remove_unreferenced
from vitrina.publication.files import GRACE
from vitrina.settings import Settings
from vitrina.stores import reporting
from vitrina.stores.report import Provenance
from vitrina.tables import Table, column
from vitrina.warehouse import Warehouse, locate, replace

NOON = dt.datetime(2026, 10, 1, 12, tzinfo=dt.UTC)


class Poster(Table, product="stores", published=True):
    """One row per poster."""

    path: str = column("Its file.", key=True)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data", published_versions=2)


@pytest.fixture
def warehouse(settings: Settings) -> Warehouse:
    return Warehouse(locate(settings, "stores"), 10)


def write_poster(number: int, settings: Settings, warehouse: Warehouse) -> Path:
    path = settings.artifacts / f"{number}.xlsx"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("poster")
    long_ago = (NOON - 2 * GRACE).timestamp()
    os.utime(path, (long_ago, long_ago))
    with warehouse.write() as connection:
        replace(connection, Poster, pl.DataFrame({"path": [path.relative_to(settings.data).as_posix()]}))
    return path


def sweep(settings: Settings, warehouse: Warehouse) -> tuple[Path, ...]:
    referenced = referenced_files("stores", "poster", warehouse=warehouse, settings=settings)
    return remove_unreferenced(settings.artifacts, referenced, now=NOON)


def test_files_of_kept_versions_and_of_the_warehouse_stay_and_older_ones_go(settings, warehouse):
    paths = []
    for number in range(3):
        paths.append(write_poster(number, settings, warehouse))
        publish(
            "stores",
            [Candidate("poster")],
            DataDictionary.of([Poster]),
            warehouse=warehouse,
            settings=settings,
            now=NOON + dt.timedelta(minutes=number),
            run_id="run",
        )
    paths.append(write_poster(3, settings, warehouse))
    assert sweep(settings, warehouse) == (paths[0],)
    assert [path.exists() for path in paths] == [False, True, True, True]
    assert sweep(settings, warehouse) == ()


def test_a_file_that_a_run_has_just_written_waits_for_its_rows(settings, warehouse):
    write_poster(0, settings, warehouse)
    fresh = settings.artifacts / "fresh.xlsx"
    fresh.write_text("poster")
    os.utime(fresh, (NOON.timestamp(), NOON.timestamp()))
    assert sweep(settings, warehouse) == ()
    assert fresh.exists()


def test_where_nothing_was_ever_written_nothing_is_deleted(settings, warehouse):
    with warehouse.write():
        pass
    assert sweep(settings, warehouse) == ()


def test_a_report_of_a_later_run_lies_beside_that_of_an_earlier_one(settings, monkeypatch):
    def write(path, clustering, provenance, **_):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(provenance.run_id)
        return "0" * 64

    class Request:
        identifier = "request"

    class Answer:
        quarter = dt.date(2026, 7, 1)
        scenario = Request()
        fingerprint = "0123456789ab"

    monkeypatch.setattr(reporting, "write_report", write)
    written = {}
    for run in ("0a1b2c3d-4e5f-6789-0000-000000000000", "ffffffff-ffff-6789-0000-000000000000"):
        about = Provenance(run_id=run, snapshot=None, made_at=NOON, made_by="test", code_version="1")
        for path in reporting.write_reports([Answer()], about, settings, {}).get_column("path"):
            assert path not in written
            written[path] = run
    assert "artifacts/stores/cluster_report/clusters_2026-07-01_en_0a1b2c3d4e5f.xlsx" in written
    assert {path: (settings.data / path).read_text() for path in written} == written
