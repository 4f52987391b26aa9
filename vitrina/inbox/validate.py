"""The same reading and judging before a file is delivered: no inbox, no warehouse, nothing written."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from vitrina.errors import DeliveryError
from vitrina.i18n import translator
from vitrina.inbox.content import Content
from vitrina.inbox.contract import Contract, contract_for
from vitrina.inbox.findings import Findings
from vitrina.inbox.judging import Delivery, judge_file
from vitrina.inbox.messages import Message, RefusedFileError, message, shown
from vitrina.inbox.receipts import DOMAIN, content_of_receipt
from vitrina.settings import KEY_LENGTH, Settings

ACCEPTED = "The file would be loaded."
PARTLY = "The file would be loaded without some of its rows."
REFUSED = "The file would not be loaded."


@dataclass(frozen=True)
class Verdict:
    """What would become of a file.

    Attributes
    ----------
    path
        The file.
    contract
        What it was judged against.
    findings
        What was found.
    """

    path: Path
    contract: Contract
    findings: Findings

    @property
    def accepted(self) -> bool:
        """Whether every row would be loaded."""
        return self.findings.failure is None and not self.findings.counts.refused

    def text(self, locale: str = "en") -> str:
        """The verdict as Markdown, in the words that a receipt would have."""
        translate = translator(locale, DOMAIN)
        outcome = ACCEPTED if self.accepted else REFUSED if self.findings.failure else PARTLY
        title = message("{file}, read as {contract}", file=shown(str(self.path)), contract=self.contract.name).translated(translate)
        return f"# {title}\n\n**{translate(outcome)}**\n\n{content_of_receipt(self.findings, locale)}\n"


def validate_file(
    path: Path, contracts: Sequence[Contract], *, today: dt.date, contract: str | None = None, delivered_as: str | None = None
) -> Verdict:
    """Read and judge a file as the inbox would.

    References to other files are not looked up, and the verdict says so.

    Parameters
    ----------
    path
        The file.
    contracts
        The contracts to choose from.
    today
        For the bounds of dates.
    contract
        Name of the contract; without it the path decides, as it would in the inbox.
    delivered_as
        Path within the inbox that the file is to get, where it lies under another name now: its ending says how it is read,
        and messages name it.

    Raises
    ------
    DeliveryError
        There is no such file, or nothing says which contract it should fit.
    """
    chosen = _chosen(path, contracts, contract)
    try:
        with path.open("rb") as file:
            findings = _judged(path, file, chosen, today, delivered_as or str(path))
    except OSError as error:
        raise DeliveryError(f"{path} cannot be opened: {error.strerror}.", "Check the path and the permissions.") from error
    except RefusedFileError as error:
        findings = Findings(failure=(error.what, error.to_do))
    return Verdict(Path(delivered_as or path), chosen, _with_note(findings, _not_looked_up(chosen)))


def _judged(path: Path, file: BinaryIO, contract: Contract, today: dt.date, name: str) -> Findings:
    # nothing is stored, so any key will do, and nothing can change the file between hashing and loading
    key = secrets.token_bytes(KEY_LENGTH)
    if contract.reader is None:
        content, reader = Content.in_memory(file.read()), None
    else:
        content, reader = Content(file, path.stat().st_size, ""), contract.reader(Settings())
    return judge_file(content, contract, Delivery(name, 1), today=today, references={}, key=key, reader=reader).findings


def _chosen(path: Path, contracts: Sequence[Contract], name: str | None) -> Contract:
    names = ", ".join(contract.name for contract in contracts)
    if name is not None:
        found = next((contract for contract in contracts if contract.name == name), None)
        if found is None:
            raise DeliveryError(f"There is no contract {name!r}.", f"Choose one of {names}.")
        return found
    parts = path.absolute().parts
    # the longest ending first: stores/sales/stores.csv holds sales
    endings = ("/".join(parts[start:]) for start in range(1, len(parts)))
    found = next((contract for ending in endings if (contract := contract_for(ending, contracts))), None)
    if found is None:
        patterns = ", ".join(pattern for contract in contracts for pattern in contract.patterns)
        raise DeliveryError(
            f"{path}: the name does not say what the file holds; the inbox knows {patterns}.",
            f"Name the contract with --contract, one of {names}.",
        )
    return found


def _not_looked_up(contract: Contract) -> tuple[Message, ...]:
    return tuple(
        message(
            "Whether each {column} is known from {pattern} was not checked.", column=reference.column, pattern=reference.pattern
        )
        for reference in contract.references
    )


def _with_note(findings: Findings, notes: tuple[Message, ...]) -> Findings:
    return Findings(
        findings.counts, findings.problems, (*findings.notes, *notes), findings.failure, findings.first_date, findings.last_date
    )
