"""Questions made from posts."""

import hashlib
import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.posts.made_up_search import duplicates
from vitrina.posts.known_items import KNOWN_ITEMS_SCHEMA, OVERLAPS, RUSSIAN_OPENINGS, known_items, overlap, with_typos
from vitrina.posts.language import lemmas, words
from vitrina.posts.tables import Passages

BRIDGE = "Новый мост через реку Волхов открыли для пешеходов и велосипедистов после долгого ремонта"
LIBRARY = "Городская библиотека продлила часы работы читального зала до десяти вечера каждую пятницу"
TRAM = "Трамвайный маршрут изменили из-за строительства подземного перехода около старого рынка"
SCHOOL = "Музыкальная школа объявила набор детей на бесплатное отделение духовых инструментов осенью"
FOOTER = "Подписывайтесь на самый лучший городской канал про новости погоду и дорожные пробки"


def passages(*posts):
    """Passages of posts, given as ``(channel, post, text, …)``: a text for each passage."""
    rows = [
        dict(
            zip(
                Passages.polars_schema(),
                ("telegram", channel, post_id, ordinal, 0, len(text), text, text, hashlib.sha256(text.encode()).hexdigest()[:32]),
                strict=True,
            )
        )
        for channel, post_id, *texts in posts
        for ordinal, text in enumerate(texts)
    ]
    return pl.DataFrame(rows, schema=Passages.polars_schema())


TOWN = passages(("1", "a", BRIDGE), ("1", "b", LIBRARY), ("1", "c", TRAM), ("2", "a", SCHOOL))


def without_opening(question):
    opening = max((opening for opening in RUSSIAN_OPENINGS if question.startswith(opening)), key=len)
    return words(question.removeprefix(opening))


def test_a_question_asks_for_some_words_of_its_post_in_another_order():
    made = known_items(TOWN, n=4, seed=5)
    texts = {("telegram:1", "a"): BRIDGE, ("telegram:1", "b"): LIBRARY, ("telegram:1", "c"): TRAM, ("telegram:2", "a"): SCHOOL}
    assert set(made.select("channel", "post_id").iter_rows()) == set(texts)
    for question, channel, post_id, ordinal, _ in made.iter_rows():
        held, asked = lemmas(texts[channel, post_id]), [lemmas(word)[0] for word in without_opening(question)]
        places = [held.index(lemma) for lemma in asked]
        assert ordinal == 0
        assert 3 <= len(asked) <= 7
        assert len(asked) < len(held)
        assert places != sorted(places)


def test_words_take_other_forms():
    asked = [
        word
        for seed in range(5)
        for question in known_items(TOWN, n=4, seed=seed)["question"]
        for word in without_opening(question)
    ]
    written = set(words(f"{BRIDGE} {LIBRARY} {TRAM} {SCHOOL}"))
    changed = sum(word not in written for word in asked) / len(asked)
    assert 0.4 < changed < 0.8


def test_rare_words_are_kept_more_often_but_not_always():
    common = "Мэрия сообщила горожанам"
    posts = [("1", str(at), f"{common} подробности плана {name} {at}") for at, name in enumerate(["фонтан", "стадион"] * 20)]
    posts += [("1", "rare", f"{common} подробности плана дирижабль самовар")]
    made = [known_items(passages(*posts), n=41, seed=seed).filter(pl.col("post_id") == "rare") for seed in range(30)]
    kept = [set(lemmas(question)) for frame in made for question in frame["question"]]
    rare, usual = (sum(lemma in asked for asked in kept) for lemma in ("дирижабль", "подробность"))
    assert usual < rare < 30
    assert usual > 0


def test_the_same_seed_asks_the_same_questions_whatever_the_order_of_rows():
    made = known_items(TOWN, n=3, seed=7)
    assert known_items(TOWN.reverse(), n=3, seed=7).equals(made)
    assert not known_items(TOWN, n=3, seed=8).equals(made)


def test_channels_are_asked_about_alike_as_far_as_they_go():
    # a letter of its own makes each post's text another
    many = [("1", str(at), f"{BRIDGE} {at}") for at in range(10)] + [("2", str(at), f"{SCHOOL} {at}") for at in range(2)]
    counted = known_items(passages(*many), n=6, seed=0)["channel"].value_counts().sort("channel")["count"]
    assert counted.to_list() == [4, 2]
    assert known_items(passages(*many), n=100, seed=0).height == 12


def test_nobody_is_asked_about_a_post_that_has_a_near_duplicate():
    pairs = duplicates([("telegram:1", "a"), ("telegram:2", "a")])
    assert set(known_items(TOWN, n=9, seed=0, duplicates=pairs)["post_id"]) == {"b", "c"}
    repeated = passages(("1", "a", BRIDGE), ("2", "b", BRIDGE), ("2", "c", TRAM))
    assert known_items(repeated, n=9, seed=0)["post_id"].to_list() == ["c"]


def test_nobody_is_asked_about_what_a_channel_signs_with_or_what_says_too_little():
    signed = passages(*(("1", str(at), f"{text}.\n{FOOTER}") for at, text in enumerate((BRIDGE, LIBRARY, TRAM, "Доброе утро"))))
    footer = set(lemmas(FOOTER))
    for seed in range(10):
        made = known_items(signed, n=9, seed=seed)
        assert sorted(made["post_id"]) == ["0", "1", "2"]
        assert all(len(footer & set(lemmas(question))) <= 1 for question in made["question"])


def test_a_question_names_the_passage_that_it_was_made_from():
    made = known_items(passages(("1", "a", "Коротко", BRIDGE)), n=1, seed=0)
    assert made["ordinal"].to_list() == [1]


def test_of_no_passages_no_questions_are_made():
    assert known_items(Passages.empty(), n=5, seed=0).equals(pl.DataFrame(schema=KNOWN_ITEMS_SCHEMA))
    assert known_items(TOWN, n=0, seed=0).is_empty()


def test_english_posts_are_asked_about_in_english():
    text = "The museum extended opening hours during winter holidays because visitors complained loudly"
    question = known_items(passages(("1", "a", text)), n=1, seed=0)["question"].item()
    assert question.isascii()


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("когда открыли мосты", "most"),  # both lemmas; `когда` has no meaning of its own
        ("цена ремонта", "some"),
        ("цена моста слонов", "few"),
        ("сколько стоят слоны", "few"),
    ],
)
def test_overlap_is_the_share_of_the_questions_lemmas_that_the_post_holds(question, expected):
    assert overlap(question, BRIDGE) == expected


def test_every_fourth_long_word_is_mistyped_by_one_slip_and_short_ones_are_not():
    long, short = "библиотека", "мост"
    typed = with_typos(" ".join([long, short] * 4_000), np.random.default_rng(0)).split()
    slips = [word for word in typed[::2] if word != long]
    assert set(typed[1::2]) == {short}
    assert len(slips) / 4_000 == pytest.approx(0.25, abs=0.03)
    assert {len(word) for word in slips} == {9, 10, 11}
    # a swapped pair is two wrong letters, any other slip of the same length is one
    same_length = [word for word in slips if len(word) == 10]
    assert {sum(a != b for a, b in zip(word, long, strict=True)) for word in same_length} == {1, 2}
    assert with_typos("кот, и 2024?", np.random.default_rng(0)) == "кот, и 2024?"


@pytest.mark.real_data
def test_real_posts_of_every_channel_are_asked_about():
    folder = os.environ.get("VITRINA_REAL_DATA")
    if not folder:
        pytest.skip("VITRINA_REAL_DATA names no folder")
    frame = _real_passages(Path(folder))
    made = known_items(frame, n=60, seed=0)
    assert made.height == 60
    assert made["channel"].n_unique() == frame["channel_id"].n_unique()
    assert made["question"].n_unique() == 60
    assert set(made["overlap"]) <= set(OVERLAPS)


def _real_passages(folder):
    import json  # noqa: PLC0415  # for real data alone

    rows = []
    for path in sorted(folder.glob("posts/channel_0*/result.json")):
        export = json.loads(path.read_text(encoding="utf-8"))
        texts = [(message["id"], message.get("text")) for message in export["messages"][:300]]
        rows += [(str(export["id"]), str(at), text) for at, text in texts if isinstance(text, str) and text]
    return passages(*rows)
