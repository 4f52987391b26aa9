"""Pilots over time: each is drawn once, and its sheet is written in every language."""

from __future__ import annotations

import datetime as dt

import polars as pl

from vitrina.files import slug
from vitrina.marketplace.pilot import pilot_cases
from vitrina.marketplace.pilot_sheet import write_pilot_sheet
from vitrina.marketplace.pilot_tables import PilotCases, PilotSheets
from vitrina.settings import Settings


def pilots(  # noqa: PLR0913  # what was drawn, what is drawn from, and how
    cases: pl.DataFrame,
    sheets: pl.DataFrame,
    recommendations: pl.DataFrame,
    items: pl.DataFrame,
    users: pl.DataFrame,
    *,
    histories: pl.DataFrame,
    pilot: str | None,
    n_users: int,
    seed: int,
    settings: Settings,
    now: dt.datetime,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The pilots that were drawn, and a new one where one is asked for, or where there is none yet.

    Parameters
    ----------
    cases, sheets
        Tables `PilotCases` and `PilotSheets` as stored.
    recommendations, items, users
        Tables that cases are drawn from.
    histories
        Rows of `stg_events`.
    pilot
        Identifier of the pilot that is wanted.
    n_users
        Its cases.
    seed
        For the draw.
    settings
        Folders, languages, currency.
    now
        Names a pilot that was given no name.

    Returns
    -------
    tuple of polars.DataFrame
        The two tables.
    """
    drawn = set(sheets["pilot"].to_list())
    if (pilot is None and drawn) or pilot in drawn:
        return cases, sheets
    name = pilot or f"{now:%Y-%m-%d}"
    new = pilot_cases(recommendations, items, users, pilot=name, n_users=n_users, seed=seed)
    if new.is_empty():
        return cases, sheets
    rows = []
    for locale in settings.locales:
        path = settings.artifacts / "marketplace" / "pilot_sheets" / f"{slug(name, 40)}-{now:%Y%m%dT%H%M%S}-{locale}.xlsx"
        write_pilot_sheet(path, new, histories, items, locale, made_at=now, currency=settings.currency)
        rows.append(
            {
                "pilot": name,
                "locale": locale,
                "made_at": now,
                "cases": new["case"].n_unique(),
                "path": path.relative_to(settings.data).as_posix(),
                "size": path.stat().st_size,
            }
        )
    made = PilotSheets.check(pl.DataFrame(rows, schema=PilotSheets.polars_schema()))
    return PilotCases.check(pl.concat([cases, new])), PilotSheets.check(pl.concat([sheets, made]))
