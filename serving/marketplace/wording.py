"""What measures, models and groups of users are called on pages; all texts are messages of the catalogues."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from serving.web.languages import speaker
from serving.web.rendering import money, number, percent
from vitrina.marketplace.measure_names import AUC_UNIFORM, FRESH, HIT_RATE, POPULARITY, PRECISION, RERANKER
from vitrina.marketplace.uptake import BASKET, CONVERSION, FOLLOWED, RELATIVE_LIFT, RETENTION
from vitrina.settings import Locale

_HOURS = re.compile(r"within (\d+) hours")


@cache
def _measures(locale: Locale) -> dict[str, str]:
    say = speaker(locale)
    return {
        HIT_RATE: say("Users who bought something of their ten"),
        PRECISION: say("Bought of ten items"),
        AUC_UNIFORM: say("Bought items told apart from others (AUC)"),
    }


@cache
def _scorers(locale: Locale) -> dict[str, str]:
    say = speaker(locale)
    return {
        RERANKER: say("Our lists"),
        FRESH: say("Fresh answers"),
        POPULARITY: say("Popular items"),
        "lightfm": say("Taste alone (LightFM)"),
        "als": say("Taste alone (ALS)"),
        "item_knn": say("Bought together (item kNN)"),
    }


@cache
def _segment_kinds(locale: Locale) -> dict[str, str]:
    say = speaker(locale)
    return {
        "platform": say("By platform"),
        "price level": say("By price level"),
        "purchases before": say("By what they had bought before"),
    }


@cache
def _segments(locale: Locale) -> dict[str, str]:
    """Parts of the users, in the order in which they are shown."""
    say = speaker(locale)
    return {
        "without a purchase": say("nothing bought yet"),
        "1 to 19 items": say("1 to 19 items"),
        "20 items and more": say("20 items and more"),
        "low": say("cheap goods"),
        "middle": say("middle prices"),
        "high": say("dear goods"),
        "unknown": say("not known"),
    }


@cache
def _targets(locale: Locale) -> dict[str, tuple[str, str]]:
    say = speaker(locale)
    return {
        _AREA: (
            say("Bought items told apart from others"),
            say("Area under the ROC curve: how often the bought item gets the higher score."),
        ),
        "precision": (
            say("Called suitable, and bought"),
            say("Precision: of the items that the model calls suitable, the share that was bought."),
        ),
        "lost offers": (
            say("Bought, but not called suitable"),
            say("Lost offers: of the items that were bought, the share that the model does not call suitable."),
        ),
    }


def _uptake(locale: Locale, hours: str) -> dict[str, str]:
    """Beginning of a measure's name → what it is called, in the order in which they are shown."""
    say = speaker(locale)
    return {
        FOLLOWED.partition(" within ")[0]: say("Followed the list within {hours} hours", hours=hours),
        CONVERSION: say("Bought something"),
        BASKET: say("Average basket"),
        RETENTION: say("Came back after 7 to 14 days"),
    }


_AREA = "area under the ROC curve"
_SEGMENT_ORDER = tuple(_segments("en"))
_UPTAKE_ORDER = tuple(_uptake("en", ""))


def measure_name(measure: str, locale: Locale) -> str:
    """A measure of quality, in words."""
    return _measures(locale).get(measure, measure)


def measure_value(measure: str, value: float | None, locale: Locale) -> str:
    """A value as it is read: of ten, as a share, or between 0 and 1."""
    if value is None:
        return "—"
    if measure == PRECISION:
        return number(10 * value, locale, 1)
    return number(value, locale, 2) if measure == AUC_UNIFORM else percent(value, locale)


def interval(measure: str, low: float | None, high: float | None, locale: Locale) -> str:
    """Both ends of an interval."""
    return "—" if low is None or high is None else f"{measure_value(measure, low, locale)} – {measure_value(measure, high, locale)}"


def scorer_name(scorer: str, locale: Locale) -> str:
    """A model, in words."""
    return _scorers(locale).get(scorer, scorer)


def segment_kind(kind: str, locale: Locale) -> str:
    """What users are divided by."""
    return _segment_kinds(locale).get(kind, kind)


def segment(name: str, locale: Locale) -> str:
    """A part of the users."""
    return _segments(locale).get(name, name)


def segment_place(name: str) -> int:
    """Where a part stands among those of its kind."""
    return _SEGMENT_ORDER.index(name) if name in _SEGMENT_ORDER else len(_SEGMENT_ORDER)


def target(row: dict[str, Any], locale: Locale) -> dict[str, Any]:
    """A target of the customer: what it is, what was asked, what was reached."""
    say = speaker(locale)
    kind = row["target"].partition(",")[0]
    name, meaning = _targets(locale).get(kind, (row["target"], ""))
    write = _two_digits if kind == _AREA else percent
    bar = write(row["bar"], locale)
    return {
        "name": name,
        "meaning": meaning,
        "asked": say("at least {bar}", bar=bar) if row["at_least"] else say("at most {bar}", bar=bar),
        "value": write(row["value"], locale),
        "holds": row["holds"],
    }


def uptake_measure(measure: str, locale: Locale) -> str:
    """What users did, in words; without the addition that tells a relative lift."""
    plain = measure.removesuffix(RELATIVE_LIFT)
    hours = _HOURS.search(plain)
    words = _uptake(locale, hours[1] if hours else "")
    return next((called for beginning, called in words.items() if plain.startswith(beginning)), plain)


def uptake_place(measure: str) -> int:
    """Where a measure stands among the others."""
    return next((place for place, beginning in enumerate(_UPTAKE_ORDER) if measure.startswith(beginning)), len(_UPTAKE_ORDER))


def uptake_value(measure: str, value: float | None, locale: Locale, currency: str) -> str:
    """A value of uptake, as a share or an amount."""
    if measure.startswith(BASKET):
        return money(None if value is None else value / 100, locale, currency)
    return percent(value, locale, 1)


def uptake_difference(measure: str, value: float | None, locale: Locale, currency: str) -> str:
    """A difference of values, with its sign: of shares in percentage points, of amounts in the currency."""
    if value is None:
        return "—"
    sign = "+" if value > 0 else ""
    if measure.startswith(BASKET):
        return sign + money(value / 100, locale, currency)
    say = speaker(locale)
    return str(say("{points} pp", points=sign + number(100 * value, locale, 1)))


def _two_digits(value: float | None, locale: Locale) -> str:
    return number(value, locale, 2)
