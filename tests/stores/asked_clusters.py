"""Asking for clusters through the pages and the API, and waiting for the answer."""

import itertools
import json
import re
import time

from tests.stores.published_stores import QUARTERS

WAIT_S = 120
_SEEDS = itertools.count(1)


def fresh_seed() -> int:
    """A request that nobody has made before."""
    return next(_SEEDS)


def form(**given):
    """The form as it is filled in."""
    return {"quarter": QUARTERS[1].isoformat(), "formats": ["hypermarket"], "n_bootstraps": "2", "how": "automatic"} | given


def asked(visitor, **given) -> str:
    """Send the form, and return the request's identifier."""
    answer = visitor.submit("/stores/requests", form(**given))
    assert answer.status_code == 303, answer.text
    return re.fullmatch(r"/stores/requests/([0-9a-f]{32})", answer.headers["location"])[1]


def answered(visitor, request_id: str) -> dict:
    """The answer, once it is there."""
    until = time.monotonic() + WAIT_S
    while (found := visitor.api(f"/api/v1/stores/requests/{request_id}").json())["state"] == "waiting":
        assert time.monotonic() < until, found
        time.sleep(0.05)
    return found


def an_answer(visitor, **given) -> dict:
    """Ask for what nobody has asked for before, and wait."""
    return answered(visitor, asked(visitor, seed=str(fresh_seed()), **given))


def scenario_of(found: dict) -> dict:
    return json.loads(found["scenario"])
