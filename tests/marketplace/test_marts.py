"""What the marts' own SQL makes of small tables that fit their declarations."""

import datetime as dt
import re

import polars as pl
import pytest
import yaml

from resources.dbt import PROJECT_FOLDER
from tests.dbt_sql import select_of
from vitrina.marketplace.judgement_tables import RecommenderQuality
from vitrina.marketplace.pilot_tables import RecommendationUptake
from vitrina.marketplace.tables import ItemFeatures, Recommendations
from vitrina.warehouse import FileLocation, Warehouse, replace

MARTS = PROJECT_FOLDER / "models" / "marketplace" / "marts"
DECLARED = yaml.safe_load((MARTS / "_marts.yml").read_text(encoding="utf-8"))
CONTRACTS = {
    model["name"]: {column["name"]: column["data_type"].upper() for column in model["columns"]} for model in DECLARED["models"]
}
READ = (RecommenderQuality, ItemFeatures, Recommendations, RecommendationUptake)
EARLY, LATER, LATEST = (dt.date(2026, month, 1) for month in (1, 2, 3))
PRECISION, RECALL = "precision_at_10", "candidate_recall"


def measured(scorer, value, measure=PRECISION, *, as_of=LATEST, window="test", segment=("all", "all"), n=100):
    """A row of `RecommenderQuality`."""
    kind, label = segment
    return {
        "as_of": as_of, "window": window, "scorer": scorer, "measure": measure, "segment_kind": kind, "segment": label,
        "window_from": as_of - dt.timedelta(days=14), "window_until": as_of,
        "value": value, "low": None if value is None else value - 0.125, "high": None if value is None else value + 0.125, "n": n,
    }  # fmt: skip


def item(item_id, **values):
    """A row of `ItemFeatures`."""
    return {"item_id": item_id, "available": True, "users": 0, "buyers": 0, **values}


def place(user, number, item_id):
    """A row of `Recommendations`."""
    return {
        "user_hash": user, "place": number, "item_id": item_id, "score": 0.0,
        "reason": "popular", "reason_users": 5, "reason_en": "Popular", "reason_ru": "Популярно",
    }  # fmt: skip


def compared(measure, low, high, **values):
    """A row of `RecommendationUptake`."""
    return {
        "compared": "recommended against hold-out", "measure": measure, "shown_from": EARLY, "shown_until": LATER,
        "value": 0.5, "other": 0.25, "difference": 0.25, "low": low, "high": high, "users": 90, "other_users": 10, **values,
    }  # fmt: skip


@pytest.fixture
def warehouse(tmp_path):
    return Warehouse(FileLocation(tmp_path / "marketplace.duckdb"))


def filled(warehouse, rows=None):
    """A file with the tables that marts read; those without rows are empty."""
    with warehouse.write() as connection:
        for table in READ:
            frame = pl.DataFrame((rows or {}).get(table, []), schema=table.polars_schema())
            replace(connection, table, frame)


def made(warehouse, mart, columns="*", rows=None):
    """Rows of a mart of these tables, in order."""
    filled(warehouse, rows)
    with warehouse.read() as connection:
        return connection.execute(f"SELECT {columns} FROM ({select_of('marketplace', mart)}) ORDER BY ALL").fetchall()


def quality(warehouse, columns, *rows):
    return made(warehouse, "mart_recommendation_quality", columns, {RecommenderQuality: rows})


def segments(warehouse, columns, *rows):
    return made(warehouse, "mart_recommendation_segments", columns, {RecommenderQuality: rows})


def reach(warehouse, columns, items, *places):
    return made(warehouse, "mart_item_reach", columns, {ItemFeatures: items, Recommendations: places})


def test_every_model_has_popularity_of_its_own_judgement_window_and_measure_beside_it(warehouse):
    rows = [
        measured("reranker", 0.5),
        measured("popularity", 0.25),
        measured("popularity", 0.75, window="validation"),
        measured("popularity", 0.875, as_of=EARLY),
        measured("popularity", 1.0, segment=("platform", "Site")),
        measured("reranker", 0.625, RECALL),
    ]
    found = quality(warehouse, '"window", measure, scorer, value, low, high, popularity, n', *rows)
    assert [row for row in found if row[2] == "reranker"] == [
        ("test", RECALL, "reranker", 0.625, 0.5, 0.75, None, 100),
        ("test", PRECISION, "reranker", 0.5, 0.375, 0.625, 0.25, 100),
    ]
    assert [row[3] for row in found if row[2] == "popularity"] == [row[6] for row in found if row[2] == "popularity"]


def test_history_is_kept_and_segments_are_not_part_of_it(warehouse):
    rows = [measured("reranker", 0.5, as_of=day) for day in (EARLY, LATEST)]
    found = quality(warehouse, "as_of, window_from, window_until", *rows, measured("reranker", 0.0, segment=("platform", "Site")))
    assert found == [(day, day - dt.timedelta(days=14), day) for day in (EARLY, LATEST)]


def test_the_change_is_against_the_judgement_before_of_the_same_window_model_and_measure(warehouse):
    rows = [
        measured("reranker", 0.25, as_of=EARLY),
        measured("reranker", 0.75, as_of=LATER),
        measured("reranker", 0.5, as_of=LATEST),
        measured("reranker", 0.125, as_of=LATER, window="validation"),
        measured("lightfm", 0.375, as_of=LATER),
        measured("reranker", 1.0, RECALL, as_of=EARLY),
        measured("reranker", 0.25, RECALL, as_of=LATEST),
        measured("reranker", 0.9, as_of=LATER, segment=("platform", "Site")),
    ]
    found = quality(warehouse, '"window", scorer, measure, as_of, as_of_before, change', *rows)
    assert found == [
        ("test", "lightfm", PRECISION, LATER, None, None),
        ("test", "reranker", RECALL, EARLY, None, None),
        ("test", "reranker", RECALL, LATEST, EARLY, -0.75),
        ("test", "reranker", PRECISION, EARLY, None, None),
        ("test", "reranker", PRECISION, LATER, EARLY, 0.5),
        ("test", "reranker", PRECISION, LATEST, LATER, -0.25),
        ("validation", "reranker", PRECISION, LATER, None, None),
    ]


def test_without_a_value_on_either_side_there_is_no_change(warehouse):
    rows = [
        measured("reranker", 0.25, as_of=EARLY),
        measured("reranker", None, as_of=LATER),
        measured("reranker", 0.5, as_of=LATEST),
    ]
    assert quality(warehouse, "as_of, as_of_before, change", *rows) == [
        (EARLY, None, None),
        (LATER, EARLY, None),
        (LATEST, LATER, None),
    ]


def test_segments_show_the_reranker_beside_popularity_in_the_latest_test_window(warehouse):
    site, hot = ("platform", "Site"), ("purchases before", "20 items and more")
    rows = [
        measured("reranker", 0.5, segment=site, n=40),
        measured("popularity", 0.25, segment=site, n=40),
        measured("reranker", 0.25, segment=hot, n=7),
        measured("popularity", 0.5, segment=hot, n=7),
        measured("popularity", 0.875, "hit_rate_at_10", segment=site),
        measured("lightfm", 1.0, segment=site),
        measured("reranker", 1.0, as_of=LATER, segment=site),
        measured("popularity", 1.0, as_of=LATER, segment=site),
        measured("reranker", 1.0, window="validation", segment=site),
        measured("popularity", 1.0, window="validation", segment=site),
        measured("reranker", 1.0),
        measured("popularity", 0.0),
    ]
    columns = "as_of, measure, segment_kind, segment, reranker, reranker_low, reranker_high, popularity, difference, n"
    assert segments(warehouse, columns, *rows) == [
        (LATEST, PRECISION, *site, 0.5, 0.375, 0.625, 0.25, 0.25, 40),
        (LATEST, PRECISION, *hot, 0.25, 0.125, 0.375, 0.5, -0.25, 7),
    ]


def test_segments_of_the_same_name_are_told_apart_by_what_users_are_divided_by(warehouse):
    values = {("platform", "Site"): 0.5, ("platform", "unknown"): 0.25, ("price level", "unknown"): 0.125}
    rows = [measured(scorer, value, segment=segment) for segment, value in values.items() for scorer in ("reranker", "popularity")]
    found = segments(warehouse, "segment_kind, segment, popularity, difference", *rows)
    assert found == [(*segment, value, 0.0) for segment, value in values.items()]


def test_a_judgement_without_segments_does_not_bring_back_those_of_an_earlier_one(warehouse):
    earlier = [measured(scorer, 0.5, as_of=EARLY, segment=("platform", "Site")) for scorer in ("reranker", "popularity")]
    assert len(segments(warehouse, "*", *earlier)) == 1
    assert segments(warehouse, "*", *earlier, measured("reranker", 0.5, window="validation")) != []
    assert segments(warehouse, "*", *earlier, measured("reranker", 0.5)) == []


def test_a_segment_without_popularity_has_no_difference(warehouse):
    assert segments(warehouse, "popularity, difference", measured("reranker", 0.5, segment=("platform", "iOS"))) == [(None, None)]


def test_reach_counts_lists_and_places_of_every_item_met_or_not(warehouse):
    items = [
        item("a", title="Tea", category="drinks", price_band=2, users=9, buyers=4),
        item("b", users=3, buyers=1),
        item("new"),
        item("gone", available=False, rule="deny", users=5, buyers=5),
    ]
    places = [place("u", 1, "b"), place("u", 2, "a"), place("v", 1, "new"), place("v", 4, "a")]
    columns = "item_id, title, category, price_band, available, rule, users, buyers, lists, best_place, share_of_places, reached"
    assert reach(warehouse, columns, items, *places) == [
        ("a", "Tea", "drinks", 2, True, None, 9, 4, 2, 2, 0.5, True),
        ("b", None, None, None, True, None, 3, 1, 1, 1, 0.25, True),
        ("gone", None, None, None, False, "deny", 5, 5, 0, None, 0.0, False),
        ("new", None, None, None, True, None, 0, 0, 1, 1, 0.25, True),
    ]


def test_a_user_counts_once_however_often_an_item_stands_in_their_list(warehouse):
    places = [place("u", 1, "a"), place("u", 2, "a"), place("v", 1, "a")]
    assert reach(warehouse, "lists, share_of_places", [item("a")], *places) == [(2, 1.0)]


def test_without_lists_nothing_is_reached_and_no_share_is_known(warehouse):
    assert reach(warehouse, "lists, best_place, share_of_places, reached", [item("a")]) == [(0, None, None, False)]


@pytest.mark.parametrize(
    ("low", "high", "excludes"),
    [
        (0.1, 0.4, True),
        (-0.4, -0.1, True),
        (-0.1, 0.4, False),
        (0.0, 0.4, False),
        (-0.4, 0.0, False),
        (0.0, 0.0, False),
        (None, None, None),
    ],
)
def test_uptake_says_whether_the_interval_excludes_zero(warehouse, low, high, excludes):
    rows = {RecommendationUptake: [compared("conversion", low, high)]}
    assert made(warehouse, "mart_recommendation_uptake", "low, high, excludes_zero", rows) == [(low, high, excludes)]


def test_uptake_tells_both_groups_and_for_how_many_days_lists_were_shown(warehouse):
    before = "recommended against the period before"
    rows = [compared("conversion", 0.1, 0.4), compared("conversion", None, None, compared=before, value=None, difference=None)]
    columns = "compared, measure, value, other, difference, users, other_users, shown_from, days_shown"
    assert made(warehouse, "mart_recommendation_uptake", columns, {RecommendationUptake: rows}) == [
        ("recommended against hold-out", "conversion", 0.5, 0.25, 0.25, 90, 10, EARLY, 31),
        (before, "conversion", None, 0.25, None, 90, 10, EARLY, 31),
    ]


def test_a_single_day_of_lists_is_one_day(warehouse):
    rows = {RecommendationUptake: [compared("conversion", 0.1, 0.4, shown_until=EARLY + dt.timedelta(days=1))]}
    assert made(warehouse, "mart_recommendation_uptake", "days_shown", rows) == [(1,)]


@pytest.mark.parametrize("mart", CONTRACTS)
def test_columns_and_types_are_those_of_the_contract(warehouse, mart):
    filled(warehouse)
    with warehouse.read() as connection:
        described = connection.execute(f"DESCRIBE {select_of('marketplace', mart)}").fetchall()
    assert list({name: data_type for name, data_type, *_ in described}.items()) == list(CONTRACTS[mart].items())


@pytest.mark.parametrize("mart", CONTRACTS)
def test_without_any_rows_a_mart_is_empty(warehouse, mart):
    assert made(warehouse, mart) == []


def test_every_mart_has_a_contract_and_every_table_that_it_reads_is_declared():
    selects = {path.stem: path.read_text(encoding="utf-8") for path in MARTS.glob("*.sql")}
    assert selects.keys() == CONTRACTS.keys()
    declared = {table["name"] for source in DECLARED["sources"] for table in source["tables"]}
    assert {name for sql in selects.values() for name in re.findall(r"source\('\w+', '(\w+)'\)", sql)} == declared
    assert declared == {table.table_name() for table in READ}


def test_no_mart_shows_a_personal_column_or_anybodys_hash(warehouse):
    personal = {name for table in READ for name in table.personal_columns()}
    assert personal == {"user_hash"}
    assert not personal & {name for contract in CONTRACTS.values() for name in contract}
    rows = {ItemFeatures: [item("a")], Recommendations: [place("c0ffee", 1, "a")]}
    (row,) = made(warehouse, "mart_item_reach", rows=rows)
    assert row[-1] is True
    assert "c0ffee" not in row
