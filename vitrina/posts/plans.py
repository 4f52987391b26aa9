"""What the settings say of plans and prices, for SQL to compute with and for people to see."""

from __future__ import annotations

import polars as pl

from vitrina.errors import SettingsError
from vitrina.posts.tables import Plans
from vitrina.settings import Settings

OTHERS = "*"


def plans(settings: Settings) -> pl.DataFrame:
    """Table `Plans`: every chat that has a plan, and what holds for all others.

    Raises
    ------
    SettingsError
        A chat has a plan that is not named among the plans.
    """
    usual = next(iter(settings.posts_plans))
    rows = []
    for chat, plan in {**settings.posts_chat_plans, OTHERS: usual}.items():
        if plan not in settings.posts_plans:
            raise SettingsError(
                f"VITRINA_POSTS_CHAT_PLANS gives {chat} the plan {plan!r}, which VITRINA_POSTS_PLANS does not name.",
                f"Name one of {', '.join(settings.posts_plans)}, or add the plan.",
            )
        rows.append(
            {
                "chat_id": chat,
                "plan": plan,
                "answers_a_month": settings.posts_plans[plan],
                "price_per_1000_tokens": settings.posts_price_per_1000_tokens,
                "price_per_cpu_hour": settings.posts_price_per_cpu_hour,
            }
        )
    return Plans.check(pl.DataFrame(rows, schema=Plans.polars_schema()))
