"""How well posts are found: questions with known answers, searched for in every way and measured with intervals."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Collection, Mapping, Sequence
from itertools import chain
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

Posts: TypeAlias = frozenset[Post]
Copies: TypeAlias = Mapping[Post, Posts]
Ranks: TypeAlias = npt.NDArray[np.int64]

MODES: tuple[Mode, ...] = ("fused", "bm25", "vectors", "plain bm25")

ALSO_RIGHT = pl.List(pl.Struct({"channel": pl.String(), "post_id": pl.String()}))
"""Column ``also_right`` of questions: posts that are as right as ``channel`` and ``post_id``. A channel often says the same in
several posts, in words so different that they are no near-duplicates."""

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
        ``question``, ``channel``, ``post_id``, ``overlap``, and ``also_right`` where questions may have several right posts.
    seed
        For the slips.

    Returns
    -------
    polars.DataFrame
        ``questions`` (name of the set), ``question``, ``channel``, ``post_id``, ``also_right``, ``overlap``.
    """
    columns = ("question", "channel", "post_id", "also_right", "overlap")
    known_answers, known_items = _with_also_right(known_answers), _with_also_right(known_items)
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

    All channels are searched at once. Any right post will do, and so will a near-duplicate of one: recall at k is the share of
    questions of which at least one of them is among the first k hits.

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
    """Rank of the first hit that is right for each question, from 1; 0 where none of the first ten is.

    Parameters
    ----------
    searcher
        The index.
    questions
        ``question``, and as of `right_posts`.
    mode
        Way of searching.
    copies
        As of `copies_of`.
    """
    ranks = []
    for question, right in zip(questions["question"], right_posts(questions, copies), strict=True):
        hits = searcher.search(question, k=DEPTH, mode=mode).hits
        ranks.append(next((rank for rank, hit in enumerate(hits, start=1) if is_right(hit, right)), 0))
    return np.array(ranks, dtype=np.int64)


def is_right(hit: Hit, right: Posts) -> bool:
    """Whether a hit is one of the right posts, or stands for one."""
    shown = {(hit.channel, hit.post_id), *((other.channel, other.post_id) for other in hit.others)}
    return not shown.isdisjoint(right)


def right_posts(questions: pl.DataFrame, copies: Copies) -> list[Posts]:
    """All posts that are right for each question, near-duplicates of any of them included.

    Parameters
    ----------
    questions
        ``channel`` and ``post_id`` of a right post, and ``also_right``, the others (`ALSO_RIGHT`). Without that column every
        question has one.
    copies
        As of `copies_of`; without any, these are the posts that somebody has named.
    """
    found = []
    for *first, others in _with_also_right(questions).select("channel", "post_id", "also_right").iter_rows():
        named: set[Post] = {(first[0], first[1]), *((other["channel"], other["post_id"]) for other in others)}
        found.append(frozenset(copy for post in named for copy in copies.get(post, {post})))
    return found


def within(channels: Collection[str], questions: pl.DataFrame) -> pl.DataFrame:
    """The questions all of whose right posts are posts of these channels.

    Parameters
    ----------
    channels
        As ``<platform>:<channel>``.
    questions
        As of `right_posts`.
    """
    known = frozenset(channels)
    kept = [all(channel in known for channel, _ in right) for right in right_posts(questions, {})]
    return questions.filter(pl.Series(kept, dtype=pl.Boolean))


def _with_also_right(questions: pl.DataFrame) -> pl.DataFrame:
    """With the column, empty lists where it is not there."""
    return (
        questions if "also_right" in questions.columns else questions.with_columns(pl.lit([], dtype=ALSO_RIGHT).alias("also_right"))
    )


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
        ``question``, and as of `right_posts`.
    """
    asked = zip(questions["question"], right_posts(questions, {}), strict=True)
    rows = sorted("\0".join([*chain.from_iterable(sorted(right)), question]) for question, right in asked)
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()


def _sets(questions: pl.DataFrame) -> list[tuple[str, pl.DataFrame]]:
    return [(name, asked) for name in SETS if (asked := questions.filter(pl.col("questions") == name)).height]
