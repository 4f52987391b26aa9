"""What other sites have a browser send in somebody's name, told from what our own pages send."""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import urlsplit

from fastapi import Request
from starlette.exceptions import HTTPException

from serving.web.problems import Problem
from serving.web.service import Service
from serving.web.visitors import Visitor

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
CSRF_FIELD, CSRF_HEADER = "csrf", "x-csrf-token"
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def csrf_of(secret: str) -> str:
    """What forms of a session carry: it follows from the session, and the session does not follow from it."""
    return hashlib.sha256(b"csrf " + secret.encode()).hexdigest()


async def refuse_forged(request: Request, visitor: Visitor, service: Service) -> None:
    """Refuse what another site has a browser send in somebody's name; programs with tokens have no browser.

    Raises
    ------
    Problem
        403: it did not come from our own pages. 400: nobody can tell, because its form cannot be read.
    """
    if request.method in SAFE or (visitor.known is not None and visitor.known.token is not None):
        return
    refused = Problem(403, "This did not come from our own pages.", "Load the page again, and send it once more.", kind="forged")
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise refused
    origin = request.headers.get("origin")
    # proxies often put another host in place of the one that people see
    ours = (request.headers.get("host"), urlsplit(service.settings.pages_address).netloc)
    if origin is not None and origin.partition("://")[2] not in ours:
        raise refused
    if visitor.known is None:
        return
    given = request.headers.get(CSRF_HEADER, "")
    if not given and request.headers.get("content-type", "").startswith(_FORMS):
        given = await _csrf_field(request)
    if not hmac.compare_digest(given.encode("utf-8", "replace"), visitor.csrf.encode()):
        raise refused


async def _csrf_field(request: Request) -> str:
    try:
        return str((await request.form()).get(CSRF_FIELD, ""))
    except HTTPException:
        raise
    except Exception as error:
        # a form may claim any character set, and each has errors of its own
        raise Problem(400, "The form cannot be read.", "Send it as UTF-8.", kind="invalid") from error
