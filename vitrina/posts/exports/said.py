"""What was said in a chat: the form in which every platform's messages are asked whether they are a question or an answer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Said:
    """One message of a chat, of whoever it is; it goes no further than the reader.

    Attributes
    ----------
    message_id
        Its identifier within the chat.
    author
        The person, as ``<platform>:<id>``; None where it was written in the name of a channel, or nobody knows.
    author_channel
        The channel or group in whose name it was written.
    text
        Cleaned, not redacted.
    posted_at, edited_at
        In ISO 8601.
    reply_to
        The message of the same chat that it replies to.
    is_own
        Whether the author wrote it here, and did not forward it.
    """

    message_id: str
    author: str | None
    author_channel: str | None
    text: str | None
    posted_at: str | None
    edited_at: str | None
    reply_to: str | None
    is_own: bool
