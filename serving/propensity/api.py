"""Propensity for programs."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from fastapi import Depends, Path, Query, Request
from fastapi.responses import StreamingResponse

from serving.propensity import judging
from serving.propensity.answers import DriftOut, EffectOut, FileOut, MonthOut, PlanOut, QualityOut, ScoreOut
from serving.propensity.client_list import Group, Order, Wanted, find
from serving.propensity.downloads import MEDIA_TYPES, as_optimiser_csv, optimiser_file, optimiser_files
from serving.propensity.planning import planned
from serving.propensity.scored_months import ScoredMonth, chosen_month, scored_months
from serving.web.guard import noted
from serving.web.paging import Asked, Listed
from serving.web.routing import router as guarded_router
from serving.web.rules import needs
from serving.web.service import service_of
from serving.web.visitors import Asking
from vitrina.settings import Settings
from vitrina.state.roles import Action

PRODUCT = "propensity"
MOST = 2**31 - 1

router = guarded_router("/api/v1/propensity", tags=(PRODUCT,))

MonthAsked = Annotated[
    dt.date | None, Query(description="First day of a scored month; without it, the newest.", examples=["2026-09-01"])
]
OnlyMonth = Annotated[dt.date | None, Query(description="Only this month; without it, all.", examples=["2026-06-01"])]
MonthPath = Annotated[dt.date, Path(description="First day of a scored month.", examples=["2026-09-01"])]


class Filter:
    """Which clients are asked for.

    Parameters
    ----------
    client, segment, okved, decile, least, most, group, opened, order
        See `Wanted`.
    """

    def __init__(  # noqa: PLR0913  # the parameters of a route
        self,
        *,
        client: Annotated[str, Query(max_length=200, description="Part of the client's identifier.")] = "",
        segment: Annotated[str, Query(max_length=200, description="Segment, as delivered.", examples=["small business"])] = "",
        okved: Annotated[str, Query(max_length=20, description="Beginning of the main activity.", examples=["47"])] = "",
        decile: Annotated[int | None, Query(ge=1, le=10, description="Tenth of the clients, 1 the likeliest.")] = None,
        least: Annotated[float | None, Query(ge=0, le=1, description="Least probability.")] = None,
        most: Annotated[float | None, Query(ge=0, le=1, description="Greatest probability.")] = None,
        group: Annotated[
            Group | None,
            Query(description="In the optimiser's file: offered, left alone, in it at all (`listed`), not in it (`none`)."),
        ] = None,
        opened: Annotated[bool | None, Query(description="Whether they opened; nobody, while that is not known.")] = None,
        order: Annotated[Order, Query(description="Order: likeliest first, least likely first, or by identifier.")] = "rank",
    ) -> None:
        self.asked = {
            "client": client,
            "segment": segment,
            "okved": okved,
            "decile": decile,
            "least": least,
            "most": most,
            "group": group,
            "opened": opened,
            "order": order,
        }

    def of(self, month: ScoredMonth) -> Wanted:
        """The same of a month."""
        asked: dict[str, Any] = self.asked
        return Wanted(month.month, **asked)


Filtered = Annotated[Filter, Depends(Filter)]


@router.get("/months")
@needs(Action.READ, PRODUCT, versioned=True)
def list_months(visitor: Asking, paging: Asked) -> Listed[MonthOut]:
    """Scored months, the newest first: how many clients, how many openings are expected or came, who is not scored."""
    version = visitor.view[PRODUCT]
    months = list(scored_months(version).values())
    return paging.listed([MonthOut.of(one) for one in _page(months, paging)], len(months), version.name)


@router.get("/scores")
@needs(Action.READ, PRODUCT, versioned=True)
def list_scores(visitor: Asking, paging: Asked, filtered: Filtered, month: MonthAsked = None) -> Listed[ScoreOut]:
    """The month's clients: probability, rank, decile, group, reasons."""
    version = visitor.view[PRODUCT]
    found = find(version, filtered.of(chosen_month(version, month)), paging.limit, paging.offset)
    return paging.listed([ScoreOut(**row) for row in found.rows], found.total, version.name)


@router.get(
    "/scores/{month}.csv",
    response_class=StreamingResponse,
    responses={200: {"description": "CSV, as the optimiser takes it.", "content": {"text/csv": {"schema": {"type": "string"}}}}},
)
@needs(Action.READ, PRODUCT, versioned=True)
def get_scores_as_csv(request: Request, visitor: Asking, filtered: Filtered, month: MonthPath) -> StreamingResponse:
    """The month's clients as rows of the optimiser's file, however many; texts that a spreadsheet could take for formulas have an apostrophe in front."""
    version = visitor.view[PRODUCT]
    chosen = chosen_month(version, month)
    noted(request, filter=request.url.query)
    return as_optimiser_csv(version, chosen, filtered.of(chosen), _settings(request))


@router.get("/plan")
@needs(Action.READ, PRODUCT, versioned=True)
def get_plan(
    request: Request,
    visitor: Asking,
    month: MonthAsked = None,
    contacts: Annotated[
        int | None, Query(ge=1, le=MOST, description="Budget in contacts; the setting where none is given.")
    ] = None,
    control_share: Annotated[
        float | None, Query(gt=0, le=0.5, description="Share of the list that is left alone; the setting where none is given.")
    ] = None,
) -> PlanOut:
    """What so many contacts would bring: openings, conversion, cost, value, and what the control group can prove."""
    version, settings = visitor.view[PRODUCT], _settings(request)
    found = planned(version, chosen_month(version, month), settings, contacts, control_share)
    return PlanOut.of(found, version.name, settings.currency)


@router.get("/quality")
@needs(Action.READ, PRODUCT, versioned=True)
def list_quality(
    visitor: Asking,
    paging: Asked,
    month: OnlyMonth = None,
    scorer: Annotated[str, Query(max_length=100, description="Model, or what it is compared with.", examples=["scores"])] = "",
    measure: Annotated[str, Query(max_length=100, description="Measure.", examples=["gini"])] = "",
) -> Listed[QualityOut]:
    """How good past scores were: every measure of every judged month, or of one."""
    version = visitor.view[PRODUCT]
    rows = [
        row
        for row in judging.quality(version)
        if month in (None, row["month"]) and scorer in ("", row["scorer"]) and measure in ("", row["measure"])
    ]
    return paging.listed([QualityOut(**row) for row in _page(rows, paging)], len(rows), version.name)


@router.get("/drift")
@needs(Action.READ, PRODUCT, versioned=True)
def list_drift(visitor: Asking, paging: Asked, month: OnlyMonth = None) -> Listed[DriftOut]:
    """How far features and the score have moved from what the models learnt from, the furthest of each month first."""
    version = visitor.view[PRODUCT]
    rows = [row for row in judging.drift(version) if month in (None, row["month"])]
    return paging.listed([DriftOut(**row) for row in _page(rows, paging)], len(rows), version.name)


@router.get("/effect")
@needs(Action.READ, PRODUCT, versioned=True)
def list_effect(visitor: Asking, paging: Asked, month: OnlyMonth = None) -> Listed[EffectOut]:
    """What the offers have brought, in months whose openings are all known."""
    version = visitor.view[PRODUCT]
    rows = [row for row in judging.effects(version) if month in (None, row["month"])]
    return paging.listed([EffectOut(**row) for row in _page(rows, paging)], len(rows), version.name)


@router.get("/files")
@needs(Action.READ, PRODUCT, versioned=True)
def list_files(visitor: Asking, paging: Asked, month: OnlyMonth = None) -> Listed[FileOut]:
    """Files for the marketing optimiser."""
    version = visitor.view[PRODUCT]
    rows = [row for row in optimiser_files(version) if month in (None, row["month"])]
    items = [FileOut(**row, address=f"{router.prefix}/files/{row['month']}/{row['format']}") for row in _page(rows, paging)]
    return paging.listed(items, len(rows), version.name)


@router.get(
    "/files/{month}/{file_format}",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "The file, as it was published.",
            "content": {
                media_type.partition(";")[0]: {"schema": {"type": "string", "format": "binary"}}
                for media_type in MEDIA_TYPES.values()
            },
        }
    },
)
@needs(Action.READ, PRODUCT)
def get_file(
    request: Request,
    visitor: Asking,
    month: MonthPath,
    file_format: Annotated[Literal["csv", "parquet"], Path(description="Format.", examples=["csv"])],
) -> StreamingResponse:
    """The file for the marketing optimiser; refused where it is not the one that was published."""
    return optimiser_file(visitor.view[PRODUCT], _settings(request), month, file_format)


def _settings(request: Request) -> Settings:
    return service_of(request).settings


def _page(rows: list[Any], paging: Asked) -> list[Any]:
    return rows[paging.offset : paging.offset + paging.limit]
