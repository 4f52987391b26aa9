"""The report's words: labels of features, units, formats of numbers, rules, what a silhouette means."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

import polars as pl
from babel.numbers import format_decimal

from vitrina.stores.clustering import ALMOST_CONSTANT, CONSTANT, NO_VALUES
from vitrina.stores.features import TRADE_LABELS
from vitrina.stores.profile import CLUSTERED
from vitrina.stores.rules import ABOVE, Condition, conditions_of
from vitrina.stores.selection import NOT_IN_THE_INBOX

DOMAIN = "report"

_NUMBER_FORMATS = {
    "ratio": "0.0%",
    "currency/receipt": "#,##0.00",
    "currency/month": "#,##0",
    "customers/month": "#,##0",
    "receipts/month": "#,##0",
    "years": "0.0",
    "km": "0.0",
    "stores": "0.0",
    "months": "0",
}

_HEADING_UNITS = {"currency/month": "currency", "currency/receipt": "currency", "years": "years", "km": "km"}

REASONS = (NOT_IN_THE_INBOX, NO_VALUES, CONSTANT, ALMOST_CONSTANT)
"""Why a feature could not take part; each is a message of the catalogue."""


@dataclass(frozen=True)
class Band:
    """What a mean silhouette from `least` upwards says.

    Bands after L. Kaufman, P. J. Rousseeuw (1990), Finding Groups in Data, p. 88; the two upper ones are one here.
    """

    least: float
    word: str
    clause: str
    advice: str


def bands(translate: Callable[[str], str] = str) -> tuple[Band, ...]:
    """All bands, the best first."""
    return (
        Band(0.5, translate("clear"), translate("silhouette {silhouette}: the clusters are clearly apart."), ""),
        Band(
            0.25,
            translate("blurred"),
            translate("silhouette {silhouette}: the clusters run into one another."),
            translate("The clusters run into one another. Look at the borderline stores before you act on a cluster."),
        ),
        Band(
            -1.0,
            translate("hardly any"),
            translate("silhouette {silhouette}: these features hardly show any groups."),
            translate(
                "These features hardly show any groups. Take the clusters for a convenient division, not for types of stores."
            ),
        ),
    )


def band(silhouette: float, translate: Callable[[str], str] = str) -> Band:
    """The band that a silhouette falls into, as it is shown: with two decimals."""
    return next(found for found in bands(translate) if round(silhouette, 2) >= found.least)


@dataclass(frozen=True)
class Wording:
    """How things are called in one report.

    Attributes
    ----------
    translate
        From the English text to the reader's.
    locale
        For decimal signs inside sentences; cells are shown as the reader's Excel is set.
    currency
        Code of the currency.
    catalogue
        Rows of `FeatureCatalogue`.
    """

    translate: Callable[[str], str]
    locale: str
    currency: str
    catalogue: pl.DataFrame

    def feature(self, name: str) -> str:
        """The feature's name for people."""
        row = self._row(name)
        if row is None:
            # a default parameter that the inbox lacks has no row in the catalogue, yet the report says that it is missing
            return self.translate(TRADE_LABELS.get(name, name))
        label = str(row["label"])
        if row["family"] == "assortment":
            return self.translate("Share: {category}").format(category=self.translate(label))
        return label if row["family"] == "geography" else self.translate(label)

    def features(self, names: Iterable[str]) -> str:
        """Several features, separated by semicolons; a dash for none."""
        return "; ".join(self.feature(name) for name in names) or "–"

    def unit(self, name: str) -> str:
        """The unit of a feature's values; empty for shares, whose cells show per cent."""
        row = self._row(name)
        return "" if row is None else self.unit_text(str(row["unit"]))

    def unit_text(self, unit: str) -> str:
        """A declared unit in the reader's words."""
        if unit == "ratio":
            return "%"
        # the translated unit still says "currency", in whatever place the language wants it
        return self.translate(unit).replace("currency", self.translate(self.currency)) if unit else ""

    def heading(self, name: str) -> str:
        """The feature's name with its unit, where cells and name do not tell it already."""
        row = self._row(name)
        unit = _HEADING_UNITS.get(str(row["unit"]), "") if row else ""
        return f"{self.feature(name)}, {self.unit_text(unit)}" if unit else self.feature(name)

    def number_format(self, name: str) -> str:
        """Excel's number format for a feature's values."""
        row = self._row(name)
        return _NUMBER_FORMATS.get(str(row["unit"]), "#,##0.00") if row else "#,##0.00"

    def decimal(self, value: float | None) -> str:
        """A number inside a sentence, with two decimals; a dash for none."""
        return "–" if value is None else str(format_decimal(value, format="0.00", locale=self.locale))

    def signed(self, value: float) -> str:
        """The same with its sign, a true minus: a line may break after a hyphen."""
        return str(format_decimal(value, format="+0.00;-0.00", locale=self.locale)).replace("-", "−")

    def percent(self, share: float | None) -> str:
        """A share inside a sentence, in whole per cent; a dash for none."""
        return "–" if share is None else f"{round(100 * share)} %"

    def amount(self, name: str, value: float) -> str:
        """A feature's value inside a sentence, exactly and with its unit."""
        unit = self.unit(name)
        shown = format_decimal(100 * value if unit == "%" else value, format="#,##0.##########", locale=self.locale)
        return f"{shown} {unit}".strip()

    def rule(self, conditions: str) -> str:
        """A rule of `ClusterRules` in words."""
        return "; ".join(self._condition(condition) for condition in conditions_of(conditions)) or self.translate("every store")

    def _condition(self, condition: Condition) -> str:
        words = (
            self.translate("{feature}: more than {threshold}")
            if condition.sign == ABOVE
            else self.translate("{feature}: at most {threshold}")
        )
        return words.format(feature=self.feature(condition.feature), threshold=self.amount(condition.feature, condition.threshold))

    def cluster(self, number: int, name: str = "") -> str:
        """A cluster by its number, and its name where it has one."""
        label = self.translate("Cluster {cluster}").format(cluster=number)
        return f"{label} · {name}" if name else label

    def role(self, role: str) -> str:
        """What a feature does."""
        return self.translate("shapes the clusters") if role == CLUSTERED else self.translate("describes them")

    def quarter(self, day: dt.date) -> str:
        """The quarter's name."""
        return self.translate("Q{number} {year}").format(number=(day.month + 2) // 3, year=day.year)

    def _row(self, name: str) -> dict[str, object] | None:
        return self._rows.get(name)

    @cached_property
    def _rows(self) -> dict[str, dict[str, object]]:
        return {row["feature"]: row for row in self.catalogue.iter_rows(named=True)}
