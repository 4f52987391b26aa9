"""Passages as pages show them: cut to what was found, marked, and never changed."""

from hypothesis import given, settings
from hypothesis import strategies as st

from serving.posts.excerpts import LONGEST, pieces, shown
from vitrina.posts.highlighting import highlights
from vitrina.posts.language import LEMMATIZER, words

FILLING = "сегодня погода была хорошая и небо чистое " * 30


def joined(found):
    return "".join(piece.text for piece in found)


def test_a_short_passage_is_shown_whole():
    text = "Доставку отменили."
    found = shown(text, highlights(text, ["доставка"]))
    assert (found.is_cut, found.begins_within) == (False, False)
    assert [(piece.text, piece.is_marked) for piece in found.excerpt] == [("Доставку", True), (" отменили.", False)]


def test_a_long_passage_is_cut_to_where_most_of_the_question_stands():
    text = f"{FILLING}скидка. {FILLING}Пенсионерам скидка. {FILLING}"
    found = shown(text, highlights(text, ["скидка", "пенсионер"]))
    assert (found.is_cut, found.begins_within) == (True, True)
    assert "Пенсионерам скидка" in joined(found.excerpt)
    assert len(joined(found.excerpt)) <= LONGEST
    assert joined(found.whole) == text


def test_a_long_passage_in_which_nothing_is_marked_is_shown_from_its_beginning():
    found = shown(FILLING, [])
    assert (found.is_cut, found.begins_within) == (True, False)
    assert FILLING.startswith(joined(found.excerpt))
    assert joined(found.excerpt).endswith(("сегодня", "погода", "была", "хорошая", "и", "небо", "чистое"))


def test_the_end_of_a_passage_is_filled_up_with_what_stands_before_it():
    text = f"{FILLING}скидка"
    found = shown(text, highlights(text, ["скидка"]))
    assert joined(found.excerpt).endswith("скидка")
    assert len(joined(found.excerpt)) > LONGEST // 2


def test_a_text_without_blanks_is_cut_all_the_same():
    found = shown("ы" * 5000, [])
    assert len(joined(found.excerpt)) == LONGEST


@settings(deadline=None)
@given(st.text(alphabet="скидка доставку <b>&🎄\n", max_size=1500), st.integers(0, 5))
def test_pieces_are_the_text_again_and_marks_are_whole_words(text, n):
    asked = {LEMMATIZER.lemma(word) for word in words(text)[:n]}
    marked = highlights(text, asked)
    found = shown(text, marked)
    assert joined(found.whole) == text
    assert joined(found.excerpt) in text
    assert [piece.text for piece in found.whole if piece.is_marked] == [text[one.start : one.end] for one in marked]
    assert {piece.text for piece in found.excerpt if piece.is_marked} <= {text[one.start : one.end] for one in marked}
    assert joined(pieces(text, marked, 3, 9)) == text[3:9]
