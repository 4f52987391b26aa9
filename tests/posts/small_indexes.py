"""Small indexes for tests: a few posts written down, each one passage."""

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from vitrina.posts.embedding import EmbedderError
from vitrina.posts.index import IndexManifest, build_index

MODEL = "letters"
START = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
Post = tuple[str, str, str]
"""Channel, post, text."""


class Letters:
    """An embedder that counts letters: texts with the same letters are near each other."""

    model = MODEL
    dimensions = 32
    is_remote = False

    def __init__(self, model=MODEL, *, broken=False):
        self.model, self.broken = model, broken

    def embed(self, texts, *, kind="passage"):
        if self.broken:
            raise EmbedderError("The model cannot be reached.", "Try again.")
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for row, text in enumerate(texts):
            for letter in text.lower():
                if letter.isalpha():
                    vectors[row, ord(letter) % self.dimensions] += 1
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors / np.where(lengths > 0, lengths, 1)


def frames(posts: Sequence[Post]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Passages and posts."""
    rows = [
        {
            "platform": "telegram",
            "channel_id": channel,
            "post_id": post,
            "ordinal": 0,
            "text": text,
            "searched": text,
            "link": f"https://t.me/{channel}/{post}",
            "posted_at": START + dt.timedelta(days=number),
        }
        for number, (channel, post, text) in enumerate(posts)
    ]
    schema = dict.fromkeys(("platform", "channel_id", "post_id", "text", "searched", "link"), pl.String)
    frame = pl.DataFrame(rows, schema={**schema, "ordinal": pl.Int64, "posted_at": pl.Datetime("us", "UTC")})
    return frame.drop("link", "posted_at"), frame.select("platform", "channel_id", "post_id", "link", "posted_at")


def alike(*pairs: tuple[tuple[str, str], tuple[str, str]]) -> pl.DataFrame:
    """Duplicates: each a later post and the first of its group, by channel and post."""
    columns = ("platform", "channel_id", "post_id", "first_platform", "first_channel_id", "first_post_id")
    return pl.DataFrame(
        [("telegram", *later, "telegram", *first) for later, first in pairs],
        schema=dict.fromkeys(columns, pl.String),
        orient="row",
    )


def build(
    folder: Path, posts: Sequence[Post], *, duplicates: pl.DataFrame | None = None, models: Mapping[str, Letters] | None = None
) -> IndexManifest:
    """An index of posts in a folder, with the vectors of `Letters`."""
    passages, known = frames(posts)
    models = {MODEL: Letters()} if models is None else models
    vectors = {name: model.embed(passages["searched"].to_list()) for name, model in models.items()}
    names = list(models)
    return build_index(
        passages,
        vectors,
        alike() if duplicates is None else duplicates,
        posts=known,
        model=names[0],
        fallback=names[1] if len(names) > 1 else None,
        version="v1",
        folder=folder,
    )
