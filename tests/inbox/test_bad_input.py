"""Bad deliveries, from the file to the raw tables, the refused rows and the receipt."""

import io
import zipfile

import polars as pl
import pytest

STORES = "store_id,name,format\n00123,Lenina 5,Hypermarket\n7,Mira 1,express\n"


def only(ingestion):
    assert len(ingestion.deliveries) == 1, ingestion
    return ingestion.deliveries[0]


def refused_values(bench):
    return bench.refused.select("source_row", "column_name", "value").rows()


def assert_quarantined(bench, name, content, *words):
    """The file is refused as a whole, its message says `words`, and nothing that was there has changed."""
    before = bench.stores, bench.sales, bench.refused
    bench.deliver(name, content)
    entry = only(bench.ingest())
    assert entry.state == "quarantined"
    for word in (name.rsplit("/", 1)[-1], "What to do", *words):
        assert word in entry.message, f"{word!r} not in {entry.message!r}"
    copies = [path for path in bench.quarantined() if path.is_file()]
    assert [path.read_bytes() for path in copies] == [content.encode() if isinstance(content, str) else content]
    receipt = bench.receipts()[-1]
    assert "The file was not loaded." in receipt
    assert "A copy of the file is kept in quarantine." in receipt
    assert "What to do" in receipt
    for was, now in zip(before, (bench.stores, bench.sales, bench.refused), strict=True):
        assert was.equals(now)
    assert not bench.ingest().deliveries, "a quarantined file is read once"


def test_a_file_without_a_required_column_is_quarantined_and_told_the_close_match(stocked):
    assert_quarantined(
        stocked,
        "sales/new.csv",
        "store_id,date,revenu\n7,2024-01-01,5\n",
        "missing columns: revenue",
        "found store_id, date, revenu",
        "revenu → revenue",
    )


def test_a_new_version_without_a_required_column_leaves_the_old_one_loaded(stocked):
    assert_quarantined(stocked, "sales/first.csv", "store_id,revenue\n7,5\n", "missing columns: date")
    assert stocked.deliveries.get_column("state").to_list() == ["loaded", "loaded", "quarantined"]


def test_an_empty_file_is_quarantined(stocked):
    assert_quarantined(stocked, "sales/new.csv", b"", "is empty")


def test_a_file_of_blank_lines_is_quarantined(stocked):
    assert_quarantined(stocked, "sales/new.csv", "\n\n  \n", "is empty")


def test_a_header_without_rows_is_quarantined(stocked):
    assert_quarantined(stocked, "stores.csv", "store_id,name,format\n", "no rows")


def test_a_truncated_parquet_file_is_quarantined(stocked, parquet):
    whole = parquet(pl.DataFrame({"store_id": ["7"] * 500, "date": ["2024-01-01"] * 500, "revenue": [1.5] * 500}))
    assert_quarantined(stocked, "sales/new.parquet", whole[: len(whole) // 2], "Parquet", ".part")


@pytest.mark.parametrize("cut", [1, 8, 40, 200])
def test_damage_anywhere_in_a_parquet_file_never_escapes_as_a_crash(stocked, parquet, cut):
    whole = bytearray(parquet(pl.DataFrame({"store_id": ["7"] * 500, "date": ["2024-01-01"] * 500, "revenue": [1.5] * 500})))
    whole[-cut - 8 : -8] = b"\xff" * cut
    stocked.deliver("sales/new.parquet", bytes(whole))
    assert only(stocked.ingest()).state in ("quarantined", "loaded")


def test_parquet_under_the_name_of_csv_is_quarantined(stocked, parquet):
    assert_quarantined(stocked, "sales/new.csv", parquet(pl.DataFrame({"store_id": ["7"]})), "not what its name says", ".parquet")


def test_text_under_the_name_of_parquet_is_quarantined(stocked):
    assert_quarantined(stocked, "sales/new.parquet", "store_id,date,revenue\n7,2024-01-01,5\n", "not what its name says", ".csv")


def test_an_old_or_locked_workbook_is_quarantined(stocked):
    assert_quarantined(stocked, "stores.xlsx", b"\xd0\xcf\x11\xe0" + bytes(600), "password")


def test_an_unknown_kind_of_file_is_quarantined(stocked):
    assert_quarantined(stocked, "sales/new.pdf", b"%PDF-1.7", ".parquet")


def test_a_workbook_that_unpacks_to_a_terabyte_is_not_unpacked(stocked, monkeypatch):
    monkeypatch.setattr("vitrina.inbox.spreadsheets.MAX_UNPACKED_BYTES", 1_000_000)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 2_000_000)
    assert len(buffer.getvalue()) < 10_000
    assert_quarantined(stocked, "stores.xlsx", buffer.getvalue(), "unpacks to 2000000 bytes")


def test_a_damaged_workbook_is_quarantined(stocked, workbook):
    whole = workbook([["store_id", "name", "format"], ["9", "x", "y"]])
    assert_quarantined(stocked, "stores.xlsx", whole[:-200], "spreadsheet")


def test_a_zip_that_is_no_workbook_is_quarantined(stocked):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("readme.txt", "hello")
    assert_quarantined(stocked, "stores.xlsx", buffer.getvalue(), "spreadsheet")


def test_a_column_that_stands_twice_is_quarantined(stocked):
    assert_quarantined(stocked, "sales/new.csv", "store_id,date,revenue,Revenue\n7,2024-01-01,5,6\n", "stands twice", "3 and 4")


def test_an_unclosed_quotation_mark_is_quarantined_with_its_row(stocked):
    assert_quarantined(stocked, "sales/new.csv", 'store_id,date,revenue\n7,2024-01-01,5\n"7,2024-01-02,5\n', "row 3")


def test_utf_8_that_was_cut_inside_a_letter_is_not_taken_for_another_encoding(stocked):
    content = "store_id,name,format\n9,Площадь Победы,гипермаркет".encode()[:-1]
    assert_quarantined(stocked, "stores.csv", content, "cut off or damaged", "byte")


def test_a_value_of_the_wrong_type_refuses_its_row_and_no_other(stocked):
    stocked.deliver(
        "sales/new.csv",
        "store_id,date,revenue,receipts\n7,2024-01-01,cheap,1\n7,2024-01-02,5,1.5\n7,yesterday,5,1\n7,2024-01-04,5,1\n",
    )
    entry = only(stocked.ingest())
    assert (entry.rows_read, entry.rows_loaded, entry.rows_refused) == (4, 1, 3)
    assert refused_values(stocked) == [(2, "revenue", "cheap"), (3, "receipts", "1.5"), (4, "date", "yesterday")]
    assert stocked.sales.filter(source_file="stores/sales/new.csv").get_column("source_row").to_list() == [5]
    assert "Row 3, column receipts" in entry.message or "Row 4, column date" in entry.message


def test_two_bad_values_in_one_row_are_two_refused_values_and_one_refused_row(stocked):
    stocked.deliver("sales/new.csv", "store_id,date,revenue\n7,soon,much\n7,2024-01-01,5\n")
    entry = only(stocked.ingest())
    assert (entry.rows_read, entry.rows_loaded, entry.rows_refused) == (2, 1, 1)
    assert refused_values(stocked) == [(2, "date", "soon"), (2, "revenue", "much")]


def test_a_second_row_for_a_store_is_refused_and_names_the_first(stocked):
    stocked.deliver("stores.csv", STORES + "00123,Lenina 5a,express\n")
    entry = only(stocked.ingest())
    assert (entry.rows_loaded, entry.rows_refused) == (2, 1)
    assert refused_values(stocked) == [(4, "store_id", "00123")]
    assert "row 2 has the same key" in stocked.refused.item(0, "remedy")
    assert "row 2 has the same key" in entry.message
    assert stocked.stores.filter(store_id="00123").item(0, "name") == "Lenina 5"


def test_a_bad_first_row_does_not_take_the_place_of_a_good_second(stocked):
    stocked.deliver("stores.csv", "store_id,name,format,latitude\n9,A,b,91\n9,B,b,55\n")
    stocked.ingest()
    assert stocked.stores.get_column("name").to_list() == ["B"]


def test_refunds_are_loaded_and_negative_counts_are_not(stocked):
    stocked.deliver("sales/new.csv", "store_id,date,revenue,items,receipts\n7,2024-01-01,-5.10,-2,0\n7,2024-01-01,5,2,-1\n")
    stocked.ingest()
    loaded = stocked.sales.filter(source_file="stores/sales/new.csv")
    assert loaded.select("revenue_minor", "items").rows() == [(-510, -2)]
    assert refused_values(stocked) == [(3, "receipts", "-1")]
    assert stocked.refused.item(0, "expectation").startswith("between 0 and")


@pytest.mark.parametrize("absurd", ["1000000000001", "-1000000000001", "9" * 30, "1e15", "1e999"])
def test_an_absurd_amount_is_refused(stocked, absurd):
    stocked.deliver("sales/new.csv", f"store_id,date,revenue\n7,2024-01-01,{absurd}\n7,2024-01-02,1\n")
    stocked.ingest()
    assert refused_values(stocked) == [(2, "revenue", absurd)]
    assert "1 000 000 000 000" in stocked.refused.item(0, "expectation")


@pytest.mark.parametrize("value", ["NaN", "inf", "-inf"])
def test_a_parquet_file_cannot_bring_in_a_number_that_is_none(stocked, parquet, value):
    frame = pl.DataFrame({"store_id": ["7", "7"], "date": ["2024-01-01"] * 2, "revenue": [float(value), 1.0]})
    stocked.deliver("sales/new.parquet", parquet(frame))
    stocked.ingest()
    assert refused_values(stocked) == [(2, "revenue", value)]


def test_a_date_in_the_far_future_is_refused(stocked):
    stocked.deliver("sales/new.csv", "store_id,date,revenue\n7,2062-01-01,1\n7,1024-01-01,1\n7,2024-07-01,1\n")
    stocked.ingest()
    assert refused_values(stocked) == [(2, "date", "2062-01-01"), (3, "date", "1024-01-01")]


def test_an_empty_required_value_is_refused(stocked):
    stocked.deliver("stores.csv", "store_id,name,format\n9,,express\n ,x,express\n10,y,express\n")
    stocked.ingest()
    assert refused_values(stocked) == [(2, "name", None), (3, "store_id", None)]


def test_control_characters_are_refused_and_cannot_reach_a_receipt(stocked):
    stocked.deliver("stores.csv", "store_id,name,format\n9,a\x00b\x1b[31m,express\n10,y,express\n")
    stocked.ingest()
    assert refused_values(stocked) == [(2, "name", "a�b�[31m")]
    assert not any("\x00" in receipt or "\x1b" in receipt for receipt in stocked.receipts())


def test_a_row_with_too_few_or_too_many_cells_is_refused(stocked):
    stocked.deliver("sales/new.csv", "store_id;date;revenue\n7;2024-01-01\n7;2024-01-02;5;6\n7;2024-01-03;5;\n7;2024-01-04;5\n")
    entry = only(stocked.ingest())
    assert (entry.rows_read, entry.rows_loaded, entry.rows_refused) == (4, 2, 2)
    assert refused_values(stocked) == [(2, "(whole row)", "2"), (3, "(whole row)", "4")]
    assert stocked.refused.item(0, "expectation") == "3 cells, as in the header"


def test_formulas_and_spreadsheet_errors_are_refused_with_the_remedy(stocked, workbook):
    rows = [["store_id", "date", "revenue"], ["7", "2024-01-01", "=1+1"], ["7", "2024-01-02", "#DIV/0!"], ["7", "2024-01-03", 5]]
    stocked.deliver("sales/new.xlsx", workbook(rows))
    entry = only(stocked.ingest())
    assert (entry.rows_read, entry.rows_loaded, entry.rows_refused) == (3, 1, 2)
    assert refused_values(stocked) == [(2, "revenue", "=1+1"), (3, "revenue", "#DIV/0!")]
    assert "Write values, not formulas" in stocked.refused.item(0, "remedy")


def test_a_formula_in_a_column_that_nobody_reads_refuses_nothing(stocked, workbook):
    stocked.deliver("sales/new.xlsx", workbook([["store_id", "date", "revenue", "checked"], ["7", "2024-01-01", 5, "=C2*2"]]))
    entry = only(stocked.ingest())
    assert entry.rows_loaded == 1
    assert "checked" in entry.message


def test_sales_of_an_unknown_store_are_refused_row_by_row_and_not_as_a_file(stocked):
    stocked.deliver("sales/new.csv", "store_id,date,revenue\n8,2024-01-01,1\n7,2024-01-01,1\n")
    entry = only(stocked.ingest())
    assert (entry.state, entry.rows_loaded, entry.rows_refused, entry.unresolved) == ("loaded", 1, 1, 1)
    assert "stores.*" in stocked.refused.item(0, "remedy")
    assert "as soon as it is delivered" in stocked.receipts()[-1]


def test_a_new_version_of_which_no_row_can_be_used_does_not_take_the_old_rows_away(stocked):
    before = stocked.sales
    stocked.deliver("sales/first.csv", "store_id,date,revenue\n7,01/02/2024,1\n7,02/02/2024,1\n")
    entry = only(stocked.ingest())
    assert entry.state == "quarantined"
    assert "none of the 2 rows" in entry.message
    assert "2024-01-31" in entry.message
    assert stocked.sales.equals(before)


HOSTILE_NAMES = [
    'sales/it\'s "quoted"; DROP TABLE raw_sales;--.csv',
    "sales/продажи за январь 📈.csv",
    "sales/two\nlines.csv",
    "sales/x%2F..%2F..%2Fetc.csv",
    "sales/x\\..\\..\\etc.csv",
    "sales/a::b#c?d=e&f.csv",
    "sales/$(touch pwned)`touch pwned`.csv",
    "sales/{file} %s {0}.csv",
    "sales/| a | b | <script>.csv",
    "sales/" + "x" * 200 + ".csv",
]


def test_a_hostile_file_name_is_only_a_name(stocked):
    for day, name in enumerate(HOSTILE_NAMES, start=1):
        stocked.deliver(name, f"store_id,date,revenue\n7,2024-03-{day:02},1\n7,2024-03-02,x\n")
    paths = [f"stores/{name}" for name in HOSTILE_NAMES]
    assert [(entry.path, entry.rows_loaded, entry.rows_refused) for entry in stocked.ingest().deliveries] == [
        (path, 1, 1) for path in paths
    ]
    assert stocked.sales.filter(pl.col("source_file").is_in(paths)).height == len(paths)
    assert sorted(stocked.refused.get_column("source_file")) == sorted(paths)
    written = [path for path in stocked.settings.data.rglob("*") if path.is_file()]
    assert all(path.resolve().is_relative_to(stocked.settings.data) for path in written)
    assert sum(path.suffix == ".md" for path in written) == 2 + len(paths)
    assert not any("<script>" in receipt for receipt in stocked.receipts())
    assert not (stocked.folder / "pwned").exists()


def test_a_hostile_file_name_is_safe_in_quarantine_too(stocked):
    for number, name in enumerate(HOSTILE_NAMES):
        stocked.deliver(name, f"nothing,useful\n1,{number}\n")
    assert {entry.state for entry in stocked.ingest().deliveries} == {"quarantined"}
    copies = [path for path in stocked.quarantined() if path.is_file()]
    assert len(copies) == len(HOSTILE_NAMES)
    assert {path.parent for path in copies} == {stocked.settings.quarantine / "stores"}


def test_a_path_that_leads_out_of_the_inbox_is_never_opened(stocked, tmp_path):
    (tmp_path / "secret.csv").write_text("store_id,date,revenue\n7,2024-01-01,666\n")
    outcome = stocked.ingest(files=["stores/sales/../../../secret.csv", "../secret.csv", str(tmp_path / "secret.csv")])
    assert not outcome.deliveries
    assert 66600 not in stocked.sales.get_column("revenue_minor")


def test_a_hostile_column_name_becomes_a_safe_one(stocked):
    header = '"store_id","name","format","a""; DROP TABLE x;--","Город","город ","' + "y" * 300 + '"'
    stocked.deliver("stores.csv", header.replace('"город "', '"город!"') + "\n9,A,b,1,Тула,Орёл,z\n")
    stocked.ingest()
    attributes = {name for name in stocked.stores.columns if name.startswith("attribute_")}
    assert attributes == {"attribute_a_drop_table_x", "attribute_город", "attribute_город_2", "attribute_" + "y" * 60}


def test_windows_1251_utf_16_and_a_bom_read_the_same(bench):
    text = "store_id;name;format\n00123;Площадь Победы, 5;гипермаркет\n7;ул. Мира — у вокзала;экспресс\n"
    seen = []
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "cp1251"):
        bench.deliver("stores.csv", text.encode(encoding))
        assert only(bench.ingest()).state == "loaded", encoding
        seen.append(bench.stores.select("store_id", "name", "format").rows())
    assert seen == [[("00123", "Площадь Победы, 5", "гипермаркет"), ("7", "ул. Мира — у вокзала", "экспресс")]] * 4
