"""What a worker holds while it runs, and every request uses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from anyio import CapacityLimiter
from fastapi import Request

from serving.token_buckets import TokenBuckets
from serving.web.audit_writer import AuditWriter
from serving.web.recognising import Recogniser
from serving.web.versions import Versions
from vitrina.settings import Settings
from vitrina.state.credentials import Credentials
from vitrina.state.opening import StateDatabase
from vitrina.state.people import People

if TYPE_CHECKING:
    from serving.web.rendering import Pages

SIGN_INS_AT_ONCE = 4
"""Passwords that are looked at side by side: each takes 64 MiB."""


@dataclass
class Service:
    """What a worker holds.

    Attributes
    ----------
    settings
        The configuration.
    versions
        Published versions.
    database, people, credentials
        The state store, and what is in it.
    recogniser
        Who shows a session or a token.
    audit
        The record of who saw and did what.
    pages
        Templates.
    people_buckets, token_buckets, stranger_buckets
        How much is too much.
    signing_in
        How many may sign in at once; the others wait.
    edition
        Changes with our code and settings: what browsers keep of an older one is not shown again.
    held
        What products keep while the worker runs, by product.
    """

    settings: Settings
    versions: Versions
    database: StateDatabase
    people: People
    credentials: Credentials
    recogniser: Recogniser
    audit: AuditWriter
    pages: Pages
    people_buckets: TokenBuckets
    token_buckets: TokenBuckets
    stranger_buckets: TokenBuckets
    edition: str = ""
    signing_in: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(SIGN_INS_AT_ONCE))
    held: dict[str, Any] = field(default_factory=dict)


def service_of(request: Request) -> Service:
    """The service that answers a request."""
    found = request.app.state.service
    if not isinstance(found, Service):
        raise TypeError("the application was not started")
    return found
