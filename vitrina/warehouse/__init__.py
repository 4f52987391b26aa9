"""The write side: where tables live, who may hold them, and how a slice is replaced."""

from vitrina.warehouse.location import FileLocation, LakeLocation, Location, locate
from vitrina.warehouse.store import Warehouse
from vitrina.warehouse.writing import Replacement, load, migrate, prepare, replace, stored_columns

__all__ = [
    "FileLocation",
    "LakeLocation",
    "Location",
    "Replacement",
    "Warehouse",
    "load",
    "locate",
    "migrate",
    "prepare",
    "replace",
    "stored_columns",
]
