"""The audit is written beside the requests, and nothing of it is lost: neither when the store is away, nor at the end."""

import datetime as dt
import threading

import pytest
from structlog.testing import capture_logs

from serving.web import audit_writer
from serving.web.audit_writer import AuditWriter
from tests.pages import ADDRESS, Visitor, make_person, token_of, visiting
from tests.serving.made_up import audited, publish_shelves, subject
from vitrina.settings import Settings
from vitrina.state.audit import AuditLog, Seen
from vitrina.state.opening import StateDatabase, StateError
from vitrina.state.roles import Grant, Role

NOW = dt.datetime(2026, 10, 1, 12, tzinfo=dt.UTC)


def seen(number=0, **changes):
    plain = {
        "at": NOW,
        "person": "anna",
        "token": None,
        "address": "10.0.0.1",
        "method": "GET",
        "route": f"/{number}",
        "subject": "{}",
        "status": 200,
    }
    return Seen(**plain | changes)


class Store:
    """An audit log that is away while it is told to be."""

    def __init__(self):
        self.entries, self.away, self.meanwhile, self.forgotten = [], None, lambda: None, []

    def add(self, entries):
        self.meanwhile()
        if self.away is not None:
            raise self.away
        self.entries += entries

    def forget(self, before):
        self.forgotten.append(before)


@pytest.fixture
def store():
    return Store()


@pytest.fixture
def writer(store):
    return AuditWriter(store, days=30)


def test_equal_entries_are_counted_together_with_the_time_of_the_first(store, writer):
    for minute in (0, 1, 2):
        writer.note(seen(at=NOW + dt.timedelta(minutes=minute)))
    writer.note(seen(status=403))
    writer.flush()
    writer.flush()
    assert store.entries[:1] == [seen(times=3)]
    assert [entry.times for entry in store.entries if entry.status == 403] == [1]


@pytest.mark.parametrize("error", [StateError("away", "wait"), ValueError("whatever"), OSError("full")])
def test_what_cannot_be_written_waits_and_goes_on_being_counted(store, writer, error):
    writer.note(seen())
    writer.note(seen(1))
    store.away = error
    # the same happens again while the store is asked
    store.meanwhile = lambda: writer.note(seen())
    with capture_logs() as logged:
        writer.flush()
        writer.flush()
    assert [line["event"] for line in logged] == ["audit_not_written"] * 2
    store.away, store.meanwhile = None, lambda: None
    writer.flush()
    assert sorted((entry.route, entry.times) for entry in store.entries) == [("/0", 3), ("/1", 1)]


def test_what_cannot_be_written_to_the_end_is_in_the_log(store, writer):
    writer.start()
    writer.note(seen(times=1))
    store.away = StateError("away", "wait")
    with capture_logs() as logged:
        writer.stop()
    lost = [line for line in logged if line["event"] == "audit_entry_lost"]
    assert [(line["person"], line["route"], line["times"]) for line in lost] == [("anna", "/0", "1")]


def test_what_waits_has_a_limit_and_the_rest_is_in_the_log(store, writer, monkeypatch):
    monkeypatch.setattr(audit_writer, "MOST_WAITING", 10)
    with capture_logs() as logged:
        for number in range(12):
            writer.note(seen(number))
        writer.note(seen(3))
    assert [line["route"] for line in logged] == ["/10", "/11"]
    writer.flush()
    assert (len(store.entries), sum(entry.times for entry in store.entries)) == (10, 11)


def test_many_threads_note_and_nothing_is_lost(store, writer, monkeypatch):
    monkeypatch.setattr(audit_writer, "WRITE_S", 0.001)
    writer.start()
    threads = [threading.Thread(target=lambda: [writer.note(seen(number % 7)) for number in range(500)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.stop()
    assert sum(entry.times for entry in store.entries) == 4000


def test_the_writing_goes_on_after_an_error(store, writer, monkeypatch):
    monkeypatch.setattr(audit_writer, "WRITE_S", 0.001)
    store.away = ZeroDivisionError()
    tried = threading.Event()
    store.meanwhile = tried.set
    with capture_logs():
        writer.start()
        writer.note(seen())
        assert tried.wait(10)
        store.away = None
        writer.stop()
    assert store.entries == [seen()]


def test_old_entries_are_forgotten_by_themselves(store, writer, monkeypatch):
    monkeypatch.setattr(audit_writer, "WRITE_S", 0.001)
    monkeypatch.setattr(audit_writer, "FORGET_S", 0.0)
    writer.start()
    while len(store.forgotten) < 2:
        pass
    writer.stop()
    age = dt.datetime.now(dt.UTC) - store.forgotten[0]
    assert dt.timedelta(days=30) <= age < dt.timedelta(days=30, minutes=1)


def test_as_many_days_are_kept_as_is_set(tmp_path, monkeypatch):
    monkeypatch.setattr(audit_writer, "WRITE_S", 0.01)
    settings = Settings(data=tmp_path, pages_audit_days=7, _env_file=None)
    database = StateDatabase(settings)
    now = dt.datetime.now(dt.UTC)
    log = AuditLog(database)
    log.add([seen(day, at=now - dt.timedelta(days=day, minutes=1)) for day in range(10)])
    with visiting(settings) as visitor:
        while len(kept := audited(visitor, person="anna")) > 7:
            pass
        assert sorted(entry.route for entry in kept) == [f"/{day}" for day in range(7)]
    database.close()


# what requests leave in it


def test_the_audit_says_who_saw_what(tmp_path):
    settings = Settings(data=tmp_path, _env_file=None)
    publish_shelves(settings)
    viewer = make_person(settings, "anna", Grant(Role.VIEWER, "stores"))
    token = token_of(settings, viewer, "stores:read")
    with visiting(settings, name="boss") as visitor:
        anna = Visitor(visitor.app, base_url=ADDRESS, follow_redirects=False)
        anna.sign_in(viewer)
        for _ in range(3):
            anna.page("/published/stores")
        anna.page("/published/sellers")
        anna.get("/api/v1/products/stores", headers={"Authorization": f"Bearer {token}"})
        anna.page("/files/stores.duckdb")
        anna.page("/static/pages.css")
        anna.page("/health/live")
        anna.page("/nothing")
        found = [
            (one.person, one.token, one.method, one.route, subject(one), one.status, one.times)
            for one in audited(visitor, person="anna")
        ]
    assert found == [
        ("anna", None, "GET", "/published/{product}", {"product": "stores"}, 200, 3),
        ("anna", None, "GET", "/published/{product}", {"product": "sellers"}, 403, 1),
        ("anna", "test", "GET", "/api/v1/products/{product}", {"product": "stores"}, 200, 1),
        ("anna", None, "GET", "/files/{product}.duckdb", {"product": "stores"}, 200, 1),
    ]


def test_long_and_hostile_addresses_are_cut_and_kept_as_text(tmp_path):
    settings = Settings(data=tmp_path, _env_file=None)
    with visiting(settings) as visitor:
        for product in ("x" * 5000, "a\nb", "\x00", "\udcff".encode("utf-8", "surrogatepass").decode("latin-1"), "Ёлка"):
            visitor.get("/published/" + "".join(f"%{byte:02x}" for byte in product.encode()), headers={"Accept": "text/html"})
        entries = audited(visitor, route="/published/{product}")
        assert len(entries) == 5
        assert max(len(entry.subject) for entry in entries) < 300
        assert all("product" in subject(entry) for entry in entries)
        assert visitor.page("/audit").status_code == 200


def test_stopping_writes_what_waits(tmp_path):
    settings = Settings(data=tmp_path, _env_file=None)
    with visiting(settings) as visitor:
        visitor.page("/account")
    database = StateDatabase(settings)
    assert [entry.route for _, entry in AuditLog(database).latest()] == ["/account"]
    database.close()


def test_stopping_writes_what_waits_though_a_product_does_not_stop(tmp_path, monkeypatch):
    from serving import app as app_module  # noqa: PLC0415  # its products are replaced
    from serving.products import Product  # noqa: PLC0415  # as above
    from serving.web.routing import router  # noqa: PLC0415  # as above

    def stop(service):
        raise RuntimeError("it will not stop")

    stopped = []
    products = (
        Product("posts", router(), start=lambda service: 1, stop=lambda service: stopped.append("posts")),
        Product("stores", router(), start=lambda service: 1, stop=stop),
    )
    monkeypatch.setattr(app_module, "all_products", lambda: products)
    settings = Settings(data=tmp_path, _env_file=None)
    with pytest.raises(RuntimeError, match="will not stop"), visiting(settings) as visitor:
        visitor.page("/account")
    database = StateDatabase(settings)
    assert [entry.route for _, entry in AuditLog(database).latest()] == ["/account"]
    assert stopped == ["posts"]
    database.close()
