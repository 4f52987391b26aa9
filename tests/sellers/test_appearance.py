"""What people look like: crops, colours, and a network, judged by people whose identities are known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from tests.sellers.corridor import ENTRY, appearance_weights, frames, labels
from tests.sellers.made_up_pictures import picture
from vitrina.sellers.appearance import MEAN, ClothesColours, OnnxAppearance, crop
from vitrina.sellers.weights import WeightsError

RED, DARK_RED, BLUE, WHITE, BLACK = (20, 20, 220), (15, 15, 160), (220, 30, 20), (240, 240, 240), (10, 10, 10)
EDGE = st.integers(-100, 500)


def boxes(*rows):
    return np.array(rows, dtype=np.float32).reshape(-1, 4)


def distance(appearance, one, other):
    """Cosine distance of two people in plain colours."""
    image = picture((20, 20, 60, 140, one), (100, 40, 150, 180, other))
    first, second = appearance.vectors(image, boxes((20, 20, 60, 140), (100, 40, 150, 180)))
    return 1 - float(first @ second)


def test_a_crop_is_what_the_box_shows():
    image = np.arange(20 * 30 * 3, dtype=np.uint8).reshape(20, 30, 3)
    np.testing.assert_array_equal(crop(image, np.float32([3, 4, 13, 14])), image[4:14, 3:13])
    np.testing.assert_array_equal(crop(image, np.float32([3, 4, 13, 14]), (0.2, 0.1, 0.8, 0.5)), image[5:9, 5:11])


@given(st.tuples(EDGE, EDGE, EDGE, EDGE))
def test_a_crop_has_one_pixel_at_least_wherever_the_box_lies(box):
    part = crop(picture(), np.float32(box), (0.2, 0.15, 0.8, 0.55))
    assert part.shape[0] >= 1
    assert part.shape[1] >= 1


def test_people_in_the_same_colour_are_near_and_in_others_far():
    colours = ClothesColours()
    assert distance(colours, RED, RED) == pytest.approx(0, abs=1e-6)
    for one, other in [(RED, BLUE), (RED, WHITE), (WHITE, BLACK), (BLUE, BLACK)]:
        assert distance(colours, one, other) > 0.99


def test_red_on_either_side_of_the_circle_of_hues_is_some_bin_of_it():
    # OpenCV's hue of the second is 179
    for colour in [(0, 0, 255), (8, 0, 255)]:
        assert np.count_nonzero(ClothesColours().vectors(picture((0, 0, 50, 100, colour)), boxes((0, 0, 50, 100)))) == 1


def test_what_is_around_the_torso_does_not_count():
    alone = picture((20, 20, 80, 180, RED))
    crowded = alone.copy()
    crowded[20:40, 20:80] = BLACK  # hair
    crowded[120:180, 20:80] = BLUE  # trousers
    crowded[:, :30] = WHITE  # a neighbour
    box = boxes((20, 20, 80, 180))
    np.testing.assert_array_equal(ClothesColours().vectors(alone, box), ClothesColours().vectors(crowded, box))


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(EDGE, EDGE, EDGE, EDGE), max_size=5), st.integers(0, 2**16))
def test_vectors_of_colours_have_length_one_whoever_stands_beside(rows, seed):
    image = picture(noise=120, seed=seed)
    colours = ClothesColours()
    vectors = colours.vectors(image, boxes(*rows))
    assert vectors.shape == (len(rows), colours.dimensions)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    for row, vector in zip(rows, vectors, strict=True):
        np.testing.assert_array_equal(colours.vectors(image, boxes(row))[0], vector)


@pytest.mark.parametrize("content", [None, b"", b"no network"])
def test_a_file_that_is_no_network_is_refused(tmp_path, content):
    if content is not None:
        (tmp_path / "net.onnx").write_bytes(content)
    with pytest.raises(WeightsError, match=r"net\.onnx"):
        OnnxAppearance(tmp_path / "net.onnx")


def test_a_crop_is_brought_to_the_mean_and_the_order_of_colours_that_networks_were_taught_on():
    image = np.full((40, 20, 3), np.round(MEAN[::-1] * 255), dtype=np.uint8)
    image[:, :, 2] = 255
    sized = OnnxAppearance._input(image)
    assert sized.shape == (1, 3, 256, 128)
    np.testing.assert_allclose(sized[0, 0], (1 - 0.485) / 0.229, rtol=1e-5)
    np.testing.assert_allclose(sized[0, 1:], 0, atol=0.01)


# --- people of a real corridor


def distances(appearance):
    """Cosine distances of all pairs of labelled boxes, of one person and of two."""
    pictures = frames(ENTRY)
    rows = labels()
    vectors = np.concatenate([appearance.vectors(pictures[frame], boxes(box)) for frame, _, *box in rows.iter_rows()])
    people = rows["person"].to_numpy()
    one, other = np.triu_indices(len(people), 1)
    apart = 1 - np.einsum("ij,ij->i", vectors[one], vectors[other])
    same = people[one] == people[other]
    return apart[same], apart[~same]


def separated(same, different):
    """Probability that two of one person are nearer than one of each."""
    return roc_auc_score(np.repeat([0, 1], [len(same), len(different)]), np.concatenate([same, different]))


@pytest.fixture(scope="module")
def osnet():
    return OnnxAppearance(appearance_weights())


@pytest.mark.real_data
def test_osnet_tells_people_apart_as_was_measured_with_another_runtime(osnet):
    same, different = distances(osnet)
    assert osnet.dimensions == 512
    assert np.median(same) == pytest.approx(0.213, abs=0.01)
    assert np.percentile(same, 95) == pytest.approx(0.362, abs=0.015)
    assert np.median(different) == pytest.approx(0.534, abs=0.01)
    assert np.percentile(different, 5) == pytest.approx(0.398, abs=0.015)
    assert separated(same, different) > 0.99


@pytest.mark.real_data
def test_colours_tell_people_apart_nearly_as_well():
    assert separated(*distances(ClothesColours())) > 0.97


@pytest.mark.real_data
def test_osnets_vectors_do_not_depend_on_who_stands_beside(osnet):
    image = frames(ENTRY)[0]
    people = boxes((164, 76, 194, 150), (129, 72, 160, 150), (-20, 250, 30, 400))
    vectors = osnet.vectors(image, people)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    for box, vector in zip(people, vectors, strict=True):
        np.testing.assert_array_equal(osnet.vectors(image, boxes(box))[0], vector)
    assert osnet.vectors(image, boxes()).shape == (0, 512)
