"""What a category manager decides about clusters, each decision checked before it is recorded."""

from __future__ import annotations

import datetime as dt
import json

from vitrina.errors import VitrinaError
from vitrina.state.decisions import Decision, JsonValue
from vitrina.stores.decision_tables import (
    IDENTIFIER_LENGTH,
    LARGEST_NUMBER,
    NAME_LENGTH,
    PERSON_LENGTH,
    REASON_LENGTH,
    SCENARIO_LENGTH,
)
from vitrina.stores.quarters import quarter_of

PRODUCT = "stores"


class DecisionError(VitrinaError):
    """A decision does not say what it must, or names something that is not there."""


def approve(  # noqa: PLR0913  # what is approved, by whom, why and when
    quarter: dt.date, scenario: str, fingerprint: str, *, by: str, reason: str, at: dt.datetime
) -> Decision:
    """Approve a request as the model that scores the quarters to come.

    Parameters
    ----------
    quarter
        First day of the quarter whose result the person saw.
    scenario
        The request as JSON.
    fingerprint
        Fingerprint of that result.
    by, reason
        Who, and why.
    at
        When, an aware time.

    Raises
    ------
    DecisionError
        Something is missing, too long, or cannot be meant.
    """
    return _decision(
        "approve", quarter, by, reason, at, scenario=_request(scenario), fingerprint=_identifier("fingerprint", fingerprint)
    )


def reject(  # noqa: PLR0913  # what is rejected, by whom, why and when
    quarter: dt.date,
    *,
    scenario: str | None = None,
    fingerprint: str | None = None,
    version: int | None = None,
    by: str,
    reason: str,
    at: dt.datetime,
) -> Decision:
    """Reject the request that a quarter's clusters answer, or an approved version.

    Parameters
    ----------
    quarter
        First day of the quarter whose result the person saw.
    scenario, fingerprint
        The request as JSON and the fingerprint of its result; both, or `version` instead.
    version
        The approved version that is withdrawn.
    by, reason
        Who, and why.
    at
        When, an aware time.

    Raises
    ------
    DecisionError
        Something is missing, too long, or cannot be meant.
    """
    if version is not None and scenario is None and fingerprint is None:
        return _decision("reject", quarter, by, reason, at, version=_from_one("version", version))
    if version is None and scenario is not None and fingerprint is not None:
        checked = _identifier("fingerprint", fingerprint)
        return _decision("reject", quarter, by, reason, at, scenario=_request(scenario), fingerprint=checked)
    raise DecisionError(
        "It is not clear what is rejected.", "Give the request with its fingerprint, or the approved version, and not both."
    )


def rename(  # noqa: PLR0913  # what gets which name, by whom, why and when
    quarter: dt.date, version: int, cluster: int, name: str, *, by: str, reason: str, at: dt.datetime
) -> Decision:
    """Give a cluster of an approved version another name.

    Parameters
    ----------
    quarter
        First day of the quarter whose result the person saw.
    version
        The approved version.
    cluster
        The cluster's number, from 1.
    name
        Its new name, on one line.
    by, reason
        Who, and why.
    at
        When, an aware time.

    Raises
    ------
    DecisionError
        Something is missing, too long, or cannot be meant.
    """
    about = {"version": _from_one("version", version), "cluster": _from_one("cluster", cluster)}
    return _decision("rename", quarter, by, reason, at, **about, name=_line("name", name, NAME_LENGTH))


def move(  # noqa: PLR0913  # what moves where, by whom, why and when
    quarter: dt.date, version: int, store_id: str, cluster: int | None, *, by: str, reason: str, at: dt.datetime
) -> Decision:
    """Move a store to another cluster of an approved version by hand, or take such a move back.

    Parameters
    ----------
    quarter
        First day of the quarter whose result the person saw.
    version
        The approved version.
    store_id
        The store.
    cluster
        The cluster's number, from 1; None to take the move back.
    by, reason
        Who, and why.
    at
        When, an aware time.

    Raises
    ------
    DecisionError
        Something is missing, too long, or cannot be meant.
    """
    about = {"version": _from_one("version", version), "cluster": None if cluster is None else _from_one("cluster", cluster)}
    return _decision("move", quarter, by, reason, at, **about, store_id=_identifier("store_id", store_id))


def _decision(kind: str, quarter: dt.date, by: str, reason: str, at: dt.datetime, **about: JsonValue) -> Decision:
    if quarter != quarter_of(quarter):
        raise DecisionError(
            f"{quarter} is not the first day of a quarter.", f"It lies in the quarter that begins on {quarter_of(quarter)}."
        )
    if at.tzinfo is None:
        raise DecisionError(f"{at} has no offset from UTC.", "Give an aware time.")
    # every name in every line, so that a file of approvals alone has the columns of moves
    empty: dict[str, JsonValue] = dict.fromkeys(("version", "scenario", "fingerprint", "cluster", "name", "store_id"))
    return Decision(
        product=PRODUCT,
        kind=kind,
        made_at=at.astimezone(dt.UTC),
        made_by=_line("author", by, PERSON_LENGTH),
        reason=_line("reason", reason, REASON_LENGTH),
        body={"quarter": quarter.isoformat(), **empty, **about},
    )


def _line(what: str, text: str, limit: int) -> str:
    """A text on one printable line, without spaces around it."""
    line = text.strip()
    if not line:
        raise DecisionError(f"The {what} is empty.", f"Give the {what} in words: others will ask for it later.")
    if len(line) > limit:
        raise DecisionError(f"The {what} has {len(line)} characters, more than {limit}.", "Shorten it.")
    if not line.isprintable():
        raise DecisionError(
            f"The {what} holds a line break or an invisible character.", "Write it on one line, in plain characters."
        )
    return line


def _identifier(what: str, text: str) -> str:
    return _line(what, text, IDENTIFIER_LENGTH)


def _request(scenario: str) -> str:
    text = _line("scenario", scenario, SCENARIO_LENGTH)
    try:
        is_object = isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        is_object = False
    if not is_object:
        raise DecisionError("The scenario is not a JSON object.", "Take it from the table `cluster_scenarios` as it stands there.")
    return text


def _from_one(what: str, number: int) -> int:
    if not 1 <= number <= LARGEST_NUMBER:
        raise DecisionError(f"{number} is no {what}.", f"A {what} is counted from 1.")
    return number
