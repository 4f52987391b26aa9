"""Questions of bot and exports as one table, and groups of those that ask for the same."""

import datetime as dt
import math
from collections import Counter

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.posts.asked import ALIKE, REMEMBERED_DAYS, asked_questions, groups_of
from vitrina.posts.raw_tables import QUESTION_LENGTH, RawAsked, RawChatMessages
from vitrina.posts.tables import AskedQuestions
from vitrina.pseudonyms import pseudonym

KEY = b"a key for tests only"
DAY = dt.datetime(2024, 7, 1, 12, tzinfo=dt.UTC)

ALIKE_PAIRS = (
    ("Когда откроется магазин на Ленина?", "подскажите, когда откроется магазин на ленина"),
    ("сколько стоит доставка в казань", "Добрый день! Сколько стоит доставка в Казань?"),
    ("как вернуть товар без чека", "можно ли вернуть товар без чека"),
    ("где скачать презентацию с вебинара", "Подскажите, где скачать презентации вебинара?"),
    ("есть скидка для пенсионеров", "а скидки для пенсионеров есть?"),
    ("какие документы нужны для прописки", "подскажите какие нужны документы для прописки ребенка"),
    ("сколько ждать возврат денег", "Сколько ждать возврата?"),
    ("работает ли магазин в воскресенье", "магазин работает в воскресенье?"),
    ("не приходит код по смс", "Не приходит смс с кодом, что делать?"),
    ("how do I reset my password", "How to reset password?"),
)
OTHER_PAIRS = (
    ("Когда откроется магазин на Ленина?", "Когда откроется магазин на Мира?"),
    ("где открывается магазин", "когда открывается магазин"),
    ("сколько стоит доставка в казань", "сколько стоит доставка в москву"),
    ("как вернуть товар", "как вернуть деньги"),
    ("есть скидка для пенсионеров", "есть скидка для студентов"),
    ("когда выйдет обзор ноутбука", "когда выйдет обзор телефона"),
    ("будет ли запись эфира", "когда будет эфир"),
    ("нужна ли виза в грузию", "нужна ли виза в таиланд"),
    ("можно ли вернуть билет", "можно ли купить билет"),
    ("кто автор картины", "кто автор книги"),
    ("???", "!!!"),
    ("[name]", "[name]"),
)


def asked(question_id="q1", text="Где магазин?", *, day=0.0, **values):
    return {
        "source_file": "asked.jsonl",
        "source_row": 1,
        "delivery": 1,
        "question_id": question_id,
        "platform": "telegram",
        "chat_id": "7",
        "user_hash": "user",
        "asked_at": DAY + dt.timedelta(days=day),
        "via": "chat",
        "text": text,
        "outcome": "answered",
        **values,
    }


def written(message_id="1", text="Где магазин?", *, day=0.0, **values):
    return {
        "source_file": "result.json",
        "source_row": 1,
        "delivery": 1,
        "platform": "telegram",
        "chat_id": "7",
        "message_id": message_id,
        "kind": "question",
        "author_hash": "author",
        "posted_at": DAY + dt.timedelta(days=day),
        "text": text,
        **values,
    }


def table(of_bot=(), of_chats=()):
    bot, chats = (
        pl.DataFrame(list(rows), schema=t.polars_schema()) for t, rows in ((RawAsked, of_bot), (RawChatMessages, of_chats))
    )
    return asked_questions(bot, chats, KEY)


def repeated(*rows):
    return table(rows).get_column("repeated").to_list()


def test_a_question_of_the_bot_and_one_of_an_export_are_rows_of_one_table():
    found = table([asked("q1", outcome="silent", day=1)], [written("5", "Где  склад?")])
    assert found.select("source", "user_hash", "text", "outcome").rows() == [
        ("export", "author", "Где  склад?", "not asked"),
        ("bot", "user", "Где магазин?", "silent"),
    ]
    assert found["question_id"].to_list() == [pseudonym("telegram:7:5", KEY), "q1"]
    assert found.select("answerable", "probability", "index_version").null_count().row(0) == (2, 2, 2)
    assert found.schema == AskedQuestions.polars_schema()


def test_without_any_questions_there_are_no_rows():
    assert table().height == 0


def test_a_question_that_both_have_is_the_bots():
    both = pseudonym("telegram:7:5", KEY)
    found = table([asked(both, text="Где [name]?")], [written("5"), written("6")])
    assert found.filter(pl.col("question_id") == both).select("source", "text", "outcome").rows() == [
        ("bot", "Где [name]?", "answered")
    ]
    assert found.height == 2


def test_of_a_question_that_was_delivered_again_the_latest_delivery_stands_whatever_the_order_of_rows():
    rows = [
        asked(outcome="failed", delivery=2, source_row=1),
        asked(outcome="silent", delivery=2, source_row=7),
        asked(outcome="answered", delivery=1, source_row=9),
    ]
    for order in (rows, rows[::-1]):
        assert table(order).get_column("outcome").to_list() == ["silent"]
    edits = [written(text="Где склад?", delivery=2), written(text="Где скалд?", delivery=1)]
    for order in (edits, edits[::-1]):
        assert table((), order).get_column("text").to_list() == ["Где склад?"]


def test_what_turned_out_to_be_an_answer_is_no_question():
    assert table((), [written(kind="question"), written(kind="answer", delivery=2)]).height == 0


def test_a_question_as_long_as_a_post_is_cut():
    assert table((), [written(text="а" * 10_000)]).get_column("text").str.len_chars().to_list() == [QUESTION_LENGTH]


def test_a_group_is_named_by_its_first_question_wherever_it_was_asked():
    found = table([asked("later", "где находится склад", day=3, chat_id="8")], [written("5", "Где находится склад?")])
    first = pseudonym("telegram:7:5", KEY)
    assert found.get_column("group_id").to_list() == [first, first]


def test_a_question_is_repeated_only_in_its_chat_and_only_within_ninety_days():
    assert repeated(asked("a"), asked("b", day=REMEMBERED_DAYS)) == [False, True]
    assert repeated(asked("a"), asked("b", day=REMEMBERED_DAYS + 1e-5)) == [False, False]
    assert repeated(asked("a"), asked("b", day=80), asked("c", day=160)) == [False, True, True]
    assert repeated(asked("a"), asked("b", day=1, chat_id="8")) == [False, False]
    assert repeated(asked("a"), asked("b", day=1, platform="discord")) == [False, False]
    assert repeated(asked("a"), asked("b", "Сколько стоит доставка?", day=1)) == [False, False]


@pytest.mark.parametrize(("first", "second"), ALIKE_PAIRS)
def test_paraphrases_ask_for_the_same(first, second):
    assert groups_of([first, second]) == [0, 0]


@pytest.mark.parametrize(("first", "second"), OTHER_PAIRS)
def test_the_same_words_about_something_else_ask_for_something_else(first, second):
    assert groups_of([first, second]) == [0, 1]


def test_pairs_are_told_apart_among_many_other_questions_too():
    texts = [text for pair in (*ALIKE_PAIRS, *OTHER_PAIRS[5:10]) for text in pair]
    found = dict(zip(texts, groups_of(texts), strict=True))
    assert all(found[first] == found[second] for first, second in ALIKE_PAIRS)
    assert all(found[first] != found[second] for first, second in OTHER_PAIRS[5:10])


def test_the_most_similar_of_several_leaders_is_followed():
    texts = ["красный синий зелёный жёлтый", "красный синий зелёный чёрный серый", "красный синий зелёный чёрный"]
    assert groups_of(texts) == [0, 1, 1]


VOCABULARY = ("магазин", "склад", "доставка", "скидка", "чек", "казань", "москва", "где", "когда")
TEXTS = st.lists(st.lists(st.sampled_from(VOCABULARY), max_size=5).map(" ".join), max_size=25)


def one_by_one(texts):
    """Leader clustering as its definition says, with every leader looked at."""
    leaders, counts, found = {}, Counter(), []
    for place, text in enumerate(texts):
        terms = frozenset(text.split()) - {"где", "когда"} or frozenset(text.split())
        aspects = {"где", "когда"} & set(text.split())
        weight = {term: 1 + math.log((1 + place) / (1 + counts[term])) for term in VOCABULARY}
        best, leader = ALIKE, None
        for other, (their_terms, their_aspects) in leaders.items():
            if not terms or (aspects and their_aspects and not aspects & their_aspects):
                continue
            same = (terms, aspects) == (their_terms, their_aspects)
            similarity = 2 if same else sum(map(weight.get, terms & their_terms)) / sum(map(weight.get, terms | their_terms))
            if similarity > best + 1e-12 or (leader is None and similarity >= best - 1e-12):
                best, leader = similarity, other
        if leader is None:
            leaders[leader := place] = (terms, aspects)
        counts.update(terms)
        found.append(leader)
    return found


@settings(max_examples=200, deadline=None)
@given(TEXTS)
def test_groups_are_those_of_looking_at_every_leader_but_for_questions_that_were_asked_word_for_word(texts):
    # a question that was asked before stays where it was, though another leader may have become more similar since
    distinct = list({(frozenset(text.split())): text for text in texts}.values())
    assert groups_of(distinct) == one_by_one(distinct)


@settings(max_examples=100, deadline=None)
@given(TEXTS, TEXTS)
def test_what_is_asked_later_changes_no_earlier_group(earlier, later):
    assert groups_of([*earlier, *later])[: len(earlier)] == groups_of(earlier)


@settings(max_examples=100, deadline=None)
@given(TEXTS)
def test_the_first_of_a_group_leads_it_and_who_asks_in_the_same_words_is_in_it(texts):
    found = groups_of(texts)
    assert all(found[leader] == leader <= place for place, leader in enumerate(found))
    by_words = {}
    for text, group in zip(texts, found, strict=True):
        if text:
            assert by_words.setdefault(frozenset(text.split()), group) == group


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(VOCABULARY[:4]), st.integers(0, 200), st.sampled_from("78")), max_size=12), st.randoms())
def test_the_order_of_rows_changes_nothing(questions, random):
    rows = [asked(f"q{n}", text, day=day, chat_id=chat) for n, (text, day, chat) in enumerate(questions)]
    shuffled = random.sample(rows, len(rows))
    assert table(rows).equals(table(shuffled))
