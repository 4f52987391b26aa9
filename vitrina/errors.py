"""Errors for the reader of the message: what was given, where, what was expected, what to do."""

from __future__ import annotations


class VitrinaError(Exception):
    """Base of every error that Vitrina raises on purpose.

    Parameters
    ----------
    problem
        What was found, with the place: file, row, column, table.
    remedy
        What the reader can do about it.
    """

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem, remedy)
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.problem} What to do: {self.remedy}"


class SettingsError(VitrinaError):
    """A setting has a value that cannot be used."""


class DeclarationError(VitrinaError):
    """A table's declaration is wrong, or no longer fits what is stored."""


class InvalidTableError(VitrinaError):
    """A frame does not fit its table's declaration; ``failures`` holds up to ten examples."""

    def __init__(self, problem: str, remedy: str, failures: tuple[str, ...] = ()) -> None:
        super().__init__(problem, remedy)
        self.failures = failures


class WarehouseError(VitrinaError):
    """The warehouse cannot be read or written."""


class WarehouseBusyError(WarehouseError):
    """Another process held the warehouse longer than the bounded wait."""


class DeliveryError(VitrinaError):
    """A delivered file cannot be read, or lacks what its contract requires."""


class ScenarioError(VitrinaError):
    """A clustering request cannot be answered as it was asked."""


class PublicationError(VitrinaError):
    """A version cannot be published, or cannot be returned to."""
