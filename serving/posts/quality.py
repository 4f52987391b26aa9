"""How good answers are, and what they cost: month by month, by channel and by chat."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from serving.posts.asked import Scope
from serving.web.versions import Version
from vitrina.posts.measures import wilson

ALL = "*"


@dataclass(frozen=True)
class Month:
    """A month of a channel, or of all of them: a row of `mart_answer_quality`.

    Attributes
    ----------
    month, channel
        Its first day; ``*`` for all channels.
    questions, answered, silent, not_looked_at
        Questions, and what became of them; all but `answered` are None for a single channel, for silence is no channel's.
    share_answered, answered_low, answered_high
        Share of the questions that were answered, with its 95 % interval (Wilson).
    helped, not_helped
        Presses of the buttons.
    share_helped, helped_low, helped_high
        Share of the presses that said that an answer had helped, with its interval.
    expected_helped
        What the bot had said of these answers: its mean probability.
    """

    month: dt.date
    channel: str
    questions: int | None
    answered: int
    silent: int | None
    not_looked_at: int | None
    share_answered: float | None
    answered_low: float | None
    answered_high: float | None
    helped: int
    not_helped: int
    share_helped: float | None
    helped_low: float | None
    helped_high: float | None
    expected_helped: float | None

    @property
    def has_share(self) -> bool:
        """Whether there is a share of anything."""
        return self.share_answered is not None or self.share_helped is not None

    @property
    def presses(self) -> int:
        """Presses of either button."""
        return self.helped + self.not_helped


@dataclass(frozen=True)
class Share:
    """A share with its 95 % interval, and of how many."""

    value: float
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True)
class Promise:
    """How sure the bot must be in a channel, and what that is worth on questions that it has not learnt from.

    Attributes
    ----------
    channel
        Which.
    threshold
        Least probability; None where it never speaks, for too few questions are known.
    target
        What is promised: the most questions without an answer that are answered all the same.
    false_answers, answered
        What came: share of the questions that no post answers, and of those that one does, which the bot answered.
    own
        Whether the channel has enough questions of its own.
    """

    channel: str
    threshold: float | None
    target: float
    false_answers: Share | None
    answered: float | None
    own: bool


@dataclass(frozen=True)
class Measured:
    """How well posts are found.

    Attributes
    ----------
    questions
        Set of questions.
    measure
        ``recall_at_1`` and so on.
    share
        The measure.
    """

    questions: str
    measure: str
    share: Share


@dataclass(frozen=True)
class Usage:
    """A month of a chat.

    Attributes
    ----------
    month, chat, plan
        Which, and the plan that it has.
    people, questions, answers
        Who asked, how often, and how often the bot answered.
    answers_a_month, share_of_quota
        Answers that the plan holds, and the share of them that is used; None for any number.
    cost
        In the currency of the prices of the settings.
    """

    month: dt.date
    chat: str
    plan: str | None
    people: int
    questions: int
    answers: int
    answers_a_month: int | None
    share_of_quota: float | None
    cost: float | None


def months(version: Version, scope: Scope) -> list[Month]:
    """Months in order; of everybody's questions only where all channels may be seen.

    Raises
    ------
    PublicationError
        The table is held back.
    """
    version.require("mart_answer_quality")
    rows = version.rows("SELECT * FROM mart_answer_quality ORDER BY month, channel")
    return [_month(**row) for row in rows if scope.is_whole or scope.holds_channel(row["channel"])]


def promises(version: Version, scope: Scope) -> list[Promise]:
    """What is promised of each channel.

    Raises
    ------
    PublicationError
        The table is held back.
    """
    version.require("answer_thresholds")
    rows = version.rows("SELECT platform || ':' || channel_id AS channel, * FROM answer_thresholds ORDER BY own DESC, channel")
    return [
        Promise(
            channel=row["channel"],
            threshold=row["threshold"] if row["threshold"] <= 1 else None,
            target=row["target"],
            false_answers=_share(row["false_answers"], row["questions"]),
            answered=row["answered"],
            own=row["own"],
        )
        for row in rows
        if scope.holds_channel(row["channel"])
    ]


def measured(version: Version, scope: Scope) -> list[Measured]:
    """How well the index in force finds posts: over all channels together, so for those who may see all; else nothing."""
    if not scope.is_whole or not version.has("search_quality", "post_indexes"):
        return []
    rows = version.rows(
        """
        SELECT questions, measure, value, low, high, n
        FROM search_quality
        WHERE
            version = (SELECT version FROM post_indexes) AND searched_by = 'fused' AND overlap = 'all'
            AND measure LIKE 'recall_at_%'
        ORDER BY questions, n DESC, length(measure), measure
        """
    )
    return [Measured(row["questions"], row["measure"], Share(row["value"], row["low"], row["high"], row["n"])) for row in rows]


def usage(version: Version, scope: Scope) -> list[Usage]:
    """Months of chats, the latest first.

    Raises
    ------
    PublicationError
        The table is held back.
    """
    version.require("mart_usage")
    chats = None if scope.chats is None else sorted(scope.chats)
    rows = version.rows(
        """
        SELECT
            month, platform || ':' || chat_id AS chat, plan, count(*) AS people, sum(questions)::BIGINT AS questions,
            sum(answers)::BIGINT AS answers, any_value(answers_a_month) AS answers_a_month,
            any_value(share_of_quota) AS share_of_quota, sum(cost) AS cost
        FROM mart_usage
        WHERE $chats::VARCHAR[] IS NULL OR list_contains($chats::VARCHAR[], platform || ':' || chat_id)
        GROUP BY month, platform, chat_id, plan
        ORDER BY month DESC, chat, plan
        """,
        {"chats": chats},
    )
    return [Usage(**row) for row in rows]


def _month(  # noqa: PLR0913  # the columns of a row
    *,
    month: dt.date,
    channel: str,
    questions: int | None,
    answered: int,
    silent: int | None,
    not_looked_at: int | None,
    helped: int,
    not_helped: int,
    share_helped: float | None,
    share_helped_low: float | None,
    share_helped_high: float | None,
    mean_probability_of_judged: float | None,
    **_: object,
) -> Month:
    low, high = wilson(answered, questions or 0)
    return Month(
        month=month,
        channel=channel,
        questions=questions,
        answered=answered,
        silent=silent,
        not_looked_at=not_looked_at,
        share_answered=answered / questions if questions else None,
        answered_low=low,
        answered_high=high,
        helped=helped,
        not_helped=not_helped,
        share_helped=share_helped,
        helped_low=share_helped_low,
        helped_high=share_helped_high,
        expected_helped=mean_probability_of_judged,
    )


def _share(value: float | None, n: int) -> Share | None:
    return None if value is None else Share(value, *wilson(round(value * n), n), n)
