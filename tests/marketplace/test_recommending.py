"""Lists for everybody: what may stand in them, and whether the reasons are true."""

from functools import cache

import numpy as np
import polars as pl
import pytest

from tests.marketplace.small_shop import NEW_ITEMS, RARE_ITEMS, day, fitted, item_table, shop_log, shop_plan
from vitrina.marketplace.fitted import scored_candidates
from vitrina.marketplace.recommending import ColdItems, NothingToShowError, Offer, allowed_items, recommend_everybody
from vitrina.marketplace.scorers import similar_items

CUT = day(60)
OFFER = Offer(length=10, min_users=3, diversity=0.5)
ITEMS = [f"i{item:02}" for item in range(40)]


@cache
def reranker():
    return fitted().reranker(shop_plan().final)


def cold_items(allowed):
    history = fitted().known(CUT).history
    rng = np.random.default_rng(0)
    codes = np.flatnonzero(allowed & ~history.known_items)
    return ColdItems(codes, rng.random((60, 3)), rng.random((40, 3)), rng.random(40))


def lists_of(offer=OFFER, *, items=None, cold=False, allowed=None):
    items = item_table(ITEMS) if items is None else items
    allowed = allowed_items(items) if allowed is None else allowed
    new = cold_items(allowed) if cold else None
    return recommend_everybody(fitted().known(CUT), reranker(), items, offer, allowed=allowed, cold=new)


@cache
def everybody():
    return lists_of(cold=True)


def events(*kinds):
    log = shop_log()
    chosen = log.events.filter(pl.col("kind").cast(pl.String).is_in(kinds))
    return chosen.select(user=log.users[chosen["user"].to_numpy()], item=log.items[chosen["item"].to_numpy()], day="day")


def pairs(frame, *names):
    return set(frame.select(names).rows())


def users_of(item):
    return set(events("view", "cart", "purchase").filter(item=item)["user"])


def test_what_is_in_stock_and_not_denied_may_be_shown():
    items = item_table(["1", "2", "3"], available=[True, False, True], rule=["deny", None, None])
    assert allowed_items(items).tolist() == [False, False, True]


def test_where_there_is_a_list_of_allowed_items_they_alone_may_be_shown():
    items = item_table(["1", "2", "3", "4"], available=[True, True, False, True], rule=["allow", "unlisted", "allow", "deny"])
    assert allowed_items(items).tolist() == [True, False, False, False]


def test_where_nothing_may_be_shown_the_error_says_what_holds_it_back():
    items = item_table(["1", "2", "3"], available=[False, True, True], rule=["allow", "unlisted", "deny"])
    with pytest.raises(NothingToShowError, match="1 are out of stock; rules: 1 allow, 1 deny, 1 unlisted"):
        allowed_items(items)


def test_everybody_has_a_full_list_of_different_items():
    found = everybody()
    assert found["user_hash"].unique().sort().to_list() == shop_log().users.to_list()
    assert found.select("user_hash", "item_id").is_unique().all()
    for _, part in found.group_by("user_hash"):
        assert sorted(part["place"]) == list(range(1, 11))


def test_what_is_denied_or_out_of_stock_is_never_recommended():
    available = [number % 5 > 0 for number in range(40)]
    rule = ["deny" if number % 7 == 0 else None for number in range(40)]
    found = lists_of(items=item_table(ITEMS, available=available, rule=rule), cold=True)
    may = {item for number, item in enumerate(ITEMS) if number % 5 and number % 7}
    assert set(found["item_id"]) <= may
    assert found["user_hash"].n_unique() == 60


def test_an_allow_list_alone_is_recommended_and_reaches_everybody():
    found = lists_of(items=item_table(ITEMS, rule=["allow" if number in {3, 30} else "unlisted" for number in range(40)]))
    assert set(found["item_id"]) == {"i03", "i30"}
    assert found.height == 2 * 60


@pytest.mark.parametrize("min_users", [2, 5, 30])
def test_what_few_users_met_is_shown_only_to_its_own_buyers(min_users):
    found = lists_of(Offer(length=20, min_users=min_users, diversity=0.0))
    bought = pairs(events("purchase"), "user", "item")
    few = {item for item in ITEMS if len(users_of(item)) < min_users}
    assert set(RARE_ITEMS) <= few
    rare = found.filter(pl.col("item_id").is_in(sorted(few)))
    assert pairs(rare, "user_hash", "item_id") <= bought
    if min_users == 5:
        assert ("u00", RARE_ITEMS[0]) in pairs(rare, "user_hash", "item_id")


def test_the_last_place_goes_to_a_new_item_and_to_no_other():
    found = everybody()
    new = found.filter(pl.col("item_id").is_in(NEW_ITEMS))
    assert new.height == 60
    assert set(new["place"]) == {10}
    assert set(new["reason"]) == {"new in category"}
    assert not set(found.filter(pl.col("place") < 10)["item_id"]) & set(NEW_ITEMS)
    without = lists_of()
    assert found.filter(pl.col("place") < 10).equals(without.filter(pl.col("place") < 10))
    assert not set(without["item_id"]) & set(NEW_ITEMS)


def test_the_new_item_is_the_one_whose_features_suit_the_user_best():
    cold = cold_items(np.ones(40, dtype=bool))
    scores = cold.users @ cold.items[cold.codes].T + cold.biases[cold.codes]
    best = [NEW_ITEMS[at] for at in scores.argmax(axis=1)]
    assert everybody().filter(place=10).sort("user_hash")["item_id"].to_list() == best
    assert set(best) == set(NEW_ITEMS)


def test_a_list_of_one_place_keeps_its_best_item():
    found = lists_of(Offer(length=1, min_users=3, diversity=0.5), cold=True)
    assert found.height == 60
    assert found["item_id"].to_list() == everybody().filter(place=1)["item_id"].to_list()


def test_without_repeats_nobody_is_shown_what_they_have_bought():
    found = lists_of(Offer(length=10, min_users=3, diversity=0.5, repeats=False))
    assert not pairs(found, "user_hash", "item_id") & pairs(events("purchase"), "user", "item")
    assert "bought again" not in set(found["reason"])


def test_scores_are_the_rerankers_and_the_first_place_has_the_best():
    found = scored_candidates(fitted().known(CUT), reranker(), np.arange(60))
    scores = {(f"u{user:02}", ITEMS[item]): score for user, item, score in zip(found.users, found.items, found.scores, strict=True)}
    lists = lists_of()
    for user, item, score in lists.select("user_hash", "item_id", "score").iter_rows():
        assert scores[user, item] == score
    plain = lists_of(Offer(length=10, min_users=1, diversity=0.0))
    assert all(part.sort("place")["score"].is_sorted(descending=True) for _, part in plain.group_by("user_hash"))


def test_who_is_told_that_they_buy_it_again_has_bought_it():
    found = everybody()
    bought = pairs(events("purchase"), "user", "item")
    told = pairs(found.filter(reason="bought again"), "user_hash", "item_id")
    assert told == pairs(found, "user_hash", "item_id") & bought
    assert told


def test_days_between_purchases_are_told_of_enough_users_who_bought_it_again():
    for user, item, days, users in (
        everybody().filter(reason="bought again").select("user_hash", "item_id", "reason_days", "reason_users").iter_rows()
    ):
        times = events("purchase").filter(item=item)
        gaps = {}
        for (who,), part in times.group_by("user"):
            different = part["day"].floor().n_unique()
            if different > 1:
                gaps[who] = (part["day"].max() - part["day"].min()) / (different - 1)
        if days is not None:
            assert users == len(gaps) >= OFFER.min_users
            assert days == round(float(np.median(list(gaps.values())))), (user, item)
        else:
            assert len(gaps) < OFFER.min_users or np.median(list(gaps.values())) < 1


def test_what_goes_with_something_goes_with_what_the_user_met_and_enough_users_have_both():
    told = lists_of(Offer(length=20, min_users=3, diversity=0.0)).filter(reason="goes with")
    assert told.height
    met = pairs(events("view", "cart", "purchase"), "user", "item")
    for user, item, other, users in told.select("user_hash", "item_id", "reason_item_id", "reason_users").iter_rows():
        assert (user, other) in met
        assert item != other
        assert users == len(users_of(item) & users_of(other)) >= 3
    assert told.filter(~pl.col("reason_en").str.starts_with("Goes with Title of i")).is_empty()
    assert lists_of()["reason_item_id"].is_null().to_list() == (lists_of()["reason"] != "goes with").to_list()


def test_the_companion_is_the_most_alike_of_what_the_user_met():
    known = fitted().known(CUT)
    like = similar_items(known.history.matrix("strength").sign(), shrinkage=5.0).toarray()
    own = known.history.matrix("strength").toarray() > 0
    for user, item, other in (
        lists_of(Offer(length=20, min_users=1, diversity=0.0))
        .filter(reason="goes with")
        .select("user_hash", "item_id", "reason_item_id")
        .iter_rows()
    ):
        row, at = int(user[1:]), ITEMS.index(item)
        assert like[ITEMS.index(other), at] == pytest.approx((like[:, at] * own[row]).max())


def test_similar_taste_is_told_of_what_factors_put_among_the_best_tenth():
    known = fitted().known(CUT)
    block = known.scorers["lightfm"].block(np.arange(60))
    bars = np.quantile(block, 0.9, axis=1)
    # few pairs of items have that many users, so that few reasons speak of pairs
    found = lists_of(Offer(length=20, min_users=12, diversity=0.0, repeats=False))
    assert {"similar taste", "popular"} <= set(found["reason"])
    for user, item, reason in (
        found.filter(reason="similar taste")
        .select("user_hash", "item_id", "reason")
        .vstack(found.filter(reason="popular").select("user_hash", "item_id", "reason"))
        .iter_rows()
    ):
        row = int(user[1:])
        assert (block[row, ITEMS.index(item)] >= bars[row]) == (reason == "similar taste")


def test_reasons_are_told_in_two_languages_and_rest_on_somebody():
    found = everybody()
    assert found["reason_users"].min() >= 1
    assert found["reason_en"].str.contains("^(Bought again|Goes with|Chosen by|New in category [0-3]|Popular now)").all()
    assert found["reason_ru"].str.contains("[а-яё]").all()
    others = found.filter(pl.col("reason").is_in(["similar taste", "popular"]))
    assert (others["reason_users"] >= OFFER.min_users).all()


def test_two_runs_make_the_same_lists():
    assert lists_of(cold=True).equals(everybody())
