"""Requests to be forgotten: a line with keyed hashes in the second root of the inbox, from where the next run fulfils them."""

from __future__ import annotations

import datetime as dt
import json
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from vitrina.errors import VitrinaError
from vitrina.files import write_atomically
from vitrina.posts.raw_tables import PLATFORMS, POSTS
from vitrina.posts.reconciling import post_hash
from vitrina.pseudonyms import pseudonym, user_key
from vitrina.settings import Settings

_POST = re.compile(rf"({'|'.join(PLATFORMS)}):([^:\s]+):(\S+)")
_USER = re.compile(rf"({'|'.join(PLATFORMS)}):([^:\s]+)")


class ErasureRequestError(VitrinaError):
    """A request to be forgotten does not say who or what is meant."""


@dataclass(frozen=True)
class Requested:
    """A request that has been written.

    Attributes
    ----------
    request_id
        Its identifier.
    path
        The file that holds it.
    """

    request_id: str
    path: Path


def request_erasure(settings: Settings, kind: Literal["post", "user"], subject: str, *, now: dt.datetime) -> Requested:
    """Ask for a post, or everything of a person, to be erased.

    Parameters
    ----------
    settings
        For the data folder and its key.
    kind
        What is meant.
    subject
        ``<platform>:<channel>:<post>``, such as ``telegram:1000724666:10860``, or ``<platform>:<user>``; an answer in a chat is
        ``<platform>:<channel>:<chat>/<message>``. Only its keyed hash is written.
    now
        When it is asked for.

    Raises
    ------
    ErasureRequestError
        The subject is written in another way.
    """
    request_id = secrets.token_hex(8)
    line = {
        "request_id": request_id,
        "kind": kind,
        "subject_hash": _hash(kind, subject.strip(), user_key(settings)),
        "requested_at": now.astimezone(dt.UTC).isoformat(),
        "requested_by": "operator",
    }
    folder = settings.decisions_folder / POSTS / "erasures"
    path = folder / f"{now.astimezone(dt.UTC):%Y%m%dT%H%M%S}-{request_id}.jsonl"
    write_atomically(path, json.dumps(line) + "\n")
    return Requested(request_id, path)


def _hash(kind: str, subject: str, key: bytes) -> str:
    if kind == "post" and (post := _POST.fullmatch(subject)):
        return post_hash(post[1], post[2].removeprefix("-100"), post[3], key)
    if kind == "user" and (user := _USER.fullmatch(subject)):
        return pseudonym(f"{user[1]}:{user[2]}", key)
    # never shown: it may name a person
    raise ErasureRequestError(
        f"What should be erased is not written as the identifier of a {kind}.",
        "Write <platform>:<channel>:<post> for a post, such as telegram:1000724666:10860, and <platform>:<user> for a person.",
    )
