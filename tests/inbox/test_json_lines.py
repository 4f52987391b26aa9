"""JSON lines as columns of text: a line that cannot be read refuses itself and no other."""

import codecs
import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.inbox import json_lines
from vitrina.inbox.messages import RefusedFileError
from vitrina.inbox.readers import read_contents
from vitrina.inbox.rules import WHOLE_ROW

GOOD = b'{"a":"x"}\n'
OBJECT = "one whole JSON object on the line"
NAMES = "an object in which every value has a name of its own"


def read(content: bytes | str, name: str = "f.jsonl"):
    return read_contents(name, content.encode() if isinstance(content, str) else content)


def rows(contents):
    return [dict(zip(contents.frame.columns, row, strict=True)) for row in contents.frame.rows()]


def test_every_line_is_a_row_under_the_number_of_its_line():
    contents = read('{"a":"x","b":1}\n\n  \r\n{"b":2,"c":"y"}\r\n')
    assert rows(contents) == [{"a": "x", "b": "1", "c": None}, {"a": None, "b": "2", "c": "y"}]
    assert contents.source_row.to_list() == [1, 4]
    assert not contents.faults


@pytest.mark.parametrize("name", ["f.jsonl", "F.JSONL", "f.ndjson"])
def test_both_endings_are_read(name):
    assert rows(read(GOOD, name)) == [{"a": "x"}]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ('"  x "', "x"),
        ('"  "', None),
        ("null", None),
        ("true", "true"),
        ("false", "false"),
        ("7", "7"),
        ("-0.10", "-0.10"),
        ("1e3", "1e3"),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
        ("0.1000000000000000055511151231257827", "0.1000000000000000055511151231257827"),
        ('"Площадь\\nПобеды"', "Площадь\nПобеды"),
        ('[1, 2.50, "й", null, true]', '[1,2.5,"й",null,true]'),
        ('{"x": {"A": 1, "a": [0.1]}, " y": []}', '{"x":{"A":1,"a":[0.1]}," y":[]}'),
        ("{}", "{}"),
    ],
)
def test_values_become_the_text_that_the_rules_read(value, text):
    assert rows(read(f'{{"id":"1","a": {value}}}'))[0]["a"] == text


def test_a_byte_order_mark_does_no_harm():
    assert rows(read(codecs.BOM_UTF8 + GOOD)) == [{"a": "x"}]


def test_capitals_and_spaces_do_not_tell_names_apart_between_lines():
    assert rows(read('{"Store":"1"}\n{" store ":"2"}\n')) == [{"Store": "1"}, {"Store": "2"}]


@pytest.mark.parametrize(
    ("line", "expectation"),
    [
        (b"[1,2]", OBJECT),
        (b'"text"', OBJECT),
        (b"null", OBJECT),
        (b"5", OBJECT),
        (b"a,b,c", OBJECT),
        (b'{"a":NaN}', OBJECT),
        (b'{"a":[-Infinity]}', OBJECT),
        (b'{"a":[1e999]}', OBJECT),
        (b'{"a":"x"} {"a":"y"}', OBJECT),
        (b'{"a":"x"', OBJECT),
        (b'{"a":"\\ud800"}', OBJECT),
        (b'{"\\ud800":"x"}', OBJECT),
        (b'{"a":"\x01"}', OBJECT),
        (b'{"a":[' + b"9" * 5000 + b"]}", OBJECT),
        (b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", OBJECT),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, OBJECT),
        (b'{"a":1,"a":2}', NAMES),
        (b'{"a":1,"A ":2}', NAMES),
        (b'{"a":{"b":1,"b":2}}', NAMES),
        (b'{" ":1}', NAMES),
        (b'{"a":"\xff"}', "text in UTF-8"),
        (b'{"a":"' + b"x" * 10_000_000 + b'"}', "at most 1000000 characters"),
    ],
)
def test_a_hostile_line_refuses_itself_and_no_other(line, expectation):
    contents = read(GOOD + line + b"\n" + GOOD)
    assert [(fault.source_row, fault.column, str(fault.rule.expectation)) for fault in contents.faults] == [
        (2, WHOLE_ROW, expectation)
    ]
    assert len(contents.faults[0].value) <= 200
    assert rows(contents) == [{"a": "x"}, {"a": None}, {"a": "x"}]
    assert contents.source_row.to_list() == [1, 2, 3]


def test_a_last_line_that_was_cut_off_is_refused_alone():
    contents = read(GOOD + b'{"a":"x","b')
    assert [fault.source_row for fault in contents.faults] == [2]
    assert "cut off" in str(contents.faults[0].rule.remedy)


@pytest.mark.parametrize("content", [b"[1]\n[2]\n", '{"a":"й"}'.encode("utf-16"), b"x", b"{}", codecs.BOM_UTF8])
def test_a_file_without_any_object_is_refused_with_a_remedy(content):
    with pytest.raises(RefusedFileError, match=r"no line holds a JSON object with values.*What to do"):
        read(content)


def test_a_file_with_too_many_names_or_values_is_refused(monkeypatch):
    monkeypatch.setattr(json_lines, "MAX_NAMES", 3)
    with pytest.raises(RefusedFileError, match="more than 3 different names"):
        read('{"a":1,"b":1}\n{"c":1,"d":1}\n')
    monkeypatch.setattr(json_lines, "MAX_CELLS", 3)
    with pytest.raises(RefusedFileError, match="more than 2 rows"):
        read('{"a":1,"b":1}\n{"c":1}\n')


def test_a_line_is_decoded_twice_at_most_however_many_lists_it_holds(monkeypatch):
    decoded = []
    decode = json_lines._decode
    monkeypatch.setattr(json_lines, "_decode", lambda *given: decoded.append(given) or decode(*given))
    contents = read(json.dumps({f"n{number}": [number, 0.5] for number in range(900)}) + "\n" + GOOD.decode())
    assert rows(contents)[0]["n899"] == "[899,0.5]"
    assert len(decoded) == 3


def test_a_line_of_too_many_names_is_refused_before_any_value_is_converted(monkeypatch):
    def convert(*_):
        raise AssertionError

    monkeypatch.setattr(json_lines, "_as_text", convert)
    with pytest.raises(RefusedFileError, match="more than 1000 different names"):
        read(json.dumps({f"n{number}": [number] for number in range(8_000)}))


def test_no_line_is_read_after_the_one_that_brings_a_name_too_many(monkeypatch):
    monkeypatch.setattr(json_lines, "MAX_NAMES", 3)
    monkeypatch.setattr(json_lines, "_cells", lambda _, line, read=json_lines._cells: seen.append(line) or read(_, line))
    seen = []
    with pytest.raises(RefusedFileError, match="more than 3 different names"):
        read("\n".join(f'{{"n{number}":1}}' for number in range(100)))
    assert len(seen) == 4


def test_lines_are_the_same_however_many_are_held_at_a_time(monkeypatch):
    lines = ['{"a":1}', "broken", "", '{"b":2}', "[]", '{"c":3,"A":4}'] * 3
    whole = read("\n".join(lines))
    monkeypatch.setattr(json_lines, "CHUNK", 2)
    parts = read("\n".join(lines))
    assert (rows(whole), whole.source_row.to_list(), whole.faults) == (rows(parts), parts.source_row.to_list(), parts.faults)
    assert whole.frame.columns == ["a", "b", "c"]


def test_content_of_another_kind_is_not_read_as_json_lines(parquet, workbook):
    with pytest.raises(RefusedFileError, match="not what its name says"):
        read(workbook([["a"], ["1"]]))


TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp")))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(st.dictionaries(st.sampled_from(["a", "b", "c"]), JSON, min_size=1), min_size=1, max_size=5))
def test_whatever_was_written_as_json_lines_is_read_back(objects):
    contents = read("\n".join(json.dumps(value) for value in objects))
    assert not contents.faults
    for value, row in zip(objects, rows(contents), strict=True):
        for name, cell in value.items():
            if isinstance(cell, dict | list):
                assert json.loads(row[name]) == cell
            elif isinstance(cell, str):
                assert (row[name] or "") == cell
            else:
                assert (None if row[name] is None else json.loads(row[name])) == cell


@given(st.binary(max_size=200), st.sampled_from([b"", GOOD, b'{"a":', b"[", codecs.BOM_UTF8]))
def test_no_bytes_whatever_escape_as_another_error(content, start):
    with contextlib.suppress(RefusedFileError):
        contents = read(start + content)
        assert contents.frame.height == len(contents.source_row) > len(contents.faults)
