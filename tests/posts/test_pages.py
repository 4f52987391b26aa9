"""Pages of posts as people see them, in both languages."""

import datetime as dt
import re

import pytest

from tests.pages import visiting
from tests.posts.shop_channels import CARD, MARTS, NOON, SHOP, published
from vitrina.settings import Settings

PAGES = ("/posts", "/posts?q=скидка+пенсионерам", "/posts/gaps", "/posts/repeated", "/posts/quality")
RU = {"Accept-Language": "ru"}


@pytest.fixture(scope="module")
def visitor(shop):
    with visiting(shop) as found:
        yield found


@pytest.fixture(scope="module")
def owner(shop, card_owner):
    """Somebody who may see one channel alone."""
    with visiting(shop, name="for the owner") as found:
        found.sign_in(card_owner)
        yield found


def text_of(page):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text))


@pytest.mark.parametrize("address", PAGES)
@pytest.mark.parametrize("language", ["en", "ru"])
def test_each_page_is_there_in_both_languages(visitor, address, language):
    page = visitor.page(address, headers={"Accept-Language": language})
    assert page.status_code == 200
    assert page.headers["content-language"] == language
    assert page.text.count("<h1>") == 1
    assert "style=" not in page.text
    assert "hx-on" not in page.text
    assert not re.search(r"<script(?! (src|type=\"application/json\"))", page.text)


def test_search_shows_what_was_found_and_marks_it(visitor):
    page = visitor.page("/posts?q=доставка")
    assert "<mark>Доставку</mark> по городу" in page.text
    assert 'href="https://t.me/shop/1" rel="noopener noreferrer nofollow"' in page.text
    assert "7 Sep 2026" in page.text


def test_search_says_what_the_bot_would_say_and_how_sure_it_is(visitor):
    page = text_of(visitor.page("/posts?q=скидка пенсионерам"))
    assert "The bot would answer" in page
    assert re.search(r"It is \d\d\s% sure, and speaks from 80\s% on", page)
    assert "Also said in:" in page


def test_search_says_where_the_bot_would_keep_silent(visitor):
    assert "Бот промолчал бы" in visitor.page("/posts?q=сколько стоит доставка пиццы на луну", headers=RU).text
    assert "too few questions with known answers" in visitor.page("/posts?q=сыр алтайского молока").text


def test_search_that_finds_nothing_says_so(visitor):
    assert "No post was found" in visitor.page("/posts?q=абырвалг").text
    assert "абырвалг" in visitor.page("/posts?q=абырвалг").text


def test_a_mistyped_word_is_told(visitor):
    assert re.search("Искали «доставк[уе]» вместо «достаавка».", visitor.page("/posts?q=достаавка", headers=RU).text)


def test_what_posts_and_questions_hold_stays_text(visitor):
    page = visitor.page("/posts?q=ёлка скидка").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(&#39;<mark>скидка</mark>&#39;)&lt;/script&gt; &amp; <mark>скидка</mark>" in page
    assert "javascript:" not in page
    for address in ("/posts", "/posts/gaps", "/posts/repeated"):
        assert "<script>alert" not in visitor.page(address).text
    assert "&lt;script&gt;" in visitor.page("/posts/gaps").text
    asked = visitor.page("/posts", params={"q": '"><script>alert(1)</script>'}).text
    assert "<script>alert" not in asked


def test_a_long_passage_is_cut_to_what_was_found(visitor):
    page = visitor.page("/posts?q=чек").text
    assert "The whole passage" in page
    assert page.count("<mark>чека</mark>") >= 2


def test_the_part_that_changes_comes_alone_and_tells_the_address(visitor):
    version = visitor.api("/api/v1/products/posts").json()["version"]
    part = visitor.page("/posts/results", params={"q": "скидка & ёлка", "channel": SHOP, "version": version})
    assert part.status_code == 200
    assert "<html" not in part.text
    assert 'data-announce="' in part.text
    address = part.headers["hx-push-url"]
    assert address.startswith("/posts?q=")
    assert "%26" in address
    assert "<mark>" in visitor.page(address).text
    stale = visitor.page("/posts/results", params={"q": "скидка", "version": "another"}, headers={"HX-Request": "true"})
    assert (stale.status_code, stale.headers["hx-refresh"]) == (410, "true")


def test_more_posts_are_a_click_away(visitor):
    page = visitor.page("/posts?q=скидка карта доставка&k=1")
    assert "More posts" in page.text
    assert len(re.findall('class="card hit"', page.text)) == 1
    (more,) = re.findall(r'class="button" href="(/posts\?[^"]+)"', page.text)
    assert len(re.findall('class="card hit"', visitor.page(more.replace("&amp;", "&")).text)) > 1


def test_a_channel_can_be_chosen(visitor):
    page = visitor.page("/posts", params={"q": "скидка", "channel": CARD}).text
    assert f'<option value="{CARD}" selected>Карта</option>' in page
    assert "t.me/shop" not in page


@pytest.mark.parametrize(
    "address",
    [
        "/posts?channel=telegram:none&q=x",
        "/posts?k=0",
        "/posts?k=1e3",
        "/posts/gaps?since=never",
        "/posts/gaps?offset=-1",
        "/posts/gaps?offset=99999999999999999999",
        "/posts/repeated?channel=nobody",
        "/posts?q=" + "x" * 4097,
        "/posts/nothing",
    ],
)
def test_what_cannot_be_shown_is_a_page_that_says_so(visitor, address):
    page = visitor.page(address)
    assert page.status_code in (404, 422)
    assert "<h1>" in page.text


@pytest.mark.parametrize(
    "address",
    [
        "/posts?q=%00%FF%ED%A0%80",
        "/posts?q=%20",
        "/posts?channel=",
        "/posts/gaps?offset=1000",
        "/posts/gaps?since=0001-01-01",
        "/posts/gaps?since=9999-12-31",
        "/posts/repeated?channel=&channel=&since=2026-01-01",
        "/posts/repeated?since=9999-12-31",
        "/posts/results?q=",
        "/posts/results?q=%ED%A0%80",
    ],
)
def test_whatever_else_is_asked_gets_a_page(visitor, address):
    assert visitor.page(address).status_code == 200


def test_gaps_are_told_with_figures_weeks_and_examples(visitor):
    page = text_of(visitor.page("/posts/gaps"))
    assert "Questions without a post 2" in page
    assert "Asked in vain 5" in page
    assert re.search(r"The bot kept silent 50\s% of 10 questions", page)
    assert re.search(r"7 Sep 2026\s+1\s+3\s+есть ли зарядка для машин", page)


def test_repeated_questions_lead_to_the_post(visitor):
    page = visitor.page("/posts/repeated", headers=RU)
    assert 'href="https://t.me/shop/2"' in page.text
    assert "показана 3 раза" in page.text
    only = visitor.page("/posts/repeated", params={"channel": CARD})
    assert "t.me/shop" not in only.text
    assert 'href="https://t.me/card/1"' in only.text


def test_quality_tells_shares_with_their_intervals(visitor):
    page = text_of(visitor.page("/posts/quality"))
    assert re.search(r"Questions answered, September 2026 50\s% 95 % interval 24\s% to 76\s%; 10 questions", page)
    assert re.search(r"False answers 10\.0\s% 95 % interval 6\.6\s% to 14\.9\s%; promised: at most 5\s%", page)
    assert "more than promised" in page
    assert re.search(r"The right post comes first 70\s%", page)


def test_the_owner_of_a_channel_sees_that_channel_alone(owner):
    for address in (*PAGES, "/posts?q=доставка ёлка скидка карта", "/posts/results?q=доставка скидка"):
        page = owner.page(address, headers=RU)
        assert page.status_code == 200
        for foreign in ("Лавка", "Ферма", "telegram:101", "telegram:103", "t.me/shop", "telegram:201", "зарядка", "Доставку"):
            assert foreign not in page.text, (address, foreign)
    assert "telegram:202" in owner.page("/posts/quality").text
    assert owner.page(f"/posts?q=скидка&channel={SHOP}").status_code == 404
    assert owner.page(f"/posts/results?q=скидка&channel={SHOP}").status_code == 404
    assert owner.page(f"/posts/repeated?channel={SHOP}").status_code == 404
    assert owner.page(f"/posts?q=скидка&channel={CARD}").status_code == 200


def test_a_rating_tells_nothing_of_the_question(visitor):
    page = visitor.page("/posts?q=скидка пенсионерам").text
    assert '<input type="hidden" name="page" value="search"><input type="hidden" name="subject" value="">' in page


@pytest.mark.parametrize("language", ["en", "ru"])
def test_before_anything_is_published_each_page_says_what_to_do(tmp_path, language):
    with visiting(Settings(data=tmp_path)) as visitor:
        for address in PAGES:
            page = visitor.page(address, headers={"Accept-Language": language})
            assert (page.status_code, "make demo" in page.text) == (200, True)
        assert visitor.page("/posts/results?q=x").status_code == 404


def test_without_marts_and_posts_each_page_says_what_is_missing(tmp_path):
    settings = Settings(data=tmp_path)
    published(settings, without=(*MARTS, "posts", "search_quality", "answer_thresholds"))
    with visiting(settings) as visitor:
        for address in PAGES:
            assert visitor.page(address).status_code == 200
        assert "answer_thresholds" in visitor.page("/posts?q=скидка").text
        for address in ("/posts/gaps", "/posts/repeated", "/posts/quality"):
            assert "This is not computed yet." in visitor.page(address).text


def test_a_table_that_is_held_back_is_told_beside_what_it_shows(tmp_path):
    settings = Settings(data=tmp_path)
    published(settings)
    published(settings, held_back=("mart_coverage_gaps", "post_indexes"), now=NOON + dt.timedelta(days=1))
    with visiting(settings) as visitor:
        for address, table in (("/posts/gaps", "mart_coverage_gaps"), ("/posts?q=скидка", "post_indexes")):
            page = text_of(visitor.page(address))
            assert f"{table} is of" in page
            assert "a_check" in page
        assert "held back" not in visitor.page("/posts/repeated").text
