"""Evidence that an earlier run has left."""

import polars as pl
import pytest

from tests.sellers.rows_of_people import interaction, interactions
from vitrina.sellers.evidence.making import still_shown


def clips(*spans):
    rows = [("clip", f"{number}.mp4", float(begin), float(end)) for number, (begin, end) in enumerate(spans, start=1)]
    rows += [("trajectory", "1.png", 0.0, 60.0)]
    return pl.DataFrame(rows, schema=["kind", "path", "begin_s", "end_s"], orient="row")


@pytest.mark.parametrize(
    ("now", "shown"),
    [
        ([interaction(1, 100, 130)], [("1.mp4", 1)]),
        # another one before it: numbers have changed
        ([interaction(1, 10, 40), interaction(2, 102, 131)], [("1.mp4", 2)]),
        # its first two minutes
        ([interaction(1, 98, 900)], [("1.mp4", 1)]),
        ([interaction(1, 2_500, 2_530)], []),
        ([interaction(1, 128, 400)], []),
        ([interaction(1, 100, 130, kind="payment")], []),
        ([], []),
    ],
)
def test_a_clip_is_of_the_interaction_that_it_shows(now, shown):
    found = still_shown(clips((97, 133)), interactions(*now))
    assert found.select("path", "interaction").rows() == shown


def test_each_clip_is_of_one_interaction_and_each_interaction_has_one_clip():
    found = still_shown(clips((0, 60), (5, 65), (200, 300)), interactions(interaction(1, 0, 60), interaction(2, 210, 240)))
    assert found.select("path", "interaction", "begin_s").rows() == [("1.mp4", 1, 0.0), ("3.mp4", 2, 200.0)]
