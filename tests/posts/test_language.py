import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.posts.language import LEMMATIZER, LONGEST_WORD, clean, lemmas, sentences, words

ANY_TEXT = st.text(st.characters(), max_size=200)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Ёжик в тумане", ["ежик", "в", "тумане"]),
        ("2015г., 3D и 1,5 млрд", ["2015", "г", "3d", "и", "1.5", "млрд"]),
        ("COVID-19: C++ и C#", ["covid", "19", "c++", "и", "c#"]),
        ("за́мок Beyoncé", ["замок", "beyonce"]),
        ("пишите на a.b@mail.ru, @user, t.me/x/1 или https://x.ru/а?б=1 сегодня", ["пишите", "на", "или", "сегодня"]),
        ("<b>жирный</b>&nbsp;**текст** 🙂", ["жирный", "текст"]),
        ("don't Beyoncé’s", ["don't", "beyonce’s"]),
        ("при\u00adвет ми\u200bр", ["привет", "мир"]),
        ("", []),
    ],
)
def test_words_are_what_a_reader_would_call_words(text, found):
    assert words(text) == found


def test_a_word_that_nobody_would_write_is_cut():
    assert words("я" * 100_000) == ["я" * LONGEST_WORD]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Сколько игроков перехватило мячей?", ["игрок", "перехватить", "мяч"]),
        ("Which teams were running?", ["team", "run"]),
        ("кто я", ["кто", "я"]),
        ("", []),
    ],
)
def test_lemmas_leave_stop_words_out_unless_there_is_nothing_else(text, found):
    assert lemmas(text) == found


def test_forms_of_a_word_have_one_lemma():
    assert {LEMMATIZER.lemma(form) for form in ("самолет", "самолета", "самолетами", "самолеты")} == {"самолет"}


@pytest.mark.parametrize(("word", "known"), [("самолетами", True), ("самолтеами", False), ("airplane", False)])
def test_the_dictionary_knows_russian_words(word, known):
    assert LEMMATIZER.is_word(word) is known


def test_nothing_invisible_remains():
    points = [chr(point) for point in range(0x110000)]
    hidden = {sign for sign in points if unicodedata.category(sign) in {"Cf", "Cc", "Cs"}}
    assert clean("".join(sorted(hidden - {"\n", "\r", "\t", "\x85"}))) == ""


def test_hidden_letters_do_not_turn_a_line_around():
    assert clean("за\u202eказ\u200b\x00\r\nс\u2028е\tй\u00a0и\u0306") == "заказ\nс\nе й й"


@given(ANY_TEXT)
def test_cleaning_what_is_clean_changes_nothing(text):
    once = clean(text)
    assert clean(once) == once
    once.encode()


@given(ANY_TEXT)
def test_any_text_has_words_and_lemmas(text):
    for word in (*words(text), *lemmas(text)):
        assert word
        assert word == word.lower() or not word.isalpha()


@given(ANY_TEXT)
def test_sentences_are_parts_of_the_text_in_order(text):
    end = 0
    for start, stop in sentences(text):
        assert end <= start < stop
        assert text[start:stop].strip()
        end = stop


def test_abbreviations_end_no_sentence():
    text = "Он жил в г. Москве, т. е. в столице. Потом уехал!\nКонец"
    assert [text[start:stop] for start, stop in sentences(text)] == [
        "Он жил в г. Москве, т. е. в столице.",
        "Потом уехал!",
        "Конец",
    ]
