"""Of rows that were delivered twice: which one stands."""

import duckdb
import polars as pl
import pytest

from tests.dbt_sql import select_of
from vitrina.stores.decision_tables import RawDecisions
from vitrina.stores.tables import RawStores
from vitrina.tables import Table

DECISION = {"kind": "rename", "made_by": "somebody", "reason": "why", "name": "Large"}


def staged(model: str, table: type[Table], rows: list[dict[str, object]]) -> list[dict[str, object]]:
    """What a staging model's own SQL, with the project's macros, makes of rows of its raw table."""
    connection = duckdb.connect()
    connection.register(table.table_name(), pl.DataFrame(rows, schema=table.polars_schema()))
    return connection.execute(select_of("stores", model)).pl().to_dicts()


def delivered(delivery: int, source_row: int = 1, **values: object) -> dict[str, object]:
    return {"source_file": f"{delivery}.jsonl", "source_row": source_row, "delivery": delivery, **values}


@pytest.mark.parametrize("backwards", [False, True])
def test_a_file_that_reuses_the_identifier_of_a_decision_does_not_rewrite_it(backwards):
    rows = [
        delivered(3, decision_id="a", **DECISION),
        delivered(7, decision_id="a", **DECISION | {"made_by": "somebody else", "name": "Small"}),
        delivered(7, 2, decision_id="b", **DECISION),
    ]
    found = staged("stg_decisions", RawDecisions, rows[::-1] if backwards else rows)
    assert sorted((row["decision_id"], row["made_by"], row["name"]) for row in found) == [
        ("a", "somebody", "Large"),
        ("b", "somebody", "Large"),
    ]


def test_of_one_decision_twice_in_a_delivery_the_first_row_stands():
    rows = [delivered(1, row, decision_id="a", **DECISION | {"name": str(row)}) for row in (12, 9, 10)]
    assert [row["name"] for row in staged("stg_decisions", RawDecisions, rows)] == ["9"]


def test_of_master_data_the_latest_delivery_stands():
    rows = [delivered(number, store_id="7", name=f"Name {number}") for number in (2, 10, 3)]
    assert [row["name"] for row in staged("stg_stores", RawStores, rows)] == ["Name 10"]
