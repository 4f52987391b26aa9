"""The files that the made-up shop's people and its recorder hand over."""

import datetime as dt
import io
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from simulation import shop_inbox
from simulation.delivery import SpoiledCell
from simulation.retailer import LAST_DAY, Size
from simulation.shop import DayKind, ShopExtent
from simulation.shop_inbox import CAMERA, OTHER_CAMERA, STORE, Recording, recorded_days, write_inbox
from simulation.shop_metrics import true_metrics
from simulation.shop_picture import Renderer
from vitrina.inbox.messages import RefusedFileError
from vitrina.inbox.validate import validate_file
from vitrina.sellers.cameras import described
from vitrina.sellers.contracts import CONTRACTS
from vitrina.sellers.footage import UnreadableVideoError, probe
from vitrina.sellers.manual_counts import beside, counted
from vitrina.sellers.mot import Kind, read_mot
from vitrina.sellers.video_names import NamePattern, read_name
from vitrina.sellers.video_times import Clock

SEED = 3
SMALL = Recording(
    ShopExtent(open_s=120, width=160, height=90, fps=5, arrivals_per_hour=700, pace=0.3),
    (DayKind.BUSY, DayKind.USUAL),
    (60.0, 64.0),
)
"""Pictures as small as stamps, and two days: what is written does not depend on their size."""


@pytest.fixture(scope="module", autouse=True)
def _small() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(shop_inbox.RECORDINGS, Size.TINY, SMALL)
        yield


@pytest.fixture(scope="module")
def written(_small: None, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[SpoiledCell, ...]]:
    folder = tmp_path_factory.mktemp("inbox")
    return folder, write_inbox(folder, "tiny", SEED)


def as_text(path: Path) -> pl.DataFrame:
    """A table's cells as text."""
    if path.suffix == ".xlsx":
        header, *rows = openpyxl.load_workbook(path).active.iter_rows(values_only=True)
        return pl.DataFrame(rows, schema=list(header), orient="row")
    return pl.read_csv(io.StringIO(path.read_bytes().decode("utf-8-sig")), infer_schema=False)


def tables(folder: Path) -> list[Path]:
    return [path for path in sorted((folder / "sellers").rglob("*")) if path.is_file() and "videos" not in path.parts]


def films(folder: Path) -> Path:
    return folder / "sellers" / "videos" / STORE


def good_films(folder: Path) -> list[Path]:
    return [films(folder) / CAMERA / f"{day.started_at:%Y%m%dT%H%M%SZ}.mp4" for day in recorded_days("tiny", SEED)]


def test_the_inbox_has_a_film_per_day_and_a_file_of_each_other_kind(written: tuple[Path, tuple[SpoiledCell, ...]]) -> None:
    names = sorted(path.name for path in (written[0] / "sellers").iterdir())
    assert names == ["annotations", "cameras.csv", "manual_counts.csv", "receipts.csv", "shifts.xlsx", "true_roles.csv", "videos"]
    for path, day in zip(good_films(written[0]), recorded_days("tiny", SEED), strict=True):
        facts = probe(path)
        assert facts.duration_s == pytest.approx(day.length_s, abs=0.25)
        assert (facts.width, facts.height) == (160, 90)


def test_the_days_follow_one_another_up_to_the_last_and_are_of_one_shop() -> None:
    days = recorded_days("tiny", SEED)
    assert [day.started_at.date() for day in days] == [LAST_DAY - dt.timedelta(days=1), LAST_DAY]
    assert days[0].lens == days[1].lens


def test_the_same_seed_writes_the_same_bytes(written: tuple[Path, tuple[SpoiledCell, ...]], tmp_path: Path) -> None:
    folder, slips = written
    assert write_inbox(tmp_path, "tiny", SEED) == slips
    for path in filter(Path.is_file, folder.rglob("*")):
        again = tmp_path / path.relative_to(folder)
        if path.suffix == ".xlsx":  # an archive holds the time at which it was made
            assert as_text(again).equals(as_text(path))
        else:
            assert again.read_bytes() == path.read_bytes(), path.name


def test_the_inbox_refuses_the_spoiled_rows_and_no_other(written: tuple[Path, tuple[SpoiledCell, ...]]) -> None:
    folder, slips = written
    refused = []
    for path in tables(folder):
        findings = validate_file(path, CONTRACTS, today=LAST_DAY + dt.timedelta(days=1)).findings
        assert findings.failure is None, path
        assert findings.counts.loaded > 0
        refused += [(path.name, example.source_row) for problem in findings.problems for example in problem.examples]
        assert findings.counts.refused == sum(slip.source_file == path.relative_to(folder).as_posix() for slip in slips)
    assert sorted(refused) == sorted((Path(slip.source_file).name, slip.source_row) for slip in slips)
    assert {Path(slip.source_file).name for slip in slips} == {"shifts.xlsx", "receipts.csv", "manual_counts.csv"}


def test_the_spoiled_cells_stand_where_they_are_said_to_stand(written: tuple[Path, tuple[SpoiledCell, ...]]) -> None:
    folder, slips = written
    for slip in slips:
        assert (as_text(folder / slip.source_file).item(slip.source_row - 2, slip.column) or "") == slip.value


def test_one_film_has_no_index_one_is_empty_and_neither_can_be_read(written: tuple[Path, tuple[SpoiledCell, ...]]) -> None:
    first = recorded_days("tiny", SEED)[0].started_at
    sizes = []
    for days in (1, 2):
        path = films(written[0]) / CAMERA / f"{first - dt.timedelta(days=days):%Y%m%dT%H%M%SZ}.mp4"
        sizes.append(path.stat().st_size)
        with pytest.raises(UnreadableVideoError):
            probe(path)
    assert sizes[0] > 1_000
    assert sizes[1] == 0


def test_one_film_lies_in_another_cameras_folder_too(written: tuple[Path, tuple[SpoiledCell, ...]]) -> None:
    good = good_films(written[0])[0]
    assert (films(written[0]) / OTHER_CAMERA / good.name).read_bytes() == good.read_bytes()


def test_the_name_of_one_film_says_nothing_and_those_of_the_others_say_when(written: tuple[Path, tuple[SpoiledCell, ...]]) -> None:
    refused, starts = [], set()
    for path in films(written[0]).rglob("*.mp4"):
        try:
            name = read_name(path.relative_to(written[0] / "sellers").as_posix(), NamePattern(), {}, Clock())
        except RefusedFileError:
            refused.append(path.name)
        else:
            starts.add(name.start.at)
    assert refused == ["Новая запись (2).mp4"]
    assert {day.started_at for day in recorded_days("tiny", SEED)} < starts


def test_the_camera_is_described_so_that_feet_are_found_on_the_floor(written: tuple[Path, tuple[SpoiledCell, ...]]) -> None:
    camera = described(as_text(written[0] / "sellers/cameras.csv"), STORE, CAMERA)
    day = recorded_days("tiny", SEED)[0]
    assert (camera.time_zone, camera.opening) == ("Europe/Moscow", "09:00-09:02")
    assert len(camera.staff_zone) >= 4
    pixels, _ = day.lens.project(pl.DataFrame({"x": [5.0], "y": [4.8], "z": [0.0]}).to_numpy())
    assert camera.plane is not None
    assert camera.plane.metres(pixels)[0] == pytest.approx([5.0, 4.8], abs=0.1)


def test_receipts_of_all_days_have_numbers_of_their_own_and_one_of_each_was_brought_back(
    written: tuple[Path, tuple[SpoiledCell, ...]],
) -> None:
    rows = as_text(written[0] / "sellers/receipts.csv").drop_nulls().filter(pl.col("amount").str.contains(r"^-?\d+\.\d\d$"))
    whole = rows.filter(pl.col("at").str.ends_with("+03:00")).unique("receipt_id", keep="first", maintain_order=True)
    purchases = sum(len(day.purchases) for day in recorded_days("tiny", SEED))
    back = whole.filter(pl.col("amount").str.starts_with("-"))
    assert whole.height == purchases + back.height
    assert back.height == sum(bool(day.purchases) for day in recorded_days("tiny", SEED)) > 0


def test_what_was_counted_by_hand_is_the_truth_of_each_film(written: tuple[Path, tuple[SpoiledCell, ...]]) -> None:
    rows = as_text(written[0] / "sellers/manual_counts.csv").filter(pl.col("value") != "много")
    raw = rows.with_columns(
        pl.col("value").cast(pl.Float64), *(pl.col(name).str.to_datetime(time_zone="UTC") for name in ("begin", "end"))
    )
    found = counted(raw)
    assert found["counters"].unique().to_list() == [2]
    for day in recorded_days("tiny", SEED):
        mine = found.filter(pl.col("begin") == day.started_at)
        true = dict(true_metrics(day).select("metric", "value").iter_rows())
        assert mine.height >= 3
        for metric, value in mine.select("metric", "counted").iter_rows():
            assert value == pytest.approx(true[metric], abs=1e-3)
    measured = found.select("store_id", "camera_id", "begin", "end", "metric", value="counted").with_columns(
        n=pl.lit(1), refused=pl.lit(None, pl.String)
    )
    assert beside(found, measured)["reason"].null_count() == found.height


def test_boxes_were_drawn_on_the_films_own_frames_and_everybody_on_them_has_a_role(
    written: tuple[Path, tuple[SpoiledCell, ...]],
) -> None:
    day = recorded_days("tiny", SEED)[0]
    start = good_films(written[0])[0].stem
    drawn = read_mot(written[0] / "sellers" / "annotations" / STORE / CAMERA / f"{start}.txt", Kind.TRUTH)
    assert (drawn["frame"].min(), drawn["frame"].max()) == (301, 320)
    # the frame at 60.4 s repeats the picture that was painted of 60 s
    at_60 = {seen.person.number: seen.box for seen in Renderer(day).frame(60.0).seen if seen.visible >= shop_inbox.LEAST_VISIBLE}
    for frame in (301, 303):
        rows = drawn.filter(pl.col("frame") == frame)
        assert {
            row[0]: pytest.approx(row[1:], abs=0.01) for row in rows.select("identity", "x1", "y1", "x2", "y2").iter_rows()
        } == at_60
    roles = as_text(written[0] / "sellers/true_roles.csv")
    assert set(roles["identity"].cast(pl.Int64)) == set(drawn["identity"])
    assert set(roles["start"]) == {start}
    sellers = {str(person.number) for person in day.people if person.seller_id}
    assert {row[0] for row in roles.filter(pl.col("role") == "seller").select("identity").iter_rows()} <= sellers
