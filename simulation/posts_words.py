"""What the made-up channels write about: cities, streets, products, holidays; each in the cases that sentences need."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import numpy as np

from simulation.retailer import make_cities

Words = Mapping[str, str]

HOME_CITY = "Ясногорье"
"""The city whose branch has a channel of its own."""

HOLIDAYS = {
    "День народного единства": dt.date(2025, 11, 4),
    "Новый год": dt.date(2025, 12, 31),
    "Рождество": dt.date(2026, 1, 7),
    "23 Февраля": dt.date(2026, 2, 23),
    "8 Марта": dt.date(2026, 3, 8),
    "Пасху": dt.date(2026, 4, 12),
    "1 Мая": dt.date(2026, 5, 1),
    "9 Мая": dt.date(2026, 5, 9),
    "День России": dt.date(2026, 6, 12),
    "День знаний": dt.date(2026, 9, 1),
}
"""Holidays, as they stand after the preposition that says when, with their days in the simulated year."""

MONTHS = {
    "октябре": dt.date(2025, 10, 1),
    "ноябре": dt.date(2025, 11, 1),
    "декабре": dt.date(2025, 12, 1),
    "январе": dt.date(2026, 1, 1),
    "феврале": dt.date(2026, 2, 1),
    "марте": dt.date(2026, 3, 1),
    "апреле": dt.date(2026, 4, 1),
    "мае": dt.date(2026, 5, 1),
    "июне": dt.date(2026, 6, 1),
    "июле": dt.date(2026, 7, 1),
    "августе": dt.date(2026, 8, 1),
    "сентябре": dt.date(2026, 9, 1),
}
"""Months in the prepositional case, with their first days: none stands twice, so that a month says which one is meant."""

# nominative, genitive, accusative
_PRODUCTS = (
    ("гречка", "гречки", "гречку"), ("молоко", "молока", "молоко"), ("сливочное масло", "сливочного масла", "сливочное масло"),
    ("подсолнечное масло", "подсолнечного масла", "подсолнечное масло"), ("творог", "творога", "творог"),
    ("сметана", "сметаны", "сметану"), ("кефир", "кефира", "кефир"), ("куриное филе", "куриного филе", "куриное филе"),
    ("фарш", "фарша", "фарш"), ("форель", "форели", "форель"), ("лосось", "лосося", "лосось"), ("мандарины", "мандаринов", "мандарины"),
    ("бананы", "бананов", "бананы"), ("яблоки", "яблок", "яблоки"), ("клубника", "клубники", "клубнику"),
    ("арбузы", "арбузов", "арбузы"), ("помидоры", "помидоров", "помидоры"), ("огурцы", "огурцов", "огурцы"),
    ("картофель", "картофеля", "картофель"), ("морковь", "моркови", "морковь"), ("кофе в зёрнах", "кофе в зёрнах", "кофе в зёрнах"),
    ("чай", "чая", "чай"), ("шоколад", "шоколада", "шоколад"), ("печенье", "печенья", "печенье"), ("мёд", "мёда", "мёд"),
    ("макароны", "макарон", "макароны"), ("рис", "риса", "рис"), ("сахар", "сахара", "сахар"), ("мука", "муки", "муку"),
    ("яйца", "яиц", "яйца"), ("сыр", "сыра", "сыр"), ("колбаса", "колбасы", "колбасу"), ("мороженое", "мороженого", "мороженое"),
    ("стиральный порошок", "стирального порошка", "стиральный порошок"), ("корм для кошек", "корма для кошек", "корм для кошек"),
    ("подгузники", "подгузников", "подгузники"),
)  # fmt: skip
_FRESH = 20
"""What stands before this place among the products, but for the first, is fresh."""

_DISHES = (
    ("шарлотка", "шарлотки", "шарлотку"), ("лазанья", "лазаньи", "лазанью"), ("сырники", "сырников", "сырники"),
    ("запечённая форель", "запечённой форели", "запечённую форель"), ("тыквенный суп", "тыквенного супа", "тыквенный суп"),
    ("окрошка", "окрошки", "окрошку"), ("куличи", "куличей", "куличи"), ("блины", "блинов", "блины"), ("плов", "плова", "плов"),
    ("борщ", "борща", "борщ"), ("медовик", "медовика", "медовик"), ("голубцы", "голубцов", "голубцы"),
    ("овощное рагу", "овощного рагу", "овощное рагу"), ("картофельная запеканка", "картофельной запеканки", "картофельную запеканку"),
    ("домашний хлеб", "домашнего хлеба", "домашний хлеб"), ("брусничный морс", "брусничного морса", "брусничный морс"),
)  # fmt: skip
# what a street's shop stands on; the street's name alone
_STREETS = (
    ("Северной", "Северная"), ("Заводской", "Заводская"), ("Садовой", "Садовая"), ("Вокзальной", "Вокзальная"),
    ("Полевой", "Полевая"), ("Набережной", "Набережная"), ("Школьной", "Школьная"), ("Кольцевой", "Кольцевая"),
)  # fmt: skip
# where something was bought; genitive
_CATEGORIES = (
    ("в аптеках", "аптек"), ("на заправках", "заправок"), ("в кафе и ресторанах", "кафе и ресторанов"), ("в такси", "такси"),
    ("в книжных магазинах", "книжных магазинов"), ("в зоомагазинах", "зоомагазинов"), ("в кино и театрах", "кино и театров"),
    ("в магазинах одежды", "магазинов одежды"), ("в магазинах электроники", "магазинов электроники"),
    ("в салонах красоты", "салонов красоты"), ("на железной дороге", "железнодорожных билетов"), ("в спортзалах", "спортзалов"),
    ("в магазинах для дома и ремонта", "товаров для дома и ремонта"), ("в детских магазинах", "детских магазинов"),
)  # fmt: skip
# nominative, genitive
_GOODS = (
    ("молочная продукция", "молочной продукции"), ("мясо и птица", "мяса и птицы"), ("рыба", "рыбы"),
    ("овощи и фрукты", "овощей и фруктов"), ("хлеб и выпечка", "хлеба и выпечки"), ("бакалея", "бакалеи"),
    ("кондитерские изделия", "кондитерских изделий"), ("напитки", "напитков"), ("замороженные продукты", "замороженных продуктов"),
    ("бытовая химия", "бытовой химии"), ("товары для животных", "товаров для животных"), ("детское питание", "детского питания"),
    ("товары для дома", "товаров для дома"), ("алкоголь", "алкоголя"),
)  # fmt: skip
_METHODS = (
    ("остатков", "/stocks"), ("цен", "/prices"), ("заказов", "/orders"), ("отгрузок", "/shipments"), ("возвратов", "/returns"),
    ("карточек товаров", "/items"), ("отчётов", "/reports"), ("складов", "/warehouses"),
)  # fmt: skip


def _city(name: str) -> dict[str, str]:
    if name.endswith("ье"):
        return {"city": name, "city_in": name, "city_of": name.removesuffix("е") + "я"}
    stem = name.removesuffix("а").removesuffix("ь")
    genitive = "и" if name.endswith("ка") else "я" if name.endswith("ь") else "а"
    return {"city": name, "city_in": stem + "е", "city_of": stem + genitive}


AXES: dict[str, tuple[Words, ...]] = {
    "city": tuple(_city(name) for name in make_cities(np.random.default_rng(0)).get_column("city").to_list()),
    "street": tuple({"street_on": on, "street": name} for on, name in _STREETS),
    "product": tuple({"product": one, "product_of": of, "product_acc": acc} for one, of, acc in _PRODUCTS),
    "fresh": tuple({"product": one, "product_of": of, "product_acc": acc} for one, of, acc in _PRODUCTS[1:_FRESH]),
    "dish": tuple({"dish": one, "dish_of": of, "dish_acc": acc} for one, of, acc in _DISHES),
    "category": tuple({"category_in": within, "category_of": of} for within, of in _CATEGORIES),
    "goods": tuple({"goods": one, "goods_of": of} for one, of in _GOODS),
    "method": tuple({"method_of": of, "path": path} for of, path in _METHODS),
    "holiday": tuple({"holiday": name} for name in HOLIDAYS),
    "month": tuple({"month_in": name} for name in MONTHS),
}
"""What facts are about: each entry of an axis fills the named gaps of a sentence. Its first word names it."""
