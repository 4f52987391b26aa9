"""What the marketplace delivers, file by file."""

import datetime as dt

import polars as pl
import pytest

from vitrina.inbox.content import Content
from vitrina.inbox.contract import Contract, contract_for
from vitrina.inbox.judging import Delivery, judge_file
from vitrina.inbox.messages import RefusedFileError
from vitrina.marketplace.contracts import CONTRACTS, EVENTS, EXPERT_VERDICTS, ITEM_RULES, ITEMS, SHOWN
from vitrina.pseudonyms import pseudonym

TODAY = dt.date(2024, 6, 30)
KEY = b"0123456789abcdef"
USER = pseudonym("17850", KEY)


def judged(contract: Contract, text: str, today=TODAY):
    delivery = Delivery(f"marketplace/{contract.name}.csv", 1)
    judgement = judge_file(Content.in_memory(text.encode()), contract, delivery, today=today, references={}, key=KEY)
    contract.table.check(judgement.rows)
    return judgement


def rows(judgement, *columns):
    return judgement.rows.select(columns).rows()


def refused(judgement):
    return judgement.refused.select("source_row", "column_name").rows()


@pytest.mark.parametrize(
    ("path", "contract"),
    [
        ("events.parquet", EVENTS),
        ("events.csv", EVENTS),
        ("Events/2024-01.parquet", EVENTS),
        ("events/2024/01.csv", EVENTS),
        ("items.csv", ITEMS),
        ("item_rules.xlsx", ITEM_RULES),
        ("shown/2024-01-31.jsonl", SHOWN),
        ("expert_verdicts/pilot.xlsx", EXPERT_VERDICTS),
        ("old/events.csv", None),
        ("items/a.csv", None),
        ("shown.csv", None),
    ],
)
def test_a_path_says_what_a_file_holds(path, contract):
    assert contract_for(path, CONTRACTS) is contract


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.name)
def test_the_example_of_every_column_is_one_that_is_loaded(contract):
    template = contract.template()
    text = ",".join(row.column for row in template) + "\n" + ",".join(f'"{row.example}"' for row in template) + "\n"
    judgement = judged(contract, text)
    assert (judgement.findings.counts.loaded, judgement.refused.rows()) == (1, [])
    assert judgement.rows.null_count().sum_horizontal().item() == 0


def test_an_event_of_the_log_is_stored_as_it_was_delivered_but_for_who_it_was():
    judgement = judged(
        EVENTS,
        "platform,utc_event_time,utc_event_date,user_id,event_type,ecom.nm,ecom.price100,ecom.qty\n"
        'Site,2010-12-01 08:26:00+00:00,2010-12-01,17850,ec.purchase,"[1, 2, 2]","[255, 339, 339]","[6, 6, 1]"\n'
        "Android,2010-12-01 08:26:00.123,2010-12-01,17850,search,[],[],[]\n",
    )
    time = dt.datetime(2010, 12, 1, 8, 26, tzinfo=dt.UTC)
    assert rows(judgement, "user_hash", "platform", "event_time", "event_date", "event_type", "items", "prices", "quantities") == [
        (USER, "Site", time, time.date(), "ec.purchase", "[1, 2, 2]", "[255, 339, 339]", "[6, 6, 1]"),
        (USER, "Android", time.replace(microsecond=123_000), time.date(), "search", "[]", "[]", "[]"),
    ]
    assert (judgement.findings.first_date, judgement.findings.last_date) == (time.date(), time.date())


def test_an_event_needs_a_user_and_a_type_and_nothing_else():
    judgement = judged(EVENTS, "user_id,event_type,utc_event_time\n17850,ec.view,\n,ec.view,\n17850,,\n")
    assert rows(judgement, "user_hash", "event_type", "event_time", "event_date", "items") == [(USER, "ec.view", None, None, None)]
    assert refused(judgement) == [(3, "user_id"), (4, "event_type")]
    for text in ("user_id,utc_event_time\n1,\n", "event_type\nec.view\n"):
        with pytest.raises(RefusedFileError, match="missing columns"):
            judged(EVENTS, text)


def test_an_event_may_lie_one_day_ahead_and_no_more():
    judgement = judged(
        EVENTS,
        "user_id,event_type,utc_event_time,utc_event_date\n"
        "1,a,2024-07-01 23:59:59,2024-07-01\n1,a,2024-07-02 00:00:00,2024-07-01\n1,a,2024-07-01 00:00:00,2024-07-02\n",
    )
    assert judgement.rows.get_column("source_row").to_list() == [2]
    assert refused(judgement) == [(3, "utc_event_time"), (4, "utc_event_date")]


HOSTILE = {
    "=HYPERLINK(1)": True,
    "[" + "1, " * 30_000 + "1]": True,
    "[" + "1, " * 40_000 + "1]": False,
    "not a list": True,
    "[1\x00]": False,
    "[1\x1b[31m]": False,
}


@pytest.mark.parametrize("text", list(HOSTILE), ids=lambda text: repr(text[:12]))
def test_a_list_is_any_printable_text_that_is_not_endless(text):
    judgement = judged(EVENTS, f'user_id,event_type,ecom.nm\n1,a,"{text}"\n2,a,[1]\n')
    stored = judgement.rows.get_column("items").to_list()
    assert stored == ([text, "[1]"] if HOSTILE[text] else ["[1]"])
    assert all(len(value) <= 200 for value in judgement.refused.get_column("value"))


def test_items_are_texts_and_a_second_row_for_one_is_refused():
    judgement = judged(
        ITEMS, "nm,title,available,available_from\n00123,Lantern,да,2024-01-31\n7,,no,\n00123,Again,,\n8,x,maybe,2027-01-01\n"
    )
    assert rows(judgement, "item_id", "title", "category", "available", "available_from") == [
        ("00123", "Lantern", None, True, dt.date(2024, 1, 31)),
        ("7", None, None, False, None),
    ]
    assert refused(judgement) == [(4, "item_id"), (5, "available"), (5, "available_from")]
    assert "row 2 has the same key" in judgement.refused.item(0, "remedy")


def test_a_rule_is_deny_or_allow_and_one_per_item():
    judgement = judged(ITEM_RULES, "nm,rule,reason\n1,Deny,recalled\n2,allow,\n3,hide,\n1,allow,\n")
    assert rows(judgement, "item_id", "rule", "reason") == [("1", "deny", "recalled"), ("2", "allow", None)]
    assert refused(judgement) == [(4, "rule"), (5, "item_id")]


def test_what_was_shown_needs_its_moment_with_an_offset():
    judgement = judged(
        SHOWN,
        "user_id,shown_at,bucket,version,items\n17850,2024-01-31T12:30:00+03:00,HoldOut,,[1]\n"
        "17850,2024-01-31 12:30:00,holdout,,[1]\n17850,2024-01-31T12:30:00Z,seen,,[1]\n17850,2024-01-31T12:30:00Z,holdout,v,\n",
    )
    moment = dt.datetime(2024, 1, 31, 9, 30, tzinfo=dt.UTC)
    assert rows(judgement, "user_hash", "shown_at", "bucket", "version", "items") == [(USER, moment, "holdout", None, "[1]")]
    assert refused(judgement) == [(3, "shown_at"), (4, "bucket"), (5, "items")]


def test_a_user_has_the_same_pseudonym_among_events_and_in_what_was_shown():
    events = judged(EVENTS, "user_id,event_type\n 17850,a\n")
    shown = judged(SHOWN, "user_id,shown_at,bucket,items\n17850,2024-01-31T12:30:00Z,holdout,[1]\n")
    assert events.rows.get_column("user_hash").to_list() == shown.rows.get_column("user_hash").to_list() == [USER]


def test_experts_may_leave_a_verdict_open():
    judgement = judged(EXPERT_VERDICTS, "pilot,case,nm,expert,suits\np,1,7,A,yes\np,1,8,A,\np,1,9,,нет\np,2,9,A,perhaps\n")
    assert rows(judgement, "pilot", "case", "item_id", "expert", "suits") == [
        ("p", "1", "7", "A", True),
        ("p", "1", "8", "A", None),
        ("p", "1", "9", None, False),
    ]
    assert refused(judgement) == [(5, "suits")]


@pytest.mark.real_data
def test_the_real_log_and_catalogue_are_loaded_whole(real_data):
    content = (real_data / "marketplace" / "events.parquet").read_bytes()
    delivery = Delivery("marketplace/events.parquet", 1)
    judgement = judge_file(Content.in_memory(content), EVENTS, delivery, today=TODAY, references={}, key=KEY)
    delivered = pl.read_parquet(real_data / "marketplace" / "events.parquet")
    assert (judgement.rows.height, judgement.refused.height) == (delivered.height, 0)
    assert judgement.rows.get_column("user_hash").n_unique() == delivered.get_column("user_id").n_unique()
    moments = delivered.get_column("utc_event_time").str.to_datetime("%Y-%m-%d %H:%M:%S%z", time_unit="us")
    assert judgement.rows.get_column("event_time").equals(moments.alias("event_time"))
    content = (real_data / "marketplace" / "items.csv").read_bytes()
    items = judge_file(Content.in_memory(content), ITEMS, Delivery("marketplace/items.csv", 1), today=TODAY, references={})
    assert items.refused.is_empty()
