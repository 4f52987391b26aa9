"""The made-up shop's people: where they go, whom they talk with and what they buy."""

import itertools
import math

import numpy as np
import pytest

from simulation.retailer import Size
from simulation.shop import DayKind, ShopDay, ShopExtent, simulate_day
from simulation.shop_behaviour import arrivals
from simulation.shop_floor import CLEARANCE, Lens, Routes, make_floor
from simulation.shop_people import Posture, Role

SEED = 7
LONG = ShopExtent(open_s=9_000, width=640, height=360, fps=5, arrivals_per_hour=30)


@pytest.fixture(scope="module")
def demo() -> ShopDay:
    return simulate_day(Size.DEMO, SEED)


@pytest.fixture(scope="module")
def busy() -> ShopDay:
    return simulate_day(Size.DEMO, SEED, DayKind.BUSY)


def test_the_same_seed_makes_the_same_day_and_another_makes_another(demo: ShopDay) -> None:
    again, other = simulate_day("demo", SEED), simulate_day("demo", SEED + 1)
    assert again == demo
    assert other.people != demo.people


def test_days_of_one_shop_share_its_floor_its_camera_and_its_sellers() -> None:
    one, other = simulate_day("tiny", 1, shop=5), simulate_day("tiny", 2, shop=5)
    assert (one.floor, one.lens) == (other.floor, other.lens)
    assert [person.look for person in one.people[:2]] == [person.look for person in other.people[:2]]
    assert one.people != other.people


@pytest.mark.parametrize("kind", DayKind)
def test_every_kind_of_day_comes_to_an_end_with_nobody_left(kind: DayKind) -> None:
    day = simulate_day("tiny", SEED, kind)
    assert not day.present(day.length_s)
    assert float(day.length_s).is_integer()
    assert all(stay.end_s < day.length_s for person in day.people for stay in person.stays)


def test_nobody_walks_through_furniture_or_faster_than_people_walk(busy: ShopDay) -> None:
    seated = busy.floor.seat[0]
    for person in busy.people:
        for stay in person.stays:
            moments = np.arange(stay.begin_s, stay.end_s, 0.7)
            places = [(stance.x, stance.y) for stance in map(stay.at, moments)]
            assert all(math.dist(a, b) <= 1.36 * 0.7 + 1e-6 for a, b in itertools.pairwise(places))
            inside = [p for p in places if math.dist(p, seated) > 0.6 for b in busy.floor.blocks if b.holds(*p, CLEARANCE - 0.1)]
            assert not inside


def test_two_who_talk_stand_close_and_face_each_other(busy: ShopDay) -> None:
    people = {person.number: person for person in busy.people}
    talks = [served for served in busy.served if not served.at_till]
    assert len(talks) > 10
    for served in talks:
        moment = served.end_s - 0.5
        seller, customer = people[served.seller].at(moment), people[served.customer].at(moment)
        assert seller is not None
        assert customer is not None
        assert people[served.seller].role is Role.SELLER
        assert seller.posture is customer.posture is Posture.TALK
        assert math.dist((seller.x, seller.y), (customer.x, customer.y)) < 1.2
        assert math.cos(seller.heading - customer.heading) < -0.99


def test_payments_pass_over_the_counter_so_that_distance_tells_them_from_talks(busy: ShopDay) -> None:
    people = {person.number: person for person in busy.people}
    payments = [served for served in busy.served if served.at_till]
    assert payments
    for served in payments:
        seller, customer = (people[number].at(served.end_s - 0.5) for number in (served.seller, served.customer))
        assert seller is not None
        assert customer is not None
        assert 1.9 < math.dist((seller.x, seller.y), (customer.x, customer.y)) < 2.5


def test_a_seller_serves_one_customer_at_a_time(busy: ShopDay) -> None:
    for _, own in itertools.groupby(sorted(busy.served, key=lambda s: (s.seller, s.begin_s)), key=lambda s: s.seller):
        assert all(a.end_s <= b.begin_s + 1e-9 for a, b in itertools.pairwise(own))


def test_every_purchase_is_paid_to_somebody_who_was_there_and_says_whether_they_had_talked(busy: ShopDay) -> None:
    people = {person.number: person for person in busy.people}
    assert {bought.consulted for bought in busy.purchases} == {True, False}
    for bought in busy.purchases:
        stay = next(stay for stay in people[bought.customer].stays if stay.begin_s <= bought.at_s <= stay.end_s)
        talked = [
            s for s in busy.served if s.customer == bought.customer and not s.at_till and stay.begin_s <= s.begin_s <= bought.at_s
        ]
        assert bool(talked) is bought.consulted
        assert bought.amount > 0


def test_hard_days_are_what_their_names_say() -> None:
    days = {kind: simulate_day("tiny", SEED, kind) for kind in DayKind}
    sellers = {kind: [p for p in day.people if p.role is Role.SELLER and p.stays] for kind, day in days.items()}
    assert len(sellers[DayKind.USUAL]) == 2
    assert len(sellers[DayKind.ABSENT_SELLER]) == 1
    assert not sellers[DayKind.UNATTENDED]
    assert not days[DayKind.UNATTENDED].purchases
    assert not days[DayKind.EMPTY].people
    one, other = (p.look for p in sellers[DayKind.ALIKE])
    assert (one.top, one.hair, one.girth) == (other.top, other.hair, other.girth)
    tops = [p.look.top for p in sellers[DayKind.OWN_CLOTHES]]
    assert len(set(tops)) == 2
    assert len({p.look.top for p in sellers[DayKind.USUAL]}) == 1
    assert any(Posture.SIT in stay.postures for p in days[DayKind.SITTER].people for stay in p.stays)
    assert {days[kind].spoiled[0].state for kind in (DayKind.LIGHTS_OFF, DayKind.GAP, DayKind.BLUR, DayKind.WALL)} == {
        "dark", "off", "blurred", "wall"
    }  # fmt: skip


def test_somebody_sits_for_an_hour_where_the_day_is_long_enough() -> None:
    day = simulate_day(LONG, SEED, DayKind.SITTER)
    sitting = [p for p in day.people if any(Posture.SIT in stay.postures for stay in p.stays)]
    assert len(sitting) == 1
    stay = sitting[0].stays[0]
    begin = stay.times[stay.postures.index(Posture.SIT)]
    assert 3_500 < stay.times[stay.postures.index(Posture.SIT) + 1] - begin <= 3_600


def test_some_come_again_and_sellers_take_breaks() -> None:
    day = simulate_day(LONG, SEED)
    again = {role: sum(len(p.stays) > 1 for p in day.people if p.role is role) for role in Role}
    assert again[Role.CUSTOMER] >= 2
    assert again[Role.SELLER] >= 1


def test_a_route_is_as_long_as_the_straight_line_or_longer_and_keeps_both_ends() -> None:
    floor = make_floor(np.random.default_rng(1))
    routes = Routes(floor)
    for one, other in itertools.product([floor.door[1], floor.tills[0][0]], [spot.place for spot in floor.spots]):
        way = routes.between(one, other)
        assert (way[0], way[-1]) == (one, other)
        length = sum(math.dist(a, b) for a, b in itertools.pairwise(way))
        assert math.dist(one, other) - 1e-9 <= length < 2.5 * math.dist(one, other) + 6


def test_arrivals_follow_rate_and_curve() -> None:
    moments = arrivals(np.random.default_rng(1), 100.0, 36_100.0, 200.0, lambda share: 1.0 if share < 0.5 else 0.25)
    early = sum(moment < 18_100 for moment in moments)
    assert early == pytest.approx(1_000, rel=0.1)
    assert len(moments) - early == pytest.approx(250, rel=0.2)


def test_a_lens_projects_its_target_to_the_middle_and_the_floor_by_its_homography() -> None:
    lens = Lens((0.0, 0.0, 3.0), (4.0, 4.0, 0.0), 70.0, 640, 360)
    pixels, depth = lens.project(np.array([[4.0, 4.0, 0.0], [6.0, 3.0, 0.0]]))
    assert pixels[0] == pytest.approx([320, 180])
    assert depth[0] == pytest.approx(math.sqrt(41))
    u, v, w = lens.homography @ np.array([6.0, 3.0, 1.0])
    assert [u / w, v / w] == pytest.approx(pixels[1].tolist())
    assert pixels[1][0] > 320  # to the right of the diagonal, seen from the corner
    mirrored, _ = Lens((0.0, 0.0, 3.0), (4.0, 4.0, 0.0), 70.0, 640, 360, mirrored=True).project(np.array([[6.0, 3.0, 0.0]]))
    assert mirrored[0] == pytest.approx([640 - pixels[1][0], pixels[1][1]])
