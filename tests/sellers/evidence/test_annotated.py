import av
import numpy as np
import polars as pl
import pytest

from tests.sellers.evidence.test_clips import HEAD, _contrast, left_at, shop
from tests.sellers.made_up_pictures import BrightPeople
from tests.sellers.made_up_videos import write_video
from tests.sellers.rows_of_people import VIDEO, interaction, interactions, people_of, tracks_of
from vitrina.errors import InvalidTableError
from vitrina.sellers.evidence.annotated import CAPTION_PX, COLOURS, SHOWN_PX, TOGETHER, Scene, annotate
from vitrina.sellers.evidence.wording import words
from vitrina.sellers.footage import sampled
from vitrina.sellers.tables import Detections, Trajectories

WIDTH, HEIGHT = 320, 240
SCALE = SHOWN_PX / WIDTH


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    return write_video(tmp_path_factory.mktemp("annotated") / "a.mp4", 250, size=(WIDTH, HEIGHT), picture=shop, gop=50)


def made_up(step=1.0):
    """Somebody walks where the picture shows them; another, whom it does not, stands at the right."""
    found = []
    for number in range(round(10 / step)):
        left = left_at(number * step)
        found.append({"sample": number, "detection": 0, "pts_s": number * step, "x1": left, "x2": left + 40, "track": 1})
        found.append({"sample": number, "detection": 1, "pts_s": number * step, "x1": 240.0, "x2": 280.0, "track": 2})
    rows = pl.DataFrame(found).with_columns(
        video=pl.lit(VIDEO), y1=60.0, y2=180.0, confidence=0.9, heading=pl.lit(None, pl.Float64),
        appearance=pl.lit([1.0], dtype=pl.List(pl.Float32)),
    )  # fmt: skip
    detections = Detections.check(rows.select(*Detections.polars_schema()))
    ways = rows.with_columns(
        at=pl.lit(None, pl.Datetime("us", "UTC")), foot_x=(pl.col("x1") + pl.col("x2")) / 2, foot_y=pl.col("y2"),
        floor_x=pl.lit(None, pl.Float64), floor_y=pl.lit(None, pl.Float64),
    )  # fmt: skip
    ways = ways.select(*Trajectories.polars_schema())
    tracks = tracks_of(ways, {1: 1, 2: 2})
    people = people_of(tracks, {1: "customer", 2: "seller"})
    return Scene(detections, ways, tracks, people, interactions(interaction(1, 3, 6, seller=2, customer=1)))


def decoded(path):
    with av.open(str(path)) as video:
        return [frame.to_ndarray(format="bgr24") for frame in video.decode(video=0)]


def shows(image, colour, among=None):
    wanted = np.array([int(colour[at : at + 2], 16) for at in (5, 3, 1)])
    part = image[: round(HEIGHT * SCALE)] if among is None else image[among]
    return int((np.abs(part.astype(int) - wanted).max(axis=2) < 60).sum())


def test_every_sample_is_shown_with_boxes_in_the_colours_of_roles(video, tmp_path):
    assert annotate(sampled(video, 1.0, exact=True), made_up(), tmp_path / "a.mp4") == 10
    images = decoded(tmp_path / "a.mp4")
    assert len(images) == 10
    assert images[0].shape == (round(HEIGHT * SCALE) + CAPTION_PX, SHOWN_PX, 3)
    for image in images:
        assert shows(image, COLOURS["seller"]) > 200
        assert shows(image, COLOURS["customer"]) > 200


def test_a_line_joins_those_who_talk_while_they_do(video, tmp_path):
    annotate(sampled(video, 1.0, exact=True), made_up(), tmp_path / "a.mp4")
    lines = [shows(image, TOGETHER) > 100 for image in decoded(tmp_path / "a.mp4")]
    assert lines == [3 <= second <= 6 for second in range(10)]


@pytest.mark.parametrize("is_blurred", [True, False])
def test_heads_are_blurred_unless_that_is_not_wanted(video, tmp_path, is_blurred):
    annotate(sampled(video, 1.0, exact=True), made_up(), tmp_path / "a.mp4", is_blurred=is_blurred)
    image = decoded(tmp_path / "a.mp4")[4]
    left = round(left_at(4))
    # between the label and the box's edges
    inner = image[round((60 + 3) * SCALE) : round((60 + HEAD) * SCALE), round((left + 3) * SCALE) : round((left + 37) * SCALE)]
    assert (inner.std() < 30) == is_blurred


def test_who_is_missing_in_the_scene_is_blurred_by_a_second_look(video, tmp_path):
    scene = made_up()
    without = Scene(scene.detections.filter(pl.col("detection") == 1), scene.trajectories.filter(pl.col("track") == 2))
    for detector, is_sharp in ((None, True), (BrightPeople(), False)):
        annotate(sampled(video, 1.0, exact=True), without, tmp_path / "a.mp4", detector=detector)
        small = decoded(tmp_path / "a.mp4")[4][: round(HEIGHT * SCALE) : round(SCALE), :: round(SCALE)]
        assert (_contrast(small, 4) > 20) == is_sharp


def test_a_detection_of_no_track_is_drawn_in_white(video, tmp_path):
    scene = made_up()
    annotate(sampled(video, 1.0, exact=True), Scene(scene.detections, scene.trajectories.head(0)), tmp_path / "a.mp4")
    image = decoded(tmp_path / "a.mp4")[2]
    edge = slice(round(100 * SCALE), round(170 * SCALE)), slice(round(240 * SCALE) - 4, round(240 * SCALE) + 6)
    assert shows(image, "#FFFFFF", edge) > 100


def test_words_are_drawn_in_russian(video, tmp_path):
    annotate(sampled(video, 1.0, exact=True), made_up(), tmp_path / "en.mp4")
    annotate(sampled(video, 1.0, exact=True), made_up(), tmp_path / "ru.mp4", translate=words("ru"))
    caption = slice(round(HEIGHT * SCALE), None)
    english, russian = (decoded(tmp_path / name)[0][caption] for name in ("en.mp4", "ru.mp4"))
    assert np.abs(english.astype(int) - russian).max() > 100


def test_a_scene_of_other_samples_is_refused(video, tmp_path):
    with pytest.raises(InvalidTableError, match="Sample 1 is shown after"):
        annotate(sampled(video, 0.5, exact=True), made_up(), tmp_path / "a.mp4")
    assert list(tmp_path.iterdir()) == []
