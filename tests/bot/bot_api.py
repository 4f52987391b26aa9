"""A stand-in for Telegram's Bot API on 127.0.0.1: it answers as Telegram does, fails where it is told to, and remembers.

It never says that a message was deleted, for Telegram does not either.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import Any, Self

import aiohttp
from aiohttp import web

TOKEN = "123456:AAExampleOfATokenThatIsNone"  # noqa: S105  # it opens nothing
BOT_ID = 123456
BOT_NAME = "our_bot"
MOST_CHARACTERS = 4096
MOST_BUTTON_BYTES = 64
RIGHTS = (
    "is_anonymous",
    "can_manage_chat",
    "can_delete_messages",
    "can_manage_video_chats",
    "can_restrict_members",
    "can_promote_members",
    "can_change_info",
    "can_invite_users",
    "can_post_stories",
    "can_edit_stories",
    "can_delete_stories",
    "can_send_welcome_messages",
)


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one call.

    Attributes
    ----------
    status
        HTTP status of the answer; 0 drops the connection.
    retry_after
        Seconds to wait, with 429.
    after
        Whether the call is carried out before it fails.
    body
        The answer in place of JSON, as proxies write it.
    """

    status: int = 500
    retry_after: int = 0
    after: bool = False
    body: str = ""


@dataclass(frozen=True)
class Sent:
    """A message that the bot has sent."""

    chat_id: int
    text: str
    reply_to: int | None
    buttons: tuple[tuple[str, str], ...]
    parameters: dict[str, str]
    message_id: int
    at: float


@dataclass
class BotApi:
    """The server; its methods may be called from any thread while it runs."""

    rights: tuple[str, ...] = RIGHTS
    admins: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    sent: list[Sent] = field(default_factory=list)
    calls: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    webhook: dict[str, str] = field(default_factory=dict)
    delivered: list[int] = field(default_factory=list)
    added_at: dict[int, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.faults: dict[str, deque[Fault]] = defaultdict(deque)
        self._updates: deque[dict[str, Any]] = deque()
        self._next_update, self._next_message = 1, 1
        self._allowed: list[str] = []
        self._lock = threading.RLock()
        self._waiting: asyncio.Future[None] | None = None
        self._poller = 0

    def __enter__(self) -> Self:
        started = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(started,), daemon=True)
        self._thread.start()
        assert started.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(10)

    def fail(self, method: str, *faults: Fault) -> None:
        """The next calls of a method fail, one after another."""
        self.faults[method].extend(faults)

    def add(self, kind: str, content: dict[str, Any]) -> int:
        """An update; returns its number. One that the bot has not allowed is not kept, as with Telegram."""
        with self._lock:
            number, self._next_update = self._next_update, self._next_update + 1
            if not self._allowed or kind in self._allowed:
                self._updates.append({"update_id": number, kind: content})
                self.added_at[number] = time.perf_counter()
        self._loop.call_soon_threadsafe(self._tell)
        return number

    def message(self, text: str, *, chat: int = -1_000_000_002_001, user: int = 77, kind: str = "message", **more: Any) -> int:
        """A message of a person; returns its identifier."""
        number = self.message_id()
        writer = {"id": user, "is_bot": False, "first_name": "P", "language_code": "en"}
        where = {"id": chat, "type": "private", "first_name": "P"} if chat > 0 else {"id": chat, "type": "supergroup", "title": "G"}
        self.add(kind, {"message_id": number, "date": int(time.time()), "chat": where, "from": writer, "text": text} | more)
        return number

    def post(
        self, text: str | None, *, channel: int = -1_000_000_001_001, kind: str = "channel_post", number: int = 0, **more: Any
    ) -> int:
        """A channel's post, or a later version of it; returns its identifier."""
        number = number or self.message_id()
        chat = {"id": channel, "type": "channel", "title": "Our news"}
        content = {"message_id": number, "date": int(time.time()), "chat": chat, "sender_chat": chat} | more
        self.add(kind, content if text is None else content | {"text": text})
        return number

    def press(self, sent: Sent, button: int = 0, *, user: int = 77, data: str | None = None) -> None:
        """A press of a button below a message of the bot."""
        kind = "private" if sent.chat_id > 0 else "supergroup"
        message = {
            "message_id": sent.message_id,
            "date": int(time.time()),
            "chat": {"id": sent.chat_id, "type": kind},
            "text": sent.text,
        }
        writer = {"id": user, "is_bot": False, "first_name": "P", "language_code": "ru"}
        data = sent.buttons[button][1] if data is None else data
        self.add("callback_query", {"id": "5", "from": writer, "chat_instance": "1", "message": message, "data": data})

    def message_id(self) -> int:
        """The next identifier of a message."""
        with self._lock:
            number, self._next_message = self._next_message, self._next_message + 1
            return number

    def waits_for(self, condition: Any, timeout_s: float = 20.0) -> bool:
        """Wait until a condition holds."""
        until = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > until:
                return False
            time.sleep(0.005)
        return True

    def called(self, method: str) -> list[dict[str, str]]:
        """Parameters of all calls of a method."""
        return [parameters for name, parameters in list(self.calls) if name == method]

    @property
    def unconfirmed(self) -> int:
        """Updates that the bot has not confirmed yet."""
        return len(self._updates)

    def _serve(self, started: threading.Event) -> None:
        asyncio.run(self._run(started))

    async def _run(self, started: threading.Event) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        app = web.Application()
        app.router.add_post("/bot{token}/{method}", self._answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        assert site._server is not None
        self.url = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"  # type: ignore[attr-defined]  # asyncio's server has them
        pushing = asyncio.create_task(self._push())
        started.set()
        await self._stop.wait()
        pushing.cancel()
        self._tell()
        await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        if request.match_info["token"] != TOKEN:
            return _failed(401, "Unauthorized")
        parameters = {name: str(value) for name, value in (await request.post()).items()}
        self.calls.append((method, parameters))
        fault = self.faults[method].popleft() if self.faults[method] else None
        if fault is not None and not fault.after:
            return _broken(request, fault)
        answer = getattr(self, f"_{method}", None)
        if answer is None:
            return _failed(404, "Not Found")
        response = await answer(parameters)
        return _broken(request, fault) if fault is not None else response

    async def _getMe(self, _: dict[str, str]) -> web.Response:  # noqa: N802  # named like the method that it answers
        return _ok({"id": BOT_ID, "is_bot": True, "first_name": "Bot", "username": BOT_NAME})

    async def _getUpdates(self, parameters: dict[str, str]) -> web.Response:  # noqa: N802  # as above
        if self.webhook:
            return _failed(
                409, "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
            )
        if "allowed_updates" in parameters:
            self._allowed = json.loads(parameters["allowed_updates"])
        self._poller += 1
        mine = self._poller
        self._tell()
        offset, limit = int(parameters.get("offset", 0)), int(parameters.get("limit", 100))
        with self._lock:
            while self._updates and self._updates[0]["update_id"] < offset:
                self._updates.popleft()
        until = time.monotonic() + float(parameters.get("timeout", 0))
        while not self._updates and not self._stop.is_set() and (left := until - time.monotonic()) > 0:
            self._waiting = self._loop.create_future()
            await asyncio.wait([self._waiting], timeout=left)
            if self._poller != mine:
                return _failed(
                    409, "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
                )
        found = list(self._updates)[:limit]
        self.delivered += [update["update_id"] for update in found]
        return _ok(found)

    async def _sendMessage(self, parameters: dict[str, str]) -> web.Response:  # noqa: N802  # as above
        text, markup = parameters.get("text", ""), json.loads(parameters.get("reply_markup", "{}"))
        buttons = tuple((button["text"], button["callback_data"]) for row in markup.get("inline_keyboard", []) for button in row)
        if not text.strip():
            return _failed(400, "Bad Request: message text is empty")
        if len(text.encode("utf-16-le")) // 2 > MOST_CHARACTERS:
            return _failed(400, "Bad Request: message is too long")
        if any(len(data.encode()) > MOST_BUTTON_BYTES for _, data in buttons):
            return _failed(400, "Bad Request: BUTTON_DATA_INVALID")
        chat, number = int(parameters["chat_id"]), self.message_id()
        replied = json.loads(parameters.get("reply_parameters", "{}")).get("message_id")
        self.sent.append(Sent(chat, text, replied, buttons, parameters, number, time.perf_counter()))
        where = {"id": chat, "type": "private" if chat > 0 else "supergroup"}
        return _ok({"message_id": number, "date": int(time.time()), "chat": where, "text": text})

    async def _answerCallbackQuery(self, _: dict[str, str]) -> web.Response:  # noqa: N802  # as above
        return _ok(True)

    async def _editMessageReplyMarkup(self, _: dict[str, str]) -> web.Response:  # noqa: N802  # as above
        return _ok(True)

    async def _getChatAdministrators(self, parameters: dict[str, str]) -> web.Response:  # noqa: N802  # as above
        return _ok(
            [
                {"status": "administrator", "user": {"id": user, "is_bot": False, "first_name": "A"}, "can_be_edited": False}
                | dict.fromkeys(self.rights, False)
                for user in self.admins[int(parameters["chat_id"])]
            ]
        )

    async def _getChat(self, parameters: dict[str, str]) -> web.Response:  # noqa: N802  # as above
        return _ok({"id": int(parameters["chat_id"]), "type": "supergroup", "accent_color_id": 0, "max_reaction_count": 1})

    async def _setWebhook(self, parameters: dict[str, str]) -> web.Response:  # noqa: N802  # as above
        self.webhook = parameters
        self._allowed = json.loads(parameters.get("allowed_updates", "[]"))
        return _ok(True)

    async def _deleteWebhook(self, _: dict[str, str]) -> web.Response:  # noqa: N802  # as above
        self.webhook = {}
        return _ok(True)

    async def _push(self) -> None:
        """Deliver updates to the webhook; one that is not taken comes again."""
        async with aiohttp.ClientSession() as session:
            while True:
                await asyncio.sleep(0.005)
                if not self.webhook or not self._updates:
                    continue
                headers = {"X-Telegram-Bot-Api-Secret-Token": self.webhook.get("secret_token", "")}
                self.delivered.append(self._updates[0]["update_id"])
                async with session.post(self.webhook["url"], json=self._updates[0], headers=headers) as response:
                    if response.status == 200:
                        with self._lock:
                            self._updates.popleft()

    def _tell(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)


def _ok(result: Any) -> web.Response:
    return web.json_response({"ok": True, "result": result})


def _failed(status: int, description: str, **parameters: int) -> web.Response:
    content = {"ok": False, "error_code": status, "description": description} | ({"parameters": parameters} if parameters else {})
    return web.json_response(content, status=status)


def _broken(request: web.Request, fault: Fault) -> web.Response:
    if fault.status == 0:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()
    if fault.body:
        return web.Response(status=fault.status, text=fault.body)
    if fault.retry_after:
        return _failed(fault.status, f"Too Many Requests: retry after {fault.retry_after}", retry_after=fault.retry_after)
    return _failed(fault.status, "Internal Server Error")
