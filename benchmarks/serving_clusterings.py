"""People who each ask for a clustering of stores at the same moment, and download its workbook."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import aiohttp

from benchmarks.serving_load import Answers

WAIT_S = 10
PATIENCE_S = 60.0
EXCEL_BEGINS = b"PK"


async def cluster_at_once(address: str, tokens: Sequence[str], rounds: int, *, first: int = 0) -> Answers:
    """Some rounds, in each of which everybody asks for something that nobody has asked for before.

    Parameters
    ----------
    address
        Where.
    tokens
        One per person.
    rounds
        How often.
    first
        Number of the first round: each is asked for something else.

    Returns
    -------
    Answers
        Times from asking until the workbook was there.
    """
    answers = Answers()

    async def person(number: int, token: str, turn: int) -> None:
        begun = time.perf_counter()
        async with aiohttp.ClientSession(address, headers={"Authorization": f"Bearer {token}"}) as session:
            try:
                await _ask(session, number, turn, answers)
            except (aiohttp.ClientError, TimeoutError, ValueError, KeyError) as error:
                answers.wrong.append(repr(error))
        answers.seconds.append(time.perf_counter() - begun)

    for turn in range(first, first + rounds):
        await asyncio.gather(*(person(number, token, turn) for number, token in enumerate(tokens)))
    return answers


async def _ask(session: aiohttp.ClientSession, number: int, turn: int, answers: Answers) -> None:
    # another seed draws other samples, another weight gives other distances: nothing of it is in any cache
    scenario = {"formats": [], "seed": 1_000 * turn + number, "weights": {"revenue": 1 + (10 * turn + number) / 100}}
    async with session.get("/api/v1/stores/quarters?limit=1") as answer:
        quarter = (await answer.json())["items"][0]["quarter"]
    asked = {"title": f"{turn}-{number}", "quarter": quarter, "scenario": scenario}
    async with session.post("/api/v1/stores/requests", json=asked) as answer:
        told = await answer.json(content_type=None)
        if answer.status != 201:
            raise ValueError(f"{answer.status}: {told}")
    place = f"/api/v1/stores/requests/{told['id']}"
    until = time.perf_counter() + PATIENCE_S
    while told.get("finished_at") is None:
        if time.perf_counter() > until:
            raise TimeoutError(f"{place} took more than {PATIENCE_S} s")
        async with session.get(f"{place}?wait_s={WAIT_S}") as answer:
            told = await answer.json(content_type=None)
    if told.get("problem"):
        raise ValueError(told["problem"])
    async with session.get(f"{place}/report.xlsx?language=ru") as answer:
        content = await answer.read()
        if answer.status != 200 or not content.startswith(EXCEL_BEGINS):
            answers.wrong.append(f"{place}/report.xlsx: {answer.status} {content[:200]!r}")
