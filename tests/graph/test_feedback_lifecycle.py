"""Users' feedback from the page to the published file, and what bad rows and repeated deliveries do on the way."""

import datetime as dt
import io
import json
import shutil
from pathlib import Path

import pytest
from rich.console import Console

from tests.support import Place, published
from vitrina.cli import summary
from vitrina.feedback.rating import rate
from vitrina.feedback.tables import FEEDBACK
from vitrina.inbox.ledger import Ledger
from vitrina.publication import current
from vitrina.state.store import DecisionStore
from vitrina.warehouse import Warehouse, locate

pytestmark = [pytest.mark.integration, pytest.mark.slow]

AT = dt.datetime.now(dt.UTC)
GOOD = {"kind": "rating", "made_at": AT.isoformat(), "made_by": "Boris", "about": "posts", "page": "gaps", "rating": 2}


def summed_up(place: Place) -> str:
    printed = io.StringIO()
    summary.show(place.settings, FEEDBACK, Console(file=printed, width=200))
    return printed.getvalue()


def deliver(place: Place, name: str, content: str) -> None:
    folder = Path(str(place.settings.inbox_folder)) / FEEDBACK / "decisions"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(content, encoding="utf-8")


def test_a_rating_is_published_without_its_author_bad_rows_are_refused_and_a_second_delivery_changes_nothing(place):
    settings = place.settings
    Path(str(settings.inbox_folder)).mkdir()
    assert place.execute("feedback_ingest").success
    assert Ledger(settings.ledger).stale(FEEDBACK) == []
    assert summed_up(place) == "Nothing of feedback is published yet: nobody has rated a page.\n"

    asked = AT - dt.timedelta(minutes=10)
    rating = rate(
        "stores",
        "clusters",
        4,
        by="Anna",
        at=AT,
        comment="Good,\nbut slow.",
        requested_at=asked,
        reported_at=asked + dt.timedelta(seconds=150),
    )
    (ours,) = DecisionStore(settings).record([rating])
    bad = [{"decision_id": "1", "rating": 6}, {"decision_id": "2", "about": "shops"}, {"decision_id": "3", "made_by": "Boris" * 99}]
    lines = [json.dumps(GOOD | changes) for changes in ({"decision_id": "0"}, *bad)]
    deliver(place, "elsewhere.jsonl", "\n".join(lines))
    assert place.execute("feedback_ingest").success
    assert place.refresh(FEEDBACK).success

    columns = "about, page, rating, comment, minutes_to_report"
    assert published(settings, f"SELECT {columns} FROM mart_feedback ORDER BY rating DESC", FEEDBACK) == [
        ("stores", "clusters", 4, "Good,\nbut slow.", 2.5),
        ("posts", "gaps", 2, None, None),
    ]
    assert published(settings, "SELECT table_name FROM published_tables ORDER BY 1", FEEDBACK) == [
        ("deliveries",),
        ("mart_feedback",),
    ]
    assert published(settings, "SELECT column_name FROM data_dictionary WHERE personal", FEEDBACK) == [("comment",)]
    assert b"Anna" not in (settings.published / "feedback.duckdb").read_bytes()
    with Warehouse(locate(settings, FEEDBACK)).read() as connection:
        refused = connection.execute("SELECT source_row, column_name, value FROM refused_rows ORDER BY 1").fetchall()
        assert connection.execute("SELECT made_by FROM raw_feedback WHERE decision_id = ?", [rating.id]).fetchall() == [("Anna",)]
    assert [row[:2] for row in refused] == [(2, "rating"), (3, "about"), (4, "made_by")]
    receipts = "".join(path.read_text(encoding="utf-8") for path in sorted((settings.receipts / FEEDBACK).iterdir()))
    assert "Rows read: 4, loaded: 1, refused: 3." in receipts
    assert "Boris" not in receipts + str(refused)
    assert "mart_feedback" in summed_up(place)

    version = current(settings, FEEDBACK)
    shutil.copy(ours, Path(str(settings.inbox_folder)) / FEEDBACK / "decisions" / "again.jsonl")
    assert place.execute("feedback_ingest").success
    states = Ledger(settings.ledger).deliveries(FEEDBACK).select("source_file", "state").rows()
    assert ("feedback/decisions/again.jsonl", "duplicate") in states
    assert Ledger(settings.ledger).stale(FEEDBACK) == []
    assert current(settings, FEEDBACK) == version
