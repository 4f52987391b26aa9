"""Why an item is shown, in sentences."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.errors import InvalidTableError, SettingsError
from vitrina.marketplace.reasons import MOST_TITLE, sentence, sentences
from vitrina.marketplace.tables import REASONS

SCHEMA = {
    "reason": pl.String,
    "reason_days": pl.Int64,
    "title": pl.String,
    "category": pl.String,
    "platform": pl.String,
}


def said(*rows, language="en"):
    return sentences(pl.DataFrame(rows, schema=SCHEMA, orient="row"), language).to_list()


EVERYTHING = (30, "White lantern", "Lighting", "Android")
NOTHING = (None, None, None, None)


@pytest.mark.parametrize(
    ("reason", "language", "full", "bare"),
    [
        ("bought again", "en", "Bought again about every 30 days", "Bought again and again"),
        ("goes with", "en", "Goes with White lantern", "Goes with what you looked at"),
        ("similar taste", "en", "Chosen by people with similar taste", "Chosen by people with similar taste"),
        ("new in category", "en", "New in Lighting", "New here"),
        ("popular", "en", "Popular now on Android", "Popular now"),
        ("bought again", "ru", "Снова покупают примерно раз в 30 дней", "Покупают снова и снова"),
        ("goes with", "ru", "Подходит к товару «White lantern»", "Подходит к тому, что вы смотрели"),
        ("similar taste", "ru", "Выбирают люди с похожим вкусом", "Выбирают люди с похожим вкусом"),
        ("new in category", "ru", "Новинка в категории «Lighting»", "Новинка"),
        ("popular", "ru", "Сейчас популярно: Android", "Сейчас популярно"),
    ],
)
def test_each_reason_has_a_sentence_and_one_for_when_nothing_more_is_known(reason, language, full, bare):
    assert said((reason, *EVERYTHING), (reason, *NOTHING), language=language) == [full, bare]


@pytest.mark.parametrize(
    ("days", "english", "russian"),
    [
        (1, "every day", "раз в 1 день"),
        (2, "every 2 days", "раз в 2 дня"),
        (5, "every 5 days", "раз в 5 дней"),
        (11, "every 11 days", "раз в 11 дней"),
        (14, "every 14 days", "раз в 14 дней"),
        (21, "every 21 days", "раз в 21 день"),
        (24, "every 24 days", "раз в 24 дня"),
        (111, "every 111 days", "раз в 111 дней"),
    ],
)
def test_days_are_counted_as_the_language_counts(days, english, russian):
    assert said(("bought again", days, None, None, None))[0].endswith(english)
    assert said(("bought again", days, None, None, None), language="ru")[0].endswith(russian)


def test_all_platforms_together_are_no_platform():
    assert said(("popular", None, None, None, "any")) == ["Popular now"]
    # a category may be called so
    assert said(("new in category", None, None, "any", None)) == ["New in any"]


def test_long_titles_are_cut_and_braces_and_line_breaks_do_no_harm():
    cut, braces = said(("goes with", None, "word " * 100, None, None), ("goes with", None, "{0} {name}\n{", None, None))
    assert cut.endswith("…")
    assert len(cut) <= len("Goes with ") + MOST_TITLE
    assert braces == "Goes with {0} {name} {"


@given(
    st.lists(
        st.tuples(st.sampled_from(REASONS), st.sampled_from([None, 1, 7]), *[st.sampled_from([None, "", "x"])] * 3), max_size=30
    )
)
def test_every_row_gets_the_sentence_that_it_would_get_alone(rows):
    for language in ("en", "ru"):
        together = said(*rows, language=language)
        assert together == [said(row, language=language)[0] for row in rows]
        assert all(together)


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("reason", REASONS)
def test_what_is_said_of_one_item_is_what_is_said_of_a_column(reason, language):
    for days, name in ((None, None), (7, None), (None, "Молоко"), (1, "x")):
        row = (reason, days if reason == "bought again" else None, name, name, name)
        assert sentence(reason, language, name=name, days=days) == said(row, language=language)[0]


@pytest.mark.parametrize("reason", ["sponsored", None])
def test_a_reason_that_is_not_declared_is_refused(reason):
    with pytest.raises(InvalidTableError, match="bought again"):
        said((reason, *NOTHING))


def test_an_unknown_language_is_refused():
    with pytest.raises(SettingsError, match="en, ru"):
        said(("popular", *NOTHING), language="fr")
