"""What people ask and how well it is answered, drawn for pages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, cast

import altair as alt
import polars as pl
from babel import dates

from serving.posts.asked import GapWeek, Week
from serving.posts.quality import Month
from serving.web.drawing import Chart, drawn
from serving.web.languages import speaker
from serving.web.rendering import number, percent
from vitrina.charts import FAINT, PALETTE
from vitrina.settings import Locale

BLUE, ORANGE, GREEN = PALETTE[0], PALETTE[1], PALETTE[2]
WEEKS_OF_A_YEAR = 52


def answered_weeks(weeks: Sequence[Week], locale: Locale) -> Chart:
    """Questions that the bot met, week by week: answered or not."""
    say = speaker(locale)
    kinds = (say("The bot answered"), say("The bot kept silent"))
    labels = _labels([week.week for week in weeks], locale)
    rows = [
        {"week": label, "kind": kind, "questions": count}
        for label, week in zip(labels, weeks, strict=True)
        for kind, count in zip(kinds, (week.answered, week.asked_of_bot - week.answered), strict=True)
    ]
    bars = (
        alt.Chart(pl.DataFrame(rows, infer_schema_length=None))
        .mark_bar()
        .encode(
            x=_along(say("Week from")),
            y=alt.Y("questions:Q", title=say("Questions")),
            color=alt.Color(
                "kind:N",
                title=None,
                scale=alt.Scale(domain=list(kinds), range=[GREEN, ORANGE]),
                legend=alt.Legend(orient="top"),
                sort=list(kinds),
            ),
            tooltip=_tips(("week:N", say("Week from")), ("kind:N", say("Outcome")), ("questions:Q", say("Questions"))),
        )
        .properties(width="container", height=220)
    )
    met, answered = sum(week.asked_of_bot for week in weeks), sum(week.answered for week in weeks)
    share = percent(answered / met if met else None, locale)
    return drawn(
        bars,
        say("What becomes of questions, by week"),
        say("Of {met} questions the bot answered {share}.", met=number(met, locale), share=share),
        (say("Week from"), *kinds),
        [
            (label, number(week.answered, locale), number(week.asked_of_bot - week.answered, locale))
            for label, week in zip(labels, weeks, strict=True)
        ],
    )


def new_gaps(weeks: Sequence[GapWeek], locale: Locale) -> Chart:
    """Gaps by the week in which they were asked first."""
    say = speaker(locale)
    labels = _labels([week.week for week in weeks], locale)
    rows = [{"week": label, "gaps": week.gaps} for label, week in zip(labels, weeks, strict=True)]
    bars = (
        alt.Chart(pl.DataFrame(rows, infer_schema_length=None))
        .mark_bar(color=BLUE)
        .encode(
            x=_along(say("Week from")),
            y=alt.Y("gaps:Q", title=say("New gaps"), axis=alt.Axis(tickMinStep=1, format="d")),
            tooltip=_tips(("week:N", say("Week from")), ("gaps:Q", say("New gaps"))),
        )
        .properties(width="container", height=220)
    )
    return drawn(
        bars,
        say("When gaps came up"),
        say("By the week in which each was asked first."),
        (say("Week from"), say("New gaps")),
        [(label, number(week.gaps, locale)) for label, week in zip(labels, weeks, strict=True)],
    )


def repeated_weeks(weeks: Sequence[Week], locale: Locale) -> Chart:
    """Share of questions that had been asked before, week by week."""
    say = speaker(locale)
    kinds = {True: say("The bot was there"), False: say("Without the bot")}
    labels = _labels([week.week for week in weeks], locale)
    rows = [
        {"week": label, "share": week.repeated / week.questions, "bot": kinds[week.asked_of_bot > 0], "questions": week.questions}
        for label, week in zip(labels, weeks, strict=True)
    ]
    seen = [kind for kind in kinds.values() if any(row["bot"] == kind for row in rows)]
    looks = {kinds[True]: (BLUE, "circle"), kinds[False]: (ORANGE, "triangle-up")}
    base = alt.Chart(pl.DataFrame(rows, infer_schema_length=None)).encode(
        x=_along(say("Week from")),
        y=alt.Y("share:Q", title=say("Asked before"), scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%", tickCount=5)),
    )
    points = base.mark_point(filled=True, size=60, opacity=1).encode(
        color=alt.Color(
            "bot:N",
            title=None,
            scale=alt.Scale(domain=seen, range=[looks[kind][0] for kind in seen]),
            legend=alt.Legend(orient="top"),
        ),
        shape=alt.Shape("bot:N", title=None, scale=alt.Scale(domain=seen, range=[looks[kind][1] for kind in seen])),
        tooltip=_tips(
            ("week:N", say("Week from")), ("share:Q", say("Asked before"), ".0%"), ("questions:Q", say("Questions")), ("bot:N", "")
        ),
    )
    chart = alt.layer(base.mark_line(color=FAINT), points).properties(width="container", height=220)
    return drawn(
        chart,
        say("How many questions had been asked before, by week"),
        say(
            "Share of the questions that were asked in the same chat in the 90 days before. The first weeks have little before them."
        ),
        (say("Week from"), say("Questions"), say("Asked before")),
        [
            (label, number(week.questions, locale), percent(week.repeated / week.questions, locale))
            for label, week in zip(labels, weeks, strict=True)
        ],
    )


def shares_by_month(months: Sequence[Month], locale: Locale) -> Chart:
    """How often the bot answers and how often that helps, month by month, with intervals; what it expected beside it."""
    say = speaker(locale)
    answers, helps, expected = say("It answers"), say("It helps"), say("It expected to help")
    rows: list[dict[str, Any]] = []
    for month in months:
        label = _month(month.month, locale)
        told = (
            (answers, month.share_answered, month.answered_low, month.answered_high, month.questions),
            (helps, month.share_helped, month.helped_low, month.helped_high, month.presses),
            (expected, month.expected_helped, None, None, month.presses),
        )
        rows += [
            {"month": label, "what": what, "share": share, "low": low, "high": high, "n": n}
            for what, share, low, high, n in told
            if share is not None
        ]
    looks = {answers: (GREEN, "circle"), helps: (BLUE, "square"), expected: (ORANGE, "diamond")}
    # of a single channel nobody knows how much it was asked
    kinds = [what for what in looks if any(row["what"] == what for row in rows)]
    base = alt.Chart(pl.DataFrame(rows, infer_schema_length=None)).encode(
        x=alt.X(
            "month:O",
            title=None,
            sort=None,
            axis=alt.Axis(labelAngle=0, labelOverlap="greedy"),
            scale=alt.Scale(paddingInner=0.6, paddingOuter=0.3),
        ),
        xOffset=alt.XOffset("what:N", sort=kinds),
        color=alt.Color(
            "what:N",
            title=None,
            sort=kinds,
            scale=alt.Scale(domain=kinds, range=[looks[what][0] for what in kinds]),
            legend=alt.Legend(orient="top"),
        ),
    )
    scale, axis = alt.Scale(domain=[0, 1]), alt.Axis(format="%", tickCount=5)
    spread = base.mark_rule(strokeWidth=2).encode(y=alt.Y("low:Q", title=None, scale=scale, axis=axis), y2="high:Q")
    points = base.mark_point(filled=True, size=80, opacity=1).encode(
        y=alt.Y("share:Q", title=None, scale=scale, axis=axis),
        shape=alt.Shape("what:N", title=None, sort=kinds, scale=alt.Scale(domain=kinds, range=[looks[what][1] for what in kinds])),
        tooltip=_tips(
            ("month:N", say("Month")),
            ("what:N", ""),
            ("share:Q", say("Share"), ".0%"),
            ("low:Q", say("Interval from"), ".0%"),
            ("high:Q", say("Interval to"), ".0%"),
            ("n:Q", say("Out of")),
        ),
    )
    return drawn(
        alt.layer(spread, points).properties(width="container", height=260),
        say("Does it answer, and does that help?"),
        say("Share of questions that were answered, and of presses that said “helped”; lines are 95 % intervals."),
        (say("Month"), answers, helps, expected),
        [
            (
                _month(month.month, locale),
                interval(month.share_answered, month.answered_low, month.answered_high, locale),
                interval(month.share_helped, month.helped_low, month.helped_high, locale),
                percent(month.expected_helped, locale),
            )
            for month in months
        ],
    )


def interval(value: float | None, low: float | None, high: float | None, locale: Locale) -> str:
    r"""A share with its interval, as people read it.

    >>> interval(0.71, 0.65, 0.76, "en").replace("\N{NO-BREAK SPACE}", " ")
    '71 % (65–76 %)'
    """
    if value is None or low is None or high is None:
        return percent(value, locale)
    return f"{percent(value, locale)} ({number(100 * low, locale)}–{percent(high, locale)})"


def _labels(weeks: Sequence[dt.date], locale: Locale) -> list[str]:
    """Mondays; with the year where the same day of another year may be among them."""
    written = "d MMM y" if len(weeks) >= WEEKS_OF_A_YEAR else "d MMM"
    return [str(dates.format_date(week, written, locale=locale)) for week in weeks]


def _month(month: dt.date, locale: Locale) -> str:
    return str(dates.format_date(month, "LLL y", locale=locale))


def _along(title: str) -> alt.X:
    return alt.X("week:O", title=title, sort=None, axis=alt.Axis(labelAngle=0, labelOverlap="greedy"))


def _tips(*fields: tuple[str, ...]) -> list[alt.Tooltip]:
    return [
        alt.Tooltip(field, title=title or " ", **cast("Mapping[str, Any]", {"format": form[0]} if form else {}))
        for field, title, *form in fields
    ]
