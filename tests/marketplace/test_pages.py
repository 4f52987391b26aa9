"""The pages of recommendations: in both languages, whatever is sent, whatever is missing, and nothing of a user where it must not be."""

import datetime as dt
import html
import re

import pytest

from tests.marketplace.made_up_factors import name
from tests.marketplace.published_shop import ANN_LIST, KEY, NOON, factors_of, hash_of, publish_again, publish_shop, somebody
from tests.pages import HTML, make_person, visiting
from vitrina.marketplace.answers import recommend
from vitrina.marketplace.judgement_tables import CustomerTargets, RecommenderQuality
from vitrina.marketplace.pilot_tables import RecommendationUptake
from vitrina.marketplace.session import RecentEvent
from vitrina.marketplace.showing import HOLDOUT
from vitrina.settings import Settings
from vitrina.state.roles import Grant, Role

pytestmark = pytest.mark.xdist_group("published shop")

SHARE = 0.3
PAGE = name("dairy", 0)
PAGES = {
    "/marketplace": ("How good are the recommendations?", "Насколько хороши рекомендации?"),
    "/marketplace?measure=auc": (
        "Bought items told apart from others (AUC), over time.",
        "Модель отличает купленное от прочего (AUC), во времени.",
    ),
    "/marketplace/user": ("What would this user be shown now?", "Что показать этому покупателю сейчас?"),
    "/marketplace/items": ("60 items", "60 товаров"),
    f"/marketplace/item/{PAGE}": ("Title of dairy 00", "Title of dairy 00"),
}


def settings_in(folder):
    return Settings(
        data=folder / "data", user_key=KEY, marketplace_holdout_share=SHARE, pages_requests_per_minute=1_000_000, _env_file=None
    )


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    settings = settings_in(tmp_path_factory.mktemp("shop"))
    publish_shop(settings)
    with visiting(settings) as visitor:
        visitor.settings = settings
        yield visitor


@pytest.fixture(scope="module")
def changing_shop(tmp_path_factory):
    """Pages that a test publishes another version for."""
    settings = settings_in(tmp_path_factory.mktemp("changing shop"))
    moments = (NOON + dt.timedelta(minutes=number) for number in range(1000))
    publish_shop(settings, now=next(moments))
    with visiting(settings) as visitor:

        def published(without=(), more_rows=None):
            if more_rows:
                publish_shop(settings, now=next(moments), without=without, more_rows=more_rows)
            else:
                publish_again(settings, now=next(moments), without=without)
            visitor.app.state.service.versions.look()
            return visitor

        yield published


def text_of(answer):
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def main_of(answer):
    return answer.text.partition("<main")[2].partition('<section class="feedback"')[0]


def listed(answer):
    """Items of the list, from the buttons beside them."""
    return re.findall(r'name="add" value="view:([^"]*)"', html.unescape(answer.text))


@pytest.mark.parametrize("address", PAGES)
def test_every_page_is_there_in_both_languages(shop, address):
    for language, words in zip(("en", "ru"), PAGES[address], strict=True):
        answer = shop.page(address, headers={"Accept-Language": language})
        assert answer.status_code == 200
        assert words in text_of(answer)
        assert answer.headers["Content-Language"] == language
        assert answer.text.count("<h1") == 1
        assert "style=" not in main_of(answer)


def test_quality_stands_beside_popular_items_with_its_interval(shop):
    text = text_of(shop.page("/marketplace"))
    assert "Users who bought something of their ten 60 % 55 % – 65 %; popular items: 30 %; 100 users" in text
    assert "Bought of ten items 6.0 5.5 – 6.5; popular items: 3.0; at best 6.0" in text
    assert "Lists were made as of 1 Jun 2026 and held against what users bought until 30 Jun 2026" in text


def test_targets_say_what_was_reached_and_what_was_missed(shop):
    text = text_of(shop.page("/marketplace"))
    assert re.search(r"at least 0\.85 0\.90 reached", text)
    assert re.search(r"at least 70 % 69 % missed", text)
    assert re.search(r"at most 20 % 10 % reached", text)


def test_uptake_says_how_sure_it_is(shop):
    text = text_of(shop.page("/marketplace"))
    assert "Followed the list within 24 hours 50.0 % 40.0 % +10.0 pp +1.0 pp – +20.0 pp surely more 90 / 10" in text
    assert "may be chance" in text


@pytest.mark.parametrize(
    "address",
    [
        "/marketplace?measure=nothing",
        "/marketplace/items?order=price;DROP",
        "/marketplace/items?shown=some",
        "/marketplace/items?offset=-1",
        "/marketplace/items?offset=99999999999999999999",
        "/marketplace/items?q=" + "x" * 201,
        "/marketplace/items?category=" + "x" * 201,
        "/marketplace/item/" + "x" * 201,
    ],
)
def test_what_is_out_of_range_is_a_page_that_says_so(shop, address):
    answer = shop.page(address)
    assert answer.status_code == 422
    assert "<main" in answer.text


@pytest.mark.parametrize("q", ["'; DROP TABLE x; --", "%", "_", "\x00", "\N{PILE OF POO}", "%00", "a" * 200, "<script>"])
def test_any_text_may_be_searched_for(shop, q):
    answer = shop.page("/marketplace/items", params={"q": q, "category": q})
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text


def test_items_are_found_by_a_part_of_their_title_or_by_their_identifier(shop):
    assert "20 items" in text_of(shop.page("/marketplace/items?q=TITLE of dairy"))
    assert "1 item " in text_of(shop.page("/marketplace/items", params={"q": name("books", 3)}))
    assert "5 items" in text_of(shop.page("/marketplace/items?shown=shown"))
    assert "54 items" in text_of(shop.page("/marketplace/items?shown=not shown"))
    assert "15 items" in text_of(shop.page("/marketplace/items?category=category 1"))
    assert "No item matches." in text_of(shop.page("/marketplace/items?q=nothing like it"))


def test_a_long_list_of_items_is_divided_and_both_parts_are_all(shop):
    first, second = (shop.page(f"/marketplace/items?order=title&offset={offset}") for offset in (0, 50))
    found = [set(re.findall(r'href="/marketplace/item/([^"]+)"', page.text)) for page in (first, second)]
    assert [len(one) for one in found] == [50, 10]
    assert not found[0] & found[1]
    assert "offset=50" in first.text


def test_titles_cannot_do_anything(shop):
    for address in ("/marketplace/items", f"/marketplace/item/{name('books', 3)}", f"/marketplace/item/{name('books', 4)}"):
        text = shop.page(address).text
        assert "<script>alert(1)</script>" not in text
        assert "49" not in re.findall(r"<h1>(.*?)</h1>", text)[0]
    asked = shop.submit("/marketplace/user", {"page_item": "<script>alert(2)</script>", "recent": f"view:{name('books', 3)}"})
    assert asked.status_code == 200
    assert "<script>alert" not in asked.text


def test_an_item_tells_who_met_it_what_goes_with_it_and_why_nobody_is_shown_it(shop):
    text = text_of(shop.page(f"/marketplace/item/{PAGE}"))
    assert "Users who met it 9" in text
    assert "9 users met both" in text
    assert "nobody is shown it" in text
    denied = text_of(shop.page(f"/marketplace/item/{name('dairy', 2)}"))
    assert "never, by a rule" in denied
    assert "its page shows popular items" in denied
    assert shop.page("/marketplace/item/nothing/of the kind").status_code == 404


def test_a_user_s_list_is_the_one_that_the_api_gives(shop):
    answer = shop.submit("/marketplace/user", {"user_id": "ann"})
    api = shop.api("/api/v1/marketplace/recommendations", params={"user_id": "ann", "log": False}).json()
    assert listed(answer) == [one["item_id"] for one in api["items"]]
    assert listed(answer)[:5] == list(ANN_LIST)
    text = text_of(answer)
    assert "a known user" in text
    assert "Bought again about every 30 days" in text
    assert "Goes with <script>alert(1)</script>" in text


def test_what_a_user_has_bought_is_shown(shop):
    text = text_of(shop.submit("/marketplace/user", {"user_id": "bob"}))
    assert "2 different items, as far as the model knows. Title of tools 01 Title of tools 04" in text


def test_the_list_answers_to_what_the_user_does_next(shop):
    """Each button is pressed as a browser would, with the fields that the form holds then."""
    form = {"user_id": "bob"}
    first = shop.submit("/marketplace/user", form | {"add": f"view:{name('books', 8)}"})
    assert "looked at Title of books 08" in text_of(first)
    session = re.findall(r'name="recent" value="([^"]*)"', first.text)
    assert session == [f"view:{name('books', 8)}"]
    second = shop.submit("/marketplace/user", form | {"recent": session, "add": f"cart:{name('dairy', 9)}"})
    session = re.findall(r'name="recent" value="([^"]*)"', second.text)
    assert session == [f"view:{name('books', 8)}", f"cart:{name('dairy', 9)}"]
    expected = recommend(
        factors_of(shop.settings),
        user=hash_of(shop.settings, "bob"),
        recent=[RecentEvent(name("books", 8), "view"), RecentEvent(name("dairy", 9), "cart")],
        repeats=True,
    )
    assert listed(second) == [one.item_id for one in expected]
    assert "new in the list" in text_of(second)
    page = shop.submit("/marketplace/user", form | {"recent": session, "add": f"page:{PAGE}"})
    assert f"is on the page of Title of {PAGE}" in text_of(page)
    assert f'name="page_item" value="{PAGE}"' in page.text
    assert PAGE not in listed(page)
    back = shop.submit("/marketplace/user", form | {"recent": session, "page_item": PAGE, "remove": "0", "add": ""})
    assert re.findall(r'name="recent" value="([^"]*)"', back.text) == session[1:]
    left = shop.submit("/marketplace/user", form | {"page_item": PAGE, "add": "page:"})
    assert listed(left) == listed(shop.submit("/marketplace/user", form))


def test_a_part_of_the_page_comes_alone(shop):
    part = shop.submit("/marketplace/user", {"user_id": "ann"}, headers={"HX-Request": "true"})
    assert part.status_code == 200
    assert "<html" not in part.text
    assert listed(part)[:5] == list(ANN_LIST)
    assert 'name="csrf"' in part.text


@pytest.mark.parametrize("kind", ["regular", "occasional", "new"])
def test_somebody_to_look_at_is_found_where_there_is_one(shop, kind):
    answer = shop.submit("/marketplace/user", {"example": kind, "user_id": "typed before"})
    (user,) = re.findall(r'name="user_id" value="([^"]*)"', answer.text)
    expected = {"regular": None, "occasional": "bob", "new": "ann"}[kind]
    assert user == ("typed before" if expected is None else f"pseudonym:{hash_of(shop.settings, expected)}")


def test_the_hold_out_is_told_apart_and_its_list_is_shown_all_the_same(shop):
    user = somebody(shop.settings, HOLDOUT, share=SHARE)
    text = text_of(shop.submit("/marketplace/user", {"user_id": user}))
    assert "in the hold-out group" in text
    assert "in the hold-out group" not in text_of(shop.submit("/marketplace/user", {"user_id": "ann"}))


@pytest.mark.parametrize(
    "form",
    [
        {"user_id": "\x00"},
        {"user_id": "'; --", "page_item": "%", "platform": "nowhere", "price_band": "5"},
        {"recent": ["nonsense", ":", "view:", "view:unknown", f"refund:{PAGE}"] * 4},
        {"add": "nonsense"},
        {"add": "view:" + "x" * 200},
        {"remove": "19"},
        {"page_item": "unknown"},
    ],
)
def test_no_form_breaks_the_page(shop, form):
    answer = shop.submit("/marketplace/user", form)
    assert answer.status_code == 200
    assert listed(answer)


@pytest.mark.parametrize(
    "form",
    [
        {"user_id": "x" * 201},
        {"page_item": "x" * 201},
        {"recent": ["view:1"] * 21},
        {"recent": "view:" + "x" * 300},
        {"remove": "-1"},
        {"remove": "99999999999999999999"},
        {"price_band": "6"},
        {"example": "somebody"},
    ],
)
def test_a_form_that_no_page_has_made_is_refused(shop, form):
    assert shop.submit("/marketplace/user", form).status_code == 422


def test_whom_a_manager_looks_at_stands_in_no_address_and_in_no_record(shop):
    assert listed(shop.page("/marketplace/user?user_id=ann")) == []
    shop.submit("/marketplace/user", {"user_id": "somebody in particular"})
    service = shop.app.state.service
    service.audit.flush()
    service.held["marketplace"].shown.write()
    files = [path for path in shop.settings.data.rglob("*") if path.is_file()]
    assert [path for path in files if b"somebody in particular" in path.read_bytes()] == []
    assert not (shop.settings.decisions_folder / "marketplace" / "shown").exists()


def test_a_form_from_elsewhere_is_refused(shop):
    assert shop.post("/marketplace/user", data={"user_id": "ann"}, headers=HTML).status_code == 403


@pytest.mark.parametrize(
    "without",
    [
        ("mart_recommendation_quality",),
        ("mart_recommendation_segments", "customer_targets"),
        ("mart_item_reach",),
        ("mart_recommendation_uptake",),
        ("similar_items", "popular_items"),
        ("recommendations", "item_features"),
        ("recommender_models",),
        (
            "mart_recommendation_quality",
            "mart_recommendation_segments",
            "mart_item_reach",
            "mart_recommendation_uptake",
            "customer_targets",
            "item_features",
            "similar_items",
        ),
    ],
    ids=lambda without: without[0].removeprefix("mart_") + f" and {len(without) - 1}",
)
def test_pages_do_without_tables_that_a_check_holds_back(changing_shop, without):
    visitor = changing_shop(without=without)
    found = {address: visitor.page(address).status_code for address in PAGES}
    assert found["/marketplace"] == found["/marketplace/user"] == 200
    assert found["/marketplace/items"] == (404 if "mart_item_reach" in without else 200)
    assert found[f"/marketplace/item/{PAGE}"] == (404 if {"mart_item_reach", "item_features"} <= set(without) else 200)
    assert listed(visitor.submit("/marketplace/user", {"user_id": "ann", "page_item": PAGE}))


def test_before_anything_is_published_pages_say_what_to_do(tmp_path):
    with visiting(settings_in(tmp_path)) as visitor:
        for address in PAGES:
            answer = visitor.page(address)
            assert answer.status_code == 404
            assert "make demo" in text_of(answer)


def test_without_a_judgement_and_without_lists_shown_the_page_says_what_would_make_them(changing_shop):
    nothing = {table: table.empty() for table in (RecommenderQuality, CustomerTargets, RecommendationUptake)}
    text = text_of(changing_shop(more_rows=nothing).page("/marketplace"))
    assert "No judgement is published yet." in text
    assert "No list has been shown yet" in text
    assert "30 % of the users see popular items" in text


def test_who_has_no_role_here_sees_nothing(shop):
    shop.sign_in(make_person(shop.settings, "elsewhere", Grant(Role.VIEWER, "stores")))
    for address in PAGES:
        assert shop.page(address).status_code == 403
    assert shop.submit("/marketplace/user", {"user_id": "ann"}).status_code == 403
    shop.sign_in(make_person(shop.settings, "at home", Grant(Role.VIEWER, "marketplace")))
    assert shop.page("/marketplace").status_code == 200
