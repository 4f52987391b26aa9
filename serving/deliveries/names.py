"""Where an uploaded file goes in the inbox: a place that its contract knows, under a name that is safe in any folder."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from pathlib import PurePosixPath

from vitrina.catalogue import CONTRACTS
from vitrina.files import slug
from vitrina.inbox.contract import Contract, contract_for
from vitrina.inbox.difference import is_ignored
from vitrina.inbox.readers import SUFFIXES

LONGEST_NAME, LONGEST_BYTES = 80, 160
"""Of one part of a path that is kept as it is; with an ending it still fits any file system."""

DEEPEST = 3
"""Parts that a name may have: annotations lie in folders of store and camera."""

_PLAIN = re.compile(r"[^\W_][\w .\-()\[\]+,]*")
_SUFFIX = re.compile(r"\.[a-z0-9]{1,10}")
_DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{name}{number}" for name in ("com", "lpt") for number in range(1, 10))})
"""No file can be called so where the inbox is a share of Windows."""

RECORDED_ELSEWHERE = frozenset({("stores", "decisions"), ("posts", "asked"), ("posts", "feedback"), ("posts", "erasures")})
"""Contracts of what the pages, the command line and the bot record themselves, in somebody's name: nobody uploads that."""

_NOT_OFFERED = frozenset({("posts", "feed/*"), ("posts", "result.json")})
"""What the bot writes, and a name that every export has: exports get a folder each."""


@dataclass(frozen=True)
class Place:
    """A pattern of a contract: where such files lie.

    Attributes
    ----------
    contract, pattern
        Which.
    """

    contract: Contract
    pattern: str

    @property
    def key(self) -> str:
        """What forms and programs name it by."""
        return f"{self.contract.name}:{self.pattern}"

    @property
    def shape(self) -> str:
        """The pattern as people read it."""
        return f"{self.contract.product}/{self.pattern.replace('*', '…')}"

    @property
    def folder_is_named(self) -> bool:
        """Whether a folder of the path is to be named: its files all have the same name."""
        return "*" in self.pattern.rpartition("/")[0]

    def path(self, names: list[str], suffix: str) -> str:
        """The path of a file within the product's folder.

        Parameters
        ----------
        names
            Parts of its name, at least one.
        suffix
            Its ending, with the dot, in lower case.
        """
        folder, _, last = self.pattern.rpartition("/")
        if last == "*":
            return "/".join([folder, *names]) + suffix
        if last.startswith("*"):
            last = names[-1] + last[1:]
        elif last.endswith(".*"):
            last = last[:-2] + suffix
        folder = folder.replace("*", names[-1])
        return f"{folder}/{last}" if folder else last


def places(product: str) -> list[Place]:
    """Everywhere that files of a product can be uploaded to, in the order of its contracts."""
    return [
        Place(contract, pattern)
        for contract in CONTRACTS
        if contract.product == product and (product, contract.name) not in RECORDED_ELSEWHERE
        for pattern in contract.patterns
        if (product, pattern) not in _NOT_OFFERED
    ]


def recognised(product: str, filename: str) -> Place | None:
    """The place that a file's name speaks of, if it speaks of one.

    Examples
    --------
    >>> recognised("stores", "stores.xlsx").key, recognised("stores", "Sales 2026-09.csv").key
    ('stores:stores.*', 'sales:sales/*')
    >>> recognised("stores", "september.csv") is None
    True
    """
    stem = PurePosixPath(filename).stem.casefold()
    offered = places(product)
    exact = [place for place in offered if place.pattern.rpartition("/")[2].casefold() in (f"{stem}.*", filename.casefold())]
    alike = [place for place in offered if any(_begins_with(stem, word) for word in (place.contract.name, place.pattern[:-2]))]
    found = exact or sorted(alike, key=lambda place: not place.pattern.endswith("/*"))
    return found[0] if len({place.contract.name for place in found}) == 1 else None


def _begins_with(stem: str, word: str) -> bool:
    return stem.startswith(word) and not stem[len(word) :][:1].isalpha()


def names_of(filename: str, name: str, *, fallback: str) -> list[str]:
    """Safe parts of a name: of the one that people chose, or of the file's own without its ending.

    Parameters
    ----------
    filename, name
        As they came, however hostile; `name` may be empty.
    fallback
        Stands where nothing of a part is left.
    """
    chosen = [part for part in re.split(r"[/\\]", name) if part.strip(" .")]
    own = re.split(r"[/\\]", filename)[-1]
    suffix = suffix_of(filename)
    stem = own[: len(own) - len(suffix)] if suffix else own
    return [safe_name(part, fallback=fallback) for part in (chosen[-DEEPEST:] or [stem])]


def safe_name(text: str, *, fallback: str) -> str:
    """A part of a path: as it is where that does no harm in any folder, else letters and digits of it.

    The same file's name gives the same name again, for that is how a correction takes the place of what it corrects.

    Examples
    --------
    >>> safe_name("2026-09 Тула", fallback="x"), safe_name("con", fallback="x"), safe_name("..", fallback="x")
    ('2026-09 Тула', 'file_con', 'x')
    """
    plain = unicodedata.normalize("NFC", text).strip(" .")
    device = plain.split(".")[0].strip().casefold() in _DEVICES
    if not device and _PLAIN.fullmatch(plain) and len(plain) <= LONGEST_NAME and len(plain.encode()) <= LONGEST_BYTES:
        return plain
    short = slug(plain)
    if short == "_":
        return fallback
    if short in _DEVICES:
        return f"file_{short}"
    if slug(plain, len(short) + 1) != short:
        # what was cut away is what tells such names apart
        short = f"{short[:40]}_{hashlib.sha256(plain.encode()).hexdigest()[:8]}"
    return short


def suffix_of(filename: str) -> str:
    """The ending, with its dot and in lower case; empty where it is none that a file has."""
    suffix = f".{filename.rpartition('.')[2]}".lower() if "." in filename else ""
    return suffix if _SUFFIX.fullmatch(suffix) else ""


def fits(place: Place, path: str) -> bool:
    """Whether the inbox would read a path under the place's contract."""
    product = place.contract.product
    of_product = [contract for contract in CONTRACTS if contract.product == product]
    ignored = any(is_ignored(part) for part in path.split("/"))
    return not ignored and contract_for(path, of_product) is place.contract


def accepted_suffixes(place: Place) -> tuple[str, ...]:
    """Endings that files of a place may have; empty where the format is another program's."""
    last = place.pattern.rpartition("/")[2]
    if not last.endswith("*"):
        return (f".{last.rpartition('.')[2]}",)
    return () if place.contract.reader is not None else SUFFIXES
