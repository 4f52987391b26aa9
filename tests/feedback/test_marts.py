"""What the SQL makes of ratings: which one stands, how long people waited, and who stays unnamed."""

import datetime as dt

import duckdb
import polars as pl
import pytest
import yaml

from resources.dbt import PROJECT_FOLDER
from tests.dbt_sql import select_of
from vitrina.feedback.tables import RawFeedback

NINE = dt.datetime(2026, 10, 12, 9, tzinfo=dt.UTC)
RATING = {
    "decision_id": "a",
    "kind": "rating",
    "made_at": NINE,
    "made_by": "Anna",
    "about": "stores",
    "page": "clusters",
    "rating": 4,
}
(MART,) = yaml.safe_load((PROJECT_FOLDER / "models" / "feedback" / "marts" / "_marts.yml").read_text(encoding="utf-8"))["models"]


@pytest.fixture
def connection():
    with duckdb.connect() as made:
        made.execute("SET TimeZone = 'UTC'")
        yield made


def made(connection, *rows):
    """Rows of the mart, made of rows of the raw table."""
    connection.register("raw_feedback", pl.DataFrame(rows, schema=RawFeedback.polars_schema()))
    connection.execute(f"CREATE OR REPLACE VIEW stg_ratings AS {select_of('feedback', 'stg_ratings')}")
    return connection.execute(f"SELECT * FROM ({select_of('feedback', 'mart_feedback')}) ORDER BY feedback_id").pl()


def delivered(delivery=1, source_row=1, **changes):
    return {"source_file": f"{delivery}.jsonl", "source_row": source_row, "delivery": delivery, **RATING, **changes}


@pytest.mark.parametrize(
    ("requested", "reported", "minutes"),
    [(0, 90, 1.5), (0, 0, 0.0), (0, 86_400, 1440.0), (None, 90, None), (0, None, None), (90, 0, None)],
)
def test_minutes_run_from_the_request_to_the_report_where_both_are_known_in_their_order(connection, requested, reported, minutes):
    moments = [None if seconds is None else NINE + dt.timedelta(seconds=seconds) for seconds in (requested, reported)]
    (row,) = made(connection, delivered(requested_at=moments[0], reported_at=moments[1])).to_dicts()
    assert row["minutes_to_report"] == minutes
    assert [row["requested_at"], row["reported_at"]] == moments


@pytest.mark.parametrize("backwards", [False, True])
def test_a_file_that_reuses_the_identifier_of_a_rating_does_not_rewrite_it(connection, backwards):
    rows = [delivered(3), delivered(7, rating=1), delivered(7, 2, decision_id="b", rating=2)]
    found = made(connection, *(rows[::-1] if backwards else rows))
    assert found.select("feedback_id", "rating").rows() == [("a", 4), ("b", 2)]


def test_the_mart_has_the_columns_and_types_of_its_contract_and_names_nobody(connection):
    rows = made(connection, delivered(reason="two\nlines"))
    described = connection.execute(f"DESCRIBE {select_of('feedback', 'mart_feedback')}").fetchall()
    assert {name: data_type for name, data_type, *_ in described} == {
        column["name"]: column["data_type"].upper() for column in MART["columns"]
    }
    assert rows["comment"].to_list() == ["two\nlines"]
    assert "Anna" not in str(rows.rows())
    assert {column["name"] for column in MART["columns"] if column.get("meta", {}).get("personal")} == {"comment"}
