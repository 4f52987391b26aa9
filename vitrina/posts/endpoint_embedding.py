"""Embeddings behind a network: any endpoint that speaks as OpenAI's does, such as vLLM, Ollama or a provider's.

Texts leave this machine. Nothing that the endpoint says is shown in an error, for it may repeat the key or the texts.
"""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Sequence
from typing import Any

import httpx
import numpy as np

from vitrina.posts.embedding import (
    MODEL_LENGTH,
    OPENAI,
    TIMEOUT_S,
    EmbedderError,
    FloatArray,
    TextKind,
    prompts_of,
    spend,
    unit_rows,
)

MOST_TEXTS = 128
"""Texts in a request."""

LONGEST_TEXT = 8_000
"""Characters of a text that are sent; OpenAI's models refuse more than 8,192 tokens."""

MOST_BYTES = 64 << 20
"""Longest answer that is read: 128 vectors of 4,096 numbers are 12 MB."""

FIRST_WAIT_S = 0.5
"""Before the second attempt, where the endpoint does not say; twice as long before each further one."""

TOO_MANY_REQUESTS = 429
SERVER_ERROR = 500
LAST_PORT = 65_535


class _Refused(Exception):  # noqa: N818  # not an error yet: it may be tried again
    """An attempt failed; `again_s` is how long to wait before the next one at least, None if another is useless."""

    def __init__(self, problem: str, remedy: str, again_s: float | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy
        self.again_s = again_s


class EndpointEmbedder:
    """A model behind an OpenAI-compatible address; several threads may share it.

    Parameters
    ----------
    name
        The model, as the endpoint calls it.
    base_url
        Address that ``/embeddings`` follows, e.g. ``https://api.openai.com/v1``; http or https, without user or password.
    key
        Sent as a bearer token, never shown; empty for endpoints without one.
    timeout_s
        Longest time for a request of up to 128 texts, all its repetitions included, in seconds. A body that comes in drops is
        given up when a piece of it comes too late.
    transport
        Of httpx, for those who bring their own network.

    Attributes
    ----------
    tokens_used
        Tokens that the endpoint has counted so far; 0 where it counts none.

    Raises
    ------
    EmbedderError
        The address, the key or the name cannot be used.
    """

    is_remote = True

    def __init__(
        self,
        name: str,
        base_url: str,
        *,
        key: str = "",
        timeout_s: float = TIMEOUT_S,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._url = _address(base_url)
        self.model = f"{OPENAI}{name}@{self._url}"
        if len(self.model) > MODEL_LENGTH:
            raise EmbedderError(f"The embedding model's name has {len(self.model)} characters.", f"At most {MODEL_LENGTH} fit.")
        if not (math.isfinite(timeout_s) and timeout_s > 0):
            raise EmbedderError(f"The timeout of {self.model} is {timeout_s} s.", "Give it more than 0 seconds.")
        self.tokens_used = 0
        self._name = name
        self._prompts = prompts_of(name)
        self._timeout_s = timeout_s
        self._dimensions = 0
        self._lock = threading.Lock()
        # a redirection would take the key along
        self._client = httpx.Client(headers=_headers(key), transport=transport, follow_redirects=False)

    def __repr__(self) -> str:
        return f"EndpointEmbedder({self.model!r})"

    @property
    def dimensions(self) -> int:
        """Length of a vector; until the first text was embedded, the endpoint is asked for it with a word of its own.

        Raises
        ------
        EmbedderError
            It has to be asked, and does not answer.
        """
        if not self._dimensions:
            self._request(["vitrina"])
        return self._dimensions

    def embed(self, texts: Sequence[str], *, kind: TextKind = "passage") -> FloatArray:
        """Vectors of texts; blank ones are not sent and are zero; shape (len(texts), dimensions).

        The protocol knows no kinds of texts: models of the e5 family get their prefixes here.

        Raises
        ------
        EmbedderError
            The endpoint does not answer in time, refuses, or answers something else than one vector of one length per text.
        """
        said = [row for row, text in enumerate(texts) if text.strip()]
        found = [
            self._request([(self._prompts[kind] + texts[row])[:LONGEST_TEXT] for row in said[start : start + MOST_TEXTS]])
            for start in range(0, len(said), MOST_TEXTS)
        ]
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        if found:
            vectors[said] = np.concatenate(found)
        return vectors

    def _request(self, texts: list[str]) -> FloatArray:
        deadline = time.monotonic() + self._timeout_s
        wait_s = FIRST_WAIT_S
        while True:
            try:
                return self._read(self._ask(texts, deadline), len(texts))
            except _Refused as refused:
                left_s = deadline - time.monotonic()
                if refused.again_s is None or left_s <= 0 or max(refused.again_s, wait_s) >= left_s:
                    raise EmbedderError(f"{self.model} {refused.problem}", refused.remedy) from refused.__cause__
                time.sleep(max(refused.again_s, wait_s))
                wait_s *= 2

    def _ask(self, texts: list[str], deadline: float) -> bytes:
        """The body of an answer that is no refusal."""
        body = {"model": self._name, "input": texts, "encoding_format": "float"}
        try:
            with self._client.stream("POST", f"{self._url}/embeddings", json=body, timeout=_left(deadline)) as answer:
                if not answer.is_success:
                    raise _refusal(answer)
                return b"".join(_in_time(answer, deadline))
        except httpx.TimeoutException as error:
            raise self._too_slow() from error
        # httpx tells nothing of what was sent: the header's value was checked before
        except httpx.HTTPError as error:
            raise _Refused(f"cannot be reached: {type(error).__name__}.", "Check the address and the network.", 0.0) from error
        except _TooSlowError as error:
            raise self._too_slow() from error

    def _too_slow(self) -> _Refused:
        return _Refused(f"has not answered within {self._timeout_s:g} s.", "Check that it is up, or allow it more time.")

    def _read(self, body: bytes, count: int) -> FloatArray:
        try:
            answer = json.loads(body)
            vectors = _vectors(answer["data"], count)
        # whatever is not as agreed ends in one of these, ten thousand brackets in the last
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
            raise _Refused(
                f"answered with something else than {count} vectors of one length, each with its index.",
                f"Check that {self._url}/embeddings speaks OpenAI's protocol and that {self._name} makes embeddings.",
            ) from error
        tokens = _tokens(answer)
        spend(tokens)
        with self._lock:
            self.tokens_used += tokens
            self._dimensions = self._dimensions or vectors.shape[1]
            expected = self._dimensions
        if vectors.shape[1] != expected:
            raise _Refused(
                f"gave vectors of {vectors.shape[1]} numbers after vectors of {expected}.",
                "The endpoint has changed its model: give the new one a name of its own.",
            )
        return unit_rows(vectors)


class _TooSlowError(Exception):
    """The answer had begun, and its time is over."""


def _address(url: str) -> str:
    try:
        parsed = httpx.URL(url.strip())
    except httpx.InvalidURL as error:
        raise EmbedderError("The address of the embedding endpoint is none.", "Write http(s)://<host>/<path>.") from error
    if parsed.scheme not in {"http", "https"} or not parsed.host or (parsed.port or 0) > LAST_PORT:
        raise EmbedderError(
            f"The address of the embedding endpoint begins with {parsed.scheme or 'no scheme'}, or lacks a host or a port that can be.",
            "Write http(s)://<host>/<path>.",
        )
    if parsed.userinfo or parsed.query or parsed.fragment:
        # names of models are published
        raise EmbedderError(
            f"The address of the embedding endpoint at {parsed.host} has a user, a question mark or a fragment.",
            "Write http(s)://<host>/<path> alone, and give the key as the key.",
        )
    return str(parsed).rstrip("/")


def _headers(key: str) -> dict[str, str]:
    key = key.strip()
    # httpx would show a header that it cannot send
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise EmbedderError("The key of the embedding endpoint has blanks or letters that no key has.", "Copy the key again.")
    return {"Authorization": f"Bearer {key}"} if key else {}


def _left(deadline: float) -> float:
    return max(deadline - time.monotonic(), 0.001)


def _in_time(answer: httpx.Response, deadline: float) -> list[bytes]:
    pieces, size = [], 0
    for piece in answer.iter_bytes():
        size += len(piece)
        if size > MOST_BYTES:
            raise _Refused(f"answered with more than {MOST_BYTES >> 20} MB.", "Check that the address is that of embeddings.")
        # some gateways send blanks while they wait, so that no single read is ever too long
        if time.monotonic() > deadline:
            raise _TooSlowError
        pieces.append(piece)
    return pieces


def _refusal(answer: httpx.Response) -> _Refused:
    status = answer.status_code
    problem = f"refused the request with status {status}."
    if status == TOO_MANY_REQUESTS or status >= SERVER_ERROR:
        remedy = "Wait, or ask its owner for more requests a minute." if status == TOO_MANY_REQUESTS else "Look at its own log."
        return _Refused(problem, remedy, _retry_after(answer.headers.get("Retry-After")))
    remedies = {
        401: "Check the key.",
        403: "Check the key and what it may use.",
        404: "Check the base URL and the name of the model.",
    }
    return _Refused(problem, remedies.get(status, "Check the base URL, and that the model makes embeddings of texts."))


def _retry_after(value: str | None) -> float:
    """Seconds to wait; a date is not worth reading, for it is far beyond any wait of ours."""
    try:
        seconds = float(value or 0)
    except ValueError:
        return 0.0
    return seconds if seconds >= 0 else 0.0


def _vectors(data: Any, count: int) -> FloatArray:
    rows = {row["index"]: row["embedding"] for row in data}
    found = np.asarray([rows[index] for index in range(count)], dtype=np.float32)
    if len(data) != count or found.ndim != 2 or not found.shape[1] or not np.isfinite(found).all():
        raise ValueError("not one vector per text")
    return found


def _tokens(answer: dict[str, Any]) -> int:
    usage = answer.get("usage")
    counted = usage.get("total_tokens") if isinstance(usage, dict) else None
    return counted if isinstance(counted, int) and counted > 0 else 0
