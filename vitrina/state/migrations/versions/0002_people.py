"""People, what they may do, how they are known, what they did, and what they asked for."""

# pylint: disable=no-member, invalid-name  # Alembic fills its modules while a migration runs, and names what it reads
import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the tables that the pages need."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "people",
        sa.Column("id", sa.String(32), primary_key=True, comment="Thirty-two hexadecimal digits."),
        sa.Column(
            "name", sa.String(80), nullable=False, unique=True, comment="What they sign in with, case folded. Personal data."
        ),
        sa.Column("password_hash", sa.Text(), comment="Argon2id; null for programs, which have tokens only."),
        sa.Column("must_change", sa.Boolean(), nullable=False, comment="Whether the password was made for one use."),
        sa.Column("active", sa.Boolean(), nullable=False, comment="Whether they may sign in."),
        sa.Column("created_at", moment, nullable=False, comment="When, in UTC."),
    )
    op.create_table(
        "grants",
        sa.Column("person_id", sa.String(32), sa.ForeignKey("people.id"), primary_key=True, comment="Who."),
        sa.Column("role", sa.String(20), primary_key=True, comment="Role."),
        sa.Column("product", sa.String(20), primary_key=True, comment="Product, or * for all."),
        sa.Column("scope", sa.String(200), primary_key=True, comment="Store or channel, or * for all."),
    )
    op.create_table(
        "sessions",
        sa.Column("hash", sa.String(64), primary_key=True, comment="SHA-256 of what the cookie holds."),
        sa.Column("person_id", sa.String(32), sa.ForeignKey("people.id"), nullable=False, comment="Whose."),
        sa.Column("created_at", moment, nullable=False, comment="When it began, in UTC."),
        sa.Column("expires_at", moment, nullable=False, comment="When it ends by itself, in UTC."),
    )
    op.create_index("sessions_by_person", "sessions", ["person_id"])
    op.create_table(
        "tokens",
        sa.Column("id", sa.String(32), primary_key=True, comment="Thirty-two hexadecimal digits."),
        sa.Column("hash", sa.String(64), nullable=False, unique=True, comment="SHA-256 of the token."),
        sa.Column("person_id", sa.String(32), sa.ForeignKey("people.id"), nullable=False, comment="Whose rights it has at most."),
        sa.Column("name", sa.String(80), nullable=False, comment="What it is for."),
        sa.Column("scopes", sa.JSON(), nullable=False, comment="What it may do of what its owner may, as product:action."),
        sa.Column("created_at", moment, nullable=False, comment="When, in UTC."),
        sa.Column("expires_at", moment, nullable=False, comment="When it ends by itself, in UTC."),
        sa.Column("revoked_at", moment, comment="When it was revoked; null while it is good."),
    )
    op.create_table(
        "sign_in_failures",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True, comment="Number."),
        sa.Column("name", sa.String(80), nullable=False, comment="Name that was tried, case folded and cut. Personal data."),
        sa.Column("address", sa.String(64), nullable=False, comment="Where from. Personal data."),
        sa.Column("failed_at", moment, nullable=False, comment="When, in UTC."),
    )
    op.create_index("sign_in_failures_by_time", "sign_in_failures", ["failed_at"])
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True, comment="Number."),
        sa.Column("at", moment, nullable=False, comment="When; of several, the first. In UTC."),
        sa.Column("person", sa.String(80), comment="Name; null for somebody who is not signed in. Personal data."),
        sa.Column("token", sa.String(80), comment="Name of the token, where one was used."),
        sa.Column("address", sa.String(64), nullable=False, comment="Where from. Personal data."),
        sa.Column("method", sa.String(8), nullable=False, comment="GET, POST, …"),
        sa.Column("route", sa.String(120), nullable=False, comment="Route, with names for what varies."),
        sa.Column("subject", sa.Text(), nullable=False, comment="What varies in the route, as JSON."),
        sa.Column("status", sa.Integer(), nullable=False, comment="HTTP status of the answer."),
        sa.Column("times", sa.Integer(), nullable=False, comment="How often within a few seconds."),
    )
    op.create_index("audit_by_time", "audit", ["at"])
    op.create_table(
        "cluster_requests",
        sa.Column("id", sa.String(32), primary_key=True, comment="Thirty-two hexadecimal digits."),
        sa.Column("made_at", moment, nullable=False, comment="When it was asked, in UTC."),
        sa.Column("made_by", sa.String(80), nullable=False, comment="Who asked. Personal data."),
        sa.Column("title", sa.String(120), nullable=False, comment="What people call it."),
        sa.Column("quarter", sa.Date(), nullable=False, comment="First day of the quarter."),
        sa.Column("scenario", sa.Text(), nullable=False, comment="The request as JSON."),
        sa.Column(
            "published_version", sa.String(40), nullable=False, comment="Version of the published stores that it was asked of."
        ),
        sa.Column("fingerprint", sa.String(64), comment="Fingerprint of the result; null until it is there."),
        sa.Column("finished_at", moment, comment="When the result was there, in UTC; null before."),
        sa.Column("problem", sa.Text(), comment="Why there is no result; null where there is one."),
    )
    op.create_index("cluster_requests_by_time", "cluster_requests", ["made_at"])
