"""A video is judged at several strides by boxes that people drew, from one look at every frame."""

import datetime as dt
import io

import numpy as np
import polars as pl
import pytest
from PIL import Image

from simulation import shop_truth
from simulation.shop import simulate_day
from simulation.shop_picture import Renderer
from tests.sellers.corridor import ENTRY, appearance_weights, detector_weights, real
from tests.sellers.corridor import labels as corridor_labels
from tests.sellers.made_up_pictures import BrightPeople, picture
from tests.sellers.made_up_videos import write_video
from vitrina.i18n import catalogue
from vitrina.sellers.appearance import ClothesColours, OnnxAppearance
from vitrina.sellers.cameras import Camera
from vitrina.sellers.day_tables import RoleConfusion, StrideQuality
from vitrina.sellers.delivered import Delivered
from vitrina.sellers.detecting import Models
from vitrina.sellers.detector import UltralyticsDetector
from vitrina.sellers.evaluation import Video
from vitrina.sellers.judgement import STRIDES
from vitrina.sellers.judging import (
    EVENTS_SEEN,
    MOST_FRAMES,
    PEOPLE_SEEN,
    TRACKING,
    TrueOfVideo,
    annotated_frames,
    judged,
    look_at_frames,
    truth_of,
    wanted_frames,
)
from vitrina.sellers.judging_pictures import DOMAIN, stride_curves
from vitrina.sellers.manual_counts import RawManualCounts
from vitrina.sellers.mot import CORNERS
from vitrina.sellers.parameters import Parameters
from vitrina.sellers.raw_tables import RawAnnotations, RawTrueRoles
from vitrina.sellers.receipts import RECEIPTS_SCHEMA
from vitrina.sellers.roster import PROTOTYPES_SCHEMA
from vitrina.sellers.shifts import SHIFTS_SCHEMA
from vitrina.sellers.tables import Detections, FootageSamples
from vitrina.sellers.video_facts import probe
from vitrina.sellers.video_names import NamePattern
from vitrina.warehouse import FileLocation, Warehouse

FPS = 5.0
STEP_S = 1.0
START = dt.datetime(2026, 10, 14, 6, tzinfo=dt.UTC)
KEY = "north|till|20261014T060000Z|0123abcd"
NORTH = {"store_id": "north", "camera_id": "till"}
SIZE = (640, 360)
ZONE = ((0.0, 200.0), (120.0, 200.0), (120.0, 340.0), (0.0, 340.0))
STAND = (60.0, 300.0)
"""Where the seller stands, in the staff zone; people are 100 pixels high."""


def video(duration_s, *, start=START, size=SIZE, **camera):
    return Video(KEY, "north", start, duration_s, size, Camera("north", "till", **camera))


def samples(n, *, first=0, fps=FPS, state="ok"):
    rows = [
        (KEY, number, (first + number) / fps, START + dt.timedelta(seconds=(first + number) / fps), 100.0, 2500.0, 5.0, state)
        for number in range(n)
    ]
    return pl.DataFrame(rows, schema=FootageSamples.polars_schema(), orient="row")


def looks(who, frame):
    vector = np.zeros(48)
    vector[who % 48] = 1
    vector += np.random.default_rng([who, frame]).normal(size=48) * 0.02
    return (vector / np.linalg.norm(vector)).tolist()


def detected(boxes, *, confidence=0.9):
    """What a detector finds that makes no mistake: rows of (frame, identity, x1, y1, x2, y2), frames from 1."""
    rows, numbers = [], {}
    for frame, who, *corners in boxes:
        numbers[frame] = numbers.get(frame, -1) + 1
        rows.append((KEY, frame - 1, numbers[frame], (frame - 1) / FPS, *corners, confidence, None, looks(who, frame)))
    return pl.DataFrame(rows, schema=Detections.polars_schema(), orient="row")


def delivered_rows(table, rows):
    """Rows of a raw table, as if one file had brought them."""
    filled = [
        dict.fromkeys(table.polars_schema()) | {"source_file": "a", "source_row": number, "delivery": 1} | NORTH | row
        for number, row in enumerate(rows, start=2)
    ]
    return table.check(pl.DataFrame(filled, schema=table.polars_schema()))


def annotated(boxes, *, ignored=()):
    named = ({"start": "a", "frame": frame, "identity": who, "ignored": who in ignored, **dict(zip(("x1", "y1", "x2", "y2"), at, strict=True))} for frame, who, *at in boxes)  # fmt: skip
    return delivered_rows(RawAnnotations, named)


def roles(**of):
    return delivered_rows(RawTrueRoles, ({"start": "a", "identity": int(who[1:]), "role": role} for who, role in of.items()))


def counted(end_s, begin_s=0.0, **values):
    begin, end = (START + dt.timedelta(seconds=at) for at in (begin_s, end_s))
    rows = (
        {"begin": begin, "end": end, "metric": metric, "value": float(value), "counted_by": "A"} for metric, value in values.items()
    )
    return delivered_rows(RawManualCounts, rows)


def known(camera, *, shifts=(), receipts=()):
    return Delivered(
        camera,
        pl.DataFrame([("north", *shift) for shift in shifts], schema=SHIFTS_SCHEMA, orient="row"),
        pl.DataFrame([(name, "north", at, amount, None) for name, at, amount in receipts], schema=RECEIPTS_SCHEMA, orient="row"),
        pl.DataFrame(schema=PROTOTYPES_SCHEMA),
    )


def judge(boxes, n, *, truth=None, true_roles=None, counts=None, of=None, beside=None, found=None, strides=STRIDES, seen=None):
    filmed = of or video(n / FPS)
    return judged(
        filmed,
        detected(boxes) if found is None else found,
        samples(n) if seen is None else seen,
        truth=TrueOfVideo(
            annotated(boxes) if truth is None else truth,
            RawTrueRoles.empty() if true_roles is None else true_roles,
            RawManualCounts.empty() if counts is None else counts,
        ),
        delivered=beside or known(filmed.camera),
        parameters=Parameters(),
        fps=FPS,
        step_s=STEP_S,
        strides=strides,
    )


def curve(found, measure):
    rows = found.stride_quality.filter(pl.col("measure") == measure).sort("stride")
    return dict(rows.select("stride", "value").iter_rows())


def rests_on(found, measure):
    return dict(found.stride_quality.filter(pl.col("measure") == measure).select("stride", "n").iter_rows())


def cells(found, matrix):
    rows = found.confusion.filter(pl.col("matrix") == matrix)
    return {(truth, said): seconds for truth, said, seconds in rows.select("truth", "said", "seconds").iter_rows()}


def stands(who, first, last, x=STAND[0], y=STAND[1]):
    """Somebody stands about on frames: slowly to the left and to the right, as no poster does."""
    sway = 10 * np.sin(np.arange(first, last + 1) / 20 + who)
    return [
        (frame, who, x - 20 + s, y - 100, x + 20 + s, y) for frame, s in zip(range(first, last + 1), sway.tolist(), strict=True)
    ]


def in_order(*parts):
    return sorted(row for part in parts for row in part)


@pytest.fixture(scope="module")
def shop():
    """Twenty-five seconds of the made-up shop at 5 frames a second: the video, everybody's boxes, their roles, and what is known beside."""
    day = simulate_day("tiny", 7)
    renderer = Renderer(day, 240, 136, jpeg=None)
    begin, n = 70.0, 125
    seen = shop_truth.boxes(renderer, shop_truth.moments(begin, begin + n / FPS, 1 / FPS)).filter(
        pl.col("visible") >= shop_truth.VISIBLE
    )
    boxes = list(seen.select(pl.col("sample") + 1, "person", "x1", "y1", "x2", "y2").sort("sample", "person").iter_rows())
    truth = shop_truth.camera(renderer)
    filmed = video(n / FPS, start=day.at(begin), size=(240, 136), floor=truth.floor, staff_zone=truth.staff_zone)
    who = {f"p{person}": role for person, role in seen.select("person", "role").unique().iter_rows()}
    shifts = shop_truth.roster(day).select("seller_id", "begin_at", "end_at").iter_rows()
    return filmed, boxes, roles(**who), known(filmed.camera, shifts=shifts), n


@pytest.fixture(scope="module")
def shop_judged(shop):
    filmed, boxes, who, beside, n = shop
    return judge(boxes, n, true_roles=who, of=filmed, beside=beside)


def test_faultless_detections_of_the_made_up_shop_are_judged_faultless(shop_judged):
    for measure in ("map", "ap50", "precision", "recall", *TRACKING):
        assert curve(shop_judged, measure)[1] == pytest.approx(1), measure
    assert curve(shop_judged, "switches")[1] == 0
    assert set(shop_judged.stride_quality["stride"]) == set(STRIDES)


def test_looking_less_often_costs_the_tracker_and_not_the_detector():
    # two who look alike cross each other's way: every 6 s, one has gone where the other was
    def walks(who, x, step):
        return [(frame, who, x + step * frame, 150.0, x + step * frame + 40, 250.0) for frame in range(1, 181)]

    boxes = in_order(walks(1, 20.0, 3.0), walks(49, 580.0, -3.0))
    found = judge(boxes, 180, strides=(1, 30))
    assert curve(found, "ap50") == {1: pytest.approx(1), 30: pytest.approx(1)}
    assert curve(found, "idf1")[1] == 1 > curve(found, "idf1")[30]
    assert curve(found, "switches")[1] == 0 < curve(found, "switches")[30]


def test_boxes_that_each_stride_rests_on_are_those_of_its_frames(shop, shop_judged):
    _, boxes, _, _, n = shop
    first = boxes[0][0]
    for stride, rested in rests_on(shop_judged, "recall").items():
        assert rested == sum((frame - first) % stride == 0 for frame, *_ in boxes)
    assert shop_judged.frames == boxes[-1][0] - first + 1 <= n
    assert shop_judged.unseen == 0


def test_the_confusion_is_that_of_the_stride_whose_step_is_the_usual_one(shop, shop_judged):
    _, boxes, _, _, _ = shop
    assert shop_judged.stride == 5
    first = boxes[0][0]
    everybody = sum((frame - first) % 5 == 0 for frame, *_ in boxes) * 1.0
    assert cells(shop_judged, "person").get(("person", "person"), 0) <= everybody
    assert sum(cells(shop_judged, "role").values()) == pytest.approx(everybody, abs=1e-6)


def talks(n_customers=4, seconds=15, pause=5):
    """A seller who stands all the time, and customers who come one after the other and stand by."""
    frames = (seconds + pause) * int(FPS)
    n = n_customers * frames + 25
    customers = [stands(10 + i, 26 + i * frames, 25 + i * frames + seconds * int(FPS), x=STAND[0] + 75) for i in range(n_customers)]
    return in_order(stands(1, 1, n), *customers), n


def test_deviations_are_those_of_what_would_have_been_counted_at_each_stride():
    boxes, n = talks()
    filmed = video(n / FPS, staff_zone=ZONE)
    ends = [START + dt.timedelta(seconds=5 + 20 * i + 15) for i in (0, 2)]
    beside = known(
        filmed.camera,
        shifts=[("S01", START, filmed.ended_at)],
        receipts=[(f"R{i}", end + dt.timedelta(seconds=4), 1000) for i, end in enumerate(ends)],
    )
    counts = counted(n / FPS, successful_interactions=2, unsuccessful_interactions=4)
    found = judge(boxes, n, of=filmed, beside=beside, counts=counts)
    assert curve(found, "deviation_successful_interactions")[1] == pytest.approx(0)
    # people saw four where two are measured
    assert curve(found, "deviation_unsuccessful_interactions")[1] == pytest.approx(-0.5)
    assert rests_on(found, "deviation_unsuccessful_interactions")[1] == 4
    assert "deviation_interaction_ratio" not in set(found.stride_quality["measure"])
    # every 6 s, two or three samples show each customer: too few to know what anybody is
    assert curve(found, "deviation_successful_interactions")[30] < -0.4


def test_counts_of_another_time_are_left_out():
    boxes, n = talks(1)
    for counts in (counted(4000.0, 3000.0, successful_interactions=2), counted(-100.0, -200.0, successful_interactions=2)):
        assert not any("deviation" in name for name in judge(boxes, n, counts=counts, strides=(5,)).stride_quality["measure"])


def test_counts_of_a_whole_video_say_nothing_of_a_stretch():
    boxes, n = talks(1)
    whole = video(600.0, staff_zone=ZONE)
    found = judge(boxes, n, of=whole, counts=counted(600.0, successful_interactions=2), strides=(5,))
    assert curve(found, "deviation_successful_interactions") == {5: None}
    assert rests_on(found, "deviation_successful_interactions") == {5: 0}


def test_larger_strides_lose_as_many_people_and_visits_as_arithmetic_says():
    # of 30 people each is on frames 10k + 1 to 10k + 4
    boxes = in_order(*(stands(who, 10 * who + 1, 10 * who + 4, x=100 + 15 * who) for who in range(30)))
    found = judge(boxes, 300, strides=(1, 5, 10, 20))
    shares = {1: 1.0, 5: 1.0, 10: 1.0, 20: 0.5}
    assert curve(found, PEOPLE_SEEN) == {stride: pytest.approx(share) for stride, share in shares.items()}
    # 4 of 5 frames at random, 4 of 10, 4 of 20
    assert curve(found, EVENTS_SEEN) == {1: 1.0, 5: pytest.approx(0.8), 10: pytest.approx(0.4), 20: pytest.approx(0.2)}
    assert set(rests_on(found, PEOPLE_SEEN).values()) == {30} == set(rests_on(found, EVENTS_SEEN).values())


def test_who_is_away_for_a_while_has_visited_twice():
    boxes = in_order(stands(1, 1, 10), stands(1, 40, 49))
    found = judge(boxes, 60, strides=(1, 20))
    assert rests_on(found, EVENTS_SEEN)[1] == 2
    assert curve(found, EVENTS_SEEN)[20] == pytest.approx(0.5)
    near = judge(in_order(stands(1, 1, 10), stands(1, 21, 30)), 60, strides=(1,))
    assert rests_on(near, EVENTS_SEEN)[1] == 1


def test_a_stride_sees_no_frames_but_its_own():
    # whoever comes at frames 2 to 5 is never looked at with a stride of 5
    boxes = in_order(stands(1, 1, 50), *(stands(100 + k, 5 * k + 2, 5 * k + 5, x=400) for k in range(10)))
    found = judge(boxes, 50, strides=(1, 5))
    assert curve(found, PEOPLE_SEEN) == {1: 1.0, 5: pytest.approx(1 / 11)}
    assert rests_on(found, "precision")[5] == 10
    assert curve(found, "precision")[5] == 1


def test_a_video_without_an_annotation_gives_empty_tables():
    boxes, n = talks(1)
    found = judge(boxes, n, truth=RawAnnotations.empty())
    assert found.stride_quality.equals(StrideQuality.empty())
    assert found.confusion.equals(RoleConfusion.empty())
    assert (found.frames, found.unseen, found.stride) == (0, 0, None)


def test_annotated_frames_beyond_the_video_are_told_and_not_judged():
    boxes, n = talks(1)
    further = stands(1, n + 1, n + 30)
    found = judge(boxes, n, truth=annotated(boxes + further), strides=(1, 5))
    assert found.unseen == 30
    assert found.frames == n
    assert curve(found, "recall")[1] == 1
    beyond = judge(boxes, n, truth=annotated(further))
    assert beyond.stride_quality.is_empty()
    assert beyond.unseen == 30


def test_without_roles_people_are_told_from_nothing_alone():
    boxes, n = talks(1)
    found = judge(boxes, n)
    assert set(found.confusion["matrix"]) == {"person"}
    assert cells(found, "person") == {("person", "person"): pytest.approx(len([b for b in boxes if b[0] % 5 == 1]))}


def test_whoever_has_no_role_counts_as_a_person_and_in_no_role():
    boxes, n = talks(2)
    filmed = video(n / FPS, staff_zone=ZONE)
    beside = known(filmed.camera, shifts=[("S01", START, filmed.ended_at)])
    found = judge(boxes, n, of=filmed, beside=beside, true_roles=roles(p1="seller", p10="customer"))
    sampled = {who: sum(frame % 5 == 1 for frame, other, *_ in boxes if other == who) for who in (1, 10, 11)}
    assert cells(found, "person") == {("person", "person"): pytest.approx(sum(sampled.values()))}
    assert cells(found, "role") == {
        ("seller", "seller"): pytest.approx(sampled[1]),
        ("customer", "customer"): pytest.approx(sampled[10]),
    }


def test_a_missed_person_and_a_false_alarm_stand_beside_nobody():
    boxes = in_order(stands(1, 1, 50))
    found = judge(boxes, 50, found=detected(in_order(stands(9, 1, 50, x=500))), strides=(1, 5))
    assert curve(found, "recall") == {1: 0, 5: 0}
    assert curve(found, "mota") == {1: -1, 5: -1}
    assert cells(found, "person") == {("person", "nobody"): pytest.approx(10), ("nobody", "person"): pytest.approx(10)}


def test_a_poster_need_not_be_found_but_is_no_person():
    person, poster = stands(1, 1, 100), stands(2, 1, 100, x=500)
    found = judge(in_order(person, poster), 100, true_roles=roles(p1="customer", p2="fixture"), strides=(5,))
    assert curve(found, "precision") == {5: 1}
    assert rests_on(found, "recall") == {5: 20}
    assert cells(found, "person") == {("person", "person"): pytest.approx(20), ("nobody", "person"): pytest.approx(20)}
    assert curve(
        judge(in_order(person, poster), 100, found=detected(person), true_roles=roles(p2="fixture"), strides=(5,)), "recall"
    ) == {5: 1}


def test_what_lies_in_a_part_that_is_left_out_counts_neither_way():
    left_out = ((450.0, 0.0), (550.0, 0.0), (550.0, 360.0), (450.0, 360.0))
    boxes = in_order(stands(1, 1, 50), stands(2, 1, 50, x=500))
    found = judge(boxes, 50, of=video(10.0, ignored=(left_out,)), strides=(1,))
    assert curve(found, "recall") == curve(found, "precision") == curve(found, "ap50") == {1: pytest.approx(1)}
    assert rests_on(found, "recall") == {1: 50}
    assert rests_on(found, "precision") == {1: 50}


def test_nobody_found_is_a_recall_of_nothing_and_no_precision():
    boxes = stands(1, 1, 50)
    found = judge(boxes, 50, found=Detections.empty(), strides=(1, 5))
    assert curve(found, "recall") == {1: 0, 5: 0}
    assert curve(found, "precision") == {1: None, 5: None}
    assert curve(found, "map") == {1: 0, 5: 0}


def test_a_sparse_annotation_is_judged_on_its_own_frames():
    boxes, n = talks(1)
    found = judge(boxes, n, truth=annotated([row for row in boxes if row[0] % 25 == 3]), strides=(1, 5, 30))
    assert found.frames == len(range(3, n + 1, 25))
    assert curve(found, "precision") == {1: 1, 5: 1, 30: 1}
    # most frames of a stride of 30 have no annotation: whom they show is not known
    assert curve(found, PEOPLE_SEEN) == {1: 1, 5: 1, 30: None}
    assert rests_on(found, "recall")[1] == rests_on(found, "recall")[5] > rests_on(found, "recall")[30] > 0


def test_a_stretch_in_the_middle_keeps_its_frames():
    boxes = stands(1, 101, 150)
    late = detected(boxes).with_columns(pl.col("sample") - 100)
    found = judge(boxes, 50, found=late, seen=samples(50, first=100), of=video(100.0), strides=(1, 5))
    assert curve(found, "recall") == {1: 1, 5: 1}
    assert found.unseen == 0


@pytest.mark.parametrize(
    ("frames", "meant"),
    [
        ([], []),
        ([7], [7]),
        ([1, 2, 5, 6], [1, 2, 3, 4, 5, 6]),
        ([1, 26, 76], [1, 26, 51, 76]),
        ([1, 7, 100, 460], [1, 7, 100, 460]),
    ],
)
def test_frames_without_anybody_are_annotated_where_frames_keep_a_distance(frames, meant):
    assert annotated_frames(annotated([(frame, 1, 0, 0, 10, 10) for frame in frames])) == meant


def test_no_more_is_looked_at_than_the_annotation_asks_for():
    def wanted(first, last, counts=None, seconds=100.0):
        truth = annotated([(frame, 1, 0, 0, 10, 10) for frame in (first, last)])
        return wanted_frames(
            TrueOfVideo(truth, RawTrueRoles.empty(), RawManualCounts.empty() if counts is None else counts), video(seconds), FPS
        )

    assert wanted(11, 50) == range(11, 51)
    assert wanted(11, 5000) == range(11, 501)
    assert not wanted(501, 600)
    assert wanted(11, 50, counted(100.0, successful_interactions=1)) == range(1, 501)
    assert wanted(11, 50, counted(1e6, 9e5, successful_interactions=1)) == range(11, 51)
    assert len(wanted(11, 2 * MOST_FRAMES, seconds=1e6)) == MOST_FRAMES


def test_every_frame_of_a_stretch_is_looked_at_once(tmp_path):
    def walker(number):
        return picture((2 * number, 60, 2 * number + 30, 180, (200, 220, 240)), noise=8, seed=number)

    path = write_video(tmp_path / "a.mp4", 60, size=(320, 240), picture=lambda number, *_: walker(number), fps=25, gop=50)
    facts = probe(path)
    filmed = Video(KEY, "north", START, facts.duration_s, (320, 240), Camera("north", "till"))
    looked = look_at_frames(
        path,
        facts,
        filmed,
        Models(BrightPeople(), ClothesColours()),
        range(11, 41),
        parameters=Parameters(),
        step_s=0.4,
        longest_px=320,
    )
    assert (looked.samples["pts_s"] * 25).round().to_list() == list(range(10, 40))
    assert looked.samples["sample"].to_list() == list(range(30))
    FootageSamples.check(looked.samples)
    left = dict(looked.detections.select("sample", "x1").iter_rows())
    assert all(abs(left[sample] - 2 * (sample + 10)) <= 3 for sample in range(30))


def test_a_picture_that_stands_still_for_a_moment_is_not_frozen(tmp_path):
    def shown(number, *_):
        return picture(
            (100 + 10 * (number // 20), 60, 130 + 10 * (number // 20), 180, (200, 220, 240)), noise=20, seed=number // 20
        )

    path = write_video(tmp_path / "a.mp4", 120, size=(320, 240), picture=shown, fps=25, gop=200)
    facts = probe(path)
    filmed = Video(KEY, "north", START, facts.duration_s, (320, 240), Camera("north", "till"))
    models = Models(BrightPeople(), ClothesColours())
    looked = look_at_frames(path, facts, filmed, models, range(1, 121), parameters=Parameters(), step_s=0.8, longest_px=320)
    assert "frozen" not in set(looked.samples["state"])


def test_an_annotation_is_found_by_the_name_of_its_video(tmp_path):
    rows = pl.concat(
        [
            annotated([(1, 1, 0, 0, 10, 20)]).with_columns(start=pl.lit("20261014T060000Z")),
            annotated([(2, 1, 0, 0, 10, 20)]).with_columns(start=pl.lit("20261015T060000Z"), source_file=pl.lit("b")),
        ]
    )
    warehouse = Warehouse(FileLocation(tmp_path / "sellers.duckdb"))
    with warehouse.write() as connection:
        for statement in RawAnnotations.ddl():
            connection.execute(statement)
        connection.register("given", rows)
        connection.execute("INSERT INTO raw_annotations BY NAME SELECT * FROM given")
        truth = truth_of(connection, video(10.0), "videos/north/till/20261014T060000Z.mp4", NamePattern())
    assert truth.annotations["frame"].to_list() == [1]
    assert truth.true_roles.is_empty()
    assert truth.counts.is_empty()


def test_the_curves_are_drawn_in_both_languages_and_stay_small():
    boxes, n = talks()
    filmed = video(n / FPS, staff_zone=ZONE)
    quality = judge(boxes, n, of=filmed, counts=counted(n / FPS, interaction_ratio=0.8), strides=(1, 5, 30)).stride_quality
    pictures = {locale: stride_curves(quality, locale) for locale in ("en", "ru")}
    assert pictures["en"] != pictures["ru"]
    for png in pictures.values():
        assert len(png) <= 200_000
        with Image.open(io.BytesIO(png)) as image:
            assert image.format == "PNG"
            assert image.width > 700
    assert stride_curves(StrideQuality.empty(), "en") is None
    assert all(translated != english for english, translated in catalogue("ru", DOMAIN).items())


@pytest.mark.real_data
def test_the_corridor_is_followed_at_its_stride_as_its_people_were_labelled():
    labels = corridor_labels().select(pl.col("frame") + 1, pl.col("person").rank("dense"), *CORNERS).sort("frame", "person")
    path = real("VITRINA_REAL_DATA") / "sellers" / ENTRY
    facts = probe(path)
    filmed = Video(KEY, "north", START, facts.duration_s, (facts.width, facts.height), Camera("north", "till"))
    truth = TrueOfVideo(annotated(list(labels.iter_rows())), RawTrueRoles.empty(), RawManualCounts.empty())
    models = Models(UltralyticsDetector(detector_weights()), OnnxAppearance(appearance_weights()))
    # the first five labelled frames
    looked = look_at_frames(path, facts, filmed, models, range(1, 102), parameters=Parameters(), step_s=1.0, longest_px=1280)
    found = judged(
        filmed, looked.detections, looked.samples, truth=truth, delivered=known(filmed.camera), parameters=Parameters(),
        fps=facts.fps, step_s=1.0, strides=(5, 25),
    )  # fmt: skip
    assert (found.frames, found.stride) == (5, 25)
    assert found.unseen == 11
    assert curve(found, "recall")[25] >= 0.95
    assert curve(found, "idf1")[25] >= 0.95
