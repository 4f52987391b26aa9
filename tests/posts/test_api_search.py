"""Search for programs: hits, highlights, the bot's answer, and nothing of channels that are somebody else's."""

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest

from serving.posts.answers import SearchOut
from serving.posts.channels import web_link
from tests.pages import visiting
from tests.posts.shop_channels import CARD, FARM, SHOP, published
from vitrina.settings import Settings

SEARCH = "/api/v1/posts/search"


@pytest.fixture(scope="module")
def visitor(shop, card_owner):
    with visiting(shop) as found:
        found.mine = found.secret
        found.card_owner = card_owner
        yield found


@pytest.fixture
def limited(visitor):
    """The same pages, seen by somebody who may see one channel alone."""
    mine = visitor.secret
    visitor.sign_in(visitor.card_owner)
    yield visitor
    visitor.secret = mine
    visitor.cookies.set("vitrina", mine)


def find(visitor, q, **more):
    response = visitor.api(SEARCH, params={"q": q, **more})
    assert response.status_code == 200, response.text
    # the answer is not checked on its way out, so it is here
    SearchOut.model_validate(response.json(), strict=False)
    return response.json()


def marked(hit):
    return [hit["passage"][start:end] for start, end in hit["highlights"]]


def test_a_hit_tells_where_it_is_and_what_was_found_in_it(visitor):
    found = find(visitor, "доставка")
    hit = found["hits"][0]
    assert (hit["channel"], hit["channel_name"], hit["post_id"], hit["link"]) == (SHOP, "Лавка", "1", "https://t.me/shop/1")
    assert hit["posted_at"] == "2026-09-07T10:00:00Z"
    assert marked(hit) == ["Доставку", "доставке"]
    assert found["answer"] is None


def test_the_described_answer_is_the_one_that_is_given(visitor):
    given = visitor.api(SEARCH, params={"q": "скидка пенсионерам", "answer": "true"}).json()
    assert SearchOut.model_validate(given).model_dump(mode="json") == given


def test_characters_are_counted_as_people_count_them(visitor):
    hit = find(visitor, "ЕЛКА скидки")["hits"][0]
    assert hit["post_id"] == "3"
    assert marked(hit) == ["Ёлка", "скидка", "скидка"]


def test_a_link_that_is_no_page_is_not_told(visitor):
    assert find(visitor, "ёлка")["hits"][0]["link"] is None
    refused = ("javascript:alert(1)", "data:text/html,x", "//t.me/x", "https://", "https://a\nb", "http://[::1", "", None)
    assert not any(map(web_link, refused))


def test_the_bot_s_answer_comes_with_it(visitor):
    answer = find(visitor, "скидка пенсионерам", answer="true")["answer"]
    assert answer["outcome"] == "answered"
    assert answer["probability"] >= answer["threshold"] == 0.8
    assert answer["quote"].startswith("Пенсионерам скидка 9 %")
    assert [answer["quote"][start:end] for start, end in answer["highlights"]] == ["Пенсионерам", "скидка"]
    assert answer["link"] in ("https://t.me/shop/2", "https://t.me/card/2")


def test_where_the_bot_is_not_sure_it_keeps_silent(visitor):
    answer = find(visitor, "сколько стоит доставка пиццы на луну", answer="true")["answer"]
    assert (answer["outcome"], answer["quote"], answer["post_id"]) == ("silent", None, None)
    assert 0 < answer["probability"] < answer["threshold"]
    assert find(visitor, "абырвалг", answer="true")["answer"]["probability"] == 0


def test_in_a_channel_without_known_answers_the_bot_never_speaks(visitor):
    answer = find(visitor, "сыр из алтайского молока", answer="true", channel=FARM)["answer"]
    assert (answer["outcome"], answer["threshold"]) == ("silent", 2.0)


def test_a_mistyped_word_is_corrected_and_marked(visitor):
    found = find(visitor, "достаавка")
    assert [pair["typed"] for pair in found["corrected"]] == ["достаавка"]
    assert marked(found["hits"][0]) == ["Доставку", "доставке"]


def test_posts_that_say_the_same_are_one_hit(visitor):
    (hit, *_) = find(visitor, "скидка пенсионерам")["hits"]
    assert {hit["channel"], *(other["channel"] for other in hit["others"])} == {SHOP, CARD}
    assert find(visitor, "скидка пенсионерам", channel=SHOP)["hits"][0]["others"] == []


def test_k_is_the_most_that_comes(visitor):
    assert len(find(visitor, "скидка карта доставка", k=1)["hits"]) == 1
    assert len(find(visitor, "скидка карта доставка", k=50)["hits"]) > 1


def test_somebody_with_one_channel_finds_nothing_of_others(limited):
    assert {hit["channel"] for hit in find(limited, "скидка карта доставка сыр ёлка")["hits"]} == {CARD}
    assert find(limited, "доставка сыр ёлка", answer="true")["hits"] == []
    hit = find(limited, "скидка пенсионерам")["hits"][0]
    assert (hit["channel"], hit["others"]) == (CARD, [])


def test_a_spelling_of_another_channel_is_not_told(visitor, limited):
    # the word is in a post of the farm alone, and whoever may not see that must not learn of it
    assert find(limited, "абракадаброит")["corrected"] == []
    assert find(limited, "абракадаброит карта")["corrected"] == []
    assert find(limited, "пенсиоонерам")["corrected"] == [{"typed": "пенсиоонерам", "searched": "пенсионерам"}]
    limited.secret = limited.mine
    limited.cookies.set("vitrina", limited.mine)
    assert find(limited, "абракадаброит")["corrected"] == [{"typed": "абракадаброит", "searched": "абракадаброид"}]


@pytest.mark.parametrize("channel", [SHOP, FARM, "telegram:none", "\x00", "*", "x" * 200])
def test_another_channel_is_not_there(limited, channel):
    response = limited.api(SEARCH, params={"q": "скидка", "channel": channel})
    assert response.status_code == 404
    assert limited.api(SEARCH, params=[("q", "скидка"), ("channel", CARD), ("channel", channel)]).status_code == 404


def test_a_channel_that_nobody_has_is_not_there(visitor):
    assert visitor.api(SEARCH, params={"q": "скидка", "channel": "telegram:none"}).status_code == 404
    assert {hit["channel"] for hit in find(visitor, "скидка", channel=["", SHOP])["hits"]} == {SHOP}


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"q": ""},
        {"q": "x" * 4097},
        {"q": "x", "k": 0},
        {"q": "x", "k": 51},
        {"q": "x", "k": "9" * 400},
        {"q": "x", "k": "many"},
        {"q": "x", "answer": "perhaps"},
        {"q": "x", "channel": "x" * 201},
        {"q": "x", "channel": ["x"] * 51},
    ],
)
def test_what_cannot_be_asked_is_refused(visitor, params):
    response = visitor.api(SEARCH, params=params)
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "q",
    [
        "\x00",
        "%",
        "\ud7ff\ufffe",
        "🎄" * 900,
        "а" * 4096,
        "'; DROP TABLE posts; --",
        "<mark>",
        "\u202eскидка\u2066",
        "скидка " * 580,
        "1e999",
        "a+b=c#d?",
    ],
)
def test_whatever_is_asked_is_answered(visitor, q):
    find(visitor, q, answer="true")
    assert visitor.get(f"{SEARCH}?q=%ED%A0%80%FF%00{'%D0' * 9}", headers={"Accept": "application/json"}).status_code == 200


def test_an_answer_need_not_be_sent_twice(visitor):
    first = visitor.api(SEARCH, params={"q": "скидка"})
    again = visitor.api(SEARCH, params={"q": "скидка"}, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert visitor.api(SEARCH, params={"q": "скидка", "version": first.json()["version"]}).status_code == 200
    assert visitor.api(SEARCH, params={"q": "скидка", "version": "another"}).status_code == 410


def test_questions_are_written_nowhere(visitor, shop, caplog, capfd):
    secret = "зеленоватыйбегемот"  # noqa: S105  # what nobody else must read, but no password
    find(visitor, f"где {secret}")
    find(visitor, f"где {secret}", channel=SHOP)
    visitor.page("/posts", params={"q": f"где {secret}"})
    visitor.page("/posts/results", params={"q": f"где {secret}"})
    visitor.api(SEARCH, params={"q": secret + "x" * 4100})
    visitor.api(SEARCH, params={"q": secret, "channel": "nobody"})
    audit = visitor.app.state.service.audit
    audit.flush()
    told = [seen for _, seen in audit.audit.latest(n=100)]
    assert {seen.subject for seen in told if seen.route == SEARCH} == {"{}"}
    captured = capfd.readouterr()
    # the client of the test tells of its own requests
    logged = [record.getMessage() for record in caplog.records if not record.name.startswith("httpx")]
    files = [path.read_bytes() for path in shop.data.rglob("*") if path.is_file()]
    for written in (secret, quote(secret)):
        assert written not in "".join([captured.out, captured.err, *logged, *(str(vars(seen)) for seen in told)])
        assert not [file for file in files if written.encode() in file]


def test_many_at_once_get_what_each_gets_alone(visitor):
    search = visitor.app.state.service.versions.view()["posts"].companion()
    questions = [
        f"{word} {number}"
        for number in range(8)
        for word in ("достаавка", "скидка пенсионерам", "карта лимит", "ёлка стоит", "чек")
    ]
    alone = [search.find(question, None, 10) for question in questions]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda question: search.find(question, None, 10), questions))
    assert together == alone


def test_a_long_question_does_not_hold_up_the_others(visitor):
    search = visitor.app.state.service.versions.view()["posts"].companion()
    assert search.is_quick("x" * 120)
    assert not search.is_quick("x" * 121)
    assert find(visitor, "скидка " + "пенсионерам " * 20)["hits"]


def test_before_anything_is_published_it_says_so(tmp_path):
    settings = Settings(data=tmp_path)
    with visiting(settings) as visitor:
        response = visitor.api(SEARCH, params={"q": "скидка"})
        assert (response.status_code, response.json()["type"]) == (404, "not-published")


@pytest.mark.parametrize("missing", ["post_indexes", "answer_models", "answer_thresholds"])
def test_without_an_index_it_says_so(tmp_path, missing):
    settings = Settings(data=tmp_path)
    published(settings, without=(missing,))
    with visiting(settings) as visitor:
        response = visitor.api(SEARCH, params={"q": "скидка"})
        assert (response.status_code, response.json()["type"]) == (404, "not-published")
        assert missing in response.json()["detail"]


def test_an_index_whose_files_are_gone_is_told(tmp_path):
    settings = Settings(data=tmp_path)
    published(settings)
    for file in settings.artifacts.rglob("posting_rows.npy"):
        file.unlink()
    with visiting(settings) as visitor:
        response = visitor.api(SEARCH, params={"q": "скидка"})
        assert response.status_code == 422
        assert "missing" in response.json()["detail"]
        page = visitor.page("/posts?q=скидка")
        assert (page.status_code, "missing" in page.text) == (200, True)


def test_without_the_posts_hits_have_no_names(tmp_path):
    settings = Settings(data=tmp_path)
    published(settings, without=("posts",))
    with visiting(settings) as visitor:
        assert find(visitor, "скидка")["hits"][0]["channel_name"] is None
        assert visitor.api("/api/v1/posts/channels").status_code == 404
        assert visitor.page("/posts").status_code == 200
        assert visitor.page("/posts?q=скидка").status_code == 200
