"""Videos on other storage, with servers of our own: S3 as moto speaks it, WebDAV as wsgidav does."""

import datetime as dt
import logging
import os
import shutil
import threading
import uuid
from dataclasses import dataclass, field

import boto3
import pytest
from moto.server import DomainDispatcherApplication, create_backend_app
from s3fs import S3FileSystem
from werkzeug.serving import make_server
from wsgidav.wsgidav_app import WsgiDAVApp

from vitrina.inbox.difference import Listing
from vitrina.sellers import fingerprints, video_listing
from vitrina.sellers.fingerprints import fingerprint
from vitrina.sellers.video_listing import identify, list_videos, modified_at, open_video
from vitrina.sellers.video_names import NamePattern
from vitrina.settings import Settings

PATTERN = NamePattern()
NINE = "videos/shop/till/20261014_090000.mp4"
TEN = "videos/shop/door/20261014_100000.mp4"
ODD = "videos/магазин #1/till 50%25 ?&+;='ё/20261014_090000 [1].mp4"
PASSWORD = "pa:ss/w@rd"  # noqa: S105  # of a server that lives for one test
EMPTY = Listing(())


@dataclass
class Server:
    """A server on a free port of this machine, which refuses what a test wants refused."""

    app: object
    refused: dict = field(default_factory=dict)
    requests: list = field(default_factory=list)
    without_ranges: bool = False

    def __post_init__(self):
        self._server = make_server("127.0.0.1", 0, self, threaded=True)
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def __call__(self, environ, start_response):
        asked = environ["PATH_INFO"] + "?" + environ.get("QUERY_STRING", "")
        self.requests.append((environ["REQUEST_METHOD"], asked))
        status = next((status for part, status in self.refused.items() if part in asked), None)
        if status:
            start_response(status, [("Content-Length", "0")])
            return [b""]
        if not self.without_ranges:
            return self.app(environ, start_response)
        environ.pop("HTTP_RANGE", None)

        def start(status, headers, exc_info=None):
            return start_response(status, [header for header in headers if header[0].lower() != "accept-ranges"], exc_info)

        return self.app(environ, start)

    def stop(self):
        if self._thread.is_alive():
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()


class Bucket:
    """A bucket; what others do to it, they do with a client of their own."""

    def __init__(self):
        self.server = Server(DomainDispatcherApplication(create_backend_app))
        self.name = uuid.uuid4().hex
        self.address = f"s3://{self.name}/inbox"
        self.client = boto3.client("s3", endpoint_url=f"http://127.0.0.1:{self.server.port}")
        self.client.create_bucket(Bucket=self.name)

    def put(self, path, content):
        self.client.put_object(Bucket=self.name, Key=f"inbox/sellers/{path}", Body=content)

    def remove(self, path):
        self.client.delete_object(Bucket=self.name, Key=f"inbox/sellers/{path}")

    def remove_everything(self):
        for found in self.client.list_objects_v2(Bucket=self.name).get("Contents", []):
            self.client.delete_object(Bucket=self.name, Key=found["Key"])
        self.client.delete_bucket(Bucket=self.name)


class Share:
    """A folder that is shared by WebDAV, with a user and a password; what others do to it, they do on their disk."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "inbox" / "sellers").mkdir(parents=True)
        app = WsgiDAVApp(
            {
                "provider_mapping": {"/": str(folder)},
                "simple_dc": {"user_mapping": {"*": {"shop": {"password": PASSWORD}}}},
                "http_authenticator": {"accept_basic": True, "accept_digest": False, "default_to_digest": False},
                "logging": {"enable": False},
                "verbose": 0,
            }
        )
        self.server = Server(app)
        self.address = f"webdav+http://shop:pa%3Ass%2Fw%40rd@127.0.0.1:{self.server.port}/inbox"
        self.clock = 1_791_957_600

    def put(self, path, content):
        file = self.folder / "inbox" / "sellers" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        self.clock += 60
        os.utime(file, (self.clock, self.clock))

    def remove(self, path):
        (self.folder / "inbox" / "sellers" / path).unlink()

    def remove_everything(self):
        shutil.rmtree(self.folder / "inbox")


@pytest.fixture
def bucket(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "any")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "any")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    # the file system that an earlier test has used would ask that test's server
    S3FileSystem.clear_instance_cache()
    monkeypatch.setattr(S3FileSystem, "retries", 1)
    made = Bucket()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{made.server.port}")
    yield made
    made.server.stop()
    S3FileSystem.clear_instance_cache()


@pytest.fixture
def share(tmp_path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    made = Share(tmp_path / "share")
    yield made
    made.server.stop()


@pytest.fixture(params=["bucket", "share"])
def remote(request):
    return request.getfixturevalue(request.param)


def root_of(remote):
    """The product's folder as everybody gets it: from the settings."""
    return Settings(inbox=remote.address).inbox_folder / "sellers"


def test_videos_elsewhere_are_listed_with_size_and_date(remote):
    remote.put(NINE, b"0123456789")
    remote.put(TEN, b"01234")
    remote.put("receipts/a.csv", b"")
    remote.put("videos/shop/till/a.mp4.part", b"")
    listing = list_videos(root_of(remote), PATTERN)
    assert [(file.path, file.size) for file in listing.files] == [(TEN, 5), (NINE, 10)]
    assert (listing.unexpected, listing.outside) == ((), ())
    assert all(abs(modified_at(file) - dt.datetime.now(dt.UTC)) < dt.timedelta(days=3650) for file in listing.files)


def test_names_may_hold_what_addresses_must_not(remote):
    remote.put(ODD, b"content")
    remote.put("videos/shop/till #2/20261014_090000.mp4", b"content")
    root = root_of(remote)
    listing = list_videos(root, PATTERN)
    assert [file.path for file in listing.files] == ["videos/shop/till #2/20261014_090000.mp4", ODD]
    assert len({identify(root, file) for file in listing.files}) == 1
    with open_video(root, ODD) as file:
        assert file.read() == b"content"


@pytest.mark.parametrize("size", [0, 1, 3_000_000])
def test_a_video_has_the_fingerprint_that_it_has_here(remote, tmp_path, size):
    (tmp_path / "here.mp4").write_bytes(os.urandom(size))
    remote.put(NINE, (tmp_path / "here.mp4").read_bytes())
    root = root_of(remote)
    (listed,) = list_videos(root, PATTERN).files
    with (tmp_path / "here.mp4").open("rb") as file:
        assert identify(root, listed) == fingerprint(file, size)
    with open_video(root, NINE) as source, (tmp_path / "copy.mp4").open("wb") as copy:
        shutil.copyfileobj(source, copy, 1 << 20)
    assert (tmp_path / "copy.mp4").read_bytes() == (tmp_path / "here.mp4").read_bytes()


@pytest.fixture
def large(tmp_path, monkeypatch):
    """A video that is too large to be read as a whole."""
    for name, value in {"ENDS": 5000, "BLOCK": 1000, "BLOCKS": 3, "READ_WHOLE": 13000}.items():
        monkeypatch.setattr(fingerprints, name, value)
    file = tmp_path / "large.mp4"
    file.write_bytes(os.urandom(100_000))
    return file


def test_a_large_video_is_identified_by_its_parts_wherever_it_lies(remote, large):
    remote.put(NINE, large.read_bytes())
    root = root_of(remote)
    (listed,) = list_videos(root, PATTERN).files
    with large.open("rb") as file:
        assert identify(root, listed) == fingerprint(file, 100_000)


def test_a_server_that_sends_from_the_beginning_only_is_read_to_where_it_matters(share, large):
    share.put(NINE, large.read_bytes())
    share.server.without_ranges = True
    root = root_of(share)
    (listed,) = list_videos(root, PATTERN).files
    with large.open("rb") as file:
        assert identify(root, listed) == fingerprint(file, 100_000)
    with open_video(root, NINE) as opened:
        assert (opened.seek(90_000), opened.tell()) == (90_000, 90_000)
        assert opened.read(100) == large.read_bytes()[90_000:90_100]
        with pytest.raises(OSError, match="range"):
            opened.seek(10)


def test_a_new_version_of_the_same_size_is_seen(remote):
    remote.put(NINE, b"first!")
    root = root_of(remote)
    (first,) = list_videos(root, PATTERN).files
    known = identify(root, first)
    remote.put(NINE, b"second")
    (second,) = list_videos(root, PATTERN).files
    assert (second.size, second.stamp != first.stamp) == (first.size, True)
    assert identify(root, first) is None
    assert identify(root, second) not in {None, known}
    remote.remove(NINE)
    assert identify(root, second) is None
    assert NINE not in {file.path for file in (list_videos(root, PATTERN) or EMPTY).files}


def test_a_video_that_others_rewrite_while_it_is_read_is_not_identified(remote, monkeypatch):
    remote.put(NINE, b"first!")
    root = root_of(remote)
    (listed,) = list_videos(root, PATTERN).files
    whole = video_listing.fingerprint

    def in_the_meantime(file, size):
        made = whole(file, size)
        remote.put(NINE, b"second")
        return made

    monkeypatch.setattr(video_listing, "fingerprint", in_the_meantime)
    assert identify(root, listed) is None


def test_storage_that_is_down_is_an_outage(remote, caplog):
    remote.put(NINE, b"content")
    root = root_of(remote)
    (listed,) = list_videos(root, PATTERN).files
    remote.server.stop()
    assert list_videos(root, PATTERN) is None
    assert "cannot be listed" in caplog.text
    with pytest.raises(OSError, match=r"."):
        identify(root, listed)


@pytest.mark.parametrize("part", ["/videos", "videos/shop/till", "videos%2Fshop%2Ftill"])
def test_one_folder_that_is_refused_is_an_outage_and_no_empty_inbox(remote, part):
    remote.put(NINE, b"content")
    remote.put(TEN, b"content")
    remote.put("receipts/a.csv", b"")
    if isinstance(remote, Bucket):
        part = part.replace("/", "%2F").removeprefix("%2F")
    root = root_of(remote)
    assert len(list_videos(root, PATTERN).files) == 2
    remote.server.refused = {part: "403 Forbidden", part.replace("%2F", "/"): "403 Forbidden"}
    assert list_videos(root, PATTERN) is None
    remote.server.refused = {}
    assert len(list_videos(root, PATTERN).files) == 2


def test_a_video_that_is_refused_now_may_be_read_later(remote):
    remote.put(NINE, b"content")
    root = root_of(remote)
    (listed,) = list_videos(root, PATTERN).files
    remote.server.refused = {NINE: "403 Forbidden"}
    with pytest.raises(OSError, match=r"."):
        identify(root, listed)
    remote.server.refused = {}
    assert identify(root, listed) is not None


def test_an_inbox_that_is_empty_is_no_outage_and_one_that_is_gone_is(remote):
    root = root_of(remote)
    assert list_videos(root, PATTERN) == EMPTY
    remote.put(NINE, b"content")
    remote.remove(NINE)
    assert list_videos(root, PATTERN) == EMPTY
    remote.remove_everything()
    assert list_videos(root, PATTERN) is None


def test_a_password_is_never_shown(share, caplog):
    caplog.set_level(logging.DEBUG)
    share.put(NINE, b"content")
    root = root_of(share)
    (listed,) = list_videos(root, PATTERN).files
    assert identify(root, listed) is not None
    share.server.refused = {"/videos": "401 Unauthorized"}
    assert list_videos(root, PATTERN) is None
    with pytest.raises(OSError, match="401") as caught:
        identify(root, listed)
    assert "PROPFIND" in caplog.text
    told = caplog.text + str(caught.value) + str(caught.value.__cause__)
    assert not any(password in told for password in (PASSWORD, "pa%3Ass", "pa:ss"))


def test_a_wrong_password_is_an_outage(share):
    share.put(NINE, b"content")
    share.address = share.address.replace("pa%3Ass", "wrong")
    assert list_videos(root_of(share), PATTERN) is None


def test_more_files_than_one_answer_holds_are_all_listed(bucket, monkeypatch):
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "5")
    names = [f"videos/shop/till/{number:02}.mp4" for number in range(12)]
    for name in names:
        bucket.put(name, b"")
    assert [file.path for file in list_videos(root_of(bucket), PATTERN).files] == names
    assert any("continuation-token" in asked for _, asked in bucket.server.requests)
    bucket.server.refused = {"continuation-token": "403 Forbidden"}
    assert list_videos(root_of(bucket), PATTERN) is None
