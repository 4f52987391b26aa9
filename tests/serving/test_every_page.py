"""Every page, in both languages: nothing serious for whoever cannot see or point, no error in the console, nothing from elsewhere."""

import re

import pytest
from fastapi.responses import HTMLResponse

from serving.web.guard import GuardedRoute
from tests.pages import ADMIN, make_person, token_of
from tests.serving.addresses import PARTS, Program, addresses
from tests.serving.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("site")]

SERIOUS = ("serious", "critical")
WITHOUT_WHAT_THEY_SHOW = {"/sign-in", "/stores/model/stores/{store_id}", "/sellers/stores/{store}/sellers/{seller:path}"}
"""Whoever is signed in is sent on from the first; the made-up stores have no approved model, the made-up shop no named seller."""
WIDTHS = {"wide": 1280, "narrow": 400}


@pytest.fixture(scope="module")
def person(site: Site):
    """Whoever uploads a file sees it, and nobody else."""
    return make_person(site.settings, "whoever looks", ADMIN)


@pytest.fixture(scope="module")
def pages(site: Site, person):
    token = token_of(site.settings, person, "*:read", "*:decide", "*:deliver")
    return addresses(site.settings, Program(site.address, token))


def is_page(route) -> bool:
    return isinstance(route, GuardedRoute) and "GET" in route.methods and route.response_class is HTMLResponse


def test_every_route_that_is_a_page_is_looked_at(site, pages):
    def seen(route):
        return any(re.fullmatch(route.path_regex, page.partition("?")[0]) for page in pages)

    unseen = {route.path for route in site.app.routes if is_page(route) and not seen(route)}
    assert unseen - PARTS == WITHOUT_WHAT_THEY_SHOW
    assert unseen >= PARTS


@pytest.mark.parametrize("language", ["en", "ru"])
def test_no_page_has_a_serious_fault(site, person, pages, chromium, language):
    from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415  # only tests with a browser need it

    context = chromium.new_context(
        locale={"en": "en-GB", "ru": "ru-RU"}[language], viewport={"width": WIDTHS["wide"], "height": 900}
    )
    context.add_cookies([site.cookie(person)])
    page = context.new_page()
    told, asked = [], set()
    page.on("console", lambda message: told.append(f"{page.url}: {message.text}") if message.type == "error" else None)
    page.on("pageerror", lambda error: told.append(f"{page.url}: {error}"))
    page.on("request", lambda request: asked.add(request.url))
    faults = []
    for address in pages:
        answer = page.goto(site.address + address, wait_until="networkidle")
        assert answer.status == 200, (address, answer.status)
        assert page.locator("html").get_attribute("lang") == language
        assert page.locator("h1").count() == 1, address
        found = Axe().run(page).response["violations"]
        faults += [
            (address, fault["id"], [node["html"][:200] for node in fault["nodes"][:3]])
            for fault in found
            if fault["impact"] in SERIOUS
        ]
        overflowing = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert overflowing <= 0, f"{address} is {overflowing} px too wide"
    context.close()
    assert faults == []
    assert told == []
    assert {url for url in asked if not url.startswith(site.address) and not url.startswith("data:")} == set()


def test_pages_fit_a_telephone(site, person, pages, chromium):
    context = chromium.new_context(viewport={"width": WIDTHS["narrow"], "height": 800})
    context.add_cookies([site.cookie(person)])
    page = context.new_page()
    too_wide = {}
    for address in pages:
        page.goto(site.address + address, wait_until="networkidle")
        overflowing = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if overflowing > 0:
            too_wide[address] = overflowing
    context.close()
    assert too_wide == {}
