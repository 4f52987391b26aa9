"""Tables of the state store; the folder of migrations says how they came about."""

from __future__ import annotations

from sqlalchemy import JSON, Column, DateTime, Index, MetaData, String, Table, Text

METADATA = MetaData()

DECISIONS = Table(
    "decisions",
    METADATA,
    Column("id", String(32), primary_key=True, comment="Thirty-two hexadecimal digits."),
    Column("product", String(20), nullable=False, comment="Product that the decision is about."),
    Column("kind", String(40), nullable=False, comment="What was decided."),
    Column("made_at", DateTime(timezone=True), nullable=False, comment="When, in UTC."),
    Column("made_by", Text, nullable=False, comment="Who decided. Personal data."),
    Column("reason", Text, nullable=False, comment="Why."),
    Column("body", JSON, nullable=False, comment="What exactly, under names that the product's contract knows."),
    Column("batch", String(32), nullable=False, comment="First decision of those that were recorded together."),
    Column("delivered_as", Text, comment="File that brought it into the graph; null until it is written."),
    Index("decisions_by_product", "product", "made_at"),
)
