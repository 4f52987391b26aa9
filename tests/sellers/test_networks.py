"""Which networks are in use: those that settings name, or the only ones in the folder of models."""

import json
import shutil

import numpy as np
import pytest

from tests.support import ROOT
from vitrina.sellers.networks import appearance_weights, in_force, limits_of, networks
from vitrina.sellers.parameters import Parameters
from vitrina.sellers.weights import WeightsError
from vitrina.settings import Settings

TAUGHT = ROOT / "simulation" / "weights"
DETECTOR = "shop_int8_openvino_model"


def settings_of(folder, **values):
    return Settings(models=folder, **values)


def test_the_only_networks_of_a_folder_are_in_use_with_what_they_say_of_themselves():
    models = networks(settings_of(TAUGHT))
    said = json.loads((TAUGHT / DETECTOR / "limits.json").read_text(encoding="utf-8"))
    assert DETECTOR.removesuffix("_int8_openvino_model") in models.detector.name
    assert limits_of(TAUGHT / DETECTOR) == {"confidence": said["confidence"], "overlap": said["overlap"]}
    assert "shop_appearance" in models.appearance.name
    looks = json.loads((TAUGHT / "shop_appearance.looks.json").read_text(encoding="utf-8"))
    assert in_force(settings_of(TAUGHT)).roles.roster.looks.cut == looks["cut"] != Parameters().roles.roster.looks.cut


def test_another_confidence_and_another_size_of_one_shape_load_nothing_again():
    usual = networks(settings_of(TAUGHT), picture=(1920, 1080))
    least = networks(settings_of(TAUGHT), picture=(1280, 720), confidence=0.01)
    assert least.appearance is usual.appearance
    assert least.detector.name.endswith(":0.01")
    assert usual.detector.name != least.detector.name
    noise = np.random.default_rng(0).integers(0, 255, (90, 160, 3), dtype=np.uint8)
    unsure, sure = (models.detector.detect([noise])[0].confidence for models in (least, usual))
    assert len(unsure) > len(sure)
    assert 0.01 <= unsure.min() < limits_of(TAUGHT / DETECTOR)["confidence"]


def test_of_several_networks_one_has_to_be_named(tmp_path):
    for name in ("one.xml", "two.xml"):
        shutil.copyfile(TAUGHT / "shop_appearance.xml", tmp_path / name)
    with pytest.raises(WeightsError, match=r"one\.xml, two\.xml") as refused:
        appearance_weights(settings_of(tmp_path))
    assert "VITRINA_SELLERS_APPEARANCE" in refused.value.remedy
    assert appearance_weights(settings_of(tmp_path, sellers_appearance="two.xml")) == tmp_path / "two.xml"
    shutil.copytree(TAUGHT / DETECTOR, tmp_path / DETECTOR)
    shutil.copytree(TAUGHT / DETECTOR, tmp_path / "other_openvino_model")
    with pytest.raises(WeightsError, match="VITRINA_SELLERS_DETECTOR"):
        networks(settings_of(tmp_path, sellers_appearance="two.xml"))


def test_an_export_and_the_weights_it_was_made_of_are_one(tmp_path):
    shutil.copytree(TAUGHT / DETECTOR, tmp_path / DETECTOR)
    (tmp_path / "shop.pt").touch()
    assert networks(settings_of(tmp_path, sellers_appearance="clothes")).detector


def test_an_empty_folder_says_which_weights_are_missing(tmp_path):
    assert appearance_weights(settings_of(tmp_path)) is None
    with pytest.raises(WeightsError, match="yolov8n"):
        networks(settings_of(tmp_path))


@pytest.mark.parametrize("content", ["", "[]", '{"confidence": "much"}', '{"confidence": null}'])
def test_limits_that_say_nothing_are_refused_by_name(tmp_path, content):
    (tmp_path / "limits.json").write_text(content, encoding="utf-8")
    with pytest.raises(WeightsError, match=r"limits\.json"):
        limits_of(tmp_path)


def test_an_export_without_limits_takes_the_usual_ones(tmp_path):
    assert set(limits_of(tmp_path)) == {"confidence", "overlap"}
    (tmp_path / "limits.json").write_text('{"overlap": 0.3}', encoding="utf-8")
    assert limits_of(tmp_path)["overlap"] == 0.3
