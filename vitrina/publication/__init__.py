"""The read side: immutable versions of a product's published tables, and the pointer to the one in force."""

from vitrina.publication.files import referenced_files, remove_unreferenced
from vitrina.publication.publish import Candidate, Publication, publish, rollback
from vitrina.publication.versions import Pointer, current, open_published, versions

__all__ = [
    "Candidate",
    "Pointer",
    "Publication",
    "current",
    "open_published",
    "publish",
    "referenced_files",
    "remove_unreferenced",
    "rollback",
    "versions",
]
