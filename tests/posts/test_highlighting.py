"""Words of a question as they stand in a post, marked where they stand."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.posts.highlighting import highlights
from vitrina.posts.language import LEMMATIZER, lemmas, placed_words, words


def marked(text, question):
    return [text[found.start : found.end] for found in highlights(text, lemmas(question))]


@pytest.mark.parametrize(
    ("question", "text", "expected"),
    [
        ("доставка", "Доставку отменили. О ДОСТАВКЕ напишем, доставками займёмся", ["Доставку", "ДОСТАВКЕ", "доставками"]),
        ("где ёлки", "Елку поставили, ёлка большая, у ёлок светло", ["Елку", "ёлка", "ёлок"]),
        ("люди", "Человек шёл к людям", ["Человек", "людям"]),
        ("сколько стоит набор", "🎄🎄 Набор — 1,5 кг, наборы дороже 👨‍👩‍👧", ["Набор", "наборы"]),
        ("shops", "The shop is open; SHOPPING is not shop-lifting", ["shop", "SHOPPING", "shop"]),
        ("1,5 литра", "Бутыль 1.5 л, или 1,5 литра, но не 1 и не 5", ["1.5", "1,5", "литра"]),
        ("2015", "с 2015г по 2016г", ["2015"]),
        ("МС-21", "Самолёт МС-21", ["МС", "21"]),
        ("кафе", "Cafe, кафе\u0301 и КАФЕ", ["кафе\u0301", "КАФЕ"]),
        ("йод", "йод и и\u0306од", ["йод", "и\u0306од"]),
        ("скидка", "ски\u00adдка и ски\u200bдки", ["ски\u00adдка", "ски\u200bдки"]),
        ("доставка", "https://shop.example/доставка @доставка <a title='доставка'>доставка</a>", ["доставка"]),
        ("скидка", "**скидка**, _скидки_ `скидок`", ["скидка", "скидки", "скидок"]),
        ("магазин", "", []),
        ("", "магазин", []),
        ("\x00\ud800", "магазин \ud800", []),
    ],
)
def test_forms_of_the_words_that_were_asked_for_are_marked(question, text, expected):
    assert marked(text, question) == expected


def test_a_question_of_function_words_marks_them():
    assert marked("И где же это?", "где") == ["где"]


def test_of_a_word_that_is_too_long_the_beginning_counts():
    assert marked("а" * 100, "а" * 64) == ["а" * 64]


def test_what_looks_like_a_page_is_marked_as_text():
    text = "<script>alert('скидка')</script> скидка & <b>скидка</b>"
    assert [text[found.start : found.end] for found in highlights(text, ["скидка"])] == ["скидка"] * 3


TEXTS = st.text(
    st.one_of(
        st.sampled_from("аеёйИЙдоставкуК ,.-1٣\n<>/@:\u0301\u0306\u00ad\u200b\x0b\x1f\x85\u2028ßİΣ№½ﬁ가\ud800🎄+#'’&;_"),
        st.characters(codec="utf-8"),
    ),
    max_size=60,
)


@settings(deadline=None)
@given(TEXTS)
def test_words_stand_where_they_are_said_to_stand(text):
    placed = placed_words(text)
    assert all(0 <= start < end <= len(text) for _, start, end in placed)
    assert all(before[1] <= after[1] for before, after in pairwise(placed))
    if len(text.lower()) == len(text):
        assert [word for word, _, _ in placed] == words(text)


@settings(deadline=None)
@given(TEXTS)
def test_everything_is_marked_that_is_asked_for_and_nothing_twice(text):
    every = {LEMMATIZER.lemma(word) for word, _, _ in placed_words(text)}
    found = highlights(text, every)
    assert [(one.lemma, one.start, one.end) for one in found] == [
        (LEMMATIZER.lemma(word), start, end) for word, start, end in placed_words(text)
    ]
    assert not highlights(text, [])
