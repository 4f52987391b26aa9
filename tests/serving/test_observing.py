"""What runs the service sees: every request has an id, is counted, and cannot write into the log what it likes."""

import io
import json
import os
import re
import subprocess
import sys
import time

import pytest
import structlog
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from serving.web.observing import forget_dead_workers, log_as_json
from serving.web.rules import anybody
from tests.pages import ADDRESS, HTML, Visitor, make_person, token_of
from tests.serving.made_up import visited, with_route
from vitrina.settings import Settings
from vitrina.state.roles import EVERYTHING, Grant, Role


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    return Settings(data=tmp_path_factory.mktemp("observing"), _env_file=None, pages_requests_per_minute=1_000_000)


@pytest.fixture(scope="module")
def visitor(settings):
    with visited(settings) as made:
        yield made


def counted(route, method="GET", status="200"):
    return REGISTRY.get_sample_value("vitrina_requests_total", {"route": route, "method": method, "status": status}) or 0


# ids


def test_every_answer_has_an_id_of_its_own(visitor):
    answers = [visitor.page(path) for path in ("/", "/health/live", "/nothing", "/static/pages.css", "/people/")]
    answers.append(visitor.page("/", headers={"Host": "evil.example"}))
    ids = [answer.headers["x-request-id"] for answer in answers]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch("[0-9a-f]{32}", one) for one in ids)


@pytest.mark.parametrize("given", ["a", "A-b_c.9", "0" * 64])
def test_an_id_that_a_proxy_gave_is_kept(visitor, given):
    assert visitor.get("/health/live", headers={"X-Request-ID": given}).headers["x-request-id"] == given


@pytest.mark.parametrize(
    "given", ["", " ", "0" * 65, "a b", 'a"}{"event":"x', "<script>", "a\tb", "é", "a;b", "%0a", "\x00", "a/../b"]
)
def test_an_id_that_is_none_is_replaced(visitor, given):
    kept = visitor.get("/health/live", headers={"X-Request-ID": given.encode("latin-1")}).headers["x-request-id"]
    assert re.fullmatch("[0-9a-f]{32}", kept)


def test_what_is_logged_of_a_request_bears_its_id(visitor):
    def failing():
        raise RuntimeError("x")

    with_route(visitor.app, "/test/fails", anybody()(failing))
    written = lines_written_by(lambda: visitor.get("/test/fails", headers=HTML | {"X-Request-ID": "the-one"}))
    assert {line["event"] for line in written} == {"failed", "request"}
    assert {line["request_id"] for line in written} == {"the-one"}
    (request,) = [line for line in written if line["event"] == "request"]
    assert (request["route"], request["status"], request["method"], request["level"]) == ("/test/fails", 500, "GET", "error")
    assert "RuntimeError: x" in next(line["exception"] for line in written if line["event"] == "failed")


def lines_written_by(doing):
    """What stands in the log, as it is in production; each line is JSON."""
    before, stream, stderr = structlog.get_config(), io.StringIO(), sys.stderr
    sys.stderr = stream
    try:
        log_as_json()
        structlog.configure(cache_logger_on_first_use=False)
        doing()
    finally:
        sys.stderr = stderr
        structlog.configure(**before)
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_nobody_writes_lines_of_their_own_into_the_log(visitor):
    hostile = 'x\n{"event": "everything is fine"}\r\n\x1b[31m'

    def failing():
        raise RuntimeError(hostile)

    with_route(visitor.app, "/test/hostile", anybody()(failing))
    written = lines_written_by(
        lambda: visitor.get("/test/hostile", headers={"User-Agent": "x", "X-Request-ID": "a b"}, params={"x": hostile})
    )
    assert [line["event"] for line in written] == ["failed", "request"]


def test_what_is_logged_of_a_failure_shows_no_values(visitor):
    """A traceback with what stood in variables would show passwords."""

    def failing():
        secret = "hunter" + "2" * 3
        raise RuntimeError(str(len(secret)))

    with_route(visitor.app, "/test/secret", anybody()(failing))
    assert "hunter222" not in json.dumps(lines_written_by(lambda: visitor.get("/test/secret")))


def test_requests_that_are_quick_and_well_are_not_logged(visitor):
    assert lines_written_by(lambda: visitor.get("/health/live")) == []


# counts


def test_requests_are_counted_under_their_route_and_not_their_address(visitor):
    before = counted("/published/{product}", status="404")
    visitor.page("/published/stores")
    visitor.page("/published/posts?x=1")
    assert counted("/published/{product}", status="404") == before + 2
    nothing = counted("none", status="404")
    for number in range(5):
        visitor.page(f"/nothing/{number}")
    assert counted("none", status="404") == nothing + 5
    routes = {sample.labels["route"] for metric in REGISTRY.collect() for sample in metric.samples if "route" in sample.labels}
    # other tests of this process have routes of their own
    own = {route for route in routes if not route.startswith(("/test/", "/api/test/"))}
    assert own <= {"none", *(route.path for route in visitor.app.routes)}


def test_methods_that_are_none_are_counted_together(visitor):
    for method in ("BREW", "PROPFIND", "X" * 50):
        assert visitor.request(method, "/health/live").status_code == 405
    assert counted("/health/live", "other", "405") >= 3
    assert counted("/health/live", "BREW", "405") == 0


def test_what_is_answered_is_under_way_no_more(visitor):
    def failing():
        raise RuntimeError("x")

    with_route(visitor.app, "/test/fails", anybody()(failing))
    with capture_logs():
        visitor.get("/test/fails")
    assert REGISTRY.get_sample_value("vitrina_requests_in_flight") == 0
    text = visitor.api("/metrics").text
    # this one is
    assert "vitrina_requests_in_flight 1.0" in text


def test_metrics_are_for_monitors_and_their_programs(settings, visitor):
    monitor = make_person(settings, "prometheus", Grant(Role.MONITOR, EVERYTHING))
    viewer = make_person(settings, "viewer", Grant(Role.VIEWER, EVERYTHING))
    program = Visitor(visitor.app, base_url=ADDRESS, follow_redirects=False)
    for headers, status in (
        ({}, 401),
        ({"Authorization": f"Bearer {token_of(settings, monitor, '*:observe')}"}, 200),
        ({"Authorization": f"Bearer {token_of(settings, monitor, 'stores:read')}"}, 403),
        ({"Authorization": f"Bearer {token_of(settings, viewer, '*:observe')}"}, 403),
    ):
        assert program.get("/metrics", headers=headers).status_code == status
    answer = visitor.api("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert 'vitrina_requests_total{method="GET",route="/metrics",status="200"}' in answer.text
    assert "vitrina_request_seconds_bucket" in answer.text


# several processes

WORKER = """
import os, sys, time
from serving.web.observing import IN_FLIGHT, REQUESTS
IN_FLIGHT.inc()
REQUESTS.labels("/x", "GET", 200).inc()
print(os.getpid(), flush=True)
sys.stdin.readline()
"""
READ = """
import sys
from pathlib import Path
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from serving.web.observing import forget_dead_workers
def read():
    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    text = generate_latest(registry).decode()
    return [line.split()[-1] for line in text.splitlines() if line.startswith(("vitrina_requests_in_flight", "vitrina_requests_total{"))]
before = read()
forget_dead_workers(Path(sys.argv[1]))
print(sorted(before), sorted(read()))
"""


def test_what_a_killed_worker_had_under_way_is_forgotten_and_what_it_answered_is_not(tmp_path):
    environment = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    workers = [
        subprocess.Popen([sys.executable, "-c", WORKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True)
        for _ in range(2)
    ]
    for worker in workers:
        assert int(worker.stdout.readline()) == worker.pid
    workers[0].kill()
    workers[0].wait(10)
    told = subprocess.run([sys.executable, "-c", READ, str(tmp_path)], env=environment, capture_output=True, text=True, check=True)
    workers[1].communicate("go\n", timeout=30)
    # two under way of which one is, two answered
    assert told.stdout.strip() == "['2.0', '2.0'] ['1.0', '2.0']"


def test_forgetting_dead_workers_twice_is_no_error(tmp_path):
    (tmp_path / "gauge_livesum_999999999.db").touch()
    (tmp_path / f"gauge_livesum_{os.getpid()}.db").touch()
    (tmp_path / "counter_999999999.db").touch()
    for _ in range(2):
        forget_dead_workers(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["counter_999999999.db", f"gauge_livesum_{os.getpid()}.db"]


def test_times_are_counted(visitor):
    def slow():
        time.sleep(0.02)

    with_route(visitor.app, "/test/slow", anybody()(slow))
    labels = {"route": "/test/slow", "method": "GET"}
    visitor.get("/test/slow")
    assert REGISTRY.get_sample_value("vitrina_request_seconds_count", labels) == 1
    assert REGISTRY.get_sample_value("vitrina_request_seconds_sum", labels) >= 0.02
    assert REGISTRY.get_sample_value("vitrina_request_seconds_bucket", labels | {"le": "0.01"}) == 0
