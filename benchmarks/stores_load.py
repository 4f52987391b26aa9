"""The load of `benchmarks.stores`: features of a made-up network, and one large request in a process of its own."""

from __future__ import annotations

import datetime as dt
import json
import resource
import sys
import time

import numpy as np
import polars as pl

from vitrina.stores.features import DEFAULT_PARAMETERS, LOCATION_LABELS, TRADE_LABELS
from vitrina.stores.scenario import Scenario
from vitrina.stores.tables import FeatureCatalogue, StoreFeatures
from vitrina.stores.windows import YEAR

QUARTER = dt.date(2026, 7, 1)
REQUEST = Scenario(features=("assortment", "geography", "location", "seasonality"), transform="robust", seed=1)
"""All forty features, 2 to 12 clusters, 30 bootstraps."""

N_SHARES = 20
N_GEOGRAPHY = 11
_N_TYPES = 6
_N_FACTORS = 7
_NOISE = 0.7
_GAPS = 0.02
_LEVELS = {
    "revenue": 4e7, "customers": 5e4, "receipts": 3.5e4, "average_basket": 1_200.0, "age": 9.0, "nearest_store": 4.0,
    "stores_within_5_km": 3.0, "seasonality": 0.25,
}  # fmt: skip


def store_features(n_stores: int, seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Features of so many hypermarkets, forty of them, and their catalogue: valid rows of both tables.

    A few hidden factors, in which six types overlap, show in all features, with noise and gaps, as in real networks.
    """
    rng = np.random.default_rng(seed)
    factors = rng.normal(size=(_N_TYPES, _N_FACTORS))[rng.integers(0, _N_TYPES, n_stores)] + rng.normal(size=(n_stores, _N_FACTORS))
    names = (*TRADE_LABELS, *LOCATION_LABELS, *(f"geo_measure_{place}" for place in range(N_GEOGRAPHY)))
    drawn = _shown(rng, factors, len(names))
    values = {name: _scaled(name, drawn[:, place]) for place, name in enumerate(names)}
    values = {name: np.where(rng.random(n_stores) < _GAPS, np.nan, column) for name, column in values.items()}
    weights = np.exp(0.4 * _shown(rng, factors, N_SHARES))
    shares = weights / weights.sum(axis=1, keepdims=True)
    values |= {f"share_category_{place:02d}": shares[:, place] for place in range(N_SHARES)}
    features = _features(rng, n_stores, values)
    return features, _catalogue(features, list(values))


def _shown(rng: np.random.Generator, factors: np.ndarray, n_features: int) -> np.ndarray:
    loadings = rng.normal(size=(factors.shape[1], n_features)) / np.sqrt(factors.shape[1])
    return np.asarray(factors @ loadings + _NOISE * rng.normal(size=(factors.shape[0], n_features)))


def _scaled(name: str, values: np.ndarray) -> np.ndarray:
    if name == "growth":
        return np.asarray(0.05 + 0.1 * values)
    return np.asarray(_LEVELS.get(name, 100.0) * np.exp(0.5 * values))


def _features(rng: np.random.Generator, n_stores: int, values: dict[str, np.ndarray]) -> pl.DataFrame:
    identity = {
        "quarter": [QUARTER] * n_stores,
        "window_quarters": [YEAR] * n_stores,
        "store_id": [f"{place:06d}" for place in range(n_stores)],
        "name": [f"Store {place}" for place in range(n_stores)],
        "format": ["hypermarket"] * n_stores,
        "region": [f"Region {place % 8}" for place in range(n_stores)],
        "latitude": rng.uniform(51, 60, n_stores),
        "longitude": rng.uniform(34, 61, n_stores),
        "months_observed": [12] * n_stores,
    }
    declared = StoreFeatures.polars_schema()
    frame = pl.DataFrame({**identity, **values}, schema_overrides={name: declared[name] for name in identity})
    return StoreFeatures.check(frame.with_columns(pl.col(name).fill_nan(None) for name in values))


def _catalogue(features: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    families = dict.fromkeys(TRADE_LABELS, "trade") | dict.fromkeys(LOCATION_LABELS, "location")
    rows = [
        {
            "quarter": QUARTER,
            "window_quarters": YEAR,
            "feature": name,
            "family": families.get(name, "assortment" if name.startswith("share_") else "geography"),
            "label": (TRADE_LABELS | LOCATION_LABELS).get(name, name.split("_", 1)[-1].replace("_", " ")),
            "unit": declared.unit if (declared := StoreFeatures.find(name)) else "",
            "is_default": name in DEFAULT_PARAMETERS,
            "stores_missing": features.get_column(name).null_count(),
        }
        for name in names
    ]
    return FeatureCatalogue.check(pl.DataFrame(rows, schema=FeatureCatalogue.polars_schema()))


def main(n_stores: int) -> None:
    """Cluster so many stores, write their report, and print the seconds and the gigabytes that it took at most, as JSON."""
    from vitrina.stores.clustering import cluster_stores  # noqa: PLC0415  # the peak begins with what every request needs
    from vitrina.stores.report import Provenance, report_bytes  # noqa: PLC0415  # as above

    provenance = Provenance("benchmark", "made up", dt.datetime(2022, 10, 1, tzinfo=dt.UTC), "benchmark", "1")

    features, catalogue = store_features(n_stores, seed=2)
    started = time.perf_counter()
    clustering = cluster_stores(features, catalogue, REQUEST)
    clustered = time.perf_counter() - started
    report_bytes(clustering, provenance, locale="en")
    elapsed = time.perf_counter() - started
    peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    print(
        json.dumps(
            {
                "seconds": elapsed,
                "clustered_s": clustered,
                "peak_gb": peak_gb,
                "n_clusters": clustering.n_clusters,
                "components": clustering.components.kept,
            }
        )
    )


if __name__ == "__main__":
    main(int(sys.argv[1]))
