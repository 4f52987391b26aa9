"""How the tables of the state store came about, for Alembic."""
