"""What is known of items and users, and how it becomes numbers."""

import datetime as dt

import numpy as np
import polars as pl
import pytest

from tests.marketplace.staged import NOON, connected, event
from vitrina.marketplace.encoding import encoded_items, encoded_users, feature_encoders
from vitrina.marketplace.features import item_features, user_features, with_price_bands
from vitrina.marketplace.tables import ItemFeatures, UserFeatures

AS_OF = dt.date(2026, 3, 12)
HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)


def item(item_id, **values):
    return {"source_file": "items.csv", "source_row": 2, "delivery": 1, "item_id": item_id, **values}


def of_items(*events, catalogue=(), rules=()):
    with connected(events, items=catalogue, rules=rules) as connection:
        return {row["item_id"]: row for row in item_features(connection, AS_OF).to_dicts()}


def of_users(*events):
    with connected(events) as connection:
        found = user_features(connection, item_features(connection, AS_OF), AS_OF)
    return {row["user_hash"]: row for row in found.to_dicts()}


def test_an_item_has_the_median_price_and_who_met_and_bought_it():
    found = of_items(
        event(prices="[100]"),
        event(prices="[100]", at=NOON + HOUR),
        event(prices="[300]", user="v", kind="purchase", at=NOON - DAY),
        event(prices="[900]", user="v", kind="purchase", at=NOON + DAY),
        event(prices="[900]", user="w", kind="refund"),
    )["1"]
    assert (found["price_minor"], found["users"], found["buyers"]) == (100, 2, 1)
    assert (found["first_at"], found["last_at"]) == (NOON - DAY, NOON + DAY)


def test_habits_are_the_most_frequent_values_and_of_equals_the_first():
    found = of_items(
        event(at=NOON, platform="iOS"),
        event(at=NOON + DAY, platform="iOS", user="v"),
        event(at=NOON + DAY + 2 * HOUR, platform="Site"),
        event("[2]", at=NOON + DAY + HOUR, platform="Site"),
        event("[2]", at=NOON, platform="Android"),
    )
    habits = {name: (row["main_platform"], row["main_hour"], row["main_weekday"]) for name, row in found.items()}
    assert habits == {"1": ("iOS", 12, 2), "2": ("Android", 12, 1)}


def test_midnight_is_no_habit_of_events_without_a_time():
    found = of_items(event(at=None, event_date=NOON.date()))["1"]
    assert (found["main_hour"], found["main_weekday"]) == (None, 1)
    assert of_users(event(at=None, event_date=NOON.date()))["u"]["main_hour"] is None


def test_an_item_of_the_catalogue_alone_is_known_and_one_of_the_log_alone_is_available():
    found = of_items(event("[9]"), catalogue=[item("7", title="Lantern", category="Lighting")])
    assert list(found) == ["7", "9"]
    alone = found["7"]
    assert (alone["title"], alone["category"], alone["users"], alone["first_at"]) == ("Lantern", "Lighting", 0, None)
    assert alone["available"]
    assert found["9"]["available"]
    assert found["9"]["title"] is None


def test_what_is_out_of_stock_or_comes_later_is_not_available():
    catalogue = [
        item("gone", available=False),
        item("gone though begun", available=False, available_from=AS_OF),
        item("today", available_from=AS_OF),
        item("tomorrow", available=True, available_from=AS_OF + DAY),
    ]
    found = of_items(catalogue=catalogue)
    assert {name for name, row in found.items() if row["available"]} == {"today"}


def test_rules_are_told_of_items_of_the_log_and_of_the_catalogue():
    rules = [item("7", rule="deny"), item("9", rule="allow"), item("nobody's", rule="deny")]
    found = of_items(event("[9]"), event("[8]"), catalogue=[item("7")], rules=rules)
    assert {name: row["rule"] for name, row in found.items()} == {"7": "deny", "8": "unlisted", "9": "allow"}


def test_without_a_list_of_allowed_items_most_have_no_rule_and_with_one_of_unknown_items_none_is_on_it():
    def rules_with(*rules):
        return {name: row["rule"] for name, row in of_items(event("[8]"), catalogue=[item("7")], rules=list(rules)).items()}

    assert rules_with(item("7", rule="deny")) == {"7": "deny", "8": None}
    assert rules_with(item("7", rule="deny"), item("nobody's", rule="allow")) == {"7": "deny", "8": "unlisted"}


def test_nothing_from_the_day_on_is_known():
    later = [event("[8]", at=NOON + 10 * DAY), event("[1]", prices="[7]", user="v", at=NOON + 10 * DAY)]
    assert {name: (row["users"], row["price_minor"]) for name, row in of_items(event(), *later).items()} == {"1": (1, None)}
    assert list(of_users(event(), *later)) == ["u"]


def bands(*prices, category="a"):
    return pl.DataFrame(
        [(str(place), category, price) for place, price in enumerate(prices)],
        schema={"item_id": pl.String, "category": pl.String, "price_minor": pl.Int64},
        orient="row",
    )


def test_bands_are_fifths_and_equal_prices_share_one():
    assert with_price_bands(bands(500, 100, 300, 400, 200))["price_band"].to_list() == [5, 1, 3, 4, 2]
    assert with_price_bands(bands(7, 7, 7, 7, 7))["price_band"].to_list() == [1] * 5
    assert with_price_bands(bands(1, 1, 1, 1, None, 9, 9))["price_band"].to_list() == [1, 1, 1, 1, None, 4, 4]


def test_a_category_with_few_prices_is_compared_with_all_items():
    cheap = bands(1, 2, 3, 4, 5, category="cheap")
    dear = bands(100, 200, 300, 400, None, category="dear")
    nameless = bands(1000, category=None)
    found = with_price_bands(pl.concat([cheap, dear, nameless]))["price_band"].to_list()
    assert found == [1, 2, 3, 4, 5, 3, 4, 4, 5, None, 5]


def test_without_prices_nothing_has_a_band():
    assert with_price_bands(bands(None, None))["price_band"].to_list() == [None, None]
    assert with_price_bands(bands()).is_empty()


def test_a_users_band_is_that_of_what_they_bought_else_of_what_they_saw():
    prices = [event(f"[{place}]", prices=f"[{place * 100}]", user="everybody") for place in range(1, 6)]
    found = of_users(
        *prices,
        event("[1]"), event("[2]", at=NOON + HOUR), event("[5]", kind="purchase"),
        event("[1]", user="v"), event("[1]", user="v", at=NOON + HOUR), event("[4]", user="v", at=NOON + DAY),
        event("[2]", user="w"), event("[3]", user="w", at=NOON + HOUR),
        event("[priceless]", user="x"),
    )  # fmt: skip
    assert {user: row["price_band"] for user, row in found.items()} == {"everybody": 3, "u": 5, "v": 1, "w": 2, "x": None}
    assert (found["u"]["events"], found["u"]["purchases"]) == (3, 1)


def test_who_has_only_refunds_is_nobody():
    assert of_users(event(kind="refund")) == {}


def made_up(table, height, **columns):
    """Rows of a table, null or made up where nothing is given."""
    given = {name: pl.Series(name, list(values), dtype=table.polars_schema()[name]) for name, values in columns.items()}
    made = {
        "available": [True] * height,
        "users": [0] * height,
        "buyers": [0] * height,
        "events": [1] * height,
        "purchases": [0] * height,
    }
    made |= {"first_at": [NOON] * height, "last_at": [NOON] * height}
    return pl.DataFrame(
        [
            given.get(name, pl.Series(name, made.get(name, [None] * height), dtype=dtype))
            for name, dtype in table.polars_schema().items()
        ]
    )


def items_of(height, **columns):
    return made_up(ItemFeatures, height, item_id=map(str, range(height)), **columns)


def users_of(height, **columns):
    return made_up(UserFeatures, height, user_hash=map(str, range(height)), **columns)


def encoders(items, users):
    return {(row["entity"], row["feature"]): row for row in feature_encoders(items, users).to_dicts()}


def test_up_to_fifty_values_get_columns_of_their_own_and_more_are_hashed():
    few = encoders(items_of(60, category=[str(place % 50) for place in range(60)]), users_of(3))["item", "category"]
    assert (few["encoder"], few["values"], few["columns"]) == ("one-hot", 50, 50)
    many = encoders(items_of(60, category=[str(place % 51) for place in range(60)]), users_of(3))["item", "category"]
    assert (many["encoder"], many["values"], many["columns"]) == ("hashing", 51, 128)
    assert "51" in many["why"]
    assert "128" in many["why"]


@pytest.mark.parametrize(("words", "columns"), [(0, 2), (1, 2), (2, 4), (512, 1024), (513, 1024), (3000, 1024)])
def test_words_of_titles_are_hashed_to_twice_as_many_columns_up_to_a_limit(words, columns):
    found = encoders(items_of(1, title=[" ".join(f"word{number}" for number in range(words))]), users_of(1))
    assert (found["item", "title_words"]["values"], found["item", "title_words"]["columns"]) == (words, columns)


def test_every_entity_has_its_identity_and_the_matrices_have_the_other_columns():
    items = items_of(4, category=["a", "b", None, "a"], price_band=[1, 2, 5, None], title=["White lamp", None, "lamp", "lamp LAMP"])
    users = users_of(3, platform=["Site", "iOS", "Site"], main_hour=[1, 2, None])
    found = encoders(items, users)
    assert {entity for entity, feature in found if feature == f"{entity} identity"} == {"item", "user"}
    for entity, matrix in (("item", encoded_items(items)), ("user", encoded_users(users))):
        columns = sum(row["columns"] for (whose, _), row in found.items() if whose == entity and row["encoder"] != "identity")
        assert matrix.shape == ((4 if entity == "item" else 3), columns)
        assert matrix.dtype == np.float32
    assert found["user", "user identity"]["columns"] == 3


def test_every_feature_that_there_is_weighs_alike_and_a_row_sums_to_one():
    users = encoded_users(users_of(3, platform=["iOS", "Site", None], price_band=[5, None, None])).toarray()
    assert users.tolist() == [[0, 0.5, 0.5], [1, 0, 0], [0, 0, 0]]
    items = encoded_items(items_of(2, category=["a", "b"], title=["red lamp oak", "red"])).toarray()
    assert items[:, :2].tolist() == [[0.5, 0], [0, 0.5]]
    assert items.sum(axis=1) == pytest.approx([1, 1])


def test_a_word_means_the_same_column_in_every_title_whatever_its_case():
    found = encoded_items(items_of(3, title=["Lamp", "lamp lamp", "ЛАМПА"])).toarray()
    assert (found[0] == found[1]).all()
    assert (found[0] != found[2]).any()


def test_hashed_categories_are_equal_where_their_names_are():
    found = encoded_items(items_of(120, category=[f"category {place % 60}" for place in range(120)])).toarray()
    assert (found[:60] == found[60:]).all()
    assert len(np.unique(found, axis=0)) > 30


def test_without_rows_there_are_columns_and_no_rows():
    assert encoded_items(items_of(0)).shape == (0, 2)
    assert encoded_users(users_of(0)).shape == (0, 0)
