"""Pictures of days and hours."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, cast

import altair as alt
import polars as pl

from serving.sellers.days import SellerDay
from serving.sellers.telling import LEAST_SEEN, Telling
from serving.web.drawing import Chart, drawn
from vitrina.charts import colour
from vitrina.sellers.metrics import BY_NAME, COUNT, MEAN, RATIO, SHARE, TIME

HEIGHT = 230
AXES = {COUNT: ",d", SHARE: ".0%", MEAN: ",.0f", RATIO: ".1f", TIME: ".1~f"}
"""How axes write numbers of each unit."""


def hour_name(hour: int) -> str:
    """An hour of the day.

    >>> hour_name(9)
    '09:00–10:00'
    """
    return f"{hour:02d}:00–{(hour + 1) % 24:02d}:00"


def hours_chart(hours: Sequence[Mapping[str, Any]], telling: Telling) -> Chart:
    """Customers and consultations by hour; hours that nobody could see are marked, and not drawn as quiet ones."""
    say = telling.say
    series = (("customers_seen", say("Customers"), colour(5)), ("consultations", say("Consultations"), colour(1)))
    rows = [
        {
            "hour": f"{row['hour']:02d}:00",
            "what": name,
            "count": row[column],
            "seen": telling.wording.percent(row["share_seen"]),
            "poor": row["share_seen"] < LEAST_SEEN,
        }
        for row in hours
        for column, name, _ in series
        if row["refused"] is None
    ]
    unseen = [{"hour": f"{row['hour']:02d}:00", "text": say("not seen")} for row in hours if row["refused"] is not None]
    order = list(dict.fromkeys(f"{row['hour']:02d}:00" for row in hours))
    x = alt.X(
        "hour:N", title=say("Hour of the store's clock"), sort=order, scale=alt.Scale(domain=order), axis=alt.Axis(labelAngle=0)
    )
    names = [name for _, name, _ in series]
    bars = (
        alt.Chart(_frame(rows, {"hour": pl.String, "what": pl.String, "count": pl.Int64, "seen": pl.String, "poor": pl.Boolean}))
        .mark_bar(strokeWidth=1.5)
        .encode(
            x=x,
            xOffset=alt.XOffset("what:N", sort=names),
            y=alt.Y("count:Q", title=None, axis=alt.Axis(tickMinStep=1)),
            color=alt.Color(
                "what:N",
                title=None,
                sort=names,
                scale=alt.Scale(domain=names, range=[shade for _, _, shade in series]),
                legend=alt.Legend(orient="top", labelLimit=0),
            ),
            stroke=alt.Stroke(
                "what:N",
                title=None,
                sort=names,
                scale=alt.Scale(domain=names, range=[shade for _, _, shade in series]),
                legend=alt.Legend(orient="top", labelLimit=0),
            ),
            fillOpacity=alt.condition("datum.poor", alt.value(0.25), alt.value(1)),
            tooltip=[
                alt.Tooltip("hour:N", title=say("Hour")),
                alt.Tooltip("what:N", title=" "),
                alt.Tooltip("count:Q", title=say("Number")),
                alt.Tooltip("seen:N", title=say("Could be seen")),
            ],
        )
    )
    return drawn(
        alt.layer(bars, _not_seen(unseen, x)).properties(width="container", height=HEIGHT),
        say("Customers and consultations by hour."),
        hours_summary(hours, telling),
        (say("Hour"), *names, say("Followed by a purchase"), say("Payment only"), say("Could be seen"), say("Why not")),
        [
            (
                hour_name(row["hour"]),
                *(_count(row[column], telling) for column, *_ in series),
                _count(row["successful"], telling),
                _count(row["payments"], telling),
                telling.wording.percent(row["share_seen"]),
                telling.reason(row["refused"]),
            )
            for row in hours
        ],
    )


def hours_summary(hours: Sequence[Mapping[str, Any]], telling: Telling) -> str:
    """The busiest hour, and how many could not be seen."""
    say, told = telling.say, [row for row in hours if row["refused"] is None]
    parts = []
    busiest = max(told, key=lambda row: row["customers_seen"], default=None)
    if busiest is not None and busiest["customers_seen"]:
        parts.append(
            say(
                "Busiest hour: {hour}, with {customers} customers and {consultations} consultations.",
                hour=hour_name(busiest["hour"]),
                customers=telling.wording.whole(busiest["customers_seen"]),
                consultations=telling.wording.whole(busiest["consultations"]),
            )
        )
    if any(row["share_seen"] < LEAST_SEEN for row in told):
        parts.append(
            say("Pale bars: less than {least} of the hour was filmed or could be seen.", least=telling.wording.percent(LEAST_SEEN))
        )
    return " ".join(parts)


def days_chart(days: Sequence[SellerDay], metric: str, first: dt.date, last: dt.date, telling: Telling) -> Chart:
    """A metric over days with its intervals; days without a number are marked, and why stands in the table."""
    say, by_day = telling.say, {one.day: one for one in days}
    calendar = [first + dt.timedelta(days=number) for number in range((last - first).days + 1)]
    order = [telling.short_day(day) for day in calendar]
    known, missing, table = [], [], []
    for day in calendar:
        one = by_day.get(day)
        number = None if one is None else one.number(metric)
        label = telling.short_day(day)
        if one is None or number is None:
            missing.append({"day": label, "why": say("Nobody filmed, or the seller was not there.")})
            continue
        told = telling.number(metric, number)
        seen = telling.wording.percent(one.coverage)
        table.append(
            (
                telling.weekday(day),
                told.value or telling.wording.translate("cannot be said"),
                told.range,
                told.cases,
                seen,
                told.why,
            )
        )
        if number.value is None:
            missing.append({"day": label, "why": told.why})
        else:
            value, low, high = (_scaled(metric, part, telling) for part in (number.value, number.low, number.high))
            known.append(
                {"day": label, "value": value, "low": low, "high": high, "said": told.value, "range": told.range, "seen": seen}
            )
    x = alt.X(
        "day:O",
        title=None,
        sort=order,
        scale=alt.Scale(domain=order),
        axis=alt.Axis(labelAngle=0, labelOverlap="greedy", labelSeparation=10),
    )
    unit = BY_NAME[metric].unit
    shown = alt.Axis(format=AXES[unit], tickMinStep=1) if unit == COUNT else alt.Axis(format=AXES[unit])
    y = alt.Y("value:Q", title=_axis_title(metric, telling), axis=shown, scale=alt.Scale(zero=True))
    schema = {
        "day": pl.String,
        "value": pl.Float64,
        "low": pl.Float64,
        "high": pl.Float64,
        "said": pl.String,
        "range": pl.String,
        "seen": pl.String,
    }
    base = alt.Chart(_frame(known, schema)).encode(x=x)
    tooltip = [
        alt.Tooltip("day:O", title=say("Day")),
        alt.Tooltip("said:N", title=telling.name(metric)),
        alt.Tooltip("range:N", title=telling.wording.translate("Range (95 %)")),
        alt.Tooltip("seen:N", title=say("Could be seen")),
    ]
    spans = base.mark_rule(strokeWidth=5, opacity=0.35, color=colour(1)).encode(
        y=alt.Y("low:Q", title=_axis_title(metric, telling), axis=shown), y2="high:Q"
    )
    points = base.mark_point(filled=True, size=60, opacity=1, color=colour(1)).encode(y=y, tooltip=tooltip)
    marks = (
        alt.Chart(_frame(missing, {"day": pl.String, "why": pl.String}))
        .mark_text(text="×", color="#52606d", fontSize=15)
        .encode(
            x=x,
            y=alt.value(HEIGHT - 8),
            tooltip=[alt.Tooltip("day:O", title=say("Day")), alt.Tooltip("why:N", title=say("Why not"))],
        )
    )
    return drawn(
        alt.layer(spans, points, marks).properties(width="container", height=HEIGHT),
        say("{metric} by day.", metric=telling.name(metric)),
        say("Bars show the 95 % range; × marks days without a number."),
        (
            say("Day"),
            telling.name(metric),
            telling.wording.translate("Range (95 %)"),
            telling.wording.translate("Cases"),
            say("Could be seen"),
            say("Why not"),
        ),
        table,
    )


def seller_hours_chart(found: Sequence[Mapping[str, Any]], hours: Sequence[Mapping[str, Any]], telling: Telling) -> Chart:
    """Consultations of a seller by the hour in which they began, those that a purchase followed apart.

    Parameters
    ----------
    found
        As of `serving.sellers.interactions.consultations_by_hour`.
    hours
        Hours of the store's day: those without a consultation are drawn too, and those that nobody could see are marked.
    telling
        Words.
    """
    say = telling.say
    names = (say("Followed by a purchase"), say("Not, or not known"))
    known = {row["hour"]: row for row in found}
    every = sorted({row["hour"] for row in hours} | set(known))
    counts = {hour: (known[hour]["successful"], known[hour]["consultations"]) if hour in known else (0, 0) for hour in every}
    rows = [
        {"hour": f"{hour:02d}:00", "what": name, "count": count}
        for hour, (successful, consultations) in counts.items()
        for name, count in zip(names, (successful, consultations - successful), strict=True)
    ]
    unseen = [{"hour": f"{row['hour']:02d}:00", "text": say("not seen")} for row in hours if row["refused"] is not None]
    x = alt.X(
        "hour:N",
        title=say("Hour of the store's clock"),
        sort=None,
        scale=alt.Scale(domain=[f"{hour:02d}:00" for hour in every]),
        axis=alt.Axis(labelAngle=0, labelOverlap="greedy"),
    )
    bars = (
        alt.Chart(_frame(rows, {"hour": pl.String, "what": pl.String, "count": pl.Int64}))
        .mark_bar()
        .encode(
            x=x,
            y=alt.Y("count:Q", title=None, axis=alt.Axis(tickMinStep=1)),
            color=alt.Color(
                "what:N",
                title=None,
                sort=list(names),
                scale=alt.Scale(domain=list(names), range=[colour(1), colour(5)]),
                legend=alt.Legend(orient="top", labelLimit=0),
            ),
            tooltip=[
                alt.Tooltip("hour:N", title=say("Hour")),
                alt.Tooltip("what:N", title=" "),
                alt.Tooltip("count:Q", title=say("Number")),
            ],
        )
    )
    return drawn(
        alt.layer(bars, _not_seen(unseen, x)).properties(width="container", height=HEIGHT),
        say("Consultations by hour."),
        say("By the hour in which they began."),
        (say("Hour"), say("Consultations"), names[0]),
        [(hour_name(hour), str(consultations), str(successful)) for hour, (successful, consultations) in counts.items()],
    )


def _not_seen(unseen: Sequence[Mapping[str, Any]], x: alt.X) -> alt.Chart:
    """Words in the place of bars."""
    marks = alt.Chart(_frame(unseen, {"hour": pl.String, "text": pl.String})).mark_text(
        angle=270, align="left", color="#52606d", fontSize=13, baseline="middle"
    )
    return cast("alt.Chart", marks.encode(x=x, y=alt.value(HEIGHT - 6), text="text:N"))


def _axis_title(metric: str, telling: Telling) -> str:
    unit = BY_NAME[metric].unit
    return str({TIME: telling.say("hours"), MEAN: telling.wording.money_unit}.get(unit, ""))


def _scaled(metric: str, value: float | None, telling: Telling) -> float | None:
    if value is None:
        return None
    unit = BY_NAME[metric].unit
    return value / 3600 if unit == TIME else telling.wording.units(value) if unit == MEAN else value


def _count(value: int | None, telling: Telling) -> str:
    return "—" if value is None else telling.wording.whole(value)


def _frame(rows: Sequence[Mapping[str, Any]], schema: Mapping[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=dict(schema), orient="row")
