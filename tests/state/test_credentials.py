"""Sessions and tokens: only their hashes are kept, and they are good no longer than whoever they belong to."""

import datetime as dt

import pytest
from sqlalchemy import select, text

from tests.state.conftest import NOW
from vitrina.settings import Settings
from vitrina.state.credentials import (
    FAILURES_BY_ADDRESS,
    FAILURES_BY_NAME,
    FAILURES_COUNT,
    LONGEST_TOKEN,
    SESSION_LASTS,
    TOKEN_PREFIX,
    Credentials,
    TokenError,
    digest,
)
from vitrina.state.opening import StateDatabase
from vitrina.state.roles import EVERYTHING, Action, Grant, GrantError, Role
from vitrina.state.schema import SESSIONS, SIGN_IN_FAILURES, TOKENS

pytestmark = pytest.mark.usefixtures("quick_hashing")

ADMIN, MANAGER = Grant(Role.ADMIN, EVERYTHING), Grant(Role.MANAGER, "stores")
DAY, SECOND = dt.timedelta(days=1), dt.timedelta(seconds=1)


@pytest.fixture
def anna(people):
    people.add("boss", [ADMIN], NOW)
    people.add("anna", [MANAGER], NOW)
    return next(person for person in people.everybody() if person.name == "anna")


@pytest.fixture
def token(credentials, anna):
    return credentials.make_token(anna, "loader", ["stores:read", "stores:decide"], DAY, NOW)


def everything_stored(database):
    with database.reading() as connection:
        tables = (SESSIONS, TOKENS, SIGN_IN_FAILURES)
        return str([connection.execute(select(table)).all() for table in tables])


def test_a_session_is_good_until_it_ends_by_itself(credentials, anna):
    secret = credentials.begin_session(anna, NOW)
    known = credentials.by_session(secret, NOW + SESSION_LASTS - SECOND)
    assert (known.person, known.token, known.until) == (anna, None, NOW + SESSION_LASTS)
    assert known.rights.allow("stores", Action.DECIDE)
    assert credentials.by_session(secret, NOW + SESSION_LASTS) is None


def test_only_hashes_of_secrets_are_kept(credentials, database, anna, token):
    session = credentials.begin_session(anna, NOW)
    kept = everything_stored(database)
    assert digest(session) in kept
    assert digest(token) in kept
    assert session not in kept
    assert token not in kept
    assert token.removeprefix(TOKEN_PREFIX) not in kept


def test_secrets_are_long_and_never_the_same(credentials, anna):
    secrets = {credentials.begin_session(anna, NOW) for _ in range(20)}
    assert len(secrets) == 20
    # 256 bits
    assert min(map(len, secrets)) >= 43


@pytest.mark.parametrize("secret", ["", "x", "\0", "\ud800".encode("utf-8", "replace").decode(), "' OR 1=1 --", TOKEN_PREFIX])
def test_what_nobody_was_given_is_nobodys(credentials, anna, token, secret):
    credentials.begin_session(anna, NOW)
    assert credentials.by_session(secret, NOW) is None
    assert credentials.by_token(secret, NOW) is None


def test_a_session_is_no_token_and_a_token_no_session(credentials, anna, token):
    session = credentials.begin_session(anna, NOW)
    assert credentials.by_token(session, NOW) is None
    assert credentials.by_session(token, NOW) is None


def test_a_session_that_was_ended_is_over_and_others_go_on(credentials, anna):
    one, other = credentials.begin_session(anna, NOW), credentials.begin_session(anna, NOW)
    credentials.end_session(one)
    credentials.end_session("never begun")
    assert credentials.by_session(one, NOW) is None
    assert credentials.by_session(other, NOW).person == anna


def test_sessions_that_are_over_are_not_kept(credentials, database, anna):
    credentials.begin_session(anna, NOW)
    credentials.begin_session(anna, NOW + SESSION_LASTS + SECOND)
    with database.reading() as connection:
        assert len(connection.execute(select(SESSIONS)).all()) == 1


def test_a_new_password_ends_all_sessions_and_no_token(people, credentials, anna, token):
    session = credentials.begin_session(anna, NOW)
    others = credentials.begin_session(next(person for person in people.everybody() if person.name == "boss"), NOW)
    people.new_password(anna.id)
    assert credentials.by_session(session, NOW) is None
    assert credentials.by_session(others, NOW) is not None
    # the pages refuse it until the password is changed
    assert credentials.by_token(token, NOW).person.must_change


def test_changing_ones_password_ends_all_sessions(people, credentials, anna):
    session, password = credentials.begin_session(anna, NOW), people.new_password(anna.id)
    later = credentials.begin_session(anna, NOW)
    people.change_password(anna.id, password, "correct horse battery staple")
    assert [credentials.by_session(one, NOW) for one in (session, later)] == [None, None]


def test_whoever_may_not_sign_in_any_more_loses_sessions_and_tokens_at_once(people, credentials, anna, token):
    session = credentials.begin_session(anna, NOW)
    people.set_active(anna.id, active=False)
    assert credentials.by_session(session, NOW) is None
    assert credentials.by_token(token, NOW) is None
    people.set_active(anna.id, active=True)
    assert credentials.by_session(session, NOW) is None


def test_a_session_that_begins_while_somebody_is_locked_out_is_good_for_nothing(people, credentials, anna):
    people.set_active(anna.id, active=False)
    assert credentials.by_session(credentials.begin_session(anna, NOW), NOW) is None


def test_a_token_is_good_for_what_it_was_made_for_until_it_ends(credentials, anna, token):
    known = credentials.by_token(token, NOW + DAY - SECOND)
    assert (known.person, known.token, known.until) == (anna, "loader", NOW + DAY)
    assert known.rights.allow("stores", Action.READ)
    assert not known.rights.allow("stores", Action.DELIVER)
    assert not known.rights.allow("posts", Action.READ)
    assert credentials.by_token(token, NOW + DAY) is None


def test_a_token_of_somebody_who_was_demoted_is_weaker_at_once(people, credentials, anna, token):
    people.set_grants(anna.id, [Grant(Role.VIEWER, "stores")])
    rights = credentials.by_token(token, NOW).rights
    assert rights.allow("stores", Action.READ)
    assert not rights.allow("stores", Action.DECIDE)
    people.set_grants(anna.id, [])
    assert not credentials.by_token(token, NOW).rights.allow("stores", Action.READ)


def test_a_token_for_more_than_its_owner_may_is_good_for_no_more(credentials, anna):
    token = credentials.make_token(anna, "too much", ["*:administer", "*:read"], DAY, NOW)
    rights = credentials.by_token(token, NOW).rights
    assert rights.allow("stores", Action.READ)
    assert not rights.allow("posts", Action.READ)
    assert not rights.allow("stores", Action.ADMINISTER)
    assert not rights.allow(EVERYTHING, Action.ADMINISTER)


def test_a_token_is_revoked_by_its_owner_alone(people, credentials, anna, token):
    boss = next(person for person in people.everybody() if person.name == "boss")
    (mine,) = credentials.tokens_of(anna)
    with pytest.raises(TokenError, match="no such token"):
        credentials.revoke(boss, mine.id, NOW)
    assert credentials.by_token(token, NOW) is not None
    credentials.revoke(anna, mine.id, NOW)
    assert credentials.by_token(token, NOW) is None
    credentials.revoke(anna, mine.id, NOW + DAY)
    assert credentials.tokens_of(anna)[0].revoked_at == NOW


@pytest.mark.parametrize("token_id", ["", "0" * 32, "x" * 1000, "' OR 1=1 --"])
def test_a_token_that_one_does_not_have_cannot_be_revoked(credentials, anna, token, token_id):
    with pytest.raises(TokenError, match="no such token"):
        credentials.revoke(anna, token_id, NOW)
    assert credentials.by_token(token, NOW) is not None


def test_tokens_are_listed_for_their_owner_the_newest_first(people, credentials, anna, token):
    credentials.make_token(anna, "second", ["posts:read"], DAY, NOW + SECOND)
    second, first = credentials.tokens_of(anna)
    assert (second.name, second.scopes, second.created_at, second.expires_at) == (
        "second",
        ("posts:read",),
        NOW + SECOND,
        NOW + SECOND + DAY,
    )
    assert (first.name, first.scopes, first.revoked_at) == ("loader", ("stores:decide", "stores:read"), None)
    assert credentials.tokens_of(next(person for person in people.everybody() if person.name == "boss")) == ()


@pytest.mark.parametrize(
    ("name", "scopes", "lasts", "told"),
    [
        ("", ["stores:read"], DAY, "name is empty"),
        (" ", ["stores:read"], DAY, "name is empty"),
        ("x" * 81, ["stores:read"], DAY, "too long"),
        ("a\0b", ["stores:read"], DAY, "invisible"),
        ("a\nb", ["stores:read"], DAY, "invisible"),
        ("a", [], DAY, "good for nothing"),
        ("a", ["stores:own"], DAY, "nothing that a token can be made for"),
        ("a", ["\ud800"], DAY, "nothing that a token can be made for"),
        ("a", ["stores:read"], dt.timedelta(0), "too long, or not at all"),
        ("a", ["stores:read"], -DAY, "too long, or not at all"),
        ("a", ["stores:read"], LONGEST_TOKEN + SECOND, "too long, or not at all"),
    ],
)
def test_a_token_that_makes_no_sense_is_not_made(tmp_path, name, scopes, lasts, told):
    database = StateDatabase(Settings(data=tmp_path, _env_file=None))
    with pytest.raises((TokenError, GrantError), match=told):
        Credentials(database).make_token(None, name, scopes, lasts, NOW)
    assert "[], []" in everything_stored(database)
    database.close()


def test_after_many_failures_a_name_waits_however_it_is_written(credentials, anna):
    for number in range(FAILURES_BY_NAME):
        assert credentials.may_try("anna", "another", NOW)
        credentials.note_failure("ANNA " if number % 2 else "ａnna", f"address {number}", NOW)
    assert not credentials.may_try("Anna", "another", NOW)
    assert credentials.may_try("boss", "another", NOW)
    assert not credentials.may_try("anna", "another", NOW + FAILURES_COUNT - SECOND)
    assert credentials.may_try("anna", "another", NOW + FAILURES_COUNT)


def test_after_many_failures_an_address_waits_whatever_the_name(credentials, anna):
    for number in range(FAILURES_BY_ADDRESS):
        assert credentials.may_try("boss", "10.0.0.1", NOW)
        credentials.note_failure(f"name {number}", "10.0.0.1", NOW)
    assert not credentials.may_try("boss", "10.0.0.1", NOW)
    assert credentials.may_try("boss", "10.0.0.2", NOW)
    assert credentials.may_try("boss", "10.0.0.1", NOW + FAILURES_COUNT)


def test_a_name_that_nobody_has_waits_as_well_as_any_other(credentials, anna):
    for name in ("nobody", "a\0b", "x" * 5000):
        for _ in range(FAILURES_BY_NAME):
            credentials.note_failure(name, "another", NOW)
        assert not credentials.may_try(name, "yet another", NOW)


def test_whoever_has_signed_in_starts_anew(credentials, anna):
    for _ in range(FAILURES_BY_NAME):
        credentials.note_failure("anna", "10.0.0.1", NOW)
        credentials.note_failure("boss", "10.0.0.1", NOW)
    credentials.forget_failures("Anna")
    credentials.forget_failures("nobody")
    assert credentials.may_try("anna", "10.0.0.2", NOW)
    assert not credentials.may_try("boss", "10.0.0.2", NOW)


def test_a_new_password_can_be_used_at_once_after_many_failures(people, credentials, anna):
    for _ in range(FAILURES_BY_NAME):
        credentials.note_failure("anna", "10.0.0.1", NOW)
    people.new_password(anna.id)
    assert credentials.may_try("anna", "10.0.0.2", NOW)


def test_old_failures_are_not_kept(credentials, database, anna):
    credentials.note_failure("anna", "10.0.0.1", NOW)
    credentials.note_failure("anna", "10.0.0.1", NOW + DAY)
    with database.reading() as connection:
        assert [row.failed_at for row in connection.execute(select(SIGN_IN_FAILURES))] == [NOW + DAY]


def test_moments_are_the_same_in_any_zone(credentials, anna):
    moscow = dt.timezone(dt.timedelta(hours=3))
    secret = credentials.begin_session(anna, NOW.astimezone(moscow))
    assert credentials.by_session(secret, NOW + SESSION_LASTS - SECOND).until == NOW + SESSION_LASTS
    assert credentials.by_session(secret, (NOW + SESSION_LASTS).astimezone(moscow)) is None
    for _ in range(FAILURES_BY_NAME):
        credentials.note_failure("anna", "another", NOW.astimezone(moscow))
    assert not credentials.may_try("anna", "another", NOW + SECOND)


def test_a_moment_without_an_offset_is_refused(credentials, anna):
    with pytest.raises(Exception, match="no offset from UTC"):
        credentials.begin_session(anna, NOW.replace(tzinfo=None))


def test_an_error_of_the_state_store_tells_no_secret(database, anna, token):
    with database.writing() as connection:
        connection.execute(text("ALTER TABLE tokens RENAME COLUMN person_id TO whose"))
    with pytest.raises(Exception, match="cannot be used") as caught:
        Credentials(database).by_token(token, NOW)
    assert digest(token) not in str(caught.value)
