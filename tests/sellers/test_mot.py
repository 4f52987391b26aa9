"""Files of MOT Challenge: what is read, what is refused and with which line, and that what is written is read again."""

import contextlib
import os
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.sellers import mot
from vitrina.sellers.mot import CORNERS, SCHEMA, Kind, MotFileError, of_trajectories, read_mot, write_mot

GOOD = "1,1,10,20,30,40,1,-1,-1,-1"


def written(folder, *lines, name="gt.txt"):
    path = folder / name
    path.write_bytes("\n".join(lines).encode() if all(isinstance(line, str) for line in lines) else b"\n".join(lines))
    return path


def refusal(folder, *lines, kind=Kind.TRUTH):
    with pytest.raises(MotFileError) as raised:
        read_mot(written(folder, *lines), kind)
    assert "gt.txt" in str(raised.value)
    assert "What to do" in str(raised.value)
    return str(raised.value)


def test_a_box_is_read_with_its_corners_from_pixel_zero(tmp_path):
    boxes = read_mot(written(tmp_path, GOOD), Kind.TRUTH)
    assert boxes.schema == SCHEMA
    assert boxes.rows() == [(1, 1, 9.0, 19.0, 39.0, 59.0, 1.0, False)]
    assert read_mot(written(tmp_path, GOOD), Kind.TRUTH, first_pixel=0).select(CORNERS).row(0) == (10.0, 20.0, 40.0, 60.0)


def test_blanks_a_byte_order_mark_windows_line_ends_and_whole_numbers_with_a_point_are_no_obstacle(tmp_path):
    usual = read_mot(written(tmp_path, GOOD), Kind.TRUTH)
    assert read_mot(written(tmp_path, "\ufeff1.0 , 1, 10, 20,3e1 ,40,1,-1,-1,-1\r\n\r\n"), Kind.TRUTH).equals(usual)
    assert read_mot(written(tmp_path, "1 1\t10 20   30 40 1 -1 -1 -1"), Kind.TRUTH).equals(usual)


def test_a_file_without_lines_holds_no_boxes(tmp_path):
    assert read_mot(written(tmp_path, ""), Kind.TRACKS).equals(pl.DataFrame(schema=SCHEMA))


def test_the_last_three_of_ten_columns_are_a_place_and_no_class(tmp_path):
    # TUD-Stadtmitte has places in metres there: as a class, 4.4852 would be refused, and 2 would be a distractor
    boxes = read_mot(written(tmp_path, "1,1,88,99,61.08,218.56,1,4.4852,5.5016,0", "1,2,88,99,61,218,1,2,5,0"), Kind.TRUTH)
    assert boxes["ignored"].to_list() == [False, False]


def test_of_nine_columns_one_is_a_class_and_what_only_looks_like_a_person_need_not_be_found(tmp_path):
    lines = [
        f"1,{identity},10,20,30,40,{flag},{label},1"
        for identity, flag, label in [(1, 1, 1), (2, 0, 1), (3, 1, 7), (4, 1, 3), (5, 1, -1)]
    ]
    truth = read_mot(written(tmp_path, *lines), Kind.TRUTH)
    assert truth.select("identity", "ignored").rows() == [(1, False), (2, True), (3, True), (5, False)]
    # what a tracker says is said of persons, whatever stands there
    said = read_mot(written(tmp_path, *lines), Kind.TRACKS)
    assert said["identity"].to_list() == [1, 2, 3, 4, 5]
    assert not said["ignored"].any()


def test_an_annotation_without_any_person_is_refused_because_the_classes_are_numbered_otherwise(tmp_path):
    assert "none of them of class 1" in refusal(tmp_path, "1,1,10,20,30,40,1,3,1", "2,1,10,20,30,40,1,4,1")


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("frame,id,left,top,width,height,conf,x,y,z", "no header"),
        ("1,1,10,20,nan,40,1,-1,-1,-1", "other than numbers"),
        ("1,1,10,20,inf,40,1,-1,-1,-1", "other than numbers"),
        ("1,1,1_0,20,30,40,1,-1,-1,-1", "other than numbers"),
        ("1,1,10,20,٣٠,40,1,-1,-1,-1", "other than numbers"),
        ("=cmd|' /C calc'!A0,1,1,1,1,1,1,1,1,1", "other than numbers"),
        ("1,1,10,20,3-0,40,1,-1,-1,-1", "'3-0' is no number"),
        ("1,1,10,20,,40,1,-1,-1,-1", "'' is no number"),
        ("1,1,10,20,0,40,1,-1,-1,-1", "no area"),
        ("1,1,10,20,30,-40,1,-1,-1,-1", "no area"),
        ("1,1,99999,20,1e-300,40,1,-1,-1,-1", "too small"),
        ("1,1,1e300,20,30,40,1,-1,-1,-1", "outside any picture"),
        ("1,1,10,20,1e999,40,1,-1,-1,-1", "outside any picture"),
        ("0,1,10,20,30,40,1,-1,-1,-1", "frames count from 1"),
        ("1.5,1,10,20,30,40,1,-1,-1,-1", "frame 1.5 is no whole number"),
        ("1e999,1,10,20,30,40,1,-1,-1,-1", "frame inf is no whole number"),
        ("1,9999999999,10,20,30,40,1,-1,-1,-1", "identity 1e+10 is no whole number"),
        ("1,-1,10,20,30,40,1,-1,-1,-1", "are detections"),
        ("1,1,10,20,30,40", "6 columns"),
        ("1,1,10,20,30,40,1,-1,-1,-1,-1", "11 columns"),
        ("1," * 400, "800 characters"),
    ],
)
def test_a_line_that_cannot_be_right_is_named_by_its_number(tmp_path, line, complaint):
    said = refusal(tmp_path, line)
    assert "line 1: " in said
    assert complaint in said
    if line.count(",") == 9:
        said = refusal(tmp_path, "1,5,10,20,30,40,1,-1,-1,-1", "", line)
        assert "line 3: " in said
        assert complaint in said


def test_a_file_that_was_cut_off_is_noticed_by_its_columns(tmp_path):
    assert "line 2: it has 7 columns where the lines before have 10; was the file cut off?" in refusal(
        tmp_path, GOOD, "2,1,10,20,30,40,1"
    )


def test_an_identity_twice_on_one_frame_is_refused_with_both_lines(tmp_path):
    assert "line 3: frame 1 has identity 1 already, in line 1" in refusal(tmp_path, GOOD, "2,1,10,20,30,40,1,-1,-1,-1", GOOD)


def test_detections_need_no_identities(tmp_path):
    lines = ["1,-1,10,20,30,40,0.5,-1,-1,-1"] * 2
    assert read_mot(written(tmp_path, *lines), Kind.DETECTIONS)["confidence"].to_list() == [0.5, 0.5]
    assert "boxes without identities" in refusal(tmp_path, *lines, kind=Kind.TRACKS)


def test_ten_wrong_lines_are_told_and_then_no_more(tmp_path):
    with pytest.raises(MotFileError, match="and perhaps more") as raised:
        read_mot(written(tmp_path, *["0,1,10,20,30,40,1,-1,-1,-1"] * 1000), Kind.TRUTH)
    assert len(raised.value.problems) == 10


def test_what_is_no_text_is_refused(tmp_path):
    assert "line 2: this is no text" in refusal(tmp_path, GOOD.encode(), b"\xff\xfe\x00\x01")
    assert "other than numbers" in refusal(tmp_path, "\x00" * 100)
    # a sign that would end a line elsewhere must not shift the numbers of lines
    assert "line 2: " in refusal(tmp_path, GOOD + "\n\u2028")


def test_a_file_that_is_not_there_or_too_large_is_refused(tmp_path, monkeypatch):
    with pytest.raises(MotFileError, match="No such file"):
        read_mot(tmp_path / "gt.txt", Kind.TRUTH)
    with pytest.raises(MotFileError, match="cannot be opened"):
        read_mot(tmp_path, Kind.TRUTH)
    monkeypatch.setattr(mot, "MOST_BYTES", 5)
    assert "at most 5" in refusal(tmp_path, GOOD)


def boxes_of(rows):
    schema = dict(SCHEMA)
    return pl.DataFrame(rows, schema=schema, orient="row").sort("frame", "identity")


PIXELS = st.integers(0, 4_000_000).map(lambda thousandths: thousandths / 1000)
SIZES = st.integers(1, 2_000_000).map(lambda thousandths: thousandths / 1000)
BOXES = st.tuples(PIXELS, PIXELS, SIZES, SIZES).map(lambda box: (box[0], box[1], box[0] + box[2], box[1] + box[3]))


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.tuples(st.integers(1, 10**6), st.integers(0, 10**6)), st.tuples(BOXES, st.booleans()), max_size=8))
@pytest.mark.parametrize("kind", [Kind.TRUTH, Kind.TRACKS])
def test_what_is_written_is_read_again(tmp_path_factory, kind, boxes):
    path = tmp_path_factory.mktemp("mot") / "boxes.txt"
    ignored = kind is Kind.TRUTH
    given_boxes = boxes_of(
        [(*key, *corners, 0.0 if ignored and flag else 1.0, ignored and flag) for key, (corners, flag) in boxes.items()]
    )
    write_mot(path, given_boxes, kind)
    again = read_mot(path, kind)
    assert again.drop(CORNERS).equals(given_boxes.drop(CORNERS))
    for corner in CORNERS:
        assert again[corner].to_list() == pytest.approx(given_boxes[corner].to_list(), abs=2e-3)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused_and_nothing_else(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("mot") / "gt.txt"
    path.write_bytes(content)
    for kind in Kind:
        with contextlib.suppress(MotFileError):
            assert read_mot(path, kind).schema == SCHEMA


def test_trajectories_are_boxes_of_tracks_or_of_persons():
    trajectories = pl.DataFrame(
        {"video": "v", "track": [1, 2], "sample": [0, 3], "x1": [0.0, 1.0], "y1": [0.0, 1.0], "x2": [5.0, 6.0], "y2": [5.0, 6.0]}
    )
    tracks = pl.DataFrame({"video": "v", "track": [1, 2], "person": [7, 7]})
    assert of_trajectories(trajectories).select("frame", "identity").rows() == [(1, 1), (4, 2)]
    assert of_trajectories(trajectories, tracks, stride=25).select("frame", "identity").rows() == [(1, 7), (76, 7)]
    assert list(of_trajectories(trajectories).columns) == list(SCHEMA)


def test_a_person_who_is_said_to_be_in_two_places_is_two_persons_there():
    corners = {"x1": 0.0, "y1": 0.0, "x2": 5.0, "y2": 5.0}
    trajectories = pl.DataFrame({"video": "v", "track": [3, 2, 2, 9], "sample": [0, 0, 1, 1]}).with_columns(
        **{k: pl.lit(v) for k, v in corners.items()}
    )
    tracks = pl.DataFrame({"video": "v", "track": [2, 3], "person": [7, 7]})
    found = of_trajectories(trajectories, tracks).select("frame", "identity").rows()
    # the later track as 7 + 3, and one that nobody knows as 7 + 9
    assert found == [(1, 7), (1, 10), (2, 7), (2, 16)]


@pytest.mark.real_data
def test_real_annotations_are_read_as_they_are():
    folder = os.environ.get("VITRINA_REAL_DATA")
    if folder is None:
        pytest.skip("VITRINA_REAL_DATA names no folder with sellers/motmetrics")
    data = Path(folder) / "sellers" / "motmetrics" / "data"
    sizes = {}
    for name in ("TUD-Campus", "TUD-Stadtmitte"):
        for file, kind in (("gt", Kind.TRUTH), ("test", Kind.TRACKS)):
            path = data / name / f"{file}.txt"
            boxes = read_mot(path, kind)
            assert boxes.height == len(path.read_text().split())
            sizes[name, file] = (boxes["frame"].n_unique(), boxes["identity"].n_unique())
    assert sizes["TUD-Campus", "gt"] == (71, 8)
    assert sizes["TUD-Stadtmitte", "gt"] == (179, 10)
