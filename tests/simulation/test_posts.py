"""The made-up channels, chat and bot's log, and whether what is said to be true of them is."""

import datetime as dt
import itertools
import re
from collections import Counter

import numpy as np
import pytest

from simulation import posts_chat_phrases as phrases
from simulation.posts import POSTS_EXTENTS, SimulatedPosts, simulate_posts
from simulation.posts_bot_log import RIGHT, WRONG, interest
from simulation.posts_channels import CHANNELS, MAIN
from simulation.posts_chats import BOT_STARTS, CHAT_ID, PLACES, WEEKS_BEFORE
from simulation.posts_histories import EARLIER_EXPORT, text_at_earlier_export
from simulation.posts_questions import misspelt, with_check_digit, with_person
from simulation.posts_realism import NEAR, near_duplicates
from simulation.posts_topics import SEASON_BEFORE, Numbers, Template, facts_of
from simulation.posts_truth import PostsTruth, posts_truth, ref, truth_of
from simulation.posts_words import AXES, HOLIDAYS
from simulation.retailer import LAST_DAY, Size

SEED = 7
PERSONAL = re.compile(r"\+7 \d{3}|@example\.com|\d{4} \d{4} \d{4}")


@pytest.fixture(scope="module")
def tiny() -> SimulatedPosts:
    return simulate_posts(Size.TINY, SEED)


@pytest.fixture(scope="module")
def demo() -> SimulatedPosts:
    return simulate_posts(Size.DEMO, SEED)


@pytest.fixture(scope="module")
def truth(demo: SimulatedPosts) -> PostsTruth:
    return truth_of(demo)


def test_a_template_makes_one_fact_of_each_thing_that_it_is_about() -> None:
    parking = Template("parking", ("Стоянка на {street_on}: {v} ₽.",), ("Почём на {street_on}?",), Numbers(5, 5), about=("street",))
    facts = facts_of(np.random.default_rng(1), {"Парковка": (parking,)})
    assert len(facts) == 8
    assert facts[0].intent == "parking/Северной"
    assert facts[0].statement(0) == "Стоянка на Северной: 5 ₽."
    assert facts[0].question(3) == "Почём на Северной?"


def test_a_changed_fact_has_another_value_and_the_same_questions() -> None:
    template = Template("fee", ("Плата {v} ₽.",), ("Сколько?",), Numbers(10, 20, 10))
    fact = facts_of(np.random.default_rng(1), {"Тариф": (template,)})[0]
    changed = fact.changed(np.random.default_rng(1))
    assert {fact.statement(0), changed.statement(0)} == {"Плата 10 ₽.", "Плата 20 ₽."}
    assert changed.question(0) == fact.question(0)


def test_cities_stand_in_the_cases_that_sentences_need() -> None:
    cities = {words["city"]: (words["city_in"], words["city_of"]) for words in AXES["city"]}
    assert cities["Ясногорье"] == ("Ясногорье", "Ясногорья")
    assert cities["Белокаменка"] == ("Белокаменке", "Белокаменки")
    assert cities["Солнцеполь"] == ("Солнцеполе", "Солнцеполя")
    assert cities["Верхнереченск"] == ("Верхнереченске", "Верхнереченска")


def test_the_same_seed_makes_the_same_and_another_seed_something_else(tiny: SimulatedPosts) -> None:
    again, other = simulate_posts("tiny", SEED), simulate_posts("tiny", SEED + 1)
    assert again == tiny
    assert posts_truth("tiny", SEED) == truth_of(tiny)
    assert [post.text for post in other.posts] != [post.text for post in tiny.posts]


def test_sizes_are_as_announced(tiny: SimulatedPosts, demo: SimulatedPosts) -> None:
    for world, size in ((tiny, Size.TINY), (demo, Size.DEMO)):
        with_text = [post for post in world.posts if post.text]
        assert len(with_text) == pytest.approx(POSTS_EXTENTS[size].posts, rel=0.05)
        assert {post.channel for post in with_text} == set(CHANNELS)
    assert 1_300 < len(demo.chat) < 1_800
    assert 1_000 < len(demo.asked) < 1_400


def test_a_post_is_right_for_an_intent_exactly_if_it_states_it(demo: SimulatedPosts, truth: PostsTruth) -> None:
    """Over all pairs of a sixth of the facts and all posts."""
    standing = [post for post in demo.posts if post.text and post.deleted_at is None]
    for intent in list(demo.facts)[::6]:
        fact = demo.facts[intent]
        says = [fact.statement(variant) for variant in range(len(fact.template.says))]
        stating = {ref(post) for post in standing if any(said in post.text for said in says)}
        known = {post for post in truth.right_posts.get(intent, ()) if "/" not in post.post_id}
        assert known == stating, intent


def test_a_question_names_no_value_of_its_fact(demo: SimulatedPosts) -> None:
    for fact in demo.facts.values():
        asked = " ".join(fact.question(variant) for variant in range(len(fact.template.asks)))
        said = fact.statement(0)
        assert not set(re.findall(r"\d+", said)) & set(re.findall(r"\d+", asked)) - set(re.findall(r"\d+", fact.intent)), (
            fact.intent
        )


def test_posts_stand_within_the_calendar_and_identifiers_rise_with_time(demo: SimulatedPosts) -> None:
    for channel in CHANNELS:
        own = [post for post in demo.posts if post.channel is channel]
        taken = [number for post in own for number in range(post.message_id, post.message_id + post.messages)]
        assert all(earlier < later for earlier, later in itertools.pairwise(taken))
        assert all(earlier.posted_at <= later.posted_at for earlier, later in itertools.pairwise(own))
    assert min(post.posted_at for post in demo.posts).date() >= dt.date(2025, 10, 1)
    assert max(post.edited_at or post.posted_at for post in demo.posts).date() <= LAST_DAY


def test_what_belongs_to_a_holiday_is_posted_in_the_week_before(demo: SimulatedPosts) -> None:
    seasonal = [post for post in demo.posts if post.kind == "fact" and post.facts[0].startswith("hours_holiday/")]
    assert seasonal
    for post in seasonal:
        holiday = HOLIDAYS[post.facts[0].removeprefix("hours_holiday/")]
        assert dt.timedelta(0) < holiday - post.posted_at.date() <= SEASON_BEFORE


def test_posts_are_of_every_kind(tiny: SimulatedPosts) -> None:
    kinds = Counter(post.kind for post in tiny.posts)
    assert set(kinds) == {"fact", "facts", "noise", "short", "repost", "media", "poll", "service", "unsupported"}
    assert any(post.pictures > 1 for post in tiny.posts)
    assert any(post.reply_to for post in tiny.posts)
    assert any(post.edited_at for post in tiny.posts)


def test_the_later_export_adds_edits_and_deletes(demo: SimulatedPosts, truth: PostsTruth) -> None:
    by_ref = {ref(post): post for post in demo.posts}
    changes = truth.changes
    assert min(len(changes.edited), len(changes.deleted)) >= 5
    assert all(by_ref[post].posted_at >= EARLIER_EXPORT for post in changes.added)
    for edited in map(by_ref.__getitem__, changes.edited):
        assert edited.channel is MAIN
        assert text_at_earlier_export(edited) == edited.before != edited.text
    right = {post for posts in truth.right_posts.values() for post in posts}
    assert not right & set(changes.deleted)
    # of ten posts and more, one in ten missing would look like an export that was cut off
    before = sum(1 for post in demo.posts if post.channel is MAIN and post.posted_at < EARLIER_EXPORT)
    assert len(changes.deleted) < 0.1 * before


def test_a_mark_of_an_edit_without_one_is_no_edit(demo: SimulatedPosts, truth: PostsTruth) -> None:
    marked = [post for post in demo.posts if post.edited_at and post.before is None]
    assert len(marked) == 2
    assert not {ref(post) for post in marked} & set(truth.changes.edited)


def test_what_is_repeated_says_nearly_the_same_later_and_elsewhere(demo: SimulatedPosts) -> None:
    copies = [(post, post.copy_of) for post in demo.posts if post.copy_of is not None]
    assert 0.04 < len(copies) / len(demo.posts) < 0.06
    near = [len(near_duplicates([first.text, later.text])) for later, first in copies]
    assert np.mean(near) > 0.97, f"similarity of at least {NEAR}"
    assert all(first.posted_at < later.posted_at for later, first in copies)
    assert all(first.facts == later.facts for later, first in copies)
    assert np.mean([first.channel is not later.channel for later, first in copies]) > 0.9


def test_nothing_answers_a_gap_and_the_first_one_is_asked_for_most(demo: SimulatedPosts, truth: PostsTruth) -> None:
    gaps = dict(truth.gaps)
    assert set(gaps) >= set(demo.demand.pools["gap"])
    assert truth.gaps[0][0] == phrases.GAPS[0][0]
    assert not set(gaps) & set(truth.right_posts)
    assert sum(gaps.values()) == sum(question.intent in gaps for question in demo.asked)


def test_of_a_chat_it_is_known_what_is_a_question(demo: SimulatedPosts, truth: PostsTruth) -> None:
    labels = Counter(question.is_question for question in truth.questions if question.source == "chat")
    assert labels[True] == sum(message.kind == "question" for message in demo.chat)
    assert 0.3 < labels[True] / labels.total() < 0.7
    rhetoric = [message.text for message in demo.chat if message.kind in {"rhetoric", "to one another"}]
    assert any(text.endswith("?") for text in rhetoric)
    questions = [message.text for message in demo.chat if message.kind == "question"]
    assert 0.3 < np.mean(["?" not in text for text in questions]) < 0.7


def test_answers_in_the_chat_reply_to_the_question_that_they_answer(demo: SimulatedPosts, truth: PostsTruth) -> None:
    by_id = {message.message_id: message for message in demo.chat}
    answers = [message for message in demo.chat if message.kind == "answer"]
    assert answers
    for answer in answers:
        question = by_id[answer.reply_to or 0]
        assert (question.kind, question.intent) == ("question", answer.intent)
        assert question.posted_at < answer.posted_at
        assert answer.user is None
    of_chat_alone = truth.right_posts["chat_keys"]
    assert all(post.channel_id == MAIN.channel_id and post.post_id.startswith(f"{CHAT_ID}/") for post in of_chat_alone)


def test_the_chat_ends_before_the_bot_starts(demo: SimulatedPosts) -> None:
    begin = BOT_STARTS - dt.timedelta(weeks=WEEKS_BEFORE)
    assert all(begin <= message.posted_at < BOT_STARTS for message in demo.chat)
    assert all(asked.asked_at >= BOT_STARTS for asked in demo.asked)
    assert max(asked.asked_at for asked in demo.asked).date() == LAST_DAY


def test_personal_data_stands_in_the_chat_and_nowhere_in_the_bots_log(demo: SimulatedPosts) -> None:
    personal = [message for message in demo.chat if message.personal]
    assert len(personal) > 20
    assert all(part in message.text for message in personal for part in message.personal)
    assert not any(PERSONAL.search(asked.text) for asked in demo.asked)
    assert any("[phone]" in asked.text for asked in demo.asked)
    written = re.findall(r"\+7 \S+ \S+", " ".join(message.text for message in personal))
    # local numbers that begin with 0 belong to nobody
    assert written
    assert all(number.startswith("+7 495 0") for number in written)


def test_card_numbers_pass_luhns_check() -> None:
    assert with_check_digit("411111111111111") == "4111 1111 1111 1111"
    assert with_check_digit("400000000000000") == "4000 0000 0000 0002"


def test_every_kind_of_personal_data_is_told() -> None:
    rng = np.random.default_rng(1)
    phrased = [with_person(rng, "Где заказ?") for _ in range(100)]
    assert all(found.personal and all(part in found.text for part in found.personal) for found in phrased)
    kinds = {len(found.personal) for found in phrased}
    assert kinds == {1, 2}


def test_a_slip_spoils_one_long_word_and_leaves_its_first_letter() -> None:
    rng, text = np.random.default_rng(1), "Сколько стоит доставка в Озерецке?"
    for _ in range(50):
        spoiled = misspelt(rng, text).split(" ")
        changed = [(old, new) for old, new in zip(text.split(" "), spoiled, strict=True) if old != new]
        assert len(changed) <= 1  # two equal letters may have changed places
        assert all(old[0] == new[0] and abs(len(old) - len(new)) <= 1 for old, new in changed)
    assert misspelt(rng, "а где") == "а где"


def test_what_the_bot_can_answer_is_asked_less_and_less_and_gaps_as_often_as_ever(demo: SimulatedPosts) -> None:
    assert interest(0) == 1
    weekly = {kind: [0] * 21 for kind in PLACES}
    for asked in demo.asked:
        week = (asked.asked_at - BOT_STARTS).days // 7
        if week < 21 and asked.kind in weekly:
            weekly[asked.kind][week] += 1
    first, last = np.mean(weekly["posted"][:3]), np.mean(weekly["posted"][-8:])
    expected = np.mean([interest(week) for week in range(13, 21)]) / np.mean([interest(week) for week in range(3)])
    assert last / first == pytest.approx(expected, abs=0.12)
    assert np.mean(weekly["gap"][-8:]) == pytest.approx(np.mean(weekly["gap"][:8]), rel=0.3)


def test_outcomes_follow_the_rule(demo: SimulatedPosts) -> None:
    stated: dict[str, dt.datetime] = {}
    for post in demo.posts:
        if post.deleted_at is None:
            for intent in post.facts:
                stated[intent] = min(stated.get(intent, post.posted_at), post.posted_at)
    looked_at = [asked for asked in demo.asked if asked.outcome in {"answered", "silent"}]
    answerable = [asked for asked in looked_at if asked.intent in stated and stated[asked.intent] < asked.asked_at]
    assert np.mean([asked.is_right is True for asked in answerable]) == pytest.approx(RIGHT, abs=0.06)
    assert np.mean([asked.is_right is False for asked in answerable]) == pytest.approx(WRONG, abs=0.03)
    others = [asked for asked in looked_at if asked.intent not in stated]
    assert 0.02 < np.mean([asked.outcome == "answered" for asked in others]) < 0.11
    assert {asked.outcome for asked in demo.asked} == {"answered", "silent", "limited", "over_quota", "failed"}
    assert all((asked.answer is not None) == (asked.outcome == "answered") for asked in demo.asked)


def test_people_say_of_answers_alone_whether_they_helped(demo: SimulatedPosts) -> None:
    answered = {asked.question_id: asked for asked in demo.asked if asked.outcome == "answered"}
    assert 0.2 < len(demo.pressed) / len(answered) < 0.4
    for pressed in demo.pressed:
        asked = answered[pressed.question_id]
        assert (pressed.user_hash, pressed.given_at > asked.asked_at) == (asked.user_hash, True)
    right = [pressed.helped for pressed in demo.pressed if answered[pressed.question_id].is_right]
    assert np.mean(right) > 0.8


def test_the_bot_is_asked_hostile_and_off_topic_things(demo: SimulatedPosts) -> None:
    kinds = Counter(asked.kind for asked in demo.asked)
    assert set(kinds) == {*PLACES, "off-topic", "hostile"}
    hostile = {asked.text for asked in demo.asked if asked.kind == "hostile"}
    assert len(hostile & set(phrases.HOSTILE)) > len(phrases.HOSTILE) / 2
    assert max(len(asked.text) for asked in demo.asked) == 4096
    assert all(asked.via in {"command", "private"} for asked in demo.asked if asked.kind in {"off-topic", "hostile"})
    assert len({asked.question_id for asked in demo.asked}) == len(demo.asked)


def test_known_answers_are_right_and_some_questions_have_none(demo: SimulatedPosts, truth: PostsTruth) -> None:
    assert len({known.question for known in demo.known}) == len(demo.known)
    for known in demo.known:
        right = truth.right_posts.get(known.intent, ())
        assert (known.post is None) == (not right)
        assert known.post is None or (ref(known.post) in right and known.post.channel is known.channel)
    assert sum(known.post is None for known in demo.known) >= 9
