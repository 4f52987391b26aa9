"""The bot in a thread of the test, talking to the stand-in for Telegram; and the bot as a process, to be killed."""

import asyncio
import dataclasses
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from serving.bot.answers import Answerer
from serving.bot.run import BotSettings, run
from serving.bot.sending import Patience
from tests.bot.bot_api import TOKEN, BotApi
from tests.bot.made_up_answers import MadeUpAnswerer, plain_reading
from tests.bot.made_up_rules import KEY, rules

GROUP, OTHER_GROUP, STRANGE_GROUP = -1_000_000_002_001, -1_000_000_002_002, -1_000_000_009_999
QUICK = Patience(first_s=0.01, longest_s=0.05, most_attempts=3)
ROOT = Path(__file__).parents[2]


def bot_settings(folder: Path, api: str, **changes: Any) -> BotSettings:
    settings = BotSettings(
        token=TOKEN,
        api=api,
        webhook_url="",
        webhook_secret="",
        webhook_port=0,
        rules=rules(),
        feed_interval_s=3600,
        journal=folder / "bot" / "journal.sqlite",
        inbox=folder / "decisions" / "posts",
        key=KEY,
        patience=QUICK,
    )
    return dataclasses.replace(settings, **changes)


@contextmanager
def running(settings: BotSettings, answerer: Callable[[], Answerer | None] | None = None) -> Iterator[threading.Thread]:
    """The bot while a block runs; an error of the bot is raised at its end."""
    found = MadeUpAnswerer()
    loop = asyncio.new_event_loop()
    task = loop.create_task(run(settings, plain_reading(), answerer or (lambda: found)))
    errors: list[BaseException] = []

    def work() -> None:
        try:
            loop.run_until_complete(task)
        except asyncio.CancelledError:
            pass
        except BaseException as error:  # noqa: BLE001  # it is raised in the test's thread
            errors.append(error)
        finally:
            loop.close()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield thread
    finally:
        if thread.is_alive():
            loop.call_soon_threadsafe(task.cancel)
        thread.join(20)
    if errors:
        raise errors[0]


class BotProcess:
    """The bot as a process."""

    def __init__(self, folder: Path, api: BotApi, **environment: str) -> None:
        chats = '{"telegram:2001": ["telegram:1001"]}'
        known = {"VITRINA_DATA": str(folder), "VITRINA_POSTS_BOT_API": api.url, "VITRINA_POSTS_BOT_TOKEN": TOKEN}
        self.log = folder / "bot.log"
        folder.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.bot.bot_process"],
                cwd=ROOT,
                env={**os.environ, **known, "VITRINA_POSTS_CHATS": chats, **environment},
                stdout=log,
                stderr=log,
            )

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


def journal_rows(folder: Path, query: str) -> list[tuple[Any, ...]]:
    """Rows of a journal that another process may have open."""
    path = folder / "bot" / "journal.sqlite"
    if not path.exists():
        return []
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10) as connection:
        return connection.execute(query).fetchall()
