import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.errors import VitrinaError
from vitrina.sellers.evidence.names import file_stem, interaction_stem, video_of
from vitrina.sellers.video_names import VideoKey, is_safe

NAMES = st.text("ABCabc019_.-", min_size=1, max_size=64).filter(is_safe)
KEYS = st.builds(
    lambda store, camera, second, content: str(
        VideoKey(store, camera, dt.datetime(2026, 1, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=second), f"{content:08x}")
    ),
    NAMES,
    NAMES,
    st.integers(0, 10**8),
    st.integers(0, 2**32 - 1),
)


@given(KEYS)
def test_the_video_can_be_told_from_the_name_of_a_file(key):
    assert video_of(f"{file_stem(key)}.csv") == key
    assert video_of(f"{file_stem(key)}~000123.jpg") == key
    assert video_of(f"{interaction_stem(key, 7)}.mp4") == key


@given(KEYS)
def test_a_name_is_safe_in_every_folder(key):
    name = f"{interaction_stem(key, 123)}.mp4"
    assert name[0].isdecimal()
    assert not set(name) & set('/\\:*?"<>| \n')
    assert len(name.encode()) <= 255


@given(KEYS, KEYS)
def test_two_videos_never_share_a_name(one, other):
    assert (file_stem(one) == file_stem(other)) == (one == other)


@pytest.mark.parametrize("key", ["", "../../etc|passwd|20260101T000000Z|00000000", "a|b|c|d", "a|b|20261014T060000Z|0a1b2c3d|e"])
def test_what_is_no_key_makes_no_name(key):
    with pytest.raises(VitrinaError, match="no key of a video"):
        file_stem(key)


@pytest.mark.parametrize(
    "name", ["", "a.mp4", ".0123456789abcdef.tmp", "20261014T060000Z~a~b.mp4", "20261014T060000Z~..~b~0a1b2c3d.mp4"]
)
def test_a_file_that_is_not_ours_belongs_to_no_video(name):
    assert video_of(name) is None
