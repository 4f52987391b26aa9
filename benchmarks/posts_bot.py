"""What the bot bears: a burst of questions, one question on its own, and being killed in the middle of a burst.

Telegram is a server on this machine, so that figures are those of the bot. The bot is a process of its own, and answers from
an index of made-up channels, which was built, calibrated and published by the code that users run; it is asked what people
asked in the made-up chat, of which one in seven questions is met with silence. The reference is one reply of aiogram alone: a
call of `sendMessage` and nothing else.
"""

from __future__ import annotations

import asyncio
import atexit
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer

from benchmarks.outcome import Outcome
from benchmarks.posts_bot_index import QUESTIONS_FILE
from tests.bot.bot_api import TOKEN, BotApi

BURST = 500
CHATS = 50
SINGLE = 100
WARM_UP = 20
CALLS = 300
KILLED = 200
WAIT_S = 120.0
ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Load:
    """What the bot is asked.

    Attributes
    ----------
    data
        The data folder with what was published; the bot writes a copy.
    questions
        Questions, each with whether it is answered.
    channels
        The channels that are searched.
    """

    data: Path
    questions: list[tuple[str, bool]]
    channels: tuple[str, ...]

    @classmethod
    def made(cls, folder: Path) -> Load:
        """Published in a process of its own, so that this one stays small."""
        data = folder / "data"
        subprocess.run(
            [sys.executable, "-m", "benchmarks.posts_bot_index", str(data)], check=True, cwd=ROOT, stdout=subprocess.DEVNULL
        )
        told = json.loads((folder / QUESTIONS_FILE).read_text(encoding="utf-8"))
        return cls(data, [(text, bool(answered)) for text, answered in told["questions"]], tuple(told["channels"]))

    def copy(self, folder: Path) -> Path:
        """A data folder of one's own."""
        return Path(shutil.copytree(self.data, folder))

    def some(self, count: int) -> list[tuple[str, bool]]:
        """So many questions, the last of them one that is answered: its reply ends a burst."""
        found = [self.questions[place % len(self.questions)] for place in range(count - 1)]
        return [*found, next(pair for pair in self.questions if pair[1])]


def main() -> int:
    """Measure and print the figures."""
    outcome = Outcome("posts_bot")
    with tempfile.TemporaryDirectory() as folder:
        load = Load.made(Path(folder))
        _burst_and_single(load.copy(Path(folder) / "burst"), load, outcome)
        _killed(load.copy(Path(folder) / "killed"), load, outcome)
    return outcome.finish()


def _burst_and_single(folder: Path, load: Load, outcome: Outcome) -> None:
    with BotApi() as api:
        outcome.refer(aiogram_calls_per_s=asyncio.run(_calls_per_second(api)))
        bot = _started(folder, api, load)
        # models are warm, pages of the files are there
        warm_up = load.some(WARM_UP)
        _asked(api, folder, warm_up, WARM_UP, "the first questions")
        questions = load.some(BURST)
        started, processor_s = time.perf_counter(), _processor_s(bot)
        answered = _asked(api, folder, questions, WARM_UP + BURST, "the burst")
        seconds = max(sent.at for sent in api.sent) - started
        outcome.refer(processor_ms_per_update=1000 * (_processor_s(bot) - processor_s) / BURST)
        replied = Counter(sent.reply_to for sent in api.sent)
        outcome.measure("burst_updates_per_s", BURST / seconds, ">= 300")
        outcome.measure("burst_answered", len(answered & set(replied)), f"== {len(answered)}")
        outcome.measure("burst_other_replies", replied.total() - len(answered), "== 0")
        question = next(text for text, is_answered in load.questions if is_answered)
        latencies = sorted(_single(api, question) for _ in range(SINGLE))
        outcome.measure("single_reply_p50_ms", 1000 * median(latencies), "<= 10")
        outcome.refer(single_reply_p95_ms=1000 * latencies[int(0.95 * SINGLE)], burst_s=seconds, burst=BURST)
        outcome.refer(share_answered=len(answered) / BURST, cores=os.cpu_count() or 0)
        _stop(bot)
        _measure_recorded(outcome, "recorded_once", folder, WARM_UP + BURST + SINGLE)


def _killed(folder: Path, load: Load, outcome: Outcome) -> None:
    with BotApi() as api:
        bot = _started(folder, api, load)
        asked = _ask(api, load.some(KILLED))
        expected = {message for message, is_answered in asked.items() if is_answered}
        _wait(lambda: len(api.sent) >= KILLED // 4, "a quarter of the burst")
        bot.kill()
        bot.wait()
        before = len(api.sent)
        started = time.perf_counter()
        bot = _started(folder, api, load)
        _wait(lambda: _recorded(folder) == KILLED and not _waiting(folder), "the rest of the burst")
        outcome.refer(killed_after_replies=before, restart_to_last_reply_s=time.perf_counter() - started)
        _stop(bot)
        replies = Counter(sent.reply_to for sent in api.sent)
        outcome.measure("killed_answered", len(set(replies) & expected), f"== {len(expected)}")
        outcome.measure("killed_duplicates", replies.total() - len(expected), "<= 1")
        _measure_recorded(outcome, "killed_recorded_once", folder, KILLED)


def _measure_recorded(outcome: Outcome, name: str, folder: Path, questions: int) -> None:
    """What the files for the inbox hold; a question that is there twice counts for none."""
    files = (folder / "decisions" / "posts" / "asked").glob("*.jsonl")
    found = Counter(json.loads(line)["question_id"] for path in files for line in path.read_text(encoding="utf-8").splitlines())
    outcome.measure(name, sum(times == 1 for times in found.values()), f"== {questions}")


def _ask(api: BotApi, questions: list[tuple[str, bool]]) -> dict[int, bool]:
    """Messages, each with whether it is answered."""
    return {
        api.message(text, chat=-1_000_000_002_001 - number % CHATS, user=1000 + number): is_answered
        for number, (text, is_answered) in enumerate(questions)
    }


def _asked(api: BotApi, folder: Path, questions: list[tuple[str, bool]], recorded: int, what: str) -> set[int]:
    """Ask, wait until all is recorded and sent, and say which messages should have a reply: earlier replies are forgotten."""
    api.sent.clear()
    expected = {message for message, is_answered in _ask(api, questions).items() if is_answered}
    _wait(lambda: len(api.sent) >= len(expected) and _recorded(folder) == recorded and not _waiting(folder), what)
    return expected


def _single(api: BotApi, question: str) -> float:
    """Seconds from a question to its reply, while the bot waits for one."""
    time.sleep(0.02)
    before = len(api.sent)
    started = time.perf_counter()
    _ask(api, [(question, True)])
    _wait(lambda: len(api.sent) > before, "one reply")
    return api.sent[-1].at - started


async def _calls_per_second(api: BotApi) -> float:
    async with Bot(TOKEN, session=AiohttpSession(api=TelegramAPIServer.from_base(api.url))) as bot:
        await bot.send_message(1, "x")
        started = time.perf_counter()
        for _ in range(CALLS):
            await bot.send_message(1, "x")
        return CALLS / (time.perf_counter() - started)


def _started(folder: Path, api: BotApi, load: Load) -> subprocess.Popen[bytes]:
    polled = len(api.called("getUpdates"))
    chats = {f"telegram:{2001 + number}": load.channels for number in range(CHATS)}
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


def _recorded(folder: Path) -> int:
    return _count(folder, "SELECT count(*) FROM asked WHERE state <> 'received'")


def _waiting(folder: Path) -> int:
    return _count(folder, "SELECT count(*) FROM outbox")


def _count(folder: Path, query: str) -> int:
    with closing(sqlite3.connect(f"file:{folder / 'bot' / 'journal.sqlite'}?mode=ro", uri=True, timeout=10)) as journal:
        return int(journal.execute(query).fetchall()[0][0])


def _wait(condition: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + WAIT_S
    while not condition():
        if time.monotonic() > until:
            sys.exit(f"Waited {WAIT_S:g} s for {what}.")
        time.sleep(0.002)


if __name__ == "__main__":
    sys.exit(main())
