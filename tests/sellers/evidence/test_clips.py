import tracemalloc

import av
import cv2
import numpy as np
import pytest

from tests.sellers.corridor import ASSISTANT, detector_weights, real
from tests.sellers.evidence.walking_woman import is_there, shows_face
from tests.sellers.made_up_pictures import FLOOR, BrightPeople
from tests.sellers.made_up_videos import write_video
from tests.sellers.rows_of_people import walk
from vitrina.errors import SettingsError
from vitrina.sellers.detector import Boxes, UltralyticsDetector
from vitrina.sellers.evidence.clips import ClipSettings, VideoExpiredError, write_clip
from vitrina.sellers.evidence.recording import EvidenceError
from vitrina.sellers.evidence.whereabouts import HoldSettings

WIDTH, HEIGHT = 320, 240
HEAD = 20


def left_at(time_s):
    """Somebody walks to the right."""
    return 20 + 10 * time_s


def shop(number, width=WIDTH, height=HEIGHT):
    """A person whose head is a chequerboard, on a plain floor."""
    image = np.full((height, width, 3), FLOOR, dtype=np.uint8)
    left = round(left_at(number / 25))
    rows, columns = np.mgrid[:HEAD, :40]
    image[60 : 60 + HEAD, left : left + 40] = np.where((rows // 2 + columns // 2) % 2, 255, 130)[..., None]
    image[60 + HEAD : 180, left : left + 40] = 200
    return image


class Missing(BrightPeople):
    """Finds nobody on some of the pictures."""

    def __init__(self, misses):
        super().__init__()
        self._misses, self._number = misses, -1

    def detect(self, images):
        found = []
        for boxes in super().detect(images):
            self._number += 1
            found.append(Boxes.none() if self._misses(self._number) else boxes)
        return found


def decoded(path):
    with av.open(str(path)) as video:
        return [(frame.time, frame.to_ndarray(format="bgr24")) for frame in video.decode(video=0)]


def sharpest(path, begin_s):
    """The greatest fine contrast of a head that is left, over all frames of a clip."""
    return max(_contrast(image, begin_s + time_s) for time_s, image in decoded(path))


def _contrast(image, time_s):
    left = round(left_at(time_s))
    head = image[60 : 60 + HEAD, left : left + 40].astype(np.float32)
    return float((head - cv2.GaussianBlur(head, (0, 0), 2)).std())


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    return write_video(tmp_path_factory.mktemp("clips") / "a.mp4", 500, size=(WIDTH, HEIGHT), picture=shop, gop=50)


def test_a_clip_shows_the_interaction_with_some_seconds_around_it(video, tmp_path):
    clip = write_clip(video, (6, 9), tmp_path / "clip.mp4", detector=BrightPeople())
    assert (clip.begin_s, round(clip.end_s, 2), clip.is_shortened) == (3, 12, False)
    times = [time_s for time_s, _ in decoded(clip.path)]
    assert len(times) == clip.frames
    assert 8.9 <= times[-1] <= 9.1
    assert len(times) <= 91


def test_the_head_is_sharp_in_the_video_and_on_no_frame_of_the_clip(video, tmp_path):
    clip = write_clip(video, (6, 9), tmp_path / "clip.mp4", detector=BrightPeople())
    assert _contrast(shop(150), 6) > 50
    assert sharpest(clip.path, clip.begin_s) < 5
    # bodies are left as they are
    body = decoded(clip.path)[30][1][120:170, round(left_at(6)) + 10 : round(left_at(6)) + 30]
    assert abs(float(body.mean()) - 200) < 6


@pytest.mark.parametrize(
    "misses",
    [
        lambda number: number % 4,
        lambda number: 12 <= number < 26,
        lambda number: number < 8,
        lambda number: number >= 37,
    ],
    ids=["mostly", "for nearly three seconds", "at the begin", "at the end"],
)
def test_a_head_that_the_detector_misses_for_a_while_stays_blurred(video, tmp_path, misses):
    clip = write_clip(video, (6, 9), tmp_path / "clip.mp4", detector=Missing(misses))
    assert sharpest(clip.path, clip.begin_s) < 5


def test_without_holding_the_same_head_would_be_seen(video, tmp_path):
    settings = ClipSettings(hold=HoldSettings(hold_s=0, lone_hold_s=0, bridged_s=0.3))
    clip = write_clip(video, (6, 9), tmp_path / "clip.mp4", detector=Missing(lambda number: 12 <= number < 26), settings=settings)
    assert sharpest(clip.path, clip.begin_s) > 30


def track_at(scale):
    """The track of the person, in pictures so many times as large; feet at 180, head at 60, 40 wide."""
    track = walk(1, [(0, 0)] * 20)
    left = 20 + 10 * track["pts_s"]
    return track.with_columns(x1=left * scale, x2=(left + 40) * scale, y1=60.0 * scale, y2=180.0 * scale)


def test_whom_the_detector_never_finds_is_blurred_where_the_tracks_have_them(video, tmp_path):
    clip = write_clip(video, (6, 9), tmp_path / "clip.mp4", detector=Missing(lambda _: True), trajectories=track_at(1))
    assert sharpest(clip.path, clip.begin_s) < 5
    bare = write_clip(video, (6, 9), tmp_path / "bare.mp4", detector=Missing(lambda _: True))
    assert sharpest(bare.path, bare.begin_s) > 30


@pytest.mark.parametrize("tracks", [None, track_at(4)], ids=["found in the clip", "found in the video"])
def test_a_large_picture_is_made_smaller_and_heads_are_blurred_there(tmp_path, tracks):
    def large(number, width, height):
        return cv2.resize(shop(number), (width, height), interpolation=cv2.INTER_NEAREST)

    path = write_video(tmp_path / "a.mp4", 100, size=(1280, 960), picture=large)
    detector = BrightPeople() if tracks is None else Missing(lambda _: True)
    settings = ClipSettings(around_s=0.5, longest_px=320)
    clip = write_clip(path, (1, 2), tmp_path / "clip.mp4", detector=detector, trajectories=tracks, settings=settings)
    assert decoded(clip.path)[0][1].shape == (HEIGHT, WIDTH, 3)
    assert sharpest(clip.path, clip.begin_s) < 5


def test_of_a_long_interaction_the_beginning_is_shown(video, tmp_path):
    clip = write_clip(video, (6, 15), tmp_path / "clip.mp4", detector=BrightPeople(), settings=ClipSettings(longest_s=4))
    assert clip.is_shortened
    assert round(clip.end_s - clip.begin_s, 1) == 4


def test_a_video_that_has_expired_is_told(tmp_path):
    with pytest.raises(VideoExpiredError, match=r"gone\.mp4 is no longer there") as raised:
        write_clip(tmp_path / "gone.mp4", (1, 2), tmp_path / "clip.mp4", detector=BrightPeople())
    assert "Put it back" in raised.value.remedy
    assert list(tmp_path.iterdir()) == []


def test_a_time_that_the_video_does_not_have_is_told(video, tmp_path):
    with pytest.raises(EvidenceError, match=r"no frame from 97\.0 s"):
        write_clip(video, (100, 110), tmp_path / "clip.mp4", detector=BrightPeople())


def test_a_clip_that_fails_half_way_leaves_the_old_one(video, tmp_path, monkeypatch):
    target = tmp_path / "clip.mp4"
    target.write_bytes(b"old")
    calls = 0

    def failing(image, *_):
        nonlocal calls
        calls += 1
        if calls > 40:
            raise MemoryError
        return image

    monkeypatch.setattr("vitrina.sellers.evidence.clips.blurred", failing)
    with pytest.raises(MemoryError):
        write_clip(video, (6, 9), target, detector=BrightPeople())
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]
    assert target.read_bytes() == b"old"


def test_a_longer_clip_needs_no_more_memory(tmp_path):
    path = write_video(tmp_path / "a.mp4", 750, size=(WIDTH, HEIGHT), gop=25)

    def peak(end_s):
        tracemalloc.start()
        write_clip(path, (4, end_s), tmp_path / "clip.mp4", detector=Missing(lambda _: True))
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(5)
    assert peak(26) < 1.5 * peak(6)


def test_settings_that_make_no_clip_are_refused():
    with pytest.raises(SettingsError, match="No clip"):
        ClipSettings(fps=0)


@pytest.mark.real_data
def test_a_clip_of_a_real_corridor_shows_no_face(tmp_path):
    source = real("VITRINA_REAL_DATA") / "sellers" / ASSISTANT
    detector = UltralyticsDetector(detector_weights(), confidence=0.1)
    clip = write_clip(source, (10, 12), tmp_path / "clip.mp4", detector=detector, settings=ClipSettings(around_s=0.5))
    times = [time_s + clip.begin_s for time_s, _ in decoded(clip.path)]
    assert sum(map(is_there, times)) > 25
    assert not any(
        shows_face(image, clip.begin_s + time_s) for time_s, image in decoded(clip.path) if is_there(clip.begin_s + time_s)
    )
