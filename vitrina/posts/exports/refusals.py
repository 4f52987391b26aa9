"""Why an export is refused as a whole, and what to do: one function per reason."""

from __future__ import annotations

from vitrina.inbox.messages import RefusedFileError, message, shown


def other_kind(path: str, kinds: str) -> RefusedFileError:
    """The name ends in something that is not read."""
    return RefusedFileError(
        message("{file} is of a kind that is not read here.", file=shown(path)),
        message(
            "Deliver one of {kinds}. In Telegram Desktop, choose the format “Machine-readable JSON” and deliver result.json alone.",
            kinds=kinds,
        ),
    )


def empty(path: str) -> RefusedFileError:
    """Nothing but white space."""
    return RefusedFileError(message("{file} is empty.", file=shown(path)), message("Export it again and deliver the new file."))


def not_json(path: str) -> RefusedFileError:
    """The first sign is none that an export begins with."""
    return RefusedFileError(
        message("{file} does not begin like JSON in UTF-8.", file=shown(path)),
        message("Deliver the file as the export has written it; do not open and save it in another program."),
    )


def not_whole(path: str, items: int) -> RefusedFileError:
    """The JSON breaks off, or is damaged; nothing of the text is quoted."""
    return RefusedFileError(
        message("{file} is no whole JSON: after message {count} it breaks off, or is damaged.", file=shown(path), count=items),
        message("Nothing of it was loaded. Export it again, and write it under a .part name until it is complete."),
    )


def too_large(path: str, items: int, limit: int) -> RefusedFileError:
    """One value is larger than any message can be."""
    return RefusedFileError(
        message("{file}: what follows message {count} is larger than {limit} bytes.", file=shown(path), count=items, limit=limit),
        message("No message is that large: the file is damaged, or no export of messages. Export it again."),
    )


def too_deep(path: str, items: int, limit: int) -> RefusedFileError:
    """Brackets within brackets within brackets."""
    return RefusedFileError(
        message(
            "{file}: what follows message {count} is nested more than {limit} levels deep.",
            file=shown(path),
            count=items,
            limit=limit,
        ),
        message("No message is nested like that: the file is damaged, or no export of messages. Export it again."),
    )


def unknown_shape(path: str) -> RefusedFileError:
    """JSON, but of no known tool."""
    return RefusedFileError(
        message(
            "{file} is JSON, but neither an export of Telegram Desktop or DiscordChatExporter nor a transcript.", file=shown(path)
        ),
        message(
            "Deliver the file as the tool has written it, with everything that stands beside the list of messages: "
            "for Telegram type and id, for Discord guild and channel."
        ),
    )


def no_messages(path: str) -> RefusedFileError:
    """The list of messages is missing, or holds none."""
    return RefusedFileError(
        message("{file} holds no messages.", file=shown(path)),
        message("Export again with all messages: an empty export would look as if every post had been deleted."),
    )


def whole_account(path: str, key: str) -> RefusedFileError:
    """An export of everything that an account knows."""
    return RefusedFileError(
        message("{file} is the export of a whole account: it holds {key}.", file=shown(path), key=shown(key)),
        message(
            "Nothing of it was loaded. Delete it from the inbox, for it holds phone numbers, addresses and private chats. "
            "Open the one channel in Telegram Desktop, choose “Export chat history” there, and deliver that."
        ),
    )


def private_chat(path: str) -> RefusedFileError:
    """A conversation between people, which is nobody else's business."""
    return RefusedFileError(
        message("{file} is the export of a private conversation.", file=shown(path)),
        message("Nothing of it was loaded. Delete it from the inbox; deliver exports of channels and of their chats alone."),
    )


def group_as_channel(path: str) -> RefusedFileError:
    """A chat of many people where a channel belongs."""
    return RefusedFileError(
        message("{file} is the export of a group, not of a channel.", file=shown(path)),
        message("Put it into the folder chats: there, only questions and the channel's answers are read, without names."),
    )


def channel_as_chat(path: str) -> RefusedFileError:
    """A channel where a chat belongs."""
    return RefusedFileError(
        message("{file} is the export of a channel, not of a chat.", file=shown(path)),
        message("Put it into a folder of its own outside of chats: all posts of a channel are read."),
    )


def misplaced_captions(path: str) -> RefusedFileError:
    """Captions whose path does not say which video they belong to."""
    return RefusedFileError(
        message("{file}: the path of captions must say which channel and video they belong to.", file=shown(path)),
        message(
            "Put them into youtube/<channel>/ under a name such as 2024-01-31_dQw4w9WgXcQ.ru.vtt, "
            "or as yt-dlp writes it: Title [dQw4w9WgXcQ].ru.vtt."
        ),
    )


def no_captions(path: str) -> RefusedFileError:
    """Not one caption with readable times and words."""
    return RefusedFileError(
        message("{file} holds no captions with times.", file=shown(path)),
        message("Download the captions again, as .vtt, .srt, or a JSON list of text, start and duration."),
    )


def not_utf_8(path: str) -> RefusedFileError:
    """Text in another encoding."""
    return RefusedFileError(
        message("{file} is not text in UTF-8.", file=shown(path)), message("Save the file as UTF-8 and deliver it again.")
    )


def too_large_to_hold(path: str, limit: int) -> RefusedFileError:
    """A file that has to be held as a whole."""
    return RefusedFileError(
        message("{file} is larger than {limit} bytes.", file=shown(path), limit=limit),
        message("Deliver it in parts: captions one file per video, what the bot saw one file per hour."),
    )
