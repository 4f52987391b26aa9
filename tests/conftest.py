"""Fixtures of several folders: a made-up retailer's inbox, and the whole graph run on it once."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

# before anything loads OpenMP: workers side by side, each with a thread per core that spins while it waits, take minutes for seconds
os.environ.setdefault("OMP_NUM_THREADS", "1")
# programs of this environment are started a hundred times: where nothing may be kept of a compilation, each compiles all that it imports
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

import pytest

from simulation.retailer import Size
from simulation.stores_inbox import write_inbox
from tests.kept import everything, keep
from tests.support import Place, make_place
from vitrina.inbox.ledger import Ledger


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A file's tests share a worker, for they share its fixtures; slow ones go alone. The longest start first.

    Before pytest-xdist looks at the groups, which it does in the same hook.
    """
    for item in items:
        if item.get_closest_marker("xdist_group") is None and item.get_closest_marker("slow") is None:
            item.add_marker(pytest.mark.xdist_group(item.location[0]))
    items.sort(key=lambda item: (item.get_closest_marker("integration") is None, item.get_closest_marker("slow") is None))


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Files given as bytes are named by their argument: a workbook holds the second it was written in, and two workers would differ."""
    return argname if isinstance(val, bytes) else None


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = make_place(tmp_path)
    with made.instance:
        yield made


@pytest.fixture(scope="session")
def retailer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A tiny retailer, from the inbox to publication: run once, only looked at afterwards."""
    made = make_place(tmp_path_factory.mktemp("retailer"))
    write_inbox(Path(str(made.settings.inbox_folder)), Size.TINY, 1)
    with made.instance:
        made.execute("stores_ingest")
        made.refresh()
        keep(made, "stores", tmp_path_factory)
        yield made


@pytest.fixture
def own_retailer(retailer: Place, tmp_path: Path) -> Iterator[Place]:
    """A copy of the finished retailer, to be changed."""
    made = make_place(tmp_path / "own")
    shutil.copytree(retailer.settings.data, made.settings.data)
    shutil.copytree(str(retailer.settings.inbox_folder), str(made.settings.inbox_folder))
    Ledger(made.settings.ledger).claim_inbox(str(made.settings.inbox_folder), moved=True)
    with made.instance:
        yield made


@pytest.fixture(scope="session")
def all_published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder in which all five products are published; copy it to change it."""
    return everything(tmp_path_factory, tmp_path_factory.mktemp("pages") / "data")


@pytest.fixture(scope="session")
def real_data() -> Path:
    folder = os.environ.get("VITRINA_REAL_DATA")
    if not folder:
        pytest.skip("VITRINA_REAL_DATA is not set")
    return Path(folder)
