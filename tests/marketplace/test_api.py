"""The API of recommendations: what is answered to whom, what is written down of it, and that nothing that is sent can break it."""

import json

import pytest

from serving.marketplace import api_models
from serving.web.observing import FALLBACKS
from tests.marketplace.made_up_factors import name
from tests.marketplace.published_shop import ANN_LIST, HOSTILE, KEY, factors_of, hash_of, publish_shop, somebody
from tests.pages import make_person, token_of, visiting
from vitrina.marketplace.answers import recommend
from vitrina.marketplace.session import RecentEvent
from vitrina.marketplace.showing import HOLDOUT, RECOMMENDED
from vitrina.settings import Settings
from vitrina.state.roles import Grant, Role

pytestmark = pytest.mark.xdist_group("published shop")

ASK = "/api/v1/marketplace/recommendations"
SHARE = 0.3
PAGE = name("dairy", 0)


def settings_in(tmp_path, **more):
    return Settings(
        data=tmp_path / "data", user_key=KEY, marketplace_holdout_share=SHARE, marketplace_deadline_ms=5000, **more, _env_file=None
    )


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    settings = settings_in(tmp_path_factory.mktemp("shop"))
    publish_shop(settings)
    with visiting(settings) as visitor:
        visitor.settings = settings
        yield visitor


@pytest.fixture
def own_shop(tmp_path):
    settings = settings_in(tmp_path)
    publish_shop(settings)
    with visiting(settings) as visitor:
        visitor.settings = settings
        yield visitor


def asked(visitor, **query):
    answer = visitor.api(ASK, params=query)
    assert answer.status_code == 200, answer.text
    api_models.RecommendationsOut.model_validate(answer.json(), strict=True)
    assert answer.json().keys() == api_models.RecommendationsOut.model_fields.keys()
    assert all(one.keys() == api_models.SuggestionOut.model_fields.keys() for one in answer.json()["items"])
    return answer.json()


def items_of(answer):
    return [one["item_id"] for one in answer["items"]]


def written(settings):
    """What was written down, once the pages are closed."""
    files = sorted((settings.decisions_folder / "marketplace" / "shown").rglob("*"))
    return [json.loads(line) for file in files if file.is_file() for line in file.read_text().splitlines()]


def test_a_known_user_gets_the_list_that_was_published_and_judged(shop):
    answer = asked(shop, user_id="ann", n=5)
    assert items_of(answer) == list(ANN_LIST)
    assert (answer["source"], answer["scorer"], answer["fallback"]) == ("personal", "reranker", None)
    assert answer["model"] == "made up"
    assert answer["version"] == shop.app.state.service.versions.view()["marketplace"].name
    assert [one["place"] for one in answer["items"]] == [1, 2, 3, 4, 5]


def test_of_a_list_that_is_asked_for_longer_than_it_is_the_rest_is_fresh(shop):
    answer = asked(shop, user_id="ann", n=12)
    found = items_of(answer)
    assert found[:5] == list(ANN_LIST)
    assert len(found) == len(set(found)) == 12


def test_with_a_page_and_a_session_the_answer_is_made_afresh(shop):
    recent = [f"view:{name('tools', 7)}", f"cart:{name('tools', 8)}"]
    answer = asked(shop, user_id="ann", page_item=PAGE, recent=recent, n=10)
    expected = recommend(
        factors_of(shop.settings),
        user=hash_of(shop.settings, "ann"),
        page_item=PAGE,
        recent=[RecentEvent(name("tools", 7), "view"), RecentEvent(name("tools", 8), "cart")],
        n=10,
        repeats=True,
    )
    assert items_of(answer) == [one.item_id for one in expected]
    assert (answer["source"], answer["scorer"]) == ("personal", "fresh_answers")
    assert PAGE not in items_of(answer)


def test_strangers_get_what_recommend_gives_them(shop):
    factors = factors_of(shop.settings)
    for platform in (None, "site", "nowhere"):
        for band in (None, 2, 5):
            for page in (None, PAGE, name("tools", 5)):
                query = {"platform": platform, "price_band": band, "page_item": page}
                answer = asked(shop, n=8, **{key: value for key, value in query.items() if value is not None})
                expected = recommend(factors, page_item=page, n=8, platform=platform, price_band=band, repeats=True)
                assert items_of(answer) == [one.item_id for one in expected]
                assert answer["group"] is None
                assert answer["source"] == ("personal" if page else "popular")


@pytest.mark.parametrize("user", ["nobody", "x" * 200, "\N{PILE OF POO}", "'; DROP TABLE recommendations; --", "a\x00b", "%00"])
@pytest.mark.parametrize("page", [None, "unknown", "a\x00b", "\N{RIGHT-TO-LEFT OVERRIDE}", "z" * 200])
def test_an_unknown_user_or_item_never_fails(shop, user, page):
    answer = asked(
        shop, user_id=user, recent=["view:unknown", "nonsense", ":", "what:ever"], **({"page_item": page} if page else {})
    )
    assert answer["items"]
    assert (answer["source"], answer["fallback"]) == ("popular", None)


@pytest.mark.parametrize("blank", ["", "  "])
def test_an_empty_identifier_is_that_of_a_stranger(shop, blank):
    assert asked(shop, user_id=blank)["group"] is None


@pytest.mark.parametrize(
    "query",
    [
        {"n": 0},
        {"n": 101},
        {"n": 10**30},
        {"n": "many"},
        {"price_band": 6},
        {"price_band": "cheap"},
        {"user_id": "x" * 201},
        {"page_item": "x" * 201},
        {"platform": "x" * 101},
        {"log": "perhaps"},
    ],
)
def test_what_is_out_of_range_is_refused_and_named(shop, query):
    answer = shop.api(ASK, params=query)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["where"] == f"query.{next(iter(query))}"


def test_reasons_are_sentences_in_the_reader_s_language(shop):
    said = {}
    for language in ("en", "ru"):
        answer = shop.api(ASK, params={"user_id": "ann", "n": 5}, headers={"Accept-Language": language}).json()
        said[language] = [one["because"] for one in answer["items"]]
    assert said["en"][:2] == ["Bought again about every 30 days", f"Goes with {HOSTILE[name('books', 3)]}"]
    assert said["ru"][0] == "Снова покупают примерно раз в 30 дней"
    assert said["ru"][3:] == ["Выбирают люди с похожим вкусом", "Сейчас популярно"]


def test_a_post_answers_as_a_get_does(shop):
    recent = [{"item_id": name("tools", 7), "kind": "view"}]
    body = {"user_id": "bob", "page_item": PAGE, "recent": recent, "n": 6, "log": False}
    posted = shop.api(ASK, "POST", json=body)
    assert posted.status_code == 200
    assert items_of(posted.json()) == items_of(asked(shop, user_id="bob", page_item=PAGE, recent=[f"view:{name('tools', 7)}"], n=6))
    for wrong in ({"n": 0}, {"recent": "all"}, {"recent": [{"kind": "view"}]}, {"price_band": 0}, [], "x", {"user_id": 17}):
        assert shop.api(ASK, "POST", json=wrong).status_code == 422
    assert shop.api(ASK, "POST", content=b'{"user_id": "\\ud800"}', headers={"Content-Type": "application/json"}).status_code == 422


def test_a_batch_answers_everybody_in_their_order(shop):
    users = [{"user_id": "ann"}, {}, {"user_id": "bob", "page_item": PAGE}, {"user_id": "ann"}, {"user_id": "nobody"}]
    answer = shop.api(f"{ASK}/batch", "POST", json={"users": users, "n": 5})
    assert answer.status_code == 200
    api_models.BatchOut.model_validate(answer.json(), strict=True)
    lists = [items_of(one) for one in answer.json()["answers"]]
    assert lists[0] == lists[3] == list(ANN_LIST)
    assert lists[2] == items_of(asked(shop, user_id="bob", page_item=PAGE, n=5))
    assert [one["source"] for one in answer.json()["answers"]] == ["personal", "popular", "personal", "personal", "popular"]
    for wrong in ({"users": []}, {"users": [{}] * 501}, {"users": [{}], "n": 101}, {}):
        assert shop.api(f"{ASK}/batch", "POST", json=wrong).status_code == 422


def test_the_hold_out_is_shown_popular_items_and_its_list_is_written_down_all_the_same(own_shop):
    user = somebody(own_shop.settings, HOLDOUT, share=SHARE)
    shown = asked(own_shop, user_id=user, page_item=PAGE, n=4)
    assert (shown["group"], shown["source"], shown["scorer"], shown["fallback"]) == ("hold-out", "popular", "popularity", None)
    assert items_of(shown) == items_of(asked(own_shop, n=4))
    personal = recommend(factors_of(own_shop.settings), user=hash_of(own_shop.settings, user), page_item=PAGE, n=4, repeats=True)
    own_shop.app.state.service.held["marketplace"].shown.stop()
    (line,) = written(own_shop.settings)
    assert line["bucket"] == HOLDOUT
    assert line["items"] == [one.item_id for one in personal] != items_of(shown)


def test_what_was_shown_is_written_down_and_what_was_tried_is_not(own_shop):
    user = somebody(own_shop.settings, RECOMMENDED, share=SHARE)
    shown = asked(own_shop, user_id=user, n=3)
    asked(own_shop, user_id=user, log=False)
    asked(own_shop, page_item=PAGE)
    own_shop.api(ASK, "POST", json={"user_id": user, "n": 2})
    own_shop.api(f"{ASK}/batch", "POST", json={"users": [{"user_id": user}], "n": 1})
    own_shop.api(f"{ASK}/batch", "POST", json={"users": [{"user_id": user}, {}], "n": 1, "log": True})
    own_shop.app.state.service.held["marketplace"].shown.stop()
    lines = written(own_shop.settings)
    assert [len(line["items"]) for line in lines] == [3, 2, 1]
    assert lines[0]["items"] == items_of(shown)
    assert {line["user_id"] for line in lines} == {f"pseudonym:{hash_of(own_shop.settings, user)}"}
    assert {(line["bucket"], line["version"]) for line in lines} == {(RECOMMENDED, shown["version"])}


def test_no_identifier_is_ever_stored(own_shop):
    identifier = "identifier-17850-of-somebody"
    asked(own_shop, user_id=identifier)
    own_shop.api(ASK, "POST", json={"user_id": identifier})
    own_shop.api(f"{ASK}/batch", "POST", json={"users": [{"user_id": identifier}], "log": True})
    own_shop.submit("/marketplace/user", {"user_id": identifier})
    service = own_shop.app.state.service
    service.audit.flush()
    service.held["marketplace"].shown.stop()
    assert len(written(own_shop.settings)) == 3
    files = [path for path in own_shop.settings.data.rglob("*") if path.is_file()]
    assert [path for path in files if identifier.encode() in path.read_bytes()] == []


def test_factors_that_cannot_be_opened_leave_published_lists_and_popular_items(tmp_path):
    settings = settings_in(tmp_path)
    path = publish_shop(settings)
    path.write_bytes(path.read_bytes()[:-100])
    before = FALLBACKS.labels("no model")._value.get()
    with visiting(settings) as visitor:
        assert items_of(asked(visitor, user_id="ann", n=5)) == list(ANN_LIST)
        answer = asked(visitor, user_id="ann", page_item=PAGE)
        assert (answer["source"], answer["fallback"], answer["model"]) == ("popular", "no model", None)
        assert items_of(answer) == items_of(asked(visitor))
        page = visitor.submit("/marketplace/user", {"user_id": "ann", "page_item": PAGE})
        assert "No fresh answer can be given" in page.text
    assert FALLBACKS.labels("no model")._value.get() == before + 2


def test_where_nothing_can_be_shown_the_answer_says_what_to_do(tmp_path):
    settings = settings_in(tmp_path)
    with visiting(settings, name="early") as visitor:
        assert visitor.api(ASK).status_code == 404
        assert visitor.api(ASK).json()["type"] == "not-published"
    publish_shop(settings, without=("recommender_models", "popular_items"))
    with visiting(settings, name="late") as visitor:
        answer = visitor.api(ASK)
        assert answer.status_code == 404
        assert "popular_items" in answer.json()["detail"]


def test_similar_items_are_those_of_the_page_and_popular_ones_where_nothing_is_known(shop):
    known = shop.api(f"/api/v1/marketplace/items/{PAGE}/similar", params={"n": 2}).json()
    assert (known["source"], known["title"]) == ("similar", f"Title of {PAGE}")
    assert [(one["item_id"], one["users"]) for one in known["items"]] == [(name("books", 7), 9), (name("books", 8), 9)]
    for item in ("unknown", "a/b/similar/c", "x" * 200, "%00", "\N{PILE OF POO}"):
        unknown = shop.api(f"/api/v1/marketplace/items/{item}/similar").json()
        assert (unknown["source"], unknown["title"], unknown["items"][0]["users"]) == ("popular", None, None)
    assert shop.api(f"/api/v1/marketplace/items/{'x' * 201}/similar").status_code == 422


def test_similar_items_and_quality_are_sent_once_per_version(shop):
    for address in (f"/api/v1/marketplace/items/{PAGE}/similar", "/api/v1/marketplace/quality"):
        etag = shop.api(address).headers["ETag"]
        assert shop.api(address, headers={"If-None-Match": etag}).status_code == 304
        assert shop.api(address, params={"version": "another"}).status_code == 410
    assert "ETag" not in shop.api(ASK).headers
    assert shop.api(ASK).headers["Cache-Control"] == "no-store"


def test_quality_is_listed_by_page_the_latest_judgement_first(shop):
    first = shop.api("/api/v1/marketplace/quality", params={"scorer": "reranker", "window": "test", "limit": 3}).json()
    assert first["total"] == 10
    assert [row["as_of"] for row in first["items"]] == ["2026-07-01"] * 3
    assert first["items"][0]["popularity"] == pytest.approx(0.3)
    rows = first["items"]
    following = first["next"]
    while following:
        page = shop.api(following).json()
        rows += page["items"]
        following = page["next"]
    assert len(rows) == len({(row["as_of"], row["measure"]) for row in rows}) == 10
    assert shop.api("/api/v1/marketplace/quality", params={"measure": "nothing"}).json()["total"] == 0
    assert shop.api("/api/v1/marketplace/quality", params={"window": "future"}).status_code == 422


def test_a_token_of_another_product_opens_nothing(shop):
    person = make_person(shop.settings, "program", Grant(Role.VIEWER, "marketplace"), Grant(Role.VIEWER, "stores"))
    for scope, status in (("marketplace:read", 200), ("stores:read", 403)):
        token = token_of(shop.settings, person, scope)
        for method, address, body in (
            ("GET", ASK, None),
            ("POST", ASK, {}),
            ("POST", f"{ASK}/batch", {"users": [{}]}),
            ("GET", f"/api/v1/marketplace/items/{PAGE}/similar", None),
            ("GET", "/api/v1/marketplace/quality", None),
        ):
            shop.cookies.clear()
            answer = shop.request(
                method, address, json=body, headers={"Authorization": f"Bearer {token}", "Accept": "application/json"}
            )
            assert answer.status_code == status, address
    shop.sign_in(make_person(shop.settings, "back again", Grant(Role.ADMIN, "*")))
