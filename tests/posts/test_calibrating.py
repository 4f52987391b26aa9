"""When the bot may speak: the model of answers, its thresholds, and what they are worth."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.posts.made_up_search import CountingSearch, duplicates, features, made_up_posts, questions_about
from vitrina.errors import VitrinaError
from vitrina.posts import calibrating
from vitrina.posts.answer_fitting import Examples, conformal_threshold, fitted, out_of_fold
from vitrina.posts.answering import NEVER, Answerer, AnswerModel, Thresholds
from vitrina.posts.calibrating import (
    ENOUGH_OF_PEOPLE,
    FEWEST_OF_A_CHANNEL,
    GENERATED_WEIGHT,
    PEOPLES_WEIGHT,
    calibrated,
    no_answer_report,
)
from vitrina.posts.judgement import ALSO_RIGHT
from vitrina.posts.measures import GENERATED, PEOPLES
from vitrina.posts.question_groups import group_numbers
from vitrina.posts.search import FEATURES
from vitrina.posts.tables import AnswerThresholds

NO_DUPLICATES = duplicates()


def examples(n_groups, *, seed=0, of_group=lambda group: 0.0):
    """Two questions per group: the one that is answerable has the higher first feature, but for noise."""
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(n_groups), 2)
    labels = np.tile([True, False], n_groups)
    values = labels * 2.0 + rng.normal(size=len(labels)) + [of_group(group) for group in groups]
    return Examples(np.array([features(value) for value in values]), labels, np.ones(len(labels)), groups)


def town(n=60, channels=("telegram:1",)):
    """Posts that share one word with every other, so that a question without its post finds another, but little in it."""
    return {post: f"город {text}" for post, text in made_up_posts(n, channels=channels).items()}


def asked_about(posts, **changed):
    return questions_about(posts, n_words=5, **changed)


@pytest.mark.parametrize(
    ("n", "rate", "may_be_answered"),
    [(18, 0.05, None), (19, 0.05, 0), (38, 0.05, 0), (39, 0.05, 1), (99, 0.05, 4), (100, 0.05, 4), (9, 0.1, 0), (8, 0.1, None)],
)
def test_a_threshold_leaves_room_for_the_question_that_comes_next(n, rate, may_be_answered):
    probabilities = np.random.default_rng(n).permutation(np.arange(n) / n)
    threshold = conformal_threshold(probabilities, rate=rate)
    if may_be_answered is None:
        assert threshold == NEVER
    else:
        assert (probabilities >= threshold).sum() == may_be_answered


def test_wordings_of_one_question_count_as_one():
    # forty things, one of which was asked ten times, every time with a high probability
    probabilities, groups = np.array([0.9] * 10 + [0.1] * 39), np.array([0] * 10 + list(range(1, 40)))
    assert 0.1 < conformal_threshold(probabilities, rate=0.05, groups=groups) <= 0.9
    assert conformal_threshold(probabilities, rate=0.05) > 0.9
    assert conformal_threshold(probabilities[:15], rate=0.05, groups=groups[:15]) == NEVER


def test_a_promise_is_kept_for_what_nobody_has_asked_yet():
    rng = np.random.default_rng(0)
    sizes = rng.integers(1, 12, 60)
    groups, answered = np.repeat(np.arange(60), sizes), []
    for _ in range(400):
        of_group = rng.normal(size=61)
        known = of_group[groups] + 0.3 * rng.normal(size=len(groups))
        new = of_group[60] + 0.3 * rng.normal()
        answered.append(new >= conformal_threshold(known, rate=0.05, groups=groups))
    assert np.mean(answered) < 0.05 + 2 * np.sqrt(0.05 * 0.95 / 400)


def test_questions_with_one_probability_are_answered_together_or_not_at_all():
    probabilities = np.array([0.9] * 3 + [0.1] * 96)
    # four may be answered, but of the ninety-six that are alike none can be told from the others
    assert 0.1 < conformal_threshold(probabilities, rate=0.05) <= 0.9
    assert conformal_threshold(np.array([0.9] * 6 + [0.1] * 93), rate=0.05) > 0.9


def test_of_no_questions_no_threshold_is_known():
    assert conformal_threshold(np.zeros(0), rate=0.05) == NEVER


@settings(deadline=None, max_examples=60)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=80), st.floats(0.01, 0.9), st.randoms(use_true_random=False))
def test_no_threshold_answers_more_than_the_rate_whatever_the_order(values, rate, random):
    probabilities = np.array(values)
    threshold = conformal_threshold(probabilities, rate=rate)
    assert (probabilities >= threshold).mean() <= rate
    shuffled = np.array(random.sample(values, len(values)))
    assert conformal_threshold(shuffled, rate=rate) == threshold


def test_over_many_draws_the_next_question_is_answered_as_often_as_promised():
    rng = np.random.default_rng(1)
    draws = rng.uniform(size=(4_000, 60))
    answered = [new >= conformal_threshold(known, rate=0.05) for *known, new in draws for known in [np.array(known)]]
    # the first three of sixty places
    assert np.mean(answered) == pytest.approx(3 / 60, abs=0.01)


def test_the_model_finds_the_log_odds_that_made_the_labels():
    rng = np.random.default_rng(0)
    values = rng.normal(3.0, 2.0, size=2_000)
    labels = rng.uniform(size=2_000) < 1 / (1 + np.exp(-(1.5 * values - 4.0)))
    model = fitted(Examples(np.array([features(value) for value in values]), labels, np.ones(2_000), np.arange(2_000) // 3), seed=0)
    for value in (1.0, 2.0, 3.0, 4.0):
        assert model.probability(features(value)) == pytest.approx(1 / (1 + np.exp(-(1.5 * value - 4.0))), abs=0.06)


def test_a_question_that_weighs_more_is_believed_more():
    labels = np.array([True, False] * 20)
    values, weights = np.zeros((40, len(FEATURES))), np.where(labels, 9.0, 1.0)
    model = fitted(Examples(values, labels, weights, np.arange(40)), seed=0)
    assert model.probability(values[0]) == pytest.approx(0.9, abs=1e-3)


def test_of_questions_of_one_kind_nothing_is_learnt():
    values = np.random.default_rng(0).normal(size=(30, len(FEATURES)))
    assert fitted(Examples(values, np.ones(30, dtype=bool), np.ones(30), np.arange(30)), seed=0) == AnswerModel.ignorant()


def test_no_question_is_judged_by_a_model_that_has_learnt_from_its_post():
    # a feature that names the post, and labels that belong to posts by chance: learnt by heart, they would be perfect
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(len(FEATURES) - 1), 40)
    labels = np.repeat(rng.permutation(len(FEATURES) - 1) % 2 == 0, 40)
    values = np.eye(len(FEATURES))[groups]
    learnt = Examples(values, labels, np.ones(len(labels)), groups)
    probabilities, folds = out_of_fold(learnt, values, groups, seed=0)
    by_heart = fitted(learnt, seed=0)
    assert np.mean((probabilities > 0.5) == labels) < 0.6
    assert np.mean([(by_heart.probability(row) > 0.5) == label for row, label in zip(values, labels, strict=True)]) > 0.95
    assert all(len(set(folds[groups == group])) == 1 for group in range(len(FEATURES) - 1))


def test_every_question_is_asked_with_its_post_and_without_it():
    posts = town()
    search = CountingSearch(posts)
    calibrated(search, asked_about(posts), duplicates=NO_DUPLICATES, seed=0)
    question = next(iter(posts.values())).split()[:5]
    withheld = [without for query, without, _ in search.asked if query == " ".join(question)]
    assert sorted(withheld, key=len) == [frozenset(), frozenset({("telegram:1", "0")})]


@pytest.mark.parametrize(("peoples", "learnt_from"), [(ENOUGH_OF_PEOPLE - 1, 2), (ENOUGH_OF_PEOPLE, 1)])
def test_made_questions_are_left_out_once_people_have_asked_about_enough(peoples, learnt_from):
    posts = town(ENOUGH_OF_PEOPLE)
    asked = asked_about(posts)
    sets = [asked.head(peoples).with_columns(questions=pl.lit(PEOPLES)), asked.with_columns(questions=pl.lit(GENERATED))]
    found = calibrated(CountingSearch(posts), pl.concat(sets), duplicates=NO_DUPLICATES, seed=0).held_out
    assert found["peoples"].n_unique() == learnt_from


def test_near_duplicates_are_withheld_with_their_post():
    posts = town()
    copy = ("telegram:1", "copy")
    search = CountingSearch(posts | {copy: posts["telegram:1", "0"]})
    pairs = duplicates([("telegram:1", "0"), copy])
    found = calibrated(search, asked_about(posts), duplicates=pairs, seed=0).held_out
    assert {frozenset({("telegram:1", "0"), copy})} <= {without for _, without, _ in search.asked}
    # the copy would have answered in its stead
    assert found.filter(~pl.col("answerable"))["probability"].max() < found.filter("answerable")["probability"].min()


def told_twice(posts):
    """Questions about each post, of which each third one is answered by the next post as well; and the pairs."""
    names = list(posts)
    pairs = dict(zip(names[::3], names[1::3], strict=True))
    others = [[{"channel": pairs[name][0], "post_id": pairs[name][1]}] if name in pairs else [] for name in names]
    return asked_about(posts).with_columns(pl.Series("also_right", others, dtype=ALSO_RIGHT)), pairs


def test_a_question_without_its_answer_sees_none_of_its_right_posts_and_none_of_their_near_duplicates():
    posts = town()
    copy = ("telegram:1", "copy")
    search = CountingSearch(posts | {copy: posts["telegram:1", "1"]})
    questions, pairs = told_twice(posts)
    calibrated(search, questions, duplicates=duplicates([("telegram:1", "1"), copy]), seed=0)
    withheld = {query: without for query, without, _ in search.asked if without}
    for query, *post in questions.select("question", "channel", "post_id").iter_rows():
        right = {tuple(post), pairs.get(tuple(post), tuple(post))}
        assert withheld[query] == (right | {copy} if ("telegram:1", "1") in right else right)


def test_an_answer_is_right_in_any_of_the_posts_that_give_it():
    posts = town()
    first, second = ("telegram:1", "0"), ("telegram:1", "1")
    # what is asked about the first post stands in the second one alone
    questions, _ = told_twice(posts)
    moved = posts | {first: "город", second: f"{posts[second]} {posts[first]}"}
    found = calibrated(CountingSearch(moved), questions, duplicates=NO_DUPLICATES, seed=0).held_out
    row = found.filter(pl.col("answerable") & (pl.col("post_id") == "0")).row(0, named=True)
    assert (row["channel"], row["post_id"], row["right"]) == (*first, True)


def test_questions_that_share_a_right_post_are_never_in_two_folds(monkeypatch):
    seen = []

    def watched(examples, features, groups, *, seed):
        probabilities, folds = out_of_fold(examples, features, groups, seed=seed)
        seen.append(folds)
        return probabilities, folds

    monkeypatch.setattr(calibrating, "out_of_fold", watched)
    posts = town(90)
    questions, pairs = told_twice(posts)
    # the second of a pair is a near-duplicate of the third: three questions hang together, two of them by way of the other
    links = [(other, (other[0], str(int(other[1]) + 1))) for other in pairs.values()]
    ordered = questions.sort("questions", "channel", "post_id", "question")
    calibrated(CountingSearch(posts), questions, duplicates=duplicates(*links), seed=0)
    folds_of = {}
    for post_id, fold in zip(ordered["post_id"], seen[0][::2], strict=True):
        folds_of.setdefault(int(post_id) // 3, set()).add(int(fold))
    assert len(folds_of) == 30
    assert all(len(folds) == 1 for folds in folds_of.values())
    assert len(set.union(*folds_of.values())) == 5


def test_questions_with_one_right_post_are_grouped_by_it_and_its_near_duplicates_in_the_order_of_posts():
    b, c, d, e = (("telegram:1", name) for name in "bcde")
    right = [frozenset({e}), frozenset({b}), frozenset({c, d}), frozenset({d, c}), frozenset({b})]
    assert group_numbers(right).tolist() == [2, 0, 1, 1, 0]
    assert group_numbers([]).tolist() == []
    assert group_numbers([*right, frozenset({c, e})]).tolist() == [1, 0, 1, 1, 0, 1]


def test_empty_lists_of_further_posts_change_nothing():
    posts = town(40)
    questions = asked_about(posts)
    empty = questions.with_columns(pl.lit([], dtype=ALSO_RIGHT).alias("also_right"))
    one, other = (calibrated(CountingSearch(posts), asked, duplicates=NO_DUPLICATES, seed=0) for asked in (questions, empty))
    assert one.held_out.equals(other.held_out)
    assert one.thresholds.equals(other.thresholds)


def test_what_is_easy_to_tell_apart_is_told_apart():
    posts = town(channels=("telegram:1", "discord:2"))
    found = calibrated(CountingSearch(posts), asked_about(posts), duplicates=NO_DUPLICATES, seed=0)
    assert found.auroc.value == 1
    assert found.model.features == FEATURES
    assert found.thresholds.select("answered", "false_answers").unique().rows() == [(1.0, 0.0)]
    answerer = Answerer(CountingSearch(posts), found.model, Thresholds.of(found.thresholds))
    question = asked_about(posts)["question"][7]
    assert answerer.answer(question).outcome == "answered"
    assert answerer.answer("город слонов, бегемотов, жирафов, крокодилов и носорогов").outcome == "silent"


def test_the_thresholds_are_rows_of_their_table_and_one_for_each_channel():
    posts = town(channels=("telegram:1", "discord:2"))
    found = calibrated(CountingSearch(posts), asked_about(posts), duplicates=NO_DUPLICATES, rate=0.1, seed=0).thresholds
    assert AnswerThresholds.check(found).select("platform", "channel_id").rows() == [("telegram", "1"), ("discord", "2")]
    assert set(found["target"]) == {0.1}


def test_a_channel_has_its_own_threshold_from_fifty_questions_on():
    # without its post, every question finds the first post of all: that channel has all unanswerable ones
    posts = made_up_posts(FEWEST_OF_A_CHANNEL + 1, channels=("telegram:2",))
    everywhere = ("telegram:1", "0")
    for n, own in ((FEWEST_OF_A_CHANNEL, True), (FEWEST_OF_A_CHANNEL - 1, False)):
        some = dict(list(posts.items())[:n])
        search = CountingSearch({post: f"город {text}" for post, text in some.items()} | {everywhere: "город"})
        questions = asked_about({post: f"город {text}" for post, text in some.items()})
        found = calibrated(search, questions, duplicates=NO_DUPLICATES, seed=0).thresholds
        rows = {channel: row for channel, *row in found.select("channel_id", "own", "questions").iter_rows()}
        assert rows["1"] == [own, n]
        assert rows["2"] == [False, n]


def test_a_threshold_belongs_to_the_channel_of_the_best_hit():
    posts = town(120, channels=("telegram:1", "telegram:2"))
    found = calibrated(CountingSearch(posts), asked_about(posts), duplicates=NO_DUPLICATES, seed=0)
    counted = found.held_out.filter(~pl.col("answerable")).group_by("hit_channel").len()
    own = dict(counted.rows())
    for channel_id, questions, is_own in found.thresholds.select("channel_id", "questions", "own").iter_rows():
        n = own.get(f"telegram:{channel_id}", 0)
        assert (questions, is_own) == ((n, True) if n >= FEWEST_OF_A_CHANNEL else (120, False))


def test_figures_are_held_out_and_not_read_off_the_questions_that_made_the_threshold():
    # of a hundred questions all alike but for chance, a threshold on themselves would answer exactly as promised
    class Chance(CountingSearch):
        def search(self, query, channels=None, *, k=10, query_vector=None, without=(), mode="fused"):
            result = super().search(query, channels, k=k, without=without, mode=mode)
            drawn = np.random.default_rng(abs(hash_of(query)) + bool(without)).normal()
            return type(result)(hits=result.hits, features=features(drawn + (0 if without else 1.0)))

    shares = []
    for first in range(0, 300, 100):
        posts = dict(list(town(300).items())[first : first + 100])
        found = calibrated(Chance(posts), asked_about(posts), duplicates=NO_DUPLICATES, rate=0.1, seed=first)
        held_out = found.held_out.filter(~pl.col("answerable"))
        shares.append(held_out["answered"].mean())
        assert found.thresholds["false_answers"].item() == pytest.approx(held_out["answered"].mean())
        assert 0.6 < found.auroc.value < 0.9
    assert len(set(shares)) > 1
    assert np.mean(shares) == pytest.approx(0.1, abs=0.05)


def hash_of(text):
    """The same in every process."""
    return sum(ord(letter) * 31**at for at, letter in enumerate(text)) % 2**32


def test_a_persons_question_weighs_more_than_a_generated_one():
    posts = town()
    people, generated = asked_about(dict(list(posts.items())[:20])), asked_about(dict(list(posts.items())[20:]), name="known items")
    held_out = calibrated(CountingSearch(posts), pl.concat([people, generated]), duplicates=NO_DUPLICATES, seed=0).held_out
    assert dict(held_out.group_by("peoples").agg(pl.col("weight").unique().first()).rows()) == {
        True: PEOPLES_WEIGHT,
        False: GENERATED_WEIGHT,
    }


def test_questions_that_find_nothing_are_silence_and_teach_nothing():
    # half of the posts have no word in common: without its post, a question about them finds nothing
    posts = dict(list(made_up_posts(60).items())[:30]) | dict(list(town().items())[30:])
    found = calibrated(CountingSearch(posts), asked_about(posts), duplicates=NO_DUPLICATES, seed=0)
    silent = found.held_out.filter(pl.col("hit_channel").is_null())
    assert silent.height == 30
    assert silent.select("probability", "answered", "answerable").unique().rows() == [(0.0, False, False)]
    # they count for the threshold that all channels share: the bot has kept silent about them
    assert found.thresholds.select("questions", "answered").rows() == [(60, 1.0)]
    assert found.thresholds["threshold"].item() < found.held_out.filter("answerable")["probability"].min()


def test_where_whatever_is_found_would_be_an_answer_the_bot_keeps_silent():
    posts = made_up_posts(60)
    found = calibrated(CountingSearch(posts), asked_about(posts), duplicates=NO_DUPLICATES, seed=0)
    assert found.model == AnswerModel.ignorant()
    assert found.thresholds["threshold"].to_list() == [NEVER]


def test_the_order_of_questions_changes_nothing():
    posts = town(40)
    one, other = (
        calibrated(CountingSearch(posts), questions, duplicates=NO_DUPLICATES, seed=3)
        for questions in (asked_about(posts), asked_about(posts).reverse())
    )
    assert one.model == other.model
    assert one.thresholds.equals(other.thresholds)
    assert one.auroc == other.auroc


def test_with_too_few_posts_the_bot_keeps_silent():
    posts = town(19)
    found = calibrated(CountingSearch(posts), asked_about(posts), duplicates=NO_DUPLICATES, seed=0)
    assert found.model == AnswerModel.ignorant()
    assert found.auroc is None
    assert found.held_out.is_empty()
    row = AnswerThresholds.check(found.thresholds).row(0, named=True)
    assert (row["threshold"], row["false_answers"], row["questions"]) == (NEVER, None, 0)
    nobody = calibrated(CountingSearch(posts), asked_about(posts).clear(), duplicates=NO_DUPLICATES, seed=0)
    assert nobody.thresholds["threshold"].to_list() == [NEVER]


@pytest.mark.parametrize("rate", [0.0, 1.0, -0.1])
def test_a_rate_that_is_no_share_is_refused(rate):
    with pytest.raises(VitrinaError, match="share of false answers"):
        calibrated(CountingSearch({}), asked_about({}), duplicates=NO_DUPLICATES, rate=rate, seed=0)


def test_silence_is_judged_with_all_right_posts_of_a_question_withheld_or_none():
    posts = town(90)
    questions, pairs = told_twice(posts)
    search = CountingSearch(posts)
    found = no_answer_report(search, questions, duplicates=NO_DUPLICATES, seed=0)
    withheld = search.asked[0][1]
    assert all((first in withheld) == (second in withheld) for first, second in pairs.items())
    # sixty groups, every second one withheld: pairs and lone posts in turn
    assert found.answerable + found.unanswerable == 90
    assert found.unanswerable == len(withheld) == 30


def test_silence_is_judged_with_every_second_post_withheld_from_every_question():
    posts = town()
    search = CountingSearch(posts)
    found = no_answer_report(search, asked_about(posts), duplicates=NO_DUPLICATES, seed=0)
    # and to learn from, each question once with its post and once without it
    once, half = [frozenset(), *(frozenset({post}) for post in posts)], search.asked[0][1]
    assert {without for _, without, _ in search.asked} == {*once, half}
    assert [without for _, without, _ in search.asked[:60]] == [half] * 60
    assert half == {("telegram:1", str(at)) for at in range(1, 60, 2)}
    assert (found.answerable, found.unanswerable) == (30, 30)
    assert found.auroc.value == 1
    assert found.point.answered == 1
    assert found.point.false_answers == 0
    with pytest.raises(VitrinaError, match="about 19 posts"):
        no_answer_report(search, asked_about(town(19)), duplicates=NO_DUPLICATES, seed=0)
