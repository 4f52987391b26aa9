"""What a text leaves behind: pieces that any cut copy holds, in every encoding that a file may have."""

import html
import json
import re
from urllib.parse import quote, quote_plus

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.erasure import needles, pieces, vector_needles
from vitrina.erasure.traces import ENCODINGS
from vitrina.markdown import escaped_markdown

TEXT = 'Открываем магазин на улице "Ленина", 5 — приходите с друзьями!\nВход со двора, звоните в домофон <7>.'


def holds(data: bytes, text: str = TEXT) -> bool:
    return any(needle in data for needle in needles(text))


@pytest.mark.parametrize(
    "written",
    [
        TEXT.encode(),
        TEXT.encode("utf-16-le"),
        json.dumps(TEXT).encode(),
        json.dumps(TEXT, ensure_ascii=False).encode(),
        json.dumps(json.dumps({"text": TEXT})).encode(),
        json.dumps(json.dumps({"text": TEXT}, ensure_ascii=False), ensure_ascii=False).encode(),
        quote(TEXT).encode(),
        quote_plus(TEXT).encode(),
        html.escape(TEXT).encode(),
        escaped_markdown(TEXT).encode(),
        repr(TEXT).encode(),
        f"{TEXT[:59]}…".encode(),
        ("…" + TEXT[3:62]).encode(),
    ],
    ids=[
        "utf-8",
        "utf-16",
        "json",
        "readable json",
        "json in json",
        "readable json in json",
        "url",
        "form",
        "html",
        "markdown",
        "repr",
        "preview",
        "cut from the middle",
    ],
)
def test_a_text_is_found_however_it_is_written(written: bytes) -> None:
    assert holds(written)


def test_capitals_of_hexadecimal_digits_do_not_hide_it() -> None:
    capitals = re.sub(r"[^ ]", lambda letter: f"\\u{ord(letter.group()):04X}", "Когда открываем магазин")
    assert b"\\u043A" in capitals.encode()
    assert holds(capitals.encode(), "Когда открываем магазин")


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), min_size=60, max_size=300), st.data())
def test_any_sixty_characters_of_a_line_that_tells_it_from_others_hold_a_piece(text: str, data: st.DataObject) -> None:
    line = text.strip()
    windows = [line[start : start + 30] for start in range(max(1, len(line) - 29))]
    if len(line) < 60 or any(len(set(window)) < 5 for window in windows):
        return
    start = data.draw(st.integers(0, len(line) - 60))
    assert any(piece in line[start : start + 60] for piece in pieces(line))


@given(st.text(st.characters(codec="utf-8"), max_size=80), st.text(st.characters(codec="utf-8"), max_size=80))
def test_the_bytes_of_a_text_are_those_of_its_parts(first: str, second: str) -> None:
    for encoding in ENCODINGS[:-1]:
        assert encoding(first + second) == encoding(first) + encoding(second)


@pytest.mark.parametrize("text", ["", "да", "----------------------------------", " \n\t", "ok ok ok"])
def test_a_text_that_stands_anywhere_by_chance_is_not_looked_for(text: str) -> None:
    assert pieces(text) == ()
    assert needles(text) == frozenset()


def test_a_text_of_short_lines_is_looked_for_as_a_whole() -> None:
    assert pieces("Привет\nмир!") == ("Привет\nмир!",)


def test_no_piece_crosses_the_end_of_a_line() -> None:
    assert not any("\n" in piece for piece in pieces(TEXT))


@pytest.mark.parametrize("width", ["<f8", "<f4", "<f2"])
def test_a_vector_is_found_whole_or_in_parts_at_any_width(width: str) -> None:
    vector = np.random.default_rng(1).normal(size=300)
    stored = vector.astype(width).tobytes()
    found = vector_needles(vector)
    assert any(needle in stored for needle in found)
    assert any(needle in stored[len(stored) // 2 :] for needle in found)


def test_zeros_are_no_vector() -> None:
    assert vector_needles([0.0] * 64) == frozenset()
    assert vector_needles([]) == frozenset()
