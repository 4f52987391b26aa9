"""Updates that Telegram delivers itself."""

import json
import socket

import httpx
import pytest

from serving.bot.journal import Journal
from serving.bot.run import BotSettings
from serving.bot.telegram import ALLOWED_UPDATES
from serving.bot.webhook import MOST_BYTES, SECRET_HEADER
from tests.bot.bot_api import TOKEN
from tests.bot.made_up_rules import KEY
from tests.bot.running import bot_settings, running
from vitrina.errors import SettingsError
from vitrina.settings import Settings

SECRET = "a-secret-of-32-signs-for-examples"  # noqa: S105  # it opens nothing


@pytest.fixture
def settings(tmp_path, api):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return bot_settings(
        tmp_path, api.url, webhook_url=f"http://127.0.0.1:{port}/telegram", webhook_secret=SECRET, webhook_port=port
    )


def test_updates_are_delivered_answered_and_recorded(api, settings):
    with running(settings):
        for _ in range(3):
            api.message("When do you open?")
        assert api.waits_for(lambda: len(api.sent) == 3 and not api.unconfirmed)
    assert (api.webhook["secret_token"], json.loads(api.webhook["allowed_updates"])) == (SECRET, ALLOWED_UPDATES)
    assert len(Journal(settings.journal, KEY).rows("SELECT * FROM asked")) == 3


def test_an_update_that_comes_again_at_once_is_answered_once(api, settings):
    update = {"update_id": 1, "message": {"message_id": 1, "date": 1, "text": "When do you open?"}}
    update["message"] |= {
        "chat": {"id": -1_000_000_002_001, "type": "supergroup"},
        "from": {"id": 77, "is_bot": False, "first_name": "P"},
    }
    with running(settings):
        assert api.waits_for(lambda: api.webhook)
        for _ in range(3):
            assert httpx.post(settings.webhook_url, json=update, headers={SECRET_HEADER: SECRET}).status_code == 200
        assert api.waits_for(lambda: api.sent)
    assert len(api.sent) == 1


@pytest.mark.parametrize("headers", [{}, {SECRET_HEADER: ""}, {SECRET_HEADER: SECRET[:-1]}, {SECRET_HEADER: b"\xff\xfe"}])
def test_whoever_does_not_know_the_secret_is_turned_away_before_anything_is_read(api, settings, headers):
    with running(settings):
        assert api.waits_for(lambda: api.webhook)
        assert httpx.post(settings.webhook_url, content=b"not read", headers=headers).status_code == 401
    assert api.sent == []


@pytest.mark.parametrize(
    ("content", "status"),
    [(b"no JSON", 400), (b"[1]", 400), (b'{"update_id": "x"}', 200), (b'"' + b"x" * (MOST_BYTES + 1) + b'"', 413)],
)
def test_what_is_no_update_does_no_harm(api, settings, content, status):
    with running(settings):
        assert api.waits_for(lambda: api.webhook)
        assert httpx.post(settings.webhook_url, content=content, headers={SECRET_HEADER: SECRET}).status_code == status
        api.message("When do you open?")
        assert api.waits_for(lambda: api.sent)


def test_an_update_that_cannot_be_recorded_is_delivered_again(api, settings, monkeypatch):
    broken, real = [True], Journal.decide

    def decide(*given, **more):
        if broken[0]:
            raise OSError(28, "No space left on device")
        return real(*given, **more)

    monkeypatch.setattr(Journal, "decide", decide)
    with running(settings):
        api.message("When do you open?")
        assert api.waits_for(lambda: len(api.delivered) > 3)
        broken[0] = False
        assert api.waits_for(lambda: api.sent and not api.unconfirmed)
    assert len(api.sent) == 1


def test_a_webhook_and_polling_exclude_each_other(api, settings, tmp_path):
    with running(settings):
        assert api.waits_for(lambda: api.webhook)
    with running(bot_settings(tmp_path, api.url)):
        api.message("When do you open?")
        assert api.waits_for(lambda: api.sent)
    assert api.webhook == {}


def test_a_port_that_is_taken_says_which(api, settings):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", settings.webhook_port))
        taken.listen()
        with (
            pytest.raises(SettingsError, match=f"port {settings.webhook_port}.*VITRINA_POSTS_WEBHOOK_PORT"),
            running(settings) as thread,
        ):
            thread.join(10)


@pytest.mark.parametrize("secret", ["", "short", "with a blank in its middle"])
def test_a_webhook_without_a_secret_that_protects_it_is_refused(tmp_path, secret):
    settings = Settings(
        data=tmp_path, posts_bot_token=TOKEN, posts_webhook_url="https://bot.example.org", posts_webhook_secret=secret
    )
    with pytest.raises(SettingsError, match="openssl rand"):
        BotSettings.of(settings)
