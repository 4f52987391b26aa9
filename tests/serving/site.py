"""The pages as a server, for browsers."""

import asyncio
import datetime as dt
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn

from serving.app import create_app
from serving.web.guard import SESSION_COOKIE
from vitrina.settings import Settings
from vitrina.state.people import Person

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
WAIT_S = 60


class Site:
    """A running server.

    Parameters
    ----------
    settings
        What it serves.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.app = create_app(settings)
        self.server = uvicorn.Server(uvicorn.Config(self.app, port=settings.pages_port, log_level="warning", access_log=False))
        self.thread = threading.Thread(target=lambda: asyncio.run(self.server.serve()), daemon=True)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.settings.pages_port}"

    def cookie(self, person: Person) -> dict:
        """A session's cookie, for a browser."""
        service = self.app.state.service
        secret = service.credentials.begin_session(person, dt.datetime.now(dt.UTC))
        return {"name": SESSION_COOKIE, "value": secret, "url": self.address}


@contextmanager
def serving(settings: Settings) -> Iterator[Site]:
    """A server, until the end."""
    site = Site(settings)
    site.thread.start()
    deadline = time.monotonic() + WAIT_S
    while not site.server.started:
        assert time.monotonic() < deadline, "the pages did not start"
        assert site.thread.is_alive(), "the pages have ended"
        time.sleep(0.05)
    try:
        yield site
    finally:
        site.server.should_exit = True
        site.thread.join(WAIT_S)


def need_chromium() -> str:
    """Where the browser is, or a reason to skip."""
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed")
    return CHROMIUM
