"""What the bot saw in a channel as it happened: flat JSON lines with the columns of a post."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import polars as pl

from vitrina.inbox.json_lines import read_json_lines
from vitrina.inbox.readers import Contents, trimmed
from vitrina.posts.exports import refusals, slices
from vitrina.posts.exports.slices import POST_COLUMNS
from vitrina.posts.language import clean

SUFFIXES = (".jsonl", ".ndjson")

MAX_BYTES = 256 << 20
"""Bytes of one file, which is held as a whole: the bot begins a new one long before."""


def read_feed(path: str, stream: BinaryIO) -> Iterator[Contents]:
    """What the bot wrote down; a column that it does not know is null, and further ones are not read.

    Parameters
    ----------
    path, stream
        As of `read_posts`.

    Yields
    ------
    Contents
        `source_row` is the line. Every post was seen ``live``, whatever the line says: only an export is a snapshot.

    Raises
    ------
    RefusedFileError
        The file is too large, or no line holds a JSON object.
    """
    stream.seek(0)
    content = stream.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise refusals.too_large_to_hold(path, MAX_BYTES)
    contents = read_json_lines(path, content)
    delivered = {name.casefold(): contents.frame.get_column(name) for name in contents.frame.columns}
    absent = pl.Series([None], dtype=pl.String).new_from_index(0, contents.frame.height)
    frame = pl.DataFrame([delivered.get(name, absent).alias(name) for name in POST_COLUMNS]).with_columns(
        trimmed(pl.Series("text", [text and clean(text) for text in delivered.get("text", absent)], dtype=pl.String)),
        pl.lit("live").alias("seen"),
    )
    for start in range(0, frame.height, slices.SLICE):
        rows = contents.source_row.slice(start, slices.SLICE)
        faults = tuple(fault for fault in contents.faults if rows[0] <= fault.source_row <= rows[-1])
        yield Contents(frame.slice(start, slices.SLICE), rows, faults, contents.notes if start == 0 else ())
