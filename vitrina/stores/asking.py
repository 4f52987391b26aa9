"""One request answered on what was published: within seconds, and without touching the warehouse."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import duckdb
import polars as pl

from vitrina.array_cache import NO_CACHE, ArrayCache
from vitrina.errors import ScenarioError
from vitrina.stores.approved_model import ClusterModel
from vitrina.stores.clustering import Clustering, cluster_stores
from vitrina.stores.scenario import Scenario

MAX_REQUEST = 100_000
"""Characters of a request; more is no request."""

_OLDER = "The published version was made by an older Vitrina.", "Bring it up to date: `vitrina migrate stores`, then `make run`."
_MODEL = """
    SELECT * FROM cluster_models WHERE version = (SELECT max(version) FROM model_assignments WHERE quarter = ?)
"""


def read_request(text: str) -> Scenario:
    """A request from JSON, or from a file that holds it.

    Parameters
    ----------
    text
        ``{"n_clusters": 5}``, or the path of a file.

    Raises
    ------
    ScenarioError
        It is neither.
    """
    if text.lstrip().startswith("{"):
        return Scenario.from_json(text)
    path = Path(text)
    try:
        with path.open(encoding="utf-8") as file:
            content = file.read(MAX_REQUEST + 1)
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise ScenarioError(
            f"{text!r} is neither a JSON object nor a readable file.", 'Write {"n_clusters": 5}, or name a file that holds that.'
        ) from error
    if len(content) > MAX_REQUEST:
        raise ScenarioError(f"{path} has more than {MAX_REQUEST} characters.", "A request is a small JSON object.")
    return Scenario.from_json(content)


def ask(connection: duckdb.DuckDBPyConnection, quarter: dt.date, scenario: Scenario, cache: ArrayCache = NO_CACHE) -> Clustering:
    """Cluster a published quarter as a request says.

    Parameters
    ----------
    connection
        The published version.
    quarter
        First day of the quarter.
    scenario
        The request.
    cache
        Where trees and measures are kept: a request that differs only in the number of clusters finds them there.

    Raises
    ------
    ScenarioError
        The quarter has no features, or the request cannot be answered with them.
    """
    return cluster_stores(*published_features(connection, quarter), scenario, cache)


def published_features(connection: duckdb.DuckDBPyConnection, quarter: dt.date) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows of `StoreFeatures` and of `FeatureCatalogue` of a published quarter, over every window.

    Parameters
    ----------
    connection
        The published version.
    quarter
        First day of the quarter.

    Raises
    ------
    ScenarioError
        The quarter has no features.
    """
    known = [row[0] for row in connection.execute("SELECT DISTINCT quarter FROM store_features ORDER BY quarter").fetchall()]
    if quarter not in known:
        raise ScenarioError(
            f"{quarter} has no features: its sales are missing or not complete.",
            f"Choose one of {', '.join(map(str, known)) or 'the quarters that are delivered later'}.",
        )
    features, catalogue = (_of(connection, table, quarter) for table in ("store_features", "feature_catalogue"))
    if "window_quarters" not in features.columns:
        raise ScenarioError(*_OLDER)
    return features, catalogue


def model_in_force(connection: duckdb.DuckDBPyConnection, quarter: dt.date) -> ClusterModel:
    """The approved model of a published quarter.

    Raises
    ------
    ScenarioError
        None is in force then; the message names the first that is, and from when on.
    """
    try:
        found = connection.execute(_MODEL, [quarter]).pl()
    except duckdb.CatalogException as error:
        raise ScenarioError(*_OLDER) from error
    if found.is_empty():
        raise _without_model(connection, quarter)
    return ClusterModel.from_row(found.row(0, named=True))


def _without_model(connection: duckdb.DuckDBPyConnection, quarter: dt.date) -> ScenarioError:
    first = connection.execute(
        "SELECT version, quarter, max(quarter) OVER () FROM model_assignments ORDER BY quarter, version LIMIT 1"
    ).fetchone()
    if first is None:
        return ScenarioError("No model is approved yet.", "Approve a request first: `vitrina stores approve`, then `make run`.")
    version, since, last = first
    return ScenarioError(
        f"No approved model is in force in the quarter {quarter}.",
        f"Version {version} is in force from {since} on: choose a quarter from then to {last}.",
    )


def reports_in_force(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """The reports that are current: one row per published quarter and language."""
    return connection.execute("SELECT * FROM cluster_report").pl()


def describe_request(scenario: Scenario) -> str:
    """What a request says where it differs from the usual one, as JSON."""
    usual, asked = json.loads(Scenario().to_json()), json.loads(scenario.to_json())
    return json.dumps({name: value for name, value in asked.items() if value != usual[name]}, ensure_ascii=False)


def _of(connection: duckdb.DuckDBPyConnection, table: str, quarter: dt.date) -> pl.DataFrame:
    return connection.execute(f"SELECT * FROM {table} WHERE quarter = ?", [quarter]).pl()  # noqa: S608  # one of two names above
