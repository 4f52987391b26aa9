"""Properties of judging that hold for every file."""

import dataclasses
import datetime as dt

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.inbox.judging import Delivery, judge
from vitrina.inbox.readers import Contents
from vitrina.inbox.tables import RefusedRows
from vitrina.stores.contracts import GEO, SALES, STORES
from vitrina.stores.tables import RawGeo, RawSales, RawStores

TODAY = dt.date(2024, 6, 30)
CELLS = st.none() | st.sampled_from(
    ["7", "00123", "8", "2024-01-31", "31.01.2024", "x", "-5", "1,234", "1.5", "NaN", "1e30", "\x00", "0"]
)
KNOWN = pl.Series(["7", "00123"])


def contents(table, names):
    frame = pl.DataFrame(table, schema=dict.fromkeys(names, pl.String), orient="row")
    return Contents(frame, pl.Series("source_row", range(2, frame.height + 2), dtype=pl.Int64))


def tables(width):
    return st.lists(st.tuples(*[CELLS] * width), min_size=1, max_size=12)


@settings(max_examples=40, deadline=None)
@given(tables(5))
def test_rows_read_are_loaded_or_refused_and_both_fit_their_tables(table):
    given_rows = contents(table, ["store_id", "date", "revenue", "receipts", "category"])
    judgement = judge(given_rows, SALES, Delivery("stores/sales/a.csv", 3), today=TODAY, references={"stores": KNOWN})
    counts = judgement.findings.counts
    assert counts.read == counts.loaded + counts.refused == len(table)
    assert RawSales.check(judgement.rows).height == counts.loaded
    assert RefusedRows.check(judgement.refused).get_column("source_row").n_unique() == counts.refused
    assert set(judgement.rows.get_column("source_row")).isdisjoint(judgement.refused.get_column("source_row"))
    assert set(judgement.rows.get_column("store_id")) <= set(KNOWN)
    assert sum(problem.values for problem in judgement.findings.problems) == judgement.refused.height


@settings(max_examples=40, deadline=None)
@given(tables(5), st.randoms(use_true_random=False))
def test_the_order_of_columns_and_capitals_in_their_names_change_nothing(table, random):
    names = ["store_id", "date", "revenue", "receipts", "category"]
    order = random.sample(range(5), 5)
    shuffled = contents([tuple(row[i] for i in order) for row in table], [names[i].upper() for i in order])
    delivery = Delivery("f", 1)
    plain = judge(contents(table, names), SALES, delivery, today=TODAY, references={})
    other = judge(shuffled, SALES, delivery, today=TODAY, references={})
    columns = sorted(plain.rows.columns)
    assert plain.rows.select(columns).equals(other.rows.select(columns))
    assert plain.findings.counts == other.findings.counts


@settings(max_examples=40, deadline=None)
@given(tables(4))
def test_a_key_stands_once_among_the_loaded_rows(table):
    judgement = judge(
        contents(table, ["store_id", "name", "format", "latitude"]), STORES, Delivery("f", 1), today=TODAY, references={}
    )
    assert judgement.rows.get_column("store_id").is_unique().all()
    RawStores.check(judgement.rows)


@settings(max_examples=40, deadline=None)
@given(tables(3))
def test_any_further_columns_of_geo_are_numbers_or_left_out(table):
    judgement = judge(
        contents(table, ["store_id", "Население", 'a"; DROP TABLE x']), GEO, Delivery("f", 1), today=TODAY, references={}
    )
    RawGeo.check(judgement.rows)


def test_a_column_of_words_in_geo_is_left_out_and_told():
    judgement = judge(
        contents([("7", "Tula", "5")], ["store_id", "city", "people"]), GEO, Delivery("f", 1), today=TODAY, references={}
    )
    assert judgement.rows.get_column("geo_people").to_list() == [5.0]
    assert "geo_city" not in judgement.rows.columns
    assert "city" in str(judgement.findings.notes[0])


def test_a_text_that_must_be_one_of_a_few_words_may_be_absent_and_capitals_matter_only_where_they_are_kept():
    fields = [
        dataclasses.replace(field, one_of=("dairy", "bread"), lowercase=True) if field.source == "category" else field
        for field in SALES.fields
    ]
    limited = dataclasses.replace(SALES, fields=tuple(fields))
    rows = [("7", "2024-01-31", "1", word) for word in ("Dairy", None, "milk", "bread")]
    given_rows = contents(rows, ["store_id", "date", "revenue", "category"])
    judgement = judge(given_rows, limited, Delivery("f", 1), today=TODAY, references={})
    assert judgement.rows.get_column("category").to_list() == ["dairy", None, "bread"]
    assert judgement.refused.select("value", "expectation").rows() == [("milk", "one of dairy, bread")]
