"""What shows people goes when its time is over: no sooner, nothing else, and not because of an outage."""

import datetime as dt
import os
import re
import uuid
from pathlib import Path

import polars as pl
import pytest
from upath import UPath

from vitrina.inbox.difference import local
from vitrina.sellers.arrivals import look
from vitrina.sellers.day_tables import DeletedFiles, EvidenceFiles
from vitrina.sellers.evidence.names import file_stem
from vitrina.sellers.retention import expire
from vitrina.sellers.video_ledger import VideoLedger
from vitrina.sellers.video_listing import list_videos
from vitrina.sellers.video_names import NamePattern
from vitrina.settings import Settings

SEEN = dt.datetime(2026, 10, 14, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
DUE = SEEN + 3 * DAY
NINE, TEN = "videos/shop/till/20261014_060000.mp4", "videos/shop/till/20261014_070000.mp4"
BYSTANDER = "videos/shop/door/20261014_060000.mp4"
BADLY_NAMED = "videos/shop/till/yesterday.mp4"
KEY = "shop|till|20261014T060000Z|0a1b2c3d"
ARTIFACTS = "artifacts/sellers"


class Shop:
    """A data folder and an inbox, looked at as the sensor does."""

    def __init__(self, folder, inbox, **more):
        self.settings = Settings(data=folder / "data", inbox=str(inbox), **more)
        self.ledger = VideoLedger(self.settings.videos)
        self.root = UPath(inbox) / "sellers"

    def put(self, path, content=b"video", written=SEEN - DAY):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        if (here := local(file)) is not None:
            os.utime(here, (written.timestamp(), written.timestamp()))

    def look(self, now=SEEN, times=2):
        pending = {}
        for _ in range(times):
            found = look(self.settings, self.ledger, pending=pending, in_flight=(), present=(), now=now)
            pending = found.pending

    def evaluate(self, *, readable=True):
        for record in self.ledger.waiting():
            self.ledger.conclude(record.video, readable=readable)

    def arrive(self, *paths, now=SEEN):
        for path in paths:
            self.put(path, path.encode())
        self.look(now)
        self.evaluate()

    def expire(self, now=DUE, evidence=None):
        found = expire(self.settings, self.ledger, EvidenceFiles.empty() if evidence is None else evidence, now, self.root)
        return {row["path"]: row for row in found.iter_rows(named=True)}

    def states(self):
        rows = self.ledger.deliveries(None).select("path", "version", "state").iter_rows()
        return {(path, version): state for path, version, state in rows}

    def has(self, path):
        return (self.root / path).exists()

    def ours(self, path, content=b"picture", written=SEEN):
        file = self.settings.data / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        os.utime(file, (written.timestamp(), written.timestamp()))
        return file

    def receipts(self, locale="en"):
        return {path.name: path.read_text() for path in (self.settings.receipts / "sellers").glob(f"*.{locale}.md")}


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path, tmp_path / "inbox")


@pytest.fixture(params=["here", "elsewhere"])
def any_shop(request, tmp_path):
    return Shop(tmp_path, tmp_path / "inbox" if request.param == "here" else f"memory://{uuid.uuid4().hex}/inbox")


def evidence(*rows):
    full = [
        {
            "video": KEY,
            "kind": kind,
            "interaction": place,
            "locale": "",
            "path": path,
            "begin_s": None,
            "end_s": None,
            "size": 7,
            "expires_at": expires_at,
        }
        for place, (kind, path, expires_at) in enumerate(rows)
    ]
    return EvidenceFiles.check(pl.DataFrame(full, schema=EvidenceFiles.polars_schema()))


def break_unlink(monkeypatch, name):
    real = Path.unlink

    def unlink(self, *, missing_ok=False):
        if self.name == name:
            raise PermissionError(13, "Permission denied")
        real(self, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", unlink)


def test_a_video_goes_when_its_time_is_over_and_not_a_second_before(any_shop):
    any_shop.arrive(NINE, TEN)
    assert any_shop.expire(DUE - dt.timedelta(seconds=1)) == {}
    assert any_shop.has(NINE)
    told = any_shop.expire(DUE)
    assert not any_shop.has(NINE)
    assert set(told) == {NINE, TEN}
    assert told[NINE]["kind"] == "video"
    assert told[NINE]["size"] == len(NINE)
    assert told[NINE]["failure"] is None
    assert told[NINE]["deleted_at"] == DUE
    assert set(any_shop.states().values()) == {"expired"}
    assert any_shop.ledger.find(told[NINE]["video"]).deleted_at == DUE


def test_a_second_round_does_nothing(any_shop):
    any_shop.arrive(NINE, BYSTANDER)
    any_shop.expire()
    any_shop.arrive(TEN, now=DUE)
    any_shop.look(DUE)
    assert any_shop.expire(DUE + dt.timedelta(hours=1)) == {}
    assert len(any_shop.receipts()) == 1


def test_a_video_in_s3_goes_too(tmp_path, monkeypatch):
    server = pytest.importorskip("moto.server", reason="moto[server] is not installed")
    pytest.importorskip("s3fs", reason="s3fs is not installed")
    running = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    running.start()
    try:
        host, port = running.get_host_and_port()
        for name, value in (("DEFAULT_REGION", "us-east-1"), ("ACCESS_KEY_ID", "any"), ("SECRET_ACCESS_KEY", "any")):
            monkeypatch.setenv(f"AWS_{name}", value)
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        shop = Shop(tmp_path, f"s3://{uuid.uuid4().hex}")
        shop.root.fs.mkdir(shop.root.parent.path.strip("/"))
        shop.put(NINE)
        shop.look()
        shop.evaluate()
        assert shop.expire()[NINE]["failure"] is None
        shop.root.fs.invalidate_cache()
        assert not shop.has(NINE)
    finally:
        running.stop()


@pytest.mark.parametrize("readable", [True, False])
def test_unreadable_and_evaluated_videos_go_alike(shop, readable):
    shop.put(NINE)
    shop.look()
    shop.evaluate(readable=readable)
    assert shop.expire()[NINE]["failure"] is None


def test_a_duplicate_goes_when_its_own_time_is_over(shop):
    shop.put(NINE)
    shop.look()
    shop.evaluate()
    shop.put(TEN)
    shop.look(SEEN + DAY)
    assert shop.states()[TEN, 1] == "duplicate"
    assert set(shop.expire(DUE)) == {NINE}
    assert set(shop.expire(DUE + DAY)) == {TEN}


def test_a_video_that_nobody_evaluated_is_told_and_kept_for_as_long_again(shop):
    shop.put(NINE)
    shop.look(times=1)
    assert shop.expire(DUE - dt.timedelta(seconds=1)) == {}
    assert "2026-10-20 12:00 UTC" in shop.expire(DUE)[NINE]["failure"]
    assert shop.has(NINE)
    assert shop.ledger.waiting()
    assert shop.expire(DUE + 3 * DAY)[NINE]["failure"] is None
    assert not shop.has(NINE)
    assert not shop.ledger.waiting()


def test_a_video_with_a_name_that_nobody_understands_goes_after_twice_the_time(shop):
    shop.put(BADLY_NAMED)
    shop.put("videos/shop/till/notes.txt")
    shop.look()
    assert shop.states()[BADLY_NAMED, 1] == "refused"
    assert "never evaluated" in shop.expire(DUE)[BADLY_NAMED]["failure"]
    assert shop.has(BADLY_NAMED)
    assert shop.expire(DUE + 3 * DAY)[BADLY_NAMED]["failure"] is None
    assert not shop.has(BADLY_NAMED)
    assert shop.has("videos/shop/till/notes.txt")


def test_a_refused_file_that_was_written_again_has_its_own_time(shop):
    shop.put(BADLY_NAMED)
    shop.look()
    shop.put(BADLY_NAMED, b"another", written=DUE)
    shop.expire(DUE + 3 * DAY)
    assert shop.has(BADLY_NAMED)
    assert shop.expire(DUE + 6 * DAY)[BADLY_NAMED]["failure"] is None
    assert not shop.has(BADLY_NAMED)


def test_a_new_version_of_a_name_is_kept_for_its_own_time(shop):
    shop.arrive(NINE)
    shop.put(NINE, b"other content", written=SEEN + DAY)
    shop.look(SEEN + 2 * DAY)
    shop.evaluate()
    assert shop.expire(DUE) == {}
    assert shop.has(NINE)
    assert shop.states() == {(NINE, 1): "expired", (NINE, 2): "evaluated"}
    assert shop.expire(DUE + 2 * DAY)[NINE]["failure"] is None
    assert not shop.has(NINE)


def test_a_new_version_that_was_not_looked_at_yet_is_not_touched(shop):
    shop.arrive(NINE)
    shop.put(NINE, b"other content", written=DUE)
    assert shop.expire(DUE) == {}
    assert (shop.root / NINE).read_bytes() == b"other content"
    assert shop.states() == {(NINE, 1): "evaluated"}


def test_the_same_content_written_again_gets_no_second_life(shop):
    shop.arrive(NINE)
    shop.put(NINE, NINE.encode(), written=DUE - DAY)
    shop.look(DUE - dt.timedelta(hours=1))
    assert shop.expire(DUE)[NINE]["failure"] is None


def test_a_video_that_was_put_back_is_kept_anew(shop):
    shop.arrive(NINE, BYSTANDER)
    shop.expire(DUE)
    back = DUE + 10 * DAY
    shop.put(NINE, NINE.encode(), written=back)
    shop.look(back + dt.timedelta(hours=1))
    assert shop.expire(back + 2 * DAY) == {}
    assert shop.has(NINE)
    assert shop.expire(back + 3 * DAY)[NINE]["failure"] is None
    assert not shop.has(NINE)


def test_an_outage_deletes_nothing_and_is_told(any_shop, monkeypatch):
    any_shop.arrive(NINE)
    monkeypatch.setattr("vitrina.sellers.retention.list_videos", lambda *_: None)
    assert "cannot be listed" in any_shop.expire()[NINE]["failure"]
    monkeypatch.undo()
    assert any_shop.has(NINE)
    assert any_shop.states() == {(NINE, 1): "evaluated"}


def test_an_inbox_that_is_not_mounted_deletes_nothing(shop, tmp_path):
    shop.arrive(NINE)
    (tmp_path / "inbox").rename(tmp_path / "unmounted")
    (tmp_path / "inbox" / "sellers").mkdir(parents=True)
    assert shop.expire() == {}
    assert shop.states() == {(NINE, 1): "evaluated"}
    (tmp_path / "inbox" / "sellers").rmdir()
    (tmp_path / "inbox").rmdir()
    (tmp_path / "unmounted").rename(tmp_path / "inbox")
    assert set(shop.expire(DUE + DAY)) == {NINE}


def test_a_video_that_somebody_else_deleted_is_noted_without_a_row(shop):
    shop.arrive(NINE, BYSTANDER)
    (shop.root / NINE).unlink()
    assert set(shop.expire()) == {BYSTANDER}
    assert shop.states()[NINE, 1] == "expired"


def test_videos_that_others_delete_are_left_and_told(tmp_path):
    shop = Shop(tmp_path, tmp_path / "inbox", sellers_delete_videos=False)
    shop.arrive(NINE)
    shop.ours(f"{ARTIFACTS}/clips/a.mp4")
    told = shop.expire(DUE, evidence(("clip", f"{ARTIFACTS}/clips/a.mp4", DUE)))
    assert "others" in told[NINE]["failure"]
    assert shop.has(NINE)
    assert told[f"{ARTIFACTS}/clips/a.mp4"]["failure"] is None
    assert shop.states() == {(NINE, 1): "evaluated"}


def test_a_link_out_of_the_inbox_is_never_followed(shop, tmp_path):
    shop.arrive(NINE, BYSTANDER)
    precious = tmp_path / "precious.mp4"
    precious.write_bytes(NINE.encode())
    (shop.root / NINE).unlink()
    (shop.root / NINE).symlink_to(precious)
    shop.expire()
    assert precious.exists()
    assert (shop.root / NINE).is_symlink()


def test_a_folder_that_became_a_link_out_of_the_inbox_is_never_followed(shop, tmp_path):
    shop.arrive(NINE, BYSTANDER)
    (shop.root / "videos/shop/till").rename(tmp_path / "till")
    (shop.root / "videos/shop/till").symlink_to(tmp_path / "till")
    shop.expire()
    assert (tmp_path / "till" / Path(NINE).name).exists()


def test_a_link_that_is_laid_after_the_look_is_not_followed(shop, tmp_path, monkeypatch):
    shop.arrive(NINE)
    found = list_videos(shop.root, NamePattern())
    (shop.root / "videos/shop/till").rename(tmp_path / "till")
    (shop.root / "videos/shop/till").symlink_to(tmp_path / "till")
    monkeypatch.setattr("vitrina.sellers.retention.list_videos", lambda *_: found)
    assert "not touched" in shop.expire()[NINE]["failure"]
    assert (tmp_path / "till" / Path(NINE).name).exists()


def test_a_link_within_the_inbox_goes_with_the_video_that_it_leads_to(shop):
    shop.put("store/a.mp4")
    shop.put(BYSTANDER, b"other")
    (shop.root / "videos/shop/till").mkdir(parents=True)
    (shop.root / NINE).symlink_to(shop.root / "store/a.mp4")
    shop.look()
    shop.evaluate()
    assert shop.expire()[NINE]["failure"] is None
    assert not (shop.root / "store/a.mp4").exists()
    assert not (shop.root / NINE).is_symlink()


def test_what_a_link_leads_to_stays_where_it_has_a_time_of_its_own_or_is_no_video(shop):
    shop.put(BADLY_NAMED)
    shop.put("receipts/sold.csv", b"rows")
    (shop.root / NINE).symlink_to(shop.root / "receipts/sold.csv")
    (shop.root / TEN).symlink_to(shop.root / BADLY_NAMED)
    shop.look()
    shop.evaluate()
    shop.expire(DUE)
    assert not (shop.root / NINE).is_symlink()
    assert not (shop.root / TEN).is_symlink()
    assert shop.has("receipts/sold.csv")
    assert shop.has(BADLY_NAMED)


def test_a_file_that_is_being_written_to_is_left_for_later(shop, monkeypatch):
    shop.arrive(NINE)

    def late(root, pattern):
        found = list_videos(root, pattern)
        shop.put(NINE, b"growing and growing and growing", written=DUE)
        return found

    monkeypatch.setattr("vitrina.sellers.retention.list_videos", late)
    assert "written to" in shop.expire()[NINE]["failure"]
    assert shop.has(NINE)


def test_what_cannot_be_deleted_is_told_and_tried_again(shop, monkeypatch):
    shop.arrive(NINE, TEN)
    break_unlink(monkeypatch, Path(NINE).name)
    told = shop.expire()
    assert told[NINE]["failure"] == "It cannot be deleted: Permission denied."
    assert told[TEN]["failure"] is None
    assert shop.states() == {(NINE, 1): "evaluated", (TEN, 1): "expired"}
    monkeypatch.undo()
    again = shop.expire(DUE + dt.timedelta(minutes=5))
    assert set(again) == {NINE}
    assert not shop.has(NINE)


def test_an_error_of_other_storage_is_told(tmp_path, monkeypatch):
    shop = Shop(tmp_path, f"memory://{uuid.uuid4().hex}/inbox")
    shop.arrive(NINE)

    def refuse(_):
        raise RuntimeError("423 Locked")

    monkeypatch.setattr(shop.root.fs, "rm_file", refuse)
    assert shop.expire()[NINE]["failure"] == "It cannot be deleted: 423 Locked."
    assert shop.has(NINE)


def test_clips_and_pictures_go_at_their_time_and_others_stay(shop):
    paths = [f"{ARTIFACTS}/{name}" for name in ("old.mp4", "old.png", "new.mp4", "map.png")]
    for path in paths:
        shop.ours(path)
    rows = evidence(
        ("clip", paths[0], DUE),
        ("trajectory", paths[1], DUE - DAY),
        ("clip", paths[2], DUE + DAY),
        ("heat map", paths[3], None),
    )
    told = shop.expire(DUE, rows)
    assert {path: row["kind"] for path, row in told.items()} == {paths[0]: "clip", paths[1]: "picture"}
    assert told[paths[0]]["video"] == KEY
    assert told[paths[0]]["size"] == 7
    assert [(shop.settings.data / path).exists() for path in paths] == [False, False, True, True]
    assert shop.expire(DUE, rows) == {}


def test_a_file_that_two_rows_name_stays_as_long_as_either_keeps_it(shop):
    file = shop.ours(f"{ARTIFACTS}/a.png")
    path = f"{ARTIFACTS}/a.png"
    assert shop.expire(DUE, evidence(("trajectory", path, DUE), ("heat map", path, None))) == {}
    assert shop.expire(DUE, evidence(("trajectory", path, DUE), ("trajectory", path, DUE + DAY))) == {}
    assert file.exists()


@pytest.mark.parametrize(
    "path",
    [
        "videos.sqlite",
        "../outside.mp4",
        f"{ARTIFACTS}/../../videos.sqlite",
        "artifacts/stores/report.xlsx",
        "artifacts/sellers-old/a.mp4",
        f"{ARTIFACTS}/link/outside.mp4",
        ARTIFACTS,
        f"{ARTIFACTS}/folder",
        f"{ARTIFACTS}/a\0b.mp4",
        f"{ARTIFACTS}/{'x' * 300}.mp4",
        "",
    ],
)
def test_a_hostile_path_touches_nothing(shop, tmp_path, path):
    shop.arrive(BYSTANDER)
    precious = [
        shop.ours(name) for name in ("artifacts/stores/report.xlsx", "artifacts/sellers-old/a.mp4", f"{ARTIFACTS}/folder/b.txt")
    ]
    (tmp_path / "outside.mp4").write_bytes(b"precious")
    (shop.settings.data / ARTIFACTS / "link").symlink_to(tmp_path)
    told = shop.expire(DUE - DAY, evidence(("clip", path, SEEN)))
    assert [row["failure"] is not None for row in told.values()] == [True]
    assert all(file.exists() for file in (*precious, tmp_path / "outside.mp4", shop.settings.videos))


def test_an_absolute_path_touches_nothing(shop, tmp_path):
    precious = tmp_path / "precious.mp4"
    precious.write_bytes(b"precious")
    told = shop.expire(DUE, evidence(("clip", str(precious), SEEN)))
    assert "not touched" in told[str(precious)]["failure"]
    assert precious.exists()


def test_a_link_among_the_artifacts_goes_and_what_it_leads_to_stays(shop, tmp_path):
    precious = tmp_path / "precious.mp4"
    precious.write_bytes(b"precious")
    link = shop.settings.data / ARTIFACTS / "a.mp4"
    link.parent.mkdir(parents=True)
    link.symlink_to(precious)
    shop.expire(DUE, evidence(("clip", f"{ARTIFACTS}/a.mp4", SEEN)))
    assert not link.is_symlink()
    assert precious.exists()


def test_pictures_of_people_that_no_table_names_go_by_their_age(shop):
    stem = file_stem(KEY)
    old = {
        f"{ARTIFACTS}/labelling/{stem}~000012.jpg": "frame",
        f"{ARTIFACTS}/labelling/{stem}.csv": "frame",
        f"{ARTIFACTS}/{stem}~interaction~0007.mp4": "clip",
        f"{ARTIFACTS}/{stem}~interaction~0007.en.png": "picture",
        f"{ARTIFACTS}/.0123.tmp": "copy",
        "cache/sellers/abc.mp4": "copy",
        "quarantine/sellers/odd.mp4": "copy",
    }
    kept = (
        f"{ARTIFACTS}/report.en.xlsx",
        f"{ARTIFACTS}/{stem}~heat-map.en.png",
        "quarantine/sellers/shifts-0123.csv",
        "artifacts/stores/a.mp4",
        "cache/stores/a.mp4",
    )
    for path in (*old, *kept):
        shop.ours(path)
    told = shop.expire(DUE)
    assert {path: row["kind"] for path, row in told.items()} == old
    assert told[f"{ARTIFACTS}/labelling/{stem}~000012.jpg"]["video"] == KEY
    assert all((shop.settings.data / path).exists() for path in kept)
    assert shop.expire(DUE) == {}


def test_copies_of_work_go_after_a_day_and_other_files_after_three(shop):
    shop.ours("cache/sellers/abc.mp4")
    shop.ours(f"{ARTIFACTS}/{file_stem(KEY)}~000012.jpg")
    assert shop.expire(SEEN + DAY - dt.timedelta(seconds=1)) == {}
    assert set(shop.expire(SEEN + DAY)) == {"cache/sellers/abc.mp4"}
    assert shop.expire(DUE - dt.timedelta(seconds=1)) == {}
    assert len(shop.expire(DUE)) == 1


def test_frames_that_were_taken_late_go_soon_after_their_video(shop):
    shop.arrive(NINE)
    video = shop.ledger.evaluated()[0].video
    frame = shop.ours(f"{ARTIFACTS}/{file_stem(video)}~000012.jpg", written=DUE - dt.timedelta(hours=12))
    shop.expire(DUE)
    assert frame.exists()
    shop.expire(DUE + dt.timedelta(hours=12))
    assert not frame.exists()


def test_nothing_but_files_of_the_product_changes(shop):
    shop.arrive(NINE)
    before = {path: path.read_bytes() for path in (shop.ours("sellers.duckdb"), shop.ours("published/sellers/1.duckdb"))}
    shop.expire()
    assert {path: path.read_bytes() for path in before} == before


def test_receipts_tell_in_both_languages_what_was_deleted_and_what_was_not(shop, monkeypatch):
    shop.arrive(NINE, TEN)
    shop.ours("cache/sellers/abc.mp4", b"x" * 2_500_000)
    break_unlink(monkeypatch, Path(TEN).name)
    shop.expire()
    assert set(shop.receipts()) == {"retention-20261017T120000Z.en.md"}
    english, russian = (next(iter(shop.receipts(locale).values())) for locale in ("en", "ru"))
    assert "**Deleted files: 2. Files that are still there: 1.**" in english
    assert "- Working copies: 1 (2.5 MB)" in english
    assert f"- {NINE}\n" in english.partition("## Deleted")[2].partition("## Still there")[0]
    assert f"- {TEN}: It cannot be deleted: Permission denied." in english.partition("## Still there")[2]
    assert "**Удалено файлов: 2. Осталось на месте: 1.**" in russian
    assert "Не удаётся удалить: Permission denied." in russian
    assert not re.search(r"[A-Z][a-z]+ [a-z]+ [a-z]+", russian)


def test_failures_that_last_leave_one_receipt_a_day(shop, monkeypatch):
    shop.arrive(NINE)
    break_unlink(monkeypatch, Path(NINE).name)
    for minutes in range(5):
        shop.expire(DUE + dt.timedelta(minutes=minutes))
    shop.expire(DUE + DAY)
    assert set(shop.receipts()) == {"retention-20261017-not-deleted.en.md", "retention-20261018-not-deleted.en.md"}


def test_without_anything_to_delete_there_is_no_receipt(shop):
    assert shop.expire() == {}
    assert shop.receipts() == {}


def test_a_hostile_name_stays_text_in_the_receipt(shop):
    path = f"{ARTIFACTS}/![x](http://a)<b>.mp4"
    shop.ours(path)
    shop.expire()
    receipt = next(iter(shop.receipts().values()))
    assert "![x]" not in receipt
    assert "<b>" not in receipt


def test_a_name_that_is_no_unicode_is_deleted_and_told(shop):
    folder = shop.settings.data / "cache/sellers"
    folder.mkdir(parents=True)
    name = os.fsencode(folder) + b"/a\xff.mp4"
    Path(os.fsdecode(name)).write_bytes(b"video")
    os.utime(name, (SEEN.timestamp(), SEEN.timestamp()))
    assert set(shop.expire()) == {"cache/sellers/a\\udcff.mp4"}
    assert not os.path.exists(name)  # noqa: PTH110  # a path of bytes


def test_what_was_deleted_has_a_receipt_even_if_the_round_breaks_off(shop, monkeypatch):
    shop.arrive(NINE)

    def broken(*_):
        raise RuntimeError("broken")
        yield

    monkeypatch.setattr("vitrina.sellers.retention._evidence", broken)
    with pytest.raises(RuntimeError, match="broken"):
        shop.expire()
    assert NINE in next(iter(shop.receipts().values()))


def test_rows_fit_their_table_when_there_are_none(shop):
    found = expire(shop.settings, shop.ledger, EvidenceFiles.empty(), DUE, shop.root)
    assert found.equals(DeletedFiles.empty())
