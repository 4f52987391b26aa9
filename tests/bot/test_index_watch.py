"""The published index, opened anew when there is a new one."""

import threading

import duckdb
import pytest

from benchmarks.posts_bot_index import published
from serving.bot.index_watch import IndexWatch
from simulation.retailer import Size
from tests.bot.made_up_answers import MadeUpAnswerer, MadeUpSearcher
from vitrina.errors import VitrinaError
from vitrina.posts.published import published_answerer
from vitrina.publication.versions import Pointer, current, open_published, point_to, version_file
from vitrina.settings import Settings


@pytest.fixture
def settings(tmp_path):
    return Settings(data=tmp_path)


def publish(settings, version):
    path = version_file(settings, "posts", version)
    path.parent.mkdir(parents=True, exist_ok=True)
    duckdb.connect(str(path)).close()
    point_to(settings, Pointer("posts", version, "2026-09-15T12:00:00+00:00"))


def opens(settings):
    """What is in force, by the name of its version."""
    with open_published(settings, "posts"):
        version = current(settings, "posts").version
    if "broken" in version:
        raise VitrinaError(f"{version} is damaged.", "Build it again.")
    return MadeUpAnswerer(searcher=MadeUpSearcher(version))


def test_before_anything_is_published_nobody_answers(settings):
    watch = IndexWatch(settings, opens)
    assert not watch.look()
    assert watch.answerer is None


def test_a_new_version_takes_the_place_of_the_old_one_once(settings):
    watch = IndexWatch(settings, opens)
    publish(settings, "v1")
    assert [watch.look(), watch.look(), watch.answerer.searcher.version] == [True, False, "v1"]
    publish(settings, "v2")
    assert [watch.look(), watch.answerer.searcher.version] == [True, "v2"]


def test_a_rollback_is_a_change_like_any_other(settings):
    watch = IndexWatch(settings, opens)
    for version in ("v1", "v2"):
        publish(settings, version)
        watch.look()
    point_to(settings, Pointer("posts", "v1", "2026-09-15T12:00:00+00:00", rolled_back_from="v2"))
    assert [watch.look(), watch.answerer.searcher.version] == [True, "v1"]


@pytest.mark.parametrize("broken", ["index", "file", "pointer"])
def test_what_cannot_be_opened_leaves_the_old_one_in_use_and_is_told_once(settings, caplog, broken):
    watch = IndexWatch(settings, opens)
    publish(settings, "v1")
    watch.look()
    publish(settings, "v2_broken" if broken == "index" else "v2")
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

    def slow(settings):
        opened.set()
        assert go_on.wait(5)
        return opens(settings)

    watch = IndexWatch(settings, opens)
    publish(settings, "v1")
    watch.look()
    watch.opens = slow
    publish(settings, "v2")
    reloading = threading.Thread(target=watch.look)
    reloading.start()
    assert opened.wait(5)
    answers.append(watch.answerer.answer("open?", ["telegram:1001"]).outcome)
    assert watch.answerer.searcher.version == "v1"
    go_on.set()
    reloading.join()
    assert (answers, watch.answerer.searcher.version) == (["answered"], "v2")


def test_before_there_is_an_index_the_real_thing_says_what_to_do(settings, caplog):
    publish(settings, "v1")
    watch = IndexWatch(settings, published_answerer)
    assert not watch.look()
    assert watch.answerer is None
    assert caplog.text.count("cannot be opened") == 1


@pytest.mark.integration
def test_what_the_pipeline_publishes_is_what_the_bot_answers_from(tmp_path):
    published(tmp_path / "data", Size.TINY)
    settings = Settings(data=tmp_path / "data")
    watch = IndexWatch(settings, published_answerer)
    assert [watch.look(), watch.look()] == [True, False]
    searched = watch.answerer.searcher
    assert (searched.version, "telegram:1500000001" in searched.channels) == (published_answerer(settings).searcher.version, True)
    found = watch.answerer.answer("Как вернуть товар без чека?", ["telegram:1500000001"], k=1)
    assert found.hit.channel == "telegram:1500000001"
    assert 0 < found.probability < 1
    # the best post is the best one, however many are read
    assert watch.answerer.answer("Как вернуть товар без чека?", ["telegram:1500000001"]) == found
    assert watch.answerer.answer("Как вернуть товар без чека?", []).hit is None
