"""Captions of videos as chunks that overlap."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.posts.exports_of_tools import faults, only_row, refusal, rows, slices
from vitrina.posts.exports import captions as captions_module
from vitrina.posts.exports.captions import Caption, Video, chunks

VIDEO = "dQw4w9WgXcQ"
PATH = f"posts/youtube/our_talks/2024-01-31_{VIDEO}.ru.vtt"

ROLLING = """WEBVTT
Kind: captions
Language: ru

STYLE
::cue { color: red }

NOTE 00:00:00.000 is no caption

00:00:00.160 --> 00:00:02.389 align:start position:0%
_
привет<00:00:00.480><c> всем</c>

00:00:02.389 --> 00:00:02.399 align:start position:0%
привет всем
_

00:00:02.399 --> 00:00:05.000 align:start position:0%
привет всем
сегодня<00:00:03.000><c> о</c><00:00:03.500><c> доставке</c>

00:00:05.000 --> 00:00:05.010 align:start position:0%
сегодня о доставке
_
""".replace("\n_\n", "\n \n")


def vtt(*captions):
    """WebVTT of captions given as start, end, and words."""

    def clock(seconds):
        return f"{int(seconds) // 3600:02}:{int(seconds) // 60 % 60:02}:{seconds % 60:06.3f}"

    return "\n\n".join(["WEBVTT", *(f"{clock(start)} --> {clock(end)}\n{words}" for start, end, words in captions)]).encode()


def of_length(count, seconds=5.0, words="слово {}"):
    return [(index * seconds, (index + 1) * seconds, words.format(index)) for index in range(count)]


def test_captions_become_a_row_with_the_moment_to_watch():
    assert only_row(vtt((62.5, 65, "Открываемся"), (65, 68, "в девять.")), PATH) == {
        "platform": "youtube",
        "channel_id": "our_talks",
        "channel_name": "our_talks",
        "post_id": f"{VIDEO}@62",
        "thread": VIDEO,
        "seen": "snapshot",
        "author_kind": "channel",
        "author": None,
        "posted_at": "2024-01-31T00:00:00+00:00",
        "edited_at": None,
        "text": "Открываемся в девять.",
        "reply_to": None,
        "has_media": "true",
        "link": f"https://youtu.be/{VIDEO}?t=62",
    }


def test_lines_that_roll_are_read_once():
    assert only_row(ROLLING.encode(), PATH)["text"] == "привет всем сегодня о доставке"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("<v Анна>Цена &lt; 100 &amp; скидка</v>", "Цена < 100 & скидка"),
        ("<i>да</i> {\\an8}нет", "да нет"),
        ("&#39;a&#39;\u200b\u202e", "'a'"),
        ("a < b > c", "a < b > c"),
        ("&lt;b&gt;жир&lt;/b&gt;", "<b>жир</b>"),
    ],
)
def test_tags_go_and_signs_are_signs(written, read):
    assert only_row(vtt((0, 2, written)), PATH)["text"] == read


def test_subrip_is_read_with_any_line_ends_and_without_empty_lines():
    srt = "1\r\n00:00:01,000 --> 00:00:02,500\r\nРаз\r\nдва\r\n\r\n2\r\n00:00:03,000 --> 00:00:04,000\r\nтри\r\n"
    path = PATH.replace(".vtt", ".srt")
    assert only_row(srt.encode(), path)["text"] == "Раз два три"
    assert only_row(srt.replace("\r\n\r\n", "\r\n").encode("utf-8-sig"), path)["text"] == "Раз два три"


def test_a_transcript_is_read_like_captions():
    transcript = [{"text": "Раз\nдва", "start": 0.5, "duration": 2.1}, {"text": "три &amp; 4", "start": 3, "duration": 2}]
    path = PATH.replace(".vtt", ".json")
    row = only_row(json.dumps(transcript).encode(), path)
    assert (row["post_id"], row["text"]) == (f"{VIDEO}@0", "Раз два три & 4")


@pytest.mark.parametrize(
    "broken",
    [
        7,
        None,
        {},
        {"text": "x"},
        {"text": 5, "start": 1},
        {"text": "x", "start": "1"},
        {"text": "x", "start": -1},
        {"text": "x", "start": True},
        {"text": "x", "start": 10**30},
        {"text": "x", "start": 1, "duration": None},
    ],
)
def test_a_caption_that_is_none_refuses_itself_and_no_other(broken):
    transcript = [{"text": "a", "start": 0, "duration": 2}, broken, {"text": "b", "start": 3, "duration": 2}]
    path = PATH.replace(".vtt", ".json")
    content = json.dumps(transcript).encode()
    assert [row["text"] for row in rows(content, path)] == ["a b", None]
    assert [position for position, _ in faults(content, path)] == [2]


def test_times_that_cannot_be_read_refuse_their_caption():
    content = vtt((0, 2, "a"), (3, 4, "b"), (5, 6, "c")).replace(b"00:00:03.000", b"soon")
    assert [row["text"] for row in rows(content, PATH)] == ["a c", None]
    assert [position for position, _ in faults(content, PATH)] == [2]


def test_chunks_last_a_minute_and_overlap_by_ten_seconds():
    read = rows(vtt(*of_length(36)), PATH)
    assert [row["post_id"] for row in read] == [f"{VIDEO}@{second}" for second in (0, 50, 100, 150)]
    assert read[0]["text"].split()[-1] == "11"
    assert read[1]["text"].startswith("слово 10 слово 11 слово 12")


def test_a_chunk_ends_with_a_sentence_once_it_is_half_a_minute_long():
    captions = [(start, end, words + "." * (index == 7)) for index, (start, end, words) in enumerate(of_length(20))]
    assert [row["post_id"] for row in rows(vtt(*captions), PATH)] == [f"{VIDEO}@{second}" for second in (0, 30, 80)]


def test_silence_ends_a_chunk():
    read = rows(vtt((0, 3, "раз"), (3, 6, "два"), (600, 603, "три")), PATH)
    assert [(row["post_id"], row["text"]) for row in read] == [(f"{VIDEO}@0", "раз два"), (f"{VIDEO}@600", "три")]


def test_captions_that_all_begin_together_are_one_chunk():
    transcript = [{"text": f"w{index}", "start": 5, "duration": 1_000} for index in range(100)]
    assert len(rows(json.dumps(transcript).encode(), PATH.replace(".vtt", ".json"))) == 1


@given(st.lists(st.tuples(st.floats(0, 1_000), st.floats(0, 100), st.booleans()), min_size=1, max_size=60))
def test_chunks_hold_every_caption_and_no_two_have_one_name(spoken):
    captions = [
        Caption(position, start, start + length, ("да." if ends else "да",))
        for position, (start, length, ends) in enumerate(sorted(spoken), start=1)
    ]
    found = chunks(captions)
    assert {caption.position for chunk in found for caption in chunk} == {caption.position for caption in captions}
    assert len({int(chunk[0].start) for chunk in found}) == len(found)
    for chunk, after in pairwise(found):
        begin = chunk[0].start
        assert chunk[-1].start - begin <= 60
        # what is shared reaches back ten seconds at most from where the chunk ends
        first_new = next(caption for caption in after if caption.position > chunk[-1].position)
        assert after[0].start >= first_new.start - 10
        assert first_new.start - begin >= 30


@pytest.mark.parametrize(
    ("path", "video_id", "posted_at"),
    [
        (f"youtube/talks/{VIDEO}.vtt", VIDEO, None),
        (f"posts/YouTube/talks/{VIDEO}.en-US.srt", VIDEO, None),
        (f"youtube/talks/20240131 {VIDEO}.zh-Hans.vtt", VIDEO, "2024-01-31T00:00:00+00:00"),
        (f"youtube/talks/2024-01-31-{VIDEO}.json", VIDEO, "2024-01-31T00:00:00+00:00"),
        (f"youtube/talks/Our title. Part 2 [{VIDEO}].ru.vtt", VIDEO, None),
        (f"youtube/talks/20240131_Our title [{VIDEO}].vtt", VIDEO, "2024-01-31T00:00:00+00:00"),
        (f"youtube/talks/20241399_{VIDEO}.vtt", VIDEO, None),
        ("youtube/talks/20240131-ab.vtt", "20240131-ab", None),
    ],
)
def test_a_name_says_which_video_and_which_day(path, video_id, posted_at):
    assert Video.of(path) == Video("talks", video_id, posted_at)


@pytest.mark.parametrize(
    "path",
    [
        f"captions/talks/{VIDEO}.vtt",
        f"youtube/{VIDEO}.vtt",
        "youtube/talks/title.vtt",
        f"youtube/talks/{VIDEO}1.vtt",
        f"{VIDEO}.vtt",
    ],
)
def test_captions_of_no_video_are_refused(path):
    assert "must say which channel and video" in refusal(vtt((0, 2, "a")), path)


@pytest.mark.parametrize("content", [b"WEBVTT\n", b"just text", vtt((0, 1, "<c></c>"))])
def test_a_file_without_captions_is_refused(content):
    assert "holds no captions" in refusal(content, PATH)


def test_captions_in_another_encoding_are_refused():
    assert "not text in UTF-8" in refusal("WEBVTT\n\n00:00.000 --> 00:01.000\nпривет".encode("cp1251"), PATH)


def test_a_file_that_is_too_large_to_hold_is_refused(monkeypatch):
    monkeypatch.setattr(captions_module, "MAX_BYTES", 100)
    assert "larger than 100 bytes" in refusal(vtt(*of_length(50)), PATH)


def test_minutes_alone_are_times_too():
    (part,) = slices(b"WEBVTT\n\n01:05.000 --> 01:07.000\nx\n", PATH)
    assert part.frame.get_column("post_id").to_list() == [f"{VIDEO}@65"]
    assert part.source_row.to_list() == [1]
