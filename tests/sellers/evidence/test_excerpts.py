import pytest

from tests.sellers.made_up_videos import joined, number_on, numbered, write_video
from vitrina.errors import SettingsError
from vitrina.sellers.decoding import frames_from
from vitrina.sellers.evidence import excerpts
from vitrina.sellers.evidence.excerpts import Excerpt
from vitrina.sellers.footage import probe, sampled


def numbers(path, begin_s, end_s, fps=25.0, longest_px=640):
    return [number_on(sample.image) for sample in Excerpt(path, probe(path), begin_s, end_s, fps=fps, longest_px=longest_px)]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.mp4", {}),
        ("a.mp4", {"b_frames": 2, "gop": 40}),
        ("a.mkv", {"gop": 100}),
        ("a.ts", {"gop": 50}),
        ("a.avi", {"gop": 30, "codec": "mpeg4"}),
    ],
    ids=str,
)
def test_a_stretch_holds_the_frames_that_the_whole_video_has_there(tmp_path, name, options):
    path = write_video(tmp_path / name, 300, **options)
    assert numbers(path, 6.0, 8.0) == list(range(150, 201))
    whole = {round(sample.pts_s, 3): number_on(sample.image) for sample in sampled(path, 0.04, exact=True)}
    stretch = list(Excerpt(path, probe(path), 6.0, 8.0, fps=25, longest_px=640))
    assert {round(sample.pts_s, 3): number_on(sample.image) for sample in stretch}.items() <= whole.items()
    assert [sample.number for sample in stretch] == list(range(51))


def test_a_stretch_is_cut_off_at_both_ends_of_the_video(tmp_path):
    path = write_video(tmp_path / "a.mp4", 50)
    assert numbers(path, -3.0, 0.2) == [0, 1, 2, 3, 4, 5]
    assert numbers(path, 1.8, 99.0) == [45, 46, 47, 48, 49]
    assert numbers(path, 50.0, 60.0) == []


def test_no_more_frames_are_given_than_are_wanted(tmp_path):
    path = write_video(tmp_path / "a.mp4", 100)
    assert numbers(path, 1.0, 2.0, fps=5) == [25, 30, 35, 40, 45, 50]
    assert numbers(path, 1.0, 1.2, fps=50) == [25, 26, 27, 28, 29, 30]


def test_what_lies_before_is_not_decoded(tmp_path, monkeypatch):
    path = write_video(tmp_path / "a.mp4", 500)
    fed = []
    monkeypatch.setattr(
        excerpts, "frames_from", lambda context, entry, **how: fed.append(entry) or frames_from(context, entry, **how)
    )
    assert len(numbers(path, 16.0, 16.4)) == 11
    assert len(fed) < 60


def test_a_video_whose_clock_jumps_is_counted_from_its_first_frame(tmp_path):
    parts = [
        write_video(tmp_path / f"{part}.ts", 50, picture=lambda n, w, h, part=part: numbered(n + 50 * part, w, h))
        for part in (0, 1)
    ]
    path = joined(parts, tmp_path / "joined.ts")
    assert probe(path).jumps
    assert numbers(path, 2.4, 2.8, fps=5)[0] in (60, 61)


def test_pictures_are_upright_and_of_even_sides(tmp_path):
    path = write_video(tmp_path / "a.mp4", 30, size=(190, 130), rotation=90)
    samples = list(Excerpt(path, probe(path), 0, 0.2, fps=25, longest_px=101))
    height, width = samples[0].image.shape[:2]
    assert height > width
    assert height % 2 == width % 2 == 0
    assert max(height, width) <= 101


def test_a_stretch_that_ends_before_it_begins_is_refused(tmp_path):
    path = write_video(tmp_path / "a.mp4", 10)
    with pytest.raises(SettingsError, match="cannot be had"):
        Excerpt(path, probe(path), 5, 4, fps=10, longest_px=640)
