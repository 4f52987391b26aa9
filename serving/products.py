"""The five products, as the application takes them in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter

from serving.web.service import Service
from serving.web.versions import Companion, Warm


@dataclass(frozen=True)
class Product:
    """What a product brings.

    Attributes
    ----------
    name
        Its name, the same in every layer.
    router
        Its routes, pages and API.
    companion
        Opens what its published version names beside tables; None where there is nothing.
    warms
        What is asked of a new version before anybody sees it.
    start, stop
        What it keeps while a worker runs, in `Service.held`.
    """

    name: str
    router: APIRouter
    companion: Companion | None = None
    warms: tuple[Warm, ...] = ()
    start: Callable[[Service], Any] | None = None
    stop: Callable[[Service], None] | None = None


def all_products() -> tuple[Product, ...]:
    """Every product, in the order in which people read them."""
    from serving.marketplace.product import MARKETPLACE  # noqa: PLC0415  # products import this module
    from serving.posts.product import POSTS  # noqa: PLC0415  # as above
    from serving.propensity.product import PROPENSITY  # noqa: PLC0415  # as above
    from serving.sellers.product import SELLERS  # noqa: PLC0415  # as above
    from serving.stores.product import STORES  # noqa: PLC0415  # as above

    return (STORES, MARKETPLACE, PROPENSITY, POSTS, SELLERS)
