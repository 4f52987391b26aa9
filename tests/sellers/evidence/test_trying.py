"""A film that somebody tries."""

import av
import pytest
from typer.testing import CliRunner

from simulation.shop import DayKind, ShopExtent, simulate_day
from simulation.shop_judgement import WEIGHTS
from simulation.shop_picture import Renderer
from tests.sellers.made_up_videos import write_video
from vitrina.cli.sellers import commands

SIZE = (320, 180)


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    day = simulate_day(ShopExtent(open_s=600, width=SIZE[0], height=SIZE[1], fps=5, arrivals_per_hour=200), 5, DayKind.BUSY)
    renderer = Renderer(day, jpeg=None)
    folder = tmp_path_factory.mktemp("film")
    return write_video(
        folder / "a.mp4", 30, size=SIZE, fps=5, gop=10, picture=lambda n, *_: renderer.frame(day.opening_s + 120 + n / 5).image
    )


def test_a_film_is_written_with_what_would_be_made_of_it(film, tmp_path, monkeypatch):
    monkeypatch.setenv("VITRINA_MODELS", str(WEIGHTS))
    target = tmp_path / "shown.mp4"
    said = CliRunner().invoke(commands, ["annotate", str(film), str(target), "--data", str(tmp_path / "data")])
    assert said.exit_code == 0, said.output
    assert "boxes" in said.output
    assert not said.output.startswith("0 boxes")
    with av.open(str(target)) as shown:
        assert sum(1 for _ in shown.decode(video=0)) == 6
    # nothing of it stays in the data folder
    assert not (tmp_path / "data" / "warehouse").exists()


def test_what_is_no_film_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("VITRINA_MODELS", str(WEIGHTS))
    path = tmp_path / "a.mp4"
    path.write_bytes(b"no film")
    said = CliRunner().invoke(commands, ["annotate", str(path), str(tmp_path / "shown.mp4"), "--data", str(tmp_path / "data")])
    assert said.exit_code != 0
    assert not (tmp_path / "shown.mp4").exists()
