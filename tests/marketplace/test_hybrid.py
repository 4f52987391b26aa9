"""The factors that fresh answers are computed from, and the file that holds them."""

from functools import cache

import numpy as np
import polars as pl
import pytest

from tests.marketplace.small_shop import NEW_ITEMS, SMALL, day, fitted, item_table, shop_log, shop_plan, user_table
from vitrina.files import sha256_of
from vitrina.marketplace.answers import recommend
from vitrina.marketplace.factors import load
from vitrina.marketplace.fitted import likeness
from vitrina.marketplace.hybrid import by_code, fit_hybrid, items_by_code, published_factors, users_by_code
from vitrina.marketplace.item_pairs import popular_items, similar_to_items
from vitrina.marketplace.log import PURCHASE
from vitrina.marketplace.measure_names import DIVERSITY
from vitrina.marketplace.parameters import Parameters
from vitrina.marketplace.publishing import chosen_diversity, everything_shown
from vitrina.marketplace.recommending import Offer
from vitrina.marketplace.tables import PopularItems, Recommendations, RecommenderModels, SimilarItems

CUT = day(60)
ITEMS = [f"i{item:02}" for item in range(40)]
DENIED = "i05"


@cache
def history():
    return fitted().known(CUT).history


@cache
def items():
    return item_table(ITEMS, rule=["deny" if item == DENIED else None for item in ITEMS])


@cache
def learnt():
    return fit_hybrid(history(), items(), user_table(shop_log().users.to_list()), SMALL, seed=3)


@cache
def published():
    allowed = (items()["rule"] != "deny").fill_null(value=True).to_numpy()
    shown = {"allowed": allowed, "min_users": 3}
    similar = similar_to_items(history(), likeness(fitted().known(CUT)), learnt().items.vectors, items(), k=6, **shown)
    popular = popular_items(history(), items(), **shown)
    factors = published_factors(history(), learnt(), items(), similar=similar, popular=popular, allowed=allowed, version="made up")
    return factors, similar, popular


def test_rows_stand_in_the_order_of_codes_and_what_is_not_known_is_null():
    frame = pl.DataFrame({"item_id": ["c", "a", "z"], "price": [3, 1, 9]})
    assert by_code(frame, "item_id", pl.Series(["a", "b", "c"])).rows() == [("a", 1), ("b", None), ("c", 3)]


def test_an_item_without_features_can_be_bought_and_a_user_without_is_null():
    found = items_by_code(item_table(ITEMS[:9], available=[False] * 9), history())
    assert found["item_id"].to_list() == ITEMS
    assert found["available"].to_list() == [False] * 9 + [True] * 31
    assert users_by_code(user_table(["u07"]), history())["platform"].count() == 1


def test_everybody_and_everything_has_a_vector_and_two_fits_are_the_same():
    found = learnt()
    assert found.items.vectors.shape == (40, 8)
    assert found.users.vectors.shape == (60, 8)
    again = fit_hybrid(history(), items(), user_table(shop_log().users.to_list()), SMALL, seed=3)
    assert np.array_equal(found.items.vectors, again.items.vectors)
    other = fit_hybrid(history(), items(), user_table(shop_log().users.to_list()), SMALL, seed=4)
    assert not np.array_equal(found.items.vectors, other.items.vectors)


def test_new_items_lie_near_their_category():
    vectors = learnt().items.vectors
    assert np.abs(vectors[ITEMS.index(NEW_ITEMS[0])]).sum() > 0
    # both are described by category, price band and nothing else
    assert not np.array_equal(*vectors[[ITEMS.index(item) for item in NEW_ITEMS]])


def test_factors_hold_what_the_tables_say():
    factors, similar, popular = published()
    assert factors.item_ids.tolist() == ITEMS
    assert factors.trained_until == CUT
    assert factors.excluded.tolist() == [item == DENIED for item in ITEMS]
    for code, item in enumerate(ITEMS):
        page = similar.filter(item_id=item).sort("place")
        listed = factors.neighbours[code]
        assert [ITEMS[other] for other in listed[listed >= 0]] == page["similar_item_id"].to_list()
        np.testing.assert_allclose(factors.neighbour_scores[code][: page.height], page["score"].clip(0, 1), rtol=1e-6)
    for (platform, band), codes in factors.popular.items():
        expected = popular.filter(platform=platform, price_band=band).sort("place")["item_id"].to_list()
        assert [ITEMS[code] for code in codes] == expected
    assert len(factors.popular) == popular.select("platform", "price_band").n_unique()


def test_what_a_user_bought_is_known_of_them_and_of_nobody_else():
    factors, _, _ = published()
    bought = shop_log().events.filter(pl.col("kind") == PURCHASE)
    for row, user in enumerate(factors.user_hashes.astype(str).tolist()):
        seen = factors.seen_indices[factors.seen_indptr[row] : factors.seen_indptr[row + 1]].tolist()
        code = shop_log().users.to_list().index(user)
        assert seen == sorted(set(bought.filter(user=code)["item"].to_list()))


def test_a_fresh_answer_shows_neither_what_is_denied_nor_what_was_bought():
    factors, _, _ = published()
    bought = shop_log().events.filter((pl.col("kind") == PURCHASE) & (pl.col("user") == 5))["item"]
    answers = [answer.item_id for answer in recommend(factors, user="u05", n=40)]
    assert answers
    assert DENIED not in answers
    assert not set(answers) & {ITEMS[item] for item in bought}


def test_users_who_come_later_are_not_in_the_factors():
    early = fitted().known(day(1)).history
    assert 0 < early.warm_users.sum() < 60
    factors = published_factors(
        early, learnt(), items(), similar=SimilarItems.empty(), popular=PopularItems.empty(), allowed=np.ones(40, bool), version="x"
    )
    assert factors.user_hashes.astype(str).tolist() == shop_log().users.filter(pl.Series(early.warm_users)).to_list()
    assert factors.user_vectors.shape[0] == early.warm_users.sum()
    assert (factors.neighbours == -1).all()


def test_everything_that_is_shown_is_made_in_one_go(tmp_path):
    offer = Offer(length=5, min_users=3, diversity=0.25)
    users = user_table(shop_log().users.to_list())
    made = everything_shown(fitted(), shop_plan(), items(), users, offer, data=tmp_path, run_id="0123456789abcdef")
    assert set(made) == {Recommendations, SimilarItems, PopularItems, RecommenderModels}
    [model] = made[RecommenderModels].to_dicts()
    path = tmp_path / model["path"]
    assert (model["fingerprint"], model["size"]) == (sha256_of(path), path.stat().st_size)
    assert (model["as_of"], model["users"], model["items"], model["components"]) == (CUT, 60, 40, 8)
    assert Parameters.from_json(model["parameters"]) == SMALL.with_(diversity=0.25)
    assert load(path).item_ids.tolist() == ITEMS
    lists = made[Recommendations]
    assert DENIED not in set(lists["item_id"])
    assert DENIED not in set(made[SimilarItems]["similar_item_id"]) | set(made[PopularItems]["item_id"])
    # the last place is a new item's
    assert set(lists.filter(place=5)["item_id"]) <= set(NEW_ITEMS)


def test_lists_are_as_varied_as_the_judgement_of_that_day_has_chosen():
    quality = pl.DataFrame(
        {"as_of": [day(1), day(2), day(2)], "measure": [DIVERSITY, DIVERSITY, "other"], "value": [0.25, 0.5, 9.0]}
    )
    assert chosen_diversity(quality, day(2)) == 0.5
    assert chosen_diversity(quality, day(3)) == 0.0


def test_parameters_are_written_down_and_read_back():
    assert Parameters.from_json(SMALL.as_json()) == SMALL
    assert Parameters.from_json('{"components": 3, "forgotten": 1}') == Parameters(components=3)
    with pytest.raises(TypeError):
        SMALL.with_(forgotten=1)
