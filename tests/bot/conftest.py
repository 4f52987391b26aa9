"""The stand-in for Telegram."""

from collections.abc import Iterator

import pytest

from tests.bot.bot_api import BotApi


@pytest.fixture
def api() -> Iterator[BotApi]:
    with BotApi() as server:
        yield server
