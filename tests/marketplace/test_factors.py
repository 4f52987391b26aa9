"""One file of arrays, that is read back as it was, or refused with a word about what to do."""

import numpy as np
import pytest

from tests.marketplace.made_up_factors import N_ITEMS, code, made_up_factors
from vitrina.marketplace.factors import Factors, FactorsError, load


def fields_of(factors):
    return {name: getattr(factors, name) for name in Factors.__dataclass_fields__}


@pytest.mark.parametrize("biases", [None, np.array([0.5, -0.5])])
def test_what_was_saved_is_read_back(tmp_path, biases):
    factors = made_up_factors(user_biases=biases)
    factors.save(tmp_path / "factors.npz")
    read = fields_of(load(tmp_path / "factors.npz"))
    for name, value in fields_of(factors).items():
        if name == "popular":
            assert read[name].keys() == value.keys()
            assert all(np.array_equal(read[name][key], value[key]) for key in value)
        elif isinstance(value, np.ndarray):
            np.testing.assert_array_equal(read[name], value, strict=True)
        else:
            assert read[name] == value


def test_a_shop_without_users_or_lists_is_saved_too(tmp_path):
    nobody = {"user_hashes": np.array([], dtype=str), "user_vectors": np.empty((0, 8)), "seen_indptr": np.zeros(1)}
    made_up_factors(**nobody, seen_indices=np.array([]), popular={}).save(tmp_path / "factors.npz")
    read = load(tmp_path / "factors.npz")
    assert read.user_code("ann") == -1
    assert read.popular == {}


def test_the_same_factors_make_the_same_bytes(tmp_path):
    for name in ("one", "two"):
        made_up_factors().save(tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_no_array_can_be_written():
    factors = made_up_factors()
    arrays = [value for value in fields_of(factors).values() if isinstance(value, np.ndarray)]
    assert len(arrays) == 11
    for array in [*arrays, *factors.popular.values(), factors.popularity]:
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


@pytest.mark.parametrize("share", [0.0, 0.3, 0.999])
def test_a_file_that_was_cut_off_is_refused(tmp_path, share):
    path = tmp_path / "factors.npz"
    made_up_factors().save(path)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(FactorsError, match=r"cannot be read.*Materialize"):
        load(path)


def test_flipped_bytes_are_noticed(tmp_path):
    path = tmp_path / "factors.npz"
    made_up_factors().save(path)
    content = bytearray(path.read_bytes())
    middle = content.index(np.float32(made_up_factors().item_vectors[5, 3]).tobytes())
    content[middle] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(FactorsError):
        load(path)


def test_a_pickle_is_never_opened(tmp_path):
    np.savez(tmp_path / "foreign.npz", format=np.array([{"a": 1}], dtype=object))
    with pytest.raises(FactorsError, match="cannot be read"):
        load(tmp_path / "foreign.npz")


def test_a_file_of_other_arrays_is_refused(tmp_path):
    np.savez(tmp_path / "foreign.npz", values=np.arange(3))
    with pytest.raises(FactorsError, match="not a file of factors"):
        load(tmp_path / "foreign.npz")


def test_a_file_that_lacks_an_array_is_refused(tmp_path):
    made_up_factors().save(tmp_path / "factors.npz")
    with np.load(tmp_path / "factors.npz") as kept:
        arrays = {name: kept[name] for name in kept.files if name != "neighbours"}
    np.savez(tmp_path / "less.npz", **arrays)
    with pytest.raises(FactorsError, match=r"damaged.*neighbours"):
        load(tmp_path / "less.npz")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FactorsError, match=r"no file .*nothing\.npz"):
        load(tmp_path / "nothing.npz")


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"item_biases": np.zeros(3)}, "item_biases has the shape"),
        ({"user_vectors": np.zeros((2, 3))}, "user_vectors has the shape"),
        ({"item_ids": np.array([f"{place % 7}" for place in range(N_ITEMS)])}, "ascending"),
        ({"user_hashes": np.array(["bob", "ann"])}, "ascending"),
        ({"item_biases": np.full(N_ITEMS, np.nan)}, "not finite"),
        ({"seen_indices": np.array([0, N_ITEMS])}, "seen_indices names items"),
        ({"seen_indptr": np.array([0, 3, 2])}, "offsets"),
        ({"popular": {("any", 0): np.array([-1])}}, "any.* names items"),
        ({"neighbours": np.full((N_ITEMS, 3), N_ITEMS)}, "neighbours names items"),
    ],
)
def test_arrays_that_do_not_belong_together_are_refused(changes, complaint):
    with pytest.raises(FactorsError, match=complaint):
        made_up_factors(**changes)


def test_codes_are_found_by_identifier():
    factors = made_up_factors()
    assert [factors.item_code(str(item_id)) for item_id in factors.item_ids] == list(range(N_ITEMS))
    assert factors.item_code("dairy 03") == code("dairy", 3)
    assert [factors.user_code(user) for user in ("ann", "bob")] == [0, 1]


@pytest.mark.parametrize(
    "asked", [None, 5, "", "dairy", "dairy 03 ", "dairy 03\0", "z" * 1_000_000, "\ud800", b"dairy 03", ["ann"]]
)
def test_nobody_is_found_by_anything_else(asked):
    factors = made_up_factors()
    assert factors.item_code(asked) == -1
    assert factors.user_code(asked) == -1
