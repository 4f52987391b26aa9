"""Tables of the state store; the folder of migrations says how they came about."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import JSON, Boolean, Column, Date, DateTime, Dialect, ForeignKey, Index, Integer, MetaData, String, Table, Text
from sqlalchemy.types import TypeDecorator

METADATA = MetaData()


class Moment(TypeDecorator[dt.datetime]):
    """An aware moment, in UTC on both sides: SQLite drops the offset of what it is given, and then compares what clocks showed."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:  # noqa: ARG002  # the base's own
        """To the database."""
        if value is not None and value.tzinfo is None:
            raise ValueError(f"{value} has no offset from UTC")
        return None if value is None else value.astimezone(dt.UTC)

    def process_result_value(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:  # noqa: ARG002  # the base's own
        """From the database."""
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


NAME_LENGTH = 80
"""Longest name of a person or a token."""

DECISIONS = Table(
    "decisions",
    METADATA,
    Column("id", String(32), primary_key=True, comment="Thirty-two hexadecimal digits."),
    Column("product", String(20), nullable=False, comment="Product that the decision is about."),
    Column("kind", String(40), nullable=False, comment="What was decided."),
    Column("made_at", Moment, nullable=False, comment="When, in UTC."),
    Column("made_by", Text, nullable=False, comment="Who decided. Personal data."),
    Column("reason", Text, nullable=False, comment="Why."),
    Column("body", JSON, nullable=False, comment="What exactly, under names that the product's contract knows."),
    Column("batch", String(32), nullable=False, comment="First decision of those that were recorded together."),
    Column("delivered_as", Text, comment="File that brought it into the graph; null until it is written."),
    Index("decisions_by_product", "product", "made_at"),
)

PEOPLE = Table(
    "people",
    METADATA,
    Column("id", String(32), primary_key=True, comment="Thirty-two hexadecimal digits."),
    Column("name", String(NAME_LENGTH), nullable=False, unique=True, comment="What they sign in with, case folded. Personal data."),
    Column("password_hash", Text, comment="Argon2id; null for programs, which have tokens only."),
    Column("must_change", Boolean, nullable=False, comment="Whether the password was made for one use."),
    Column("active", Boolean, nullable=False, comment="Whether they may sign in."),
    Column("created_at", Moment, nullable=False, comment="When, in UTC."),
)

GRANTS = Table(
    "grants",
    METADATA,
    Column("person_id", String(32), ForeignKey("people.id"), primary_key=True, comment="Who."),
    Column("role", String(20), primary_key=True, comment="Role."),
    Column("product", String(20), primary_key=True, comment="Product, or * for all."),
    Column("scope", String(200), primary_key=True, comment="Store or channel, or * for all."),
)

SESSIONS = Table(
    "sessions",
    METADATA,
    Column("hash", String(64), primary_key=True, comment="SHA-256 of what the cookie holds."),
    Column("person_id", String(32), ForeignKey("people.id"), nullable=False, comment="Whose."),
    Column("created_at", Moment, nullable=False, comment="When it began, in UTC."),
    Column("expires_at", Moment, nullable=False, comment="When it ends by itself, in UTC."),
    Index("sessions_by_person", "person_id"),
)

TOKENS = Table(
    "tokens",
    METADATA,
    Column("id", String(32), primary_key=True, comment="Thirty-two hexadecimal digits."),
    Column("hash", String(64), nullable=False, unique=True, comment="SHA-256 of the token."),
    Column("person_id", String(32), ForeignKey("people.id"), nullable=False, comment="Whose rights it has at most."),
    Column("name", String(NAME_LENGTH), nullable=False, comment="What it is for."),
    Column("scopes", JSON, nullable=False, comment="What it may do of what its owner may, as product:action."),
    Column("created_at", Moment, nullable=False, comment="When, in UTC."),
    Column("expires_at", Moment, nullable=False, comment="When it ends by itself, in UTC."),
    Column("revoked_at", Moment, comment="When it was revoked; null while it is good."),
)

SIGN_IN_FAILURES = Table(
    "sign_in_failures",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True, comment="Number."),
    Column("name", String(NAME_LENGTH), nullable=False, comment="Name that was tried, case folded and cut. Personal data."),
    Column("address", String(64), nullable=False, comment="Where from. Personal data."),
    Column("failed_at", Moment, nullable=False, comment="When, in UTC."),
    Index("sign_in_failures_by_time", "failed_at"),
)

AUDIT = Table(
    "audit",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True, comment="Number."),
    Column("at", Moment, nullable=False, comment="When; of several, the first. In UTC."),
    Column("person", String(NAME_LENGTH), comment="Name; null for somebody who is not signed in. Personal data."),
    Column("token", String(NAME_LENGTH), comment="Name of the token, where one was used."),
    Column("address", String(64), nullable=False, comment="Where from. Personal data."),
    Column("method", String(8), nullable=False, comment="GET, POST, …"),
    Column("route", String(120), nullable=False, comment="Route, with names for what varies."),
    Column("subject", Text, nullable=False, comment="What varies in the route, as JSON."),
    Column("status", Integer, nullable=False, comment="HTTP status of the answer."),
    Column("times", Integer, nullable=False, comment="How often within a few seconds."),
    Index("audit_by_time", "at"),
)

CLUSTER_REQUESTS = Table(
    "cluster_requests",
    METADATA,
    Column("id", String(32), primary_key=True, comment="Thirty-two hexadecimal digits."),
    Column("made_at", Moment, nullable=False, comment="When it was asked, in UTC."),
    Column("made_by", String(NAME_LENGTH), nullable=False, comment="Who asked. Personal data."),
    Column("title", String(120), nullable=False, comment="What people call it."),
    Column("quarter", Date, nullable=False, comment="First day of the quarter."),
    Column("scenario", Text, nullable=False, comment="The request as JSON."),
    Column("published_version", String(40), nullable=False, comment="Version of the published stores that it was asked of."),
    Column("fingerprint", String(64), comment="Fingerprint of the result; null until it is there."),
    Column("finished_at", Moment, comment="When the result was there, in UTC; null before."),
    Column("problem", Text, comment="Why there is no result; null where there is one."),
    Index("cluster_requests_by_time", "made_at"),
)
