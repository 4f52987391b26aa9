import datetime as dt
from dataclasses import replace

import polars as pl
import pytest

from tests.stores.made_up_changes import REASON, changes_of
from tests.stores.made_up_stores import three_groups
from tests.stores.read_back import not_text, table, texts, workbook
from vitrina.stores.cluster_rows import assignment_rows
from vitrina.stores.clustering import cluster_stores
from vitrina.stores.report.dictionary import WITH_CHANGES
from vitrina.stores.scenario import Scenario

NAMES = {1: "Flagships", 2: '=HYPERLINK("http://x")'}
SHEET = {"en": "Changes", "ru": "Изменения"}


@pytest.fixture(scope="module")
def clustering():
    return cluster_stores(*three_groups(per_group=12), Scenario(n_clusters=3, n_bootstraps=5))


@pytest.fixture(scope="module")
def english(clustering):
    return workbook(clustering, changes=changes_of(clustering, NAMES))


@pytest.fixture(scope="module")
def russian(clustering):
    return workbook(clustering, "ru", changes=changes_of(clustering, NAMES))


@pytest.fixture(scope="module")
def unapproved(clustering):
    return workbook(clustering, changes=changes_of(clustering, {}, approved=False))


def test_the_sheet_stands_before_the_parameters_in_both_languages(english, russian):
    for locale, book in (("en", english), ("ru", russian)):
        names = book.sheetnames
        assert names.index(SHEET[locale]) == len(names) - 3


def test_champion_and_challenger_are_compared_and_the_mechanical_part_is_admitted(english, russian):
    said = "\n".join(texts(english["Changes"]))
    assert "Approved model: version 2. It gives 36 stores a cluster; new are 1, gone are 3." in said
    assert "6 % changed their cluster (adjusted Rand index 0.93" in said
    assert "Part of this steadiness is mechanical" in said
    assert "agree with the approved ones to 0.71" in said
    assert "agree to 0.44" in said
    assert "Features that have drifted since the model was fitted: Revenue per month." in said
    assert "0,93; 1 — ни один" in "\n".join(texts(russian["Изменения"]))


def test_it_is_told_how_many_stores_the_model_puts_elsewhere_than_the_tree(english, russian):
    assert any("the model puts 15 % of the stores elsewhere" in text for text in texts(english["Changes"]))
    assert any("относит 15 % магазинов не к тому кластеру" in text for text in texts(russian["Изменения"]))


@pytest.mark.parametrize(
    ("locale", "clause"),
    [("en", "which answer another request than the approved one"), ("ru", "по другому запросу, чем утверждённый")],
)
def test_a_challenger_that_answers_another_request_is_said_to(clustering, english, russian, locale, clause):
    known = changes_of(clustering, NAMES)
    other = known.comparison.with_columns(
        same_request=pl.lit(value=False),
        ari_of_fresh=pl.lit(None, dtype=pl.Float64),
        share_reassigned=pl.lit(None, dtype=pl.Float64),
    )
    said = texts(workbook(clustering, locale, changes=replace(known, comparison=other))[SHEET[locale]])
    (challenger,) = [text for text in said if clause in text]
    assert {"en": "0.71", "ru": "0,71"}[locale] in challenger
    assert not any("15 %" in text for text in said)
    assert not any(clause in text for text in texts({"en": english, "ru": russian}[locale][SHEET[locale]]))


@pytest.mark.parametrize(
    ("locale", "words"), [("en", "Store s001: its move by hand taken back"), ("ru", "Магазин s001: ручной перенос отменён")]
)
def test_a_move_that_is_taken_back_names_no_cluster(clustering, locale, words):
    known = changes_of(clustering, NAMES)
    back = known.decisions.with_columns(cluster=pl.when(pl.col("kind") != "move").then("cluster"))
    assert words in texts(workbook(clustering, locale, changes=replace(known, decisions=back))[SHEET[locale]])


def test_names_are_carried_to_every_sheet_that_shows_a_cluster(english):
    assert [row[1].value for row in english["Summary"].iter_rows(min_row=9, max_row=11)] == ["Flagships", NAMES[2], None]
    assert "Cluster 1 · Flagships" in [cell.value for cell in english["Profile"][1]]
    assert "Cluster 1 · Flagships" in texts(english["What differs"])
    shown = {row["Store"]: row for row in table(english["Stores"])}
    assert shown["s005"]["Approved cluster"] == "Cluster 1 · Flagships"


def test_fresh_clusters_say_what_they_continue(english, unapproved):
    rows = table(english["Changes"], ("Cluster", "Name carried over"))
    assert [(row["Cluster"], row["Stores in common"], row["That cluster"]) for row in rows] == [
        (1, 11, "Cluster 1 · Flagships"),
        (2, 11, f"Cluster 2 · {NAMES[2]}"),
        (3, 11, "Cluster 3"),
    ]
    assert {row["Continues"] for row in rows} == {"a cluster of the approved model"}
    rows = table(unapproved["Changes"], ("Cluster", "Name carried over"))
    assert {row["Continues"] for row in rows} == {"a cluster of the quarter before"}


@pytest.mark.parametrize("book", ["english", "unapproved"])
def test_flows_moves_and_new_stores_add_up(book, request):
    sheet = request.getfixturevalue(book)["Changes"]
    flows = table(sheet, ("Stores", "From"))
    assert sum(row["Stores"] for row in flows) == 35
    assert [row["Stores"] for row in flows if row["What happened"] == "moved"] == [2]
    moved = table(sheet, ("Store", "Name", "From"))
    assert [row["Store"] for row in moved] == ["s000", "s001"]
    assert all(row["From"].startswith("Cluster 2") and row["To"].startswith("Cluster 1") for row in moved)
    (new,) = table(sheet, ("Store", "Name", "Cluster"))
    assert (new["Store"], new["Cluster"]) == ("s035", "Cluster 3")
    assert new["Margin"] > 0


def test_the_reason_of_a_store_and_the_hand_that_moved_it_are_told(english):
    first, second = table(english["Changes"], ("Store", "Name", "From"))
    assert first["What speaks for its cluster"] == "Revenue per month; Age"
    assert second["What speaks for its cluster"] == "put there by hand; Revenue per month; Age"


def test_the_sheet_of_stores_marks_who_moved_and_who_is_new(english, unapproved):
    for book in (english, unapproved):
        shown = {row["Store"]: row for row in table(book["Stores"])}
        assert shown["s000"]["Moved since last quarter"] == "from 2"
        assert not shown["s002"]["Moved since last quarter"]
        assert shown["s035"]["Moved since last quarter"] == "new"
    assert "Approved cluster" not in table(unapproved["Stores"])[0]


def test_drift_stands_by_size_with_its_band_in_words(english):
    rows = table(english["Changes"], ("Index (PSI)", "Feature"))
    assert [row["Index (PSI)"] for row in rows] == [None, 0.31, 0.12, 0.02]
    assert [row["Drift"] for row in rows] == ["● no longer there", "● drifted", "● moved somewhat", "● hardly moved"]


def test_decisions_tell_who_when_and_why_the_latest_first(english):
    rows = table(english["Changes"], ("When (UTC)", "What"))
    assert [row["What"] for row in rows] == [
        "Store s001 moved to cluster 2",
        "Cluster 1 named “=A1 large”",
        "Clusters rejected",
        "Clusters approved as version 2",
    ]
    assert rows[0]["When (UTC)"] == dt.datetime(2022, 10, 4, 9)  # noqa: DTZ001  # Excel knows no time zones
    assert (rows[0]["Who"], rows[0]["Why"], rows[0]["What became of it"]) == ("a category manager", REASON, "refused")


def test_without_an_approved_model_or_an_earlier_quarter_the_sheet_says_so(clustering):
    first = changes_of(clustering, {}, approved=False, before=False)
    book = workbook(clustering, changes=first)
    assert "There is no earlier quarter to compare with, and no model is approved yet." in texts(book["Changes"])
    assert "Stores that moved" not in texts(book["Changes"])
    assert "New stores" not in texts(book["Changes"])
    assert "Moved since last quarter" not in table(book["Stores"])[0]


def test_without_changes_there_is_no_such_sheet(clustering):
    assert "Changes" not in workbook(clustering).sheetnames


def test_hostile_names_and_reasons_stay_text_on_the_new_sheets(english, russian, unapproved):
    for book in (english, russian, unapproved):
        assert not not_text(book)
    cell = next(cell for row in english["Changes"].iter_rows() for cell in row if cell.value == REASON)
    assert cell.quotePrefix


def test_the_russian_sheet_has_no_english_sentence(russian):
    own = {"Flagships", *NAMES.values(), REASON, "a category manager", "@note", "=A1 large"}
    own |= {"agreed in the quarterly meeting", "too many small clusters", "easier to say"}
    for text in texts(russian["Изменения"]):
        if " " in text and text not in own and not text.startswith("Store "):
            assert any("а" <= letter.lower() <= "я" for letter in text), text


def test_the_dictionary_explains_the_columns_of_changes(english):
    explained = {(row["Table"], row["Column"]) for row in table(english["Data dictionary"])}
    for declared in WITH_CHANGES:
        assert {(declared.table_name(), column.name) for column in declared.columns()} <= explained


def test_moves_are_told_in_the_numbering_of_the_quarter_before_and_a_cluster_that_is_new_takes_all_its_stores(clustering):
    # what is 1, 2, 3 now was 3, 2, 1 a quarter before, and now's cluster 2 continues none of them
    known = changes_of(clustering, {}, approved=False)
    renumbered = (4 - pl.col("matched_cluster")).alias("matched_cluster")
    matches = known.matches.with_columns(pl.when(pl.col("cluster") != 2).then(renumbered))
    matches = matches.with_columns(
        pl.when(pl.col("cluster") == 2).then(pl.lit("nothing")).otherwise(pl.col("continues")).alias("continues")
    )
    previous = assignment_rows(clustering).with_columns((4 - pl.col("cluster")).alias("cluster"))
    book = workbook(clustering, changes=replace(known, matches=matches, previous=previous))
    flows = table(book["Changes"], ("Stores", "From"))
    assert [(row["Stores"], row["From"], row["What happened"], row["To"]) for row in flows] == [
        (12, "Cluster 1", "stayed", "Cluster 1"),
        (12, "Cluster 2", "moved", "a new cluster"),
        (12, "Cluster 3", "stayed", "Cluster 3"),
    ]
    assert {row["Store"] for row in table(book["Stores"]) if row["Moved since last quarter"]} == {
        f"s{place:03d}" for place in range(12, 24)
    }
