"""What the bot bears: a burst of questions, one question on its own, and being killed in the middle of a burst.

Telegram is a server on this machine, so that figures are those of the bot; the bot is a process of its own, and reads texts
with the real models. The reference is one reply of aiogram alone: a call of `sendMessage` and nothing else.
"""

from __future__ import annotations

import asyncio
import atexit
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from statistics import median

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer

from benchmarks.outcome import Outcome
from benchmarks.posts_bot_load import CHANNEL
from tests.bot.bot_api import TOKEN, BotApi

BURST = 500
CHATS = 50
SINGLE = 100
CALLS = 300
KILLED = 200
WAIT_S = 120.0
ROOT = Path(__file__).parents[1]
QUESTIONS = (
    "Подскажите, пожалуйста, во сколько вы открываетесь в субботу?",
    "Здравствуйте, где можно посмотреть расписание на следующую неделю?",
    "А кто-нибудь знает, как записаться на экскурсию? Мой телефон +7 916 123-45-67",
    "Сколько стоит билет для студентов и нужен ли документ?",
    "До какого числа действуют скидки, о которых говорила Анна Смирнова?",
)


def main() -> int:
    """Measure and print the figures."""
    outcome = Outcome("posts_bot")
    with tempfile.TemporaryDirectory() as folder:
        _burst_and_single(Path(folder) / "burst", outcome)
        _killed(Path(folder) / "killed", outcome)
    return outcome.finish()


def _burst_and_single(folder: Path, outcome: Outcome) -> None:
    with BotApi() as api:
        outcome.refer(aiogram_calls_per_s=asyncio.run(_calls_per_second(api)))
        api.sent.clear()
        bot = _started(folder, api)
        # models are warm, pages of the file are there
        _ask(api, 20)
        _wait(lambda: len(api.sent) == 20, "the first questions")
        api.sent.clear()
        started, processor_s = time.perf_counter(), _processor_s(bot)
        messages = _ask(api, BURST)
        _wait(lambda: len(api.sent) >= BURST and not _waiting(folder), "the burst")
        seconds = max(sent.at for sent in api.sent) - started
        outcome.refer(processor_ms_per_update=1000 * (_processor_s(bot) - processor_s) / BURST)
        outcome.measure("burst_updates_per_s", BURST / seconds, ">= 300")
        outcome.measure("burst_answered", len({sent.reply_to for sent in api.sent} & set(messages)), f"== {BURST}")
        outcome.measure("burst_duplicates", len(api.sent) - BURST, "== 0")
        latencies = sorted(_single(api) for _ in range(SINGLE))
        outcome.measure("single_reply_p50_ms", 1000 * median(latencies), "<= 10")
        outcome.refer(
            single_reply_p95_ms=1000 * latencies[int(0.95 * SINGLE)], burst_s=seconds, burst=BURST, cores=os.cpu_count() or 0
        )
        _stop(bot)
        recorded = _recorded(folder)
        outcome.measure("recorded_once", len(set(recorded)) - (len(recorded) - len(set(recorded))), f"== {20 + BURST + SINGLE}")


def _killed(folder: Path, outcome: Outcome) -> None:
    with BotApi() as api:
        bot = _started(folder, api)
        messages = _ask(api, KILLED)
        _wait(lambda: len(api.sent) >= KILLED // 4, "a quarter of the burst")
        bot.kill()
        bot.wait()
        before = len(api.sent)
        started = time.perf_counter()
        bot = _started(folder, api)
        _wait(lambda: len({sent.reply_to for sent in api.sent}) == KILLED and not _waiting(folder), "the rest of the burst")
        outcome.refer(killed_after_replies=before, restart_to_last_reply_s=time.perf_counter() - started)
        _stop(bot)
        replies, recorded = Counter(sent.reply_to for sent in api.sent), _recorded(folder)
        outcome.measure("killed_answered", len(set(replies) & set(messages)), f"== {KILLED}")
        outcome.measure("killed_duplicates", replies.total() - KILLED, "<= 1")
        outcome.measure("killed_recorded_once", len(set(recorded)) - (len(recorded) - len(set(recorded))), f"== {KILLED}")


def _ask(api: BotApi, count: int) -> list[int]:
    return [
        api.message(QUESTIONS[number % len(QUESTIONS)], chat=-1_000_000_002_001 - number % CHATS, user=1000 + number)
        for number in range(count)
    ]


def _single(api: BotApi) -> float:
    """Seconds from a question to its reply, while the bot waits for one."""
    time.sleep(0.02)
    before = len(api.sent)
    started = time.perf_counter()
    _ask(api, 1)
    _wait(lambda: len(api.sent) > before, "one reply")
    return api.sent[-1].at - started


async def _calls_per_second(api: BotApi) -> float:
    async with Bot(TOKEN, session=AiohttpSession(api=TelegramAPIServer.from_base(api.url))) as bot:
        await bot.send_message(1, "x")
        started = time.perf_counter()
        for _ in range(CALLS):
            await bot.send_message(1, "x")
        return CALLS / (time.perf_counter() - started)


def _started(folder: Path, api: BotApi) -> subprocess.Popen[bytes]:
    polled = len(api.called("getUpdates"))
    chats = {f"telegram:{2001 + number}": [CHANNEL] for number in range(CHATS)}
    known = {"VITRINA_DATA": str(folder), "VITRINA_POSTS_BOT_API": api.url, "VITRINA_POSTS_BOT_TOKEN": TOKEN}
    environment = {**os.environ, **known, "VITRINA_POSTS_CHATS": json.dumps(chats), "OMP_NUM_THREADS": "1"}
    bot = subprocess.Popen([sys.executable, "-m", "benchmarks.posts_bot_load"], cwd=ROOT, env=environment)
    # also where this program gives up waiting
    atexit.register(bot.kill)
    _wait(lambda: len(api.called("getUpdates")) > polled or bot.poll() is not None, "the bot to start")
    return bot


def _processor_s(bot: subprocess.Popen[bytes]) -> float:
    """Processor time of the bot so far: on a noisy machine it says what the clock does not."""
    fields = Path(f"/proc/{bot.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _stop(bot: subprocess.Popen[bytes]) -> None:
    bot.send_signal(signal.SIGTERM)
    if bot.wait(60):
        sys.exit("The bot ended with an error.")


def _recorded(folder: Path) -> list[str]:
    files = (folder / "decisions" / "posts" / "asked").glob("*.jsonl")
    return [json.loads(line)["question_id"] for path in files for line in path.read_text(encoding="utf-8").splitlines()]


def _waiting(folder: Path) -> int:
    with sqlite3.connect(f"file:{folder / 'bot' / 'journal.sqlite'}?mode=ro", uri=True, timeout=10) as journal:
        return int(journal.execute("SELECT count(*) FROM outbox").fetchall()[0][0])


def _wait(condition: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + WAIT_S
    while not condition():
        if time.monotonic() > until:
            sys.exit(f"Waited {WAIT_S:g} s for {what}.")
        time.sleep(0.002)


if __name__ == "__main__":
    sys.exit(main())
