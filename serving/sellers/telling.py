"""How numbers of sellers are told: as the Excel report tells them, with range, cases, or the reason why there is none."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date

from serving.sellers.sentences import in_words
from serving.web.languages import speaker, translate_plural
from vitrina.sellers.drift import CONFIDENCE, COVERAGE, SHORT_TRACKS, UNKNOWN_SELLERS
from vitrina.sellers.metrics import BY_NAME, COUNT, DEFAULT_RULE, IDLE_S, INTERACTION_RATIO, PRESENT_S, TIME
from vitrina.sellers.report.contents import Number
from vitrina.sellers.report.reasons import reason, remedy
from vitrina.sellers.report.wording import Wording, measure_advice, words
from vitrina.settings import Locale

LEAST_SEEN = DEFAULT_RULE.least_coverage
"""Share of an hour below which its numbers are not told: a low bar would look like a quiet hour."""

WELL_SEEN = 0.8
"""Coverage below which a page says so before anything else."""

SHARES = (CONFIDENCE, SHORT_TRACKS, UNKNOWN_SELLERS, COVERAGE)
"""Measures of a camera that are told as per cent."""

NOTHING_TO_COUNT = ("No purchase with consultation was seen.", "No purchase without consultation was seen.")


@dataclass(frozen=True)
class Told:
    """A number in words.

    Attributes
    ----------
    metric
        What it is of.
    name
        What people call that.
    value
        Empty where there is none.
    range
        Its 95 % interval.
    cases
        What it rests on; empty where that says nothing.
    why, remedy
        Why there is none, and what to do about it.
    """

    metric: str
    name: str
    value: str = ""
    range: str = ""
    cases: str = ""
    why: str = ""
    remedy: str = ""


class Telling:
    """Numbers, times and reasons in one language, by one store's clock.

    Parameters
    ----------
    locale
        The reader's.
    currency
        Of all amounts.
    zone
        Of the store's clock.
    of_one
        Whether numbers are those of a seller: some are then called differently.
    """

    def __init__(self, locale: Locale, currency: str, zone: ZoneInfo, *, of_one: bool = False) -> None:
        self.locale: Locale = locale
        self.zone = zone
        self.say = speaker(locale)
        self.wording: Wording = words(locale, currency, zone)
        self._names = self._names_of_one() if of_one else {}

    @property
    def of_a_seller(self) -> Telling:
        """The same for numbers of a seller."""
        return Telling(self.locale, self.wording.currency, self.zone, of_one=True)

    def _names_of_one(self) -> dict[str, str]:
        return {
            PRESENT_S: self.say("Present"),
            IDLE_S: self.say("Served nobody"),
            INTERACTION_RATIO: self.say("Served, of customers near"),
        }

    def number(self, metric: str, number: Number) -> Told:
        """A number with all that belongs to it."""
        name = self.name(metric)
        if number.value is None:
            return Told(metric, name, why=self.reason(number.refused), remedy=remedy(number.refused or "", self.wording.translate))
        # a count is its own number of cases
        rests = BY_NAME[metric].unit not in {COUNT, TIME}
        return Told(
            metric,
            name,
            self.wording.said(metric, number.value),
            self.wording.range(metric, number.low, number.high),
            self.cases(number.n) if rests else "",
        )

    def cases(self, n: int) -> str:
        """How many events a number rests on."""
        text = translate_plural(self.locale, "%(num)s case", "%(num)s cases", n)
        return text % {"num": self.wording.whole(n)}

    def name(self, metric: str) -> str:
        """What people call a metric."""
        return self._names.get(metric) or self.wording.metric(metric)

    def meaning(self, metric: str) -> str:
        """What a metric says."""
        return self.wording.translate(BY_NAME[metric].meaning)

    def reason(self, told: str | None) -> str:
        """Why there is no number, or what is wrong with a camera or a file."""
        if not told:
            return ""
        known = reason(told, self.wording.translate, self.wording.percent)
        return in_words(told, self.say) if known == told else known

    def receipts(self, number: Number) -> str:
        """Purchases that an average rests on; a dash where nobody can say."""
        known = number.value is not None or number.refused in NOTHING_TO_COUNT
        return self.wording.whole(number.n) if known else "—"

    def money(self, minor: float | None) -> str:
        """An amount with its coins."""
        if minor is None:
            return "—"
        return f"{self.wording.amount(minor, 0)}\N{NO-BREAK SPACE}{self.wording.money_unit}"

    def lasted(self, seconds: float) -> str:
        """How long something took: ``1:02`` minutes."""
        minutes, rest = divmod(round(seconds), 60)
        return f"{minutes}:{rest:02d}"

    def clock(self, moment: dt.datetime) -> str:
        """A time by the store's clock."""
        return f"{moment.astimezone(self.zone):%H:%M:%S}"

    def minute(self, moment: dt.datetime) -> str:
        """The same without its seconds."""
        return self.wording.clock(moment)

    def weekday(self, day: dt.date) -> str:
        """A day with its weekday, short."""
        return str(format_date(day, "EEE, d MMM y", locale=self.locale))

    def short_day(self, day: dt.date) -> str:
        """A day on an axis."""
        return str(format_date(day, "d MMM", locale=self.locale))

    def drifted(self, row: dict[str, Any]) -> str:
        """What a measure of a camera is, what it usually is, and what to look at."""
        advice = measure_advice(self.wording.translate).get(row["measure"], "")
        text = self.say(
            "{measure}: {value}, usually {usual}.",
            measure=self.wording.measure(row["measure"]),
            value=self._measured(row["measure"], row["value"]),
            usual=self._measured(row["measure"], row["usual"]),
        )
        return f"{text[:1].upper()}{text[1:]} {advice}".strip()

    def _measured(self, measure: str, value: float | None) -> str:
        if value is None:
            return self.wording.translate("unknown")
        return self.wording.percent(value) if measure in SHARES else self.wording.whole(value)
