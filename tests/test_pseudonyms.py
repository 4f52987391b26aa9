"""Pseudonyms: the same for the same person, and the key that makes them."""

import hashlib
import stat
import threading

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from vitrina import pseudonyms as pseudonyms_module
from vitrina.errors import SettingsError
from vitrina.pseudonyms import MARK, pseudonym, pseudonyms, user_key
from vitrina.settings import Settings

KEY = b"0123456789abcdef"


@pytest.fixture
def settings(tmp_path):
    return Settings(data=tmp_path / "data", _env_file=None)


def test_a_pseudonym_is_the_hmac_that_the_standard_defines():
    # RFC 2104, written out
    inner, outer = (bytes(byte ^ pad for byte in KEY.ljust(64, b"\0")) for pad in (0x36, 0x5C))
    expected = hashlib.sha256(outer + hashlib.sha256(inner + b"17850").digest()).hexdigest()
    assert pseudonym("17850", KEY) == expected[:24]


def test_spaces_around_an_identifier_do_not_matter_and_zeros_do():
    assert pseudonym(" 17850\t", KEY) == pseudonym("17850", KEY)
    assert len({pseudonym(text, KEY) for text in ("17850", "017850", "1785", "17850.0", "", "АБВ")}) == 6


def test_a_pseudonym_behind_its_mark_is_taken_as_it_is_and_nothing_else_is():
    known = pseudonym("17850", KEY)
    assert pseudonym(f" {MARK}{known} ", KEY) == known
    assert pseudonyms(pl.Series([f"{MARK}{known}", "17850"]), KEY).to_list() == [known, known]
    for other in (known, f"{MARK}{known[1:]}", f"{MARK}{known}0", f"{MARK}{known.upper()}", MARK, f"{MARK}{'g' * 24}"):
        assert pseudonym(other, KEY) not in (known, other.removeprefix(MARK))


def test_another_key_gives_other_pseudonyms():
    assert pseudonym("17850", KEY) != pseudonym("17850", KEY[::-1])


@given(
    st.lists(st.none() | st.sampled_from(["a", " a", "b", "17850", "", "ё"]) | st.text(st.characters(exclude_categories=["Cs"])))
)
def test_a_column_is_hashed_as_its_values_are(values):
    hashed = pseudonyms(pl.Series(values, dtype=pl.String), KEY).to_list()
    assert hashed == [None if value is None else pseudonym(value, KEY) for value in values]


def test_each_distinct_value_is_hashed_once(monkeypatch):
    hashed = []
    original = pseudonyms_module._pseudonym
    monkeypatch.setattr(pseudonyms_module, "_pseudonym", lambda value, key: hashed.append(value) or original(value, key))
    pseudonyms(pl.Series(["a", "b", None] * 100), KEY)
    assert sorted(hashed) == ["a", "b"]


@pytest.mark.parametrize("key", [b"", b"short"])
def test_a_key_that_hides_nothing_is_refused(key):
    with pytest.raises(SettingsError, match="at least 16"):
        pseudonym("a", key)
    with pytest.raises(SettingsError, match="at least 16"):
        pseudonyms(pl.Series(["a"]), key)


def test_a_key_is_made_once_for_its_owner_only(settings):
    key = user_key(settings)
    assert user_key(settings) == key == settings.user_key_file.read_bytes()
    assert stat.S_IMODE(settings.user_key_file.stat().st_mode) == 0o600
    assert list(settings.data.iterdir()) == [settings.user_key_file]


def test_two_data_folders_have_two_keys(tmp_path):
    assert len({user_key(Settings(data=tmp_path / name, _env_file=None)) for name in "ab"}) == 2


def test_the_key_that_is_set_comes_first_and_no_file_is_made(settings):
    given_key = settings.model_copy(update={"user_key": type(settings.user_key)("sixteen letters.")})
    assert user_key(given_key) == b"sixteen letters."
    assert not settings.data.exists()


def test_what_stands_in_the_file_may_be_moved_to_the_setting(settings, tmp_path):
    key = user_key(settings)
    moved = Settings(data=tmp_path / "other", user_key=settings.user_key_file.read_text(), _env_file=None)
    assert user_key(moved) == key


def test_a_key_that_is_too_short_is_refused_when_it_is_set(tmp_path):
    with pytest.raises(ValidationError, match="at least 16"):
        Settings(data=tmp_path, user_key="fifteen letters", _env_file=None)


def test_the_key_is_handed_on_to_other_processes_and_shown_to_nobody(tmp_path):
    settings = Settings(data=tmp_path, user_key="sixteen letters.", _env_file=None)
    assert Settings.model_validate(settings.model_dump(mode="json")).user_key == settings.user_key
    assert "sixteen" not in repr(settings) + str(settings) + str(settings.model_dump())


@pytest.mark.parametrize("damage", [lambda key: key[:40], lambda key: key + b"0", lambda key: b"", lambda key: b"x" * 64])
def test_a_damaged_key_is_not_replaced_but_told(settings, damage):
    settings.user_key_file.parent.mkdir()
    settings.user_key_file.write_bytes(damage(b"0" * 64))
    before = settings.user_key_file.read_bytes()
    with pytest.raises(SettingsError, match="Restore the file from a backup: with another key all known users would be strangers"):
        user_key(settings)
    assert settings.user_key_file.read_bytes() == before


def test_a_line_end_after_the_key_is_no_damage(settings):
    key = user_key(settings)
    settings.user_key_file.write_bytes(key + b"\n")
    assert user_key(settings) == key


def test_of_two_that_make_a_key_at_once_the_first_wins(settings, monkeypatch):
    first, faster = b"1" * 64, pseudonyms_module._write_once

    def second(path, key):
        faster(path, first)
        faster(path, key)

    monkeypatch.setattr(pseudonyms_module, "_write_once", second)
    assert user_key(settings) == first
    assert list(settings.data.iterdir()) == [settings.user_key_file]


def test_many_that_make_a_key_at_once_agree(settings):
    keys, barrier = [], threading.Barrier(8)

    def take():
        barrier.wait()
        keys.append(user_key(settings))

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == 8
    assert len(set(keys)) == 1


def test_a_key_that_cannot_be_written_is_told_with_a_remedy(settings):
    settings.data.write_text("no folder")
    with pytest.raises(SettingsError, match="VITRINA_USER_KEY"):
        user_key(settings)
