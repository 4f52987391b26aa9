"""The Excel report of a store's day, as the published version names it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from serving.web.versions import Version

REPORTS = "day_reports"
_REPORT = """
    SELECT path FROM day_reports WHERE store_id = $store AND day = $day ORDER BY locale = $locale DESC, locale LIMIT 1
"""


def report_row(version: Version, store: str, day: dt.date, locale: str) -> dict[str, Any] | None:
    """Its row, in the visitor's language where there is one in it; None where there is none."""
    if not version.has(REPORTS):
        return None
    found = version.rows(_REPORT, {"store": store, "day": day, "locale": locale})
    return found[0] if found else None
