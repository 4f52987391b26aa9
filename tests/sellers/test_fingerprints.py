"""A fingerprint tells videos apart after bounded reads, the same on this machine and elsewhere."""

import io
import os
import uuid
from hashlib import blake2b

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from upath import UPath

from vitrina.errors import DeliveryError
from vitrina.sellers import fingerprints
from vitrina.sellers.fingerprints import BLOCK, BLOCKS, ENDS, READ_WHOLE, fingerprint
from vitrina.sellers.video_listing import open_video

MIB = 1 << 20


class Counting(io.BytesIO):
    """Bytes that remember which of them were read."""

    def __init__(self, content=b""):
        super().__init__(content)
        self.reads = []

    def read(self, size=-1):
        begin = self.tell()
        got = super().read(size)
        self.reads.append((begin, len(got)))
        return got


class Trickle(io.BytesIO):
    """Returns less than was asked for, as a file without a buffer may."""

    def read(self, size=-1):
        return super().read(min(size, 1000) if size > 0 else size)


class Huge(Counting):
    """A file of zeros that takes no memory."""

    def __init__(self, size):
        super().__init__()
        self.size, self.at = size, 0

    def seek(self, offset, whence=0):
        self.at = offset
        return self.at

    def read(self, size=-1):
        got = max(0, min(size, self.size - self.at))
        self.reads.append((self.at, got))
        self.at += got
        return bytes(got)


def of(content):
    return fingerprint(io.BytesIO(content), len(content))


def test_a_small_file_is_read_whole_and_hashed_with_its_size():
    expected = blake2b((5).to_bytes(8, "little") + b"hello", digest_size=16, person=b"vitrina video 1").hexdigest()
    assert of(b"hello") == expected
    assert len(expected) == 32


def test_an_empty_file_has_a_fingerprint():
    assert len(of(b"")) == 32


@pytest.mark.parametrize("size", [READ_WHOLE + 1, 40 * MIB, 20 * 10**9, 2**41])
def test_a_large_file_is_identified_by_32_mib_spread_over_it(size):
    file = Huge(size)
    fingerprint(file, size)
    assert sum(length for _, length in file.reads) == READ_WHOLE == 32 * MIB
    ends = [begin + length for begin, length in file.reads]
    begins = [begin for begin, _ in file.reads]
    assert all(end <= begin for end, begin in zip(ends, begins[1:], strict=False))
    assert (begins[0], ends[-1]) == (0, size)
    gaps = [begin - end for end, begin in zip(ends, begins[1:], strict=False)]
    assert max(gaps) <= (size - 2 * ENDS) / BLOCKS - BLOCK + 1
    assert max(length for _, length in file.reads) <= 4 * MIB


@settings(deadline=None)
@given(st.binary(max_size=300), st.integers(0, 299), st.integers(1, 255))
def test_any_byte_of_a_small_file_matters(content, place, change):
    if place < len(content):
        other = bytearray(content)
        other[place] = (other[place] + change) % 256
        assert of(bytes(other)) != of(content)
    assert of(content + b"\0") != of(content)


def test_in_a_large_file_what_is_read_matters_and_what_is_not_read_is_missed():
    content = bytearray(READ_WHOLE + 24 * MIB)
    whole = of(content)
    file = Counting(bytes(content))
    fingerprint(file, len(content))
    read = [place for begin, length in file.reads for place in (begin, begin + length - 1)]
    for place in (read[0], read[5], read[-1]):
        content[place] = 1
        assert of(content) != whole
        content[place] = 0
    missed = file.reads[1][0] - 1
    content[missed] = 1
    assert of(content) == whole


def test_a_file_that_returns_less_than_asked_has_the_same_fingerprint():
    content = os.urandom(10_000)
    assert fingerprint(Trickle(content), len(content)) == of(content)


def test_a_file_that_is_shorter_than_it_was_is_refused():
    with pytest.raises(DeliveryError, match="shorter"):
        fingerprint(io.BytesIO(b"abc"), 4)


def test_a_fingerprint_is_the_same_here_and_elsewhere(tmp_path, monkeypatch):
    monkeypatch.setattr(fingerprints, "READ_WHOLE", 0)
    content = os.urandom(READ_WHOLE + MIB + 17)
    here, elsewhere = UPath(tmp_path), UPath(f"memory://{uuid.uuid4().hex}")
    for root in (here, elsewhere):
        (root / "videos").mkdir(parents=True)
        (root / "videos" / "a.mp4").write_bytes(content)
    made = set()
    for root in (here, elsewhere):
        with open_video(root, "videos/a.mp4") as file:
            made.add(fingerprint(file, len(content)))
    assert made == {of(content)}
