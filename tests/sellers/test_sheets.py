"""A sheet of shifts becomes a delivered file: over TLS, by the protocols that Google speaks, on servers of our own."""

import base64
import csv
import datetime as dt
import gzip
import hashlib
import io
import ipaddress
import json
import ssl
import threading
import time
import traceback
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

from vitrina.errors import DeliveryError, SettingsError
from vitrina.inbox.validate import validate_file
from vitrina.sellers import sheets
from vitrina.sellers.contracts import CONTRACTS
from vitrina.sellers.sheets import fetch_shifts, with_offsets
from vitrina.sellers.video_times import Clock
from vitrina.settings import Settings

NOW = dt.datetime(2026, 10, 14, 6, tzinfo=dt.UTC)
MOSCOW = Clock("Europe/Moscow")
HEADER = ["store_id", "seller_id", "begin", "end"]
SHIFT = ["lenina-5", "S01", "2026-10-14 09:00", "14.10.2026 21:00"]
READ = ["lenina-5", "S01", "2026-10-14T09:00:00+03:00", "2026-10-14T21:00:00+03:00"]
SHEET = "1AbCdEfGhIjKlMnOpQrStUvWxYz0123456789-_abcdef"
EMAIL = "shifts@made-up.iam.gserviceaccount.com"
PUBLISHED = "/spreadsheets/d/e/2PACX-1vQfromWhichAnybodyMayRead/pub?gid=0&single=true&output=csv"
PLAIN = {"Content-Type": "text/csv"}


def as_csv(*rows):
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


@dataclass
class Web:
    """What the server answers per path, in order; the last answer stays. Callables are asked."""

    port: int = 0
    answers: dict = field(default_factory=dict)
    requests: list = field(default_factory=list)

    def address(self, path):
        return f"https://127.0.0.1:{self.port}{path}"

    def says(self, path, *answers):
        self.answers[path] = list(answers)
        return self.address(path)

    def answer(self, method, target, headers, body):
        self.requests.append((method, target))
        queue = self.answers.get(target) or self.answers.get(unquote(urlsplit(target).path)) or [(404, {}, b"")]
        said = queue.pop(0) if len(queue) > 1 else queue[0]
        return said(headers, body) if callable(said) else said


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for 127.0.0.1 that is its own authority, and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "made-up")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + pem(key))
    return file


def pem(key):
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


@pytest.fixture(scope="module")
def signer():
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture
def web(certificate, monkeypatch):
    web = Web()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, headers, content = web.answer(self.command, self.path, self.headers, body)
            self.send_response(status)
            pieces = [content] if isinstance(content, bytes) else content
            for name, value in headers.items() | ({("Content-Length", str(len(content)))} if isinstance(content, bytes) else set()):
                self.send_header(name, value)
            self.end_headers()
            try:
                for piece in pieces:
                    self.wfile.write(piece)
            except OSError:
                self.close_connection = True  # the client has hung up

        do_POST = do_GET  # noqa: N815  # what the server calls it

        def log_message(self, *_):
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    web.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(sheets, "FIRST_WAIT_S", 0.01)
    yield web
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def fetch(tmp_path, web):
    """Fetches a sheet into a data folder; says what then lies there."""

    def fetch(sheet, key=""):
        settings = Settings(
            data=tmp_path / "data",
            sellers_shifts_sheet=sheet,
            sellers_sheets_key=str(key),
            sellers_time_zone="Europe/Moscow",
        )
        return fetch_shifts(settings, now=NOW, api=web.address(""))

    return fetch


@dataclass
class Google:
    """The token endpoint, which checks the signature, and the API, which checks the token."""

    web: Web
    signer: rsa.RSAPrivateKey
    key_file: Path
    cells: list
    claims: dict = field(default_factory=dict)

    def token(self, _headers, body):
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        signed, _, signature = form["assertion"].rpartition(".")
        self.signer.public_key().verify(from_base64(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        header, self.claims = (json.loads(from_base64(part)) for part in signed.split("."))
        good = form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer" and header["alg"] == "RS256"
        good = good and header["kid"] == "key-1" and self.claims["aud"] == self.web.address("/token")
        return as_json({"access_token": "ya29.token", "token_type": "Bearer"}) if good else as_json({"error": "invalid_grant"}, 400)

    def values(self, headers, _body):
        if headers["Authorization"] != "Bearer ya29.token":
            return as_json({"error": {"status": "UNAUTHENTICATED"}}, 401)
        return as_json({"range": "'x'!A1:Z1000", "majorDimension": "ROWS"} | ({"values": self.cells} if self.cells else {}))


def from_base64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def as_json(told, status=200):
    return status, {"Content-Type": "application/json"}, json.dumps(told).encode()


@pytest.fixture
def google(web, signer, tmp_path):
    key = {
        "type": "service_account",
        "client_email": EMAIL,
        "token_uri": web.address("/token"),
        "private_key_id": "key-1",
        "private_key": pem(signer).decode(),
    }
    file = tmp_path / "key.json"
    file.write_text(json.dumps(key))
    google = Google(web, signer, file, [HEADER, SHIFT])
    web.says("/token", google.token)
    for cells in ("A:Z", "'It''s / a shift'!A:Z"):
        web.says(f"/v4/spreadsheets/{SHEET}/values/{cells}", google.values)
    return google


def rows_of(file):
    return list(csv.reader(io.StringIO(file.read_bytes().decode(), newline="")))


def judged(file):
    return validate_file(file, CONTRACTS, today=NOW.date(), contract="shifts").findings


def test_without_a_sheet_nothing_is_fetched(fetch, web):
    assert fetch("  ") is None
    assert web.requests == []


def test_a_published_sheet_lies_in_the_inbox_with_offsets_and_is_written_once(fetch, web, tmp_path):
    address = web.says(PUBLISHED, (200, PLAIN, as_csv(HEADER, SHIFT)))
    file = fetch(address)
    assert file == tmp_path / "data" / "decisions" / "sellers" / "shifts" / "sheet.csv"
    assert rows_of(file) == [HEADER, READ]
    counts = judged(file).counts
    assert (counts.read, counts.loaded, counts.refused) == (1, 1, 0)
    before = file.stat()
    assert fetch(address).stat().st_mtime_ns == before.st_mtime_ns
    assert fetch(web.says(PUBLISHED, (200, PLAIN, as_csv(HEADER)))).stat().st_ino != before.st_ino


def test_a_redirect_to_the_same_host_is_followed(fetch, web):
    web.says("/far", (200, PLAIN, as_csv(HEADER, SHIFT)))
    assert rows_of(fetch(web.says("/near", (307, {"Location": "/far"}, b"")))) == [HEADER, READ]


@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("http://127.0.0.1:{port}/far", "leads away, to http://127.0.0.1"),
        ("https://localhost:{port}/far", "leads away, to https://localhost"),
        ("https://docs.google.com.example/far", "leads away"),
        ("https://example-googleusercontent.com/far", "leads away"),
        ("https://accounts.google.com/ServiceLogin?continue=x", "asks for a login"),
        ("https://127.0.0.1:port/", "RemoteProtocolError"),
        ("/near", "without end"),
    ],
)
def test_a_redirect_that_leads_away_is_not_followed(fetch, web, location, said):
    address = web.says("/near", (302, {"Location": location.format(port=web.port)}, b""))
    with pytest.raises(DeliveryError, match=said):
        fetch(address)
    assert {path for _, path in web.requests} == {"/near"}


def test_who_may_redirect_is_told_by_the_end_of_the_host():
    names = (
        "docs.google.com",
        "doc-0k-3s-sheets.googleusercontent.com",
        "evilgoogle.com",
        "google.com.evil",
        "docs.google.com:8443",
    )
    assert [sheets._is_google(sheets.httpx.URL(f"https://{name}/")) for name in names] == [True, True, False, False, False]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((200, {"Content-Type": "text/html; charset=utf-8"}, b"<!doctype html><title>Sign in</title>"), "a web page and no CSV"),
        ((200, PLAIN, b"\xef\xbb\xbf \n<HTML><body>Sign in"), "a web page and no CSV"),
        ((200, PLAIN, b" \n"), "is empty"),
        ((403, {}, b""), "status 403.*Publish to web"),
        ((404, {}, b""), "status 404.*Publish to web"),
        ((418, {}, b""), "status 418"),
    ],
)
def test_what_is_no_sheet_is_told_and_leaves_the_shifts_as_they_were(fetch, web, answer, said):
    file = fetch(web.says(PUBLISHED, (200, PLAIN, as_csv(HEADER, SHIFT)), answer))
    before = file.read_bytes()
    with pytest.raises(DeliveryError, match=said) as caught:
        fetch(web.address(PUBLISHED))
    assert file.read_bytes() == before
    assert "fromWhichAnybodyMayRead" not in str(caught.value)
    assert "2PACX-1v…" in str(caught.value)


def test_a_server_that_is_busy_is_asked_again(fetch, web):
    busy = [(429, {"Retry-After": "0"}, b""), (503, {"Retry-After": "Wed, 14 Oct 2026 09:00:00 GMT"}, b"")]
    assert fetch(web.says(PUBLISHED, *busy, (200, PLAIN, as_csv(HEADER, SHIFT))))
    assert len(web.requests) == 3


def test_a_server_that_stays_busy_is_given_up(fetch, web):
    with pytest.raises(DeliveryError, match=r"status 500.*stay as they were"):
        fetch(web.says(PUBLISHED, (500, {}, b"")))
    assert len(web.requests) == sheets.ATTEMPTS
    with pytest.raises(DeliveryError, match="status 429"):
        fetch(web.says("/other", (429, {"Retry-After": "3600"}, b"")))
    assert len(web.requests) == sheets.ATTEMPTS + 1


def test_a_network_that_is_down_is_an_outage(fetch, web):
    with pytest.raises(DeliveryError, match=r"cannot be reached \(ConnectError\)"):
        fetch("https://127.0.0.1:1/sheet.csv")


def test_a_server_that_nobody_vouches_for_is_not_believed(fetch, web, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE")
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    with pytest.raises(DeliveryError, match="cannot be reached"):
        fetch(web.says(PUBLISHED, (200, PLAIN, as_csv(HEADER, SHIFT))))
    assert web.requests == []


def test_a_body_without_end_is_given_up(fetch, web):
    def endless():
        while True:
            yield b"x" * 65536

    with pytest.raises(DeliveryError, match="more than 5 MB"):
        fetch(web.says("/endless", lambda *_: (200, PLAIN, endless())))
    bomb = gzip.compress(bytes(50 << 20))
    with pytest.raises(DeliveryError, match="more than 5 MB"):
        fetch(web.says("/bomb", (200, PLAIN | {"Content-Encoding": "gzip"}, bomb)))


def test_a_body_in_drops_is_given_up(fetch, web, monkeypatch):
    def drops():
        while True:
            time.sleep(0.05)
            yield b"x"

    monkeypatch.setattr(sheets, "TIMEOUT_S", 0.4)
    began = time.monotonic()
    with pytest.raises(DeliveryError, match="does not come to an end"):
        fetch(web.says("/drops", lambda *_: (200, PLAIN, drops())))
    assert time.monotonic() - began < 5


def test_a_body_that_is_cut_off_is_not_taken_for_whole(fetch, web):
    content = as_csv(HEADER, SHIFT)
    with pytest.raises(DeliveryError, match="RemoteProtocolError"):
        fetch(web.says(PUBLISHED, lambda *_: (200, PLAIN | {"Content-Length": "999"}, iter([content]))))


@pytest.mark.parametrize(
    ("sheet", "said"),
    [
        ("http://example.com/sheet.csv", "begins with http:"),
        ("file:///etc/passwd", "begins with file:"),
        ("https://user:secret@example.com/sheet.csv", "names a user"),
        ("https://127.0.0.1:port/", "is none"),
        (f"https://docs.google.com/spreadsheets/d/{SHEET}/edit?usp=sharing#gid=0", "is edited.*Publish to web"),
        (f"https://docs.google.com/spreadsheets/u/0/d/{SHEET}", f"is edited.*{SHEET}!"),
        ("../../etc/passwd", "neither the address nor the identifier"),
        (f"{SHEET}/values/A:Z?x=!Shifts", "neither the address nor the identifier"),
        (SHEET, "no key to read it"),
    ],
)
def test_a_sheet_that_cannot_be_asked_for_is_a_wrong_setting(fetch, web, sheet, said):
    with pytest.raises(SettingsError, match=said) as caught:
        fetch(sheet)
    assert "secret" not in str(caught.value)
    assert web.requests == []


def test_a_time_zone_that_is_none_is_a_wrong_setting(tmp_path):
    with pytest.raises(SettingsError, match="no time zone"):
        fetch_shifts(Settings(data=tmp_path, sellers_shifts_sheet=SHEET, sellers_time_zone="Moon/Crater"), now=NOW)


@pytest.mark.parametrize("name", ["", "!It's / a shift"])
def test_a_sheet_is_read_with_a_service_account(fetch, google, name):
    google.cells = [HEADER, SHIFT, [], ["lenina-5", "S02", "2026-10-14 10:00"]]
    assert rows_of(fetch(SHEET + name, google.key_file)) == [
        HEADER,
        READ,
        [],
        ["lenina-5", "S02", "2026-10-14T10:00:00+03:00", ""],
    ]
    assert google.claims["iss"] == EMAIL
    assert google.claims["scope"] == "https://www.googleapis.com/auth/spreadsheets.readonly"
    assert (google.claims["iat"], google.claims["exp"]) == (NOW.timestamp(), NOW.timestamp() + 600)


def test_a_key_that_google_does_not_know_is_refused(fetch, google, web):
    google.signer = rsa.generate_private_key(65537, 2048)
    web.says("/token", lambda *_: as_json({"error": "invalid_grant"}, 400))
    with pytest.raises(DeliveryError, match=r"status 400.*clock is right"):
        fetch(SHEET, google.key_file)


def test_a_sheet_that_is_not_shared_says_with_whom_to_share_it(fetch, google, web):
    web.says(f"/v4/spreadsheets/{SHEET}/values/A:Z", as_json({"error": {"status": "PERMISSION_DENIED"}}, 403))
    with pytest.raises(DeliveryError, match=r"status 403.*Share the sheet with the service account"):
        fetch(SHEET, google.key_file)


def test_an_api_that_is_busy_is_asked_again(fetch, google, web):
    web.says(f"/v4/spreadsheets/{SHEET}/values/A:Z", as_json({}, 429), as_json({}, 503), google.values)
    web.says("/token", as_json({}, 503), google.token)
    assert rows_of(fetch(SHEET, google.key_file)) == [HEADER, READ]
    assert len(web.requests) == 5


@pytest.mark.parametrize(
    ("path", "answer", "said"),
    [
        ("/token", (200, {}, b"<html>"), "something else than JSON"),
        ("/token", (200, {}, b"[" * 200_000), "something else than JSON"),
        ("/token", as_json({"access_token": "a\nb: c"}), "without a token"),
        ("/token", (302, {"Location": "/elsewhere"}, b""), "status 302"),
        ("values", as_json({"values": {"a": 1}}), "something else than rows"),
        ("values", as_json({}), r"1AbCdEfG…, is empty"),
        ("values", as_json({"values": [[], []]}), "is empty"),
        ("values", (302, {"Location": "/elsewhere"}, b""), "status 302"),
        ("values", as_json({}, 404), "status 404.*Check the identifier"),
    ],
)
def test_answers_that_no_api_gives_are_told(fetch, google, path, answer, said):
    google.web.says(path if path == "/token" else f"/v4/spreadsheets/{SHEET}/values/A:Z", answer)
    with pytest.raises(DeliveryError, match=said):
        fetch(SHEET, google.key_file)
    assert "/elsewhere" not in {path for _, path in google.web.requests}


@pytest.mark.parametrize(
    "change",
    [
        lambda _: "no JSON, but -----BEGIN PRIVATE KEY----- MIIEsecret",
        lambda _: '["MIIEsecret"]',
        lambda key: json.dumps(key | {"type": "authorized_user", "private_key": "MIIEsecret"}),
        lambda key: json.dumps(key | {"private_key": "-----BEGIN PRIVATE KEY-----\nMIIEsecret\n-----END PRIVATE KEY-----\n"}),
        lambda key: json.dumps(key | {"private_key": pem(ec.generate_private_key(ec.SECP256R1())).decode()}),
        lambda key: json.dumps(key | {"token_uri": "http://127.0.0.1/MIIEsecret"}),
        lambda key: json.dumps({name: value for name, value in key.items() if name != "private_key"}),
    ],
)
def test_a_damaged_key_is_told_without_showing_what_is_in_it(fetch, google, web, change):
    key = json.loads(google.key_file.read_text())
    google.key_file.write_text(change(key))
    with pytest.raises(SettingsError) as caught:
        fetch(SHEET, google.key_file)
    told = "".join(traceback.format_exception(caught.value))
    assert not any(part in told for part in ("MIIE", "BEGIN PRIVATE", EMAIL, key["private_key"][40:60]))
    assert web.requests == []


def test_a_key_that_is_not_there_is_told(fetch, tmp_path):
    with pytest.raises(SettingsError, match=r"nowhere\.json.*No such file"):
        fetch(SHEET, tmp_path / "nowhere.json")


def test_a_key_is_never_shown(google):
    assert "PRIVATE" not in repr(sheets._read_key(str(google.key_file)))


HOSTILE = [
    '=IMPORTXML("https://example.com","//a")',
    "@SUM(1)",
    "a,b;c\td|e",
    'quo"te',
    "two\nlines",
    "old\rline",
    "'; DROP TABLE shifts --",
    "\u202eolleh",
    "\x00",
    "<script>",
]


@pytest.mark.parametrize("way", ["published", "by key"])
def test_hostile_cells_stay_cells(fetch, web, google, way):
    rows = [HEADER, *(["lenina-5", cell, SHIFT[2], cell] for cell in HOSTILE), SHIFT]
    google.cells = rows
    file = fetch(web.says(PUBLISHED, (200, PLAIN, as_csv(*rows)))) if way == "published" else fetch(SHEET, google.key_file)
    assert rows_of(file) == [HEADER, *(["lenina-5", cell, READ[2], cell] for cell in HOSTILE), READ]
    findings = judged(file)
    assert (findings.counts.read, findings.counts.loaded, findings.counts.refused) == (len(rows) - 1, 1, len(HOSTILE))


def test_half_a_character_and_numbers_are_written_all_the_same(fetch, google):
    google.cells = [HEADER, ["\ud800", 7, SHIFT[2], None]]
    assert rows_of(fetch(SHEET, google.key_file))[1] == ["?", "7", READ[2], ""]


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("2026-10-14 09:00", "2026-10-14T09:00:00+03:00"),
        (" 2026-10-14T9:05:07 ", "2026-10-14T09:05:07+03:00"),
        ("14.10.2026 9:00", "2026-10-14T09:00:00+03:00"),
        ("1.2.2026, 23:59:59", "2026-02-01T23:59:59+03:00"),
        ("2026-10-14T09:00:00+05:00", None),
        ("2026-10-14 09:00Z", None),
        ("31.02.2026 9:00", None),
        ("2026-10-14 24:00", None),
        ("10/14/2026 9:00", None),
        ("14.10.26 9:00", None),
        ("0001-01-01 00:00", None),
        ("14.10.2026", None),
        ("２０２６-10-14 09:00", None),
        ("morning", None),
        ("", None),
    ],
)
def test_only_local_times_are_given_an_offset(cell, expected):
    content, notes = with_offsets(as_csv(HEADER, ["14.10.2026 9:00", cell, cell, SHIFT[3]]), MOSCOW)
    assert list(csv.reader(io.StringIO(content.decode(), newline="")))[1] == [
        "14.10.2026 9:00",
        cell,
        cell if expected is None else expected,
        READ[3],
    ]
    assert notes == ()


def test_clocks_that_are_put_forward_or_back_are_told(fetch, web, caplog):
    berlin = Clock("Europe/Berlin")
    content, notes = with_offsets(b"begin,end\n2026-10-25 02:30,2026-10-25 10:00\n2026-03-29 02:30,2026-03-29 10:00\n", berlin)
    assert content.decode().split() == [
        "begin,end",
        "2026-10-25T02:30:00+02:00,2026-10-25T10:00:00+01:00",
        "2026-03-29T03:30:00+02:00,2026-03-29T10:00:00+02:00",
    ]
    assert [("twice" in str(note), "does not exist" in str(note)) for note in notes] == [(True, False), (False, True)]


@pytest.mark.parametrize(
    "content", [b"store_id,seller_id\na,b\n", b'begin,end\n"never closed', b"sep=;\nbegin;end\n1;2\n", b"\n\n"]
)
def test_what_is_no_table_of_shifts_is_left_to_the_inbox(content):
    assert with_offsets(content, MOSCOW) == (content, ())


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1251"])
def test_other_spellings_of_csv_are_read(encoding):
    text = "\r\n".join(["Store_ID;seller_id; BEGIN ;End", *["магазин на Ленина;С01;14.10.2026 9:00;14.10.2026 21:00"] * 20])
    content, _ = with_offsets(text.encode(encoding), MOSCOW)
    assert content.decode().splitlines()[1] == "магазин на Ленина,С01,2026-10-14T09:00:00+03:00,2026-10-14T21:00:00+03:00"


def test_the_same_sheet_makes_the_same_file(fetch, google, web):
    published = fetch(web.says(PUBLISHED, (200, PLAIN, as_csv(HEADER, SHIFT))))
    digest = hashlib.sha256(published.read_bytes()).digest()
    assert hashlib.sha256(fetch(SHEET, google.key_file).read_bytes()).digest() == digest
