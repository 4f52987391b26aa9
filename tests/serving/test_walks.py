"""Each page, walked as its user would, in a browser and in both languages."""

import csv
import datetime as dt
from functools import partial

import openpyxl
import pytest
from playwright.sync_api import expect

from serving.web.languages import translate
from tests.pages import ADMIN, make_person
from tests.serving.addresses import one
from vitrina.state.people import People
from vitrina.state.roles import Grant, Role

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("site")]

LANGUAGES = {"en": "en-GB", "ru": "ru-RU"}
WAIT_MS = 60_000
PASSWORD = "a long walk along the river"  # noqa: S105  # of a person of this test


@pytest.fixture(params=LANGUAGES)
def language(request):
    return request.param


@pytest.fixture
def say(language):
    return partial(translate, language)


@pytest.fixture
def stranger(site, chromium, language):
    """Somebody who is not signed in."""
    context = chromium.new_context(base_url=site.address, locale=LANGUAGES[language], accept_downloads=True)
    context.set_default_timeout(WAIT_MS)
    yield context.new_page()
    context.close()


@pytest.fixture
def visitor(site, stranger, language, request):
    """Somebody who manages everything."""
    person = make_person(site.settings, f"{request.node.name[:60]} {language}", ADMIN)
    stranger.context.add_cookies([site.cookie(person)])
    return stranger


def test_somebody_signs_in_for_the_first_time_and_out_again(site, stranger, language, say):
    name = f"newcomer {language}"
    people = People(site.app.state.service.database)
    password = people.add(name, [Grant(Role.VIEWER, "stores")], dt.datetime.now(dt.UTC))
    stranger.goto("/stores")
    stranger.get_by_label(say("Name")).fill(name)
    stranger.get_by_label(say("Password")).fill("something else")
    stranger.get_by_role("button", name=say("Sign in")).click()
    expect(stranger.get_by_role("alert")).to_contain_text(say("The name or the password is wrong."))
    stranger.get_by_label(say("Password")).fill(password)
    stranger.get_by_role("button", name=say("Sign in")).click()
    stranger.get_by_label(say("Present password")).fill(password)
    stranger.locator("[name=new]").fill(PASSWORD)
    stranger.locator("[name=again]").fill(PASSWORD)
    stranger.get_by_role("button", name=say("Change"), exact=True).click()
    expect(stranger.get_by_role("heading", level=1)).to_have_text(say("What is published"))
    expect(stranger.get_by_role("link", name=say("Propensity"))).to_have_count(0)
    stranger.get_by_role("button", name=say("Sign out")).click()
    stranger.goto("/stores")
    expect(stranger.get_by_role("heading", level=1)).to_have_text(say("Sign in"))


def test_a_language_is_chosen_and_kept(visitor, language):
    visitor.goto("/")
    other = {"en": "ru", "ru": "en"}[language]
    visitor.locator(f"button[lang={other}]").click()
    expect(visitor.locator("html")).to_have_attribute("lang", other)
    visitor.goto("/stores")
    expect(visitor.locator("html")).to_have_attribute("lang", other)


def test_a_category_manager_asks_slides_downloads_compares_and_approves(visitor, say, tmp_path):
    visitor.goto("/stores/new")
    visitor.locator("[name=title]").fill("Spring <reset> & more")
    visitor.get_by_role("button", name=say("Compute the clusters")).click()
    slider = visitor.locator("#k")
    slider.wait_for()
    shown = int(slider.input_value())
    other = 2 if shown != 2 else 3
    slider.fill(str(other))
    slider.dispatch_event("change")
    expect(visitor.locator("#k-shown")).to_have_text(str(other))
    expect(visitor.locator(".clusters > li")).to_have_count(other)
    with visitor.expect_download() as download:
        visitor.get_by_role("link", name=say("Download the Excel report")).click()
    download.value.save_as(tmp_path / "report.xlsx")
    assert len(openpyxl.load_workbook(tmp_path / "report.xlsx").sheetnames) >= 6
    answer = visitor.url
    visitor.get_by_role("link", name=say("Compare with what is published")).click()
    expect(visitor.locator("main table").first).to_be_visible()
    visitor.goto(answer)
    visitor.on("dialog", lambda dialog: dialog.accept())
    form = visitor.locator("form[action$='/approve']")
    form.locator("[name=reason]").fill("the shelves of spring")
    form.get_by_role("button").click()
    visitor.wait_for_url("**/stores/model**")
    expect(visitor.locator("main")).to_contain_text("the shelves of spring")
    visitor.goto("/stores/requests")
    expect(visitor.locator("main")).to_contain_text("Spring <reset> & more")


def test_an_e_commerce_manager_sees_what_a_user_is_shown(site, visitor):
    (item,) = one(site.settings, "marketplace", "SELECT item_id FROM item_features ORDER BY item_id LIMIT 1")
    visitor.goto("/marketplace/user")
    visitor.locator("main form [name=user_id]").fill("nobody whom we know")
    visitor.locator("main form [name=page_item]").fill(item)
    visitor.locator("main form button.primary").first.click()
    expect(visitor.locator("main table, main ol").first).to_be_visible()
    assert "nobody" not in visitor.url


def test_a_marketer_filters_and_downloads_the_list(visitor, say, tmp_path):
    visitor.goto("/propensity/list")
    everybody = visitor.locator("#found").inner_text()
    visitor.locator("[name=decile]").select_option("1")
    expect(visitor.locator("#found")).not_to_have_text(everybody)
    with visitor.expect_download() as download:
        visitor.get_by_role("link", name=say("CSV for the optimiser")).click()
    download.value.save_as(tmp_path / "clients.csv")
    with (tmp_path / "clients.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    digits = "".join(
        character for character in visitor.locator("#found").inner_text().split(":")[1].split()[0] if character.isdigit()
    )
    assert len(rows) == 1 + int(digits)


def test_an_owner_of_a_channel_searches(visitor, say):
    visitor.goto("/posts")
    visitor.get_by_label(say("Question")).fill("доставка")
    visitor.get_by_role("button", name=say("Find")).click()
    expect(visitor.locator(".hits > li").first).to_be_visible()
    expect(visitor.locator(".hits mark").first).to_be_visible()


def test_a_store_manager_reads_a_day(site, visitor, say):
    store, day = one(site.settings, "sellers", "SELECT store_id, max(day) FROM mart_seller_daily GROUP BY ALL")
    visitor.goto("/sellers")
    visitor.get_by_role("link", name=store).first.click()
    visitor.goto(f"/sellers/stores/{store}?day={day}")
    expect(visitor.get_by_role("heading", name=say("Hour by hour"))).to_be_visible()
    expect(visitor.locator("figure.chart[data-drawn=yes]").first).to_be_visible()


def test_a_rating_is_taken(site, visitor, say):
    visitor.goto("/propensity")
    form = visitor.locator(".feedback form")
    form.get_by_label("4", exact=True).check()
    form.locator("textarea").fill("just what I needed")
    form.get_by_role("button", name=say("Send")).click()
    expect(visitor.locator(".thanks")).to_be_visible()
    written = (site.settings.decisions_folder / "feedback").rglob("*.jsonl")
    assert any("just what I needed" in path.read_text(encoding="utf-8") for path in written)
