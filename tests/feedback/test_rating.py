"""Ratings that make sense, and their way through the inbox into the raw table."""

import datetime as dt
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.feedback.contracts import RATINGS
from vitrina.feedback.rating import RatingError, rate
from vitrina.feedback.tables import (
    ABOUT,
    COMMENT_LENGTH,
    FEEDBACK,
    PAGE_LENGTH,
    PERSON_LENGTH,
    SUBJECT_LENGTH,
    VERSION_LENGTH,
    FeedbackDeliveries,
    FeedbackRefusedRows,
    RawFeedback,
)
from vitrina.inbox.judging import Delivery, judge
from vitrina.inbox.readers import read_contents
from vitrina.settings import PRODUCTS

AT = dt.datetime(2026, 10, 12, 9, 30, 0, 7, tzinfo=dt.timezone(dt.timedelta(hours=3)))
BY = {"by": "category manager", "at": AT}
NAIVE = dt.datetime.fromisoformat("2026-10-12")
TODAY = dt.date(2026, 10, 12)
ASKED = {"requested_at": AT - dt.timedelta(minutes=9), "reported_at": AT - dt.timedelta(minutes=7)}
COMMENT = "Cluster 3 is two kinds of store:\n\n— at the ring road 👩‍👩‍👧\n— in the centre"
WHOLE = rate("stores", "clusters", 4, **BY, **ASKED, comment=COMMENT, subject="2026-07-01", published_version="20261001T120000Z")


def judged(content):
    contents = read_contents("feedback/decisions/a.jsonl", content.encode())
    return judge(contents, RATINGS, Delivery("feedback/decisions/a.jsonl", 3), today=TODAY, references={})


def line(**changes):
    return json.dumps(json.loads(WHOLE.as_line()) | changes) + "\n"


def test_a_rating_is_loaded_as_it_was_made_with_the_line_breaks_of_its_comment():
    judgement = judged(WHOLE.as_line())
    assert judgement.refused.is_empty()
    (row,) = RawFeedback.check(judgement.rows).to_dicts()
    assert row == {
        "source_file": "feedback/decisions/a.jsonl",
        "source_row": 1,
        "delivery": 3,
        "decision_id": WHOLE.id,
        "kind": "rating",
        "made_at": AT.astimezone(dt.UTC),
        "made_by": "category manager",
        "reason": COMMENT,
        "about": "stores",
        "page": "clusters",
        "subject": "2026-07-01",
        "published_version": "20261001T120000Z",
        "rating": 4,
        **{name: moment.astimezone(dt.UTC) for name, moment in ASKED.items()},
    }


def test_a_rating_without_words_has_every_column_all_the_same():
    bare = rate("home", "home", 1, **BY, published_version="")
    assert set(json.loads(bare.as_line())) == {field.source for field in RATINGS.fields}
    (row,) = RawFeedback.check(judged(bare.as_line()).rows).to_dicts()
    left_out = ("reason", "subject", "published_version", "requested_at", "reported_at")
    assert [row[name] for name in left_out] == [None] * len(left_out)


def test_line_breaks_are_written_in_one_way_whatever_the_page_sends():
    assert rate("home", "home", 1, **BY, comment=" one\r\ntwo\rthree\n ").reason == "one\ntwo\nthree"


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: rate("shops", "clusters", 4, **BY), "called 'shops'.*one of stores, .*, home"),
        (lambda: rate("stores", "", 4, **BY), "'' is no name of a page"),
        (lambda: rate("stores", "Clusters", 4, **BY), "no name of a page"),
        (lambda: rate("stores", "clusters\n", 4, **BY), "no name of a page"),
        (lambda: rate("stores", "x" * (PAGE_LENGTH + 1), 4, **BY), "no name of a page"),
        (lambda: rate("stores", "clusters", 0, **BY), "0 is no rating.*from 1"),
        (lambda: rate("stores", "clusters", 6, **BY), "6 is no rating"),
        (lambda: rate("stores", "clusters", 4.0, **BY), "4.0 is no rating"),
        (lambda: rate("stores", "clusters", True, **BY), "True is no rating"),
        (lambda: rate("stores", "clusters", 4, by=" ", at=AT), "author is empty"),
        (lambda: rate("stores", "clusters", 4, by="x" * (PERSON_LENGTH + 1), at=AT), "201 characters"),
        (lambda: rate("stores", "clusters", 4, by="two\nlines", at=AT), "line break"),
        (lambda: rate("stores", "clusters", 4, by="somebody", at=NAIVE), "no offset"),
        (lambda: rate("stores", "clusters", 4, **BY, comment="x" * (COMMENT_LENGTH + 1)), "2001 characters"),
        (lambda: rate("stores", "clusters", 4, **BY, comment="fine\na\x00b"), "Line 2 of the comment"),
        (lambda: rate("stores", "clusters", 4, **BY, comment="a\tb"), "control character"),
        (lambda: rate("stores", "clusters", 4, **BY, comment="a\ud800b"), "control character"),
        (lambda: rate("stores", "clusters", 4, **BY, subject="x" * (SUBJECT_LENGTH + 1)), "subject has 201"),
        (lambda: rate("stores", "clusters", 4, **BY, subject="a\x1b[2J"), "subject holds"),
        (lambda: rate("stores", "clusters", 4, **BY, published_version="x" * (VERSION_LENGTH + 1)), "published version has"),
        (lambda: rate("stores", "clusters", 4, **BY, requested_at=NAIVE), "no offset"),
        (
            lambda: rate("stores", "clusters", 4, **BY, requested_at=AT, reported_at=AT - dt.timedelta(seconds=1)),
            "before it was asked",
        ),
    ],
)
def test_a_rating_that_makes_no_sense_is_not_made(make, told):
    with pytest.raises(RatingError, match=told) as refused:
        make()
    assert refused.value.remedy


@given(st.sampled_from(ABOUT), st.text(max_size=COMMENT_LENGTH), st.text(max_size=SUBJECT_LENGTH), st.integers(1, 5))
def test_whatever_can_be_rated_can_be_loaded(about, comment, subject, rating):
    try:
        made = rate(about, "clusters", rating, **BY, comment=comment, subject=subject)
    except RatingError:
        return
    judgement = judged(made.as_line())
    assert judgement.refused.is_empty()
    row = judgement.rows.row(0, named=True)
    assert (row["about"], row["reason"], row["subject"], row["rating"]) == (
        about,
        made.reason or None,
        made.body["subject"],
        rating,
    )


@pytest.mark.parametrize(
    ("changes", "expectation"),
    [
        ({"kind": "approve"}, "one of rating"),
        ({"about": "shops"}, "one of stores, marketplace, propensity, posts, sellers, home"),
        ({"rating": 0}, "between 1 and 5"),
        ({"rating": 6}, "between 1 and 5"),
        ({"rating": 4.5}, "a whole number"),
        ({"rating": None}, "a value"),
        ({"page": "x" * 61}, "at most 60 characters"),
        ({"requested_at": "2026-10-12T09:30:00"}, "a time with its offset from UTC"),
        ({"made_at": "2026-10-14T00:00:00Z"}, "a date from 1900-01-01 to 2026-10-13"),
    ],
)
def test_a_bad_value_refuses_its_row_and_no_other(changes, expectation):
    judgement = judged(line(**changes) + line(decision_id="other"))
    assert judgement.rows.get_column("decision_id").to_list() == ["other"]
    assert judgement.refused.select("source_row", "column_name", "expectation").rows() == [(1, next(iter(changes)), expectation)]


def test_who_rates_and_what_they_write_stands_in_no_refusal():
    judgement = judged(line(made_by="Anna" * 100, reason="Boris" * 1000, decision_id=None))
    assert set(judgement.refused.get_column("column_name")) == {"made_by", "reason", "decision_id"}
    told = json.dumps(judgement.refused.to_dicts(), default=str) + str(judgement.findings)
    assert "Anna" not in told
    assert "Boris" not in told


def test_who_rates_and_what_they_write_is_personal_and_no_table_with_it_is_published_as_it_is():
    assert RawFeedback.personal_columns() == ("made_by", "reason")
    assert [table.is_published() for table in (RawFeedback, FeedbackRefusedRows, FeedbackDeliveries)] == [False, False, True]


def test_feedback_is_about_the_products_and_is_none_itself():
    assert RATINGS.product == RawFeedback.product() == FEEDBACK
    assert (*PRODUCTS, "home") == ABOUT
    assert FEEDBACK not in ABOUT
