"""Which videos are evaluated: each content once, none lost, whatever the order of a listing and whatever fails."""

import datetime as dt
import json
from dataclasses import replace
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from vitrina.inbox.difference import FoundFile, Listing
from vitrina.sellers.overlaps import Span, overlaps
from vitrina.sellers.upload_records import KnownVideo, Plan, Seen
from vitrina.sellers.uploads import plan_uploads, read_names, settle, with_fingerprints
from vitrina.sellers.video_names import NamePattern, VideoKey
from vitrina.sellers.video_times import Clock

NOW = dt.datetime(2026, 10, 15, 12, tzinfo=dt.UTC)
MONTH = dt.timedelta(days=30)
PATTERN = NamePattern()
CLOCKS = {("shop", "till"): Clock(), ("shop", "door"): Clock()}
A, B, C = "a" * 32, "b" * 32, "c" * 32
NINE = "videos/shop/till/20261014_090000.mp4"
TEN = "videos/shop/till/20261014_100000.mp4"
DOOR = "videos/shop/door/20261014_090000.mp4"
NINE_A = "shop|till|20261014T090000Z|aaaaaaaa"
NINE_B = "shop|till|20261014T090000Z|bbbbbbbb"
TEN_A = "shop|till|20261014T100000Z|aaaaaaaa"


def found(path, size=10, modified="1"):
    return FoundFile(path, size, modified, "videos")


def look(*files, fingerprints=None, clocks=CLOCKS):
    """A look at files, each a path or a found file, with the fingerprints of the complete ones."""
    listing = Listing(tuple(found(file) if isinstance(file, str) else file for file in files))
    return with_fingerprints(read_names(listing, PATTERN, clocks, Clock()), fingerprints or {})


def knew(path, fingerprint, key, **changes):
    return KnownVideo(
        **(
            {"path": path, "size": 10, "modified": "1", "fingerprint": fingerprint, "key": key, "version": 1, "recorded_at": NOW}
            | changes
        )
    )


def plan(seen, known=(), in_flight=(), present=(), *, retention=MONTH):
    return plan_uploads(seen, known, in_flight, present, now=NOW, retention=retention)


def recorded(known, made, now=NOW):
    """What is known once everything planned has been done."""
    done = [
        knew(
            one.video.file.path,
            one.video.fingerprint,
            one.key,
            size=one.video.file.size,
            modified=one.video.file.modified,
            version=one.version,
            recorded_at=now,
            is_duplicate=one in made.duplicates,
        )
        for one in (*made.run, *made.duplicates)
    ]
    replaced = {(one.path, one.version) for one in done}
    return [one for one in known if (one.path, one.version) not in replaced] + done


def test_a_new_video_gets_a_partition_and_a_run():
    made = plan(look(NINE, fingerprints={NINE: A}))
    assert made.add == (NINE_A,)
    assert [(upload.key, upload.version, upload.video.file.path, upload.notes) for upload in made.run] == [(NINE_A, 1, NINE, ())]
    assert (made.forget, made.duplicates, made.refused, made.waiting) == ((), (), (), ())


def test_a_video_whose_content_was_not_read_is_left_for_later():
    assert plan(look(NINE)) == Plan()


def test_a_known_video_is_not_evaluated_again():
    assert plan(look(NINE), [knew(NINE, A, NINE_A)], present=[NINE_A]) == Plan()


def test_a_video_that_was_copied_over_itself_is_only_stamped_anew():
    again = found(NINE, modified="2")
    made = plan(look(again, fingerprints={NINE: A}), [knew(NINE, A, NINE_A)], present=[NINE_A])
    assert [video.file for video in made.unchanged] == [again]
    assert made.run == ()


def test_a_name_with_new_content_is_a_new_version_and_told():
    made = plan(look(found(NINE, modified="2"), fingerprints={NINE: B}), [knew(NINE, A, NINE_A)], present=[NINE_A])
    (upload,) = made.run
    assert (upload.key, upload.version, made.add, made.forget) == (NINE_B, 2, (NINE_B,), ())
    assert "version 2" in str(upload.notes[0])


def test_a_name_that_has_its_first_content_again_is_evaluated_again():
    known = [knew(NINE, A, NINE_A), knew(NINE, B, NINE_B, version=2, modified="2")]
    made = plan(look(found(NINE, modified="3"), fingerprints={NINE: A}), known, present=[NINE_A, NINE_B])
    assert [(upload.key, upload.version) for upload in made.run] == [(NINE_A, 3)]
    assert made.add == ()


def test_a_file_put_back_with_its_first_date_and_content_is_not_taken_for_known():
    known = [knew(NINE, A, NINE_A), knew(NINE, B, NINE_B, version=2, modified="2")]
    settled = settle(look(NINE), known, {NINE: [10, "1", 2]}, now=NOW, settle_s=60)
    assert [file.path for file in settled.complete] == [NINE]


def test_known_content_under_another_name_is_a_duplicate_and_not_evaluated():
    made = plan(look(NINE, TEN, fingerprints={TEN: A}), [knew(NINE, A, NINE_A)], present=[NINE_A])
    assert [(one.key, one.original, one.version) for one in made.duplicates] == [(TEN_A, NINE, 1)]
    assert (made.run, made.add) == ((), ())


def test_a_duplicate_stays_one_when_its_original_is_gone():
    made = plan(look(TEN, fingerprints={TEN: A}), [knew(NINE, A, NINE_A)], present=[NINE_A])
    assert (len(made.duplicates), made.run, made.forget) == (1, (), ())


def test_of_two_new_files_with_one_content_the_earlier_start_is_evaluated():
    made = plan(look(TEN, NINE, fingerprints={NINE: A, TEN: A}))
    assert ([upload.key for upload in made.run], [one.key for one in made.duplicates]) == ([NINE_A], [TEN_A])


def test_the_earlier_start_is_evaluated_whatever_the_camera_is_called():
    later = "videos/shop/door/20261014_100000.mp4"
    made = plan(look(later, NINE, fingerprints={NINE: A, later: A}))
    assert [upload.key for upload in made.run] == [NINE_A]


def test_a_duplicate_is_evaluated_when_its_original_has_other_content():
    known = [
        knew(NINE, A, NINE_A),
        knew(TEN, A, TEN_A, is_duplicate=True),
        knew(NINE, B, NINE_B, version=2, modified="2"),
    ]
    made = plan(look(found(NINE, modified="2"), TEN), known, present=[NINE_A, NINE_B])
    assert [(upload.key, upload.version) for upload in made.run] == [(TEN_A, 1)]


def test_two_videos_of_one_content_that_both_were_evaluated_stay_so():
    known = [knew(NINE, A, NINE_A), knew(TEN, A, TEN_A)]
    assert plan(look(NINE, TEN), known, present=[NINE_A, TEN_A]) == Plan()


def test_empty_files_are_nobodys_duplicates():
    made = plan(look(found(NINE, 0), found(TEN, 0), fingerprints={NINE: A, TEN: A}))
    assert [upload.key for upload in made.run] == [NINE_A, TEN_A]


def test_two_spellings_of_one_start_share_no_partition():
    other = NINE.replace(".mp4", ".mkv")
    empty = plan(look(found(NINE, 0), found(other, 0), fingerprints={NINE: A, other: A}))
    assert (len(empty.run), len(empty.duplicates)) == (1, 1)
    made = plan(look(NINE, other, fingerprints={NINE: A, other: "a" * 8 + "b" * 24}))
    assert (len(made.run), len(made.refused)) == (1, 1)
    assert "beginning of the fingerprint" in str(made.refused[0].reason)


def test_a_video_under_way_is_not_asked_for_again():
    made = plan(look(NINE, fingerprints={NINE: A}), in_flight=[NINE_A], present=[NINE_A])
    assert (made.run, made.waiting) == ((), (NINE,))


def test_content_under_way_under_another_name_waits_for_that_run():
    made = plan(look(TEN, fingerprints={TEN: A}), in_flight=[NINE_A], present=[NINE_A])
    assert (made.run, made.duplicates, made.waiting) == ((), (), (TEN,))


def test_a_new_version_waits_for_the_run_of_the_one_before():
    made = plan(look(found(NINE, modified="2"), fingerprints={NINE: B}), in_flight=[NINE_A], present=[NINE_A])
    assert (made.run, made.waiting) == ((), (NINE,))


def test_keys_under_way_that_we_did_not_make_disturb_nothing():
    assert len(plan(look(NINE, fingerprints={NINE: A}), in_flight=["by hand", "", "|"], present=["by hand"]).run) == 1


def test_a_run_that_died_before_anything_was_recorded_is_asked_for_again():
    made = plan(look(NINE, fingerprints={NINE: A}), present=[NINE_A])
    assert ([upload.key for upload in made.run], made.add) == ([NINE_A], ())


def test_a_partition_that_was_lost_is_added_without_a_run():
    made = plan(look(NINE), [knew(NINE, A, NINE_A), knew(TEN, A, TEN_A, is_duplicate=True)])
    assert (made.add, made.run) == ((NINE_A,), ())


def test_a_clock_that_was_corrected_changes_no_key():
    clocks = {("shop", "till"): Clock("Asia/Tokyo", 30)}
    again = found(NINE, modified="2")
    made = plan(look(again, fingerprints={NINE: A}, clocks=clocks), [knew(NINE, A, NINE_A)], present=[NINE_A])
    assert (made.run, made.add, len(made.unchanged)) == ((), (), 1)


def test_content_that_returns_after_a_clock_was_corrected_has_its_key_again():
    clocks = {("shop", "till"): Clock("Asia/Tokyo", 30)}
    known = [knew(NINE, A, NINE_A), knew(NINE, B, NINE_B, version=2, modified="2")]
    made = plan(look(found(NINE, modified="3"), fingerprints={NINE: A}, clocks=clocks), known, present=[NINE_A, NINE_B])
    assert [upload.key for upload in made.run] == [NINE_A]


OLD = NOW - MONTH


def test_a_partition_that_is_due_is_kept_when_another_file_needs_it():
    other = NINE.replace(".mp4", ".mkv")
    known = [knew(NINE, A, NINE_A, recorded_at=OLD), knew(NINE, B, NINE_B, version=2, recorded_at=OLD)]
    made = plan(look(other, fingerprints={other: A}), known, present=[NINE_A, NINE_B])
    assert ([upload.key for upload in made.run], made.forget) == ([NINE_A], (NINE_B,))


@pytest.mark.parametrize(
    ("files", "in_flight", "retention", "recorded_at", "forgotten"),
    [
        ([TEN], [], MONTH, OLD, True),
        ([TEN], [], MONTH, OLD + dt.timedelta(seconds=1), False),
        ([TEN], [NINE_A], MONTH, OLD, False),
        ([TEN], [], None, OLD, False),
        ([TEN, NINE], [], MONTH, OLD, False),
        ([], [], MONTH, OLD, False),
        (["videos/readme.txt"], [], MONTH, OLD, False),
    ],
    ids=["due", "too early", "under way", "kept for ever", "still there", "an empty look", "a look without videos"],
)
def test_a_partition_is_forgotten_after_retention_and_never_before(files, in_flight, retention, recorded_at, forgotten):
    known = [knew(NINE, A, NINE_A, recorded_at=recorded_at)]
    made = plan(look(*files), known, in_flight, [NINE_A, "by hand"], retention=retention)
    assert made.forget == ((NINE_A,) if forgotten else ())
    assert made.add == ()


def test_a_partition_that_was_forgotten_is_not_added_again():
    assert plan(look(TEN), [knew(NINE, A, NINE_A, recorded_at=OLD)]) == Plan()


def test_an_outage_does_nothing_at_all():
    known = [knew(NINE, A, NINE_A, recorded_at=OLD)]
    assert plan(None, known, [], [NINE_A]) == Plan()
    pending = {TEN: [10, "1", 1]}
    settled = settle(None, known, pending, now=NOW, settle_s=0)
    assert (settled.complete, settled.still_growing, settled.pending) == ((), (), pending)


def test_a_camera_that_nobody_configured_is_evaluated_and_told():
    made = plan(look(DOOR, fingerprints={DOOR: A}, clocks={}))
    assert "Nobody has configured the camera door" in str(made.run[0].notes[0])


def test_a_video_from_the_future_is_evaluated_and_told():
    path = "videos/shop/till/20261016_090000.mp4"
    made = plan(look(path, fingerprints={path: A}))
    assert "begins in the future" in str(made.run[0].notes[0])


def test_names_that_cannot_be_used_are_refused_and_hold_up_no_other():
    hostile = "videos/sh|op/till/20261014_090000.mp4"
    listing = Listing((found(hostile), found(NINE)), ("videos/a\N{REPLACEMENT CHARACTER}",), ("videos/link",))
    seen = read_names(listing, PATTERN, CLOCKS, Clock())
    made = plan(with_fingerprints(seen, {NINE: A}))
    assert len(made.run) == 1
    assert [refused.path for refused in made.refused] == [hostile, "videos/link", "videos/a\N{REPLACEMENT CHARACTER}"]
    assert not any(hostile in key for key in made.add)


def told(made):
    return {upload.video.file.path: [str(note) for note in upload.notes] for upload in made.run}


def test_a_video_that_begins_while_another_still_runs_is_evaluated_and_told():
    nearly = "videos/shop/till/20261014_095900.mp4"
    seen = look(NINE, nearly, TEN, DOOR, fingerprints={nearly: B, TEN: C, DOOR: "d" * 32})
    notes = told(plan(seen, [knew(NINE, A, NINE_A, duration_s=3600.9)], present=[NINE_A]))
    assert notes == {nearly: [f"{nearly} and {NINE} show the same time of one camera."], TEN: [], DOOR: []}


def test_two_new_videos_with_one_start_are_both_told():
    other = NINE.replace(".mp4", ".mkv")
    notes = told(plan(look(NINE, other, fingerprints={NINE: A, other: B})))
    assert [len(of_one) for of_one in notes.values()] == [1, 1]


def test_versions_of_one_name_and_duplicates_do_not_overlap():
    known = [knew(NINE, A, NINE_A, duration_s=60), knew(DOOR, A, TEN_A, is_duplicate=True, duration_s=9999)]
    notes = told(plan(look(found(NINE, modified="2"), DOOR, TEN, fingerprints={NINE: B, TEN: C}), known, present=[NINE_A]))
    assert not any("same time" in note for of_one in notes.values() for note in of_one)


def span(path, minute, duration_s, camera="till"):
    return Span(path, VideoKey("shop", camera, NOW + dt.timedelta(minutes=minute), "0a1b2c3d"), duration_s)


def test_a_short_video_does_not_hide_the_long_one_before_it():
    spans = [span("long", 0, 3600), span("short", 1, 10), span("late", 30, 10), span("after", 60, 10), span("other", 5, 10, "door")]
    assert [(one.path, other.path) for one, other in overlaps(spans)] == [("long", "short"), ("long", "late")]


@given(
    st.lists(
        st.tuples(st.integers(0, 40), st.sampled_from([0.0, 30.0, 59.0, 61.0, 300.0]), st.sampled_from(["till", "door"])),
        max_size=12,
    ),
    st.randoms(),
)
@example([(0, 61.0, "till"), (1, 0.0, "till"), (1, 0.0, "till")], Random(0))
def test_every_video_that_overlaps_another_is_in_some_pair(drawn, random):
    spans = [span(f"{number:02}", minute, length, camera) for number, (minute, length, camera) in enumerate(drawn)]

    def overlap(one, other):
        first, second = sorted((one, other), key=lambda each: each.key.started_at)
        begins = second.key.started_at
        return one.camera == other.camera and (begins == first.key.started_at or (first.end - begins).total_seconds() > 2)

    expected = {one.path for one in spans for other in spans if one is not other and overlap(one, other)}
    shuffled = random.sample(spans, len(spans))
    pairs = list(overlaps(shuffled))
    assert {each.path for pair in pairs for each in pair} == expected
    assert all(overlap(*pair) for pair in pairs)


def test_a_file_is_complete_when_two_looks_found_it_the_same():
    first = settle(look(NINE), [], {}, now=NOW, settle_s=60)
    assert (first.complete, first.still_growing) == ((), (NINE,))
    second = settle(look(NINE), [], json.loads(json.dumps(first.pending)), now=NOW, settle_s=60)
    assert [file.path for file in second.complete] == [NINE]


def at(moment):
    return str(int(moment.timestamp()) * 10**9)


@pytest.mark.parametrize(
    ("modified", "is_complete"),
    [
        (at(NOW - dt.timedelta(seconds=60)), True),
        (at(NOW - dt.timedelta(seconds=59)), False),
        (at(NOW + dt.timedelta(hours=1)), False),
        ((NOW - dt.timedelta(seconds=60)).isoformat() + ' "etag"', True),
        ((NOW - dt.timedelta(seconds=59)).isoformat() + ' "etag"', False),
        ('"etag"', False),
        (at(dt.datetime(1980, 1, 1, tzinfo=dt.UTC)), False),
    ],
    ids=["old", "young", "from the future", "old object", "young object", "no date", "dated 1980 while it is copied"],
)
def test_a_file_that_is_old_enough_is_complete_at_the_first_look(modified, is_complete):
    settled = settle(look(found(NINE, modified=modified)), [], {}, now=NOW, settle_s=60)
    assert bool(settled.complete) is is_complete
    assert bool(settled.still_growing) is not is_complete


@given(st.lists(st.integers(0, 3), min_size=1, max_size=12))
def test_a_file_is_complete_only_while_it_stands_still(sizes):
    pending = {}
    for before, size in zip([None, *sizes], sizes, strict=False):
        settled = settle(look(found(NINE, size)), [], pending, now=NOW, settle_s=60)
        assert bool(settled.complete) is (size == before)
        pending = settled.pending


PATHS = [
    f"videos/shop/{camera}/20261014_{hour:02}0000.{suffix}"
    for camera in ("till", "door")
    for hour in (9, 10)
    for suffix in ("mp4", "mkv")
]
FINGERPRINTS = [letter * 32 for letter in "abc"]
KEYS = [
    f"shop|{camera}|20261014T{hour:02}0000Z|{letter * 8}" for camera in ("till", "door") for hour in (9, 10) for letter in "abc"
]


@st.composite
def situations(draw):
    """What may be seen, known, under way and present."""
    contents = draw(st.dictionaries(st.sampled_from(PATHS), st.sampled_from(FINGERPRINTS)))
    known = []
    for path in draw(st.lists(st.sampled_from(PATHS), unique=True, max_size=5)):
        _, _, camera, file = path.split("/")
        for version, fingerprint in enumerate(draw(st.lists(st.sampled_from(FINGERPRINTS), min_size=1, max_size=3)), start=1):
            known.append(
                knew(
                    path,
                    fingerprint,
                    f"shop|{camera}|20261014T{file[9:11]}0000Z|{fingerprint[:8]}",
                    version=version,
                    modified=str(-version),
                    is_duplicate=draw(st.booleans()),
                    recorded_at=NOW - draw(st.sampled_from([dt.timedelta(0), MONTH])),
                    duration_s=draw(st.sampled_from([None, 60.0, 7200.0])),
                )
            )
    return contents, known, draw(st.sets(st.sampled_from(KEYS), max_size=3)), draw(st.sets(st.sampled_from(KEYS)))


def seen_as(contents):
    return look(*contents, fingerprints=contents)


@given(situations())
def test_every_video_has_exactly_one_fate(situation):
    contents, known, in_flight, present = situation
    made = plan(seen_as(contents), known, in_flight, present)
    fates = [one.video.file.path for one in (*made.run, *made.duplicates)]
    fates += [one.file.path for one in made.unchanged] + [one.path for one in made.refused] + list(made.waiting)
    assert sorted(fates) == sorted(contents)


@given(situations())
def test_nothing_is_run_twice_nor_while_it_is_under_way(situation):
    contents, known, in_flight, present = situation
    made = plan(seen_as(contents), known, in_flight, present)
    keys = [upload.key for upload in made.run]
    assert len(set(keys)) == len(keys)
    assert not {*keys, *made.forget} & in_flight
    assert not set(made.add) & present
    assert set(made.forget) <= present
    assert set(keys) <= (present | set(made.add)) - set(made.forget)
    assert len({upload.video.fingerprint for upload in made.run}) == len(keys)


@given(situations(), st.randoms())
def test_the_order_of_what_is_given_changes_nothing(situation, random):
    contents, known, in_flight, present = situation
    shuffled = seen_as(contents)
    shuffled = replace(shuffled, videos=tuple(random.sample(shuffled.videos, len(shuffled.videos))))
    again = plan(shuffled, random.sample(known, len(known)), sorted(in_flight), sorted(present))
    assert again == plan(seen_as(contents), known, in_flight, present)


@given(situations())
def test_when_everything_was_done_nothing_is_left_to_do(situation):
    contents, known, _, present = situation
    for _ in range(2):
        made = plan(seen_as(contents), known, (), present)
        known, present = recorded(known, made), (present | set(made.add)) - set(made.forget)
        made = plan(seen_as(contents), known, (), present)
    assert (made.add, made.run, made.forget, made.duplicates) == ((), (), (), ())


class Inbox(RuleBasedStateMachine):
    """People write, overwrite and delete; runs end or die; looks fail. In the end every content counts once."""

    def __init__(self):
        super().__init__()
        self.contents = {}
        self.stamps = {}
        self.known = []
        self.present = set()
        self.in_flight = {}
        self.pending = {}
        self.writes = 0
        self.asked = []

    @rule(path=st.sampled_from(PATHS), content=st.sampled_from(FINGERPRINTS))
    def write(self, path, content):
        self.writes += 1
        self.contents[path], self.stamps[path] = content, str(self.writes)

    @rule(path=st.sampled_from(PATHS))
    def delete(self, path):
        self.contents.pop(path, None)

    @rule()
    def fail_to_look(self):
        before = self.pending
        self.pending = settle(None, self.known, self.pending, now=NOW, settle_s=1e9).pending
        assert self.pending == before
        assert plan(None, self.known, self.in_flight, self.present) == Plan()

    @rule()
    def look(self):
        seen = look(*(found(path, modified=self.stamps[path]) for path in self.contents))
        settled = settle(seen, self.known, self.pending, now=NOW, settle_s=1e9)
        self.pending = json.loads(json.dumps(settled.pending))
        seen = with_fingerprints(seen, {file.path: self.contents[file.path] for file in settled.complete})
        made = plan(seen, self.known, self.in_flight, self.present)
        self.present = (self.present | set(made.add)) - set(made.forget)
        for upload in made.run:
            assert upload.key not in self.in_flight
            self.in_flight[upload.key] = upload
        self.known = recorded(self.known, Plan(duplicates=made.duplicates))
        stamps = {video.file.path: video.file for video in made.unchanged}
        newest = {path: max(one.version for one in self.known if one.path == path) for path in stamps}
        self.known = [
            knew(one.path, one.fingerprint, one.key, **changed(one, stamps[one.path].modified))
            if newest.get(one.path) == one.version
            else one
            for one in self.known
        ]

    @rule(data=st.data())
    def end_a_run(self, data):
        if self.in_flight:
            key = data.draw(st.sampled_from(sorted(self.in_flight)))
            upload = self.in_flight.pop(key)
            self.asked.append((upload.video.file.path, upload.video.file.modified))
            self.known = recorded(self.known, Plan(run=(upload,)))

    @rule(data=st.data())
    def a_run_dies(self, data):
        if self.in_flight:
            del self.in_flight[data.draw(st.sampled_from(sorted(self.in_flight)))]

    @invariant()
    def no_file_that_stood_still_was_evaluated_twice(self):
        once = [asked for asked in self.asked if asked]
        assert len(set(once)) == len(once)

    def teardown(self):
        for _ in range(6):
            self.look()
            for key in sorted(self.in_flight):
                upload = self.in_flight.pop(key)
                self.known = recorded(self.known, Plan(run=(upload,)))
        newest = {one.path: one for one in sorted(self.known, key=lambda one: one.version)}
        assert {path: newest[path].fingerprint for path in self.contents} == self.contents
        counted = {one.fingerprint for one in newest.values() if not one.is_duplicate}
        assert set(self.contents.values()) <= counted
        assert self.in_flight == {}


def changed(one, modified):
    return {
        "modified": modified,
        "version": one.version,
        "recorded_at": one.recorded_at,
        "is_duplicate": one.is_duplicate,
        "duration_s": one.duration_s,
    }


TestInbox = Inbox.TestCase
TestInbox.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)


def test_a_look_without_files_is_no_outage_and_no_work():
    assert plan(Seen(())) == Plan()
