"""A clustering of a few made-up stores and its workbook: once done, everything is loaded that a real one needs."""

from __future__ import annotations

import datetime as dt
import gc

import numpy as np
import polars as pl

from serving.stores.answers import Answer
from serving.stores.describing import LOCALES, describe
from vitrina.stores.clustering import cluster_stores
from vitrina.stores.features import DEFAULT_PARAMETERS, TRADE_LABELS
from vitrina.stores.findings import Findings
from vitrina.stores.matching import adjusted_rand
from vitrina.stores.report import Provenance, report_bytes
from vitrina.stores.scenario import ROBUST, Scenario
from vitrina.stores.tables import FeatureCatalogue, StoreFeatures
from vitrina.stores.windows import YEAR

_STORES = 30
_QUARTER = dt.date(2020, 1, 1)


def rehearse() -> Answer:
    """Do once, in the small, what every task does."""
    found = Findings(cluster_stores(_features(), _catalogue(), Scenario(transform=ROBUST, n_clusters=2, n_bootstraps=2)))
    provenance = Provenance("rehearsal", "made up", dt.datetime(2020, 4, 1, tzinfo=dt.UTC), "nobody", "0")
    for locale in LOCALES:
        report_bytes(found.clustering, provenance, locale=locale, findings=found)
    clusters = found.assignments.select("store_id", "cluster")
    adjusted_rand(clusters, clusters)
    answer = describe(found)
    # what libraries have made stays for good: no later collection need look through it
    gc.collect()
    gc.freeze()
    return answer


def _features() -> pl.DataFrame:
    rng = np.random.default_rng(0)
    identity = {
        "quarter": [_QUARTER] * _STORES,
        "window_quarters": [YEAR] * _STORES,
        "store_id": [f"{place:03d}" for place in range(_STORES)],
        "name": [f"Store {place}" for place in range(_STORES)],
        "format": ["hypermarket"] * _STORES,
        "region": [None] * _STORES,
        "latitude": rng.uniform(51, 60, _STORES),
        "longitude": rng.uniform(34, 61, _STORES),
        "months_observed": [12] * _STORES,
    }
    sizes = rng.choice([1.0, 5.0], _STORES)
    values = {name: sizes * rng.lognormal(sigma=0.3, size=_STORES) for name in TRADE_LABELS}
    declared = StoreFeatures.polars_schema()
    missing = {name: [None] * _STORES for name in declared if name not in identity and name not in values}
    return pl.DataFrame(identity | values | missing, schema_overrides=declared)


def _catalogue() -> pl.DataFrame:
    rows = [
        {
            "quarter": _QUARTER,
            "window_quarters": YEAR,
            "feature": name,
            "family": "trade",
            "label": label,
            "unit": declared.unit if (declared := StoreFeatures.find(name)) else "",
            "is_default": name in DEFAULT_PARAMETERS,
            "stores_missing": 0,
        }
        for name, label in TRADE_LABELS.items()
    ]
    return pl.DataFrame(rows, schema=FeatureCatalogue.polars_schema())
