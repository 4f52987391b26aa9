"""Why an upload cannot go on, told in the visitor's language, each with its HTTP status."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from serving.web.problems import Problem
from serving.web.visitors import Visitor
from vitrina.errors import VitrinaError
from vitrina.i18n import translator

TUS = "1.0.0"
"""The version of the protocol that uploads speak; every answer names it."""

DOMAIN = "uploads"
"""Catalogue of what is said here."""


class UploadError(VitrinaError):
    """An upload cannot go on.

    Parameters
    ----------
    problem, remedy
        English sentences; the catalogue `uploads` has them in other languages.
    values
        What stands between their braces.
    """

    status = 422
    kind = "refused"

    def __init__(self, problem: str, remedy: str, **values: object) -> None:
        super().__init__(problem.format(**values) if values else problem, remedy.format(**values) if values else remedy)
        self._templates, self._values = (problem, remedy), values

    def told_in(self, locale: str) -> tuple[str, str]:
        """Problem and remedy in a language."""
        say = translator(locale, DOMAIN)
        problem, remedy = (say(template).format(**self._values) if self._values else say(template) for template in self._templates)
        return problem, remedy


class UploadBusyError(UploadError):
    """Another request works on the upload."""

    status, kind = 423, "busy"


class UploadGoneError(UploadError):
    """The upload was here, and is no longer."""

    status, kind = 410, "gone"


class WrongOffsetError(UploadError):
    """The sender goes on from where the upload is not, or wants what only a complete file has."""

    status, kind = 409, "offset"


class TooManyUploadsError(UploadError):
    """Somebody has as many under way as one may have."""

    status, kind = 429, "too-many"


class TooLongError(UploadError):
    """More came, or is to come, than is taken."""

    status, kind = 413, "too-large"


class NoRoomError(UploadError):
    """The disk is full, or would be."""

    status, kind = 507, "no-room"


class InboxUnwritableError(UploadError):
    """The inbox is not there, or nothing can be written into it."""

    status, kind = 503, "inbox-not-writable"


class AlreadyThereError(UploadError):
    """The inbox holds something under this name that nobody has agreed to replace."""

    status, kind = 409, "already-there"


class OnlyPartsError(UploadError):
    """Somebody may deliver for parts of the product, and this is about all of it."""

    status, kind = 403, "forbidden"


@contextmanager
def told(visitor: Visitor) -> Iterator[None]:
    """Tell whoever asks, in their language, why an upload cannot go on."""
    try:
        yield
    except UploadError as error:
        problem, remedy = error.told_in(visitor.locale)
        raise Problem(error.status, problem, remedy, kind=error.kind, headers={"Tus-Resumable": TUS}) from error
