"""New versions come into force under people's hands, and nobody sees a mix of two, an error, or a version that cannot be opened."""

import gc
import json
import os
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor

import duckdb
import pytest
from fastapi.responses import FileResponse
from structlog.testing import capture_logs

from serving.app import create_app
from serving.web import sameness
from serving.web import versions as versions_module
from serving.web.rules import needs
from serving.web.versions import MOST_REMEMBERED, Version, Versions
from serving.web.visitors import Asking
from tests.pages import ADDRESS, HTML, Visitor, make_person, token_of, visiting
from tests.serving.made_up import NOON, publish_now, publish_shelves, with_password, with_route
from tests.support import python
from vitrina.errors import PublicationError
from vitrina.publication import rollback
from vitrina.publication.versions import current, pointer_file, version_file
from vitrina.settings import Settings
from vitrina.state.roles import Action, Grant, Role

SHELF = "made_up_shelf"
VIEWER, ADMIN = Grant(Role.VIEWER, "stores"), Grant(Role.ADMIN, "*")


@pytest.fixture
def settings(tmp_path):
    return Settings(data=tmp_path, _env_file=None, pages_requests_per_minute=1_000_000)


@pytest.fixture
def versions(settings):
    return Versions(settings, ["stores", "posts"])


@pytest.fixture
def unhurried(monkeypatch):
    """Nobody looks by themselves."""
    monkeypatch.setattr(versions_module, "LOOK_S", 3600.0)


def shelf(version):
    return [row["shelf"] for row in version.rows(f"SELECT shelf FROM {SHELF}")]


# one version


def test_rows_are_read_with_parameters(settings, versions):
    publish_shelves(settings, shelf="Ёлка “1”")
    versions.look()
    version = versions.view()["stores"]
    (row,) = version.rows(f"SELECT *, $n AS n FROM {SHELF} WHERE shelf = $name", {"name": "Ёлка “1”", "n": 5})
    assert row == {"shelf": "Ёлка “1”", "seen_at": NOON, "n": 5}
    assert version.frame(f"SELECT seen_at FROM {SHELF}")["seen_at"].to_list() == [NOON]


IN_TOKYO = """
import sys
from pathlib import Path
from serving.web.versions import Versions
from vitrina.settings import Settings

versions = Versions(Settings(data=Path(sys.argv[1]), _env_file=None), ["stores"])
versions.look()
print(versions.view()["stores"].rows("SELECT seen_at::VARCHAR AS text, seen_at::DATE::VARCHAR AS day, seen_at FROM made_up_shelf"))
"""


def test_times_are_utc_wherever_the_machine_stands(settings):
    publish_shelves(settings)
    # DuckDB looks once where a process stands
    told = python("-c", IN_TOKYO, str(settings.data), env={"TZ": "Pacific/Kiritimati"})
    assert "'text': '2026-10-01 12:00:00+00', 'day': '2026-10-01'" in told.stdout, told.stderr
    assert "tzinfo=<UTC>" in told.stdout


def test_nothing_can_be_written_loaded_or_fetched(settings, versions):
    publish_shelves(settings)
    versions.look()
    version = versions.view()["stores"]
    for sql in (f"DELETE FROM {SHELF}", "CREATE TABLE x AS SELECT 1", "INSTALL httpfs"):
        with pytest.raises(duckdb.Error):
            version.rows(sql)
    assert shelf(version) == ["one"]


def test_a_table_that_is_missing_is_told_and_one_that_is_there_is_not(settings, versions):
    publish_shelves(settings)
    versions.look()
    version = versions.view()["stores"]
    assert version.has(SHELF)
    assert not version.has(SHELF, "mart_cluster_members")
    version.require(SHELF)
    with pytest.raises(PublicationError, match="has no mart_cluster_members, mart_x yet"):
        version.require("mart_x", SHELF, "mart_cluster_members")


def test_what_is_remembered_is_computed_once_and_errors_are_not(settings, versions):
    publish_shelves(settings)
    versions.look()
    version, computed = versions.view()["stores"], []

    def compute():
        computed.append(1)
        if len(computed) == 1:
            raise ValueError("not yet")

    with pytest.raises(ValueError, match="not yet"):
        version.remembered("key", compute)
    assert [version.remembered("key", compute) for _ in range(3)] == [None] * 3
    assert len(computed) == 2
    for number in range(3 * MOST_REMEMBERED):
        assert version.remembered(number, lambda number=number: number) == number
    assert len(version._remembered) <= MOST_REMEMBERED


def test_many_threads_read_one_version(settings, versions):
    publish_shelves(settings)
    versions.look()
    version = versions.view()["stores"]
    with ThreadPoolExecutor(16) as threads:
        found = list(
            threads.map(lambda number: version.rows("SELECT $n AS n, count(*) AS c FROM range($n)", {"n": number}), range(500))
        )
    assert found == [[{"n": number, "c": number}] for number in range(500)]


# coming into force


def test_where_nothing_is_published_it_is_said_what_to_do(versions):
    versions.look()
    with pytest.raises(PublicationError, match="Nothing has been published for stores"):
        versions.view()["stores"]
    assert versions.view().find("stores") is None
    assert versions.view().name("stores") is None


def test_a_view_keeps_its_version_though_another_comes_and_the_file_goes(settings, versions):
    first = publish_shelves(settings)
    versions.look()
    view = versions.view()
    second = publish_shelves(settings, 1, shelf="two")
    versions.look()
    version_file(settings, "stores", first).unlink()
    assert (view.name("stores"), shelf(view["stores"])) == (first, ["one"])
    assert (versions.view().name("stores"), shelf(versions.view()["stores"])) == (second, ["two"])


def test_a_version_that_nobody_holds_is_let_go(settings, versions, monkeypatch):
    monkeypatch.setattr(versions_module, "HELD_S", 0.0)
    publish_shelves(settings)
    versions.look()
    gone = weakref.ref(versions.view()["stores"])
    publish_shelves(settings, 1)
    versions.look()
    versions.look()
    gc.collect()
    assert gone() is None


def test_a_rollback_comes_into_force_like_any_other(settings, versions):
    first, second = publish_shelves(settings), publish_shelves(settings, 1, shelf="two")
    versions.look()
    rollback("stores", settings=settings)
    versions.look()
    version = versions.view()["stores"]
    assert (version.name, version.pointer.rolled_back_from, shelf(version)) == (first, second, ["one"])


def _folder(path):
    path.unlink()
    path.mkdir()


def _copied(settings, name):
    path = version_file(settings, "stores", name)
    first = next(other for other in sorted(path.parent.glob("*.duckdb")) if other != path)
    path.write_bytes(first.read_bytes())


def _without_version(path):
    path.unlink()
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE x AS SELECT 1")


BROKEN = {
    "no JSON": lambda settings, name: pointer_file(settings, "stores").write_text("{"),
    "not text": lambda settings, name: pointer_file(settings, "stores").write_bytes(b"\xff\xfe\x00"),
    "another shape": lambda settings, name: pointer_file(settings, "stores").write_text('["x"]'),
    "null": lambda settings, name: pointer_file(settings, "stores").write_text("null"),
    "numbers": lambda settings, name: pointer_file(settings, "stores").write_text(
        json.dumps({"product": "stores", "version": 5, "published_at": 6})
    ),
    "no file": lambda settings, name: version_file(settings, "stores", name).unlink(),
    "an empty file": lambda settings, name: version_file(settings, "stores", name).write_bytes(b""),
    "garbage": lambda settings, name: version_file(settings, "stores", name).write_bytes(os.urandom(100_000)),
    "half a file": lambda settings, name: os.truncate(version_file(settings, "stores", name), 4096 * 3 + 10),
    "a folder": lambda settings, name: _folder(version_file(settings, "stores", name)),
    "another version": _copied,
    "no version": lambda settings, name: _without_version(version_file(settings, "stores", name)),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_version_that_cannot_be_opened_leaves_the_old_one_in_force_and_is_told_once(settings, versions, how):
    first = publish_shelves(settings)
    versions.look()
    second = publish_shelves(settings, 1, shelf="two")
    whole = version_file(settings, "stores", second).read_bytes(), pointer_file(settings, "stores").read_bytes()
    path = version_file(settings, "stores", second)
    path.chmod(0o644)
    BROKEN[how](settings, second)
    with capture_logs() as logged:
        for _ in range(3):
            versions.look()
    assert [line["event"] for line in logged] == ["version_not_opened"]
    assert (versions.view().name("stores"), shelf(versions.view()["stores"])) == (first, ["one"])
    # once it is mended it is taken
    if path.is_dir():
        path.rmdir()
    path.write_bytes(whole[0])
    pointer_file(settings, "stores").write_bytes(whole[1])
    versions.look()
    assert versions.view().name("stores") == second


def test_a_pointer_that_is_gone_leaves_the_version_in_force(settings, versions):
    first = publish_shelves(settings)
    versions.look()
    pointer_file(settings, "stores").unlink()
    versions.look()
    assert versions.view().name("stores") == first


def test_one_product_that_cannot_be_opened_keeps_no_other_back(settings):
    publish_shelves(settings)
    pointer_file(settings, "posts").write_text("{")
    versions = Versions(settings, ["posts", "stores"])
    versions.look()
    assert versions.view().find("posts") is None
    assert versions.view().find("stores") is not None


# what is opened beside the tables


@pytest.mark.parametrize(
    "error", [PublicationError("No factors.", "Train."), OSError("gone"), TypeError("what"), ZeroDivisionError(), MemoryError()]
)
def test_a_companion_that_cannot_be_opened_is_told_to_whoever_asks_and_tables_are_shown(settings, error):
    def opens(settings, version):
        raise error

    publish_shelves(settings)
    versions = Versions(settings, ["stores"], {"stores": opens})
    with capture_logs():
        versions.look()
    version = versions.view()["stores"]
    assert shelf(version) == ["one"]
    for _ in range(2):
        with pytest.raises(PublicationError, match=r"No factors|cannot be opened"):
            version.companion()
    publish_shelves(settings, 1, shelf="two")
    with capture_logs():
        versions.look()
    assert shelf(versions.view()["stores"]) == ["two"]


def test_a_companion_belongs_to_its_version(settings):
    publish_shelves(settings)
    versions = Versions(settings, ["stores"], {"stores": lambda settings, version: f"factors of {version.name}"})
    versions.look()
    old = versions.view()
    publish_shelves(settings, 1)
    versions.look()
    assert old["stores"].companion() != versions.view()["stores"].companion()
    assert old["stores"].companion() == f"factors of {old.name('stores')}"


def test_what_people_ask_first_is_asked_before_anybody_sees_the_version(settings):
    seen = []

    def warm(version):
        seen.append((version.name, versions.view().name("stores")))
        raise RuntimeError("a page that fails")

    versions = Versions(settings, ["stores"], warms={"stores": [warm, warm]})
    first = publish_shelves(settings)
    with capture_logs() as logged:
        versions.look()
    second = publish_shelves(settings, 1)
    with capture_logs():
        versions.look()
    assert seen == [(first, None)] * 2 + [(second, first)] * 2
    assert [line["event"] for line in logged] == ["version_not_warm", "version_not_warm", "version_in_use"]
    assert versions.view().name("stores") == second


def test_the_looking_goes_on_whatever_happens(settings, monkeypatch):
    monkeypatch.setattr(versions_module, "LOOK_S", 0.01)
    real, failures = versions_module.current, []

    def current_or_not(settings, product):
        if len(failures) < 3:
            failures.append(product)
            raise RuntimeError("something that nobody has thought of")
        return real(settings, product)

    monkeypatch.setattr(versions_module, "current", current_or_not)
    name = publish_shelves(settings)
    versions = Versions(settings, ["stores"])
    with capture_logs():
        versions.start()
        wait_for(lambda: versions.view().name("stores") == name)
        versions.stop()
    assert len(failures) == 3
    assert not versions._thread.is_alive()


def wait_for(condition, seconds=10):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


# over HTTP


def with_shelf(visitor, path="/api/test/shelf", meanwhile=lambda: None, **rule):
    """A route that reads, lets something happen, and reads again."""

    def read_shelf(visitor: Asking) -> dict[str, list[str]]:
        version = visitor.view["stores"]
        before = shelf(version)
        meanwhile()
        return {"seen": [*before, *shelf(version), visitor.view["stores"].name]}

    with_route(visitor.app, path, needs(Action.READ, "stores", **rule)(read_shelf))


def test_a_new_version_is_picked_up_without_a_restart(settings, monkeypatch):
    monkeypatch.setattr(versions_module, "LOOK_S", 0.02)
    first = publish_shelves(settings)
    with visiting(settings) as visitor:
        assert visitor.api("/api/v1/products/stores").json()["version"] == first
        second = publish_shelves(settings, 1)
        wait_for(lambda: visitor.api("/api/v1/products/stores").json()["version"] == second)
        rollback("stores", settings=settings)
        wait_for(lambda: visitor.api("/api/v1/products/stores").json()["version"] == first)
        assert visitor.api("/api/v1/products/stores").json()["rolled_back_from"] == second


def test_the_first_version_of_all_is_picked_up_too(settings, monkeypatch):
    monkeypatch.setattr(versions_module, "LOOK_S", 0.02)
    with visiting(settings) as visitor:
        nothing = visitor.api("/api/v1/products/stores")
        assert (nothing.status_code, nothing.json()["type"]) == (404, "not-published")
        assert "make" in nothing.json()["remedy"]
        assert "Nothing is published yet" in visitor.page("/published/stores").text
        publish_shelves(settings)
        wait_for(lambda: visitor.api("/api/v1/products/stores").status_code == 200)


def test_a_request_sees_one_version_to_its_end_though_the_pointer_moves_and_the_file_is_deleted(settings, unhurried):
    first = publish_shelves(settings)
    with visiting(settings) as visitor:
        service = visitor.app.state.service

        def everything_changes():
            publish_shelves(settings, 1, shelf="two")
            service.versions.look()
            version_file(settings, "stores", first).unlink()
            pointer_file(settings, "stores").unlink()
            gc.collect()

        with_shelf(visitor, meanwhile=everything_changes)
        assert visitor.api("/api/test/shelf").json() == {"seen": ["one", "one", first]}
        with_shelf(visitor)
        assert visitor.api("/api/test/shelf").json()["seen"][:2] == ["two", "two"]


def test_what_a_browser_has_of_a_version_is_not_sent_again(settings, unhurried):
    publish_shelves(settings)
    with visiting(settings) as visitor:
        first = visitor.api("/api/v1/products/stores")
        etag = first.headers["etag"]
        assert etag.startswith('W/"')
        assert {"Accept-Language", "Authorization", "Cookie"} <= set(first.headers["vary"].split(", "))
        again = visitor.api("/api/v1/products/stores", headers={"If-None-Match": f'"x", {etag}'})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
        for other in ('"x"', "", "*", etag[:-3]):
            assert visitor.api("/api/v1/products/stores", headers={"If-None-Match": other}).status_code == 200
        publish_shelves(settings, 1)
        visitor.app.state.service.versions.look()
        assert visitor.api("/api/v1/products/stores", headers={"If-None-Match": etag}).status_code == 200


def test_what_a_browser_has_depends_on_who_asks_how_in_which_language_and_of_which_code(settings, unhurried, tmp_path):
    publish_shelves(settings)
    person = make_person(settings, "anna", VIEWER)
    part = make_person(settings, "part", Grant(Role.VIEWER, "sellers", "S01"), VIEWER)

    def etags(settings):
        with Visitor(create_app(settings), base_url=ADDRESS, follow_redirects=False) as visitor:
            token = token_of(settings, person, "stores:read")
            yield visitor.get("/api/v1/products/stores", headers={"Authorization": f"Bearer {token}"})
            visitor.sign_in(person)
            yield visitor.api("/api/v1/products/stores")
            yield visitor.api("/api/v1/products/stores", headers={"Accept-Language": "ru"})
            visitor.sign_in(part)
            yield visitor.api("/api/v1/products/stores")

    found = [answer.headers["etag"] for answer in etags(settings)]
    found += [answer.headers["etag"] for answer in etags(settings.model_copy(update={"currency": "EUR"}))][:1]
    assert len(set(found)) == 5


def test_what_a_browser_has_is_no_use_to_somebody_who_may_no_longer_see_it(settings, unhurried):
    publish_shelves(settings)
    with visiting(settings, VIEWER) as visitor:
        etag = visitor.api("/api/v1/products/stores").headers["etag"]
        with_password(settings, "admin", ADMIN)
        (me,) = [person for person in visitor.app.state.service.people.everybody() if person.name == "somebody"]
        visitor.app.state.service.people.set_grants(me.id, [])
        visitor.app.state.service.recogniser.forget()
        assert visitor.api("/api/v1/products/stores", headers={"If-None-Match": etag}).status_code == 403
        visitor.cookies.clear()
        assert visitor.api("/api/v1/products/stores", headers={"If-None-Match": etag}).status_code == 401


def test_a_part_of_a_version_that_is_not_in_force_is_gone(settings, unhurried, monkeypatch):
    monkeypatch.setattr(versions_module, "HELD_S", 0.0)
    first = publish_shelves(settings)
    with visiting(settings) as visitor:
        assert visitor.api(f"/api/v1/products/stores?version={first}").status_code == 200
        second = publish_shelves(settings, 1)
        visitor.app.state.service.versions.look()
        for other in (first, "x", "%00", "<script>", "x" * 5000, "../../state"):
            gone = visitor.api(f"/api/v1/products/stores?version={other}")
            assert (gone.status_code, gone.json()["type"]) == (410, "another-version")
        assert visitor.api(f"/api/v1/products/stores?version={second}").status_code == 200
        assert visitor.api("/api/v1/products/stores?version=").status_code == 200
        assert visitor.api("/api/v1/products/posts?version=x").status_code == 410


def test_a_page_whose_version_is_gone_is_loaded_again(settings, unhurried):
    publish_shelves(settings)
    with visiting(settings) as visitor:
        with_shelf(visitor, "/test/part", versioned=True)
        part = visitor.get("/test/part?version=x", headers={"HX-Request": "true", "Accept": "*/*"})
        assert (part.status_code, part.headers["hx-refresh"]) == (410, "true")
        assert "<html" not in part.text
        page = visitor.page("/test/part?version=x")
        assert (page.status_code, "hx-refresh" in page.headers) == (410, False)
        assert "<html" in page.text


# several workers, which change to a new version one after the other


def test_parts_of_a_page_are_of_its_version_whichever_worker_is_ahead(settings, unhurried):
    first = publish_shelves(settings)
    person = make_person(settings, "anna", VIEWER)
    with visiting(settings, name="one") as ahead, visiting(settings, name="other") as behind:
        for worker in (ahead, behind):
            worker.sign_in(person)
            with_shelf(worker, versioned=True)
        second = publish_shelves(settings, 1, shelf="two")
        ahead.app.state.service.versions.look()
        # a page of the worker that is behind, and its parts from the one that is ahead
        assert behind.api("/api/test/shelf").json()["seen"][0] == "one"
        assert ahead.api("/api/test/shelf").json()["seen"][0] == "two"
        assert ahead.api(f"/api/test/shelf?version={first}").json() == {"seen": ["one", "one", first]}
        # and the other way round: it catches up rather than say that a version is gone that it has not seen yet
        assert behind.api(f"/api/test/shelf?version={second}").json() == {"seen": ["two", "two", second]}
        assert behind.app.state.service.versions.view().name("stores") == second
        both = [worker.api(f"/api/test/shelf?version={name}") for worker in (ahead, behind) for name in (first, second)]
        assert [answer.status_code for answer in both] == [200] * 4
        etags = [answer.headers["etag"] for answer in both]
        assert etags[0] != etags[1]
        assert visitor_seen(ahead, etags[1], first) == 200
        assert visitor_seen(ahead, etags[0], first) == 304


def visitor_seen(visitor, etag, version):
    return visitor.api(f"/api/test/shelf?version={version}", headers={"If-None-Match": etag}).status_code


def test_a_version_that_takes_long_to_open_is_asked_for_again_and_keeps_nobody_waiting(settings, unhurried, monkeypatch):
    monkeypatch.setattr(sameness, "CATCHES_UP_S", 0.3)
    publish_shelves(settings)
    with visiting(settings) as visitor:
        going_on, versions = threading.Event(), visitor.app.state.service.versions
        monkeypatch.setattr(versions, "_warms", {"stores": [lambda version: going_on.wait(10)]})
        second = publish_shelves(settings, 1)
        busy = visitor.api(f"/api/v1/products/stores?version={second}")
        assert (busy.status_code, busy.json()["type"], busy.headers["retry-after"]) == (503, "busy", "2")
        assert visitor.api("/api/v1/products/stores").json()["version"] != second
        going_on.set()
        wait_for(lambda: visitor.api(f"/api/v1/products/stores?version={second}").status_code == 200)


def test_a_version_that_cannot_be_opened_is_not_waited_for_for_ever(settings, unhurried, monkeypatch):
    monkeypatch.setattr(sameness, "CATCHES_UP_S", 0.1)
    first = publish_shelves(settings)
    with visiting(settings) as visitor:
        second = publish_shelves(settings, 1)
        version_file(settings, "stores", second).unlink()
        with capture_logs():
            assert visitor.api(f"/api/v1/products/stores?version={second}").status_code == 503
        assert visitor.api(f"/api/v1/products/stores?version={first}").status_code == 200


# files to take away


def test_all_tables_can_be_taken_away_as_one_file(settings, unhurried, tmp_path):
    publish_shelves(settings)
    with visiting(settings) as visitor:
        answer = visitor.page("/files/stores.duckdb")
        assert 'filename="stores.duckdb"' in answer.headers["content-disposition"]
        file = tmp_path / "taken away.duckdb"
        file.write_bytes(answer.content)
        with duckdb.connect(str(file), read_only=True) as connection:
            assert connection.execute(f"SELECT shelf FROM {SHELF}").fetchall() == [("one",)]
        part = visitor.get("/files/stores.duckdb", headers=HTML | {"Range": "bytes=0-15"})
        assert (part.status_code, part.content) == (206, answer.content[:16])


@pytest.mark.parametrize(
    "name", ["..%2fledger", "..%2f..%2fstate.sqlite", "ledger", "posts", "%00", "stores%00", ".", "versions%2fstores%2fx", "*"]
)
def test_no_other_file_can_be_taken_away(settings, unhurried, name):
    publish_shelves(settings)
    with visiting(settings) as visitor:
        assert visitor.page(f"/files/{name}.duckdb").status_code == 404


def test_a_file_that_goes_while_it_is_taken_away_is_no_traceback(settings, unhurried):
    publish_shelves(settings)
    with visiting(settings) as visitor:
        whole = visitor.page("/files/stores.duckdb")
        assert whole.status_code == 200

        def vanishing() -> FileResponse:
            return FileResponse(settings.data / "gone.duckdb")

        with_route(visitor.app, "/files/gone.duckdb", needs(Action.READ, "stores", whole=True)(vanishing))
        with capture_logs():
            assert str(settings.data) not in visitor.page("/files/gone.duckdb").text


# what is said of a version


def test_tables_are_shown_with_their_freshness_and_what_holds_them_back(settings, unhurried):
    publish_now(settings)
    publish_now(settings, 1, failed="<script>alert(1)</script>")
    with visiting(settings) as visitor:
        (table,) = visitor.api("/api/v1/products/stores").json()["tables"]
        assert (table["name"], table["rows"], table["held_back"]) == (SHELF, 1, "<script>alert(1)</script>")
        assert table["as_of"].startswith("2026-10-01T12:00:00")
        for address in ("/", "/published/stores"):
            page = visitor.page(address).text
            assert "held back" in page
            assert "&lt;script&gt;alert" in page
            assert "<script>alert" not in page
        # what tables mean is text too
        assert "&lt;b&gt;not&lt;/b&gt;" in visitor.page("/published/stores").text


def test_only_what_one_may_see_is_listed(settings, unhurried):
    publish_shelves(settings)
    with visiting(settings, Grant(Role.VIEWER, "posts")) as visitor:
        assert visitor.api("/api/v1/products").json() == []
        assert current(settings, "stores").version not in visitor.page("/").text


def test_a_version_opens_again_what_another_connection_has_open(settings):
    publish_shelves(settings)
    pointer = current(settings, "stores")
    one, other = Version(settings, pointer), Version(settings, pointer)
    assert shelf(one) == shelf(other) == ["one"]
