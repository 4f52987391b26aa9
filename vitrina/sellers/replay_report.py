"""What a replay would change, for people: which parameters, which numbers move and how far, and which stay where they may be anyway."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import polars as pl
from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal

from vitrina.errors import VitrinaError
from vitrina.files import write_atomically
from vitrina.i18n import Translate, translator
from vitrina.inbox.messages import message
from vitrina.markdown import escaped_markdown
from vitrina.sellers.metrics import ALL, BY_NAME, COUNT, MEAN, SHARE, TIME

DOMAIN = "replay"
MOST_ROWS = 100
"""Numbers that a section lists; the table of differences has them all."""

SAME = 1e-9
"""Relative difference up to which two numbers are the same: sums in another order differ in their last digit."""

BEYOND, WITHIN, UNBOUNDED, NO_LONGER, NOW = (
    "Moved out of the interval",
    "Moved within the interval",
    "Moved, without an interval to compare with",
    "No longer told",
    "Told for the first time",
)
_MEANS = {
    BEYOND: "The parameters decide these numbers: chance and unseen time do not explain the difference.",
    WITHIN: "These numbers differ by less than is unsure about them anyway.",
    UNBOUNDED: "Nothing was said about how sure the stored numbers are.",
    NO_LONGER: "With these parameters there is no such number, or nobody knows of such a seller.",
    NOW: "Without these parameters there is no such number, or nobody knew of such a seller.",
}


def write_replay_reports(
    folder: Path, found: pl.DataFrame, locales: Iterable[str], *, before: Mapping[str, Any] | None = None, currency: str = ""
) -> tuple[Path, ...]:
    """Write the reports of one replay, one per language, and return their paths; a replay that is made again replaces them.

    Parameters
    ----------
    folder
        Where they are to lie.
    locales
        Languages, ``"en"`` or ``"ru"``.
    found, before, currency
        As of `replay_report`.

    Raises
    ------
    VitrinaError
        As of `replay_report`.
    """
    paths = []
    for locale in locales:
        path = folder / f"replay-{_one(found, 'replay')}.{locale}.md"
        write_atomically(path, replay_report(found, locale, before=before, currency=currency))
        paths.append(path)
    return tuple(paths)


def replay_report(found: pl.DataFrame, locale: str, *, before: Mapping[str, Any] | None = None, currency: str = "") -> str:
    """The report as Markdown. It names sellers: show it to whoever may see their numbers.

    Parameters
    ----------
    found
        Rows of table `ReplayDifferences`, of one replay.
    locale
        ``"en"`` or ``"ru"``.
    before
        The values in force of the parameters that differ, where they are to be shown.
    currency
        Currency of the amounts.

    Raises
    ------
    VitrinaError
        There are no rows, or they are of several replays.
    """
    _ = translator(locale, DOMAIN)
    known = found.with_columns(outcome=_outcome())
    made_at = format_datetime(_one(found, "made_at").astimezone(dt.UTC), "d MMMM y, HH:mm 'UTC'", locale=locale)
    parts = [
        f"# {message('What a replay would change: {replay}', replay=_one(found, 'replay')).translated(_)}",
        f"**{_summary(known, locale, _)}**",
        _listed(
            [
                f"{_('Computed')}: {made_at}",
                f"{_('Stores')}: {escaped_markdown(', '.join(sorted(known['store_id'].unique())))}",
                f"{_('Days')}: {_days(known, locale)}",
            ]
        ),
        _("Nothing that is stored was changed."),
        f"## {_('Parameters')}",
        _parameters(json.loads(_one(found, "parameters")), before, _),
        *(part for name in _MEANS for part in _section(name, known.filter(outcome=name), locale, _, currency)),
        *_glossary(known.filter(pl.col("outcome").is_not_null()), _),
    ]
    return "\n\n".join(parts) + "\n"


def _one(found: pl.DataFrame, column: str) -> Any:
    """What all rows of a replay have in common."""
    values = found[column].unique()
    if len(values) != 1:
        raise VitrinaError(
            f"A report is about one replay; these {found.height} row(s) have {len(values)} different values of {column}.",
            "Choose the rows of one replay.",
        )
    return values[0]


def _outcome() -> pl.Expr:
    """What became of each number; null where it stayed the same, or is not told by either."""
    is_same = pl.col("difference").abs() <= SAME * pl.max_horizontal(pl.col("stored").abs(), pl.col("replayed").abs())
    return (
        pl.when(pl.col("stored").is_null() & pl.col("replayed").is_null())
        .then(None)
        .when(pl.col("replayed").is_null())
        .then(pl.lit(NO_LONGER))
        .when(pl.col("stored").is_null())
        .then(pl.lit(NOW))
        .when(is_same)
        .then(None)
        .when("within")
        .then(pl.lit(WITHIN))
        .when(pl.col("within").is_null())
        .then(pl.lit(UNBOUNDED))
        .otherwise(pl.lit(BEYOND))
    )


def _summary(known: pl.DataFrame, locale: str, _: Translate) -> str:
    told = known.filter(pl.col("stored").is_not_null() | pl.col("replayed").is_not_null())
    moved = told.filter(pl.col("outcome").is_not_null())
    if moved.is_empty():
        return message("Nothing changes. Numbers that were compared: {count}.", count=_integer(told.height, locale)).translated(_)
    sentence = "Numbers that were compared: {count}; changed: {moved}; of these, out of their interval: {beyond}."
    beyond = moved.filter(outcome=BEYOND).height
    numbers = {"count": told.height, "moved": moved.height, "beyond": beyond}
    return message(sentence, **{name: _integer(number, locale) for name, number in numbers.items()}).translated(_)


def _days(known: pl.DataFrame, locale: str) -> str:
    days = known["day"].unique().sort()
    first, last = (format_date(days[place], "d MMMM y", locale=locale) for place in (0, -1))
    return str(first if first == last else f"{first} – {last}")


def _parameters(changed: Mapping[str, Any], before: Mapping[str, Any] | None, _: Translate) -> str:
    if not changed:
        return _("None differ: whatever moves is due to other code, other deliveries, or other detections.")
    header = [_("Parameter"), *([_("In force")] if before is not None else []), _("In the replay")]
    rows = [
        [_text(name), *([_text(before[name]) if name in before else "–"] if before is not None else []), _text(value)]
        for name, value in changed.items()
    ]
    return _table(header, rows)


def _section(name: str, rows: pl.DataFrame, locale: str, _: Translate, currency: str) -> list[str]:
    if rows.is_empty():
        return []
    share = (pl.col("difference") / pl.col("stored")).abs()
    ordered = rows.with_columns(share=share).sort(
        "share", "store_id", "day", "seller_id", "metric", descending=[True, *[False] * 4]
    )
    header = [_(title) for title in ("Day", "Store", "Seller", "Metric", "Stored", "In the replay", "Difference")]
    table = _table(
        header,
        [_row(row, locale, _, currency) for row in ordered.head(MOST_ROWS).iter_rows(named=True)],
        numbers=3,
    )
    parts = [f"## {_(name)}", _(_MEANS[name]), table]
    if rows.height > MOST_ROWS:
        more = "Numbers that are not listed here: {count}. The table of differences has them all."
        parts.append(message(more, count=_integer(rows.height - MOST_ROWS, locale)).translated(_))
    return parts


def _row(row: Mapping[str, Any], locale: str, _: Translate, currency: str) -> list[str]:
    stored, replayed, difference = (_number(row[name], row["metric"], locale) for name in ("stored", "replayed", "difference"))
    if _unit(row["metric"]) == SHARE and row["difference"] is not None:
        difference = difference.replace("%", _("pp"))
    if row["difference"] is not None and row["difference"] > 0:
        difference = f"+{difference}"
    if row["difference"] is not None and row["stored"]:
        difference += f" ({format_decimal(100 * row['difference'] / abs(row['stored']), format='+0.0;-0.0', locale=locale)} %)"
    unit = currency if _unit(row["metric"]) == MEAN else ""
    return [
        str(format_date(row["day"], "d MMM y", locale=locale)),
        escaped_markdown(row["store_id"]),
        _("all of the store") if row["seller_id"] == ALL else escaped_markdown(row["seller_id"]),
        escaped_markdown(row["metric"]) + (f", {escaped_markdown(unit)}" if unit else ""),
        *(cell.replace("-", "−") for cell in (stored, replayed, difference)),
    ]


def _glossary(rows: pl.DataFrame, _: Translate) -> list[str]:
    names = [name for name in BY_NAME if name in set(rows["metric"])]
    if not names:
        return []
    return [f"## {_('What the metrics say')}", _listed([f"{name}: {_(BY_NAME[name].meaning)}" for name in names])]


def _unit(metric: str) -> str:
    return BY_NAME[metric].unit if metric in BY_NAME else ""


def _number(value: float | None, metric: str, locale: str) -> str:
    """A value as people read it: shares in per cent, amounts in whole units of currency, times in minutes."""
    if value is None:
        return "–"
    unit = _unit(metric)
    scaled, pattern, sign = {
        COUNT: (value, "#,##0.##", ""),
        SHARE: (100 * value, "0.0", " %"),
        MEAN: (value / 100, "#,##0.00", ""),
        TIME: (value / 60, "#,##0.0", " min"),
    }.get(unit, (value, "#,##0.###", ""))
    ending = translator(locale, DOMAIN)(sign.strip()) if unit == TIME else sign.strip()
    return f"{format_decimal(scaled, format=pattern, locale=locale)} {ending}".strip()


def _integer(number: int, locale: str) -> str:
    return str(format_decimal(number, locale=locale))


def _text(value: Any) -> str:
    """A parameter's value as JSON writes it; texts without quotes."""
    return escaped_markdown(value if isinstance(value, str) else json.dumps(value))


def _listed(lines: list[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _table(header: list[str], rows: list[list[str]], *, numbers: int = 0) -> str:
    marks = ["---"] * (len(header) - numbers) + ["---:"] * numbers
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, marks, *rows))
