"""What is shown by the API itself: who sees recommendations and who popular items in their place, and how it is written down."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Sequence

from vitrina.pseudonyms import MARK

RECOMMENDED, HOLDOUT = "recommended", "holdout"
"""Buckets, as the contract `shown` names them."""

FOLDER = "shown/here"
"""Folder of a product in our root of the inbox; the contract `shown` reads it like any delivery."""

_SALT = b"hold-out "


def bucket_of(user_hash: str, share: float) -> str:
    """The bucket of a user: by chance, and for good.

    It follows from the pseudonym alone, so that all processes agree and nothing has to be stored. With a larger share
    those who were in the hold-out stay there, and others join them.

    Parameters
    ----------
    user_hash
        Pseudonym of the user.
    share
        Share of all users who are in the hold-out.

    Examples
    --------
    >>> [bucket_of("9ec18112ce532e4501e2ca84", share) for share in (0.0, 0.1, 1.0)]
    ['recommended', 'recommended', 'holdout']
    """
    drawn = int.from_bytes(hashlib.sha256(_SALT + user_hash.encode()).digest()[:8], "big")
    return HOLDOUT if drawn < share * 2**64 else RECOMMENDED


def shown_line(user_hash: str, shown_at: dt.datetime, bucket: str, version: str, items: Sequence[str]) -> str:
    """A list that was shown, or would have been in the hold-out, as one line of JSON for the contract `shown`.

    Parameters
    ----------
    user_hash
        Pseudonym of the user: no identifier is ever written.
    shown_at
        When, an aware time.
    bucket
        `RECOMMENDED` or `HOLDOUT`.
    version
        Published version that the list was taken from.
    items
        Items, the best first.

    Examples
    --------
    >>> at = dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC)
    >>> print(shown_line("9ec18112ce532e4501e2ca84", at, RECOMMENDED, "20260301T040000000000Z", ["17", "18"]).rstrip())
    {"user_id":"pseudonym:9ec18112ce532e4501e2ca84","shown_at":"2026-03-02T12:00:00.000000Z","bucket":"recommended","version":"20260301T040000000000Z","items":["17","18"]}
    """
    whole = {
        "user_id": MARK + user_hash,
        "shown_at": f"{shown_at.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%S.%fZ}",
        "bucket": bucket,
        "version": version,
        "items": list(items),
    }
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":")) + "\n"
