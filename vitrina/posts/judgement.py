"""How well posts are found: questions with known answers, searched for in every way and measured with intervals."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from vitrina.posts.answering import Searcher
from vitrina.posts.known_items import OVERLAPS, with_typos
from vitrina.posts.measures import ALL, DEPTH, GENERATED, MEASURES, MISTYPED, PEOPLES, SETS, by_question, mean, of_ranks
from vitrina.posts.search import Hit, Mode
from vitrina.posts.tables import SearchQuality

Post: TypeAlias = tuple[str, str]
"""A channel, as ``<platform>:<channel>``, and a post."""

Copies: TypeAlias = Mapping[Post, frozenset[Post]]
Ranks: TypeAlias = npt.NDArray[np.int64]

MODES: tuple[Mode, ...] = ("fused", "bm25", "vectors", "plain bm25")

DIFFERENCES_SCHEMA = {
    "questions": pl.String(),
    "searched_by": pl.String(),
    "measure": pl.String(),
    "difference": pl.Float64(),
    "low": pl.Float64(),
    "high": pl.Float64(),
    "n": pl.Int64(),
    "set_hash": pl.String(),
}


def question_sets(known_answers: pl.DataFrame, known_items: pl.DataFrame, *, seed: int) -> pl.DataFrame:
    """All sets of questions in one frame: those of people, those made from posts, and these once more, mistyped.

    Parameters
    ----------
    known_answers, known_items
        ``question``, ``channel``, ``post_id``, ``overlap``.
    seed
        For the slips.

    Returns
    -------
    polars.DataFrame
        ``questions`` (name of the set), ``question``, ``channel``, ``post_id``, ``overlap``.
    """
    columns = ("question", "channel", "post_id", "overlap")
    rng = np.random.default_rng(seed)
    mistyped = [with_typos(question, rng) for question in known_items["question"]]
    sets = {
        PEOPLES: known_answers.select(columns),
        GENERATED: known_items.select(columns),
        MISTYPED: known_items.select(columns).with_columns(pl.Series("question", mistyped, dtype=pl.String)),
    }
    return pl.concat([frame.select(pl.lit(name).alias("questions"), *columns) for name, frame in sets.items()])


def judge(  # noqa: PLR0913  # what is judged, by what, and when
    searcher: Searcher,
    questions: pl.DataFrame,
    *,
    searched_by: Sequence[Mode] = MODES,
    version: str,
    judged_at: dt.datetime,
    seed: int,
    duplicates: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Rows of `SearchQuality`: every set of questions and way of searching, over all questions and by overlap.

    All channels are searched at once. A near-duplicate of the right post is as right as it.

    Parameters
    ----------
    searcher
        The index.
    questions
        As of `question_sets`.
    searched_by
        Ways of searching.
    version, judged_at
        Of the index, and when it is judged.
    seed
        For the intervals.
    duplicates
        Rows of `PostDuplicates`. Without them, the near-duplicates that the search itself stands behind a hit count.
    """
    copies = {} if duplicates is None else copies_of(duplicates)
    rows = []
    for name, asked in _sets(questions):
        common = {"version": version, "judged_at": judged_at, "questions": name, "set_hash": set_hash(asked)}
        for mode in searched_by:
            ranks = ranks_of(searcher, asked, mode=mode, copies=copies)
            for overlap in (ALL, *OVERLAPS):
                chosen = ranks if overlap == ALL else ranks[(asked["overlap"] == overlap).to_numpy()]
                if len(chosen):
                    rows += [
                        common | {"searched_by": mode, "overlap": overlap, "measure": measure, "n": len(chosen)} | found._asdict()
                        for measure, found in of_ranks(chosen, seed=seed).items()
                    ]
    return pl.DataFrame(rows, schema=SearchQuality.polars_schema())


def differences(  # noqa: PLR0913  # as above
    now: Searcher,
    before: Searcher,
    questions: pl.DataFrame,
    *,
    mode: Mode = "fused",
    seed: int,
    duplicates: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """What two indexes differ by on the very same questions: paired, and so much surer than two judgements side by side.

    Parameters
    ----------
    now, before
        The new index, and the one that is published.
    questions
        As of `question_sets`.
    mode
        Way of searching.
    seed
        For the bootstrap over questions.
    duplicates
        As of `judge`.

    Returns
    -------
    polars.DataFrame
        ``questions``, ``searched_by``, ``measure``, ``difference`` (above 0 where `now` is better) with its 95 % interval,
        ``n``, ``set_hash``.
    """
    copies = {} if duplicates is None else copies_of(duplicates)
    rows = []
    for name, asked in _sets(questions):
        new, old = (by_question(ranks_of(searcher, asked, mode=mode, copies=copies)) for searcher in (now, before))
        for measure in MEASURES:
            found = mean(new[measure] - old[measure], seed=seed)
            rows.append((name, mode, measure, *found, asked.height, set_hash(asked)))
    return pl.DataFrame(rows, schema=DIFFERENCES_SCHEMA, orient="row")


def ranks_of(searcher: Searcher, questions: pl.DataFrame, *, mode: Mode, copies: Copies) -> Ranks:
    """Rank of the right post of each question, from 1; 0 where it is not among the first ten.

    Parameters
    ----------
    searcher
        The index.
    questions
        ``question``, ``channel``, ``post_id``.
    mode
        Way of searching.
    copies
        Posts that are as right as the right one.
    """
    ranks = []
    for question, *post in questions.select("question", "channel", "post_id").iter_rows():
        hits = searcher.search(question, k=DEPTH, mode=mode).hits
        wanted: Post = (post[0], post[1])
        ranks.append(next((rank for rank, hit in enumerate(hits, start=1) if is_right(hit, wanted, copies)), 0))
    return np.array(ranks, dtype=np.int64)


def is_right(hit: Hit, post: Post, copies: Copies) -> bool:
    """Whether a hit is the post, or says nearly the same."""
    shown = {(hit.channel, hit.post_id), *((other.channel, other.post_id) for other in hit.others)}
    return not shown.isdisjoint(copies.get(post, {post}))


def copies_of(duplicates: pl.DataFrame) -> Copies:
    """Of each post that has near-duplicates: all posts of its group, itself included.

    Parameters
    ----------
    duplicates
        Rows of `PostDuplicates`.
    """
    members = duplicates.select(
        pl.format("{}:{}", "platform", "channel_id"),
        "post_id",
        pl.format("{}:{}", "first_platform", "first_channel_id").alias("first"),
        "first_post_id",
    )
    groups: dict[Post, set[Post]] = {}
    for channel, post_id, first_channel, first_post_id in members.iter_rows():
        first = (first_channel, first_post_id)
        groups.setdefault(first, {first}).add((channel, post_id))
    return {post: frozenset(group) for group in groups.values() for post in group}


def set_hash(questions: pl.DataFrame) -> str:
    """What tells one set of questions and right posts from another, whatever their order: 64 digits.

    Parameters
    ----------
    questions
        ``question``, ``channel``, ``post_id``.
    """
    rows = sorted("\0".join(row) for row in questions.select("channel", "post_id", "question").iter_rows())
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()


def _sets(questions: pl.DataFrame) -> list[tuple[str, pl.DataFrame]]:
    return [(name, asked) for name in SETS if (asked := questions.filter(pl.col("questions") == name)).height]
