"""Answers as JSON, in the language of whoever reads them: a few dictionaries and no model, for it is done two hundred times a second."""

from __future__ import annotations

import json
import secrets
from typing import Any

from fastapi import Response

from serving.marketplace.answering import Answered
from serving.marketplace.published_lists import Suggestion
from serving.marketplace.shelf import Shelf
from vitrina.marketplace.answers import GOES_WITH
from vitrina.marketplace.measure_names import POPULARITY
from vitrina.marketplace.reasons import sentence
from vitrina.marketplace.showing import HOLDOUT


def json_response(whole: dict[str, Any]) -> Response:
    """An answer that nobody keeps: it is about a person."""
    body = json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(body, media_type="application/json", headers={"Cache-Control": "no-store"})


def heading(shelf: Shelf) -> dict[str, Any]:
    """What all answers of a version say."""
    return {"version": shelf.version, "model": None if shelf.factors is None else shelf.factors.version}


def suggestions(shelf: Shelf, answered: Answered, locale: str) -> dict[str, Any]:
    """One list, as `api_models.SuggestionsOut` describes it."""
    return {
        "list_id": secrets.token_hex(12),
        "source": "popular" if answered.scorer == POPULARITY else "personal",
        "fallback": answered.fallback,
        "scorer": answered.scorer,
        "group": "hold-out" if answered.bucket == HOLDOUT else answered.bucket,
        "items": [
            {
                "place": place,
                "item_id": one.item_id,
                "title": shelf.about(one.item_id).title,
                "score": round(one.score, 6),
                "reason": one.reason,
                "reason_item_id": one.reason_item_id,
                "because": because(shelf, one, locale),
            }
            for place, one in enumerate(answered.items, start=1)
        ],
    }


def because(shelf: Shelf, one: Suggestion, locale: str) -> str:
    """Why an item is shown, as a sentence."""
    name = None
    if one.reason == GOES_WITH and one.reason_item_id is not None:
        name = shelf.about(one.reason_item_id).title
    elif one.reason == "new in category":
        name = shelf.about(one.item_id).category
    return sentence(one.reason, locale, name=name, days=one.reason_days)
