"""What speaks most for a client, in words for the person who calls.

A reason is a feature, and how its value stands to those of the training months. There are finitely many, so each is written once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from vitrina.i18n import Translate, translator
from vitrina.propensity.calibration import CalibratedModel
from vitrina.propensity.encoding import (
    CategoryEncoding,
    Encoding,
    Floats,
    NumberEncoding,
    Singles,
    category_codes,
    number_values,
    pieces,
)
from vitrina.propensity.models import FittedModel, by_feature
from vitrina.propensity.text_encoding import TEXT

DOMAIN = "propensity"
LANGUAGES = ("en", "ru")
MOST_ABLATED = 20
"""Features of boosted trees that are looked at, at most."""

LEAST_IMPORTANCE = 0.005
"""Share of the gain of all splits below which a feature of boosted trees is not looked at."""

LEAST_CONTRIBUTION = 1e-6
"""Log-odds above which a feature speaks for a client."""

MOST_NAME = 80
"""Characters of a label or a level inside a reason."""

CUT = "…"
SEPARATOR = "; "

_States = npt.NDArray[np.int32]
_Encoded = NumberEncoding | CategoryEncoding | None


@dataclass(frozen=True)
class _Feature:
    """A feature that may be a reason; texts, which have no encoding of their own, are told by their first component."""

    name: str
    encoding: _Encoded
    first_component: str = ""

    def states(self, frame: pl.DataFrame) -> _States:
        """Which of `wordings` fits each client, shape ``(rows,)``."""
        if isinstance(self.encoding, CategoryEncoding):
            return category_codes(frame, self.encoding)
        if self.encoding is None:
            return np.isnan(number_values(frame, self.first_component)).astype(np.int32)
        values = number_values(frame, self.encoding.feature)
        low, high = values < self.encoding.low_tercile, values > self.encoding.high_tercile
        return np.select([np.isnan(values), low, high], [3, 0, 2], 1).astype(np.int32)

    def wordings(self, label: str, translate: Translate) -> list[str]:
        """All that can be said of the feature."""
        unknown = translate("{label}: not known").format(label=label)
        if self.encoding is None:
            return [translate("{label}: as of clients who open the account").format(label=label), unknown]
        if isinstance(self.encoding, NumberEncoding):
            known = (translate("{label}: low"), translate("{label}: typical"), translate("{label}: high"))
            return [*(wording.format(label=label) for wording in known), unknown]
        named = translate("{label}: {level}")
        levels = (named.format(label=label, level=_shown(level)) for level in self.encoding.levels)
        return [*levels, translate("{label}: other").format(label=label), unknown]


def reasons(model: CalibratedModel, features: pl.DataFrame, *, n: int = 3, labels: Mapping[str, str] | None = None) -> pl.DataFrame:
    """The features that raise each client's log-odds most.

    Logistic regression: the feature's contribution less its mean over the training months, that is, against the average client.
    Boosted trees: what the log-odds lose when the feature alone takes its median, or its most frequent value; of at most
    `MOST_ABLATED` features, the most important. Only what raises the log-odds is a reason.

    Parameters
    ----------
    model
        Any.
    features
        Rows of a features frame; for boosted trees the trees run once per feature over them.
    n
        Reasons per client, at most.
    labels
        Names for people by column; a column without one goes by its own name.

    Returns
    -------
    polars.DataFrame
        ``client_id``, ``reason_en``, ``reason_ru``, in the order of `features`; a client for whom nothing speaks gets a sentence
        that says so.

    Raises
    ------
    ModelError
        A column that the model has learnt is not there.
    """
    fitted = model.model
    found = _features(fitted)
    wordings = {language: _wordings(found, labels or {}, language) for language in LANGUAGES}
    parts = [_reasons_of(fitted, found, part, n, wordings) for _, part in pieces(features)]
    schema = {"client_id": pl.String, **{f"reason_{language}": pl.String for language in LANGUAGES}}
    return pl.concat(parts) if parts else pl.DataFrame(schema=schema)


def _features(model: FittedModel) -> list[_Feature]:
    """The features that may be a reason, in the order of the model's."""
    names = model.features
    if model.family == "boosted":
        important = sorted(names, key=lambda name: (-model.importance[name], name))[:MOST_ABLATED]
        names = tuple(name for name in names if name in important and model.importance[name] >= LEAST_IMPORTANCE)
    encodings: dict[str, _Encoded] = {number.feature: number for number in model.encoding.numbers}
    encodings |= {category.feature: category for category in model.encoding.categories}
    first = next((name for name in model.encoding.features if model.source(name) == TEXT), "")
    return [_Feature(name, encodings.get(name), first) for name in names]


def _wordings(features: list[_Feature], labels: Mapping[str, str], language: str) -> list[list[str]]:
    translate = translator(language, DOMAIN)
    # what we have named ourselves has a translation, what the bank has named goes by its name
    plain = {feature.name: feature.name[2:].replace("_", " ") for feature in features} | dict(labels)
    plain |= {TEXT: "Texts about the client"}
    return [
        feature.wordings(_shown(translate(plain[feature.name])), translate) for feature in features
    ] + [[translate("Nothing stands out")]]  # fmt: skip


def _reasons_of(
    model: FittedModel, features: list[_Feature], part: pl.DataFrame, n: int, wordings: Mapping[str, list[list[str]]]
) -> pl.DataFrame:
    frame = model.prepared(part)
    contributions = _contributions(model, features, frame)
    said = _said(features, frame, contributions, n)
    columns = {f"reason_{language}": _joined(said, words) for language, words in wordings.items()}
    return part.select(pl.col("client_id").cast(pl.String)).with_columns(**columns)


def _contributions(model: FittedModel, features: list[_Feature], frame: pl.DataFrame) -> Singles:
    """Shape ``(rows, features)``."""
    if model.family == "boosted":
        return _lost_without(model, features, frame)
    against_average = np.empty((frame.height, len(features)), dtype=np.float32)
    for position, (name, contributions) in enumerate(by_feature(model, frame)):
        against_average[:, position] = contributions - model.average[name]
    return against_average


def _lost_without(model: FittedModel, features: list[_Feature], frame: pl.DataFrame) -> Singles:
    matrix = model.encoding.ordinal(frame)
    typical = _typical(model.encoding)
    log_odds: Floats = model.estimator.decision_function(matrix)
    lost = np.zeros((frame.height, len(features)), dtype=np.float32)
    sources = np.array([model.source(name) for name in model.encoding.features])
    for position, feature in enumerate(features):
        columns = np.flatnonzero(sources == feature.name)
        kept = matrix[:, columns].copy()
        # clients who have the typical value lose nothing, and need no trees
        differ = ((kept != typical[columns]) & ~(np.isnan(kept) & np.isnan(typical[columns]))).any(axis=1)
        if differ.any():
            matrix[:, columns] = typical[columns]
            lost[differ, position] = log_odds[differ] - model.estimator.decision_function(matrix[differ])
            matrix[:, columns] = kept
    return lost


def _typical(encoding: Encoding) -> Singles:
    """The median or most frequent value of each column of ``encoding.ordinal``, shape ``(features,)``."""
    places = [
        found.levels.index(found.most_frequent) if found.most_frequent in found.levels else np.nan for found in encoding.categories
    ]
    return np.array([*(number.median for number in encoding.numbers), *places], dtype=np.float32)


def _said(features: list[_Feature], frame: pl.DataFrame, contributions: Singles, n: int) -> list[_States]:
    """Per place the number of the wording, counted through all features; -1 where there is no further reason."""
    states = [feature.states(frame) for feature in features]
    offsets = np.cumsum([0, *(_number_of_wordings(feature) for feature in features)])
    left, rows = contributions.copy(), np.arange(frame.height)
    said: list[_States] = []
    for _ in range(min(n, len(features))):
        best = left.argmax(axis=1)
        speaks = left[rows, best] > LEAST_CONTRIBUTION
        wording = np.full(frame.height, -1, dtype=np.int32)
        for position in np.unique(best[speaks]):
            here = speaks & (best == position)
            wording[here] = offsets[position] + states[position][here]
        said.append(wording)
        left[rows, best] = -np.inf
    nothing = np.int32(offsets[-1])
    return [np.where(said[0] < 0, nothing, said[0]), *said[1:]] if said else [np.full(frame.height, nothing, dtype=np.int32)]


def _number_of_wordings(feature: _Feature) -> int:
    if isinstance(feature.encoding, CategoryEncoding):
        return feature.encoding.other + 2
    return 2 if feature.encoding is None else 4


def _joined(said: list[_States], wordings: list[list[str]]) -> pl.Series:
    texts = pl.Series([text for of_feature in wordings for text in of_feature], dtype=pl.String)
    places = [pl.Series(wording).replace(-1, None) for wording in said]
    frame = pl.DataFrame([texts.gather(place).alias(str(number)) for number, place in enumerate(places)])
    return frame.select(pl.concat_str(pl.all(), separator=SEPARATOR, ignore_nulls=True)).to_series()


def _shown(text: str) -> str:
    """A name inside a reason: on one line, and cut where it is too long."""
    line = " ".join(text.split())
    return line if len(line) <= MOST_NAME else line[: MOST_NAME - len(CUT)].rstrip() + CUT
