"""What channels, chats, people and the bot deliver, and how their files are read."""

from functools import partial

from vitrina.inbox.contract import Contract, Field, Kind
from vitrina.posts.exports import read_chat, read_posts
from vitrina.posts.raw_tables import (
    HASH_LENGTH,
    ID_LENGTH,
    NAME_LENGTH,
    PLATFORMS,
    POSTS,
    QUESTION_LENGTH,
    TEXT_LENGTH,
    RawAsked,
    RawChatMessages,
    RawErasureRequests,
    RawFeedback,
    RawKnownAnswers,
    RawPosts,
)

AUTHOR_LENGTH = 200

_PLATFORM = Field(
    "platform",
    Kind.TEXT,
    "Where the channel is: telegram, discord or youtube.",
    "telegram",
    required=True,
    may_be_empty=False,
    one_of=PLATFORMS,
)
_EDITED = Field("edited_at", Kind.MOMENT, "When it was last edited.", "2024-07-19T09:10:00+00:00", days_ahead=1)
_REPLY = Field("reply_to", Kind.TEXT, "Message that it replies to.", "10859", max_length=ID_LENGTH)
_AUTHOR = Field(
    "author",
    Kind.TEXT,
    "Who wrote it, as `<platform>:<identifier>`. Only its keyed hash is stored; what stands here appears in no table, receipt or message.",
    "telegram:456",
    target="author_hash",
    max_length=AUTHOR_LENGTH,
    hashed=True,
)
_QUESTION_ID = Field(
    "question_id",
    Kind.TEXT,
    "Keyed hash of platform, chat and message.",
    "9ec18112ce532e4501e2ca84",
    required=True,
    may_be_empty=False,
    max_length=HASH_LENGTH,
)
_USER_HASH = Field(
    "user_hash",
    Kind.TEXT,
    "Keyed hash of `<platform>:<identifier of the user>`.",
    "1f0c9d4a7b3e5d2c6a8b9c0d",
    required=True,
    may_be_empty=False,
    max_length=HASH_LENGTH,
    confidential=True,
)


def _identifier(source: str, meaning: str, example: str) -> Field:
    return Field(source, Kind.TEXT, meaning, example, required=True, may_be_empty=False, max_length=ID_LENGTH)


def _moment(source: str, meaning: str) -> Field:
    return Field(source, Kind.MOMENT, meaning, "2024-07-19T08:57:11+00:00", required=True, may_be_empty=False, days_ahead=1)


CHANNELS = Contract(
    name="channels",
    product=POSTS,
    pattern="result.json|*/result.json|telegram/*|discord/*|youtube/*|feed/*",
    table=RawPosts,
    fields=(
        _PLATFORM,
        _identifier("channel_id", "The channel, without Telegram's prefix -100.", "1000724666"),
        Field("channel_name", Kind.TEXT, "The channel's name for people.", "Our news", max_length=NAME_LENGTH),
        _identifier("post_id", "The message within the channel.", "10860"),
        Field("thread", Kind.TEXT, "The video, where captions are read.", "abcdefghijk", max_length=ID_LENGTH),
        Field(
            "seen",
            Kind.TEXT,
            "Whether an export holds it, or the bot saw it live.",
            "snapshot",
            required=True,
            may_be_empty=False,
            one_of=("snapshot", "live"),
        ),
        Field(
            "author_kind",
            Kind.TEXT,
            "Who wrote it.",
            "channel",
            required=True,
            may_be_empty=False,
            one_of=("channel", "bot", "user"),
        ),
        _AUTHOR,
        Field("posted_at", Kind.MOMENT, "When it was posted.", "2024-07-19T08:57:11+00:00", days_ahead=1),
        _EDITED,
        Field("text", Kind.TEXT, "Its text.", "We open at nine.", max_length=TEXT_LENGTH, confidential=True),
        _REPLY,
        Field("has_media", Kind.YES_NO, "Whether a picture, a video or a file belongs to it.", "true"),
        Field(
            "link", Kind.TEXT, "Where it can be read, if the file says so.", "https://youtu.be/abcdefghijk?t=30", max_length=1000
        ),
    ),
    natural_key=("platform", "channel_id", "post_id"),
    date_field="posted_at",
    reader=lambda _: read_posts,
    identity=("platform", "channel_id"),
)

CHATS = Contract(
    name="chats",
    product=POSTS,
    pattern="chats/*/result.json|chats/*.json",
    table=RawChatMessages,
    fields=(
        _PLATFORM,
        _identifier("chat_id", "The chat, without Telegram's prefix -100.", "2001234567"),
        Field("chat_name", Kind.TEXT, "The chat's name for people.", "Our subscribers", max_length=NAME_LENGTH),
        _identifier("message_id", "The message within the chat.", "17"),
        Field(
            "kind",
            Kind.TEXT,
            "Whether a subscriber asks, or the channel's people answer.",
            "question",
            required=True,
            may_be_empty=False,
            one_of=("question", "answer"),
        ),
        _AUTHOR,
        Field("author_channel", Kind.TEXT, "The channel in whose name an answer was written.", "1000724666", max_length=ID_LENGTH),
        _moment("posted_at", "When it was written."),
        _EDITED,
        Field(
            "text",
            Kind.TEXT,
            "Its text, redacted before it is stored.",
            "When do you open?",
            required=True,
            may_be_empty=False,
            max_length=TEXT_LENGTH,
            confidential=True,
        ),
        _REPLY,
    ),
    natural_key=("platform", "chat_id", "message_id"),
    date_field="posted_at",
    reader=lambda settings: partial(read_chat, admins=frozenset(settings.posts_admins)),
    identity=("platform", "chat_id"),
)

KNOWN_ANSWERS = Contract(
    name="known_answers",
    product=POSTS,
    pattern="questions.*|*/questions.*",
    table=RawKnownAnswers,
    fields=(
        Field(
            "question",
            Kind.TEXT,
            "A question of subscribers.",
            "When does the shop open?",
            required=True,
            may_be_empty=False,
            max_length=QUESTION_LENGTH,
        ),
        Field(
            "post_id",
            Kind.TEXT,
            "The post that answers it; a row for each post where several do, empty where none does.",
            "10860",
            required=True,
            max_length=ID_LENGTH,
        ),
        Field(
            "channel_id",
            Kind.TEXT,
            "The post's channel; needed only where the export in the same folder is not that channel's.",
            "1000724666",
            max_length=ID_LENGTH,
        ),
    ),
    natural_key=("question",),
)

ASKED = Contract(
    name="asked",
    product=POSTS,
    pattern="asked/*",
    table=RawAsked,
    fields=(
        _QUESTION_ID,
        _PLATFORM,
        _identifier("chat_id", "The chat; `private` for a conversation with the bot alone.", "2001234567"),
        _USER_HASH,
        _moment("asked_at", "When it was asked."),
        Field(
            "via",
            Kind.TEXT,
            "How: unasked in the chat, by command, or in private.",
            "chat",
            required=True,
            may_be_empty=False,
            one_of=("chat", "command", "private"),
        ),
        Field("locale", Kind.TEXT, "Language of the bot's words.", "ru", max_length=10),
        Field(
            "text",
            Kind.TEXT,
            "The question, redacted.",
            "When do you open?",
            required=True,
            may_be_empty=False,
            max_length=QUESTION_LENGTH,
            confidential=True,
        ),
        Field(
            "outcome",
            Kind.TEXT,
            "Whether it was answered, met with silence, or not looked at.",
            "answered",
            required=True,
            may_be_empty=False,
            one_of=("answered", "silent", "limited", "over_quota", "failed"),
        ),
        Field("probability", Kind.NUMBER, "Probability that the best post answers it.", "0.93", low=0, high=1),
        Field("answer_channel", Kind.TEXT, "Channel of the post that was shown.", "telegram:1000724666", max_length=2 * ID_LENGTH),
        Field("answer_post", Kind.TEXT, "The post that was shown.", "10860", max_length=ID_LENGTH),
        Field("index_version", Kind.TEXT, "Version of the index that was searched.", "20260930T050000", max_length=ID_LENGTH),
        Field("cpu_ms", Kind.NUMBER, "Processor time.", "2.5", unit="ms", low=0),
        Field("tokens", Kind.INTEGER, "Tokens that were sent to a paid model.", "12", low=0),
    ),
    natural_key=("question_id",),
    date_field="asked_at",
)

FEEDBACK = Contract(
    name="feedback",
    product=POSTS,
    pattern="feedback/*",
    table=RawFeedback,
    fields=(
        _QUESTION_ID,
        _USER_HASH,
        Field("helped", Kind.YES_NO, "Whether the answer helped.", "true", required=True, may_be_empty=False),
        _moment("given_at", "When it was said."),
    ),
    natural_key=("question_id", "user_hash"),
    date_field="given_at",
)

ERASURES = Contract(
    name="erasures",
    product=POSTS,
    pattern="erasures/*",
    table=RawErasureRequests,
    fields=(
        Field(
            "request_id",
            Kind.TEXT,
            "Identifier of the request.",
            "b7f2c1d09e8a4b6d",
            required=True,
            may_be_empty=False,
            max_length=HASH_LENGTH,
        ),
        Field(
            "kind",
            Kind.TEXT,
            "Whether a post is meant, or everything of a person.",
            "user",
            required=True,
            may_be_empty=False,
            one_of=("post", "user"),
        ),
        Field(
            "subject_hash",
            Kind.TEXT,
            "Keyed hash of `<platform>:<channel>:<post>`, or of `<platform>:<user>`.",
            "1f0c9d4a7b3e5d2c6a8b9c0d",
            required=True,
            may_be_empty=False,
            max_length=HASH_LENGTH,
            confidential=True,
        ),
        _moment("requested_at", "When it was requested."),
        Field(
            "requested_by",
            Kind.TEXT,
            "Who asked for it.",
            "user",
            required=True,
            may_be_empty=False,
            one_of=("user", "admin", "operator"),
        ),
    ),
    natural_key=("request_id",),
)

CONTRACTS: tuple[Contract, ...] = (CHATS, CHANNELS, KNOWN_ANSWERS, ASKED, FEEDBACK, ERASURES)
"""Chats before channels: their pattern is the narrower one."""
