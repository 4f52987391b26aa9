"""Names of videos become stores, cameras, starts in UTC and keys, or are refused with a reason."""

import datetime as dt
import string
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vitrina.errors import SettingsError, VitrinaError
from vitrina.inbox.messages import RefusedFileError
from vitrina.sellers.video_names import DEFAULT_PATTERN, NamePattern, VideoKey, read_name
from vitrina.sellers.video_times import Clock, read_start

UTC = Clock()
MOSCOW = Clock("Europe/Moscow")
BERLIN = Clock("Europe/Berlin")
PATTERN = NamePattern()

WALL = dt.datetime.fromisoformat
"""A time as a clock on the wall shows it, without a zone."""

SAFE_NAMES = st.text(string.ascii_letters + string.digits + "_.-", min_size=1, max_size=64).filter(lambda name: name.strip("."))
MOMENTS = st.datetimes(WALL("2002-01-02"), WALL("2099-12-30"), timezones=st.just(dt.UTC)).map(lambda at: at.replace(microsecond=0))


def utc(*parts):
    return dt.datetime(*parts, tzinfo=dt.UTC)


def read(path, clocks=None, default=UTC, pattern=PATTERN):
    return read_name(path, pattern, clocks or {}, default)


@pytest.mark.parametrize(
    "text",
    [
        "2026-10-14T09-00-00",
        "2026-10-14T09:00:00",
        "2026-10-14 09-00-00",
        "2026-10-14_09.00.00",
        "2026-10-14_09-00-00",
        "2026-10-14-09-00-00",
        "20261014_090000",
        "20261014T090000",
        "20261014-090000",
        "20261014090000",
        "2026.10.14_09.00.00.000",
        "20261014T060000Z",
        "20261014t060000z",
        "2026-10-14T06-00-00Z",
        "2026-10-14T06-00-00+00-00",
        "2026-10-14T11-00-00+0500",
        "20261014_110000+05",
        "2026-10-14T02-30-00-03:30",
        "1791957600",
        "1791957600000",
    ],
)
def test_every_usual_spelling_means_the_same_moment(text):
    start = read_start(text, MOSCOW)
    assert (start.at, start.notes) == (utc(2026, 10, 14, 6), ())


def test_fractions_of_a_second_are_kept():
    assert read_start("2026-10-14T09-00-00.25Z", UTC).at == utc(2026, 10, 14, 9, 0, 0, 250_000)
    assert read_start("1791957600500", UTC).at == utc(2026, 10, 14, 6, 0, 0, 500_000)


@pytest.mark.parametrize("text", ["2026-10-14T09-00-00", "20261014T060000Z", "1791957600"])
def test_a_clock_that_is_ahead_is_set_back_whatever_the_spelling(text):
    assert read_start(text, Clock("Europe/Moscow", offset_s=90.5)).at == utc(2026, 10, 14, 5, 58, 29, 500_000)


def test_the_hour_that_happens_twice_is_taken_for_the_first_and_told():
    start = read_start("2026-10-25T02-30-00", BERLIN)
    assert start.at == utc(2026, 10, 25, 0, 30)
    (note,) = start.notes
    assert "2026-10-25 02:30:00 happens twice in Europe/Berlin" in str(note)
    assert "00:30:00 UTC" in str(note)


def test_a_time_that_does_not_exist_is_one_of_a_clock_that_is_late_and_told():
    start = read_start("2026-03-29T02-30-00", BERLIN)
    assert start.at == utc(2026, 3, 29, 1, 30)
    (note,) = start.notes
    assert "does not exist in Europe/Berlin" in str(note)


@pytest.mark.parametrize("text", ["2026-10-25T02-30-00Z", "2026-10-25T02-30-00+0200", "2026-10-25T01-59-59", "2026-10-25T03-00-00"])
def test_nothing_is_decided_where_an_offset_is_given_or_the_clocks_agree(text):
    assert read_start(text, BERLIN).notes == ()


@given(
    st.datetimes(WALL("2003-01-01"), WALL("2098-01-01")),
    st.sampled_from(["Europe/Berlin", "America/St_Johns", "Asia/Tokyo"]),
)
@example(WALL("2026-10-25T02:30"), "Europe/Berlin")
def test_a_time_that_nothing_was_decided_about_shows_the_same_on_the_wall(local, zone):
    local = local.replace(microsecond=0)
    start = read_start(f"{local:%Y%m%d_%H%M%S}", Clock(zone))
    back = start.at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    assert start.notes or back == local


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no time"),
        ("morning", "no time"),
        ("20261014", "no time"),
        ("2026-10-14T09-00", "no time"),
        ("20261014_090000-03", "no time"),
        ("20261014_090000-0001", "no time"),
        ("2026-10_14T09-00-00", "no time"),
        ("２０２６1014090000", "no time"),
        ("179195760", "no time"),
        ("2026-10-14T09-00-00\n", "no time"),
        ("2026-02-29T09-00-00", "no date"),
        ("2026-13-01T09-00-00", "no date"),
        ("2026-10-14T24-00-00", "no date"),
        ("2026-10-14T23-59-60", "no date"),
        ("2026-10-14T09-00-00+1500", "no time zone has"),
        ("1970-01-01T00-00-10", "lost its clock"),
        ("2000-01-01T00-00-10", "lost its clock"),
        ("0000000010", "lost its clock"),
        ("9999999999999", "lost its clock"),
        ("0001-01-01T00-00-00+1400", "lost its clock"),
        ("9999-12-31T23-59-59-1200", "lost its clock"),
    ],
)
def test_other_texts_are_refused_with_a_reason(text, reason):
    with pytest.raises(RefusedFileError, match=reason):
        read_start(text, MOSCOW)


def test_a_camera_that_begins_in_1970_is_understood_once_its_offset_is_known():
    behind = -(utc(2026, 10, 14, 6) - utc(1970, 1, 1)).total_seconds()
    assert read_start("1970-01-01T00-00-10", Clock(offset_s=behind)).at == utc(2026, 10, 14, 6, 0, 10)


@given(st.text(max_size=30) | st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}-[0-9]{2}-[0-9]{2}([+-][0-9]{4})?"))
def test_any_text_is_a_moment_of_our_time_or_refused(text):
    try:
        at = read_start(text, BERLIN).at
    except RefusedFileError:
        return
    assert 2002 <= at.year <= 2099
    assert at.utcoffset() == dt.timedelta(0)


@pytest.mark.parametrize("name", ["", ".", "Mars/Olympus", "../../etc/passwd", "/etc/passwd", "Europe", "a\0b"])
def test_a_time_zone_that_does_not_exist_is_refused(name):
    with pytest.raises(SettingsError, match="no time zone"):
        Clock(name)


@pytest.mark.parametrize("offset_s", [float("nan"), float("inf")])
def test_an_offset_that_is_no_number_is_refused(offset_s):
    with pytest.raises(SettingsError, match="seconds ahead"):
        Clock(offset_s=offset_s)


def test_a_name_says_store_camera_and_start():
    name = read("videos/shop-1/till/2026-10-14T09-00-00.MP4", {("shop-1", "till"): MOSCOW})
    assert (name.store_id, name.camera_id, name.start.at, name.notes) == ("shop-1", "till", utc(2026, 10, 14, 6), ())


def test_a_camera_that_nobody_configured_is_accepted_and_told():
    name = read("videos/shop-1/door/2026-10-14T09-00-00.mp4", {("shop-1", "till"): MOSCOW}, BERLIN)
    assert name.start.at == utc(2026, 10, 14, 7)
    (note,) = name.notes
    assert "Nobody has configured the camera door of the store shop-1" in str(note)


def test_a_decided_hour_is_told_beside_the_stranger():
    name = read("videos/shop-1/door/2026-10-25T02-30-00.mp4", default=BERLIN)
    assert len(name.notes) == 2


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("videos/shop 1/till/20261014_090000.mp4", "cannot be called shop 1"),
        ("videos/магазин/till/20261014_090000.mp4", "cannot be called магазин"),
        ("videos/shop|1/till/20261014_090000.mp4", r"cannot be called shop\|1"),
        ("videos/shop/ti\nll/20261014_090000.mp4", "cannot be called"),
        ("videos/.../till/20261014_090000.mp4", "cannot be called"),
        ("videos/shop/../20261014_090000.mp4", "does not fit"),
        ("videos//till/20261014_090000.mp4", "does not fit"),
        (f"videos/{'s' * 65}/till/20261014_090000.mp4", "cannot be called"),
        ("videos/shop/till/20261014_090000", "does not fit"),
        ("videos/shop/20261014_090000.mp4", "does not fit"),
        ("videos/shop/till/day/20261014_090000.mp4", "does not fit"),
        ("other/shop/till/20261014_090000.mp4", "does not fit"),
        ("videos/shop/till/20261014_090000.mp4\n", "no video"),
        ("videos/shop/till/20261014_090000.jpg", "no video"),
        ("videos/shop/till/Thumbs.db", "no video"),
        ("videos/shop/till/morning.mp4", "no time"),
    ],
)
def test_a_name_that_cannot_be_used_is_refused_with_a_printable_reason(path, reason):
    with pytest.raises(RefusedFileError, match=reason) as refused:
        read(path)
    assert str(refused.value).isprintable()


@given(st.text(max_size=40), st.text(max_size=70), st.text(max_size=70))
def test_whatever_is_accepted_makes_a_key_that_can_be_read_again(start, store, camera):
    try:
        name = read(f"videos/{store}/{camera}/{start or '20261014_090000'}.mp4")
    except RefusedFileError:
        return
    key = VideoKey.of(name, "0" * 32)
    assert VideoKey.parse(str(key)) == key


@pytest.mark.parametrize(
    ("text", "path", "folder"),
    [
        ("videos/{store}/{camera}/{start}.{suffix}", "videos/a/b/20261014_090000.mp4", "videos"),
        ("{store}/{camera}/{start}.{suffix}", "a/b/20261014_090000.mp4", ""),
        ("in/cctv/{store}_{camera}_{start}.{suffix}", "in/cctv/a_b_20261014_090000.mp4", "in/cctv"),
        ("cctv-{store}/{any}/{camera}/{any}_{start}.{suffix}", "cctv-a/2026/b/rec_20261014_090000.mp4", ""),
        ("v/{store}/{camera}/{any}-ch1-{start}.{suffix}", "v/a/b/rec-ch1-2026-10-14_09.00.00.mkv", "v"),
    ],
)
def test_a_pattern_may_put_the_parts_elsewhere(text, path, folder):
    pattern = NamePattern(text)
    name = read(path, pattern=pattern)
    assert (name.store_id, name.camera_id, name.start.at) == ("a", "b", utc(2026, 10, 14, 9))
    assert pattern.folder == folder


def test_a_pattern_is_no_regular_expression():
    with pytest.raises(RefusedFileError):
        read("vXa/b/20261014_090000.mp4", pattern=NamePattern("v.{store}/{camera}/{start}.{suffix}"))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("videos/{store}/{camera}.{suffix}", "must have {start} once"),
        ("{store}/{store}/{camera}/{start}.{suffix}", "must have {store} once"),
        ("{store}/{camera}/{start}.{suffix}/{day}", "a field that we do not know"),
        ("{store}{camera}/{start}.{suffix}", "nothing between"),
        ("{store/{camera}/{start}.{suffix}", ""),
        ("{store}/{camera}/{start:%Y}.{suffix}", "more than a name"),
        ("{store}/{camera}/{start!r}.{suffix}", "more than a name"),
        ("/videos/{store}/{camera}/{start}.{suffix}", "no relative path"),
        ("../{store}/{camera}/{start}.{suffix}", "no relative path"),
        ("videos\\{store}/{camera}/{start}.{suffix}", "no relative path"),
        ("", "must have {store} once"),
    ],
)
def test_a_pattern_that_cannot_work_is_refused_with_an_example(text, problem):
    with pytest.raises(SettingsError) as refused:
        NamePattern(text)
    assert problem in refused.value.problem
    assert DEFAULT_PATTERN in refused.value.remedy


@given(SAFE_NAMES, SAFE_NAMES, MOMENTS, st.text("0123456789abcdef", min_size=8, max_size=8))
def test_a_key_survives_being_text(store, camera, at, content):
    key = VideoKey(store, camera, at, content)
    assert VideoKey.parse(str(key)) == key
    assert len(str(key)) <= 200


@given(st.text(max_size=80) | st.from_regex(r"[a.]{1,3}\|[a.]{1,3}\|[0-9]{8}T[0-9]{6}Z\|[0-9a-f]{8}", fullmatch=True))
@example("a|b|20261314T000000Z|0a1b2c3d")
@example("..|b|20261014T000000Z|0a1b2c3d")
def test_text_is_a_key_that_gives_the_text_again_or_refused(text):
    try:
        key = VideoKey.parse(text)
    except VitrinaError:
        return
    assert str(key) == text


def test_a_key_looks_as_documented():
    name = read("videos/shop-1/till/2026-10-14T09-00-00.9.mp4", {("shop-1", "till"): MOSCOW})
    key = VideoKey.of(name, "0a1b2c3d" + "f" * 24)
    assert (str(key), key.place) == ("shop-1|till|20261014T060000Z|0a1b2c3d", "shop-1|till|20261014T060000Z")


@pytest.mark.parametrize(
    "parts",
    [
        ("a|b", "c", utc(2026, 1, 1), "0a1b2c3d"),
        ("..", "c", utc(2026, 1, 1), "0a1b2c3d"),
        ("a", "", utc(2026, 1, 1), "0a1b2c3d"),
        ("a", "c", utc(2026, 1, 1, 0, 0, 0, 1), "0a1b2c3d"),
        ("a", "c", WALL("2026-01-01"), "0a1b2c3d"),
        ("a", "c", dt.datetime(2026, 1, 1, tzinfo=ZoneInfo("Europe/Moscow")), "0a1b2c3d"),
        ("a", "c", utc(2026, 1, 1), "0A1B2C3D"),
        ("a", "c", utc(2026, 1, 1), "0a1b2c3"),
    ],
)
def test_a_key_of_other_parts_is_refused(parts):
    with pytest.raises(VitrinaError, match="no key of a video"):
        VideoKey(*parts)
