"""The command line: `vitrina …`."""

from vitrina.cli.app import app

__all__ = ["app"]
