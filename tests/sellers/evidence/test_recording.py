import subprocess

import av
import numpy as np
import pytest

from vitrina.sellers.evidence.recording import EvidenceError, recording


def frames(count, size=(64, 48)):
    return np.random.default_rng(0).integers(0, 256, (count, size[1], size[0], 3), dtype=np.uint8)


def write(path, count=20, size=(64, 48)):
    with recording(path, size, 10) as made:
        for number, image in enumerate(frames(count, size)):
            made.add(image, number / 10)
    return path


def test_a_recording_is_h264_that_browsers_play_at_the_times_it_was_given(tmp_path):
    with av.open(str(write(tmp_path / "new" / "a.mp4"))) as video:
        stream = video.streams.video[0]
        assert (stream.codec_context.name, stream.pix_fmt, stream.width, stream.height) == ("h264", "yuv420p", 64, 48)
        assert [round(frame.time, 3) for frame in video.decode(video=0)] == [number / 10 for number in range(20)]
    content = (tmp_path / "new" / "a.mp4").read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")


def test_the_same_frames_make_the_same_file(tmp_path):
    assert write(tmp_path / "a.mp4").read_bytes() == write(tmp_path / "b.mp4").read_bytes()


def test_an_odd_column_is_left_out(tmp_path):
    with av.open(str(write(tmp_path / "a.mp4", 2, (65, 49)))) as video:
        assert (video.streams.video[0].width, video.streams.video[0].height) == (64, 48)


def test_nothing_is_left_where_frames_fail_and_an_old_file_stays(tmp_path):
    old = write(tmp_path / "a.mp4").read_bytes()

    def fail():
        with recording(tmp_path / "a.mp4", (64, 48), 10) as made:
            for number, image in enumerate(frames(90)):
                made.add(image, number / 10)
            assert [path.name for path in tmp_path.iterdir() if path.name != "a.mp4"]
            raise KeyError("no frame")

    with pytest.raises(KeyError):
        fail()
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]
    assert (tmp_path / "a.mp4").read_bytes() == old


def test_a_folder_that_cannot_be_written_to_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(EvidenceError, match=r"a\.mp4 cannot be written") as raised:
        write(tmp_path / "file" / "a.mp4")
    assert "Make room" in raised.value.remedy


def test_a_picture_without_pixels_is_refused(tmp_path):
    with pytest.raises(EvidenceError, match="1 x 48 pixels"):
        write(tmp_path / "a.mp4", 1, (1, 48))


def test_a_full_disk_leaves_nothing_half_written(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", disk], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no small disk can be mounted: {mounted.stderr.strip()}")
    try:
        with pytest.raises(EvidenceError, match="No space left"):
            write(disk / "a.mp4", 60, (320, 240))
        assert list(disk.iterdir()) == []
    finally:
        subprocess.run(["umount", disk], check=True)
