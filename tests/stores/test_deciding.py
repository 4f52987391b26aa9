"""Decisions that make sense, and their way through the inbox into the raw table."""

import datetime as dt
import json

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.inbox.judging import Delivery, judge
from vitrina.inbox.readers import read_contents
from vitrina.state.decisions import file_content
from vitrina.stores import deciding
from vitrina.stores.deciding import DecisionError, approve, move, reject, rename
from vitrina.stores.decision_contract import DECISIONS
from vitrina.stores.decision_tables import (
    IDENTIFIER_LENGTH,
    KINDS,
    NAME_LENGTH,
    PERSON_LENGTH,
    REASON_LENGTH,
    SCENARIO_LENGTH,
    RawDecisions,
)
from vitrina.stores.scenario import Scenario

QUARTER = dt.date(2024, 1, 1)
AT = dt.datetime(2024, 4, 12, 9, 30, 0, 7, tzinfo=dt.timezone(dt.timedelta(hours=3)))
BY = {"by": "category manager", "reason": "the meeting of April", "at": AT}
TODAY = dt.date(2024, 6, 30)
SCENARIO = Scenario(n_clusters=3).to_json()

EVERY = {
    "approve": approve(QUARTER, SCENARIO, "9c1f", **BY),
    "reject": reject(QUARTER, version=2, **BY),
    "rename": rename(QUARTER, 2, 1, "Ring road", **BY),
    "move": move(QUARTER, 2, "00123", 3, **BY),
}


def judged(content, contract=DECISIONS):
    contents = read_contents("stores/decisions/a.jsonl", content.encode())
    return judge(contents, contract, Delivery("stores/decisions/a.jsonl", 3), today=TODAY, references={})


def line(**changes):
    return json.dumps(json.loads(EVERY["approve"].as_line()) | changes) + "\n"


def test_every_kind_of_decision_is_loaded_as_it_was_made():
    judgement = judged(file_content(list(EVERY.values())))
    assert judgement.refused.is_empty()
    rows = RawDecisions.check(judgement.rows)
    assert set(rows.get_column("kind")) == set(EVERY) == set(KINDS)
    row = rows.row(by_predicate=pl.col("kind") == "move", named=True)
    assert {name: row[name] for name in ("decision_id", "made_at", "made_by", "reason", "quarter")} == {
        "decision_id": EVERY["move"].id,
        "made_at": AT.astimezone(dt.UTC),
        "made_by": "category manager",
        "reason": "the meeting of April",
        "quarter": QUARTER,
    }
    assert {name: row[name] for name in ("version", "store_id", "cluster", "scenario", "name")} == {
        "version": 2,
        "store_id": "00123",
        "cluster": 3,
        "scenario": None,
        "name": None,
    }
    approved = rows.row(by_predicate=pl.col("kind") == "approve", named=True)
    assert Scenario.from_json(approved["scenario"]) == Scenario(n_clusters=3)
    assert approved["fingerprint"] == "9c1f"


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_of_one_kind_alone_has_every_column_of_the_contract(kind):
    assert set(json.loads(EVERY[kind].as_line())) == {field.source for field in DECISIONS.fields}
    assert judged(EVERY[kind].as_line()).rows.height == 1


def test_a_move_is_taken_back_without_a_cluster():
    assert move(QUARTER, 2, "00123", None, **BY).body["cluster"] is None


def test_who_decides_what_is_personal_and_decisions_never_share_an_identifier():
    assert RawDecisions.personal_columns() == ("made_by",)
    assert len({move(QUARTER, 2, "00123", None, **BY).id for _ in range(100)}) == 100


@pytest.mark.parametrize(
    ("changes", "expectation"),
    [
        ({"kind": "delete"}, "one of approve, reject, rename, move"),
        ({"kind": "Approve"}, "one of approve, reject, rename, move"),
        ({"kind": None}, "a value"),
        ({"made_at": "2024-04-12T09:30:00"}, "a time with its offset from UTC"),
        ({"made_at": "2024-07-02T00:00:00Z"}, "a date from 1900-01-01 to 2024-07-01"),
        ({"quarter": "2024-01-02"}, "the first day of a quarter"),
        ({"quarter": "2024-02-01"}, "the first day of a quarter"),
        ({"quarter": "2024-07-01"}, "a date from 1900-01-01 to 2024-06-30"),
        ({"reason": " "}, "a value"),
        ({"made_by": "x" * 201}, "at most 200 characters"),
        ({"scenario": "x" * 20_001}, "at most 20000 characters"),
        ({"cluster": 0}, "between 1 and 1 000 000 000"),
        ({"version": 1.5}, "a whole number"),
    ],
)
def test_a_bad_value_refuses_its_row_and_no_other(changes, expectation):
    judgement = judged(line(**changes) + line(decision_id="other"))
    assert judgement.rows.get_column("decision_id").to_list() == ["other"]
    assert judgement.refused.select("source_row", "column_name", "expectation").rows() == [(1, next(iter(changes)), expectation)]


def test_the_same_decision_twice_in_a_file_is_loaded_once():
    judgement = judged(EVERY["move"].as_line() + "\n" + EVERY["move"].as_line())
    assert (judgement.rows.height, judgement.refused.item(0, "column_name")) == (1, "decision_id")


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: approve(QUARTER, SCENARIO, "f", **BY | {"reason": " \n"}), "reason is empty"),
        (lambda: approve(QUARTER, SCENARIO, "f", **BY | {"reason": "x" * (REASON_LENGTH + 1)}), "1001 characters"),
        (lambda: approve(QUARTER, SCENARIO, "f", **BY | {"by": ""}), "author is empty"),
        (lambda: approve(QUARTER, SCENARIO, "f", **BY | {"by": "x" * (PERSON_LENGTH + 1)}), "201 characters"),
        (lambda: approve(QUARTER, SCENARIO, "f", **BY | {"at": dt.datetime.fromisoformat("2024-04-12")}), "no offset"),
        (lambda: approve(dt.date(2024, 2, 1), SCENARIO, "f", **BY), "begins on 2024-01-01"),
        (lambda: approve(QUARTER, "[1]", "f", **BY), "not a JSON object"),
        (lambda: approve(QUARTER, "{", "f", **BY), "not a JSON object"),
        (lambda: approve(QUARTER, "[" * 10_000, "f", **BY), "not a JSON object"),
        (lambda: approve(QUARTER, json.dumps({"a": "x" * SCENARIO_LENGTH}), "f", **BY), "scenario has"),
        (lambda: approve(QUARTER, SCENARIO, "", **BY), "fingerprint is empty"),
        (lambda: reject(QUARTER, **BY), "not clear"),
        (lambda: reject(QUARTER, scenario=SCENARIO, **BY), "not clear"),
        (lambda: reject(QUARTER, scenario=SCENARIO, fingerprint="f", version=1, **BY), "not clear"),
        (lambda: rename(QUARTER, 0, 1, "x", **BY), "0 is no version"),
        (lambda: rename(QUARTER, 1, 0, "x", **BY), "0 is no cluster"),
        (lambda: rename(QUARTER, 1, 1, "x" * (NAME_LENGTH + 1), **BY), "201 characters"),
        (lambda: rename(QUARTER, 1, 1, "two\nlines", **BY), "line break"),
        (lambda: rename(QUARTER, 1, 1, "x\x00", **BY), "invisible"),
        (lambda: rename(QUARTER, 1, 1, "x\u202ey", **BY), "invisible"),
        (lambda: rename(QUARTER, 1, 1, "x\ud800", **BY), "invisible"),
        (lambda: move(QUARTER, 1, " ", 1, **BY), "store_id is empty"),
        (lambda: move(QUARTER, 1, "x" * (IDENTIFIER_LENGTH + 1), 1, **BY), "101 characters"),
        (lambda: move(QUARTER, 1, "7", -1, **BY), "-1 is no cluster"),
    ],
)
def test_a_decision_that_makes_no_sense_is_not_made(make, told):
    with pytest.raises(DecisionError, match=told):
        make()


@given(
    st.text(max_size=REASON_LENGTH + 5),
    st.text(max_size=NAME_LENGTH + 5),
    st.integers(-1, 2**31),
    st.integers(-1, 2**70),
)
def test_whatever_can_be_decided_can_be_loaded(reason, name, version, cluster):
    try:
        made = rename(QUARTER, version, cluster, name, **BY | {"reason": reason})
    except DecisionError:
        return
    judgement = judged(made.as_line())
    assert judgement.refused.is_empty()
    row = judgement.rows.row(0, named=True)
    assert (row["reason"], row["name"], row["cluster"]) == (made.reason, made.body["name"], cluster)


def test_the_product_is_that_of_the_contract():
    assert deciding.PRODUCT == DECISIONS.product == RawDecisions.product()
