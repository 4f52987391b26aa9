"""The files that the made-up marketplace hands over."""

import datetime as dt
import io
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from simulation import __main__ as command
from simulation import marketplace_inbox
from simulation.marketplace import simulate_marketplace
from simulation.marketplace_days import event_days, shown_days
from simulation.marketplace_inbox import (
    ANNOUNCED,
    CORRECTION,
    DENIED,
    DUPLICATES,
    SLIPS,
    UNKNOWN_TYPE,
    corrected,
    slips_of,
    write_inbox,
)
from simulation.marketplace_rows import EVENT_COLUMNS
from simulation.retailer import Size
from vitrina.inbox.validate import validate_file
from vitrina.marketplace.contracts import CONTRACTS

SEED = 5
EVENTS = ("2026-07.csv", "2026-08.parquet", "2026-09.parquet", "2026-09_corrected_17.parquet")
CSV_SLIPS, CATALOGUE_SLIPS = 2, 3


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("inbox")
    write_inbox(folder, "tiny", SEED)
    return folder


def as_text(path: Path) -> pl.DataFrame:
    """A file's cells as text."""
    if path.suffix == ".parquet":
        return pl.read_parquet(path)
    return pl.read_csv(io.StringIO(path.read_bytes().decode("utf-8-sig")), infer_schema=False)


def test_the_inbox_has_events_by_month_a_corrected_day_lists_and_the_catalogue(inbox: Path) -> None:
    files = {path.relative_to(inbox).as_posix() for path in inbox.rglob("*") if path.is_file()}
    assert files == {
        *(f"marketplace/events/{name}" for name in EVENTS),
        "marketplace/items.csv",
        "marketplace/item_rules.csv",
        "marketplace/shown/2026-09.parquet",
    }


def test_the_same_seed_writes_the_same_bytes_and_another_seed_others(inbox: Path, tmp_path: Path) -> None:
    write_inbox(tmp_path / "again", "tiny", SEED)
    write_inbox(tmp_path / "other", "tiny", SEED + 1)
    for path in filter(Path.is_file, inbox.rglob("*")):
        name = path.relative_to(inbox)
        assert (tmp_path / "again" / name).read_bytes() == path.read_bytes(), name
        assert (tmp_path / "other" / name).read_bytes() != path.read_bytes() or name.name == "item_rules.csv", name


@pytest.mark.parametrize("name", EVENTS)
def test_events_have_the_log_s_columns_as_text(inbox: Path, name: str) -> None:
    assert as_text(inbox / "marketplace/events" / name).schema == dict.fromkeys(EVENT_COLUMNS, pl.String())


def test_every_event_is_delivered_and_beside_them_nothing_but_slips(inbox: Path) -> None:
    drawn = pl.concat(event_days(simulate_marketplace("tiny", SEED)))
    per_month = [drawn.filter(pl.col("utc_event_date").str.starts_with(name[:7])) for name in EVENTS[:3]]
    for name, rows in zip(EVENTS[:3], per_month, strict=True):
        delivered = as_text(inbox / "marketplace/events" / name)
        good, slips = delivered.head(rows.height), delivered.tail(delivered.height - rows.height)
        assert_frame_equal(good.with_columns(pl.col("user_id").str.strip_chars()), rows)
        assert slips.height == 5 * SLIPS + DUPLICATES


def test_one_user_has_spaces_around_in_some_of_the_rows(inbox: Path) -> None:
    users = as_text(inbox / "marketplace/events/2026-08.parquet").get_column("user_id")
    padded = users.filter(users.str.starts_with(" "))
    assert padded.n_unique() == 1
    assert padded[0] == f" {padded[0].strip()} "
    assert padded.len() < (users.str.strip_chars() == padded[0].strip()).sum()


def test_each_kind_of_slip_is_there() -> None:
    rows = pl.concat(event_days(simulate_marketplace("tiny", SEED)))
    slips = slips_of(np.random.default_rng(1), rows)
    n_items = pl.col("ecom.nm").str.count_matches(r"\d+")
    n_pieces = pl.col("ecom.qty").str.count_matches(r"\d+")
    assert slips.filter(n_items != n_pieces).height == SLIPS
    assert slips.filter(pl.col("ecom.nm") == "[]", pl.col("event_type") == "purchase").height == SLIPS
    assert slips.filter(pl.col("ecom.price100").str.contains(r"^\[0(, 0)*\]$")).height == SLIPS
    assert slips.filter(pl.col("ecom.price100").str.contains("-")).height == SLIPS
    assert slips.filter(pl.col("event_type") == UNKNOWN_TYPE).height == SLIPS
    key = ["user_id", "utc_event_time", "event_type", "platform"]
    assert slips.head(-DUPLICATES).join(rows, on=key, how="semi", nulls_equal=True).is_empty()
    assert slips.tail(DUPLICATES).join(rows, on=rows.columns, how="semi", nulls_equal=True).height == DUPLICATES


def test_a_day_is_delivered_again_with_lower_prices_and_is_read_after_its_month(inbox: Path) -> None:
    first = as_text(inbox / "marketplace/events" / EVENTS[2])
    again = as_text(inbox / "marketplace/events" / EVENTS[3])
    day = first.filter(pl.col("utc_event_date") == "2026-09-17").head(again.height)
    prices = pl.col("ecom.price100")
    assert_frame_equal(again.drop("ecom.price100"), day.drop("ecom.price100").with_columns(pl.col("user_id").str.strip_chars()))
    total = [frame.select(prices.str.extract(r"(\d+)").cast(pl.Int64).sum()).item() for frame in (again, day)]
    assert total[0] / total[1] == pytest.approx(CORRECTION, abs=0.01)
    assert sorted(EVENTS) == list(EVENTS)


def test_corrected_prices_are_known() -> None:
    rows = pl.DataFrame({"ecom.price100": ["[10000]", "[20000, 40000]", "[]"]})
    assert corrected(rows).get_column("ecom.price100").to_list() == ["[9500]", "[19000, 38000]", "[]"]


def test_lists_that_were_shown_are_delivered(inbox: Path) -> None:
    drawn = pl.concat(shown_days(simulate_marketplace("tiny", SEED)))
    assert_frame_equal(as_text(inbox / "marketplace/shown/2026-09.parquet"), drawn)


def test_the_catalogue_tells_nothing_of_the_truth_and_says_what_is_never_recommended(inbox: Path) -> None:
    items, rules = as_text(inbox / "marketplace/items.csv"), as_text(inbox / "marketplace/item_rules.csv")
    assert items.columns == ["nm", "title", "category", "available", "available_from"]
    assert items.get_column("nm").is_unique().all()
    assert items.get_column("title").null_count() == 0
    assert set(items.get_column("available").head(-len(ANNOUNCED))) == {"true", "false", None}
    assert rules.filter(pl.col("rule") == "deny").join(items, on="nm", how="semi").height == len(DENIED)


def test_the_spoiled_cells_stand_where_they_are_said_to_stand(tmp_path: Path) -> None:
    slips = write_inbox(tmp_path, "tiny", SEED)
    assert len(slips) == CSV_SLIPS + CATALOGUE_SLIPS
    assert len({(slip.source_file, slip.source_row) for slip in slips}) == len(slips)
    for slip in slips:
        assert as_text(tmp_path / slip.source_file).item(slip.source_row - 2, slip.column) == slip.value


@pytest.mark.parametrize("size", [Size.TINY, Size.DEMO])
def test_the_inbox_refuses_the_spoiled_rows_and_no_other(size: Size, tmp_path: Path) -> None:
    slips = write_inbox(tmp_path, size, SEED)
    refused = []
    for path in filter(Path.is_file, sorted(tmp_path.rglob("*"))):
        findings = validate_file(path, CONTRACTS, today=dt.date(2026, 10, 1)).findings
        assert findings.failure is None
        assert findings.counts.read > findings.counts.refused
        refused += [(path.name, example.source_row) for problem in findings.problems for example in problem.examples]
    assert sorted(refused) == sorted((Path(slip.source_file).name, slip.source_row) for slip in slips)


def test_a_large_log_is_written_day_by_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        marketplace_inbox, "simulate_marketplace", lambda _size, seed, last_day: simulate_marketplace("tiny", seed, last_day)
    )
    slips = write_inbox(tmp_path, Size.LARGE, SEED)
    files = sorted((tmp_path / "marketplace/events").iterdir())
    assert [path.name for path in files[::69]] == ["2026-07-23.parquet", "2026-09-30.parquet"]
    assert_frame_equal(pl.concat(map(pl.read_parquet, files)), pl.concat(event_days(simulate_marketplace("tiny", SEED))))
    assert len(slips) == CATALOGUE_SLIPS


@pytest.mark.parametrize(
    ("asked", "folders"),
    [
        ("marketplace", {"marketplace"}),
        ("stores", {"stores"}),
        ("all", {"marketplace", "posts", "propensity", "sellers", "stores"}),
    ],
)
def test_the_command_writes_the_products_that_it_is_asked_for(
    asked: str, folders: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["simulation", "--inbox", str(tmp_path), "--size", "tiny", "--product", asked])
    command.main()
    assert {path.name for path in tmp_path.iterdir()} == folders
    assert str(tmp_path) in capsys.readouterr().out
