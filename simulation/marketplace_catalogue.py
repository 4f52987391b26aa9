"""The marketplace's catalogue: what kinds of goods there are, what they are called, what they cost and who likes them.

Titles are put together from lists of words; nobody's catalogue was read for them.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import polars as pl

TASTES = 8
"""Dimensions of the latent taste."""

OWN_TASTE = 0.9
"""How far an item stands from its category's centre; the centre has length one."""

PRICE_DEVIATION = 0.6
"""Standard deviation of the logarithm of price within a category."""

ZIPF = 0.75
"""Exponent of popularity over rank; tuned to the Gini coefficient of `marketplace_realism.ONLINE_RETAIL`."""

TREND = 0.9
"""Standard deviation of what an item's log popularity gains or loses over the whole log."""

ARRIVED_DURING_LOG = 0.15
ARRIVED_LATELY = 0.065
"""Share of items that appear in the last four weeks: cold items."""

LATELY = 28
ARRIVED_JUST_NOW = 0.2
"""Part of the latter that appears in the last three days: nobody can have learned anything about them."""

OUT_OF_STOCK = 0.04
AVAILABILITY_UNKNOWN = 0.05
PAIRED = 0.12
"""Share of items with a complement."""

FIRST_ITEM, LAST_ITEM = 10_000, 9_999_999


@dataclass(frozen=True)
class Category:
    """A category of goods.

    Attributes
    ----------
    name
        As the catalogue says.
    price
        Median price in roubles.
    consumable
        Whether what was bought is used up and bought again.
    nouns, tails, packs
        A title is one of each.
    """

    name: str
    price: float
    consumable: bool
    nouns: tuple[str, ...]
    tails: tuple[str, ...]
    packs: tuple[str, ...]


_PIECES = ("1 шт.", "2 шт.", "3 шт.", "набор")
_CLOTHES = ("42–44", "46–48", "50–52", "54–56")
_COLOURS = ("цвет графит", "цвет хвоя", "цвет топлёное молоко", "цвет брусника")

CATEGORIES = (
    Category("Кофе и чай", 390, True, ("Кофе в зёрнах", "Кофе молотый", "Чай чёрный", "Чай травяной", "Какао"),
             ("тёмной обжарки", "с чабрецом", "утренний сбор", "без кофеина", "с мятой", "горный"), ("100 г", "250 г", "500 г", "1 кг")),
    Category("Бакалея", 140, True, ("Гречка", "Рис", "Макароны", "Мука", "Овсянка", "Масло подсолнечное"),
             ("отборного помола", "к завтраку", "деревенского вкуса", "без добавок", "к обеду"), ("400 г", "800 г", "1 кг", "3 кг")),
    Category("Сладости", 210, True, ("Печенье", "Шоколад", "Пастила", "Зефир", "Халва", "Мармелад"),
             ("с клюквой", "с орехом", "к чаю", "с облепихой", "без сахара"), ("90 г", "200 г", "350 г")),
    Category("Уход за волосами", 420, True, ("Шампунь", "Бальзам", "Маска для волос", "Масло для волос"),
             ("для сухих волос", "с крапивой", "на каждый день", "с репейником", "для объёма"), ("200 мл", "400 мл", "750 мл")),
    Category("Бытовая химия", 330, True, ("Порошок", "Гель для стирки", "Средство для посуды", "Таблетки для посудомойки", "Кондиционер для белья"),
             ("без запаха", "с лавандой", "для белого", "для цветного", "с лимоном"), ("500 мл", "1 л", "3 л", "60 шт.")),
    Category("Корм для животных", 560, True, ("Корм для кошек", "Корм для собак", "Лакомство для собак", "Наполнитель", "Корм для птиц"),
             ("с кроликом", "с индейкой", "для взрослых", "для малышей", "с рыбой"), ("400 г", "2 кг", "10 кг")),
    Category("Детская гигиена", 780, True, ("Подгузники", "Салфетки влажные", "Крем детский", "Мыло детское"),
             ("ночные", "с ромашкой", "для нежной кожи", "на прогулку"), ("24 шт.", "48 шт.", "96 шт.", "100 мл")),
    Category("Посуда", 890, False, ("Сковорода", "Кастрюля", "Набор тарелок", "Чайник заварочный", "Кружка", "Нож кухонный"),
             ("с крышкой", "для дачи", "на каждый день", "в подарок", "с узором"), _PIECES),
    Category("Текстиль для дома", 1_450, False, ("Плед", "Полотенце", "Постельное бельё", "Подушка", "Шторы"),
             ("из хлопка", "из льна", "с бахромой", "для спальни", "для гостиной"), _COLOURS),
    Category("Одежда", 2_100, False, ("Футболка", "Худи", "Платье", "Рубашка", "Куртка", "Брюки"),
             ("на каждый день", "из хлопка", "на осень", "свободного кроя", "с карманами"), _CLOTHES),
    Category("Обувь", 3_400, False, ("Кроссовки", "Ботинки", "Сапоги", "Тапочки", "Кеды"),
             ("на осень", "для города", "для дачи", "на толстой подошве", "для бега"), ("р. 37", "р. 39", "р. 42", "р. 44")),
    Category("Электроника", 4_900, False, ("Наушники", "Колонка", "Зарядка", "Лампа настольная", "Часы", "Клавиатура"),
             ("без проводов", "для поездок", "с подсветкой", "для работы", "для дома"), ("цвет чёрный", "цвет белый", "цвет серый")),
    Category("Игрушки", 1_150, False, ("Конструктор", "Кукла", "Машинка", "Пазл", "Мягкий мишка", "Настольная игра"),
             ("для малышей", "в подарок", "из дерева", "для всей семьи", "от трёх лет"), _PIECES),
    Category("Книги", 620, False, ("Сказки", "Рассказы", "Атлас", "Кулинарная книга", "Раскраска", "Определитель растений"),
             ("для чтения вслух", "с иллюстрациями", "в твёрдой обложке", "для начинающих"), ("том 1", "том 2", "карманная", "большая")),
    Category("Дача и сад", 940, False, ("Секатор", "Лейка", "Кашпо", "Шланг", "Перчатки", "Грабли"),
             ("для рассады", "с насадками", "для теплицы", "на сезон"), _PIECES),
    Category("Спорт", 1_900, False, ("Коврик", "Гантели", "Скакалка", "Рюкзак", "Бутылка", "Эспандер"),
             ("для йоги", "для похода", "для дома", "с чехлом", "для начинающих"), _COLOURS),
)  # fmt: skip


def make_items(rng: np.random.Generator, count: int, first_day: dt.date, last_day: dt.date) -> pl.DataFrame:
    """Draw the catalogue.

    Returns
    -------
    polars.DataFrame
        ``nm`` (the item, as events name it), ``title``, ``category``, ``available`` (on the last day; null where nobody
        said), ``available_from``, ``last_sold_on`` (null for what is in stock), ``price100`` (kopecks), ``log_price`` (of
        its category's median: 0), ``consumable``, ``period_days`` (from one purchase to the next; null for what lasts),
        ``log_popularity`` (on the log's middle day), ``trend`` (what it gains over the log), ``taste`` (shape
        ``(TASTES,)``).
    """
    category = rng.integers(0, len(CATEGORIES), count)
    log_price = rng.normal(0, PRICE_DEVIATION, count)
    price = np.array([kind.price for kind in CATEGORIES])[category] * np.exp(log_price)
    consumable = np.array([kind.consumable for kind in CATEGORIES])[category]
    nm = np.sort(rng.choice(LAST_ITEM - FIRST_ITEM, count, replace=False) + FIRST_ITEM)
    rng.shuffle(nm)
    arrived = _arrivals(rng, count, (last_day - first_day).days + 1)
    sold_out = rng.random(count) < OUT_OF_STOCK
    days_out = rng.integers(1, 15, count)
    return pl.DataFrame(
        {
            "nm": nm.astype(str),
            "title": _titles(rng, category, nm),
            "category": np.array([kind.name for kind in CATEGORIES])[category],
            "available": ~sold_out,
            "available_from": pl.Series(arrived).cast(pl.Int64) * dt.timedelta(days=1) + first_day,
            "last_sold_on": pl.Series(-days_out) * dt.timedelta(days=1) + last_day,
            "price100": np.maximum(np.round(price), 9).astype(np.int64) * 100,
            "log_price": log_price,
            "consumable": consumable,
            "period_days": np.round(np.exp(rng.normal(np.log(20), 0.4, count))).clip(6, 45).astype(np.int64),
            "log_popularity": -ZIPF * np.log(rng.permutation(count) + 1.0),
            "trend": rng.normal(0, TREND, count),
            "taste": pl.Series(_tastes(rng, category), dtype=pl.Array(pl.Float32, TASTES)),
        }
    ).with_columns(
        pl.when(~pl.Series(rng.random(count) < AVAILABILITY_UNKNOWN) | ~pl.col("available")).then("available").alias("available"),
        pl.when(pl.Series(sold_out)).then("last_sold_on").alias("last_sold_on"),
        pl.when("consumable").then("period_days").alias("period_days"),
    )


def make_complements(rng: np.random.Generator, items: pl.DataFrame) -> pl.DataFrame:
    """Draw pairs of items that are bought together.

    Returns
    -------
    polars.DataFrame
        ``item``, ``complement``, ``chance`` (that the complement joins a basket with the item). The item is
        one of the more popular ones; the complement is of another category and nobody else's.
    """
    lasting = items.with_row_index("place").filter(pl.col("available_from") < pl.col("available_from").max().dt.offset_by("-28d"))
    by_popularity = lasting.sort("log_popularity", descending=True).get_column("place").to_numpy()
    n_pairs = max(4, round(PAIRED * len(items) / 2))
    upper = by_popularity[: max(2 * n_pairs, len(by_popularity) // 3)]
    first = rng.choice(upper, n_pairs, replace=False)
    second, spare = np.split(rng.permutation(np.setdiff1d(by_popularity, first)), [n_pairs])
    category = items.get_column("category").rank("dense").to_numpy()
    for place in np.flatnonzero(category[first] == category[second]):
        fitting = int(np.argmax(category[spare] != category[first[place]]))
        second[place], spare = spare[fitting], np.delete(spare, fitting)
    nm = items.get_column("nm")
    return pl.DataFrame({"item": nm.gather(first), "complement": nm.gather(second), "chance": rng.uniform(0.25, 0.5, n_pairs)})


def category_centres(rng: np.random.Generator) -> np.ndarray:
    """Unit vectors, shape ``(n_categories, TASTES)``: what a category's goods have in common."""
    centres = rng.normal(0, 1, (len(CATEGORIES), TASTES))
    return np.asarray(centres / np.linalg.norm(centres, axis=1, keepdims=True))


def _tastes(rng: np.random.Generator, category: np.ndarray) -> np.ndarray:
    """Each near its category's centre; the centres are the same for every catalogue, as goods are."""
    own = rng.normal(0, OWN_TASTE / np.sqrt(TASTES), (category.size, TASTES))
    return np.asarray(category_centres(np.random.default_rng(0))[category] + own, dtype=np.float32)


def _arrivals(rng: np.random.Generator, count: int, n_days: int) -> np.ndarray:
    """Days since the log's first day; negative for what was there before."""
    arrived = -rng.integers(1, 700, count)
    order = rng.permutation(count)
    n_lately = max(3, round(ARRIVED_LATELY * count))
    n_now = max(1, round(ARRIVED_JUST_NOW * n_lately))
    n_during = round(ARRIVED_DURING_LOG * count)
    arrived[order[:n_now]] = n_days - rng.integers(1, 4, n_now)
    arrived[order[n_now:n_lately]] = n_days - rng.integers(4, LATELY + 1, n_lately - n_now)
    arrived[order[n_lately : n_lately + n_during]] = rng.integers(1, n_days - LATELY, n_during)
    return arrived


def _titles(rng: np.random.Generator, category: np.ndarray, nm: np.ndarray) -> list[str]:
    """A title of each; the number is added where the words are taken."""
    draws = rng.integers(0, 1 << 30, (category.size, 3))
    seen: set[str] = set()
    titles = []
    for kind, (noun, tail, pack), number in zip(category, draws, nm, strict=True):
        words = CATEGORIES[kind]
        title = (
            f"{words.nouns[noun % len(words.nouns)]} {words.tails[tail % len(words.tails)]}, {words.packs[pack % len(words.packs)]}"
        )
        titles.append(f"{title}, арт. {number}" if title in seen else title)
        seen.add(title)
    return titles
