"""Why a number cannot be told, in the reader's language, and what to do about it.

Reasons come with the numbers as English sentences, in which names and shares stand already.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from vitrina.i18n import Translate
from vitrina.sellers.metrics import METRICS, NO_RECEIPTS
from vitrina.sellers.report.contents import NOT_MEASURED

TOO_LITTLE_SEEN = "{coverage} of the time could be seen; numbers are told from {least} on."
PARTLY_WITHOUT_RECEIPTS = "Receipts of a part of the time were not delivered."
SEVERAL_FLOORS = "Several floors were filmed at once; the times of their sellers do not add up to a time of day."
UNDECLARED = (
    "Cameras {one} and {other} ran at once, and nobody said whether they see the same floor: declare `overlaps` for {silent}."
)

REASONS = (
    TOO_LITTLE_SEEN,
    NO_RECEIPTS,
    PARTLY_WITHOUT_RECEIPTS,
    SEVERAL_FLOORS,
    UNDECLARED,
    "There was nothing to count.",
    "No customer was there.",
    "No purchase with consultation was seen.",
    "No purchase without consultation was seen.",
    NOT_MEASURED,
    *dict.fromkeys(metric.refused_per_seller for metric in METRICS if metric.refused_per_seller),
)
"""Sentences as they come with the numbers; what stands in braces differs from case to case."""


def reason(told: str, translate: Translate, percent: Callable[[float], str]) -> str:
    """A reason in the reader's language; one that nobody has translated as it came.

    Parameters
    ----------
    told
        As it came with the number.
    translate
        From the English text to the reader's.
    percent
        How a share is written.
    """
    for known in REASONS:
        found = _pattern(known).fullmatch(told)
        if found is not None:
            return translate(known).format(**{name: _part(part, percent) for name, part in found.groupdict().items()})
    return told


def remedies(translate: Translate) -> dict[str, str]:
    """What to do, by the reasons that somebody can do something about."""
    deliver = translate("Deliver the receipts of this day; the numbers are then made again.")
    return {
        TOO_LITTLE_SEEN: translate("Look at the footage below: which camera was off, dark or covered?"),
        NO_RECEIPTS: deliver,
        PARTLY_WITHOUT_RECEIPTS: deliver,
        SEVERAL_FLOORS: translate("The times of single sellers are on the sheet of sellers."),
        UNDECLARED: translate("Ask whoever keeps the table of cameras; the numbers are then made again."),
        NOT_MEASURED: translate("Look whether videos of this day were delivered."),
    }


def remedy(told: str, translate: Translate) -> str:
    """What to do about a reason; empty where nothing need be done."""
    return next((what for known, what in remedies(translate).items() if _pattern(known).fullmatch(told)), "")


def _part(part: str, percent: Callable[[float], str]) -> str:
    share = _SHARE.fullmatch(part)
    # the last part of a sentence may join names by an English word
    return percent(int(share[1]) / 100) if share else part.replace(" and ", ", ")


_SHARE = re.compile(r"(\d+)%")


@cache
def _pattern(known: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", known)
    return re.compile("".join(f"(?P<{part}>.+)" if place % 2 else re.escape(part) for place, part in enumerate(parts)), re.DOTALL)
