"""Questions of which people say which post answers them, as the judgement takes them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

import polars as pl

from vitrina.posts.known_items import overlap
from vitrina.posts.reconciling import KEY, message_ids

MOST = 5_000
"""Questions that are judged: beyond, an interval narrows little."""


def known_answers(raw: pl.DataFrame, posts: pl.DataFrame) -> pl.DataFrame:
    """What people know, where the post still stands.

    A question without a channel belongs to the one whose export lies in the same folder. Of an album, any message will do. A
    question that was delivered twice has its later answer.

    Parameters
    ----------
    raw
        Table `RawKnownAnswers`.
    posts
        Table `Posts`.

    Returns
    -------
    polars.DataFrame
        ``question``, ``channel`` as ``<platform>:<channel>``, ``post_id``, ``overlap``; no more than `MOST`.
    """
    latest = raw.sort("delivery", "source_row").unique("question", keep="last", maintain_order=True)
    standing = _standing(posts)
    rows = []
    for question, channel, delivered in _with_channels(latest, _channels_of_folders(posts)):
        if (found := standing.get((channel, delivered))) is not None:
            post_id, text = found
            rows.append((question, channel, post_id, overlap(question, text)))
    return pl.DataFrame(rows[:MOST], schema=dict.fromkeys(("question", "channel", "post_id", "overlap"), pl.String()), orient="row")


def _folder(path: str) -> str:
    return PurePosixPath(path).parent.as_posix()


def _channels_of_folders(posts: pl.DataFrame) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    columns = (
        posts.filter(pl.col("kind") != "answer")
        .select("source_file", "platform", "channel_id")
        .unique()
        .sort("platform", "channel_id")
    )
    for path, platform, channel in columns.iter_rows():
        channels = found.setdefault(_folder(path), [])
        if (name := f"{platform}:{channel}") not in channels:
            channels.append(name)
    return found


def _with_channels(raw: pl.DataFrame, of_folder: dict[str, list[str]]) -> Iterator[tuple[str, str, str]]:
    everywhere = sorted({name for names in of_folder.values() for name in names})
    for question, post_id, channel_id, path in raw.select("question", "post_id", "channel_id", "source_file").iter_rows():
        if post_id is None:
            continue
        names = of_folder.get(_folder(path), []) if channel_id is None else [n for n in everywhere if n.endswith(f":{channel_id}")]
        if len(names) == 1:
            yield question, names[0], post_id


def _standing(posts: pl.DataFrame) -> dict[tuple[str, str], tuple[str, str]]:
    """Channel and message → the post that it belongs to, and its text."""
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for platform, channel, post_id, text, messages in posts.select(*KEY, "text", "messages").iter_rows():
        for message in message_ids(post_id, messages):
            found[f"{platform}:{channel}", message] = (post_id, text)
    return found
