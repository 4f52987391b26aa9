"""Bytes of a request's body, written to the end of an upload's part as they come."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from serving.deliveries.refusals import TooLongError
from serving.deliveries.uploads import as_no_room

GATHERED = 1 << 20
"""Bytes that are gathered before they are written."""

PATIENCE_S = 30.0
"""How long a sender may be silent: a connection that has died must not hold the upload against the one that takes its place."""


async def append(request: Request, part: Path, *, offset: int, most: int) -> bool:
    """Write a body to the end of a part.

    What has come stays when the sender breaks off or the disk is full: the upload goes on from there. Where the body is refused,
    because it is too large, nothing of it stays.

    Parameters
    ----------
    request
        Whose body.
    part
        The file.
    offset
        Its size now.
    most
        Bytes that may come.

    Returns
    -------
    bool
        Whether the whole body came.

    Raises
    ------
    TooLongError
        More came.
    NoRoomError
        The disk is full.
    """
    try:
        return await _append(request, part, offset, most)
    except OSError as error:
        raise as_no_room(error) from error
    except (TooLongError, HTTPException):
        await run_in_threadpool(os.truncate, part, offset)
        raise


async def _append(request: Request, part: Path, offset: int, most: int) -> bool:
    gathered, taken, whole = bytearray(), 0, True
    now = asyncio.get_running_loop().time
    try:
        async with asyncio.timeout(PATIENCE_S) as silence:
            async for piece in request.stream():
                # what we take to write is not the sender's silence
                silence.reschedule(None)
                taken += len(piece)
                if taken > most:
                    raise TooLongError(
                        "More bytes came than the upload is to have.",
                        "Send no more than Upload-Length says; nothing of this request was kept.",
                    )
                gathered += piece
                if len(gathered) >= GATHERED:
                    await run_in_threadpool(_write, part, offset + taken - len(gathered), bytes(gathered))
                    gathered.clear()
                silence.reschedule(now() + PATIENCE_S)
    except (ClientDisconnect, TimeoutError):
        whole = False
    if gathered:
        await run_in_threadpool(_write, part, offset + taken - len(gathered), bytes(gathered))
    return whole


def _write(part: Path, place: int, content: bytes) -> None:
    """Write all of it to its place: should a step ever be repeated, the same bytes stand there.

    The system may take only some of them at a time, and no more once the disk is full: those that it took count.
    """
    with part.open("r+b", buffering=0) as file:
        file.seek(place)
        rest = memoryview(content)
        while rest:
            rest = rest[file.write(rest) :]
