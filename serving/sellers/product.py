"""What sellers brings to the application."""

from itertools import islice

from serving.products import Product
from serving.sellers import api, file_routes, footage_pages, pages
from serving.sellers.opening import StoreDay
from serving.sellers.stores import all_stores
from serving.sellers.telling import Telling
from serving.web.languages import LANGUAGES
from serving.web.routing import router
from serving.web.versions import Version
from vitrina.settings import Settings

WARMED = 10
"""Stores whose latest day is told before anybody asks: charts take a tenth of a second each."""


def configuration(settings: Settings, _: Version) -> Settings:
    """What `warm` needs beside a version."""
    return settings


def warm(version: Version) -> None:
    """Have all stores and the latest day of the first ones at hand."""
    settings: Settings = version.companion()
    for store in islice(all_stores(version).values(), WARMED):
        for locale in LANGUAGES:
            pages.told_of_day(StoreDay(version, store, Telling(locale, settings.currency, store.zone), store.latest_day))


_routes = router()
_routes.routes.extend([*api.router.routes, *file_routes.router.routes, *footage_pages.router.routes, *pages.router.routes])

SELLERS = Product("sellers", _routes, companion=configuration, warms=(warm,))
