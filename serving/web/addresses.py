"""Addresses that came from outside, made safe to send people to."""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import Request


def local(address: str) -> str:
    r"""An address on this site, or the first page: nobody is sent elsewhere.

    >>> local("/stores?k=3"), local("//elsewhere.example"), local("/\\elsewhere.example"), local("https://elsewhere.example")
    ('/stores?k=3', '/', '/', '/')
    """
    plain = address.startswith("/") and not address.startswith(("//", "/\\")) and address.isprintable() and "\\" not in address
    return address if plain else "/"


def page_of(request: Request) -> str:
    """The address of the page that somebody looks at: of a part, the page it is on; of a form that was sent, the page it was on."""
    if "hx-request" in request.headers:
        return _here(request.headers.get("hx-current-url", ""))
    if request.method == "GET":
        return _here(str(request.url))
    return _here(request.headers.get("referer", ""))


def _here(address: str) -> str:
    try:
        parts = urlsplit(address)
    except ValueError:
        return "/"
    return local(parts.path + (f"?{parts.query}" if parts.query else ""))
