"""Files that are never half written, and names that are safe in any folder."""

import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.files import sha256_of, slug, write_atomically


def test_a_file_is_written_with_its_folder_and_hashed(tmp_path):
    path = tmp_path / "a" / "b.txt"
    write_atomically(path, "Привет\r\n")
    assert path.read_bytes() == "Привет\r\n".encode()
    assert sha256_of(path) == hashlib.sha256("Привет\r\n".encode()).hexdigest()


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    write_atomically(path, b"old")

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("vitrina.files.os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@given(st.text(), st.integers(1, 80))
def test_a_slug_is_a_short_safe_word_whatever_the_text(text, limit):
    made = slug(text, limit)
    assert re.fullmatch(r"\w+", made)
    assert len(made) <= limit
    assert made == made.lower()
    assert slug(made, limit) == made
