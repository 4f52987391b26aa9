"""A request of one's own on what was published, and new stores by the approved model."""

import duckdb
import pytest

from tests.stores.made_up_stores import QUARTER, random_stores, three_groups
from vitrina.errors import ScenarioError
from vitrina.stores.approved_model import fit_model
from vitrina.stores.asking import ask, describe_request, model_in_force, read_request
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


def test_without_an_approved_model_the_error_says_what_to_do(published, model):
    published.register("models", model.to_row())
    published.execute("CREATE TABLE cluster_models AS SELECT * FROM models")
    published.execute("CREATE TABLE model_assignments (quarter DATE, version BIGINT)")
    with pytest.raises(ScenarioError, match="Approve a request first"):
        model_in_force(published, QUARTER)
    published.execute("INSERT INTO model_assignments VALUES (?, 1)", [QUARTER])
    assert model_in_force(published, QUARTER).version == 1


def test_a_quarter_before_the_first_approved_model_is_told_which_version_is_in_force_and_from_when(published, model):
    published.register("models", model.to_row())
    published.execute("CREATE TABLE cluster_models AS SELECT * FROM models")
    published.execute(
        "CREATE TABLE model_assignments AS SELECT DATE '2022-07-01' AS quarter, 1 AS version UNION SELECT '2022-10-01', 2"
    )
    with pytest.raises(ScenarioError, match=r"in force in the quarter 2022-04-01.*Version 1 .* from 2022-07-01 .* to 2022-10-01"):
        model_in_force(published, QUARTER.replace(month=4))


def test_a_published_version_from_before_approved_models_is_to_be_made_anew(published):
    with pytest.raises(ScenarioError, match="older Vitrina"):
        model_in_force(published, QUARTER)
