"""Whether an index may go out, and whether the bot does what it promises."""

import datetime as dt

import polars as pl
import pytest

from vitrina.posts.judgement import DIFFERENCES_SCHEMA
from vitrina.posts.measures import wilson
from vitrina.posts.tables import AnswerThresholds, SearchQuality
from vitrina.posts.verdicts import bot_keeps_its_promise, fused_is_not_worse_than_bm25, no_worse_than_published

MEASURES = ("recall_at_1", "mrr_at_10")


def quality(recall, *, n=400, questions="known answers", searched_by="fused", set_hash="a", mrr=None):
    rows = []
    for measure, value in zip(MEASURES, (recall, recall if mrr is None else mrr), strict=True):
        low, high = wilson(round(value * n), n)
        rows.append(
            {
                "version": "v",
                "judged_at": dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
                "questions": questions,
                "searched_by": searched_by,
                "overlap": "all",
                "measure": measure,
                "value": value,
                "low": low,
                "high": high,
                "n": n,
                "set_hash": set_hash,
            }
        )
    return pl.DataFrame(rows, schema=SearchQuality.polars_schema())


def paired(difference, low, high, *, questions="known answers", measure="recall_at_1"):
    return pl.DataFrame([(questions, "fused", measure, difference, low, high, 400, "b")], schema=DIFFERENCES_SCHEMA, orient="row")


def thresholds(*rows, target=0.05):
    frame = [
        {
            "platform": "telegram",
            "channel_id": channel,
            "threshold": 0.7,
            "target": target,
            "false_answers": share,
            "answered": 0.8,
            "questions": n,
            "own": own,
        }
        for channel, share, n, own in rows
    ]
    return pl.DataFrame(frame, schema=AnswerThresholds.polars_schema())


def test_where_nothing_was_published_any_index_may_go_out():
    assert no_worse_than_published(quality(0.1), SearchQuality.empty()).passed


# of 400 and 400, at .80, the interval of a difference is about ±.056
@pytest.mark.parametrize(("recall", "passed"), [(0.80, True), (0.75, True), (0.74, False), (0.90, True)])
def test_an_index_that_is_surely_worse_stays_at_home(recall, passed):
    verdict = no_worse_than_published(quality(recall), quality(0.80))
    assert verdict.passed is passed
    assert verdict.figures["worst_difference"] == pytest.approx(recall - 0.80)
    assert ("worse than in the published index" in verdict.said) is not passed
    assert verdict.metadata()["what_to_do"].startswith("The index published before stays" if not passed else "Nothing.")


def test_a_worse_reciprocal_rank_alone_is_enough():
    verdict = no_worse_than_published(quality(0.80, mrr=0.70), quality(0.80, mrr=0.80))
    assert not verdict.passed
    assert "mrr_at_10 on known answers -0.100" in verdict.said
    assert verdict.figures["worst_on"] == "mrr_at_10 on known answers"


def test_one_worse_set_among_several_is_enough():
    now = pl.concat([quality(0.9), quality(0.5, questions="known items", set_hash="i")])
    before = pl.concat([quality(0.8), quality(0.8, questions="known items", set_hash="i")])
    assert not no_worse_than_published(now, before).passed


def test_figures_of_other_questions_are_not_compared_and_the_verdict_says_so():
    verdict = no_worse_than_published(quality(0.1, set_hash="new"), quality(0.9, set_hash="old"))
    assert verdict.passed
    assert "known answers are other questions than before and are not compared" in verdict.said
    both = pl.concat([quality(0.1, set_hash="new"), quality(0.8, questions="known items")])
    partly = no_worse_than_published(both, pl.concat([quality(0.9), quality(0.8, questions="known items")]))
    assert partly.passed
    assert "known answers are other questions" in partly.said
    assert partly.figures["compared"] == 2


def test_only_all_questions_and_the_search_in_use_are_compared():
    extra = pl.concat([quality(0.1, searched_by="vectors"), quality(0.1).with_columns(overlap=pl.lit("few"))])
    assert no_worse_than_published(pl.concat([quality(0.8), extra]), quality(0.8)).passed
    assert no_worse_than_published(quality(0.8), pl.concat([quality(0.8), extra.with_columns(value=pl.lit(0.9))])).passed


def test_the_same_questions_asked_of_both_indexes_tell_smaller_differences_apart():
    # two points are within chance for figures side by side, and beyond it question by question
    now, before = quality(0.78), quality(0.80)
    assert no_worse_than_published(now, before).passed
    assert not no_worse_than_published(now, before, paired(-0.02, -0.03, -0.01)).passed
    assert no_worse_than_published(now, before, paired(-0.02, -0.05, 0.01)).passed


def test_paired_differences_stand_for_their_set_even_if_it_has_changed_since():
    now, before = quality(0.5, set_hash="new"), quality(0.9, set_hash="old")
    verdict = no_worse_than_published(now, before, paired(0.0, 0.0, 0.0))
    assert verdict.passed
    assert "not compared" not in verdict.said


def test_of_a_single_question_nothing_is_sure():
    nothing_known = [
        frame.with_columns(low=pl.lit(None, pl.Float64), high=pl.lit(None, pl.Float64))
        for frame in (quality(0.0, n=1), quality(1.0, n=1))
    ]
    assert no_worse_than_published(*nothing_known).passed


@pytest.mark.parametrize(("fused", "passed"), [(0.86, True), (0.80, True), (0.67, False)])
def test_vectors_must_not_hurt(fused, passed):
    verdict = fused_is_not_worse_than_bm25(pl.concat([quality(fused), quality(0.82, searched_by="bm25")]))
    assert verdict.passed is passed
    assert verdict.figures["compared"] == 2
    assert fused_is_not_worse_than_bm25(quality(0.5)).passed


# a share of 12 in 100 may come from one of .05 once in a thousand
@pytest.mark.parametrize(("share", "n", "passed"), [(0.05, 100, True), (0.08, 100, True), (0.14, 100, False), (0.14, 20, True)])
def test_a_broken_promise_is_told_as_far_as_chance_can_tell(share, n, passed):
    verdict = bot_keeps_its_promise(thresholds(("1", share, n, True), ("2", 0.01, 200, True)))
    assert verdict.passed is passed
    assert verdict.figures == {"worst_share": share, "target": 0.05, "judged": 2, "broken": int(not passed)}
    assert f"telegram:1 {share:.1%} of {n}" in verdict.said


def test_channels_that_share_a_threshold_are_judged_once():
    verdict = bot_keeps_its_promise(thresholds(("1", 0.2, 100, False), ("2", 0.2, 100, False), ("3", 0.0, 60, True)))
    assert not verdict.passed
    assert (verdict.figures["judged"], verdict.figures["broken"]) == (2, 1)
    assert "all channels together" in verdict.said


def test_among_many_channels_one_is_not_blamed_for_chance():
    among = [(str(at), 0.04, 100, True) for at in range(2, 40)]
    assert not bot_keeps_its_promise(thresholds(("1", 0.11, 100, True))).passed
    assert bot_keeps_its_promise(thresholds(("1", 0.11, 100, True), *among)).passed


def test_a_bot_that_never_answers_keeps_every_promise():
    assert bot_keeps_its_promise(AnswerThresholds.empty()).passed
    assert bot_keeps_its_promise(thresholds(("1", None, 0, False))).passed
