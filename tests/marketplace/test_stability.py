"""Lists beside those of models that differ in what should not matter."""

import datetime as dt

import numpy as np
import polars as pl
import pytest

from tests.marketplace.made_up_log import made_up_log
from vitrina.marketplace import stability as judging
from vitrina.marketplace.fitted import Fitted
from vitrina.marketplace.judgement_tables import RecommendationStability
from vitrina.marketplace.parameters import Parameters
from vitrina.marketplace.stability import stability
from vitrina.marketplace.windows import plan

SMALL = Parameters(components=8, epochs=3, trees=5, leaves=4, seeds=1)


@pytest.fixture(scope="module")
def log():
    return made_up_log(n_items=80)


@pytest.fixture(scope="module")
def fitted(log):
    return Fitted(log, SMALL, 0)


def judged(fitted, users=None, **changes):
    planned = plan(fitted.log, 10)
    everybody = np.arange(fitted.log.n_users) if users is None else users
    return stability(fitted, planned, everybody, fitted.reranker(planned.before_test), **{"diversity": 0.5, "seed": 0, **changes})


def test_both_comparisons_stand_in_a_valid_table_with_their_intervals(fitted, log):
    compared = judged(fitted)
    RecommendationStability.validate(compared)
    assert compared["compared"].to_list() == ["another seed", "trained a week earlier"]
    assert (compared["n"] == log.n_users).all()
    # trees of five leaves from 1,200 events are no rock, but they are not drawn by lot: ten of eighty would share an eighth
    assert (compared["overlap_at_10"] > 0.25).all()
    assert (compared["overlap_at_10"] < 1).all()
    assert compared.filter(pl.col("low") < pl.col("overlap_at_10"), pl.col("overlap_at_10") < pl.col("high")).height == 2


def test_models_that_do_not_differ_make_the_same_lists(fitted, monkeypatch):
    monkeypatch.setattr(judging, "OTHER_SEED", 0)
    monkeypatch.setattr(judging, "EARLIER", dt.timedelta(0))
    compared = judged(fitted)
    assert compared["overlap_at_10"].to_list() == [1.0, 1.0]


def test_the_earlier_models_know_nothing_of_the_last_week(fitted, monkeypatch):
    cuts = []

    def spied(known, *arguments, real=judging.scored_candidates):
        cuts.append(known.history.cut)
        return real(known, *arguments)

    monkeypatch.setattr(judging, "scored_candidates", spied)
    judged(fitted)
    start = plan(fitted.log, 10).test.start
    assert sorted(cuts) == [start - dt.timedelta(days=7), start, start]


def test_users_whom_the_earlier_models_did_not_know_are_left_out(log):
    start = plan(log, 10).test.start
    newcomer = 5
    later = log.between(start - dt.timedelta(days=7), log.end).filter(pl.col("user") == newcomer)
    events = pl.concat([log.events.filter(pl.col("user") != newcomer), later]).sort("day", maintain_order=True)
    fitted = Fitted(type(log)(log.users, log.items, events), SMALL, 0)
    assert (judged(fitted)["n"] == log.n_users - 1).all()
    assert judged(fitted, np.array([newcomer, 1])).equals(RecommendationStability.empty())


def test_of_many_users_some_are_drawn(fitted, monkeypatch):
    monkeypatch.setattr(judging, "MOST_USERS", 10)
    compared = judged(fitted)
    assert (compared["n"] == 10).all()
    assert compared.equals(judged(fitted))
    assert not compared.equals(judged(fitted, seed=1))
