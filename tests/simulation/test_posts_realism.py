"""The made-up channels beside real ones."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simulation.posts import simulate_posts
from simulation.posts_channels import CHANNELS
from simulation.posts_realism import REAL_CHANNELS, REAL_MEDIANS, measure_posts, near_duplicates


def text_of(message: dict[str, Any]) -> str:
    text = message["text"]
    return text if isinstance(text, str) else "".join(part if isinstance(part, str) else part["text"] for part in text)


def test_measures_of_a_hand_made_channel_are_known() -> None:
    first, other = "один два три четыре пять шесть", "семь восемь"
    measured = measure_posts([[first, other, ""], [f"{first}!"]])
    assert dataclasses.astuple(measured) == pytest.approx((6.0, 6.0, 1 / 3, 1 / 3, 1.0))


def test_posts_are_near_duplicates_from_a_similarity_of_seven_tenths_on() -> None:
    # eight shingles; the second text shares seven of them and has one more: 7/9. The third shares six and has two more: 6/10
    text = "а б в г д е ж з и к"
    assert near_duplicates([text, "а б в г д е ж з и л"]) == {1: 0}
    assert near_duplicates([text, "а б в г д е ж з м л"]) == {}


def test_the_made_up_channels_are_like_real_ones() -> None:
    posts = simulate_posts("demo", 1).posts
    measured = measure_posts([[post.text for post in posts if post.channel is channel] for channel in CHANNELS])
    assert measured.median_words == pytest.approx(REAL_CHANNELS.median_words, rel=0.15)
    assert measured.long_words == pytest.approx(REAL_CHANNELS.long_words, rel=0.3)
    assert measured.short_share == pytest.approx(REAL_CHANNELS.short_share, abs=0.02)
    assert measured.duplicate_share == pytest.approx(REAL_CHANNELS.duplicate_share, abs=0.025)
    assert measured.across_share > REAL_CHANNELS.across_share


@pytest.mark.real_data
def test_the_pinned_properties_are_those_of_the_real_channels(real_data: Path) -> None:
    channels = [
        [text_of(message) for message in json.loads(path.read_bytes())["messages"]]
        for path in sorted((real_data / "posts").glob("channel_*/result.json"))
    ]
    assert len(channels) == 14
    measured, pinned = dataclasses.asdict(measure_posts(channels)), dataclasses.asdict(REAL_CHANNELS)
    assert measured == pytest.approx(pinned, rel=0.02)
    medians = [float(np.median([len(text.split()) for text in channel])) for channel in channels]
    assert (min(medians), max(medians)) == REAL_MEDIANS
