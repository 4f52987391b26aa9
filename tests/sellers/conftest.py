"""Pages over a made-up shop, published once."""

import datetime as dt
from types import SimpleNamespace

import pytest

from tests.pages import visiting
from tests.sellers.made_up_pages import MadeUpShop
from vitrina.settings import Settings


@pytest.fixture(scope="session")
def shop(tmp_path_factory):
    """A data folder with a published version of sellers; only looked at."""
    settings = Settings(data=tmp_path_factory.mktemp("pages") / "data", pages_requests_per_minute=1_000_000, _env_file=None)
    made = MadeUpShop(settings, dt.datetime.now(dt.UTC))
    made.publish()
    return made


@pytest.fixture(scope="session")
def seen(shop):
    """The pages of that shop, seen by an admin."""
    with visiting(shop.settings, name="admin") as visitor:
        yield SimpleNamespace(shop=shop, visitor=visitor, page=visitor.page, api=visitor.api)
