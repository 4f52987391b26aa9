"""What the workbench's processes do: answer a request, write its workbook, compare two groupings."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from serving.stores.answers import Question, answers_folder, forget_oldest, keep
from vitrina.array_cache import ArrayCache, Arrays
from vitrina.errors import VitrinaError
from vitrina.files import write_atomically
from vitrina.publication.versions import version_file
from vitrina.settings import Locale, Settings
from vitrina.stores.asking import published_features
from vitrina.stores.clustering import cluster_stores
from vitrina.stores.findings import Findings
from vitrina.stores.network import snapshot
from vitrina.stores.scenario import Scenario

PRODUCT = "stores"
STAGES = ("reading", "tree", "measuring", "describing", "writing")
"""What a task tells of itself, in this order."""

STORES_AT_HAND = 20_000
"""Of clusterings that a process keeps: whoever has just seen one downloads its workbook next, and so do those who asked meanwhile."""

MOST_VERSIONS = 4
"""Published quarters that a process keeps."""

Tell = Callable[[str], None]


class VersionGoneError(VitrinaError):
    """A published version that something was asked of is not kept any more."""


@dataclass(frozen=True)
class Origin:
    """Who asked for a workbook's clusters, and when they were there."""

    made_by: str
    made_at: dt.datetime

    @property
    def key(self) -> str:
        """Sixteen hexadecimal digits."""
        return hashlib.sha256(f"{self.made_at.isoformat()} {self.made_by}".encode()).hexdigest()[:16]


def _nobody(_: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class _ToldCache(ArrayCache):
    """The cache of trees and measures; it says which of them is being computed."""

    tell: Tell = _nobody

    def get(self, key: str, names: Collection[str], make: Callable[[], Arrays]) -> Arrays:
        for stage, array in (("tree", "linkage"), ("measuring", "sample_size")):
            if array in names:
                self.tell(stage)
        return super().get(key, names, make)


def prepare() -> None:
    """Load what tasks need, by doing everything once in the small: the first person need not wait for it."""
    from serving.stores.rehearsal import rehearse  # noqa: PLC0415  # loads all libraries

    rehearse()


def answer(tell: Tell, settings: Settings, question: Question) -> str:
    """Answer a question, keep the answer, and return the fingerprint of its clusters."""
    from serving.stores.describing import describe  # noqa: PLC0415  # with Altair, which is loaded beforehand

    found = _found(tell, settings, question)
    tell("describing")
    made = describe(found)
    keep(settings, question, made)
    return made.fingerprint


def workbook(tell: Tell, settings: Settings, question: Question, locale: Locale, origin: Origin) -> Path:
    """Write the workbook of a question's answer, and return where it lies."""
    from vitrina.stores.report import Provenance, report_bytes  # noqa: PLC0415  # loaded beforehand
    from vitrina.stores.report.staleness import ASKED  # noqa: PLC0415  # as above

    found = _found(tell, settings, question)
    tell("writing")
    provenance = Provenance(
        run_id=f"{ASKED}{found.clustering.fingerprint}",
        snapshot=_snapshot(version_file(settings, PRODUCT, question.version)),
        made_at=origin.made_at,
        made_by=origin.made_by,
        code_version=installed_version("vitrina"),
    )
    path = workbook_path(settings, question, locale, origin)
    write_atomically(path, report_bytes(found.clustering, provenance, locale=locale, currency=settings.currency, findings=found))
    forget_oldest(answers_folder(settings))
    return path


def workbook_path(settings: Settings, question: Question, locale: Locale, origin: Origin) -> Path:
    """Where a workbook lies once it is written: another origin, another file, for it stands in there."""
    return answers_folder(settings) / f"{question.key}-{locale}-{origin.key}.xlsx"


def compare(_: Tell, one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, Any]:
    """Two groupings beside each other: from store to cluster each.

    Returns
    -------
    dict
        ``agreement``, the adjusted Rand index or None; ``matches``, cluster of the second → cluster of the first that it
        shares most stores with, one to one, or None.
    """
    from vitrina.stores.matching import adjusted_rand, match_clusters  # noqa: PLC0415  # loaded beforehand

    first, second = (
        pl.DataFrame(
            {"store_id": list(known), "cluster": list(known.values())}, schema={"store_id": pl.String(), "cluster": pl.Int64()}
        )
        for known in (one, other)
    )
    matches = match_clusters(second, first).select("cluster", "matched_cluster").iter_rows()
    return {"agreement": adjusted_rand(first, second), "matches": dict(matches)}


_AT_HAND: OrderedDict[str, Findings] = OrderedDict()


def _found(tell: Tell, settings: Settings, question: Question) -> Findings:
    """The findings of a question, perhaps from a moment ago."""
    if question.key not in _AT_HAND:
        tell("reading")
        cache = _ToldCache(settings.cache / PRODUCT, tell=tell)
        features, catalogue = _features(version_file(settings, PRODUCT, question.version), question.quarter)
        clustering = cluster_stores(features, catalogue, Scenario.from_json(question.scenario), cache)
        _AT_HAND[question.key] = Findings(clustering, thorough=False)
        while len(_AT_HAND) > 1 and sum(found.clustering.stores.height for found in _AT_HAND.values()) > STORES_AT_HAND:
            _AT_HAND.popitem(last=False)
    return _AT_HAND[question.key]


@lru_cache(MOST_VERSIONS)
def _features(path: Path, quarter: dt.date) -> tuple[pl.DataFrame, pl.DataFrame]:
    connection = _opened(path)
    try:
        return published_features(connection, quarter)
    finally:
        connection.close()


@lru_cache(MOST_VERSIONS)
def _snapshot(path: Path) -> str:
    connection = _opened(path)
    try:
        return snapshot(connection)
    finally:
        connection.close()


def _opened(path: Path) -> duckdb.DuckDBPyConnection:
    try:
        connection = duckdb.connect(str(path), read_only=True, config={"threads": 1, "autoload_known_extensions": False})
    except duckdb.IOException as error:
        raise VersionGoneError("The published version that this was asked of is not kept any more.", "Ask again.") from error
    connection.execute("SET TimeZone = 'UTC'")
    return connection
