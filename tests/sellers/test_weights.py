"""Where weights are looked for, and what is said where there are none."""

import os

import pytest
import yaml

from vitrina.sellers.weights import ExportFacts, WeightsError, export_facts, find_weights, prepare_ultralytics


def export(folder, **said):
    folder.mkdir(parents=True)
    (folder / "net.xml").touch()
    (folder / "net.bin").touch()
    said = {"task": "detect", "imgsz": [320, 640], "names": {0: "person"}} | said
    (folder / "metadata.yaml").write_text(yaml.safe_dump(said), encoding="utf-8")
    return folder


def test_a_path_is_taken_as_it_stands(tmp_path):
    (tmp_path / "mine.pt").touch()
    assert find_weights(str(tmp_path / "mine.pt"), tmp_path / "weights") == tmp_path / "mine.pt"


def test_a_path_where_nothing_lies_is_refused(tmp_path):
    with pytest.raises(WeightsError, match=r"no weights at .*mine\.pt"):
        find_weights(str(tmp_path / "mine.pt"), tmp_path)


def test_a_name_is_looked_for_in_our_folder_and_a_calibrated_export_comes_first(tmp_path):
    (tmp_path / "yolov8n.pt").touch()
    assert find_weights("yolov8n", tmp_path) == tmp_path / "yolov8n.pt"
    export(tmp_path / "yolov8n_openvino_model")
    assert find_weights("yolov8n", tmp_path).name == "yolov8n_openvino_model"
    export(tmp_path / "yolov8n_int8_openvino_model")
    assert find_weights("yolov8n", tmp_path).name == "yolov8n_int8_openvino_model"
    assert find_weights("yolov8n.pt", tmp_path).name == "yolov8n.pt"


def test_a_gpu_takes_torchs_file_before_exports_for_processors(tmp_path):
    export(tmp_path / "yolov8n_int8_openvino_model")
    assert find_weights("yolov8n", tmp_path, gpu=True).name == "yolov8n_int8_openvino_model"
    (tmp_path / "yolov8n.pt").touch()
    assert find_weights("yolov8n", tmp_path, gpu=True).name == "yolov8n.pt"


def test_without_weights_the_message_says_which_file_goes_where(tmp_path):
    with pytest.raises(WeightsError) as refused:
        find_weights("yolov8n", tmp_path)
    said = str(refused.value)
    assert f"no weights of 'yolov8n' in {tmp_path}" in said
    assert "the folder yolov8n_int8_openvino_model (with yolov8n.xml, yolov8n.bin and metadata.yaml)" in said
    assert f"the file yolov8n.pt into {tmp_path}" in said
    with pytest.raises(WeightsError, match=r"Put the file osnet\.onnx into"):
        find_weights("osnet.onnx", tmp_path)


def test_an_empty_setting_is_refused(tmp_path):
    with pytest.raises(WeightsError, match="is empty"):
        find_weights("  ", tmp_path)


def test_a_download_without_a_network_says_which_file_goes_where(tmp_path, monkeypatch):
    for variable in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with pytest.raises(WeightsError, match="cannot be downloaded") as refused:
        find_weights("yolov8n", tmp_path / "weights", download=True)
    assert f"the file yolov8n.pt into {tmp_path / 'weights'}" in str(refused.value)
    assert not list((tmp_path / "weights").iterdir())


def test_ultralytics_is_not_asked_for_what_it_does_not_offer(tmp_path):
    with pytest.raises(WeightsError, match="among the models that ultralytics offers"):
        find_weights("our_own_shop", tmp_path, download=True)


def test_an_export_says_what_it_was_made_for(tmp_path):
    assert export_facts(export(tmp_path / "net")) == ExportFacts("detect", (320, 640), {0: "person"})


@pytest.mark.parametrize("missing", ["net.bin", "net.xml", "metadata.yaml"])
def test_half_an_export_is_refused_with_what_there_is(tmp_path, missing):
    (export(tmp_path / "net") / missing).unlink()
    with pytest.raises(WeightsError, match="no complete OpenVINO export: there is") as refused:
        export_facts(tmp_path / "net")
    assert missing not in refused.value.problem


@pytest.mark.parametrize(
    "written", ["", "task: [", "task: detect\nimgsz: 640\nnames: {0: person}\n", "task: detect\nimgsz: [1, 2]\n"]
)
def test_an_export_that_does_not_say_its_size_is_refused(tmp_path, written):
    (export(tmp_path / "net") / "metadata.yaml").write_text(written, encoding="utf-8")
    with pytest.raises(WeightsError, match="does not say task, imgsz and names"):
        export_facts(tmp_path / "net")


def test_ultralytics_is_kept_from_network_and_pip_unless_the_environment_says_otherwise(tmp_path, monkeypatch):
    for variable in ("YOLO_OFFLINE", "YOLO_AUTOINSTALL", "YOLO_CONFIG_DIR", "YOLO_VERBOSE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("YOLO_OFFLINE", "false")
    prepare_ultralytics(tmp_path / "settings")
    assert os.environ["YOLO_OFFLINE"] == "false"
    assert os.environ["YOLO_AUTOINSTALL"] == "false"
    assert os.environ["YOLO_CONFIG_DIR"] == str(tmp_path / "settings")
    prepare_ultralytics(tmp_path / "other")
    assert os.environ["YOLO_CONFIG_DIR"] == str(tmp_path / "settings")
