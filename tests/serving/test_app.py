import io

import duckdb
import openpyxl
import pytest
from fastapi.testclient import TestClient

from serving.app import create_app
from vitrina.publication import current
from vitrina.settings import Settings

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
