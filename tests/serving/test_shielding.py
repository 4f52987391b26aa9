"""What stands before every route: headers on every answer, and no body that is larger than it may be."""

import anyio
import pytest
from fastapi import Request
from fastapi.responses import FileResponse, StreamingResponse
from structlog.testing import capture_logs

from serving.web.rules import anybody, signed_in
from serving.web.shielding import CHUNKED, MOST_BODY, MOST_CHUNK
from tests.pages import ADDRESS, HTML, Visitor, make_person, token_of
from tests.serving.made_up import visited, with_route
from vitrina.settings import Settings
from vitrina.state.roles import Grant, Role

SHIELDS = {
    "content-security-policy",
    "x-content-type-options",
    "referrer-policy",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "permissions-policy",
    "cache-control",
    "x-request-id",
}
FORM = (b"content-type", b"application/x-www-form-urlencoded")


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    return Settings(data=tmp_path_factory.mktemp("shielding"), _env_file=None, pages_requests_per_minute=1_000_000)


@pytest.fixture(scope="module")
def visitor(settings):
    with visited(settings) as made:
        yield made


@pytest.fixture
def stranger(visitor):
    return Visitor(visitor.app, base_url=ADDRESS, follow_redirects=False)


class Asked:
    """A request as a server hands it on, in pieces; and what came back."""

    def __init__(self, visitor, method, path, headers=(), pieces=(b"",), *, endless=False):
        self.read, self.status, self.headers, self.body = 0, None, [], b""
        pieces = list(pieces)

        async def receive():
            self.read += 1
            await anyio.lowlevel.checkpoint()
            if not pieces and not endless:
                await anyio.sleep_forever()
            piece = pieces.pop(0) if pieces else b"x" * 65536
            return {"type": "http.request", "body": piece, "more_body": bool(pieces) or endless}

        async def send(message):
            if message["type"] == "http.response.start":
                self.status, self.headers = message["status"], message["headers"]
            else:
                self.body += message.get("body", b"")

        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [(b"host", b"127.0.0.1:8000"), (b"accept", b"application/json"), *headers],
            "client": ("10.0.0.1", 1234),
            "server": ("127.0.0.1", 8000),
        }
        visitor.portal.call(visitor.app, scope, receive, send)

    def header(self, name):
        return dict(self.headers).get(name)


def failing():
    raise RuntimeError("the secret of the house")


def test_every_answer_has_the_headers_that_browsers_obey(settings, visitor, stranger):
    with_route(visitor.app, "/test/fails", anybody()(failing))
    token = {
        "Authorization": f"Bearer {token_of(settings, make_person(settings, 'viewer', Grant(Role.VIEWER, 'stores')), 'stores:read')}"
    }
    with capture_logs():
        answers = {
            200: [
                visitor.page("/"),
                visitor.api("/api/v1/products"),
                visitor.page("/static/pages.css"),
                visitor.api("/health/live"),
            ],
            303: [stranger.page("/"), visitor.submit("/language", {"language": "en"})],
            307: [visitor.page("/people/")],
            400: [visitor.page("/", headers={"Host": "evil.example"}), visitor.page("/", headers={"Host": ""})],
            401: [stranger.api("/api/v1/products"), stranger.submit("/sign-in", {"name": "x", "password": "x"})],
            403: [visitor.api("/people", "POST", headers={"X-CSRF-Token": ""}), stranger.api("/metrics", headers=token)],
            404: [
                visitor.page("/nothing"),
                visitor.api("/api/v1/nothing"),
                visitor.page("/static/nothing"),
                visitor.page("/published/stores"),
            ],
            405: [visitor.api("/api/v1/products", "DELETE"), visitor.api("/people", "OPTIONS")],
            413: [visitor.submit("/people", {"name": "x" * MOST_BODY})],
            422: [visitor.submit("/people", {}), visitor.submit("/people", {"name": ""}), visitor.page("/audit?before=x")],
            500: [visitor.page("/test/fails"), visitor.api("/test/fails")],
        }
    for status, found in answers.items():
        for answer in found:
            assert answer.status_code == status, answer.url
            names = [name for name, _ in answer.headers.multi_items()]
            assert set(names) >= SHIELDS, (answer.url, SHIELDS - set(names))
            assert sorted(names).count("content-security-policy") == 1
            assert "server" not in names
            assert "strict-transport-security" not in names


def test_nothing_foreign_may_run_frame_or_be_framed(visitor):
    policy = dict(part.split(" ", 1) for part in visitor.page("/").headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == policy["form-action"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert not {"unsafe", "http", "*"} & set(" ".join(policy.values()).replace("-", " ").replace("'", " ").split())


def test_people_who_come_through_https_are_told_to_go_on_doing_so(tmp_path):
    settings = Settings(data=tmp_path, pages_url="https://vitrina.example.com", _env_file=None)
    with visited(settings) as visitor:
        answer = visitor.get("/health/live", headers={"Host": "vitrina.example.com"})
        assert answer.headers["strict-transport-security"] == "max-age=31536000"
        assert visitor.get("/health/live", headers={"Host": "elsewhere.example.com"}).status_code == 400


def test_pages_are_kept_by_nobody_and_styles_for_ever(visitor):
    page = visitor.page("/")
    assert page.headers["cache-control"] == "private, no-store"
    style = page.text.split('<link rel="stylesheet" href="')[1].split('"')[0]
    assert "immutable" in visitor.page(style).headers["cache-control"]
    assert visitor.page("/static/pages.css").headers["cache-control"] == "public, no-cache"
    assert visitor.api("/api/v1/products").headers["cache-control"] == "private, no-cache"


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "127.0.0.1:8000@evil.example", "localhost evil", "", "\xff", "[::1", "*"]
)
def test_a_name_that_is_not_ours_is_not_answered_to(visitor, host):
    answer = visitor.get("/health/live", headers={"Host": host.encode("latin-1")})
    assert (answer.status_code, answer.headers.get("location")) == (400, None)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:1", "localhost", "LOCALHOST:8000", "[::1]:8000"])
def test_this_machine_is_always_answered_to(visitor, host):
    assert visitor.get("/health/live", headers={"Host": host}).status_code == 200


# bodies


def test_a_body_that_says_that_it_is_too_large_is_not_read(visitor):
    asked = Asked(visitor, "POST", "/sign-in", [FORM, (b"content-length", b"100000000")], [b"x"], endless=True)
    assert (asked.status, asked.read) == (413, 0)
    assert asked.header(b"connection") == b"close"
    assert asked.header(b"content-type") == b"application/problem+json"


def test_a_body_that_does_not_say_how_large_it_is_is_read_no_further_than_it_may(visitor):
    asked = Asked(visitor, "POST", "/sign-in", [FORM, (b"transfer-encoding", b"chunked")], [b"name=x"], endless=True)
    assert asked.status == 413
    assert asked.read <= MOST_BODY // 65536 + 3
    assert asked.header(b"connection") == b"close"


def test_a_body_that_says_that_it_is_small_is_read_no_further_than_it_may(visitor):
    asked = Asked(visitor, "POST", "/sign-in", [FORM, (b"content-length", b"10")], [b"name=x"], endless=True)
    assert asked.status == 413


@pytest.mark.parametrize("length", [b"-1", b"abc", b"", b"1e3", b"0x10", b"9" * 5000, b"1 1", "١".encode(), b"1.5", b"+5"])
def test_a_length_that_is_none_is_taken_for_too_large(visitor, length):
    asked = Asked(visitor, "POST", "/sign-in", [FORM, (b"content-length", length)], [b"name=x&password=y"])
    assert (asked.status, asked.read) == (413, 0)


def test_a_body_of_just_the_size_that_it_may_have_is_read(visitor):
    whole = b"name=x&password=y&filler="
    pieces = [whole, *[b"x" * 25_000] * 39, b"x" * (25_000 - len(whole))]
    assert sum(map(len, pieces)) == MOST_BODY
    assert Asked(visitor, "POST", "/sign-in", [FORM, (b"content-length", str(MOST_BODY).encode())], pieces).status == 401
    assert Asked(visitor, "POST", "/sign-in", [FORM], [*pieces, b"x"]).status == 413


def test_nothing_of_a_body_is_read_before_somebody_is_let_in(visitor):
    for path in ("/people", "/feedback/stores", "/account/tokens"):
        asked = Asked(visitor, "POST", path, [FORM], [b"name=x"], endless=True)
        assert (asked.status, asked.read) == (401, 0), path


def taking(read):
    async def take(request: Request) -> None:
        read.extend([len(piece) async for piece in request.stream()])

    return take


def test_only_pieces_of_uploads_may_be_large(visitor):
    for method, path, most in (
        ("PATCH", CHUNKED + "x", MOST_CHUNK),
        ("POST", CHUNKED + "x", MOST_BODY),
        ("PATCH", "/people" + CHUNKED, MOST_BODY),
    ):
        read = []
        with_route(visitor.app, path, anybody()(taking(read)), [method])
        headers = [(b"cookie", f"vitrina={visitor.secret}".encode()), (b"x-csrf-token", visitor.csrf.encode())]
        asked = Asked(visitor, method, path, headers, [b"x" * (most - 10), b"x" * 10])
        assert (asked.status, sum(read)) == (200, most)
        assert Asked(visitor, method, path, headers, [b"x" * most, b"x"]).status == 413


# what happens while the answer is on its way


def test_a_file_that_vanishes_while_its_download_begins_is_told_without_its_path(visitor, tmp_path):
    def download() -> FileResponse:
        return FileResponse(tmp_path / "secret of the house")

    with_route(visitor.app, "/test/download", signed_in()(download))
    with capture_logs() as logged:
        page, answer = visitor.page("/test/download"), visitor.api("/test/download")
    for found in (page, answer):
        assert found.status_code == 500
        assert set(found.headers) >= SHIELDS
        assert "secret of the house" not in found.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert [line["route"] for line in logged if line["event"] == "failed"] == ["/test/download"] * 2


def test_an_answer_in_pieces_is_not_broken_off_by_a_body_that_nobody_reads(visitor):
    def pieces() -> StreamingResponse:
        return StreamingResponse(iter([b"one ", b"two"]))

    with_route(visitor.app, "/test/pieces", signed_in()(pieces))
    headers = [(b"cookie", f"vitrina={visitor.secret}".encode()), (b"content-length", b"100000000")]
    asked = Asked(visitor, "GET", "/test/pieces", headers, [b"x"] * 3)
    assert (asked.status, asked.body) == (200, b"one two")


def test_pages_are_compressed_and_files_are_not(visitor):
    compressed = {"Accept-Encoding": "gzip"}
    assert visitor.page("/", headers=compressed).headers["content-encoding"] == "gzip"
    assert "content-encoding" not in visitor.page("/api/openapi.json", headers=compressed).headers


# addresses


@pytest.mark.parametrize(
    "path",
    [
        "../app.py",
        "..%2fapp.py",
        "%2e%2e/app.py",
        "..%2f..%2f..%2fetc%2fpasswd",
        "%2fetc%2fpasswd",
        "/etc/passwd",
        "..\\app.py",
        "vendor/../../app.py",
        "vendor",
        "",
        "%00",
        "pages.css%00.png",
        "pages.css/x",
        "x" * 3000,
        "pages.css::$DATA",
        "%ff%fe",
    ],
)
def test_nothing_but_what_lies_in_the_folder_of_styles_is_given_out(visitor, path):
    assert visitor.get(f"/static/{path}").status_code == 404
    # as it is, without a client that tidies it up
    assert Asked(visitor, "GET", f"/static/{path}").status == 404


def test_to_head_every_route_answers_like_to_get_without_the_body(visitor):
    for path in ("/", "/health/live", "/static/pages.css", "/api/v1/products"):
        got, headed = visitor.page(path), visitor.head(path, headers=HTML)
        assert (headed.status_code, headed.content) == (200, b"")
        assert headed.headers["content-type"] == got.headers["content-type"]
    assert visitor.head("/sign-out", headers=HTML).status_code == 405


def test_to_head_strangers_are_let_in_no_further(stranger):
    assert stranger.head("/", headers=HTML).status_code == 303
    assert stranger.head("/api/v1/products").status_code == 401
    assert stranger.head("/files/stores.duckdb", headers={"Accept": "*/*"}).status_code == 401


@pytest.mark.parametrize("path", ["/people/", "//evil.example/people/", "/people//", "/\\evil.example/"])
def test_a_stroke_too_many_leads_nowhere_else(visitor, path):
    asked = Asked(visitor, "GET", path)
    assert asked.status in (307, 404)
    assert (asked.header(b"location") or b"http://127.0.0.1:8000/").startswith(b"http://127.0.0.1:8000/")
