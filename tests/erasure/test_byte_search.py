"""The search finds what `bytes.find` finds, wherever it stands, in files of any size."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.erasure import byte_search, find
from vitrina.erasure.byte_search import Scanner
from vitrina.errors import VitrinaError

MARKER = "метка, которой больше нет нигде".encode()


@given(
    st.lists(st.binary(min_size=8, max_size=40), min_size=1, max_size=6, unique=True),
    st.lists(st.one_of(st.integers(0, 5), st.binary(max_size=20)), max_size=20),
)
def test_it_finds_exactly_what_is_there(needles: list[bytes], parts: list[int | bytes]) -> None:
    data = b"".join(needles[part % len(needles)] if isinstance(part, int) else part for part in parts)
    expected = {(start, needle) for needle in needles for start in range(len(data)) if data.startswith(needle, start)}
    found = list(Scanner(needles).scan(data))
    assert set(found) == expected
    assert len(found) == len(expected)


@given(st.binary(min_size=8, max_size=30), st.integers(0, 200))
def test_it_finds_a_needle_at_any_offset(needle: bytes, offset: int) -> None:
    assert (offset, needle) in set(Scanner([needle]).scan(bytes(offset) + needle + b"\xff" * 9))


@pytest.mark.parametrize("offset", [0, 1, 990, 1000, 1023, 1024, 1025, 2040, 2048, 5000])
def test_a_needle_across_the_end_of_a_chunk_is_found_once_at_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, offset: int
) -> None:
    monkeypatch.setattr(byte_search, "CHUNK", 1024)
    (tmp_path / "file").write_bytes(b"x" * offset + MARKER + b"y" * 700)
    (found,) = find(tmp_path, {"marker": {MARKER}}).found
    assert (found.path, found.label, found.offset) == (tmp_path / "file", "marker", offset)


def test_every_file_below_a_folder_is_searched_and_counted(tmp_path: Path) -> None:
    (tmp_path / "a" / ".hidden").mkdir(parents=True)
    (tmp_path / "a" / ".hidden" / "deep.tmp").write_bytes(MARKER)
    (tmp_path / "b").write_bytes(b"nothing")
    (tmp_path / "empty").touch()
    search = find(tmp_path, {"marker": {MARKER}, "other": {b"is not there at all"}})
    assert search.paths == (tmp_path / "a" / ".hidden" / "deep.tmp",)
    assert (search.files, search.bytes, search.unreadable) == (3, len(MARKER) + 7, ())


def test_links_pipes_and_what_is_skipped_are_not_read(tmp_path: Path) -> None:
    inside, outside = tmp_path / "data", tmp_path / "outside"
    for folder in (inside, outside, inside / "skipped"):
        folder.mkdir()
        (folder / "file").write_bytes(MARKER)
    (inside / "link").symlink_to(outside / "file")
    (inside / "folder").symlink_to(outside)
    os.mkfifo(inside / "pipe")
    search = find(inside, {"marker": {MARKER}}, skip=[inside / "skipped"])
    assert search.paths == (inside / "file",)
    assert find(inside, {"marker": {MARKER}}, skip=[inside / "file", inside / "skipped"]).found == ()


def test_a_folder_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    assert find(tmp_path / "none", {"marker": {MARKER}}).files == 0


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "locked").write_bytes(MARKER)

    def refuse(*_arguments: object) -> int:
        raise PermissionError(13, "no")

    monkeypatch.setattr(byte_search, "_search", refuse)
    assert find(tmp_path, {"marker": {MARKER}}).unreadable == (tmp_path / "locked",)


def test_a_needle_that_stands_anywhere_by_chance_is_refused(tmp_path: Path) -> None:
    with pytest.raises(VitrinaError, match="8 bytes"):
        find(tmp_path, {"marker": {b"1234567"}})


def test_what_two_labels_share_is_found_for_both(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(MARKER)
    assert {found.label for found in find(tmp_path, {"a": {MARKER}, "b": {MARKER, b"12345678"}}).found} == {"a", "b"}


def test_many_needles_of_all_lengths_at_once() -> None:
    random = np.random.default_rng(3)
    wanted = [random.bytes(int(length)) for length in random.integers(8, 90, 3000)]
    data = random.bytes(10_000) + wanted[17] + random.bytes(5) + wanted[2999]
    assert {needle for _, needle in Scanner(wanted).scan(data)} == {wanted[17], wanted[2999]}
