"""What posts brings to the application."""

from serving.posts import api, asked_pages, pages
from serving.posts.searching import open_search, warm
from serving.products import Product
from serving.web.routing import router

_router = router(tags=("posts",))
_router.routes.extend([*api.router.routes, *pages.router.routes, *asked_pages.router.routes])

POSTS = Product("posts", _router, companion=open_search, warms=(warm, asked_pages.warm))
