"""What a question names, and whether it asks for a time."""

import pytest

from vitrina.posts.language import words
from vitrina.posts.wanted import asks_when, named


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Кто такой Иван Петров?", {"иван", "петров"}),
        ("Кто напал на Чингис-хана в 1187 году", {"чингис", "1187"}),
        ("Когда привезут iPhone 15?", {"iphone", "15"}),
        ("Сколько стоит? Есть ли доставка", set()),
        ("КОГДА ОТКРОЕТСЯ МАГАЗИН НА ЛЕНИНА", set()),
        ("когда откроется магазин на ленина", set()),
        ("What did the Normans build in York?", {"normans", "york"}),
        ("Что с «Лентой»?", {"лентой"}),
        ("", set()),
    ],
)
def test_names_are_told_by_capitals_within_a_sentence_digits_and_the_other_alphabet(text, names):
    assert named(text, words(text)) == names


@pytest.mark.parametrize("text", ["Когда откроют?", "в каком году", "до какого числа акция", "When did it end?", "which century"])
def test_a_time_is_asked_for(text):
    assert asks_when(text)


@pytest.mark.parametrize("text", ["где когдатошний", "whenever", "какой кофе", "", "сколько стоит"])
def test_no_time_is_asked_for(text):
    assert not asks_when(text)
