"""How strongly each user is drawn to each item, from the events that count."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, cast

import duckdb
import polars as pl

from vitrina.charts import PAGE_SCALE, colour, to_png
from vitrina.marketplace.tables import InteractionMatrix

if TYPE_CHECKING:
    import altair as alt

COLD_PAIRS = 5
"""A user with fewer items, or an item with fewer users, is cold: nobody can say whom it is like."""

POINTS_PER_DECADE = 20
"""Points of a curve that are drawn; more cover one another on a logarithmic axis."""

_BEFORE = "FROM stg_events WHERE event_time < make_timestamptz(epoch_us($as_of::DATE))"

_INTERACTIONS = """
WITH weights AS (
    SELECT kind, max(weight) AS weight FROM event_meanings GROUP BY kind
),
weighed AS (
    SELECT
        users.code AS user_code, items.code AS item_code, events.kind, events.event_time, events.quantity,
        -- whole numbers below 2^53, for their sum does not depend on the order that threads add them in
        round(weights.weight * pow(0.5, (epoch_us($as_of::DATE) - epoch_us(events.event_time)) / 86400e6 / $half_life)
            * $resolution) AS weight
    FROM stg_events AS events
    LEFT JOIN weights ON events.kind = weights.kind
    INNER JOIN users_by_code AS users ON events.user_hash = users.user_hash
    INNER JOIN items_by_code AS items ON events.item_id = items.item_id
    WHERE events.event_time < make_timestamptz(epoch_us($as_of::DATE))
),
by_pair AS (
    SELECT
        user_code, item_code,
        sum(weight) FILTER (kind IN ('view', 'cart')) AS other_weight,
        sum(weight) FILTER (kind = 'purchase') AS bought_weight,
        min(event_time) FILTER (kind <> 'refund') AS first_at,
        max(event_time) FILTER (kind <> 'refund') AS last_at,
        count(*) FILTER (kind = 'view') AS views,
        count(*) FILTER (kind = 'cart') AS carts,
        count(*) FILTER (kind = 'purchase') AS gross,
        sum(quantity) FILTER (kind = 'purchase') AS pieces,
        sum(quantity) FILTER (kind = 'refund') AS pieces_back
    FROM weighed
    GROUP BY user_code, item_code
),
net AS (
    SELECT
        *,
        greatest(pieces - coalesce(pieces_back, 0), 0) AS kept,
        (coalesce(other_weight, 0) + coalesce(bought_weight * (kept / pieces), 0)) / $resolution AS weight
    FROM by_pair
)
SELECT
    user_code, item_code, weight, first_at, last_at,
    views + carts + gross AS events,
    views, carts,
    -- rounded up, in whole numbers: who kept one of three pieces has bought
    coalesce((gross * kept + pieces - 1) // pieces, 0)::BIGINT AS purchases
FROM net
WHERE weight > 0
"""

_RESOLUTION = 2.0**32


def interaction_matrix(connection: duckdb.DuckDBPyConnection, as_of: dt.date, half_life_days: float) -> pl.DataFrame:
    """Pairs of users and items that met before a day.

    The weight of a pair is ``Σ w(kind) · 0.5^(age / half-life)`` over its events, age counted in days up to the beginning of
    `as_of`. A refund takes pieces back from the user's purchases of the item: purchases weigh by the share of pieces that the
    user has kept, and no refund makes anything negative. With single pieces that is the share of purchases that stand.

    Parameters
    ----------
    connection
        Knows the tables `stg_events` and `event_meanings`.
    as_of
        First day that is not looked at.
    half_life_days
        Age at which an event counts half, in days.

    Returns
    -------
    polars.DataFrame
        Rows of `InteractionMatrix` by user and item; the same from run to run, to the last digit. Pairs of which nothing is left
        (all refunded, weighed with zero, or older than 32 half-lives) are left out.
    """
    users, items = (_by_code(connection, name, as_of) for name in ("user_hash", "item_id"))
    # pairs are found by number: texts as keys take three times the memory
    connection.register("users_by_code", users)
    connection.register("items_by_code", items)
    try:
        given = {"as_of": as_of, "half_life": half_life_days, "resolution": _RESOLUTION}
        found = connection.execute(_INTERACTIONS, given).pl().sort("user_code", "item_code")
    finally:
        connection.unregister("users_by_code")
        connection.unregister("items_by_code")
    return found.select(
        users.get_column("user_hash").gather(found.get_column("user_code")),
        items.get_column("item_id").gather(found.get_column("item_code")),
        pl.exclude("user_code", "item_code"),
    ).cast(pl.Schema(InteractionMatrix.polars_schema()))


def _by_code(connection: duckdb.DuckDBPyConnection, name: str, as_of: dt.date) -> pl.DataFrame:
    """Different values of a column, in order, with their place as ``code``."""
    return connection.execute(f"SELECT DISTINCT {name} {_BEFORE} ORDER BY {name}", {"as_of": as_of}).pl().with_row_index("code")


def matrix_measures(matrix: pl.DataFrame, items: pl.DataFrame) -> dict[str, int | float]:
    """Figures that say how much a recommender can learn from the matrix.

    Parameters
    ----------
    matrix
        Rows of `InteractionMatrix`.
    items
        Rows of `ItemFeatures`: every item that the log or the catalogue knows.

    Returns
    -------
    dict
        Numbers of users, items and interactions; sparsity, the share of pairs that never met; median and 99th percentile of
        degrees (items per user, users per item); shares of cold users, of cold items, and of known items that nobody met.
    """
    of_users, of_items = _degrees(matrix, "user_hash"), _degrees(matrix, "item_id")
    users, met = of_users.len(), of_items.len()
    unmet = items.join(matrix, on="item_id", how="anti").height
    return {
        "users": users,
        "items": met,
        "interactions": matrix.height,
        "sparsity": 1 - matrix.height / max(users * met, 1),
        "items_per_user_median": _quantile(of_users, 0.5),
        "items_per_user_p99": _quantile(of_users, 0.99),
        "users_per_item_median": _quantile(of_items, 0.5),
        "users_per_item_p99": _quantile(of_items, 0.99),
        "cold_users_share": _share_below(of_users),
        "cold_items_share": _share_below(of_items),
        "unmet_items_share": unmet / max(items.height, 1),
    }


def degree_picture(matrix: pl.DataFrame) -> bytes:
    """How unevenly items are spread over users and users over items, as PNG.

    Parameters
    ----------
    matrix
        Rows of `InteractionMatrix`.
    """
    import altair as alt  # noqa: PLC0415  # loading the definitions need not pay for it

    panels = [
        _degree_panel(_degrees(matrix, "user_hash"), "Items that a user met", "Share of users with at least as many", 1),
        _degree_panel(_degrees(matrix, "item_id"), "Users who met an item", "Share of items with at least as many", 2),
    ]
    title = alt.TitleParams("How many items users meet, and users items", subtitle="Both axes are logarithmic")
    return to_png(alt.hconcat(*panels, spacing=40).properties(title=title), scales=PAGE_SCALE)


def _degree_panel(degrees: pl.Series, x_title: str, y_title: str, place: int) -> alt.Chart:
    import altair as alt  # noqa: PLC0415  # loading the definitions need not pay for it

    counted = degrees.value_counts(sort=False, name="n").rename({degrees.name: "degree"}).sort("degree", descending=True)
    curve = counted.select("degree", (pl.col("n").cum_sum() / max(degrees.len(), 1)).alias("share")).sort("degree")
    place_on_axis = (pl.col("degree").log10() * POINTS_PER_DECADE).floor()
    drawn = curve.filter(place_on_axis.is_first_distinct())
    logarithmic = alt.Scale(type="log", nice=False)
    chart = (
        alt.Chart(drawn)
        .mark_line(color=colour(place), strokeWidth=2, point=alt.OverlayMarkDef(color=colour(place), size=14))
        .encode(
            x=alt.X("degree:Q", title=x_title, scale=logarithmic, axis=alt.Axis(format="~s", tickCount=5)),
            y=alt.Y("share:Q", title=y_title, scale=logarithmic, axis=alt.Axis(format="~%", tickCount=5)),
        )
        .properties(width=320, height=260)
    )
    return cast("alt.Chart", chart)


def _degrees(matrix: pl.DataFrame, entity: str) -> pl.Series:
    return matrix.get_column(entity).value_counts(name="degree").get_column("degree").cast(pl.Int64)


def _quantile(degrees: pl.Series, share: float) -> float:
    return float(degrees.quantile(share, interpolation="nearest") or 0.0)


def _share_below(degrees: pl.Series) -> float:
    return int((degrees < COLD_PAIRS).sum()) / max(degrees.len(), 1)
