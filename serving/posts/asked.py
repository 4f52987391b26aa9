"""What people ask: in vain, again and again, and week by week; of parts of it, whatever is somebody's to see."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from serving.posts.channels import web_link
from serving.web.versions import Version

LATELY = dt.timedelta(weeks=4)
MOST_EXAMPLES = 3

GAPS, REPEATED, WEEKS = "mart_coverage_gaps", "mart_repeated_questions", "mart_question_weeks"


@dataclass(frozen=True)
class Scope:
    """What of the questions may be shown.

    Attributes
    ----------
    channels
        Channels that may be seen; None for all.
    chats
        Chats in which nothing but these channels is shown; None for all.
    """

    channels: frozenset[str] | None = None
    chats: frozenset[str] | None = None

    @property
    def is_whole(self) -> bool:
        """Whether all may be seen."""
        return self.channels is None

    def holds_chats(self, chats: Iterable[str] | None) -> bool:
        """Whether what was asked in these chats, and in no others, may be shown; not where nobody knows in which."""
        return self.chats is None or (chats is not None and self.chats.issuperset(chats))

    def holds_channel(self, channel: str | None) -> bool:
        """Whether a channel may be shown."""
        return self.channels is None or channel in self.channels


@dataclass(frozen=True)
class Gap:
    """A question that people ask and no post answers: a row of `mart_coverage_gaps`."""

    group_id: str
    question: str
    times_asked: int
    people: int
    chats: int
    first_asked_at: dt.datetime
    last_asked_at: dt.datetime
    times_silent: int
    best_probability: float | None


@dataclass(frozen=True)
class BestPost:
    """The post that answers a question best.

    Attributes
    ----------
    channel, post_id
        Which.
    link, text
        Where it can be read, and its text; None where it is not published any more.
    times_shown
        Times that it was shown.
    """

    channel: str
    post_id: str
    link: str | None
    text: str | None
    times_shown: int


@dataclass(frozen=True)
class Repeated:
    """A question that was asked again: a row of `mart_repeated_questions`, with the post that answers it."""

    group_id: str
    question: str
    times_asked: int
    times_repeated: int
    people: int
    chats: int
    first_asked_at: dt.datetime
    last_asked_at: dt.datetime
    asked_of_bot: int
    answered: int
    share_answered: float | None
    best: BestPost | None


@dataclass(frozen=True)
class Week:
    """Questions of a week, over chats.

    Attributes
    ----------
    week
        Its Monday.
    questions, repeated
        Questions, and those that had been asked in their chat not long before.
    asked_of_bot, answered
        Questions that the bot met, and those that it answered.
    """

    week: dt.date
    questions: int
    repeated: int
    asked_of_bot: int
    answered: int


@dataclass(frozen=True)
class GapWeek:
    """A week in which gaps came up.

    Attributes
    ----------
    week
        Its Monday, UTC.
    gaps, times_asked
        Gaps that were asked first in it, and how often since.
    examples
        The most frequent of them.
    """

    week: dt.date
    gaps: int
    times_asked: int
    examples: tuple[str, ...]


def gaps(version: Version, scope: Scope, since: dt.date | None = None) -> list[Gap]:
    """Questions that no post answers, the most frequent first.

    Parameters
    ----------
    version
        Of posts.
    scope
        What may be shown.
    since
        Leave out what was not asked since this day, UTC.

    Raises
    ------
    PublicationError
        The table is held back.
    """
    version.require(GAPS)
    every = version.remembered("gaps", lambda: [(row.pop("asked_in", None), Gap(**row)) for row in _rows(version, GAPS)])
    return [gap for asked_in, gap in every if scope.holds_chats(asked_in) and _asked_since(gap.last_asked_at, since)]


def gap_weeks(every: Iterable[Gap]) -> list[GapWeek]:
    """Gaps by the week in which they were asked first; weeks without any are left out."""
    found: defaultdict[dt.date, list[Gap]] = defaultdict(list)
    for gap in every:
        day = gap.first_asked_at.astimezone(dt.UTC).date()
        found[day - dt.timedelta(days=day.weekday())].append(gap)
    return [
        GapWeek(week, len(new), sum(gap.times_asked for gap in new), tuple(gap.question for gap in new[:MOST_EXAMPLES]))
        for week, new in sorted(found.items())
    ]


def still_asked(every: Sequence[Gap]) -> int:
    """Gaps that were asked in the four weeks up to the latest question."""
    latest = max((gap.last_asked_at for gap in every), default=None)
    return 0 if latest is None else sum(gap.last_asked_at > latest - LATELY for gap in every)


def repeated_questions(
    version: Version, scope: Scope, since: dt.date | None = None, channels: Collection[str] | None = None
) -> list[Repeated]:
    """Questions that were asked again, the most frequent first: all, or those that somebody's posts answer or chats hold.

    Parameters
    ----------
    version
        Of posts.
    scope
        What may be shown.
    since
        Leave out what was not asked since this day, UTC.
    channels
        Leave out what no post of these channels answers.

    Raises
    ------
    PublicationError
        The table is held back.
    """
    version.require(REPEATED)
    every = version.remembered("repeated", lambda: list(_repeated(version)))
    found = []
    for asked_in, one in every:
        answered_by = None if one.best is None else one.best.channel
        theirs = scope.holds_channel(answered_by) if answered_by is not None else scope.is_whole
        if not theirs and not scope.holds_chats(asked_in):
            continue
        if _asked_since(one.last_asked_at, since) and (channels is None or answered_by in channels):
            found.append(one)
    return found


def weeks(version: Version, scope: Scope) -> list[Week]:
    """Weeks with questions, in order.

    Raises
    ------
    PublicationError
        The table is held back.
    """
    version.require(WEEKS)
    chats = None if scope.chats is None else sorted(scope.chats)
    rows = version.rows(
        """
        SELECT
            week, sum(questions)::BIGINT AS questions, sum(repeated)::BIGINT AS repeated,
            sum(asked_of_bot)::BIGINT AS asked_of_bot, sum(answered)::BIGINT AS answered
        FROM mart_question_weeks
        WHERE $chats::VARCHAR[] IS NULL OR list_contains($chats::VARCHAR[], platform || ':' || chat_id)
        GROUP BY week
        ORDER BY week
        """,
        {"chats": chats},
    )
    return [Week(**row) for row in rows]


def _rows(version: Version, table: str) -> list[dict[str, Any]]:
    return version.rows(f"SELECT * FROM {table} ORDER BY times_asked DESC, last_asked_at DESC, group_id")  # noqa: S608  # a name of ours


def _repeated(version: Version) -> Iterable[tuple[list[str] | None, Repeated]]:
    posts: dict[tuple[str, str], tuple[str | None, str]] = {}
    if version.has("posts"):
        named = version.rows(
            """
            SELECT DISTINCT platform || ':' || channel_id AS channel, post_id, link, text
            FROM posts
            INNER JOIN mart_repeated_questions AS asked
                ON platform || ':' || channel_id = asked.best_channel AND post_id = asked.best_post
            """
        )
        posts = {(row["channel"], row["post_id"]): (web_link(row["link"]), row["text"]) for row in named}
    for row in _rows(version, REPEATED):
        asked_in, channel, post = row.pop("asked_in", None), row.pop("best_channel"), row.pop("best_post")
        times_shown = row.pop("times_best_shown")
        best = None
        if channel is not None and post is not None:
            link, text = posts.get((channel, post), (None, None))
            best = BestPost(channel, post, link, text, times_shown)
        yield asked_in, Repeated(**row, best=best)


def _asked_since(last: dt.datetime, since: dt.date | None) -> bool:
    return since is None or last.astimezone(dt.UTC).date() >= since
