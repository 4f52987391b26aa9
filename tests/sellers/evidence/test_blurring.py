import cv2
import numpy as np
import pytest

from tests.sellers.corridor import ASSISTANT, detector_weights, real
from tests.sellers.evidence.walking_woman import is_there, shows_face
from vitrina.sellers.detector import UltralyticsDetector
from vitrina.sellers.evidence.blurring import CELLS, blurred, head_regions
from vitrina.sellers.footage import sampled

STANDING = (100, 60, 140, 180)
SEATED = (100, 100, 160, 170)
TINY = (50, 50, 54, 62)
AT_THE_TOP = (200, 0, 240, 90)
BUST_BELOW = (30, 180, 90, 240)
AT_THE_SIDE = (0, 60, 20, 200)
PARTS = pytest.mark.parametrize("box", [STANDING, SEATED, TINY, AT_THE_TOP, BUST_BELOW, AT_THE_SIDE], ids=str)


def texture(seed=0, height=240, width=320):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def fine(image):
    """What is left of a picture without its coarse shades."""
    return image.astype(float) - cv2.GaussianBlur(image, (0, 0), 2).astype(float)


def region_of(box, height=240, width=320):
    left, upper, right, lower = head_regions(np.array([box], np.float32), height, width)[0]
    return slice(upper, lower), slice(left, right)


@PARTS
def test_nothing_of_the_texture_of_a_head_is_left(box):
    before = texture()
    after = blurred(before, np.array([box], np.float32))
    at = region_of(box)
    assert np.abs(np.corrcoef(fine(before)[at].ravel(), fine(after)[at].ravel())[0, 1]) < 0.1
    assert after[at].std() < before[at].std() / 2


@PARTS
def test_the_rest_of_the_picture_is_untouched(box):
    before = texture()
    after = blurred(before, np.array([box], np.float32))
    outside = np.ones(before.shape[:2], bool)
    outside[region_of(box)] = False
    assert (before[outside] == after[outside]).all()
    assert (before == texture()).all()


def test_hardly_a_dozen_numbers_of_a_head_are_left_whatever_it_looked_like():
    box = np.array([[100, 60, 160, 240]], np.float32)
    at = region_of(box[0])
    heads = np.stack([blurred(texture(seed), box)[at][..., 0].ravel().astype(float) for seed in range(60)])
    strengths = np.linalg.svd(heads - heads.mean(0), compute_uv=False)
    # beyond the cells, only rounding to whole shades is left
    assert (strengths[CELLS * CELLS :] < strengths[0] / 10).all()


def test_two_heads_of_equal_shades_cannot_be_told_apart():
    box = np.array([[100, 60, 160, 240]], np.float32)
    one = texture()
    rows, columns = region_of(box[0])
    height, width = rows.stop - rows.start, columns.stop - columns.start
    side = max(height, width) // CELLS
    other = one.copy()
    generator = np.random.default_rng(5)
    # pixels exchanged well within a cell leave its mean as it is
    for upper in range(rows.start, rows.stop, side):
        for left in range(columns.start, columns.stop, side):
            cell = other[upper + 2 : min(upper + side, rows.stop) - 2, left + 2 : min(left + side, columns.stop) - 2]
            flat = cell.reshape(-1, 3)
            cell[:] = generator.permutation(flat).reshape(cell.shape)
    changed = np.abs(one.astype(int) - other).mean()
    assert changed > 3
    assert np.abs(blurred(one, box).astype(int) - blurred(other, box))[rows, columns].max() <= 12


def test_a_head_is_covered_with_a_margin_of_hair_and_shoulders():
    left, upper, right, lower = head_regions(np.array([STANDING], np.float32), 240, 320)[0]
    x1, y1, x2, y2 = STANDING
    assert left < x1 < x2 < right
    assert upper < y1 - 0.05 * (y2 - y1)
    assert y1 + 0.3 * (y2 - y1) <= lower < y1 + 0.5 * (y2 - y1)


@pytest.mark.parametrize("box", [(100, 100, 160, 160), BUST_BELOW, (250, 100, 319, 150)], ids=str)
def test_of_a_box_that_may_show_a_head_alone_all_is_blurred(box):
    left, upper, right, lower = head_regions(np.array([box], np.float32), 240, 320)[0]
    assert left <= box[0]
    assert upper <= box[1]
    assert right >= min(box[2], 320)
    assert lower >= min(box[3], 240)


def test_of_somebody_cut_off_by_the_edge_more_than_of_others_is_blurred():
    whole = head_regions(np.array([(100, 60, 130, 200)], np.float32), 240, 320)[0]
    cut = head_regions(np.array([AT_THE_SIDE], np.float32), 240, 320)[0]
    assert cut[3] - 60 >= 0.6 * 140 > whole[3] - 60


def test_boxes_beyond_the_picture_and_without_numbers_do_no_harm():
    image = texture()
    boxes = np.array([[400, 10, 500, 90], [np.nan, 1, 2, 3], [-90, -90, -20, -10], [-5, -5, 400, 300]], np.float32)
    assert (blurred(image, boxes[:3]) == image).all()
    assert blurred(image, boxes).std() < image.std() / 2
    assert (blurred(image, np.zeros((0, 4))) == image).all()


def test_the_order_of_boxes_changes_nothing():
    boxes = np.array([STANDING, SEATED, (110, 70, 150, 190), AT_THE_TOP], np.float32)
    assert (blurred(texture(), boxes) == blurred(texture(), boxes[::-1])).all()


def test_who_may_be_elsewhere_is_blurred_there_too():
    plain = head_regions(np.array([STANDING], np.float32), 240, 320)[0]
    grown = head_regions(np.array([STANDING, (0, 0, 0, np.nan)], np.float32), 240, 320, [10.0, 99.0])[0]
    assert (grown - plain == [-10, -10, 10, 10]).all()


def faces(image, enlarged=1):
    gray = cv2.resize(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), None, fx=enlarged, fy=enlarged, interpolation=cv2.INTER_CUBIC)
    cascade = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml")
    return np.array(cascade.detectMultiScale(gray, 1.05, 4)).reshape(-1, 4) / enlarged


@pytest.mark.parametrize(
    ("name", "boxes", "found"),
    [
        ("zidane.jpg", [(750, 42, 1146, 710), (112, 198, 1118, 711)], 2),
        ("bus.jpg", [(669, 380, 810, 880), (51, 397, 242, 904), (221, 408, 343, 857)], 2),
    ],
)
def test_faces_that_are_found_before_are_not_found_after(name, boxes, found):
    from ultralytics.utils import ASSETS  # noqa: PLC0415  # takes seconds to load

    image = cv2.imread(str(ASSETS / name))
    after = blurred(image, np.array(boxes, np.float32))
    # what else the cascade takes for a face is not within a head
    assert len(_within(faces(image, 0.6), boxes, image)) >= found
    assert len(_within(faces(after, 0.6), boxes, image)) == 0


def _within(found, boxes, image):
    middles = found[:, :2] + found[:, 2:] / 2
    heads = head_regions(np.array(boxes, np.float32), *image.shape[:2])
    inside = [((middles >= head[:2]) & (middles < head[2:])).all(axis=1) for head in heads]
    return found[np.any(inside, axis=0)] if inside else found[:0]


@pytest.mark.real_data
def test_a_face_in_a_real_corridor_is_found_before_and_not_after():
    detector = UltralyticsDetector(detector_weights(), confidence=0.1)
    before = after = 0
    for sample in sampled(real("VITRINA_REAL_DATA") / "sellers" / ASSISTANT, 0.4, exact=True):
        if not is_there(sample.pts_s):
            continue
        boxes = detector.detect([sample.image])[0]
        before += shows_face(sample.image, sample.pts_s)
        after += shows_face(blurred(sample.image, boxes.xyxy), sample.pts_s)
    assert before >= 12
    assert after == 0
