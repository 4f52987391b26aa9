"""Tables that every inbox fills: where a row came from, what was refused, what was delivered."""

import datetime as dt
from typing import Annotated

import polars as pl

from vitrina.tables import Table, column

MOMENT = Annotated[pl.Datetime, "us", "UTC"]


class Delivered(Table):
    """Base of raw tables: the file and row that a record came from."""

    source_file: str = column("Path of the delivered file, relative to the inbox.", key=True)
    source_row: int = column(
        "Row in that file; the header is row 1, and in JSON lines, which have none, the first line is.", key=True, ge=1
    )
    delivery: int = column("Sequence number of the delivery; the later one wins by natural key.", ge=1)


class RefusedRows(Table):
    """One row per value that was refused. The rest of its row was not loaded either; nothing else was held up."""

    source_file: str = column("Path of the delivered file, relative to the inbox.", key=True)
    source_row: int = column(
        "Row in that file; the header is row 1, and in JSON lines, which have none, the first line is.", key=True, ge=1
    )
    column_name: str = column("Column that the value stood in.", key=True)
    contract: str = column("Contract that the file was read under.")
    delivery: int = column("Sequence number of the delivery.", ge=1)
    value: str = column("The value as delivered, cut after 200 characters.", nullable=True, personal=True)
    expectation: str = column("What the contract expects.")
    remedy: str = column("What the sender can do about it.")


class Deliveries(Table):
    """One row per known version of a file: what was read, loaded, refused, and why."""

    delivery: int = column("Sequence number of the delivery.", key=True, ge=1)
    source_file: str = column("Path of the delivered file, relative to the inbox.")
    contract: str = column("Contract that the file was read under.")
    version: int = column("1 for the first content under this name, 2 for the next.", ge=1)
    state: str = column("What became of it.", isin=("loaded", "duplicate", "quarantined", "superseded"))
    rows_read: int = column("Rows in the file.", ge=0)
    rows_loaded: int = column("Rows that were loaded.", ge=0)
    rows_refused: int = column("Rows that were refused; read = loaded + refused.", ge=0)
    fingerprint: str = column("SHA-256 of the content.", pattern="^[0-9a-f]{64}$")
    message: str = column("What the sender should know.", nullable=True)
    received_at: MOMENT = column("When it was read.")
    first_date: dt.date = column("Earliest date in the file, where rows have one.", nullable=True)
    last_date: dt.date = column("Latest date in the file, where rows have one.", nullable=True)
