"""`python -m simulation --inbox FOLDER [--size demo] [--seed 20260930] [--product all]`: fill an inbox."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from simulation import marketplace_inbox, posts_inbox, propensity_inbox, shop_inbox, stores_inbox
from simulation.delivery import SpoiledCell
from simulation.retailer import Size

ALL = "all"
WRITERS: dict[str, Callable[[Path, Size, int], tuple[SpoiledCell, ...]]] = {
    stores_inbox.FOLDER: stores_inbox.write_inbox,
    marketplace_inbox.FOLDER: marketplace_inbox.write_inbox,
    propensity_inbox.FOLDER: propensity_inbox.write_inbox,
    posts_inbox.FOLDER: posts_inbox.write_inbox,
    shop_inbox.FOLDER: shop_inbox.write_inbox,
}
"""What writes the files of each product."""


def main() -> None:
    """Read the command line and write the files."""
    parser = argparse.ArgumentParser(prog="python -m simulation", description="Fill an inbox with a made-up retailer's files.")
    parser.add_argument("--inbox", type=Path, required=True, help="the inbox; products' files go to its sub-folders")
    parser.add_argument("--size", type=Size, choices=list(Size), default=Size.DEMO)
    parser.add_argument("--seed", type=int, default=20260930)
    parser.add_argument("--product", choices=[ALL, *WRITERS], default=ALL, help="whose files are written")
    asked = parser.parse_args()
    products = list(WRITERS) if asked.product == ALL else [asked.product]
    slips = [slip for product in products for slip in WRITERS[product](asked.inbox, asked.size, asked.seed)]
    print(f"Wrote the inbox {asked.inbox} with {len(slips)} spoiled cells.")  # noqa: T201  # what a command says


if __name__ == "__main__":
    main()
