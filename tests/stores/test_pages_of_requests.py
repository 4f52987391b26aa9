"""Asking for clusters: answered at once or told why not, kept, cut anew, taken away as a workbook, whatever happens to the worker."""

import datetime as dt
import io
import re
from dataclasses import replace

import openpyxl
import pytest

from serving.stores.answers import Question, answers_folder
from serving.stores.desk import MOST_WAITING
from serving.stores.progress import LOST
from tests.stores.asked_clusters import an_answer, answered, asked, form, fresh_seed, scenario_of
from tests.stores.published_stores import QUARTERS, features_and_catalogue
from vitrina.state.cluster_requests import ClusterRequests
from vitrina.stores.clustering import cluster_stores
from vitrina.stores.report.staleness import read_origin
from vitrina.stores.scenario import Scenario

pytestmark = pytest.mark.xdist_group("published stores")

LONG_AGO = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def requests_of(visitor) -> ClusterRequests:
    return visitor.app.state.service.held["stores"].requests


def version_of(visitor) -> str:
    return visitor.app.state.service.versions.view()["stores"].name


def expected(scenario: Scenario):
    """What the domain makes of a request on the second quarter."""
    frames = [frame.filter(frame.get_column("quarter") == QUARTERS[1]) for frame in features_and_catalogue()]
    return cluster_stores(*frames, scenario)


def test_a_request_is_answered_with_the_clusters_that_the_domain_computes(stores_site):
    found = an_answer(stores_site, title=" Of the\nNorth ")
    right = expected(Scenario.from_json(found["scenario"]))
    assert (found["state"], found["fingerprint"], found["n_clusters"]) == ("answered", right.fingerprint, right.n_clusters)
    page = stores_site.page(f"/stores/requests/{found['id']}").text
    assert "<h1>Of the North</h1>" in page
    assert 'id="k"' in page
    assert page.count('class="tree"') == 1
    assert found["id"] in stores_site.page("/stores/requests").text


def test_the_waiting_page_asks_again_until_the_answer_is_there(stores_site):
    request_id = asked(stores_site, seed=str(fresh_seed()), n_bootstraps="1000")
    page = stores_site.page(f"/stores/requests/{request_id}").text
    if "<progress" in page:
        assert f'hx-get="/stores/requests/{request_id}/part"' in page
        assert 'role="status"' in page
        assert 'http-equiv="refresh"' in page
    assert answered(stores_site, request_id)["state"] == "answered"
    part = stores_site.page(f"/stores/requests/{request_id}/part").text
    assert "<html" not in part
    assert 'id="k"' in part
    assert "<progress" not in part


def test_the_slider_cuts_the_same_tree_elsewhere(stores_site):
    found = an_answer(stores_site)
    for k in (2, 5):
        part = stores_site.page(f"/stores/requests/{found['id']}/part?k={k}")
        assert part.headers["hx-replace-url"] == f"/stores/requests/{found['id']}?k={k}"
        assert part.text.count("<h3><span") == k
        cut = stores_site.api(f"/api/v1/stores/requests/{found['id']}?k={k}").json()
        right = expected(replace(Scenario.from_json(found["scenario"]), n_clusters=k))
        assert (cut["shown_fingerprint"], cut["n_clusters"]) == (right.fingerprint, k)
        assert cut["fingerprint"] == found["fingerprint"]
    assert stores_site.page(f"/stores/requests/{found['id']}/part?k=99").status_code == 422


def test_the_workbook_is_that_of_the_clusters_shown_in_either_language(stores_site, tmp_path):
    found = an_answer(stores_site)
    sheets = {}
    for language in ("en", "ru"):
        answer = stores_site.page(f"/stores/requests/{found['id']}/report.xlsx?k=3&language={language}")
        assert answer.status_code == 200, answer.text
        assert "attachment" in answer.headers["content-disposition"]
        file = tmp_path / f"{language}.xlsx"
        file.write_bytes(answer.content)
        origin = read_origin(file)
        assert (origin["locale"], origin["run"]) == (language, f"asked {origin['fingerprint']}")
        sheets[language] = openpyxl.load_workbook(io.BytesIO(answer.content)).sheetnames
    assert sheets["en"][0] == "Summary"
    assert sheets["ru"][0] == "Сводка"
    again = stores_site.page(f"/stores/requests/{found['id']}/report.xlsx?k=3&language=ru")
    assert again.content == (tmp_path / "ru.xlsx").read_bytes()


def test_every_option_of_the_form_reaches_the_request(stores_site):
    found = an_answer(
        stores_site,
        regions=["North"],
        without="s000, s002",
        features=["trade"],
        weights="revenue = 2",
        transform="robust",
        how="by_hand",
        n_clusters="3",
        min_clusters="2",
        max_clusters="5",
        min_cluster_size="1",
    )
    scenario = scenario_of(found)
    assert found["state"] == "answered", found["problem"]
    assert scenario["regions"] == ["North"]
    assert len(scenario["stores"]) == 13
    assert not {"s000", "s002"} & set(scenario["stores"])
    assert (scenario["weights"], scenario["transform"], scenario["n_clusters"]) == ({"revenue": 2.0}, "robust", 3)
    assert (scenario["max_clusters"], scenario["min_cluster_size"]) == (5, 1)
    # and from the request back to the form
    page = stores_site.page(f"/stores/new?like={found['id']}").text
    assert 'value="North" checked' in page
    assert "revenue = 2" in page
    assert 'value="robust" checked' in page


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"stores": "s001 s999"}, "not in this quarter"),
        ({"features": ["share_nothing"]}, "No feature or family"),
        ({"without": "s999"}, "no stores"),
        ({"without": " ".join(f"s{number:03d}" for number in range(30))}, "No store is left"),
        ({"how": "by_hand"}, "The number of clusters is missing"),
        ({"weights": "revenue"}, "is not a feature and its weight"),
        ({"weights": "revenue = nan"}, "must be a number above 0"),
        ({"formats": ["kiosk"]}, "No store of this quarter has the format"),
        ({"quarter": "2030-01-01"}, "has no features"),
        ({"window_quarters": "1"}, "no features over 1 quarter"),
        ({"min_clusters": "9", "max_clusters": "3"}, "is larger than"),
    ],
)
def test_what_cannot_be_answered_is_told_beside_the_form_as_it_was_filled_in(stores_site, given, told):
    before = requests_of(stores_site).count()
    answer = stores_site.submit("/stores/requests", form(title="Mine", **given))
    assert answer.status_code == 422
    assert told in answer.text
    assert 'value="Mine"' in answer.text
    assert requests_of(stores_site).count() == before


@pytest.mark.parametrize(
    "given",
    [
        {"n_clusters": "9" * 30},
        {"quarter": "yesterday"},
        {"seed": "-1"},
        {"title": "x" * 3000},
        {"transform": "magic"},
        {"title": "\x00\u202e"},
    ],
)
def test_hostile_fields_break_nothing(stores_site, given):
    assert stores_site.submit("/stores/requests", form(**given)).status_code < 500


def test_an_equal_request_is_answered_without_being_computed_again(stores_site):
    found = an_answer(stores_site)
    seed = str(scenario_of(found)["seed"])
    twin = requests_of(stores_site).find(asked(stores_site, seed=seed))
    assert twin.finished_at is not None
    assert (twin.id != found["id"], twin.fingerprint) == (True, found["fingerprint"])


def test_somebody_who_waits_for_too_many_is_asked_to_wait(stores_site):
    now = dt.datetime.now(dt.UTC)
    mine = [
        requests_of(stores_site).begin(
            by="ann", title="", quarter=QUARTERS[1], scenario=Scenario().to_json(), published_version="none", now=now
        )
        for _ in range(MOST_WAITING)
    ]
    try:
        answer = stores_site.submit("/stores/requests", form(seed=str(fresh_seed())))
        assert answer.status_code == 429
        assert "Wait" in answer.text
    finally:
        for request in mine:
            requests_of(stores_site).finish(request.id, now, problem="test")


def test_a_request_whose_worker_has_died_is_told_as_lost_and_can_be_repeated(stores_site):
    seed = fresh_seed()
    request = requests_of(stores_site).begin(
        by="ann",
        title="Left behind",
        quarter=QUARTERS[1],
        scenario=Scenario(n_bootstraps=2, seed=seed).to_json(),
        published_version=version_of(stores_site),
        now=LONG_AGO,
    )
    page = stores_site.page(f"/stores/requests/{request.id}").text
    assert "There is no answer" in page
    assert requests_of(stores_site).find(request.id).problem == LOST
    again = stores_site.submit(f"/stores/requests/{request.id}/again")
    assert again.status_code == 303
    made = answered(stores_site, again.headers["location"].rsplit("/", 1)[1])
    assert (made["state"], made["title"]) == ("answered", "Left behind")


def test_an_answer_that_was_kept_before_the_worker_died_is_found(stores_site):
    found = an_answer(stores_site)
    request = requests_of(stores_site).begin(
        by="ann",
        title="",
        quarter=QUARTERS[1],
        scenario=found["scenario"],
        published_version=found["published_version"],
        now=LONG_AGO,
    )
    assert 'id="k"' in stores_site.page(f"/stores/requests/{request.id}").text
    assert requests_of(stores_site).find(request.id).fingerprint == found["fingerprint"]


def test_an_answer_of_a_version_that_is_gone_is_offered_anew(stores_site):
    now = dt.datetime.now(dt.UTC)
    request = requests_of(stores_site).begin(
        by="ann",
        title="Old",
        quarter=QUARTERS[1],
        scenario=Scenario().to_json(),
        published_version="20200101T000000000000Z",
        now=now,
    )
    requests_of(stores_site).finish(request.id, now, fingerprint="0" * 12)
    page = stores_site.page(f"/stores/requests/{request.id}")
    assert (page.status_code, "This answer is not kept any more" in page.text) == (200, True)
    assert stores_site.api(f"/api/v1/stores/requests/{request.id}").status_code == 410
    assert stores_site.page(f"/stores/requests/{request.id}/report.xlsx").status_code == 410
    assert stores_site.submit(f"/stores/requests/{request.id}/again").status_code == 303


def test_a_kept_answer_of_an_older_version_says_that_there_is_newer_data(stores_site):
    found = an_answer(stores_site)
    question = Question(found["published_version"], QUARTERS[1], found["scenario"])
    older = Question("20200101T000000000000Z", QUARTERS[1], found["scenario"])
    folder = answers_folder(stores_site.settings)
    (folder / f"{older.key}.json").write_bytes((folder / f"{question.key}.json").read_bytes())
    now = dt.datetime.now(dt.UTC)
    request = requests_of(stores_site).begin(
        by="ann", title="", quarter=QUARTERS[1], scenario=found["scenario"], published_version=older.version, now=now
    )
    requests_of(stores_site).finish(request.id, now, fingerprint=found["fingerprint"])
    page = stores_site.page(f"/stores/requests/{request.id}").text
    assert "Something newer was published" in page
    assert 'id="k"' in page


def test_a_damaged_answer_is_computed_again(stores_site):
    found = an_answer(stores_site)
    question = Question(found["published_version"], QUARTERS[1], found["scenario"])
    (answers_folder(stores_site.settings) / f"{question.key}.json").write_text("{}", encoding="utf-8")
    assert stores_site.api(f"/api/v1/stores/requests/{found['id']}").json()["n_clusters"] == found["n_clusters"]


def test_the_stores_of_an_answer_are_searched(stores_site):
    found = an_answer(stores_site, how="by_hand", n_clusters="3")
    address = f"/stores/requests/{found['id']}/members?k=3"
    assert stores_site.page(f"{address}&cluster=2").text.count('scope="row"') == 10
    assert "s029" in stores_site.page(f"{address}&q=s029").text


def test_two_answers_are_compared(stores_site):
    three, two = (an_answer(stores_site, how="by_hand", n_clusters=number, title=f"Into {number}") for number in ("3", "2"))
    page = stores_site.page(f"/stores/compare?one={three['id']}&one={two['id']}").text
    assert "Into 3 → Into 2" in re.sub(r"<[^>]+>", "", page)
    assert re.search(r"Agreement</dt><dd>0\.\d\d", page)
    assert "10 stores are elsewhere" in page
    same = stores_site.page(f"/stores/compare?a={three['id']}&b=published").text
    assert "<dt>Agreement</dt><dd>1.00" in same
    assert "are elsewhere" not in same


def test_an_unanswered_request_is_not_compared(stores_site):
    now = dt.datetime.now(dt.UTC)
    request = requests_of(stores_site).begin(
        by="bob", title="", quarter=QUARTERS[1], scenario=Scenario().to_json(), published_version="none", now=now
    )
    requests_of(stores_site).finish(request.id, now, problem="no")
    assert stores_site.page(f"/stores/compare?a=published&b={request.id}").status_code == 409
