import json

import numpy as np
import pytest

from tests.posts.small_indexes import MODEL, Letters, alike, build, frames
from vitrina.errors import VitrinaError
from vitrina.files import sha256_of
from vitrina.posts.index import build_index
from vitrina.posts.index_files import MANIFEST, IndexDamagedError
from vitrina.posts.search import SearchIndex

POSTS = [
    ("b", "1", "Открыли новый мост через реку"),
    ("a", "10", "Самолёт задержали из-за тумана"),
    ("a", "9", "Самолёты снова летают"),
    ("b", "2", "Bridge closed"),
]


def files(folder):
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_the_manifest_counts_what_there_is(tmp_path):
    manifest = build(tmp_path / "v1", POSTS)
    assert (manifest.posts, manifest.passages, manifest.channels, manifest.model) == (4, 4, 2, MODEL)
    assert manifest.size == sum(file.stat().st_size for file in (tmp_path / "v1").iterdir())
    assert manifest.fingerprint == sha256_of(tmp_path / "v1" / MANIFEST)
    assert SearchIndex.open(tmp_path / "v1").channels == ("telegram:a", "telegram:b")


def test_the_order_of_rows_does_not_matter(tmp_path):
    passages, posts = frames(POSTS)
    vectors = Letters().embed(passages["searched"].to_list())
    duplicates = alike((("a", "9"), ("b", "1")), (("b", "2"), ("b", "1")))
    for name, order in (("v1", [0, 1, 2, 3]), ("v2", [2, 0, 3, 1])):
        build_index(
            passages[order],
            {MODEL: vectors[order]},
            duplicates[::-1] if name == "v2" else duplicates,
            posts=posts[order[::-1]],
            model=MODEL,
            version="v1",
            folder=tmp_path / name,
        )
    assert files(tmp_path / "v1") == files(tmp_path / "v2")


def test_building_the_same_again_changes_nothing_and_something_else_is_refused(tmp_path):
    first = build(tmp_path / "v1", POSTS)
    assert build(tmp_path / "v1", POSTS) == first
    with pytest.raises(VitrinaError, match="holds something else"):
        build(tmp_path / "v1", POSTS[:2])
    SearchIndex.open(tmp_path / "v1").verify()
    assert [path.name for path in tmp_path.iterdir()] == ["v1"]


def test_an_index_that_cannot_be_written_leaves_nothing_behind(tmp_path, monkeypatch):
    def full(*_args, **_more):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("vitrina.posts.index_files.np.save", full)
    with pytest.raises(OSError, match="No space"):
        build(tmp_path / "v1", POSTS)
    assert list(tmp_path.iterdir()) == []


def test_a_text_is_there_as_its_bytes_and_gone_when_the_index_is_built_without_it(tmp_path):
    build(tmp_path / "with", POSTS)
    build(tmp_path / "without", [*POSTS[:1], *POSTS[2:]])
    for secret in ("Самолёт задержали из-за тумана", "туман", "https://t.me/a/10"):
        assert any(secret.encode() in content for content in files(tmp_path / "with").values())
        assert not any(secret.encode() in content for content in files(tmp_path / "without").values())


def test_no_passages_are_an_index_that_finds_nothing(tmp_path):
    manifest = build(tmp_path / "v1", [])
    index = SearchIndex.open(tmp_path / "v1", Letters())
    assert (manifest.passages, index.channels, index.search("мост").hits) == (0, (), ())


def test_a_passage_of_no_post_is_refused(tmp_path):
    passages, posts = frames(POSTS)
    with pytest.raises(VitrinaError, match="'10' of telegram:a"):
        build_index(
            passages,
            {MODEL: Letters().embed(passages["searched"].to_list())},
            alike(),
            posts=posts.filter(posts["post_id"] != "10"),
            model=MODEL,
            version="v1",
            folder=tmp_path / "v1",
        )


@pytest.mark.parametrize(
    ("vectors", "said"),
    [
        ({MODEL: np.zeros((3, 4))}, r"shape \(3, 4\)"),
        ({MODEL: np.full((4, 4), np.nan)}, "not finite"),
        ({"other": np.zeros((4, 4))}, "no vectors of the model 'letters'"),
    ],
)
def test_vectors_that_do_not_fit_are_refused(tmp_path, vectors, said):
    passages, posts = frames(POSTS)
    with pytest.raises(VitrinaError, match=said):
        build_index(passages, vectors, alike(), posts=posts, model=MODEL, version="v1", folder=tmp_path / "v1")


def truncate(folder):
    file = folder / "passage_text.npy"
    file.write_bytes(file.read_bytes()[:-1])


def lose(folder):
    (folder / "posting_rows.npy").unlink()


def lose_the_manifest(folder):
    (folder / MANIFEST).unlink()


def garble_the_manifest(folder):
    (folder / MANIFEST).write_text('{"format": 1', encoding="utf-8")


def told(folder, change):
    """Change the manifest."""
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    change(manifest)
    (folder / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")


def replaced(folder, name, array):
    """Put another array in a file's place, and have the manifest agree."""
    np.save(folder / f"{name}.npy", array)
    facts = {"size": (folder / f"{name}.npy").stat().st_size, "sha256": ""}
    told(folder, lambda manifest: manifest["files"].update({f"{name}.npy": facts}))


def outside(folder):
    told(folder, lambda manifest: manifest["files"].update({"../secret.npy": {"size": 1, "sha256": ""}}))


def linked(folder):
    elsewhere = folder.parent / "elsewhere.npy"
    (folder / "post_times.npy").rename(elsewhere)
    (folder / "post_times.npy").symlink_to(elsewhere)


def not_an_array(folder):
    file = folder / "post_times.npy"
    file.write_bytes(b"\x80\x04" + bytes(file.stat().st_size - 2))


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (truncate, "'passage_text.npy' has"),
        (lose, "'posting_rows.npy' is missing"),
        (lose_the_manifest, "no 'manifest.json'"),
        (garble_the_manifest, "cannot be read"),
        (outside, "'../secret.npy', which is no file of this folder"),
        (linked, "'post_times.npy', which is no file of this folder"),
        (not_an_array, "'post_times.npy' cannot be read"),
        (lambda folder: replaced(folder, "posting_rows", np.zeros(2, dtype=float)), "'posting_rows.npy' holds float64"),
        (lambda folder: replaced(folder, "posting_idf", np.zeros(2, dtype=np.float32)), "'posting_idf.npy' has 2 rows"),
        (lambda folder: replaced(folder, "order_forms", np.zeros(2, dtype=np.int32)), "'order_starts.npy' does not fit"),
        (lambda folder: told(folder, lambda manifest: manifest.update(format=99)), "not of format 1"),
        (lambda folder: told(folder, lambda manifest: manifest.pop("files")), "does not list its files"),
        (lambda folder: told(folder, lambda manifest: manifest.pop("posts")), "lacks 'posts'"),
        (lambda folder: told(folder, lambda manifest: manifest["files"].pop("term_text.npy")), "does not name 'term_text.npy'"),
        (lambda folder: told(folder, lambda manifest: manifest["channels"].pop()), "channels or dimensions"),
        (lambda folder: told(folder, lambda manifest: manifest["vectors"][0].update(dimensions=7)), "channels or dimensions"),
    ],
)
def test_a_damaged_index_says_what_is_wrong_and_what_to_do(tmp_path, damage, said):
    build(tmp_path / "v1", POSTS)
    damage(tmp_path / "v1")
    with pytest.raises(IndexDamagedError, match=said) as caught:
        SearchIndex.open(tmp_path / "v1")
    assert "build the index anew" in str(caught.value)


def test_a_changed_byte_is_found_by_its_fingerprint(tmp_path):
    build(tmp_path / "v1", POSTS)
    file = tmp_path / "v1" / "passage_text.npy"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    with pytest.raises(IndexDamagedError, match=r"'passage_text\.npy' has another fingerprint"):
        SearchIndex.open(tmp_path / "v1").verify()
