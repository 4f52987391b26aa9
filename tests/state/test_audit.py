"""The record of who saw and did what: it is added to and forgotten as a whole, and nothing in it changes."""

import dataclasses
import datetime as dt

from tests.state.conftest import NOW, in_processes
from vitrina.state.audit import AuditLog, Seen
from vitrina.state.opening import StateDatabase

ENTRY = Seen(NOW, "anna", None, "10.0.0.1", "GET", "/stores", "{}", 200)


def at(days, **changes):
    return dataclasses.replace(ENTRY, at=NOW + dt.timedelta(days=days), **changes)


def test_entries_come_back_as_they_were_the_newest_first(database):
    log = AuditLog(database)
    entries = [
        at(0),
        at(1, person=None, token="loader", times=7),  # noqa: S106  # a name
        at(2, subject='{"store": "Ёлка\\n“1”"}', status=404, address="2001:db8::1"),
    ]
    log.add(entries[:2])
    log.add(entries[2:])
    log.add([])
    assert [seen for _, seen in log.latest()] == entries[::-1]


def test_a_page_of_entries_goes_on_where_the_one_before_ended(database):
    log = AuditLog(database)
    log.add([at(number) for number in range(7)])
    seen, before = [], None
    while page := log.latest(before=before, n=3):
        seen += [entry for _, entry in page]
        before = page[-1][0]
    assert seen == [at(number) for number in reversed(range(7))]


def test_one_person_is_found_however_the_name_is_typed(database):
    log = AuditLog(database)
    log.add([at(0), at(1, person="boris"), at(2, person=None)])
    for name in ("anna", " Anna ", "ＡＮＮＡ"):
        assert [entry for _, entry in log.latest(person=name)] == [at(0)]
    for name in ("nobody", "an\0na", "\ud800", "' OR 1=1 --", "%"):
        assert log.latest(person=name) == ()


def test_old_entries_are_forgotten_and_counted(database):
    log = AuditLog(database)
    log.add([at(number) for number in range(5)])
    moment = (NOW + dt.timedelta(days=2)).astimezone(dt.timezone(dt.timedelta(hours=5)))
    assert log.forget(moment) == 2
    assert [entry for _, entry in log.latest()] == [at(4), at(3), at(2)]
    assert log.forget(moment) == 0


def test_entries_of_several_processes_are_all_there(settings):
    def write():
        database = StateDatabase(settings)
        for _ in range(10):
            AuditLog(database).add([ENTRY] * 5)
        database.close()

    assert in_processes(*[write] * 4) == [None] * 4
    database = StateDatabase(settings)
    assert len(AuditLog(database).latest(n=1000)) == 200
    database.close()
