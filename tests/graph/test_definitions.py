"""Loading the graph, its layers, and the one place that dbt and Python share."""

import json
import subprocess
import sys
from pathlib import Path

import dagster as dg
import duckdb
import yaml

from resources.dbt import PROJECT_FOLDER, dbt_variables
from tests.support import ROOT, python
from vitrina.cli.launch import environment
from vitrina.settings import Settings
from vitrina.warehouse import Warehouse, locate

PROGRAMS = Path(sys.executable).parent


def test_definitions_load_without_a_warning_and_without_heavy_libraries(tmp_path):
    code = (
        "import definitions, sys; definitions.defs.resolve_asset_graph(); "
        "print(sorted({'torch', 'ultralytics', 'sklearn', 'altair'} & set(sys.modules)))"
    )
    loaded = python("-c", code, env={"VITRINA_DATA": str(tmp_path)})
    assert loaded.returncode == 0, loaded.stderr
    assert loaded.stderr == ""
    assert loaded.stdout.strip() == "[]"


def test_the_layers_hold():
    checked = subprocess.run([PROGRAMS / "lint-imports"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


def test_dbt_and_python_open_the_same_file_with_the_same_time_zone(tmp_path, monkeypatch):
    settings = Settings(data=tmp_path)
    warehouse = Warehouse(locate(settings, "stores"))
    with warehouse.write() as connection:
        connection.execute("CREATE TABLE written_by_python AS SELECT 42 AS answer")
    for name, value in dbt_variables(warehouse.location, "stores").items():
        monkeypatch.setenv(name, value)
    show = [
        "show",
        "--quiet",
        "--project-dir",
        str(PROJECT_FOLDER),
        "--profiles-dir",
        str(PROJECT_FOLDER),
        "--target-path",
        str(tmp_path / "target"),
        "--log-path",
        str(tmp_path / "logs"),
        "--output",
        "json",
        "--inline",
        "select answer, current_setting('TimeZone') as zone, current_database() as file from written_by_python",
    ]
    shown = subprocess.run([PROGRAMS / "dbt", *show], cwd=ROOT, capture_output=True, text=True, check=False)
    assert shown.returncode == 0, shown.stdout
    row = json.loads(shown.stdout[shown.stdout.index("{") :])["show"][0]
    assert row == {"answer": 42, "zone": "UTC", "file": "stores"}


def test_dbt_has_a_target_for_every_product_that_has_models():
    profile = yaml.safe_load((PROJECT_FOLDER / "profiles.yml").read_text(encoding="utf-8"))
    products = {folder.name for folder in (PROJECT_FOLDER / "models").iterdir() if folder.is_dir()}
    assert set(profile["vitrina"]["outputs"]) == products
    for product in products:
        assert f"VITRINA_DBT_{product.upper()}" in profile["vitrina"]["outputs"][product]["path"]


def test_dagster_reads_the_repositorys_configuration_and_keeps_its_state_in_the_data_folder(tmp_path, monkeypatch):
    for name, value in environment(Settings(data=tmp_path)).items():
        monkeypatch.setenv(name, value)
    with dg.DagsterInstance.get() as instance:
        assert not instance.telemetry_enabled
        assert instance.run_monitoring_enabled
        assert instance.get_concurrency_config().pool_config.default_pool_limit == 1
        assert any(path.suffix == ".db" for path in (tmp_path / "dagster").rglob("*"))


def test_the_versions_of_duckdb_in_dbt_and_python_are_one():
    assert duckdb.__version__ == "1.5.5"
