"""Files of the product that are ours, and what an erasure does to each kind of them."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vitrina.erasure.byte_search import Search, find
from vitrina.erasure.published import named_paths, paths_in_force
from vitrina.erasure.sqlite_scrubbing import ErasureError, database_of, scrub
from vitrina.erasure.text_scrubbing import Scrubber
from vitrina.files import write_atomically
from vitrina.inbox.difference import is_ignored, local
from vitrina.posts.erasure_rows import MOMENTS
from vitrina.posts.raw_tables import POSTS
from vitrina.posts.reconciling import post_hash
from vitrina.pseudonyms import pseudonym
from vitrina.warehouse import FileLocation, LakeLocation, Warehouse

if TYPE_CHECKING:
    from vitrina.settings import Settings

LINES = ("asked", "feedback", "feed")
"""Folders of our root of the inbox whose lines say something of people or posts; requests to be forgotten hold hashes only."""

_OF_PERSON = ("user_hash", "author_hash", "user", "author")


@dataclass(frozen=True)
class Swept:
    """What a look through our files has changed.

    Attributes
    ----------
    changed
        Files that were written anew, scrubbed or deleted.
    refused
        Files that could not be, each with the reason.
    """

    changed: tuple[Path, ...] = ()
    refused: tuple[tuple[Path, str], ...] = ()


def sweep(settings: Settings, scrubber: Scrubber, *, left_out: Collection[Path] = (), also: Iterable[Path] = ()) -> Swept:
    """Erase from every file that is ours and is not made anew by the refresh: quarantine, receipts, databases, logs, deliveries.

    Parameters
    ----------
    settings
        Folders.
    scrubber
        What is to be erased.
    left_out
        Files and folders that others see to.
    also
        Further folders of ours, such as Dagster's where it does not lie in the data folder.
    """
    if not scrubber.needles:
        return Swept()
    needles = {"": scrubber.needles}
    holding = [path for folder in (settings.data, *also) for path in find(folder, needles, skip=left_out).paths]
    changed: list[Path] = []
    refused: list[tuple[Path, str]] = []
    for path in dict.fromkeys(database_of(path) or path for path in holding):
        try:
            if _clean(path, settings, scrubber, also):
                changed.append(path)
        except (ErasureError, OSError) as error:
            refused.append((path, str(error)))
    return Swept(tuple(changed), tuple(refused))


def _clean(path: Path, settings: Settings, scrubber: Scrubber, also: Iterable[Path]) -> bool:
    """Erase from one file, as becomes its kind; False for a file that is nobody's here to change."""
    if path.is_relative_to(settings.quarantine / POSTS):
        path.unlink(missing_ok=True)
        return True
    if database_of(path) is not None:
        scrub(path, scrubber, timeout_s=settings.lock_timeout_s)
        return True
    if path.is_relative_to(settings.receipts) or path.is_relative_to(settings.decisions_folder / POSTS):
        return scrubber.erase_file(path)
    # programs go on writing to their logs
    logs = (settings.data / "logs", settings.data / "dagster", *also)
    return any(path.is_relative_to(folder) for folder in logs) and scrubber.blank_file(path)


def delivered_lines(settings: Settings, folders: Sequence[str] = LINES) -> Iterator[tuple[Path, list[tuple[bytes, Any]]]]:
    """Closed files of our root of the inbox, each with its lines and what they say; None for a line that is no JSON."""
    for name in folders:
        for path in sorted((settings.decisions_folder / POSTS / name).rglob("*.jsonl")):
            if path.is_file() and not is_ignored(path.name):
                yield path, [(line, _parsed(line)) for line in path.read_bytes().splitlines(keepends=True)]


def _parsed(line: bytes) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None


def drop_lines(settings: Settings, people: Mapping[str, dt.datetime], posts: Collection[str], key: bytes) -> tuple[Path, ...]:
    """Take the lines of erased people and posts out of the files that we delivered to ourselves; a file without lines goes.

    Parameters
    ----------
    settings
        Folders.
    people
        Keyed hash → until when what that person wrote is erased.
    posts
        Keyed hashes.
    key
        The key of all pseudonyms, for lines that hold identifiers.

    Returns
    -------
    tuple of Path
        Files that were written anew or deleted. The inbox reads what was written anew as a new version.
    """
    changed = []
    for path, lines in delivered_lines(settings) if people or posts else ():
        kept = [line for line, said in lines if not _is_about(said, people, posts, key)]
        if len(kept) == len(lines):
            continue
        if kept:
            write_atomically(path, b"".join(kept))
        else:
            path.unlink()
        changed.append(path)
    return tuple(changed)


def _is_about(said: Any, people: Mapping[str, dt.datetime], posts: Collection[str], key: bytes) -> bool:
    if not isinstance(said, Mapping):
        return False
    named = [person for name in _OF_PERSON if isinstance(person := said.get(name), str)]
    limits = [people[one] for person in named for one in (person, pseudonym(person, key)) if one in people]
    if limits and ((moment := moment_of(said)) is None or moment <= max(limits)):
        return True
    platform, channel, post = (str(said.get(name) or "") for name in ("platform", "channel_id", "post_id"))
    return bool(post) and post_hash(platform, channel, post, key) in posts


def moment_of(said: Any) -> dt.datetime | None:
    """When a line says that it was; None where it does not say so."""
    for name in MOMENTS:
        try:
            found = dt.datetime.fromisoformat(said[name])
        except (TypeError, KeyError, ValueError):
            continue
        if found.tzinfo is not None:
            return found
    return None


def clear_cache(settings: Settings) -> tuple[Path, ...]:
    """Delete what is only kept because it is dear to compute."""
    return _delete(settings.cache / POSTS)


def remove_unnamed_artifacts(settings: Settings, warehouse: Warehouse, keep: Iterable[Path] = ()) -> tuple[Path, ...]:
    """Delete what the assets have made and neither the version in force nor the warehouse names in a column ``path``.

    Parameters
    ----------
    settings
        Folders.
    warehouse
        The product's tables: what they name was made after the rows had gone.
    keep
        Further files and folders that stay.
    """
    with warehouse.read() as connection:
        named = {settings.data / path for path in named_paths(connection)}
    named |= paths_in_force(settings, POSTS) | set(keep)
    return tuple(_unnamed(settings.artifacts / POSTS, named))


def _unnamed(folder: Path, named: Collection[Path]) -> Iterator[Path]:
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path in named:
            continue
        if path.is_dir() and not path.is_symlink() and any(one.is_relative_to(path) for one in named):
            yield from _unnamed(path, named)
        else:
            yield from _delete(path)


def _delete(path: Path) -> tuple[Path, ...]:
    """Delete a file, or a folder with all that is in it, and return the files that are gone."""
    if path.is_dir() and not path.is_symlink():
        files = tuple(sorted(file for file in path.rglob("*") if file.is_file()))
        shutil.rmtree(path)
        return files
    if not path.exists() and not path.is_symlink():
        return ()
    path.unlink()
    return (path,)


def tables_of(warehouse: Warehouse) -> tuple[Path, ...]:
    """Files and folders of the product's tables, where they are of this machine."""
    location = warehouse.location
    if isinstance(location, FileLocation):
        return (location.path,)
    if isinstance(location, LakeLocation) and Path(location.catalogue).is_file():
        catalogue = Path(location.catalogue)
        return catalogue, catalogue.with_name(catalogue.name + ".files")
    return ()


def seen_to_by_others(settings: Settings, warehouse: Warehouse) -> tuple[Path, ...]:
    """What a sweep leaves out: what is made anew or deleted as a whole, and what people deliver."""
    inbox = local(settings.inbox_folder)
    ours = (settings.published, settings.artifacts / POSTS, settings.cache / POSTS, *tables_of(warehouse))
    return (*ours, inbox) if inbox is not None else ours


def search_delivered(settings: Settings, needles: Mapping[str, frozenset[bytes]]) -> Search:
    """Search the product's folder of the inbox, where it is one of this machine."""
    inbox = local(settings.inbox_folder)
    return Search() if inbox is None else find(inbox / POSTS, needles)


def search_everywhere(
    settings: Settings, warehouse: Warehouse, needles: Mapping[str, frozenset[bytes]], also: Iterable[Path] = ()
) -> Search:
    """Search every file below the data folder, and the inbox and the tables where they lie elsewhere; each file once."""
    inbox = local(settings.inbox_folder)
    places = [settings.data, *also, *tables_of(warehouse), *([inbox / POSTS] if inbox is not None else [])]
    apart: list[Path] = []
    for place in sorted({place.absolute() for place in places}):
        if not any(place.is_relative_to(other) for other in apart):
            apart.append(place)
    return sum((find(place, needles) for place in apart), Search())


def is_delivered(settings: Settings, path: Path) -> bool:
    """Whether a file is others' to change."""
    inbox = local(settings.inbox_folder)
    return inbox is not None and path.is_relative_to(inbox.absolute())


def shown(settings: Settings, paths: Iterable[Path]) -> tuple[str, ...]:
    """Paths as a receipt names them: relative to the data folder where they lie in it, and each once."""
    return tuple(
        dict.fromkeys(
            path.relative_to(settings.data).as_posix() if path.is_relative_to(settings.data) else str(path) for path in paths
        )
    )
