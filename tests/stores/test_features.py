import datetime as dt

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.errors import DeliveryError
from vitrina.stores.features import DEFAULT_PARAMETERS, features_of_quarters, store_features
from vitrina.stores.network import Network
from vitrina.stores.quarters import add_months

QUARTER = dt.date(2022, 7, 1)
SALES = {
    "store_id": pl.String,
    "month": pl.Date,
    "category": pl.String,
    "revenue_minor": pl.Int64,
    "receipts": pl.Int64,
    "customers": pl.Int64,
}


def stores(*identifiers: str, opened_on: dt.date | None = dt.date(2010, 9, 30), **places: tuple[float, float]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "store_id": identifiers,
            "name": [f"Store {identifier}" for identifier in identifiers],
            "format": ["hypermarket"] * len(identifiers),
            "region": ["Tula"] * len(identifiers),
            "opened_on": [opened_on] * len(identifiers),
            "latitude": [places.get(identifier, (None, None))[0] for identifier in identifiers],
            "longitude": [places.get(identifier, (None, None))[1] for identifier in identifiers],
        },
        schema_overrides={"opened_on": pl.Date, "latitude": pl.Float64, "longitude": pl.Float64},
    )


def sold(
    store: str, first: dt.date, n_months: int, roubles: float, *, category: str | None = None, receipts: int | None = 10
) -> list[tuple]:
    return [(store, add_months(first, offset), category, round(roubles * 100), receipts, None) for offset in range(n_months)]


def network(master: pl.DataFrame, *rows: list[tuple], geography: pl.DataFrame | None = None) -> Network:
    sales = pl.DataFrame([row for part in rows for row in part], schema=SALES, orient="row")
    around = geography if geography is not None else pl.DataFrame(schema={"store_id": pl.String})
    return Network(master, sales, around, tuple(sales.get_column("month").unique().sort()))


def one(features: pl.DataFrame, store: str = "a") -> dict:
    return features.filter(pl.col("store_id") == store).row(0, named=True)


def test_amounts_are_per_month_of_the_trailing_year():
    row = one(store_features(network(stores("a"), sold("a", dt.date(2021, 1, 1), 21, 1000)), QUARTER)[0])
    assert row["revenue"] == pytest.approx(1000)
    assert row["receipts"] == 10
    assert row["average_basket"] == pytest.approx(100)
    assert row["months_observed"] == 12
    assert row["age"] == pytest.approx(12, abs=0.01)


def test_a_store_that_opened_late_is_not_called_small():
    rows = store_features(
        network(stores("a", "b"), sold("a", dt.date(2021, 1, 1), 21, 1000), sold("b", dt.date(2022, 8, 1), 2, 1000)), QUARTER
    )[0]
    assert one(rows, "b")["revenue"] == pytest.approx(1000)
    assert one(rows, "b")["months_observed"] == 2
    assert one(rows, "b")["growth"] is None


def test_growth_compares_with_the_same_quarter_a_year_before():
    rows = network(stores("a"), sold("a", dt.date(2021, 7, 1), 12, 1000), sold("a", QUARTER, 3, 1250))
    assert one(store_features(rows, QUARTER)[0])["growth"] == pytest.approx(0.25)


def test_nothing_after_the_quarter_is_looked_at():
    past = network(stores("a"), sold("a", dt.date(2021, 1, 1), 21, 1000))
    future = network(stores("a"), sold("a", dt.date(2021, 1, 1), 21, 1000), sold("a", dt.date(2022, 10, 1), 3, 9_999_999))
    assert store_features(past, QUARTER)[0].equals(store_features(future, QUARTER)[0])


def test_a_measure_that_the_file_lacks_is_missing_and_not_zero():
    features, catalogue = store_features(network(stores("a"), sold("a", dt.date(2021, 1, 1), 21, 1000)), QUARTER)
    assert one(features)["customers"] is None
    assert catalogue.filter(pl.col("feature") == "customers").item(0, "stores_missing") == 1


def test_a_measure_that_came_half_way_through_the_window_is_not_halved():
    early = sold("a", dt.date(2021, 10, 1), 6, 100, receipts=None)
    late = sold("a", dt.date(2022, 4, 1), 6, 100, receipts=10)
    row = one(store_features(network(stores("a"), early, late), QUARTER)[0])
    assert row["receipts"] == 10
    assert row["average_basket"] == pytest.approx(10)
    assert row["revenue"] == pytest.approx(100)


def test_a_quarter_that_was_never_delivered_shrinks_nobody():
    parts = (
        sold("a", dt.date(2021, 10, 1), 3, 100),
        sold("a", dt.date(2022, 4, 1), 6, 100),
        sold("b", dt.date(2022, 4, 1), 6, 100),
    )
    rows = store_features(network(stores("a", "b"), *parts), QUARTER)[0]
    assert one(rows, "a")["months_observed"] == 9
    assert one(rows, "a")["revenue"] == pytest.approx(100)
    assert one(rows, "b")["revenue"] == pytest.approx(100)


def test_growth_needs_the_whole_quarter_a_year_before():
    parts = (sold("a", dt.date(2021, 7, 1), 1, 100), sold("a", dt.date(2021, 9, 1), 13, 100))
    assert one(store_features(network(stores("a"), *parts), QUARTER)[0])["growth"] is None


def test_a_category_has_the_same_column_whatever_else_is_sold():
    alone = store_features(network(stores("a"), sold("a", QUARTER, 3, 100, category="Milk")), QUARTER)[1]
    together = store_features(
        network(stores("a"), sold("a", QUARTER, 3, 100, category="Milk"), sold("a", QUARTER, 3, 100, category="milk")), QUARTER
    )[1]

    def name(catalogue: pl.DataFrame) -> str:
        return catalogue.filter(pl.col("label") == "Milk").item(0, "feature")

    assert name(alone) == name(together)


def test_shares_are_of_the_stores_own_revenue_and_refunds_may_make_them_negative():
    rows = network(
        stores("a"),
        sold("a", QUARTER, 3, 150, category="milk"),
        sold("a", QUARTER, 3, -50, category="wine"),
    )
    row = one(store_features(rows, QUARTER)[0])
    assert row["share_milk"] == pytest.approx(1.5)
    assert row["share_wine"] == pytest.approx(-0.5)


def test_categories_beyond_the_limit_share_one_column():
    parts = [sold("a", QUARTER, 3, 100 + place, category=f"c{place}") for place in range(5)]
    features, catalogue = store_features(network(stores("a"), *parts), QUARTER, max_category_shares=2)
    shares = sorted(name for name in features.columns if name.startswith("share_"))
    assert [name.removesuffix("_" + name.split("_")[-1]) for name in shares[:1]] == ["share_all_other_categories"]
    assert shares[1:] == ["share_c3", "share_c4"]
    assert sum(one(features)[name] for name in shares) == pytest.approx(1)
    assert set(catalogue.filter(pl.col("family") == "assortment").get_column("label")) == {"c3", "c4", "all other categories"}


def test_categories_whose_names_would_coincide_stay_apart_and_keep_their_labels():
    parts = [sold("a", QUARTER, 3, 100, category=name) for name in ("Сыр & молоко", "сыр молоко", 'x"; DROP TABLE y')]
    features, catalogue = store_features(network(stores("a"), *parts), QUARTER)
    labels = catalogue.filter(pl.col("family") == "assortment")
    assert set(labels.get_column("label")) == {"Сыр & молоко", "сыр молоко", 'x"; DROP TABLE y'}
    assert labels.get_column("feature").n_unique() == 3
    assert all(name.replace("_", "").isalnum() for name in features.columns)


def test_distances_are_great_circles_and_stores_without_a_place_have_none():
    moscow, petersburg = (55.7558, 37.6173), (59.9311, 30.3609)
    near = (moscow[0] + 0.01, moscow[1])
    parts = [sold(store, QUARTER, 3, 100) for store in "abcd"]
    rows = store_features(network(stores("a", "b", "c", "d", a=moscow, b=near, c=petersburg), *parts), QUARTER)[0]
    assert one(rows, "a")["nearest_store"] == pytest.approx(1.11, abs=0.01)
    assert one(rows, "a")["stores_within_5_km"] == 1
    assert one(rows, "c")["nearest_store"] == pytest.approx(631, abs=1)
    assert one(rows, "d")["nearest_store"] is None


def test_geography_stands_as_given():
    around = pl.DataFrame({"store_id": ["a"], "geo_population_1km": [12_000.0]})
    features, catalogue = store_features(network(stores("a"), sold("a", QUARTER, 3, 100), geography=around), QUARTER)
    assert one(features)["geo_population_1km"] == 12_000
    assert catalogue.filter(pl.col("family") == "geography").item(0, "label") == "population 1km"


def test_the_catalogue_names_the_default_parameters():
    _, catalogue = store_features(network(stores("a"), sold("a", QUARTER, 3, 100)), QUARTER)
    assert tuple(catalogue.filter("is_default").get_column("feature")) == DEFAULT_PARAMETERS


def test_no_complete_quarter_among_those_asked_for_is_told_with_what_there_is():
    rows = network(stores("a"), sold("a", dt.date(2022, 1, 1), 3, 100))
    with pytest.raises(DeliveryError, match=r"none of 2022-07-01; complete quarters: 2022-01-01"):
        features_of_quarters(rows, [QUARTER], since=dt.date(2018, 1, 1), today=dt.date(2026, 1, 1))
    made = features_of_quarters(rows, [dt.date(2022, 1, 1), QUARTER], since=dt.date(2018, 1, 1), today=dt.date(2026, 1, 1))
    assert made.skipped == (QUARTER,)


@settings(max_examples=25, deadline=None)
@given(st.permutations(range(24)))
def test_the_order_of_rows_changes_nothing_to_the_last_digit(order):
    rows = sold("a", dt.date(2021, 1, 1), 12, 1000.37, category="x") + sold("a", dt.date(2021, 10, 1), 12, 333.33, category="y")
    whole = network(stores("a"), rows)
    shuffled = network(stores("a"), [rows[place] for place in order])
    assert store_features(whole, QUARTER)[0].equals(store_features(shuffled, QUARTER)[0])
