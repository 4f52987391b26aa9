"""The sheet that experts fill: what stands in it, in words. How it looks is in `pilot_workbook`.

Nothing in it tells a recommendation from another item, and no user's identifier is in it, hashed or not.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from vitrina.errors import InvalidTableError
from vitrina.files import sha256_of, write_atomically
from vitrina.i18n import Translate, translator

DOMAIN = "marketplace"
LAST_EVENTS = 30
"""Events of a user's history that are shown."""

MINOR = 100
"""Minor units of a currency in a major one."""

HISTORY_SCHEMA = {
    "case": pl.String,
    "date": pl.Date,
    "what": pl.String,
    "title": pl.String,
    "category": pl.String,
    "price": pl.Float64,
    "quantity": pl.Int64,
}


@dataclass(frozen=True, eq=False)
class PilotSheet:
    """Everything that the workbook shows, in one language.

    Attributes
    ----------
    pilot
        Identifier of the pilot.
    questions
        One row per case and item, in the order in which they are shown: ``pilot``, ``case``, ``item_id``, ``title``,
        ``category``, ``price`` (major units).
    history
        What each case's user did last, the latest first: ``case``, ``date``, ``what``, ``title``, ``category``, ``price``
        (major units), ``quantity``.
    about
        Case → the user in one line.
    translate
        From the English text to the reader's.
    currency
        Code of the currency.
    made_at
        When the sheet was made.
    """

    pilot: str
    questions: pl.DataFrame
    history: pl.DataFrame
    about: dict[str, str]
    translate: Translate
    currency: str
    made_at: dt.datetime


def write_pilot_sheet(  # noqa: PLR0913  # what is shown, and for whom
    path: Path,
    cases: pl.DataFrame,
    histories: pl.DataFrame,
    items: pl.DataFrame,
    locale: str,
    *,
    made_at: dt.datetime,
    currency: str = "RUB",
) -> str:
    """Write the workbook, whole or not at all; equal arguments give equal bytes.

    Its first sheet is what the contract `expert_verdicts` reads: an expert fills two columns and delivers the file as it is.

    Parameters
    ----------
    path
        The file, ``.xlsx``; its folder is created.
    cases
        Rows of `PilotCases`, of one pilot.
    histories
        Rows of `stg_events`: ``user_hash``, ``item_id``, ``kind``, ``event_time``, ``platform``, ``price_minor``,
        ``quantity``. Users who are no case may be among them.
    items
        Rows of `ItemFeatures`.
    locale
        ``"en"`` or ``"ru"``.
    made_at
        When it is made, with a time zone; a file holds this moment.
    currency
        Code of the currency of all amounts.

    Returns
    -------
    str
        The file's SHA-256.

    Raises
    ------
    InvalidTableError
        The cases are of no pilot, or of several.
    SettingsError
        There is no such locale.
    """
    from vitrina.marketplace.pilot_workbook import workbook_bytes  # noqa: PLC0415  # openpyxl: loading the definitions need not pay

    sheet = pilot_sheet(cases, histories, items, locale, made_at=made_at, currency=currency)
    write_atomically(path, workbook_bytes(sheet))
    return sha256_of(path)


def pilot_sheet(  # noqa: PLR0913  # as above
    cases: pl.DataFrame,
    histories: pl.DataFrame,
    items: pl.DataFrame,
    locale: str,
    *,
    made_at: dt.datetime,
    currency: str = "RUB",
) -> PilotSheet:
    """What the workbook shows. Parameters and errors as in `write_pilot_sheet`."""
    pilots = cases.get_column("pilot").unique().to_list()
    if len(pilots) != 1:
        raise InvalidTableError(
            f"The sheet's cases are of {len(pilots)} pilots; a sheet holds those of one.",
            "Filter pilot_cases by pilot, and make sure that some users are active and have recommendations.",
        )
    translate = translator(locale, DOMAIN)
    numbered = cases.sort(pl.col("case").cast(pl.Int64, strict=False), "case", "position")
    known = items.select("item_id", "title", "category", (pl.col("price_minor") / MINOR).alias("price"), "price_band")
    named = pl.coalesce("title", "item_id").alias("title")
    questions = numbered.join(known, on="item_id", how="left", maintain_order="left")
    users = numbered.select("case", "user_hash").unique(maintain_order=True)
    happened = users.join(histories, on="user_hash", maintain_order="left").join(known, on="item_id", how="left")
    return PilotSheet(
        pilot=str(pilots[0]),
        questions=questions.select("pilot", "case", "item_id", named, "category", "price"),
        history=_history(happened.with_columns(named), translate),
        about={case: _about(happened.filter(pl.col("case") == case), translate) for case in users.get_column("case")},
        translate=translate,
        currency=currency,
        made_at=made_at,
    )


def _history(happened: pl.DataFrame, translate: Translate) -> pl.DataFrame:
    """The last events of each case, the latest first."""
    # a basket's items share their moment: by title, so that the order does not depend on the rows'
    order = pl.struct(-pl.col("event_time").dt.epoch("us"), "title", "kind")
    latest = happened.filter(order.rank("ordinal").over("case") <= LAST_EVENTS)
    return latest.sort(order).select(
        "case",
        pl.col("event_time").dt.date().alias("date"),
        pl.col("kind").replace_strict(kinds_in_words(translate), default=pl.col("kind")).alias("what"),
        "title",
        "category",
        (pl.col("price_minor") / MINOR).alias("price"),
        pl.col("quantity").cast(pl.Int64),
    )


def kinds_in_words(translate: Translate) -> dict[str, str]:
    """What users do, in the reader's words."""
    return {
        "view": translate("viewed"),
        "cart": translate("put into the basket"),
        "purchase": translate("bought"),
        "refund": translate("returned"),
    }


def _about(happened: pl.DataFrame, translate: Translate) -> str:
    """A user in one line: where, at which price level, how much."""
    if happened.is_empty():
        return translate("Nothing is known of this user's past.")
    bought = happened.filter(pl.col("kind") == "purchase")
    band = (bought if bought.height else happened).get_column("price_band").median()
    platforms = (
        happened.get_column("platform")
        .drop_nulls()
        .value_counts(sort=True, name="n")
        .sort("n", "platform", descending=[True, False])
    )
    parts = [
        translate("Platform: {platform}").format(platform=platforms.item(0, "platform")) if platforms.height else "",
        "" if band is None else price_level(round(float(str(band))), translate),
        translate("Purchases: {purchases}").format(purchases=bought.height),
        translate("Last {shown} of {events} events").format(shown=min(LAST_EVENTS, happened.height), events=happened.height),
    ]
    return " · ".join(part for part in parts if part)


def price_level(band: int, translate: Translate) -> str:
    """A price band in words."""
    words = {
        1: translate("Price level: the cheapest goods of a category"),
        2: translate("Price level: below the middle"),
        3: translate("Price level: the middle"),
        4: translate("Price level: above the middle"),
        5: translate("Price level: the dearest goods of a category"),
    }
    return words[min(max(band, 1), max(words))]
