"""All rows of the table of speeds follow from its first three."""

import math
import re
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "sellers-scale.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (.+?) \| (?:`(\w+)`)? ?\| ([\d.]+)(?: [^|]+)? \|$", PAGE, flags=re.MULTILINE)
FIGURES = [float(value) for _, _, value in ROWS]
WIDTHS = [len(value.partition(".")[2]) for _, _, value in ROWS]


def following(s1, s2, s3):
    """What the rows after the first three have to say."""
    a = 1 / s2 - 1 / s3
    b = 1 / s1 - a
    cameras = [math.floor(2 * speed / 12) for speed in (s1, s2, s3)]
    return [a, b, 12 / s1, 12 / s2, 12 / s3, *cameras, b / (2 / 36 - a), math.floor(round(2 / (12 * a), 6))]


def test_every_figure_of_the_table_follows_from_the_three_speeds():
    assert FIGURES[3:] == pytest.approx(
        [round(value, width) for value, width in zip(following(*FIGURES[:3]), WIDTHS[3:], strict=True)]
    )


def test_the_table_of_steps_holds_what_its_formulas_give():
    rows = re.findall(r"^\| (?:consultation )?(?:of|customer who is there for) (\d+) s.*?\|(.*)\|$", PAGE, flags=re.MULTILINE)
    assert len(rows) == 4
    for number, (length, cells) in enumerate(rows):
        shares = [int(length) / step - (number < 3) for step in (1, 2, 3, 5)]
        assert [float(cell) for cell in cells.split("|")] == pytest.approx([round(min(1, max(0, share)), 2) for share in shares])


def test_the_speeds_are_those_of_three_kinds_of_film():
    assert [name for _, name, _ in ROWS[:5]] == ["s1", "s2", "s3", "a", "b"]
