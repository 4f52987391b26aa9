"""What was asked of the clustering: kept in order, finished once, counted by whoever waits."""

import datetime as dt

import pytest

from vitrina.settings import Settings
from vitrina.state.cluster_requests import ClusterRequests
from vitrina.state.opening import StateDatabase

NOON = dt.datetime(2026, 10, 1, 12, tzinfo=dt.UTC)
QUARTER = dt.date(2026, 7, 1)


@pytest.fixture
def requests(tmp_path):
    database = StateDatabase(Settings(data=tmp_path, _env_file=None))
    yield ClusterRequests(database)
    database.close()


def begun(requests, minute=0, by="ann"):
    now = NOON + dt.timedelta(minutes=minute)
    return requests.begin(by=by, title="T", quarter=QUARTER, scenario="{}", published_version="v", now=now)


def test_a_request_is_found_as_it_was_begun(requests):
    made = begun(requests)
    assert requests.find(made.id) == made
    assert requests.find("0" * 32) is None


def test_what_became_of_it_is_recorded_once(requests):
    made = begun(requests)
    later = NOON + dt.timedelta(seconds=2)
    assert requests.finish(made.id, later, fingerprint="abc")
    assert not requests.finish(made.id, later + dt.timedelta(seconds=1), problem="too late")
    found = requests.find(made.id)
    assert (found.fingerprint, found.problem, found.finished_at) == ("abc", None, later)
    assert not requests.finish("0" * 32, later, fingerprint="abc")


def test_the_newest_come_first_page_by_page(requests):
    made = [begun(requests, minute) for minute in (2, 0, 1)]
    newest_first = [made[0].id, made[2].id, made[1].id]
    assert [request.id for request in requests.latest()] == newest_first
    assert [request.id for request in requests.latest(1, skip=1)] == newest_first[1:2]
    assert requests.count() == 3


def test_only_what_is_unfinished_recent_and_ones_own_waits(requests):
    since = NOON
    done = begun(requests, 1)
    requests.finish(done.id, NOON, problem="no")
    begun(requests, -1)
    begun(requests, 1, by="bob")
    begun(requests, 2)
    assert requests.waiting(by="ann", since=since) == 1
    assert requests.waiting(by="nobody", since=since) == 0
