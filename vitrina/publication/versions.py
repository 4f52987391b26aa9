"""Where published versions lie, which one is in force, and how to read it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from vitrina.errors import PublicationError
from vitrina.files import write_atomically

if TYPE_CHECKING:
    from vitrina.settings import Settings


@dataclass(frozen=True)
class Pointer:
    """What ``published/<product>.json`` says.

    Attributes
    ----------
    product
        Product.
    version
        The version in force.
    published_at
        When that version was made, ISO 8601 in UTC.
    rolled_back_from
        The version that was in force before a rollback, if that is how this one came into force.
    """

    product: str
    version: str
    published_at: str
    rolled_back_from: str | None = None


def version_folder(settings: Settings, product: str) -> Path:
    """The folder of a product's versions."""
    return settings.published / "versions" / product


def version_file(settings: Settings, product: str, version: str) -> Path:
    """The file of a version. Names are never used twice: a process with the old file open would keep reading it."""
    return version_folder(settings, product) / f"{product}_{version}.duckdb"


def analysts_copy(settings: Settings, product: str) -> Path:
    """The read-only copy at a stable path."""
    return settings.published / f"{product}.duckdb"


def pointer_file(settings: Settings, product: str) -> Path:
    """The file that says which version is in force."""
    return settings.published / f"{product}.json"


def versions(settings: Settings, product: str) -> tuple[str, ...]:
    """Versions that are kept, oldest first."""
    prefix = f"{product}_"
    return tuple(sorted(path.stem.removeprefix(prefix) for path in version_folder(settings, product).glob(f"{prefix}*.duckdb")))


def current(settings: Settings, product: str) -> Pointer | None:
    """The pointer, or None where nothing has been published.

    Raises
    ------
    PublicationError
        The pointer cannot be read.
    """
    path = pointer_file(settings, product)
    try:
        return Pointer(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        raise PublicationError(
            f"{path} is not a pointer to a published version: {error}", f"Remove it and publish {product} again."
        ) from error


def point_to(settings: Settings, pointer: Pointer) -> None:
    """Put a version into force, in one step for every reader."""
    write_atomically(pointer_file(settings, pointer.product), json.dumps(asdict(pointer), indent=2) + "\n")


def open_published(settings: Settings, product: str) -> duckdb.DuckDBPyConnection:
    """Open the version in force, read-only; it never changes while it is open.

    Raises
    ------
    PublicationError
        Nothing has been published yet.
    """
    pointer = current(settings, product)
    if pointer is None:
        raise PublicationError(f"Nothing has been published for {product}.", f"Run `make run PRODUCT={product}` first.")
    connection = duckdb.connect(str(version_file(settings, product, pointer.version)), read_only=True)
    connection.execute("SET TimeZone = 'UTC'")
    return connection
