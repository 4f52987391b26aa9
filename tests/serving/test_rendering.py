"""Pages: text stays text, numbers look as the language writes them, and every template is one."""

import datetime as dt
import json
import math
import re

import pytest
from fastapi import Request
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError

from serving.web.addresses import local, page_of
from serving.web.languages import LANGUAGES, locale_of
from serving.web.problems import Problem, as_json, details_of, not_found, shown, wants_json
from serving.web.rendering import HERE, STATIC, Pages, date, environment, moment, money, number, percent, static_address
from tests.pages import ADDRESS, visiting
from tests.serving.made_up import HOSTILE
from vitrina.errors import PublicationError, VitrinaError
from vitrina.settings import Settings
from vitrina.state.opening import StateError

NARROW, THIN = "\N{NARROW NO-BREAK SPACE}", "\N{NO-BREAK SPACE}"


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    return Settings(data=tmp_path_factory.mktemp("rendering"), _env_file=None)


def asked(path="/", method="GET", query="", **headers):
    encoded = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": [(b"host", b"127.0.0.1:8000"), *encoded],
        "scheme": "http",
        "server": ("127.0.0.1", 8000),
    }
    return Request(scope)


def plain(text):
    return text.replace(THIN, " ").replace(NARROW, " ")


# numbers and times


@pytest.mark.parametrize(
    ("value", "digits", "en", "ru"),
    [
        (0, 0, "0", "0"),
        (1234567.891, 2, "1,234,567.89", "1 234 567,89"),
        (-0.5, 1, "-0.5", "-0,5"),
        (10**15, 0, "1,000,000,000,000,000", "1 000 000 000 000 000"),
        (None, 2, "—", "—"),
        (math.nan, 2, "—", "—"),
    ],
)
def test_numbers_look_as_the_language_writes_them(value, digits, en, ru):
    assert plain(number(value, "en", digits)) == en
    assert plain(number(value, "ru", digits)) == ru


def test_shares_and_amounts_have_a_space_that_does_not_break():
    assert percent(0.1234, "ru", 1) == f"12,3{THIN}%"
    assert percent(0.1234, "en") == f"12{THIN}%"
    assert percent(None, "en") == percent(math.nan, "en") == "—"
    assert plain(money(1234.5, "ru", "RUB", 1)) == "1 234,5 RUB"
    assert money(None, "en", "RUB") == "—"


def test_days_and_moments_are_those_of_utc():
    assert date(dt.date(2026, 10, 1), "en") == "1 Oct 2026"
    assert plain(date(dt.date(2026, 10, 1), "ru")) == "1 окт. 2026"
    expected = "1 Oct 2026, 09:30 UTC"
    moscow = dt.datetime(2026, 10, 1, 12, 30, tzinfo=dt.timezone(dt.timedelta(hours=3)))
    for same in (moscow, moscow.isoformat(), moscow.astimezone(dt.UTC), moscow.astimezone(dt.UTC).replace(tzinfo=None)):
        assert plain(moment(same, "en")) == expected
    assert moment(None, "en") == date(None, "ru") == "—"


# templates


def test_every_template_is_one_in_every_language(settings):
    for locale in LANGUAGES:
        templates = environment(locale, settings)
        names = templates.list_templates(["html"])
        assert {"base.html", "problem.html", "people/people.html", "home/index.html"} <= set(names)
        for name in names:
            templates.get_template(name)


def test_what_a_template_names_and_nobody_gives_is_an_error_and_no_empty_place(settings):
    with pytest.raises(UndefinedError):
        environment("en", settings).from_string("{{ nobody_gave_this }}").render()


def test_text_is_text(settings):
    template = environment("en", settings).from_string('<p title="{{ text }}">{{ text }}</p>{{ _("Line %(text)s", text=text) }}')
    page = template.render(text=HOSTILE)
    assert "<script>" not in page
    assert page.count("&lt;script&gt;") == 3
    assert page.startswith('<p title="&lt;')


def test_no_template_takes_data_for_safe_or_breaks_the_policy_of_what_may_run():
    for path in (HERE / "templates").rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert "|safe" not in text.replace(" ", ""), path
        assert "autoescape" not in text, path
        assert not re.search(r"\sstyle=|\son[a-z]+=|javascript:|hx-on|js:", text), path
        assert not re.search(r"<script(?![^>]*(src=|type=\"application/json\"))", text), path
        assert not re.search(r"(src|href)=\"(https?:)?//", text), path


def test_every_form_that_changes_something_proves_where_it_comes_from():
    texts = {path: path.read_text(encoding="utf-8") for path in (HERE / "templates").rglob("*.html")}
    macros = [found for text in texts.values() for found in re.findall(r"macro (\w+)\((.*?)endmacro", text, re.DOTALL)]
    proving = {"csrf", *(name for name, body in macros if "csrf()" in body)}
    n_forms = 0
    for path, text in texts.items():
        whole = re.sub(r"{% include \"(.*?)\" %}", lambda found: texts[HERE / "templates" / found[1]], text)
        for form in re.findall(r"<form\b[^>]*method=\"post\".*?</form>", whole, re.DOTALL | re.IGNORECASE):
            n_forms += 1
            # before somebody has signed in there is no session to prove
            assert proving & set(re.findall(r"(\w+)\(", form)) or path.name == "sign_in.html", (path, form[:100])
    assert n_forms > 10


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(json_values)
def test_what_is_embedded_for_scripts_ends_no_element_and_comes_back_as_it_was(value):
    embedded = str(environment("en", Settings(_env_file=None)).filters["vega"](value))
    assert not set("<>&\u2028\u2029") & set(embedded)
    assert json.loads(embedded) == value


def test_a_static_file_has_an_address_that_changes_with_it():
    addresses = {static_address(path.relative_to(STATIC).as_posix()) for path in STATIC.rglob("*") if path.is_file()}
    assert len({address.rpartition("=")[2] for address in addresses}) == len(addresses)
    assert all(re.fullmatch(r"/static/[\w./-]+\?v=[0-9a-f]{12}", address) for address in addresses)


def test_a_page_says_in_which_language_it_is(settings):
    page = Pages(settings).render(asked(accept_language="ru"), "problem_part.html", details=details_of(ValueError())[0])
    assert page.headers["content-language"] == "ru"
    assert page.headers["cache-control"] == "private, no-store"


# where people come back to


@pytest.mark.parametrize(
    ("request_", "page"),
    [
        (asked("/stores", query="k=3&a=%C3%A9"), "/stores?k=3&a=%C3%A9"),
        (asked("/stores/part", query="version=1", hx_request="true", hx_current_url=f"{ADDRESS}/stores?k=3"), "/stores?k=3"),
        (asked("/stores/part", hx_request="true"), "/"),
        (asked("/account/tokens", "POST", referer=f"{ADDRESS}/account"), "/account"),
        (asked("/account/tokens", "POST"), "/"),
        (asked("/x", "POST", referer="http://[::1"), "/"),
        (asked("/x", "POST", referer="https://evil.example//evil.example"), "/"),
        (asked("/x", "POST", referer="javascript:alert(1)"), "/"),
        (asked("//evil.example/x"), "/"),
    ],
)
def test_people_come_back_to_the_page_that_they_were_on(request_, page):
    assert page_of(request_) == page


@given(st.text())
def test_nobody_is_sent_to_another_site(text):
    for address in (text, "/" + text, "//" + text):
        found = local(address)
        assert found.startswith("/")
        assert not found.startswith(("//", "/\\"))
        assert found.isprintable()


def test_after_choosing_a_language_one_is_where_one_was(tmp_path):
    with visiting(Settings(data=tmp_path, _env_file=None)) as visitor:

        def back(page):
            return page.text.split('name="back" value="')[1].split('"')[0].replace("&amp;", "&")

        assert back(visitor.page("/audit?person=anna&before=5")) == "/audit?person=anna&before=5"
        made = visitor.submit(
            "/account/tokens", {"name": "x", "scopes": ["stores:read"]}, headers={"Referer": f"{ADDRESS}/account"}
        )
        assert back(made) == "/account"
        assert visitor.page(back(made)).status_code == 200


# problems


def test_problems_are_told_as_the_standard_has_it():
    answer = as_json(Problem(410, "It is gone.", "Load it again.", kind="another-version", headers={"X-Other": "1"}))
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, answer.headers["x-other"]) == (410, "1")
    told = json.loads(answer.body)
    assert told == {
        "type": "another-version",
        "title": "Gone",
        "status": 410,
        "detail": "It is gone.",
        "remedy": "Load it again.",
        "errors": [],
    }


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (PublicationError("a", "b"), 404, "not-published"),
        (VitrinaError("a", "b"), 422, "refused"),
        (StateError("postgresql://user@secret-host/x cannot be used", "b"), 503, "state-store"),
        (ValueError("the secret of the house"), 500, "about:blank"),
        (not_found("store", "S01"), 404, "unknown"),
    ],
)
def test_each_kind_of_error_has_its_status_and_tells_no_secret(error, status, kind):
    details, headers = details_of(error)
    assert (details.status, details.type) == (status, kind)
    assert "secret" not in details.model_dump_json()
    assert bool(headers) == (status == 503)


@given(st.text(alphabet=st.characters(codec=None)), st.integers(1, 200))
def test_what_somebody_sent_is_shown_short_and_printable(text, limit):
    told = shown(text, limit)
    assert told.isprintable()
    assert len(told) <= limit + 3
    told.encode()


@given(st.text(alphabet=st.characters(codec=None), max_size=20))
def test_a_problem_with_any_text_in_it_can_be_sent(text):
    from fastapi.exceptions import RequestValidationError  # noqa: PLC0415  # only here

    error = RequestValidationError([{"loc": ("body", text, 5), "msg": text, "type": "x"}])
    assert as_json(error).status_code == 422


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (asked("/stores"), False),
        (asked("/stores", accept="text/html,*/*;q=0.8"), False),
        (asked("/stores", accept="*/*"), True),
        (asked("/stores", accept="application/json"), True),
        (asked("/stores", accept="*/*", hx_request="true"), False),
        (asked("/api/v1/products", accept="text/html"), True),
        (asked("/api/v1/products", accept="*/*", hx_request="true"), True),
        (asked("/metrics", accept="text/html"), True),
        (asked("/api"), False),
    ],
)
def test_programs_are_told_from_people(request_, expected):
    assert wants_json(request_) == expected


@given(
    st.text(alphabet=st.characters(max_codepoint=255), max_size=600),
    st.text(alphabet=st.characters(max_codepoint=255), max_size=50),
)
def test_whatever_a_browser_says_of_languages_there_is_one(header, cookie):
    assert locale_of(asked(accept_language=header, cookie=f"vitrina_language={cookie}")) in LANGUAGES
