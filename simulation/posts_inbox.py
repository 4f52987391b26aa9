"""The inbox of `posts`: exports of channels and of a chat, captions, known answers, and the log of the bot.

The main channel was exported twice, an older time as it stood then; the other channels once. Whatever is spoiled is a copy of a
good row at the end of its file, so that nothing of what is true is lost with it.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path

from simulation.delivery import SpoiledCell
from simulation.posts import KnownAnswer, SimulatedPosts, simulate_posts
from simulation.posts_bot_log import Asked, Pressed
from simulation.posts_captions import write_captions
from simulation.posts_channels import CHANNELS, DISCORD, MAIN, Channel
from simulation.posts_exports import (
    Message,
    chat_messages,
    telegram_messages,
    write_chat,
    write_discord,
    write_telegram,
)
from simulation.posts_histories import platform_id
from simulation.posts_truth import PostRef, ref, right_posts
from simulation.retailer import Size

FOLDER = "posts"
EARLIER, LATER = "2026-06", "2026-09"
"""Months of the exports, as the names of their folders end."""

CHAT = "lukoshko_chat"
FUTURE = dt.datetime(2093, 3, 15, 9, tzinfo=dt.UTC)
WHOLE_ROW = "(whole row)"
"""Column of a slip that spoils more than one cell."""

TIMES = {"asked": "asked_at", "feedback": "given_at"}
"""The column that says which month's file a row of the log belongs to."""

_SPOILED_ASKED = (("outcome", "возможно"), ("probability", 1.7), ("asked_at", "вчера"))
_SPOILED_FEEDBACK = (("helped", "спасибо"), ("given_at", "2026-13-01T10:00:00+00:00"))
INDEX_VERSION = "20260504T050000"
Row = Mapping[str, object]


def write_inbox(inbox: Path, size: Size | str, seed: int) -> tuple[SpoiledCell, ...]:
    """Write what channels, the chat and the bot deliver.

    Parameters
    ----------
    inbox
        The inbox; the files go to its sub-folder ``posts``.
    size, seed
        As of `simulate_posts`; the same values write the same files.

    Returns
    -------
    tuple of SpoiledCell
        The cells that must be refused; no other row must be. The row of an export is the position among its messages, from 1;
        that of JSON lines is the line.
    """
    world, own = simulate_posts(size, seed), inbox / FOLDER
    slips = [*_write_channels(own, world), *_write_chat(own, world), *_write_known(own, world)]
    slips += _write_lines(own, "asked", [_asked_row(asked) for asked in world.asked], _SPOILED_ASKED)
    slips += _write_lines(own, "feedback", [_pressed_row(pressed) for pressed in world.pressed], _SPOILED_FEEDBACK)
    write_captions(own / "youtube", world.captions)
    return tuple(SpoiledCell(f"{FOLDER}/{slip.source_file}", slip.source_row, slip.column, slip.value) for slip in slips)


def export_folder(channel: Channel, month: str = LATER) -> str:
    """The folder of a Telegram channel's export, within ``posts``."""
    return f"{channel.slug}_{month}"


def _write_channels(own: Path, world: SimulatedPosts) -> list[SpoiledCell]:
    slips = []
    for channel in CHANNELS:
        posts = [post for post in world.posts if post.channel is channel]
        if channel is DISCORD:
            write_discord(own / "discord" / f"{channel.slug}_{LATER}.json", channel, posts)
            continue
        exports = {LATER: telegram_messages(posts)}
        if channel is MAIN:
            exports[EARLIER] = telegram_messages(posts, is_earlier=True)
            slips.append(_from_the_future(exports[LATER], f"{export_folder(channel)}/result.json"))
            slips.append(_without_id(exports[EARLIER], f"{export_folder(channel, EARLIER)}/result.json"))
        for month, messages in exports.items():
            write_telegram(own / export_folder(channel, month) / "result.json", channel, messages)
    return slips


def _write_chat(own: Path, world: SimulatedPosts) -> list[SpoiledCell]:
    messages, name = chat_messages(world.chat), f"chats/{CHAT}/result.json"
    slips = [_without_id(messages, name)]
    write_chat(own / name, messages)
    return slips


def _without_id(messages: list[Message], name: str) -> SpoiledCell:
    """Append a copy of the last message with a text, without its identifier."""
    good = next(message for message in reversed(messages) if message.get("text"))
    messages.append({key: value for key, value in good.items() if key != "id"})
    return SpoiledCell(name, len(messages), WHOLE_ROW, "")


def _from_the_future(messages: list[Message], name: str) -> SpoiledCell:
    """Append a copy of the last message with a text, under its own identifier, posted in a year that has not come."""
    good = next(message for message in reversed(messages) if message.get("text"))
    number = max(message["id"] for message in messages) + 1
    future = {"id": number, "date": "2093-03-15T12:00:00", "date_unixtime": str(int(FUTURE.timestamp()))}
    messages.append({**good, **future})
    return SpoiledCell(name, len(messages), "posted_at", FUTURE.isoformat())


def _write_known(own: Path, world: SimulatedPosts) -> list[SpoiledCell]:
    """A file beside the export of each channel, one of them with a question left out."""
    slips, right = [], right_posts(world)
    for channel in CHANNELS:
        answers = [answer for answer in world.known if answer.channel is channel]
        rows = [(answer.question, *named) for answer in answers for named in _named(answer, right.get(answer.intent, ()))]
        if not rows:
            continue
        name = f"{export_folder(channel)}/questions.csv"
        if channel is MAIN:
            rows.append(("", *rows[0][1:]))
            slips.append(SpoiledCell(name, len(rows) + 1, "question", ""))
        written = io.StringIO()
        csv.writer(written, lineterminator="\r\n").writerows([("question", "post_id", "channel_id"), *rows])
        (own / name).write_bytes(written.getvalue().encode("utf-8-sig"))
    return slips


def _named(answer: KnownAnswer, right: Sequence[PostRef]) -> Iterator[tuple[str, str]]:
    """Post and, where it is another one, channel of everything that answers; nothing in one row if nothing does.

    Whoever wrote it down pointed at an album's last picture first.
    """
    if answer.post is None:
        yield "", ""
        return
    yield str(answer.post.message_id + answer.post.messages - 1), ""
    for post in right:
        if post != ref(answer.post):
            yield post.post_id, "" if post.channel_id == answer.channel.channel_id else post.channel_id


def _write_lines(own: Path, folder: str, rows: Sequence[Row], spoiled: Sequence[tuple[str, object]]) -> list[SpoiledCell]:
    """A file per month, the first one with slips: copies of its rows under other identifiers, and a line that was cut off."""
    slips: list[SpoiledCell] = []
    for month, grouped in groupby(rows, key=lambda row: str(row[TIMES[folder]])[:7]):
        lines = [_line(row) for row in grouped]
        if not slips:
            name, good = f"{folder}/{month}.jsonl", json.loads(lines[0])
            for place, (column, value) in enumerate(spoiled):
                lines.append(_line({**good, "question_id": f"spoiled{place}", column: value}))
                slips.append(SpoiledCell(name, len(lines), column, str(value)))
            lines.append(lines[0][: len(lines[0]) // 2])
            slips.append(SpoiledCell(name, len(lines), WHOLE_ROW, lines[-1]))
        path = own / folder / f"{month}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join([*lines, ""]), encoding="utf-8")
    return slips


def _line(row: Row) -> str:
    return json.dumps(row, ensure_ascii=False, separators=(",", ":"))


def _asked_row(asked: Asked) -> Row:
    shown, searched = asked.answer, asked.probability is not None
    return {
        "question_id": asked.question_id,
        "platform": "telegram",
        "chat_id": asked.chat_id,
        "user_hash": asked.user_hash,
        "asked_at": asked.asked_at.isoformat(),
        "via": asked.via,
        "locale": "ru",
        "text": asked.text,
        "outcome": asked.outcome,
        "probability": asked.probability,
        "answer_channel": None if shown is None else f"{shown.channel.platform}:{shown.channel.channel_id}",
        "answer_post": None if shown is None else platform_id(shown),
        "index_version": INDEX_VERSION if searched else None,
        "cpu_ms": round(2.5 + len(asked.text) / 40, 3) if searched else None,
        "tokens": 0 if searched else None,
    }


def _pressed_row(pressed: Pressed) -> Row:
    return {
        "question_id": pressed.question_id,
        "user_hash": pressed.user_hash,
        "helped": pressed.helped,
        "given_at": pressed.given_at.isoformat(),
    }
