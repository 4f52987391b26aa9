"""What the graph has published of each product on a tiny inbox: made once in a session, whichever worker comes first.

Tests of the graph make it anyway and leave a copy here; the tests of pages take the copies.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from filelock import FileLock

from simulation import marketplace_inbox, posts_inbox, propensity_inbox, shop_inbox, stores_inbox
from simulation.retailer import Size
from tests.graph.made_up_hall import Shop, evaluate, settings_of_shop
from tests.support import Place, make_place
from vitrina.settings import PRODUCTS

READ_BY_PAGES = ("published", "artifacts", "receipts", "quarantine", "ledger.sqlite", "user.key")
WRITERS = {
    "stores": (stores_inbox.write_inbox, 1),
    "marketplace": (marketplace_inbox.write_inbox, 1),
    "propensity": (propensity_inbox.write_inbox, 5),
    "posts": (posts_inbox.write_inbox, 5),
}


def keep(place: Place, product: str, factory: pytest.TempPathFactory) -> None:
    """Leave a copy of what pages read of a product."""
    with _alone(factory, product) as folder:
        if not folder.exists():
            _copy(place.settings.data, folder)


def everything(factory: pytest.TempPathFactory, folder: Path) -> Path:
    """A data folder in which all products are published; what no test has left so far is made now."""
    folder.mkdir()
    for product in PRODUCTS:
        with _alone(factory, product) as kept:
            if not kept.exists():
                _copy(_made(product, factory).settings.data, kept)
            for name in READ_BY_PAGES:
                source = kept / name
                if source.is_dir():
                    shutil.copytree(source, folder / name, dirs_exist_ok=True)
                elif source.exists() and not (folder / name).exists():
                    shutil.copy2(source, folder / name)
    return folder


def _made(product: str, factory: pytest.TempPathFactory) -> Place:
    made = make_place(factory.mktemp(f"{product}_for_pages"))
    with made.instance:
        if product == "sellers":
            made = Shop(settings_of_shop(made).settings, made.instance)
            shop_inbox.write_inbox(Path(str(made.settings.inbox_folder)), Size.TINY, 5)
            made.execute("sellers_ingest")
            evaluate(made)
            made.execute("sellers_refresh")
        else:
            write, seed = WRITERS[product]
            write(Path(str(made.settings.inbox_folder)), Size.TINY, seed)
            made.execute(f"{product}_ingest")
            made.refresh(product)
    return made


def _copy(data: Path, folder: Path) -> None:
    making = folder.with_suffix(".making")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir()
    for name in READ_BY_PAGES:
        if (data / name).is_dir():
            shutil.copytree(data / name, making / name)
        elif (data / name).exists():
            shutil.copy2(data / name, making / name)
    making.rename(folder)


@contextmanager
def _alone(factory: pytest.TempPathFactory, product: str) -> Iterator[Path]:
    # workers have folders of their own in one that they share
    base = factory.getbasetemp()
    shared = (base.parent if base.name.startswith("popen-") else base) / "kept"
    shared.mkdir(exist_ok=True)
    with FileLock(shared / f"{product}.lock"):
        yield shared / product
