import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.errors import DeliveryError
from vitrina.sellers.floor import Floor

CORNERS = [(0.0, 0.0), (6.0, 0.0), (6.0, 8.0), (0.0, 8.0)]


def seen(points, *, height=2.5, tilt_degrees=25.0, focal=500.0, middle=(320.0, 240.0)):
    """Pixels of points on the floor, for a pinhole camera of known height and tilt that stands 2 m before the plan's edge."""
    tilt = np.radians(tilt_degrees)
    plan = np.asarray(points, dtype=float)
    right, ahead = plan[:, 0] - 3, plan[:, 1] + 2
    depth = ahead * np.cos(tilt) + height * np.sin(tilt)
    down = height * np.cos(tilt) - ahead * np.sin(tilt)
    return [(middle[0] + focal * x / z, middle[1] + focal * y / z) for x, y, z in zip(right, down, depth, strict=True)]


def pairs_of(points, **camera):
    return list(zip(seen(points, **camera), [tuple(point) for point in points], strict=True))


def test_a_square_seen_from_straight_above_is_scaled():
    floor = Floor.of([((100, 100), (0, 0)), ((300, 100), (2, 0)), ((300, 300), (2, 2)), ((100, 300), (0, 2))])
    assert floor.metres([(200, 200), (100, 250), (400, 50)]) == pytest.approx(np.array([(1, 1), (0, 1.5), (3, -0.5)]))


@pytest.mark.parametrize("mirrored", [1, -1])
def test_places_of_a_camera_of_known_height_and_tilt_are_found_again(mirrored):
    floor = Floor.of([(pixel, (mirrored * x, y)) for pixel, (x, y) in pairs_of(CORNERS)])
    places = np.random.default_rng(7).uniform((0, 0), (6, 8), size=(100, 2))
    assert floor.metres(seen(places)) == pytest.approx(places * (mirrored, 1), abs=1e-6)


@given(st.permutations(range(4)))
def test_the_order_of_the_points_says_nothing(order):
    pairs = pairs_of(CORNERS)
    place = seen([(2.0, 3.0)])
    assert Floor.of([pairs[number] for number in order]).metres(place) == pytest.approx(np.array([(2.0, 3.0)]), abs=1e-6)


def test_above_the_horizon_there_is_no_floor_and_close_below_it_no_place_is_told():
    floor = Floor.of(pairs_of(CORNERS))
    horizon = 240 - 500 * np.tan(np.radians(25))
    found = floor.metres([(320, horizon - 50), (320, horizon - 0.001), (320, horizon + 1), (320, horizon + 200)])
    assert np.isnan(found[:3]).all()
    assert np.isfinite(found[3]).all()


def test_what_a_pixel_is_worth_decides_where_places_end():
    floor = Floor.of(pairs_of(CORNERS))
    rows = np.arange(20, 480, 0.5)
    along = floor.metres(np.column_stack([np.full(len(rows), 320.0), rows]))[:, 1]
    known = np.isfinite(along)
    steps = np.abs(np.diff(along[known])) / 0.5
    assert 0.8 < steps.max() <= 1.05
    # nothing is known farther away than the first unknown row
    assert not known[: np.argmax(known)].any()
    assert known[np.argmax(known) :].all()


def test_feet_that_are_no_number_have_no_place_and_nobody_has_none():
    floor = Floor.of(pairs_of(CORNERS))
    assert np.isnan(floor.metres([(np.nan, 100), (np.inf, 300)])).all()
    assert floor.metres(np.zeros((0, 2))).shape == (0, 2)


def test_four_points_hide_their_error_and_a_fifth_tells_it_and_whose_it_is():
    points = [*CORNERS, (3.0, 4.0), (1.0, 6.0)]
    assert Floor.of(pairs_of(CORNERS)).error_m is None
    assert Floor.of(pairs_of(points)).error_m == pytest.approx(0, abs=1e-5)
    wrong = pairs_of(points)
    wrong[4] = (wrong[4][0], (4.0, 4.0))
    floor = Floor.of(wrong)
    assert floor.worst == 4
    assert 0.2 < floor.error_m < 0.5
    assert floor.error_m == pytest.approx(np.sqrt(np.mean(np.square(floor.residuals_m))))


LINE = [((100.0, 100.0), (0.0, 0.0)), ((200.0, 100.0), (1.0, 0.0)), ((300.0, 100.0), (2.0, 0.0))]
OFF = ((150.0, 300.0), (1.0, 3.0))


@pytest.mark.parametrize(
    ("pairs", "problem"),
    [
        ([], "has 0 points"),
        (LINE, "has 3 points"),
        ([LINE[0]] * 4, "all the same one"),
        ([*LINE, OFF], "do not determine a plane"),
        ([*LINE, ((400.0, 100.0), (3.0, 0.0))], "do not determine a plane"),
        ([*LINE, LINE[0], ((400.0, 100.0), (3.0, 0.0)), OFF], "do not determine a plane"),
        ([LINE[0], LINE[0], LINE[1], OFF], "do not determine a plane"),
        # on a line in the picture alone
        ([*LINE[:2], ((300.0, 100.0), (2.0, 1.0)), OFF], "do not determine a plane"),
        # on a line on the plan alone, and nearly on one in the picture
        ([*LINE[:2], ((300.0, 150.0), (2.0, 0.0)), OFF], "do not determine a plane"),
        ([*LINE[:2], ((300.0, 105.0), (2.0, 0.1)), OFF], "do not determine a plane"),
        ([*LINE[:2], ((300.0, float("nan")), (2.0, 0.0)), OFF], "finite"),
        # two corners exchanged: no plane looks so
        ([((0, 0), (0, 0)), ((9, 0), (9, 0)), ((9, 9), (0, 9)), ((0, 9), (9, 9))], "beyond the horizon"),
    ],
)
def test_points_that_leave_the_plane_open_are_refused(pairs, problem):
    with pytest.raises(DeliveryError, match=re.escape(problem)):
        Floor.of(pairs)
