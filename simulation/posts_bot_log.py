"""What the bot was asked since it started, what became of it by a stated rule, and what people said of its answers.

The rule: a question whose fact stands in a post of that moment is answered rightly, wrongly or not at all by fixed shares; any
other is met with silence, but for a fixed share of false answers. What the bot can answer is asked less and less, for people
learn to look it up; what nobody answers is asked as often as ever.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from simulation import posts_chat_phrases as phrases
from simulation.posts_channels import Post, pick
from simulation.posts_chats import BOT_STARTS, CHAT_ID, FIRST_USER, Demand, share_of_questions
from simulation.posts_questions import redacted_person
from simulation.retailer import LAST_DAY
from vitrina.pseudonyms import pseudonym

EXAMPLE_KEY = b"a key for the made-up bot only"
RIGHT, WRONG, FALSE = 0.78, 0.05, 0.06
"""Shares of answerable questions that are answered rightly and wrongly, and of others that are answered at all."""

NOT_LOOKED_AT = {"limited": 0.012, "over_quota": 0.006, "failed": 0.004}
STILL_ASKED, HABIT_WEEKS = 0.35, 5.0
"""Of the questions that the bot can answer, the share that is asked for ever, and the weeks in which the rest falls to 1/e."""

BESIDE = 0.45
"""Questions by command or in private, over those in the chat at the beginning."""

OFF_TOPIC, HOSTILE = 0.12, 0.05
"""Shares of these in private and by command."""

PRESSED, HELPED_IF_RIGHT, HELPED_IF_WRONG = 0.30, 0.92, 0.12
REDACTED = 0.04
LONGEST = 4096


@dataclass(frozen=True)
class Asked:
    """A question of the bot's log; the columns of `RawAsked`, and what is true of it.

    Attributes
    ----------
    intent
        What is asked; None for what is off-topic or hostile.
    kind
        One of `posts_chats.PLACES`, ``off-topic`` or ``hostile``.
    is_right
        Whether the post that was shown answers it; None where none was shown.
    """

    question_id: str
    chat_id: str
    user_hash: str
    asked_at: dt.datetime
    via: str
    text: str
    outcome: str
    probability: float | None
    answer: Post | None
    intent: str | None
    kind: str
    is_right: bool | None


@dataclass(frozen=True)
class Pressed:
    """A press of a button below an answer: the columns of `RawFeedback`."""

    question_id: str
    user_hash: str
    helped: bool
    given_at: dt.datetime


def interest(week: int) -> float:
    """Share of the questions that the bot can answer which are still asked so many weeks after it started, of 1 at first."""
    return STILL_ASKED + (1 - STILL_ASKED) * float(np.exp(-week / HABIT_WEEKS))


def simulate_log(
    rng: np.random.Generator, demand: Demand, posts: Sequence[Post], questions_a_week: float
) -> tuple[list[Asked], list[Pressed]]:
    """The bot's log, by time.

    Parameters
    ----------
    rng
        The randomness.
    demand
        What people ask.
    posts
        Posts of all channels.
    questions_a_week
        Questions in the chat in a week before the bot started; the first weeks of the log go on from there.
    """
    standing = _standing(posts)
    others = [post for post in posts if post.text and post.deleted_at is None]
    days = (LAST_DAY - BOT_STARTS.date()).days + 1
    asked: list[Asked] = []
    for day in range(days):
        begin, kept = BOT_STARTS + dt.timedelta(days=day), interest(day // 7)
        for is_chat, expected in ((True, questions_a_week / 7), (False, BESIDE * questions_a_week / 7)):
            for _ in range(int(rng.poisson(expected))):
                # until an hour before midnight in Moscow
                moment = begin + dt.timedelta(hours=5, seconds=int(rng.integers(15 * 3600)))
                kind, intent, text = _question(rng, demand, moment, is_chat=is_chat)
                if kind != "posted" or rng.random() < kept:
                    asked.append(_asked(rng, moment, (kind, intent, text), standing, others, is_chat=is_chat))
    asked.sort(key=lambda question: question.asked_at)
    return asked, _feedback(rng, asked)


def _standing(posts: Sequence[Post]) -> dict[str, list[Post]]:
    """Posts of each intent, by time."""
    standing: dict[str, list[Post]] = {}
    for post in posts:
        for intent in post.facts if post.text else ():
            standing.setdefault(intent, []).append(post)
    return standing


def _question(rng: np.random.Generator, demand: Demand, moment: dt.datetime, *, is_chat: bool) -> tuple[str, str | None, str]:
    drawn = rng.random()
    if not is_chat and drawn < HOSTILE:
        # one in seven is very long
        return "hostile", None, (phrases.LONG_WORDS * 100)[:LONGEST] if drawn < HOSTILE / 7 else pick(rng, phrases.HOSTILE)
    if not is_chat and drawn < HOSTILE + OFF_TOPIC:
        return "off-topic", None, pick(rng, phrases.OFF_TOPIC)
    kind = share_of_questions(rng)
    intent, text = demand.draw(rng, kind, moment)
    return kind, intent, redacted_person(rng, text) if rng.random() < REDACTED else text


def _asked(  # noqa: PLR0913  # a question, and all that decides what becomes of it
    rng: np.random.Generator,
    moment: dt.datetime,
    question: tuple[str, str | None, str],
    standing: Mapping[str, Sequence[Post]],
    others: Sequence[Post],
    *,
    is_chat: bool,
) -> Asked:
    kind, intent, text = question
    user, number = FIRST_USER + min(int(rng.pareto(1.1) * 8), 400), int(rng.integers(10**12))
    right = [post for post in standing.get(intent or "", ()) if _is_there(post, moment)]
    outcome, answer = _outcome(rng, right, [post for post in _some(rng, others) if _is_there(post, moment)])
    probability, via = None, "chat" if is_chat else pick(rng, ("private", "private", "command"))
    if outcome in {"answered", "silent"}:
        low, high = (0.72, 0.99) if outcome == "answered" else (0.02, 0.70)
        probability = round(float(rng.uniform(low, high)), 4)
    return Asked(
        pseudonym(f"telegram:{CHAT_ID}:{moment.isoformat()}:{number}", EXAMPLE_KEY),
        "private" if via == "private" else CHAT_ID,
        pseudonym(f"telegram:{user}", EXAMPLE_KEY),
        moment,
        via,
        text,
        outcome,
        probability,
        answer,
        intent,
        kind,
        None if answer is None else intent in answer.facts,
    )


def _outcome(rng: np.random.Generator, right: Sequence[Post], wrong: Sequence[Post]) -> tuple[str, Post | None]:
    """The rule of this module."""
    drawn = rng.random()
    for outcome, share in NOT_LOOKED_AT.items():
        if drawn < share:
            return outcome, None
        drawn -= share
    drawn = rng.random()
    if right and drawn < RIGHT:
        return "answered", right[-1]
    if wrong and drawn < (RIGHT + WRONG if right else FALSE):
        return "answered", wrong[0]
    return "silent", None


def _some(rng: np.random.Generator, posts: Sequence[Post]) -> list[Post]:
    return [pick(rng, posts) for _ in range(8)]


def _is_there(post: Post, moment: dt.datetime) -> bool:
    return post.posted_at < moment and (post.deleted_at is None or post.deleted_at > moment)


def _feedback(rng: np.random.Generator, asked: Sequence[Asked]) -> list[Pressed]:
    pressed = []
    for question in asked:
        if question.is_right is not None and rng.random() < PRESSED:
            helped = bool(rng.random() < (HELPED_IF_RIGHT if question.is_right else HELPED_IF_WRONG))
            given_at = question.asked_at + dt.timedelta(seconds=int(rng.integers(5, 1800)))
            pressed.append(Pressed(question.question_id, question.user_hash, helped, given_at))
    return pressed
