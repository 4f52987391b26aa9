"""Parameters by name, and the distances that go with a net."""

import pytest

from vitrina.errors import SettingsError
from vitrina.sellers.looks import CLOTHES, OSNET, Looks, looks_of, with_looks, write_looks
from vitrina.sellers.parameters import Parameters, names, parameters
from vitrina.sellers.trackers import TRACKERS
from vitrina.sellers.weights import WeightsError


def test_nothing_changed_is_what_was_there():
    assert parameters() == Parameters()
    assert parameters({}, parameters({"interaction.start_m": 1.2})) == parameters({"interaction.start_m": 1.2})


def test_a_value_is_changed_by_its_name_and_nothing_else_is():
    changed = parameters({"interaction.start_m": 1.2, "metrics.waiting_s": 60, "tracker.n_init": 2})
    assert (changed.interaction.start_m, changed.metrics.waiting_s, changed.tracker.n_init) == (1.2, 60.0, 2)
    assert changed.roles == Parameters().roles
    assert isinstance(changed.metrics.waiting_s, float)


def test_another_tracker_comes_with_its_own_defaults_and_may_differ_from_them():
    changed = parameters({"tracker.method": "ocsort", "tracker.delta_t": 5})
    assert changed.tracker.overlap == TRACKERS["ocsort"].overlap
    assert changed.tracker.delta_t == 5


def test_what_decides_about_people_decides_about_sellers_too():
    changed = parameters({"people.cut": 0.3})
    assert changed.roles.roster.looks.cut == 0.3


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"interaction.nothing": 1}, "There is no parameter"),
        ({"nothing": 1}, "There is no parameter"),
        ({"interaction.start_m.deeper": 1}, "There is no parameter"),
        ({"interaction": 1}, "names a group"),
        ({"interaction.start_m": "near"}, "cannot be"),
        ({"interaction.start_m": float("nan")}, "cannot be"),
        ({"interaction.min_samples": 1.5}, "cannot be"),
        ({"tracker.n_init": True}, "cannot be"),
        ({"tracker.method": "magic"}, "There is no tracker"),
        ({"interaction.end_m": 0.5}, "nearer than it begins"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_its_name(changes, said):
    with pytest.raises(SettingsError) as refused:
        parameters(changes)
    assert said in refused.value.problem


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"people.cut": 0.2}, "people.same_distance"),
        ({"people.gap_s": 0.0}, "people.gap_s"),
        ({"roles.roster.punctual_share": 0.0}, "punctual_share"),
        ({"phantoms.samples": 0}, "phantoms.samples"),
    ],
)
def test_values_that_would_turn_results_round_are_refused(changes, said):
    with pytest.raises(SettingsError) as refused:
        parameters(changes)
    assert said in refused.value.remedy


def test_values_that_fit_together_may_be_given_in_any_order():
    for changes in ({"people.same_distance": 0.4, "people.cut": 0.5}, {"people.cut": 0.1, "people.same_distance": 0.05}):
        assert parameters(changes).people.cut == changes["people.cut"]


def test_every_name_that_is_told_can_be_changed():
    for name in names():
        value = Parameters()
        for part in name.split("."):
            value = getattr(value, part)
        if isinstance(value, int | float | str) and name != "tracker.method":
            assert parameters({name: value}) == Parameters()


def test_a_net_without_a_file_beside_it_is_taken_for_osnet_and_no_net_for_clothes(tmp_path):
    assert looks_of(None) == CLOTHES
    assert looks_of(tmp_path / "net.onnx") == OSNET


def test_a_nets_own_distances_are_read_from_the_file_beside_it(tmp_path):
    own = Looks(0.1, 0.2, 0.3, 0.4)
    write_looks(tmp_path / "net.xml", own)
    found = with_looks(Parameters(), looks_of(tmp_path / "net.xml"))
    assert (found.people.same_distance, found.people.cut) == (0.1, 0.2)
    assert (found.tracker.max_cos_dist, found.tracker.max_overlap_cos_dist) == (0.3, 0.4)
    assert found.roles.roster.looks == found.people


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"cut": 1}', '{"same_distance": "x", "cut": 1, "max_cos_dist": 1, "max_overlap_cos_dist": 1}']
)
def test_a_file_of_distances_that_cannot_be_read_is_told(tmp_path, content):
    (tmp_path / "net.looks.json").write_text(content)
    with pytest.raises(WeightsError, match=r"net\.looks\.json"):
        looks_of(tmp_path / "net.xml")
