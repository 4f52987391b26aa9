"""Signing in and out, passwords, tokens, and what admins do with people."""

import datetime as dt
import threading
from http.cookies import SimpleCookie

import anyio
import httpx
import pytest
from anyio import to_thread

from serving.app import create_app
from serving.people.administering import AUDIT_PAGE
from serving.web.service import SIGN_INS_AT_ONCE
from tests.pages import ADDRESS, ADMIN, HTML, Visitor
from tests.serving.made_up import HOSTILE, PASSWORD, audited, subject, visited, with_password
from vitrina.settings import Settings
from vitrina.state.audit import Seen
from vitrina.state.credentials import FAILURES_BY_ADDRESS, FAILURES_BY_NAME, SESSION_LASTS, TOKEN_PREFIX
from vitrina.state.people import People
from vitrina.state.roles import Grant, Role

VIEWER = Grant(Role.VIEWER, "stores")
OTHER = "another long password"
WRONG = "not this"


@pytest.fixture
def settings(tmp_path):
    return Settings(data=tmp_path, _env_file=None, pages_requests_per_minute=1_000_000)


@pytest.fixture
def anna(settings):
    return with_password(settings, "Anna", VIEWER)


@pytest.fixture
def browser(settings, anna):
    """A browser in which nobody is signed in."""
    with Visitor(create_app(settings), base_url=ADDRESS, follow_redirects=False) as made:
        yield made


def sign_in(browser, name="anna", password=PASSWORD, headers=None, **more):
    return browser.post("/sign-in", data={"name": name, "password": password} | more, headers=HTML | (headers or {}))


def signed_in(browser, name="anna", password=PASSWORD):
    """Sign in as the page does, and take the session over."""
    answer = sign_in(browser, name, password)
    assert answer.status_code == 303, answer.text
    browser.secret = browser.cookies["vitrina"]
    return answer


def is_known(browser):
    return browser.api("/api/v1/products").status_code == 200


def another(browser):
    return Visitor(browser.app, base_url=ADDRESS, follow_redirects=False)


# in and out


def test_whoever_knows_the_password_is_let_in(browser):
    assert not is_known(browser)
    assert signed_in(browser, " ANNA ").headers["location"] == "/"
    assert is_known(browser)
    assert "anna" in browser.page("/account").text


def test_whoever_does_not_is_not_and_learns_nothing(browser):
    for name, password in [("anna", WRONG), ("nobody", PASSWORD), ("anna", PASSWORD.upper()), ("a\0nna", "\0"), (HOSTILE, HOSTILE)]:
        answer = sign_in(browser, name, password)
        assert answer.status_code == 401
        assert "set-cookie" not in answer.headers
        assert "The name or the password is wrong." in answer.text
        assert "<script>alert" not in answer.text
        assert not is_known(browser)


def test_people_are_told_in_their_language(browser):
    answer = sign_in(browser, password=WRONG, headers={"Accept-Language": "ru"})
    assert "The name or the password" not in answer.text
    assert '<html lang="ru">' in answer.text


def test_half_a_form_is_refused(browser):
    for data in [
        {},
        {"name": "anna"},
        {"password": PASSWORD},
        {"name": "x" * 201, "password": "x"},
        {"name": "x", "password": "x" * 2001},
    ]:
        assert browser.post("/sign-in", data=data, headers=HTML).status_code == 422


def test_nobody_is_sent_elsewhere_after_signing_in(browser):
    for wanted, where in [
        ("/stores?k=3", "/stores?k=3"),
        ("//evil.example", "/"),
        ("https://evil.example", "/"),
        ("/\\evil.example", "/"),
        ("\\\\evil.example", "/"),
        ("/\t/evil.example", "/"),
        ("/\n/evil.example", "/"),
        ("/a\r\nSet-Cookie: x=y", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
        ("evil.example", "/"),
        (" //evil.example", "/"),
        ("/\N{RIGHT-TO-LEFT OVERRIDE}", "/"),
    ]:
        assert browser.page("/sign-in", params={"next": wanted}).status_code == 200
        assert sign_in(browser, next=wanted).headers["location"] == where
        # whoever is signed in already goes there at once
        assert browser.page("/sign-in", params={"next": wanted}).headers["location"] == where
        again = browser.post("/language", data={"language": "ru", "back": wanted}, headers=HTML | {"X-CSRF-Token": ""})
        assert again.status_code == 403
        browser.secret = browser.cookies["vitrina"]
        assert browser.submit("/language", {"language": "ru", "back": wanted}).headers["location"] == where
        browser.cookies.clear()


def cookie_of(answer, name):
    return SimpleCookie(answer.headers["set-cookie"])[name]


def test_the_cookie_is_for_this_site_and_no_script(browser):
    cookie = cookie_of(sign_in(browser), "vitrina")
    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["domain"], cookie["secure"]) == (
        True,
        "lax",
        "/",
        "",
        "",
    )
    assert int(cookie["max-age"]) == SESSION_LASTS.total_seconds()
    assert len(cookie.value) >= 43


def test_through_https_browsers_insist_on_it(settings, tmp_path, anna):
    secure = settings.model_copy(update={"pages_url": "https://vitrina.example.com"})
    with Visitor(create_app(secure), base_url="https://vitrina.example.com", follow_redirects=False) as browser:
        answer = sign_in(browser)
        cookie = cookie_of(answer, "__Host-vitrina")
        assert (cookie["secure"], cookie["httponly"], cookie["samesite"], cookie["path"], cookie["domain"]) == (
            True,
            True,
            "lax",
            "/",
            "",
        )
        assert is_known(browser)
        # one that was set without HTTPS counts for nothing
        plain = Visitor(browser.app, base_url="https://vitrina.example.com", follow_redirects=False)
        plain.cookies.set("vitrina", cookie.value)
        assert not is_known(plain)
        browser.secret = cookie.value
        left = cookie_of(browser.submit("/sign-out"), "__Host-vitrina")
        assert (left["secure"], left["max-age"], left["path"]) == (True, "0", "/")
        language = cookie_of(browser.post("/language", data={"language": "ru"}, headers=HTML), "vitrina_language")
        assert language["secure"]


def test_a_session_that_was_put_into_the_browser_before_is_not_taken_up(browser):
    browser.cookies.set("vitrina", "x" * 43)
    answer = sign_in(browser)
    assert cookie_of(answer, "vitrina").value != "x" * 43
    planted = another(browser)
    planted.cookies.set("vitrina", "x" * 43)
    assert not is_known(planted)


def test_every_sign_in_is_another_session(browser):
    other = another(browser)
    signed_in(browser)
    signed_in(other)
    assert browser.secret != other.secret
    assert browser.csrf != other.csrf
    assert browser.submit("/sign-out", {"csrf": other.csrf}).status_code == 403


def test_signing_out_ends_the_session_at_once_and_no_other(browser):
    other = another(browser)
    signed_in(browser)
    signed_in(other)
    secret = browser.secret
    assert is_known(browser)
    answer = browser.submit("/sign-out")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert "vitrina" not in browser.cookies
    # even for whoever has kept the cookie
    browser.cookies.set("vitrina", secret)
    assert not is_known(browser)
    assert is_known(other)


def test_signing_out_needs_more_than_a_link(browser):
    signed_in(browser)
    assert browser.page("/sign-out").status_code == 405
    assert is_known(browser)


# guessing


def test_after_many_failures_even_the_right_password_waits(browser):
    assert [sign_in(browser, password=WRONG).status_code for _ in range(FAILURES_BY_NAME)] == [401] * FAILURES_BY_NAME
    answer = sign_in(browser)
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    assert "Too many attempts" in answer.text
    assert sign_in(browser, "nobody", "x").status_code == 401


def test_one_good_sign_in_makes_up_for_failures(browser):
    for _ in range(FAILURES_BY_NAME - 1):
        sign_in(browser, password=WRONG)
    signed_in(browser)
    assert sign_in(another(browser), password=WRONG).status_code == 401


def test_an_address_that_guesses_many_names_waits(browser):
    tried, now = browser.app.state.service.credentials, dt.datetime.now(dt.UTC)
    for number in range(FAILURES_BY_ADDRESS):
        tried.note_failure(f"name {number}", "testclient", now)
    assert sign_in(browser).status_code == 429


def test_a_new_password_can_be_used_at_once(settings, browser, anna):
    with_password(settings, "boss", ADMIN)
    boss = another(browser)
    signed_in(boss, "boss")
    for _ in range(FAILURES_BY_NAME):
        sign_in(browser, password=WRONG)
    page = boss.submit(f"/people/{anna.id}/password")
    password = page.text.split('<code class="secret">')[1].split("</code>")[0]
    assert sign_in(browser, password=password).headers["location"] == "/password"


def test_passwords_are_looked_at_a_few_at_a_time_and_keep_nobody_else_waiting(browser, monkeypatch):
    lock, now, most, full, going_on = threading.Lock(), [0], [0], threading.Event(), threading.Event()

    def slow(self, name, password):
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
            if now[0] == SIGN_INS_AT_ONCE:
                full.set()
        going_on.wait(10)
        with lock:
            now[0] -= 1

    async def crowd():
        statuses = []
        pages = httpx.AsyncClient(transport=httpx.ASGITransport(browser.app), base_url=ADDRESS)

        async def guess(number):
            answer = await pages.post("/sign-in", data={"name": f"name {number}", "password": "x"}, timeout=60)
            statuses.append(answer.status_code)

        async with pages, anyio.create_task_group() as guesses:
            # more than there are threads for all other requests
            for number in range(50):
                guesses.start_soon(guess, number)
            await to_thread.run_sync(full.wait, 10)
            others = await pages.get("/health/ready", timeout=5)
            going_on.set()
        return others.status_code, statuses

    monkeypatch.setattr(People, "verify", slow)
    assert browser.portal.call(crowd) == (200, [401] * 50)
    assert most[0] == SIGN_INS_AT_ONCE


# one's own password


def test_a_first_password_has_to_be_changed_before_anything_else(settings, browser):
    first = browser.app.state.service.people.add("newcomer", [VIEWER], dt.datetime.now(dt.UTC))
    assert signed_in(browser, "newcomer", first).headers["location"] == "/password"
    assert browser.page("/").headers["location"] == "/password"
    page = browser.page("/password")
    assert "made for one sign-in" in page.text
    before = browser.secret
    answer = browser.submit("/password", {"old": first, "new": OTHER, "again": OTHER})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert browser.page("/").status_code == 200
    assert browser.cookies["vitrina"] != before
    assert sign_in(another(browser), "newcomer", first).status_code == 401
    assert sign_in(another(browser), "newcomer", OTHER).status_code == 303


def test_a_changed_password_ends_every_other_session(browser):
    other = another(browser)
    signed_in(browser)
    signed_in(other)
    assert is_known(other)
    assert browser.submit("/password", {"old": PASSWORD, "new": OTHER, "again": OTHER}).status_code == 303
    assert is_known(browser)
    assert not is_known(other)


def test_a_password_that_cannot_be_changed_like_this_stays(browser):
    for old, new, again, told in [
        ("wrong", OTHER, OTHER, "present password is wrong"),
        (PASSWORD, OTHER, OTHER + "!", "differ"),
        (PASSWORD, "short", "short", "has 5 characters"),
        (PASSWORD, PASSWORD, PASSWORD, "is the old one"),
        (PASSWORD, "x" * 1025, "x" * 1025, "has 1025 characters"),
    ]:
        browser.cookies.clear()
        signed_in(browser)
        answer = browser.submit("/password", {"old": old, "new": new, "again": again})
        assert answer.status_code == 422
        assert told in answer.text
        assert new not in answer.text
        assert is_known(browser)
        assert sign_in(another(browser)).status_code == 303


# tokens


def made_token(browser, name="loader", scopes=("stores:read",), **more):
    answer = browser.submit("/account/tokens", {"name": name, "scopes": list(scopes)} | more)
    assert answer.status_code == 200, answer.text
    return answer.text.split('<code class="secret">')[1].split("</code>")[0]


def test_a_token_is_shown_once_works_and_is_revoked(browser):
    signed_in(browser)
    token = made_token(browser)
    assert token.startswith(TOKEN_PREFIX)
    page = browser.page("/account").text
    assert token not in page
    assert "loader" in page
    program = another(browser)
    program.headers["Authorization"] = f"Bearer {token}"
    assert is_known(program)
    revoke = page.split('action="/account/tokens/')[1].split('"')[0]
    assert browser.submit(f"/account/tokens/{revoke}").status_code == 303
    assert not is_known(program)
    assert "revoked" in browser.page("/account").text


def test_a_token_that_makes_no_sense_is_not_made(browser, anna):
    for data in [
        {"name": "", "scopes": ["stores:read"]},
        {"name": "x"},
        {"name": "x", "scopes": ["stores:own"]},
        {"name": "x", "scopes": ["stores:read"] * 101},
        {"name": "x", "scopes": ["stores:read"], "days": 0},
        {"name": "x", "scopes": ["stores:read"], "days": 367},
        {"name": "x", "scopes": ["stores:read"], "days": 10**30},
        {"name": "a\0b", "scopes": ["stores:read"]},
        {"name": HOSTILE * 10, "scopes": [HOSTILE]},
    ]:
        browser.cookies.clear()
        signed_in(browser)
        answer = browser.submit("/account/tokens", data)
        assert answer.status_code == 422
        assert "<script>alert" not in answer.text
        assert browser.app.state.service.credentials.tokens_of(anna) == ()


def test_a_token_that_one_does_not_have_cannot_be_revoked(browser):
    for token_id in ["x", "0" * 32, "%00", "0" * 500]:
        browser.cookies.clear()
        signed_in(browser)
        assert browser.submit(f"/account/tokens/{token_id}/revoke").status_code == 422


def test_nobody_is_offered_more_than_they_may(browser):
    signed_in(browser)
    offered = {part.split('"')[0] for part in browser.page("/account").text.split('name="scopes" value="')[1:]}
    assert offered == {"stores:read"}


# people


@pytest.fixture
def boss(settings, tmp_path):
    with visited(settings) as made:
        yield made


def test_an_admin_adds_somebody_who_then_signs_in(boss):
    page = boss.submit("/people", {"name": " Boris ", "grants": "viewer stores\n\nmanager sellers S 01\n"})
    password = page.text.split('<code class="secret">')[1].split("</code>")[0]
    assert password not in boss.page("/people").text
    newcomer = another(boss)
    assert sign_in(newcomer, "boris", password).headers["location"] == "/password"
    made = next(person for person in boss.app.state.service.people.everybody() if person.name == "boris")
    assert made.grants == {VIEWER, Grant(Role.MANAGER, "sellers", "S 01")}


def test_an_admin_adds_a_program_which_has_no_password(boss):
    page = boss.submit("/people", {"name": "loader", "grants": "viewer stores", "program": "true"})
    assert page.status_code == 200
    assert 'class="secret"' not in page.text
    assert sign_in(another(boss), "loader", "").status_code in (401, 422)


def test_somebody_who_cannot_be_added_like_this_is_not(boss):
    for data in [
        {"name": "", "grants": ""},
        {"name": "x" * 81},
        {"name": "boss"},
        {"name": "a\N{ZERO WIDTH SPACE}b"},
        {"name": "x", "grants": "viewer"},
        {"name": "x", "grants": "owner stores"},
        {"name": "x", "grants": "viewer stores S01"},
        {"name": "x", "grants": "admin stores"},
        {"name": "x", "grants": "viewer stores\n" * 201},
        {"name": HOSTILE * 20, "grants": HOSTILE},
        {"name": "x", "grants": HOSTILE},
    ]:
        answer = boss.submit("/people", data)
        assert answer.status_code == 422
        assert "<script>alert" not in answer.text
        assert [person.name for person in boss.app.state.service.people.everybody()] == ["boss"]


def test_the_last_admin_stays(boss):
    for change in [("grants", {"grants": "viewer stores"}), ("grants", {}), ("active", {"active": "false"})]:
        (me,) = boss.app.state.service.people.everybody()
        answer = boss.submit(f"/people/{me.id}/{change[0]}", change[1])
        assert answer.status_code == 422
        assert "No admin would be left" in answer.text
        assert boss.page("/people").status_code == 200


def test_nobody_cannot_be_changed(boss):
    for person in ["0" * 32, "x", "0" * 31, "0" * 500, "A" * 32, "%00"]:
        for what, data in (("grants", {"grants": "viewer stores"}), ("active", {"active": "true"}), ("password", {})):
            assert boss.submit(f"/people/{person}/{what}", data).status_code in (404, 422)


def test_whoever_is_locked_out_is_out_at_once_and_can_be_let_in_again(settings, boss):
    anna = with_password(settings, "anna", VIEWER)
    browser = another(boss)
    signed_in(browser)
    token = another(boss)
    token.headers["Authorization"] = f"Bearer {made_token(browser)}"
    assert is_known(browser)
    assert is_known(token)
    assert boss.submit(f"/people/{anna.id}/active", {"active": "false"}).status_code == 303
    assert not is_known(browser)
    assert not is_known(token)
    assert sign_in(browser).status_code == 401
    assert boss.submit(f"/people/{anna.id}/password").status_code == 422
    assert "may not sign in" in boss.page("/people").text
    assert boss.submit(f"/people/{anna.id}/active", {"active": "true"}).status_code == 303
    assert sign_in(browser).status_code == 303


# names that are none


def test_hostile_names_are_shown_as_text_everywhere(settings, boss):
    hostile = with_password(settings, HOSTILE, ADMIN, Grant(Role.VIEWER, "sellers", HOSTILE))
    browser = another(boss)
    signed_in(browser, HOSTILE)
    made_token(browser, HOSTILE)
    pages = [browser.page(address) for address in ("/", "/account", "/people", "/audit", "/password")]
    pages.append(boss.submit(f"/people/{hostile.id}/password"))
    pages.append(boss.submit("/people", {"name": "<img src=x onerror=alert(1)>"}))
    pages.append(boss.page("/audit", params={"person": HOSTILE}))
    for page in pages:
        assert page.status_code == 200
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text
    assert "&lt;script&gt;alert" in pages[0].text


# what the audit says


def test_the_audit_says_who_did_what_to_whom(settings, boss):
    anna = with_password(settings, "anna", VIEWER)
    boss.submit("/people", {"name": "Boris", "grants": "viewer stores"})
    boss.submit(f"/people/{anna.id}/grants", {"grants": "manager stores"})
    boss.submit(f"/people/{anna.id}/active", {"active": "false"})
    assert [(seen.person, seen.status, subject(seen)) for seen in audited(boss, method="POST")] == [
        ("boss", 200, {"name": "Boris", "grants": "viewer stores"}),
        ("boss", 303, {"name": "anna", "grants": "manager stores", "person_id": anna.id}),
        ("boss", 303, {"name": "anna", "active": "False", "person_id": anna.id}),
    ]


def test_the_audit_says_who_has_signed_in_and_that_somebody_could_not(browser):
    sign_in(browser, password=WRONG)
    signed_in(browser)
    browser.submit("/sign-out")
    found = [(seen.person, seen.route, seen.status) for seen in audited(browser, method="POST")]
    assert found == [(None, "/sign-in", 401), ("anna", "/sign-in", 303), ("anna", "/sign-out", 303)]


def test_the_audit_holds_no_secret(browser):
    signed_in(browser)
    token = made_token(browser)
    program = another(browser)
    program.headers["Authorization"] = f"Bearer {token}"
    program.api("/api/v1/products")
    sign_in(another(browser), "anna", "a wrong password")
    browser.submit("/password", {"old": PASSWORD, "new": OTHER, "again": OTHER})
    kept = str(audited(browser))
    assert "loader" in kept
    for secret in (PASSWORD, OTHER, "a wrong password", token, browser.secret, browser.csrf, browser.cookies["vitrina"]):
        assert secret not in kept


def test_the_page_of_the_audit_goes_back_in_time(boss):
    log, now = boss.app.state.service.audit.audit, dt.datetime.now(dt.UTC)
    log.add([Seen(now, "anna", None, f"10.0.0.{number}", "GET", "/stores", "{}", 200) for number in range(AUDIT_PAGE + 5)])
    first = boss.page("/audit?person=ANNA")
    assert first.text.count("<td>10.0.0.") == AUDIT_PAGE
    following = first.text.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    second = boss.page(following)
    assert second.text.count("<td>10.0.0.") == 5
    assert 'rel="next"' not in second.text
    for bad in ("0", "-1", "x", str(2**60), "1e3"):
        assert boss.page(f"/audit?before={bad}").status_code == 422
    assert "<td>10.0.0." not in boss.page("/audit?before=1").text
    assert boss.page("/audit", params={"person": "a\0b"}).status_code == 200
