"""The published index, opened anew when there is a new one."""

import threading
from pathlib import Path

import duckdb
import pytest

from serving.bot.index_watch import IndexWatch
from tests.bot.made_up_answers import MadeUpAnswerer, MadeUpSearcher
from vitrina.errors import VitrinaError
from vitrina.publication.versions import Pointer, point_to, version_file
from vitrina.settings import Settings


@pytest.fixture
def settings(tmp_path):
    return Settings(data=tmp_path)


def publish(settings, version, *, indexes=1):
    path = version_file(settings, "posts", version)
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE post_indexes (version VARCHAR, path VARCHAR, built_at TIMESTAMPTZ)")
        connection.execute(f"INSERT INTO post_indexes SELECT '{version}', 'artifacts/{version}', now() FROM range({indexes})")
        connection.execute("CREATE TABLE answer_thresholds (platform VARCHAR, channel_id VARCHAR, threshold DOUBLE)")
        connection.execute("INSERT INTO answer_thresholds VALUES ('telegram', '1001', 0.7)")
    point_to(settings, Pointer("posts", version, "2026-09-15T12:00:00+00:00"))


def load(folder: Path, thresholds):
    assert thresholds == {"telegram:1001": 0.7}
    if "broken" in folder.name:
        raise VitrinaError(f"{folder} is damaged.", "Build it again.")
    return MadeUpAnswerer(searcher=MadeUpSearcher(folder.name))


def test_before_anything_is_published_nobody_answers(settings):
    watch = IndexWatch(settings, load)
    assert not watch.look()
    assert watch.answerer is None


def test_a_new_version_takes_the_place_of_the_old_one_once(settings):
    watch = IndexWatch(settings, load)
    publish(settings, "v1")
    assert [watch.look(), watch.look(), watch.answerer.searcher.version] == [True, False, "v1"]
    publish(settings, "v2")
    assert [watch.look(), watch.answerer.searcher.version] == [True, "v2"]


def test_a_rollback_is_a_change_like_any_other(settings):
    watch = IndexWatch(settings, load)
    for version in ("v1", "v2"):
        publish(settings, version)
        watch.look()
    point_to(settings, Pointer("posts", "v1", "2026-09-15T12:00:00+00:00", rolled_back_from="v2"))
    assert [watch.look(), watch.answerer.searcher.version] == [True, "v1"]


def test_the_index_is_looked_for_in_the_data_folder(settings):
    seen = []
    watch = IndexWatch(settings, lambda folder, _: seen.append(folder) or MadeUpAnswerer())
    publish(settings, "v1")
    watch.look()
    assert seen == [settings.data / "artifacts" / "v1"]


@pytest.mark.parametrize("broken", ["index", "none", "file", "pointer"])
def test_what_cannot_be_opened_leaves_the_old_one_in_use_and_is_told_once(settings, caplog, broken):
    watch = IndexWatch(settings, load)
    publish(settings, "v1")
    watch.look()
    publish(settings, "v2_broken" if broken == "index" else "v2", indexes=0 if broken == "none" else 1)
    if broken == "file":
        version_file(settings, "posts", "v2").unlink()
    if broken == "pointer":
        (settings.published / "posts.json").write_text("{")
    assert [watch.look(), watch.look()] == [False, False]
    assert watch.answerer.searcher.version == "v1"
    assert caplog.text.count("cannot be opened") == 1
    publish(settings, "v3")
    assert watch.look()


def test_a_question_under_way_keeps_the_index_that_it_began_with(settings):
    opened, go_on = threading.Event(), threading.Event()
    answers = []

    def slow(folder, _):
        opened.set()
        assert go_on.wait(5)
        return MadeUpAnswerer(searcher=MadeUpSearcher(folder.name))

    watch = IndexWatch(settings, load)
    publish(settings, "v1")
    watch.look()
    watch.load = slow
    publish(settings, "v2")
    reloading = threading.Thread(target=watch.look)
    reloading.start()
    assert opened.wait(5)
    answers.append(watch.answerer.answer("open?", ["telegram:1001"]).outcome)
    assert watch.answerer.searcher.version == "v1"
    go_on.set()
    reloading.join()
    assert (answers, watch.answerer.searcher.version) == (["answered"], "v2")
