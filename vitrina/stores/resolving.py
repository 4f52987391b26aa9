"""What a decision names, found in the published version: requests, stores and clusters, or the closest to what was given."""

from __future__ import annotations

import datetime as dt
import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from vitrina.stores.deciding import DecisionError
from vitrina.stores.quarters import add_months

_BY_NUMBER = re.compile(r"([0-9]{4})-?[qQ]([1-4])")
_ASSIGNMENTS = """
    SELECT quarter, store_id, version, cluster, name, next_cluster, margin, nearest_store_id FROM model_assignments
    WHERE version = coalesce($version, version)
    QUALIFY quarter = max(quarter) OVER ()
    ORDER BY store_id
"""
_VERSIONS = """
    SELECT version FROM cluster_models
    WHERE scenario_id = $scenario_id AND version NOT IN (
        SELECT version FROM cluster_decisions WHERE kind = 'reject' AND outcome = 'in force' AND version IS NOT NULL
    )
    ORDER BY version
"""


@dataclass(frozen=True)
class Request:
    """The request that a quarter's clusters answer, and the fingerprint of the answer."""

    quarter: dt.date
    scenario_id: str
    scenario: str
    fingerprint: str


@dataclass(frozen=True)
class Assignment:
    """Where a store stands in the newest quarter that an approved version has scored.

    Attributes
    ----------
    quarter, store_id, version
        Which store, by which version.
    cluster, name
        Its cluster, moves by hand included; the name may be empty.
    next_cluster, margin
        The next-nearest cluster, and how much farther it is, in standard deviations.
    nearest_store_id
        The store that is most alike.
    """

    quarter: dt.date
    store_id: str
    version: int
    cluster: int
    name: str | None
    next_cluster: int | None
    margin: float | None
    nearest_store_id: str | None


def request_of(connection: duckdb.DuckDBPyConnection, quarter: str) -> Request:
    """The request of a quarter.

    Parameters
    ----------
    connection
        The published version.
    quarter
        ``2024-01-01`` or ``2024-Q1``.

    Raises
    ------
    DecisionError
        The quarter has no clusters; the message names the closest that has.
    """
    found = _rows(connection, "SELECT quarter, scenario_id, scenario, fingerprint FROM cluster_scenarios ORDER BY quarter", {})
    requests = {row[0]: Request(*row) for row in found}
    if not requests:
        raise DecisionError("No quarter has clusters yet.", "Deliver sales of a whole quarter, then `make run`.")
    wanted = day_of(quarter)
    if wanted not in requests:
        closest = min(requests, key=lambda known: abs(known - wanted))
        raise DecisionError(f"The quarter {wanted} has no clusters.", f"The closest that has is {closest}.")
    return requests[wanted]


def versions_of(connection: duckdb.DuckDBPyConnection, request: Request) -> tuple[int, ...]:
    """The versions that were approved with a request and that nobody has withdrawn, by rising number.

    Parameters
    ----------
    connection
        The published version; one from before approved models has none.
    request
        The request, of whatever quarter.
    """
    try:
        found = connection.execute(_VERSIONS, {"scenario_id": request.scenario_id}).fetchall()
    except duckdb.CatalogException:
        return ()
    return tuple(row[0] for row in found)


def assignments(connection: duckdb.DuckDBPyConnection, version: int | None = None) -> tuple[Assignment, ...]:
    """Where every store stands in the newest quarter of an approved version.

    Parameters
    ----------
    connection
        The published version.
    version
        The approved version; without it that of the newest quarter.

    Raises
    ------
    DecisionError
        There is no such version, or none at all.
    """
    found = tuple(Assignment(*row) for row in _rows(connection, _ASSIGNMENTS, {"version": version}))
    if found:
        return found
    known = [row[0] for row in _rows(connection, "SELECT DISTINCT version FROM model_assignments ORDER BY version", {})]
    if version is None or not known:
        raise _nothing_approved()
    closest = min(known, key=lambda other: abs(other - version))
    raise DecisionError(f"There is no approved version {version}.", f"The closest is {closest}.")


def store_of(stores: Sequence[Assignment], store_id: str) -> Assignment:
    """Where one store stands.

    Raises
    ------
    DecisionError
        No store has this identifier; the message names the closest.
    """
    known = {store.store_id: store for store in stores}
    if store_id in known:
        return known[store_id]
    raise DecisionError(f"The store {store_id!r} is in no cluster of version {stores[0].version}.", _closest(store_id, list(known)))


def cluster_of(stores: Sequence[Assignment], cluster: str) -> int:
    """The number of a cluster that is given by its number or by its present name.

    Raises
    ------
    DecisionError
        There is no such cluster, or several of this name; the message names the closest.
    """
    named = names_of(stores)
    if cluster.isdecimal() and int(cluster) in named:
        return int(cluster)
    same = [number for number, name in named.items() if name and name.casefold() == cluster.strip().casefold()]
    if len(same) == 1:
        return same[0]
    if same:
        raise DecisionError(f"{len(same)} clusters are called {cluster!r}.", f"Give the number: {', '.join(map(str, same))}.")
    if cluster.isdecimal():
        closest = min(named, key=lambda number: abs(number - int(cluster)))
        raise DecisionError(f"There is no cluster {cluster}.", f"The closest is {closest}; there are {', '.join(map(str, named))}.")
    spelled = [*(name for name in named.values() if name), *map(str, named)]
    raise DecisionError(f"There is no cluster {cluster!r}.", _closest(cluster, spelled))


def names_of(stores: Sequence[Assignment]) -> dict[int, str]:
    """Every cluster that some store is in or near to, by number, with its name where a store is in it."""
    numbers = {store.cluster for store in stores} | {store.next_cluster for store in stores if store.next_cluster is not None}
    names = {store.cluster: store.name or "" for store in stores}
    return {number: names.get(number, "") for number in sorted(numbers)}


def _rows(connection: duckdb.DuckDBPyConnection, sql: str, parameters: Mapping[str, object]) -> list[tuple[Any, ...]]:
    try:
        return connection.execute(sql, parameters).fetchall()
    except duckdb.CatalogException as error:
        raise _nothing_approved() from error
    except duckdb.BinderException as error:
        raise DecisionError(
            "The published version was made by an older Vitrina: it does not say what people saw.",
            "Bring it up to date: `vitrina migrate stores`, then `make run`.",
        ) from error


def _nothing_approved() -> DecisionError:
    return DecisionError(
        "No request has been approved yet, so there are no clusters to decide about.",
        "Approve a request first: `vitrina stores approve QUARTER --reason …`, then `make run`.",
    )


def day_of(quarter: str) -> dt.date:
    """First day of the quarter that somebody wrote as ``2024-01-01`` or ``2024-Q1``.

    Raises
    ------
    DecisionError
        It is neither.
    """
    if by_number := _BY_NUMBER.fullmatch(quarter.strip()):
        return add_months(dt.date(int(by_number[1]), 1, 1), 3 * (int(by_number[2]) - 1))
    try:
        return dt.date.fromisoformat(quarter.strip())
    except ValueError:
        raise DecisionError(f"{quarter!r} is no quarter.", "Write it as 2024-01-01 or 2024-Q1.") from None


def _closest(given: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(given, known, n=1, cutoff=0)
    return f"The closest is {close[0]!r}."
