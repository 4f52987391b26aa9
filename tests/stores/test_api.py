"""Clusters for programs: lists of one version, requests and their answers, decisions."""

import pytest

from tests.pages import make_person, token_of
from tests.stores.asked_clusters import answered, fresh_seed
from tests.stores.published_stores import OWN, QUARTERS
from vitrina.state.roles import Grant, Role

pytestmark = pytest.mark.xdist_group("published stores")

STORES = "/api/v1/stores"


def everything(visitor, address):
    """All items of a list, page by page."""
    items = []
    while address:
        page = visitor.api(address)
        assert page.status_code == 200, page.text
        items += page.json()["items"]
        address = page.json()["next"]
    return items


def request_of(visitor, **scenario):
    asked = {
        "quarter": QUARTERS[1].isoformat(),
        "title": "By a program",
        "scenario": {"n_bootstraps": 2, "seed": fresh_seed()} | scenario,
    }
    return visitor.api(f"{STORES}/requests", "POST", json=asked)


def test_quarters_are_listed_the_newest_first_with_their_figures_and_reports(stores_site):
    found = everything(stores_site, f"{STORES}/quarters?limit=1")
    assert [row["quarter"] for row in found] == [day.isoformat() for day in reversed(QUARTERS)]
    assert [(row["n_stores"], row["n_clusters"], row["model_version"]) for row in found] == [(30, 3, 1)] * 2
    for address in found[0]["reports"].values():
        assert stores_site.page(address).status_code == 200


def test_every_store_has_one_cluster_by_either_grouping(stores_site):
    own = everything(stores_site, f"{STORES}/clusters?limit=7")
    model = everything(stores_site, f"{STORES}/clusters?by=model&quarter={QUARTERS[0]}")
    assert sorted(row["store_id"] for row in own) == [f"s{number:03d}" for number in range(30)]
    assert {row["cluster"] for row in own} == {1, 2, 3}
    assert {row["store_id"]: row["cluster"] for row in model}["s001"] == 2
    assert {row["cluster_name"] for row in model} >= {"Rich"}


def test_the_profile_is_that_of_the_marts(stores_site):
    found = everything(stores_site, f"{STORES}/profile?limit=5")
    richest = next(row for row in found if (row["feature"], row["cluster"]) == ("revenue", 1))
    assert richest["mean"] > richest["network_mean"]
    assert 0 <= richest["eta_squared"] <= 1
    assert {row["cluster"] for row in found} == {1, 2, 3}


def test_a_list_that_did_not_change_is_not_sent_again(stores_site):
    first = stores_site.api(f"{STORES}/quarters")
    again = stores_site.api(f"{STORES}/quarters", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert stores_site.api(f"{STORES}/clusters?version=other").status_code == 410


def test_a_request_is_made_answered_and_taken_away(stores_site):
    made = request_of(stores_site, n_clusters=3)
    assert made.status_code == 201, made.text
    assert made.json()["title"] == "By a program"
    found = answered(stores_site, made.json()["id"])
    assert (found["state"], found["n_clusters"]) == ("answered", 3)
    assert [row["n_clusters"] for row in found["measures"]] == list(range(2, 13))
    assert sum(one["n_stores"] for one in found["clusters"]) == 30
    members = everything(stores_site, f"{STORES}/requests/{found['id']}/members?limit=11")
    assert {row["cluster"] for row in members} == {1, 2, 3}
    report = stores_site.api(f"{found['report']}&language=en")
    assert report.content.startswith(b"PK")
    assert found["id"] in [row["id"] for row in everything(stores_site, f"{STORES}/requests?limit=3")]


@pytest.mark.parametrize(
    "scenario",
    [
        {"stores": ["nobody"]},
        {"features": ["no such feature"]},
        {"n_clusters": 0},
        {"n_clusters": 3.5},
        {"weights": {"revenue": 0}},
        {"weights": {"revenue": True}},
        {"unknown": 1},
        {"min_clusters": 5, "max_clusters": 3},
        {"formats": ["\x00"]},
        {"seed": 2**32},
        {"n_bootstraps": 100_000},
    ],
)
def test_a_request_that_cannot_be_answered_is_refused(stores_site, scenario):
    answer = request_of(stores_site, **scenario)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["remedy"]


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"quarter": "2021-04-01", "title": "\\ud800"}', b'{"quarter": 1e400}'])
def test_what_is_no_request_is_refused(stores_site, body):
    answer = stores_site.api(f"{STORES}/requests", "POST", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422


def test_what_nobody_asked_is_unknown(stores_site):
    for address in ("", "/members", "/report.xlsx"):
        assert stores_site.api(f"{STORES}/requests/{'0' * 32}{address}").status_code == 404


def test_decisions_are_made_and_refused_as_on_the_pages(stores_site):
    found = answered(stores_site, request_of(stores_site).json()["id"])
    approval = {"kind": "approve", "reason": "By a program", "request_id": found["id"], "fingerprint": found["fingerprint"]}
    before = stores_site.api(f"{STORES}/decisions/seen").json()
    made = stores_site.api(f"{STORES}/decisions", "POST", json=approval)
    assert made.status_code == 201, made.text
    assert (made.json()["kind"], made.json()["made_by"], made.json()["outcome"]) == ("approve", "ann", "on its way")
    for kind, more in (
        ("reject", {"request_id": found["id"], "fingerprint": found["fingerprint"]}),
        ("reject", {"version": 1}),
        ("rename", {"cluster": 2, "name": "Middling"}),
        ("move", {"store_id": "s010", "cluster": 1}),
        ("move", {"store_id": "s001"}),
    ):
        answer = stores_site.api(f"{STORES}/decisions", "POST", json={"kind": kind, "reason": "Why not", **more})
        assert answer.status_code == 201, (kind, answer.text)
    newest = stores_site.api(f"{STORES}/decisions/seen").json()
    stale = {"kind": "rename", "reason": "Too late", "cluster": 2, "name": "Middle", "after": before["after"]}
    assert newest["known"] == before["known"] + 6
    refused = stores_site.api(f"{STORES}/decisions", "POST", json=stale)
    assert (refused.status_code, refused.json()["type"]) == (409, "decided-meanwhile")
    assert stores_site.api(f"{STORES}/decisions", "POST", json=stale | {"after": newest["after"]}).status_code == 201


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"kind": "approve"}, 422),
        ({"kind": "approve", "request_id": "0" * 32, "fingerprint": "x"}, 404),
        ({"kind": "rename", "cluster": 1}, 422),
        ({"kind": "rename", "cluster": 9, "name": "Nine"}, 422),
        ({"kind": "move", "cluster": 1}, 422),
        ({"kind": "move", "store_id": "s000", "cluster": 1, "version": 8}, 422),
        ({"kind": "reject", "version": 8}, 404),
        ({"kind": "reject"}, 422),
        ({"kind": "erase"}, 422),
    ],
)
def test_a_decision_that_does_not_say_what_it_must_is_refused(stores_site, asked, status):
    answer = stores_site.api(f"{STORES}/decisions", "POST", json={"reason": "Because"} | asked)
    assert answer.status_code == status, answer.text


def test_a_wrong_fingerprint_is_a_conflict(stores_site):
    found = answered(stores_site, request_of(stores_site).json()["id"])
    asked = {"kind": "approve", "reason": "Because", "request_id": found["id"], "fingerprint": "0" * 12}
    assert stores_site.api(f"{STORES}/decisions", "POST", json=asked).status_code == 409


def test_tokens_do_what_they_were_made_for(stores_site):
    person = make_person(stores_site.settings, "a manager", Grant(Role.MANAGER, "stores"))
    reading = {"Authorization": f"Bearer {token_of(stores_site.settings, person, 'stores:read')}"}
    assert stores_site.get(f"{STORES}/quarters", headers=reading).status_code == 200
    rename = {"kind": "rename", "reason": "Because", "cluster": 1, "name": "One"}
    assert stores_site.post(f"{STORES}/decisions", json=rename, headers=reading).status_code == 403
    assert stores_site.post(f"{STORES}/decisions", json=rename, headers={"Authorization": "Bearer vitrina_x"}).status_code == 401


def test_the_usual_request_is_that_of_the_command_line(stores_site):
    made = stores_site.api(f"{STORES}/requests", "POST", json={"quarter": QUARTERS[1].isoformat()})
    assert made.status_code == 201, made.text
    assert made.json()["scenario"] == type(OWN)().to_json()
