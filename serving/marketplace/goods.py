"""Items: which there are, how far recommendations reach them, and what goes with each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from serving.marketplace.shelf import Shelf
from serving.web.versions import Version

REACH = "mart_item_reach"
PAGE = 50
MOST_OFFERED = 200

ORDERS = {
    "buyers": "buyers DESC, users DESC, item_id",
    "lists": "lists DESC, buyers DESC, item_id",
    "title": "title IS NULL, title, item_id",
}
"""What lists of items may be ordered by; the only text that ever gets into a query."""

_ALLOWED = "available AND coalesce(rule, 'allow') = 'allow'"
SHOWN = {"all": "true", "shown": "reached", "not shown": f"NOT reached AND {_ALLOWED}"}
"""Which items are asked for: `not shown` are those that could be."""

_MATCHES = """
    ($text = '' OR item_id = $text OR contains(lower(coalesce(title, '')), lower($text)))
    AND ($category IS NULL OR category = $category)
"""
_SIMILAR = """
    SELECT place, similar_item_id AS item_id, score, users FROM similar_items
    WHERE item_id = $item AND similar_item_id <> $item ORDER BY place LIMIT $n
"""
_REACH = f"""
    SELECT count(*) FILTER (WHERE {_ALLOWED}) AS allowed, count(*) FILTER (WHERE reached) AS reached, max(share_of_places) AS largest_share
    FROM {REACH}
"""  # noqa: S608  # our own texts
_SPREAD = f"""
    SELECT least(4, floor(log10(lists)) + 1)::BIGINT AS step, count(*) AS items FROM {REACH} WHERE lists > 0 GROUP BY ALL
    UNION ALL SELECT 0, count(*) FROM {REACH} WHERE lists = 0 AND {_ALLOWED}
"""  # noqa: S608  # as above


@dataclass(frozen=True)
class Found:
    """A page of items.

    Attributes
    ----------
    total
        Items that match.
    rows
        Those of this page, as `mart_item_reach` describes them.
    """

    total: int
    rows: list[dict[str, Any]]


def similar_items(version: Version, shelf: Shelf, item_id: str, n: int) -> tuple[list[dict[str, Any]], bool]:
    """What goes with an item, or popular items where nothing is known; and whether it is the former."""
    rows = version.rows(_SIMILAR, {"item": item_id, "n": n}) if version.has("similar_items") else []
    if rows:
        return [{**row, "title": shelf.about(row["item_id"]).title} for row in rows], True
    popular = shelf.popular_items(n, without=item_id)
    return [
        {"place": place, "item_id": one.item_id, "score": one.score, "users": None, "title": shelf.about(one.item_id).title}
        for place, one in enumerate(popular, start=1)
    ], False


def search(  # noqa: PLR0913  # what can be asked for
    version: Version, *, text: str, category: str | None, shown: str, order: str, offset: int
) -> Found:
    """Items whose title holds a text, or whose identifier it is.

    Raises
    ------
    PublicationError
        The table is held back.
    """
    version.require(REACH)
    matching = f"FROM {REACH} WHERE {_MATCHES} AND {SHOWN[shown]}"
    asked = {"text": text, "category": category}
    total = version.rows(f"SELECT count(*) AS n {matching}", asked)[0]["n"]
    page = f"SELECT * {matching} ORDER BY {ORDERS[order]} LIMIT {PAGE} OFFSET $offset"
    rows = version.rows(page, {**asked, "offset": offset})
    return Found(total, rows)


def item(version: Version, item_id: str) -> dict[str, Any] | None:
    """All that is published of an item; None where it is not known."""
    for table in (REACH, "item_features"):
        if version.has(table) and (rows := version.rows(f"SELECT * FROM {table} WHERE item_id = $item", {"item": item_id})):  # noqa: S608  # as above
            return _NOTHING_KNOWN | rows[0] | _price(version, item_id)
    return None


def categories(version: Version) -> list[str]:
    """Categories, in order."""
    return version.remembered("categories", lambda: _categories(version))


def reach(version: Version) -> dict[str, Any] | None:
    """How many items recommendations reach; None where the table is held back."""
    return version.remembered("reach", lambda: version.rows(_REACH)[0]) if version.has(REACH) else None


def spread(version: Version) -> dict[int, int]:
    """Items that stand in no list, in 1 to 9, in 10 to 99, in 100 to 999, and in more."""
    return version.remembered("spread", lambda: {row["step"]: row["items"] for row in version.rows(_SPREAD)})


def offered(shelf: Shelf) -> list[tuple[str, str]]:
    """Popular items with their titles, to choose from."""
    return [(one.item_id, shelf.about(one.item_id).title or one.item_id) for one in shelf.popular_items(MOST_OFFERED)]


_NOTHING_KNOWN = {"lists": None, "best_place": None, "share_of_places": None, "reached": None}


def _price(version: Version, item_id: str) -> dict[str, Any]:
    if not version.has("item_features"):
        return {"price_minor": None}
    return version.rows("SELECT price_minor FROM item_features WHERE item_id = $item", {"item": item_id})[0]


def _categories(version: Version) -> list[str]:
    if not version.has(REACH):
        return []
    rows = version.rows(f"SELECT DISTINCT category FROM {REACH} WHERE category IS NOT NULL ORDER BY category LIMIT 200")  # noqa: S608  # as above
    return [row["category"] for row in rows]
