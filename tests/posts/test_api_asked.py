"""What people ask, and how good the answers are, for programs; and nothing of channels that are somebody else's."""

import pytest

from serving.posts.answers import ChannelOut, GapOut, QualityOut, RepeatedOut
from serving.web.paging import Listed
from tests.pages import make_person, token_of, visiting
from tests.posts.shop_channels import CARD, FARM, HOSTILE, MARTS, SHOP, published
from vitrina.settings import Settings
from vitrina.state.roles import Grant, Role

GAPS, REPEATED, QUALITY, CHANNELS = (f"/api/v1/posts/{name}" for name in ("gaps", "repeated", "quality", "channels"))


@pytest.fixture(scope="module")
def visitor(shop):
    with visiting(shop) as found:
        yield found


@pytest.fixture(scope="module")
def limited(shop, visitor, card_owner):
    """The same, asked by somebody who may see one channel alone, with a token."""
    token = token_of(shop, card_owner, "posts:read")

    def ask(address, **more):
        return visitor.api(address, headers={"Authorization": f"Bearer {token}"}, **more)

    return ask


def test_channels_are_listed_with_their_names_the_largest_first(visitor, limited):
    found = Listed[ChannelOut].model_validate(visitor.api(CHANNELS).json())
    assert [(one.channel, one.name, one.posts) for one in found.items] == [
        (SHOP, "Лавка", 4),
        (CARD, "Карта", 2),
        (FARM, "Ферма", 1),
    ]
    assert [one["channel"] for one in limited(CHANNELS).json()["items"]] == [CARD]


def test_a_page_of_a_list_leads_to_the_next(visitor):
    first = visitor.api(f"{CHANNELS}?limit=2").json()
    assert (first["total"], len(first["items"])) == (3, 2)
    following = visitor.api(first["next"]).json()
    assert [one["channel"] for one in following["items"]] == [FARM]
    assert following["next"] is None
    assert visitor.api(f"{CHANNELS}?offset=10000000").json()["items"] == []
    assert visitor.api(f"{CHANNELS}?offset=10000001").status_code == 422


def test_gaps_are_told_the_most_frequent_first(visitor):
    found = Listed[GapOut].model_validate(visitor.api(GAPS).json())
    assert [(gap.question, gap.times_asked, gap.people, gap.chats) for gap in found.items] == [
        ("есть ли зарядка для машин", 3, 3, 2),
        (f"как продлить карту {HOSTILE}", 2, 2, 1),
    ]
    assert found.items[0].times_silent == 3
    assert found.items[0].best_probability == pytest.approx(0.3)


def test_gaps_of_a_channel_s_owner_are_those_of_chats_where_nothing_else_is_shown(limited):
    assert [gap["question"] for gap in limited(GAPS).json()["items"]] == [f"как продлить карту {HOSTILE}"]


def test_gaps_can_be_asked_for_since_a_day(visitor):
    assert [gap["times_asked"] for gap in visitor.api(f"{GAPS}?since=2026-09-27").json()["items"]] == [3]
    assert visitor.api(f"{GAPS}?since=2026-09-28").json()["total"] == 0
    for since in ("yesterday", "2026-13-01", "99999-01-01", "\x00"):
        assert visitor.api(GAPS, params={"since": since}).status_code == 422


def test_repeated_questions_come_with_the_post_that_answers(visitor):
    found = Listed[RepeatedOut].model_validate(visitor.api(REPEATED).json())
    by_question = {one.question: one for one in found.items}
    discount = by_question["есть ли скидка пенсионерам"]
    assert (discount.times_asked, discount.share_answered, discount.best.channel, discount.best.times_shown) == (3, 1.0, SHOP, 3)
    assert discount.best.link == "https://t.me/shop/2"
    assert discount.best.text.startswith("Пенсионерам скидка 9 %")
    assert by_question["есть ли зарядка для машин"].best is None


def test_repeated_questions_of_a_channel_are_those_that_its_posts_answer(visitor):
    found = visitor.api(REPEATED, params={"channel": SHOP}).json()
    assert [one["question"] for one in found["items"]] == ["есть ли скидка пенсионерам"]
    assert visitor.api(REPEATED, params={"channel": FARM}).json()["total"] == 0
    assert visitor.api(REPEATED, params={"channel": "telegram:none"}).status_code == 404


def test_repeated_questions_of_a_channel_s_owner_are_answered_by_it_or_asked_where_nothing_else_is_shown(limited):
    found = limited(REPEATED).json()["items"]
    assert {one["question"] for one in found} == {"сколько выпускаете карту", f"как продлить карту {HOSTILE}"}
    assert {one["best"]["channel"] for one in found if one["best"]} == {CARD}
    assert limited(REPEATED, params={"channel": SHOP}).status_code == 404


def test_quality_tells_months_promises_searches_and_usage(visitor):
    found = QualityOut.model_validate(visitor.api(QUALITY).json())
    every = next(month for month in found.months if month.channel == "*")
    assert (every.questions, every.answered, every.silent) == (10, 5, 5)
    assert every.share_answered == pytest.approx(0.5)
    assert every.answered_low < 0.5 < every.answered_high
    assert (every.helped, every.not_helped) == (4, 1)
    farm = next(promise for promise in found.promises if promise.channel == FARM)
    assert (farm.threshold, farm.false_answers) == (None, None)
    shop = next(promise for promise in found.promises if promise.channel == SHOP)
    assert (shop.threshold, shop.false_answers.value, shop.false_answers.n, shop.own) == (0.8, 0.1, 200, True)
    # twenty of two hundred: Wilson's interval as it is published
    assert (shop.false_answers.low, shop.false_answers.high) == pytest.approx((0.0657, 0.1494), abs=5e-4)
    assert [(one.measure, one.share.value) for one in found.measured] == [("recall_at_1", 0.7)]
    assert {(one.chat, one.questions, one.answers) for one in found.usage} == {("telegram:201", 5, 3), ("telegram:202", 5, 2)}


def test_quality_of_a_channel_s_owner_is_of_that_channel_and_its_own_chats(limited):
    found = limited(QUALITY).json()
    assert {month["channel"] for month in found["months"]} == {CARD}
    assert {promise["channel"] for promise in found["promises"]} == {CARD}
    assert found["measured"] == []
    assert {one["chat"] for one in found["usage"]} == {"telegram:202"}


def test_where_no_setting_says_what_is_shown_in_a_chat_its_questions_are_nobody_s(shop, card_owner):
    settings = Settings(data=shop.data)
    with visiting(settings, name="another") as visitor:
        visitor.sign_in(card_owner)
        assert visitor.api(GAPS).json()["items"] == []
        assert [one["question"] for one in visitor.api(REPEATED).json()["items"]] == ["сколько выпускаете карту"]
        assert visitor.api(QUALITY).json()["usage"] == []


def test_of_a_version_that_does_not_say_where_it_was_asked_an_owner_sees_what_the_channel_answers(shop, tmp_path):
    settings = Settings(data=tmp_path, posts_chats=shop.posts_chats)
    published(settings, tells_where=False)
    with visiting(settings) as visitor:
        assert visitor.api(GAPS).json()["total"] == 2
        visitor.sign_in(make_person(settings, "owner", Grant(Role.VIEWER, "posts", CARD)))
        assert visitor.api(GAPS).json()["total"] == 0
        assert [one["question"] for one in visitor.api(REPEATED).json()["items"]] == ["сколько выпускаете карту"]


def test_somebody_without_a_role_sees_nothing(shop, visitor):
    token = token_of(shop, make_person(shop, "stranger", Grant(Role.VIEWER, "stores")), "posts:read")
    for address in ("/api/v1/posts/search?q=x", GAPS, REPEATED, QUALITY, CHANNELS):
        assert visitor.api(address, headers={"Authorization": f"Bearer {token}"}).status_code == 403
    assert visitor.get(GAPS, headers={"Authorization": "Bearer vitrina_none", "Accept": "application/json"}).status_code == 401


@pytest.mark.parametrize("table", MARTS)
def test_a_table_that_is_missing_is_told_and_the_others_are_not_held_up(tmp_path_factory, table, request):
    visitor = request.getfixturevalue("without_marts")
    answers = {address: visitor.api(address).status_code for address in (GAPS, REPEATED, QUALITY, CHANNELS)}
    assert answers == {GAPS: 404, REPEATED: 404, QUALITY: 200, CHANNELS: 200}
    assert table not in visitor.api(QUALITY).text


@pytest.fixture(scope="module")
def without_marts(tmp_path_factory):
    settings = Settings(data=tmp_path_factory.mktemp("without"))
    published(settings, without=MARTS)
    with visiting(settings) as visitor:
        yield visitor


def test_before_anything_is_published_everything_says_so(tmp_path):
    with visiting(Settings(data=tmp_path)) as visitor:
        for address in (GAPS, REPEATED, QUALITY, CHANNELS):
            response = visitor.api(address)
            assert (response.status_code, response.json()["type"]) == (404, "not-published")
