"""What propensity brings to the application."""

from serving.products import Product
from serving.propensity import api, pages
from serving.propensity.planning import warm
from serving.web.routing import router

_ROUTER = router()
_ROUTER.routes.extend([*api.router.routes, *pages.router.routes])

PROPENSITY = Product("propensity", _ROUTER, warms=(warm,))
