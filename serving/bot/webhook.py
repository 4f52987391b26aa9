"""Updates that Telegram delivers itself; behind a proxy of one's own, which speaks TLS."""

from __future__ import annotations

import hmac
import logging
import sqlite3

from aiohttp import web

from serving.bot.telegram import ALLOWED_UPDATES, Telegram
from vitrina.errors import SettingsError

logger = logging.getLogger(__name__)

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105  # the header's name
MOST_BYTES = 1 << 20


def webhook_app(telegram: Telegram, secret: str) -> web.Application:
    """The application that takes updates on any path.

    An update is answered with 200 once it is recorded, and with 500 where that fails: then Telegram delivers it again.

    Parameters
    ----------
    telegram
        The bot.
    secret
        What every call must carry; anybody may call, but only Telegram knows it.
    """

    async def receive(request: web.Request) -> web.Response:
        given = request.headers.get(SECRET_HEADER, "").encode(errors="surrogateescape")
        if not hmac.compare_digest(given, secret.encode()):
            return web.Response(status=401)
        try:
            content = await request.json()
        except ValueError:
            return web.Response(status=400)
        if not isinstance(content, dict):
            return web.Response(status=400)
        update = telegram.read(content)
        if update is not None:
            try:
                await telegram.handle(update)
            except (sqlite3.Error, OSError) as error:
                logger.error("An update cannot be recorded, and Telegram has to deliver it again: %s", error)  # noqa: TRY400  # the message says it all
                return web.Response(status=500)
        return web.Response()

    app = web.Application(client_max_size=MOST_BYTES)
    app.router.add_post("/{path:.*}", receive)
    return app


async def serve_webhook(telegram: Telegram, *, url: str, secret: str, port: int) -> web.AppRunner:
    """Listen on 127.0.0.1, and then tell Telegram where; what waits there is kept.

    Parameters
    ----------
    telegram
        The bot.
    url
        The public address.
    secret
        What every call must carry.
    port
        Port on 127.0.0.1.

    Returns
    -------
    aiohttp.web.AppRunner
        To be cleaned up at the end; Telegram keeps what comes in the meantime.

    Raises
    ------
    BotTokenError
        Telegram does not know the token.
    SettingsError
        The port is taken.
    """
    runner = web.AppRunner(webhook_app(telegram, secret), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
    except OSError as error:
        await runner.cleanup()
        raise SettingsError(
            f"The webhook cannot listen on port {port} of 127.0.0.1: {error.strerror}.",
            "Set VITRINA_POSTS_WEBHOOK_PORT to a port that is free.",
        ) from error
    await telegram.persist(
        lambda: telegram.bot.set_webhook(url, secret_token=secret, allowed_updates=ALLOWED_UPDATES, drop_pending_updates=False)
    )
    return runner
