"""The two roots of the inbox: what people deliver, which is read-only for us, and what Vitrina itself writes for the graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO

from upath import UPath

from vitrina.inbox.contract import Contract
from vitrina.inbox.difference import FoundFile, Listing, list_inbox
from vitrina.settings import Settings


def look(product: str, contracts: Sequence[Contract], settings: Settings) -> Listing | None:
    """Look at a product's folder in both roots.

    Parameters
    ----------
    product
        The product; its folder has the same name in both roots.
    contracts
        Its contracts, masters first.
    settings
        For the roots.

    Returns
    -------
    Listing or None
        None when the inbox cannot be listed.
    """
    ours = UPath(settings.decisions_folder) / product
    return list_inbox(settings.inbox_folder / product, contracts, ours, read_elsewhere=settings.read_elsewhere(product))


def open_found(found: FoundFile, settings: Settings) -> BinaryIO:
    """Open a file that a listing has shown, in the root where it was seen.

    Raises
    ------
    OSError
        It cannot be read now.
    """
    root = UPath(settings.decisions_folder) if found.is_ours else settings.inbox_folder
    return (root / found.path).open("rb")
