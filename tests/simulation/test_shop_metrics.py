"""True metrics of the made-up shop's days, against what people did and against what the camera holds."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from simulation import shop_truth
from simulation.retailer import Size
from simulation.shop import DayKind, ShopDay, Spoiled, simulate_day
from simulation.shop_metrics import METRICS, ROLES, STEP_S, consultations, shown, true_metrics, true_roles
from simulation.shop_people import Role
from vitrina.sellers.interaction_rule import InteractionRule
from vitrina.sellers.manual_counts import COUNTED
from vitrina.sellers.metrics import MetricRule

SEED = 7


@pytest.fixture(scope="module")
def day() -> ShopDay:
    return simulate_day(Size.DEMO, SEED, DayKind.BUSY)


@pytest.fixture(scope="module")
def whole_view(day: ShopDay) -> ShopDay:
    """The same day, seen from so far above the floor's middle that everything is in the picture."""
    middle = (day.floor.width / 2, day.floor.depth / 2)
    lens = replace(day.lens, position=(middle[0], middle[1] - 30.0, 40.0), target=(*middle, 0.0), field=40.0)
    return replace(day, lens=lens)


def values(found: pl.DataFrame) -> dict[str, float | None]:
    return dict(found.select("metric", "value").iter_rows())


def test_every_metric_that_people_may_count_has_its_truth(day: ShopDay) -> None:
    found = true_metrics(day)
    assert found.schema == METRICS
    assert sorted(found["metric"]) == sorted(COUNTED)


def test_where_the_camera_sees_all_the_truth_is_what_people_did(whole_view: ShopDay) -> None:
    talks = [served for served in whole_view.served if not served.at_till]
    # whoever comes at closing time turns on their heel
    stays = {p.number: sum(stay.end_s - stay.begin_s for stay in p.stays) for p in whole_view.people if p.role is Role.CUSTOMER}
    customers = [number for number, seconds in stays.items() if seconds >= MetricRule().present_at_least_s]
    assert len(customers) < len([seconds for seconds in stays.values() if seconds])
    found, n = values(true_metrics(whole_view)), dict(true_metrics(whole_view).select("metric", "n").iter_rows())
    assert found["interaction_ratio"] == pytest.approx(len({served.customer for served in talks}) / len(customers))
    assert n["interaction_ratio"] == len(customers)
    assert found["successful_interactions"] + found["unsuccessful_interactions"] == len(talks) > 20
    assert found["successful_interactions"] == sum(bought.consulted for bought in whole_view.purchases)
    means = {
        consulted: np.mean([bought.amount for bought in whole_view.purchases if bought.consulted is consulted])
        for consulted in (True, False)
    }
    assert found["average_purchase_with_consultation"] == pytest.approx(means[True])
    assert found["average_purchase_ratio"] == pytest.approx(means[True] / means[False])


def test_what_happens_beyond_the_pictures_edge_is_nothing_that_a_counter_could_count(day: ShopDay) -> None:
    beside = replace(day, lens=replace(day.lens, target=(-50.0, -60.0, 0.0)))
    found = true_metrics(beside)
    assert consultations(beside).is_empty()
    assert values(found)["interaction_ratio"] is None
    # the till knows its receipts all the same
    assert dict(found.select("metric", "n").iter_rows())["average_purchase_without_consultation"] == len(day.purchases)


def test_nothing_is_counted_while_the_picture_shows_nothing(whole_view: ShopDay) -> None:
    talk = consultations(whole_view).row(0, named=True)
    dark = replace(whole_view, spoiled=(Spoiled("dark", talk["begin_s"], talk["end_s"]),))
    assert talk["interaction"] not in consultations(dark)["interaction"]
    assert consultations(dark).height < consultations(whole_view).height


def test_a_talk_counts_where_enough_of_it_lies_within_the_time(whole_view: ShopDay) -> None:
    talk = consultations(whole_view).row(0, named=True)
    least = InteractionRule().min_duration_s
    ends = {past: talk["begin_s"] + past for past in (least - 1, least + 1)}
    counted = {past: talk["interaction"] in consultations(whole_view, 0.0, end)["interaction"] for past, end in ends.items()}
    assert counted == {least - 1: False, least + 1: True}


def test_a_talk_was_successful_though_the_receipt_came_after_the_end_of_the_time(whole_view: ShopDay) -> None:
    talk = consultations(whole_view).filter("successful").row(0, named=True)
    part = true_metrics(whole_view, talk["begin_s"], talk["end_s"])
    assert values(part)["successful_interactions"] >= 1
    bought = shop_truth.receipts(whole_view).filter(pl.col("at_s").is_between(talk["begin_s"], talk["end_s"]))
    assert dict(part.select("metric", "n").iter_rows())["average_purchase_ratio"] <= bought.height


def test_days_without_sellers_or_customers_have_their_truth_too() -> None:
    nobody = true_metrics(simulate_day(Size.TINY, SEED, DayKind.UNATTENDED))
    assert values(nobody)["interaction_ratio"] == 0
    assert values(nobody)["successful_interactions"] == 0
    assert values(nobody)["average_purchase_ratio"] is None
    assert values(true_metrics(simulate_day(Size.TINY, SEED, DayKind.EMPTY)))["interaction_ratio"] is None


def test_somebody_is_shown_for_as_long_as_they_are_there(whole_view: ShopDay) -> None:
    person = whole_view.people[5]
    seconds = sum(stay.end_s - stay.begin_s for stay in person.stays)
    assert len(shown(whole_view, person, 0.0, whole_view.length_s)) * STEP_S == pytest.approx(seconds, abs=len(person.stays))
    stay = person.stays[0]
    assert len(shown(whole_view, person, stay.begin_s + 5, stay.begin_s + 8)) * STEP_S == pytest.approx(3, abs=STEP_S)


def test_roles_are_true_at_every_second(day: ShopDay) -> None:
    found = true_roles(day, 1_000.0, 1_030.0)
    assert found.schema == ROLES
    assert found["at_s"].max() == 29.0
    for moment, rows in found.group_by("at_s"):
        there = {person.number: person for person, _ in day.present(1_000.0 + moment[0])}
        assert {number: there[number].seller_id for number in rows["person"]} == dict(
            rows.select("person", "seller_id").iter_rows()
        )
    sellers = found.filter(pl.col("role") == "seller")
    assert sellers["seller_id"].null_count() == 0
    assert found.filter(pl.col("role") == "customer")["seller_id"].null_count() == found.height - sellers.height
