"""Refused values, collected while a file is judged, and written down for the table and for people."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from vitrina.inbox.findings import EXAMPLES, Example, Problem
from vitrina.inbox.messages import HIDDEN, LONGEST_VALUE, shown
from vitrina.inbox.rules import FIRST_ROW, Rule
from vitrina.inbox.tables import RefusedRows


@dataclass
class Refusals:
    """Values that break a rule. A row counts once, however many of its values are refused.

    Attributes
    ----------
    source_row
        For each row that is judged, its row in the file.
    refused
        Mask of the rows that are refused so far.
    hidden
        Columns, by any of their names, whose values are not shown.
    """

    source_row: pl.Series
    refused: pl.Series
    hidden: frozenset[str] = frozenset()
    _parts: list[tuple[str, Rule, pl.DataFrame]] = field(default_factory=list)

    @classmethod
    def none_of(cls, source_row: pl.Series, hidden: frozenset[str] = frozenset()) -> Refusals:
        """No refusals yet."""
        return cls(source_row, repeated(False, len(source_row), pl.Boolean()), hidden)

    def add(self, column: str, rule: Rule, mask: pl.Series, values: pl.Series, first_row: pl.Series | None = None) -> None:
        """Refuse the masked values of a column; `first_row` holds the rows that took their keys first."""
        if not mask.any():
            return
        self.refused = self.refused | mask
        if column in self.hidden:
            values = repeated(HIDDEN, len(values), pl.String()).set(values.is_null(), None)
        first = first_row if first_row is not None else repeated(None, len(mask), pl.Int64())
        part = pl.DataFrame([self.source_row.alias("source_row"), values.cast(pl.String).alias("value"), first.alias("first_row")])
        self._parts.append((column, rule, part.filter(mask)))

    def frame(self, source_file: str, contract: str, delivery: int) -> pl.DataFrame:
        """The refused values as rows of `RefusedRows`."""
        schema = RefusedRows.polars_schema()
        frames = [
            part.select(
                pl.lit(source_file).alias("source_file"),
                "source_row",
                pl.lit(column).alias("column_name"),
                pl.lit(contract).alias("contract"),
                pl.lit(delivery, dtype=pl.Int64).alias("delivery"),
                pl.col("value").str.replace_all(r"\p{Cc}", "\N{REPLACEMENT CHARACTER}").str.slice(0, LONGEST_VALUE),
                pl.lit(str(rule.expectation)).alias("expectation"),
                _remedy(rule).alias("remedy"),
            )
            for column, rule, part in self._parts
        ]
        return pl.concat(frames).select(list(schema)).sort("source_row", "column_name") if frames else pl.DataFrame(schema=schema)

    def problems(self) -> tuple[Problem, ...]:
        """The same for people: one problem per column and rule."""
        return tuple(Problem.of(column, rule, part.height, _examples(part)) for column, rule, part in self._parts)


def repeated(value: object, length: int, dtype: pl.DataType) -> pl.Series:
    """A series that holds one value."""
    return pl.Series([value], dtype=dtype).new_from_index(0, length)


def _examples(part: pl.DataFrame) -> tuple[Example, ...]:
    return tuple(
        Example(row, None if value is None else shown(value), first) for row, value, first in part.head(EXAMPLES).iter_rows()
    )


def _remedy(rule: Rule) -> pl.Expr:
    written = str(rule.remedy)
    if FIRST_ROW not in rule.remedy.values:
        return pl.lit(written)
    before, after = written.split("{" + FIRST_ROW + "}")
    return pl.concat_str(pl.lit(before), pl.col("first_row").cast(pl.String), pl.lit(after))
