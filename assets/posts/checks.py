"""What stands between an index and the people who search it: each check says what to do where it does not hold."""

import dagster as dg
import polars as pl

from assets.posts.product import PRODUCT, stored
from resources.table_assets import schema_check
from resources.warehouse import WarehouseResource
from vitrina.posts import tables as t
from vitrina.posts.raw_tables import RawPosts
from vitrina.verdict import Verdict

TOO_LARGE_TO_READ_WHOLE = (RawPosts, t.PostEmbeddings)
"""Every slice of an export is checked against the declaration before it is written: reading millions of messages, or their
vectors, into memory once more would find nothing."""


@dg.asset_check(
    asset=[PRODUCT, "search_quality"],
    name="finds_no_worse_than_published",
    blocking=True,
    description="On the same questions, recall@1 and MRR@10 are not below those of the index in use, as far as chance can tell.",
)
def finds_no_worse_check(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Blocks an index that finds posts worse than the one that people search now."""
    from vitrina.posts.verdicts import no_worse_than_published  # noqa: PLC0415  # loading the definitions need not pay for it

    quality, differences, index, models, candidates = stored(
        warehouse, t.SearchQuality, t.SearchDifferences, t.PostIndexes, t.EmbeddingModels, t.IndexCandidates
    )
    in_use = models.filter(pl.col("state") == "in use")["model"].to_list()
    chosen = candidates.filter(pl.col("model").is_in(in_use))["version"].to_list()
    now = quality.filter(pl.col("version").is_in(chosen))
    before = quality.filter(pl.col("version").is_in(index["version"].to_list()))
    if set(index["version"]) == set(chosen):
        return _result(Verdict(passed=True, said="The index is the one in use."))
    paired = differences.filter(
        pl.col("version").is_in(chosen)
        & pl.col("compared_with").is_in(index["version"].to_list())
        & (pl.col("searched_by") == "fused")
    )
    return _result(no_worse_than_published(now, before, paired))


@dg.asset_check(
    asset=[PRODUCT, "search_quality"],
    name="vectors_help",
    description="Searching with words and vectors is not worse than by words alone; otherwise this is told and stops nothing.",
)
def vectors_help_check(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Warns where the model of vectors hurts more than it helps."""
    from vitrina.posts.verdicts import fused_is_not_worse_than_bm25  # noqa: PLC0415  # as above

    quality, models, candidates = stored(warehouse, t.SearchQuality, t.EmbeddingModels, t.IndexCandidates)
    in_use = models.filter(pl.col("state") == "in use")["model"].to_list()
    chosen = candidates.filter(pl.col("model").is_in(in_use))["version"].to_list()
    return _result(fused_is_not_worse_than_bm25(quality.filter(pl.col("version").is_in(chosen))), warns=True)


@dg.asset_check(
    asset=[PRODUCT, "answer_thresholds"],
    name="bot_keeps_its_promise",
    description="Of held-out questions that no post answers, no more are answered than the settings promise, in every channel.",
)
def promise_check(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Warns where the bot speaks too often."""
    from vitrina.posts.verdicts import bot_keeps_its_promise  # noqa: PLC0415  # as above

    (thresholds,) = stored(warehouse, t.AnswerThresholds)
    return _result(bot_keeps_its_promise(thresholds), warns=True)


@dg.asset_check(
    asset=[PRODUCT, "post_changes"],
    name="exports_are_whole",
    description="No export lacks so many posts that it is taken for cut off; one that does deletes nothing, and is told here.",
)
def whole_exports_check(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Warns where deletions were not believed."""
    (changes,) = stored(warehouse, t.PostChanges)
    latest = changes.filter(pl.col("reconciled_at") == pl.col("reconciled_at").max())
    held = latest.filter(pl.col("held_back") > 0).sort("held_back", descending=True)
    examples = ", ".join(
        f"{platform}:{channel} {count}"
        for platform, channel, count in held.select("platform", "channel_id", "held_back").head(10).iter_rows()
    )
    return _result(
        Verdict(
            held.is_empty(),
            f"Posts that an export lacks although it covers their time, too many to be believed: {examples}."
            if held.height
            else "Every export is whole.",
            {"channels": held.height, "held_back": int(held["held_back"].sum())},
            "Export the channel again and deliver it. If so many posts were really deleted, raise VITRINA_POSTS_MOST_DELETIONS for "
            "one run.",
        ),
        warns=True,
    )


def _result(found: Verdict, *, warns: bool = False) -> dg.AssetCheckResult:
    severity = dg.AssetCheckSeverity.WARN if warns else dg.AssetCheckSeverity.ERROR
    return dg.AssetCheckResult(passed=found.passed, severity=severity, description=found.said, metadata=found.metadata())


CHECKS = [
    *(schema_check(table) for table in t.TABLES if table not in TOO_LARGE_TO_READ_WHOLE),
    finds_no_worse_check,
    vectors_help_check,
    promise_check,
    whole_exports_check,
]
