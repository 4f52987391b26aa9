"""What tests of several folders share: a place of its own to run the graph in, and programs of this environment."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import dagster as dg

from vitrina.inbox.ledger import Ledger
from vitrina.publication import open_published
from vitrina.runs import covering
from vitrina.settings import Settings

ROOT = Path(__file__).parents[1]


@dataclass
class Place:
    """A data folder, an inbox, and a Dagster instance of their own."""

    settings: Settings
    instance: dg.DagsterInstance

    @property
    def overrides(self) -> dict[str, str]:
        return {
            "data": str(self.settings.data),
            "inbox": str(self.settings.inbox_folder),
            "marketplace_search_s": str(self.settings.marketplace_search_s),
        }

    def definitions(self, resources: Mapping[str, object] | None = None) -> dg.Definitions:
        from definitions import build_definitions  # noqa: PLC0415  # loading it parses dbt: only tests that need the graph pay

        return build_definitions(self.overrides, resources)

    def execute(self, job: str, *, tags: Mapping[str, str] | None = None, raise_on_error: bool = True, **more):
        resolved = self.definitions().resolve_job_def(job)
        return resolved.execute_in_process(instance=self.instance, tags=dict(tags or {}), raise_on_error=raise_on_error, **more)

    def refresh(self, product: str = "stores", *, raise_on_error: bool = True, **more):
        stale = [period for period, _ in Ledger(self.settings.ledger).stale(product)]
        assert stale, "no period is stale"
        return self.execute(f"{product}_refresh", tags=covering(min(stale), max(stale)), raise_on_error=raise_on_error, **more)


def make_place(folder: Path) -> Place:
    """A place in an empty folder; its instance keeps everything in memory or below the folder."""
    settings = Settings(data=folder / "data", inbox=str(folder / "inbox"), marketplace_search_s=5)
    (folder / "instance").mkdir(parents=True)
    return Place(settings, dg.DagsterInstance.local_temp(str(folder / "instance"), overrides={"telemetry": {"enabled": False}}))


def python(*arguments: str, env: Mapping[str, str] | None = None, timeout: float = 300) -> subprocess.CompletedProcess[str]:
    """Run a program of this environment in the repository's root."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def published(settings: Settings, sql: str, product: str = "stores") -> list[tuple]:
    """What readers of the published version see."""
    connection = open_published(settings, product)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()
