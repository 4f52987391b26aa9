"""Why an item is shown, as a sentence for the person who sees it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import polars as pl

from vitrina.errors import InvalidTableError
from vitrina.i18n import Translate, plural_translator, translator
from vitrina.marketplace.tables import REASONS

DOMAIN = "marketplace"
MOST_TITLE = 80
"""Characters of a title or a name inside a sentence."""

CUT = "…"
ANY_PLATFORM = "any"
"""How `PopularItems` names all platforms together."""


class _Given(NamedTuple):
    """What a reason speaks of; what it does not speak of is ``None``."""

    reason: str
    reason_days: int | None
    title: str | None
    category: str | None
    platform: str | None


def sentences(frame: pl.DataFrame, language: str) -> pl.Series:
    """One sentence per row; each distinct sentence is made once.

    Parameters
    ----------
    frame
        ``reason`` (one of `REASONS`), ``reason_days`` (days, for what is bought again), ``title`` (of the item that the
        reason speaks of), ``category`` (of the item that is shown), ``platform`` (of the popularity; null or ``any`` for all
        together). Where the one that a reason needs is null, the sentence does without.
    language
        ``"en"`` or ``"ru"``.

    Returns
    -------
    polars.Series
        Text, as long as the frame, named ``sentence``.

    Raises
    ------
    InvalidTableError
        A row has a reason that is not declared.
    SettingsError
        There is no such language.
    """
    _refuse_unknown(frame.get_column("reason"))
    given = frame.select(
        "reason",
        _only_for("bought again", "reason_days").cast(pl.Int64),
        _only_for("goes with", "title"),
        _only_for("new in category", "category"),
        _only_for("popular", "platform").replace(ANY_PLATFORM, None),
    )
    distinct = given.unique(maintain_order=True)
    word = _sentence_in(language)
    said = distinct.with_columns(pl.Series("sentence", [word(_Given(*row)) for row in distinct.iter_rows()], dtype=pl.String))
    return given.join(said, on=given.columns, how="left", nulls_equal=True, maintain_order="left").get_column("sentence")


@cache
def _wording_in(language: str) -> Callable[[_Given], str]:
    return _sentence_in(language)


def sentence(reason: str, language: str, *, name: str | None = None, days: int | None = None) -> str:
    """The sentence for one item that is shown now; the same as `sentences` makes.

    Parameters
    ----------
    reason
        One of `REASONS`.
    language
        ``"en"`` or ``"ru"``.
    name
        What the reason speaks of, if it is known: title of an item, category, or platform.
    days
        Days after which it is bought again, where they are known.

    Examples
    --------
    >>> sentence("goes with", "en", name="White metal lantern"), sentence("bought again", "en", days=30)
    ('Goes with White metal lantern', 'Bought again about every 30 days')
    """
    again = reason == "bought again"
    return _wording_in(language)(_Given(reason, days if again else None, None if again else name, None, None))


def _only_for(reason: str, column: str) -> pl.Expr:
    return pl.when(pl.col("reason") == reason).then(pl.col(column)).alias(column)


def _refuse_unknown(reasons: pl.Series) -> None:
    unknown = reasons.filter(~reasons.is_in(REASONS).fill_null(value=False)).unique().sort().to_list()
    if unknown:
        raise InvalidTableError(
            f"No sentence says why an item is shown for the reason {unknown[0]!r}.", f"Use one of {', '.join(REASONS)}."
        )


def _sentence_in(language: str) -> Callable[[_Given], str]:
    translate, ngettext = translator(language, DOMAIN), plural_translator(language, DOMAIN)
    wordings = _wordings(translate)

    def sentence(given: _Given) -> str:
        if given.reason_days is not None:
            days = given.reason_days
            return ngettext("Bought again about every day", "Bought again about every {days} days", days).format(days=days)
        named, unnamed = wordings[given.reason]
        name = _shown(given.title or given.category or given.platform)
        return named.format(name=name) if name else unnamed

    return sentence


def _wordings(translate: Translate) -> dict[str, tuple[str, str]]:
    """Reason → the sentence with the name of what it speaks of, and the one without."""
    taste = translate("Chosen by people with similar taste")
    again = translate("Bought again and again")
    return {
        "bought again": (again, again),
        "goes with": (translate("Goes with {name}"), translate("Goes with what you looked at")),
        "similar taste": (taste, taste),
        "new in category": (translate("New in {name}"), translate("New here")),
        "popular": (translate("Popular now on {name}"), translate("Popular now")),
    }


def _shown(text: str | None) -> str:
    """A name inside a sentence: on one line, and cut where it is too long."""
    line = " ".join((text or "").split())
    return line if len(line) <= MOST_TITLE else line[: MOST_TITLE - len(CUT)].rstrip() + CUT
