"""Questions that posts might answer are told from chatter; on lines that nothing was fitted on."""

import csv
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.posts.lines_of_chats import CHATTER, HELD_OUT_CHATTER, HELD_OUT_QUESTIONS, QUESTIONS
from vitrina.posts import asking
from vitrina.posts.asking import LONGEST, is_question, question_probability
from vitrina.posts.language import sentences


def share_of_questions(lines):
    return sum(map(is_question, lines)) / len(lines)


def bare(question):
    """As people type it."""
    return question.replace("?", "").strip().lower()


@pytest.mark.parametrize(
    "question",
    [
        "Когда откроется магазин на Ленина?",
        "когда откроется магазин на ленина",
        "подскажите адрес нового склада",
        "есть ли доставка в казань",
        "можно ли вернуть билет",
        "Добрый день! Брала у вас куртку. Как её стирать при тридцати градусах?",
        "how to reset the password",
        "can i pay by card at the counter",
    ],
)
def test_a_question_is_one_with_its_mark_and_without(question):
    assert is_question(question)


@pytest.mark.parametrize(
    "chatter", ["ну и что?", "да?", "правда?", "что?!", "как дела?", "wtf?", "спасибо!", "какая разница", "Всем привет"]
)
def test_a_question_mark_does_not_make_a_question(chatter):
    assert not is_question(chatter)


@pytest.mark.parametrize(
    "text", ["", "   ", "🔥🔥🔥", "+", "???", "https://example.com/how-to-ask?", "@someone", "/help@some_bot", "\n\n"]
)
def test_without_words_there_is_no_question(text):
    assert question_probability(text) == 0


def test_where_something_or_somebody_is_not_meant_nothing_is_asked():
    assert question_probability("где-то я видел этот магазин") < question_probability("где я видел этот магазин")
    assert not is_question("Как сообщает издание, магазин откроется завтра.")


def test_lists_are_as_long_as_they_should_be_and_nothing_held_out_was_learnt_from():
    assert len(set(QUESTIONS)) >= 120
    assert len(set(CHATTER)) >= 240
    assert len(set(HELD_OUT_QUESTIONS)) >= 60
    assert len(set(HELD_OUT_CHATTER)) >= 120
    learnt, held_out = ({bare(line) for line in lines} for lines in (QUESTIONS + CHATTER, HELD_OUT_QUESTIONS + HELD_OUT_CHATTER))
    assert not learnt & held_out


@pytest.mark.parametrize(("questions", "chatter"), [(QUESTIONS, CHATTER), (HELD_OUT_QUESTIONS, HELD_OUT_CHATTER)])
def test_of_lines_written_by_hand_nine_of_ten_are_known_and_nine_of_ten_that_are_said_to_be_questions_are(questions, chatter):
    known, mistaken = sum(map(is_question, questions)), sum(map(is_question, chatter))
    assert known / len(questions) >= 0.9
    assert known / (known + mistaken) >= 0.9
    # without their question marks, too
    assert share_of_questions([bare(line) for line in questions]) >= 0.85


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=200))
def test_any_text_has_a_probability(text):
    assert 0 <= question_probability(text) <= 1


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(QUESTIONS), st.sampled_from(QUESTIONS + CHATTER))
def test_what_else_a_message_says_takes_nothing_from_its_question(question, more):
    assert question_probability(f"{more.rstrip('.!?')}!\n{question}") >= question_probability(question) - 1e-12


@pytest.mark.parametrize("piece", ["а", "а ", "как ", "кто, тот ", ", ", ".", "? ", "ешь", "как, "])
def test_a_long_message_is_looked_at_only_so_far(piece):
    text = piece * 100_000
    assert question_probability(text) == question_probability(text[:LONGEST])


def test_every_feature_has_a_weight_and_every_weight_a_feature():
    lines = [line.lower() for line in (*QUESTIONS, *CHATTER, "Магазин открылся.") if any(sign.isalpha() for sign in line)]
    seen = {name for line in lines for name in asking._features(line)}
    assert seen == set(asking._WEIGHTS)


@pytest.mark.real_data
@pytest.mark.parametrize(("language", "whole", "without_mark"), [("ru", 0.92, 0.86), ("en", 0.93, 0.88)])
def test_questions_of_xquad_that_were_not_learnt_from_are_known(real_data, language, whole, without_mark):
    with (real_data / "posts" / f"xquad_{language}" / "questions.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    half = max(int(row["post_id"]) for row in rows) // 2
    questions = [row["question"] for row in rows if int(row["post_id"]) > half]
    assert len(questions) > 300
    assert share_of_questions(questions) >= whole
    assert share_of_questions([bare(question) for question in questions]) >= without_mark


@pytest.mark.real_data
def test_of_statements_in_real_posts_hardly_any_is_held_for_a_question(real_data):
    said = []
    # the other channels were learnt from
    for file in sorted((real_data / "posts").glob("channel_*/result.json"))[1::2]:
        for message in json.loads(file.read_bytes())["messages"][:150]:
            text = message.get("text") or ""
            said += [text[start:end] for start, end in sentences(text) if "?" not in text[start:end] and 15 < end - start < 300]
    assert len(said) > 3_000
    assert share_of_questions(said) <= 0.025
