"""Approving, rejecting, renaming and moving through the pages: recorded with who and why, checked, and never over somebody else's head."""

import datetime as dt
import html
import re

import pytest

from serving.stores.decisions import ON_ITS_WAY, seen_now
from tests.pages import make_person, visiting
from tests.stores.asked_clusters import an_answer
from tests.stores.published_stores import OWN, QUARTERS, publish_stores
from vitrina.publication.versions import version_file
from vitrina.settings import Settings
from vitrina.state.roles import Grant, Role
from vitrina.state.store import DecisionStore

pytestmark = pytest.mark.xdist_group("published stores")

REASON = {"reason": "Steady over six quarters"}


def last(visitor):
    return DecisionStore(visitor.settings).history("stores")[-1]


def looked(visitor):
    """What a form carries along of a page that was just made."""
    now = seen_now(visitor.settings)
    return {"after": now.after, "known": str(now.known)}


def seen(visitor, address):
    """What the forms of a page carry along: the last decision, and the clusters that are shown."""
    page = visitor.page(address).text
    found = {name: re.search(rf'name="{name}" value="([^"]*)"', page) for name in ("after", "known", "fingerprint", "k")}
    return {name: match[1] for name, match in found.items() if match}


def test_an_approval_holds_the_request_the_clusters_the_reason_and_who(stores_site):
    found = an_answer(stores_site)
    address = f"/stores/requests/{found['id']}"
    answer = stores_site.submit(f"{address}/approve", seen(stores_site, address) | REASON)
    assert answer.status_code == 303, answer.text
    made = last(stores_site)
    assert (made.kind, made.made_by, made.reason) == ("approve", "ann", REASON["reason"])
    assert (made.body["scenario"], made.body["fingerprint"]) == (found["scenario"], found["fingerprint"])
    assert made.body["quarter"] == QUARTERS[1].isoformat()
    page = html.unescape(stores_site.page(answer.headers["location"]).text)
    assert "Recorded: Approved." in page
    assert "not in the graph yet" in page
    assert (stores_site.settings.decisions_folder / made.delivered_as).exists()


def test_another_number_on_the_slider_is_approved_as_that_number(stores_site):
    found = an_answer(stores_site)
    address = f"/stores/requests/{found['id']}?k=5"
    answer = stores_site.submit(f"/stores/requests/{found['id']}/approve", seen(stores_site, address) | REASON)
    assert answer.status_code == 303, answer.text
    assert '"n_clusters":5' in last(stores_site).body["scenario"]


def test_two_who_approve_at_once_the_second_is_shown_what_the_first_decided(stores_site):
    found = an_answer(stores_site)
    address = f"/stores/requests/{found['id']}"
    both = seen(stores_site, address)
    assert stores_site.submit(f"{address}/approve", both | {"reason": "I was first"}).status_code == 303
    before = looked(stores_site)
    second = stores_site.submit(f"{address}/approve", both | {"reason": "I was second"})
    assert second.status_code == 409
    assert "I was first" in second.text
    assert "I was second" in second.text
    # and nothing that was decided before either of them looked
    assert second.text.count('<th scope="row">') == 1
    assert "Your decision was not recorded" in second.text
    assert looked(stores_site) == before


def test_clusters_that_were_not_looked_at_are_not_approved(stores_site):
    found = an_answer(stores_site)
    address = f"/stores/requests/{found['id']}"
    fields = seen(stores_site, address) | REASON
    for given in ({"fingerprint": "f" * 12}, {"k": "2"}):
        refused = stores_site.submit(f"{address}/approve", fields | given)
        assert refused.status_code == 409, refused.text
        assert "not the clusters that you have looked at" in refused.text


@pytest.mark.parametrize("reason", ["", "   ", "two\nlines", "x" * 1500])
def test_a_reason_has_to_be_given_in_words_on_one_line(stores_site, reason):
    before = looked(stores_site)
    answer = stores_site.submit("/stores/model/rename", {"model": "1", "cluster": "3", "name": "Poor", "reason": reason, **before})
    assert answer.status_code == 422
    assert looked(stores_site) == before


def test_clusters_can_be_noted_as_not_wanted(stores_site):
    found = an_answer(stores_site)
    address = f"/stores/requests/{found['id']}"
    assert stores_site.submit(f"{address}/reject", seen(stores_site, address) | REASON).status_code == 303
    made = last(stores_site)
    assert (made.kind, made.body["fingerprint"], made.body["version"]) == ("reject", found["fingerprint"], None)


def test_the_model_in_force_is_shown_with_its_names_moves_and_decisions(stores_site):
    page = html.unescape(stores_site.page("/stores/model").text)
    assert "<dd>1<small>fitted on Q1 2021" in page
    assert "Rich" in page
    assert "moved by hand" in page
    assert "Store s001 moved to cluster 2" in page
    assert stores_site.page("/stores/model?q=s001").text.count("/stores/model/stores/") == 1


def test_a_cluster_is_renamed(stores_site):
    fields = {"model": "1", "cluster": "3", "name": "Poor stores", **looked(stores_site)} | REASON
    assert stores_site.submit("/stores/model/rename", fields).status_code == 303
    made = last(stores_site)
    assert (made.kind, made.body["version"], made.body["cluster"], made.body["name"]) == ("rename", 1, 3, "Poor stores")
    for wrong in ({"cluster": "7"}, {"model": "9"}, {"name": " "}):
        assert stores_site.submit("/stores/model/rename", fields | wrong | {**looked(stores_site)}).status_code == 422


def test_a_store_is_moved_after_a_look_at_what_lies_nearest(stores_site):
    page = stores_site.page("/stores/model/stores/s002").text
    assert "To the next centre" in page
    assert "Most alike" in page
    fields = {"model": "1", "store_id": "s002", "cluster": "2", **looked(stores_site)} | REASON
    assert stores_site.submit("/stores/model/move", fields).status_code == 303
    assert (last(stores_site).body["store_id"], last(stores_site).body["cluster"]) == ("s002", 2)


def test_a_move_is_taken_back(stores_site):
    assert "Take the move back" in stores_site.page("/stores/model/stores/s001").text
    assert "Take the move back" not in stores_site.page("/stores/model/stores/s003").text
    fields = {"model": "1", "store_id": "s001", "cluster": "", **looked(stores_site)} | REASON
    assert stores_site.submit("/stores/model/move", fields).status_code == 303
    assert (last(stores_site).body["store_id"], last(stores_site).body["cluster"]) == ("s001", None)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"store_id": "s003", "cluster": "1"}, "is in cluster 1 already"),
        ({"store_id": "nobody", "cluster": "1"}, "in no cluster"),
        ({"store_id": "s003", "cluster": "9"}, "There is no cluster 9"),
    ],
)
def test_a_move_that_makes_no_sense_is_refused(stores_site, given, told):
    fields = {"model": "1", **looked(stores_site)} | REASON | given
    answer = stores_site.submit("/stores/model/move", fields)
    assert (answer.status_code, told in html.unescape(answer.text)) == (422, True)


def test_a_version_is_withdrawn(stores_site):
    fields = {"model": "1", **looked(stores_site)} | REASON
    assert stores_site.submit("/stores/model/withdraw", fields).status_code == 303
    assert (last(stores_site).kind, last(stores_site).body["version"]) == ("reject", 1)
    assert stores_site.submit("/stores/model/withdraw", fields | {"model": "5"}).status_code == 404


def test_decisions_of_the_graph_and_those_on_their_way_are_told_apart(stores_site):
    listed = stores_site.api("/api/v1/stores/decisions").json()["items"]
    outcomes = {row["outcome"] for row in listed}
    assert {"in force", ON_ITS_WAY} <= outcomes
    assert [row["made_at"] for row in listed] == sorted((row["made_at"] for row in listed), reverse=True)


def test_viewers_decide_nothing(stores_site):
    viewer = make_person(stores_site.settings, "only a viewer", Grant(Role.VIEWER, "stores"))
    mine = stores_site.secret
    before = looked(stores_site)
    try:
        stores_site.sign_in(viewer)
        for address, fields in (
            ("/stores/model/rename", {"model": "1", "cluster": "1", "name": "X"}),
            ("/stores/model/move", {"model": "1", "store_id": "s003", "cluster": "2"}),
            ("/stores/model/withdraw", {"model": "1"}),
            (f"/stores/requests/{'0' * 32}/approve", {"fingerprint": "0" * 12}),
        ):
            assert stores_site.submit(address, fields | REASON).status_code == 403
        assert stores_site.api("/api/v1/stores/decisions", "POST", json={"kind": "rename", **REASON}).status_code == 403
    finally:
        stores_site.secret = mine
        stores_site.cookies.set("vitrina", mine)
    assert looked(stores_site) == before


def test_what_changed_since_it_was_looked_at_is_not_approved_and_what_did_not_is(tmp_path):
    settings = Settings(data=tmp_path, _env_file=None)
    publish_stores(settings)
    with visiting(settings, name="ann") as visitor:
        visitor.settings = settings
        found = an_answer(visitor)
        address = f"/stores/requests/{found['id']}"
        fields = seen(visitor, address) | REASON
        # the same tables again, and another
        publish_stores(settings, minute=1)
        visitor.app.state.service.versions.look()
        assert "Something newer was published" in visitor.page(address).text
        assert visitor.submit(f"{address}/approve", fields).status_code == 303
        version_file(settings, "stores", found["published_version"]).unlink()
        assert visitor.page(address).status_code == 200
        assert "not kept any more" in visitor.page(f"{address}?k=4").text


def test_the_published_clusters_are_known_to_be_approved(stores_site):
    same = an_answer(stores_site, quarter=QUARTERS[0].isoformat(), how="by_hand", n_clusters=str(OWN.n_clusters))
    page = stores_site.page(f"/stores/requests/{same['id']}").text
    assert "approved already, as version" in page
    assert "/approve" not in page


def test_moments_are_aware(stores_site):
    assert last(stores_site).made_at.tzinfo == dt.UTC
