"""A pilot before anybody in the shop sees a recommendation: experts judge them, without knowing which they are.

Every user becomes a numbered case: ten recommendations shuffled among ten other items. What experts make of them gives the
measures of `PilotResults`.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from vitrina.errors import SettingsError
from vitrina.marketplace.pilot_tables import PilotCases

LIST_LENGTH = 10
ACTIVE_PURCHASES = 5
ACTIVE_EVENTS = 5
RECENT = 4
"""Cases are drawn from so many times as many users, those whose last events are the most recent."""


def pilot_cases(  # noqa: PLR0913  # what is shown, and what the draw depends on
    recommendations: pl.DataFrame,
    items: pl.DataFrame,
    users: pl.DataFrame,
    *,
    pilot: str,
    n_users: int,
    seed: int,
    list_length: int = LIST_LENGTH,
) -> pl.DataFrame:
    """Draw users and the items that experts are asked about.

    A user is *active* with `ACTIVE_PURCHASES` purchases; where fewer than `n_users` are, users with `ACTIVE_EVENTS` events
    fill up. Of the active users who have recommendations the `RECENT` · `n_users` with the latest last event are taken, and
    `n_users` of these are drawn: experts know today's goods, and the very last to visit would be no sample.

    Beside a user's recommendations stand as many other items: half of them drawn by popularity (users who met the item),
    half evenly. They are drawn without replacement from what may be recommended and stands at no place of the user's list.

    Parameters
    ----------
    recommendations
        Rows of `Recommendations`.
    items
        Rows of `ItemFeatures`.
    users
        Rows of `UserFeatures`.
    pilot
        Identifier of the pilot.
    n_users
        Cases that are wanted; there are fewer where fewer users are active.
    seed
        The same rows, in any order, and the same seed give the same cases.
    list_length
        Recommendations per case.

    Returns
    -------
    polars.DataFrame
        `PilotCases`, ordered by case and position; cases are numbered ``"1"``, ``"2"``, …

    Raises
    ------
    SettingsError
        `n_users` or `list_length` is not positive.
    """
    if n_users < 1 or list_length < 1:
        raise SettingsError(
            f"A pilot of {n_users} user(s) with {list_length} recommendation(s) each was asked for.",
            "Ask for at least one of each.",
        )
    rng = np.random.default_rng([seed, 0])
    lists = recommendations.select("user_hash", "place", "item_id").sort("user_hash", "place")
    chosen = _chosen_users(rng, users.join(lists, on="user_hash", how="semi"), n_users)
    may_be_shown = _may_be_recommended(items)
    by_user = lists.filter(pl.col("user_hash").is_in(chosen)).partition_by("user_hash", as_dict=True)
    drawn = [
        _case(np.random.default_rng([seed, 1, number]), by_user[(user,)].get_column("item_id"), may_be_shown, list_length).select(
            pl.lit(pilot).alias("pilot"),
            pl.lit(str(number)).alias("case"),
            "item_id",
            pl.lit(user).alias("user_hash"),
            "recommended",
            "position",
        )
        for number, user in enumerate(chosen, start=1)
    ]
    return pl.concat([PilotCases.empty(), *drawn])


def _chosen_users(rng: np.random.Generator, users: pl.DataFrame, n_users: int) -> list[str]:
    """Hashes of the users of the cases, in the order of their numbers."""
    latest = users.sort("last_at", "user_hash", descending=[True, False])
    bought = pl.col("purchases") >= ACTIVE_PURCHASES
    buyers = latest.filter(bought).head(RECENT * n_users)
    chosen = _some(rng, buyers, n_users)
    missing = n_users - len(chosen)
    others = latest.filter(~bought, pl.col("events") >= ACTIVE_EVENTS).head(RECENT * missing)
    return chosen + _some(rng, others, missing)


def _some(rng: np.random.Generator, users: pl.DataFrame, n: int) -> list[str]:
    hashes = users.get_column("user_hash").to_list()
    return [hashes[place] for place in rng.permutation(len(hashes))[:n]]


def _may_be_recommended(items: pl.DataFrame) -> pl.DataFrame:
    """Items that are there and that no rule forbids: ``item_id``, ``users``."""
    allowed = pl.col("rule") == "allow"
    only_allowed = items.select((allowed.fill_null(value=False)).any()).item()
    ruled = allowed if only_allowed else (pl.col("rule") != "deny").fill_null(value=True)
    return items.filter("available", ruled).select("item_id", "users").sort("item_id")


def _case(rng: np.random.Generator, listed: pl.Series, may_be_shown: pl.DataFrame, list_length: int) -> pl.DataFrame:
    """Recommendations and others in one shuffled list: ``item_id``, ``recommended``, ``position``."""
    recommended = listed.head(list_length)
    other = may_be_shown.filter(~pl.col("item_id").is_in(listed.implode()))
    popularity = np.maximum(other.get_column("users").to_numpy(), 0).astype(float)
    with np.errstate(divide="ignore"):
        popular = _drawn(rng, np.log(popularity), (recommended.len() + 1) // 2)
    evenly = np.zeros(other.height)
    evenly[popular] = -np.inf
    drawn = np.concatenate([popular, _drawn(rng, evenly, recommended.len() - popular.size)])
    case = pl.concat([recommended, other.get_column("item_id").gather(drawn)])
    order = rng.permutation(case.len())
    return pl.DataFrame(
        {
            "item_id": case.gather(order),
            "recommended": pl.Series(order < recommended.len(), dtype=pl.Boolean),
            "position": pl.Series(np.arange(1, case.len() + 1), dtype=pl.Int64),
        }
    )


def _drawn(rng: np.random.Generator, log_weights: np.ndarray, n: int) -> np.ndarray:
    """Places drawn without replacement, each time by weight: the n largest of log weight plus Gumbel noise.

    Kool, van Hoof, Welling (2019), Stochastic beams and where to find them, section 2.3. A weight of 0 is never drawn.
    """
    keys = log_weights + rng.gumbel(size=log_weights.size)
    best = np.argsort(-keys, kind="stable")[:n]
    return np.asarray(best[np.isfinite(keys[best])])
