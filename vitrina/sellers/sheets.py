"""Shifts that are kept in a Google Sheet: fetched, given offsets from UTC, and laid into our own root of the inbox as a CSV file."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import logging
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import httpx

from vitrina.errors import DeliveryError, SettingsError
from vitrina.files import write_atomically
from vitrina.inbox.delimited import DELIMITERS, encoding_of
from vitrina.inbox.messages import Message, RefusedFileError, shown
from vitrina.sellers.tables import SELLERS
from vitrina.sellers.video_times import Clock, read_start
from vitrina.settings import Settings

SHEETS_API = "https://sheets.googleapis.com"
SCOPE = "https://www.googleapis.com/auth/spreadsheets.readonly"

MOST_BYTES = 5 << 20
"""Longest answer that is read."""

TIMEOUT_S = 30.0
"""Longest time for all requests together, repetitions included."""

ATTEMPTS = 4
FIRST_WAIT_S = 0.5
"""Before the second attempt; twice as long before each further one."""

MOST_REDIRECTS = 5

_LOG = logging.getLogger(__name__)
_LIFETIME = dt.timedelta(minutes=10)
_MOMENTS = frozenset({"begin", "end"})
_IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{10,200}")
_EDITED = re.compile(r"/spreadsheets/(?:u/[0-9]+/)?d/(?!e/)(?P<identifier>[^/]+)(?:/(?:edit|view|preview|htmlview).*|/?)")
_LOCAL_TIME = re.compile(
    r"""
    (?: (?P<year>[0-9]{4})-(?P<month>[0-9]{1,2})-(?P<day>[0-9]{1,2}) (?:T|\ +)
      | (?P<day_>[0-9]{1,2})\.(?P<month_>[0-9]{1,2})\.(?P<year_>[0-9]{4}) ,?\ +
    )
    (?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2}))?
    """,
    re.VERBOSE,
)
_PAGE = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|head)", re.IGNORECASE)
_PUBLISH = "In the sheet, choose File, Share, Publish to web, and give the address of the CSV file that it names."
_REMEDIES: Mapping[str, Mapping[int, str]] = {
    "file": {401: _PUBLISH, 403: _PUBLISH, 404: _PUBLISH, 410: _PUBLISH},
    "token": dict.fromkeys(
        (400, 401, 403), "Check that this machine's clock is right and that the key was not deleted; or make a new one."
    ),
    "values": {
        400: "Check the sheet's name after the exclamation mark in VITRINA_SELLERS_SHIFTS_SHEET.",
        401: "Repeat it; if it stays so, make a new key of the service account.",
        403: "Share the sheet with the service account (client_email in the key's file), and switch the Google Sheets API on in its project.",
        404: "Check the identifier in VITRINA_SELLERS_SHIFTS_SHEET: it stands between /d/ and /edit in the sheet's address.",
    },
}

_Step = Literal["file", "token", "values"]


def fetch_shifts(settings: Settings, *, now: dt.datetime, api: str = SHEETS_API) -> Path | None:
    """Fetch the sheet with the shifts, for the inbox to read as any delivered file of shifts.

    The file is written only where its content has changed, and stays as it was where the sheet cannot be fetched. In columns
    `begin` and `end`, times without an offset are taken for local ones and get theirs; all other cells stay as they are.

    Parameters
    ----------
    settings
        For the sheet, the service account's key, the time zone, and our own root of the inbox.
    now
        The time, aware: a key signs for ten minutes from then on.
    api
        Where the Sheets API is.

    Returns
    -------
    Path or None
        The file; None where no sheet is set.

    Raises
    ------
    SettingsError
        The sheet's address, its identifier, the key or the time zone cannot be used.
    DeliveryError
        The sheet cannot be fetched now, is no table, or is empty.
    """
    sheet = settings.sellers_shifts_sheet.strip()
    if not sheet:
        return None
    clock = Clock(settings.sellers_time_zone)
    # what is sent packed may be a thousand times as long
    with httpx.Client(follow_redirects=False, headers={"Accept-Encoding": "identity"}) as client:
        line = _Line(client, time.monotonic() + TIMEOUT_S)
        content = _published(line, sheet) if "://" in sheet else _by_key(line, sheet, settings.sellers_sheets_key, now, api)
    content, notes = with_offsets(content, clock)
    file = settings.decisions_folder / SELLERS / "shifts" / "sheet.csv"
    if not file.exists() or file.read_bytes() != content:
        write_atomically(file, content)
        for note in notes:
            _LOG.warning("The sheet with the shifts: %s", note)
    return file


def with_offsets(content: bytes, clock: Clock) -> tuple[bytes, tuple[Message, ...]]:
    r"""Give local times in columns `begin` and `end` of a CSV file their offset from UTC.

    Parameters
    ----------
    content
        The file. One without these columns, or that is no CSV, is returned as it is: the inbox says what is wrong with it.
    clock
        Whose time zone local times are in.

    Returns
    -------
    tuple of bytes and messages
        The file, with the same cells in the same rows, and what had to be decided where clocks are put forward or back.

    Raises
    ------
    DeliveryError
        The text's encoding cannot be told.

    Examples
    --------
    >>> with_offsets(b"begin,end\n14.10.2026 9:00,late\n", Clock("Europe/Moscow"))[0]
    b'begin,end\r\n2026-10-14T09:00:00+03:00,late\r\n'
    """
    text = content.decode(encoding_of("The sheet with the shifts", content))
    for delimiter in DELIMITERS:
        try:
            records = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
        except csv.Error:
            continue
        header = next((record for record in records if any(map(str.strip, record))), [])
        columns = [index for index, name in enumerate(header) if name.strip().casefold() in _MOMENTS]
        if len(columns) == len(_MOMENTS):
            notes = [note for record in records for index in columns for note in _give_offset(record, index, clock)]
            return _as_csv(records), tuple(notes)
    return content, ()


def _give_offset(record: list[str], index: int, clock: Clock) -> tuple[Message, ...]:
    match = _LOCAL_TIME.fullmatch(record[index].strip()) if index < len(record) else None
    if match is None:
        return ()
    year, month, day = (match[name] or match[f"{name}_"] for name in ("year", "month", "day"))
    spelled = f"{year}-{month:0>2}-{day:0>2} {match['hour']:0>2}:{match['minute']}:{match['second'] or '00'}"
    try:
        start = read_start(spelled, Clock(clock.time_zone))
    except RefusedFileError:
        # the 31st of February is the inbox's to refuse
        return ()
    record[index] = start.at.astimezone(clock.zone).isoformat()
    return start.notes


def _as_csv(records: list[list[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(records)
    # JSON can hold halves of characters
    return text.getvalue().encode(errors="replace")


def _published(line: _Line, address: str) -> bytes:
    url = _checked(address)
    first = (url.host, url.port)
    for _ in range(MOST_REDIRECTS + 1):
        answer, body = line.ask("file", "GET", url)
        if answer.next_request is None:
            return _table(answer, body, url)
        url = answer.next_request.url
        if url.host == "accounts.google.com":
            raise DeliveryError(f"The sheet at {_named(_checked(address))} asks for a login.", _PUBLISH)
        if url.scheme != "https" or not (first == (url.host, url.port) or _is_google(url)):
            raise DeliveryError(
                f"The sheet at {_named(_checked(address))} leads away, to {shown(url.scheme, 10)}://{shown(url.host, 80)}.",
                "Give the address at which the CSV file itself lies.",
            )
    raise DeliveryError(f"The sheet at {_named(_checked(address))} leads from one address to another without end.", _PUBLISH)


def _checked(address: str) -> httpx.URL:
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL as error:
        raise SettingsError("The address of the sheet with the shifts is none.", "Write https://<host>/<path>.") from error
    if url.scheme != "https" or not url.host or url.userinfo:
        raise SettingsError(
            f"The address of the sheet with the shifts begins with {shown(url.scheme, 10)}:, lacks a host, or names a user.",
            "Write https://<host>/<path>.",
        )
    edited = _EDITED.fullmatch(url.path)
    if url.host == "docs.google.com" and edited:
        raise SettingsError(
            f"{_named(url)} is the page on which the sheet with the shifts is edited.",
            f"{_PUBLISH} Or write {shown(edited['identifier'])}!<name of the sheet>, and the key of a service account in "
            "VITRINA_SELLERS_SHEETS_KEY.",
        )
    return url


def _is_google(url: httpx.URL) -> bool:
    return url.port is None and url.host.endswith((".google.com", ".googleusercontent.com"))


def _named(url: httpx.URL) -> str:
    """The address for messages: whoever knows all of a published one may read the sheet."""
    parts = (part if len(part) <= 20 else f"{part[:8]}…" for part in url.path.split("/"))
    return shown(f"{url.scheme}://{url.netloc.decode()}{'/'.join(parts)}")


def _table(answer: httpx.Response, body: bytes, url: httpx.URL) -> bytes:
    if "html" in answer.headers.get("Content-Type", "") or _PAGE.match(body):
        raise DeliveryError(f"At {_named(url)} lies a web page and no CSV file: a login, or the sheet as a page.", _PUBLISH)
    if not body.strip():
        raise _empty(_named(url))
    return body


def _empty(where: str) -> DeliveryError:
    return DeliveryError(
        f"The sheet with the shifts, {where}, is empty.", "Write store_id, seller_id, begin and end in its first row."
    )


def _by_key(line: _Line, sheet: str, key_file: str, now: dt.datetime, api: str) -> bytes:
    identifier, _, name = sheet.partition("!")
    if not _IDENTIFIER.fullmatch(identifier):
        raise SettingsError(
            f"{shown(identifier)!r} is neither the address nor the identifier of a Google Sheet.",
            "Write https://<host>/<path> of a published CSV file, or what stands between /d/ and /edit in the sheet's address.",
        )
    token = _token(line, _read_key(key_file), now)
    # without a name, a range is one of the first sheet
    escaped = name.replace("'", "''")
    cells = f"'{escaped}'!A:Z" if name else "A:Z"
    url = httpx.URL(f"{api}/v4/spreadsheets/{identifier}/values/{quote(cells, safe='')}")
    _, body = line.ask("values", "GET", url, headers={"Authorization": f"Bearer {token}"})
    rows = _json(body, url).get("values", [])
    if not (isinstance(rows, list) and all(isinstance(row, list) for row in rows)):
        raise DeliveryError(
            f"{_named(url)} answered with something else than rows.", "Check the network: something answers in between."
        )
    if not any(rows):
        raise _empty(f"{identifier[:8]}…{sheet[len(identifier) :]}")
    # the API leaves out what is empty at the end of a row
    width = len(next(row for row in rows if row))
    return _as_csv([["" if cell is None else str(cell) for cell in row] + [""] * (width - len(row)) if row else [] for row in rows])


@dataclass(frozen=True)
class _Key:
    """What a service account signs with."""

    email: str
    address: str
    identifier: str
    private: str = field(repr=False)


def _read_key(name: str) -> _Key:
    make = "Make a JSON key of a service account in Google's console, and name its file in VITRINA_SELLERS_SHEETS_KEY."
    if not name:
        raise SettingsError("The sheet with the shifts is given by its identifier, and no key to read it.", make)
    try:
        told = json.loads(Path(name).expanduser().read_bytes())
    except OSError as error:
        raise SettingsError(f"The key {name} of the service account cannot be read: {error.strerror}.", make) from error
    except (ValueError, RecursionError):
        # the cause is left out of this and the next two, for it may show what the file holds
        raise SettingsError(f"{name} is no JSON file.", make) from None
    if not (isinstance(told, dict) and told.get("type") == "service_account"):
        raise SettingsError(f"{name} is no key of a service account.", make)
    return _Key(*(str(told.get(part, "")) for part in ("client_email", "token_uri", "private_key_id", "private_key")))


def _token(line: _Line, key: _Key, now: dt.datetime) -> str:
    """Ask for a token by a signed assertion, as https://developers.google.com/identity/protocols/oauth2/service-account says."""
    import jwt  # noqa: PLC0415  # loads cryptography, which few need
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415  # as above

    try:
        url = httpx.URL(key.address)
    except httpx.InvalidURL:
        url = httpx.URL("")
    if url.scheme != "https" or not url.host or url.userinfo:
        raise SettingsError("The token_uri in the service account's key is no https address.", "Download the key again.")
    claims = {"iss": key.email, "scope": SCOPE, "aud": key.address, "iat": now, "exp": now + _LIFETIME}
    try:
        assertion = jwt.encode(claims, key.private, algorithm="RS256", headers={"kid": key.identifier})
    except (jwt.PyJWTError, ValueError, TypeError, UnsupportedAlgorithm):
        raise SettingsError("The private_key in the service account's key is no RSA key.", "Download the key again.") from None
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}
    _, body = line.ask("token", "POST", url, data=form)
    token = _json(body, url).get("access_token")
    # httpx would show a header that it cannot send
    if not (isinstance(token, str) and re.fullmatch(r"[!-~]+", token)):
        raise DeliveryError(f"{_named(url)} answered without a token.", "Check the network: something answers in between.")
    return token


def _json(body: bytes, url: httpx.URL) -> dict[str, Any]:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise DeliveryError(
            f"{_named(url)} answered with something else than JSON.", "Check the network: something answers in between."
        )
    return told


class _PassingError(Exception):
    """An attempt failed, and another one may not; not before `again_s`."""

    def __init__(self, problem: str, again_s: float = 0.0) -> None:
        super().__init__(problem)
        self.again_s = again_s


@dataclass(frozen=True)
class _Line:
    """A connection with an end in time."""

    client: httpx.Client
    deadline: float

    def ask(self, step: _Step, method: str, url: httpx.URL, **request: Any) -> tuple[httpx.Response, bytes]:
        """An answer that is no refusal, with its body; what passes is tried again."""
        left, wait_s = ATTEMPTS, FIRST_WAIT_S
        while True:
            try:
                return self._once(step, method, url, request)
            except _PassingError as passing:
                left, wait_s = left - 1, max(wait_s, passing.again_s)
                if not left or time.monotonic() + wait_s >= self.deadline:
                    raise DeliveryError(
                        f"The sheet with the shifts cannot be fetched: {_named(url)} {passing}.",
                        "Nothing is lost: the shifts stay as they were, and the next run asks again. If it lasts, check the network.",
                    ) from passing.__cause__
            time.sleep(wait_s)
            wait_s *= 2

    def _once(self, step: _Step, method: str, url: httpx.URL, request: Mapping[str, Any]) -> tuple[httpx.Response, bytes]:
        left_s = max(self.deadline - time.monotonic(), 0.001)
        try:
            with self.client.stream(method, url, timeout=min(left_s, TIMEOUT_S / 3), **request) as answer:
                status = answer.status_code
                if status == httpx.codes.TOO_MANY_REQUESTS or status >= httpx.codes.INTERNAL_SERVER_ERROR:
                    raise _PassingError(f"answered with status {status}", _retry_after(answer))
                if not (answer.is_success or (step == "file" and answer.has_redirect_location)):
                    raise DeliveryError(
                        f"The sheet with the shifts cannot be fetched: {_named(url)} answered with status {status}.",
                        _REMEDIES[step].get(status, "Check VITRINA_SELLERS_SHIFTS_SHEET and VITRINA_SELLERS_SHEETS_KEY."),
                    )
                return answer, self._body(answer, url)
        except httpx.HTTPError as error:
            # the kind alone: what httpx says may repeat the address
            raise _PassingError(f"cannot be reached ({type(error).__name__})") from error

    def _body(self, answer: httpx.Response, url: httpx.URL) -> bytes:
        body = bytearray()
        for piece in answer.iter_bytes():
            body += piece
            if len(body) > MOST_BYTES:
                raise DeliveryError(
                    f"{_named(url)} answers with more than {MOST_BYTES >> 20} MB.",
                    "Keep the shifts of one year in a sheet of their own.",
                )
            # one that comes in drops never makes a single read too long
            if time.monotonic() > self.deadline:
                raise _PassingError("does not come to an end")
        return bytes(body)


def _retry_after(answer: httpx.Response) -> float:
    """Seconds to wait; a date is further away than we wait."""
    told = answer.headers.get("Retry-After", "")
    return float(told) if re.fullmatch("[0-9]{1,6}", told) else 0.0
