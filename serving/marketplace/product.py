"""What marketplace brings to the application."""

from serving.marketplace import api, pages
from serving.marketplace.shelf import open_shelf
from serving.marketplace.worker import PRODUCT, start, stop, warm
from serving.products import Product
from serving.web.routing import router

_routes = router()
_routes.routes.extend([*api.router.routes, *pages.router.routes])

MARKETPLACE = Product(PRODUCT, _routes, companion=open_shelf, warms=(warm, pages.warm), start=start, stop=stop)
