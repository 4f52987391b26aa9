"""What is true of the made-up channels, chat and bot's log: what a search, a reconciliation or a detector of questions must find."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from simulation.posts import PostsExtent, SimulatedPosts, simulate_posts
from simulation.posts_bot_log import Asked
from simulation.posts_channels import MAIN, Post
from simulation.posts_chats import CHAT_ID
from simulation.posts_histories import EARLIER_EXPORT, platform_id, text_at_earlier_export
from simulation.retailer import Size


@dataclass(frozen=True)
class PostRef:
    """What names a post: an answer in the chat is one of the channel in whose name it stands, `<chat>/<message>`."""

    platform: str
    channel_id: str
    post_id: str


@dataclass(frozen=True)
class TrueQuestion:
    """What is true of a text that somebody wrote in the chat or to the bot, or of a question with a known answer.

    Attributes
    ----------
    source
        ``chat``, ``bot`` or ``known``.
    identifier
        Of the message in its chat, or of the question in the bot's log; the text itself where answers are known.
    intent
        What is asked; None where nothing is that a channel could answer.
    is_question
        Whether it asks for what posts of some channel might answer, as against chatter, rhetoric and what people ask one
        another; an off-topic question is one, an injection is none.
    right_posts
        All posts that answer it as the channels stand at the end: answers in the chat too, deleted ones not.
    personal
        What in the text must not be stored.
    """

    source: str
    identifier: str
    text: str
    intent: str | None
    is_question: bool
    right_posts: tuple[PostRef, ...]
    personal: tuple[str, ...] = ()

    @property
    def is_answerable(self) -> bool:
        """Whether any post answers it."""
        return bool(self.right_posts)


@dataclass(frozen=True)
class Changes:
    """What the later export of the main channel changes of the earlier one, in posts that have a text."""

    added: tuple[PostRef, ...]
    edited: tuple[PostRef, ...]
    deleted: tuple[PostRef, ...]


@dataclass(frozen=True)
class PostsTruth:
    """What is to be found.

    Attributes
    ----------
    right_posts
        Posts that answer an intent, for every intent that any answers.
    questions
        Every text of the chat and of the bot's log, and every question with a known answer.
    changes
        What reconciliation must find in the main channel.
    copies
        A post that repeats another, and the one that it repeats.
    gaps
        Intents that nothing answers, with how often the bot was asked for them, the most frequent first.
    """

    right_posts: Mapping[str, tuple[PostRef, ...]]
    questions: tuple[TrueQuestion, ...]
    changes: Changes
    copies: tuple[tuple[PostRef, PostRef], ...]
    gaps: tuple[tuple[str, int], ...]


def posts_truth(size: Size | str | PostsExtent, seed: int) -> PostsTruth:
    """What is true of what `simulate_posts` makes of the same parameters."""
    return truth_of(simulate_posts(size, seed))


def truth_of(world: SimulatedPosts) -> PostsTruth:
    """What is true of a simulated world."""
    right = right_posts(world)
    return PostsTruth(
        right, tuple(_questions(world, right)), _changes(world.posts), _copies(world.posts), _gaps(world.asked, right)
    )


def ref(post: Post) -> PostRef:
    """What names a post."""
    return PostRef(post.channel.platform, post.channel.channel_id, platform_id(post))


def right_posts(world: SimulatedPosts) -> dict[str, tuple[PostRef, ...]]:
    """Posts that answer an intent as the channels stand at the end, for every intent that any answers."""
    right: dict[str, tuple[PostRef, ...]] = {}
    for post in world.posts:
        for intent in post.facts if post.deleted_at is None else ():
            right[intent] = (*right.get(intent, ()), ref(post))
    for message in world.chat:
        if message.kind == "answer" and message.intent is not None:
            answer = PostRef(MAIN.platform, MAIN.channel_id, f"{CHAT_ID}/{message.message_id}")
            right[message.intent] = (*right.get(message.intent, ()), answer)
    return right


def _questions(world: SimulatedPosts, right: Mapping[str, tuple[PostRef, ...]]) -> list[TrueQuestion]:
    questions = [
        TrueQuestion(
            "chat",
            str(message.message_id),
            message.text,
            message.intent,
            message.kind == "question",
            right.get(message.intent or "", ()) if message.kind == "question" else (),
            message.personal,
        )
        for message in world.chat
        if message.user is not None
    ]
    questions += [
        TrueQuestion("bot", asked.question_id, asked.text, asked.intent, asked.kind != "hostile", right.get(asked.intent or "", ()))
        for asked in world.asked
    ]
    questions += [
        TrueQuestion("known", known.question, known.question, known.intent, True, right.get(known.intent, ()))
        for known in world.known
    ]
    return questions


def _changes(posts: Sequence[Post]) -> Changes:
    own = [post for post in posts if post.channel is MAIN and post.text]
    before = [post for post in own if post.posted_at < EARLIER_EXPORT]
    return Changes(
        added=tuple(ref(post) for post in own if post.posted_at >= EARLIER_EXPORT and post.deleted_at is None),
        edited=tuple(ref(post) for post in before if post.deleted_at is None and text_at_earlier_export(post) != post.text),
        deleted=tuple(ref(post) for post in before if post.deleted_at is not None),
    )


def _copies(posts: Sequence[Post]) -> tuple[tuple[PostRef, PostRef], ...]:
    return tuple((ref(post), ref(post.copy_of)) for post in posts if post.copy_of is not None)


def _gaps(asked: Sequence[Asked], right: Mapping[str, tuple[PostRef, ...]]) -> tuple[tuple[str, int], ...]:
    counts = Counter(question.intent for question in asked if question.intent is not None and question.intent not in right)
    return tuple(sorted(counts.items(), key=lambda gap: (-gap[1], gap[0])))
