"""The pages of clusters: what is published, in both languages, whatever is sent and whatever is missing."""

import html

import pytest

from serving.stores.shown import heat_class
from tests.pages import HTML, make_person, visiting
from tests.stores.published_stores import HOSTILE, QUARTERS, REPORT, publish_stores
from vitrina.settings import Settings
from vitrina.state.roles import Grant, Role

pytestmark = pytest.mark.xdist_group("published stores")

PAGES = {
    "/stores": ("Clusters of stores, Q2 2021", "Кластеры магазинов, 2 квартал 2021"),
    f"/stores?quarter={QUARTERS[0]}": ("Clusters of stores, Q1 2021", "Кластеры магазинов, 1 квартал 2021"),
    "/stores?by=model": ("the approved model, version 1", "утверждённая модель, версия 1"),
    "/stores/new": ("Ask for clusters", "Запросить кластеры"),
    "/stores/requests": ("Requests for clusters", "Запросы кластеров"),
    "/stores/compare": ("Compare groupings", "Сравнение разбиений"),
    "/stores/compare?a=published&b=model": ("Beside each other", "Рядом друг с другом"),
    "/stores/model": ("Approved model", "Утверждённая модель"),
    "/stores/model/stores/s001": ("Where it stands", "Где он сейчас"),
}
READING = (*PAGES, f"/stores/new/choices?quarter={QUARTERS[0]}")
WHAT_IS_SENT = (
    "/stores?quarter=2021-02-30",
    "/stores?quarter=1999-01-01",
    "/stores?by=magic",
    "/stores/members?q=%00%ff&cluster=999999999",
    "/stores/members?offset=99999999999999999999",
    "/stores/members?cluster=1%0a",
    "/stores/new?like=%00",
    "/stores/new/choices?quarter=9999-12-31",
    "/stores/requests?offset=10000000",
    "/stores/requests/%ed%a0%80",
    "/stores/requests/00000000000000000000000000000000?k=0",
    "/stores/requests/00000000000000000000000000000000/report.xlsx?k=501",
    "/stores/compare?a=%00&b=model",
    "/stores/compare?one=1&one=2&one=3&one=4",
    "/stores/model?q=%00&cluster=12345678901",
    "/stores/model/stores/%00",
    "/stores/model/stores/nobody",
    "/stores/reports/0001-01-01/en",
    f"/stores/reports/{QUARTERS[0]}/de",
)


def in_language(visitor, address, language):
    return visitor.page(address, headers={"Accept-Language": language})


@pytest.mark.parametrize("address", PAGES)
def test_each_page_is_there_in_both_languages(stores_site, address):
    for language, text in zip(("en", "ru"), PAGES[address], strict=True):
        page = in_language(stores_site, address, language)
        assert page.status_code == 200, page.text
        assert text in html.unescape(page.text)
        assert page.text.count("<h1") == 1
        assert "style=" not in page.text
        assert "<script>alert" not in page.text


@pytest.mark.parametrize("address", WHAT_IS_SENT)
def test_whatever_is_sent_is_refused_and_breaks_nothing(stores_site, address):
    answer = stores_site.page(address)
    assert answer.status_code < 500, answer.text


def test_a_store_whose_name_is_markup_stays_text(stores_site):
    assert html.escape(HOSTILE, quote=False) in stores_site.page("/stores").text.replace("&#39;", "'")


def test_the_overview_says_how_many_stores_and_clusters_and_what_sets_them_apart(stores_site):
    page = stores_site.page("/stores").text
    assert "<dd>30</dd>" in page
    assert "<dd>3<small>the smallest has 10 stores</small></dd>" in page
    assert "Revenue per month, RUB: <strong>much higher</strong>" in page
    # names are carried over from the approved model
    assert "Rich" in page


def test_stores_are_searched_by_name_identifier_and_region_and_by_cluster(stores_site):
    version = stores_site.app.state.service.versions.view()["stores"].name
    address = f"/stores/members?version={version}"

    def found(query):
        page = stores_site.page(address + query)
        assert page.status_code == 200
        return page.text

    assert "s017" in found("&q=S017")
    assert found("&q=S017").count('scope="row"') == 1
    assert found("&q=north&cluster=1").count('scope="row"') == 5
    assert "No store fits" in found("&q=nobody")
    assert "1 to 20 of 30" in found("")
    assert found("&offset=20").count('scope="row"') == 10


def test_a_part_of_a_page_of_another_version_is_refused(stores_site):
    assert stores_site.page("/stores/members?version=of-yesterday").status_code == 410


def test_the_published_report_is_the_file_that_the_table_names(stores_site):
    answer = stores_site.page(f"/stores/reports/{QUARTERS[0]}/ru")
    assert (answer.status_code, answer.content) == (200, REPORT)
    assert stores_site.page("/stores/reports/2020-01-01/ru").status_code == 404


def test_a_report_that_was_changed_or_is_gone_is_refused(tmp_path):
    settings = Settings(data=tmp_path, _env_file=None)
    publish_stores(settings)
    with visiting(settings) as visitor:
        visitor.app.state.service.held["stores"].bench.stop()
        address = f"/stores/reports/{QUARTERS[0]}/en"
        assert visitor.page(address).status_code == 200
        (file,) = (settings.artifacts / "stores" / "cluster_report").glob(f"*{QUARTERS[0]}_en.xlsx")
        file.write_bytes(b"another")
        changed = visitor.page(address)
        assert (changed.status_code, "was changed after it was written" in changed.text) == (404, True)
        file.unlink()
        assert "is gone" in visitor.page(address).text


def test_where_nothing_is_published_the_pages_say_what_to_do(tmp_path):
    with visiting(Settings(data=tmp_path, _env_file=None)) as visitor:
        for address in ("/stores", "/stores/new", "/stores/requests", "/stores/compare", "/stores/model"):
            page = visitor.page(address)
            assert page.status_code == 200, (address, page.text)
        assert "Nothing is published yet" in visitor.page("/stores").text
        for address in ("/stores/compare?a=published&b=model", "/stores/model/stores/s001", f"/stores/reports/{QUARTERS[0]}/en"):
            assert visitor.page(address).status_code == 404


@pytest.mark.parametrize(
    "without",
    [
        ("cluster_differences", "cluster_rules", "cluster_stability", "cluster_report", "model_comparison"),
        ("model_assignments", "cluster_models", "cluster_decisions"),
        ("mart_cluster_members",),
        ("mart_cluster_profile", "cluster_assignments"),
        ("mart_cluster_quality",),
        ("store_features",),
        ("feature_catalogue", "deliveries"),
        ("cluster_scenarios",),
    ],
    ids=lambda names: names[0],
)
def test_where_a_check_holds_tables_back_pages_show_the_rest_or_say_so(tmp_path, without):
    settings = Settings(data=tmp_path, _env_file=None)
    publish_stores(settings, without=without)
    with visiting(settings) as visitor:
        visitor.app.state.service.held["stores"].bench.stop()
        for address in READING:
            if "compare?" in address:
                # it needs the processes, which this test does without
                continue
            page = visitor.page(address)
            assert page.status_code < 500, (address, page.text)
            if page.status_code == 404:
                assert "yet" in page.text or "There is no" in page.text


def test_whoever_may_only_look_sees_no_form_to_decide(stores_site):
    viewer = make_person(stores_site.settings, "a viewer", Grant(Role.VIEWER, "stores"))
    manager = stores_site.secret, dict(stores_site.cookies)
    try:
        stores_site.sign_in(viewer)
        page = stores_site.page("/stores/model").text
        assert "/stores/model/rename" not in page
        assert "/stores/model/withdraw" not in page
        assert "/stores/model/move" not in stores_site.page("/stores/model/stores/s001").text
    finally:
        stores_site.secret = manager[0]
        stores_site.cookies.update(manager[1])


def test_the_colours_of_the_profile_are_fixed_steps():
    assert [heat_class(z) for z in (-2.0, -0.41, -0.1, 0.1, 0.41, 2.0)] == ["cold5", "cold1", "even", "even", "warm1", "warm5"]


def test_the_pages_ask_for_nothing_that_is_not_theirs(stores_site):
    page = stores_site.get("/stores", headers=HTML).text
    assert "http://" not in page.replace("http://127.0.0.1", "").replace("http://www.w3.org", "")
