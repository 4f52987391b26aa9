"""What every page of a store begins with: the version, the store, its words, and the day."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any

from fastapi import Path, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import Field

from serving.sellers.stores import Store, days_with_anything, store_named
from serving.sellers.telling import Telling
from serving.web.service import service_of
from serving.web.versions import Version
from serving.web.visitors import Visitor
from vitrina.sellers.tables import NAME_LENGTH
from vitrina.settings import Settings
from vitrina.state.roles import Action

PRODUCT = "sellers"

StoreName = Annotated[str, Path(min_length=1, max_length=NAME_LENGTH, description="Store.", examples=["lenina-5"])]
FIRST_DAY, LAST_DAY = dt.date(1971, 1, 1), dt.date(2199, 12, 31)
"""Days that can be asked for: a month before and after them is still in the calendar."""

SomeDay = Annotated[dt.date, Field(ge=FIRST_DAY, le=LAST_DAY)]
AnyDay = Annotated[SomeDay | None, Query(description="Day by the store's clock; the latest by default.", examples=["2026-10-14"])]
VideoKey = Annotated[
    str, Query(max_length=200, description="Key of a video.", examples=["lenina-5|hall-1|20261014T060000Z|0123abcd"])
]


@dataclass(frozen=True)
class StoreDay:
    """A store's day as it is told in a language; the same for everybody who may see the store.

    Attributes
    ----------
    version
        The published version.
    store
        The store.
    telling
        Words and the store's clock.
    day
        Which.
    """

    version: Version
    store: Store
    telling: Telling
    day: dt.date


@dataclass(frozen=True)
class Opened:
    """A page of a store.

    Attributes
    ----------
    request, visitor
        Who asks for what.
    version
        The published version.
    store
        The store.
    wanted
        The day that was asked for.
    """

    request: Request
    visitor: Visitor
    version: Version
    store: Store
    wanted: dt.date | None = None

    @property
    def settings(self) -> Settings:
        """The configuration."""
        return service_of(self.request).settings

    @cached_property
    def telling(self) -> Telling:
        """Words and the store's clock."""
        return Telling(self.visitor.locale, self.settings.currency, self.store.zone)

    @cached_property
    def days(self) -> list[dt.date]:
        """Days of which there is anything, the latest first."""
        return days_with_anything(self.version, self.store.store_id)

    @property
    def day(self) -> dt.date:
        """The day that is shown: the one that was asked for, or the latest with numbers."""
        return self.wanted or self.store.latest_day

    @property
    def shown(self) -> StoreDay:
        """The day that is shown, without whoever asks."""
        return StoreDay(self.version, self.store, self.telling, self.day)

    @property
    def neighbours(self) -> tuple[dt.date | None, dt.date | None]:
        """The days with anything before and after the one that is shown."""
        before = next((day for day in self.days if day < self.day), None)
        after = next((day for day in reversed(self.days) if day > self.day), None)
        return before, after

    def render(self, template: str, part: str, **context: Any) -> HTMLResponse:
        """A page of the store; `part` is where it stands among them."""
        before, after = self.neighbours
        days = self.days if self.day in self.days else sorted({*self.days, self.day}, reverse=True)
        return service_of(self.request).pages.render(
            self.request,
            template,
            version=self.version,
            store=self.store,
            telling=self.telling,
            day=self.day,
            days=days,
            before=before,
            after=after,
            part=part,
            may_deliver=self.visitor.may(Action.DELIVER, PRODUCT),
            **context,
        )


def opened(request: Request, visitor: Visitor, store: str, day: dt.date | None = None) -> Opened:
    """A page of a store.

    Raises
    ------
    Problem, PublicationError
        There is no such store, or nothing published yet.
    """
    version = visitor.view[PRODUCT]
    return Opened(request, visitor, version, store_named(version, store), day)
