"""Answers in time: what is at hand, what is computed, and popular items where neither comes."""

import asyncio
import threading
import time
from types import SimpleNamespace

import pytest

from serving.marketplace import answering
from serving.marketplace.answering import BUSY, DEADLINE, ERROR, MOST_WAITING, NO_MODEL, Desk, Question, at_once, personal
from serving.marketplace.shelf import open_shelf
from serving.web.observing import FALLBACKS
from serving.web.versions import Version
from tests.marketplace.made_up_factors import name
from tests.marketplace.published_shop import ANN_LIST, KEY, factors_of, hash_of, publish_shop
from vitrina.errors import PublicationError
from vitrina.marketplace.answers import recommend
from vitrina.marketplace.session import RecentEvent
from vitrina.publication import current
from vitrina.settings import Settings

PAGE = name("dairy", 0)
ON_PAGE = Question(page_item=PAGE)
SLOW_S = 0.4


def opened(settings, **changes):
    path = publish_shop(settings, **changes)
    return open_shelf(settings, Version(settings, current(settings, "marketplace"))), path


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    return Settings(data=tmp_path_factory.mktemp("shop") / "data", user_key=KEY, _env_file=None)


@pytest.fixture(scope="module")
def shelf(settings):
    return opened(settings)[0]


@pytest.fixture
def own_settings(tmp_path):
    return Settings(data=tmp_path / "data", user_key=KEY, _env_file=None)


@pytest.fixture
def desk():
    made = Desk(deadline_s=0.05, holdout_share=0.0, repeats=True)
    yield made
    made.close()


@pytest.fixture
def gate(monkeypatch):
    """Fresh answers wait until the gate is opened."""
    opened_gate = threading.Event()

    def slow(*given, **more):
        assert opened_gate.wait(20)
        return recommend(*given, **more)

    monkeypatch.setattr(answering, "recommend", slow)
    yield opened_gate
    opened_gate.set()


def counted(cause):
    return FALLBACKS.labels(cause)._value.get()


def ids(answered):
    return [one.item_id for one in answered.items]


def test_a_late_answer_is_popular_items_in_time(shelf, desk, gate):
    before, begun = counted(DEADLINE), time.monotonic()
    answered = asyncio.run(desk.answer(shelf, ON_PAGE))
    assert time.monotonic() - begun < SLOW_S
    assert answered.fallback == DEADLINE
    assert ids(answered) == ids(answering.popular(shelf, ON_PAGE))
    assert counted(DEADLINE) == before + 1
    gate.set()


def test_what_is_late_does_not_pile_up_and_lets_go_when_it_is_done(shelf, desk, gate):
    async def many(n):
        begun = time.monotonic()
        found = await asyncio.gather(*(desk.answer(shelf, ON_PAGE) for _ in range(n)))
        return found, time.monotonic() - begun

    found, seconds = asyncio.run(many(MOST_WAITING + 10))
    causes = [one.fallback for one in found]
    assert (causes.count(DEADLINE), causes.count(BUSY)) == (MOST_WAITING, 10)
    assert seconds < SLOW_S
    # those that no thread had begun with were given up; the two that are under way still hold their places
    assert desk._room._value == MOST_WAITING - answering.THREADS
    gate.set()
    deadline = time.monotonic() + 10
    while desk._room._value < MOST_WAITING and time.monotonic() < deadline:
        time.sleep(0.01)
    patient = Desk(deadline_s=10, holdout_share=0.0, repeats=True)
    assert asyncio.run(desk.answer(shelf, ON_PAGE)).fallback in (None, DEADLINE)
    assert asyncio.run(patient.answer(shelf, ON_PAGE)).fallback is None
    patient.close()


def test_what_is_at_hand_needs_no_thread(shelf, settings, desk, gate):
    known = asyncio.run(desk.answer(shelf, Question(hash_of(settings, "ann"), n=5)))
    stranger = asyncio.run(desk.answer(shelf, Question(n=5)))
    assert (ids(known), known.fallback, stranger.fallback) == (list(ANN_LIST), None, None)


def test_an_answer_that_breaks_is_popular_items_and_the_log_has_the_cause(shelf, desk, monkeypatch):
    def broken(*_given, **_more):
        raise ZeroDivisionError("of our own making")

    said = []
    monkeypatch.setattr(answering, "recommend", broken)
    monkeypatch.setattr(answering, "log", SimpleNamespace(exception=said.append))
    before = counted(ERROR)
    answered = asyncio.run(desk.answer(shelf, ON_PAGE))
    assert answered.fallback == ERROR
    assert answered.items
    assert counted(ERROR) == before + 1
    assert said == ["recommendation_failed"]


def test_whoever_is_late_in_a_batch_gets_popular_items_and_nobody_else(shelf, settings, gate):
    desk = Desk(deadline_s=0.05, holdout_share=0.0, repeats=True)
    questions = [Question(hash_of(settings, "ann"), n=5), Question(n=5), ON_PAGE, Question(hash_of(settings, "ann"), n=5)]
    begun = time.monotonic()
    answered = asyncio.run(desk.answers(shelf, questions))
    assert time.monotonic() - begun < 4 * 0.05 + SLOW_S
    assert [one.fallback for one in answered] == [None, None, DEADLINE, DEADLINE]
    assert ids(answered[0]) == list(ANN_LIST)
    gate.set()
    desk.close()


def test_a_closed_desk_still_answers(shelf, desk):
    desk.close()
    assert asyncio.run(desk.answer(shelf, ON_PAGE)).fallback == BUSY


@pytest.mark.parametrize("platform", [None, "site", "nowhere"])
@pytest.mark.parametrize("band", [None, 1, 2])
def test_a_stranger_without_context_needs_nothing_computed_and_gets_the_same(shelf, settings, platform, band):
    question = Question(None, "unknown", (RecentEvent("unknown", "view"),), 8, platform, band)
    expected = recommend(factors_of(settings), n=8, platform=platform, price_band=band)
    assert [(one.item_id, one.score, one.reason) for one in at_once(shelf, question).items] == [
        (one.item_id, one.score, one.reason) for one in expected
    ]


@pytest.mark.parametrize(
    "without",
    [
        ("popular_items",),
        ("item_features",),
        ("recommendations",),
        ("recommender_models",),
        ("popular_items", "item_features", "recommendations"),
    ],
)
def test_tables_that_a_check_holds_back_are_done_without(own_settings, desk, without):
    shelf, _ = opened(own_settings, without=without)
    users = (None, hash_of(own_settings, "ann"), hash_of(own_settings, "nobody"))
    for question in (Question(user, page) for user in users for page in (None, PAGE)):
        assert asyncio.run(desk.answer(shelf, question)).items


def test_where_there_is_nothing_to_show_the_version_says_so(own_settings):
    with pytest.raises(PublicationError, match="popular_items, recommender_models"):
        opened(own_settings, without=("recommender_models", "popular_items"))


def damaged(path):
    path.write_bytes(path.read_bytes()[:-100])


def another(path):
    factors_of(Settings(data=path.parents[3], user_key=KEY, _env_file=None), version="another").save(path)


@pytest.mark.parametrize("spoil", [damaged, another, lambda path: path.unlink(), lambda path: path.write_bytes(b"PK")])
def test_factors_that_are_not_those_that_were_published_are_not_taken(own_settings, desk, spoil):
    _, path = opened(own_settings)
    spoil(path)
    shelf = open_shelf(own_settings, Version(own_settings, current(own_settings, "marketplace")))
    assert shelf.factors is None
    assert str(shelf.lacking)
    ann = hash_of(own_settings, "ann")
    assert ids(asyncio.run(desk.answer(shelf, Question(ann, n=5)))) == list(ANN_LIST)
    assert asyncio.run(desk.answer(shelf, Question(ann, PAGE))).fallback == NO_MODEL
    assert personal(shelf, Question(ann, PAGE), repeats=True) is None


def test_the_page_s_item_is_not_among_the_popular_ones(shelf):
    first = shelf.popular_items(3)[0].item_id
    assert first not in [one.item_id for one in shelf.popular_items(50, without=first)]


def test_every_user_finds_their_own_list_and_nobody_finds_another_s(settings, shelf):
    assert [one.item_id for one in shelf.lists.find(hash_of(settings, "ann"))] == list(ANN_LIST)
    for user in (
        None,
        "",
        "0" * 24,
        "f" * 24,
        "é",
        hash_of(settings, "bob"),
        hash_of(settings, "ann")[:-1],
        hash_of(settings, "ann") + "0",
    ):
        assert shelf.lists.find(user) == ()
    assert len(shelf.lists) == 1
