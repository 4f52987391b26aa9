"""The retailer's stores: latent types, what they sold, and where they stand.

A store's figures are its type's, plus its own deviation, plus each month's noise. The deviations are sized so that the
chain has the properties of `realism.IOWA_HYPERMARKETS`: the types overlap as real ones would. A method is proven where
the truth can be found, so they can be made smaller.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass

import numpy as np
import polars as pl

from simulation.realism import IOWA_HYPERMARKETS
from simulation.retailer import BRAND, EXTENTS, LAST_DAY, Size, make_cities, months_until, street_address
from simulation.store_types import BASE_SHARES, CATEGORIES, HYPERMARKET_TYPES, OTHER_FORMATS, PRICES, StoreType

LOG_REVENUE = math.log(45_000_000.0)
LOG_BASKET = math.log(1_350.0)
FIRST_STORE = 1001

OWN_LOG_REVENUE = 0.72
OWN_LOG_BASKET = 0.40
OWN_GROWTH = 0.08
OWN_SEASON = 0.16
OWN_MIX = 0.23
MONTH_NOISE = 0.24
CATEGORY_NOISE = 0.12
OWN_NEIGHBOURS = 0.8
OWN_INCOME = 0.15

CLOSED = 0.02
"""Share of stores that close; 2 % of the Iowa hypermarkets had stopped selling (measured)."""
WITHOUT_COUNTER = 0.05
GEOGRAPHY_MISSING = 0.04
REFUNDS = 0.004
UNKNOWN_STORES = 0.012
"""Stores that sell but stand in no master data, against those that do: 7 of 562 in the Iowa file (measured)."""
UNKNOWN_MONTHS = 2

_REGIONS = ("Озёрная область", "Лесная область", "Приречная область", "Степная область", "Предгорная область")
"""From west to east, each with as many cities as the others."""

_DEGREES_PER_KM = 1 / 111.2


@dataclass(frozen=True)
class SimulatedStores:
    """What the retailer delivers, and what it does not know about itself.

    Attributes
    ----------
    stores
        Master data: ``store_id``, ``name``, ``format``, ``opened_on``, ``latitude``, ``longitude``, ``city``,
        ``region``, ``selling_area_m2``.
    sales
        ``store_id``, ``date`` (first day of a month), ``category``, ``revenue`` (roubles), ``receipts``,
        ``customers``, ``items``; refunds are rows of their own with negative revenue. A receipt counts for the
        category that most of it was spent on, so that receipts add up.
    geo
        ``store_id``, ``population_1km``, ``competitors_1km``, ``income_index``, ``distance_to_centre_km``.
    truth
        ``store_id``, ``store_type``, ``first_month``, ``last_month``: the latent type and the months of trade.
    """

    stores: pl.DataFrame
    sales: pl.DataFrame
    geo: pl.DataFrame
    truth: pl.DataFrame


def simulate_stores(size: Size | str, seed: int, last_day: dt.date = LAST_DAY, *, overlap: float = 1.0) -> SimulatedStores:
    """Draw the retailer's stores and their monthly sales.

    Parameters
    ----------
    size
        How many stores and quarters, see `EXTENTS`.
    seed
        The same seed draws the same retailer.
    last_day
        Any day of the last month of trade.
    overlap
        What the stores' own deviations are multiplied by, and nothing else: 1 is as hard as real shops, where not even
        someone who is told the types of some stores names those of all others.
    """
    extent = EXTENTS[Size(size)]
    months = months_until(last_day, extent.quarters)
    for_types, for_cities, for_sites, for_sales, for_months, for_faults = np.random.default_rng(seed).spawn(6)
    types = _draw_types(for_types, extent.hypermarkets, extent.other_stores)
    first, last = _months_of_trade(for_months, len(types), len(months))
    stores, geo = _sites(for_sites, types, _with_regions(make_cities(for_cities)), overlap)
    opened = _opening_days(for_months, first, months)
    stores = stores.insert_column(3, pl.Series("opened_on", opened, dtype=pl.Date))
    sales = _sales(for_sales, types, (first, last), months, overlap)
    unknown = _sales_of_unknown_stores(for_faults, sales, len(types))
    return SimulatedStores(
        stores=_with_gaps(for_faults, stores),
        sales=pl.concat([sales, unknown, _refunds(for_faults, sales)]).sort("date", "store_id", "category", "revenue"),
        geo=geo,
        truth=pl.DataFrame(
            {
                "store_id": stores.get_column("store_id"),
                "store_type": [drawn.name for drawn in types],
                "first_month": [months[month] for month in first],
                "last_month": [months[month] for month in last],
            }
        ),
    )


def _draw_types(rng: np.random.Generator, hypermarkets: int, other_stores: int) -> list[StoreType]:
    """Types in exact proportion, so that no type is missing from a small chain; hypermarkets come first."""
    large = _in_proportion(HYPERMARKET_TYPES, hypermarkets)
    small = _in_proportion(tuple(OTHER_FORMATS.values()), other_stores)
    return [large[i] for i in rng.permutation(len(large))] + [small[i] for i in rng.permutation(len(small))]


def _in_proportion(types: tuple[StoreType, ...], count: int) -> list[StoreType]:
    borders = np.round(np.cumsum([drawn.share for drawn in types]) * count).astype(int)
    return [drawn for drawn, many in zip(types, np.diff(borders, prepend=0), strict=True) for _ in range(many)]


def _months_of_trade(rng: np.random.Generator, n_stores: int, n_months: int) -> tuple[np.ndarray, np.ndarray]:
    """First and last month of each store; some open in mid-history, at least one closes."""
    first = np.zeros(n_stores, dtype=int)
    last = np.full(n_stores, n_months - 1)
    order = rng.permutation(n_stores)
    n_late = max(1, round(IOWA_HYPERMARKETS.late_openings * n_stores))
    n_closed = max(1, round(CLOSED * n_stores))
    first[order[:n_late]] = rng.integers(12, n_months - 2, n_late)
    last[order[n_late : n_late + n_closed]] = rng.integers(n_months // 2, n_months - 2, n_closed)
    return first, last


def _opening_days(rng: np.random.Generator, first: np.ndarray, months: list[dt.date]) -> list[dt.date]:
    years_before = rng.gamma(3.0, 4.0, first.size) + 0.3
    return [
        months[month] if month else months[0] - dt.timedelta(days=int(years * 365))
        for month, years in zip(first, years_before, strict=True)
    ]


def _with_regions(cities: pl.DataFrame) -> pl.DataFrame:
    """Neighbours along the map share a region; drawn from nothing but where the cities stand."""
    from_the_west = pl.col("longitude").rank("ordinal") - 1
    region = (from_the_west * len(_REGIONS) // cities.height).replace_strict(dict(enumerate(_REGIONS)), return_dtype=pl.String)
    return cities.with_columns(region.alias("region"))


def _sites(
    rng: np.random.Generator, types: list[StoreType], cities: pl.DataFrame, overlap: float
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Where the stores stand: the master data, and the surroundings."""
    count = len(types)
    rank = np.clip(_of(types, "city_rank") + rng.normal(0, 0.25, count), 0, 0.999)
    city = cities[(rank * cities.height).astype(int).tolist()]
    neighbours = np.exp(8.6 + _of(types, "log_neighbours") + rng.normal(0, OWN_NEIGHBOURS * overlap, count))
    away = rng.gamma(2.0, 2.2, count) * np.exp(-0.4 * _of(types, "log_neighbours"))
    direction = rng.uniform(0, 2 * np.pi, count)
    latitude = city.get_column("latitude").to_numpy() + away * _DEGREES_PER_KM * np.sin(direction)
    longitude = city.get_column("longitude").to_numpy() + away * _DEGREES_PER_KM * np.cos(direction) / np.cos(np.radians(latitude))
    formats = [drawn.name if drawn.name in OTHER_FORMATS else "hypermarket" for drawn in types]
    labels = {"hypermarket": "Гипер", "supermarket": "Супер", "convenience": "Рядом"}
    addresses = street_address(rng, count)
    identifiers = [str(FIRST_STORE + place) for place in range(count)]
    area = np.exp(9.0 + 0.55 * _of(types, "log_revenue") + rng.normal(0, 0.25, count))
    stores = pl.DataFrame(
        {
            "store_id": identifiers,
            "name": [
                f"{BRAND} {labels[kind]}, {town}, {address}"
                for kind, town, address in zip(formats, city.get_column("city"), addresses, strict=True)
            ],
            "format": formats,
            "latitude": latitude.round(5),
            "longitude": longitude.round(5),
            "city": city.get_column("city"),
            "region": city.get_column("region"),
            "selling_area_m2": (area / 10).astype(np.int64) * 10,
        }
    )
    geo = pl.DataFrame(
        {
            "store_id": identifiers,
            "population_1km": neighbours.astype(np.int64),
            "competitors_1km": rng.poisson(np.clip(neighbours / 2_500, 0.2, 12)),
            "income_index": (1 + _of(types, "income") + rng.normal(0, OWN_INCOME * overlap, count)).clip(0.3).round(3),
            "distance_to_centre_km": away.round(2),
        }
    )
    return stores, geo.with_columns(
        _blank(rng, geo.get_column(name), GEOGRAPHY_MISSING) for name in geo.columns if name != "store_id"
    )


def _sales(
    rng: np.random.Generator,
    types: list[StoreType],
    trade: tuple[np.ndarray, np.ndarray],
    months: list[dt.date],
    overlap: float,
) -> pl.DataFrame:
    """Monthly sums per store and category, for the months of trade."""
    n_stores, n_months, n_categories = len(types), len(months), len(CATEGORIES)
    revenue = np.exp(_log_revenue(rng, types, months, overlap))
    mix = _shares(rng, types, n_months, overlap)
    by_category = revenue[:, :, None] * mix
    basket = np.exp(LOG_BASKET + _of(types, "log_basket") + rng.normal(0, OWN_LOG_BASKET * overlap, n_stores))
    leading = by_category / basket[:, None, None] * np.exp(rng.normal(0, 0.08, by_category.shape))
    visits = leading * rng.uniform(1.05, 1.6, n_stores)[:, None, None]
    counted = np.broadcast_to((rng.random(n_stores) >= WITHOUT_COUNTER)[:, None, None], visits.shape)
    items = by_category / np.array(PRICES) * np.exp(rng.normal(0, 0.1, by_category.shape))
    store, month, category = (grid.ravel() for grid in np.indices((n_stores, n_months, n_categories)))
    identifiers = np.array([str(FIRST_STORE + place) for place in range(n_stores)])
    sales = pl.DataFrame(
        {
            "store_id": identifiers[store],
            "date": pl.Series(months, dtype=pl.Date).gather(month),
            "category": np.array(CATEGORIES)[category],
            "revenue": by_category.ravel().round(2),
            "receipts": np.ceil(leading).astype(np.int64).ravel(),
            "customers": np.ceil(visits).astype(np.int64).ravel(),
            "items": np.ceil(items).astype(np.int64).ravel(),
        }
    )
    first, last = trade
    open_then = (month >= first[store]) & (month <= last[store])
    return sales.with_columns(pl.when(pl.Series(counted.ravel())).then("customers")).filter(pl.Series(open_then))


def _log_revenue(rng: np.random.Generator, types: list[StoreType], months: list[dt.date], overlap: float) -> np.ndarray:
    """Log of monthly revenue, stores x months: level, growth, seasons and noise."""
    shape = (len(types), 1)
    level = LOG_REVENUE + _of(types, "log_revenue").reshape(shape) + rng.normal(0, OWN_LOG_REVENUE * overlap, shape)
    growth = _of(types, "growth").reshape(shape) + rng.normal(0, OWN_GROWTH * overlap, shape)
    summer = _of(types, "summer").reshape(shape) + rng.normal(0, OWN_SEASON * overlap, shape)
    december = _of(types, "december").reshape(shape) + rng.normal(0, OWN_SEASON * overlap, shape)
    number = np.array([day.month for day in months])
    years = (np.arange(len(months)) - len(months) / 2) / 12
    warm = np.clip(np.cos((number - 7) * np.pi / 6), 0, None) - 0.3
    festive = (number == 12) - 0.5 * (number == 2)
    noise = rng.normal(0, MONTH_NOISE, (len(types), len(months)))
    return np.asarray(level + growth * years + summer * warm + december * festive + noise)


def _shares(rng: np.random.Generator, types: list[StoreType], n_months: int, overlap: float) -> np.ndarray:
    """Category mix, stores x months x categories; sums to one over the categories."""
    shifts = np.array([[drawn.mix.get(category, 0.0) for category in CATEGORIES] for drawn in types])
    own = shifts + rng.normal(0, OWN_MIX * overlap, shifts.shape)
    logits = np.log(BASE_SHARES) + own[:, None, :] + rng.normal(0, CATEGORY_NOISE, (len(types), n_months, len(CATEGORIES)))
    weights = np.exp(logits)
    return np.asarray(weights / weights.sum(axis=2, keepdims=True))


def _refunds(rng: np.random.Generator, sales: pl.DataFrame) -> pl.DataFrame:
    """Goods brought back, as rows of their own beside the sales of the same month."""
    rows: pl.DataFrame = sales[np.sort(rng.choice(sales.height, max(3, round(REFUNDS * sales.height)), replace=False)).tolist()]
    part = pl.Series(rng.uniform(0.005, 0.06, rows.height))
    return rows.with_columns(
        (-pl.col("revenue") * part).round(2),
        pl.lit(0, dtype=pl.Int64).alias("receipts"),
        pl.lit(0, dtype=pl.Int64).alias("customers"),
        -(pl.col("items") * part).ceil().cast(pl.Int64),
    )


def _sales_of_unknown_stores(rng: np.random.Generator, sales: pl.DataFrame, n_stores: int) -> pl.DataFrame:
    """Rows of stores that nobody entered into the master data: copies of a small store's months, scaled."""
    count = max(1, round(UNKNOWN_STORES * n_stores))
    months = sales.get_column("date").unique().sort().tail(UNKNOWN_MONTHS)
    recent = sales.filter(pl.col("date").is_in(months.implode()))
    template = recent.filter(pl.col("store_id") == recent.get_column("store_id").max())
    copies = [
        template.with_columns(
            pl.lit(str(FIRST_STORE + n_stores + 5_000 + place)).alias("store_id"),
            (pl.col("revenue") * rng.uniform(0.5, 2)).round(2),
        )
        for place in range(count)
    ]
    return pl.concat(copies)


def _with_gaps(rng: np.random.Generator, stores: pl.DataFrame) -> pl.DataFrame:
    """Missing coordinates as often as in the real file, a pair at a time; and a few missing areas."""
    without = _marked(rng, stores.height, IOWA_HYPERMARKETS.missing_coordinates)
    return stores.with_columns(
        *(pl.when(~without).then(name).alias(name) for name in ("latitude", "longitude")),
        _blank(rng, stores.get_column("selling_area_m2"), GEOGRAPHY_MISSING),
        _blank(rng, stores.get_column("opened_on"), CLOSED),
    )


def _blank(rng: np.random.Generator, values: pl.Series, share: float) -> pl.Series:
    return (
        values.to_frame()
        .select(pl.when(~_marked(rng, values.len(), share)).then(pl.col(values.name)))
        .to_series()
        .alias(values.name)
    )


def _marked(rng: np.random.Generator, count: int, share: float) -> pl.Series:
    """Mark exactly this share of the rows, and one at least."""
    marked = np.zeros(count, dtype=bool)
    marked[rng.choice(count, max(1, round(share * count)), replace=False)] = True
    return pl.Series(marked)


def _of(types: list[StoreType], attribute: str) -> np.ndarray:
    return np.array([getattr(drawn, attribute) for drawn in types], dtype=float)
