"""The marketing manager's pages: the month, the list and its downloads, quality, effect; in both languages, whatever is missing."""

import datetime as dt
import html
import io
import json
import re

import openpyxl
import polars as pl
import pytest

from serving.propensity import downloads
from tests.pages import visiting
from tests.propensity.published_months import (
    HOSTILE,
    JUDGED,
    MONTHS,
    NEWEST,
    OLD,
    N,
    campaign,
    publish_again,
    publish_months,
    scores,
)
from vitrina.propensity.campaign_file import read_campaign_csv
from vitrina.propensity.contact_plan import Ranking
from vitrina.settings import Settings
from vitrina.state.roles import Grant, Role

pytestmark = pytest.mark.xdist_group("published bank")

PAGES = {
    "/propensity": ("Who is likely to open an account: August 2026", "Кто, вероятно, откроет счёт: август 2026"),
    f"/propensity?month={JUDGED}": ("Openings that came", "Открытий на деле"),
    "/propensity/list": ("Clients and how likely they open an account", "Клиенты и вероятность открытия счёта"),
    "/propensity/quality": ("How good were the scores?", "Насколько хорош был скоринг?"),
    "/propensity/effect": ("Offer against control: the proof", "Предложение против контроля: доказательство"),
}
PARTS = ("/propensity/plan", "/propensity/list/rows")
FORM = {
    "client": "",
    "segment": "",
    "okved": "",
    "decile": "",
    "from_percent": "",
    "to_percent": "",
    "group": "",
    "opened": "",
    "order": "rank",
}
TAKEN_FOR_FORMULAS = ("=", "+", "-", "@", "\t", "\r")


def text_of(answer):
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def csv_frame(answer, tmp_path):
    path = tmp_path / "clients.csv"
    path.write_bytes(answer.content)
    return read_campaign_csv(path)


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("address", PAGES)
def test_every_page_is_there_in_both_languages(bank, address, language):
    answer = bank.page(address, headers={"Accept-Language": language})

    assert answer.status_code == 200
    assert answer.headers["content-language"] == language
    assert PAGES[address][language == "ru"] in text_of(answer)
    assert answer.text.count("<h1") == 1
    assert 'action="/feedback/propensity"' in answer.text


def test_the_month_says_what_is_expected_and_what_came_of_the_past(bank):
    shown = text_of(bank.page("/propensity"))
    newest, judged = scores(NEWEST), scores(JUDGED)

    assert f"Scored clients {N}" in shown
    assert f"Openings expected {newest['probability'].sum():.0f}" in shown
    rate = judged["opened"][: N // 10].mean()
    assert f"Likeliest tenth of May 2026 {rate:.0%}".replace("%", " %") in shown.replace("\N{NO-BREAK SPACE}", " ")
    assert "liquidated 7" in shown


def test_the_budget_of_the_setting_is_shown_first_and_another_one_is_worked_out(bank):
    ranking = Ranking(scores(NEWEST)["probability"].to_numpy())
    for asked, contacts in (("", 90), ("?contacts=200", 200)):
        plan = ranking.plan(campaign(NEWEST)) if contacts == 90 else None
        shown = text_of(bank.page(f"/propensity/plan{asked}")).replace("\N{NO-BREAK SPACE}", " ")
        assert f"of {contacts} contacts" in shown
        assert f"Cost {contacts * 100:,} RUB" in shown
        if plan is not None:
            assert f"Openings expected {plan.openings:.0f}" in shown
            assert "Control group 10 left alone, beside the contacts; list of 100" in shown


def test_a_budget_beyond_the_list_is_bounded(bank):
    shown = text_of(bank.page("/propensity/plan?contacts=2147483647"))
    assert "bounded 2,147,483,647 contacts were asked for; only 360 are expected to bring more than they cost." in shown


def test_gains_are_those_of_a_month_whose_openings_are_known(bank):
    opened = scores(JUDGED)["opened"]
    shown = text_of(bank.page("/propensity/plan")).replace("\N{NO-BREAK SPACE}", " ")
    gain = opened[:100].sum() / opened.sum()
    assert "Openings reached, by clients contacted: May 2026." in shown
    assert f"The first 25.0 % of the ranking (100 clients) held {100 * gain:.1f} % of all openings" in shown


def test_a_page_without_known_openings_says_that_nothing_is_measured(tmp_path):
    settings = Settings(data=tmp_path, _env_file=None)
    publish_months(settings, months=[NEWEST])
    with visiting(settings) as visitor:
        shown = text_of(visitor.page("/propensity"))
        assert "is not measured yet" in shown
        assert "there is no curve of gains" in shown
        assert "No month is judged yet." in text_of(visitor.page("/propensity/quality"))
        assert "No month's effect is known yet." in text_of(visitor.page("/propensity/effect"))


def test_contacts_that_cost_more_than_an_opening_brings_have_no_plan(published_bank):
    dear = published_bank.model_copy(update={"propensity_contact_cost": 9_000.0})
    with visiting(dear, name="dear") as visitor:
        for address in ("/propensity", "/propensity/plan?contacts=5"):
            assert "No client of the month is worth the cost of a contact." in text_of(visitor.page(address))
        plan = visitor.api("/api/v1/propensity/plan?contacts=5").json()
    assert (plan["contacts"], plan["most_contacts"], plan["conversion"]) == (0, 0, None)


def test_a_form_with_empty_fields_finds_everybody(bank):
    for address in ("/propensity/list", "/propensity/list/rows"):
        answer = bank.page(address, params={**FORM, "month": NEWEST.isoformat()})
        assert answer.status_code == 200
        assert f"August 2026: {N} clients" in text_of(answer)
    assert bank.page("/propensity", params={"month": "", "contacts": "", "control": ""}).status_code == 200


def test_the_list_is_filtered_and_its_address_follows(bank):
    answer = bank.page("/propensity/list/rows", params={**FORM, "decile": "2", "from_percent": "20", "month": NEWEST.isoformat()})
    expected = scores(NEWEST).filter((pl.col("decile") == 2) & (pl.col("probability") >= 0.2)).height

    assert f"August 2026: {expected} clients of {N}" in text_of(answer)
    assert answer.headers["hx-replace-url"] == f"/propensity/list?decile=2&from_percent=20.0&month={NEWEST}"
    again = bank.page(answer.headers["hx-replace-url"])
    assert f"August 2026: {expected} clients of {N}" in text_of(again)


def test_the_list_has_pages(bank):
    first, last = bank.page("/propensity/list"), bank.page(f"/propensity/list?offset={N - 50}")
    assert 'rel="next"' in first.text
    assert 'rel="prev"' not in first.text
    assert scores(NEWEST)["client_id"][-1] in last.text
    assert "The list ends before this page." in bank.page("/propensity/list?offset=10000000").text


def test_a_client_who_is_not_scored_may_be_one_of_those_left_out(bank):
    shown = text_of(bank.page("/propensity/list?client=nobody"))
    assert "No scored client is like that." in shown
    assert "already has the account: 3" in shown


def test_reasons_are_in_the_language_of_whoever_reads(bank):
    assert "turnover: high" in bank.page("/propensity/list").text
    russian = bank.page("/propensity/list", headers={"Accept-Language": "ru"}).text
    assert "возраст фирмы: низкое значение" in russian
    assert "turnover: high" not in russian


def test_names_that_are_markup_are_shown_as_text(bank):
    for address in ("/propensity", "/propensity/list", "/propensity/quality"):
        page = bank.page(address).text
        assert "<script>alert" not in page
        assert "<b>large" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in bank.page("/propensity/list").text


@pytest.mark.parametrize("month", MONTHS)
def test_the_list_filtered_to_the_file_is_the_file_byte_by_byte(bank, month):
    filtered = bank.page(f"/propensity/list/{month}.csv?group=listed")
    published = bank.page(f"/propensity/files/{month}/csv")

    assert published.status_code == 200
    assert filtered.content == published.content
    assert filtered.headers["content-disposition"] == f'attachment; filename="vitrina-{month:%Y-%m}-clients-filtered.csv"'
    assert filtered.headers["cache-control"] == "private, no-store"


def test_the_csv_holds_everybody_and_no_formula(bank, tmp_path, monkeypatch):
    # in several parts
    monkeypatch.setattr("serving.propensity.client_list.ROWS_AT_A_TIME", 64)
    answer = bank.page(f"/propensity/list/{NEWEST}.csv")
    cells = pl.read_csv(io.BytesIO(answer.content), infer_schema=False)

    assert cells.height == N
    for column in cells.get_columns():
        assert not any(cell.startswith(TAKEN_FOR_FORMULAS) for cell in column.drop_nulls()), column.name
    assert set(HOSTILE.values()) <= {name.removeprefix("'") for name in cells["client_id"]}


def test_a_filtered_csv_is_read_back_as_the_file_for_the_optimiser(bank, tmp_path):
    answer = bank.page(f"/propensity/list/{NEWEST}.csv?group=offer&decile=1")
    offered = csv_frame(answer, tmp_path)

    assert set(offered["group"]) == {"offer"}
    assert set(offered["client_id"]) <= set(scores(NEWEST)["client_id"][:40])
    assert set(offered["snapshot_date"]) == {NEWEST}


def test_a_list_of_nobody_has_headings(bank, tmp_path):
    assert csv_frame(bank.page(f"/propensity/list/{NEWEST}.csv?client=nobody"), tmp_path).is_empty()
    assert bank.page(f"/propensity/list/{NEWEST}.xlsx?client=nobody").status_code == 200


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_workbook_has_reasons_and_no_formula(bank, language):
    answer = bank.page(f"/propensity/list/{NEWEST}.xlsx?decile=1", headers={"Accept-Language": language})
    clients, about = openpyxl.load_workbook(io.BytesIO(answer.content)).worksheets
    rows = list(clients.iter_rows(min_row=2))

    assert answer.headers["content-disposition"].endswith('clients-filtered.xlsx"')
    assert len(rows) == N // 10
    assert {cell.data_type for row in rows for cell in row} <= {"s", "n"}
    named = {row[1].value: row for row in rows}
    assert {"=1+1", "+7", "@sum", "<script>alert(1)</script>"} <= named.keys()
    assert named["=1+1"][1].quotePrefix
    assert rows[0][8].value == scores(NEWEST)[f"reason_{language}"][0]
    assert rows[0][5].value == pytest.approx(scores(NEWEST)["probability"][0] * 10_000 - 100, abs=0.01)
    assert NEWEST.isoformat()[:7] in {cell.value for row in about.iter_rows() for cell in row}


def test_too_many_clients_for_a_workbook_are_refused_and_the_csv_is_offered(bank, monkeypatch):
    monkeypatch.setattr(downloads, "MOST_EXCEL_ROWS", 10)
    monkeypatch.setattr("serving.propensity.pages.MOST_EXCEL_ROWS", 10)
    answer = bank.page(f"/propensity/list/{NEWEST}.xlsx")
    assert answer.status_code == 422
    assert "Filter the list down to 10 clients, or take the CSV." in text_of(answer)
    page = bank.page("/propensity/list").text
    assert ".xlsx" not in page
    assert f"/propensity/list/{NEWEST}.csv" in page


@pytest.mark.parametrize("damage", ["changed", "gone", "elsewhere"])
def test_a_file_that_is_not_the_published_one_is_not_served(own_bank, tmp_path, damage):
    (path,) = own_bank.data.rglob(f"{NEWEST:%Y-%m}-run/clients.csv")
    content = path.read_bytes()
    path.unlink()
    if damage == "changed":
        path.write_bytes(content.replace(b"offer", b"ofter"))
    if damage == "elsewhere":
        (tmp_path / "copy.csv").write_bytes(content)
        path.symlink_to(tmp_path / "copy.csv")
    with visiting(own_bank, name="reader") as visitor:
        for address in (f"/propensity/files/{NEWEST}/csv", f"/api/v1/propensity/files/{NEWEST}/csv"):
            answer = visitor.page(address)
            assert answer.status_code == 404
            assert "Run the month again" in text_of(answer)
        assert visitor.page(f"/propensity/files/{NEWEST}/parquet").status_code == 200


@pytest.mark.parametrize(
    "address",
    [
        "/propensity?month=1999-01-01",
        "/propensity/list?month=9999-12-31",
        "/propensity/list/1999-01-01.csv",
        "/propensity/list/1999-01-01.xlsx",
        "/propensity/files/1999-01-01/csv",
        "/propensity/list?decile=11",
        "/propensity/list?from_percent=-1",
        "/propensity/list?to_percent=nan",
        "/propensity/list?offset=99999999999999999999999",
        "/propensity/list?group=everybody",
        "/propensity/plan?contacts=0",
        "/propensity/plan?contacts=1e99",
        "/propensity/plan?control=1",
        "/propensity?contacts=99999999999999999999",
        f"/propensity/files/{NEWEST}/..%2f..%2fledger.sqlite",
        "/propensity/list?client=" + "x" * 201,
    ],
)
def test_what_is_not_there_or_cannot_be_meant_is_told_and_is_no_error_of_ours(bank, address):
    assert bank.page(address).status_code in {404, 422}


@pytest.mark.parametrize("text", ["%00", "%ED%A0%80", "'; DROP TABLE x", "\U0001f600", "%F0%9F", "$client", "</section>"])
def test_strange_texts_find_nobody(bank, text):
    for field in ("client", "segment", "okved"):
        for part in ("", "/rows"):
            answer = bank.page(f"/propensity/list{part}?{field}={text}")
            assert answer.status_code == 200
            assert "No scored client is like that." in answer.text


def test_a_part_of_a_page_of_another_version_is_refused(bank):
    for part in PARTS:
        assert bank.page(f"{part}?version=20200101T000000000000Z").status_code == 410


def test_the_effect_says_what_is_proved(bank):
    shown = text_of(bank.page("/propensity/effect")).replace("\N{NO-BREAK SPACE}", " ")
    # all months together come first
    assert shown.index("Difference of the conversions 2.00 pp") < shown.index("not proved")
    assert "April 2026 20.0 % (18 / 90) 10.0 % (1 / 10) 5.00 1.00 to 9.00 2.00 10.0 % proved" in shown
    assert "banner, online by the file 123 RUB 100 to 200 RUB 50 4" in shown
    assert "× 2.5 openings of today's rule" in shown


def test_quality_says_what_has_moved_and_whether_promises_were_kept(bank):
    shown = text_of(bank.page("/propensity/quality"))
    assert "Gini 0.50 95 % interval 0.45 to 0.55" in shown
    assert "In August 2026, 2 features have moved" in shown
    assert "It moves with the calendar, not with the client: leave it out." in shown
    assert "too much promised" in shown
    assert "warns 2 features have moved" in shown
    assert "nothing_from_the_future No feature rests on a fact that is later than the snapshot. check passed" in shown
    assert "April 2026" in text_of(bank.page(f"/propensity/quality?month={OLD}"))


def test_a_check_that_holds_the_scores_back_is_named(own_bank):
    held = {"propensity_scores": "ranks_better_than_chance", "campaign_lists": "fits_declaration has not judged these rows"}
    publish_again(own_bank, hours=1, held_back=held)
    with visiting(own_bank, name="reader") as visitor:
        shown = text_of(visitor.page("/propensity/quality"))
    assert re.search(r"no worse than usual. did not pass holds back propensity_scores", shown)
    assert "has not judged the newest rows holds back campaign_lists" in shown
    assert "calibration_helps Calibrated probabilities are no further from what came than uncalibrated ones. not told" in shown


MISSING = {
    "mart_propensity_scores": {"/propensity": 404, "/propensity/list": 404, "/propensity/quality": 200, "/propensity/effect": 200},
    "mart_propensity_quality": {"/propensity": 200, "/propensity/quality": 404},
    "mart_campaign_effect": {"/propensity": 200, "/propensity/effect": 404},
    "mart_exclusion_audit": dict.fromkeys(PAGES, 200),
    "campaign_lists": {**dict.fromkeys(PAGES, 200), f"/propensity/list/{NEWEST}.csv?group=listed": 200},
    "optimiser_files": {**dict.fromkeys(PAGES, 200), f"/propensity/files/{NEWEST}/csv": 404},
    "propensity_deciles": dict.fromkeys(PAGES, 200),
    "propensity_drift": dict.fromkeys(PAGES, 200),
    "propensity_backtest": dict.fromkeys(PAGES, 200),
    "propensity_models": dict.fromkeys(PAGES, 200),
    "propensity_settings": dict.fromkeys(PAGES, 200),
    "feature_catalogue": dict.fromkeys(PAGES, 200),
}


@pytest.mark.parametrize("table", MISSING)
def test_a_table_that_is_not_published_is_told_or_done_without(own_bank, table):
    publish_again(own_bank, hours=1, without=(table,))
    with visiting(own_bank, name="reader") as visitor:
        for address, status in MISSING[table].items():
            answer = visitor.page(address)
            assert answer.status_code == status, address
            if status == 404 and "files" not in address:
                assert f"has no {table} yet" in text_of(answer)
        for route in ("months", "scores", "plan", "quality", "drift", "effect", "files"):
            assert visitor.api(f"/api/v1/propensity/{route}").status_code in {200, 404}, route


def test_an_empty_data_folder_says_what_to_do(tmp_path):
    with visiting(Settings(data=tmp_path, _env_file=None)) as visitor:
        for address in (*PAGES, *PARTS, f"/propensity/list/{NEWEST}.csv"):
            answer = visitor.page(address)
            assert answer.status_code == 404
            assert "make run PRODUCT=propensity" in text_of(answer)


def test_people_of_other_products_see_nothing_of_it(published_bank):
    with visiting(published_bank, Grant(Role.MANAGER, "stores"), name="of stores") as visitor:
        for address in (*PAGES, *PARTS, f"/propensity/list/{NEWEST}.csv", f"/propensity/files/{NEWEST}/csv"):
            assert visitor.page(address).status_code == 403


def test_a_viewer_sees_all_of_it(published_bank):
    with visiting(published_bank, Grant(Role.VIEWER, "propensity"), name="viewer") as visitor:
        for address in (*PAGES, *PARTS, f"/propensity/list/{NEWEST}.csv", f"/propensity/files/{NEWEST}/csv"):
            assert visitor.page(address).status_code == 200


def test_who_took_the_list_away_and_which_part_of_it_is_in_the_audit(bank):
    bank.page(f"/propensity/list/{OLD}.csv?decile=3&group=offer")
    service = bank.app.state.service
    service.audit.flush()
    seen = [one for _, one in service.audit.audit.latest(n=50) if one.route == "/propensity/list/{month}.csv"]
    assert json.loads(seen[0].subject) == {"month": OLD.isoformat(), "filter": "decile=3&group=offer"}
    assert seen[0].person == "somebody"
    assert isinstance(seen[0].at, dt.datetime)
