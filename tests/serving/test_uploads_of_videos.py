import datetime as dt

import pytest

from serving.deliveries.videos import VideoNameError, video_place
from tests.pages import ADMIN, visiting
from tests.serving.uploading import SALES, Sender, check_here, files_below, serving_once
from vitrina.errors import VitrinaError
from vitrina.inbox.difference import FoundFile
from vitrina.sellers.fingerprints import fingerprint
from vitrina.sellers.upload_records import SeenVideo, Upload
from vitrina.sellers.video_ledger import VideoLedger
from vitrina.sellers.video_listing import list_videos
from vitrina.sellers.video_names import DEFAULT_PATTERN, NamePattern, read_name
from vitrina.sellers.video_times import Clock
from vitrina.state.roles import Grant, Role

S01 = Grant(Role.MANAGER, "sellers", "S01")
SAID = {"store": "S01", "camera": "till", "start": "2026-10-14T09:00", "zone": "Europe/Moscow", "filename": "запись 1.MP4"}
PATH = "videos/S01/till/20261014T060000Z.mp4"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with serving_once(tmp_path_factory.mktemp("uploads"), S01) as found:
        yield found


@pytest.fixture
def settings(served):
    return served.settings


@pytest.fixture
def sender(served, monkeypatch):
    check_here(monkeypatch)
    return Sender(served.emptied(), "sellers")


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """Two seconds that can be read."""
    import av  # noqa: PLC0415  # only these tests need it

    path = tmp_path_factory.mktemp("film") / "film.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=5)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(10):
            for packet in stream.encode(av.VideoFrame(64, 48, "yuv420p")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path.read_bytes()


def test_a_video_gets_the_name_that_the_sensor_reads(sender, settings, film):
    location = sender.send(film, **SAID)
    told = sender.checked(location)
    assert (told["path"], told["verdict"]["outcome"]) == (f"sellers/{PATH}", "accepted")
    page = sender.visitor.page(location.replace("/api/v1", "/deliveries"), headers={"Accept-Language": "ru"}).text
    assert "Видео читается." in page
    assert "64 × 48" in page
    assert sender.deliver(location).status_code == 201
    pattern = NamePattern(settings.sellers_videos)
    (found,) = list_videos(settings.inbox_folder / "sellers", pattern).files
    name = read_name(found.path, pattern, None, Clock())
    assert (name.store_id, name.camera_id) == ("S01", "till")
    assert name.start.at == dt.datetime(2026, 10, 14, 6, tzinfo=dt.UTC)
    videos = sender.visitor.page("/deliveries/sellers/videos").text
    assert "Uploaded, not seen by a run yet" in videos
    see(settings, found, film)
    assert "A run has read it." in sender.visitor.page(location.replace("/api/v1", "/deliveries")).text
    videos = sender.visitor.page("/deliveries/sellers/videos").text
    assert "Uploaded, not seen by a run yet" not in videos
    assert PATH in videos


def see(settings, found: FoundFile, content: bytes) -> None:
    """What the sensor notes of a video."""
    with (settings.inbox_folder / "sellers" / found.path).open("rb") as file:
        mark = fingerprint(file, len(content))
    name = read_name(found.path, NamePattern(settings.sellers_videos), None, Clock())
    seen = SeenVideo(found, name, mark)
    VideoLedger(settings.videos).announce([Upload(f"{found.path} {mark}", seen, 1)], dt.datetime(2026, 10, 14, 12, tzinfo=dt.UTC))


def test_people_deliver_for_their_own_stores_only(sender, settings, film):
    for store in ("S02", "*", "", "s01", "S01/../S02"):
        assert sender.begin(len(film), **SAID | {"store": store}).status_code == 404, store
    table = sender.begin(len(SALES), filename="shifts.csv")
    assert (table.status_code, table.json()["type"]) == (403, "forbidden")
    assert sender.begin(len(film), **SAID).status_code == 201
    assert files_below(settings.data) == [path for path in files_below(settings.data) if "inbox" not in path]


def test_a_role_that_was_taken_away_delivers_nothing_more(sender, settings, film):
    location = sender.send(film, **SAID)
    sender.checked(location)
    service = sender.visitor.app.state.service
    (person,) = [one for one in service.people.everybody() if one.name == "somebody"]
    service.people.add("the admin", [ADMIN], dt.datetime.now(dt.UTC))
    service.people.set_grants(person.id, [Grant(Role.MANAGER, "sellers", "S02")])
    service.recogniser.forget()
    assert sender.visitor.api(f"{location}/delivery", "POST").status_code == 404
    service.people.set_grants(person.id, [S01])
    service.recogniser.forget()
    assert not (settings.data / "inbox").exists()


def test_the_form_offers_the_stores_that_are_ones_own(settings):
    with visiting(settings, S01, Grant(Role.MANAGER, "sellers", "S03"), name="of two") as visitor:
        page = visitor.page("/deliveries/new").text
        assert "<option>S01</option><option>S03</option>" in page
        assert 'name="name"' not in page
    with visiting(settings, Grant(Role.MANAGER, "sellers"), name="of all") as visitor:
        page = visitor.page("/deliveries/new").text
        assert 'name="store" required' in page
        assert 'name="name"' in page


def test_people_see_videos_of_their_own_stores_only(sender, settings, film):
    for store in ("S01", "S02"):
        path = f"videos/{store}/till/20261014T060000Z.mp4"
        target = settings.inbox_folder / "sellers" / path
        target.parent.mkdir(parents=True)
        target.write_bytes(film + store.encode())
        see(settings, FoundFile(path, len(film) + 3, "1", "videos"), film + store.encode())
    page = sender.visitor.page("/deliveries/sellers/videos").text
    assert "videos/S01/" in page
    assert "S02" not in page
    assert sender.visitor.page("/deliveries?product=sellers").status_code == 404
    assert sender.visitor.page("/deliveries/sellers/1").status_code == 403
    assert "Videos</a>: waits 1" in sender.visitor.page("/").text
    with visiting(settings, Grant(Role.VIEWER, "stores"), name="elsewhere") as visitor:
        assert visitor.page("/deliveries/sellers/videos").status_code == 404


@pytest.mark.parametrize(
    "changed",
    [
        {"camera": "../till"},
        {"camera": ""},
        {"camera": "каса"},
        {"camera": "x" * 65},
        {"start": "yesterday"},
        {"start": ""},
        {"start": "2026-02-30T09:00:00"},
        {"start": "1970-01-01T00:00:00"},
        {"zone": "Europe/Nowhere"},
        {"zone": "../../etc/passwd"},
        {"filename": "film.exe"},
        {"filename": "film"},
        {"filename": ""},
    ],
)
def test_what_no_video_can_be_named_by_is_refused_before_anything_is_sent(sender, changed):
    assert sender.begin(10, **SAID | changed).status_code == 422


def test_what_is_no_video_is_not_delivered(sender, settings):
    location = sender.send(b"#EXTM3U\nhttp://127.0.0.1/secret\n" * 10, **SAID)
    told = sender.checked(location)
    assert told["verdict"]["outcome"] == "refused"
    assert sender.deliver(location).status_code == 422
    assert not (settings.data / "inbox").exists()


def test_an_hour_that_happens_twice_is_told(sender):
    answer = sender.begin(10, **SAID | {"start": "2026-10-25T02:30:00", "zone": "Europe/Berlin"})
    page = sender.visitor.page(answer.headers["Location"].replace("/api/v1", "/deliveries")).text
    assert "happens twice" in page


def test_parts_of_a_name_cannot_be_mistaken_for_one_another():
    pattern = "v/{store}-{camera}_{start}_{any}.{suffix}"
    said = {"camera": "c", "start": "2026-10-14T09:00:00", "zone": "UTC", "suffix": ".mp4"}
    assert video_place(pattern, store="a", **said).path == "v/a-c_20261014T090000Z_upload.mp4"
    with pytest.raises(VideoNameError):
        video_place(pattern, store="a-b", **said)
    with pytest.raises(VitrinaError):
        video_place(pattern, store="a", **said | {"zone": "Nowhere"})
    assert video_place(DEFAULT_PATTERN, store="a-b", **said).path == "videos/a-b/c/20261014T090000Z.mp4"
