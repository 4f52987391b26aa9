"""Decisions."""

# pylint: disable=no-member, invalid-name  # Alembic fills its modules while a migration runs, and names what it reads
import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the table of decisions."""
    op.create_table(
        "decisions",
        sa.Column("id", sa.String(32), primary_key=True, comment="Thirty-two hexadecimal digits."),
        sa.Column("product", sa.String(20), nullable=False, comment="Product that the decision is about."),
        sa.Column("kind", sa.String(40), nullable=False, comment="What was decided."),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False, comment="When, in UTC."),
        sa.Column("made_by", sa.Text(), nullable=False, comment="Who decided. Personal data."),
        sa.Column("reason", sa.Text(), nullable=False, comment="Why."),
        sa.Column("body", sa.JSON(), nullable=False, comment="What exactly, under names that the product's contract knows."),
        sa.Column("batch", sa.String(32), nullable=False, comment="First decision of those that were recorded together."),
        sa.Column("delivered_as", sa.Text(), comment="File that brought it into the graph; null until it is written."),
    )
    op.create_index("decisions_by_product", "decisions", ["product", "made_at"])
