"""The files that the made-up bank hands over."""

import datetime as dt
import io
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from simulation import propensity_inbox
from simulation.delivery import SpoiledCell
from simulation.propensity import BankExtent, simulate_bank
from simulation.propensity_inbox import THOUSAND, write_inbox
from simulation.retailer import Size
from vitrina.inbox.validate import validate_file
from vitrina.propensity.contracts import CONTRACTS

SEED = 5
AGAIN = "2026-06"
TODAY = dt.date(2026, 10, 1)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[SpoiledCell, ...]]:
    folder = tmp_path_factory.mktemp("inbox")
    return folder, write_inbox(folder, "tiny", SEED)


def as_text(path: Path) -> pl.DataFrame:
    """A CSV file's cells as text."""
    return pl.read_csv(io.StringIO(path.read_bytes().decode("utf-8-sig")), infer_schema=False)


def test_the_inbox_has_a_file_per_month_and_one_of_each_other_kind(written: tuple[Path, tuple[SpoiledCell, ...]]) -> None:
    own = written[0] / "propensity"
    assert sorted(path.name for path in own.iterdir()) == ["clients", "contacts.csv", "openings.csv", "payments", "texts.csv"]
    clients = sorted(path.name for path in (own / "clients").iterdir())
    assert len(clients) == 15
    assert clients[-5:] == ["2026-06.csv", "2026-06_corrected.csv", "2026-07.csv", "2026-08.parquet", "2026-09.parquet"]
    payments = sorted(path.name for path in (own / "payments").iterdir())
    assert len(payments) == 17
    assert (payments[0], payments[-1]) == ("2025-05.csv", "2026-09.parquet")


def test_the_same_seed_writes_the_same_bytes(written: tuple[Path, tuple[SpoiledCell, ...]], tmp_path: Path) -> None:
    folder, slips = written
    assert write_inbox(tmp_path, "tiny", SEED) == slips
    for path in folder.rglob("*.*"):
        assert (tmp_path / path.relative_to(folder)).read_bytes() == path.read_bytes(), path.name


def test_the_spoiled_cells_stand_where_they_are_said_to_stand(written: tuple[Path, tuple[SpoiledCell, ...]]) -> None:
    folder, slips = written
    assert len({(slip.source_file, slip.source_row) for slip in slips}) == len(slips)
    assert {slip.source_file.split("/")[1] for slip in slips} == {
        "clients",
        "openings.csv",
        "payments",
        "texts.csv",
        "contacts.csv",
    }
    for slip in slips:
        assert (as_text(folder / slip.source_file).item(slip.source_row - 2, slip.column) or "") == slip.value


def test_the_inbox_refuses_the_spoiled_rows_and_no_other(written: tuple[Path, tuple[SpoiledCell, ...]]) -> None:
    folder, slips = written
    refused = []
    for path in filter(Path.is_file, sorted(folder.rglob("*"))):
        findings = validate_file(path, CONTRACTS, today=TODAY).findings
        assert findings.failure is None, path
        assert findings.counts.read > findings.counts.refused
        refused += [(path.name, example.source_row) for problem in findings.problems for example in problem.examples]
        assert findings.counts.refused == sum(slip.source_file == path.relative_to(folder).as_posix() for slip in slips)
    assert sorted(refused) == sorted((Path(slip.source_file).name, slip.source_row) for slip in slips)


def test_a_month_is_delivered_twice_first_in_thousands_and_read_last_as_it_is(
    written: tuple[Path, tuple[SpoiledCell, ...]],
) -> None:
    own = written[0] / "propensity" / "clients"
    first, again = as_text(own / f"{AGAIN}.csv"), as_text(own / f"{AGAIN}_corrected.csv")
    assert_frame_equal(first.drop("turnover"), again.drop("turnover"))
    turnover = again.get_column("turnover").cast(pl.Int64)
    assert first.get_column("turnover").cast(pl.Int64).equals(turnover // THOUSAND)
    true = simulate_bank("tiny", SEED).clients(dt.date(2026, 6, 1))
    assert turnover.equals(true.get_column("turnover"))


def test_nothing_that_is_true_is_lost_with_the_spoiled_rows(written: tuple[Path, tuple[SpoiledCell, ...]]) -> None:
    folder, _ = written
    bank = simulate_bank("tiny", SEED)
    openings = as_text(folder / "propensity/openings.csv").head(bank.openings.height)
    assert_frame_equal(openings.with_columns(pl.col("opened_on").str.to_date()), bank.openings)
    assert as_text(folder / "propensity/contacts.csv").height > bank.contacts.height
    assert pl.read_parquet(folder / "propensity/payments/2026-09.parquet").equals(bank.payments(dt.date(2026, 9, 1)))


def test_a_bank_may_do_without_payments_texts_and_contacts(tmp_path: Path) -> None:
    slips = write_inbox(tmp_path, "tiny", SEED, without=propensity_inbox.OPTIONAL)
    assert {path.name for path in (tmp_path / "propensity").iterdir()} == {"clients", "openings.csv"}
    assert {slip.source_file.split("/")[1] for slip in slips} == {"clients", "openings.csv"}


def test_a_leak_is_planted_where_it_is_asked_for(tmp_path: Path) -> None:
    write_inbox(tmp_path, "tiny", SEED, planted_leak=True)
    assert "tariff_requests" in pl.read_parquet(tmp_path / "propensity/clients/2026-09.parquet").columns


def test_a_large_bank_is_written_month_by_month_as_parquet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = BankExtent(clients=200, months=6, with_payments=0.1)
    monkeypatch.setattr(
        propensity_inbox,
        "simulate_bank",
        lambda _size, seed, last_day, planted_leak: simulate_bank(small, seed, last_day, planted_leak=planted_leak),
    )
    slips = write_inbox(tmp_path, Size.LARGE, SEED)
    assert {path.suffix for path in (tmp_path / "propensity/clients").iterdir()} == {".parquet"}
    assert {slip.source_file for slip in slips} == {f"propensity/{name}.csv" for name in ("openings", "texts", "contacts")}
