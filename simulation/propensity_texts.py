"""What the made-up firms write of themselves, and the purposes of their payments, in Russian and by their activity."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import polars as pl

from simulation.propensity_firms import ACTIVITIES
from simulation.propensity_snapshots import client_id

DESCRIBED = 0.95
"""Share of firms that describe what they do."""

WITH_PURPOSE = 0.4
"""Share of firms of which the purpose of a payment is known."""

ONLINE_TOLD = 0.9
"""Share of those selling online that say so."""

DESCRIPTIONS = {
    "47.11": ("Продуктовый магазин у дома", "Розничная торговля продуктами питания", "Мини-маркет, свежие продукты"),
    "47.71": ("Магазин женской одежды", "Торговля одеждой и трикотажем", "Бутик одежды для всей семьи"),
    "47.91": ("Торговля товарами для дома по почте", "Розничная торговля без торгового зала", "Продажа подарков и сувениров"),
    "46.39": ("Оптовая торговля продуктами", "Поставка продуктов в магазины и кафе", "Оптовый склад напитков и бакалеи"),
    "46.90": ("Оптовая торговля разными товарами", "Оптовые поставки хозтоваров", "Торговля оптом, склад и доставка"),
    "49.41": ("Грузовые перевозки по области", "Доставка грузов автотранспортом", "Перевозка сборных грузов"),
    "49.32": ("Услуги такси", "Перевозка пассажиров легковым транспортом", "Трансфер и такси по городу"),
    "41.20": ("Строительство жилых домов", "Строим коттеджи под ключ", "Генеральный подряд, нежилые здания"),
    "43.21": ("Электромонтажные работы", "Монтаж проводки и щитов", "Электрика в квартирах и офисах"),
    "43.31": ("Штукатурные работы", "Отделка помещений, штукатурка", "Ремонт квартир: стены и потолки"),
    "56.10": ("Кафе с домашней кухней", "Ресторан и доставка еды", "Столовая, комплексные обеды"),
    "62.01": ("Разработка программ на заказ", "Мобильные приложения и сайты", "Создание программного обеспечения"),
    "62.02": ("Консультации по внедрению программ", "Настройка учётных систем", "ИТ-поддержка небольших компаний"),
    "69.20": ("Бухгалтерский учёт для компаний", "Ведение отчётности и аудит", "Налоговые консультации, бухгалтерия"),
    "68.20": ("Сдача помещений в аренду", "Аренда офисов и складов", "Управление собственной недвижимостью"),
    "73.11": ("Рекламное агентство", "Наружная реклама и печать", "Продвижение и реклама под ключ"),
    "96.02": ("Парикмахерская", "Салон красоты, маникюр", "Барбершоп, стрижки и уход"),
    "86.23": ("Стоматология", "Лечение и протезирование зубов", "Стоматологический кабинет"),
    "85.41": ("Кружки и занятия для детей", "Школа иностранных языков", "Дополнительное образование, курсы"),
    "10.71": ("Пекарня, хлеб и булочки", "Производство хлеба и выпечки", "Выпекаем хлеб и пирожные"),
    "16.23": ("Окна и двери из дерева", "Столярные изделия на заказ", "Производство деревянных конструкций"),
    "25.11": ("Металлоконструкции на заказ", "Изготовление ферм и навесов", "Сварка и монтаж металлоконструкций"),
    "45.20": ("Автосервис, ремонт машин", "Шиномонтаж и техобслуживание", "Кузовной ремонт автомобилей"),
    "79.11": ("Туристическое агентство", "Подбор туров и экскурсий", "Путёвки, билеты, бронирование"),
    "01.13": ("Выращивание овощей", "Тепличное хозяйство, огурцы и томаты", "Фермерские овощи и картофель"),
    "55.10": ("Небольшая гостиница", "Гостевой дом у реки", "Номера посуточно, завтраки"),
    "64.92": ("Выдача займов населению", "Займы под залог", "Потребительские займы"),
    "92.13": ("Приём ставок на спорт", "Букмекерский пункт", "Организация пари"),
    "94.99": ("Общественная организация", "Клуб по интересам", "Объединение жителей района"),
}
ONLINE = (" Интернет-магазин с доставкой.", " Заказы через сайт и соцсети.", " Продаём на маркетплейсах.")
OFFLINE = ("", " Работаем ежедневно.", " Есть своё помещение.")
GOODS, SERVICES, BUILDING, TRANSPORT = "goods", "services", "building", "transport"
PURPOSES = {
    GOODS: ("Оплата за товар по счёту № {}", "За продукцию по накладной № {}", "Предоплата за поставку, договор № {}"),
    SERVICES: ("Оплата услуг по договору № {}", "За услуги по акту № {}", "Абонентская плата, договор № {}"),
    BUILDING: ("Оплата материалов по счёту № {}", "Аванс за строительные работы, договор № {}", "За монтаж по акту № {}"),
    TRANSPORT: ("За перевозку груза, заявка № {}", "Оплата топлива по карте, счёт № {}", "Транспортные услуги, договор № {}"),
}
_GROUPS = {
    "41": BUILDING, "43": BUILDING, "16": BUILDING, "25": BUILDING, "49": TRANSPORT, "47": GOODS, "46": GOODS, "10": GOODS,
    "01": GOODS, "45": GOODS, "56": GOODS,
}  # fmt: skip


def texts_of(rng: np.random.Generator, firms: pl.DataFrame, months: Sequence[dt.date], last_day: dt.date) -> pl.DataFrame:
    """Draw the texts.

    Parameters
    ----------
    rng
        The randomness.
    firms
        One row per client, as it was when the snapshots first listed it.
    months
        Days of the snapshots.
    last_day
        Nothing later is known.

    Returns
    -------
    polars.DataFrame
        ``client_id``, ``text``, ``known_since``, by client; no text stands twice for one. A description is known as long
        as the client; the purpose of a payment since a day after the client came.
    """
    return pl.concat([_descriptions(rng, firms), _purposes(rng, firms, months, last_day)]).sort("client_id", "text")


def _descriptions(rng: np.random.Generator, firms: pl.DataFrame) -> pl.DataFrame:
    phrases = np.array([DESCRIPTIONS[drawn.okved] for drawn in ACTIVITIES])
    activity = firms.get_column("activity").to_numpy()
    online = firms.get_column("online").to_numpy() & (rng.random(firms.height) < ONLINE_TOLD)
    variant, tail = rng.integers(0, phrases.shape[1], firms.height), rng.integers(0, len(ONLINE), firms.height)
    tails = np.where(online, np.array(ONLINE)[tail], np.array(OFFLINE)[tail])
    rows = firms.select(
        client_id(),
        (pl.Series(phrases[activity, variant]) + "." + pl.Series(tails)).alias("text"),
        pl.lit(None, dtype=pl.Date).alias("known_since"),
    )
    return rows.filter(pl.Series(rng.random(firms.height) < DESCRIBED))


def _purposes(rng: np.random.Generator, firms: pl.DataFrame, months: Sequence[dt.date], last_day: dt.date) -> pl.DataFrame:
    phrases = np.array([PURPOSES[_GROUPS.get(drawn.okved[:2], SERVICES)] for drawn in ACTIVITIES])
    variant = rng.integers(0, phrases.shape[1], firms.height)
    entered = np.array(months, dtype="datetime64[D]")[firms.get_column("entered").to_numpy().clip(0)]
    known = entered + rng.integers(0, 120, firms.height)
    number = pl.Series(rng.integers(1, 900, firms.height)).cast(pl.String)
    rows = firms.select(
        client_id(),
        pl.Series("text", phrases[firms.get_column("activity").to_numpy(), variant]),
        pl.Series("known_since", known).cast(pl.Date),
        number.alias("number"),
    ).with_columns(pl.col("text").str.replace("{}", pl.col("number"), literal=True))
    chosen = pl.Series(rng.random(firms.height) < WITH_PURPOSE) & (rows.get_column("known_since") <= last_day)
    return rows.drop("number").filter(chosen)
