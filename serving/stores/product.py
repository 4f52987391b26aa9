"""What stores brings to the application."""

from __future__ import annotations

from serving.products import Product
from serving.stores import api, asking_pages, comparing_pages, decision_pages, overview_pages, request_pages
from serving.stores.desk import PRODUCT, Desk
from serving.stores.published import Basis, published_answer, quarter_of
from serving.web.routing import router
from serving.web.service import Service
from serving.web.versions import Version

_routes = router()
# “new” and “compare” come before what a request's identifier would take for its own
for part in (api, overview_pages, asking_pages, comparing_pages, decision_pages, request_pages):
    _routes.routes.extend(part.router.routes)


def _start(service: Service) -> Desk:
    desk = Desk(service.settings, service.database)
    desk.start()
    if service.versions.view().find(PRODUCT) is not None:
        # where nothing is published, nobody can ask for anything yet
        desk.bench.start()
    return desk


def _stop(service: Service) -> None:
    desk = service.held.get(PRODUCT)
    if isinstance(desk, Desk):
        desk.stop()


def _warm(version: Version) -> None:
    """What the first page shows."""
    published_answer(version, quarter_of(version, None), Basis.OWN)


STORES = Product(PRODUCT, _routes, warms=(_warm,), start=_start, stop=_stop)
