"""One dear purchase is added to histories without such, and lists are compared."""

import datetime as dt

import numpy as np
import polars as pl
import pytest

from tests.marketplace.made_up_log import FIRST_DAY, made_up_log
from vitrina.marketplace import price_sanity as judging
from vitrina.marketplace.fitted import Candidates, Fitted
from vitrina.marketplace.judgement_tables import PriceSanity
from vitrina.marketplace.parameters import Parameters
from vitrina.marketplace.price_sanity import price_sanity
from vitrina.marketplace.verdicts import price_stays_sane
from vitrina.marketplace.windows import Window

N_ITEMS = 200
SMALL = Parameters(components=8, epochs=3, trees=5, leaves=4, seeds=1)
CUT = FIRST_DAY + dt.timedelta(days=50)
LEARNT = (Window(FIRST_DAY + dt.timedelta(days=30), FIRST_DAY + dt.timedelta(days=40)),)


@pytest.fixture(scope="module")
def log():
    # rarely bought ones are the dear ones
    prices = 500 + np.arange(N_ITEMS)
    prices[-30:] = 90_000 + np.arange(30)
    return made_up_log(n_items=N_ITEMS, prices=prices)


@pytest.fixture(scope="module")
def fitted(log):
    return Fitted(log, SMALL, 0)


def judged(fitted, **changes):
    return price_sanity(fitted, CUT, fitted.reranker(LEARNT), **{"diversity": 0.5, "seed": 0, "n_users": 100, **changes})


def test_dear_is_above_the_97th_percentile_of_the_items_median_prices_before_the_cut(log):
    threshold, dear = judging._dear_prices(log.before(CUT))
    known = sorted(log.before(CUT).events.group_by("item").agg(pl.col("price").median())["price"].to_list())
    assert threshold == int(np.quantile(known, 0.97))
    assert sorted(dear["price"].to_list()) == [price for price in known if price > threshold]


def test_tried_users_have_three_purchases_and_no_dear_one(log):
    known = log.before(CUT)
    _, dear = judging._dear_prices(known)
    users = judging._who_buys_nothing_dear(known, dear)
    assert 0 < len(users) < log.n_users
    for user in range(log.n_users):
        own = known.events.filter(pl.col("user") == user)
        fits = own.height >= 3 and not set(own["item"].to_list()) & set(dear["item"].to_list())
        assert (user in users) == fits


def test_everybody_gets_a_different_dear_item_the_day_before_the_cut(fitted, monkeypatch):
    made = []

    def spied(*arguments, real=judging._purchases):
        made.append(real(*arguments))
        return made[-1]

    monkeypatch.setattr(judging, "_purchases", spied)
    sanity = judged(fitted)
    (added,) = made
    assert added["item"].n_unique() == added["user"].n_unique() == sanity.height
    assert (added["price"] > sanity["dear_from_minor"][0]).all()
    assert set(added["kind"].cast(pl.String)) == {"purchase"}
    assert (fitted.log.with_events(added).between(CUT - dt.timedelta(days=1), CUT)["price"] > 10_000).sum() >= sanity.height


class Dearest:
    """A list that shows what was bought the day before, then item after item: what a model without sense would do."""

    def __init__(self, shown):
        self.shown = shown

    def __call__(self, known, reranker, users, allowed=None):
        lists = [self.shown(known, user) for user in users]
        return Candidates(
            np.repeat(users, [len(items) for items in lists]),
            np.concatenate(lists),
            np.concatenate([-np.arange(len(items), dtype=float) for items in lists]),
        )


def test_the_share_rises_by_what_lists_turn_dear(fitted, monkeypatch):
    threshold, prices = judging._dear_prices(fitted.log.before(CUT))
    dear = prices["item"].to_list()

    def shown(known, user):
        own = known.history.log.events.filter(pl.col("user") == user)
        turned = own.filter(pl.col("price") > threshold)["item"].to_list()
        # the added item stands first, and three other dear ones follow it
        last = turned[0] if turned else None
        others = [item for item in dear if item != last][:3]
        cheap = [item for item in range(20) if item != last]
        return np.array(([last, *others, *cheap] if turned else cheap)[:10])

    monkeypatch.setattr(judging, "scored_candidates", Dearest(shown))
    sanity = judged(fitted, diversity=0.0)
    assert (sanity["share_before"] == 0).all()
    assert sanity["share_after"].to_list() == pytest.approx([3 / 9] * sanity.height)
    assert not price_stays_sane(sanity).passed


def test_the_real_models_fill_a_valid_table_and_the_same_seed_the_same(fitted):
    sanity = judged(fitted, n_users=5)
    PriceSanity.validate(sanity)
    assert sanity["case"].to_list() == [1, 2, 3, 4, 5]
    assert sanity.equals(judged(fitted, n_users=5))


def test_nothing_after_the_cut_is_looked_at(fitted, log):
    assert judged(fitted).equals(judged(Fitted(log.before(CUT), SMALL, 0)))


def test_with_fewer_than_five_users_nothing_is_said(fitted):
    assert judged(fitted, n_users=4).equals(PriceSanity.empty())
    assert judged(Fitted(made_up_log(), SMALL, 0)).equals(PriceSanity.empty())
