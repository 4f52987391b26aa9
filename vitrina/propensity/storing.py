"""Models as files: JSON of what is ours, and scikit-learn's estimators in the skops format, which runs no code when it is read.

A file is a ZIP archive of ``model.json``, ``estimator.skops`` and, where the model takes texts, ``texts.skops``.
"""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from vitrina.files import write_atomically
from vitrina.propensity.calibration import CalibratedModel
from vitrina.propensity.encoding import Encoding, ModelError
from vitrina.propensity.models import FittedModel, ModelParameters
from vitrina.propensity.text_encoding import TextEncoding

FORMAT = 1

TRUSTED_TYPES = ("sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",)
"""What is read beyond the types that skops trusts by itself, and nothing else.

skops does not trust these trees, for compiled code follows their splits without looking where they lead; `load` looks.
"""

_MODEL, _ESTIMATOR, _TEXTS = "model.json", "estimator.skops", "texts.skops"
_REMEDY = "Fit the model again, or take the file from a backup; never read a model from somebody you do not trust."


def save(model: CalibratedModel, path: Path) -> None:
    """Write a model to one file, which is there whole or not at all.

    Two files of the same model differ in their bytes, for skops names parts by their place in memory.

    Parameters
    ----------
    model
        The model.
    path
        The file; its folder is created.
    """
    from skops import io as skops  # type: ignore[import-untyped]  # it has no types  # noqa: PLC0415  # loading the definitions need not pay for it

    fitted = model.model
    with io.BytesIO() as buffer:
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(_MODEL, json.dumps(_description(model), ensure_ascii=False, allow_nan=False, indent=1))
            archive.writestr(_ESTIMATOR, skops.dumps(fitted.estimator))
            if fitted.texts is not None:
                archive.writestr(_TEXTS, skops.dumps(fitted.texts.pipeline))
        write_atomically(path, buffer.getvalue())


def load(path: Path) -> CalibratedModel:
    """Read a model.

    Parameters
    ----------
    path
        As written by `save`.

    Returns
    -------
    CalibratedModel
        It scores as the one that was saved.

    Raises
    ------
    ModelError
        The file is not there, is damaged, holds types beyond `TRUSTED_TYPES`, or parts that do not fit each other.
    """
    try:
        return _read(path)
    except ModelError:
        raise
    except Exception as error:  # bytes that anybody may have put there break readers in a dozen ways
        raise ModelError(f"The model {path} cannot be read: {error}.", _REMEDY) from error


def _description(model: CalibratedModel) -> dict[str, Any]:
    import sklearn  # noqa: PLC0415  # loading the definitions need not pay for it

    fitted = model.model
    return {
        "format": FORMAT,
        "scikit_learn": sklearn.__version__,
        "family": fitted.family,
        "parameters": asdict(fitted.parameters),
        "seed": fitted.seed,
        "rows": fitted.rows,
        "openings": fitted.openings,
        "calibration": {"slope": model.slope, "intercept": model.intercept},
        "encoding": fitted.encoding.as_dict(),
        "average": dict(fitted.average),
        "importance": dict(fitted.importance),
        "shift": fitted.shift,
        "words": None if fitted.texts is None else list(fitted.texts.words),
    }


def _read(path: Path) -> CalibratedModel:
    with zipfile.ZipFile(path) as archive:
        given = json.loads(archive.read(_MODEL))
        if given["format"] != FORMAT:
            raise ModelError(f"The model {path} has the format {given['format']}, not {FORMAT}.", "Fit it again.")
        estimator = _estimator(archive.read(_ESTIMATOR), path)
        words = given["words"]
        texts = None if words is None else TextEncoding(tuple(words), _estimator(archive.read(_TEXTS), path))
    fitted = FittedModel(
        family=given["family"],
        parameters=ModelParameters.from_json(json.dumps(given["parameters"])),
        seed=given["seed"],
        encoding=Encoding.from_dict(given["encoding"]),
        texts=texts,
        estimator=estimator,
        rows=given["rows"],
        openings=given["openings"],
        average=given["average"],
        importance=given["importance"],
        shift=float(given["shift"]),
    )
    if not _fits(fitted):
        raise ModelError(f"The parts of the model {path} do not fit each other.", _REMEDY)
    calibration = given["calibration"]
    return CalibratedModel(fitted, float(calibration["slope"]), float(calibration["intercept"]))


def _estimator(content: bytes, path: Path) -> Any:
    from skops import io as skops  # noqa: PLC0415  # loading the definitions need not pay for it

    unknown = sorted(set(skops.get_untrusted_types(data=content)) - set(TRUSTED_TYPES))
    if unknown:
        raise ModelError(f"The model {path} holds types that no model of ours has: {', '.join(unknown)}.", _REMEDY)
    return skops.loads(content, trusted=list(TRUSTED_TYPES))


def _fits(model: FittedModel) -> bool:
    """Whether estimators are of the declared kinds and as wide as the encoding: compiled code would read beyond its arrays."""
    from sklearn.decomposition import TruncatedSVD  # noqa: PLC0415  # loading the definitions need not pay for it
    from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415  # as above
    from sklearn.feature_extraction.text import TfidfTransformer  # noqa: PLC0415  # as above
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415  # as above
    from sklearn.pipeline import Pipeline  # noqa: PLC0415  # as above

    if model.texts is not None:
        pipeline = model.texts.pipeline
        if type(pipeline) is not Pipeline or [type(step) for _, step in pipeline.steps] != [TfidfTransformer, TruncatedSVD]:
            return False
        if pipeline[-1].components_.shape != (pipeline[-1].n_components, len(model.texts.words)):
            return False
    if model.family == "logistic":
        fits = type(model.estimator) is LogisticRegression and model.estimator.coef_.shape == (1, model.encoding.width)
        return fits and set(model.average) == set(model.features)
    return type(model.estimator) is HistGradientBoostingClassifier and all(
        _tree_fits(tree, len(model.encoding.features))
        for (tree,) in model.estimator._predictors  # noqa: SLF001  # trees stand nowhere else
    )


def _tree_fits(tree: Any, features: int) -> bool:
    """Whether splits lead to later nodes that exist, by columns that exist."""
    splits = np.flatnonzero(tree.nodes["is_leaf"] == 0)
    nodes = tree.nodes[splits]
    return bool(
        tree.nodes.size > 0
        and not nodes["is_categorical"].any()
        and (nodes["feature_idx"] >= 0).all()
        and (nodes["feature_idx"] < features).all()
        and all((nodes[side] > splits).all() and (nodes[side] < tree.nodes.size).all() for side in ("left", "right"))
    )
