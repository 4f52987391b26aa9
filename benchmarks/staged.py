"""An inbox on its way to the staged tables, by the code that users run."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import polars as pl

from vitrina.catalogue import CONTRACTS
from vitrina.inbox.ingest import ingest
from vitrina.inbox.ledger import Ledger
from vitrina.marketplace.event_meanings import event_meanings, recommender_settings
from vitrina.marketplace.raw_tables import MarketplaceRefusedRows
from vitrina.marketplace.tables import EventMeanings, RecommenderSettings
from vitrina.propensity.periods import propensity_settings
from vitrina.propensity.raw_tables import PropensityRefusedRows
from vitrina.propensity.tables import PropensitySettings
from vitrina.settings import Settings
from vitrina.tables import Table
from vitrina.warehouse import FileLocation, Warehouse, locate, replace

ROOT = Path(__file__).parents[1]
REFUSED: Mapping[str, type[Table]] = {"marketplace": MarketplaceRefusedRows, "propensity": PropensityRefusedRows}
IN_FORCE: Mapping[str, Mapping[type[Table], Callable[[Settings], pl.DataFrame]]] = {
    "marketplace": {EventMeanings: event_meanings, RecommenderSettings: recommender_settings},
    "propensity": {PropensitySettings: propensity_settings},
}
"""Tables that SQL needs of the settings."""


def load(settings: Settings, product: str) -> Warehouse:
    """Load the inbox into a new warehouse, with what the settings make of it."""
    warehouse = Warehouse(locate(settings, product))
    ingest(
        product,
        [contract for contract in CONTRACTS if contract.product == product],
        settings=settings,
        warehouse=warehouse,
        ledger=Ledger(settings.ledger),
        now=dt.datetime.now(dt.UTC),
        refused_table=REFUSED[product],
    )
    with warehouse.write() as connection:
        for table, rows in IN_FORCE[product].items():
            replace(connection, table, rows(settings))
    return warehouse


def stage(warehouse: Warehouse, settings: Settings, product: str, folders: Sequence[str] = ("staging",)) -> None:
    """Build the staged tables and run their tests, in a process of dbt's own."""
    if not isinstance(warehouse.location, FileLocation):
        raise TypeError(f"{warehouse.location} is no file")
    project, target = ROOT / "dbt_project", settings.data / "dbt"
    target.mkdir(parents=True, exist_ok=True)
    parsed = project / "target" / "partial_parse.msgpack"
    if parsed.exists():
        # what the graph does, too: models that have not changed are not parsed again
        shutil.copy(parsed, target)
    command = [str(Path(sys.executable).with_name("dbt")), "--quiet", "build", "--target", product]
    command += ["--select", *(f"path:models/{product}/{folder}" for folder in folders)]
    command += ["--project-dir", str(project), "--profiles-dir", str(project)]
    command += ["--target-path", str(target), "--log-path", str(target)]
    environment = os.environ | {f"VITRINA_DBT_{product.upper()}": str(warehouse.location.path)}
    with warehouse.locked():
        subprocess.run(command, check=True, stdout=sys.stderr, env=environment)
