"""Who asks, as routes see them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request

from serving.web.versions import View
from vitrina.errors import VitrinaError
from vitrina.state.credentials import Known
from vitrina.state.roles import Action

if TYPE_CHECKING:
    from vitrina.settings import Locale


VISITOR = "vitrina.visitor"
"""Where the guard puts whoever asks in the scope of a request."""


@dataclass(frozen=True)
class Visitor:
    """Whoever asks, and what they see.

    Attributes
    ----------
    known
        Who; None for somebody who is not signed in.
    locale
        Their language.
    view
        The published versions, the same for the whole request.
    address
        Where they ask from.
    csrf
        What their forms carry; empty for programs and strangers.
    now
        When they ask.
    """

    known: Known | None
    locale: Locale
    view: View
    address: str
    csrf: str
    now: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.UTC))

    @property
    def name(self) -> str:
        """Who it is, for records.

        Raises
        ------
        VitrinaError
            Nobody is known: a route that needs a name is open to strangers, which is a mistake of ours.
        """
        if self.known is None:
            raise VitrinaError("Nobody is signed in.", "Sign in first.")
        return self.known.person.name

    def may(self, action: Action, product: str, part: str | None = None) -> bool:
        """Whether they may do something with a product, or with a part of it."""
        return self.known is not None and self.known.rights.allow(product, action, part)

    def may_all(self, action: Action, product: str) -> bool:
        """Whether they may do something with the whole of a product."""
        return self.known is not None and self.known.rights.allow_whole(product, action)

    def parts(self, product: str, action: Action = Action.READ) -> list[str] | None:
        """The stores or channels they may do it with, in order; None for all.

        As a parameter of a query: ``WHERE ($parts IS NULL OR store_id IN (SELECT unnest($parts::VARCHAR[])))``.
        """
        found = frozenset[str]() if self.known is None else self.known.rights.parts(product, action)
        return None if found is None else sorted(found)


def visitor_of(request: Request) -> Visitor:
    """Whoever asks; the guard has put them there."""
    found = request.scope.get(VISITOR)
    if not isinstance(found, Visitor):
        raise TypeError("the route is not guarded")
    return found


async def _asking(request: Request) -> Visitor:  # FastAPI sends plain functions to another thread, and waits
    return visitor_of(request)


Asking = Annotated[Visitor, Depends(_asking)]
"""A parameter of a route: whoever asks."""
