"""All routes of deliveries and uploads; names stand before what takes any name."""

from serving.deliveries import api, pages, template_pages, tus, upload_pages
from serving.web.routing import router as guarded_router

router = guarded_router()
router.routes.extend(
    [
        *tus.router.routes,
        *api.router.routes,
        *upload_pages.router.routes,
        *template_pages.router.routes,
        *pages.router.routes,
    ]
)
