"""`vitrina stores …`: what people type, what they are told, and what is recorded."""

import datetime as dt
import getpass
import json

import duckdb
import polars as pl
import pytest
from rich.console import Console
from typer.testing import CliRunner

from tests.stores.made_up_stores import random_stores
from vitrina.cli.app import app
from vitrina.errors import PublicationError, ScenarioError, VitrinaError
from vitrina.publication.versions import Pointer, point_to, version_file
from vitrina.settings import Settings
from vitrina.state.store import DecisionStore
from vitrina.stores.approved_model import fit_model
from vitrina.stores.clustering import cluster_stores
from vitrina.stores.deciding import DecisionError
from vitrina.stores.scenario import Scenario

REQUEST = Scenario(n_clusters=3, n_bootstraps=2)
SCENARIO = REQUEST.to_json()
QUARTERS = {"f1": dt.date(2023, 10, 1), "f2": dt.date(2024, 1, 1)}
REASON = ("--reason", "the meeting of April")


def of_quarter(name):
    return [frame.with_columns(pl.lit(QUARTERS[name]).alias("quarter")) for frame in random_stores(40, seed=int(name[1]))]


FINGERPRINTS = {name: cluster_stores(*of_quarter(name), REQUEST).fingerprint for name in QUARTERS}


def publish(settings, *statements):
    file = version_file(settings, "stores", "v1")
    file.parent.mkdir(parents=True)
    with duckdb.connect(str(file)) as connection:
        for statement in statements:
            connection.execute(statement)
        for place, table in enumerate(("store_features", "feature_catalogue")):
            connection.register("frame", pl.concat([of_quarter(name)[place] for name in QUARTERS]))
            connection.execute(f"CREATE TABLE {table} AS SELECT * FROM frame")
    point_to(settings, Pointer("stores", "v1", "2024-04-12T00:00:00+00:00"))


SCENARIOS = f"""
    CREATE TABLE cluster_scenarios AS
    SELECT * FROM (VALUES
        (DATE '2023-10-01', 'abc', '{SCENARIO}', '{FINGERPRINTS["f1"]}'),
        (DATE '2024-01-01', 'abc', '{SCENARIO}', '{FINGERPRINTS["f2"]}'))
        AS t(quarter, scenario_id, scenario, fingerprint)
"""
ASSIGNMENTS = """
    CREATE TABLE model_assignments AS
    SELECT * FROM (VALUES
        (DATE '2023-10-01', '00123', 1, 1, 'Small', 2, 0.1, '7'),
        (DATE '2024-01-01', '00123', 2, 1, 'Large', 2, 0.25, '7'),
        (DATE '2024-01-01', '7', 2, 2, '', 1, NULL, NULL))
        AS t(quarter, store_id, version, cluster, name, next_cluster, margin, nearest_store_id)
"""


@pytest.fixture
def settings(tmp_path):
    made = Settings(data=tmp_path / "data", _env_file=None)
    publish(made, SCENARIOS, ASSIGNMENTS)
    return made


@pytest.fixture
def vitrina(settings):
    def run(*arguments, answer=None):
        result = CliRunner().invoke(app, ["stores", *arguments, "--data", str(settings.data)], input=answer)
        if isinstance(result.exception, VitrinaError):
            raise result.exception
        return result

    return run


def recorded(settings):
    return DecisionStore(settings).history("stores")


def lines(settings):
    return [json.loads(line) for path in settings.decisions_folder.rglob("*.jsonl") for line in path.read_text().splitlines()]


@pytest.mark.parametrize("quarter", ["2024-01-01", "2024-Q1", "2024q1"])
def test_an_approval_holds_the_request_and_the_fingerprint_that_the_person_saw(vitrina, settings, quarter):
    result = vitrina("approve", quarter, "--yes", *REASON, "--by", "category manager")
    assert result.exit_code == 0, result.output
    assert "make run" in result.output
    (line,) = lines(settings)
    told = {name: line[name] for name in ("kind", "quarter", "scenario", "fingerprint", "made_by", "reason", "version")}
    assert told == {
        "kind": "approve",
        "quarter": "2024-01-01",
        "scenario": SCENARIO,
        "fingerprint": FINGERPRINTS["f2"],
        "made_by": "category manager",
        "reason": "the meeting of April",
        "version": None,
    }


def test_who_decides_is_the_user_of_the_operating_system_unless_said(vitrina, settings, monkeypatch):
    monkeypatch.setattr(getpass, "getuser", lambda: "somebody")
    vitrina("approve", "2024-Q1", "--yes", *REASON)
    assert recorded(settings)[0].made_by == "somebody"

    def nobody():
        raise KeyError

    monkeypatch.setattr(getpass, "getuser", nobody)
    with pytest.raises(DecisionError, match="--by"):
        vitrina("approve", "2024-Q1", *REASON)


def test_a_decision_without_a_reason_is_not_recorded(vitrina, settings):
    assert vitrina("approve", "2024-Q1").exit_code == 2
    with pytest.raises(DecisionError, match="reason is empty"):
        vitrina("approve", "2024-Q1", "--reason", "  ")
    assert recorded(settings) == ()


def test_an_approval_shows_the_clusters_and_asks_before_it_is_recorded(vitrina, settings):
    refused = vitrina("approve", "2024-Q1", *REASON, answer="n\n")
    assert refused.exit_code == 1
    assert recorded(settings) == ()
    for told in ("Number of clusters: 3", "Jaccard", "Stores per cluster: 1: ", "Stability per cluster", FINGERPRINTS["f2"]):
        assert told in refused.output
    assert vitrina("approve", "2024-Q1", *REASON, answer="y\n").exit_code == 0
    assert [decision.body["fingerprint"] for decision in recorded(settings)] == [FINGERPRINTS["f2"]]


def test_another_request_is_shown_and_approved_with_its_own_fingerprint(vitrina, settings):
    request = Scenario(n_clusters=2, n_bootstraps=2)
    result = vitrina("approve", "2024-Q1", "--yes", "--request", request.to_json(), *REASON)
    fingerprint = cluster_stores(*of_quarter("f2"), request).fingerprint
    assert f"Fingerprint {fingerprint}" in result.output
    assert [decision.body["fingerprint"] for decision in recorded(settings)] == [fingerprint]


def test_published_clusters_that_their_features_no_longer_give_are_not_approved(vitrina, settings):
    with duckdb.connect(str(version_file(settings, "stores", "v1"))) as connection:
        connection.execute("UPDATE cluster_scenarios SET fingerprint = 'other'")
    with pytest.raises(DecisionError, match="are other; its published features now give"):
        vitrina("approve", "2024-Q1", "--yes", *REASON)
    assert recorded(settings) == ()


MODELS = "CREATE TABLE cluster_models AS SELECT * FROM (VALUES (1, 'abc'), (2, 'abc'), (3, 'other')) AS t(version, scenario_id)"
WITHDRAWN = """
    CREATE TABLE cluster_decisions AS
    SELECT * FROM (VALUES ('reject', 1, 'in force'), ('reject', 2, 'refused'), ('reject', NULL, 'recorded')) AS t(kind, version, outcome)
"""


def test_a_rejected_request_that_is_approved_says_that_its_model_stays_in_force(vitrina, settings):
    assert "stays in force" not in vitrina("reject", "2024-Q1", *REASON).output
    with duckdb.connect(str(version_file(settings, "stores", "v1"))) as connection:
        connection.execute(MODELS)
        connection.execute(WITHDRAWN)
    output = vitrina("reject", "2024-Q1", *REASON).output
    assert "Version 2 was approved with this request and stays in force" in output
    assert "--version 2 --reason" in output
    assert output.count("stays in force") == 1
    assert "stays in force" not in vitrina("reject", "2024-Q1", "--version", "2", *REASON).output
    assert len(recorded(settings)) == 3


def test_a_request_is_rejected_or_a_version_is_withdrawn(vitrina, settings):
    vitrina("reject", "2023-Q4", *REASON)
    vitrina("reject", "2024-Q1", "--version", "2", *REASON)
    request, version = (decision.body for decision in recorded(settings))
    assert (request["quarter"], request["fingerprint"], request["version"]) == ("2023-10-01", FINGERPRINTS["f1"], None)
    assert (version["quarter"], version["fingerprint"], version["version"]) == ("2024-01-01", None, 2)


@pytest.mark.parametrize("cluster", ["1", "Large", "large "])
def test_a_cluster_is_renamed_by_its_number_or_its_present_name(vitrina, settings, cluster):
    assert vitrina("rename", cluster, "Ring road", *REASON).exit_code == 0
    (decision,) = recorded(settings)
    assert {name: value for name, value in decision.body.items() if value is not None} == {
        "quarter": "2024-01-01",
        "version": 2,
        "cluster": 1,
        "name": "Ring road",
    }


def test_an_older_version_is_named_by_an_option(vitrina, settings):
    vitrina("rename", "1", "Ring road", "--version", "1", *REASON)
    assert (recorded(settings)[0].body["version"], recorded(settings)[0].body["quarter"]) == (1, "2023-10-01")


def test_a_move_shows_what_lies_nearest_and_asks_before_it_is_recorded(vitrina, settings):
    refused = vitrina("move", "00123", "2", *REASON, answer="n\n")
    assert refused.exit_code == 1
    assert recorded(settings) == ()
    for told in ("cluster 1 “Large” (version 2, quarter 2024-01-01)", "most alike            7", "cluster 2, 0.25 standard"):
        assert told in refused.output
    assert vitrina("move", "00123", "2", *REASON, answer="y\n").exit_code == 0
    (decision,) = recorded(settings)
    assert (decision.body["store_id"], decision.body["cluster"], decision.body["version"]) == ("00123", 2, 2)


def test_a_move_is_taken_back_by_a_flag(vitrina, settings):
    assert vitrina("move", "00123", "--back", "--yes", *REASON).exit_code == 0
    (line,) = lines(settings)
    assert (line["kind"], line["store_id"], line["cluster"]) == ("move", "00123", None)
    for unclear in (["00123"], ["00123", "2", "--back"]):
        with pytest.raises(DecisionError, match="not clear"):
            vitrina("move", *unclear, "--yes", *REASON)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["approve", "2024-04-01"], "2024-04-01 has no clusters.*closest that has is 2024-01-01"),
        (["approve", "2020-Q1"], "closest that has is 2023-10-01"),
        (["approve", "spring"], "no quarter.*Write it as 2024-01-01"),
        (["reject", "2024-Q1", "--version", "9"], "no approved version 9.*closest is 2"),
        (["rename", "5", "x"], "no cluster 5.*closest is 2; there are 1, 2"),
        (["rename", "Lagre", "x"], "no cluster 'Lagre'.*closest is 'Large'"),
        (["rename", "1", " "], "name is empty"),
        (["rename", "1", "x" * 201], "201 characters"),
        (["move", "0123", "2", "--yes"], "store '0123' is in no cluster.*closest is '00123'"),
        (["move", "00123", "1", "--yes"], "in cluster 1 already"),
        (["move", "00123", "Huge", "--yes"], "closest is"),
    ],
)
def test_what_is_not_there_is_told_with_the_closest_and_nothing_is_recorded(vitrina, settings, arguments, told):
    with pytest.raises(DecisionError, match=told):
        vitrina(*arguments, *REASON)
    assert recorded(settings) == ()


@pytest.mark.parametrize("assignments", [[], [ASSIGNMENTS, "DELETE FROM model_assignments"]])
def test_without_an_approved_version_people_are_told_to_approve_first(tmp_path, vitrina, settings, assignments):
    version_file(settings, "stores", "v1").unlink()
    version_file(settings, "stores", "v1").parent.rmdir()
    publish(settings, SCENARIOS, *assignments)
    for arguments in (["rename", "1", "x"], ["move", "00123", "2", "--yes"], ["rename", "1", "x", "--version", "3"]):
        with pytest.raises(DecisionError, match="Approve a request first"):
            vitrina(*arguments, *REASON)


def test_a_published_version_without_fingerprints_is_to_be_published_anew(vitrina, settings):
    version_file(settings, "stores", "v1").unlink()
    version_file(settings, "stores", "v1").parent.rmdir()
    publish(settings, SCENARIOS, "ALTER TABLE cluster_scenarios DROP COLUMN fingerprint")
    with pytest.raises(DecisionError, match="older Vitrina"):
        vitrina("approve", "2024-Q1", *REASON)


def test_nothing_published_is_told(tmp_path):
    result = CliRunner().invoke(app, ["stores", "approve", "2024-Q1", *REASON, "--data", str(tmp_path)])
    assert isinstance(result.exception, PublicationError)
    assert not (tmp_path / "state.sqlite").exists()


def test_a_planned_store_in_a_file_from_a_russian_spreadsheet_is_assigned(vitrina, settings, tmp_path):
    model = fit_model(cluster_stores(*of_quarter("f2"), REQUEST), version=2, decision_id="d")
    with duckdb.connect(str(version_file(settings, "stores", "v1"))) as connection:
        connection.register("frame", model.to_row())
        connection.execute("CREATE TABLE cluster_models AS SELECT * FROM frame")
    file = tmp_path / "planned.csv"
    file.write_bytes("store_id;revenue;average_basket;город\nпос-1;910,5;25,0;Тверь\n".encode("cp1251"))
    output = vitrina("assign", "2024-Q1", str(file)).output
    assert "Version 2, fitted on 2024-01-01" in output
    assert "пос-1" in output
    with pytest.raises(ScenarioError, match="in force from 2023-10-01 on"):
        vitrina("assign", "2023-Q3", str(file))


def test_the_history_lists_every_decision_newest_first_whatever_stands_in_it(vitrina, settings, monkeypatch):
    monkeypatch.setattr("vitrina.cli.decisions.console", Console(width=300))
    moments = iter([dt.datetime(2024, 4, 12, 9, 30, tzinfo=dt.UTC), dt.datetime(2024, 4, 13, 9, 30, tzinfo=dt.UTC)])
    monkeypatch.setattr("vitrina.cli.stores._now", lambda: next(moments))
    vitrina("rename", "1", "[red]x[/red]", "--reason", "[link=http://x]y[/link]", "--by", "somebody")
    vitrina("move", "00123", "--back", "--yes", *REASON)
    output = vitrina("decisions").output
    assert output.index("2024-04-13 09:30") < output.index("2024-04-12 09:30")
    for told in ("[red]x[/red]", "[link=http://x]y[/link]", "somebody", "store_id 00123, taken back", "not in the graph yet"):
        assert told in output


def test_the_history_of_a_new_data_folder_is_empty_and_leaves_nothing_behind(tmp_path):
    result = CliRunner().invoke(app, ["stores", "decisions", "--data", str(tmp_path)])
    assert result.exit_code == 0
    assert list(tmp_path.iterdir()) == []


def test_the_history_tells_what_became_of_a_decision_wherever_it_was_made(tmp_path, monkeypatch):
    settings = Settings(data=tmp_path / "other", _env_file=None)
    monkeypatch.setattr("vitrina.cli.decisions.console", Console(width=300))
    published = """
        CREATE TABLE cluster_decisions AS
        SELECT 'd1' AS decision_id, 'move' AS kind, TIMESTAMPTZ '2024-04-14 12:00:00+03' AS made_at, 'somebody' AS made_by, 'why' AS reason,
            DATE '2024-01-01' AS quarter, 2 AS version, 3 AS cluster, NULL AS name, '9' AS store_id, 'refused' AS outcome, 'Unknown store.' AS note
    """
    publish(settings, SCENARIOS, ASSIGNMENTS, published)
    data = ["--data", str(settings.data)]
    CliRunner().invoke(app, ["stores", "rename", "1", "Large ones", *REASON, *data])
    output = CliRunner().invoke(app, ["stores", "decisions", *data]).output
    assert "2024-04-14 09:00" in output
    assert "refused: Unknown store." in output
    assert output.count("not in the graph yet") == 1
