import cv2
import numpy as np
import polars as pl
import pytest

from tests.sellers.evidence.test_clips import _contrast, shop
from tests.sellers.made_up_pictures import BrightPeople
from tests.sellers.made_up_videos import write_video
from tests.sellers.rows_of_people import VIDEO
from vitrina.errors import SettingsError
from vitrina.sellers.evidence.clips import VideoExpiredError
from vitrina.sellers.evidence.labelling import (
    APART_S,
    COLUMNS,
    CROWDED,
    SPREAD,
    UNSURE,
    Wanted,
    delete_frames,
    listed_frames,
    worth_labelling,
    write_frames,
)
from vitrina.sellers.evidence.recording import EvidenceError

OTHER = "shop-2|till|20261014T090000Z|0a1b2c3d"


def samples(count):
    return pl.DataFrame({"sample": range(count), "pts_s": [float(number) for number in range(count)]})


def detections(found):
    """From samples to the confidences of those who are on them."""
    return pl.DataFrame(
        [(sample, confidence) for sample, all_of_it in found.items() for confidence in all_of_it],
        schema={"sample": pl.Int64, "confidence": pl.Float64},
        orient="row",
    )


def test_the_least_sure_the_most_crowded_and_some_of_every_time_are_chosen():
    found = {number: [0.95] for number in range(300)} | {50: [0.5, 0.45], 120: [0.55], 200: [0.99] * 9, 210: [0.98] * 8}
    chosen = worth_labelling(detections(found), samples(300), 6)
    assert {frame.sample for frame in chosen if frame.why == UNSURE} == {50, 120}
    assert {frame.sample for frame in chosen if frame.why == CROWDED} == {200, 210}
    spread = [frame.sample for frame in chosen if frame.why == SPREAD]
    assert len(spread) == 2
    assert spread[1] - spread[0] > 100


def test_neighbours_of_one_kind_are_not_chosen_twice():
    found = {number: [0.5] * 3 for number in range(100, 130)}
    chosen = worth_labelling(detections(found), samples(300), 12)
    for why in (UNSURE, CROWDED):
        times = [frame.pts_s for frame in chosen if frame.why == why]
        assert len(times) > 2
        assert min(np.diff(times)) >= APART_S


@pytest.mark.parametrize("count", [0, 1, 2, 7, 40, 500])
def test_no_more_are_chosen_than_wanted_and_none_twice(count):
    generator = np.random.default_rng(0)
    found = {
        int(number): generator.uniform(0.1, 1, generator.integers(1, 6)).tolist()
        for number in generator.choice(100, 60, replace=False)
    }
    chosen = worth_labelling(detections(found), samples(100), count)
    assert len(chosen) == min(count, 100)
    assert len({frame.sample for frame in chosen}) == len(chosen)
    shuffled = detections(found).sample(fraction=1, shuffle=True, seed=3)
    assert worth_labelling(shuffled, samples(100).reverse(), count) == chosen


def test_a_video_on_which_nobody_was_found_still_gives_frames():
    chosen = worth_labelling(detections({}), samples(30), 3)
    assert [frame.why for frame in chosen] == [SPREAD] * 3
    assert worth_labelling(detections({}), samples(0), 3) == []


def test_a_negative_number_is_refused():
    with pytest.raises(SettingsError):
        worth_labelling(detections({}), samples(3), -1)


WANTED = [Wanted(0, 0.0, SPREAD), Wanted(3, 3.0, UNSURE), Wanted(5, 5.0, CROWDED)]


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    return write_video(tmp_path_factory.mktemp("labelling") / "a.mp4", 150, size=(320, 240), picture=shop, gop=50)


def test_frames_are_written_blurred_and_listed(video, tmp_path):
    path = write_frames(video, VIDEO, WANTED, tmp_path, detector=BrightPeople())
    listed = pl.read_csv(path)
    assert listed.columns == list(COLUMNS)
    assert listed["why"].to_list() == [SPREAD, UNSURE, CROWDED]
    assert listed["video"].unique().to_list() == [VIDEO]
    for name, pts_s in listed.select("file", "pts_s").iter_rows():
        image = cv2.imread(str(tmp_path / name))
        assert image.shape == (240, 320, 3)
        assert _contrast(shop(round(pts_s * 25)), pts_s) > 50
        assert _contrast(image, pts_s) < 5


def test_every_picture_of_the_folder_is_listed_and_one_videos_can_be_deleted(video, tmp_path):
    write_frames(video, VIDEO, WANTED, tmp_path, detector=BrightPeople())
    write_frames(video, OTHER, WANTED[:1], tmp_path, detector=BrightPeople())
    (tmp_path / "notes.csv").write_text("not ours")
    listed = listed_frames(tmp_path)
    assert set(listed["file"]) == {path.name for path in tmp_path.glob("*.jpg")}
    assert delete_frames(tmp_path, VIDEO) == 3
    assert set(listed_frames(tmp_path)["video"]) == {OTHER}
    assert len(list(tmp_path.glob("*.jpg"))) == 1
    assert (tmp_path / "notes.csv").exists()
    assert delete_frames(tmp_path / "none", VIDEO) == 0


def test_frames_that_are_chosen_anew_replace_the_old_ones(video, tmp_path):
    write_frames(video, VIDEO, WANTED, tmp_path, detector=BrightPeople())
    write_frames(video, VIDEO, WANTED[:1], tmp_path, detector=BrightPeople())
    assert len(list(tmp_path.glob("*.jpg"))) == 1
    assert listed_frames(tmp_path).height == 1


def test_an_interruption_leaves_no_picture_that_is_not_listed(video, tmp_path):
    with pytest.raises(EvidenceError, match=r"no frame at 90\.00 s"):
        write_frames(video, VIDEO, [*WANTED, Wanted(90, 90.0, SPREAD)], tmp_path, detector=BrightPeople())
    assert {path.name for path in tmp_path.glob("*.jpg")} <= set(listed_frames(tmp_path)["file"])
    assert delete_frames(tmp_path, VIDEO) == 3


def test_a_video_that_has_expired_is_told(tmp_path):
    with pytest.raises(VideoExpiredError, match="no longer there"):
        write_frames(tmp_path / "gone.mp4", VIDEO, WANTED, tmp_path, detector=BrightPeople())
    assert list(tmp_path.iterdir()) == []
