"""Videos are listed here and elsewhere; an outage is no empty folder, and no link leads out of the inbox."""

import datetime as dt
import os
import uuid
from pathlib import Path

import pytest
from upath import UPath

from vitrina.errors import DeliveryError
from vitrina.inbox.difference import FoundFile, Listing
from vitrina.sellers.fingerprints import fingerprint
from vitrina.sellers.uploads import plan_uploads, read_names, settle, with_fingerprints
from vitrina.sellers.video_listing import identify, list_videos, modified_at, open_video
from vitrina.sellers.video_names import NamePattern
from vitrina.sellers.video_times import Clock

PATTERN = NamePattern()
NINE = "videos/shop/till/20261014_090000.mp4"
TEN = "videos/shop/door/20261014_100000.mp4"
UNFINISHED = [
    "videos/shop/till/.hidden.mp4",
    "videos/shop/till/a.mp4.part",
    "videos/shop/till/a.mp4.PARTIAL",
    "videos/shop/till/a.mp4.tmp",
    "videos/shop/till/a.mp4~",
    "videos/shop/till/~$a.mp4",
    "videos/shop/till/a.mp4.filepart",
    "videos/.snapshot/till/20261014_090000.mp4",
]


def put(root, *paths, content=b"video"):
    for path in paths:
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


def paths(listing):
    return [file.path for file in listing.files]


@pytest.fixture
def here(tmp_path):
    root = tmp_path / "inbox" / "sellers"
    root.mkdir(parents=True)
    return UPath(root)


@pytest.fixture
def elsewhere():
    root = UPath(f"memory://{uuid.uuid4().hex}/inbox/sellers")
    root.mkdir(parents=True)
    return root


@pytest.fixture
def s3(monkeypatch):
    server = pytest.importorskip("moto.server", reason="moto[server] is not installed")
    pytest.importorskip("s3fs", reason="s3fs is not installed")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    running = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    running.start()
    host, port = running.get_host_and_port()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "any")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "any")
    root = UPath(f"s3://{uuid.uuid4().hex}/sellers", endpoint_url=f"http://{host}:{port}")
    root.fs.mkdir(root.parent.path.strip("/"))
    yield root
    running.stop()


@pytest.fixture(params=["here", "elsewhere", "s3"])
def root(request):
    return request.getfixturevalue(request.param)


def test_videos_are_listed_by_path_with_their_size_and_date(root):
    put(root, NINE, TEN, content=b"0123456789")
    put(root, "receipts/a.csv", "stray.mp4")
    listing = list_videos(root, PATTERN)
    assert paths(listing) == [TEN, NINE]
    assert {file.size for file in listing.files} == {10}
    assert (listing.unexpected, listing.outside) == ((), ())
    for file in listing.files:
        age = dt.datetime.now(dt.UTC) - modified_at(file)
        assert abs(age.total_seconds()) < 60


def test_what_is_hidden_or_unfinished_is_left_out(root):
    put(root, NINE, *UNFINISHED)
    assert paths(list_videos(root, PATTERN)) == [NINE]


def test_each_look_sees_what_has_changed(root):
    put(root, NINE)
    first = list_videos(root, PATTERN)
    put(root, TEN)
    put(root, NINE, content=b"longer than before")
    second = list_videos(root, PATTERN)
    assert paths(second) == [TEN, NINE]
    assert second.files[1].stamp != first.files[0].stamp
    (root / NINE).unlink()
    assert paths(list_videos(root, PATTERN)) == [TEN]


def test_an_inbox_without_videos_is_empty(root):
    put(root, "receipts/a.csv")
    assert list_videos(root, PATTERN) == Listing(())


def test_an_inbox_that_is_not_there_is_an_outage(tmp_path):
    assert list_videos(UPath(tmp_path) / "not mounted" / "sellers", PATTERN) is None
    assert list_videos(UPath(tmp_path) / "sellers", PATTERN) == Listing(())
    assert list_videos(UPath(f"memory://{uuid.uuid4().hex}/inbox/sellers"), PATTERN) is None


def test_a_folder_that_cannot_be_read_is_an_outage(here, monkeypatch):
    put(here, NINE, TEN)
    whole = os.scandir

    def refuse(folder):
        if Path(folder).name == "till":
            raise PermissionError(13, "Permission denied", str(folder))
        return whole(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    assert list_videos(here, PATTERN) is None


class StorageError(Exception):
    """As the clients of object stores have it: no OSError."""


@pytest.mark.parametrize("error", [StorageError("no answer"), ConnectionError("no answer")])
def test_storage_that_does_not_answer_is_an_outage_and_says_why(elsewhere, monkeypatch, caplog, error):
    put(elsewhere, NINE)

    def fail(*_args, **_more):
        raise error

    monkeypatch.setattr(elsewhere.fs, "ls", fail)
    assert list_videos(elsewhere, PATTERN) is None
    assert "no answer" in caplog.text


def test_one_folder_that_does_not_answer_is_an_outage_too(elsewhere, monkeypatch):
    put(elsewhere, NINE, TEN)
    whole = elsewhere.fs.ls

    def fail(path, **more):
        if path.endswith("till"):
            raise FileNotFoundError(path)
        return whole(path, **more)

    monkeypatch.setattr(elsewhere.fs, "ls", fail)
    assert list_videos(elsewhere, PATTERN) is None


def test_what_a_client_remembers_of_a_folder_is_not_trusted(elsewhere, monkeypatch):
    put(elsewhere, NINE)
    whole, remembered = elsewhere.fs.ls, {}

    def remember(path, **more):
        if path not in remembered:
            remembered[path] = whole(path, **more)
        return remembered[path]

    monkeypatch.setattr(elsewhere.fs, "ls", remember)
    monkeypatch.setattr(elsewhere.fs, "invalidate_cache", remembered.clear)
    assert paths(list_videos(elsewhere, PATTERN)) == [NINE]
    put(elsewhere, TEN)
    assert paths(list_videos(elsewhere, PATTERN)) == [TEN, NINE]


def test_the_marker_of_a_folder_and_a_file_without_size_make_no_video(elsewhere, monkeypatch):
    put(elsewhere, NINE)
    whole = elsewhere.fs.ls

    def as_object_store(path, **more):
        marker = {"name": path.rstrip("/") + "/", "size": 0, "type": "directory"}
        unsized = {"name": f"{path.rstrip('/')}/unsized.mp4", "size": None, "type": "file"}
        return [marker, *whole(path, **more), *([unsized] if path.endswith("till") else [])]

    monkeypatch.setattr(elsewhere.fs, "ls", as_object_store)
    listing = list_videos(elsewhere, PATTERN)
    assert paths(listing) == [NINE]
    assert listing.unexpected == ("videos/shop/till/unsized.mp4",)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"LastModified": dt.datetime(2026, 10, 14, 9, tzinfo=dt.UTC), "ETag": '"0a"'}, '2026-10-14T09:00:00+00:00 "0a"'),
        ({"mtime": 1791957600.0}, "2026-10-14T06:00:00+00:00"),
        ({"modify": "20261014090000"}, "20261014T090000"),
        ({"modified": "2026-10-14 09:00:00"}, "2026-10-14T09:00:00"),
        ({"etag": "0a"}, "0a"),
        ({}, ""),
    ],
)
def test_every_storage_has_its_own_way_to_tell_dates(elsewhere, monkeypatch, told, expected):
    put(elsewhere, NINE)
    entry = {"name": f"{elsewhere.path}/{NINE}", "size": 5, "type": "file"} | told
    monkeypatch.setattr(elsewhere.fs, "ls", lambda *_, **__: [entry])
    (file,) = list_videos(elsewhere, PATTERN).files
    assert file.modified == expected
    at = modified_at(file)
    assert at is None or (at.year, at.tzinfo is not None) == (2026, True)
    assert (at is None) is (expected in ("0a", ""))


def test_links_that_leave_the_inbox_are_told_and_never_followed(here, tmp_path):
    put(here, NINE)
    put(UPath(tmp_path), "secret/shop/till/x.mp4")
    till = Path(str(here)) / "videos" / "shop" / "till"
    (till / "out.mp4").symlink_to(tmp_path / "secret" / "shop" / "till" / "x.mp4")
    (till / "within.mp4").symlink_to("20261014_090000.mp4")
    (till / "round.mp4").symlink_to("round.mp4")
    (till / "nowhere.mp4").symlink_to("nothing")
    (till.parent / "folder").symlink_to(till)
    listing = list_videos(here, PATTERN)
    assert paths(listing) == [NINE, "videos/shop/till/within.mp4"]
    assert listing.outside == (
        "videos/shop/folder",
        "videos/shop/till/nowhere.mp4",
        "videos/shop/till/out.mp4",
        "videos/shop/till/round.mp4",
    )


def test_a_folder_of_videos_that_is_a_link_out_of_the_inbox_is_told(here, tmp_path):
    put(UPath(tmp_path), "elsewhere/shop/till/x.mp4")
    Path(str(here / "videos")).symlink_to(tmp_path / "elsewhere")
    assert list_videos(here, PATTERN) == Listing((), (), ("videos",))


def test_a_file_that_becomes_a_link_out_of_the_inbox_is_not_opened(here, tmp_path):
    put(here, NINE)
    (listed,) = list_videos(here, PATTERN).files
    put(UPath(tmp_path), "secret.mp4")
    (here / NINE).unlink()
    Path(str(here / NINE)).symlink_to(tmp_path / "secret.mp4")
    with pytest.raises(DeliveryError, match="leaves"):
        open_video(here, NINE)
    assert identify(here, listed) is None


def test_a_pipe_is_no_video_and_a_name_that_is_not_unicode_is_told(here):
    put(here, NINE)
    folder = Path(str(here / "videos" / "shop" / "till"))
    os.mkfifo(folder / "pipe.mp4")
    (folder / os.fsdecode(b"a\xff.mp4")).touch()
    listing = list_videos(here, PATTERN)
    assert (paths(listing), listing.unexpected) == ([NINE], ("videos/shop/till/a\\udcff.mp4",))


def test_folders_without_end_are_told(root):
    deep = "/".join(["videos", *"abcdefghijklmnopqrst"])
    put(root, NINE, f"{deep}/x.mp4")
    listing = list_videos(root, PATTERN)
    assert (paths(listing), len(listing.unexpected)) == ([NINE], 1)


def test_a_pattern_without_a_folder_looks_at_the_whole_root(root):
    put(root, "shop/till/20261014_090000.mp4")
    listing = list_videos(root, NamePattern("{store}/{camera}/{start}.{suffix}"))
    assert paths(listing) == ["shop/till/20261014_090000.mp4"]


def test_a_video_is_identified_wherever_it_lies(root):
    put(root, NINE, content=b"content")
    (listed,) = list_videos(root, PATTERN).files
    with open_video(root, NINE) as file:
        assert identify(root, listed) == fingerprint(file, 7)


def test_a_video_that_has_changed_since_it_was_listed_is_not_identified(root):
    put(root, NINE, content=b"content")
    (listed,) = list_videos(root, PATTERN).files
    put(root, NINE, content=b"longer content")
    assert identify(root, listed) is None
    (root / NINE).unlink()
    assert identify(root, listed) is None


def test_a_video_that_was_rewritten_with_the_same_size_is_not_identified(root):
    put(root, NINE, content=b"content")
    listed = FoundFile(NINE, 7, "1", "videos")
    assert identify(root, listed) is None


def test_a_look_leads_from_files_to_a_plan(root):
    put(root, NINE, content=b"one")
    put(root, TEN, content=b"other")
    put(root, "videos/shop/door/20261014_110000.mp4", content=b"one")
    put(root, "videos/shop/door/notes.txt")
    pending, plans = {}, []
    for _ in range(2):
        seen = read_names(list_videos(root, PATTERN), PATTERN, {}, Clock("Europe/Moscow"))
        settled = settle(seen, [], pending, now=dt.datetime.now(dt.UTC), settle_s=3600)
        pending = settled.pending
        seen = with_fingerprints(seen, {file.path: identify(root, file) for file in settled.complete})
        plans.append(plan_uploads(seen, [], [], [], now=dt.datetime(2026, 12, 1, tzinfo=dt.UTC), retention=None))
    assert (plans[0].run, len(plans[0].refused)) == ((), 1)
    assert [upload.video.file.path for upload in plans[1].run] == [NINE, TEN]
    assert [key.rpartition("|")[0] for key in plans[1].add] == ["shop|door|20261014T070000Z", "shop|till|20261014T060000Z"]
    assert [one.original for one in plans[1].duplicates] == [NINE]


def test_a_time_beyond_the_calendar_is_no_time():
    assert modified_at(FoundFile(NINE, 1, str(3 * 10**20), "videos")) is None
    assert modified_at(FoundFile(NINE, 1, str(10**18), "videos")).year == 2001
