"""Features of items and users as numbers: one-hot where values are few, hashed where they are many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl

from vitrina.marketplace.tables import FeatureEncoders

if TYPE_CHECKING:
    import scipy.sparse as sp

MOST_ONE_HOT = 50
"""Most different values that get a column each."""

MOST_HASHED = 1024
"""Most columns that values are hashed to."""

TITLE_WORDS = "title_words"
USER_FEATURES = ("platform", "price_band", "main_hour", "main_weekday")
ITEM_FEATURES = ("main_platform", "price_band", "main_hour", "main_weekday", "category", TITLE_WORDS)

_WORD = r"\w\w+"
_Encoder = Literal["one-hot", "hashing"]


@dataclass(frozen=True)
class Encoding:
    """How one feature becomes numbers.

    Attributes
    ----------
    feature
        Name of the feature.
    encoder
        Kind of encoder.
    values
        Different values that the entities have.
    columns
        Columns that they take.
    why
        Why this encoder, in words.
    """

    feature: str
    encoder: _Encoder
    values: int
    columns: int
    why: str


def feature_encoders(items: pl.DataFrame, users: pl.DataFrame) -> pl.DataFrame:
    """How every feature that the models take is encoded, and why.

    Parameters
    ----------
    items
        Rows of `ItemFeatures`.
    users
        Rows of `UserFeatures`.

    Returns
    -------
    polars.DataFrame
        Rows of `FeatureEncoders`. The columns of an entity's features, without its identity, are those of `encoded_items` and
        `encoded_users`, in this order.
    """
    rows = []
    for entity, frame, names in (("item", items, ITEM_FEATURES), ("user", users, USER_FEATURES)):
        rows += [
            {
                "entity": entity, "feature": found.feature, "encoder": found.encoder, "values": found.values,
                "columns": found.columns, "why": found.why,
            }
            for found in encodings(frame, names)
        ]  # fmt: skip
        why = f"A column per {entity} holds what its features do not say; one without events has to do with features alone."
        identity = {"encoder": "identity", "values": frame.height, "columns": frame.height, "why": why}
        rows.append({"entity": entity, "feature": f"{entity} identity", **identity})
    return FeatureEncoders.check(pl.DataFrame(rows, schema=FeatureEncoders.polars_schema()))


def encoded_items(items: pl.DataFrame) -> sp.csr_matrix:
    """Features of items as a matrix without identity columns.

    Every feature that an item has weighs alike: its numbers sum to 1 (one column, or words that share it evenly), and the row is
    divided by the number of such features, so that it sums to 1, too. A feature that is missing leaves its columns empty.

    Parameters
    ----------
    items
        Rows of `ItemFeatures`.

    Returns
    -------
    scipy.sparse.csr_matrix
        Shape ``(items, columns)``, float32, rows in the order of `items`.
    """
    return _encoded(items, ITEM_FEATURES)


def encoded_users(users: pl.DataFrame) -> sp.csr_matrix:
    """Features of users as a matrix without identity columns; as `encoded_items`.

    Parameters
    ----------
    users
        Rows of `UserFeatures`.

    Returns
    -------
    scipy.sparse.csr_matrix
        Shape ``(users, columns)``, float32, rows in the order of `users`.
    """
    return _encoded(users, USER_FEATURES)


def encodings(frame: pl.DataFrame, features: Sequence[str]) -> tuple[Encoding, ...]:
    """The encoding of each feature, from the values that occur.

    Parameters
    ----------
    frame
        One row per entity.
    features
        Names of columns, or `TITLE_WORDS` for the words of ``title``.
    """
    return tuple(_encoding(name, _values(frame, name).explode().drop_nulls().n_unique()) for name in features)


def _encoding(feature: str, values: int) -> Encoding:
    if feature != TITLE_WORDS and values <= MOST_ONE_HOT:
        why = f"{values} values, no more than {MOST_ONE_HOT}: each gets a column of its own, and no two are mixed up."
        return Encoding(feature, "one-hot", values, values, why)
    columns = min(1 << (2 * max(values, 1) - 1).bit_length(), MOST_HASHED)
    reason = "New titles bring new words" if feature == TITLE_WORDS else f"{values} values are more than {MOST_ONE_HOT}"
    why = (
        f"{reason}: hashing to {columns} columns, the next power of two above twice the values, {MOST_HASHED} at most, "
        "needs no list of values; some share a column."
    )
    return Encoding(feature, "hashing", values, columns, why)


def _values(frame: pl.DataFrame, feature: str) -> pl.Series:
    """Lists of an entity's values as text: one, none, or the different words of the title in lower case."""
    if feature == TITLE_WORDS:
        return frame.get_column("title").fill_null("").str.to_lowercase().str.extract_all(_WORD).list.unique(maintain_order=True)
    values = frame.get_column(feature).cast(pl.String)
    return frame.select(
        pl.when(values.is_null()).then(pl.lit([], dtype=pl.List(pl.String))).otherwise(values.reshape((-1, 1)).arr.to_list())
    ).to_series()


def _encoded(frame: pl.DataFrame, features: Sequence[str]) -> sp.csr_matrix:
    import scipy.sparse as sp  # noqa: PLC0415  # loading the definitions need not pay for it

    blocks = [
        _summing_to_one(_one_hot(frame, found) if found.encoder == "one-hot" else _hashed(frame, found))
        for found in encodings(frame, features)
    ]
    return sp.csr_matrix(_summing_to_one(sp.hstack(blocks, format="csr")), dtype=np.float32)


def _summing_to_one(matrix: sp.csr_matrix) -> sp.csr_matrix:
    """Rows divided by their sums; empty rows stay empty, and a matrix without rows or columns is one, too."""
    import scipy.sparse as sp  # noqa: PLC0415  # loading the definitions need not pay for it

    sums = np.asarray(matrix.sum(axis=1)).ravel()
    return sp.diags(1 / np.where(sums > 0, sums, 1)) @ matrix


def _one_hot(frame: pl.DataFrame, encoding: Encoding) -> sp.csr_matrix:
    import scipy.sparse as sp  # noqa: PLC0415  # loading the definitions need not pay for it
    from sklearn.preprocessing import OneHotEncoder  # noqa: PLC0415  # loading the definitions need not pay for it

    column = frame.get_column(encoding.feature)
    known = column.drop_nulls().unique().sort().to_list()
    if not known:
        return sp.csr_matrix((frame.height, 0), dtype=np.float32)
    encoder = OneHotEncoder(categories=[np.array(known, dtype=object)], handle_unknown="ignore", dtype=np.float32)
    # a missing value is none of the known ones, so its row stays empty
    return encoder.fit(np.array(known, dtype=object).reshape(-1, 1)).transform(column.to_numpy().astype(object).reshape(-1, 1))


def _hashed(frame: pl.DataFrame, encoding: Encoding) -> sp.csr_matrix:
    import scipy.sparse as sp  # noqa: PLC0415  # loading the definitions need not pay for it
    from sklearn.feature_extraction import FeatureHasher  # noqa: PLC0415  # loading the definitions need not pay for it

    values = _values(frame, encoding.feature).to_list()
    if not values:
        return sp.csr_matrix((0, encoding.columns), dtype=np.float32)
    # without signs: what shares a column adds up, and no row sums to zero
    hasher = FeatureHasher(encoding.columns, input_type="string", dtype=np.float32, alternate_sign=False)
    return hasher.transform(values)
