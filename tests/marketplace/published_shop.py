"""A published shop, made by hand in a moment: three kinds of goods, two users, and every table that pages and API read."""

import datetime as dt

import numpy as np
import polars as pl

from tests.dbt_sql import select_of
from tests.marketplace.made_up_factors import made_up_factors, name
from tests.marketplace.small_shop import item_table
from vitrina.dictionary import DataDictionary
from vitrina.files import sha256_of
from vitrina.marketplace.judgement_tables import CustomerTargets, RecommenderQuality
from vitrina.marketplace.measure_names import AUC_UNIFORM, HIT_RATE, PRECISION
from vitrina.marketplace.pilot_tables import RecommendationUptake
from vitrina.marketplace.showing import bucket_of
from vitrina.marketplace.tables import ItemFeatures, PopularItems, Recommendations, RecommenderModels, SimilarItems
from vitrina.marketplace.uptake import BASKET, BEFORE, CONVERSION, FOLLOWED, HOLDOUT, RELATIVE_LIFT, RETENTION
from vitrina.pseudonyms import pseudonym, user_key
from vitrina.publication import Candidate, publish
from vitrina.warehouse import Warehouse, locate, replace

KEY = "a key for tests only"
"""With it `ann` and `bob` are not in the hold-out, whatever its share up to a half."""

NOON = dt.datetime(2026, 7, 2, 12, tzinfo=dt.UTC)
EARLIER, LATEST = dt.date(2026, 6, 24), dt.date(2026, 7, 1)
HOSTILE = {name("books", 3): "<script>alert(1)</script>", name("books", 4): "{{ 7 * 7 }} \N{RIGHT-TO-LEFT OVERRIDE}"}
MARTS = ("mart_recommendation_quality", "mart_recommendation_segments", "mart_item_reach", "mart_recommendation_uptake")
DECLARED = (
    RecommenderModels,
    Recommendations,
    SimilarItems,
    PopularItems,
    ItemFeatures,
    RecommenderQuality,
    CustomerTargets,
    RecommendationUptake,
)
PUBLISHED = (*MARTS, *(table.table_name() for table in DECLARED))
ANN_LIST = tuple(name("dairy", place) for place in range(10, 15))


def hash_of(settings, user):
    """The pseudonym of a user."""
    return pseudonym(user, user_key(settings))


def somebody(settings, bucket, *, share):
    """An identifier of a user who is in this bucket."""
    tried = (f"user {number}" for number in range(10_000))
    return next(user for user in tried if bucket_of(hash_of(settings, user), share) == bucket)


def factors_of(settings, **changes):
    """Factors in which `ann` and `bob` go by their pseudonyms."""
    made = made_up_factors()
    hashes = np.array([hash_of(settings, user) for user in ("ann", "bob")])
    order = np.argsort(hashes)
    seen = [made.seen(user) for user in range(2)]
    return made_up_factors(
        user_hashes=hashes[order],
        user_vectors=made.user_vectors[order],
        seen_indptr=np.cumsum([0, *(len(seen[user]) for user in order)]),
        seen_indices=np.concatenate([seen[user] for user in order]),
        **changes,
    )


def publish_shop(settings, *, without=(), now=NOON, factors=None, more_rows=None):
    """Compute the shop and publish it; tables that are left out were never computed. Returns where the factors are."""
    factors = factors or factors_of(settings)
    path = settings.data / "artifacts" / "marketplace" / "recommender_models" / f"{now:%H%M%S}.npz"
    factors.save(path)
    frames = _frames(settings, factors, path) | (more_rows or {})
    with _warehouse(settings).write() as connection:
        for table in DECLARED:
            replace(connection, table, table.check(frames.get(table, table.empty())))
        for mart in MARTS:
            connection.execute(f"CREATE OR REPLACE TABLE {mart} AS {select_of('marketplace', mart)}")
    publish_again(settings, without=without, now=now)
    return path


def publish_again(settings, *, without=(), now):
    """Publish what was computed last."""
    with _warehouse(settings).read() as connection:
        columns = connection.execute(
            "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE starts_with(table_name, 'mart_')"
        ).fetchall()
    described = [(table, column, kind, "", "of a mart", True, False, False, "") for table, column, kind in columns]
    dictionary = pl.concat(
        [DataDictionary.of(DECLARED), pl.DataFrame(described, schema=DataDictionary.polars_schema(), orient="row")]
    )
    candidates = [Candidate(table) for table in PUBLISHED if table not in without]
    publish("marketplace", candidates, dictionary, warehouse=_warehouse(settings), settings=settings, now=now, run_id="run-1")


def _warehouse(settings):
    return Warehouse(locate(settings, "marketplace"), 10)


def _frames(settings, factors, path):
    items = [str(item) for item in factors.item_ids]
    titles = [HOSTILE.get(item, f"Title of {item}") for item in items]
    denied = [None if not excluded else "deny" for excluded in factors.excluded]
    model = {
        "as_of": factors.trained_until,
        "path": path.relative_to(settings.data).as_posix(),
        "fingerprint": sha256_of(path),
        "size": path.stat().st_size,
        "components": 8,
        "users": 2,
        "items": len(items),
        "parameters": "{}",
    }
    return {
        ItemFeatures: item_table(items, title=titles, rule=denied),
        RecommenderModels: _table(RecommenderModels, [model]),
        Recommendations: _table(Recommendations, [_place(settings, "ann", place, item) for place, item in enumerate(ANN_LIST, 1)]),
        SimilarItems: _table(
            SimilarItems,
            [
                {
                    "item_id": name("dairy", 0),
                    "place": place,
                    "similar_item_id": name("books", 6 + place),
                    "score": 1 / place,
                    "users": 9,
                }
                for place in (1, 2, 3)
            ],
        ),
        PopularItems: _table(
            PopularItems,
            [
                {"platform": platform, "price_band": band, "place": place, "item_id": items[item], "users": 9}
                for (platform, band), codes in factors.popular.items()
                for place, item in enumerate((item for item in codes if not factors.excluded[item]), 1)
            ],
        ),
        RecommenderQuality: _table(RecommenderQuality, list(_quality())),
        CustomerTargets: _table(CustomerTargets, list(_targets())),
        RecommendationUptake: _table(RecommendationUptake, list(_uptake())),
    }


def _place(settings, user, place, item):
    reasons = [
        {"reason": "bought again", "reason_days": 30},
        {"reason": "goes with", "reason_item_id": name("books", 3)},
        {"reason": "new in category"},
        {"reason": "similar taste"},
        {"reason": "popular"},
    ]
    return {
        "user_hash": hash_of(settings, user), "place": place, "item_id": item, "score": 2.0 - place, "reason_users": 9,
        "reason_en": "in English", "reason_ru": "по-русски", **reasons[(place - 1) % len(reasons)],
    }  # fmt: skip


def _quality():
    segments = [("all", "all"), ("platform", "Site"), ("price level", "low"), ("purchases before", "1 to 19 items")]
    for as_of in (EARLIER, LATEST):
        for window in ("validation", "test"):
            until = as_of if window == "test" else as_of - dt.timedelta(days=30)
            for scorer, value in (("reranker", 0.6), ("popularity", 0.3), ("lightfm", 0.5)):
                for measure in (HIT_RATE, PRECISION, AUC_UNIFORM, "coverage_at_10", PRECISION.replace("at", "ceiling_at", 1)):
                    for kind, segment in segments if measure in (HIT_RATE, PRECISION) else segments[:1]:
                        yield {
                            "as_of": as_of, "window": window, "scorer": scorer, "measure": measure, "segment_kind": kind,
                            "segment": segment, "window_from": until - dt.timedelta(days=30), "window_until": until,
                            "value": value, "low": value - 0.05, "high": value + 0.05, "n": 100,
                        }  # fmt: skip


def _targets():
    for target, bar, at_least, value in (
        ("area under the ROC curve, suitable or not", 0.85, True, 0.9),
        ("precision, suitable or not", 0.7, True, 0.69),
        ("lost offers, suitable or not", 0.2, False, 0.1),
    ):
        yield {
            "as_of": LATEST, "target": target, "bar": bar, "at_least": at_least, "value": value,
            "holds": value >= bar if at_least else value <= bar,
        }  # fmt: skip


def _uptake():
    for compared in (HOLDOUT, BEFORE):
        for measure in (FOLLOWED.format(hours=24), CONVERSION, BASKET, RETENTION):
            for added, low, high in (("", 0.01, 0.2), (RELATIVE_LIFT, -0.1, 0.3)):
                yield {
                    "compared": compared, "measure": measure + added, "shown_from": EARLIER, "shown_until": LATEST, "value": 0.5,
                    "other": 0.4, "difference": 0.1, "low": low, "high": high, "users": 90, "other_users": 10,
                }  # fmt: skip


def _table(table, rows):
    return pl.DataFrame(rows, schema=table.polars_schema())
