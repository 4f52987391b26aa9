"""Models as files."""

import io
import json
import zipfile

import numpy as np
import polars as pl
import pytest

from tests.propensity.test_models import FAMILIES, clients, fitted, labels, with_texts
from vitrina.propensity.calibration import calibrate
from vitrina.propensity.encoding import ModelError
from vitrina.propensity.reasons import reasons
from vitrina.propensity.storing import load, save

skops = pytest.importorskip("skops.io", reason="models are stored in its format")


def made(family="logistic"):
    frame = with_texts(clients())
    return calibrate(fitted(frame, family), frame, labels(frame, seed=2))


def replaced(path, name, content):
    """The same archive with one part replaced, or left out."""
    with zipfile.ZipFile(path) as archive:
        parts = {part: archive.read(part) for part in archive.namelist()}
    parts[name] = content(parts[name])
    with zipfile.ZipFile(path, "w") as archive:
        for part, what in parts.items():
            if what is not None:
                archive.writestr(part, what)


@FAMILIES
def test_a_model_that_was_read_scores_and_speaks_as_the_one_that_was_saved(family, tmp_path):
    model, later = made(family), with_texts(clients(seed=5))
    save(model, tmp_path / "deep" / "model.zip")
    read = load(tmp_path / "deep" / "model.zip")
    np.testing.assert_array_equal(read.probabilities(later), model.probabilities(later))
    assert read.features == model.features
    assert read.model.importance == model.model.importance
    assert read.model.parameters == model.model.parameters
    assert reasons(read, later).equals(reasons(model, later))
    # and can be saved again
    save(read, tmp_path / "again.zip")
    np.testing.assert_array_equal(load(tmp_path / "again.zip").probabilities(later), model.probabilities(later))


@FAMILIES
def test_a_file_holds_no_pickle(family, tmp_path):
    save(made(family), tmp_path / "model.zip")
    with zipfile.ZipFile(tmp_path / "model.zip") as archive:
        assert set(archive.namelist()) == {"model.json", "estimator.skops", "texts.skops"}
        for part in ("estimator.skops", "texts.skops"):
            with zipfile.ZipFile(io.BytesIO(archive.read(part))) as inner:
                assert {name.rsplit(".", 1)[-1] for name in inner.namelist()} <= {"json", "npy", "npz"}


def test_types_that_no_model_has_are_refused(tmp_path):
    save(made(), tmp_path / "model.zip")
    replaced(tmp_path / "model.zip", "estimator.skops", lambda _: skops.dumps(pl.DataFrame))
    with pytest.raises(ModelError, match=r"types that no model of ours has: .*polars"):
        load(tmp_path / "model.zip")


@pytest.mark.parametrize(
    ("part", "content"),
    [
        ("estimator.skops", lambda _: None),
        ("estimator.skops", lambda whole: whole[:100]),
        ("texts.skops", lambda _: b"not an archive"),
        ("model.json", lambda _: b"{"),
        ("model.json", lambda _: b"{}"),
        ("model.json", lambda whole: json.dumps(json.loads(whole) | {"format": 99}).encode()),
        ("model.json", lambda whole: json.dumps(json.loads(whole) | {"family": "boosted"}).encode()),
        ("model.json", lambda whole: json.dumps(json.loads(whole) | {"words": ["one"]}).encode()),
    ],
)
def test_a_damaged_file_is_refused_with_what_to_do(part, content, tmp_path):
    save(made(), tmp_path / "model.zip")
    replaced(tmp_path / "model.zip", part, content)
    with pytest.raises(ModelError, match=r"model\.zip.*What to do: "):
        load(tmp_path / "model.zip")


@pytest.mark.parametrize(("part", "value"), [("left", 1_000_000), ("right", 0), ("feature_idx", 99), ("is_categorical", 1)])
def test_a_tree_whose_splits_lead_nowhere_is_refused(part, value, tmp_path):
    model = made("boosted")
    model.model.estimator._predictors[3][0].nodes[part][0] = value
    save(model, tmp_path / "model.zip")
    with pytest.raises(ModelError, match="do not fit each other"):
        load(tmp_path / "model.zip")


def test_a_file_that_is_not_there_or_is_no_archive_is_refused(tmp_path):
    with pytest.raises(ModelError, match=r"none\.zip"):
        load(tmp_path / "none.zip")
    (tmp_path / "text.zip").write_text("text")
    with pytest.raises(ModelError, match=r"text\.zip"):
        load(tmp_path / "text.zip")
