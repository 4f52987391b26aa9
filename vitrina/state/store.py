"""The store of decisions: recorded first, then written as a file that the inbox reads. Nothing is changed or deleted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from sqlalchemy import RowMapping, insert, select, update

from vitrina.files import write_atomically
from vitrina.settings import Settings
from vitrina.state.decisions import Decision, file_content, file_name, in_order
from vitrina.state.opening import transaction
from vitrina.state.schema import DECISIONS


@dataclass(frozen=True)
class DecisionStore:
    """Every decision of every product.

    The order is: state store, file, note in the state store that the file is written. A crash after the first or the
    second is made good by the next call, which writes the same file again: the same content under the same name, of
    which the inbox takes no second notice.

    Attributes
    ----------
    settings
        For the database, and for our root of the inbox.
    """

    settings: Settings

    def record(self, decisions: Sequence[Decision]) -> tuple[Path, ...]:
        """Record decisions together, and write the file that brings them into the graph.

        Returns
        -------
        tuple of Path
            The files that were written: one per product, and those that an earlier call was kept from writing.

        Raises
        ------
        StateError
            The state store cannot be used; nothing was recorded, or it was and the next call writes the file.
        OSError
            The file cannot be written; the decisions are recorded, and the next call writes it.
        """
        products = sorted({decision.product for decision in decisions})
        for product in products:
            self._insert([decision for decision in decisions if decision.product == product])
        return tuple(path for product in products for path in self.deliver(product))

    def deliver(self, product: str) -> tuple[Path, ...]:
        """Write the files that are missing: not written because of a crash, or gone because the data folder is a new one.

        Returns
        -------
        tuple of Path
            What was written, in the order of the decisions.
        """
        if not self._has_anything():
            return ()
        written: list[Path] = []
        for batch in self._batches(product):
            name = batch[0].delivered_as or file_name(product, batch)
            path = self.settings.decisions_folder / name
            if not path.exists():
                write_atomically(path, file_content(batch))
                written.append(path)
            if batch[0].delivered_as is None:
                self._note_delivery(batch, name)
        return tuple(written)

    def history(self, product: str) -> tuple[Decision, ...]:
        """Every decision of a product, oldest first."""
        if not self._has_anything():
            return ()
        return tuple(in_order([decision for batch in self._batches(product) for decision in batch]))

    def _has_anything(self) -> bool:
        """A data folder in which nobody has decided anything needs no database."""
        return bool(self.settings.state) or self.settings.state_file.exists()

    def _insert(self, batch: Sequence[Decision]) -> None:
        first = in_order(batch)[0].id
        rows = [
            {
                "id": decision.id,
                "product": decision.product,
                "kind": decision.kind,
                "made_at": decision.made_at.astimezone(dt.UTC),
                "made_by": decision.made_by,
                "reason": decision.reason,
                "body": dict(decision.body),
                "batch": first,
                "delivered_as": None,
            }
            for decision in batch
        ]
        with transaction(self.settings) as connection:
            connection.execute(insert(DECISIONS), rows)

    def _batches(self, product: str) -> list[list[Decision]]:
        """Decisions as they were recorded together, the oldest batch first."""
        query = select(DECISIONS).where(DECISIONS.c.product == product).order_by(DECISIONS.c.batch)
        with transaction(self.settings) as connection:
            rows = list(connection.execute(query).mappings())
        batches = [in_order([_decision(row) for row in batch]) for _, batch in groupby(rows, key=lambda row: row["batch"])]
        return sorted(batches, key=lambda batch: (batch[0].made_at, batch[0].id))

    def _note_delivery(self, batch: Iterable[Decision], name: str) -> None:
        written = update(DECISIONS).where(DECISIONS.c.id.in_([decision.id for decision in batch])).values(delivered_as=name)
        with transaction(self.settings) as connection:
            connection.execute(written)


def _decision(row: RowMapping) -> Decision:
    made_at = row["made_at"]
    # SQLite keeps no zone
    aware = made_at.replace(tzinfo=dt.UTC) if made_at.tzinfo is None else made_at.astimezone(dt.UTC)
    return Decision(
        row["product"],
        row["kind"],
        aware,
        row["made_by"],
        row["reason"],
        row["body"],
        row["id"],
        row["delivered_as"],
    )
