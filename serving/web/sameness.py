"""One version for all that belongs together: a page and its parts, the pages of a list, what a browser keeps."""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import replace

from fastapi import Request

from serving.web.problems import Problem, shown
from serving.web.rules import Rule
from serving.web.service import Service
from serving.web.visitors import Visitor

CATCHES_UP_S, CATCHING_UP_S = 3.0, 0.05
"""How long, and at which intervals, a worker that is behind waits for the version that another one has shown already."""


async def same_version(request: Request, rule: Rule, visitor: Visitor, service: Service) -> Visitor:
    """The visitor with the version that a part of a page, or the next page of a list, belongs to.

    Workers change to a new version one after the other, and the parts of a page come from any of them: one that is
    behind looks again, and one that is ahead still has the version that it had a moment ago.

    Raises
    ------
    Problem
        That version is not in force, and has not been for some time.
    """
    asked, product = request.query_params.get("version"), rule.product_of(request.path_params)
    if not asked or visitor.view.name(product) == asked:
        return visitor
    view = service.versions.view({product: asked})
    tries = 0
    while view.name(product) != asked and service.versions.is_coming(product, asked):
        # without a thread: others need them
        if (tries := tries + 1) > CATCHES_UP_S / CATCHING_UP_S:
            raise Problem(
                503, "A new version is just being opened.", "Try again in a moment.", kind="busy", headers={"Retry-After": "2"}
            )
        await asyncio.sleep(CATCHING_UP_S)
        view = service.versions.view({product: asked})
    if view.name(product) != asked:
        raise Problem(
            410,
            f"The version {shown(asked)} is not in force: a newer one was published, or it was rolled back.",
            "Load the page, or the list, from its beginning.",
            kind="another-version",
        )
    return replace(visitor, view=view)


def etag_of(request: Request, rule: Rule, visitor: Visitor, service: Service) -> str:
    """What an answer depends on beside its address: the version, the language, what the visitor may see, our code and settings."""
    if not rule.versioned or request.method not in ("GET", "HEAD") or visitor.known is None:
        return ""
    product = rule.product_of(request.path_params)
    version = visitor.view.find(product)
    if version is None:
        return ""
    parts = visitor.parts(product, rule.action)
    about = json.dumps([service.edition, version.name, version.pointer.rolled_back_from, visitor.locale, parts, visitor.csrf])
    return f'W/"{hashlib.sha256(about.encode()).hexdigest()[:24]}"'
