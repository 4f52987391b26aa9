"""The pages over what the graph has published: what is fresh, every table, and all of them as one file."""

import duckdb
import pytest

from tests.pages import visiting
from vitrina.publication import current
from vitrina.settings import PRODUCTS, Settings
from vitrina.state.roles import Grant, Role

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("retailer")]

TABLE = "mart_cluster_members"


@pytest.fixture(scope="module")
def visitor(retailer):
    with visiting(retailer.settings, name="somebody who sees everything") as made:
        yield made


def test_the_first_page_shows_what_is_published_and_where_to_go(visitor, retailer):
    page = visitor.page("/")
    assert page.status_code == 200
    assert 'href="/published/stores"' in page.text
    assert 'href="/files/stores.duckdb"' in page.text
    assert page.text.count("Nothing is published yet") == len(PRODUCTS) - 1


def test_every_published_table_is_listed_with_its_rows_and_what_they_mean(visitor, retailer):
    found = visitor.api("/api/v1/products/stores").json()
    assert found["version"] == current(retailer.settings, "stores").version
    table = next(table for table in found["tables"] if table["name"] == TABLE)
    assert table["rows"] > 0
    assert table["meaning"]
    page = visitor.page("/published/stores").text
    assert all(table["name"] in page for table in found["tables"])
    # marts, which people read, stand first
    names = [table["name"] for table in found["tables"]]
    assert names == sorted(names, key=lambda name: (not name.startswith("mart_"), name))


def test_the_tables_are_a_duckdb_file(visitor, tmp_path):
    file = tmp_path / "stores.duckdb"
    file.write_bytes(visitor.page("/files/stores.duckdb").content)
    with duckdb.connect(str(file), read_only=True) as connection:
        assert connection.execute(f"SELECT count(*) FROM {TABLE}").fetchall()[0][0] > 0


@pytest.mark.parametrize(
    "address",
    [
        "/files/..%2fledger.duckdb",
        "/files/sellers.duckdb",
        "/files/stores.duckdb/..",
        "/files/",
        "/published/..%2fstores",
        "/published/sellers",
        "/api/v1/products/..%2f..%2fledger",
        "/tables/stores.duckdb",
        "/reports/stores/2026-07-01/..%2f..%2fledger",
    ],
)
def test_what_is_not_published_is_not_there(visitor, address):
    assert visitor.page(address).status_code == 404


def test_whoever_has_no_role_sees_nothing_of_it(visitor, retailer):
    with visiting(retailer.settings, Grant(Role.VIEWER, "posts"), name="somebody else") as other:
        assert "/published/stores" not in other.page("/").text
        assert other.page("/published/stores").status_code == 403
        assert other.page("/files/stores.duckdb").status_code == 403
        assert other.api("/api/v1/products").json() == []


def test_an_empty_data_folder_says_what_to_do(tmp_path):
    with visiting(Settings(data=tmp_path, _env_file=None)) as visitor:
        page = visitor.page("/")
    assert page.status_code == 200
    assert "make demo" in page.text
