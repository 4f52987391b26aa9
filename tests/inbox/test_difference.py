"""What is new in the inbox, and what only looks so."""

import json
import os
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from upath import UPath

from vitrina.inbox.difference import FoundFile, Listing, difference, list_inbox, request_key
from vitrina.stores.contracts import CONTRACTS

A = FoundFile("stores/sales/a.csv", 10, "1", "sales")
B = FoundFile("stores/sales/b.csv", 20, "2", "sales")


def grown(file, size):
    return FoundFile(file.path, size, file.modified, file.contract)


def test_a_file_is_complete_when_two_looks_found_it_the_same():
    first = difference(Listing((A,)), frozenset(), {})
    assert (first.complete, first.still_growing) == ((), (A.path,))
    second = difference(Listing((A,)), frozenset(), first.pending)
    assert (second.complete, second.still_growing) == ((A,), ())


def test_a_file_that_grows_starts_again():
    first = difference(Listing((A,)), frozenset(), {})
    second = difference(Listing((grown(A, 11),)), frozenset(), first.pending)
    assert second.still_growing == (A.path,)
    assert difference(Listing((grown(A, 11),)), frozenset(), second.pending).complete == (grown(A, 11),)


def test_a_file_that_is_rewritten_with_the_same_size_starts_again():
    first = difference(Listing((A,)), frozenset(), {})
    rewritten = FoundFile(A.path, A.size, "9", A.contract)
    assert not difference(Listing((rewritten,)), frozenset(), first.pending).complete


def test_what_the_ledger_knows_is_neither_complete_nor_pending():
    outcome = difference(Listing((A, B)), frozenset({A.stamp}), {A.path: [10, "1", 2], B.path: [20, "2", 1]})
    assert (outcome.complete, list(outcome.pending)) == ((B,), [B.path])


def test_a_complete_file_stays_complete_until_the_ledger_knows_it():
    pending = {}
    for _ in range(4):
        outcome = difference(Listing((A,)), frozenset(), pending)
        pending = outcome.pending
    assert outcome.complete == (A,)


def test_a_failed_listing_changes_nothing():
    pending = {A.path: [10, "1", 1]}
    outcome = difference(None, frozenset(), pending)
    assert (outcome.complete, outcome.still_growing, outcome.pending) == ((), (), pending)


def test_a_file_that_is_gone_is_forgotten_and_nothing_else_happens():
    outcome = difference(Listing(()), frozenset({B.stamp}), {A.path: [10, "1", 1]})
    assert (outcome.complete, outcome.pending) == ((), {})


@given(
    st.lists(
        st.builds(FoundFile, st.text(max_size=5), st.integers(0, 99), st.text(max_size=3), st.just("sales")),
        unique_by=lambda file: file.path,
    )
)
def test_the_cursor_survives_json_and_no_file_is_lost_or_doubled(files):
    first = difference(Listing(tuple(files)), frozenset(), {})
    second = difference(Listing(tuple(files)), frozenset(), json.loads(json.dumps(first.pending)))
    assert second.complete == tuple(files)


@given(st.permutations([A, B, grown(A, 5)]))
def test_the_key_of_a_request_does_not_depend_on_the_order(files):
    assert request_key(files) == request_key([A, B, grown(A, 5)])


def test_the_key_of_a_request_changes_with_the_files_and_with_a_reopening():
    keys = {request_key([A]), request_key([B]), request_key([A, B]), request_key([grown(A, 5)]), request_key([A], reopenings=1)}
    assert len(keys) == 5


def look(folder):
    return list_inbox(UPath(folder) / "stores", CONTRACTS)


def put(folder, *names):
    for name in names:
        path = folder / "stores" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)


def test_a_listing_knows_contracts_and_ignores_what_is_unfinished(tmp_path):
    put(tmp_path, "stores.csv", "STORES.XLSX", "geo.parquet", "sales/a.csv", "sales/2024/b.csv")
    put(
        tmp_path,
        "sales/c.csv.part",
        "sales/d.tmp",
        "sales/.hidden.csv",
        "~$stores.xlsx",
        ".git/stores.csv",
        "other/stores.csv",
        "sales.csv",
    )
    listing = look(tmp_path)
    assert [file.contract for file in listing.files] == ["stores", "stores", "sales", "sales", "geo"]
    expected = {"stores.csv", "STORES.XLSX", "geo.parquet", "sales/a.csv", "sales/2024/b.csv"}
    assert {file.path for file in listing.files} == {f"stores/{name}" for name in expected}
    assert set(listing.unexpected) == {"stores/other/stores.csv", "stores/sales.csv"}


def test_a_link_that_leaves_the_inbox_is_reported_and_never_followed(tmp_path):
    put(tmp_path, "stores.csv")
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "x.csv").write_text("secret")
    (tmp_path / "stores" / "sales").symlink_to(tmp_path / "secret")
    (tmp_path / "stores" / "geo.csv").symlink_to(tmp_path / "secret" / "x.csv")
    (tmp_path / "stores" / "geo.parquet").symlink_to(tmp_path / "stores" / "stores.csv")
    (tmp_path / "stores" / "round").symlink_to(tmp_path / "stores")
    listing = look(tmp_path)
    assert {file.path for file in listing.files} == {"stores/stores.csv", "stores/geo.parquet"}
    assert set(listing.outside) == {"stores/sales", "stores/geo.csv"}


def test_a_link_to_itself_is_reported_and_hides_no_other_file(tmp_path):
    folder = tmp_path / "stores"
    (folder / "sales").mkdir(parents=True)
    (folder / "sales" / "good.csv").write_text("x")
    (folder / "a").symlink_to("a")
    (folder / "sales" / "b.csv").symlink_to("c.csv")
    (folder / "sales" / "c.csv").symlink_to("b.csv")
    listing = list_inbox(UPath(folder), CONTRACTS)
    assert listing.outside == ("stores/a", "stores/sales/b.csv", "stores/sales/c.csv")
    assert [file.path for file in listing.files] == ["stores/sales/good.csv"]


def test_a_link_whose_target_cannot_be_read_is_reported_and_hides_no_other_file(tmp_path, monkeypatch):
    folder = tmp_path / "stores"
    (folder / "sales").mkdir(parents=True)
    (folder / "sales" / "good.csv").write_text("x")
    (folder / "sales" / "link.csv").symlink_to("good.csv")
    whole = Path.resolve

    def refused(path, *args):
        if path.name == "link.csv":
            raise PermissionError(path)
        return whole(path, *args)

    monkeypatch.setattr(Path, "resolve", refused)
    listing = list_inbox(UPath(folder), CONTRACTS)
    assert listing.outside == ("stores/sales/link.csv",)
    assert [file.path for file in listing.files] == ["stores/sales/good.csv"]


def test_a_pipe_is_no_file(tmp_path):
    put(tmp_path, "stores.csv")
    os.mkfifo(tmp_path / "stores" / "geo.csv")
    assert [file.path for file in look(tmp_path).files] == ["stores/stores.csv"]


def test_a_name_that_is_not_unicode_is_reported(tmp_path):
    put(tmp_path, "stores.csv")
    (tmp_path / "stores" / os.fsdecode(b"geo.\xff")).touch()
    listing = look(tmp_path)
    assert [file.path for file in listing.files] == ["stores/stores.csv"]
    assert listing.unexpected == ("stores/geo.\\udcff",)


def test_an_inbox_without_the_products_folder_is_empty_and_no_inbox_is_a_failure(tmp_path):
    assert look(tmp_path) == Listing(())
    assert look(tmp_path / "not mounted") is None


def test_a_folder_that_cannot_be_read_fails_the_whole_listing(tmp_path, monkeypatch):
    put(tmp_path, "stores.csv", "sales/a.csv")
    listed = type(UPath(tmp_path)).iterdir

    def refuse(folder):
        if folder.name == "sales":
            raise PermissionError
        return listed(folder)

    monkeypatch.setattr(type(UPath(tmp_path)), "iterdir", refuse)
    assert look(tmp_path) is None
