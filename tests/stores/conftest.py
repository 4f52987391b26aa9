"""The pages over a published version of made-up stores, with the processes that answer requests: started once."""

import pytest

from tests.pages import visiting
from tests.stores.published_stores import publish_stores
from vitrina.settings import Settings


@pytest.fixture(scope="session")
def stores_site(tmp_path_factory):
    """Somebody who may do everything, where two quarters are published and a model is approved."""
    settings = Settings(data=tmp_path_factory.mktemp("stores site") / "data", pages_requests_per_minute=1_000_000, _env_file=None)
    publish_stores(settings, approve=True)
    with visiting(settings, name="ann") as visitor:
        visitor.settings = settings
        yield visitor
