"""JSON of any size, value by value: repaired on the fly, held in parts, refused when it is not whole."""

import io
import json
import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.inbox.messages import RefusedFileError
from vitrina.posts.exports import streaming
from vitrina.posts.exports.streaming import Part, repaired, walk

PIECES = st.sampled_from(
    [
        b"\\",
        b"\\\\",
        b"\\x0B",
        b"\\x1f",
        b"x",
        b"0B",
        b"\\u",
        b"\\ud83d",
        b"\\uDE00",
        b"d83d",
        b"de0",
        b"\\n",
        b'\\"',
        b"a",
        "й".encode(),
    ]
)
TEXTS = st.lists(PIECES, max_size=30).map(b"".join)


def whole(text):
    return b"".join(repaired([text]))


def walked(text, listed="messages"):
    return [tuple(found) for found in walk("a.json", io.BytesIO(text), listed)]


def items(text, listed="messages"):
    return [found.value for found in walk("a.json", io.BytesIO(text), listed) if found.part is Part.ITEM]


def by_hand(text):
    """The same repair, sign by sign."""
    escape = re.compile(
        rb"\\(?:x([0-9a-fA-F]{2})|u[dD][89abAB]..\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.|\Z)", re.DOTALL
    )
    return escape.sub(lambda found: b"\\u00" + found[1] if found[1] else b"\\ufffd" if found[2] else found[0], text)


@pytest.mark.parametrize(
    ("written", "repaired_to"),
    [
        (rb'"a\x0Bb"', rb'"a\u000Bb"'),
        (rb'"\x1F\x00"', rb'"\u001F\u0000"'),
        (rb'"a\\x0Bb"', rb'"a\\x0Bb"'),
        (rb'"a\\\x0Bb"', rb'"a\\\u000Bb"'),
        (rb'"C:\\xampp \"\x07\""', rb'"C:\\xampp \"\u0007\""'),
        (rb'"\ud83d\ude00"', rb'"\ud83d\ude00"'),
        (rb'"\ud83d"', rb'"\ufffd"'),
        (rb'"\ude00\ud83d\uDE00\ude00"', rb'"\ufffd\ud83d\uDE00\ufffd"'),
        (rb'"\\ud83d\ude00"', rb'"\\ud83d\ufffd"'),
        (b"\xef\xbb\xbf{}", b"{}"),
        (b"\xef\xbb", b"\xef\xbb"),
        (b"", b""),
    ],
)
def test_what_is_no_json_is_repaired_and_escaped_backslashes_stay(written, repaired_to):
    assert whole(written) == repaired_to
    for size in range(1, 13):
        assert b"".join(repaired(written[start : start + size] for start in range(0, len(written), size))) == repaired_to


@given(TEXTS, st.lists(st.integers(0, 200), max_size=12))
def test_where_a_text_is_cut_changes_nothing(text, cuts):
    edges = sorted({0, len(text), *(min(cut, len(text)) for cut in cuts)})
    assert b"".join(repaired(text[start:end] for start, end in pairwise(edges))) == whole(text)


@given(TEXTS)
def test_the_repair_is_that_of_reading_sign_by_sign(text):
    assert whole(text) == by_hand(text)


@given(st.text())
def test_proper_json_is_left_as_it_is(text):
    written = json.dumps(text.encode("utf-8", "replace").decode()).encode()
    assert whole(written) == written


def test_parts_come_in_the_order_of_the_file():
    text = b'{"name": "x", "guild": {"id": [1, {"a": null}]}, "messages": [{"id": 1.5}, 2, []], "count": 3}'
    assert [(part.name, key) for part, key, _ in walked(text)] == [
        ("KEY", "name"),
        ("VALUE", "name"),
        ("KEY", "guild"),
        ("VALUE", "guild"),
        ("KEY", "messages"),
        ("LIST", "messages"),
        ("ITEM", "messages"),
        ("ITEM", "messages"),
        ("ITEM", "messages"),
        ("KEY", "count"),
        ("VALUE", "count"),
    ]
    assert walked(text)[3][2] == {"id": [1, {"a": None}]}
    assert items(text) == [{"id": 1.5}, 2, []]


def test_the_list_may_be_the_root_and_a_list_deeper_down_is_none():
    assert items(b'[{"a": [1]}, 2]') == [{"a": [1]}, 2]
    assert items(b'{"a": {"messages": [1]}, "messages.item": 5}') == []


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_values_are_those_of_the_standard_library(value):
    text = json.dumps({"messages": [value]})
    assert items(text.encode()) == json.loads(text)["messages"]


@pytest.mark.parametrize(
    "text",
    [
        b'{"messages": [{"id": 1}, {"id": 2',
        b'{"messages": [{"id": 1}, {"id": 2}]',
        b'{"messages": [{"id": 1}]} more',
        b'{"messages": [{"id": 1}]}{"messages": []}',
        b'{"messages": [{"id": NaN}]}',
        b'{"messages": [{"id": 1,}]}',
        b'{"messages": ["secret \xff"]}',
        b'{"messages": ["secret \xed\xa0\x80"]}',
        b'{"messages": ["secret \\xZZ"]}',
        b'{"messages": [' + b"9" * 5_000 + b"]}",
        b"",
    ],
)
def test_a_text_that_is_not_whole_is_refused_without_quoting_it(text):
    with pytest.raises(RefusedFileError, match=r"a\.json is no whole JSON: after message [012] ") as refused:
        walked(text)
    assert "secret" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_the_refusal_says_how_many_messages_were_read():
    text = json.dumps({"messages": [{"id": number} for number in range(20_000)]}).encode()
    with pytest.raises(RefusedFileError, match="after message 19999 "):
        walked(text[:-6])


def test_a_message_that_is_too_large_is_refused_before_it_is_held(monkeypatch):
    monkeypatch.setattr(streaming, "MAX_VALUE", 200_000)
    stream = io.BytesIO(b'{"messages": [1, "' + b"x" * 10_000_000)
    with pytest.raises(RefusedFileError, match="what follows message 1 is larger than 200000 bytes"):
        list(walk("a.json", stream, "messages"))
    assert stream.tell() < 400_000


@pytest.mark.parametrize("bracket", [b"[", b'{"a":'])
def test_a_thousand_brackets_within_one_another_are_refused_at_once(bracket):
    with pytest.raises(RefusedFileError, match="nested more than 100 levels deep"):
        walked(b'{"messages": [' + bracket * 1_000)
    deep = b"[" * 100 + b"]" * 100
    assert len(items(b'{"messages": [' + deep + b"]}")) == 1
