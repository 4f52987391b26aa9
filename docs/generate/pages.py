"""Reference pages, each a function that returns Markdown; everything in them comes from the code's own declarations."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import typer

from vitrina.catalogue import CONTRACTS, PRODUCTS_WITH_ASSETS, tables_of
from vitrina.cli.app import app
from vitrina.dictionary import DataDictionary
from vitrina.inbox.contract import Contract
from vitrina.publication.tables import PublishedTables, PublishedVersion
from vitrina.settings import Settings
from vitrina.tables import Column, Table

ROOT = Path(__file__).parents[2]

_FOLDERS = {"staging": "Staging", "features": "Features in SQL", "marts": "Marts"}


def settings_page() -> str:
    """Every setting: variable, type, default, meaning."""
    rows = []
    for name, field in Settings.model_fields.items():
        schema = Settings.model_json_schema()["properties"][name]
        rows.append((f"`VITRINA_{name.upper()}`", _type_of(schema), f"`{_default_of(field.default)}`", field.description or ""))
    return "\n\n".join(
        [
            "# Settings",
            (
                "Every knob is an environment variable, or a line of a file `.env` in the repository's root, where commands are started. "
                "The options `--data` and `--inbox` of a command win over both."
            ),
            _table(("Variable", "Type", "Default", "Meaning"), rows),
        ]
    )


def inbox_page() -> str:
    """A template per file of the inbox."""
    parts = [
        "# Files of the inbox",
        (
            "One template per kind of file. Capitals in column names do not matter; the order of columns does not either. "
            "How to deliver, and what happens to a file that does not fit: [For suppliers of files](../how-to/supplier-of-files.md)."
        ),
    ]
    for product in PRODUCTS_WITH_ASSETS:
        parts.append(f"## {product}")
        parts += [part for contract in CONTRACTS if contract.product == product for part in _contract(contract)]
    return "\n\n".join(parts)


def tables_page(manifest: Mapping[str, Any]) -> str:
    """Every table: those that Python declares, the SQL models, and what travels inside a published file.

    Parameters
    ----------
    manifest
        dbt's manifest.
    """
    parts = [
        "# Tables",
        "*Published* tables are in `published/<product>.duckdb`; the others stay in the warehouse, which people do not open.",
    ]
    for product in PRODUCTS_WITH_ASSETS:
        parts.append(f"## {product}: tables that Python makes")
        parts += [part for table in tables_of(product) for part in _declared_table(table)]
        for folder, title in _FOLDERS.items():
            models = _models(manifest, product, folder)
            parts += [f"## {product}: {title}"] * bool(models)
            parts += [part for model in models for part in _model(model)]
    parts += ["## Inside every published file"]
    parts += [part for table in (PublishedVersion, PublishedTables, DataDictionary) for part in _declared_table(table)]
    return "\n\n".join(parts)


def assets_page(definitions: dg.Definitions) -> str:
    """Every asset of the graph, with what it is made from and its checks; jobs, sensors and schedules."""
    graph = definitions.resolve_asset_graph()
    repository = definitions.get_repository_def()
    jobs = [(f"`{job.name}`", job.description or "") for job in repository.get_all_jobs() if not job.name.startswith("__")]
    sensors = [(f"`{sensor.name}`", sensor.description or "") for sensor in repository.sensor_defs]
    schedules = [(f"`{found.name}`", f"`{found.cron_schedule}`", found.description or "") for found in repository.schedule_defs]
    parts = [
        "# Assets",
        "![The asset graph](../pictures/graph.svg)",
        "An arrow that follows from others is left out of the picture. Columns of each table: [Tables](tables.md).",
        "## Jobs",
        _table(("Job", "What it does"), jobs),
        "## Sensors",
        _table(("Sensor", "What it does"), sensors),
        "## Schedules",
        _table(("Schedule", "Cron, UTC", "What it does"), schedules),
    ]
    for product in PRODUCTS_WITH_ASSETS:
        keys = sorted(key for key in graph.get_all_asset_keys() if key.path[0] == product)
        parts += [f"## Assets of {product}", *(part for key in keys for part in _asset(key, graph.get(key)))]
    return "\n\n".join(parts)


def command_line_page() -> str:
    """Every command of `vitrina`, and every target of the Makefile."""
    targets = re.findall(r"^([a-z]+):.*?## (.+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    parts = [
        "# Command line",
        "`make` targets install the environment first and then call one command. Without them: `.venv/bin/vitrina …`.",
        _table(("`make` target", "What it does"), [(f"`make {name}`", meaning.replace("[", "\\[")) for name, meaning in targets]),
    ]
    for name, command in commands().items():
        rows = [(f"`{_spelled(found)}`", getattr(found, "help", "") or "", _default_of(found.default)) for found in command.params]
        parts += [f"## vitrina {name}", command.help or "", _table(("Argument or option", "Meaning", "Default"), rows)]
    return "\n\n".join(parts)


def commands() -> dict[str, Any]:
    """Commands by name, as Click knows them."""
    group: Any = typer.main.get_command(app)
    return {
        spelled: found
        for name, command in group.commands.items()
        for spelled, found in (
            [(f"{name} {inner}", below) for inner, below in command.commands.items()]
            if hasattr(command, "commands")
            else [(name, command)]
        )
    }


def _spelled(parameter: Any) -> str:
    return str(parameter.name).upper() if parameter.param_type_name == "argument" else ", ".join(parameter.opts)


def _asset(key: dg.AssetKey, node: Any) -> list[str]:
    parents = _listed(parent.path[-1] for parent in sorted(node.parent_keys))
    facts = [
        f"Made from: {parents or 'files of the inbox'}.",
        f"Kinds: {', '.join(sorted(node.kinds or ()))}.",
        f"Partitions: {'one per period' if node.is_partitioned else 'none'}.",
        f"Checks: {_listed(sorted(check.name for check in node.check_keys)) or 'none'}.",
    ]
    return [f"### {key.to_user_string()}", node.description or "", "\n".join(f"- {fact}" for fact in facts)]


def _contract(contract: Contract) -> list[str]:
    facts = [f"Where: {' or '.join(f'`{contract.product}/{pattern}`' for pattern in contract.patterns)} in the inbox."]
    key = [field.source for name in contract.natural_key for field in contract.fields if field.column == name]
    facts.append(f"Rows with the same {_listed(key)} replace one another: the later delivery wins.")
    if contract.unique_in_file:
        facts.append("In one file each of these may stand once.")
    facts += [f"Each `{found.column}` must be known from `{found.pattern}`." for found in contract.references]
    rows = [
        (
            f"`{row.column}`" if row.column in {field.source for field in contract.fields} else row.column,
            "yes" if row.required else "no",
            row.type,
            row.unit,
            row.meaning,
            f"`{row.example}`",
        )
        for row in contract.template()
    ]
    return [
        f"### {contract.name}",
        "\n".join(f"- {fact}" for fact in facts),
        _table(("Column", "Required", "Type", "Unit", "Meaning", "Example"), rows),
    ]


def _declared_table(table: type[Table]) -> list[str]:
    facts = [f"key: {_listed(table.key())}"] * bool(table.key())
    facts += [f"partitioned by `{table.partition_column()}`"] * bool(table.partition_column())
    facts += ["published"] * table.is_published()
    facts += [f"personal data in {_listed(table.personal_columns())}"] * bool(table.personal_columns())
    rows = [_declared_row(declared) for declared in table.declared()]
    return [
        f"### {table.table_name()}",
        table.description(),
        *([f"*{'; '.join(facts)}*"] if facts else []),
        _table(("Column", "Type", "Unit", "May be empty", "Meaning", "Bounds"), rows),
    ]


def _declared_row(declared: Column) -> tuple[str, ...]:
    name = f"`{declared.name}` (open family)" if declared.is_family else f"`{declared.name}`"
    return (
        name,
        declared.duckdb_type,
        declared.unit,
        "yes" if declared.nullable else "no",
        declared.meaning,
        declared.bounds,
    )


def _models(manifest: Mapping[str, Any], product: str, folder: str) -> list[Mapping[str, Any]]:
    found = [
        node for node in manifest["nodes"].values() if node["resource_type"] == "model" and node["fqn"][1:3] == [product, folder]
    ]
    return sorted(found, key=lambda node: str(node["name"]))


def _model(model: Mapping[str, Any]) -> list[str]:
    facts = ["published"] * bool(model["config"].get("meta", {}).get("published"))
    facts += ["types are enforced by a contract"] * bool(model["config"].get("contract", {}).get("enforced"))
    rows = [
        (f"`{column['name']}`", str(column.get("data_type") or "").upper(), column["description"])
        for column in model["columns"].values()
    ]
    return [
        f"### {model['name']}",
        " ".join(str(model["description"]).split()),
        *([f"*{'; '.join(facts)}*"] if facts else []),
        _table(("Column", "Type", "Meaning"), rows),
    ]


def _type_of(schema: Mapping[str, Any]) -> str:
    if schema.get("type") == "array":
        items = schema.get("items", {})
        return f"list of {', '.join(items['enum'])}" if "enum" in items else "list"
    limits = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "maxLength": "at most characters:"}
    bounds = [f"{sign} {schema[name]:g}" for name, sign in limits.items() if name in schema]
    named = {"path": "folder", "date": "date"}.get(str(schema.get("format")), str(schema.get("type", "text")))
    words = {"string": "text", "integer": "whole number", "object": "JSON"}
    return ", ".join([words.get(named, named), *bounds])


def _default_of(default: object) -> str:
    """A default as people would write it: lists with commas, and objects as JSON, as an environment variable takes them."""
    if isinstance(default, dict):
        return json.dumps(default)
    if isinstance(default, tuple | list):
        return ",".join(map(str, default))
    if default is None or default is False or default == "" or "UNSET" in str(default).upper():
        return " "
    return str(default)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; columns in which no row has anything are left out."""
    cells = [[_cell(cell) for cell in row] for row in rows]
    kept = [place for place in range(len(header)) if any(row[place] for row in cells)]
    lines = [header, ["---"] * len(header), *cells]
    return "\n".join("| " + " | ".join(line[place] for place in kept) + " |" for line in lines)


def _cell(text: str) -> str:
    shown = " ".join(text.split()).replace("|", "\\|")
    return "" if shown in {"``", "` `"} else shown


def read_manifest(path: Path) -> dict[str, Any]:
    """Dbt's manifest."""
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content
