"""The files that the made-up chain hands over."""

import datetime as dt
import io
import json
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from simulation.delivery import EXCEL, SpoiledCell, write_csv
from simulation.stores import simulate_stores
from simulation.stores_inbox import write_inbox
from vitrina.catalogue import CONTRACTS
from vitrina.inbox.validate import validate_file
from vitrina.stores.scenario import Scenario

SEED = 5


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("inbox")
    write_inbox(folder, "tiny", SEED)
    return folder


def as_text(path: Path) -> pl.DataFrame:
    """A CSV file's cells, as a reader who knows its dialect sees them."""
    legacy = path.name == "2025.csv"
    text = path.read_bytes().decode("cp1251" if legacy else "utf-8-sig")
    return pl.read_csv(io.StringIO(text), separator=";" if legacy else ",", infer_schema=False)


def test_the_inbox_is_laid_out_as_the_templates_say(inbox: Path) -> None:
    files = {path.relative_to(inbox).as_posix() for path in inbox.rglob("*") if path.is_file()}
    months = {"stores/sales/2026-08.parquet", "stores/sales/2026-09.xlsx"}
    assert files == {"stores/stores.csv", "stores/geo.csv", "stores/sales/2025.csv", "stores/sales/2026.csv"} | months


def test_the_same_seed_writes_the_same_bytes(inbox: Path, tmp_path: Path) -> None:
    write_inbox(tmp_path, "tiny", SEED)
    for path in inbox.rglob("*.*"):
        again = tmp_path / path.relative_to(inbox)
        if path.suffix == ".xlsx":
            assert pl.read_excel(again).equals(pl.read_excel(path))
        else:
            assert again.read_bytes() == path.read_bytes(), path.name


def test_another_seed_writes_other_bytes(inbox: Path, tmp_path: Path) -> None:
    write_inbox(tmp_path, "tiny", SEED + 1)
    assert (tmp_path / "stores/sales/2026.csv").read_bytes() != (inbox / "stores/sales/2026.csv").read_bytes()


def test_the_legacy_file_is_windows_1251_with_semicolons_and_decimal_commas(inbox: Path) -> None:
    content = (inbox / "stores/sales/2025.csv").read_bytes()
    with pytest.raises(UnicodeDecodeError):
        content.decode("utf-8")
    header, first, *_ = content.decode("cp1251").split("\r\n")
    assert header == "store_id;date;category;revenue;receipts;customers;items"
    assert first.split(";")[1] == "01.04.2025"
    assert "," in first.split(";")[3]


def test_identifiers_are_text_and_dates_are_dates_in_the_workbook(inbox: Path) -> None:
    sheet = openpyxl.load_workbook(inbox / "stores/sales/2026-09.xlsx").active
    assert sheet is not None
    assert isinstance(sheet["A2"].value, str)
    assert sheet["B2"].is_date


def test_every_sale_is_delivered_exactly_once(inbox: Path) -> None:
    delivered = [as_text(inbox / f"stores/sales/{name}.csv").height for name in ("2025", "2026")]
    delivered.append(pl.read_parquet(inbox / "stores/sales/2026-08.parquet").height)
    delivered.append(pl.read_excel(inbox / "stores/sales/2026-09.xlsx").height)
    total_row = 1
    assert sum(delivered) == simulate_stores("tiny", SEED).sales.height + total_row


def test_the_spoiled_cells_stand_where_they_are_said_to_stand(tmp_path: Path) -> None:
    slips = write_inbox(tmp_path, "tiny", SEED)
    assert len({slip.source_file for slip in slips}) == 4
    assert len({(slip.source_file, slip.source_row) for slip in slips}) == len(slips)
    for slip in slips:
        cells = as_text(tmp_path / slip.source_file)
        assert (cells.item(slip.source_row - 2, slip.column) or "") == slip.value


def test_the_inbox_refuses_the_spoiled_rows_and_no_other(tmp_path: Path) -> None:
    slips = write_inbox(tmp_path, "tiny", SEED)
    refused = []
    for path in sorted(tmp_path.rglob("*.*")):
        findings = validate_file(path, CONTRACTS, today=dt.date(2026, 10, 1)).findings
        assert findings.failure is None
        assert findings.counts.read > findings.counts.refused
        refused += [(path.name, example.source_row) for problem in findings.problems for example in problem.examples]
    assert set(refused) == {(Path(slip.source_file).name, slip.source_row) for slip in slips}


def test_numbers_other_than_the_spoiled_ones_are_numbers(inbox: Path, tmp_path: Path) -> None:
    spoiled = {slip.source_row - 2 for slip in write_inbox(tmp_path, "tiny", SEED) if slip.source_file.endswith("2026.csv")}
    cells = as_text(inbox / "stores/sales/2026.csv").with_row_index("place").filter(~pl.col("place").is_in(spoiled))
    assert cells.get_column("revenue").cast(pl.Float64, strict=True).null_count() == 0
    assert cells.get_column("date").str.to_date("%Y-%m-%d", strict=True).null_count() == 0


def test_a_spoiled_cell_leaves_its_neighbours_alone(tmp_path: Path) -> None:
    frame = pl.DataFrame({"store_id": ["1", "2"], "revenue": [1.5, 2.5]})
    write_csv(tmp_path / "a.csv", frame, EXCEL, [SpoiledCell("a.csv", 3, "revenue", "н/д")])
    assert (tmp_path / "a.csv").read_text("utf-8-sig").splitlines() == ["store_id,revenue", "1,1.5", "2,н/д"]


def test_a_chain_with_a_long_history_has_decided_about_its_clusters(tmp_path: Path) -> None:
    write_inbox(tmp_path, "demo", SEED)
    (file,) = (tmp_path / "stores" / "decisions").iterdir()
    verdict = validate_file(file, CONTRACTS, today=dt.date(2026, 11, 1))
    assert verdict.accepted, verdict.text("en")
    decisions = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert [made["kind"] for made in decisions] == ["approve", *["rename"] * 4, "move"]
    assert Scenario.from_json(decisions[0]["scenario"]).n_clusters == 4
    stores = as_text(tmp_path / "stores" / "stores.csv")
    moved = stores.filter(pl.col("store_id") == decisions[-1]["store_id"])
    assert moved.get_column("format").to_list() == ["hypermarket"]
