"""Frames, films and truth of the made-up shop."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np
import polars as pl
import pytest

from simulation import shop_truth
from simulation.shop import DayKind, ShopDay, ShopExtent, simulate_day
from simulation.shop_figure import body, paint
from simulation.shop_floor import Lens
from simulation.shop_people import Posture, Stance, draw_look
from simulation.shop_picture import Renderer
from simulation.shop_truth import boxes, camera, moments
from simulation.shop_video import Film, file_name, parts, write_videos

SEED = 7
SMALL = ShopExtent(open_s=240, width=320, height=180, fps=5, arrivals_per_hour=420, pace=0.4)


@pytest.fixture(scope="module")
def day() -> ShopDay:
    return simulate_day(SMALL, SEED)


@pytest.fixture(scope="module")
def renderer(day: ShopDay) -> Renderer:
    return Renderer(day)


@pytest.fixture(scope="module")
def seen(renderer: Renderer) -> pl.DataFrame:
    return boxes(renderer, moments(60, 240, 3))


def luma(image: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)


def spoiled(kind: DayKind) -> tuple[Renderer, float]:
    made = simulate_day(SMALL, SEED, kind)
    return Renderer(made), (made.spoiled[0].begin_s + made.spoiled[0].end_s) / 2


def test_a_frame_depends_on_day_and_moment_alone(day: ShopDay, renderer: Renderer) -> None:
    late = Renderer(day)
    late.frame(31.0)
    assert np.array_equal(late.frame(140.0).image, renderer.frame(140.0).image)
    assert not np.array_equal(late.frame(140.0).image, renderer.frame(141.0).image)


def test_a_picture_is_as_bright_and_as_sharp_as_a_camera_s(renderer: Renderer) -> None:
    picture = luma(renderer.frame(140.0).image)
    assert 105 < picture.mean() < 165
    assert 25 < picture.std() < 65
    assert 300 < cv2.Laplacian(picture, cv2.CV_64F).var() < 4_000


def test_boxes_lie_in_the_picture_and_hold_their_visible_part(seen: pl.DataFrame) -> None:
    assert seen.height > 100
    assert seen.select(((pl.col("x1") >= 0) & (pl.col("y1") >= 0) & (pl.col("x2") <= 320) & (pl.col("y2") <= 180)).all()).item()
    found = seen.drop_nulls("visible_x1")
    slack = 1.5
    holds = (pl.col("visible_x1") >= pl.col("x1") - slack) & (pl.col("visible_y2") <= pl.col("y2") + slack)
    assert found.select(holds.all()).item()
    assert found.get_column("visible").is_between(0, 1).all()
    assert (seen.filter(pl.col("visible_x1").is_null()).get_column("visible") == 0).all()


def test_people_are_of_the_heights_that_real_cameras_show(seen: pl.DataFrame) -> None:
    share = (seen.get_column("y2") - seen.get_column("y1")) / 180
    assert 0.15 < share.median() < 0.35
    assert 0.08 < share.min() < share.max() <= 1.0


def test_pixels_differ_from_the_empty_shop_where_somebody_is_and_hardly_elsewhere(day: ShopDay, renderer: Renderer) -> None:
    frame, empty = renderer.frame(150.0), Renderer(replace(day, people=())).frame(150.0)
    different = np.abs(luma(frame.image).astype(int) - luma(empty.image)) > 25
    outside = np.ones(different.shape, bool)
    for person in frame.seen:
        x1, y1, x2, y2 = (round(edge) for edge in person.box)
        if person.visible > 0.5:
            assert different[y1:y2, x1:x2].mean() > 0.12
        outside[max(0, y1 - 6) : y2 + 8, max(0, x1 - 12) : x2 + 12] = False
    assert different[outside].mean() < 0.002


def test_staff_behind_the_counter_are_hidden_from_the_waist_down_and_stand_in_the_staff_zone(
    renderer: Renderer, seen: pl.DataFrame
) -> None:
    zone = np.array(camera(renderer).staff_zone, np.float32)
    behind = seen.filter(
        (pl.col("role") == "seller")
        & pl.col("posture").is_in(["stand", "work"])
        & (pl.col("floor_x") > renderer.day.floor.width - 1.5)
    )
    assert behind.height > 10
    assert behind.get_column("visible").mean() < 0.85
    assert (behind.get_column("visible_y2") < behind.get_column("y2") - 5).mean() > 0.8
    for x, y in behind.select((pl.col("visible_x1") + pl.col("visible_x2")) / 2, "visible_y2").drop_nulls().iter_rows():
        assert cv2.pointPolygonTest(zone, (x, y), measureDist=True) > -6
    before = seen.filter((pl.col("role") == "customer") & (pl.col("floor_x") < 7))
    feet = before.select((pl.col("x1") + pl.col("x2")) / 2, "y2").iter_rows()
    assert not any(cv2.pointPolygonTest(zone, foot, measureDist=False) > 0 for foot in feet)


def test_the_delivered_point_pairs_give_the_homography_back_and_feet_land_on_the_floor(
    renderer: Renderer, seen: pl.DataFrame
) -> None:
    truth = camera(renderer)
    pixels, places = (np.array(side) for side in zip(*truth.floor, strict=True))
    to_floor, _ = cv2.findHomography(pixels, places)
    assert to_floor @ truth.homography / (to_floor @ truth.homography)[2, 2] == pytest.approx(np.eye(3), abs=1e-5)
    standing = seen.filter((pl.col("y2") < 178) & (pl.col("posture") != "sit") & (pl.col("visible") > 0.3))
    feet = standing.select((pl.col("x1") + pl.col("x2")) / 2, pl.col("y2")).to_numpy().astype(np.float32)
    found = cv2.perspectiveTransform(feet[:, None], to_floor)[:, 0]
    far = np.linalg.norm(found - standing.select("floor_x", "floor_y").to_numpy(), axis=1)
    assert np.median(far) < 0.45


def test_whoever_is_nearer_hides_whoever_is_behind(day: ShopDay) -> None:
    near, far = day.people[0], day.people[1]
    stance = Stance(5.0, 4.7, 0.0, Posture.STAND, 0.0)
    behind = replace(stance, x=5.5, y=5.0)

    class Queue(ShopDay):
        def present(self, moment):
            return [(near, stance), (far, behind)]

    fields = {name: getattr(day, name) for name in day.__dataclass_fields__}
    visible = {seen.person.number: seen.visible for seen in Renderer(Queue(**fields)).frame(100.0).seen}
    assert visible[near.number] > visible[far.number] + 0.3


def test_a_body_is_as_tall_as_it_is_drawn_and_walking_moves_the_legs() -> None:
    look = draw_look(np.random.default_rng(3))
    lens = Lens((0.0, -8.0, 1.0), (0.0, 0.0, 1.0), 30.0, 400, 400)
    standing = Stance(0.0, 0.0, 0.0, Posture.STAND, 0.0)
    painted = paint(body(look, standing, 0.0), standing, lens, (1, 1, 1))
    assert painted is not None
    _, top, _, bottom = painted.box
    assert (bottom - top) * 8.0 / lens.focal == pytest.approx(look.height, rel=0.05)
    steps = [paint(body(look, Stance(0, 0, 0, Posture.WALK, walked), 0.0), standing, lens, (1, 1, 1)) for walked in (0.0, 0.35)]
    wide = [step.box[2] - step.box[0] for step in steps if step is not None]
    assert wide[1] != pytest.approx(wide[0], rel=0.1)


def test_a_spoiled_picture_shows_what_is_wrong_with_it() -> None:
    dark, moment = spoiled(DayKind.LIGHTS_OFF)
    assert luma(dark.frame(moment).image).mean() < 25
    assert dark.frame(moment).state == "dark"
    assert dark.frame(moment).seen
    blurred, moment = spoiled(DayKind.BLUR)
    sharpness = [cv2.Laplacian(luma(blurred.frame(at).image)[20:], cv2.CV_64F).var() for at in (moment, 60.0)]
    assert sharpness[0] < 0.5 * sharpness[1]
    wall, moment = spoiled(DayKind.WALL)
    assert not wall.frame(moment).seen
    assert luma(wall.frame(moment).image)[20:].std() < 30
    frozen, moment = spoiled(DayKind.FROZEN)
    assert np.array_equal(frozen.frame(moment).image, frozen.frame(moment + 5).image)
    assert frozen.frame(moment).state == "frozen"


@pytest.mark.parametrize(("kind", "name"), [(DayKind.POSTER, "poster"), (DayKind.MANNEQUIN, "mannequin")])
def test_what_looks_like_a_person_is_in_the_picture_and_among_the_fixtures_but_not_among_people(kind: DayKind, name: str) -> None:
    made = Renderer(simulate_day(SMALL, SEED, kind))
    x1, y1, x2, y2 = camera(made).fixtures[name]
    assert 0 <= x1 < x2 <= 320
    assert 0 <= y1 < y2 <= 180
    assert not made.frame(0.0).seen
    assert camera(Renderer(simulate_day(SMALL, SEED))).fixtures == {}


def test_a_film_has_the_wanted_name_rate_and_key_frames_and_two_files_around_a_gap(tmp_path: Path) -> None:
    day = simulate_day(SMALL, SEED, DayKind.GAP)
    gap = day.spoiled[0]
    written = write_videos(
        tmp_path, day, Film(5, gop_s=2.0, step_s=1.0), store="1001", camera="hall", begin_s=gap.begin_s - 8, end_s=gap.end_s + 6
    )
    first, second = written
    assert first.path == tmp_path / "videos" / "1001" / "hall" / file_name(day.at(gap.begin_s - 8))
    assert (first.end_s, second.begin_s) == (gap.begin_s, gap.end_s)
    with av.open(str(first.path)) as container:
        stream = container.streams.video[0]
        frames = [(frame.time, frame.key_frame, frame.to_ndarray(format="bgr24")) for frame in container.decode(stream)]
        assert (stream.codec_context.name, stream.average_rate) == ("h264", 5)
    assert [time for time, _, _ in frames] == pytest.approx([number / 5 for number in range(40)])
    assert [number for number, (_, key, _) in enumerate(frames) if key] == [0, 10, 20, 30]
    painted = Renderer(day, jpeg=None)
    for number in (0, 12, 39):
        wanted = painted.frame(gap.begin_s - 8 + number // 5).image
        assert np.abs(luma(frames[number][2]).astype(int) - luma(wanted)).mean() < 6


def test_a_camera_that_never_stops_films_one_file(day: ShopDay) -> None:
    assert parts(day) == [(0.0, day.length_s)]
    assert file_name(dt.datetime(2026, 10, 14, 12, tzinfo=dt.timezone(dt.timedelta(hours=3)))) == "20261014T090000Z.mp4"


def test_what_is_true_of_the_day_fits_together(day: ShopDay) -> None:
    talks, bought, people = shop_truth.interactions(day), shop_truth.receipts(day), shop_truth.people(day)
    assert talks.filter(pl.col("kind") == "consultation").height > 0
    assert bought.height > 0
    assert set(talks.filter("successful").get_column("receipt_id")) <= set(bought.get_column("receipt_id"))
    consulted = set(talks.filter((pl.col("kind") == "consultation") & pl.col("successful")).get_column("receipt_id"))
    assert consulted == set(bought.filter("consulted").get_column("receipt_id"))
    assert set(talks.get_column("seller_person")) <= set(people.filter(pl.col("role") == "seller").get_column("person"))
    assert bought.get_column("at").is_between(day.started_at, day.at(day.length_s)).all()
    assert shop_truth.roster(day).get_column("came").all()
    assert shop_truth.states(day).is_empty()


def test_a_mot_file_holds_the_visible_boxes_by_frame(seen: pl.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "gt" / "gt.txt"
    shop_truth.write_mot(path, seen)
    rows = np.loadtxt(path, delimiter=",")
    visible = seen.filter(pl.col("visible") >= 0.1).sort("sample", "person")
    assert rows.shape == (visible.height, 9)
    assert rows[:, 0].astype(int).tolist() == [sample + 1 for sample in visible.get_column("sample")]
    assert rows[:, 2] + rows[:, 4] == pytest.approx(visible.get_column("x2").to_list(), abs=0.02)
