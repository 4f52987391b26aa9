"""The store of decisions: recorded first, then written as a file that the inbox reads. Nothing is changed or deleted."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from sqlalchemy import Connection, RowMapping, func, insert, select, text, update

from vitrina.errors import VitrinaError
from vitrina.files import write_atomically
from vitrina.settings import Settings
from vitrina.state.decisions import Decision, file_content, file_name, in_order
from vitrina.state.opening import transaction
from vitrina.state.schema import DECISIONS


class DecidedMeanwhileError(VitrinaError):
    """Somebody else has decided something since whoever decides has looked."""


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

    def record(self, decisions: Sequence[Decision], *, after: str | None = None) -> tuple[Path, ...]:
        """Record decisions together, and write the file that brings them into the graph.

        Parameters
        ----------
        decisions
            What was decided.
        after
            `latest` of the product as whoever decides has seen it: where somebody has decided since, nothing is recorded.
            Default: whatever others have decided.

        Returns
        -------
        tuple of Path
            The files that were written: one per product, and those that an earlier call was kept from writing.

        Raises
        ------
        DecidedMeanwhileError
            Somebody else has decided something since.
        StateError
            The state store cannot be used; nothing was recorded, or it was and the next call writes the file.
        OSError
            The file cannot be written; the decisions are recorded, and the next call writes it.
        """
        products = sorted({decision.product for decision in decisions})
        for product in products:
            self._insert(product, [decision for decision in decisions if decision.product == product], after)
        # only what waits: to look for the files of all others takes longer with every decision
        return tuple(path for product in products for path in self._write(product, self._batches(product, only_waiting=True)))

    def deliver(self, product: str) -> tuple[Path, ...]:
        """Write the files that are missing: not written because of a crash, or gone because the data folder is a new one.

        Returns
        -------
        tuple of Path
            What was written, in the order of the decisions.
        """
        return self._write(product, self._batches(product)) if self._has_anything() else ()

    def _write(self, product: str, batches: Iterable[Sequence[Decision]]) -> tuple[Path, ...]:
        written: list[Path] = []
        for batch in batches:
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

    def latest(self, product: str) -> str:
        """Where the decisions of a product stand: to be given back to `record`, and empty where nothing was decided."""
        if not self._has_anything():
            return ""
        with transaction(self.settings) as connection:
            return self._latest(connection, product)

    @staticmethod
    def _latest(connection: Connection, product: str) -> str:
        # none is ever taken away, so their number tells; the newest alone would not, where a clock went back
        known = connection.execute(select(func.count()).where(DECISIONS.c.product == product)).scalar()
        return hashlib.sha256(f"{product} {known}".encode()).hexdigest()[:32] if known else ""

    def _insert(self, product: str, batch: Sequence[Decision], after: str | None) -> None:
        first = in_order(batch)[0].id
        rows = [
            {
                "id": decision.id,
                "product": decision.product,
                "kind": decision.kind,
                "made_at": decision.made_at,
                "made_by": decision.made_by,
                "reason": decision.reason,
                "body": dict(decision.body),
                "batch": first,
                "delivered_as": None,
            }
            for decision in batch
        ]
        with transaction(self.settings) as connection:
            if after is not None:
                if connection.dialect.name == "postgresql":
                    # SQLite lets one at a time write anyway
                    connection.execute(text("LOCK TABLE decisions IN EXCLUSIVE MODE"))
                if self._latest(connection, product) != after:
                    raise DecidedMeanwhileError(
                        f"Somebody else has decided something about {product} since you looked.",
                        "Look at what was decided, and decide again if you still want to.",
                    )
            connection.execute(insert(DECISIONS), rows)

    def _batches(self, product: str, *, only_waiting: bool = False) -> list[list[Decision]]:
        """Decisions as they were recorded together, the oldest batch first; of those alone that have no file yet, where asked."""
        query = select(DECISIONS).where(DECISIONS.c.product == product).order_by(DECISIONS.c.batch)
        if only_waiting:
            query = query.where(DECISIONS.c.delivered_as.is_(None))
        with transaction(self.settings) as connection:
            rows = list(connection.execute(query).mappings())
        batches = [in_order([_decision(row) for row in batch]) for _, batch in groupby(rows, key=lambda row: row["batch"])]
        return sorted(batches, key=lambda batch: (batch[0].made_at, batch[0].id))

    def _note_delivery(self, batch: Iterable[Decision], name: str) -> None:
        written = update(DECISIONS).where(DECISIONS.c.id.in_([decision.id for decision in batch])).values(delivered_as=name)
        with transaction(self.settings) as connection:
            connection.execute(written)


def _decision(row: RowMapping) -> Decision:
    return Decision(
        row["product"],
        row["kind"],
        row["made_at"],
        row["made_by"],
        row["reason"],
        row["body"],
        row["id"],
        row["delivered_as"],
    )
