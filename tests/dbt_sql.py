"""What dbt would send to DuckDB for a model, without dbt: for tests of the SQL on small tables."""

import jinja2

from resources.dbt import PROJECT_FOLDER


def select_of(product: str, model: str) -> str:
    """A model's own SQL, with the project's macros; what it is made from lies in the same file."""
    macros = [
        path for path in sorted((PROJECT_FOLDER / "macros").glob("*.sql")) if not path.name.startswith(("test_", "generate_"))
    ]
    (file,) = (PROJECT_FOLDER / "models" / product).rglob(f"{model}.sql")
    template = "".join(path.read_text(encoding="utf-8") for path in [*macros, file])
    environment = jinja2.Environment(autoescape=False)  # noqa: S701  # SQL, not HTML
    return environment.from_string(template).render(source=lambda _, name: name, ref=lambda name: name)
