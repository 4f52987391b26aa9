"""Questions of which people say which posts answer them, as the judgement takes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import PurePosixPath

import polars as pl

from vitrina.posts.judgement import ALSO_RIGHT, Post
from vitrina.posts.known_items import OVERLAPS, overlap
from vitrina.posts.reconciling import KEY, message_ids

MOST = 5_000
"""Questions that are judged: beyond, an interval narrows little."""

KNOWN_ANSWERS_SCHEMA = {
    "question": pl.String(),
    "channel": pl.String(),
    "post_id": pl.String(),
    "also_right": ALSO_RIGHT,
    "overlap": pl.String(),
}


def known_answers(raw: pl.DataFrame, posts: pl.DataFrame) -> pl.DataFrame:
    """What people know, where a post that answers still stands.

    A row without a channel belongs to the one whose export lies in the same folder. Of an album, any message will do. All posts
    that a delivery names for a question are right; a question that is delivered again has those of the later delivery alone.

    Parameters
    ----------
    raw
        Table `RawKnownAnswers`.
    posts
        Table `Posts`.

    Returns
    -------
    polars.DataFrame
        One row per question, no more than `MOST`: ``question``; ``channel`` as ``<platform>:<channel>`` and ``post_id`` of the
        first right post, and ``also_right``, the others (`ALSO_RIGHT`), whatever the order of rows; ``overlap`` of the right
        post that holds most of the question's words.
    """
    latest = raw.filter(pl.col("delivery") == pl.col("delivery").max().over("question")).sort("delivery", "source_row")
    standing = _standing(posts)
    right: dict[str, dict[Post, str]] = {}
    for question, channel, delivered in _with_channels(latest, _channels_of_folders(posts)):
        if (found := standing.get((channel, delivered))) is not None:
            post_id, text = found
            right.setdefault(question, {})[channel, post_id] = text
    rows = [_row(question, texts) for question, texts in islice(right.items(), MOST)]
    return pl.DataFrame(rows, schema=KNOWN_ANSWERS_SCHEMA, orient="row")


def _row(question: str, right: Mapping[Post, str]) -> tuple[object, ...]:
    """A row of `KNOWN_ANSWERS_SCHEMA`, of a question and the texts of its right posts."""
    first, *others = sorted(right)
    also = [{"channel": channel, "post_id": post_id} for channel, post_id in others]
    return question, *first, also, max((overlap(question, text) for text in right.values()), key=OVERLAPS.index)


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
