"""What the API of posts answers with, as OpenAPI describes it."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import BaseModel, Field

CHANNEL = Field(description="Channel, as `<platform>:<channel>`.", examples=["telegram:1001234567"])
LINK = Field(description="Where it can be read, if that is known.", examples=["https://t.me/our_channel/42"])
HIGHLIGHTS = Field(
    description="Where words of the question stand, in any form: pairs of the first character and the one after the last, counted in "
    "Unicode code points.",
    examples=[[[0, 8], [15, 21]]],
)


class PostRefOut(BaseModel):
    """A post that says nearly the same."""

    channel: str = CHANNEL
    post_id: str = Field(examples=["42"])
    link: str | None = LINK


class HitOut(BaseModel):
    """A post that was found."""

    channel: str = CHANNEL
    channel_name: str | None = Field(description="The channel's name for people.", examples=["Лукошко"])
    post_id: str = Field(description="The post's identifier within the channel.", examples=["42"])
    posted_at: dt.datetime | None = Field(description="When it was posted, if that is known.")
    link: str | None = LINK
    passage: str = Field(description="The best passage of the post.", examples=["Доставку отменим 1 мая."])
    highlights: list[tuple[int, int]] = HIGHLIGHTS
    score: float = Field(description="What hits are ordered by.", examples=[0.83])
    others: list[PostRefOut] = Field(description="Posts that say nearly the same.")


class AnswerOut(BaseModel):
    """What the bot would do."""

    outcome: Literal["answered", "silent"] = Field(description="Whether it is sure enough to speak.")
    probability: float = Field(description="That the best post answers the question; 0 where none was found.", examples=[0.87])
    threshold: float = Field(description="Least probability at which it speaks in this channel; above 1: never.", examples=[0.81])
    quote: str | None = Field(description="What it would quote; null for silence.", examples=["Доставку отменим 1 мая."])
    highlights: list[tuple[int, int]] = HIGHLIGHTS
    channel: str | None = Field(description="Channel of the post that it would show; null for silence.")
    post_id: str | None = Field(description="That post; null for silence.")
    link: str | None = Field(description="Where that post can be read.")


class CorrectedOut(BaseModel):
    """A word that was taken for mistyped."""

    typed: str = Field(examples=["дотсавка"])
    searched: str = Field(description="What was searched instead.", examples=["доставка"])


class SearchOut(BaseModel):
    """What a search finds."""

    version: str = Field(description="Published version.", examples=["20260930T120000000000Z"])
    index: str = Field(description="Index that was searched.", examples=["3033c2d601f4bebb"])
    corrected: list[CorrectedOut]
    answer: AnswerOut | None = Field(description="What the bot would do; null unless `answer=true`.")
    hits: list[HitOut] = Field(description="The best first.")


class ChannelOut(BaseModel):
    """A channel."""

    channel: str = CHANNEL
    name: str = Field(examples=["Лукошко"])
    posts: int = Field(description="Its posts.", examples=[1097])
    answers: int = Field(description="Answers in its discussion chat that count as the channel's.", examples=[232])
    first_posted_at: dt.datetime | None
    last_posted_at: dt.datetime | None


class GapOut(BaseModel):
    """A question that people ask and no post answers."""

    group_id: str = Field(description="What tells it from others.", examples=["1e1bea93658b0d175b0c3e87"])
    question: str = Field(description="In the words in which it was asked first, redacted.", examples=["есть ли зарядка для машин"])
    times_asked: int = Field(examples=[29])
    people: int = Field(description="Who asked it, where that is known.", examples=[17])
    chats: int = Field(description="Chats in which it was asked.", examples=[2])
    first_asked_at: dt.datetime
    last_asked_at: dt.datetime
    times_silent: int = Field(description="Times that the bot looked for an answer and kept silent.", examples=[26])
    best_probability: float | None = Field(description="That the best post there is answers it.", examples=[0.22])


class BestPostOut(BaseModel):
    """The post that answers a question best."""

    channel: str = CHANNEL
    post_id: str = Field(examples=["42"])
    link: str | None = LINK
    text: str | None = Field(description="Its text; null where it is not published any more.")
    times_shown: int = Field(examples=[8])


class RepeatedOut(BaseModel):
    """A question that was asked again."""

    group_id: str = Field(description="What tells it from others.", examples=["6e87eeb776e44d14f979b628"])
    question: str = Field(
        description="In the words in which it was asked first, redacted.", examples=["Есть ли скидка пенсионерам?"]
    )
    times_asked: int = Field(examples=[14])
    times_repeated: int = Field(description="Times that it had been asked in the same chat in the 90 days before.", examples=[12])
    people: int = Field(description="Who asked it, where that is known.", examples=[9])
    chats: int = Field(description="Chats in which it was asked.", examples=[2])
    first_asked_at: dt.datetime
    last_asked_at: dt.datetime
    asked_of_bot: int = Field(description="Times that the bot was there.", examples=[14])
    answered: int = Field(description="Times that it answered.", examples=[10])
    share_answered: float | None = Field(description="Their share; null where the bot never was there.", examples=[0.71])
    best: BestPostOut | None = Field(description="The post that people found most helpful, or that was shown most often.")


class ShareOut(BaseModel):
    """A share with its 95 % interval."""

    value: float = Field(examples=[0.71])
    low: float | None = Field(examples=[0.65])
    high: float | None = Field(examples=[0.76])
    n: int = Field(description="Of how many.", examples=[238])


class MonthOut(BaseModel):
    """A month of a channel, or of all of them."""

    month: dt.date = Field(description="Its first day.")
    channel: str = Field(description="Channel whose posts were shown; `*` for all.", examples=["*"])
    questions: int | None = Field(description="Questions that the bot was asked; null for a single channel.")
    answered: int
    silent: int | None = Field(description="Questions that were met with silence; null for a single channel.")
    not_looked_at: int | None = Field(description="Questions beyond a limit or a plan, or failed; null for a single channel.")
    share_answered: float | None = Field(description="Share of the questions that were answered.")
    answered_low: float | None = Field(description="Lower end of its 95 % interval.")
    answered_high: float | None = Field(description="Upper end of it.")
    helped: int = Field(description="Presses that said that an answer had helped.")
    not_helped: int = Field(description="Presses that said that it had not.")
    share_helped: float | None = Field(description="Share of the presses that said that it had.")
    helped_low: float | None = Field(description="Lower end of its 95 % interval.")
    helped_high: float | None = Field(description="Upper end of it.")
    expected_helped: float | None = Field(description="What the bot had said of these answers: its mean probability.")


class PromiseOut(BaseModel):
    """How sure the bot must be in a channel, and what that is worth."""

    channel: str = CHANNEL
    threshold: float | None = Field(description="Least probability at which it speaks; null where it never does.")
    target: float = Field(description="The most questions without an answer that may be answered, as a share.", examples=[0.05])
    false_answers: ShareOut | None = Field(description="What came, on questions that it has not learnt from.")
    answered: float | None = Field(description="Share of the questions with an answer that it answered.")
    own: bool = Field(description="Whether it rests on questions about this channel alone.")


class MeasuredOut(BaseModel):
    """How well posts are found."""

    questions: str = Field(description="Set of questions.", examples=["known answers"])
    measure: str = Field(description="What is measured.", examples=["recall_at_1"])
    share: ShareOut


class UsageOut(BaseModel):
    """A month of a chat."""

    month: dt.date = Field(description="Its first day.")
    chat: str = Field(description="Chat, as `<platform>:<chat>`.", examples=["telegram:2001234567"])
    plan: str | None = Field(examples=["free"])
    people: int
    questions: int
    answers: int
    answers_a_month: int | None = Field(description="Answers that the plan holds; null for any number.")
    share_of_quota: float | None = Field(description="The share of them that is used.")
    cost: float | None = Field(description="In the currency of the prices of the settings.")


class QualityOut(BaseModel):
    """How good answers are, and what they cost."""

    version: str = Field(description="Published version.", examples=["20260930T120000000000Z"])
    months: list[MonthOut]
    promises: list[PromiseOut]
    measured: list[MeasuredOut] = Field(description="Of all channels together; empty for whoever may see some alone.")
    usage: list[UsageOut] = Field(description="The latest first.")
