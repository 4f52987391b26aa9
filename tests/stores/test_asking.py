"""A request of one's own on what was published, and new stores by the approved model."""

import duckdb
import polars as pl
import pytest

from tests.stores.made_up_stores import QUARTER, random_stores, three_groups
from vitrina.errors import ScenarioError
from vitrina.stores.approved_model import fit_model
from vitrina.stores.asking import ask, assign_new_stores, describe_request, model_in_force, read_request, read_table
from vitrina.stores.clustering import cluster_stores
from vitrina.stores.scenario import Scenario


@pytest.fixture
def published():
    features, catalogue = random_stores(60, seed=2)
    connection = duckdb.connect()
    for name, frame in (("store_features", features), ("feature_catalogue", catalogue)):
        connection.register("frame", frame)
        connection.execute(f"CREATE TABLE {name} AS SELECT * FROM frame")
    return connection


@pytest.fixture(scope="module")
def model():
    return fit_model(cluster_stores(*three_groups(), Scenario(n_clusters=3)), version=1, decision_id="d")


def test_a_request_is_answered_as_a_run_would(published):
    scenario = Scenario(n_clusters=4, features=("assortment",))
    assert ask(published, QUARTER, scenario).fingerprint == cluster_stores(*random_stores(60, seed=2), scenario).fingerprint


def test_a_quarter_without_features_is_refused_with_those_there_are(published):
    with pytest.raises(ScenarioError, match=r"1999-01-01 has no features.*2022-07-01"):
        ask(published, QUARTER.replace(year=1999, month=1), Scenario())


def test_a_request_is_read_from_json_or_from_a_file(tmp_path):
    file = tmp_path / "request.json"
    file.write_text('{"n_clusters": 5}', encoding="utf-8")
    assert read_request('{"n_clusters": 5}') == read_request(str(file)) == Scenario(n_clusters=5)


@pytest.mark.parametrize("text", ["no such file", "\0", "[1]", "", "."])
def test_what_is_no_request_is_told_so(text):
    with pytest.raises(ScenarioError, match="neither a JSON object nor a readable file"):
        read_request(text)


def test_a_file_that_never_ends_is_no_request(tmp_path):
    file = tmp_path / "large.json"
    file.write_text("{" + " " * 200_000, encoding="utf-8")
    with pytest.raises(ScenarioError, match="more than 100000 characters"):
        read_request(str(file))


def test_only_what_differs_from_the_usual_request_is_told():
    assert describe_request(Scenario(n_clusters=5, weights=(("revenue", 2.0),))) == '{"n_clusters": 5, "weights": {"revenue": 2.0}}'


def test_a_planned_store_is_assigned_with_a_margin_and_what_speaks_for_it(model):
    described = pl.DataFrame({"store_id": ["planned"], "revenue": ["910"], "average_basket": ["25"]})
    row = assign_new_stores(model, described).row(0, named=True)
    assert row["scored_cluster"] == 1
    assert row["margin"] > 0
    assert row["reason"]
    assert row["imputed"] == "receipts, age"


@pytest.mark.parametrize(
    ("described", "told"),
    [
        ({"revenue": ["1"]}, "no column store_id"),
        ({"store_id": ["a", "a"], "revenue": ["1", "2"]}, "stands there twice"),
        ({"store_id": ["a"], "colour": ["red"]}, "none of the model's features"),
        ({"store_id": ["a"], "revenue": ["much"]}, "revenue: some values are no numbers"),
    ],
)
def test_a_description_that_cannot_be_used_is_refused(model, described, told):
    with pytest.raises(ScenarioError, match=told):
        assign_new_stores(model, pl.DataFrame(described))


@pytest.mark.parametrize("content", [b"", b"store_id\n", b"\xff\xfe\x00", b"a,b\n1,2,3\n"])
def test_a_file_that_is_no_table_is_told_so(tmp_path, content):
    file = tmp_path / "planned.csv"
    file.write_bytes(content)
    with pytest.raises(ScenarioError, match=r"cannot be read as CSV|has no rows"):
        read_table(file)


def test_without_an_approved_model_the_error_says_what_to_do(published, model):
    published.register("models", model.to_row())
    published.execute("CREATE TABLE cluster_models AS SELECT * FROM models")
    published.execute("CREATE TABLE model_assignments (quarter DATE, version BIGINT)")
    with pytest.raises(ScenarioError, match="Approve a request first"):
        model_in_force(published, QUARTER)
    published.execute("INSERT INTO model_assignments VALUES (?, 1)", [QUARTER])
    assert model_in_force(published, QUARTER).version == 1
