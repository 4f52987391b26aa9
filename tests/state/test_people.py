"""Who is known: no password is known beforehand, none is kept, and somebody can always let others in."""

import dataclasses
import importlib.util
import sys
import threading
import unicodedata
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from tests.state.conftest import NOW, in_processes
from vitrina.settings import Settings
from vitrina.state import people as people_module
from vitrina.state.opening import StateDatabase
from vitrina.state.people import FIRST_ADMIN, LONGEST_PASSWORD, PASSWORD_LENGTH, People, PersonError, folded_name
from vitrina.state.roles import EVERYTHING, Grant, GrantError, Role
from vitrina.state.schema import GRANTS, PEOPLE

ADMIN, VIEWER = Grant(Role.ADMIN, EVERYTHING), Grant(Role.VIEWER, "stores")
OWN = "correct horse battery staple"
NOBODY = "0" * 32


def added(people, name="anna", *grants):
    """Somebody who has chosen their own password."""
    password = people.add(name, grants, NOW)
    people.change_password(found(people, name).id, password, OWN)
    return found(people, name)


def found(people, name):
    return next(person for person in people.everybody() if person.name == folded_name(name))


def hashes(database):
    with database.reading() as connection:
        return [row.password_hash for row in connection.execute(select(PEOPLE).order_by(PEOPLE.c.name))]


def both_at_once(settings, *doing):
    """What each does in a thread with a connection of its own; errors are results too."""
    start = threading.Barrier(len(doing))

    def one(what):
        database = StateDatabase(settings)
        try:
            start.wait(10)
            return what(People(database))
        except PersonError as error:
            return error
        finally:
            database.close()

    with ThreadPoolExecutor(len(doing)) as threads:
        return list(threads.map(one, doing))


@pytest.fixture
def slow_to_write(monkeypatch):
    """Transactions that have looked, and take their time to write: two at once surely overlap."""
    original = people_module._put_grants

    def slowly(*arguments):
        original(*arguments)
        threading.Event().wait(0.2)

    monkeypatch.setattr(people_module, "_put_grants", slowly)


def test_a_new_store_knows_nobody_and_lets_nobody_in(people, quick_hashing):
    assert people.everybody() == ()
    assert [people.verify(name, password) for name in (FIRST_ADMIN, "root", "") for password in ("", "admin", "password")] == [
        None
    ] * 9


def test_the_first_admin_is_made_once_with_a_password_of_their_own(people, database, quick_hashing):
    password = people.make_first_admin(NOW)
    admin = people.verify(FIRST_ADMIN, password)
    assert len(password) >= 20
    assert (admin.name, admin.grants, admin.must_change, admin.active) == (FIRST_ADMIN, {ADMIN}, True, True)
    assert people.make_first_admin(NOW) is None
    assert [person.name for person in people.everybody()] == [FIRST_ADMIN]


def test_two_stores_have_first_admins_with_different_passwords(tmp_path, quick_hashing):
    passwords = set()
    for name in ("one", "other"):
        database = StateDatabase(Settings(data=tmp_path / name, _env_file=None))
        passwords.add(People(database).make_first_admin(NOW))
        database.close()
    assert len(passwords) == 2


def test_where_somebody_is_known_no_first_admin_is_made(people, quick_hashing):
    people.add("anna", [VIEWER], NOW)
    assert people.make_first_admin(NOW) is None
    assert [person.name for person in people.everybody()] == ["anna"]


def test_processes_that_start_at_once_make_one_first_admin(settings, quick_hashing):
    def start():
        database = StateDatabase(settings)
        try:
            return People(database).make_first_admin(NOW)
        finally:
            database.close()

    made = in_processes(*[start] * 4)
    assert sorted(password is None for password in made) == [False, True, True, True]


def test_of_two_that_make_the_first_admin_in_the_same_moment_one_does(settings, slow_to_write, quick_hashing):
    StateDatabase(settings).close()
    made = both_at_once(settings, *[lambda people: people.make_first_admin(NOW)] * 2)
    assert sorted(password is None for password in made) == [False, True]


def test_of_two_that_add_the_same_name_in_the_same_moment_one_does(settings, slow_to_write, quick_hashing):
    StateDatabase(settings).close()
    made = both_at_once(settings, *[lambda people: people.add("anna", [VIEWER], NOW)] * 2)
    assert sorted(isinstance(one, PersonError) for one in made) == [False, True]
    assert "already" in str(next(one for one in made if isinstance(one, PersonError)))


def test_a_first_password_has_to_be_changed_and_then_is_good_no_more(people, quick_hashing):
    password = people.add("anna", [VIEWER], NOW)
    person = people.verify("anna", password)
    assert person.must_change
    people.change_password(person.id, password, OWN)
    assert people.verify("anna", password) is None
    assert not people.verify("anna", OWN).must_change


def test_passwords_are_kept_as_argon2id_alone(database, settings):
    # as it is, and not as other tests have made it
    spec = importlib.util.spec_from_file_location("people_as_they_are", people_module.__file__)
    as_it_is = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = as_it_is
    spec.loader.exec_module(as_it_is)
    people = as_it_is.People(database)
    password = people.add("anna", [VIEWER], NOW)
    people.change_password(found(people, "anna").id, password, OWN)
    people.add("a program", [VIEWER], NOW, program=True)
    program, own = hashes(database)
    # RFC 9106's second recommendation: 64 MiB, three passes
    assert own.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert program is None
    database.close()
    if not settings.state:
        kept = b"".join(path.read_bytes() for path in settings.data.iterdir())
        assert b"anna" in kept
        assert password.encode() not in kept
        assert OWN.encode() not in kept


def test_the_same_password_has_two_hashes(people, database, quick_hashing):
    added(people, "anna")
    added(people, "boris")
    assert len(set(hashes(database))) == 2


def test_a_wrong_name_is_as_much_work_as_a_wrong_password(people, quick_hashing, monkeypatch):
    added(people, "anna", ADMIN)
    added(people, "inactive")
    people.set_active(found(people, "inactive").id, active=False)
    people.add("program", [VIEWER], NOW, program=True)
    work = []

    class Counting:
        def verify(self, hashed, password):
            # which hash costs how much stands before the salt
            work[-1].append(hashed.rsplit("$", 2)[0])
            return quick.verify(hashed, password)

    quick = people_module._HASHER
    monkeypatch.setattr(people_module, "_HASHER", Counting())
    tried = {}
    for name, password in [
        ("anna", OWN),
        ("anna", "wrong"),
        ("nobody", OWN),
        ("inactive", OWN),
        ("program", OWN),
        ("", ""),
        ("a\0b", "x"),
    ]:
        work.append([])
        tried[name, password] = people.verify(name, password) is not None
    assert list(tried.values()) == [True] + [False] * 6
    assert [len(hashed) for hashed in work] == [1] * 7
    assert len({hashed for one in work for hashed in one}) == 1


def test_a_name_is_the_same_however_it_is_typed(people, quick_hashing):
    added(people, "Anna")
    for name in ("anna", " ANNA ", "Ａｎｎａ", "anna\n", "\N{NO-BREAK SPACE}Anna"):
        assert people.verify(name, OWN).name == "anna"
        with pytest.raises(PersonError, match="already"):
            people.add(name, [VIEWER], NOW)


@given(st.text(max_size=100))
def test_folding_a_name_twice_changes_nothing_and_no_form_of_unicode_matters(name):
    folded = folded_name(name)
    assert folded_name(folded) == folded
    assert folded.isprintable()
    if len(folded) < 40:
        # longer names are cut, and where depends on the form
        forms = {unicodedata.normalize(form, name) for form in ("NFC", "NFD", "NFKC", "NFKD")}
        assert {folded_name(form) for form in forms} == {folded_name(unicodedata.normalize("NFC", name))}


def test_a_name_that_cannot_be_read_is_refused(people, quick_hashing):
    invisible = ("an\0na", "an\nna", "an\N{ZERO WIDTH SPACE}na", "\ud800", "\N{RIGHT-TO-LEFT OVERRIDE}anna")
    for name in ("", "   ", "x" * 81, *invisible):
        with pytest.raises(PersonError, match="empty, too long, or holds invisible"):
            people.add(name, [VIEWER], NOW)
    assert people.everybody() == ()


def test_a_name_that_nobody_can_have_is_just_wrong(people, quick_hashing):
    added(people, "anna")
    for name in ("an\0na", "\ud800", "x" * 100_000, "'; DROP TABLE people; --"):
        assert people.verify(name, OWN) is None


def test_people_are_listed_by_name_with_their_roles(people, quick_hashing):
    people.add("boris", [VIEWER, Grant(Role.MANAGER, "sellers", "S01")], NOW)
    people.add("anna", [], NOW)
    assert [(person.name, person.grants) for person in people.everybody()] == [
        ("anna", frozenset()),
        ("boris", {VIEWER, Grant(Role.MANAGER, "sellers", "S01")}),
    ]


def test_new_roles_replace_the_old_ones(people, quick_hashing):
    added(people, "admin", ADMIN)
    person = added(people, "anna", VIEWER)
    people.set_grants(person.id, [Grant(Role.VIEWER, "posts", "telegram:1")] * 2)
    assert found(people, "anna").grants == {Grant(Role.VIEWER, "posts", "telegram:1")}
    people.set_grants(person.id, [])
    assert found(people, "anna").grants == frozenset()


@pytest.mark.parametrize(
    "change",
    [
        lambda people: people.set_grants(NOBODY, [VIEWER]),
        lambda people: people.set_active(NOBODY, active=False),
        lambda people: people.new_password(NOBODY),
        lambda people: people.change_password(NOBODY, "a", OWN),
    ],
)
def test_nobody_cannot_be_changed(people, database, quick_hashing, change):
    added(people, "admin", ADMIN)
    with pytest.raises(PersonError):
        change(people)
    with database.reading() as connection:
        assert connection.execute(select(GRANTS.c.person_id).where(GRANTS.c.person_id == NOBODY)).first() is None


@pytest.mark.parametrize(
    "change",
    [
        lambda people, person: people.set_grants(person.id, [VIEWER]),
        lambda people, person: people.set_grants(person.id, []),
        lambda people, person: people.set_active(person.id, active=False),
    ],
)
def test_the_last_admin_stays(people, quick_hashing, change):
    admin = added(people, "admin", ADMIN)
    added(people, "anna", VIEWER)
    # neither can sign in, so neither could let anybody else in
    people.add("a program", [ADMIN], NOW, program=True)
    added(people, "gone", ADMIN)
    people.set_active(found(people, "gone").id, active=False)
    with pytest.raises(PersonError, match="No admin would be left"):
        change(people, admin)
    assert found(people, "admin") == admin


@pytest.mark.parametrize(
    "change",
    [
        lambda people, person: people.set_grants(person.id, [VIEWER]),
        lambda people, person: people.set_active(person.id, active=False),
    ],
)
def test_of_two_admins_who_remove_each_other_at_once_one_stays(settings, people, slow_to_write, quick_hashing, change):
    anna, boris = added(people, "anna", ADMIN), added(people, "boris", ADMIN)
    told = both_at_once(settings, lambda mine: change(mine, anna), lambda mine: change(mine, boris))
    assert sorted(isinstance(one, PersonError) for one in told) == [False, True]
    assert len([person for person in people.everybody() if person.active and ADMIN in person.grants]) == 1


def test_a_lost_password_is_replaced_by_one_for_one_use(people, quick_hashing):
    person = added(people, "anna", VIEWER)
    password = people.new_password(person.id)
    assert people.verify("anna", OWN) is None
    again = people.verify("anna", password)
    assert again.must_change
    assert dataclasses.replace(again, must_change=False) == person


def test_a_new_password_lets_nobody_in_again(people, quick_hashing):
    added(people, "admin", ADMIN)
    person = added(people, "anna", VIEWER)
    people.set_active(person.id, active=False)
    with pytest.raises(PersonError, match="may not sign in"):
        people.new_password(person.id)
    assert not found(people, "anna").active
    people.set_active(person.id, active=True)
    assert people.verify("anna", OWN) is not None


def test_a_program_gets_no_password(people, database, quick_hashing):
    assert people.add("loader", [VIEWER], NOW, program=True) is None
    program = found(people, "loader")
    assert not program.must_change
    with pytest.raises(PersonError, match="is a program"):
        people.new_password(program.id)
    assert hashes(database) == [None]
    assert people.verify("loader", "") is None


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (OWN + "!", "another long password", "present password is wrong"),
        (OWN, OWN, "is the old one"),
        (OWN, "x" * (PASSWORD_LENGTH - 1), "has 11 characters"),
        (OWN, "x" * (LONGEST_PASSWORD + 1), "has 1025 characters"),
        ("", "another long password", "present password is wrong"),
    ],
)
def test_a_password_that_cannot_be_changed_like_this_stays(people, quick_hashing, old, new, told):
    person = added(people, "anna")
    with pytest.raises(PersonError, match=told):
        people.change_password(person.id, old, new)
    assert people.verify("anna", OWN) is not None


def test_a_password_counts_to_its_last_character(people, quick_hashing):
    person = added(people, "anna")
    longest = "ё" * LONGEST_PASSWORD
    people.change_password(person.id, OWN, longest)
    assert people.verify("anna", longest) is not None
    assert people.verify("anna", longest + "ё") is None
    assert people.verify("anna", longest[:-1]) is None
    assert people.verify("anna", longest + "x" * 1_000_000) is None


def test_a_password_that_an_admin_gives_meanwhile_is_not_written_over(people, quick_hashing, monkeypatch):
    person = added(people, "anna")
    given_meanwhile = []

    class Slow:
        def __init__(self):
            self.quick = people_module._HASHER

        def verify(self, hashed, password):
            return self.quick.verify(hashed, password)

        def hash(self, password):
            if not given_meanwhile:
                given_meanwhile.append("soon")
                given_meanwhile[0] = people.new_password(person.id)
            return self.quick.hash(password)

    monkeypatch.setattr(people_module, "_HASHER", Slow())
    with pytest.raises(PersonError, match="changed meanwhile"):
        people.change_password(person.id, OWN, "what a thief has chosen")
    assert people.verify("anna", "what a thief has chosen") is None
    assert people.verify("anna", given_meanwhile[0]).must_change


def test_roles_that_make_no_sense_are_never_stored(people, quick_hashing):
    with pytest.raises(GrantError):
        people.add("anna", [Grant(Role.VIEWER, "stores", "S01")], NOW)
    assert people.everybody() == ()
