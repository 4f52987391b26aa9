"""New stores from a file that somebody wrote: read as a delivery is, and refused with the place of what is wrong."""

import io

import openpyxl
import polars as pl
import pytest

from tests.stores.made_up_stores import three_groups
from vitrina.errors import ScenarioError
from vitrina.inbox.messages import RefusedFileError
from vitrina.stores.approved_model import fit_model
from vitrina.stores.clustering import cluster_stores
from vitrina.stores.new_stores import read_new_stores
from vitrina.stores.scenario import Scenario

FEATURES = ("revenue", "average_basket")
PLAIN = "store_id,revenue,average_basket\nпос-1,910.5,25\n00123,,40.25\n"
READ = {"store_id": ["пос-1", "00123"], "revenue": [910.5, None], "average_basket": [25.0, 40.25]}


@pytest.fixture
def read(tmp_path):
    def reading(content, name="planned.csv", features=FEATURES):
        file = tmp_path / name
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_new_stores(file, features)

    return reading


def workbook(*rows):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    with io.BytesIO() as buffer:
        book.save(buffer)
        return buffer.getvalue()


def parquet(frame):
    with io.BytesIO() as buffer:
        frame.write_parquet(buffer)
        return buffer.getvalue()


WITH_SEMICOLONS = "Store_ID;revenue;average_basket;Комментарий\nпос-1;910,5;25;у кольцевой\n00123;;40,25;\n"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("planned.csv", PLAIN.encode()),
        ("planned.csv", PLAIN.encode("utf-16")),
        ("planned.csv", WITH_SEMICOLONS.encode()),
        ("planned.csv", WITH_SEMICOLONS.encode("cp1251")),
        ("planned.tsv", PLAIN.replace(",", "\t").encode()),
        ("planned.xlsx", workbook(["store_id", *FEATURES], ["пос-1", 910.5, 25], ["00123", None, 40.25])),
        ("planned.parquet", parquet(pl.DataFrame(READ))),
        (
            "planned.jsonl",
            '{"store_id":"пос-1","revenue":910.5,"average_basket":25}\n{"store_id":"00123","average_basket":40.25}'.encode(),
        ),
    ],
)
def test_every_kind_of_file_that_can_be_delivered_can_be_asked_about(read, name, content):
    assert read(content, name).to_dict(as_series=False) == READ


def test_a_planned_store_is_assigned_with_a_margin_and_what_speaks_for_it(read):
    model = fit_model(cluster_stores(*three_groups(), Scenario(n_clusters=3)), version=1, decision_id="d")
    row = model.assign(read("store_id;revenue;average_basket\nplanned;910;25,0\n", features=model.features)).row(0, named=True)
    assert row["scored_cluster"] == 1
    assert row["margin"] > 0
    assert row["reason"]
    assert row["imputed"] == "receipts, age"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("revenue\n1\n", "planned.csv has no column store_id"),
        ("store_id,colour\na,red\n", "none of the model's features.*revenue, average_basket"),
        ("store_id,revenue\na,1\n,2\n", "planned.csv, row 3, column store_id: found '', expected a value"),
        ("store_id,revenue\na,1\nb,1\na,2\n", "row 4, column store_id: 'a' stands in row 2 already"),
        ("store_id,revenue\na,1\nb,much\n", "planned.csv, row 3, column revenue: found 'much', expected a number"),
        ("store_id,revenue\na,nan\n", "row 2, column revenue: found 'nan', expected a number"),
        ("store_id,revenue\na,inf\n", "row 2, column revenue: found 'inf', expected a number"),
        ("store_id,revenue\na,1e999\n", "row 2, column revenue: found '1e999', expected a number"),
        ("store_id,revenue\na,1\n\nb\n", "row 4, column .whole row.: .* expected 2 cells"),
        ("store_id,revenue,average_basket\na,1,2\nb,,\nc,,\nd,,3\n", "no feature of the model is known: b, c"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_place(read, content, told):
    with pytest.raises(ScenarioError, match=told):
        read(content)


def test_of_many_unknown_stores_only_the_first_are_named(read):
    with pytest.raises(ScenarioError, match=r"known: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, …\."):
        read("store_id,revenue\n" + "".join(f"{number},\n" for number in range(30)))


@pytest.mark.parametrize(
    ("name", "content"), [("a.csv", b""), ("a.csv", b"store_id\n"), ("a.xlsx", b"PK\x03\x04"), ("a.pdf", b"x")]
)
def test_a_file_that_is_no_table_is_told_so(read, name, content):
    with pytest.raises(RefusedFileError, match="What to do"):
        read(content, name)


def test_a_formula_in_a_column_that_is_not_used_is_none_of_our_business(read):
    content = workbook(["store_id", "revenue", "sum"], ["a", 1, "=B2*2"])
    assert read(content, "a.xlsx").height == 1
    with pytest.raises(ScenarioError, match=r"row 2, column revenue: .* expected a value, not a formula"):
        read(workbook(["store_id", "revenue"], ["a", "=1+1"]), "b.xlsx")


def test_a_file_that_is_gone_is_told(tmp_path):
    with pytest.raises(ScenarioError, match="cannot be opened"):
        read_new_stores(tmp_path / "gone.csv", FEATURES)
