"""A warehouse in which every table of the product stands, though nothing has been delivered but videos."""

from __future__ import annotations

from vitrina.errors import WarehouseError
from vitrina.sellers.day_tables import TABLES
from vitrina.warehouse import Warehouse, stored_columns


def prepare(warehouse: Warehouse) -> None:
    """Create what is missing; whatever stands stays as it is.

    A film may be the first thing that a shop delivers, before any table: SQL wants its sources to be there all the same.
    """
    try:
        with warehouse.read() as connection:
            absent = [table for table in TABLES if not stored_columns(connection, table.table_name())]
    except WarehouseError:
        # nothing was ever written
        absent = list(TABLES)
    if absent:
        with warehouse.write() as connection:
            for table in absent:
                for statement in table.ddl():
                    connection.execute(statement)
