"""The last asset of each product: its published version."""

import json
from collections.abc import Iterable, Sequence

import dagster as dg

from assets import feedback, marketplace, marts, posts, propensity, sellers, stores
from assets.marts import MANIFEST
from resources.dbt import model_dictionary, published_models
from resources.inbox import InboxResource
from resources.publication import PublicationResource
from resources.table_assets import OWNERS
from resources.warehouse import WarehouseResource
from vitrina.catalogue import tables_of
from vitrina.dictionary import DataDictionary


def publication(
    product: str,
    checked: Iterable[dg.AssetsDefinition | dg.AssetChecksDefinition],
    recomputed: dg.AssetKey,
    *,
    naming_files: Sequence[str] = (),
) -> dg.AssetsDefinition:
    """The asset ``<product>/publication``.

    Parameters
    ----------
    product
        Product.
    checked
        Definitions whose checks decide what may go out.
    recomputed
        The asset whose partitions, written in the same run, are no longer stale once they are published.
    naming_files
        Tables whose rows name files in their own folder of artifacts; files that no kept version names are deleted.
    """
    checks = sorted({key for definition in checked for key in definition.check_keys})
    models = published_models(json.loads(MANIFEST.read_text(encoding="utf-8")), product)
    tables = [table for table in tables_of(product) if table.is_published()]
    names = [*models, *(table.table_name() for table in tables)]

    @dg.asset(
        key=[product, "publication"],
        deps=[dg.AssetKey([product, name]) for name in names],
        description=(
            f"The version of {product} that people read: every published table, marts first, in a new DuckDB file that never changes, "
            "with data dictionary, version and freshness inside. A table whose blocking check last failed stays as it was published before. "
            f"Analysts read published/{product}.duckdb; `vitrina rollback {product}` goes back."
        ),
        group_name=product,
        owners=[OWNERS[product]],
        kinds={"duckdb"},
        tags={"product": product},
        code_version="1",
        pool=product,
    )
    def published(
        context: dg.AssetExecutionContext, publisher: PublicationResource, warehouse: WarehouseResource, inbox: InboxResource
    ) -> dg.MaterializeResult[None]:
        dictionary = DataDictionary.check(DataDictionary.of(tables).vstack(model_dictionary(models)))
        made = publisher.publish(
            context, product, names=names, checks=checks, dictionary=dictionary, warehouse=warehouse.of(product)
        )
        inbox.clear_stale(context, product, recomputed)
        for name in naming_files:
            publisher.remove_old_files(product, name, warehouse.of(product))
        held_back = made.tables.filter(made.tables["state"] == "carried forward")
        return dg.MaterializeResult(
            metadata={
                "version": made.pointer.version,
                "tables": dg.MetadataValue.int(made.tables.height),
                "rows": dg.MetadataValue.int(int(made.tables["n_rows"].sum())),
                "carried_forward": dg.MetadataValue.int(held_back.height),
                "held_back_by": dg.MetadataValue.text(
                    "; ".join(f"{row[0]}: {row[-1]}" for row in held_back.iter_rows()) or "nothing"
                ),
                "left_out": dg.MetadataValue.text(", ".join(made.left_out) or "nothing"),
                "analysts_copy": dg.MetadataValue.path(publisher.settings.published / f"{product}.duckdb"),
            }
        )

    return published


stores_publication = publication(
    "stores",
    [*stores.CHECKS, marts.stores_staging, marts.stores_marts],
    dg.AssetKey(["stores", "store_features"]),
    naming_files=["cluster_report"],
)

marketplace_publication = publication(
    "marketplace",
    [*marketplace.CHECKS, marts.marketplace_staging, marts.marketplace_marts],
    dg.AssetKey(["marketplace", "recommendations"]),
    naming_files=["recommender_models", "pilot_sheets"],
)

propensity_publication = publication(
    "propensity",
    [*propensity.CHECKS, marts.propensity_staging, marts.propensity_marts],
    dg.AssetKey(["propensity", "client_features"]),
    naming_files=["propensity_models"],
)

posts_publication = publication(
    "posts",
    [*posts.CHECKS, marts.posts_staging, marts.posts_marts],
    dg.AssetKey(["posts", "asked_questions"]),
    naming_files=["post_indexes"],
)

sellers_publication = publication(
    "sellers",
    [*sellers.CHECKS, marts.sellers_staging, marts.sellers_marts],
    dg.AssetKey(["sellers", "seller_day_metrics"]),
    naming_files=["day_reports"],
)

feedback_publication = publication(
    "feedback",
    [*feedback.CHECKS, marts.feedback_marts],
    dg.AssetKey(["feedback", "mart_feedback"]),
)
