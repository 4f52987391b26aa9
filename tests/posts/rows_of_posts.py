"""Rows of the table of posts, for tests that need some."""

import datetime as dt
import hashlib
import json
import os
from pathlib import Path

import polars as pl
import pytest

from vitrina.posts.tables import Posts

BEGINNING = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)


def post(text, post_id="1", channel="10", **values):
    row = dict.fromkeys(Posts.polars_schema()) | {
        "platform": "telegram",
        "channel_id": channel,
        "post_id": post_id,
        "kind": "post",
        "author_kind": "channel",
        "posted_at": BEGINNING + dt.timedelta(minutes=int(post_id)) if post_id.isdigit() else BEGINNING,
        "text": text,
        "messages": 1,
        "text_hash": hashlib.sha256(text.encode()).hexdigest()[:32],
        "seen_at": BEGINNING + dt.timedelta(days=400),
        "source_file": "result.json",
    }
    return row | values


def posts(*rows):
    return Posts.check(pl.DataFrame(list(rows), schema=Posts.polars_schema()))


def real_posts():
    """Posts of the real channels, without what an export's reader does to them."""
    folder = os.environ.get("VITRINA_REAL_DATA")
    if not folder:
        pytest.skip("VITRINA_REAL_DATA does not name the folder of real data")
    rows = []
    for file in sorted(Path(folder, "posts").glob("channel*/result.json")):
        channel = json.loads(file.read_text(encoding="utf-8"))
        for message in channel["messages"]:
            text = message.get("text", "")
            text = text if isinstance(text, str) else "".join(part if isinstance(part, str) else part["text"] for part in text)
            at = dt.datetime.fromtimestamp(int(message["date_unixtime"]), dt.UTC)
            rows.append(post(text, str(message["id"]), str(channel["id"]), posted_at=at))
    return posts(*(row for row in rows if row["text"].strip()))
