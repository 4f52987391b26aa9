"""Routers whose routes all have rules."""

from fastapi import APIRouter

from serving.web.guard import GuardedRoute


def router(prefix: str = "", *, tags: tuple[str, ...] = ()) -> APIRouter:
    """A router for `GuardedRoute`.

    Parameters
    ----------
    prefix
        What all its addresses begin with.
    tags
        Where OpenAPI lists its routes.
    """
    return APIRouter(prefix=prefix, route_class=GuardedRoute, tags=list(tags))
