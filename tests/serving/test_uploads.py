import datetime as dt
import errno
import os
import threading

import pytest

from serving.deliveries import inbox_writing, receiving
from serving.deliveries.desk import desk_of
from serving.deliveries.refusals import UploadGoneError
from serving.web import shielding
from tests.pages import make_person, token_of, visiting
from tests.serving.uploading import (
    CONTENT,
    PARTLY,
    SALES,
    STORES,
    TUS,
    Sender,
    check_here,
    files_below,
    found_in_inbox,
    metadata,
    serving_once,
)
from vitrina.settings import Settings
from vitrina.state.roles import Grant, Role

MANAGER = Grant(Role.MANAGER, "stores")
SALES_PATH = "stores/sales/september.csv"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with serving_once(tmp_path_factory.mktemp("uploads"), MANAGER) as found:
        yield found


@pytest.fixture
def settings(served):
    return served.settings


@pytest.fixture
def sender(served, monkeypatch):
    check_here(monkeypatch)
    return Sender(served.emptied())


def uploads_of(sender):
    return desk_of(sender.visitor.app.state.service).uploads


def part_of(sender, location):
    uploads = uploads_of(sender)
    return uploads.part(uploads._read(location.rpartition("/")[2]))


def test_a_file_that_was_broken_off_goes_on_where_it_was_and_the_inbox_finds_it(sender, settings):
    begun = sender.begin(len(SALES), filename="september.csv", place="sales")
    assert begun.status_code == 201
    assert begun.headers["Tus-Resumable"] == "1.0.0"
    location = begun.headers["Location"]
    first = sender.patch(location, 0, SALES[:20])
    assert (first.status_code, first.headers["Upload-Offset"]) == (204, "20")
    asked = sender.head(location)
    assert asked.status_code == 200
    assert (asked.headers["Upload-Offset"], asked.headers["Upload-Length"]) == ("20", str(len(SALES)))
    assert asked.headers["Cache-Control"] == "no-store"
    assert asked.headers["Upload-Metadata"] == metadata(filename="september.csv", place="sales")
    assert "GMT" in asked.headers["Upload-Expires"]
    assert not (settings.data / "inbox").exists()
    assert sender.patch(location, 20, SALES[20:]).headers["Upload-Offset"] == str(len(SALES))
    told = sender.checked(location)
    assert (told["verdict"]["outcome"], told["verdict"]["rows_loaded"], told["path"]) == ("accepted", 2, SALES_PATH)
    delivered = sender.deliver(location)
    assert delivered.status_code == 201
    assert found_in_inbox(settings) == {SALES_PATH: "sales"}
    assert (settings.data / "inbox" / SALES_PATH).read_bytes() == SALES
    assert sender.head(location).status_code == 410
    assert delivered.json()["delivery"] is None


def test_what_uploads_can_do_is_told(sender):
    told = sender.visitor.api(sender.address, "OPTIONS")
    assert told.status_code == 204
    assert told.headers["Tus-Version"] == "1.0.0"
    assert set(told.headers["Tus-Extension"].split(",")) == {"creation", "termination", "expiration"}
    assert told.headers["Tus-Max-Size"] == "20000000000"


def test_a_wrong_offset_changes_nothing(sender):
    location = sender.begin(len(SALES), filename="sales.csv").headers["Location"]
    sender.patch(location, 0, SALES[:10])
    for offset in (0, 9, 11, 10_000):
        answer = sender.patch(location, offset, SALES[10:])
        assert answer.status_code == 409
        assert "byte 10" in answer.json()["detail"]
    assert part_of(sender, location).read_bytes() == SALES[:10]


def test_two_that_send_the_same_upload_at_once_make_no_mixture(sender):
    content = bytes(range(256)) * 20_000
    location = sender.begin(len(content), filename="sales.csv").headers["Location"]
    found, ready = [], threading.Barrier(4)

    def send():
        ready.wait()
        found.append(sender.patch(location, 0, content).status_code)

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found.count(204) == 1
    assert set(found) <= {204, 409, 423}
    assert part_of(sender, location).read_bytes() == content


def test_an_upload_that_another_request_holds_is_told_to_be_busy(sender):
    location = sender.begin(len(SALES), filename="sales.csv").headers["Location"]
    uploads = uploads_of(sender)
    with uploads.held(uploads._read(location.rpartition("/")[2])):
        answer = sender.patch(location, 0, SALES)
    assert (answer.status_code, answer.json()["type"]) == (423, "busy")
    assert sender.patch(location, 0, SALES).status_code == 204


@pytest.mark.parametrize("announced", [True, False], ids=["with a length", "without"])
def test_more_than_was_announced_is_refused_and_nothing_of_it_kept(sender, announced):
    location = sender.begin(len(SALES), filename="sales.csv").headers["Location"]
    sender.patch(location, 0, SALES[:10])
    content = SALES[10:] + b"more"
    answer = sender.patch(location, 10, content if announced else iter([content[:5], content[5:]]))
    assert answer.status_code == 413
    assert part_of(sender, location).read_bytes() == SALES[:10]
    assert sender.patch(location, 10, SALES[10:]).status_code == 204


def asgi(sender, location, pieces, *, offset=0, ends=True):
    """A PATCH whose body comes in pieces and says no length, as a server hands it on; the answer's status, None where none came."""
    visitor, messages, sent = sender.visitor, list(pieces), []
    headers = TUS | {
        "Host": "127.0.0.1:8000",
        "Upload-Offset": str(offset),
        "Content-Type": CONTENT,
        "X-CSRF-Token": visitor.csrf,
        "Cookie": f"vitrina={visitor.secret}",
    }
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "PATCH",
        "scheme": "http",
        "path": location,
        "raw_path": location.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8000),
    }

    async def receive():
        if messages:
            piece = messages.pop(0)
            return {"type": "http.request", "body": piece, "more_body": bool(messages) or not ends}
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    visitor.portal.call(visitor.app, scope, receive, send)
    return next((message["status"] for message in sent if message["type"] == "http.response.start"), None)


def test_a_body_without_an_announced_length_that_is_too_large_leaves_nothing(sender, monkeypatch):
    monkeypatch.setattr(shielding, "MOST_CHUNK", 3_000_000)
    location = sender.begin(10_000_000, filename="sales.csv").headers["Location"]
    assert asgi(sender, location, [b"x" * 500_000] * 4) == 204
    assert asgi(sender, location, [b"x" * 500_000] * 10, offset=2_000_000) == 413
    assert part_of(sender, location).stat().st_size == 2_000_000
    assert asgi(sender, location, [b"y" * 500_000] * 6, offset=2_000_000) == 204
    assert part_of(sender, location).read_bytes() == b"x" * 2_000_000 + b"y" * 3_000_000


def test_what_came_before_a_connection_broke_off_is_kept(sender):
    location = sender.begin(5_000_000, filename="sales.csv").headers["Location"]
    asgi(sender, location, [b"x" * 700_000, b"y" * 800_000], ends=False)
    assert sender.head(location).headers["Upload-Offset"] == "1500000"
    assert part_of(sender, location).read_bytes() == b"x" * 700_000 + b"y" * 800_000


def test_a_sender_that_falls_silent_holds_the_upload_against_nobody(sender, monkeypatch):
    monkeypatch.setattr(receiving, "PATIENCE_S", 0.05)
    location = sender.begin(100, filename="sales.csv").headers["Location"]
    import anyio  # noqa: PLC0415  # only here

    async def silent(self):
        yield b"0123456789"
        await anyio.sleep(30)

    monkeypatch.setattr("starlette.requests.Request.stream", silent)
    answer = sender.patch(location, 0, b"")
    assert (answer.status_code, answer.headers["Upload-Offset"], answer.headers["Connection"]) == (204, "10", "close")


@pytest.mark.parametrize(
    ("filename", "path"),
    [
        ("../../x.csv", "sales/x.csv"),
        ("..\\..\\x.csv", "sales/x.csv"),
        ("/etc/passwd.csv", "sales/passwd.csv"),
        ("con.csv", "sales/file_con.csv"),
        ("COM1.tar.csv", "sales/com1_tar.csv"),
        ("\u202egpj.csv", "sales/gpj.csv"),
        (".hidden.csv", "sales/hidden.csv"),
        ("~$book.csv", "sales/book.csv"),
        ("a\x00b\nc.csv", "sales/a_b_c.csv"),
        ("<script>.csv", "sales/script.csv"),
        ("2026-09 Тула (1).csv", "sales/2026-09 Тула (1).csv"),
        ("=cmd|' /c calc'!A0.csv", "sales/c_calc_a0.csv"),
        ("x.CSV", "sales/x.csv"),
        ("x.part.csv", "sales/x.part.csv"),
    ],
)
def test_no_name_leads_out_of_the_folder_that_its_contract_reads(sender, settings, filename, path):
    location = sender.send(SALES, filename=filename, place="sales")
    assert sender.deliver(location).status_code == 201
    assert found_in_inbox(settings) == {f"stores/{path}": "sales"}
    assert files_below(settings.data / "inbox") == [f"stores/{path}"]


@pytest.mark.parametrize("filename", ["\u202e.csv", "....csv", "---.csv", "💥.csv"])
def test_a_name_of_which_nothing_is_left_gets_one_by_its_contract(sender, settings, filename):
    assert sender.deliver(sender.send(SALES, filename=filename, place="sales")).status_code == 201
    (path,) = found_in_inbox(settings)
    assert path.startswith("stores/sales/sales_20")


def test_long_names_are_cut_and_still_told_apart(sender, settings):
    for last in "ab":
        content = SALES.replace(b"20\n", b"21\n") if last == "b" else SALES
        assert sender.deliver(sender.send(content, filename="я" * 200 + last + ".csv", place="sales")).status_code == 201
    paths = found_in_inbox(settings)
    assert len(paths) == 2
    assert all(len(path.encode()) < 200 for path in paths)


@pytest.mark.parametrize("filename", ["", "sales", "sales.exe", "sales.csv.part", "sales.c/v", "x" * 900])
def test_a_file_without_a_usable_ending_is_refused_before_anything_is_sent(sender, filename):
    answer = sender.begin(10, filename=filename, place="sales")
    assert answer.status_code == 422
    assert ".csv" in answer.json()["remedy"]


def test_what_a_file_is_follows_from_its_name_or_is_asked_for(sender):
    def goes_to(filename, **said):
        answer = sender.begin(10, filename=filename, **said)
        return sender.visitor.api(answer.headers["Location"]).json()["path"] if answer.status_code == 201 else answer.status_code

    assert goes_to("stores.xlsx") == "stores/stores.xlsx"
    assert goes_to("Sales_2026-09.csv") == "stores/sales/Sales_2026-09.csv"
    assert goes_to("september.csv") == 422
    assert goes_to("september.csv", place="geo") == "stores/geo.csv"
    assert goes_to("september.csv", place="sales:sales/*", name="autumn/2026") == "stores/sales/autumn/2026.csv"
    assert goes_to("september.csv", place="nothing") == 404
    assert goes_to("september.csv", place="clients") == 404


@pytest.mark.parametrize("place", ["decisions", "decisions:decisions/*"])
def test_decisions_are_made_on_their_pages_and_not_uploaded_in_anybodys_name(sender, place):
    assert sender.begin(10, filename="x.jsonl", place=place).status_code == 404


def test_a_file_that_would_not_be_loaded_is_not_delivered(sender, settings):
    location = sender.send(b"nothing,useful\n1,2\n", filename="stores.csv")
    told = sender.checked(location)
    assert told["verdict"]["outcome"] == "refused"
    assert "store_id, name, format" in told["verdict"]["text"]
    assert sender.deliver(location).status_code == 422
    assert not (settings.data / "inbox").exists()


def test_a_file_with_bad_rows_says_which_and_can_be_delivered(sender, settings):
    location = sender.send(PARTLY, filename="sales.csv")
    told = sender.checked(location)
    assert (told["verdict"]["outcome"], told["verdict"]["rows_refused"]) == ("partly", 1)
    assert "2024-13-01" in told["verdict"]["text"]
    assert str(settings.data) not in told["verdict"]["text"]
    assert sender.deliver(location).status_code == 201


def test_a_file_that_was_not_checked_or_is_not_complete_is_not_delivered(sender):
    location = sender.begin(len(SALES), filename="sales.csv").headers["Location"]
    answer = sender.visitor.api(f"{location}/delivery", "POST")
    assert (answer.status_code, answer.json()["detail"]) == (409, "The file is not complete.")


def test_nobody_else_goes_on_with_an_upload_or_sees_it(sender, settings):
    location = sender.begin(len(SALES), filename="sales.csv").headers["Location"]
    page = location.replace("/api/v1", "/deliveries")
    other = make_person(settings, "other", Grant(Role.ADMIN, "*"))
    sender.visitor.sign_in(other)
    assert sender.head(location).status_code == 404
    assert sender.patch(location, 0, SALES).status_code == 404
    assert sender.visitor.api(location, "DELETE", headers=TUS).status_code == 404
    assert sender.visitor.api(location).status_code == 404
    assert sender.visitor.api(f"{location}/delivery", "POST").status_code == 404
    assert sender.visitor.page(page).status_code == 404
    assert sender.visitor.page(f"{page}/verdict").status_code == 404
    assert sender.visitor.submit(f"{page}/deliver").status_code == 404
    assert sender.visitor.submit(f"{page}/discard").status_code == 404
    assert sender.visitor.api(sender.address).json() == []
    assert part_of(sender, location).stat().st_size == 0


def test_an_upload_belongs_to_one_product(sender, settings):
    location = sender.begin(len(SALES), filename="sales.csv").headers["Location"]
    sender.visitor.sign_in(make_person(settings, "both", MANAGER, Grant(Role.MANAGER, "posts")))
    assert sender.head(location.replace("stores", "posts")).status_code == 404


def test_whoever_may_not_deliver_begins_nothing(tmp_path):
    settings = Settings(data=tmp_path, _env_file=None)
    with visiting(settings, Grant(Role.VIEWER, "stores")) as visitor:
        sender = Sender(visitor)
        assert sender.begin(10, filename="sales.csv").status_code == 403
        assert Sender(visitor, "posts").begin(10, filename="sales.csv").status_code == 403
        assert visitor.api(sender.address, "OPTIONS").status_code == 403
    assert not (settings.data / "uploads").exists()


def test_programs_upload_with_a_token_for_it_and_people_not_without_their_pages(sender, settings):
    person = make_person(settings, "program", MANAGER)
    sender.visitor.cookies.clear()
    headers = TUS | {"Upload-Length": "10", "Upload-Metadata": metadata(filename="sales.csv"), "X-CSRF-Token": ""}
    for scope, status in (("stores:deliver", 201), ("stores:read", 403), ("posts:deliver", 403)):
        bearer = {"Authorization": f"Bearer {token_of(settings, person, scope)}"}
        assert sender.visitor.post(sender.address, headers=headers | bearer).status_code == status
    sender.visitor.sign_in(person)
    assert sender.visitor.post(sender.address, headers=headers).status_code == 403


@pytest.mark.parametrize("version", ["", "0.2.2"])
def test_another_version_of_the_protocol_is_told_ours(sender, version):
    location = sender.begin(10, filename="sales.csv").headers["Location"]
    headers = {"Tus-Resumable": version, "Upload-Offset": "0", "Content-Type": CONTENT}
    for method in ("HEAD", "PATCH", "DELETE"):
        answer = sender.visitor.api(location, method, headers=headers)
        assert (answer.status_code, answer.headers["Tus-Version"]) == (412, "1.0.0")


def test_bytes_come_under_their_own_media_type(sender):
    location = sender.begin(10, filename="sales.csv").headers["Location"]
    answer = sender.patch(location, 0, b"0123456789", **{"Content-Type": "text/csv"})
    assert answer.status_code == 415
    assert part_of(sender, location).stat().st_size == 0


@pytest.mark.parametrize(
    "header",
    [
        "filename",
        "filename ###",
        "filename /w==",
        "filename c2FsZXMuY3N2,filename c2FsZXMuY3N2",
        ",".join(f"a{i}" for i in range(30)),
    ],
)
def test_what_cannot_be_understood_of_a_file_is_refused(sender, header):
    headers = TUS | {"Upload-Length": "10", "Upload-Metadata": header}
    assert sender.visitor.api(sender.address, "POST", headers=headers).status_code == 422


@pytest.mark.parametrize("length", ["-1", "x", "1e3", "9" * 30, ""])
def test_a_length_that_is_none_is_refused(sender, length):
    headers = TUS | {"Upload-Length": length, "Upload-Metadata": metadata(filename="sales.csv")}
    assert sender.visitor.api(sender.address, "POST", headers=headers).status_code == 422


def test_a_file_that_is_too_large_is_refused_before_anything_is_sent(tmp_path):
    small = Settings(data=tmp_path, pages_upload_gb=0.001, _env_file=None)
    with visiting(small, MANAGER) as visitor:
        assert Sender(visitor).begin(1_000_001, filename="sales.csv").status_code == 413
        assert Sender(visitor).begin(1_000_000, filename="sales.csv").status_code == 201
    with visiting(Settings(data=tmp_path, _env_file=None), MANAGER, name="another") as visitor:
        answer = Sender(visitor).begin(3_000_000_000, filename="sales.csv")
        assert (answer.status_code, "in parts" in answer.json()["remedy"]) == (413, True)


def test_nobody_has_more_uploads_under_way_than_one_may(tmp_path, monkeypatch):
    check_here(monkeypatch)
    settings = Settings(data=tmp_path, pages_uploads_per_person=2, _env_file=None)
    with visiting(settings, MANAGER) as visitor:
        sender = Sender(visitor)
        first = sender.send(SALES, filename="sales.csv")
        sender.begin(10, filename="sales.csv")
        answer = sender.begin(10, filename="sales.csv")
        assert (answer.status_code, answer.json()["type"]) == (429, "too-many")
        assert sender.deliver(first).status_code == 201
        assert sender.begin(10, filename="sales.csv").status_code == 201


def test_an_upload_that_nobody_goes_on_with_is_deleted_after_its_time(sender):
    uploads = uploads_of(sender)
    location = sender.begin(len(SALES), filename="sales.csv").headers["Location"]
    upload = uploads._read(location.rpartition("/")[2])
    now = dt.datetime.now(dt.UTC)
    assert uploads.find(upload.id, upload.owner, now + dt.timedelta(hours=23)) == upload
    with pytest.raises(UploadGoneError):
        uploads.find(upload.id, upload.owner, now + dt.timedelta(hours=25))
    uploads.sweep(now + dt.timedelta(hours=25))
    assert not uploads.part(upload).parent.exists()
    assert sender.head(location).status_code == 404


def test_sweeping_waits_for_whoever_is_sending(sender):
    uploads = uploads_of(sender)
    location = sender.begin(len(SALES), filename="sales.csv").headers["Location"]
    upload = uploads._read(location.rpartition("/")[2])
    later = dt.datetime.now(dt.UTC) + dt.timedelta(hours=25)
    with uploads.held(upload):
        uploads.sweep(later)
        assert uploads.part(upload).exists()
    uploads.sweep(later)
    assert not uploads.part(upload).exists()


def test_an_upload_that_is_discarded_is_gone(sender, settings):
    location = sender.send(SALES, filename="sales.csv")
    sender.checked(location)
    assert sender.visitor.api(location, "DELETE", headers=TUS).status_code == 204
    assert sender.head(location).status_code == 404
    assert not [path for path in files_below(settings.data / "uploads") if not path.endswith(".lock")]


def test_a_full_disk_is_told_and_what_fits_is_kept(sender, monkeypatch):
    location = sender.begin(3_000_000, filename="sales.csv").headers["Location"]
    write = receiving._write

    def full(part, place, content):
        if place >= 1_000_000:
            write(part, place, content[:1000])
            raise OSError(errno.ENOSPC, "No space left on device")
        write(part, place, content)

    monkeypatch.setattr(receiving, "_write", full)
    assert asgi(sender, location, [b"x" * 600_000] * 5) == 507
    kept = int(sender.head(location).headers["Upload-Offset"])
    assert kept == part_of(sender, location).stat().st_size > 1_000_000
    monkeypatch.setattr(receiving, "_write", write)
    assert asgi(sender, location, [b"x" * (3_000_000 - kept)], offset=kept) == 204
    assert part_of(sender, location).read_bytes() == b"x" * 3_000_000


def test_an_upload_that_the_disk_has_no_room_for_does_not_begin(sender, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 100})())
    answer = sender.begin(101, filename="sales.csv")
    assert (answer.status_code, answer.json()["type"]) == (507, "no-room")
    assert uploads_of(sender).everything() == []


def test_an_inbox_that_is_not_mounted_is_told_and_the_upload_is_kept(tmp_path, monkeypatch):
    check_here(monkeypatch)
    settings = Settings(data=tmp_path / "data", inbox=str(tmp_path / "share"), _env_file=None)
    with visiting(settings, MANAGER) as visitor:
        sender = Sender(visitor)
        location = sender.send(SALES, filename="sales.csv")
        answer = sender.deliver(location)
        assert (answer.status_code, answer.json()["type"]) == (503, "inbox-not-writable")
        assert not (tmp_path / "share").exists()
        (tmp_path / "share").mkdir()
        assert sender.deliver(location).status_code == 201
    assert files_below(tmp_path / "share") == ["stores/sales/sales.csv"]


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.ENOSPC])
def test_an_inbox_that_cannot_be_written_is_told_and_holds_nothing_half_written(sender, settings, monkeypatch, number):
    location = sender.send(SALES, filename="sales.csv")
    copy = inbox_writing._copy

    def failing(part, target):
        target.write_bytes(SALES[:5])
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(inbox_writing, "_copy", failing)
    answer = sender.deliver(location)
    assert answer.status_code == 503
    assert os.strerror(number) in answer.json()["detail"]
    assert files_below(settings.data / "inbox") == []
    page = sender.visitor.submit(f"{location.replace('/api/v1', '/deliveries')}/deliver", headers={"Accept-Language": "ru"})
    assert page.status_code == 503
    assert "не удаётся записать" in page.text
    monkeypatch.setattr(inbox_writing, "_copy", copy)
    assert sender.deliver(location).status_code == 201


def test_a_folder_of_the_inbox_that_leads_elsewhere_is_not_written_to(sender, settings, tmp_path):
    (settings.data / "inbox" / "stores").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    (settings.data / "inbox" / "stores" / "sales").symlink_to(tmp_path / "elsewhere")
    assert sender.deliver(sender.send(SALES, filename="sales.csv")).status_code == 503
    assert files_below(tmp_path / "elsewhere") == []


def test_another_file_is_replaced_only_by_whoever_has_seen_which(sender, settings):
    target = settings.data / "inbox" / "stores" / "stores.csv"
    target.parent.mkdir(parents=True)
    target.write_bytes(b"something else")
    location = sender.send(STORES, filename="stores.csv")
    answer = sender.deliver(location)
    assert (answer.status_code, answer.json()["type"]) == (409, "already-there")
    seen = sender.checked(location)["replaces"]
    target.write_bytes(b"something else, corrected")
    assert sender.deliver(location, replaces=seen).status_code == 409
    assert target.read_bytes() == b"something else, corrected"
    seen = sender.checked(location)["replaces"]
    assert sender.deliver(location, replaces=seen).status_code == 201
    assert target.read_bytes() == STORES
    assert files_below(settings.data / "inbox") == ["stores/stores.csv"]


def test_a_file_that_came_a_moment_before_is_not_written_over(sender, settings, monkeypatch):
    location = sender.send(STORES, filename="stores.csv")
    target = settings.data / "inbox" / "stores" / "stores.csv"
    copy = inbox_writing._copy

    def slower(part, temporary):
        copy(part, temporary)
        target.write_bytes(b"came meanwhile")

    monkeypatch.setattr(inbox_writing, "_copy", slower)
    assert sender.deliver(location).status_code == 409
    assert target.read_bytes() == b"came meanwhile"
    assert files_below(target.parent) == ["stores.csv"]


def test_the_very_same_file_is_known(sender, settings):
    assert sender.deliver(sender.send(STORES, filename="stores.csv")).status_code == 201
    before = (settings.data / "inbox" / "stores" / "stores.csv").stat().st_mtime_ns
    again = sender.send(STORES, filename="stores.csv")
    assert sender.checked(again)["replaces"] is None
    answer = sender.deliver(again)
    assert (answer.status_code, answer.json()["detail"]) == (409, "The inbox holds this very file already.")
    assert (settings.data / "inbox" / "stores" / "stores.csv").stat().st_mtime_ns == before


def test_what_vitrina_has_recorded_itself_is_not_replaced(sender, settings):
    ours = settings.decisions_folder / "stores" / "sales" / "sales.csv"
    ours.parent.mkdir(parents=True)
    ours.write_bytes(b"ours")
    answer = sender.deliver(sender.send(SALES, filename="sales.csv"))
    assert (answer.status_code, answer.json()["type"]) == (409, "already-there")


def test_delivering_twice_delivers_once(sender, settings):
    location = sender.send(SALES, filename="sales.csv")
    assert sender.deliver(location).status_code == 201
    assert sender.visitor.api(f"{location}/delivery", "POST").status_code == 201
    assert found_in_inbox(settings) == {"stores/sales/sales.csv": "sales"}


@pytest.mark.parametrize("address", ["memory://{}", "file://{}"])
def test_an_inbox_on_other_storage_is_written_too(tmp_path, monkeypatch, address):
    check_here(monkeypatch)
    (tmp_path / "share").mkdir()
    settings = Settings(data=tmp_path / "data", inbox=address.format(tmp_path / "share"), _env_file=None)
    with visiting(settings, MANAGER) as visitor:
        sender = Sender(visitor)
        assert sender.deliver(sender.send(STORES, filename="stores.csv")).status_code == 201
        assert (settings.inbox_folder / "stores" / "stores.csv").read_bytes() == STORES
        again = sender.send(STORES + b"8,Mira 2,express\n", filename="stores.csv")
        assert sender.deliver(again).status_code == 409
        assert sender.deliver(again, replaces=sender.checked(again)["replaces"]).status_code == 201
        assert visitor.page("/deliveries").status_code == 200
    assert found_in_inbox(settings) == {"stores/stores.csv": "stores"}


def test_a_folder_without_a_record_is_swept_once_it_is_old(sender, settings):
    left = settings.data / "uploads" / ("0" * 32)
    left.mkdir(parents=True)
    (left / "part").write_bytes(b"x")
    uploads_of(sender).sweep(dt.datetime.now(dt.UTC))
    assert left.exists()
    os.utime(left, (0, 0))
    uploads_of(sender).sweep(dt.datetime.now(dt.UTC))
    assert not left.exists()
