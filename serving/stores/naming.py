"""How clusters, features and quarters are called on pages: in the words of the report, so that both say the same."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from functools import cached_property

import polars as pl
from babel.numbers import format_compact_decimal, format_decimal

from serving.stores.answers import Answer, Known
from vitrina.i18n import translator
from vitrina.settings import Locale
from vitrina.stores.report.wording import DOMAIN, Wording, band
from vitrina.stores.stability import StabilityBand, stability_band

_TWO_DECIMALS, _WHOLE_FROM, _LONG = "#,##0.00", 100.0, 10_000_000.0
_CATALOGUE = {"feature": pl.String(), "family": pl.String(), "label": pl.String(), "unit": pl.String()}


class Naming:
    """Names in one language.

    Parameters
    ----------
    locale
        The language.
    currency
        Code of the currency.
    catalogue
        Features that are to be named.
    names
        Cluster → the name that people gave it, or an empty text.
    """

    def __init__(
        self, locale: Locale, currency: str, catalogue: Sequence[Known] = (), names: Mapping[int, str] | None = None
    ) -> None:
        self.locale = locale
        self.translate = translator(locale, DOMAIN)
        known = pl.DataFrame([vars(one) for one in catalogue], schema=_CATALOGUE)
        self.wording = Wording(self.translate, locale, currency, known)
        self._names = dict(names or {})

    @classmethod
    def of(cls, answer: Answer, locale: Locale, currency: str) -> Naming:
        """Names of what an answer holds."""
        return cls(locale, currency, answer.catalogue, {one.cluster: one.name for one in answer.clusters})

    @cached_property
    def clusters(self) -> dict[int, str]:
        """Cluster → "Cluster 2 · City centre"."""
        return {number: self.wording.cluster(number, name) for number, name in self._names.items()}

    def name(self, cluster: int) -> str:
        """The name that people gave a cluster; empty without one."""
        return self._names.get(cluster, "")

    def quarter(self, day: dt.date) -> str:
        """A quarter by its number and year."""
        return self.wording.quarter(day)

    def feature(self, name: str) -> str:
        """A feature."""
        return self.wording.feature(name)

    def listed(self, names: str) -> str:
        """Several features, whose names stand between commas."""
        return self.wording.features(name for name in names.split(", ") if name)

    def heading(self, name: str) -> str:
        """A feature with its unit, where the numbers do not tell it."""
        return self.wording.heading(name)

    def value(self, name: str, value: float | None) -> str:
        """A feature's value as it is shown, without its unit."""
        if value is None:
            return "—"
        pattern = self.wording.number_format(name).replace("%", "\N{NO-BREAK SPACE}%")
        if pattern == _TWO_DECIMALS and abs(value) >= _WHOLE_FROM:
            pattern = "#,##0"
        return str(format_decimal(value, format=pattern, locale=self.locale)).replace("-", "−")

    def amount(self, value: float | None) -> str:
        """An amount of money in short, such as "122M RUB"; empty for none."""
        if value is None:
            return ""
        short = str(format_compact_decimal(value, locale=self.locale, fraction_digits=1 if abs(value) < _LONG else 0))
        return f"{short}\N{NO-BREAK SPACE}{self.wording.unit_text('currency')}"

    def stability(self, jaccard: float | None) -> StabilityBand | None:
        """How stable, in a word; None where it was not measured."""
        return None if jaccard is None else stability_band(jaccard, self.translate)

    def clearness(self, silhouette: float | None) -> str:
        """How clearly clusters are apart, in a word; empty where it was not measured."""
        return "" if silhouette is None else band(silhouette, self.translate).word
