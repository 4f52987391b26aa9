"""Sellers and customers who are hidden for a while."""

import polars as pl
import pytest

from tests.sellers.rows_of_people import scene, walk
from vitrina.sellers.interaction_rule import InteractionRule
from vitrina.sellers.interactions import interactions_of

ROLES = {1: "seller", 2: "customer", 3: "customer"}
HERE, BESIDE, FAR = (0.0, 0.0), (1.0, 0.0), (6.0, 0.0)
COMES, GOES = [FAR, (4.0, 0.0), (2.0, 0.0)], [(2.0, 0.0), (4.0, 0.0), FAR]


def hidden(samples, *, found=((1.2, 0.0),)):
    """Somebody who comes, is lost beside the other, and is found again."""
    return [*COMES, BESIDE, *[None] * samples, *found, *GOES]


def spans(*walks, rule=None, **more):
    found = interactions_of(*scene(*walks, roles=ROLES, **more), rule=rule or InteractionRule())
    return found.select("seller_person", "customer_person", "begin_s", "end_s").rows()


def test_a_seller_who_is_hidden_by_the_customer_has_stood_there():
    path = hidden(30)
    (talk,) = spans(walk(1, path), walk(2, [HERE] * len(path)))
    assert talk[:2] == (1, 2)
    # from when the two stood together to when they part, both of which were seen
    assert talk[2:] == (2.5, 35.5)


def test_a_customer_who_is_hidden_is_served_by_the_seller_who_comes():
    path = [HERE, *[None] * 40, HERE]
    seller = [FAR] * 10 + COMES + [BESIDE] * 20 + GOES + [FAR] * 6
    (talk,) = spans(walk(1, seller), walk(2, path))
    assert talk[3] - talk[2] == pytest.approx(21.0)


def test_nothing_is_presumed_for_longer_than_the_rule_says():
    rule = InteractionRule()
    for seconds, talks in ((int(rule.hidden_s) - 1, 1), (int(rule.hidden_s), 0)):
        path = hidden(seconds)
        assert len(spans(walk(1, path), walk(2, [HERE] * len(path)))) == talks
    path = hidden(10)
    assert spans(walk(1, path), walk(2, [HERE] * len(path)), rule=InteractionRule(hidden_s=0)) == []


def test_who_is_found_elsewhere_has_walked():
    path = hidden(20, found=((4.0, 0.0),))
    assert spans(walk(1, path), walk(2, [HERE] * len(path))) == []


def test_of_two_who_are_both_hidden_nothing_is_said():
    seller, customer = hidden(20), [HERE, HERE, HERE, HERE, *[None] * 20, *[HERE] * 4]
    somebody = walk(3, [(20.0, 0.0)] * len(seller))
    assert spans(walk(1, seller), walk(2, customer), somebody) == []


def test_who_comes_by_where_a_seller_is_hidden_is_no_company():
    # the seller is lost with one customer; another one comes while nobody sees the seller
    path = hidden(40)
    near, later = [HERE] * len(path), [None] * 10 + [FAR] * 3 + [(1.0, 1.0)] * 20 + [FAR] * 10
    assert {talk[1] for talk in spans(walk(1, path), walk(2, near), walk(3, later))} == {2}


def test_who_is_there_only_while_somebody_is_hidden_is_that_person():
    path = hidden(40)
    # the seller comes to light for some seconds, and is taken for a customer
    glimpse = [None] * 15 + [(1.1, 0.0)] * 12
    assert spans(walk(1, path), walk(2, glimpse), walk(3, [(20.0, 0.0)] * len(path))) == []


def test_several_videos_do_not_mix():
    path = hidden(30)
    walks = [walk(1, path), walk(2, [HERE] * len(path))]
    other = [rows.with_columns(video=pl.lit("shop-1|till|20261015T090000Z|0a1b2c3d")) for rows in walks]
    assert len(spans(*walks, *other)) == 2
    assert len(spans(walks[0], other[1])) == 0
