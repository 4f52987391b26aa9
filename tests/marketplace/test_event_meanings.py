"""What the settings say about the log."""

import pytest
from pydantic import ValidationError

from vitrina.marketplace.event_meanings import event_meanings, recommender_settings
from vitrina.settings import Settings


def test_every_event_type_has_its_kind_and_the_weight_of_that_kind():
    found = event_meanings(Settings()).rows()
    assert ("ec.add_to_cart", "cart", 3.0) in found
    assert ("ec.refund", "refund", 0.0) in found
    assert len(found) == 8


def test_kinds_and_weights_come_from_the_environment_as_json(monkeypatch):
    monkeypatch.setenv("VITRINA_MARKETPLACE_EVENT_KINDS", '{"looked": "view", "paid": "purchase"}')
    monkeypatch.setenv("VITRINA_MARKETPLACE_WEIGHTS", '{"purchase": 4}')
    assert event_meanings(Settings()).rows() == [("looked", "view", 1.0), ("paid", "purchase", 4.0)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"marketplace_event_kinds": {"looked": "glance"}},
        {"marketplace_weights": {"refund": 1}},
        {"marketplace_weights": {"view": -1}},
        {"marketplace_weights": {"view": float("nan")}},
        {"marketplace_half_life_days": 0},
        {"marketplace_bot_events_a_day": 0},
        {"marketplace_min_users": 0},
    ],
)
def test_what_cannot_be_meant_is_refused(wrong):
    with pytest.raises(ValidationError):
        Settings(**wrong)


def test_what_is_in_force_is_one_row():
    found = recommender_settings(Settings(marketplace_half_life_days=7, marketplace_list_length=5)).to_dicts()
    assert found == [{"bot_events_a_day": 1000, "half_life_days": 7.0, "min_users": 5, "horizon_days": 30, "list_length": 5}]
