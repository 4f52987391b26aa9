import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.errors import ScenarioError
from vitrina.stores.scenario import Scenario

texts = st.text(min_size=1).filter(lambda text: text.strip() == text and "\x00" not in text)


@given(
    st.builds(
        Scenario,
        formats=st.lists(texts, max_size=3).map(tuple),
        stores=st.lists(texts, max_size=3).map(tuple),
        n_clusters=st.none() | st.integers(1, 99),
        max_clusters=st.integers(2, 99),
        min_cluster_size=st.none() | st.integers(1, 99),
    )
)
def test_a_request_survives_json(scenario):
    again = Scenario.from_json(scenario.to_json())
    assert again == scenario
    assert again.identifier == scenario.identifier
    assert hash(again) == hash(scenario)


def test_order_repetition_and_case_of_formats_ask_for_nothing_else():
    assert Scenario(formats=("Hypermarket", "super ", "super"), features=("b", "a")) == Scenario(
        formats=("super", "hypermarket"), features=("a", "b", "a")
    )


def test_the_identifier_is_twelve_hexadecimal_digits_and_changes_with_the_request():
    assert len(Scenario().identifier) == 12
    assert int(Scenario().identifier, 16) >= 0
    assert len({Scenario(n_clusters=k).identifier for k in (None, 1, 2, 3)}) == 4


def test_the_identifier_is_the_same_in_every_process_and_release():
    # stored beside every assignment: a change here breaks the link from old clusters to their request
    assert Scenario().identifier == "14d8401a1e62"


def test_a_left_out_field_takes_its_default():
    assert Scenario.from_json('{"n_clusters": 4}') == Scenario(n_clusters=4)


@pytest.mark.parametrize(
    "text",
    ["{", "[]", '{"clusters": 4}', '{"n_clusters": "4"}', '{"n_clusters": 4.5}', '{"formats": "hypermarket"}', '{"stores": [1]}'],
)
def test_json_that_is_no_request_is_refused_with_the_fields_there_are(text):
    with pytest.raises(ScenarioError, match="n_clusters"):
        Scenario.from_json(text)


@pytest.mark.parametrize(
    "fields",
    [
        {"n_clusters": 0},
        {"n_clusters": True},
        {"n_clusters": 2.0},
        {"max_clusters": 1},
        {"max_clusters": None},
        {"min_cluster_size": 0},
        {"formats": "hypermarket"},
        {"stores": (1,)},
        {"features": (" ",)},
        {"features": ("geo_income",), "profile_only": ("geo_income",)},
    ],
)
def test_a_request_that_cannot_be_meant_is_refused(fields):
    with pytest.raises(ScenarioError) as caught:
        Scenario(**fields)
    assert next(iter(fields)) in caught.value.problem
    assert caught.value.remedy


@pytest.mark.parametrize(("n_stores", "expected"), [(3, 5), (166, 5), (167, 6), (300, 9), (301, 10), (1000, 30)])
def test_the_minimum_size_is_three_per_cent_and_at_least_five(n_stores, expected):
    assert Scenario().minimum_size(n_stores) == expected


def test_a_minimum_size_that_was_asked_for_is_kept():
    assert Scenario(min_cluster_size=2).minimum_size(1000) == 2


def test_json_has_sorted_keys_and_keeps_cyrillic_readable():
    text = Scenario(formats=("гипермаркет",)).to_json()
    assert "гипермаркет" in text
    assert list(json.loads(text)) == sorted(json.loads(text))
