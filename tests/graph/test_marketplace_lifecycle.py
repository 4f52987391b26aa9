"""The graph of marketplace on a made-up shop: what comes in, what is shown, and what bad input does on the way."""

import datetime as dt
import shutil
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from simulation.marketplace_inbox import write_inbox
from simulation.retailer import Size
from tests.kept import keep
from tests.support import Place, make_place, published
from vitrina.inbox.ledger import Ledger
from vitrina.marketplace.answers import recommend
from vitrina.marketplace.factors import load
from vitrina.marketplace.tables import Recommendations
from vitrina.publication import current
from vitrina.warehouse import Warehouse, locate
from vitrina.warehouse import load as load_table

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("shop")]

PRODUCT = "marketplace"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Place, tuple]]:
    """A tiny shop, from the inbox to publication, with the cells that were spoiled in its files."""
    made = make_place(tmp_path_factory.mktemp("shop"))
    slips = write_inbox(Path(str(made.settings.inbox_folder)), Size.TINY, 1)
    with made.instance:
        made.execute("marketplace_ingest")
        made.refresh(PRODUCT)
        keep(made, PRODUCT, tmp_path_factory)
        yield made, slips


def asked(shop, sql: str) -> list[tuple]:
    return published(shop[0].settings, sql, PRODUCT)


def lists(place: Place) -> pl.DataFrame:
    with Warehouse(locate(place.settings, PRODUCT)).read() as connection:
        return load_table(connection, Recommendations)


def test_exactly_the_spoiled_rows_are_refused(shop):
    place, slips = shop
    with Warehouse(locate(place.settings, PRODUCT)).read() as connection:
        refused = connection.execute("SELECT DISTINCT source_file, source_row FROM refused_rows").fetchall()
    assert {(file.removeprefix("marketplace/"), row) for file, row in refused} == {
        (slip.source_file.removeprefix("marketplace/"), slip.source_row) for slip in slips
    }


def test_every_event_is_used_or_told_about(shop):
    found = dict(asked(shop, "SELECT finding, sum(events) FROM event_quality GROUP BY finding"))
    left_out = asked(shop, "SELECT sum(events) FROM event_quality WHERE left_out")[0][0]
    assert found["events in all"] == found["used"] + left_out
    assert found["event type without a meaning"] > 0, sorted(found)


def test_no_identifier_of_a_user_is_stored_anywhere(shop):
    place, _ = shop
    inbox = Path(str(place.settings.inbox_folder)) / PRODUCT / "events"
    file = next(iter(sorted(inbox.glob("*.parquet"))))
    names = pl.read_parquet(file)["user_id"].drop_nulls().unique().sort().to_list()
    longest = max((str(name).strip() for name in names), key=len).encode()
    hits = [path for path in place.settings.data.rglob("*") if path.is_file() and longest in path.read_bytes()]
    assert hits == []


def test_everybody_who_is_known_gets_a_list_with_reasons_in_both_languages(shop):
    users, shortest, unexplained = asked(
        shop,
        "SELECT count(DISTINCT user_hash), min(n), sum(unexplained) FROM (SELECT user_hash, count(*) AS n, "
        "count(*) FILTER (WHERE reason_en = '' OR reason_ru = '') AS unexplained FROM recommendations GROUP BY user_hash)",
    )[0]
    assert users > 100
    assert shortest >= 10
    assert unexplained == 0


def test_what_is_denied_or_out_of_stock_is_shown_to_nobody(shop):
    shown = "(SELECT item_id FROM recommendations UNION SELECT similar_item_id FROM similar_items UNION SELECT item_id FROM popular_items)"
    assert asked(shop, f"SELECT count(*) FROM item_features WHERE rule = 'deny' AND item_id IN {shown}") == [(0,)]
    assert asked(shop, f"SELECT count(*) FROM item_features WHERE NOT available AND item_id IN {shown}") == [(0,)]
    assert asked(shop, "SELECT count(*) FROM item_features WHERE rule = 'deny'")[0][0] > 0


def test_pairs_of_items_rest_on_enough_users(shop):
    assert asked(shop, "SELECT count(*) FROM similar_items WHERE users BETWEEN 1 AND 4") == [(0,)]


def test_the_test_window_was_judged_with_intervals_and_beside_popularity(shop):
    measured = asked(
        shop,
        "SELECT scorer, value, low, high, n FROM mart_recommendation_quality WHERE \"window\" = 'test' "
        "AND measure = 'hit_rate_at_10_full_catalogue_repeats_allowed' ORDER BY scorer",
    )
    assert {row[0] for row in measured} >= {"popularity", "item_knn", "als", "lightfm", "reranker"}
    assert all(low <= value <= high and n > 10 for _, value, low, high, n in measured)


def test_a_fresh_answer_comes_from_the_published_file(shop):
    place, _ = shop
    path, known = asked(shop, "SELECT path, users FROM recommender_models")[0]
    factors = load(place.settings.data / path)
    assert len(factors.user_hashes) == known
    answers = recommend(factors, user=str(factors.user_hashes[0]), n=5)
    assert len(answers) == 5


def test_the_pilot_sheet_names_nobody(shop):
    place, _ = shop
    paths = [path for (path,) in asked(shop, "SELECT path FROM pilot_sheets")]
    assert {path.rsplit("-", 1)[1] for path in paths} == {"en.xlsx", "ru.xlsx"}
    assert all((place.settings.data / path).exists() for path in paths)


def test_the_same_log_gives_the_same_lists_again(shop):
    place, _ = shop
    before = lists(place)
    Ledger(place.settings.ledger).mark_stale(PRODUCT, ["whole"], dt.datetime.now(dt.UTC))
    shutil.rmtree(place.settings.cache)
    place.refresh(PRODUCT)
    assert lists(place).equals(before)


def test_a_log_without_purchases_is_told_and_the_last_good_lists_stay(shop, tmp_path):
    place, _ = shop
    version, before = current(place.settings, PRODUCT).version, lists(place)
    inbox = Path(str(place.settings.inbox_folder)) / PRODUCT / "events"
    kept = tmp_path / "kept"
    shutil.copytree(inbox, kept)
    try:
        for path in sorted(inbox.iterdir()):
            rows = pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path, infer_schema=False)
            looked = rows.with_columns(event_type=pl.col("event_type").str.replace("purchase", "view_item"))
            looked.write_parquet(path) if path.suffix == ".parquet" else looked.write_csv(path)
        place.execute("marketplace_ingest")
        failed = place.refresh(PRODUCT, raise_on_error=False)
        assert not failed.success
        told = [event.event_specific_data.error.to_string() for event in failed.all_events if event.is_step_failure]
        assert any("nothing to learn from" in message for message in told), told
        place.execute("marketplace_publish", raise_on_error=False)
        assert lists(place).equals(before)
        assert published(place.settings, "SELECT count(*) FROM recommendations", PRODUCT)[0][0] == before.height
        assert current(place.settings, PRODUCT).version >= version
    finally:
        shutil.rmtree(inbox)
        shutil.copytree(kept, inbox)
