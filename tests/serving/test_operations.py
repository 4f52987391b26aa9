"""Running the service: it says when it cannot answer, starts and stops without losing anything, and a second one harms no first."""

import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time

import httpx
import pytest
from structlog.testing import capture_logs

from serving import __main__ as starting
from serving.app import create_app
from tests.pages import ADDRESS, HTML, Visitor, visiting
from tests.serving.made_up import publish_shelves
from tests.support import ROOT
from vitrina.settings import Settings
from vitrina.state.audit import AuditLog
from vitrina.state.opening import StateDatabase, StateError

BRIEF_S = 0.2


@pytest.fixture
def settings(tmp_path):
    return Settings(data=tmp_path / "data", _env_file=None)


# health


def test_whoever_answers_is_alive_and_ready_without_a_session(settings):
    version = publish_shelves(settings)
    with Visitor(create_app(settings), base_url=ADDRESS) as stranger:
        assert stranger.get("/health/live").json() == {"status": "alive"}
        assert stranger.get("/health/ready").json() == {"status": "ready", "versions": {"stores": version}}


def test_without_the_state_store_nobody_is_let_in_and_told_why_only_in_the_log(settings):
    with visiting(settings) as visitor:
        service = visitor.app.state.service
        service.database._engine.dispose()
        kept = settings.state_file.read_bytes()
        settings.state_file.write_bytes(b"garbage" * 5000)
        service.recogniser.forget()
        with capture_logs() as logged:
            answers = [visitor.get("/health/ready"), visitor.api("/api/v1/products"), visitor.page("/account")]
        for answer in answers:
            assert answer.status_code == 503
            assert int(answer.headers["retry-after"]) > 0
            assert str(settings.data) not in answer.text
            assert "sqlite" not in answer.text.lower()
        assert answers[0].headers["content-type"] == "application/problem+json"
        assert answers[1].json()["type"] == "state-store"
        told = [line for line in logged if line["event"] == "state_store_not_usable"]
        assert len(told) >= 3
        assert "state.sqlite" in told[0]["error"]
        # the process is well, and what needs no store is shown
        with capture_logs():
            assert [visitor.page(path).status_code for path in ("/health/live", "/static/pages.css", "/sign-in")] == [200] * 3
        visitor.cookies.clear()
        # nobody signs in, and that is no mistake of theirs
        with capture_logs():
            assert visitor.submit("/sign-in", {"name": "x", "password": "x"}).status_code == 503
        service.database._engine.dispose()
        settings.state_file.write_bytes(kept)
        assert visitor.get("/health/ready").status_code == 200
        visitor.cookies.set("vitrina", visitor.secret)
        assert visitor.page("/account").status_code == 200


def test_what_happened_while_the_state_store_was_locked_is_recorded_afterwards(settings):
    with visiting(settings) as visitor:
        audit = visitor.app.state.service.audit
        visitor.page("/account")

        def locked(entries):
            raise StateError("locked", "wait")

        original, audit.audit.add = audit.audit.add, locked
        with capture_logs():
            audit.flush()
        assert visitor.page("/account").status_code == 200
        audit.audit.add = original
        audit.flush()
        assert [(seen.route, seen.times) for _, seen in audit.audit.latest()] == [("/account", 2)]


def test_pages_are_read_while_somebody_else_writes_into_the_store(settings):
    with visiting(settings) as visitor:
        writer = sqlite3.connect(settings.state_file, isolation_level=None)
        writer.execute("BEGIN IMMEDIATE")
        visitor.app.state.service.recogniser.forget()
        begun = time.monotonic()
        assert visitor.page("/account").status_code == 200
        assert visitor.get("/health/ready").status_code == 200
        # far less than a writer waits
        assert time.monotonic() - begun < 10
        writer.execute("ROLLBACK")
        writer.close()


# the description of the API


def test_the_api_describes_itself_to_everybody(settings):
    with Visitor(create_app(settings), base_url=ADDRESS) as stranger:
        described = stranger.get("/api/openapi.json").json()
        page = stranger.get("/api", headers=HTML).text
    assert described["info"]["title"] == "Vitrina"
    assert described["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    assert all(path.startswith("/api/v1/") for path in described["paths"])
    assert "/api/v1/products/{product}" in page
    referred = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(described)))
    assert referred <= described["components"]["schemas"].keys()


# starting


def test_a_second_start_takes_nothing_from_the_first(tmp_path):
    with subprocess.Popen(["sleep", "60"]) as running:
        theirs, dead, stray = tmp_path / str(running.pid), tmp_path / "999999999", tmp_path / "counter_1.db"
        for folder in (theirs, dead):
            folder.mkdir()
            (folder / "counter_1.db").touch()
        stray.touch()
        own = starting._own_folder(tmp_path)
        assert own == tmp_path / str(os.getpid())
        assert list(own.iterdir()) == []
        assert (theirs / "counter_1.db").exists()
        assert not dead.exists()
        (own / "left").touch()
        assert list(starting._own_folder(tmp_path).iterdir()) == []
        running.kill()


def test_an_address_that_is_taken_is_told_of_a_product_that_fails(settings, monkeypatch):
    from serving import app as app_module  # noqa: PLC0415  # its products are replaced
    from serving.products import Product  # noqa: PLC0415  # as above
    from serving.web.routing import router  # noqa: PLC0415  # as above

    def start(service):
        raise OSError("no such index")

    stopped = []
    good = Product("posts", router(), start=lambda service: 1, stop=lambda service: stopped.append("posts"))
    monkeypatch.setattr(app_module, "all_products", lambda: (good, Product("stores", router(), start=start)))
    with pytest.raises(OSError, match="no such index"), Visitor(create_app(settings), base_url=ADDRESS):
        pytest.fail("it has started")
    # what had begun has ended
    assert stopped == ["posts"]
    StateDatabase(settings).close()


class Server:
    """`python -m serving`, as people start it."""

    def __init__(self, data, **more):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("VITRINA_")}
        environment |= {"VITRINA_DATA": str(data), "VITRINA_PAGES_PORT": str(self.port)} | more
        self.log = (data.parent / f"log {self.port}").open("w+")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "serving"], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=self.log, text=True
        )
        self.address = f"http://127.0.0.1:{self.port}"

    def wait(self, seconds=120):
        deadline = time.monotonic() + seconds
        while True:
            assert self.process.poll() is None, self.logged()
            assert time.monotonic() < deadline, self.logged()
            try:
                if httpx.get(f"{self.address}/health/ready", timeout=5).status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(BRIEF_S)

    def logged(self):
        self.log.flush()
        self.log.seek(0)
        return self.log.read()

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        out, _ = self.process.communicate(timeout=60)
        return out


@pytest.mark.slow
@pytest.mark.integration
def test_the_service_starts_with_one_admin_loses_a_worker_and_stops_with_everything_written(tmp_path):
    data = tmp_path / "data"
    server = Server(data, VITRINA_PAGES_WORKERS="2")
    try:
        server.wait()
        # whoever started it has read the password, once
        server.process.stdout.readline()
        told = server.process.stdout.readline()
        password = re.fullmatch(r"Sign in as admin with the password (\S+)\n", told)[1]
        client = httpx.Client(base_url=server.address, headers=HTML)
        signed_in = client.post("/sign-in", data={"name": "admin", "password": password})
        assert (signed_in.status_code, signed_in.headers["location"]) == (303, "/password")
        assert client.get("/account").headers["location"] == "/password"

        # a second start by mistake says so and harms nothing
        second = subprocess.run(
            [sys.executable, "-m", "serving"],
            cwd=ROOT,
            env=os.environ | {"VITRINA_DATA": str(data), "VITRINA_PAGES_PORT": str(server.port), "VITRINA_PAGES_WORKERS": "1"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert second.returncode != 0
        assert "password" not in second.stdout

        # a worker that is killed is replaced
        workers = _children(server.process.pid)
        os.kill(workers[0], signal.SIGKILL)
        deadline = time.monotonic() + 60
        while workers[0] in _children(server.process.pid) or len(_children(server.process.pid)) < 2:
            assert time.monotonic() < deadline
            time.sleep(BRIEF_S)
        server.wait()
        # what happens last is in the audit too
        assert client.get("/people").status_code == 303
        client.close()
    finally:
        out = server.stop()
    assert server.process.returncode == 0, server.logged()
    assert password not in out
    assert password not in server.logged()
    lines = [json.loads(line) for line in server.logged().splitlines() if line.startswith("{")]
    assert [line["event"] for line in lines].count("ready") >= 2
    assert not [line for line in lines if line["level"] in ("error", "critical")], lines
    database = StateDatabase(Settings(data=data, _env_file=None))
    found = {(seen.person, seen.route, seen.status) for _, seen in AuditLog(database).latest()}
    database.close()
    assert {("admin", "/sign-in", 303), ("admin", "/account", 303), ("admin", "/people", 303)} <= found
    kept = b"".join(path.read_bytes() for path in data.glob("state.sqlite*"))
    assert password.encode() not in kept


def _children(process):
    listed = subprocess.run(
        ["ps", "-ww", "-o", "pid=", "-o", "args=", "--ppid", str(process)], capture_output=True, text=True, check=False
    ).stdout
    return sorted(int(line.split()[0]) for line in listed.splitlines() if "spawn_main" in line)
