"""The graph of posts on made-up channels: what comes in, what is found, what is deleted, and what is erased to the last byte."""

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from simulation.posts_inbox import write_inbox
from simulation.retailer import Size
from tests.kept import keep
from tests.support import Place, make_place, published
from vitrina.erasure.byte_search import find
from vitrina.posts.published import published_answerer
from vitrina.posts.requesting import request_erasure
from vitrina.posts.tables import Passages, PostEmbeddings, Posts
from vitrina.publication import versions
from vitrina.warehouse import Warehouse, load, locate, location

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("channels")]

PRODUCT = "posts"
CHANNEL = 77
MARKER = "Фиолетовый кашалот Аристарх принимает жалобы на турникеты по вторникам"
NOW = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)


def export(place: Place, numbers: range | list[int], *, folder: str, until: int) -> None:
    """A small channel of its own, one post an hour, the tenth of which holds the marker."""
    begin = int(dt.datetime(2026, 1, 1, tzinfo=dt.UTC).timestamp())
    messages = [
        {
            "id": number,
            "type": "message",
            "date_unixtime": str(begin + 3600 * number),
            "from_id": f"channel{CHANNEL}",
            "text": MARKER if number == 10 else f"Заметка номер {number} о том, как {'быстро' * (number % 3)} растёт огород",
            "text_entities": [],
        }
        for number in [*numbers, until]
    ]
    path = Path(str(place.settings.inbox_folder)) / PRODUCT / folder / "result.json"
    path.parent.mkdir(parents=True)
    told = {"name": "Огород", "type": "public_channel", "id": CHANNEL, "messages": messages}
    path.write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")


def stored(place: Place, table: type) -> pl.DataFrame:
    with Warehouse(locate(place.settings, PRODUCT)).read() as connection:
        return load(connection, table)


@pytest.fixture(scope="module")
def channels(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Place, tuple]]:
    """Tiny channels, from the inbox to publication, with the rows that were spoiled in their files."""
    with pytest.MonkeyPatch.context() as patch:
        # what is compressed could not be searched
        patch.setitem(location.CONFIGURATION, "force_compression", "uncompressed")
        made = make_place(tmp_path_factory.mktemp("channels"))
        slips = write_inbox(Path(str(made.settings.inbox_folder)), Size.TINY, 5)
        export(made, range(1, 30), folder="garden_1", until=30)
        with made.instance:
            made.execute("posts_ingest")
            made.refresh(PRODUCT)
            keep(made, PRODUCT, tmp_path_factory)
            yield made, slips


def test_exactly_the_spoiled_rows_are_refused(channels):
    place, slips = channels
    with Warehouse(locate(place.settings, PRODUCT)).read() as connection:
        refused = connection.execute("SELECT DISTINCT source_file, source_row FROM refused_rows").fetchall()
    assert set(refused) == {(slip.source_file, slip.source_row) for slip in slips}


def test_posts_are_found_by_what_is_published(channels):
    place, _ = channels
    answerer = published_answerer(place.settings)
    hits = answerer.searcher.search("когда кашалот принимает жалобы").hits
    assert (hits[0].channel, hits[0].post_id) == (f"telegram:{CHANNEL}", "10")
    elsewhere = answerer.searcher.search("когда кашалот принимает жалобы", ["telegram:1500000001"]).hits
    assert all(hit.channel == "telegram:1500000001" for hit in elsewhere)
    rows = published(place.settings, "SELECT DISTINCT questions FROM search_quality", PRODUCT)
    assert {name for (name,) in rows} == {"known answers", "known items", "known items with typos"}


def test_questions_people_ask_in_vain_are_told(channels):
    place, _ = channels
    gaps = published(place.settings, "SELECT question, times_asked FROM mart_coverage_gaps", PRODUCT)
    assert gaps
    assert all(times >= 2 for _, times in gaps)
    assert not any("+7" in question or "@" in question for question, _ in gaps)


def test_what_is_deleted_leaves_every_table_and_what_is_erased_every_file(channels):
    place, _ = channels
    before = stored(place, PostEmbeddings)
    (row,) = stored(place, Passages).filter(pl.col("text") == MARKER).rows(named=True)
    (vector,) = before.filter(pl.col("text_hash") == row["text_hash"])["vector"].to_list()
    bytes_of_vector = np.array(vector, dtype=np.float32).tobytes()[:64]
    needles = {"text": [MARKER.encode(), json.dumps(MARKER)[1:-1].encode()], "vector": [bytes_of_vector]}
    data = place.settings.data
    assert {found.label for found in find(data, needles).found} == {"text", "vector"}

    export(place, [number for number in range(1, 31) if number not in (5, 6)], folder="garden_2", until=31)
    request_erasure(place.settings, "post", f"telegram:{CHANNEL}:10", now=NOW)
    place.execute("posts_ingest")
    ended = place.refresh(PRODUCT)

    posts = set(stored(place, Posts).filter(pl.col("channel_id") == str(CHANNEL))["post_id"])
    assert posts == {str(number) for number in range(1, 32)} - {"5", "6", "10"}
    searcher = published_answerer(place.settings).searcher
    assert not any(hit.post_id == "10" for hit in searcher.search("кашалот Аристарх", [f"telegram:{CHANNEL}"]).hits)
    assert find(data, needles).found == ()
    assert find(Path(place.instance.root_directory), needles).found == ()
    assert len(versions(place.settings, PRODUCT)) == 1
    receipts = sorted(path.name for path in (place.settings.receipts / PRODUCT).glob("erasure-*.md"))
    assert [name.rsplit(".", 2)[1] for name in receipts] == ["en", "ru"]
    told = ended.asset_materializations_for_node("posts__post_embeddings")[0].metadata
    assert told["embedded_now"].value == 1
    after = stored(place, PostEmbeddings)
    assert after.join(before, on=["text_hash", "model"], how="anti").height == 1
