"""Files that say who people are: the same person is the same pseudonym, and the identifier is found nowhere afterwards."""

import json

import polars as pl
import pytest

from vitrina.errors import SettingsError
from vitrina.inbox.messages import HIDDEN
from vitrina.inbox.validate import validate_file
from vitrina.marketplace.raw_tables import RawEvents, RawShown
from vitrina.pseudonyms import pseudonym, user_key

HEADER = "platform,utc_event_time,utc_event_date,user_id,event_type,ecom.nm,ecom.price100,ecom.qty\n"
MARK = "geheim4711"
"""A part of every identifier here, which nothing else contains."""


def line(user, time="2024-01-31 09:30:00", event="ec.purchase", items='"[1, 2]"'):
    return f'Site,{time},{time[:10]},{user},{event},{items},"[100, 200]","[1, 1]"\n'


def everything_written(bench):
    """Bytes of every file below the data folder, and every text of the warehouse: there, texts are compressed."""
    for path in bench.settings.data.rglob("*"):
        if path.is_file():
            yield path.name, path.name.encode() + path.read_bytes()
    with bench.warehouse.read() as connection:
        for (name,) in connection.execute("SELECT table_name FROM information_schema.tables").fetchall():
            yield name, repr(connection.execute(f'SELECT * FROM "{name}"').fetchall()).encode()


def assert_nowhere(bench, outcome, *marks):
    seen = dict(everything_written(bench))
    assert {"ledger.sqlite", "raw_events", "refused_rows"} <= set(seen)
    for mark in marks or (MARK,):
        assert [name for name, content in seen.items() if mark.encode() in content] == []
        assert mark not in repr(outcome)
        assert mark not in "".join(entry.summary() for entry in outcome.deliveries)


def hashes(bench):
    return bench.table(RawEvents).sort("source_file", "source_row").get_column("user_hash").to_list()


def test_a_user_is_one_pseudonym_in_csv_and_parquet_whatever_the_type(marketplace, parquet, workbook):
    row = {"event_type": "ec.view", "utc_event_time": "2024-01-31 09:30:00"}
    marketplace.deliver("events/a.csv", "user_id,event_type\n17850,a\n 17850 ,b\n")
    for name, user in {
        "text": pl.Series(["17850"]),
        "spaces": pl.Series(["17850  "]),
        "integer": pl.Series([17850]),
        "small integer": pl.Series([17850], dtype=pl.UInt16),
        "float": pl.Series([17850.0]),
        "decimal": pl.Series(["17850"]).cast(pl.Decimal(10, 0)),
        "category": pl.Series(["17850"], dtype=pl.Categorical),
    }.items():
        marketplace.deliver(f"events/{name}.parquet", parquet(pl.DataFrame({"user_id": user, "event_type": name})))
    marketplace.deliver("events/x.xlsx", workbook([["user_id", *row], [17850, *row.values()]]))
    marketplace.deliver("events/y.jsonl", json.dumps({"user_id": 17850, **row}))
    outcome = marketplace.ingest()
    assert {(entry.state, entry.rows_refused) for entry in outcome.deliveries} == {("loaded", 0)}
    assert hashes(marketplace) == [pseudonym("17850", user_key(marketplace.settings))] * 11


def test_the_identifier_is_nowhere_after_files_were_loaded_refused_and_quarantined(marketplace, workbook):
    marketplace.deliver("events/good.csv", HEADER + line(f"{MARK}1") + line(f"{MARK}2"))
    marketplace.deliver("events/bad.csv", HEADER + line(f"{MARK}1", time="yesterday") + line(MARK * 100) + line(f"{MARK}\x07"))
    marketplace.deliver("events/ragged.csv", HEADER + f"Site,{MARK}\n" + line(f"{MARK}1") + f"{MARK},,,,,,,,,{MARK}\n")
    marketplace.deliver("events/lines.jsonl", f'{{"user_id": "{MARK}", "event_type": "a"}}\n{{"user_id": "{MARK}\n["{MARK}"]\n')
    marketplace.deliver("events/formula.xlsx", workbook([["User_ID", "event_type"], [f'="{MARK}"', "a"], [f"{MARK}3", "b"]]))
    marketplace.deliver("events/headless.csv", line(f"{MARK}1") + line(f"{MARK}2"))
    marketplace.deliver("events/twice.csv", f"{MARK},{MARK},x\n1,2,3\n")
    marketplace.deliver("events/missing.csv", f"user_id,platform\n{MARK},Site\n")
    marketplace.deliver("events/open.csv", HEADER + f'Site,"{MARK}\n')
    marketplace.deliver("events/damaged.parquet", b"PAR1" + MARK.encode() * 100 + b"PAR1")
    marketplace.deliver("events/named.jsonl", f'{{"{MARK}": 1}}\n')
    marketplace.deliver(
        "shown/a.csv", f"user_id,shown_at,bucket,items\n{MARK},2024-01-31T09:30:00Z,holdout,[1]\n{MARK},now,x,[1]\n"
    )
    marketplace.deliver("events/copy.csv", HEADER + line(f"{MARK}1") + line(f"{MARK}2"))
    outcome = marketplace.ingest()
    states = {entry.path.rsplit("/", 1)[1]: entry.state.value for entry in outcome.deliveries}
    assert states == {
        **dict.fromkeys(["good.csv", "bad.csv", "ragged.csv", "lines.jsonl", "formula.xlsx", "a.csv"], "loaded"),
        **dict.fromkeys(["headless.csv", "twice.csv", "missing.csv", "open.csv", "damaged.parquet", "named.jsonl"], "quarantined"),
        "copy.csv": "duplicate",
    }
    key = user_key(marketplace.settings)
    assert set(hashes(marketplace)) == {pseudonym(MARK + ending, key) for ending in ("", "1", "2", "3")}
    assert marketplace.table(RawShown).get_column("user_hash").to_list() == [pseudonym(MARK, key)]
    assert_nowhere(marketplace, outcome)


def test_refused_users_are_hidden_and_other_values_are_shown(marketplace):
    marketplace.deliver("events/a.csv", HEADER + line("") + line("9" * 201) + line("17", time="soon") + "Site,17\n")
    marketplace.ingest()
    assert marketplace.refused.select("source_row", "column_name", "value").rows() == [
        (2, "user_id", None),
        (3, "user_id", HIDDEN),
        (4, "utc_event_date", "soon"),
        (4, "utc_event_time", "soon"),
        (5, "(whole row)", HIDDEN),
    ]


@pytest.mark.parametrize("cell", ["=1+1", "@SUM(A1)", "<script>", "'; DROP TABLE raw_events;--", "a b", "ё", "\u202e", "0"])
def test_an_identifier_may_be_any_printable_text(marketplace, cell):
    marketplace.deliver("events/a.csv", f'user_id,event_type\n"{cell}",a\n')
    marketplace.ingest()
    assert hashes(marketplace) == [pseudonym(cell, user_key(marketplace.settings))]


def test_no_copy_of_a_file_about_people_is_kept_and_the_receipt_says_so(marketplace):
    marketplace.deliver("events/a.csv", "who,what\n1,2\n")
    marketplace.deliver("items.csv", "id\n1\n")
    marketplace.ingest()
    assert [path.name for path in marketplace.quarantined() if path.is_file()] == [
        path.name for path in marketplace.quarantined() if path.name.startswith("marketplace_items")
    ]
    assert len([path for path in marketplace.quarantined() if path.is_file()]) == 1
    items, _, events, in_russian = marketplace.receipts()
    assert "A copy of the file is kept in quarantine." in items
    assert "the original in the inbox is the only one" in events
    assert "исходный файл во входящих — единственный" in in_russian


def test_a_missing_column_is_told_with_what_was_found_where_there_is_a_header(marketplace):
    marketplace.deliver("events/a.csv", "user_id,event,platform\n1,a,Site\n")
    (entry,) = marketplace.ingest().deliveries
    assert "missing columns: event_type; found user_id, event, platform" in entry.message


def test_a_column_of_the_contract_that_stands_twice_is_named(marketplace):
    marketplace.deliver("events/a.csv", "user_id,event_type,USER_ID\n1,a,2\n")
    (entry,) = marketplace.ingest().deliveries
    assert "the column USER_ID stands twice, at 1 and 3" in entry.message


def test_a_damaged_key_stops_the_run_before_anybody_becomes_a_stranger(marketplace):
    marketplace.deliver("events/a.csv", HEADER + line("17"))
    marketplace.ingest()
    before = hashes(marketplace)
    marketplace.settings.user_key_file.write_bytes(b"")
    marketplace.deliver("events/b.csv", HEADER + line("18"))
    with pytest.raises(Exception, match="Restore the file from a backup"):
        marketplace.ingest()
    assert hashes(marketplace) == before


def test_a_product_without_users_needs_no_key(stocked):
    assert not stocked.settings.user_key_file.exists()


def test_a_file_is_validated_without_a_key_and_says_nothing_of_anybody(marketplace):
    path = marketplace.deliver("events/a.csv", HEADER + line(f"{MARK}1") + line(f"{MARK}\x07") + line(f"{MARK}2", time="soon"))
    verdict = validate_file(path, marketplace.contracts, today=marketplace.now.date())
    assert (verdict.findings.counts.loaded, verdict.findings.counts.refused) == (1, 2)
    assert MARK not in verdict.text() + verdict.text("ru") + repr(verdict)
    path.write_text(line(f"{MARK}1") + line(f"{MARK}2"))
    verdict = validate_file(path, marketplace.contracts, today=marketplace.now.date())
    assert "missing columns" in verdict.text()
    assert MARK not in verdict.text() + repr(verdict)
    assert not marketplace.settings.data.exists()


def test_with_another_key_nothing_is_loaded_and_the_error_says_what_to_restore(marketplace):
    marketplace.deliver("events/a.csv", HEADER + line("1"))
    marketplace.ingest()
    kept, before = marketplace.settings.user_key_file.read_bytes(), hashes(marketplace)
    marketplace.settings.user_key_file.unlink()
    marketplace.deliver("events/b.csv", HEADER + line("2"))
    with pytest.raises(SettingsError, match=r"strangers.*user\.key"):
        marketplace.ingest()
    assert hashes(marketplace) == before
    marketplace.settings.user_key_file.write_bytes(kept)
    marketplace.ingest()
    assert len(hashes(marketplace)) == 2
