"""Posts as passages: what is shown is the post, what is searched is what it says."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.posts.rows_of_posts import post, posts, real_posts
from vitrina.posts.passages import LONGEST, LONGEST_OVERLAP, SHORTEST, body_ends, passage_spans, passages_of, plain, text_hash
from vitrina.posts.tables import Passages

FOOTER = "❤ [Подписаться](https://t.me/moscow) | [Прислать новость](https://t.me/bot)"


def searched(*rows):
    return passages_of(posts(*rows))["searched"].to_list()


def long_text(sentences, length=100):
    """Sentences of exactly so many characters, each with its number."""
    return " ".join(f"{f'Предложение {number:03d} ' + 'слово ' * 40:.{length - 2}}к." for number in range(sentences))


def test_a_short_post_is_one_passage_with_its_place_in_the_text():
    shown = "Первый **снег** в Москве. https://t.me/a/1"
    found = Passages.check(passages_of(posts(post(f"  {shown}\n"))))
    assert found.rows(named=True) == [
        {
            "platform": "telegram",
            "channel_id": "10",
            "post_id": "1",
            "ordinal": 0,
            "start": 2,
            "end": 2 + len(shown),
            "text": shown,
            "searched": "Первый снег в Москве.",
            "text_hash": text_hash("Первый снег в Москве."),
        }
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[Статья](https://a.ru/x_(y)) и www.b.ru/c, конец", "Статья и конец"),
        ("**Жирно** и __курсив__, ~~нет~~, ||тайна||, `код`", "Жирно и курсив, нет, тайна, код"),
        ("<b>Было</b> &laquo;так&raquo; &amp; <a href='https://x.ru'>вот</a>", "Было «так» & вот"),
        ("# Заголовок\n> цитата\n\n  — | —\nстрока", "Заголовок\nцитата\nстрока"),
        ("имя snake_case и 2 < 3 и a<b", "имя snake_case и 2 < 3 и a<b"),
        ("без&#8203;шва", "безшва"),
        ("#новости дня", "#новости дня"),
        ("https://только.ссылка/ \n 🔴", ""),
    ],
)
def test_links_and_decoration_are_not_searched_and_words_are(text, expected):
    assert plain(text) == expected


def test_a_post_without_anything_to_search_has_no_passage():
    assert passages_of(posts(post(" \n"), post("", "2"), post("https://t.me/a", "3"), post("❤️", "4"))).is_empty()


def test_a_question_stands_before_its_answer_and_makes_even_a_bare_link_findable():
    rows = [
        post("Завтра в 10:00.", context="Когда **открытие**?", kind="answer"),
        post("https://a.ru", "2", context="Где правила?", kind="answer"),
    ]
    found = passages_of(posts(*rows))
    assert found["searched"].to_list() == ["Когда открытие?\nЗавтра в 10:00.", "Где правила?"]
    assert found["text"].to_list() == ["Завтра в 10:00.", "https://a.ru"]


def test_the_line_under_nearly_every_post_is_shown_and_not_searched():
    rows = [post(f"Новость номер {number}.\n\n{FOOTER}", str(number)) for number in range(20)]
    found = passages_of(posts(*rows))
    assert "Новость номер 7." in found["searched"].to_list()
    assert all(text.endswith(FOOTER) for text in found["text"])
    assert not any("Подписаться" in text for text in found["searched"])
    # of another channel it says something
    assert "Подписаться | Прислать новость" in searched(*rows, post(f"Как?\n{FOOTER}", channel="11"))[-1]


@pytest.mark.parametrize(("with_it", "without_it", "is_footer"), [(19, 0, False), (20, 0, True), (30, 70, False), (31, 69, True)])
def test_a_footer_ends_more_than_three_posts_in_ten_and_at_least_twenty(with_it, without_it, is_footer):
    rows = [post(f"Новость.\n{FOOTER}", str(number)) for number in range(with_it)]
    rows += [post("Иное.", str(1000 + number)) for number in range(without_it)]
    assert ("Новость." in searched(*rows)) == is_footer


def test_footers_whose_links_differ_are_one_and_a_post_of_one_line_is_none():
    rows = [post(f"Новость {number}.\n[Читать нас](https://a.ru/{number})", str(number)) for number in range(20)]
    assert not any("Читать" in text for text in searched(*rows))
    alarms = [post("Воздушная тревога", str(number)) for number in range(40)]
    assert searched(*alarms) == ["Воздушная тревога"] * 40


def test_a_post_of_1200_characters_is_one_passage_and_one_of_1201_is_two():
    text = long_text(12)[:LONGEST]
    assert len(passage_spans(text)) == 1
    assert len(passage_spans(text.ljust(LONGEST, "х") + "я")) == 2


def test_a_long_post_is_divided_evenly_at_sentences_with_one_of_them_in_both():
    text = long_text(30)
    spans = passage_spans(text)
    parts = [text[start:end] for start, end in spans]
    assert all(SHORTEST <= len(part) <= LONGEST for part in parts)
    assert all(part.startswith("Предложение") and part.endswith("к.") for part in parts)
    assert [before.split(". ")[-1].rstrip(".") for before in parts[:-1]] == [after.split(". ")[0] for after in parts[1:]]
    assert all(text[end - 100 : end] == text[start : start + 100] for (_, end), (start, _) in pairwise(spans))


def test_a_passage_ends_with_a_paragraph_rather_than_in_the_very_middle():
    first, second = long_text(6), long_text(8)
    assert passage_spans(f"{first}\n\n{second}")[0] == (0, len(first))
    # without paragraphs, the seventh sentence is nearer to the middle
    assert passage_spans(f"{first} {second}")[0] == (0, len(first) + 101)


def test_a_short_last_line_is_not_left_alone():
    text = f"{long_text(13)}\n\nКоротко."
    assert [text[start:end].endswith("Коротко.") for start, end in passage_spans(text)] == [False, True]


def test_no_passage_holds_all_of_another():
    text = " ".join("Ж" + "о" * size + "." for size in (350, 800, 300))
    assert passage_spans(text) == [(0, 352), (353, len(text))]


def test_a_long_post_keeps_its_footer_with_its_last_passage():
    rows = [post(f"{long_text(20)}\n{FOOTER}", str(number)) for number in range(20)]
    found = passages_of(posts(*rows)).filter(post_id="3")
    assert found["ordinal"].to_list() == [0, 1]
    assert found["text"][1].endswith(FOOTER)
    assert found["end"][1] == len(rows[3]["text"])
    assert "Подписаться" not in found["searched"][1]


@pytest.mark.parametrize(
    "text",
    ["х" * 100_000, "слово " * 16_666, "." * 20_000, "[" * 20_000, "а! " * 5_000, "строка\n" * 10_000, "(<_" * 5_000],
    ids=["letters", "words", "dots", "brackets", "exclamations", "lines", "signs"],
)
def test_text_without_borders_is_divided_too(text):
    spans = passage_spans(text)
    assert max(end - start for start, end in spans) <= LONGEST
    assert len(spans) <= 2 * len(text) / SHORTEST
    covered = {place for start, end in spans for place in range(start, end)}
    assert all(not text[place].strip() for place in set(range(len(text))) - covered)
    assert len(plain(text)) <= len(text)


@given(st.lists(st.tuples(st.integers(1, 1500), st.sampled_from([". ", "! ", "\n", "\n\n", " ", ""])), max_size=12))
def test_passages_lose_no_letter_stand_in_order_and_are_never_too_long(parts):
    text = "".join("Ж" + "о" * size + border for size, border in parts)
    spans = passage_spans(text)
    assert all(0 < end - start <= LONGEST for start, end in spans)
    assert all(before[0] < after[0] for before, after in pairwise(spans))
    assert all(before[1] < after[1] and before[1] - after[0] <= LONGEST_OVERLAP for before, after in pairwise(spans))
    covered = {place for start, end in spans for place in range(start, end)}
    assert all(not text[place].strip() for place in set(range(len(text))) - covered)


def test_the_order_of_posts_changes_nothing():
    rows = [post(f"Новость {number}.\n{FOOTER}", str(number), channel=str(number % 3)) for number in range(70)]
    frame = posts(*rows)
    assert passages_of(frame).equals(passages_of(frame.reverse()))
    assert len(body_ends(frame)) == len(frame)


@pytest.mark.real_data
def test_real_channels_lose_their_footers_and_no_post():
    frame = real_posts()
    found = Passages.check(passages_of(frame))
    cut = sum(end < len(text) for end, text in zip(body_ends(frame), frame["text"], strict=True))
    assert 0.2 < cut / len(frame) < 0.4
    assert found["searched"].str.contains("Подписаться | Прислать новость", literal=True).mean() < 0.01
    assert found.unique(["channel_id", "post_id"]).height > 0.99 * len(frame)
