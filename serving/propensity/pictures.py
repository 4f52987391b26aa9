"""Charts of quality, drift and effect."""

from __future__ import annotations

import datetime as dt
from typing import Any, cast

import altair as alt
import polars as pl
from babel import dates

from serving.propensity.judging import Decile, Row
from serving.web.drawing import Chart, drawn
from serving.web.languages import speaker
from serving.web.rendering import number, percent
from vitrina.charts import FAINT, INK, colour
from vitrina.i18n import translator
from vitrina.propensity.drift import DRIFTED
from vitrina.propensity.reasons import DOMAIN
from vitrina.settings import Locale

SCORERS = ("scores", "one_column", "random")
MOST_FEATURES = 14
HEIGHT = 260
LEGEND = alt.Legend(orient="top", labelLimit=400)


def gini_by_month(rows: list[Row], locale: Locale) -> Chart | None:
    """How well each month was ranked, beside the best single column and chance; None where no month is judged."""
    say = speaker(locale)
    names = {"scores": say("the scores"), "one_column": say("the best single column"), "random": say("a random order")}
    kept = [row for row in rows if row["measure"] == "gini" and row["scorer"] in SCORERS and row["value"] is not None]
    judged = sorted({row["month"] for row in kept if row["scorer"] == "scores"})
    if not judged:
        return None
    frame = pl.DataFrame(
        [
            {
                "month": month_name(row["month"], locale),
                "at": row["month"].isoformat(),
                "who": names[row["scorer"]],
                **{name: row[name] for name in ("value", "low", "high", "openings")},
                "is_score": row["scorer"] == "scores",
            }
            for row in kept
        ]
    )
    order = [month_name(month, locale) for month in judged]
    base = alt.Chart(frame).encode(
        x=alt.X("month:N", sort=order, title=None, axis=alt.Axis(labelAngle=-40, grid=False)),
        color=alt.Color("who:N", title=None, scale=_scale(list(names.values())), legend=LEGEND),
        tooltip=[
            alt.Tooltip("month:N", title=say("Month")),
            alt.Tooltip("who:N", title=say("Ranked by")),
            alt.Tooltip("value:Q", title="Gini", format=".3f"),
            alt.Tooltip("low:Q", title=say("lower end"), format=".3f"),
            alt.Tooltip("high:Q", title=say("upper end"), format=".3f"),
            alt.Tooltip("openings:Q", title=say("Openings")),
        ],
    )
    layers = (
        base.mark_line(strokeWidth=1.5).encode(y=alt.Y("value:Q", title="Gini")),
        base.transform_filter(alt.datum.is_score).mark_rule(strokeWidth=2).encode(y="low:Q", y2="high:Q"),
        base.mark_point(filled=True, size=55, opacity=1).encode(
            y="value:Q", shape=alt.Shape("who:N", title=None, scale=alt.Scale(domain=list(names.values())), legend=LEGEND)
        ),
    )
    by_month = {(row["month"], row["scorer"]): row for row in kept}
    return drawn(
        cast("alt.LayerChart", alt.layer(*layers)).properties(width="container", height=HEIGHT),
        say("How well clients were ranked, month by month."),
        say("Each month by a model that knew nothing of it; 1 is a perfect order, 0 is chance. Vertical lines: 95 % intervals."),
        [say("Month"), say("Gini of the scores"), say("95 % interval"), say("The best single column"), say("Openings")],
        [_gini_row(month, by_month, locale) for month in reversed(judged)],
    )


def promised_and_came(deciles: list[Decile], month: dt.date, locale: Locale) -> Chart | None:
    """What was promised of each tenth, and what came; None where the month is not judged."""
    if not deciles:
        return None
    say = speaker(locale)
    promised, came = say("promised"), say("came")
    frame = pl.DataFrame(
        [
            {"decile": one.decile, "kind": kind, "share": share, "low": one.low, "high": one.high, "clients": one.clients}
            for one in deciles
            for kind, share in ((promised, one.promised), (came, one.came))
        ]
    )
    base = alt.Chart(frame).encode(
        x=alt.X("decile:O", title=say("Tenth of the clients, 1 the likeliest"), axis=alt.Axis(labelAngle=0, grid=False)),
        xOffset=alt.XOffset("kind:N", sort=[promised, came]),
        tooltip=[
            alt.Tooltip("decile:O", title=say("Decile")),
            alt.Tooltip("kind:N", title=say("What it is")),
            alt.Tooltip("share:Q", title=say("Share"), format=".1%"),
            alt.Tooltip("clients:Q", title=say("Clients")),
        ],
    )
    bars = base.mark_bar().encode(
        y=alt.Y("share:Q", title=say("Clients who opened"), axis=alt.Axis(format="%")),
        color=alt.Color("kind:N", title=None, scale=alt.Scale(domain=[promised, came], range=[FAINT, colour(1)]), legend=LEGEND),
    )
    whiskers = base.transform_filter(alt.datum.kind == came).mark_rule(color=INK).encode(y="low:Q", y2="high:Q")
    columns = [
        say("Decile"),
        say("Clients"),
        say("Opened the account"),
        say("Promised"),
        say("Came"),
        say("95 % interval"),
        say("Lift"),
        say("Gain"),
    ]
    return drawn(
        cast("alt.LayerChart", alt.layer(bars, whiskers)).properties(width="container", height=HEIGHT),
        say("Promised and came, {month}.", month=month_name(month, locale)),
        say("By tenths of the clients. Where both bars are alike, probabilities can be taken at their word."),
        columns,
        [
            [
                str(one.decile),
                number(one.clients, locale),
                number(one.openings, locale),
                percent(one.promised, locale, 1),
                percent(one.came, locale, 1),
                f"{percent(one.low, locale, 1)} – {percent(one.high, locale, 1)}",
                number(one.lift, locale, 2),
                percent(one.gain, locale, 0),
            ]
            for one in deciles
        ],
    )


def moved(rows: list[Row], locale: Locale) -> Chart | None:
    """How far what moved furthest has moved, month by month; None where nothing was compared."""
    if not rows:
        return None
    say = speaker(locale)
    furthest: dict[str, float] = {}
    for row in rows:
        furthest[row["feature"]] = max(row["psi"], furthest.get(row["feature"], 0))
    kept = sorted(furthest, key=lambda feature: (feature != "score", -furthest[feature], feature))[:MOST_FEATURES]
    labels = _apart({row["feature"]: feature_name(row, locale) for row in reversed(rows)})
    months = sorted({row["month"] for row in rows})
    steps = [say("alike"), say("worth a look"), say("has moved")]
    frame = pl.DataFrame(
        [
            {
                "month": month_name(row["month"], locale),
                "feature": labels[row["feature"]],
                "psi": row["psi"],
                "text": number(row["psi"], locale, 2),
                "step": steps[(row["psi"] > WORTH_A_LOOK) + (row["psi"] > DRIFTED)],
            }
            for row in rows
            if row["feature"] in kept
        ]
    )
    base = alt.Chart(frame).encode(
        x=alt.X(
            "month:N", sort=[month_name(month, locale) for month in months], title=None, axis=alt.Axis(labelAngle=-40, grid=False)
        ),
        y=alt.Y("feature:N", sort=[labels[feature] for feature in kept], title=None, axis=alt.Axis(labelLimit=190, grid=False)),
        tooltip=[
            alt.Tooltip("feature:N", title=say("Feature")),
            alt.Tooltip("month:N", title=say("Month")),
            alt.Tooltip("text:N", title=say("Stability index")),
            alt.Tooltip("step:N", title=say("That is")),
        ],
    )
    cells = base.mark_rect(stroke="white").encode(
        color=alt.Color("step:N", title=None, scale=alt.Scale(domain=steps, range=STEPS), legend=LEGEND)
    )
    texts = base.mark_text(fontSize=10).encode(
        text="text:N", color=alt.condition(alt.datum.psi > DRIFTED, alt.value("white"), alt.value(INK))
    )
    by_cell = {(row["feature"], row["month"]): row["psi"] for row in rows}
    return drawn(
        cast("alt.LayerChart", alt.layer(cells, texts)).properties(width="container", height=24 * len(kept)),
        say("What has moved, and when."),
        say(
            "Each month against the months that its model learnt from (population stability index): above {limit} it is a significant shift.",
            limit=number(DRIFTED, locale, 2),
        ),
        [say("Feature"), *(month_name(month, locale) for month in months)],
        [[labels[feature], *(number(by_cell.get((feature, month)), locale, 2) for month in months)] for feature in kept],
    )


WORTH_A_LOOK = 0.1
STEPS = ["#E8F1F8", "#F6DDA6", "#A63D00"]


def top_against_rule(rows: list[Row], locale: Locale) -> Chart | None:
    """Openings among the likeliest beside those among whom today's rule chose; None where no such month is known."""
    kept = sorted((row for row in rows if row["measure"] == "captured_openings_difference"), key=lambda row: row["month"])
    if not kept:
        return None
    say = speaker(locale)
    ours, theirs = say("the likeliest clients"), say("chosen by today's rule")
    frame = pl.DataFrame(
        [
            {"month": month_name(row["month"], locale), "who": who, "openings": row[name], "clients": row[f"n_{group}"]}
            for row in kept
            for who, name, group in ((ours, "openings_offer", "offer"), (theirs, "openings_control", "control"))
        ]
    )
    order = [month_name(row["month"], locale) for row in kept]
    bars = (
        alt.Chart(frame)
        .mark_bar()
        .encode(
            x=alt.X("month:N", sort=order, title=None, axis=alt.Axis(labelAngle=-40, grid=False)),
            xOffset=alt.XOffset("who:N", sort=[ours, theirs]),
            y=alt.Y("openings:Q", title=say("Openings")),
            color=alt.Color("who:N", title=None, scale=_scale([ours, theirs]), legend=LEGEND),
            tooltip=[
                alt.Tooltip("month:N", title=say("Month")),
                alt.Tooltip("who:N", title=say("Who")),
                alt.Tooltip("openings:Q", title=say("Openings")),
                alt.Tooltip("clients:Q", title=say("Clients")),
            ],
        )
        .properties(width="container", height=HEIGHT)
    )
    return drawn(
        bars,
        say("Openings among as many clients, chosen in two ways."),
        say(
            "The top of the ranking, cut to as many clients as today's rule contacted. Not an experiment: a contact may itself bring an opening."
        ),
        [
            say("Month"),
            say("Clients"),
            say("The likeliest clients"),
            say("Chosen by today's rule"),
            say("Difference"),
            say("95 % interval"),
        ],
        [
            [
                month_name(row["month"], locale),
                number(row["n_offer"], locale),
                number(row["openings_offer"], locale),
                number(row["openings_control"], locale),
                number(row["value"], locale, 0),
                f"{number(row['low'], locale, 0)} – {number(row['high'], locale, 0)}",
            ]
            for row in reversed(kept)
        ],
    )


def month_name(month: dt.date, locale: Locale) -> str:
    """A month as axes and tables show it."""
    return str(dates.format_date(month, "LLL y", locale=locale))


def feature_name(row: Row, locale: Locale) -> str:
    """What people call a feature: ours by words, the bank's by the name of its column."""
    say = speaker(locale)
    return str(say("the score itself")) if row["feature"] == "score" else translator(locale, DOMAIN)(row["label"])


def _apart(labels: dict[str, str]) -> dict[str, str]:
    """Names that stand for one feature each."""
    named = list(labels.values())
    return {feature: label if named.count(label) == 1 else f"{label} ({feature})" for feature, label in labels.items()}


def _scale(names: list[str]) -> Any:
    return alt.Scale(domain=names, range=[colour(1), colour(2), FAINT][: len(names)])


def _gini_row(month: dt.date, rows: dict[tuple[dt.date, str], Row], locale: Locale) -> list[str]:
    score, column = rows[month, "scores"], rows.get((month, "one_column"))
    return [
        month_name(month, locale),
        number(score["value"], locale, 3),
        f"{number(score['low'], locale, 3)} – {number(score['high'], locale, 3)}",
        number(None if column is None else column["value"], locale, 3),
        number(score["openings"], locale),
    ]
