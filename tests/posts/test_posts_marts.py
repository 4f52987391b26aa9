"""Questions as data: what is asked again, what nobody answers, whether answers help, and what it all costs."""

import datetime as dt
import math

import duckdb
import polars as pl
import pytest

from tests.dbt_sql import select_of
from vitrina.posts.raw_tables import RawAsked, RawFeedback
from vitrina.posts.tables import AskedQuestions, Plans

MONDAY = dt.datetime(2024, 7, 1, 12, tzinfo=dt.UTC)
JULY, AUGUST = dt.date(2024, 7, 1), dt.date(2024, 8, 1)
MODELS = (
    "stg_answers",
    "stg_feedback",
    "mart_repeated_questions",
    "mart_question_weeks",
    "mart_coverage_gaps",
    "mart_answer_quality",
    "mart_usage",
)


def at(days):
    return MONDAY + dt.timedelta(days=days)


def asked(question_id, *, day=0.0, row=1, delivery=1, **values):
    """A question of the bot's log."""
    return {
        "source_file": f"{delivery}.jsonl",
        "source_row": row,
        "delivery": delivery,
        "question_id": question_id,
        "platform": "telegram",
        "chat_id": "7",
        "user_hash": "ann",
        "asked_at": at(day),
        "via": "chat",
        "text": "?",
        "outcome": "answered",
        **values,
    }


def pressed(question_id, user="ann", *, helped=True, day=0.0, row=1, delivery=1):
    place = {"source_file": f"{delivery}.jsonl", "source_row": row, "delivery": delivery}
    return {**place, "question_id": question_id, "user_hash": user, "helped": helped, "given_at": at(day)}


def question(question_id, group="q1", *, day=0.0, **values):
    """A question as Python has grouped it."""
    return {
        "question_id": question_id,
        "source": "bot",
        "platform": "telegram",
        "chat_id": "7",
        "user_hash": "ann",
        "asked_at": at(day),
        "text": f"text of {question_id}",
        "group_id": group,
        "repeated": False,
        "outcome": "answered",
        **values,
    }


def plan(chat="*", name="free", **values):
    return {"chat_id": chat, "plan": name, "price_per_1000_tokens": 0.0, "price_per_cpu_hour": 0.0, **values}


def rows(model, *, log=(), feedback=(), questions=(), plans=()):
    """Rows of a model, as dictionaries."""
    with duckdb.connect() as connection:
        # elsewhere, so that weeks and months are seen to be those of UTC
        connection.execute("SET TimeZone = 'Asia/Vladivostok'")
        for table, given in ((RawAsked, log), (RawFeedback, feedback), (AskedQuestions, questions), (Plans, plans)):
            frame = pl.DataFrame(list(given), schema=table.polars_schema())
            connection.register("frame", frame)
            connection.execute(f"CREATE TABLE {table.table_name()} AS FROM frame")
        for name in dict.fromkeys(("stg_answers", "stg_feedback", model)):
            connection.execute(f"CREATE VIEW {name} AS {select_of('posts', name)}")
        return connection.execute(f"FROM {model} ORDER BY ALL").pl().to_dicts()


@pytest.mark.parametrize("model", MODELS)
def test_without_any_questions_there_are_no_rows(model):
    assert rows(model) == []


def test_of_a_question_that_was_delivered_again_the_last_row_of_the_latest_delivery_stands():
    log = [
        asked("q", delivery=2, row=1, outcome="failed"),
        asked("q", delivery=2, row=5, outcome="silent"),
        asked("q", row=9),
        asked("other"),
    ]
    for order in (log, log[::-1]):
        assert {row["question_id"]: row["outcome"] for row in rows("stg_answers", log=order)} == {
            "q": "silent",
            "other": "answered",
        }


def test_of_two_presses_the_later_one_counts_in_whichever_order_they_are_delivered():
    presses = [pressed("q", helped=True, day=2), pressed("q", helped=False, day=1, delivery=2), pressed("q", "bob", helped=False)]
    for order in (presses, presses[::-1]):
        assert {row["user_hash"]: row["helped"] for row in rows("stg_feedback", feedback=order)} == {"ann": True, "bob": False}


def test_a_question_that_was_asked_twice_is_shown_with_who_asked_where_and_what_came_of_it():
    questions = [
        question("q1", source="export", outcome="not asked", user_hash=None),
        question("q2", day=1, repeated=True),
        question("q3", day=2, repeated=True, outcome="silent", user_hash="bob"),
        question("q4", day=3, chat_id="8", user_hash="bob"),
        question("lone", "lone"),
    ]
    log = [asked("q2", answer_channel="telegram:1", answer_post="10"), asked("q3", outcome="silent"), asked("q4")]
    (row,) = rows("mart_repeated_questions", questions=questions, log=log)
    assert row == {
        "group_id": "q1",
        "question": "text of q1",
        "times_asked": 4,
        "times_repeated": 2,
        "people": 2,
        "chats": 2,
        "asked_in": ["telegram:7", "telegram:8"],
        "first_asked_at": at(0),
        "last_asked_at": at(3),
        "asked_of_bot": 3,
        "answered": 2,
        "share_answered": pytest.approx(2 / 3),
        "best_channel": "telegram:1",
        "best_post": "10",
        "times_best_shown": 1,
    }


def test_what_the_bot_never_met_has_no_share_of_answers_and_no_post():
    questions = [question(name, outcome="not asked", source="export") for name in ("q1", "q2")]
    (row,) = rows("mart_repeated_questions", questions=questions)
    assert (row["asked_of_bot"], row["share_answered"], row["best_post"], row["times_best_shown"]) == (0, None, None, 0)


def test_the_best_post_is_the_one_that_people_liked_and_otherwise_the_one_that_was_shown_most_often():
    names = [f"q{n}" for n in range(1, 6)]
    questions = [question(name, day=n) for n, name in enumerate(names)]
    posts = ["10", "10", "10", "20", "20"]
    log = [
        asked(name, day=n, answer_channel="telegram:1", answer_post=post)
        for n, (name, post) in enumerate(zip(names, posts, strict=True))
    ]

    def best(*presses):
        (row,) = rows("mart_repeated_questions", questions=questions, log=log, feedback=presses)
        return row["best_post"], row["times_best_shown"]

    assert best() == ("10", 3)
    assert best(pressed("q4")) == ("20", 2)
    assert best(pressed("q4"), pressed("q5", helped=False)) == ("10", 3)
    assert best(pressed("q4"), pressed("q1"), pressed("q2", "bob")) == ("10", 3)


def test_a_week_begins_on_monday_in_utc_and_says_whether_the_bot_was_there():
    questions = [
        question("q1", day=-0.6, source="export", outcome="not asked", user_hash="bob"),
        question("q2", day=6.4, source="export", outcome="not asked"),
        question("q3", day=6.49, repeated=True, outcome="silent", user_hash="bob"),
        question("q4", day=6.5, repeated=True),
        question("q5", day=14, source="export", outcome="not asked"),
        question("q6", chat_id="8", source="export", outcome="not asked"),
    ]
    found = rows("mart_question_weeks", questions=questions)
    names = (
        "chat_id",
        "week",
        "questions",
        "people",
        "repeated",
        "share_repeated",
        "asked_of_bot",
        "answered",
        "bot_present",
        "bot_since",
    )
    july = [dt.date(2024, 6, 24), *(dt.date(2024, 7, day) for day in (1, 8, 15))]
    assert [tuple(row[name] for name in names) for row in found] == [
        ("7", july[0], 1, 1, 0, 0.0, 0, 0, False, july[1]),
        ("7", july[1], 2, 2, 1, 0.5, 1, 0, True, july[1]),
        ("7", july[2], 1, 1, 1, 1.0, 1, 1, True, july[1]),
        ("7", july[3], 1, 1, 0, 0.0, 0, 0, False, july[1]),
        ("8", july[1], 1, 1, 0, 0.0, 0, 0, False, None),
    ]


def gaps(*questions):
    return [row["group_id"] for row in rows("mart_coverage_gaps", questions=questions)]


def test_what_two_people_ask_or_one_asks_three_times_and_no_post_answers_is_a_gap():
    silent = {"outcome": "silent", "answerable": False}
    assert gaps(question("q1", **silent), question("q2", user_hash="bob", **silent)) == ["q1"]
    assert gaps(question("q1", **silent), question("q2", **silent)) == []
    assert gaps(question("q1", **silent), question("q2", **silent), question("q3", **silent)) == ["q1"]
    # nobody knows whose these are
    assert gaps(*(question(f"q{n}", user_hash=None, **silent) for n in (1, 2))) == []


def test_what_the_posts_answer_by_now_in_any_of_its_wordings_is_no_gap():
    silent = {"outcome": "silent", "answerable": False}
    assert gaps(question("q1", **silent), question("q2", user_hash="bob", outcome="silent", answerable=True)) == []
    # the post that answered has been deleted since
    assert gaps(question("q1", **silent), question("q2", user_hash="bob", answerable=False)) == ["q1"]


def test_where_nobody_has_looked_since_what_the_bot_did_then_tells():
    assert gaps(question("q1", outcome="silent"), question("q2", user_hash="bob", outcome="silent")) == ["q1"]
    assert gaps(question("q1", outcome="silent"), question("q2", user_hash="bob", outcome="answered")) == []


def test_a_gap_says_how_often_it_was_met_with_silence_and_how_near_the_best_post_is():
    questions = [
        question("q1", outcome="not asked", source="export", answerable=False, probability=0.1),
        question("q2", day=1, user_hash="bob", outcome="silent", answerable=False, probability=0.3),
        question("q3", day=2, chat_id="8", outcome="limited", answerable=False),
    ]
    assert rows("mart_coverage_gaps", questions=questions) == [
        {
            "group_id": "q1",
            "question": "text of q1",
            "times_asked": 3,
            "people": 2,
            "chats": 2,
            "asked_in": ["telegram:7", "telegram:8"],
            "first_asked_at": at(0),
            "last_asked_at": at(2),
            "times_silent": 1,
            "best_probability": 0.3,
        }
    ]


def quality(**given):
    return {(row["month"], row["channel"]): row for row in rows("mart_answer_quality", **given)}


def test_answers_are_counted_by_the_channel_that_was_shown_and_silence_for_all_of_them():
    log = [
        asked("q1", answer_channel="telegram:1", answer_post="10", probability=0.9),
        asked("q2", answer_channel="telegram:2", answer_post="20", probability=0.7),
        asked("q3", outcome="silent", probability=0.1),
        asked("q4", outcome="limited"),
        # still July somewhere, but August in UTC
        asked("q5", day=30.5, answer_channel="telegram:1", answer_post="10", probability=0.8),
    ]
    found = quality(log=log)
    counts = ("questions", "answered", "silent", "not_looked_at", "mean_probability", "share_helped", "share_helped_low")
    assert {key: tuple(row[name] for name in counts) for key, row in found.items()} == {
        (JULY, "*"): (4, 2, 1, 1, pytest.approx(0.8), None, None),
        (JULY, "telegram:1"): (None, 1, None, None, 0.9, None, None),
        (JULY, "telegram:2"): (None, 1, None, None, 0.7, None, None),
        (AUGUST, "*"): (1, 1, 0, 0, 0.8, None, None),
        (AUGUST, "telegram:1"): (None, 1, None, None, 0.8, None, None),
    }


def wilson(successes, n):
    """As Wilson (1927) has it: the shares from which the observed one is 1.96 standard errors away."""
    z, share = 1.959963984540054, successes / n
    middle, half = share + z * z / (2 * n), z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)


def test_the_share_of_answers_that_helped_has_wilsons_interval_and_stands_beside_the_probability_of_the_same_answers():
    log = [asked(f"q{n}", answer_channel="telegram:1", answer_post="10", probability=0.5 + n / 20) for n in range(10)]
    presses = [pressed(f"q{n}", helped=n > 0) for n in range(8)] + [pressed("q0", "bob", helped=False), pressed("unknown")]
    row = quality(log=log, feedback=presses)[JULY, "telegram:1"]
    assert (row["answered"], row["helped"], row["not_helped"]) == (10, 7, 2)
    assert row["share_helped"] == pytest.approx(7 / 9)
    # published for 7 of 9: 0.4526 to 0.9368
    assert (row["share_helped_low"], row["share_helped_high"]) == pytest.approx(wilson(7, 9))
    assert row["share_helped_low"] == pytest.approx(0.4526, abs=5e-4)
    assert row["mean_probability"] == pytest.approx(sum(0.5 + n / 20 for n in range(10)) / 10)
    # q0 was judged by two
    assert row["mean_probability_of_judged"] == pytest.approx((2 * 0.5 + sum(0.5 + n / 20 for n in range(1, 8))) / 9)


@pytest.mark.parametrize(("helped", "low", "high"), [(True, 0.2065, 1.0), (False, 0.0, 0.7935)])
def test_one_press_proves_little(helped, low, high):
    row = quality(log=[asked("q")], feedback=[pressed("q", helped=helped)])[JULY, "*"]
    assert (row["share_helped_low"], row["share_helped_high"]) == pytest.approx((low, high), abs=1e-4)


def test_a_press_below_what_was_no_answer_counts_nowhere():
    row = quality(log=[asked("q", outcome="silent")], feedback=[pressed("q")])[JULY, "*"]
    assert (row["helped"], row["share_helped"]) == (0, None)


def test_use_is_counted_by_month_chat_and_person_and_paid_by_token_and_hour():
    log = [
        asked("q1", tokens=1500, cpu_ms=1_800_000.0),
        asked("q2", tokens=500, cpu_ms=1_800_000.0, outcome="silent"),
        asked("q3", user_hash="bob", tokens=None, cpu_ms=None),
        asked("q4", day=31),
        asked("q5", chat_id="8", outcome="over_quota"),
    ]
    prices = {"price_per_1000_tokens": 2.0, "price_per_cpu_hour": 10.0}
    plans = [plan(answers_a_month=4, **prices), plan("telegram:8", "club", **prices), plan("telegram:9", "none", answers_a_month=0)]
    names = ("month", "chat_id", "user_hash", "questions", "answers", "tokens", "cpu_s", "cost", "plan", "answers_a_month")
    found = rows("mart_usage", log=log, plans=plans)
    assert [tuple(row[name] for name in names) for row in found] == [
        (JULY, "7", "ann", 2, 1, 2000, 3600.0, pytest.approx(2 * 2 + 10), "free", 4),
        (JULY, "7", "bob", 1, 1, 0, 0.0, 0.0, "free", 4),
        (JULY, "8", "ann", 1, 0, 0, 0.0, 0.0, "club", None),
        (AUGUST, "7", "ann", 1, 1, 0, 0.0, 0.0, "free", 4),
    ]
    assert [(row["answers_of_chat"], row["share_of_quota"]) for row in found] == [(2, 0.5), (2, 0.5), (0, None), (1, 0.25)]


def test_a_plan_without_any_answers_has_no_share():
    (row,) = rows("mart_usage", log=[asked("q")], plans=[plan(answers_a_month=0)])
    assert (row["answers_of_chat"], row["share_of_quota"]) == (1, None)


def test_use_is_shown_without_a_price_where_no_plan_is_known():
    (row,) = rows("mart_usage", log=[asked("q", tokens=10)])
    assert (row["questions"], row["plan"], row["cost"]) == (1, None, None)
