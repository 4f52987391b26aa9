"""People and programs before the pages: requests at a fixed rate, and people who browse."""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import aiohttp

CONNECTIONS = 64
THINK_S = (1.0, 4.0)
VERSION = re.compile(r"\b\d{8}T\d{12}Z\b")
GENERATION = re.compile(r"generation (\d+)")
PART = re.compile(r'hx-get="([^"]+)"[^>]*hx-trigger="load')


@dataclass
class Answers:
    """What came back.

    Attributes
    ----------
    seconds
        From the moment at which each request was due until its answer was there.
    wrong
        What was not as it should be, in words.
    """

    seconds: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def percentile(self, share: float) -> float:
        """The time below which so many answers came."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("inf")


async def at_rate(  # noqa: PLR0913  # what a load is
    address: str,
    token: str,
    request: Callable[[int], str],
    *,
    per_second: float,
    seconds: float,
    is_good: Callable[[dict[str, object]], bool],
) -> Answers:
    """Send requests when they are due, whether or not earlier ones are answered: nobody waits for a slow server to ask.

    Parameters
    ----------
    address, token
        Where, and as whom.
    request
        Number of a request → its path.
    per_second, seconds
        How many, for how long.
    is_good
        Whether an answer is one.
    """
    answers = Answers()
    connector = aiohttp.TCPConnector(limit=CONNECTIONS, force_close=False)
    async with aiohttp.ClientSession(address, connector=connector, headers={"Authorization": f"Bearer {token}"}) as session:

        async def send(number: int, due: float) -> None:
            try:
                async with session.get(request(number)) as answer:
                    content = await answer.json(content_type=None)
                    if answer.status != 200 or not is_good(content):
                        answers.wrong.append(f"{answer.status}: {str(content)[:200]}")
            except (aiohttp.ClientError, TimeoutError, ValueError) as error:
                answers.wrong.append(repr(error))
            answers.seconds.append(time.perf_counter() - due)

        begun = time.perf_counter() + 0.1
        sent = []
        for number in range(int(per_second * seconds)):
            due = begun + number / per_second
            if (wait := due - time.perf_counter()) > 0:
                await asyncio.sleep(wait)
            sent.append(asyncio.create_task(send(number, due)))
        await asyncio.gather(*sent)
    return answers


async def browse(address: str, cookies: Sequence[dict[str, str]], pages: Sequence[str], seconds: float) -> Answers:
    """People who open pages, wait a little, and open the next; what a page loads by itself is loaded as a browser does.

    Parameters
    ----------
    address
        Where.
    cookies
        One session per person.
    pages
        What they open, each in an order of their own.
    seconds
        For how long.
    """
    answers = Answers()

    async def person(number: int, cookie: dict[str, str]) -> None:
        chance = random.Random(number)
        until = time.perf_counter() + seconds
        await asyncio.sleep(chance.uniform(0, THINK_S[1]))
        async with aiohttp.ClientSession(address, cookies=cookie, headers={"Accept": "text/html"}) as session:
            while time.perf_counter() < until:
                page = chance.choice(pages)
                begun = time.perf_counter()
                text = await _read(session, page, answers)
                answers.seconds.append(time.perf_counter() - begun)
                _check(page, text, answers)
                for part in PART.findall(text):
                    # an answer that the page is of an older version is right, and the browser loads the page again
                    inner = await _read(session, part.replace("&amp;", "&"), answers, good=(200, 410))
                    _check(part, inner, answers)
                await asyncio.sleep(chance.uniform(*THINK_S))

    await asyncio.gather(*(person(number, cookie) for number, cookie in enumerate(cookies)))
    return answers


async def _read(session: aiohttp.ClientSession, path: str, answers: Answers, good: tuple[int, ...] = (200,)) -> str:
    try:
        async with session.get(path, allow_redirects=False) as answer:
            text = await answer.text()
            if answer.status not in good:
                answers.wrong.append(f"{path}: {answer.status} {text[:300]}")
            return text if answer.status == 200 else ""
    except (aiohttp.ClientError, TimeoutError) as error:
        answers.wrong.append(f"{path}: {error!r}")
        return ""


def _check(page: str, text: str, answers: Answers) -> None:
    """A page of one product shows one version of it, and tables of one generation."""
    if page.count("/") and page != "/" and len(set(VERSION.findall(text))) > 1:
        answers.wrong.append(f"{page} mixes versions {sorted(set(VERSION.findall(text)))}")
    if len(set(GENERATION.findall(text))) > 1:
        answers.wrong.append(f"{page} mixes generations {sorted(set(GENERATION.findall(text)))}")
