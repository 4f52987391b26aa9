"""What people decide, from the command line through the inbox and the graph to the marts and the report."""

import json

import pytest
from typer.testing import CliRunner

from tests.support import Place, published
from vitrina.cli.app import app

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("retailer")]


def decide(place: Place, *arguments: str) -> str:
    result = CliRunner().invoke(
        app, ["stores", *arguments, "--reason", "Agreed in the meeting", "--data", str(place.settings.data)]
    )
    assert result.exit_code == 0, result.output
    return result.output


def run(place: Place) -> None:
    place.execute("stores_ingest")
    place.refresh()


def test_an_approved_request_becomes_a_model_that_people_name_and_correct(own_retailer):
    settings = own_retailer.settings
    ((first, last),) = published(settings, "SELECT min(quarter)::varchar, max(quarter)::varchar FROM cluster_scenarios")
    decide(own_retailer, "approve", first, "--yes")
    run(own_retailer)

    ((version, fitted, n_clusters),) = published(settings, "SELECT version, quarter::varchar, n_clusters FROM cluster_models")
    assert (version, fitted) == (1, first)
    quarters = published(settings, "SELECT DISTINCT quarter::varchar FROM model_assignments ORDER BY 1")
    assert (quarters[0][0], quarters[-1][0]) == (first, last)
    drift = published(settings, f"SELECT count(*), max(psi) FROM model_drift WHERE quarter = '{first}'")
    assert drift[0][0] > 0
    assert drift[0][1] < 0.01

    store, cluster = published(
        settings, f"SELECT store_id, cluster FROM model_assignments WHERE quarter = '{last}' ORDER BY store_id LIMIT 1"
    )[0]
    target = cluster % n_clusters + 1
    decide(own_retailer, "rename", str(target), '=HYPERLINK("Город")')
    decide(own_retailer, "move", store, str(target), "--yes")
    run(own_retailer)

    row = published(
        settings,
        f"SELECT approved_cluster, approved_name, moved_by_hand FROM mart_cluster_members WHERE quarter = '{last}' AND store_id = '{store}'",
    )
    assert row == [(target, '=HYPERLINK("Город")', True)]
    decisions = published(settings, "SELECT kind, outcome, reason FROM cluster_decisions ORDER BY made_at")
    assert decisions == [(kind, "in force", "Agreed in the meeting") for kind in ("approve", "rename", "move")]
    flows = published(
        settings, "SELECT sum(n_stores), bool_and(share_of_from <= 1) FROM mart_cluster_flows WHERE basis = 'approved model'"
    )
    assert flows[0][0] > 0
    assert flows[0][1]
    # the model is the one that was approved: a run does not fit it anew
    assert published(settings, "SELECT version FROM cluster_models") == [(1,)]


def test_decisions_in_a_delivered_file_are_judged_like_any_row(own_retailer):
    ((last,),) = published(own_retailer.settings, "SELECT max(quarter)::varchar FROM cluster_scenarios")
    good = {
        "decision_id": "a1", "kind": "approve", "made_at": "2026-10-05T09:00:00+03:00", "made_by": "a category manager",
        "reason": "First one", "quarter": last, "scenario": json.dumps({"n_clusters": 3}),
    }  # fmt: skip
    lines = [
        json.dumps(good),
        json.dumps(good | {"decision_id": "a2", "kind": "drop table"}),
        json.dumps(good | {"decision_id": "a3", "made_at": "yesterday"}),
        json.dumps(good | {"decision_id": "a4", "scenario": '{"n_clusters": "many"}', "made_at": "2026-10-06T09:00:00Z"}),
        "{not json",
    ]
    folder = own_retailer.settings.inbox_folder / "stores" / "decisions"
    folder.mkdir(parents=True)
    (folder / "meeting.jsonl").write_text("\n".join(lines), encoding="utf-8")
    run(own_retailer)

    refused = published(
        own_retailer.settings,
        "SELECT source_row, column_name FROM refused_rows WHERE source_file = 'stores/decisions/meeting.jsonl' ORDER BY 1",
    )
    assert [row for row, _ in refused] == [2, 3, 5]
    outcomes = published(own_retailer.settings, "SELECT decision_id, outcome, note FROM cluster_decisions ORDER BY 1")
    assert [(found[0], found[1]) for found in outcomes] == [("a1", "in force"), ("a4", "refused")]
    assert "n_clusters" in outcomes[1][2]
    assert published(own_retailer.settings, "SELECT version, n_clusters FROM cluster_models") == [(1, 3)]
    # a new quarter is asked what was approved
    chosen = published(own_retailer.settings, f"SELECT n_clusters FROM cluster_scenarios WHERE quarter = '{last}'")
    assert chosen == [(3,)]
