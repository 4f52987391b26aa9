"""A scrubbed text has lost every part of what is to be forgotten and nothing else."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.erasure import Scrubber, needles, vector_needles

TEXT = 'Открываем магазин на улице "Ленина", 5 — приходите с друзьями 🎉!\nВход со двора, звоните в домофон <7>.'
SCRUBBER = Scrubber([TEXT])


def test_the_whole_run_goes_and_what_is_around_it_stays() -> None:
    assert SCRUBBER.erase_text(f"До. {TEXT} После.") == "До. [erased] После."
    assert SCRUBBER.erase_text(f"Превью: {TEXT[:60]}…") == "Превью: [erased]…"
    assert SCRUBBER.erase_text(f"({TEXT[3:63]})") == "([erased])"


@pytest.mark.parametrize("ensure_ascii", [True, False])
def test_json_stays_json_and_says_the_rest(ensure_ascii: bool) -> None:  # noqa: FBT001  # a parameter of the test
    for text in (TEXT, TEXT[:64], TEXT[40:]):
        written = json.dumps({"text": f'"{text}\\', "n": [1, text]}, ensure_ascii=ensure_ascii)
        assert json.loads(SCRUBBER.erase_text(written)) == {"text": '"[erased]\\', "n": [1, "[erased]"]}


def test_json_within_json_stays_json() -> None:
    written = json.dumps({"event": json.dumps({"text": TEXT})})
    assert json.loads(json.loads(SCRUBBER.erase_text(written))["event"]) == {"text": "[erased]"}


@given(st.text(max_size=200), st.text(max_size=200))
def test_other_texts_stay_as_they_are(first: str, second: str) -> None:
    assert SCRUBBER.erase_text(first) == first
    assert SCRUBBER.erase_text(f"{first}\n{TEXT}\0{second}") == f"{first}\n[erased]\0{second}"


@given(st.integers(0, 40), st.integers(45, len(TEXT)), st.booleans())
def test_no_piece_is_left_of_any_part(start: int, end: int, ensure_ascii: bool) -> None:  # noqa: FBT001  # a parameter of the test
    written = json.dumps(TEXT[start:end], ensure_ascii=ensure_ascii).encode()
    left = SCRUBBER.erase(written)
    assert not any(needle in left for needle in needles(TEXT))


def test_wide_characters_are_replaced_by_wide_ones() -> None:
    assert SCRUBBER.erase(f"a{TEXT}b".encode("utf-16-le")).decode("utf-16-le") == "a[erased]b"


def test_a_vector_becomes_zeros_of_the_same_length() -> None:
    vector = np.random.default_rng(1).normal(size=16).astype("<f4")
    scrubber = Scrubber([], vector_needles(vector))
    assert scrubber.erase(b"ab" + vector.tobytes() + b"c") == b"ab" + bytes(64) + b"c"


def test_pieces_that_are_spared_are_left() -> None:
    common, own = "Подписывайтесь на наш канал!", "А это написал один человек."
    scrubber = Scrubber([f"{own}\n{common}"], spared=[common])
    assert scrubber.erase_text(f"X\n{common}") == f"X\n{common}"
    assert scrubber.erase_text(f"({own})") == "([erased])"


def test_a_log_keeps_its_length_and_the_program_that_writes_it(tmp_path: Path) -> None:
    log = tmp_path / "run.log"
    log.write_text(f"before {TEXT} after\n")
    size = log.stat().st_size
    with log.open("a") as program:
        assert SCRUBBER.blank_file(log)
        assert log.stat().st_size == size
        program.write("later\n")
    text = log.read_text()
    assert text.startswith("before ***")
    assert text.endswith("*** after\nlater\n")
    assert not SCRUBBER.blank_file(log)


def test_a_file_of_text_is_replaced_only_where_there_is_something_to_erase(tmp_path: Path) -> None:
    receipt, other = tmp_path / "a.md", tmp_path / "b.md"
    receipt.write_text(f"# {TEXT}")
    other.write_text("# other")
    before = other.stat().st_mtime_ns
    assert SCRUBBER.erase_file(receipt)
    assert receipt.read_text() == "# [erased]"
    assert not SCRUBBER.erase_file(other)
    assert other.stat().st_mtime_ns == before
