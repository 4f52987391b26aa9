"""The latent types of hypermarkets, and what sets them apart. The clustering never sees them; the tests do."""

from __future__ import annotations

from dataclasses import dataclass

CATEGORIES = (
    "Молочные продукты", "Мясо и птица", "Овощи и фрукты", "Хлеб и выпечка", "Бакалея", "Кондитерские изделия",
    "Напитки", "Алкоголь", "Бытовая химия", "Товары для дома", "Дача и сад", "Электроника",
)  # fmt: skip

BASE_SHARES = (0.14, 0.17, 0.11, 0.06, 0.13, 0.07, 0.07, 0.08, 0.06, 0.05, 0.03, 0.03)
"""The chain's category mix, in the order of `CATEGORIES`."""

PRICES = (95.0, 310.0, 140.0, 55.0, 110.0, 160.0, 85.0, 420.0, 210.0, 480.0, 650.0, 3900.0)
"""Mean price of an item in roubles, in the order of `CATEGORIES`."""


@dataclass(frozen=True)
class StoreType:
    """What a store of the type is like, against the chain's mean.

    Attributes
    ----------
    name
        Name in the truth.
    share
        Share of the hypermarkets.
    log_revenue, log_basket
        Shift of the logarithm of monthly revenue and of revenue per receipt.
    growth
        Yearly growth of log revenue.
    summer, december
        Amplitude of the summer and the December season, in log revenue.
    mix
        Category → shift of the logarithm of its share.
    city_rank
        Where in the list of cities by population the type's stores tend to stand: 0 largest, 1 smallest.
    log_neighbours
        Shift of the logarithm of the population within 1 km.
    income
        Shift of the income index.
    """

    name: str
    share: float
    log_revenue: float
    log_basket: float
    growth: float
    summer: float
    december: float
    mix: dict[str, float]
    city_rank: float
    log_neighbours: float
    income: float


HYPERMARKET_TYPES = (
    StoreType(
        name="city_centre",
        share=0.30,
        log_revenue=0.25,
        log_basket=-0.45,
        growth=0.02,
        summer=-0.16,
        december=0.10,
        mix={"Алкоголь": 0.23, "Хлеб и выпечка": 0.18, "Кондитерские изделия": 0.15, "Дача и сад": -0.52, "Товары для дома": -0.23},
        city_rank=0.15,
        log_neighbours=0.9,
        income=0.18,
    ),
    StoreType(
        name="weekend_trip",
        share=0.28,
        log_revenue=0.75,
        log_basket=0.6,
        growth=0.10,
        summer=0.02,
        december=0.42,
        mix={"Электроника": 0.37, "Товары для дома": 0.27, "Бытовая химия": 0.15, "Хлеб и выпечка": -0.23, "Алкоголь": -0.11},
        city_rank=0.25,
        log_neighbours=-0.6,
        income=0.10,
    ),
    StoreType(
        name="small_town",
        share=0.26,
        log_revenue=-0.85,
        log_basket=-0.15,
        growth=-0.16,
        summer=0.0,
        december=0.12,
        mix={"Бакалея": 0.18, "Мясо и птица": 0.08, "Молочные продукты": 0.08, "Алкоголь": -0.07, "Электроника": -0.44},
        city_rank=0.75,
        log_neighbours=0.0,
        income=-0.22,
    ),
    StoreType(
        name="summer_houses",
        share=0.16,
        log_revenue=-0.35,
        log_basket=0.20,
        growth=0.18,
        summer=0.55,
        december=-0.05,
        mix={"Дача и сад": 0.63, "Напитки": 0.23, "Алкоголь": 0.11, "Товары для дома": 0.15, "Электроника": -0.27},
        city_rank=0.55,
        log_neighbours=-1.1,
        income=-0.05,
    ),
)

OTHER_FORMATS = {
    "supermarket": StoreType(
        "supermarket", 0.6, -1.6, -0.7, 0.03, -0.03, 0.10, {"Электроника": -1.5, "Дача и сад": -1.0}, 0.4, 0.5, 0.05
    ),
    "convenience": StoreType(
        "convenience", 0.4, -2.8, -1.4, 0.06, 0.03, 0.03, {"Электроника": -3.0, "Дача и сад": -2.0, "Алкоголь": 0.3}, 0.4, 0.8, 0.0
    ),
}
"""The chain's other formats, each of one type; `share` is among the stores that are no hypermarkets."""
