"""What people and programs show to be known: sessions in cookies, and tokens. Only their hashes are stored."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import delete, func, insert, select, update

from vitrina.errors import VitrinaError
from vitrina.state.opening import StateDatabase
from vitrina.state.people import Person, find_person, folded_name
from vitrina.state.roles import Rights, token_limits
from vitrina.state.schema import NAME_LENGTH, SESSIONS, SIGN_IN_FAILURES, TOKENS

TOKEN_PREFIX = "vitrina_"  # noqa: S105  # no secret: every token begins with it
"""Lets scanners for secrets find tokens that were committed by mistake."""

SESSION_LASTS = dt.timedelta(hours=12)
LONGEST_TOKEN = dt.timedelta(days=366)

FAILURES_BY_NAME, FAILURES_BY_ADDRESS = 10, 50
FAILURES_COUNT = dt.timedelta(minutes=15)
"""After so many failed sign-ins in so long, further ones are not even tried."""


class TokenError(VitrinaError):
    """A token cannot be made or revoked like this."""


@dataclass(frozen=True)
class Known:
    """Somebody who has shown a session or a token.

    Attributes
    ----------
    person
        Who.
    rights
        What they may do this way.
    until
        When the session or token ends.
    token
        Name of the token; None for a session.
    """

    person: Person
    rights: Rights
    until: dt.datetime
    token: str | None = None


@dataclass(frozen=True)
class Token:
    """A token as its owner sees it; what it reads is shown once, when it is made."""

    id: str
    name: str
    scopes: tuple[str, ...]
    created_at: dt.datetime
    expires_at: dt.datetime
    revoked_at: dt.datetime | None


class Credentials:
    """Sessions and tokens.

    Parameters
    ----------
    database
        The state store.
    """

    def __init__(self, database: StateDatabase) -> None:
        self.database = database

    def begin_session(self, person: Person, now: dt.datetime) -> str:
        """What the cookie of a new session holds."""
        secret = secrets.token_urlsafe(32)
        with self.database.writing() as connection:
            connection.execute(delete(SESSIONS).where(SESSIONS.c.expires_at < now))
            connection.execute(
                insert(SESSIONS).values(hash=digest(secret), person_id=person.id, created_at=now, expires_at=now + SESSION_LASTS)
            )
        return secret

    def end_session(self, secret: str) -> None:
        """End a session; one that is not known has ended already."""
        with self.database.writing() as connection:
            connection.execute(delete(SESSIONS).where(SESSIONS.c.hash == digest(secret)))

    def by_session(self, secret: str, now: dt.datetime) -> Known | None:
        """Whose session this is, if it is one and has not ended."""
        with self.database.reading() as connection:
            row = connection.execute(select(SESSIONS).where(SESSIONS.c.hash == digest(secret))).first()
            person = None if row is None else find_person(connection, row.person_id)
        if row is None or person is None or not person.active or row.expires_at <= now:
            return None
        return Known(person, Rights(person.grants), row.expires_at)

    def make_token(self, person: Person, name: str, scopes: Iterable[str], lasts: dt.timedelta, now: dt.datetime) -> str:
        """Make a token and return it; it is stored nowhere.

        Raises
        ------
        TokenError, GrantError
            It has no name, no use, or would last too long.
        """
        name, wanted = name.strip(), tuple(sorted(set(scopes)))
        if not name or len(name) > NAME_LENGTH or not name.isprintable():
            raise TokenError("The token's name is empty, too long, or holds invisible characters.", "Say what it is for.")
        if not wanted:
            raise TokenError("The token would be good for nothing.", "Choose what it is for, e.g. marketplace:read.")
        token_limits(wanted)
        if not dt.timedelta(0) < lasts <= LONGEST_TOKEN:
            raise TokenError("The token would last too long, or not at all.", f"Let it last 1 to {LONGEST_TOKEN.days} days.")
        secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
        with self.database.writing() as connection:
            connection.execute(
                insert(TOKENS).values(
                    id=uuid.uuid4().hex,
                    hash=digest(secret),
                    person_id=person.id,
                    name=name,
                    scopes=list(wanted),
                    created_at=now,
                    expires_at=now + lasts,
                )
            )
        return secret

    def tokens_of(self, person: Person) -> tuple[Token, ...]:
        """Somebody's tokens, the newest first."""
        query = select(TOKENS).where(TOKENS.c.person_id == person.id).order_by(TOKENS.c.created_at.desc())
        with self.database.reading() as connection:
            rows = connection.execute(query).all()
        return tuple(
            Token(
                row.id,
                row.name,
                tuple(row.scopes),
                row.created_at,
                row.expires_at,
                row.revoked_at,
            )
            for row in rows
        )

    def revoke(self, person: Person, token_id: str, now: dt.datetime) -> None:
        """Revoke one of somebody's own tokens.

        Raises
        ------
        TokenError
            They have no such token.
        """
        mine = (TOKENS.c.id == token_id) & (TOKENS.c.person_id == person.id)
        with self.database.writing() as connection:
            if connection.execute(select(TOKENS.c.id).where(mine)).first() is None:
                raise TokenError("You have no such token.", "Choose one from your list.")
            connection.execute(update(TOKENS).where(mine, TOKENS.c.revoked_at.is_(None)).values(revoked_at=now))

    def by_token(self, secret: str, now: dt.datetime) -> Known | None:
        """Whose token this is, if it is one and good."""
        with self.database.reading() as connection:
            row = connection.execute(select(TOKENS).where(TOKENS.c.hash == digest(secret))).first()
            person = None if row is None else find_person(connection, row.person_id)
        if row is None or person is None or not person.active or row.revoked_at is not None or row.expires_at <= now:
            return None
        return Known(person, Rights(person.grants, token_limits(row.scopes)), row.expires_at, row.name)

    def may_try(self, name: str, address: str, now: dt.datetime) -> bool:
        """Whether a sign-in may be tried: not after many failures with this name, or from this address."""
        recent = SIGN_IN_FAILURES.c.failed_at > now - FAILURES_COUNT
        by_name = select(func.count()).where(recent, SIGN_IN_FAILURES.c.name == folded_name(name)[:NAME_LENGTH])
        by_address = select(func.count()).where(recent, SIGN_IN_FAILURES.c.address == address)
        with self.database.reading() as connection:
            return (connection.execute(by_name).scalar() or 0) < FAILURES_BY_NAME and (
                connection.execute(by_address).scalar() or 0
            ) < FAILURES_BY_ADDRESS

    def note_failure(self, name: str, address: str, now: dt.datetime) -> None:
        """A sign-in has failed."""
        with self.database.writing() as connection:
            connection.execute(delete(SIGN_IN_FAILURES).where(SIGN_IN_FAILURES.c.failed_at < now - 4 * FAILURES_COUNT))
            connection.execute(
                insert(SIGN_IN_FAILURES).values(name=folded_name(name)[:NAME_LENGTH], address=address, failed_at=now)
            )

    def forget_failures(self, name: str) -> None:
        """Somebody has signed in."""
        wanted = SIGN_IN_FAILURES.c.name == folded_name(name)[:NAME_LENGTH]
        with self.database.reading() as connection:
            if connection.execute(select(SIGN_IN_FAILURES.c.id).where(wanted).limit(1)).first() is None:
                return
        with self.database.writing() as connection:
            connection.execute(delete(SIGN_IN_FAILURES).where(wanted))


def digest(secret: str) -> str:
    """SHA-256 of a secret with 256 bits of chance: no salt and no slowness are needed."""
    return hashlib.sha256(secret.encode()).hexdigest()
