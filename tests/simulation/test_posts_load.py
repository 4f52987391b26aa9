"""The posts for load tests."""

import json
from pathlib import Path

import numpy as np
import pytest

from simulation import posts_load
from simulation.posts_load import FUNCTION_WORDS, MEDIAN_WORDS, made_up_posts, made_up_questions, made_up_words, write_large_export


@pytest.fixture(scope="module")
def texts() -> list[str]:
    return made_up_posts(3_000, 1)


def test_there_are_over_fifty_thousand_distinct_word_forms() -> None:
    words = made_up_words(1)
    assert len(set(words)) == len(words) > 50_000
    assert tuple(words[: len(FUNCTION_WORDS)]) == FUNCTION_WORDS


def test_posts_are_as_many_as_asked_for_and_as_long_as_in_real_channels(texts: list[str]) -> None:
    lengths = [len(text.split()) for text in texts]
    assert len(set(texts)) == len(texts) == 3_000
    assert np.median(lengths) == pytest.approx(MEDIAN_WORDS, rel=0.05)
    assert 120 < np.percentile(lengths, 95) < 220
    assert made_up_posts(2, 1, median_words=10)[0] != texts[0]


def test_frequencies_of_words_fall_by_zipfs_law(texts: list[str]) -> None:
    words, counts = np.unique([word.strip(".,!?").lower() for text in texts for word in text.split()], return_counts=True)
    order = np.sort(counts)[::-1]
    assert words.size > 25_000
    ranks = np.array([10, 30, 100, 300, 1_000])
    slope = np.polyfit(np.log(ranks), np.log(order[ranks]), 1)[0]
    assert slope == pytest.approx(-1, abs=0.15)


def test_the_same_seed_makes_the_same_posts_and_another_seed_others(texts: list[str]) -> None:
    assert made_up_posts(3_000, 1) == texts
    assert made_up_posts(3_000, 2)[0] != texts[0]


def test_questions_are_about_their_posts_in_forms_of_its_words(texts: list[str]) -> None:
    asked = made_up_questions(texts, 200, 1)
    assert len({place for _, place in asked}) == 200
    assert made_up_questions(texts, 200, 1) == asked
    forms, whole = set(made_up_words(1)), 0
    for question, place in asked:
        opening = next(start for start in posts_load.OPENINGS if question.startswith(f"{start} "))
        words = question.removeprefix(opening).strip(" ?").split()
        assert posts_load.FEWEST_ASKED <= len(words) <= posts_load.MOST_ASKED
        assert forms.issuperset(words)
        said = {word.strip(".,!?").lower() for word in texts[place].split()}
        assert all(any(word[:4] == other[:4] for other in said) for word in words)
        whole += said.issuperset(words)
    assert whole < 20, "most questions hold a word in another form"


def test_an_export_over_several_chunks_is_one_json_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posts_load, "CHUNK", 100)
    monkeypatch.setattr(posts_load, "SENTENCES", 50)
    path = tmp_path / "new" / "result.json"
    write_large_export(path, 250, 1)
    root = json.loads(path.read_bytes())
    assert (root["type"], root["id"]) == ("public_channel", posts_load.CHANNEL_ID)
    messages = root["messages"]
    assert [message["id"] for message in messages] == list(range(1, 251))
    assert all(message["text"] == message["text_entities"][0]["text"] for message in messages)
    assert (messages[0]["date"], messages[0]["date_unixtime"]) == ("2020-01-01T15:03:00", "1577880180")
    again = tmp_path / "again.json"
    write_large_export(again, 250, 1)
    assert again.read_bytes() == path.read_bytes()
