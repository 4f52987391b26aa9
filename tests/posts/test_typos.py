import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from vitrina.posts.typos import Spelling, Trigrams


def spelling(**frequencies):
    return Spelling(list(frequencies), np.array(list(frequencies.values())), Trigrams.of(list(frequencies)))


def corrected(known, word):
    found = known.correction(word)
    return None if found is None else known.words[found]


@pytest.mark.parametrize("typed", ["смаолет", "самлет", "самоолет", "самолот", "самоле"])
def test_each_kind_of_slip_is_corrected(typed):
    assert corrected(spelling(самолет=3, вертолет=3, самовар=3), typed) == "самолет"


def test_of_two_words_a_slip_away_the_more_frequent_one_is_meant():
    assert corrected(spelling(банка=1, балка=50), "бапка") == "балка"


def test_a_nearer_word_is_meant_even_if_it_is_rarer():
    assert corrected(spelling(перехватили=1, перехватила=40), "перехвотили") == "перехватили"


def test_two_slips_are_believed_in_long_words_alone():
    known = spelling(электричество=1, кошка=1)
    assert corrected(known, "элетричествл") == "электричество"
    assert corrected(known, "ошкпа") is None


@pytest.mark.parametrize("word", ["", "кот", "2015", "covid19", "ъъъъъъ", "🙂🙂🙂🙂"])
def test_short_words_numbers_and_nonsense_are_left_alone(word):
    assert spelling(кит=9, covid18=9, самолет=1).correction(word) is None


def test_no_words_correct_nothing():
    assert spelling().correction("самолет") is None


@given(
    st.lists(st.text("абвг", min_size=5, max_size=8), unique=True, min_size=1, max_size=30), st.text("абвг", min_size=5, max_size=7)
)
def test_a_word_one_slip_away_is_never_missed(known, typed):
    best = min(OSA.distance(typed, word) for word in known)
    found = corrected(spelling(**dict.fromkeys(known, 1)), typed)
    assert found is None if best > 1 else OSA.distance(typed, found) == best
