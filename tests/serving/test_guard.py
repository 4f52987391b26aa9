"""The guard: nothing is done in anybody's name that their own pages have not sent, and nobody is let in by what is no good."""

import datetime as dt
import re
from urllib.parse import quote

import pytest
from fastapi import Form
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect
from structlog.testing import capture_logs

from serving.app import create_app
from serving.web import recognising
from serving.web.forgery import SAFE, csrf_of
from serving.web.recognising import Recogniser
from serving.web.rules import Who, anybody, signed_in
from serving.web.visitors import Asking
from tests.pages import ADDRESS, ADMIN, HTML, Visitor, make_person, token_of
from tests.serving.made_up import PASSWORD, audited, visited, with_password, with_route
from vitrina.settings import Settings
from vitrina.state.credentials import LONGEST_TOKEN, TOKEN_PREFIX
from vitrina.state.roles import EVERYTHING, Action, Grant, Role

VIEWER = Grant(Role.VIEWER, "stores")
MANAGER = Grant(Role.MANAGER, "stores")
NOBODY = "0" * 32


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    return Settings(data=tmp_path_factory.mktemp("guard"), _env_file=None, pages_requests_per_minute=1_000_000)


@pytest.fixture(scope="module")
def visitor(settings):
    with visited(settings) as made:
        yield made


@pytest.fixture(scope="module")
def boss(visitor):
    return next(person for person in visitor.app.state.service.people.everybody() if person.name == "boss")


@pytest.fixture
def stranger(visitor):
    return another(visitor)


def another(visitor):
    """Another browser at the same pages."""
    return Visitor(visitor.app, base_url=ADDRESS, follow_redirects=False)


def own_pages(settings):
    """Pages of their own, with nothing remembered by any limit."""
    return Visitor(create_app(settings), base_url=ADDRESS, follow_redirects=False)


def kind(answer):
    return answer.json()["type"]


def changing_routes(app):
    """Routes that change something, with an address each."""
    for route in app.routes:
        for method in sorted(route.methods - SAFE):
            address = route.path.replace(":path}", "}")
            for name in route.param_convertors:
                address = address.replace(f"{{{name}}}", "stores" if name == "product" else NOBODY)
            yield method, address, route.rule


# what other sites send


FORGED = {
    "nothing": lambda mine, others: {"X-CSRF-Token": ""},
    "something wrong": lambda mine, others: {"X-CSRF-Token": "0" * 64},
    "half of it": lambda mine, others: {"X-CSRF-Token": mine[:-1]},
    "no text at all": lambda mine, others: {"X-CSRF-Token": b"\xff\xfe"},
    "another session's": lambda mine, others: {"X-CSRF-Token": others},
    "another site": lambda mine, others: {"Origin": "https://evil.example"},
    "this host elsewhere": lambda mine, others: {"Origin": "http://127.0.0.1:8000.evil.example"},
    "this host as a user": lambda mine, others: {"Origin": "http://127.0.0.1:8000@evil.example"},
    "another port": lambda mine, others: {"Origin": "http://127.0.0.1:8001"},
    "no site": lambda mine, others: {"Origin": "null"},
    "half an address": lambda mine, others: {"Origin": "http://[::1"},
    "cross-site": lambda mine, others: {"Sec-Fetch-Site": "cross-site"},
    "same-site": lambda mine, others: {"Sec-Fetch-Site": "same-site"},
}


@pytest.mark.parametrize("what", FORGED)
def test_nothing_is_changed_by_what_another_site_sends(visitor, stranger, boss, what):
    stranger.sign_in(boss)
    tried = 0
    for method, address, _ in changing_routes(visitor.app):
        answer = visitor.api(address, method, headers=FORGED[what](visitor.csrf, stranger.csrf))
        assert (answer.status_code, kind(answer)) == (403, "forged"), (method, address)
        tried += 1
    assert tried > 10


def test_what_our_own_pages_send_is_taken(visitor):
    plain = {"language": "en", "csrf": visitor.csrf}
    for headers in (
        {},
        {"Origin": ADDRESS},
        {"Sec-Fetch-Site": "same-origin", "Origin": ADDRESS},
        {"Sec-Fetch-Site": "none"},
    ):
        assert visitor.post("/language", data=plain, headers=HTML | headers).status_code == 303
    headers = HTML | {"X-CSRF-Token": visitor.csrf}
    assert visitor.post("/language", data={"language": "en"}, headers=headers).status_code == 303


def test_what_proves_a_form_is_taken_from_the_form_or_a_header_and_nowhere_else(visitor):
    assert visitor.post(f"/language?csrf={visitor.csrf}", data={"language": "en"}, headers=HTML).status_code == 403
    assert visitor.post("/language", json={"language": "en", "csrf": visitor.csrf}, headers=HTML).status_code == 403
    cookies = {"csrf": visitor.csrf, "vitrina": visitor.secret}
    headers = HTML | {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
    assert visitor.post("/language", data={"language": "en"}, headers=headers).status_code == 403


def test_what_proves_a_form_says_nothing_of_the_session(visitor):
    assert visitor.csrf == csrf_of(visitor.secret)
    assert visitor.secret not in visitor.csrf
    assert len(visitor.csrf) == 64


@pytest.mark.parametrize("charset", ["unicode_escape", "punycode", "undefined", "idna", "utf-7", "hex", "no such thing", "\xff"])
def test_a_form_in_a_strange_character_set_is_no_error_of_ours(visitor, charset):
    body = b'--x\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n\\ud800\r\n--x--\r\n'
    content_type = f"multipart/form-data; boundary=x; charset={charset}".encode("latin-1")
    answer = visitor.post("/language", content=body, headers=HTML | {"Content-Type": content_type})
    assert answer.status_code in (400, 403)


@pytest.mark.parametrize(
    "body", [b"", b"--x", b"--x\r\n\r\n", b"\x00" * 1000, b"csrf=%ff%fe&language=%00", b"&" * 3000, b"csrf=a&" * 2000]
)
@pytest.mark.parametrize(
    "content_type", ["multipart/form-data; boundary=x", "multipart/form-data", "application/x-www-form-urlencoded"]
)
def test_a_form_that_is_none_is_no_error_of_ours(visitor, body, content_type):
    answer = visitor.post("/language", content=body, headers=HTML | {"Content-Type": content_type})
    assert answer.status_code in (400, 403)


def test_another_site_cannot_sign_anybody_in(stranger):
    data = {"name": "boss", "password": PASSWORD}
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
        answer = stranger.post("/sign-in", data=data, headers=HTML | headers)
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers
    assert stranger.post("/sign-in", data=data, headers=HTML | {"Origin": ADDRESS}).status_code == 303


def test_the_address_that_people_see_counts_where_a_proxy_shows_us_another(tmp_path):
    settings = Settings(data=tmp_path, pages_url="https://vitrina.example.com", _env_file=None)
    with own_pages(settings) as client:
        for origin, status in (("https://vitrina.example.com", 303), ("https://evil.example", 403)):
            answer = client.post("/language", data={"language": "ru"}, headers=HTML | {"Host": "127.0.0.1", "Origin": origin})
            assert answer.status_code == status


# tokens


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize(
    "header",
    [
        "Basic YWRtaW46YWRtaW4=",
        "Bearer",
        "Bearer ",
        "Bearer x",
        f"Bearer {TOKEN_PREFIX}",
        f"Bearer {TOKEN_PREFIX}{'x' * 43}",
        f"Bearer {TOKEN_PREFIX}{'x' * 500}",
        f"Token {TOKEN_PREFIX}{'x' * 43}",
        f"Bearer  {TOKEN_PREFIX}{'x' * 43}",
        b"Bearer \xff\xff",
        "Bearer ' OR 1=1 --",
    ],
)
def test_what_is_no_token_lets_nobody_in_even_beside_a_session(visitor, header):
    answer = visitor.api("/api/v1/products", headers={"Authorization": header})
    assert (answer.status_code, kind(answer)) == (401, "unknown-token")
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_token_is_good_for_what_it_was_made_for(settings, stranger, boss):
    token = token_of(settings, boss, "stores:read")
    assert stranger.api("/api/v1/products", headers=bearer(token)).status_code == 200
    # nothing is published, and that much may be known
    assert stranger.api("/api/v1/products/stores", headers=bearer(token)).status_code == 404
    refused = stranger.api("/api/v1/products/posts", headers=bearer(token))
    assert (refused.status_code, kind(refused)) == (403, "forbidden")
    assert stranger.api("/metrics", headers=bearer(token)).status_code == 403
    assert stranger.api("/api/v1/products", headers={"Authorization": f"bearer {token}"}).status_code == 200


def test_a_token_of_the_past_or_revoked_is_unknown(visitor, stranger, boss):
    credentials, now = visitor.app.state.service.credentials, dt.datetime.now(dt.UTC)
    expired = credentials.make_token(boss, "expired", ["stores:read"], dt.timedelta(seconds=1), now - dt.timedelta(seconds=2))
    good = credentials.make_token(boss, "to be revoked", ["stores:read"], LONGEST_TOKEN, now)
    assert stranger.api("/api/v1/products", headers=bearer(good)).status_code == 200
    mine = next(token for token in credentials.tokens_of(boss) if token.name == "to be revoked")
    assert visitor.submit(f"/account/tokens/{mine.id}/revoke").status_code == 303
    for token in (expired, good):
        answer = stranger.api("/api/v1/products", headers=bearer(token))
        assert (answer.status_code, kind(answer)) == (401, "unknown-token")


def test_tokens_are_no_good_where_somebody_has_to_be_there_in_person(settings, stranger, boss):
    token = token_of(settings, boss, *(f"*:{action}" for action in Action))
    routes = [(method, route) for route in stranger.app.routes if route.rule.in_person for method in route.methods - {"HEAD"}]
    assert {"/password", "/account", "/account/tokens", "/people", "/people/{person_id}/password"} <= {
        route.path for _, route in routes
    }
    for method, route in routes:
        address = route.path.replace("{person_id}", NOBODY).replace("{token_id}", NOBODY)
        answer = stranger.api(address, method, headers=bearer(token))
        assert (answer.status_code, kind(answer)) == (403, "forbidden"), address
        assert "Tokens are no good here" in answer.json()["detail"]


def test_programs_send_no_proof_of_a_form(settings, stranger, boss):
    token = token_of(settings, boss, "stores:read")
    data = {"page": "clusters", "rating": "4"}
    answer = stranger.post("/feedback/stores", data=data, headers={"Origin": "https://elsewhere.example"} | bearer(token))
    assert answer.status_code == 200


def test_a_token_counts_more_than_a_session(settings, visitor):
    weak = token_of(settings, make_person(settings, "weak", VIEWER), "stores:read")
    assert visitor.api("/metrics").status_code == 200
    assert visitor.api("/metrics", headers=bearer(weak)).status_code == 403


# a password that was made for one use


@pytest.fixture
def newcomer(visitor, stranger):
    """Somebody who has not yet changed the first password; the name is another in each test."""
    people = visitor.app.state.service.people
    name = f"newcomer {len(people.everybody())}"
    password = people.add(name, [ADMIN], dt.datetime.now(dt.UTC))
    stranger.sign_in(people.verify(name, password))
    return stranger


def test_whoever_has_a_password_for_one_use_gets_no_further(newcomer):
    for address in ("/", "/stores", "/people", "/account", "/audit", "/published/stores", "/files/stores.duckdb"):
        answer = newcomer.page(address)
        assert (answer.status_code, answer.headers["location"]) == (303, "/password"), address
    for address in ("/api/v1/products", "/metrics"):
        answer = newcomer.api(address)
        assert (answer.status_code, kind(answer)) == (403, "forbidden")
    part = newcomer.get("/published/stores", headers={"HX-Request": "true", "Accept": "*/*"})
    assert (part.status_code, part.headers["hx-redirect"], part.text) == (200, "/password", "")
    assert newcomer.submit("/people", {"name": "friend"}).headers["location"] == "/password"
    assert newcomer.api("/people", "POST", data={"name": "friend"}).status_code == 403


def test_with_a_password_for_one_use_one_can_change_it_sign_out_and_read_in_ones_language(newcomer):
    assert newcomer.page("/password").status_code == 200
    assert newcomer.submit("/language", {"language": "ru"}).status_code == 303
    assert newcomer.submit("/sign-out").status_code == 303


def test_tokens_of_somebody_whose_password_was_reset_wait_until_it_is_changed(settings, visitor, stranger):
    person = with_password(settings, "reset", VIEWER)
    token = token_of(settings, person, "stores:read")
    visitor.app.state.service.people.new_password(person.id)
    answer = stranger.api("/api/v1/products", headers=bearer(token))
    assert (answer.status_code, kind(answer)) == (403, "forbidden")


# where strangers are sent


def test_strangers_are_sent_to_sign_in_and_come_back_to_where_they_were(stranger):
    answer = stranger.page("/published/stores?a=1&b=%C3%A9")
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/sign-in?next={quote('/published/stores?a=1&b=%C3%A9', safe='')}"
    assert stranger.page("/").headers["location"] == "/sign-in"
    assert stranger.submit("/people", {"name": "x"}).headers["location"] == "/sign-in"


def test_strangers_who_want_a_part_of_a_page_come_back_to_the_page(stranger):
    part = {"HX-Request": "true", "HX-Current-URL": f"{ADDRESS}/stores?k=3", "Accept": "*/*"}
    answer = stranger.get("/published/stores?version=x", headers=part)
    assert (answer.status_code, answer.text) == (200, "")
    assert answer.headers["hx-redirect"] == f"/sign-in?next={quote('/stores?k=3', safe='')}"


@pytest.mark.parametrize(
    "page",
    ["", "http://[::1", "//evil.example/x", "https://evil.example//evil.example", "javascript:alert(1)", "\\\\evil", "x" * 5000],
)
def test_nobody_is_sent_elsewhere_by_a_page_that_they_claim_to_come_from(stranger, page):
    answer = stranger.get("/published/stores", headers={"HX-Request": "true", "HX-Current-URL": page})
    where = answer.headers["hx-redirect"]
    assert re.fullmatch(r"/sign-in(\?next=%2F[^/].*)?", where), where


def test_programs_are_told_and_not_sent_anywhere(stranger):
    for address, headers in (("/api/v1/products", HTML), ("/people", {"Accept": "application/json"}), ("/metrics", HTML)):
        answer = stranger.get(address, headers=headers)
        assert (answer.status_code, kind(answer)) == (401, "unknown-token")
        assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("cookie", ["x", "x" * 5000, "\xff".encode("latin-1"), "' OR 1=1 --", "a; b", '"'])
def test_a_session_that_nobody_began_is_nobodys(stranger, cookie):
    value = cookie if isinstance(cookie, bytes) else cookie.encode()
    answer = stranger.get("/api/v1/products", headers={"Cookie": b"vitrina=" + value})
    assert answer.status_code == 401


# rights


def test_what_is_in_parts_is_hidden_and_not_refused(settings, visitor, stranger):
    stranger.sign_in(make_person(settings, "one store", Grant(Role.VIEWER, "sellers", "S01")))
    assert stranger.api("/api/v1/products/sellers").status_code == 404
    assert stranger.page("/files/sellers.duckdb").status_code == 403
    assert "as a whole" in stranger.api("/files/sellers.duckdb").json()["detail"]


def test_hostile_names_of_products_are_refused_like_any_other(settings, visitor, stranger):
    stranger.sign_in(make_person(settings, "views stores", VIEWER))
    for product in ("nothing", "*", "{product}", "{0.__class__}", "%00", "<script>", "stores%2f..", "x" * 200, "Ёлка"):
        for who, status in ((stranger, {403, 404}), (visitor, {404, 422})):
            answer = who.api(f"/api/v1/products/{product}")
            assert answer.status_code in status, product
            page = who.page(f"/published/{product}")
            assert page.status_code in status
            assert "<script>" not in page.text.replace("<script src=", "")


def test_rights_that_are_taken_here_are_gone_at_once(settings, visitor, stranger):
    person = make_person(settings, "demoted", VIEWER)
    stranger.sign_in(person)
    assert stranger.api("/api/v1/products/stores").status_code == 404
    assert visitor.submit(f"/people/{person.id}/grants", {"grants": "viewer posts"}).status_code == 303
    assert stranger.api("/api/v1/products/stores").status_code == 403
    assert visitor.submit(f"/people/{person.id}/active", {"active": "false"}).status_code == 303
    assert stranger.api("/api/v1/products/stores").status_code == 401


def test_rights_that_are_taken_on_another_worker_are_gone_in_seconds(settings, visitor, stranger, monkeypatch):
    person, clock = make_person(settings, "demoted elsewhere", VIEWER), [1000.0]
    monkeypatch.setattr(recognising.time, "monotonic", lambda: clock[0])
    stranger.sign_in(person)
    assert stranger.api("/api/v1/products/stores").status_code == 404
    visitor.app.state.service.people.set_grants(person.id, [])
    clock[0] += recognising.REMEMBERED_S - 0.1
    assert stranger.api("/api/v1/products/stores").status_code == 404
    clock[0] += 0.2
    assert stranger.api("/api/v1/products/stores").status_code == 403
    assert recognising.REMEMBERED_S <= 5


def test_what_was_read_before_rights_changed_is_not_remembered_after():
    class Slow:
        """Reads, and while the answer is on its way somebody is locked out."""

        def by_session(self, secret, now):
            recogniser.forget()

    recogniser = Recogniser(Slow())
    recogniser.look_up("x", is_token=False)
    assert recogniser.remembered("x", is_token=False) == (False, None)


def test_a_session_is_not_remembered_beyond_its_end(visitor, stranger, boss):
    service, now = visitor.app.state.service, dt.datetime.now(dt.UTC)
    token = service.credentials.make_token(boss, "short", ["stores:read"], dt.timedelta(seconds=0.4), now)
    assert stranger.api("/api/v1/products", headers=bearer(token)).status_code == 200
    fresh, known = service.recogniser.remembered(token, is_token=True)
    assert fresh
    while dt.datetime.now(dt.UTC) < known.until:
        pass
    assert stranger.api("/api/v1/products", headers=bearer(token)).status_code == 401


# how much is too much


def limited(tmp_path, **limits):
    return own_pages(Settings(data=tmp_path, _env_file=None, **limits))


def told_to_wait(answer):
    return answer.status_code == 429 and kind(answer) == "too-much" and int(answer.headers["retry-after"]) > 0


def test_strangers_who_ask_too_much_wait(tmp_path):
    with limited(tmp_path, pages_requests_per_minute=8) as client:
        assert [client.get("/health/live").status_code for _ in range(2)] == [200, 200]
        assert told_to_wait(client.get("/health/live"))
        assert "Retry-After" in client.get("/sign-in", headers=HTML).headers


def test_one_person_who_asks_too_much_keeps_nobody_else_waiting(tmp_path):
    settings = Settings(data=tmp_path, pages_requests_per_minute=8, _env_file=None)
    people = [make_person(settings, name, VIEWER) for name in ("anna", "boris")]
    with own_pages(settings) as client:
        for person in people:
            client.sign_in(person)
            assert [client.api("/api/v1/products").status_code for _ in range(2)] == [200, 200]
            assert told_to_wait(client.api("/api/v1/products"))
        token = token_of(settings, people[0], "stores:read")
        assert client.api("/api/v1/products", headers=bearer(token)).status_code == 200


def test_a_token_has_a_limit_of_its_own(tmp_path):
    settings = Settings(data=tmp_path, pages_token_requests_per_minute=8, _env_file=None)
    token = token_of(settings, make_person(settings, "anna", VIEWER), "stores:read")
    with own_pages(settings) as client:
        assert [client.api("/api/v1/products", headers=bearer(token)).status_code for _ in range(2)] == [200, 200]
        assert told_to_wait(client.api("/api/v1/products", headers=bearer(token)))
        assert client.get("/health/live").status_code == 200


@pytest.mark.parametrize("header", ["Basic x", f"Bearer {TOKEN_PREFIX}{'x' * 43}"])
def test_whoever_guesses_tokens_waits_like_any_stranger(tmp_path, header):
    with limited(tmp_path, pages_requests_per_minute=8) as client:
        headers = {"Authorization": header}
        assert [client.api("/api/v1/products", headers=headers).status_code for _ in range(2)] == [401, 401]
        assert told_to_wait(client.api("/api/v1/products", headers=headers))


def test_the_audit_says_where_a_bad_token_came_from(visitor, stranger):
    stranger.api("/api/v1/products", headers=bearer(f"{TOKEN_PREFIX}{'y' * 43}"))
    entries = audited(visitor, route="/api/v1/products", status=401)
    assert entries
    assert {entry.address for entry in entries} == {"testclient"}


# mistakes of ours


def failing():
    raise RuntimeError("the secret of the house")


def failing_dependency(visitor: Asking, wanted: str = Form()):
    raise ZeroDivisionError("the secret of the house")


@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_route_that_fails_says_so_without_saying_why(visitor, stranger, boss, language):
    stranger.sign_in(boss)
    with_route(visitor.app, "/test/fails", signed_in()(failing))
    with capture_logs() as logged:
        page = stranger.page("/test/fails", headers={"Accept-Language": language})
        answer = visitor.api("/test/fails")
    assert [line["event"] for line in logged if "exc_info" in line] == ["failed", "failed"]
    assert page.status_code == 500
    assert {"en": "Something went wrong on our side.", "ru": '<html lang="ru">'}[language] in page.text
    assert page.headers["content-security-policy"]
    assert page.headers["x-request-id"]
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert answer.json()["status"] == 500
    for text in (page.text, answer.text):
        assert not re.search("secret of the house|RuntimeError|Traceback|made_up|\\.py", text)
    assert audited(visitor, route="/test/fails", status=500)


def test_a_form_is_not_read_before_somebody_is_let_in(visitor, stranger):
    with_route(visitor.app, "/test/form", signed_in()(failing_dependency), methods=["POST"])
    assert stranger.api("/test/form", "POST", data={"wanted": "x"}).status_code == 401
    assert visitor.api("/test/form", "POST", data={}).status_code == 422
    with capture_logs():
        assert visitor.api("/test/form", "POST", data={"wanted": "x"}).status_code == 500


def test_a_route_open_to_the_world_knows_who_asks_all_the_same(visitor, stranger):
    def who(visitor: Asking) -> dict[str, str]:
        return {"who": "" if visitor.known is None else visitor.name}

    with_route(visitor.app, "/api/test/who", anybody()(who))
    assert stranger.api("/api/test/who").json() == {"who": ""}
    assert visitor.api("/api/test/who").json() == {"who": "boss"}


def test_only_few_routes_that_change_something_are_open_to_the_world(visitor):
    assert {address for _, address, rule in changing_routes(visitor.app) if rule.who is Who.ANYBODY} == {"/language", "/sign-in"}


def test_no_address_answers_websockets(visitor):
    for address in ("/", "/api/v1/products", "/nothing"):
        with pytest.raises(WebSocketDisconnect), TestClient(visitor.app, base_url=ADDRESS).websocket_connect(address):
            pytest.fail("a websocket was opened")


def test_an_admin_of_nothing_cannot_make_admins(settings, visitor, stranger):
    stranger.sign_in(make_person(settings, "manager", MANAGER, Grant(Role.MONITOR, EVERYTHING)))
    for method, address in (("GET", "/people"), ("POST", "/people"), ("GET", "/audit"), ("POST", f"/people/{NOBODY}/grants")):
        assert stranger.api(address, method).status_code == 403
