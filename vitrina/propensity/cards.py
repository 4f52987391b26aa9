"""The card of a month's model: what it learnt from, whom it leaves out, how good it has been, where its limits are.

After M. Mitchell and others (2019), Model cards for model reporting, FAT* '19.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from vitrina.i18n import Translate, translator
from vitrina.markdown import escaped_markdown
from vitrina.propensity.tables import ModelCards

DOMAIN = "propensity"
LOCALES = ("en", "ru")
JUDGED_MONTHS = 6
SHOWN = 10


def model_cards(
    models: pl.DataFrame, backtest: pl.DataFrame, drift: pl.DataFrame, excluded: pl.DataFrame, suspicions: pl.DataFrame
) -> pl.DataFrame:
    """One card per scored month and language.

    Parameters
    ----------
    models, backtest, drift, suspicions
        Rows of `PropensityModels`, `PropensityBacktest`, `PropensityDrift` and `FeatureSuspicions`.
    excluded
        ``month``, ``rule``, ``clients``: why clients were left out of each month, and ``scored`` for those who were not.

    Returns
    -------
    polars.DataFrame
        Rows of `ModelCards`. A card knows what was known when its month began: of months judged, only those before it.
    """
    rows = []
    for model in models.filter("makes_scores").sort("month").iter_rows(named=True):
        month = model["month"]
        moved, left_out, suspected = (frame.filter(pl.col("month") == month) for frame in (drift, excluded, suspicions))
        judged = backtest.filter(
            (pl.col("month") < month)
            & (pl.col("scorer") == "scores")
            & (pl.col("measure") == "gini")
            & (pl.col("segment_kind") == "all")
        )
        rows += [
            {
                "month": month,
                "locale": locale,
                "version": model["version"],
                "card": _card(model, judged, moved, left_out, suspected, _=translator(locale, DOMAIN)),
            }
            for locale in LOCALES
        ]
    return ModelCards.check(pl.DataFrame(rows, schema=ModelCards.polars_schema()))


def _card(
    model: dict[str, object],
    judged: pl.DataFrame,
    drift: pl.DataFrame,
    excluded: pl.DataFrame,
    suspicions: pl.DataFrame,
    _: Translate,
) -> str:
    moved = drift.filter("has_drifted").sort("psi", descending=True)["feature"].to_list()
    parts = [
        f"# {_('Model')} {model['version']}",
        _("Ranks small-business clients by how likely they open a settlement account within the horizon, and says how likely."),
        f"## {_('What it learnt from')}",
        _list(
            (_("Kind"), _(str(model["family"]))),
            (_("Months"), f"{_month(model['learnt_from'])} – {_month(model['learnt_until'])}"),
            (_("Probabilities calibrated on"), _month(model["calibrated_on"])),
            (_("Clients"), model["clients"]),
            (_("Openings"), model["openings"]),
            (_("Features"), model["features"]),
            (_("Parameters"), f"`{model['parameters']}`"),
        ),
        f"## {_('Whom it scores')}",
        _list(*((_(rule), clients) for rule, clients in excluded.select("rule", "clients").sort("rule").iter_rows())),
        f"## {_('How good it has been')}",
        _list(
            (_("Gini on the month of calibration, by a model of months over before"), _number(model["gini_held_out"])),
            *(
                (_month(month), f"{_number(value)} [{_number(low)}, {_number(high)}]")
                for month, value, low, high in _latest(judged)
            ),
        ),
        f"## {_('Limits')}",
        _list(
            (_("Have moved since"), _names(moved, _)),
            (_("Suspected of giving the answer away"), _names(suspicions["feature"].to_list(), _)),
        ),
        _(
            "It says who is likely to open the account, not whom an offer persuades: the control group of the campaign measures that."
        ),
        _("A month whose openings are not known yet cannot be judged: the newest figures are of some months ago."),
    ]
    return "\n\n".join(parts) + "\n"


def _latest(judged: pl.DataFrame) -> list[tuple[dt.date, float, float, float]]:
    return (
        judged.filter(pl.col("value").is_not_null())
        .sort("month")
        .tail(JUDGED_MONTHS)
        .select("month", "value", "low", "high")
        .rows()
    )


def _list(*rows: tuple[str, object]) -> str:
    return "\n".join(f"- {name}: {value}" for name, value in rows)


def _names(names: list[str], _: Translate) -> str:
    shown = ", ".join(escaped_markdown(name) for name in names[:SHOWN]) or _("none")
    return shown + (" …" if len(names) > SHOWN else "")


def _month(month: object) -> str:
    return f"{month:%Y-%m}" if isinstance(month, dt.date) else ""


def _number(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else "–"
