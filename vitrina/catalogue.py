"""All declared tables and contracts of all products; a product joins by naming its own here."""

from collections.abc import Callable, Mapping

from vitrina.errors import DeclarationError
from vitrina.feedback.contracts import CONTRACTS as FEEDBACK_CONTRACTS
from vitrina.feedback.tables import TABLES as FEEDBACK_TABLES
from vitrina.inbox.contract import Contract
from vitrina.marketplace.contracts import CONTRACTS as MARKETPLACE_CONTRACTS
from vitrina.marketplace.tables import TABLES as MARKETPLACE_TABLES
from vitrina.posts.contracts import CONTRACTS as POSTS_CONTRACTS
from vitrina.posts.tables import TABLES as POSTS_TABLES
from vitrina.propensity.contracts import CONTRACTS as PROPENSITY_CONTRACTS
from vitrina.propensity.tables import TABLES as PROPENSITY_TABLES
from vitrina.sellers.contracts import CONTRACTS as SELLERS_CONTRACTS
from vitrina.sellers.day_tables import TABLES as SELLERS_TABLES
from vitrina.settings import PRODUCTS
from vitrina.stores.contracts import CONTRACTS as STORES_CONTRACTS
from vitrina.stores.quarters import following_quarter
from vitrina.stores.tables import TABLES as STORES_TABLES
from vitrina.tables import Table

TABLES: tuple[type[Table], ...] = (
    *STORES_TABLES,
    *MARKETPLACE_TABLES,
    *PROPENSITY_TABLES,
    *POSTS_TABLES,
    *SELLERS_TABLES,
    *FEEDBACK_TABLES,
)

CONTRACTS: tuple[Contract, ...] = (
    *STORES_CONTRACTS,
    *MARKETPLACE_CONTRACTS,
    *PROPENSITY_CONTRACTS,
    *POSTS_CONTRACTS,
    *SELLERS_CONTRACTS,
    *FEEDBACK_CONTRACTS,
)

PRODUCTS_WITH_ASSETS = (*PRODUCTS, "feedback")
"""What the graph holds: the products, and what people think of their pages, which is loaded, published and shown in the same way."""

FOLLOWING: Mapping[str, Callable[[str], str] | None] = {
    "stores": following_quarter,
    "marketplace": None,
    "propensity": None,
    "posts": None,
    "sellers": None,
    "feedback": None,
}
"""Per product: the partition key after another, where what lies between stale periods is not computed anew. Models of propensity
learn from all months before theirs, so one run computes everything from the first stale month on."""


def tables_of(product: str) -> tuple[type[Table], ...]:
    """The declared tables of one product."""
    return tuple(table for table in TABLES if table.product() == product)


def find_table(product: str, name: str) -> type[Table]:
    """The declaration of a table.

    Raises
    ------
    DeclarationError
        No product declares it.
    """
    for table in tables_of(product):
        if table.table_name() == name:
            return table
    raise DeclarationError(
        f"No table {product}/{name} is declared.", f"Declare it in vitrina/{product}/tables.py and list it in TABLES."
    )
