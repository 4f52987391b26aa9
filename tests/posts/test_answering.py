"""Whether the bot speaks, and what it quotes."""

import dataclasses
import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.posts.made_up_search import CountingSearch, features, found, hit
from vitrina.posts.answering import (
    NEVER,
    Answerer,
    AnswerModel,
    AnswerModelError,
    Thresholds,
)
from vitrina.posts.quoting import LONGEST_QUOTE, quote
from vitrina.posts.search import FEATURES
from vitrina.posts.tables import AnswerThresholds

N = len(FEATURES)


def model(first=1.0, intercept=0.0, *, mean=0.0, scale=1.0):
    rest = N - 1
    return AnswerModel(FEATURES, (mean, *[0.0] * rest), (scale, *[1.0] * rest), (first, *[0.0] * rest), intercept)


class Says:
    """A search that says the same whatever it is asked."""

    version, channels = "made up", ("telegram:1", "telegram:2")

    def __init__(self, result):
        self.result, self.asked = result, []

    def search(self, query, channels=None, *, k=10, without=(), mode="fused"):
        self.asked.append((query, channels, k, mode))
        return self.result


def answered(result, *, common=0.5, **of_channels):
    thresholds = Thresholds(common, {f"telegram:{name[1:]}": value for name, value in of_channels.items()})
    return Answerer(Says(result), model(), thresholds).answer("Когда открыли мост?", ["telegram:1", "telegram:2"])


def test_the_probability_is_the_logistic_of_standardised_features():
    # 0.5 + 2 * (7 - 3) / 4 = 2.5
    assert model(2.0, 0.5, mean=3.0, scale=4.0).probability(features(7.0)) == pytest.approx(1 / (1 + math.exp(-2.5)), rel=1e-12)


@pytest.mark.parametrize(("value", "expected"), [(0.0, 0.5), (5_000.0, 1.0), (-5_000.0, 0.0), (-40.0, math.exp(-40.0))])
def test_no_feature_is_too_large_for_a_probability(value, expected):
    assert model().probability(features(value)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("given_features", [features(float("nan")), features(1.0)[:-1], np.zeros(0)])
def test_features_that_no_threshold_would_stop_are_refused(given_features):
    with pytest.raises(AnswerModelError, match=f"The search gave {len(given_features)} features"):
        model().probability(given_features)


@settings(deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=N, max_size=N), st.floats(-10, 10))
def test_a_model_that_was_written_gives_the_same_probabilities_when_it_is_read(values, intercept):
    written = AnswerModel(FEATURES, tuple(values), tuple(abs(value) + 0.1 for value in values), tuple(values), intercept)
    read = AnswerModel.from_json(written.to_json())
    assert read == written
    assert read.probability(features(0.3, 0.7)) == written.probability(features(0.3, 0.7))


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"features": 1}', model().to_json().replace('"intercept": 0.0', '"intercept": "much"')]
)
def test_what_is_no_model_is_refused(text):
    with pytest.raises(AnswerModelError, match="no model of answers"):
        AnswerModel.from_json(text)


def test_a_model_whose_numbers_do_not_fit_together_is_refused():
    with pytest.raises(AnswerModelError, match=f"{N} features, 1 means"):
        dataclasses.replace(model(), means=(0.0,))
    with pytest.raises(AnswerModelError, match="scales above 0"):
        dataclasses.replace(model(), scales=(0.0,) * N)
    with pytest.raises(AnswerModelError, match="finite"):
        dataclasses.replace(model(), intercept=math.inf)


def test_a_model_that_learnt_from_other_features_is_refused():
    other = dataclasses.replace(model(), features=("something else", *FEATURES[1:]))
    with pytest.raises(AnswerModelError, match="something else"):
        Answerer(CountingSearch({}), other, Thresholds())


def test_the_bot_answers_from_its_threshold_on():
    result = found([hit("telegram:1", "7", "Мост открыли в мае.")], 0.0)
    assert answered(result, common=0.5).outcome == "answered"
    assert answered(result, common=0.5).quote == "Мост открыли в мае."
    silent = answered(result, common=math.nextafter(0.5, 1))
    assert (silent.outcome, silent.quote, silent.probability) == ("silent", "", 0.5)
    # who is silent still knows what it has nearly said
    assert silent.hit.post_id == "7"


def test_the_threshold_is_that_of_the_best_posts_channel():
    result = found([hit("telegram:1", "7"), hit("telegram:2", "8")], 0.0)
    assert answered(result, c1=0.4, c2=0.9).outcome == "answered"
    assert answered(result, c1=0.9, c2=0.4).outcome == "silent"
    assert answered(result, common=0.9, c2=0.4).threshold == 0.9


def test_the_threshold_is_held_against_the_best_post_after_re_ranking():
    # by words alone the second would be first, and the first so weak that a threshold before re-ranking would drop it
    result = found([hit("telegram:1", "right", bm25=0.01, score=9.0), hit("telegram:2", "wordy", bm25=50.0, score=1.0)], 2.0)
    told = answered(result, c1=0.8, c2=0.99)
    assert (told.outcome, told.hit.post_id, told.threshold) == ("answered", "right", 0.8)
    assert told.probability == pytest.approx(1 / (1 + math.exp(-2.0)))
    # and what re-ranking has put first is not answered for the sake of what stood there before
    assert answered(result, c1=0.9, c2=0.1).outcome == "silent"


def test_where_nothing_is_found_the_bot_keeps_silent():
    told = answered(found([], 5.0, corrected=[("мсот", "мост")]), common=0.0)
    assert (told.outcome, told.hit, told.probability, told.corrected) == ("silent", None, 0.0, (("мсот", "мост"),))


def test_what_was_corrected_is_told():
    assert answered(found([hit("telegram:1", "7")], 0.0, corrected=[("мсот", "мост")])).corrected == (("мсот", "мост"),)


def test_channels_and_depth_are_handed_to_the_search():
    says = Says(found([hit("telegram:1", "7")], 0.0))
    Answerer(says, model(), Thresholds()).answer("Когда?", ["telegram:2"], k=3)
    assert says.asked == [("Когда?", ["telegram:2"], 3, "fused")]


def test_an_answer_can_be_phrased_by_somebody_else_and_silence_cannot():
    told = []

    def phrase(answer):
        told.append(answer)
        return f"In short: {answer.quote}"

    says = Says(found([hit("telegram:1", "7", "Мост открыли в мае.")], 0.0))
    assert Answerer(says, model(), Thresholds(0.4), phrase).answer("Когда?").quote == "In short: Мост открыли в мае."
    assert Answerer(says, model(), Thresholds(0.6), phrase).answer("Когда?").quote == ""
    assert [answer.quote for answer in told] == ["Мост открыли в мае."]


def test_an_ignorant_model_never_answers_below_a_threshold_of_never():
    says = Says(found([hit("telegram:1", "7")], 1e6))
    assert Answerer(says, AnswerModel.ignorant(), Thresholds()).answer("Когда?").outcome == "silent"
    assert Thresholds().of_channel("telegram:1") == NEVER


def test_thresholds_are_read_from_their_table_and_strangers_are_held_to_the_strictest():
    rows = [
        {"platform": "telegram", "channel_id": "1", "threshold": 0.6, "target": 0.05, "questions": 60, "own": True},
        {"platform": "discord", "channel_id": "1", "threshold": 0.8, "target": 0.05, "questions": 90, "own": False},
    ]
    thresholds = Thresholds.of(pl.DataFrame(rows, schema=AnswerThresholds.polars_schema()))
    assert [thresholds.of_channel(name) for name in ("telegram:1", "discord:1", "youtube:1")] == [0.6, 0.8, 0.8]
    assert Thresholds.of(AnswerThresholds.empty()) == Thresholds(NEVER, {})


def test_the_sentence_that_says_most_about_the_question_is_quoted():
    text = "Доброе утро, читатели. Весной погода была хорошая. Новый мост через реку открыли 7 мая. Спасибо всем."
    assert quote(text, "когда открывали мосты", longest=45) == "Новый мост через реку открыли 7 мая."


def test_a_word_of_every_sentence_counts_less_than_one_of_a_single_sentence():
    text = "Мост стоит над рекой. Через реку виден мост. Мост украсил реку. Билеты продают в кассе."
    assert quote(text, "мост, река, билеты", longest=40) == "Билеты продают в кассе."


def test_sentences_that_follow_are_quoted_as_long_as_they_fit_whole():
    text = "Начало. Мост открыли в мае. Проезд бесплатный. Вход со стороны набережной."
    assert quote(text, "мост", longest=50) == "Мост открыли в мае. Проезд бесплатный."


def test_a_text_that_holds_no_word_of_the_question_is_quoted_from_its_beginning():
    assert quote("Первое. Второе.", "слон", longest=8) == "Первое."
    assert quote("", "слон") == quote("  \n", "слон") == ""


def test_a_quote_is_cut_between_words():
    assert quote("Мост через реку, который открыли", "мост", longest=17) == "Мост через реку…"
    assert quote("а" * 400, "мост") == "а" * (LONGEST_QUOTE - 1) + "…"


def test_a_quote_is_plain_text_on_one_line():
    text = "**Мост** [открыли](https://example.org/a) в `мае`\nпо адресу https://example.org/b_c и __всё__ <b>тут</b>"
    assert quote(text, "мост") == "Мост открыли в мае по адресу и всё тут"


@settings(deadline=None)
@given(st.text(max_size=600), st.text(max_size=40), st.integers(1, 80))
def test_no_quote_is_longer_than_allowed(text, question, longest):
    told = quote(text, question, longest=longest)
    assert len(told) <= longest
    assert "\n" not in told
