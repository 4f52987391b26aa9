"""dbt: the manifest that assets are made from, and running a product's models under that product's lock."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, DbtCliResource, DbtProject
from filelock import FileLock
from packaging.version import Version
from typing_extensions import override

from resources.table_assets import OWNERS
from resources.warehouse import WarehouseResource
from vitrina.dictionary import DataDictionary
from vitrina.errors import SettingsError
from vitrina.warehouse import FileLocation, Location

PROJECT_FOLDER = Path(__file__).parents[1] / "dbt_project"
PROJECT = DbtProject(PROJECT_FOLDER, profiles_dir=PROJECT_FOLDER)
DBT = str(Path(sys.executable).with_name("dbt"))
"""The program of this environment, whether or not its folder is on the PATH."""


class InstalledDbt(DbtCliResource):
    """dbt of this environment, which need not be asked for its version."""

    @cached_property
    def _cli_version(self) -> Version:
        """As the package says: to ask the program takes three seconds before every step."""
        return Version(version("dbt-core"))


def manifest_path() -> Path:
    """The manifest, parsed anew when any file of the project is newer."""
    manifest = PROJECT.manifest_path
    manifest.parent.mkdir(exist_ok=True)
    sources = [path for folder in ("models", "macros", "tests") for path in (PROJECT_FOLDER / folder).rglob("*") if path.is_file()]
    newest = max(path.stat().st_mtime for path in [*sources, PROJECT_FOLDER / "dbt_project.yml"])
    # asked inside the lock: another process may be half way through writing it
    with FileLock(manifest.parent / ".parse.lock"):
        if not manifest.exists() or manifest.stat().st_mtime < newest:
            command = [DBT, "parse", "--quiet", "--project-dir", str(PROJECT_FOLDER), "--profiles-dir", str(PROJECT_FOLDER)]
            subprocess.run(command, check=True)
            manifest.touch()
    return manifest


class ProductTranslator(DagsterDbtTranslator):
    """Models are named, grouped and owned as the Python assets of their product are."""

    def __init__(self) -> None:
        super().__init__(DagsterDbtTranslatorSettings(enable_code_references=True, enable_source_tests_as_checks=False))

    @override
    def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None) -> dg.AssetSpec:
        spec = super().get_asset_spec(manifest, unique_id, project)
        properties = manifest["nodes"].get(unique_id) or manifest["sources"][unique_id]
        product = _product_of(properties)
        if properties["resource_type"] != "model":
            return spec
        return spec.replace_attributes(
            key=dg.AssetKey([product, properties["name"]]),
            group_name=product,
            owners=[OWNERS[product]],
            kinds={"dbt", "duckdb"},
            description=_description(properties),
            tags={"product": product},
        )


def _product_of(properties: Mapping[str, Any]) -> str:
    """The folder below `models`: products do not share models."""
    return str(properties["fqn"][1])


def _description(properties: Mapping[str, Any]) -> str:
    """The model's own description; dagster-dbt would add the whole SQL, which code references show better."""
    return " ".join(str(properties["description"]).split())


def published_models(manifest: Mapping[str, Any], product: str) -> dict[str, Mapping[str, Any]]:
    """Models of a product that its published file holds: name → node."""
    return {
        node["name"]: node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and _product_of(node) == product and node["config"].get("meta", {}).get("published")
    }


def model_dictionary(models: Mapping[str, Mapping[str, Any]]) -> pl.DataFrame:
    """Rows of `DataDictionary` for models, from their contracts."""
    rows = [
        {
            "table_name": name,
            "column_name": column["name"],
            "type": str(column["data_type"]).upper(),
            "unit": str(column.get("meta", {}).get("unit", "")),
            "meaning": column["description"],
            "nullable": True,
            "is_key": False,
            "personal": bool(column.get("meta", {}).get("personal", False)),
            "bounds": "",
        }
        for name, model in models.items()
        for column in model["columns"].values()
    ]
    return DataDictionary.check(pl.DataFrame(rows, schema=DataDictionary.polars_schema()))


def dbt_variables(location: Location, product: str) -> dict[str, str]:
    """Environment variables through which the profile finds the file that the Python side opens."""
    if not isinstance(location, FileLocation):
        raise SettingsError(
            f"dbt has no profile for {location} yet.",
            "Use a folder of DuckDB files: leave VITRINA_WAREHOUSE empty or name a folder.",
        )
    return {f"VITRINA_DBT_{product.upper()}": str(location.path)}


def run_models(context: dg.AssetExecutionContext, dbt: DbtCliResource, warehouse: WarehouseResource, product: str) -> Iterator[Any]:
    """Build the selected models and run their tests, holding the product's lock until dbt has let go of the file.

    Yields
    ------
    Dagster events: materializations with row counts and column lineage, and check results.
    """
    tables = warehouse.of(product)
    os.environ.update(dbt_variables(tables.location, product))
    with tables.locked():
        try:
            # of the resource, too: row counts are fetched under its target
            targeted = dbt.model_copy(update={"target": product})
            # one folder per product, so that dbt parses only what has changed
            target = warehouse.settings.data / "dbt" / product
            yield from (
                targeted.cli(["build"], context=context, target_path=target).stream().fetch_row_counts().fetch_column_metadata()
            )
        finally:
            _release_connections()


def _release_connections() -> None:
    """Close what the metadata fetch leaves open in this process; any other connection would fail until it ends."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager  # noqa: PLC0415  # slow to import
    from dbt.adapters.factory import FACTORY  # noqa: PLC0415  # slow to import

    for adapter in FACTORY.adapters.values():
        adapter.cleanup_connections()  # type: ignore[attr-defined]  # every SQL adapter has it, the protocol does not say so
    DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]  # dbt is partly typed
    FACTORY.reset_adapters()  # type: ignore[no-untyped-call]  # dbt is partly typed
