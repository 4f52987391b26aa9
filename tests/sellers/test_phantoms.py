import polars as pl
import pytest

from vitrina.sellers.phantoms import PhantomSettings, without_phantoms

SEEN = {"sample": pl.Int64, "x1": pl.Float64, "y1": pl.Float64, "x2": pl.Float64, "y2": pl.Float64, "who": pl.String}


def samples(*runs: tuple[str, int]) -> pl.DataFrame:
    states = [state for state, length in runs for _ in range(length)]
    return pl.DataFrame({"sample": range(len(states)), "state": states})


def boxes(who: str, numbers: range, *, speed: float = 0.0, tremble: float = 0.0, top: float = 50.0) -> pl.DataFrame:
    rows = [(number, x := 100 + speed * number + tremble * (number % 3), top, x + 40, top + 100, who) for number in numbers]
    return pl.DataFrame(rows, schema=SEEN, orient="row")


def believed(detections: pl.DataFrame, among: pl.DataFrame) -> dict[str, int]:
    kept = without_phantoms(detections, among)
    return dict(kept.group_by("who").len().iter_rows())


@pytest.mark.parametrize("state", ["dark", "blurred", "noisy"])
def test_what_stays_at_one_place_in_a_picture_that_shows_little_is_nobody(state):
    found = pl.concat([boxes("phantom", range(120), tremble=2.0, top=200.0), boxes("walker", range(120), speed=6.0)])
    assert believed(found, samples((state, 120))) == {"walker": 120}


def test_whoever_stands_in_a_picture_that_shows_something_is_believed():
    assert believed(boxes("clerk", range(120)), samples(("ok", 120))) == {"clerk": 120}


@pytest.mark.parametrize("state", ["frozen", "occluded"])
def test_nobody_is_found_on_a_picture_that_cannot_show_them(state):
    found = boxes("walker", range(60), speed=6.0)
    assert believed(found, samples(("ok", 20), (state, 20), ("ok", 20))) == {"walker": 40}


def test_only_the_dark_part_of_somebodys_stay_is_doubted():
    found = boxes("clerk", range(100))
    assert believed(found, samples(("ok", 40), ("dark", 30), ("ok", 30))) == {"clerk": 70}


def test_of_a_few_samples_nothing_can_be_said():
    found = boxes("clerk", range(30))
    assert believed(found, samples(("ok", 20), ("dark", PhantomSettings().least_samples - 1), ("ok", 1))) == {"clerk": 30}


def test_a_place_that_is_seldom_taken_is_no_phantoms():
    found = boxes("clerk", range(20))
    assert believed(found, samples(("dark", 60))) == {"clerk": 20}


def test_long_darkness_is_judged_part_by_part():
    hours = 3_000
    found = pl.concat([boxes("phantom", range(hours), top=200.0), boxes("walker", range(600, 640), speed=7.0)])
    assert believed(found, samples(("dark", hours))) == {"walker": 40}


def test_nothing_found_stays_nothing():
    assert without_phantoms(pl.DataFrame(schema=SEEN), samples(("dark", 5))).is_empty()
