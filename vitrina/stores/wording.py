"""The report's words: labels of features, units, formats of numbers, what a silhouette means."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import polars as pl
from babel.numbers import format_decimal

from vitrina.stores.clustering import CONSTANT, NO_VALUES
from vitrina.stores.features import TRADE_LABELS
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

REASONS = (NOT_IN_THE_INBOX, NO_VALUES, CONSTANT)
"""Why a feature could not take part; each is a message of the catalogue."""


@dataclass(frozen=True)
class Band:
    """What a mean silhouette from `least` upwards says.

    Bands after L. Kaufman, P. J. Rousseeuw (1990), Finding Groups in Data, p. 88; the two upper ones are one here.
    The colours keep their order for people with any colour vision, and the word always stands beside them.
    """

    least: float
    colour: str
    word: str
    sentence: str


def bands(translate: Callable[[str], str] = str) -> tuple[Band, ...]:
    """All bands, the best first."""
    return (
        Band(0.5, "#8FD3BC", translate("clear"), translate("Silhouette {silhouette}: the clusters are clearly apart.")),
        Band(
            0.25,
            "#F8D48A",
            translate("blurred"),
            translate(
                "Silhouette {silhouette}: the clusters run into one another. Look at the borderline stores before you act on a cluster."
            ),
        ),
        Band(
            -1.0,
            "#F0A886",
            translate("hardly any"),
            translate(
                "Silhouette {silhouette}: these features hardly show any groups. Take the clusters for a convenient division, not for types of stores."
            ),
        ),
    )


def band(silhouette: float, translate: Callable[[str], str] = str) -> Band:
    """The band that a silhouette falls into."""
    return next(found for found in bands(translate) if silhouette >= found.least)


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

    def decimal(self, value: float) -> str:
        """A number inside a sentence, with two decimals."""
        return str(format_decimal(value, format="0.00", locale=self.locale))

    def quarter(self, day: dt.date) -> str:
        """The quarter's name."""
        return self.translate("Q{number} {year}").format(number=(day.month + 2) // 3, year=day.year)

    def _row(self, name: str) -> dict[str, object] | None:
        found = self.catalogue.filter(pl.col("feature") == name)
        return found.row(0, named=True) if found.height else None
