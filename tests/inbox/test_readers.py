"""Delivered files as columns of text."""

import contextlib
import datetime as dt
import io

import openpyxl
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.inbox import delimited
from vitrina.inbox.messages import RefusedFileError
from vitrina.inbox.readers import read_contents


def rows(contents):
    return [dict(zip(contents.frame.columns, row, strict=True)) for row in contents.frame.rows()]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_common_delimiter_and_line_end_is_read(delimiter, end):
    text = end.join([delimiter.join(["a", "b"]), delimiter.join(["1", "x"]), ""])
    assert rows(read_contents("f.csv", text.encode())) == [{"a": "1", "b": "x"}]


def test_commas_in_numbers_do_not_hide_the_delimiter():
    assert rows(read_contents("f.csv", b"a;b\n1,5;2,5\n3,5;4,5\n")) == [{"a": "1,5", "b": "2,5"}, {"a": "3,5", "b": "4,5"}]


def test_a_quoted_cell_may_span_lines_and_counts_as_one_row():
    contents = read_contents("f.csv", b'a,b\n"two\nlines",1\nx,2\n')
    assert contents.frame.get_column("a").to_list() == ["two\nlines", "x"]
    assert contents.source_row.to_list() == [2, 3]


def test_blank_rows_are_counted_but_are_no_rows():
    contents = read_contents("f.csv", b"a,b\n\n1,2\n , \n3,4\n")
    assert contents.source_row.to_list() == [3, 5]
    assert not contents.faults


def test_excels_separator_line_is_a_row_but_not_the_header():
    contents = read_contents("f.csv", b"sep=;\r\na;b\r\n1;2\r\n")
    assert (rows(contents), contents.source_row.to_list()) == ([{"a": "1", "b": "2"}], [3])


CELL = st.sampled_from(
    ["a", " b", "", " ", "1", "é", '"x"', '"x;y"', '""', '"a""b"', '"l\nm"', '"l\r\nm"', 'a"b', '"a"b', "\x00", '"']
)


@settings(max_examples=200, deadline=None)
@given(
    # without a width there is no header of our own: of a faulty one and a faulty row, the one that is met first is told
    st.integers(1, 3)
    .flatmap(
        lambda width: st.lists(st.lists(CELL, min_size=width, max_size=width) | st.lists(CELL, max_size=4), min_size=1, max_size=8)
    )
    .filter(lambda table: bool(table[0])),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from([1, 5, 20, 1 << 20]),
)
def test_regular_lines_that_are_read_at_once_are_what_they_are_record_by_record(table, end, block):
    lines = [";".join(f"h{position}" for position in range(len(table[0]))), *(";".join(row) for row in table)]
    content = end.join(lines).encode()

    def read(length, **changes):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(delimited, "BLOCK", length)
            for name, value in changes.items():
                patch.setattr(delimited._Reading, name, value)
            try:
                contents = read_contents("f.csv", content)
            except RefusedFileError as error:
                return str(error)
            return contents.frame.to_dict(as_series=False), contents.source_row.to_list(), contents.faults

    record_by_record = read(1 << 20, _regular=lambda *_: None)
    assert read(block) == read(1 << 20) == record_by_record


def test_a_file_of_regular_lines_is_not_read_record_by_record(monkeypatch):
    monkeypatch.setattr(delimited._Reading, "_irregular", None)
    contents = read_contents("f.csv", b'a,b\n1,"2, 3"\n,\n"4",\n')
    assert (rows(contents), contents.source_row.to_list()) == ([{"a": "1", "b": "2, 3"}, {"a": "4", "b": None}], [2, 4])


def test_a_delimiter_at_the_end_of_each_line_makes_no_column():
    assert rows(read_contents("f.csv", b"a,b,\n1,2,\n")) == [{"a": "1", "b": "2"}]


def test_a_column_with_values_but_without_a_name_is_refused():
    with pytest.raises(RefusedFileError, match="column 3 has values but no name"):
        read_contents("f.csv", b"a,b,\n1,2,3\n")


def test_identifiers_keep_their_zeros_in_text():
    assert rows(read_contents("f.csv", b"id\n00123\n")) == [{"id": "00123"}]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1251", "koi8-r", "cp866"])
def test_russian_text_is_read_in_any_encoding_that_is_still_met(encoding):
    text = "магазин;формат\nПлощадь Победы;гипермаркет\nУлица Ленина у вокзала;экспресс\nСоветский проспект;магазин у дома\n" * 3
    assert read_contents("f.csv", text.encode(encoding)).frame.rows()[0] == ("Площадь Победы", "гипермаркет")


@given(
    st.lists(
        st.lists(
            st.text(st.characters(exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp")), min_size=1).filter(str.strip),
            min_size=2,
            max_size=2,
        ),
        min_size=1,
        max_size=5,
    )
)
def test_whatever_was_written_as_csv_is_read_back(table):
    text = "a,b\n" + "".join('"{}","{}"\n'.format(*(cell.replace('"', '""') for cell in row)) for row in table)
    assert [list(row) for row in read_contents("f.csv", text.encode()).frame.rows()] == table


@given(st.binary(max_size=200), st.sampled_from(["f.csv", "f.parquet", "f.xlsx"]))
def test_no_bytes_whatever_escape_as_another_error(content, name):
    for start in (b"", b"PAR1", b"PK\x03\x04"):
        with contextlib.suppress(RefusedFileError):
            read_contents(name, start + content)


def test_parquet_types_become_the_text_that_the_rules_read(parquet):
    frame = pl.DataFrame(
        {
            "int": [5, None],
            "float": [10005.0, 0.1],
            "text": [" x ", ""],
            "day": [dt.date(2024, 1, 31), None],
            "moment": [dt.datetime(2024, 1, 31, 10, tzinfo=dt.UTC), None],
            "wall clock": [dt.datetime.fromisoformat("2024-01-31T10:00:00"), None],
            "flag": [True, None],
            "category": pl.Series(["a", "b"], dtype=pl.Categorical),
            "decimal": pl.Series(["1.50", None]).cast(pl.Decimal(10, 2)),
        }
    )
    contents = read_contents("f.parquet", parquet(frame))
    moment, wall_clock = "2024-01-31T10:00:00+00:00", "2024-01-31T10:00:00"
    assert contents.frame.row(0) == ("5", "10005", "x", "2024-01-31", moment, wall_clock, "true", "a", "1.50")
    assert contents.frame.row(1) == (None, "0.1", None, None, None, None, None, "b", None)


def test_a_fraction_of_a_second_in_parquet_is_kept(parquet):
    moments = pl.Series(
        "a", [dt.datetime(2024, 1, 31, 10, microsecond=microsecond, tzinfo=dt.UTC) for microsecond in (0, 500_000, 7)]
    )
    read = read_contents("f.parquet", parquet(moments.to_frame())).frame.get_column("a").to_list()
    assert read == ["2024-01-31T10:00:00+00:00", "2024-01-31T10:00:00.500+00:00", "2024-01-31T10:00:00.000007+00:00"]


def test_lists_in_parquet_are_refused_with_the_column(parquet):
    with pytest.raises(RefusedFileError, match="the column b holds List"):
        read_contents("f.parquet", parquet(pl.DataFrame({"a": [1], "b": [[1, 2]]})))


def test_a_parquet_file_that_claims_too_many_rows_is_not_unpacked(parquet, monkeypatch):
    monkeypatch.setattr("vitrina.inbox.readers.MAX_CELLS", 1000)
    with pytest.raises(RefusedFileError, match="holds 2000 rows"):
        read_contents("f.parquet", parquet(pl.DataFrame({"a": [0] * 2000})))


def test_excel_identifiers_come_back_as_they_look(workbook):
    content = workbook([["id"], [10005.0], [123], ["00123"], [4711]], formats={"A3": "00000"})
    assert read_contents("f.xlsx", content).frame.get_column("id").to_list() == ["10005", "00123", "00123", "4711"]


def test_excel_dates_come_back_as_dates(workbook):
    content = workbook([["day"], [dt.date(2024, 1, 31)], [dt.datetime.fromisoformat("2024-01-31T08:30:00")], ["31.01.2024"]])
    assert read_contents("f.xlsx", content).frame.get_column("day").to_list() == [
        "2024-01-31T00:00:00",
        "2024-01-31T08:30:00",
        "31.01.2024",
    ]


def test_a_text_that_begins_with_an_equals_sign_is_no_formula(workbook):
    book = openpyxl.load_workbook(io.BytesIO(workbook([["a"], ["x"]])))
    book.active["A2"].value = "=hello"
    book.active["A2"].data_type = "s"
    buffer = io.BytesIO()
    book.save(buffer)
    contents = read_contents("f.xlsx", buffer.getvalue())
    assert (contents.frame.item(), contents.faults) == ("=hello", ())


def test_only_the_first_sheet_is_read_and_the_sender_is_told(workbook):
    contents = read_contents("f.xlsx", workbook([["a"], ["1"]], more_sheets=["Second"]))
    assert str(contents.notes[0]) == "Only the first sheet, Sheet, was read."


def test_blank_rows_and_columns_around_a_sheet_do_not_matter(workbook):
    contents = read_contents("f.xlsx", workbook([[None], ["a", "b", None], [None], [1, 2, None], [None, None, None]]))
    assert (rows(contents), contents.source_row.to_list()) == ([{"a": "1", "b": "2"}], [4])


def test_a_cell_beyond_the_header_refuses_its_row(workbook):
    contents = read_contents("f.xlsx", workbook([["a", "b"], [1, 2, 3], [4, 5]]))
    assert [(fault.source_row, fault.column) for fault in contents.faults] == [(2, "(whole row)")]
