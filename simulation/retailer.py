"""What all of the retailer's products share: its size, its cities and its calendar."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import polars as pl

BRAND = "Лукошко"
LAST_DAY = dt.date(2026, 9, 30)
"""Default end of the calendar; nothing here looks at the clock."""

_CITIES = (
    "Верхнереченск", "Ясногорье", "Староозёрск", "Кедровогорск", "Лебяжинск", "Приволжинск", "Белокаменка", "Новоберезовск",
    "Дубравинск", "Сосноградск", "Медвежинск", "Заречинск", "Крутоярск", "Озерецк", "Солнцеполь", "Тихоборск",
    "Каменнобродск", "Липовецк", "Журавлинск", "Малиногорск", "Ветлянск", "Ольховатск", "Рябинск", "Южнодольск",
)  # fmt: skip
_STREETS = ("Северная", "Заводская", "Садовая", "Вокзальная", "Полевая", "Набережная", "Школьная", "Кольцевая")
_LARGEST_CITY = 1_400_000


class Size(StrEnum):
    """How much of the retailer is made."""

    TINY = "tiny"
    DEMO = "demo"
    LARGE = "large"


@dataclass(frozen=True)
class Extent:
    """Counts behind a size.

    Attributes
    ----------
    hypermarkets, other_stores
        Stores in the master data, by format.
    quarters
        Quarters of sales, the last one included.
    """

    hypermarkets: int
    other_stores: int
    quarters: int


EXTENTS = {
    Size.TINY: Extent(hypermarkets=24, other_stores=12, quarters=6),
    Size.DEMO: Extent(hypermarkets=150, other_stores=100, quarters=10),
    Size.LARGE: Extent(hypermarkets=2_000, other_stores=500, quarters=10),
}


def months_until(last_day: dt.date, quarters: int) -> list[dt.date]:
    """First days of the months of so many quarters, ending with the month of `last_day`."""
    last = last_day.year * 12 + last_day.month - 1
    return [dt.date(month // 12, month % 12 + 1, 1) for month in range(last - 3 * quarters + 1, last + 1)]


def make_cities(rng: np.random.Generator) -> pl.DataFrame:
    """Draw the retailer's cities.

    Returns
    -------
    polars.DataFrame
        ``city``, ``latitude``, ``longitude`` (degrees), ``population`` (by Zipf's law), largest city first.
    """
    rank = np.arange(1, len(_CITIES) + 1)
    return pl.DataFrame(
        {
            "city": _CITIES,
            "latitude": rng.uniform(51.5, 59.5, rank.size).round(4),
            "longitude": rng.uniform(34.0, 61.0, rank.size).round(4),
            "population": (_LARGEST_CITY / rank**0.8).astype(np.int64),
        }
    )


def street_address(rng: np.random.Generator, count: int) -> list[str]:
    """Draw so many street addresses, e.g. ``"Садовая, 12"``."""
    return [
        f"{_STREETS[street]}, {house}"
        for street, house in zip(rng.integers(0, len(_STREETS), count), rng.integers(1, 180, count), strict=True)
    ]
