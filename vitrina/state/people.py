"""People: their names, passwords and roles."""

from __future__ import annotations

import datetime as dt
import secrets
import unicodedata
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, delete, func, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from vitrina.errors import VitrinaError
from vitrina.state.opening import StateDatabase, StateError
from vitrina.state.roles import EVERYTHING, Grant, Role
from vitrina.state.schema import GRANTS, NAME_LENGTH, PEOPLE, SESSIONS, SIGN_IN_FAILURES

FIRST_ADMIN = "admin"
PASSWORD_LENGTH = 12
"""Shortest password, in characters; there are no rules of what it is made of (NIST SP 800-63B)."""
LONGEST_PASSWORD = 1024

_HASHER = PasswordHasher()
"""Argon2id with the parameters of RFC 9106's second recommendation: 64 MiB, three passes."""


class PersonError(VitrinaError):
    """Somebody cannot be added or changed like this."""


@dataclass(frozen=True)
class Person:
    """Somebody who can sign in, or a program with tokens.

    Attributes
    ----------
    id
        Thirty-two hexadecimal digits.
    name
        What they sign in with, case folded.
    must_change
        Whether their password was made for one use.
    active
        Whether they may sign in.
    grants
        Their roles.
    """

    id: str
    name: str
    must_change: bool
    active: bool
    grants: frozenset[Grant]


class People:
    """Everybody who is known.

    Parameters
    ----------
    database
        The state store.
    """

    def __init__(self, database: StateDatabase) -> None:
        self.database = database

    def everybody(self) -> tuple[Person, ...]:
        """All people, by name."""
        with self.database.reading() as connection:
            ids = [row.id for row in connection.execute(select(PEOPLE.c.id).order_by(PEOPLE.c.name))]
            return tuple(person for known in ids if (person := find_person(connection, known)) is not None)

    def make_first_admin(self, now: dt.datetime) -> str | None:
        """Where nobody is known yet: an admin, and the password for its first sign-in.

        Returns
        -------
        str or None
            The password, which is stored nowhere; None where somebody is known.
        """
        password = one_time_password()
        try:
            with self.database.writing() as connection:
                if connection.execute(select(func.count()).select_from(PEOPLE)).scalar():
                    return None
                self._insert(connection, FIRST_ADMIN, _HASHER.hash(password), [Grant(Role.ADMIN, EVERYTHING)], now)
        except StateError as error:
            if not isinstance(error.__cause__, IntegrityError):
                raise
            # another process was faster
            return None
        return password

    def add(self, name: str, grants: Iterable[Grant], now: dt.datetime, *, program: bool = False) -> str | None:
        """Add somebody.

        Returns
        -------
        str or None
            The password for the first sign-in, which is stored nowhere; None for a program, which has tokens only.

        Raises
        ------
        PersonError
            The name cannot be used.
        """
        name = _checked(name)
        password = None if program else one_time_password()
        hashed = None if password is None else _HASHER.hash(password)
        taken = PersonError(f"There is a {name!r} already.", "Choose another name.")
        try:
            with self.database.writing() as connection:
                if connection.execute(select(PEOPLE.c.id).where(PEOPLE.c.name == name)).first():
                    raise taken
                self._insert(connection, name, hashed, grants, now)
        except StateError as error:
            if not isinstance(error.__cause__, IntegrityError):
                raise
            # another process was faster
            raise taken from None
        return password

    @staticmethod
    def _insert(connection: Connection, name: str, hashed: str | None, grants: Iterable[Grant], now: dt.datetime) -> None:
        made = uuid.uuid4().hex
        connection.execute(
            insert(PEOPLE).values(
                id=made, name=name, password_hash=hashed, must_change=hashed is not None, active=True, created_at=now
            )
        )
        _put_grants(connection, made, grants)

    def set_grants(self, person_id: str, grants: Iterable[Grant]) -> None:
        """Give somebody these roles, and no others.

        Raises
        ------
        PersonError
            Nobody is known by the identifier, or no admin would be left.
        """
        with self.database.writing() as connection:
            _existing(connection, person_id)
            connection.execute(delete(GRANTS).where(GRANTS.c.person_id == person_id))
            _put_grants(connection, person_id, grants)
            _some_admin_is_left(connection)

    def set_active(self, person_id: str, *, active: bool) -> None:
        """Let somebody sign in, or not any more: sessions end at once, and tokens are good no longer.

        Raises
        ------
        PersonError
            Nobody is known by the identifier, or no admin would be left.
        """
        with self.database.writing() as connection:
            _existing(connection, person_id)
            connection.execute(update(PEOPLE).where(PEOPLE.c.id == person_id).values(active=active))
            if not active:
                connection.execute(delete(SESSIONS).where(SESSIONS.c.person_id == person_id))
            _some_admin_is_left(connection)

    def new_password(self, person_id: str) -> str:
        """A password for one sign-in, for somebody who has lost theirs; sessions end, and failed attempts are forgotten.

        Raises
        ------
        PersonError
            Nobody is known by the identifier, they may not sign in, or it is a program.
        """
        password = one_time_password()
        hashed = _HASHER.hash(password)
        with self.database.writing() as connection:
            _existing(connection, person_id)
            person = connection.execute(select(PEOPLE).where(PEOPLE.c.id == person_id)).one()
            if not person.active:
                # and with them their tokens would come back
                raise PersonError(f"{person.name!r} may not sign in.", "Let them in again first.")
            if person.password_hash is None:
                # its tokens would be refused until somebody changed the password
                raise PersonError(f"{person.name!r} is a program, which has no password.", "Make a token instead.")
            connection.execute(update(PEOPLE).where(PEOPLE.c.id == person_id).values(password_hash=hashed, must_change=True))
            connection.execute(delete(SESSIONS).where(SESSIONS.c.person_id == person_id))
            connection.execute(delete(SIGN_IN_FAILURES).where(SIGN_IN_FAILURES.c.name == person.name))
        return password

    def change_password(self, person_id: str, old: str, new: str) -> None:
        """Change one's own password; all sessions end.

        Raises
        ------
        PersonError
            The old one is wrong, or the new one too short, too long, or the same.
        """
        if not PASSWORD_LENGTH <= len(new) <= LONGEST_PASSWORD:
            raise PersonError(
                f"The new password has {len(new)} characters.", f"Use {PASSWORD_LENGTH} to {LONGEST_PASSWORD} characters."
            )
        if secrets.compare_digest(old.encode(), new.encode()):
            raise PersonError("The new password is the old one.", "Choose another.")
        with self.database.reading() as connection:
            row = connection.execute(select(PEOPLE.c.password_hash).where(PEOPLE.c.id == person_id)).first()
        if row is None or not _matches(row.password_hash, old):
            raise PersonError("The present password is wrong.", "Type it again.")
        # hashing takes a tenth of a second: not while others wait to write
        hashed = _HASHER.hash(new)
        # nor over a password that an admin has given meanwhile
        same = (PEOPLE.c.id == person_id) & (PEOPLE.c.password_hash == row.password_hash)
        with self.database.writing() as connection:
            if not connection.execute(update(PEOPLE).where(same).values(password_hash=hashed, must_change=False)).rowcount:
                raise PersonError("The password was changed meanwhile.", "Sign in with the new one.")
            connection.execute(delete(SESSIONS).where(SESSIONS.c.person_id == person_id))

    def verify(self, name: str, password: str) -> Person | None:
        """The person, if the password is theirs; takes as long for a name that nobody has."""
        folded = folded_name(name)
        with self.database.reading() as connection:
            row = connection.execute(select(PEOPLE).where(PEOPLE.c.name == folded)).first()
            person = None if row is None else find_person(connection, row.id)
        hashed = _NOBODYS if row is None or row.password_hash is None else row.password_hash
        good = _matches(hashed, password[: LONGEST_PASSWORD + 1])
        return person if good and person is not None and person.active and hashed is not _NOBODYS else None


def find_person(connection: Connection, person_id: str) -> Person | None:
    """Somebody by their identifier."""
    row = connection.execute(select(PEOPLE).where(PEOPLE.c.id == person_id)).first()
    if row is None:
        return None
    found = connection.execute(select(GRANTS).where(GRANTS.c.person_id == person_id))
    grants = frozenset(Grant(Role(grant.role), grant.product, grant.scope) for grant in found)
    return Person(row.id, row.name, row.must_change, row.active, grants)


def one_time_password() -> str:
    """Twenty characters that are hard to guess and can be typed."""
    return secrets.token_urlsafe(15)


def folded_name(name: str) -> str:
    """A name as it is stored and looked for.

    >>> folded_name(" Анна "), folded_name("ＡＮＮＡ"), folded_name("Straße")
    ('анна', 'anna', 'strasse')
    """
    # twice, because folding can undo it
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()).strip()[: NAME_LENGTH + 1]
    # not every database takes a NUL, and none takes half a pair of surrogates
    return "".join(character if character.isprintable() else _UNREADABLE for character in plain)


_UNREADABLE = "\N{REPLACEMENT CHARACTER}"

_NOBODYS = _HASHER.hash(secrets.token_urlsafe())
"""Hash that no password matches, so that a wrong name takes as long as a wrong password."""


def _matches(hashed: str | None, password: str) -> bool:
    if hashed is None:
        return False
    try:
        return _HASHER.verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False


def _checked(name: str) -> str:
    folded = folded_name(name)
    if not folded or len(folded) > NAME_LENGTH or _UNREADABLE in folded:
        raise PersonError(
            "The name is empty, too long, or holds invisible characters.", f"Use 1 to {NAME_LENGTH} characters, e.g. an address."
        )
    return folded


def _existing(connection: Connection, person_id: str) -> None:
    if connection.dialect.name == "postgresql":
        # of two admins who revoke each other at once, one has to see what the other did
        connection.execute(text("LOCK TABLE grants IN EXCLUSIVE MODE"))
    if connection.execute(select(PEOPLE.c.id).where(PEOPLE.c.id == person_id)).first() is None:
        raise PersonError("Nobody is known by this identifier.", "Choose somebody from the list of people.")


def _put_grants(connection: Connection, person_id: str, grants: Iterable[Grant]) -> None:
    rows = [
        {"person_id": person_id, "role": str(grant.role), "product": grant.product, "scope": grant.scope}
        for grant in sorted(set(grants))
    ]
    if rows:
        connection.execute(insert(GRANTS), rows)


def _some_admin_is_left(connection: Connection) -> None:
    admins = connection.execute(
        select(func.count())
        .select_from(GRANTS.join(PEOPLE, PEOPLE.c.id == GRANTS.c.person_id))
        .where(GRANTS.c.role == str(Role.ADMIN), PEOPLE.c.active, PEOPLE.c.password_hash.is_not(None))
    ).scalar()
    if not admins:
        raise PersonError("No admin would be left.", "Make somebody else an admin first.")
