"""Where people are presumed while they are hidden: who is lost beside somebody and found at the same place has stood there."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from vitrina.sellers.interaction_rule import InteractionRule

_PLACE = ("x", "y", "height", "foot_x", "foot_y")


def with_hidden(seen: pl.DataFrame, rule: InteractionRule) -> pl.DataFrame:
    """Samples of people, with those on which they were not seen but are presumed.

    Parameters
    ----------
    seen
        One row per person and sample: ``video``, ``person``, ``role``, ``sample``, ``pts_s``, ``in_metres``, ``x``, ``y``, ``height``,
        ``foot_x``, ``foot_y``, and others, which are null where somebody was not seen.
    rule
        For how long, and how near places of losing and finding are.

    Returns
    -------
    polars.DataFrame
        The same columns, by video, person and sample; ``is_seen``; the ``first`` and ``last`` sample on which somebody is seen at all; and
        those between which they were hidden, ``lost`` and ``found``, null where they were seen. Somebody is presumed where they were
        lost; not on samples on which nobody at all was seen.
    """
    by = ("video", "person")
    ordered = seen.sort(*by, "sample").with_columns(first=pl.col("sample").min().over(by), last=pl.col("sample").max().over(by))
    after = ordered.with_columns(pl.col("sample", "pts_s", "x", "y", "height").shift(-1).over(by).name.suffix("_after"))
    apart = ((pl.col("x_after") - pl.col("x")).pow(2) + (pl.col("y_after") - pl.col("y")).pow(2)).sqrt()
    near = pl.when("in_metres").then(rule.end_m).otherwise(rule.end_heights * pl.max_horizontal("height", "height_after"))
    gaps = after.filter(
        pl.col("sample_after") > pl.col("sample") + 1,
        pl.col("pts_s_after") - pl.col("pts_s") <= rule.hidden_s,
        apart <= near,
    ).select(*by, "in_metres", "role", "sample", "sample_after", *_PLACE, "first", "last")
    moments = seen.select("video", "sample", "pts_s").unique(["video", "sample"])
    presumed = (
        gaps.lazy()
        .join_where(
            moments.lazy().rename({"video": "video_now", "sample": "sample_now", "pts_s": "pts_s_now"}),
            pl.col("video") == pl.col("video_now"),
            pl.col("sample_now") > pl.col("sample"),
            pl.col("sample_now") < pl.col("sample_after"),
        )
        .select(
            *by,
            "in_metres",
            "role",
            *_PLACE,
            "first",
            "last",
            lost=pl.col("sample"),
            found=pl.col("sample_after"),
            sample="sample_now",
            pts_s="pts_s_now",
            is_seen=pl.lit(value=False),
        )
        .collect()
    )
    return pl.concat([ordered.with_columns(is_seen=pl.lit(value=True)), presumed], how="diagonal").sort(*by, "sample")


def may_be_two() -> pl.Expr:
    """Whether rows of a pair are of two people, one of whom at least is seen.

    Whoever is there only while somebody is hidden at that place is that person, coming to light for a moment.
    """
    both_seen = pl.col("is_seen") & pl.col("is_seen_2")
    ours = pl.col("is_seen_2") & ((pl.col("first_2") <= pl.col("lost")) | (pl.col("last_2") >= pl.col("found")))
    theirs = pl.col("is_seen") & ((pl.col("first") <= pl.col("lost_2")) | (pl.col("last") >= pl.col("found_2")))
    return both_seen | ours.fill_null(value=False) | theirs.fill_null(value=False)


def met_before(judged: pl.DataFrame, pair: Sequence[str]) -> pl.DataFrame:
    """Rows of pairs, without those on which a seller is presumed beside a customer who was not near when the seller was lost.

    Whoever comes by where a seller is hidden is no company, for the seller is with somebody else, or farther away; but a seller comes
    to a customer, hidden or not.

    Parameters
    ----------
    judged
        By `pair` and ``sample``, with ``near``, and ``lost`` as of `with_hidden`.
    pair
        Columns that say who.
    """
    near = judged.filter("near").select(*pair, lost="sample").unique()
    presumed = judged.join(near, on=[*pair, "lost"], how="semi")
    return pl.concat([judged.filter(pl.col("lost").is_null()), presumed]).sort(*pair, "sample")
