"""A file is judged in slices: what comes of it does not depend on their length."""

import datetime as dt
import io

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.inbox import delimited, loading, readers
from vitrina.inbox import judging as judging_module
from vitrina.inbox.content import Content
from vitrina.inbox.judging import Delivery, judge_file
from vitrina.inbox.messages import RefusedFileError
from vitrina.inbox.tables import RefusedRows
from vitrina.marketplace.contracts import EVENTS
from vitrina.marketplace.raw_tables import RawEvents
from vitrina.stores.contracts import SALES, STORES

TODAY = dt.date(2024, 6, 30)
KEY = b"0123456789abcdef"
NAMES = ("user_id", "event_type", "utc_event_time", "utc_event_date", "ecom.nm", "further")
ROW = st.tuples(
    st.sampled_from(["1", "2", "", "x" * 300]),
    st.sampled_from(["ec.view", "", "a\x07"]),
    st.sampled_from(["2024-01-31 09:30:00", "2024-01-31T09:30:00.5+03:00", "soon", "2062-01-01 00:00:00", ""]),
    st.sampled_from(["2024-01-31", "2023-12-31", "01/02/2024", "32.01.2024", ""]),
    st.sampled_from(["[1]", "[]", "[1;2;3]", ""]),
    st.sampled_from(["a", ""]),
)


class Stopped(BaseException):
    """Stands for a kill: nothing of ours may catch it."""


def csv_of(table, names=NAMES):
    return ("\n".join(",".join(row) for row in (names, *table)) + "\n").encode()


def parquet_of(table, names=NAMES):
    buffer = io.BytesIO()
    pl.DataFrame(table, schema=dict.fromkeys(names, pl.String), orient="row").write_parquet(buffer, row_group_size=5)
    return buffer.getvalue()


def judged(path, content, length, contract=EVENTS):
    """What is judged in slices of so many rows."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(readers, "SLICE", length)
        patch.setattr(loading, "CHECKED_ROWS", length)
        # characters: a block is one line, or a few
        patch.setattr(delimited, "BLOCK", length)
        patch.setattr(delimited, "CHUNK", length)
        return judge_file(Content.in_memory(content), contract, Delivery(path, 3), today=TODAY, references={}, key=KEY)


@settings(max_examples=40, deadline=None)
@given(st.lists(ROW, min_size=1, max_size=20), st.integers(1, 21), st.sampled_from([csv_of, parquet_of]))
def test_slices_of_any_length_give_the_rows_refusals_and_findings_of_the_whole(table, length, written):
    path = f"marketplace/events/a.{'csv' if written is csv_of else 'parquet'}"
    content = written(table)
    whole, sliced = judged(path, content, 1_000), judged(path, content, length)
    assert sliced.rows.equals(whole.rows)
    key = list(RefusedRows.key())
    assert sliced.refused.sort(key).equals(whole.refused.sort(key))
    assert (sliced.unresolved, sliced.findings) == (whole.unresolved, whole.findings)
    RawEvents.check(sliced.rows)
    RefusedRows.check(sliced.refused)


def test_rows_with_too_few_or_too_many_cells_are_refused_in_whatever_slice_they_stand():
    content = b"user_id,event_type\n1,a\n2\n\n3,c,d\n4,d\n5\n"
    whole = judged("a.csv", content, 1_000)
    for length in (1, 2, 3):
        sliced = judged("a.csv", content, length)
        assert sliced.rows.equals(whole.rows)
        assert sliced.findings == whole.findings
    assert whole.rows.get_column("source_row").to_list() == [2, 6]
    assert [(problem.column, problem.values) for problem in whole.findings.problems] == [("(whole row)", 3)]


def test_a_contract_whose_rows_depend_on_one_another_is_judged_as_a_whole():
    names = ("store_id", "name", "format", "further")
    table = [("7", "A", "b", ""), ("8", "B", "b", ""), ("7", "C", "b", "x")]
    judgement = judged("stores/stores.csv", csv_of(table, names), 1, STORES)
    assert judgement.rows.get_column("attribute_further").null_count() == 2
    assert judgement.findings.counts.refused == 1


def test_only_one_slice_after_the_one_that_is_judged_is_read(monkeypatch):
    read, judged_so_far, ahead = [], [], []
    original = judging_module.judge

    def slices(path, content):
        for number in range(6):
            read.append(number)
            yield from readers.read_slices("a.csv", b"user_id,event_type\n1,a\n")

    def watching(contents, *args, **kwargs):
        ahead.append(len(read) - len(judged_so_far))
        judged_so_far.append(contents)
        return original(contents, *args, **kwargs)

    monkeypatch.setattr(judging_module, "read_slices", slices)
    monkeypatch.setattr(judging_module, "judge", watching)
    judge_file(Content.in_memory(b""), EVENTS, Delivery("a.csv", 1), today=TODAY, references={}, key=KEY)
    assert len(judged_so_far) == 6
    assert max(ahead) <= 2


@pytest.mark.parametrize("damage", ["text", "later row group"])
def test_damage_beyond_the_first_slice_refuses_the_file(damage):
    if damage == "text":
        content = csv_of([("1", "a")] * 9, NAMES[:2]) + b'"2,b\n'
        path = "a.csv"
    else:
        good = parquet_of([("1", f"event {number}") for number in range(500)], NAMES[:2])
        middle = len(good) // 2
        content, path = good[:middle] + b"\xff" * 200 + good[middle + 200 :], "a.parquet"
    with pytest.raises(RefusedFileError):
        judged(path, content, 5)


def test_a_file_of_one_row_group_is_read_in_slices(parquet, monkeypatch):
    monkeypatch.setattr(readers, "SLICE", 100)
    content = parquet(pl.DataFrame({"a": range(1_050)}))
    slices = list(readers.read_slices("a.parquet", content))
    assert [part.frame.height for part in slices] == [100] * 10 + [50]
    assert pl.concat([part.source_row for part in slices]).to_list() == list(range(2, 1_052))


EVENTS_CSV = "user_id,event_type,utc_event_time\n" + "".join(f"{user},a,2024-01-31 09:30:0{user}\n" for user in range(9))


@pytest.fixture
def in_slices(monkeypatch):
    monkeypatch.setattr(readers, "SLICE", 2)
    monkeypatch.setattr(loading, "CHECKED_ROWS", 2)
    monkeypatch.setattr(delimited, "BLOCK", 2)


@pytest.mark.usefixtures("in_slices")
def test_a_version_in_slices_replaces_one_in_slices(marketplace):
    marketplace.deliver("events/a.csv", EVENTS_CSV + "8,a,soon\n")
    marketplace.ingest()
    marketplace.deliver("events/a.csv", EVENTS_CSV.replace("8,a,", ",a,"))
    (entry,) = marketplace.ingest().deliveries
    assert (entry.version, entry.rows_read, entry.rows_loaded, entry.rows_refused) == (2, 9, 8, 1)
    assert marketplace.table(RawEvents).get_column("source_row").to_list() == list(range(2, 10))
    assert marketplace.refused.select("source_row", "value").rows() == [(10, None)]


@pytest.mark.usefixtures("in_slices")
@pytest.mark.parametrize("step", ["judge", "check", "apply"])
def test_a_crash_in_the_second_slice_leaves_what_was_stored_before(marketplace, monkeypatch, step):
    marketplace.deliver("events/a.csv", EVENTS_CSV)
    marketplace.ingest()
    before = marketplace.table(RawEvents)
    marketplace.deliver("events/a.csv", EVENTS_CSV.replace(",a,", ",b,"))
    holder, name = {
        "judge": (judging_module, "judge"),
        "check": (RawEvents, "check"),
        "apply": (loading.Replacement, "apply"),
    }[step]
    original, calls = getattr(holder, name), []

    def stopping(*args, **kwargs):
        calls.append(1)
        if len(calls) == 2:
            raise Stopped
        return original(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(holder, name, stopping)
        with pytest.raises(Stopped):
            marketplace.ingest()
    assert marketplace.table(RawEvents).equals(before)
    assert marketplace.deliveries.get_column("state").to_list() == ["loaded"]
    (entry,) = marketplace.ingest().deliveries
    assert (entry.version, set(marketplace.table(RawEvents).get_column("event_type"))) == (2, {"b"})


def test_sales_are_judged_in_slices_too():
    names = ("store_id", "date", "revenue")
    table = [("7", f"2024-01-{day:02}", "x" if day == 20 else "1") for day in range(1, 31)]
    whole, sliced = (judged("stores/sales/a.csv", csv_of(table, names), length, SALES) for length in (1_000, 7))
    assert sliced.rows.equals(whole.rows)
    assert sliced.findings == whole.findings
    assert (whole.findings.first_date, whole.findings.last_date) == (dt.date(2024, 1, 1), dt.date(2024, 1, 30))
