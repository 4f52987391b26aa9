"""The report's words: names of metrics and measures, numbers and ranges as the reader writes them, times by the store's clock."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from babel.dates import format_date
from babel.numbers import format_decimal, format_percent, get_currency_precision

from vitrina.i18n import Translate, translator
from vitrina.sellers import drift, metrics
from vitrina.sellers.metrics import BY_NAME, COUNT, MEAN, RATIO, SHARE, TIME

DOMAIN = "seller_report"

IN_HALVES = 100
"""Averages from so many units of the currency on are told without smaller coins."""


def words(locale: str, currency: str, zone: ZoneInfo) -> Wording:
    """How things are called in a locale."""
    return Wording(translator(locale, DOMAIN), locale, currency, zone)


def metric_names(translate: Translate) -> dict[str, str]:
    """What each metric is called."""
    return {
        metrics.CUSTOMERS_PRESENT: translate("Customers present"),
        metrics.CUSTOMERS_SERVED: translate("Customers served"),
        metrics.INTERACTION_RATIO: translate("Share of customers served"),
        metrics.INTERACTIONS: translate("Interactions"),
        metrics.SUCCESSFUL: translate("Interactions followed by a purchase"),
        metrics.UNSUCCESSFUL: translate("Interactions followed by no purchase"),
        metrics.WITH_CONSULTATION: translate("Average purchase with consultation"),
        metrics.WITHOUT_CONSULTATION: translate("Average purchase without consultation"),
        metrics.DIFFERENCE: translate("Difference of average purchases"),
        metrics.PURCHASE_RATIO: translate("Ratio of average purchases"),
        metrics.PRESENT_S: translate("Time with a seller there"),
        metrics.IDLE_S: translate("Time with nobody being served"),
        metrics.WAITING_UNSERVED: translate("Customers who waited too long"),
    }


def measure_names(translate: Translate) -> dict[str, str]:
    """What each measure of footage is called."""
    return {
        drift.PEOPLE: translate("people per hour"),
        drift.CONFIDENCE: translate("how surely people are found"),
        drift.SHORT_TRACKS: translate("share of people seen only for a moment"),
        drift.UNKNOWN_SELLERS: translate("share of sellers who could not be named"),
        drift.BRIGHTNESS: translate("brightness"),
        drift.SHARPNESS: translate("sharpness"),
        drift.COVERAGE: translate("share of the time that could be seen"),
    }


def measure_advice(translate: Translate) -> dict[str, str]:
    """What to look at when a measure is far from usual."""
    lens = translate("Look at the camera's lens and focus.")
    place = translate("Look whether the camera was moved or is blocked.")
    return {
        drift.PEOPLE: translate("Was it an unusual day, or was the camera moved or blocked?"),
        drift.CONFIDENCE: place,
        drift.SHORT_TRACKS: place,
        drift.UNKNOWN_SELLERS: translate("Look whether the shifts of the day are right."),
        drift.BRIGHTNESS: translate("Look at the lights and the camera's exposure."),
        drift.SHARPNESS: lens,
        drift.COVERAGE: translate("Look whether the camera ran all day."),
    }


@dataclass(frozen=True)
class Wording:
    """How things are called and written in one report.

    Attributes
    ----------
    translate
        From the English text to the reader's.
    locale
        For numbers inside sentences; numbers in cells are shown as the reader's Excel is set.
    currency
        Code of the currency.
    zone
        The store's clock.
    """

    translate: Translate
    locale: str
    currency: str
    zone: ZoneInfo

    def metric(self, name: str) -> str:
        """A metric's name for people."""
        return metric_names(self.translate).get(name, name)

    def measure(self, name: str) -> str:
        """A measure's name for people."""
        return measure_names(self.translate).get(name, name.replace("_", " "))

    @property
    def money_unit(self) -> str:
        """What amounts are told in."""
        return self.translate(self.currency)

    def whole(self, value: float) -> str:
        """A number without decimals, inside a sentence."""
        return str(format_decimal(value, format="#,##0", locale=self.locale)).replace("-", "−")

    def percent(self, share: float) -> str:
        """A share inside a sentence, in whole per cent."""
        return str(format_percent(share, locale=self.locale))

    def times(self, ratio: float) -> str:
        """How many times as much."""
        return f"×{format_decimal(ratio, format='0.00', locale=self.locale)}"

    def units(self, minor: float) -> float:
        """An amount in units of the currency."""
        return minor / 10.0 ** int(get_currency_precision(self.currency))

    def amount(self, minor: float, like: float) -> str:
        """An amount inside a sentence without its currency, as exactly as another one is told."""
        return str(format_decimal(self.units(minor), format=self._money_format(like), locale=self.locale)).replace("-", "−")

    def money(self, minor: float, like: float | None = None) -> str:
        """An amount inside a sentence, as exactly as another one is told."""
        return f"{self.amount(minor, minor if like is None else like)}\u00a0{self.money_unit}"

    def duration(self, seconds: float) -> str:
        """A time inside a sentence, in hours and minutes."""
        minutes = round(seconds / 60)
        if minutes < 60:
            return self.translate("{minutes} min").format(minutes=minutes)
        return self.translate("{hours} h {minutes} min").format(hours=minutes // 60, minutes=minutes % 60)

    def date(self, day: dt.date) -> str:
        """A day with its weekday."""
        return str(format_date(day, "EEEE, d MMMM y", locale=self.locale))

    def clock(self, moment: dt.datetime) -> str:
        """Hours and minutes by the store's clock."""
        return f"{moment.astimezone(self.zone):%H:%M}"

    def clock_cell(self, moment: dt.datetime) -> float:
        """A moment by the store's clock as Excel counts: days since the end of 1899. It sorts, and a format shows its time."""
        local = moment.astimezone(self.zone).replace(tzinfo=None)
        return (local - _EXCEL_BEGINS) / dt.timedelta(days=1)

    def said(self, metric: str, value: float) -> str:
        """A metric's value inside a sentence, with its unit."""
        return self._writers(value)[BY_NAME[metric].unit](value)

    def range(self, metric: str, low: float | None, high: float | None) -> str:
        """A metric's interval, its ends rounded outwards."""
        if low is None or high is None:
            return self.translate("unknown: a single case")
        low, high = _outwards(BY_NAME[metric].unit, low, high)
        unit, like = BY_NAME[metric].unit, max(abs(low), abs(high))
        # the currency once, behind both ends
        first = self.amount(low, like) if unit == MEAN else self._writers(like)[unit](low)
        return self.translate("{low} to {high}").format(low=first, high=self._writers(like)[unit](high))

    def cell(self, metric: str, value: float) -> tuple[float, str]:
        """A metric's value as a cell holds it, and Excel's format for it."""
        unit = BY_NAME[metric].unit
        if unit == TIME:
            return value / 86_400, self.time_format
        if unit == MEAN:
            signed = metric == metrics.DIFFERENCE
            shown = f'{self._money_format(value)}" {self._quotable(self.money_unit)}"'
            return self.units(value), f"+{shown};-{shown};{shown}" if signed else shown
        return value, {COUNT: "#,##0", SHARE: "0%", RATIO: '"×"0.00'}[unit]

    @property
    def time_format(self) -> str:
        """Excel's format of a time of hours."""
        hours, minutes = (self._quotable(unit) for unit in (self.translate("h"), self.translate("min")))
        return f'[h]" {hours} "mm" {minutes}"'

    @property
    def exact_money_format(self) -> str:
        """Excel's format of an amount, with all of its coins."""
        digits = get_currency_precision(self.currency)
        return "#,##0." + "0" * digits if digits else "#,##0"

    def _money_format(self, minor: float) -> str:
        return "#,##0" if abs(self.units(minor)) >= IN_HALVES else self.exact_money_format

    def _writers(self, like: float) -> Mapping[str, Callable[[float], str]]:
        return {
            COUNT: self.whole,
            SHARE: self.percent,
            MEAN: lambda minor: self.money(minor, like),
            RATIO: self.times,
            TIME: self.duration,
        }

    @staticmethod
    def _quotable(text: str) -> str:
        return text.replace('"', "")


def _outwards(unit: str, low: float, high: float) -> tuple[float, float]:
    """Ends of an interval so that their rounding never makes it narrower; a time's ends are no estimates."""
    step = {COUNT: 1.0, SHARE: 0.01}.get(unit)
    return (low, high) if step is None else (math.floor(low / step + _ROUNDING) * step, math.ceil(high / step - _ROUNDING) * step)


_ROUNDING = 1e-9
_EXCEL_BEGINS = dt.datetime(1899, 12, 30)  # noqa: DTZ001  # Excel's days have no time zone
