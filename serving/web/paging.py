"""Lists of the API, a page at a time, all pages of one version."""

from __future__ import annotations

from typing import Annotated, Generic, TypeVar
from urllib.parse import urlencode

from fastapi import Depends, Query, Request
from pydantic import BaseModel, Field

T = TypeVar("T")
MOST_ITEMS = 1000
MOST_SKIPPED = 10_000_000


class Listed(BaseModel, Generic[T]):
    """A page of a list."""

    version: str = Field(description="Published version that all pages of the list are of.", examples=["20260930T120000000000Z"])
    total: int = Field(description="Items of the whole list.", examples=[1234])
    items: list[T] = Field(description="Items of this page.")
    next: str | None = Field(None, description="Address of the next page; null on the last.", examples=["/api/v1/…&offset=100"])


class Paging:
    """Which page is asked for.

    Parameters
    ----------
    request
        For the address of the next page.
    limit, offset
        How many items, from which on.
    version
        The version that the list began with; the guard has compared it.
    """

    def __init__(
        self,
        request: Request,
        limit: Annotated[int, Query(ge=1, le=MOST_ITEMS, description="Items of a page.")] = 100,
        offset: Annotated[int, Query(ge=0, le=MOST_SKIPPED, description="Items before the page.")] = 0,
        version: Annotated[
            str | None, Query(max_length=40, description="Version that the list began with: another answers 410.")
        ] = None,
    ) -> None:
        self.request, self.limit, self.offset, self.version = request, limit, offset, version

    def listed(self, items: list[T], total: int, version: str) -> Listed[T]:
        """The page, with the address of the next one."""
        following = self.offset + self.limit
        address = None
        if following < total:
            asked = [(name, value) for name, value in self.request.query_params.multi_items() if name not in _OURS]
            own = [("version", version), ("limit", self.limit), ("offset", following)]
            address = f"{self.request.url.path}?{urlencode([*asked, *own])}"
        return Listed[T](version=version, total=total, items=items, next=address)


_OURS = ("version", "limit", "offset")

Asked = Annotated[Paging, Depends(Paging)]
