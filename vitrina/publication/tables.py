"""Tables that travel inside every published file and say what it is."""

from vitrina.inbox.tables import MOMENT
from vitrina.tables import Table, column


class PublishedVersion(Table, name="published_version"):
    """One row: which version of which product this file holds."""

    of_product: str = column("Product.", key=True, name="product")
    version: str = column("Version; later versions sort after earlier ones.")
    published_at: MOMENT = column("When the version was made.")
    run_id: str = column("Run that made it.")
    code_version: str = column("Version of Vitrina.")


class PublishedTables(Table, name="published_tables"):
    """One row per published table: when its rows were written, and whether a check holds it at an earlier version."""

    table: str = column("Table of this file.", key=True, name="table_name")
    n_rows: int = column("Rows.", ge=0)
    state: str = column(
        "Whether the rows were taken from the warehouse for this version, or from the version before.",
        isin=("fresh", "carried forward"),
    )
    from_version: str = column("Latest version that took these rows from the warehouse.")
    as_of: MOMENT = column("When these rows were written to the warehouse, however often they were published since.")
    reason: str = column("The check that holds the table back: it failed, or has not judged the rows.", nullable=True)
