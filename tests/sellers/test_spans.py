"""Sets of seconds, against sets of whole seconds."""

from hypothesis import given
from hypothesis import strategies as st

from vitrina.sellers.spans import EVER, intersection, length, union, without

spans = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=6)


def seconds(of):
    return {second for begin, end in of for second in range(begin, end)}


@given(spans, spans)
def test_spans_are_sets_of_seconds(first, second):
    a, b = union(first), union(second)
    assert seconds(a) == seconds(first)
    assert seconds(intersection(a, b)) == seconds(first) & seconds(second)
    assert seconds(without(a, b)) == seconds(first) - seconds(second)
    assert length(a) == len(seconds(first))


@given(spans)
def test_nothing_is_left_out_of_ever_and_nothing_is_left_without_it(given_spans):
    found = union(given_spans)
    assert intersection(found, EVER) == found == without(found, ())
    assert without(found, EVER) == ()


def test_spans_that_touch_are_one():
    assert union([(3.0, 4.0), (1.0, 2.0), (2.0, 3.0), (9.0, 9.0)]) == ((1.0, 4.0),)
