import datetime as dt
import io
import shutil

import duckdb
import openpyxl
import polars as pl
import pytest
from fastapi.testclient import TestClient

from serving.app import create_app
from vitrina.dictionary import DataDictionary
from vitrina.publication import Candidate, current, publish
from vitrina.settings import Settings
from vitrina.stores.tables import StoresDeliveries
from vitrina.warehouse import Warehouse, locate, replace

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("retailer")]


@pytest.fixture
def client(retailer):
    return TestClient(create_app(retailer.settings))


def test_the_home_page_shows_what_is_published_and_offers_the_reports(client, retailer):
    page = client.get("/")
    assert page.status_code == 200
    assert current(retailer.settings, "stores").version in page.text
    assert "mart_cluster_members" in page.text
    assert page.text.count('href="/reports/stores/') >= 2


def test_a_report_is_a_workbook(client):
    report = client.get("/api/v1/products").json()[0]["reports"][0]
    answer = client.get(f"/reports/stores/{report['quarter']}/{report['locale']}")
    assert answer.status_code == 200
    assert len(openpyxl.load_workbook(io.BytesIO(answer.content)).sheetnames) >= 6


def test_a_report_whose_file_was_changed_is_refused(retailer, tmp_path):
    shutil.copytree(retailer.settings.data, tmp_path / "data")
    client = TestClient(create_app(Settings(data=tmp_path / "data")))
    report = client.get("/api/v1/products").json()[0]["reports"][0]
    address = f"/reports/stores/{report['quarter']}/{report['locale']}"
    assert client.get(address).status_code == 200
    for path in (tmp_path / "data" / "artifacts").rglob("*.xlsx"):
        path.write_bytes(b"something else")
    answer = client.get(address)
    assert answer.status_code == 404
    assert "was changed after it was written" in answer.json()["detail"]


def test_a_product_whose_reports_are_not_published_has_none(tmp_path):
    settings = Settings(data=tmp_path)
    warehouse = Warehouse(locate(settings, "stores"))
    with warehouse.write() as connection:
        replace(connection, StoresDeliveries, pl.DataFrame(schema=StoresDeliveries.polars_schema()))
    name, dictionary = StoresDeliveries.table_name(), DataDictionary.of([StoresDeliveries])
    now = dt.datetime(2026, 10, 1, tzinfo=dt.UTC)
    publish("stores", [Candidate(name)], dictionary, warehouse=warehouse, settings=settings, now=now, run_id="run")
    answer = TestClient(create_app(settings), raise_server_exceptions=False).get("/reports/stores/2026-07-01/en")
    assert answer.status_code == 404
    assert "no report" in answer.json()["detail"]


def test_the_tables_are_a_duckdb_file(client, tmp_path):
    file = tmp_path / "stores.duckdb"
    file.write_bytes(client.get("/tables/stores.duckdb").content)
    with duckdb.connect(str(file), read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM mart_cluster_members").fetchall()[0][0] > 0


@pytest.mark.parametrize(
    "address",
    [
        "/reports/stores/1999-01-01/en",
        "/reports/stores/2026-07-01/..%2f..%2fledger",
        "/reports/..%2f..%2fstores/2026-07-01/en",
        "/reports/sellers/2026-07-01/en",
        "/tables/..%2fledger.duckdb",
        "/tables/sellers.duckdb",
    ],
)
def test_what_is_not_published_is_not_there(client, address):
    assert client.get(address).status_code == 404


def test_an_empty_data_folder_says_what_to_do(tmp_path):
    page = TestClient(create_app(Settings(data=tmp_path))).get("/")
    assert "make demo" in page.text
