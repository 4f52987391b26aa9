"""Propensity for programs: months, scores, plans, quality, drift, effect, files."""

import csv
import io

import pytest

from tests.pages import make_person, token_of
from tests.propensity.published_months import BUDGET, EFFECTS, HOSTILE, JUDGED, MONTHS, NEWEST, OLD, N, campaign, scores
from vitrina.files import sha256_of
from vitrina.propensity.campaign_file import campaign_list
from vitrina.propensity.contact_plan import Ranking
from vitrina.state.roles import Grant, Role

pytestmark = pytest.mark.xdist_group("published bank")

API = "/api/v1/propensity"
ROUTES = ("months", "scores", "plan", "quality", "drift", "effect", "files", f"scores/{NEWEST}.csv", f"files/{NEWEST}/csv")


def test_months_are_told_with_what_is_expected_and_who_is_left_out(bank):
    answer = bank.api(f"{API}/months").json()

    assert [one["month"] for one in answer["items"]] == [month.isoformat() for month in reversed(MONTHS)]
    newest, judged = answer["items"][0], answer["items"][1]
    assert newest["expected_openings"] == pytest.approx(scores(NEWEST)["probability"].sum())
    assert newest["openings"] is None
    assert judged["openings"] == scores(JUDGED)["opened"].sum()
    assert {one["rule"]: one["clients"] for one in newest["left_out"]} == {"liquidated": 7, "already has the account": 3}
    assert newest["snapshot_date"] == NEWEST.isoformat()


def test_scores_come_a_page_at_a_time_each_client_once(bank):
    address, seen = f"{API}/scores?limit=150", []
    while address:
        answer = bank.api(address).json()
        seen += [row["client_id"] for row in answer["items"]]
        address = answer["next"]

    assert answer["total"] == N
    assert seen == scores(NEWEST)["client_id"].to_list()


@pytest.mark.parametrize(
    ("asked", "fits"),
    [
        ({"decile": 2}, lambda row: row["decile"] == 2),
        ({"segment": "<b>large</b>"}, lambda row: row["segment"] == "<b>large</b>"),
        ({"okved": "6"}, lambda row: row["okved"].startswith("6")),
        ({"least": 0.2, "most": 0.4}, lambda row: 0.2 <= row["probability"] <= 0.4),
        ({"group": "control"}, lambda row: row["campaign_group"] == "control"),
        ({"group": "listed"}, lambda row: row["campaign_group"] is not None),
        ({"group": "none"}, lambda row: row["campaign_group"] is None),
        ({"client": "SCRIPT"}, lambda row: "script" in row["client_id"]),
        ({"month": JUDGED, "opened": True}, lambda row: row["opened"]),
        ({"month": JUDGED, "opened": False, "decile": 1}, lambda row: not row["opened"] and row["decile"] == 1),
    ],
)
def test_scores_are_filtered(bank, asked, fits):
    everybody = bank.api(f"{API}/scores", params={"limit": 1000, "month": asked.get("month", NEWEST)}).json()["items"]
    found = bank.api(f"{API}/scores", params={"limit": 1000, **asked}).json()

    assert 0 < found["total"] < N
    assert found["items"] == [row for row in everybody if fits(row)]


def test_nobody_opened_in_a_month_whose_openings_are_not_known(bank):
    assert [bank.api(f"{API}/scores?opened={opened}").json()["total"] for opened in ("true", "false")] == [0, 0]


def test_scores_are_sorted(bank):
    def first(order):
        return bank.api(f"{API}/scores?limit=1&order={order}").json()["items"][0]

    assert (first("rank")["rank"], first("-rank")["rank"]) == (1, N)
    assert first("client_id")["client_id"] == min(scores(NEWEST)["client_id"])


def test_a_plan_is_what_the_domain_says(bank):
    answer = bank.api(f"{API}/plan").json()
    plan = Ranking(scores(NEWEST)["probability"].to_numpy()).plan(campaign(NEWEST))

    assert (answer["contacts"], answer["control_size"]) == (BUDGET, 10)
    assert answer["expected_openings"] == pytest.approx(plan.openings)
    assert answer["cost"] == 90 * 100
    assert answer["value"] == pytest.approx(plan.openings * 10_000, abs=0.01)
    assert answer["net_value"] == pytest.approx(answer["value"] - answer["cost"])
    assert answer["detectable_uplift"] == pytest.approx(plan.detectable_uplift)
    assert [one["month"] for one in answer["past"]] == [JUDGED.isoformat(), OLD.isoformat()]
    # a quarter of both rankings
    assert [one["clients"] for one in answer["past"]] == [100, 100]
    assert answer["past"][0]["came"] == scores(JUDGED)["opened"][:100].sum()


def test_the_plan_of_the_setting_is_the_published_file(bank):
    plan = bank.api(f"{API}/plan").json()
    listed = campaign_list(scores(NEWEST).rename({"version": "model_version"}), campaign(NEWEST))
    offered = listed.filter(group="offer")["probability"]

    assert (plan["contacts"], plan["control_size"]) == (len(offered), listed.height - len(offered))
    assert plan["expected_openings"] == pytest.approx(offered.sum(), rel=0.02)


def test_a_plan_is_bounded_by_what_is_worth_its_cost(bank):
    answer = bank.api(f"{API}/plan?contacts=2147483647&control_share=0.5").json()

    assert answer["asked"] == 2**31 - 1
    assert answer["contacts"] == answer["most_contacts"] == N // 2
    assert answer["control_size"] == N // 2


def test_quality_drift_and_effect_are_as_they_were_published(bank):
    gini = bank.api(f"{API}/quality?measure=gini&scorer=scores").json()
    assert [(row["month"], row["value"], row["by_chance"]) for row in gini["items"]] == [
        (JUDGED.isoformat(), 0.5, 0.01),
        (OLD.isoformat(), 0.5, 0.01),
    ]
    drift = bank.api(f"{API}/drift?month={NEWEST}").json()
    assert (drift["items"][0]["feature"], drift["items"][0]["label"]) == ("n_key_rate", "key_rate")
    assert drift["total"] == 3
    effect = bank.api(f"{API}/effect?month={OLD}").json()
    assert {(row["comparison"], row["measure"], row["value"]) for row in effect["items"]} == {
        (comparison, measure, value) for month, comparison, measure, value, *_ in EFFECTS if month == OLD
    }


def test_files_are_named_and_are_what_was_published(bank, published_bank):
    (parquet, plain) = sorted(bank.api(f"{API}/files?month={NEWEST}").json()["items"], key=lambda one: one["format"], reverse=True)
    for one in (parquet, plain):
        answer = bank.api(one["address"])
        (path,) = (published_bank.data / "artifacts").rglob(f"{NEWEST:%Y-%m}-run/clients.{one['format']}")
        assert answer.content == path.read_bytes()
        assert one["sha256"] == sha256_of(path)
        assert answer.headers["content-disposition"] == f'attachment; filename="vitrina-2026-08-clients.{one["format"]}"'
        assert int(answer.headers["content-length"]) == len(answer.content)
    assert (plain["rows"], plain["control_rows"]) == (100, 10)


def test_scores_come_as_the_optimisers_csv(bank):
    answer = bank.api(f"{API}/scores/{NEWEST}.csv?client=1%2B1")
    (row,) = csv.DictReader(io.StringIO(answer.text))

    assert answer.headers["content-type"].startswith("text/csv")
    assert (row["client_id"], row["rank"], row["group"] in {"offer", "control"}) == ("'" + HOSTILE[3], "3", True)


@pytest.mark.parametrize(
    "asked",
    [
        "scores?month=1999-01-01",
        f"files/{NEWEST}/xlsx",
        "files/1999-01-01/csv",
        "scores/1999-01-01.csv",
        "plan?month=2026-08-02",
    ],
)
def test_what_is_not_there_is_not_found(bank, asked):
    answer = bank.api(f"{API}/{asked}")
    assert answer.status_code in {404, 422}
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "asked",
    [
        "scores?decile=0",
        "scores?decile=11",
        "scores?least=nan",
        "scores?least=1.1",
        "scores?group=all",
        "scores?order=probability; DROP TABLE x",
        "scores?limit=0",
        "scores?offset=99999999999999999999",
        "scores?month=tomorrow",
        "plan?contacts=0",
        "plan?contacts=2147483648",
        "plan?control_share=0",
        "plan?control_share=0.51",
        "scores?client=" + "x" * 201,
    ],
)
def test_what_cannot_be_meant_is_refused(bank, asked):
    assert bank.api(f"{API}/{asked}").status_code == 422


@pytest.mark.parametrize("text", ["%00", "%ED%A0%80", "'; DROP TABLE x; --", "%25_%5C", "\U0001f600", "$month"])
@pytest.mark.parametrize("field", ["client", "segment", "okved"])
def test_strange_texts_find_nobody_and_break_nothing(bank, field, text):
    answer = bank.api(f"{API}/scores?{field}={text}")
    assert (answer.status_code, answer.json()["total"]) == (200, 0)


def test_answers_are_kept_until_another_version(bank):
    first = bank.api(f"{API}/scores")
    again = bank.api(f"{API}/scores", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    assert bank.api(f"{API}/scores?version=20200101T000000000000Z").status_code == 410


@pytest.mark.parametrize("route", ROUTES)
def test_a_token_of_another_product_does_not_help(bank, published_bank, route):
    person = make_person(published_bank, f"stranger {route}", Grant(Role.VIEWER, "stores"))
    headers = {"Authorization": f"Bearer {token_of(published_bank, person, 'stores:read')}", "Accept": "application/json"}
    assert bank.get(f"{API}/{route}", headers=headers).status_code == 403


@pytest.mark.parametrize("route", ROUTES)
def test_a_viewer_may_read(bank, published_bank, route):
    person = make_person(published_bank, f"viewer {route}", Grant(Role.VIEWER, "propensity"))
    headers = {"Authorization": f"Bearer {token_of(published_bank, person, 'propensity:read')}", "Accept": "application/json"}
    assert bank.get(f"{API}/{route}", headers=headers).status_code == 200
