import datetime as dt
import math
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.posts.small_indexes import MODEL, START, Letters, alike, build
from vitrina.errors import VitrinaError
from vitrina.posts import language
from vitrina.posts.bm25 import LENGTH_WEIGHT, SATURATION
from vitrina.posts.language import lemmas, words
from vitrina.posts.search import FEATURES, SearchIndex

POSTS = [
    ("city", "1", "Мост через реку закрыли на ремонт до осени"),
    ("city", "2", "В парке посадили двести деревьев"),
    ("news", "1", "Аэропорт принял первый самолёт после тумана"),
    ("news", "2", "Закрыли мост через реку на ремонт до осени!"),
    ("news", "3", "The bridge was opened by the mayor"),
    ("work", "1", "Зарплата программистов выросла на 15 процентов"),
]
ALIKE = alike((("news", "2"), ("city", "1")))
THREE_DIGITS = 1e-3
"""What the index keeps of weights."""
VOCABULARY = ("мост", "река", "парк", "туман", "ремонт", "зарплата", "bridge")


@pytest.fixture(scope="module")
def by_words(tmp_path_factory):
    """An index that nobody embeds questions for."""
    folder = tmp_path_factory.mktemp("index") / "v1"
    build(folder, POSTS, duplicates=ALIKE)
    return SearchIndex.open(folder)


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    folder = tmp_path_factory.mktemp("index") / "v1"
    build(folder, POSTS, duplicates=ALIKE)
    return SearchIndex.open(folder, Letters())


def found(result):
    return [(hit.channel.removeprefix("telegram:"), hit.post_id) for hit in result.hits]


def feature(result, name):
    return result.features[FEATURES.index(name)]


def test_a_hit_says_where_the_post_is(index):
    hit = index.search("когда прилетели самолёты").hits[0]
    assert (hit.channel, hit.post_id, hit.ordinal) == ("telegram:news", "1", 0)
    assert (hit.link, hit.text) == ("https://t.me/news/1", POSTS[2][2])
    assert hit.posted_at == START + dt.timedelta(days=2)
    assert hit.score > 0 < hit.bm25


@pytest.mark.parametrize(
    ("query", "post"),
    [
        ("сколько деревьев сажают в парках", ("city", "2")),
        ("opening bridges", ("news", "3")),
        ("зарплаты программиста", ("work", "1")),
        ("15", ("work", "1")),
        ("когда посадят дерево?", ("city", "2")),
    ],
)
def test_other_forms_of_a_word_are_found(index, query, post):
    assert found(index.search(query))[0] == post


@pytest.mark.parametrize(("typed", "meant"), [("аэрпорт", "аэропорт"), ("програмистов", "программистов"), ("самоелт", "самолет")])
def test_a_mistyped_word_is_corrected_and_said(by_words, typed, meant):
    result = by_words.search(f"где {typed}")
    assert result.corrected == ((typed, meant),)
    assert meant in words(result.hits[0].text)
    assert feature(result, "corrected") == 1


def test_a_word_of_the_dictionary_is_never_taken_for_another(index):
    assert index.search("пост").corrected == ()


@pytest.mark.parametrize("word", ["there", "would", "который", "моими"])
def test_a_stop_word_is_never_taken_for_a_word_of_posts(tmp_path, word):
    build(tmp_path / "v1", [*POSTS, ("news", "4", "three world котором моряки")])
    assert SearchIndex.open(tmp_path / "v1").search(f"{word} bridge").corrected == ()


def test_vectors_are_compared_with_what_was_meant(index, by_words):
    typed, meant = index.search("Где АЭРПОРТ?"), index.search("Где аэропорт?")
    assert typed.corrected == (("аэрпорт", "аэропорт"),)
    assert typed.hits[0].cosine == pytest.approx(meant.hits[0].cosine)


@pytest.mark.parametrize(("same", "looked_up"), [(True, set()), (False, {"зарплатами"})])
def test_words_of_posts_are_looked_up_again_only_if_the_dictionaries_changed(tmp_path, monkeypatch, same, looked_up):
    build(tmp_path / "v1", [("work", "1", "Доволен зарплатами")])
    asked = set()
    monkeypatch.setattr(language.LEMMATIZER, "_known", {})
    if not same:
        monkeypatch.setattr("vitrina.posts.search.dictionaries", lambda: "others")
    monkeypatch.setattr(language, "_lemma", lambda word: asked.add(word) or "зарплата")
    result = SearchIndex.open(tmp_path / "v1").search("зарплатами")
    assert asked == looked_up
    assert found(result) == [("work", "1")]


def test_a_channel_that_was_not_asked_shows_nothing(by_words):
    assert found(by_words.search("мост", ["telegram:city"])) == [("city", "1")]
    assert by_words.search("мост", ["telegram:city"]).hits[0].others == ()
    assert found(by_words.search("самолёт", ["telegram:city", "telegram:work"])) == []


@pytest.mark.parametrize("channels", [[], ["telegram:unknown"], ["city"], [""]])
def test_an_unknown_channel_has_no_hits(index, channels):
    assert index.search("мост", channels).hits == ()


def test_posts_that_say_nearly_the_same_are_one_hit(index):
    result = index.search("мост через реку")
    assert found(result).count(("city", "1")) + found(result).count(("news", "2")) == 1
    best = result.hits[0]
    assert {(best.channel, best.post_id), *((other.channel, other.post_id) for other in best.others)} == {
        ("telegram:city", "1"),
        ("telegram:news", "2"),
    }


def test_withheld_posts_are_as_if_they_did_not_exist(index):
    result = index.search("мост через реку", without=[("telegram:city", "1"), ("telegram:city", "7"), ("telegram:x", "1")])
    assert found(result)[0] == ("news", "2")
    assert result.hits[0].others == ()
    both = [("telegram:city", "1"), ("telegram:news", "2")]
    assert not {("city", "1"), ("news", "2")} & {*found(index.search("мост", without=both, mode="vectors"))}


def test_rarity_and_features_are_told_without_withheld_posts(tmp_path):
    # of equal length, as that mean is all that withheld posts may still tell; vectors are packed by the greatest of all
    kept = [("city", str(number), f"мост река {word} туман парк") for number, word in enumerate(("аист", "барс", "волк"))]
    gone = [("city", "8", "мост олень олень туман парк"), ("news", "9", "зарплата река олень туман бобр")]
    build(tmp_path / "all", [*kept, *gone])
    build(tmp_path / "kept", kept)
    every, left = (SearchIndex.open(tmp_path / name) for name in ("all", "kept"))
    for question in ("где олень у реки", "когда туман и мост", "сколько зарплата волка в парке", "бобр"):
        withheld = every.search(question, without=[("telegram:city", "8"), ("telegram:news", "9")])
        unwritten = left.search(question)
        # of equals, rounding decides which is the first
        assert sorted(found(withheld)) == sorted(found(unwritten))
        assert [hit.bm25 for hit in withheld.hits] == pytest.approx([hit.bm25 for hit in unwritten.hits], abs=THREE_DIGITS)
        assert withheld.features == pytest.approx(unwritten.features, abs=THREE_DIGITS)


def test_a_name_that_the_hit_lacks_is_told(by_words):
    assert feature(by_words.search("Когда закроют мост Ватерлоо?"), "names_missing") > 0
    assert feature(by_words.search("Когда закроют мост через реку?"), "names_missing") == 0


@pytest.mark.parametrize(
    ("question", "undated"),
    [
        ("когда закроют мост", 0),
        ("сколько деревьев в парке", 0),
        ("когда в парке посадили деревья", 1),
        ("When was the bridge opened?", 1),
    ],
)
def test_a_hit_without_a_time_is_told_where_one_is_asked_for(by_words, question, undated):
    assert feature(by_words.search(question), "undated") == undated


def test_a_time_that_the_question_names_is_no_answer(tmp_path):
    build(
        tmp_path / "v1", [("city", "1", "Мост построили в 1950 году"), ("city", "2", "Парк открыли в 1960 году, а в мае закрыли")]
    )
    index = SearchIndex.open(tmp_path / "v1")
    assert feature(index.search("когда в 1950 году построили мост"), "undated") == 1
    assert feature(index.search("когда в 1960 году открыли парк"), "undated") == 0


def test_one_post_is_one_hit_however_many_passages_match(tmp_path):
    import polars as pl  # noqa: PLC0415  # this test alone makes passages by hand

    from tests.posts.small_indexes import frames  # noqa: PLC0415  # as above
    from vitrina.posts.index import build_index  # noqa: PLC0415  # as above

    passages, posts = frames([("a", "1", "Мост"), ("a", "2", "Длинный рассказ про другой мост")])
    parts = pl.concat(
        [
            passages,
            passages[:1].with_columns(text=pl.lit("Мост ещё раз"), searched=pl.lit("мост ремонт"), ordinal=pl.lit(1, pl.Int64)),
        ]
    )
    build_index(
        parts,
        {MODEL: Letters().embed(parts["searched"].to_list())},
        alike(),
        posts=posts,
        model=MODEL,
        version="v",
        folder=tmp_path / "v",
    )
    result = SearchIndex.open(tmp_path / "v").search("ремонт моста")
    assert found(result) == [("a", "1"), ("a", "2")]
    assert (result.hits[0].ordinal, result.hits[0].text) == (1, "Мост ещё раз")


def test_of_equal_posts_the_newer_one_stands_first(tmp_path):
    build(tmp_path / "v1", [("a", "1", "мост"), ("a", "2", "мост"), ("a", "3", "мост")])
    assert found(SearchIndex.open(tmp_path / "v1").search("мост")) == [("a", "3"), ("a", "2"), ("a", "1")]


def test_there_are_at_most_k_hits(index):
    assert len(index.search("мост парк самолёт зарплата", k=2).hits) == 2
    assert index.search("мост", k=0).hits == ()


@pytest.mark.parametrize(
    "query",
    [
        "",
        " ",
        "и",
        "кто где когда",
        "?!...",
        "\x00",
        "🙂" * 50,
        "\u202eтсом",
        "'; DROP TABLE posts; --",
        "(.*)+[",
        "م" * 99,
        "\ud800",
        "мост " * 20_000,
    ],
)
@pytest.mark.parametrize("mode", ["fused", "bm25", "vectors", "plain bm25"])
def test_no_question_makes_a_search_fail(index, query, mode):
    result = index.search(query, mode=mode)
    assert np.isfinite(result.features).all()
    assert result.features.shape == (len(FEATURES),)


@settings(deadline=None)  # the first search loads the dictionaries
@given(st.text(st.characters(), max_size=60))
def test_no_text_makes_a_search_fail(index, query):
    assert np.isfinite(index.search(query).features).all()


def by_formula(query, posts):
    """BM25 of each post, word by word."""
    documents = [lemmas(text) for *_, text in posts]
    mean = sum(map(len, documents)) / len(documents)
    scores = []
    for document in documents:
        counts, score = Counter(document), 0.0
        for term in set(lemmas(query)) & counts.keys():
            df = sum(term in other for other in documents)
            penalty = SATURATION * (1 - LENGTH_WEIGHT + LENGTH_WEIGHT * len(document) / mean)
            idf = math.log(1 + (len(documents) - df + 0.5) / (df + 0.5))
            score += idf * counts[term] * (SATURATION + 1) / (counts[term] + penalty)
        scores.append(score)
    return scores


@settings(deadline=None, max_examples=15)  # each example writes an index
@given(
    st.lists(st.lists(st.sampled_from(VOCABULARY), min_size=1, max_size=6).map(" ".join), min_size=1, max_size=9),
    st.lists(st.sampled_from(VOCABULARY), min_size=1, max_size=3).map(" ".join),
    st.sets(st.sampled_from("abc")),
)
def test_hits_are_those_of_brute_force_over_the_channels_asked_for(tmp_path_factory, texts, query, channels):
    posts = [("abc"[number % 3], f"{number:02}", text) for number, text in enumerate(texts)]
    folder = tmp_path_factory.mktemp("any") / "v1"
    build(folder, posts)
    result = SearchIndex.open(folder).search(query, [f"telegram:{channel}" for channel in channels], mode="bm25")
    expected = {
        (channel, post): score
        for (channel, post, _), score in zip(posts, by_formula(query, posts), strict=True)
        if channel in channels and score > 0
    }
    assert {*found(result)} == expected.keys()
    scores = [hit.bm25 for hit in result.hits]
    np.testing.assert_allclose(scores, [expected[post] for post in found(result)], rtol=THREE_DIGITS)
    assert scores == sorted(scores, reverse=True)


def test_of_many_posts_the_best_are_found_without_sorting_all(tmp_path):
    rng = np.random.default_rng(0)
    posts = [(f"c{n % 7}", f"{n:04}", " ".join(rng.choice(VOCABULARY, rng.integers(1, 9)))) for n in range(1_000)]
    build(tmp_path / "v1", posts)
    index = SearchIndex.open(tmp_path / "v1")
    for channels in (None, ["telegram:c1", "telegram:c2", "telegram:c5"]):
        hits = index.search("мост bridge парк", channels, k=30, mode="bm25").hits
        expected = sorted(
            (
                score
                for (channel, *_), score in zip(posts, by_formula("мост bridge парк", posts), strict=True)
                if channels is None or f"telegram:{channel}" in channels
            ),
            reverse=True,
        )
        np.testing.assert_allclose([hit.bm25 for hit in hits], expected[:30], rtol=THREE_DIGITS)


def test_scores_of_a_channel_do_not_depend_on_what_else_is_asked(index):
    alone = {hit.post_id: hit.score for hit in index.search("мост парк река", ["telegram:city"]).hits}
    among = {hit.post_id: hit.score for hit in index.search("мост парк река").hits if hit.channel == "telegram:city"}
    assert among.items() <= alone.items()


def test_an_encoder_finds_posts_that_share_no_word_with_the_question(index, by_words):
    assert by_words.search("тсом").hits == ()
    assert found(index.search("тсом")) == found(index.search("тсом", mode="vectors"))


def test_word_vectors_only_put_in_order_what_words_have_found(tmp_path):
    build(tmp_path / "v1", POSTS, models={"navec:letters": Letters("navec:letters")})
    index = SearchIndex.open(tmp_path / "v1", Letters("navec:letters"))
    assert index.search("тсом").hits == ()
    assert index.search("мост").hits[0].cosine > 0


def test_vectors_alone_go_by_the_cosine(index):
    result = index.search("тсом", mode="vectors")
    assert found(result)
    assert result.model == MODEL
    assert result.hits[0].cosine == max(hit.cosine for hit in result.hits) > 0


def test_a_model_that_cannot_be_reached_is_replaced_by_the_fallback(tmp_path):
    build(tmp_path / "v1", POSTS, models={"far": Letters("far"), MODEL: Letters()})
    far = Letters("far", broken=True)
    assert SearchIndex.open(tmp_path / "v1", far, Letters()).search("мост").model == MODEL
    alone = SearchIndex.open(tmp_path / "v1", far).search("мост")
    assert (alone.model, found(alone)[0][1]) == (None, "2")
    assert SearchIndex.open(tmp_path / "v1", Letters("far"), Letters()).search("мост").model == "far"


def test_a_model_without_vectors_in_the_index_is_refused(tmp_path):
    build(tmp_path / "v1", POSTS)
    with pytest.raises(VitrinaError, match="'other' in 32 dimensions"):
        SearchIndex.open(tmp_path / "v1", Letters("other"))


def test_a_vector_of_other_length_is_refused(index):
    with pytest.raises(VitrinaError, match=r"shape \(3,\)"):
        index.search("мост", query_vector=np.zeros(3, dtype=np.float32))


def test_a_given_vector_is_compared(index):
    vector = Letters().embed([POSTS[5][2]])[0]
    assert found(index.search("мост", query_vector=vector, mode="vectors"))[0] == ("work", "1")


def test_features_tell_a_sure_hit_from_a_poor_one(index):
    sure, poor = index.search("зарплата программистов выросла"), index.search("зарплата космонавтов на Луне")
    for name in ("share", "coverage", "related", "exact", "window"):
        assert feature(sure, name) > feature(poor, name)
    assert (feature(sure, "coverage"), feature(sure, "missing")) == (pytest.approx(1), pytest.approx(0, abs=1e-5))
    assert feature(poor, "unknown") == pytest.approx(2 / 3)
    assert feature(poor, "rarest_missing") > feature(sure, "rarest_missing") == 0


def test_words_near_one_another_count_more(tmp_path):
    filler = " ".join(f"слово{n}" for n in range(40))
    build(tmp_path / "v1", [("a", "1", f"Мост {filler} ремонт"), ("a", "2", f"{filler} мост ремонт")])
    assert found(SearchIndex.open(tmp_path / "v1").search("ремонт моста"))[0] == ("a", "2")


def test_nothing_found_has_features_of_zero(by_words):
    result = by_words.search("ксилофонист")
    assert (result.hits, result.features.tolist()) == ((), [0.0] * len(FEATURES))


def real_posts(folder: Path):
    """What the fast way of reading gives: paragraphs and their questions."""
    import csv  # noqa: PLC0415  # for one test alone
    import json  # noqa: PLC0415  # as above

    said = json.loads((folder / "result.json").read_text(encoding="utf-8"))["messages"]
    texts = [(str(message["id"]), message["text"]) for message in said if isinstance(message["text"], str)]
    with (folder / "questions.csv").open(encoding="utf-8", newline="") as file:
        return texts, [(row["question"], row["post_id"]) for row in csv.DictReader(file)]


@pytest.mark.real_data
def test_paragraphs_are_found_by_questions_of_people(tmp_path):
    data = os.environ.get("VITRINA_REAL_DATA")
    if not data or not (Path(data) / "posts" / "xquad_ru").is_dir():
        pytest.skip("VITRINA_REAL_DATA names no folder with posts/xquad_ru")
    texts, questions = real_posts(Path(data) / "posts" / "xquad_ru")
    build(tmp_path / "v1", [("ru", post, text) for post, text in texts])
    index = SearchIndex.open(tmp_path / "v1")
    first = [[hit.post_id for hit in index.search(question, k=1).hits] == [post] for question, post in questions]
    # paragraphs alone; among other channels' posts it is .90
    assert np.mean(first) > 0.9
