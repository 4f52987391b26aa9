"""Arrays under the hash of their inputs: never wrong, and never in the way."""

import io
import os

import numpy as np
import pytest

from vitrina.array_cache import ArrayCache, key_of

NAMES = ("values",)


def bytes_of(save, *arrays, **named):
    with io.BytesIO() as buffer:
        save(buffer, *arrays, **named)
        return buffer.getvalue()


class Counting:
    def __init__(self):
        self.calls = 0

    def __call__(self):
        self.calls += 1
        return {"values": np.arange(3.0) + self.calls}


def test_what_was_made_once_is_not_made_again(tmp_path):
    make = Counting()
    first, again = (ArrayCache(tmp_path).get("k", NAMES, make) for _ in range(2))
    assert make.calls == 1
    np.testing.assert_array_equal(first["values"], again["values"])


def test_without_a_folder_nothing_is_kept():
    make = Counting()
    for _ in range(2):
        ArrayCache().get("k", NAMES, make)
    assert make.calls == 2


def test_equal_inputs_have_one_key_and_any_other_has_another():
    points = np.arange(6.0).reshape(3, 2)
    keys = [
        key_of("tree", points, 0),
        key_of("tree", points, 1),
        key_of("tree", points.reshape(2, 3), 0),
        key_of("tree", points.astype(np.float32), 0),
        key_of("tree", points, "0"),
        key_of("tree", points, None),
        key_of("tree", points + 1e-15, 0),
    ]
    assert len(set(keys)) == len(keys)
    assert key_of("tree", points.copy(order="F"), 0) == keys[0]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no archive",
        b"PK\x03\x04 half an archive",
        bytes_of(np.save, np.arange(3)),
        bytes_of(np.savez, other=np.arange(3)),
        bytes_of(np.savez),
    ],
)
def test_a_damaged_file_or_one_with_other_arrays_is_made_again(tmp_path, content):
    (tmp_path / "k.npz").write_bytes(content)
    make = Counting()
    assert ArrayCache(tmp_path).get("k", NAMES, make)["values"][0] == 1
    ArrayCache(tmp_path).get("k", NAMES, make)
    assert make.calls == 1


def test_an_object_that_someone_else_put_there_is_never_unpickled(tmp_path):
    np.savez(tmp_path / "k.npz", values=np.array([{"a": 1}], dtype=object))
    assert ArrayCache(tmp_path).get("k", NAMES, Counting())["values"].dtype == np.float64


def test_a_folder_that_cannot_be_written_only_costs_the_keeping(tmp_path):
    (tmp_path / "file").write_text("in the way")
    make = Counting()
    cache = ArrayCache(tmp_path / "file")
    assert cache.get("k", NAMES, make)["values"][0] == 1
    assert cache.get("k", NAMES, make)["values"][0] == 2


def test_the_entries_that_were_used_longest_ago_go_first(tmp_path):
    cache, make = ArrayCache(tmp_path, max_entries=2), Counting()
    for age, key in ((300, "old"), (200, "middle")):
        cache.get(key, NAMES, make)
        os.utime(tmp_path / f"{key}.npz", (1_000_000 - age, 1_000_000 - age))
    cache.get("new", NAMES, make)
    assert sorted(path.stem for path in tmp_path.glob("*.npz")) == ["middle", "new"]
