"""Starting Dagster and the simulation as programs of their own: the domain does not import them."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from vitrina.errors import SettingsError, VitrinaError, WarehouseBusyError
from vitrina.runs import LAUNCHED_TAG
from vitrina.settings import Settings

HOME = Path(__file__).parents[2]
"""The repository's root, where `dagster.yaml` and `definitions.py` lie."""


class RunFailedError(VitrinaError):
    """A program that was started has failed."""


def environment(settings: Settings) -> dict[str, str]:
    """The environment in which Dagster finds its configuration, and keeps its state with ours.

    Storage paths in `dagster.yaml` come from variables, for relative ones would resolve against the current folder.

    Raises
    ------
    SettingsError
        `dagster.yaml` is missing: Dagster would ignore it without a word, and have no limits.
    """
    if not (HOME / "dagster.yaml").exists():
        raise SettingsError(
            f"{HOME / 'dagster.yaml'} is missing.", "Run vitrina from a clone of the repository, after `make setup`."
        )
    storage = settings.data / "dagster"
    storage.mkdir(parents=True, exist_ok=True)
    if not settings.inbox:
        # ours to make, unlike a folder that people name: one that is not there must be told
        (settings.data / "inbox").mkdir(exist_ok=True)
    programs = Path(sys.executable).parent
    return {
        **os.environ,
        "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', '')}",
        "VIRTUAL_ENV": str(programs.parent),
        "DAGSTER_HOME": str(HOME),
        **_variables(settings),
        "VITRINA_DAGSTER_STORAGE": str(storage),
        "VITRINA_DAGSTER_LOGS": str(storage / "logs"),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
    }


@contextmanager
def alone(settings: Settings, product: str) -> Iterator[None]:
    """Be the only command line at work on a product, and end what a killed one has left behind.

    Raises
    ------
    WarehouseBusyError
        Another one is at work for longer than the bounded wait.
    """
    settings.data.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(settings.data / f".{product}.run.lock", timeout=settings.lock_timeout_s):
            unfinished = settings.data / f".{product}.unfinished"
            if unfinished.exists():
                run_module(settings, ["resources.interrupted_runs", product], log=settings.data / "logs" / "interrupted_runs.log")
            unfinished.touch()
            yield
            # after a failure it stays: the program that was killed may have been the one inside
            unfinished.unlink()
    except Timeout:
        raise WarehouseBusyError(
            f"Another `vitrina run` has been at work on {product} for more than {settings.lock_timeout_s:g} s.",
            "Wait for it to end, or raise VITRINA_LOCK_TIMEOUT_S.",
        ) from None


def execute_job(settings: Settings, job: str, *, tags: Mapping[str, str] | None = None) -> None:
    """Execute a job in its own process and wait for it; its log goes to the data folder and is shown when it fails.

    Parameters
    ----------
    settings
        The configuration.
    job
        Job of `definitions`.
    tags
        Tags of the run, e.g. the range of partitions.

    Raises
    ------
    RunFailedError
        The run failed; the message holds the end of its log.
    """
    every = {LAUNCHED_TAG: "true", **(tags or {})}
    command = ["dagster", "job", "execute", "-m", "definitions", "-j", job, "--tags", json.dumps(every)]
    run_module(settings, command, log=settings.data / "logs" / f"{job}.log")


def run_module(settings: Settings, command: Sequence[str], *, log: Path) -> None:
    """Run a Python module as a program, with its output in a file.

    Parameters
    ----------
    settings
        The configuration.
    command
        The module and its arguments.
    log
        Where its output goes.

    Raises
    ------
    RunFailedError
        It ended with an error.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w", encoding="utf-8") as output:
        code = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=HOME,
            env=environment(settings),
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            check=False,
            preexec_fn=_die_with_parent,  # the command line has one thread
        ).returncode
    if code:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        raise RunFailedError(
            f"{' '.join(command[:2])} ended with code {code}: {_cause(lines)[:600]}",
            f"The whole log is {log}; `make ui` shows the run.",
        )


def _die_with_parent() -> None:
    """An orphan would go on beside the next command line, which takes its run for dead (Linux: PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def _cause(lines: Sequence[str]) -> str:
    """The line of a log that says the most: our own errors name their remedy."""
    ours = [line for line in lines if "What to do:" in line]
    errors = [line for line in lines if "Error" in line]
    return (ours or errors or lines or ["no output"])[-1].strip()


def put_demo_weights(settings: Settings) -> None:
    """Put the networks of the made-up shop where those of a data folder lie, unless there are others."""
    folder = settings.models_folder
    if settings.models is None and not folder.exists():
        shutil.copytree(HOME / "simulation" / "weights", folder)


def become_ui(settings: Settings) -> None:
    """Replace this process by the Dagster UI, with daemon and sensors."""
    program = str(Path(sys.executable).with_name("dg"))
    os.chdir(HOME)
    os.execve(program, [program, "dev", "--host", "127.0.0.1", "--port", str(settings.port)], environment(settings))  # noqa: S606  # no shell


def become_pages(settings: Settings) -> None:
    """Replace this process by the pages."""
    _become(settings, "serving")


def become_bot(settings: Settings) -> None:
    """Replace this process by the bot of posts."""
    _become(settings, "serving.bot")


def _become(settings: Settings, module: str) -> None:
    os.chdir(HOME)
    os.execve(sys.executable, [sys.executable, "-m", module], environment(settings))  # noqa: S606  # no shell


def _variables(settings: Settings) -> dict[str, str]:
    """Every setting that differs from its default as a variable: a `.env` file lies where the command was given."""
    given = {name: value for name, value in settings.model_dump(mode="json").items() if name in settings.model_fields_set}
    given |= {"data": str(settings.data), "inbox": str(settings.inbox_folder)}
    return {f"VITRINA_{name.upper()}": _as_text(value) for name, value in given.items()}


def _as_text(value: object) -> str:
    """A setting as its variable holds it."""
    if isinstance(value, list):
        return ",".join(value)
    return json.dumps(value) if isinstance(value, dict) else str(value)
