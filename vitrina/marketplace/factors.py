"""What fresh answers are computed from: vectors, purchases, neighbours and lists, in one file of arrays without pickles.

Nothing in here changes after it was made, so threads may share it: a process loads it once.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from vitrina.errors import VitrinaError
from vitrina.files import write_atomically

Array = npt.NDArray[Any]

FORMAT = "vitrina factors 1"
ANY_PLATFORM = "any"
ANY_BAND = 0
NOBODY = -1
"""Code of an item or a user that is not known, and padding of lists of codes."""

_FLOATS = ("item_vectors", "item_biases", "neighbour_scores", "user_vectors", "user_biases")
_TEXTS = {"item_ids": "U", "user_hashes": "S"}
_TYPES = {
    **dict.fromkeys(_FLOATS, np.float32),
    "excluded": np.bool_, "price_bands": np.int8, "neighbours": np.int32, "seen_indptr": np.int64, "seen_indices": np.int32,
}  # fmt: skip
_NOT_ARRAYS = ("popular", "trained_until", "version")
_REMEDY = "Materialize recommender_models again; the file is made anew from the event log."


class FactorsError(VitrinaError):
    """Arrays that do not belong together, or a file that does not hold them."""


@dataclass(frozen=True, eq=False)
class Factors:
    """Vectors of items and users, with what is needed to turn them into answers.

    Arrays are taken as they are given, brought to the types below, and can no longer be written through this object.

    Attributes
    ----------
    item_ids
        Identifiers, text in ascending order: the place of an item is its code.
    item_vectors
        One row of float32 per item.
    item_biases
        What is added to every user's score of the item; the more popular, the higher.
    excluded
        Items that nobody is shown: denied, out of stock, not in the allow list.
    price_bands
        Price band of each item, 0 unknown.
    neighbours, neighbour_scores
        Codes of the items that go with each item, the nearest first, padded with -1; and how near they are, 0 to 1.
    user_hashes
        Pseudonyms, ASCII in ascending order.
    user_vectors
        One row of float32 per user.
    seen_indptr, seen_indices
        Items that each user has bought, as the rows of a CSR matrix.
    popular
        (platform, price band) → codes of items, the most popular first; platform `any` and band 0 stand for all together.
    trained_until
        Day after the last event that the model knows.
    version
        Names this training in answers and logs.
    user_biases
        What is added to all scores of a user, if the model has that; it changes no order.

    Raises
    ------
    FactorsError
        Lengths, order or values do not fit together.
    """

    item_ids: Array
    item_vectors: Array
    item_biases: Array
    excluded: Array
    price_bands: Array
    neighbours: Array
    neighbour_scores: Array
    user_hashes: Array
    user_vectors: Array
    seen_indptr: Array
    seen_indices: Array
    popular: Mapping[tuple[str, int], Array]
    trained_until: dt.date
    version: str
    user_biases: Array | None = None

    def __post_init__(self) -> None:
        for name, given in _arrays_of(self).items():
            object.__setattr__(self, name, _frozen(given, _TEXTS.get(name) or _TYPES[name]))
        object.__setattr__(self, "popular", {key: _frozen(codes, np.int32) for key, codes in self.popular.items()})
        _check(self)

    @cached_property
    def mean_vector(self) -> npt.NDArray[np.float64]:
        """The mean of all items' vectors."""
        return np.asarray(self.item_vectors.mean(axis=0, dtype=np.float64))

    @cached_property
    def mean_square(self) -> npt.NDArray[np.float64]:
        """The mean over items of the outer product of their vectors, YᵀY / n."""
        vectors = self.item_vectors.astype(np.float64)
        return np.asarray(vectors.T @ vectors / max(1, len(vectors)))

    @cached_property
    def columns(self) -> npt.NDArray[np.float32]:
        """The items' vectors once more, component by component: a product with one vector is half as long."""
        return np.asfortranarray(self.item_vectors)

    @cached_property
    def longest(self) -> float:
        """Length of the longest vector of an item."""
        return float(np.linalg.norm(self.item_vectors, axis=1).max(initial=0.0))

    @cached_property
    def most_popular(self) -> float:
        """The largest popularity, of either sign."""
        return float(np.abs(self.popularity).max(initial=0.0))

    @cached_property
    def excluded_codes(self) -> npt.NDArray[np.int64]:
        """Codes of the excluded items."""
        return np.flatnonzero(self.excluded)

    @cached_property
    def popularity(self) -> npt.NDArray[np.float32]:
        """Biases of items in standard deviations from their mean; zeros where all are alike."""
        biases = self.item_biases.astype(np.float64)
        spread = biases.std() if biases.size else 0.0
        return _frozen((biases - biases.mean()) / spread if spread else np.zeros(biases.size), np.float32)

    def item_code(self, item_id: object) -> int:
        """The place of an item, or -1, whatever is asked."""
        return _place(self.item_ids, item_id) if isinstance(item_id, str) else NOBODY

    def user_code(self, user_hash: object) -> int:
        """The place of a user, or -1, whatever is asked."""
        return _place(self.user_hashes, user_hash.encode()) if isinstance(user_hash, str) and user_hash.isascii() else NOBODY

    def seen(self, user: int) -> Array:
        """Codes of what a user has bought; nothing for -1."""
        if user == NOBODY:
            return self.seen_indices[:0]
        return self.seen_indices[self.seen_indptr[user] : self.seen_indptr[user + 1]]

    def warm(self) -> None:
        """Compute what the first answer would otherwise wait for."""
        _ = self.mean_vector, self.mean_square, self.columns, self.longest, self.most_popular, self.excluded_codes

    def save(self, path: Path) -> None:
        """Write all of it to one `.npz` file; no reader ever sees a part of it."""
        keys = sorted(self.popular)
        lists = [self.popular[key] for key in keys]
        arrays = _arrays_of(self) | {
            "popular_platforms": np.array([platform for platform, _ in keys], dtype=np.str_),
            "popular_bands": np.array([band for _, band in keys], dtype=np.int8),
            "popular_lengths": np.array([len(codes) for codes in lists], dtype=np.int64),
            "popular_items": np.concatenate([*lists, np.empty(0, np.int32)]).astype(np.int32),
            "trained_until": np.array(self.trained_until.isoformat()),
            "version": np.array(self.version),
            "format": np.array(FORMAT),
        }
        with io.BytesIO() as buffer:
            np.savez(buffer, allow_pickle=False, **arrays)
            write_atomically(path, buffer.getvalue())


def load(path: Path) -> Factors:
    """Read what `Factors.save` wrote.

    Raises
    ------
    FactorsError
        There is no such file, it is damaged, or it is something else.
    """
    try:
        with np.load(path, allow_pickle=False) as kept:
            arrays = {name: kept[name] for name in kept.files}
    except FileNotFoundError:
        raise FactorsError(f"There is no file {path}.", _REMEDY) from None
    except Exception as error:  # damaged bytes break NumPy's reader in a dozen ways
        raise FactorsError(f"{path} cannot be read as a file of arrays: {error}.", _REMEDY) from error
    if str(arrays.pop("format", "")) != FORMAT:
        raise FactorsError(f"{path} is not a file of factors of the format '{FORMAT}'.", _REMEDY)
    try:
        return _from_arrays(arrays)
    except FactorsError as error:
        raise FactorsError(f"{path} is damaged. {error.problem}", _REMEDY) from error
    except (KeyError, TypeError, ValueError) as error:
        raise FactorsError(f"{path} is damaged: {error!r}.", _REMEDY) from error


def _from_arrays(arrays: dict[str, Array]) -> Factors:
    platforms, bands, lengths, items = (
        arrays.pop(name) for name in ("popular_platforms", "popular_bands", "popular_lengths", "popular_items")
    )
    lists = np.split(items, np.cumsum(lengths)[:-1]) if lengths.size else []
    popular = {(str(platform), int(band)): codes for platform, band, codes in zip(platforms, bands, lists, strict=True)}
    day = dt.date.fromisoformat(str(arrays.pop("trained_until")))
    return Factors(popular=popular, trained_until=day, version=str(arrays.pop("version")), **arrays)


def _arrays_of(factors: Factors) -> dict[str, Array]:
    named = {field.name: getattr(factors, field.name) for field in fields(factors) if field.name not in _NOT_ARRAYS}
    return {name: given for name, given in named.items() if given is not None}


def _frozen(given: Array, dtype: npt.DTypeLike) -> Array:
    """A view that cannot be written; a copy only where type or layout asks for one."""
    view = np.ascontiguousarray(given, dtype=dtype).view()
    view.flags.writeable = False
    return view


def _place(values: Array, wanted: str | bytes) -> int:
    if not values.size:
        return NOBODY
    # a text that is longer than any identifier is cut here: left as it is, it would widen the whole array
    place = int(np.searchsorted(values, np.array(wanted, dtype=values.dtype)))
    return place if place < values.size and values[place] == wanted else NOBODY


def _check(factors: Factors) -> None:
    n_items, n_users = factors.item_ids.size, factors.user_hashes.size
    n_components = factors.item_vectors.shape[-1]
    width = factors.neighbours.shape[-1]
    shapes = {
        "item_ids": (n_items,), "item_vectors": (n_items, n_components), "item_biases": (n_items,), "excluded": (n_items,),
        "price_bands": (n_items,), "neighbours": (n_items, width), "neighbour_scores": (n_items, width), "user_hashes": (n_users,),
        "user_vectors": (n_users, n_components), "seen_indptr": (n_users + 1,), "user_biases": (n_users,),
        "seen_indices": (int(factors.seen_indptr[-1]) if factors.seen_indptr.size else 0,),
    }  # fmt: skip
    arrays = _arrays_of(factors)
    for name, given in arrays.items():
        if given.shape != shapes[name]:
            _refuse(f"{name} has the shape {given.shape}; expected is {shapes[name]}")
    for name in _TEXTS:
        if not bool((arrays[name][:-1] < arrays[name][1:]).all()):
            _refuse(f"{name} is not in strictly ascending order")
    for name in _FLOATS:
        if name in arrays and not bool(np.isfinite(arrays[name]).all()):
            _refuse(f"{name} holds numbers that are not finite")
    if factors.seen_indptr[0] != 0 or bool((np.diff(factors.seen_indptr) < 0).any()):
        _refuse("seen_indptr is no sequence of offsets")
    codes = {"seen_indices": (factors.seen_indices, 0), "neighbours": (factors.neighbours, NOBODY)}
    codes |= {f"the list of {key}": (listed, 0) for key, listed in factors.popular.items()}
    for name, (listed, lowest) in codes.items():
        if listed.size and not (listed.min() >= lowest and listed.max() < n_items):
            _refuse(f"{name} names items that there are not")


def _refuse(problem: str) -> None:
    raise FactorsError(
        f"Factors do not fit together: {problem}.", "Make them from one training, items and users in ascending order."
    )
