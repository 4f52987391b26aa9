"""What channels, chats, people and the bot deliver.

People are keyed hashes from the moment a file is read. Of a chat, only questions and the answers of the channel's people are
stored, redacted; everything else that people write there never gets into a table.
"""

from vitrina.inbox.tables import MOMENT, Delivered, Deliveries, RefusedRows
from vitrina.tables import column

POSTS = "posts"
PLATFORMS = ("telegram", "discord", "youtube")
AUTHOR_KINDS = ("channel", "bot", "user")
ID_LENGTH = 100
NAME_LENGTH = 300
TEXT_LENGTH = 200_000
QUESTION_LENGTH = 4096
HASH_LENGTH = 32
PLATFORM = "Where the channel is."
CHANNEL = "The channel's identifier on its platform, without Telegram's prefix -100."
AUTHOR = "Keyed hash of `<platform>:<identifier of the author>`."


class PostsDeliveries(Deliveries, product=POSTS, name="deliveries", published=True):
    """One row per known version of a delivered file: what was read, loaded, refused, and why."""


class PostsRefusedRows(RefusedRows, product=POSTS, name="refused_rows"):
    """One row per value that was refused. The rest of its row was not loaded either; nothing else was held up."""


class RawPosts(Delivered, product=POSTS):
    """One row per message of a channel that is no service message, as exported or as the bot saw it; albums are several rows."""

    platform: str = column(PLATFORM, isin=PLATFORMS)
    channel_id: str = column(CHANNEL, max_length=ID_LENGTH)
    channel_name: str = column("The channel's name for people.", nullable=True, max_length=NAME_LENGTH)
    post_id: str = column("The message's identifier within the channel.", max_length=ID_LENGTH)
    thread: str = column(
        "What else the file covers as a whole, such as a video; empty for a channel.", nullable=True, max_length=ID_LENGTH
    )
    seen: str = column("Whether a snapshot of the channel holds it, or the bot saw it live.", isin=("snapshot", "live"))
    author_kind: str = column("Who wrote it.", isin=AUTHOR_KINDS)
    author_hash: str = column(AUTHOR, personal=True, nullable=True, max_length=HASH_LENGTH)
    posted_at: MOMENT = column("When it was posted; captions of a video may not say.", nullable=True)
    edited_at: MOMENT = column("When it was last edited.", nullable=True)
    text: str = column("Its text, cleaned of invisible characters.", personal=True, nullable=True, max_length=TEXT_LENGTH)
    reply_to: str = column("Identifier of the message that it replies to.", nullable=True, max_length=ID_LENGTH)
    has_media: bool = column("Whether a picture, a video or a file belongs to it.", nullable=True)
    link: str = column("Where it can be read, if the file says so.", nullable=True, max_length=1000)


class RawChatMessages(Delivered, product=POSTS):
    """One row per question of a subscriber in an exported chat, or answer of the channel's people to one; redacted."""

    platform: str = column(PLATFORM, isin=PLATFORMS)
    chat_id: str = column("The chat's identifier on its platform, without Telegram's prefix -100.", max_length=ID_LENGTH)
    chat_name: str = column("The chat's name for people.", nullable=True, max_length=NAME_LENGTH)
    message_id: str = column("The message's identifier within the chat.", max_length=ID_LENGTH)
    kind: str = column("Whether a subscriber asks, or the channel's people answer.", isin=("question", "answer"))
    author_hash: str = column(AUTHOR, personal=True, nullable=True, max_length=HASH_LENGTH)
    author_channel: str = column("The channel in whose name the answer was written.", nullable=True, max_length=ID_LENGTH)
    posted_at: MOMENT = column("When it was written.")
    edited_at: MOMENT = column("When it was last edited.", nullable=True)
    text: str = column("Its text, cleaned and redacted.", personal=True, max_length=TEXT_LENGTH)
    reply_to: str = column("Identifier of the message that it replies to.", nullable=True, max_length=ID_LENGTH)


class RawKnownAnswers(Delivered, product=POSTS):
    """One row per question and post of which a person says that it answers it; without a post where none does."""

    question: str = column("The question.", max_length=QUESTION_LENGTH)
    post_id: str = column("The post that answers it; a later message of an album will do.", nullable=True, max_length=ID_LENGTH)
    channel_id: str = column("Its channel; otherwise that of the export in the same folder.", nullable=True, max_length=ID_LENGTH)


class RawAsked(Delivered, product=POSTS):
    """One row per question that the bot was asked, redacted before it was written, and what became of it."""

    question_id: str = column("Keyed hash of platform, chat and message.", max_length=HASH_LENGTH)
    platform: str = column("Where it was asked.", isin=PLATFORMS)
    chat_id: str = column("The chat; `private` for a conversation with the bot alone.", max_length=ID_LENGTH)
    user_hash: str = column(AUTHOR, personal=True, max_length=HASH_LENGTH)
    asked_at: MOMENT = column("When it was asked.")
    via: str = column("How: unasked in the chat, by command, or in private.", isin=("chat", "command", "private"))
    locale: str = column("Language of the bot's words.", nullable=True, max_length=10)
    text: str = column("The question, redacted.", personal=True, max_length=QUESTION_LENGTH)
    outcome: str = column(
        "Whether it was answered, met with silence, or not looked at for a limit or a failure.",
        isin=("answered", "silent", "limited", "over_quota", "failed"),
    )
    probability: float = column("Probability that the best post answers it.", nullable=True, ge=0, le=1)
    answer_channel: str = column(
        "Channel of the post that was shown, as `<platform>:<channel>`.", nullable=True, max_length=2 * ID_LENGTH
    )
    answer_post: str = column("The post that was shown.", nullable=True, max_length=ID_LENGTH)
    index_version: str = column("Version of the index that was searched.", nullable=True, max_length=ID_LENGTH)
    cpu_ms: float = column("Processor time.", unit="ms", nullable=True, ge=0)
    tokens: int = column("Tokens that were sent to a paid model.", nullable=True, ge=0)


class RawFeedback(Delivered, product=POSTS):
    """One row per press of a button below an answer."""

    question_id: str = column("The question that was answered.", max_length=HASH_LENGTH)
    user_hash: str = column(AUTHOR, personal=True, max_length=HASH_LENGTH)
    helped: bool = column("Whether the answer helped.")
    given_at: MOMENT = column("When it was said.")


class RawErasureRequests(Delivered, product=POSTS):
    """One row per request to be forgotten: nothing but keyed hashes, so this is also the list to apply to a restored backup."""

    request_id: str = column("Identifier of the request.", max_length=HASH_LENGTH)
    kind: str = column("Whether a post is meant, or everything of a person.", isin=("post", "user"))
    subject_hash: str = column(
        "Keyed hash of `<platform>:<channel>:<post>`, or of `<platform>:<user>`.", personal=True, max_length=HASH_LENGTH
    )
    requested_at: MOMENT = column("When it was requested.")
    requested_by: str = column("Who asked for it.", isin=("user", "admin", "operator"))


RAW_TABLES = (RawPosts, RawChatMessages, RawKnownAnswers, RawAsked, RawFeedback, RawErasureRequests)
