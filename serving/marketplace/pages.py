"""The pages: how good recommendations are, what a user is shown and why, and what goes with an item."""

from __future__ import annotations

import random
from typing import Annotated, Any, Literal

from fastapi import Form, Path, Query, Request
from fastapi.responses import HTMLResponse

from serving.marketplace import goods, pictures, quality, trying
from serving.marketplace import wording as words
from serving.marketplace.answering import Question
from serving.marketplace.api import events_of
from serving.marketplace.api_models import PLATFORM_LENGTH, USER_LENGTH
from serving.marketplace.worker import PRODUCT, shelf_of, worker_of
from serving.web.languages import LANGUAGES
from serving.web.problems import not_found
from serving.web.routing import router as guarded_router
from serving.web.rules import needs
from serving.web.service import service_of
from serving.web.versions import Version
from serving.web.visitors import Asking
from vitrina.marketplace.factors import ANY_PLATFORM
from vitrina.marketplace.measure_names import AUC_UNIFORM, FRESH, HIT_RATE, POPULARITY, PRECISION, RERANKER
from vitrina.marketplace.raw_tables import ITEM_LENGTH
from vitrina.marketplace.uptake import BEFORE, HOLDOUT, RELATIVE_LIFT
from vitrina.settings import Locale
from vitrina.state.roles import Action

router = guarded_router()

Measure = Literal["hit_rate", "precision", "auc"]
_MEASURES: dict[Measure, str] = {"hit_rate": HIT_RATE, "precision": PRECISION, "auc": AUC_UNIFORM}
"""What the page shows over time, by the name in its address."""

EVENT_LENGTH = ITEM_LENGTH + 20


@router.get("/marketplace", response_class=HTMLResponse)
@needs(Action.READ, PRODUCT)
def quality_page(request: Request, visitor: Asking, measure: Annotated[Measure, Query()] = "hit_rate") -> HTMLResponse:
    """How good recommendations are, whom they serve, and what users do with them."""
    version, locale = visitor.view[PRODUCT], visitor.locale
    pages = service_of(request).pages
    latest = quality.latest(version)
    chosen = _MEASURES[measure]
    by_segment = chosen if quality.segments(version, chosen) else HIT_RATE
    return pages.render(
        request,
        "marketplace/quality.html",
        version=version,
        latest=latest,
        figures={
            name: None if latest is None else latest.of(name) for name in (*quality.MEASURES, quality.COVERAGE, quality.CEILING)
        },
        names={"hit_rate": HIT_RATE, "precision": PRECISION, "coverage": quality.COVERAGE, "ceiling": quality.CEILING},
        measures=[(name, words.measure_name(full, locale)) for name, full in _MEASURES.items()],
        measure=measure,
        over_time=_over_time(version, chosen, locale),
        targets=[words.target(row, locale) for row in quality.targets(version)],
        models=_models(version, locale),
        segments=_segments(version, by_segment, locale),
        reach=goods.reach(version),
        spread=_spread(version, locale),
        uptake=_uptake(version, locale, service_of(request).settings.currency),
        holdout_share=service_of(request).settings.marketplace_holdout_share,
    )


@router.get("/marketplace/user", response_class=HTMLResponse)
@needs(Action.READ, PRODUCT)
def user_page(request: Request, visitor: Asking) -> HTMLResponse:
    """Ask for a user."""
    version, shelf = shelf_of(visitor)
    return service_of(request).pages.render(
        request,
        "marketplace/user.html",
        version=version,
        trial=None,
        offered=goods.offered(shelf),
        asked=_asked(),
        platforms=_platforms(version),
    )


@router.post("/marketplace/user", response_class=HTMLResponse)
@needs(Action.READ, PRODUCT, counted=True)
def try_user(  # noqa: PLR0913  # the fields of a form
    request: Request,
    *,
    visitor: Asking,
    user_id: Annotated[str, Form(max_length=USER_LENGTH)] = "",
    page_item: Annotated[str, Form(max_length=ITEM_LENGTH)] = "",
    recent: Annotated[list[Annotated[str, Form(max_length=EVENT_LENGTH)]] | None, Form(max_length=trying.MOST_SESSION)] = None,
    platform: Annotated[str, Form(max_length=PLATFORM_LENGTH)] = "",
    price_band: Annotated[Literal["", "1", "2", "3", "4", "5"], Form()] = "",
    add: Annotated[str, Form(max_length=EVENT_LENGTH)] = "",
    remove: Annotated[int | None, Form(ge=0, lt=trying.MOST_SESSION)] = None,
    example: Annotated[Literal["", "regular", "occasional", "new"], Form()] = "",
) -> HTMLResponse:
    """What a user is shown, and why; the identifier comes in the body, so that it stands in no address, history or record."""
    worker = worker_of(request)
    version, shelf = shelf_of(visitor)
    if example:
        # nothing depends on who it is
        user_id, page_item, recent = trying.example_user(shelf, example, random.Random()) or user_id, "", None  # noqa: S311
    events, page = trying.changed(events_of(recent or []), page_item.strip(), add=add, remove=remove)
    question = Question(
        worker.user(user_id), page or None, events, trying.ITEMS, platform or None, int(price_band) if price_band else None
    )
    settings = worker.settings
    trial = trying.tried(
        shelf,
        question,
        locale=visitor.locale,
        repeats=settings.marketplace_repeats,
        holdout_share=settings.marketplace_holdout_share,
    )
    is_part = bool(request.headers.get("hx-request"))
    return service_of(request).pages.render(
        request,
        "marketplace/user_form.html" if is_part else "marketplace/user.html",
        version=version,
        trial=trial,
        offered=goods.offered(shelf),
        asked=_asked(user_id=user_id.strip(), page_item=page, platform=platform, price_band=price_band),
        platforms=_platforms(version),
        scorers={"reranker": RERANKER, "fresh": FRESH, "popular": POPULARITY},
    )


@router.get("/marketplace/items", response_class=HTMLResponse)
@needs(Action.READ, PRODUCT)
def items_page(  # noqa: PLR0913  # the fields of a form
    request: Request,
    *,
    visitor: Asking,
    q: Annotated[str, Query(max_length=200)] = "",
    category: Annotated[str, Query(max_length=200)] = "",
    shown: Annotated[Literal["all", "shown", "not shown"], Query()] = "all",
    order: Annotated[Literal["buyers", "lists", "title"], Query()] = "buyers",
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> HTMLResponse:
    """Search of items, and how far recommendations reach them."""
    version = visitor.view[PRODUCT]
    found = goods.search(version, text=q.strip(), category=category or None, shown=shown, order=order, offset=offset)
    return service_of(request).pages.render(
        request,
        "marketplace/items.html",
        version=version,
        found=found,
        asked={"q": q, "category": category, "shown": shown, "order": order},
        categories=goods.categories(version),
        offset=offset,
        limit=goods.PAGE,
    )


@router.get("/marketplace/item/{item_id:path}", response_class=HTMLResponse)
@needs(Action.READ, PRODUCT)
def item_page(request: Request, visitor: Asking, item_id: Annotated[str, Path(max_length=ITEM_LENGTH)]) -> HTMLResponse:
    """An item: who met it, how often it is recommended, and what goes with it."""
    version, shelf = shelf_of(visitor)
    item = goods.item(version, item_id)
    if item is None:
        raise not_found("item", item_id)
    similar, is_similar = goods.similar_items(version, shelf, item_id, 20)
    return service_of(request).pages.render(
        request, "marketplace/item.html", version=version, item=item, similar=similar, is_similar=is_similar
    )


def warm(version: Version) -> None:
    """Draw what the first page of a new version would wait for; a chart takes some tens of milliseconds."""
    for locale in LANGUAGES:
        _over_time(version, HIT_RATE, locale)
        _segments(version, HIT_RATE, locale)
        _spread(version, locale)
        _uptake(version, locale, "")


def _asked(**given: str) -> dict[str, str]:
    return {"user_id": "", "page_item": "", "platform": "", "price_band": "", **given}


def _platforms(version: Version) -> list[str]:
    if not version.has("popular_items"):
        return []
    query = "SELECT DISTINCT platform FROM popular_items WHERE platform <> $any ORDER BY platform LIMIT 50"
    return version.remembered("platforms", lambda: [row["platform"] for row in version.rows(query, {"any": ANY_PLATFORM})])


def _over_time(version: Version, measure: str, locale: Locale) -> Any:
    if not version.has(quality.QUALITY) or not (rows := quality.over_time(version, measure)):
        return None
    return version.remembered(("over time", measure, locale), lambda: pictures.quality_over_time(rows, measure, locale))


def _segments(version: Version, measure: str, locale: Locale) -> Any:
    rows = quality.segments(version, measure)
    return version.remembered(("by segment", measure, locale), lambda: pictures.by_segment(rows, measure, locale)) if rows else None


def _spread(version: Version, locale: Locale) -> Any:
    if goods.reach(version) is None:
        return None
    return version.remembered(("spread", locale), lambda: pictures.reached(goods.spread(version), locale))


def _models(version: Version, locale: Locale) -> list[list[str]]:
    """What other methods reach on the same month."""
    latest = quality.latest(version)
    if latest is None:
        return []
    scorers = sorted(
        {scorer for scorer, name in latest.rows if name == HIT_RATE}, key=lambda scorer: -(latest.rows[scorer, HIT_RATE].value or 0)
    )
    return [
        [
            words.scorer_name(scorer, locale),
            *(
                words.measure_value(name, one.value if (one := latest.of(name, scorer)) else None, locale)
                for name in quality.MEASURES
            ),
        ]
        for scorer in scorers
    ]


def _uptake(version: Version, locale: Locale, currency: str) -> dict[str, Any] | None:
    """What users did, as it is read: a table per comparison, and the chart; None where nothing was shown."""
    rows = quality.uptake(version)
    if not rows:
        return None
    tables = {}
    for name, compared in (("holdout", HOLDOUT), ("before", BEFORE)):
        kept = [row for row in rows if row["compared"] == compared and not row["measure"].endswith(RELATIVE_LIFT)]
        tables[name] = [
            {
                "measure": words.uptake_measure(row["measure"], locale),
                **{column: words.uptake_value(row["measure"], row[column], locale, currency) for column in ("value", "other")},
                **{
                    column: words.uptake_difference(row["measure"], row[column], locale, currency)
                    for column in ("difference", "low", "high")
                },
                "excludes_zero": row["excludes_zero"],
                "is_known": row["difference"] is not None and row["low"] is not None,
                "is_more": (row["difference"] or 0) > 0,
                "users": row["users"],
                "other_users": row["other_users"],
            }
            for row in sorted(kept, key=lambda row: words.uptake_place(row["measure"]))
        ]
    chart = version.remembered(("lifts", locale), lambda: pictures.lifts(rows, locale))
    return {**tables, "chart": chart, "from": rows[0]["shown_from"], "days": rows[0]["days_shown"]}
