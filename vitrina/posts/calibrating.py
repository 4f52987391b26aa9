"""When the bot may speak: a model of whether the best post answers, and thresholds that keep false answers rare.

Every question with a known answer is asked twice: as it is, and with all its right posts and all that says nearly the same as
one of them withheld, so that it has no answer but still meets everything else that the channels hold. What comes out is judged
on posts that the model has not learnt from.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from vitrina.errors import VitrinaError
from vitrina.posts.answer_fitting import Examples, Groups, conformal_threshold, fitted, out_of_fold
from vitrina.posts.answering import NEVER, AnswerModel, Searcher, Thresholds
from vitrina.posts.judgement import Copies, Post, Posts, copies_of, is_right, right_posts
from vitrina.posts.measures import PEOPLES, Bools, Floats, Measured, OperatingPoint, auroc, operating_point
from vitrina.posts.question_groups import group_numbers
from vitrina.posts.search import Hit
from vitrina.posts.tables import AnswerThresholds

RATE = 0.05
"""Share of unanswerable questions that may be answered."""

PEOPLES_WEIGHT, GENERATED_WEIGHT = 5.0, 1.0
"""The model learns from a person's question as from five that were made from posts: those are easier than what subscribers
ask, but in most channels nobody has asked anything yet. Thresholds count every question once: with so few in a channel, one
heavy question would silence it."""

ENOUGH_OF_PEOPLE = 100
"""Groups of people's questions from which on generated ones are left out: they are asked in other words than people's, and of a
fact that stands in another post too, that post still answers them while their own is withheld."""

FEWEST_OF_A_CHANNEL = 50
"""Groups of unanswerable questions from which on a channel has its own threshold: it then rests on the second highest at least."""

FEWEST_POSTS = 20
"""Posts asked about, below which nothing is learnt: with 18 questions or fewer no threshold keeps a promise of 5 % anyway."""

HELD_OUT_SCHEMA = {
    "question": pl.String(),
    "channel": pl.String(),
    "post_id": pl.String(),
    "peoples": pl.Boolean(),
    "answerable": pl.Boolean(),
    "hit_channel": pl.String(),
    "right": pl.Boolean(),
    "weight": pl.Float64(),
    "probability": pl.Float64(),
    "answered": pl.Boolean(),
    "group": pl.Int64(),
}


@dataclass(frozen=True)
class Calibrated:
    """What the bot goes by, and what it is worth.

    Attributes
    ----------
    model
        Fitted on all questions.
    thresholds
        Rows of `AnswerThresholds`: one per channel of the index.
    auroc
        Of the probabilities, answerable against unanswerable, out of fold; ``None`` where nothing could be learnt.
    held_out
        One row per question and way it was asked (``answerable`` or not): ``peoples`` for a person's, the channel of its best
        hit, whether that is ``right``, what the question counts for, its ``probability`` by a model that has not learnt from
        any of its right posts, and whether it was ``answered`` by thresholds that have not either. ``channel`` and ``post_id``
        are those of the first right post, and questions of one ``group`` have a right post in common.
    """

    model: AnswerModel
    thresholds: pl.DataFrame
    auroc: Measured | None
    held_out: pl.DataFrame


@dataclass(frozen=True)
class NoAnswer:
    """How well silence is kept on a set of questions half of whose posts are withheld.

    Attributes
    ----------
    auroc
        Answerable against unanswerable, by models that have not learnt from the same posts.
    point
        The lowest threshold that keeps the rate of false answers, read off these questions.
    answerable, unanswerable
        Questions of each kind.
    """

    auroc: Measured
    point: OperatingPoint
    answerable: int
    unanswerable: int


def calibrated(
    searcher: Searcher,
    questions: pl.DataFrame,
    *,
    duplicates: pl.DataFrame,
    rate: float = RATE,
    seed: int,
) -> Calibrated:
    """Fit the model of answers and its thresholds.

    Probabilities come from a logistic regression, which is calibrated as it is. It learns to tell questions that have an
    answer from those that have none, and not right posts from wrong ones: with that, fewer answers are told apart (AUROC .931
    instead of .935 on XQuAD-ru among Telegram posts), and one answer in fifty is a wrong post either way. Thresholds are conformal ones
    (`conformal_threshold`). A channel's own rests on the unanswerable questions whose best hit is of this channel, for the
    bot holds an answer against the threshold of the best hit's channel too; so the promise is kept in any mixture of
    channels.

    Parameters
    ----------
    searcher
        The index that will be asked.
    questions
        ``questions`` (the set: ``"known answers"`` of people; any other is taken as generated), ``question``, and as of
        `right_posts`.
    duplicates
        Rows of `PostDuplicates`.
    rate
        Share of unanswerable questions that may be answered.
    seed
        For the folds. The order of questions changes nothing.

    Raises
    ------
    VitrinaError
        The rate is no share between 0 and 1.
    """
    if not 0 < rate < 1:
        raise VitrinaError(f"The share of false answers is {rate:g}.", "Set it between 0 and 1, such as 0.05.")
    copies = copies_of(duplicates)
    ordered = _taught_by(questions, copies).sort("questions", "channel", "post_id", "question")
    right = right_posts(ordered, copies)
    groups = group_numbers(right)
    silence = pl.DataFrame(schema=HELD_OUT_SCHEMA)
    if len(np.unique(groups)) < FEWEST_POSTS:
        return Calibrated(AnswerModel.ignorant(), _thresholds(searcher.channels, silence, rate), None, silence)
    asked, features = _asked_twice(searcher, ordered, right)
    found, of_groups = asked["hit_channel"].is_not_null().to_numpy(), np.repeat(groups, 2)
    examples = _examples(asked, features, of_groups)
    if len(np.unique(examples.labels)) < 2:
        # whatever is found is an answer, as far as is known: too good a reason to speak on
        return Calibrated(AnswerModel.ignorant(), _thresholds(searcher.channels, silence, rate), None, silence)
    probabilities, folds = _out_of_fold(examples, features, of_groups, found, seed=seed)
    tried = asked.with_columns(pl.Series("probability", probabilities), pl.Series("fold", folds), pl.Series("group", of_groups))
    held_out = _answered_out_of_fold(tried, rate).select(list(HELD_OUT_SCHEMA))
    return Calibrated(
        fitted(examples, seed=seed),
        _thresholds(searcher.channels, held_out, rate),
        auroc(probabilities, asked["answerable"].to_numpy(), of_groups, seed=seed),
        held_out,
    )


def no_answer_report(
    searcher: Searcher, questions: pl.DataFrame, *, duplicates: pl.DataFrame, rate: float = RATE, seed: int
) -> NoAnswer:
    """How well the bot tells questions whose posts are there from those whose posts are not: every second one is withheld.

    All of these posts are withheld at once and from every search, as if they had never been written; so are all right posts of a
    question, or none of them. Each question is judged by a model that has learnt as `calibrated` teaches it, but from the
    questions about other posts alone.

    Parameters
    ----------
    searcher, duplicates, rate, seed
        As of `calibrated`.
    questions
        ``question``, and as of `right_posts`.

    Raises
    ------
    VitrinaError
        The questions are about fewer than twenty posts.
    """
    # posts in the order in which they were written, whose numbers are no text
    ordered = questions.sort("channel", pl.col("post_id").str.len_chars(), "post_id", "question")
    right = right_posts(ordered, copies_of(duplicates))
    groups = group_numbers(right)
    names, first = np.unique(groups, return_index=True)
    if len(names) < FEWEST_POSTS:
        raise VitrinaError(
            f"The questions are about {len(names)} posts; {FEWEST_POSTS} are needed to judge silence.",
            "Give more questions with known answers.",
        )
    answerable = ~np.isin(groups, names[np.argsort(first)][1::2])
    withheld = {post for posts, stays in zip(right, answerable, strict=True) if not stays for post in posts}
    searched = [_best(searcher, question, withheld) for question in ordered["question"]]
    asked, learnt = _asked_twice(searcher, ordered.with_columns(questions=pl.lit(PEOPLES)), right)
    examples = _examples(asked, learnt, np.repeat(groups, 2))
    found = np.array([hit is not None for _, hit in searched])
    probabilities, _ = _out_of_fold(examples, np.array([features for features, _ in searched]), groups, found, seed=seed)
    return NoAnswer(
        auroc(probabilities, answerable, groups, seed=seed),
        operating_point(probabilities, answerable, rate=rate),
        int(answerable.sum()),
        int((~answerable).sum()),
    )


def _taught_by(questions: pl.DataFrame, copies: Copies) -> pl.DataFrame:
    """People's questions alone where they are enough."""
    peoples = questions.filter(pl.col("questions") == PEOPLES)
    enough = len(np.unique(group_numbers(right_posts(peoples, copies)))) >= ENOUGH_OF_PEOPLE
    return peoples if enough else questions


def _best(searcher: Searcher, question: str, without: Collection[Post]) -> tuple[Floats, Hit | None]:
    result = searcher.search(question, without=without)
    return np.asarray(result.features, dtype=np.float64), result.hits[0] if result.hits else None


def _asked_twice(searcher: Searcher, questions: pl.DataFrame, right: Sequence[Posts]) -> tuple[pl.DataFrame, Floats]:
    """Every question as it is, and then without its right posts: what came of it, and the features, in the same order."""
    features, rows = [], []
    asked = zip(questions.select("questions", "question", "channel", "post_id").iter_rows(), right, strict=True)
    for (name, question, *post), posts in asked:
        peoples = name == PEOPLES
        weight = PEOPLES_WEIGHT if peoples else GENERATED_WEIGHT
        for without in (frozenset[Post](), posts):
            values, hit = _best(searcher, question, without)
            is_answer = hit is not None and not without and is_right(hit, posts)
            features.append(values)
            rows.append((question, *post, peoples, not without, hit and hit.channel, is_answer, weight))
    return pl.DataFrame(rows, schema=dict(list(HELD_OUT_SCHEMA.items())[: len(rows[0])]), orient="row"), np.array(features)


def _examples(asked: pl.DataFrame, features: Floats, groups: Groups) -> Examples:
    """Of the questions that found something: the bot has nothing to say to the others, whatever a model thinks."""
    found = Examples(features, asked["answerable"].to_numpy(), asked["weight"].to_numpy(), groups)
    return found.only(np.flatnonzero(asked["hit_channel"].is_not_null().to_numpy()))


def _out_of_fold(examples: Examples, features: Floats, groups: Groups, found: Bools, *, seed: int) -> tuple[Floats, Groups]:
    """As `out_of_fold`; the probability is 0 where nothing was found."""
    probabilities, folds = out_of_fold(examples, features, groups, seed=seed)
    return np.where(found, probabilities, 0.0), folds


def _own_thresholds(tried: pl.DataFrame, channels: Collection[str], rate: float) -> Thresholds:
    """The common threshold by all unanswerable questions, and those of channels that have their own by those that lead there."""
    rests_on = tried.filter(~pl.col("answerable"))

    def of(rows: pl.DataFrame) -> float:
        return conformal_threshold(rows["probability"].to_numpy(), rate=rate, groups=rows["group"].to_numpy())

    return Thresholds(of(rests_on), {channel: of(rests_on.filter(pl.col("hit_channel") == channel)) for channel in channels})


def _with_own(tried: pl.DataFrame) -> list[str]:
    """Channels that are the best hit's of enough groups of unanswerable questions."""
    counted = tried.filter(~pl.col("answerable")).group_by("hit_channel").agg(pl.col("group").n_unique()).drop_nulls()
    return counted.filter(pl.col("group") >= FEWEST_OF_A_CHANNEL)["hit_channel"].sort().to_list()


def _answered_out_of_fold(tried: pl.DataFrame, rate: float) -> pl.DataFrame:
    """With ``answered``: whether thresholds that rest on the other folds would let the bot speak."""
    own, parts = _with_own(tried), []
    for (fold,), part in tried.with_row_index().group_by("fold"):
        thresholds = _own_thresholds(tried.filter(pl.col("fold") != fold), own, rate)
        least = [thresholds.of_channel(channel) if channel else NEVER for channel in part["hit_channel"]]
        parts.append(part.with_columns(answered=part["probability"] >= pl.Series(least, dtype=pl.Float64)))
    return pl.concat(parts).sort("index")


def _thresholds(channels: Iterable[str], held_out: pl.DataFrame, rate: float) -> pl.DataFrame:
    """Rows of `AnswerThresholds`."""
    own = _with_own(held_out)
    thresholds = _own_thresholds(held_out, own, rate)
    rows = []
    for channel in channels:
        platform, _, channel_id = channel.partition(":")
        rests_on = held_out.filter(pl.col("hit_channel") == channel) if channel in own else held_out
        unanswerable, answerable = (rests_on.filter(pl.col("answerable") == kind) for kind in (False, True))
        rows.append(
            {
                "platform": platform,
                "channel_id": channel_id,
                "threshold": thresholds.of_channel(channel),
                "target": rate,
                "false_answers": unanswerable["answered"].mean(),
                "answered": answerable["answered"].mean(),
                "questions": unanswerable.height,
                "own": channel in own,
            }
        )
    return pl.DataFrame(rows, schema=AnswerThresholds.polars_schema())
