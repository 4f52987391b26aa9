"""One request answered on what was published: within seconds, and without touching the warehouse."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from vitrina.array_cache import NO_CACHE, ArrayCache
from vitrina.errors import ScenarioError
from vitrina.stores.approved_model import ClusterModel
from vitrina.stores.clustering import Clustering, cluster_stores
from vitrina.stores.scenario import Scenario

if TYPE_CHECKING:
    import duckdb

MAX_REQUEST = 100_000
"""Characters of a request; more is no request."""


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
    known = [row[0] for row in connection.execute("SELECT DISTINCT quarter FROM store_features ORDER BY quarter").fetchall()]
    if quarter not in known:
        raise ScenarioError(
            f"{quarter} has no features: its sales are missing or not complete.",
            f"Choose one of {', '.join(map(str, known)) or 'the quarters that are delivered later'}.",
        )
    features, catalogue = (_of(connection, table, quarter) for table in ("store_features", "feature_catalogue"))
    if "window_quarters" not in features.columns:
        raise ScenarioError(
            "The published version was made by an older Vitrina.", "Bring it up to date: `vitrina migrate stores`, then `make run`."
        )
    return cluster_stores(features, catalogue, scenario, cache)


def model_in_force(connection: duckdb.DuckDBPyConnection, quarter: dt.date) -> ClusterModel:
    """The approved model of a published quarter.

    Raises
    ------
    ScenarioError
        None is approved.
    """
    found = connection.execute(
        """
        SELECT * FROM cluster_models
        WHERE version = (SELECT max(version) FROM model_assignments WHERE quarter = ?)
        """,
        [quarter],
    ).pl()
    if found.is_empty():
        raise ScenarioError(f"No model is approved for {quarter}.", "Approve a request first: `vitrina stores approve`.")
    return ClusterModel.from_row(found.row(0, named=True))


def assign_new_stores(model: ClusterModel, described: pl.DataFrame) -> pl.DataFrame:
    """Assign stores that a file describes, such as planned ones; what it leaves out takes the model's median.

    Parameters
    ----------
    model
        The approved model.
    described
        ``store_id``, and any of the model's features in their own units, under their names in the catalogue.

    Returns
    -------
    polars.DataFrame
        As `ClusterModel.assign`.

    Raises
    ------
    ScenarioError
        There is no ``store_id``, an identifier is repeated, no feature of the model is there, or a value is no number.
    """
    if "store_id" not in described.columns:
        raise ScenarioError("The file has no column store_id.", "Name each store in a column store_id.")
    stores = described.with_columns(pl.col("store_id").cast(pl.String))
    if stores.get_column("store_id").null_count() or stores.get_column("store_id").is_duplicated().any():
        raise ScenarioError("A store_id is empty or stands there twice.", "Give every store one row and an identifier of its own.")
    known = [name for name in model.features if name in stores.columns]
    if not known:
        raise ScenarioError("The file has none of the model's features.", f"Give at least one of {', '.join(model.features)}.")
    numbers = stores.select("store_id", *(pl.col(name).cast(pl.Float64, strict=False) for name in known))
    lost = [name for name in known if numbers.get_column(name).null_count() > stores.get_column(name).null_count()]
    if lost:
        raise ScenarioError(f"{', '.join(lost)}: some values are no numbers.", "Write plain numbers with a decimal point.")
    return model.assign(numbers.sort("store_id"))


def read_table(path: Path) -> pl.DataFrame:
    """A CSV file that describes stores, every value as text until it is asked for as a number.

    Raises
    ------
    ScenarioError
        The file cannot be read as CSV, or has no rows.
    """
    try:
        table = pl.read_csv(path, infer_schema=False)
    except (OSError, pl.exceptions.PolarsError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{path} cannot be read as CSV: {error}.", "Save it as CSV with commas, in UTF-8.") from error
    if table.is_empty():
        raise ScenarioError(f"{path} has no rows.", "Give every store a row.")
    return table


def reports_in_force(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """The reports that are current: one row per published quarter and language."""
    return connection.execute("SELECT * FROM cluster_report").pl()


def describe_request(scenario: Scenario) -> str:
    """What a request says where it differs from the usual one, as JSON."""
    usual, asked = json.loads(Scenario().to_json()), json.loads(scenario.to_json())
    return json.dumps({name: value for name, value in asked.items() if value != usual[name]}, ensure_ascii=False)


def _of(connection: duckdb.DuckDBPyConnection, table: str, quarter: dt.date) -> pl.DataFrame:
    return connection.execute(f"SELECT * FROM {table} WHERE quarter = ?", [quarter]).pl()  # noqa: S608  # one of two names above
