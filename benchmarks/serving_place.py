"""A data folder to serve from: a copy of the demo's, with as many stores as a network has, and a writer that publishes anew."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import sys
import time
from pathlib import Path

import duckdb

from vitrina.publication import Candidate, open_published, publish
from vitrina.publication.versions import current
from vitrina.settings import PRODUCTS, Settings
from vitrina.sql import quote, quote_text
from vitrina.warehouse import Warehouse, locate

STORES = 330
COPIED = ("published", "artifacts", "warehouse", "receipts", "user.key", "ledger.sqlite")
PUBLISH_S = 10.0


def make_place(demo: Settings, folder: Path) -> Settings:
    """Copy what the demo has made, and publish a network of `STORES` stores.

    Parameters
    ----------
    demo
        The configuration whose data folder `make demo` has filled.
    folder
        A new folder.

    Raises
    ------
    SystemExit
        There is no demo.
    """
    if missing := [product for product in PRODUCTS if current(demo, product) is None]:
        sys.exit(
            f"Nothing is published for {', '.join(missing)} in {demo.data}: `make demo` first, or name its folder in VITRINA_DATA."
        )
    folder.mkdir(parents=True)
    for name in COPIED:
        source = demo.data / name
        if source.is_dir():
            shutil.copytree(source, folder / name)
        elif source.exists():
            shutil.copy2(source, folder / name)
    settings = Settings(data=folder, pages_requests_per_minute=1_000_000, pages_token_requests_per_minute=1_000_000)
    with Warehouse(locate(settings, "stores")).write() as connection:
        _enlarge(connection)
    republish(settings, "stores", 0)
    return settings


def _enlarge(connection: duckdb.DuckDBPyConnection) -> None:
    """Add stores to the latest quarter: copies whose numbers differ a little."""
    latest = "quarter = (SELECT max(quarter) FROM store_features)"
    numbers = connection.execute(
        "SELECT column_name FROM duckdb_columns() WHERE table_name = 'store_features' AND data_type = 'DOUBLE'"
    ).fetchall()
    changed = ", ".join(f"{quote(name)} * (1 + .2 * (random() - .5)) AS {quote(name)}" for (name,) in numbers)
    has = connection.execute(f"SELECT count(DISTINCT store_id) FROM store_features WHERE {latest}").fetchall()[0][0]
    connection.execute("SELECT setseed(.5)")
    connection.execute(
        f"INSERT INTO store_features SELECT * REPLACE (store_id || '-b' AS store_id, {changed}) FROM store_features "
        f"WHERE {latest} AND store_id IN (SELECT store_id FROM store_features WHERE {latest} GROUP BY store_id "
        f"ORDER BY store_id LIMIT {max(0, STORES - has)})"
    )


def republish(settings: Settings, product: str, generation: int) -> str:
    """Write a product's warehouse and publish it; the comments of all its tables say which generation they are of.

    Returns
    -------
    str
        The new version.
    """
    with open_published(settings, product) as connection:
        names = [name for (name,) in connection.execute("SELECT table_name FROM published_tables").fetchall()]
        dictionary = connection.execute("SELECT * FROM data_dictionary").pl()
    warehouse = Warehouse(locate(settings, product))
    with warehouse.write() as connection:
        there = {name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
        for name in there.intersection(names):
            connection.execute(f"COMMENT ON TABLE {quote(name)} IS {quote_text(f'generation {generation}')}")
        largest = max(
            there.intersection(names), key=lambda name: connection.execute(f"SELECT count(*) FROM {quote(name)}").fetchall()
        )
        connection.execute(f"CREATE TEMP TABLE kept AS FROM {quote(largest)}")
        connection.execute(f"DELETE FROM {quote(largest)}")
        connection.execute(f"INSERT INTO {quote(largest)} FROM kept")
        connection.execute("DROP TABLE kept")
    made = publish(
        product,
        [Candidate(name) for name in names if name in there],
        dictionary,
        warehouse=warehouse,
        settings=settings,
        now=dt.datetime.now(dt.UTC),
        run_id="benchmark",
    )
    return made.pointer.version


def main() -> None:
    """Write and publish every product every ten seconds, and tell of each version."""
    settings, seconds = Settings(data=Path(sys.argv[1])), float(sys.argv[2])
    begun = time.monotonic()
    generation = 0
    while time.monotonic() - begun < seconds:
        generation += 1
        for product in PRODUCTS:
            version = republish(settings, product, generation)
            print(json.dumps({"product": product, "version": version, "generation": generation}), flush=True)
        time.sleep(max(0.0, begun + generation * PUBLISH_S - time.monotonic()))


if __name__ == "__main__":
    main()
