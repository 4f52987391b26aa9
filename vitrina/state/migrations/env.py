"""How Alembic runs the migrations: in the transaction of whoever opens the store.

A new one: `alembic revision` knows no database here, so copy the latest file of `versions`, count its number up, and set
`REVISION` in `vitrina/state/opening.py`.
"""

# pylint: disable=no-member  # Alembic fills its modules while a migration runs
from alembic import context

from vitrina.state.schema import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA, transactional_ddl=True)
context.run_migrations()
