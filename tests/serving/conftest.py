"""A site over all five products, for tests that look at it with a browser or a program."""

import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving.site import Site, need_chromium, serving
from vitrina.settings import Settings


@pytest.fixture(scope="session")
def site(all_published: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The pages of all products."""
    data = tmp_path_factory.mktemp("site") / "data"
    shutil.copytree(all_published, data)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = Settings(data=data, pages_port=port, pages_requests_per_minute=1_000_000, _env_file=None)
    (data / "inbox").mkdir(exist_ok=True)
    with serving(settings) as running:
        yield running


@pytest.fixture(scope="session")
def chromium() -> Iterator:
    """A browser."""
    path = need_chromium()
    from playwright.sync_api import sync_playwright  # noqa: PLC0415  # only tests with a browser need it

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield browser
        browser.close()
