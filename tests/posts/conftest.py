"""The pages over the small shop's channels, published once."""

import pytest

from tests.pages import make_person
from tests.posts.shop_channels import CARD, CHATS, published
from vitrina.settings import Settings
from vitrina.state.roles import Grant, Role


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """Settings of a data folder in which the channels are published."""
    settings = Settings(data=tmp_path_factory.mktemp("posts") / "data", posts_chats=CHATS, pages_requests_per_minute=1_000_000)
    published(settings)
    return settings


@pytest.fixture(scope="module")
def card_owner(shop):
    """Somebody who may see one channel alone."""
    return make_person(shop, "card owner", Grant(Role.VIEWER, "posts", CARD))
