"""What people fill in on the pages of propensity: shares in per cent, and fields left empty."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import Depends, Path, Query
from pydantic import BeforeValidator, Field

from serving.propensity.client_list import Group, Order, Wanted
from serving.propensity.scored_months import ScoredMonth
from vitrina.propensity.campaign_file import MOST_CONTROL_SHARE

MOST = 2**31 - 1
MOST_SKIPPED = 10_000_000

_Blank = BeforeValidator(lambda value: None if value == "" else value)
"""Fields of a form that nobody filled in come as empty text."""
MonthAsked = Annotated[dt.date | None, _Blank, Query()]
MonthPath = Annotated[dt.date, Path()]
Percent = Annotated[Annotated[float, Field(ge=0, le=100)] | None, _Blank, Query()]
# bounds inside: outside they would be held against the None of a field left empty
ContactsAsked = Annotated[Annotated[int, Field(ge=1, le=MOST)] | None, _Blank, Query()]
ControlAsked = Annotated[Annotated[float, Field(gt=0, le=MOST_CONTROL_SHARE)] | None, _Blank, Query()]


class Form:
    """The filter as people fill it in: shares in per cent, and fields left empty.

    Parameters
    ----------
    client, segment, okved, decile, from_percent, to_percent, group, opened, order
        See `Wanted`.
    """

    def __init__(  # noqa: PLR0913  # the fields of a form
        self,
        *,
        client: Annotated[str, Query(max_length=200)] = "",
        segment: Annotated[str, Query(max_length=200)] = "",
        okved: Annotated[str, Query(max_length=20)] = "",
        decile: Annotated[Annotated[int, Field(ge=1, le=10)] | None, _Blank, Query()] = None,
        from_percent: Percent = None,
        to_percent: Percent = None,
        group: Annotated[Group | None, _Blank, Query()] = None,
        opened: Annotated[Literal["yes", "no"] | None, _Blank, Query()] = None,
        order: Annotated[Order, Query()] = "rank",
    ) -> None:
        self.client, self.segment, self.okved, self.decile = client.strip(), segment, okved.strip(), decile
        self.from_percent, self.to_percent, self.group, self.opened, self.order = from_percent, to_percent, group, opened, order

    def of(self, month: ScoredMonth) -> Wanted:
        """The same of a month."""
        return Wanted(
            month.month,
            self.client,
            self.segment,
            self.okved,
            self.decile,
            None if self.from_percent is None else self.from_percent / 100,
            None if self.to_percent is None else self.to_percent / 100,
            self.group,
            None if self.opened is None else self.opened == "yes",
            self.order,
        )

    def address(self, *, without: tuple[str, ...] = (), **more: object) -> str:
        """What of it is filled in, as the end of an address."""
        given = {**vars(self), **more}
        return urlencode(
            [
                (name, value)
                for name, value in given.items()
                if name not in without and value not in (None, "") and (name, value) != ("order", "rank")
            ]
        )


Filled = Annotated[Form, Depends(Form)]
Offset = Annotated[int, Query(ge=0, le=MOST_SKIPPED)]
