"""Small feature frames for the tests of clustering and its report."""

import datetime as dt
from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from vitrina.stores.features import DEFAULT_PARAMETERS, TRADE_LABELS
from vitrina.stores.tables import FeatureCatalogue, StoreFeatures
from vitrina.stores.windows import YEAR

QUARTER = dt.date(2022, 7, 1)
FAMILIES = {"share_": "assortment", "geo_": "geography", "nearest_store": "location", "stores_within_5_km": "location"}


def features_and_catalogue(
    values: Mapping[str, Sequence[float | None]],
    *,
    names: Sequence[str] | None = None,
    formats: Sequence[str] | None = None,
    coordinates: bool = True,
    listed: Sequence[str] | None = None,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Valid rows of both tables; features that are not given are missing, and only the given ones are in the catalogue."""
    n = len(next(iter(values.values())))
    columns: dict[str, object] = {
        "quarter": [QUARTER] * n,
        "window_quarters": [YEAR] * n,
        "store_id": [f"s{place:03d}" for place in range(n)],
        "name": list(names or [f"Store {place}" for place in range(n)]),
        "format": list(formats or ["hypermarket"] * n),
        "latitude": [55.0 + 0.01 * place if coordinates else None for place in range(n)],
        "longitude": [37.0 + 0.02 * (place % 9) if coordinates else None for place in range(n)],
        "months_observed": [12] * n,
    }
    declared = StoreFeatures.polars_schema()
    absent = {name: [None] * n for name in declared if name not in columns and name not in values}
    schema = declared | dict.fromkeys((name for name in values if name not in declared), pl.Float64())
    frame = StoreFeatures.check(pl.DataFrame(columns | absent | dict(values), schema=schema))
    return frame, catalogue_of(frame, listed or list(values))


def catalogue_of(frame: pl.DataFrame, listed: Sequence[str]) -> pl.DataFrame:
    rows = [
        {
            "quarter": QUARTER,
            "window_quarters": YEAR,
            "feature": name,
            "family": next((family for prefix, family in FAMILIES.items() if name.startswith(prefix)), "trade"),
            "label": TRADE_LABELS.get(name, name.removeprefix("share_")),
            "unit": declared.unit if (declared := StoreFeatures.find(name)) else "",
            "is_default": name in DEFAULT_PARAMETERS,
            "stores_missing": frame.get_column(name).null_count(),
        }
        for name in listed
    ]
    return FeatureCatalogue.check(pl.DataFrame(rows, schema=FeatureCatalogue.polars_schema()))


def three_groups(per_group: int = 20, seed: int = 0) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Three obvious groups, the richest first: stores 0 … per_group - 1 belong to the first, and so on."""
    rng = np.random.default_rng(seed)
    centres = np.repeat([[900.0, 90.0, 25.0, 10.0], [400.0, 40.0, 40.0, 18.0], [340.0, 34.0, 10.0, 2.0]], per_group, axis=0)
    drawn = centres + rng.normal(scale=[20.0, 2.0, 1.0, 0.5], size=centres.shape)
    return features_and_catalogue(
        {name: drawn[:, place].tolist() for place, name in enumerate(("revenue", "receipts", "average_basket", "age"))}
    )


def random_stores(n: int, seed: int, gaps: float = 0.0) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Correlated features without groups, as real ones are, with a share of gaps."""
    rng = np.random.default_rng(seed)
    size = rng.lognormal(size=n)
    drawn = {
        "revenue": 1000 * size * rng.lognormal(sigma=0.3, size=n),
        "receipts": 50 * size * rng.lognormal(sigma=0.3, size=n),
        "average_basket": 20 * rng.lognormal(sigma=0.4, size=n),
        "age": rng.uniform(0, 20, size=n),
        "share_milk": rng.beta(2, 5, size=n),
    }
    holes = {name: rng.random(n) < gaps for name in drawn}
    values = {
        name: [
            None if hole and place else float(value) for place, (value, hole) in enumerate(zip(column, holes[name], strict=True))
        ]
        for name, column in drawn.items()
    }
    return features_and_catalogue(values)
