"""Whether an index may go out, and whether the bot does what it promises: pure functions from tables to verdicts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import polars as pl

from vitrina.posts.measures import ALL, MRR, RECALL_AT_1, Measured, difference, wilson
from vitrina.verdict import Verdict

STAY = "The index published before stays. "
COMPARED = (RECALL_AT_1, MRR)
FUSED, BM25 = "fused", "bm25"
SHOWN = 8


class _Compared(NamedTuple):
    """What one measure of one set of questions differs by."""

    questions: str
    measure: str
    n: int
    found: Measured

    @property
    def is_surely_worse(self) -> bool:
        """Whether even the upper end of the interval lies below 0; of a single question, nothing is sure."""
        return self.found.high is not None and self.found.high < 0

    def __str__(self) -> str:
        value, low, high = self.found
        interval = "" if low is None or high is None else f" [{low:+.3f}, {high:+.3f}]"
        return f"{self.measure} on {self.questions} {value:+.3f}{interval}"


def no_worse_than_published(now: pl.DataFrame, before: pl.DataFrame, paired: pl.DataFrame | None = None) -> Verdict:
    """Whether posts are found no worse than in the published index, as far as chance can tell.

    Parameters
    ----------
    now, before
        Rows of `SearchQuality` of the new and of the published index; none of the latter where nothing was published.
        Figures of different sets of questions say nothing about two indexes and are not compared.
    paired
        What `vitrina.posts.judgement.differences` found where both indexes were asked the same questions: it then stands for
        these sets, and only the others are compared figure by figure, by the interval of two independent measures.
    """
    if before.is_empty():
        return Verdict(passed=True, said="Nothing was published before that could be better.")
    compared = [] if paired is None else list(_by_question(paired))
    known = {row.questions for row in compared}
    new, old = (_figures(frame, FUSED).filter(~pl.col("questions").is_in(sorted(known))) for frame in (now, before))
    others = sorted(set(new["questions"]) - set(new.join(old, on=("questions", "set_hash"), how="semi")["questions"]))
    compared += _by_figures(new, old, on=("questions", "measure", "set_hash"))
    said = "".join(f" The {name} are other questions than before and are not compared." for name in others)
    if not compared:
        return Verdict(True, f"No set of questions is the same as before.{said}", {"compared": 0, "other_sets": len(others)})
    return _verdict(
        compared,
        better="No set of questions is answered worse than by the published index: ",
        worse="Posts are found worse than in the published index: ",
        said=said,
        figures={"other_sets": len(others)},
        what_to_do=STAY
        + "See `search_quality` for which questions fail, and `embedding_models` if the model has changed; a deliberate change "
        "goes out once `known_answers` hold what is now right.",
    )


def fused_is_not_worse_than_bm25(quality: pl.DataFrame) -> Verdict:
    """Whether vectors and re-ranking do not find posts worse than words alone, as far as chance can tell.

    Parameters
    ----------
    quality
        Rows of `SearchQuality` of one index.
    """
    compared = list(_by_figures(_figures(quality, FUSED), _figures(quality, BM25), on=("questions", "measure", "set_hash")))
    if not compared:
        return Verdict(passed=True, said="Nothing can be judged: no set of questions was searched both ways.")
    return _verdict(
        compared,
        better="Searching with vectors is no worse than by words alone: ",
        worse="Searching with vectors is worse than by words alone: ",
        what_to_do="Try another embedding model, or weigh vectors less: the model in use hurts more than it helps.",
    )


def bot_keeps_its_promise(thresholds: pl.DataFrame) -> Verdict:
    """Whether false answers to held-out questions are no more than promised, as far as chance can tell, in every channel.

    Among many channels one would break its promise by chance; the intervals are wider for it (Bonferroni).

    Parameters
    ----------
    thresholds
        Rows of `AnswerThresholds`.
    """
    own = thresholds.filter("own").select(pl.format("{}:{}", "platform", "channel_id").alias("of"), *_PROMISE)
    shared = thresholds.filter(~pl.col("own")).select(pl.lit("all channels together").alias("of"), *_PROMISE).head(1)
    judged = pl.concat([own, shared]).filter(pl.col("false_answers").is_not_null() & (pl.col("questions") > 0))
    if judged.is_empty():
        return Verdict(passed=True, said="The bot keeps silent: there are too few questions to say when it may speak.")
    told, broken = [], 0
    for of, target, share, n in judged.sort("false_answers", descending=True).iter_rows():
        low, _ = wilson(round(share * n), n, confidence=1 - 0.05 / judged.height)
        broken += low is not None and low > target
        told.append(f"{of} {share:.1%} of {n}")
    worst, target = float(judged["false_answers"].max()), float(judged["target"][0])  # type: ignore[arg-type]  # numbers
    return Verdict(
        not broken,
        f"{'More' if broken else 'No more'} questions without an answer are answered than promised ({target:.1%}): {_some(told)}.",
        {"worst_share": worst, "target": target, "judged": judged.height, "broken": broken},
        "Calibrate the answers anew; if it stays so, deliver more questions with known answers for the channel, or promise less.",
    )


_PROMISE = ("target", "false_answers", "questions")


def _figures(quality: pl.DataFrame, searched_by: str) -> pl.DataFrame:
    return quality.filter((pl.col("searched_by") == searched_by) & (pl.col("overlap") == ALL) & pl.col("measure").is_in(COMPARED))


def _by_question(paired: pl.DataFrame) -> Iterator[_Compared]:
    chosen = paired.filter(pl.col("measure").is_in(COMPARED))
    for questions, measure, n, *found in chosen.select("questions", "measure", "n", "difference", "low", "high").iter_rows():
        yield _Compared(questions, measure, n, Measured(*found))


def _by_figures(now: pl.DataFrame, before: pl.DataFrame, *, on: tuple[str, ...]) -> Iterator[_Compared]:
    both = now.join(before, on=on, suffix="_before").sort("questions", "measure")
    ends = ("value", "low", "high")
    for row in both.iter_rows(named=True):
        new, old = Measured(*(row[end] for end in ends)), Measured(*(row[f"{end}_before"] for end in ends))
        yield _Compared(row["questions"], row["measure"], row["n"], difference(new, old))


def _verdict(  # noqa: PLR0913  # what was compared, and how each outcome is told
    compared: list[_Compared],
    *,
    better: str,
    worse: str,
    what_to_do: str,
    said: str = "",
    figures: dict[str, float | int | str] | None = None,
) -> Verdict:
    lost = [row for row in compared if row.is_surely_worse]
    least = min(compared, key=lambda row: row.found.value)
    rests_on: dict[str, float | int | str] = {
        "compared": len(compared),
        "worse": len(lost),
        "worst_difference": least.found.value,
        "worst_on": f"{least.measure} on {least.questions}",
        "questions": max(row.n for row in compared),
    }
    told = _some([str(row) for row in lost or compared])
    return Verdict(not lost, f"{worse if lost else better}{told}.{said}", rests_on | (figures or {}), what_to_do)


def _some(told: list[str]) -> str:
    return ", ".join(told[:SHOWN]) + (f" and {len(told) - SHOWN} more" if len(told) > SHOWN else "")
