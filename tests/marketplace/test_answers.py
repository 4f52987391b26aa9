"""Fresh answers: the session counts at once, what may not be shown is not, and nothing that a visitor sends breaks them."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from tests.marketplace.made_up_factors import COMPONENTS, N_ITEMS, PER_KIND, code, made_up_factors, name
from vitrina.marketplace.answers import Answer, recommend
from vitrina.marketplace.session import MOST_EVENTS, RecentEvent, Weights, fold_in
from vitrina.marketplace.tables import REASONS

FACTORS = made_up_factors()
TASTE_ALONE = Weights(popularity=0, session=0)


def items_of(answers):
    return [answer.item_id for answer in answers]


def kinds_of(answers):
    return {answer.item_id.split()[0] for answer in answers}


def views(*items):
    return [RecentEvent(item, "view") for item in items]


def best_by_hand(vector, left_out=()):
    scores = FACTORS.item_vectors.astype(float) @ vector
    scores[[code("dairy", 2), *left_out]] = -np.inf
    return [str(item) for item in FACTORS.item_ids[np.argsort(-scores)]]


def test_a_known_user_without_a_session_gets_what_the_stored_vector_ranks_first():
    answers = recommend(FACTORS, user="ann", n=12, weights=TASTE_ALONE)
    assert items_of(answers) == best_by_hand(np.array(FACTORS.user_vectors[0], float))[:12]
    assert {answer.reason for answer in answers} == {"similar taste"}


def test_a_session_of_a_stranger_is_answered_by_the_least_squares_of_the_whole_shop():
    viewed = [code("books", 3), code("books", 8), code("dairy", 1)]
    session = [RecentEvent(name("books", 3), "view"), RecentEvent(name("books", 8), "cart"), RecentEvent(name("dairy", 1), "view")]
    weights = Weights(popularity=0, session=0, others=N_ITEMS / COMPONENTS, ridge=0.7)
    answers = recommend(FACTORS, recent=session, n=15, weights=weights)
    # every item has a row of its own: confidence 1 and target 0, or more confidence and the target
    confidence, target = np.ones(N_ITEMS), np.zeros(N_ITEMS)
    confidence[viewed] += [1, 3, 1]
    vectors = FACTORS.item_vectors.astype(float)
    # what is met counts on top of what all items weigh, so the target is shared between both rows of an item
    target[viewed] = np.array([1, 3, 1]) / confidence[viewed] * 3
    by_hand = np.linalg.solve(
        vectors.T @ (confidence[:, None] * vectors) + 0.7 * np.eye(COMPONENTS), vectors.T @ (confidence * target)
    )
    assert items_of(answers) == best_by_hand(by_hand)[:15]


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 12))
def test_the_moved_vector_minimises_its_loss(seed, n_events):
    rng = np.random.default_rng(seed)
    items, stored, root = rng.normal(size=(n_events, 5)), rng.normal(size=5), rng.normal(size=(9, 5))
    confidence, target, prior = rng.uniform(0.1, 9, n_events), rng.normal(size=n_events), root.T @ root + np.eye(5)
    found = fold_in(items, confidence, target, stored, prior)
    # the same as ordinary least squares of stacked rows
    factor = np.linalg.cholesky(prior).T
    rows = np.vstack([np.sqrt(confidence)[:, None] * items, factor])
    right = np.concatenate([np.sqrt(confidence) * target, factor @ stored])
    np.testing.assert_allclose(found, np.linalg.lstsq(rows, right)[0], rtol=1e-6, atol=1e-8)


def test_without_events_the_vector_stays():
    stored = np.array([1.0, -2.0])
    np.testing.assert_allclose(fold_in(np.empty((0, 2)), np.empty(0), np.empty(0), stored, np.diag([2.0, 3.0])), stored)


def test_items_of_the_sessions_category_rise():
    def place_of_books(answers):
        return np.mean([place for place, answer in enumerate(answers) if answer.item_id.startswith("books")])

    before = recommend(FACTORS, user="ann", n=N_ITEMS)
    one = recommend(FACTORS, user="ann", recent=views("books 01"), n=N_ITEMS)
    three = recommend(FACTORS, user="ann", recent=views("books 01", "books 02", "books 03"), n=N_ITEMS)
    assert place_of_books(three) <= place_of_books(one) < place_of_books(before)
    cart = recommend(FACTORS, user="ann", recent=[*views("books 01", "books 02"), RecentEvent("books 03", "cart")], n=10)
    assert kinds_of(cart) == {"books", "dairy"}


def test_a_stranger_who_looks_at_tools_is_shown_tools():
    assert kinds_of(recommend(FACTORS, recent=views("tools 02", "tools 09"), n=10)) == {"tools"}


def test_a_stranger_on_a_page_sees_what_goes_with_it_then_what_is_popular():
    answers = recommend(FACTORS, page_item="dairy 00", n=4, platform="site")
    assert items_of(answers) == ["books 07", "tools 03", "tools 05", "books 00"]
    assert [answer.reason for answer in answers] == ["goes with", "goes with", "popular", "popular"]
    assert [answer.reason_item_id for answer in answers] == ["dairy 00", "dairy 00", None, None]
    scores = [answer.score for answer in answers]
    assert scores == sorted(scores, reverse=True)


def test_on_a_page_its_neighbours_come_before_the_users_taste():
    answers = recommend(FACTORS, user="ann", page_item="dairy 00", n=60)
    assert answers[0] == Answer("books 07", answers[0].score, "goes with", "dairy 00") or answers[0].item_id.startswith("dairy")
    alone = items_of(recommend(FACTORS, user="ann", n=60))
    assert items_of(answers).index("books 07") < alone.index("books 07")
    assert "dairy 00" not in items_of(answers)


def test_neighbours_of_a_session_count_more_the_later_the_event():
    def bonus(*recent):
        answers = recommend(FACTORS, recent=views(*recent), n=60, weights=Weights(popularity=0, kinds={"view": 1e-12}))
        return {answer.item_id: answer for answer in answers}["books 07"].score

    plain = {"neighbour_scores": np.zeros((N_ITEMS, 3))}
    without = recommend(made_up_factors(**plain), recent=views("dairy 00"), n=60, weights=Weights(popularity=0))
    with_neighbours = recommend(FACTORS, recent=views("dairy 00"), n=60, weights=Weights(popularity=0))
    difference = [{a.item_id: a.score for a in answers}["books 07"] for answers in (without, with_neighbours)]
    assert difference[1] - difference[0] == pytest.approx(0.9 * 1 / 1 * 0.2)
    assert bonus("tools 00", "dairy 00") > bonus("dairy 00", "tools 00")


def test_what_was_bought_before_comes_again_only_where_repeats_are_asked_for():
    bought = {"tools 01", "tools 04"}
    assert not bought & set(items_of(recommend(FACTORS, user="bob", n=60)))
    again = {answer.item_id: answer for answer in recommend(FACTORS, user="bob", n=60, repeats=True)}
    assert bought <= set(again)
    assert {again[item].reason for item in bought} == {"bought again"}
    assert again["tools 01"].reason_item_id == "tools 01"


@pytest.mark.parametrize("repeats", [True, False])
def test_what_was_bought_in_the_session_never_comes_and_a_refund_takes_that_back(repeats):
    bought = [RecentEvent("dairy 03", "purchase")]
    assert "dairy 03" not in items_of(recommend(FACTORS, user="ann", recent=bought, n=60, repeats=repeats))
    given_back = [*bought, RecentEvent("dairy 03", "refund")]
    assert recommend(FACTORS, user="ann", recent=given_back, n=60) == recommend(FACTORS, user="ann", n=60)


def test_what_is_excluded_never_comes_however_it_is_asked_for():
    excluded = np.ones(N_ITEMS, bool)
    excluded[code("books", 1)] = False
    factors = made_up_factors(excluded=excluded, neighbours=np.tile(np.arange(3) + code("tools", 0), (N_ITEMS, 1)))
    moments = [{}, {"user": "bob"}, {"page_item": "dairy 00"}, {"recent": views("tools 01")}, {"user": "ann", "repeats": True}]
    assert {item for moment in moments for item in items_of(recommend(factors, n=60, **moment))} == {"books 01"}


@pytest.mark.parametrize(
    ("platform", "band", "expected"),
    [
        ("site", 2, ["dairy 06", "dairy 05", "tools 05", "books 00"]),
        ("ios", 2, ["dairy 05", "books 00", "books 01", "books 02"]),
        ("site", 4, ["tools 05", "books 00", "books 01", "books 02"]),
        ("site", None, ["tools 05", "books 00", "books 01", "books 02"]),
        (None, None, ["books 00", "books 01", "books 02", "books 03"]),
        ([], {}, ["books 00", "books 01", "books 02", "books 03"]),
    ],
)
def test_a_stranger_gets_the_popular_items_of_platform_and_band_then_wider_ones(platform, band, expected):
    answers = recommend(FACTORS, user="nobody", n=4, platform=platform, price_band=band)
    assert items_of(answers) == expected
    assert {answer.reason for answer in answers} == {"popular"}


def test_a_user_without_a_taste_is_a_stranger():
    factors = made_up_factors(user_vectors=np.zeros((2, COMPONENTS)))
    assert recommend(factors, user="ann") == recommend(factors)


def test_a_shop_without_vectors_answers_with_popular_items():
    factors = made_up_factors(item_vectors=np.zeros((N_ITEMS, COMPONENTS)))
    assert recommend(factors, user="ann", recent=views("books 19")) == recommend(factors)


@pytest.mark.parametrize("n", [-1, 0, 1, 59, 60, 10**9])
def test_no_more_is_shown_than_was_asked_for_and_is_left(n):
    assert len(recommend(FACTORS, user="ann", n=n)) == max(0, min(n, N_ITEMS - 1))


def test_of_ten_thousand_events_the_last_ones_count():
    late = views("tools 01", "tools 02") * (MOST_EVENTS // 2)
    assert recommend(FACTORS, recent=views("books 01") * 10_000 + late) == recommend(FACTORS, recent=late)


@pytest.mark.parametrize(
    "junk",
    [
        None,
        RecentEvent("x" * 1_000_000, "view"),
        RecentEvent(None, "view"),
        RecentEvent(["dairy 01"], "view"),
        RecentEvent("\ud800", "view"),
        RecentEvent("no such item", "purchase"),
        RecentEvent("dairy 01", "stare"),
        RecentEvent("dairy 01", None),
        RecentEvent("dairy 01", []),
        {"item_id": "dairy 01"},
        17,
    ],
    ids=range(11),
)
def test_what_is_no_event_says_nothing(junk):
    session = views("tools 02")
    assert recommend(FACTORS, recent=[junk, *session, junk]) == recommend(FACTORS, recent=[session[0], RecentEvent("", "view")])


@pytest.mark.parametrize("junk", [None, 5, "dairy 01", b"dairy 01", {"a": 1}, {1, 2}])
def test_what_is_no_session_says_nothing(junk):
    assert recommend(FACTORS, user="ann", recent=junk) == recommend(FACTORS, user="ann")


texts = st.sampled_from(["ann", "bob", "", "site", "any", *FACTORS.item_ids.tolist()]) | st.text() | st.none()
events = st.builds(RecentEvent, texts, st.sampled_from(["view", "cart", "purchase", "refund", "other"])) | texts


@settings(max_examples=200, deadline=None)
@given(
    user=texts,
    page_item=texts,
    recent=st.lists(events, max_size=70),
    n=st.integers(-2, 70),
    platform=texts,
    price_band=st.none() | st.integers(),
    repeats=st.booleans(),
)
def test_every_request_is_answered_with_so_many_different_items_by_score_and_always_alike(user, page_item, recent, n, **more):
    answers = recommend(FACTORS, user=user, page_item=page_item, recent=recent, n=n, **more)
    assert answers == recommend(FACTORS, user=user, page_item=page_item, recent=tuple(recent), n=n, **more)
    assert len(set(items_of(answers))) == len(answers) <= max(0, n)
    assert not {page_item, "dairy 02"} & set(items_of(answers))
    scores = [answer.score for answer in answers]
    assert scores == sorted(scores, reverse=True)
    assert np.isfinite(scores).all()
    assert {answer.reason for answer in answers} <= set(REASONS)


def test_equal_items_stand_in_the_order_of_their_identifiers():
    vectors = np.repeat(np.eye(COMPONENTS)[:3], PER_KIND, axis=0)
    factors = made_up_factors(item_vectors=vectors, item_biases=np.zeros(N_ITEMS))
    answers = items_of(recommend(factors, recent=views("tools 03"), n=5))
    assert answers == [name("tools", place) for place in range(5)]


def test_threads_of_the_blas_change_nothing():
    rng = np.random.default_rng(5)
    factors = many_items(rng, 50_000)
    answers = []
    for n_threads in (1, 2):
        with threadpool_limits(n_threads, "blas"):
            answers.append(recommend(factors, recent=views("000007", "000011"), n=100))
    assert answers[0] == answers[1]


def many_items(rng, n_items):
    none = np.full((n_items, 1), -1)
    return replace(
        FACTORS,
        item_ids=np.array([f"{place:06d}" for place in range(n_items)]),
        item_vectors=rng.normal(size=(n_items, COMPONENTS)),
        item_biases=rng.normal(size=n_items),
        excluded=np.zeros(n_items, bool),
        price_bands=np.zeros(n_items),
        neighbours=none,
        neighbour_scores=none * 0,
    )
