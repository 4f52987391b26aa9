"""`python -m simulation --inbox FOLDER [--size demo] [--seed 20260930]`: fill an inbox."""

from __future__ import annotations

import argparse
from pathlib import Path

from simulation.retailer import Size
from simulation.stores_inbox import write_inbox


def main() -> None:
    """Read the command line and write the files."""
    parser = argparse.ArgumentParser(prog="python -m simulation", description="Fill an inbox with a made-up retailer's files.")
    parser.add_argument("--inbox", type=Path, required=True, help="the inbox; products' files go to its sub-folders")
    parser.add_argument("--size", type=Size, choices=list(Size), default=Size.DEMO)
    parser.add_argument("--seed", type=int, default=20260930)
    asked = parser.parse_args()
    slips = write_inbox(asked.inbox, asked.size, asked.seed)
    print(f"Wrote the inbox {asked.inbox} with {len(slips)} spoiled cells.")  # noqa: T201  # what a command says


if __name__ == "__main__":
    main()
