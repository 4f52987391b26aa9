"""A search over a handful of posts that counts common lemmas, so that everybody sees what it finds."""

from __future__ import annotations

import numpy as np
import polars as pl

from vitrina.posts.language import lemmas
from vitrina.posts.search import FEATURES, Hit, PostRef, SearchResult
from vitrina.posts.tables import PostDuplicates


def hit(channel, post_id, text="", *, score=1.0, bm25=1.0, others=()):
    return Hit(
        channel=channel,
        post_id=post_id,
        passage=0,
        ordinal=0,
        score=score,
        bm25=bm25,
        cosine=0.0,
        text=text,
        link=None,
        posted_at=None,
        others=tuple(PostRef(*other, None) for other in others),
    )


def features(*values):
    return np.array([*values, *[0.0] * (len(FEATURES) - len(values))])


def found(hits, *values, corrected=()):
    return SearchResult(hits=tuple(hits), terms=(), corrected=tuple(corrected), features=features(*values))


class CountingSearch:
    """Posts by how many of the question's lemmas they hold; the first feature is the best one's share of them.

    `also` are the near-duplicates that stand behind a post. The ways of searching differ: without lemmas, words are
    compared as they stand.
    """

    version = "made up"

    def __init__(self, posts, also=None):
        self.posts, self.also, self.asked = posts, also or {}, []

    @property
    def channels(self):
        return tuple(dict.fromkeys(channel for channel, _ in self.posts))

    def search(self, query, channels=None, *, k=10, query_vector=None, without=(), mode="fused"):
        self.asked.append((query, frozenset(without), mode))
        taken_apart = str.split if mode == "plain bm25" else lemmas
        wanted = set(taken_apart(query))
        scored = [
            (len(wanted.intersection(taken_apart(text))), post)
            for post, text in self.posts.items()
            if post not in without and (channels is None or post[0] in channels)
        ]
        best = sorted((pair for pair in scored if pair[0]), key=lambda pair: (-pair[0], pair[1]))[:k]
        hits = [hit(*post, self.posts[post], score=float(score), others=self.also.get(post, ())) for score, post in best]
        return found(hits, best[0][0] / len(wanted) if best else 0.0)


def duplicates(*groups):
    """Rows of `PostDuplicates`; of each group the first post is the first."""
    rows = [
        dict(
            zip(
                PostDuplicates.polars_schema(),
                (*channel.split(":"), post_id, *group[0][0].split(":"), group[0][1], 0.9),
                strict=True,
            )
        )
        for group in groups
        for channel, post_id in group[1:]
    ]
    return pl.DataFrame(rows, schema=PostDuplicates.polars_schema())


SYLLABLES = ("ба", "ко", "ли", "ну", "ры", "си", "та", "фе", "зю", "мо")


def word(number):
    """A word that no other number has and no dictionary knows."""
    return "".join(SYLLABLES[int(digit)] for digit in f"{number:04d}") + "к"


def made_up_posts(n, *, channels=("telegram:1",), words=8):
    """Posts that have no word in common."""
    return {
        (channels[at % len(channels)], str(at)): " ".join(word(at * words + place) for place in range(words)) for at in range(n)
    }


def questions_about(posts, *, name="known answers", n_words=4):
    rows = [(name, " ".join(text.split()[:n_words]), *post, "most") for post, text in posts.items()]
    return pl.DataFrame(rows, schema=["questions", "question", "channel", "post_id", "overlap"], orient="row")
