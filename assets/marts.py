"""The SQL of each product: staging and features before its Python assets, marts after them."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliResource, dbt_assets

from resources.dbt import PROJECT, ProductTranslator, manifest_path, run_models
from resources.warehouse import WarehouseResource

MANIFEST = manifest_path()


def models(product: str, name: str, *folders: str) -> dg.AssetsDefinition:
    """The models in some folders of a product, as assets that one dbt run makes.

    Parameters
    ----------
    product
        Product; its folder lies below `dbt_project/models`.
    name
        Name of the step.
    folders
        Folders of the product.
    """

    @dbt_assets(
        manifest=MANIFEST,
        project=PROJECT,
        select=" ".join(f"path:models/{product}/{folder}" for folder in folders),
        name=name,
        dagster_dbt_translator=ProductTranslator(),
        pool=product,
    )
    def run(context: dg.AssetExecutionContext, dbt: DbtCliResource, warehouse: WarehouseResource) -> Iterator[Any]:
        yield from run_models(context, dbt, warehouse, product)

    return run


stores_staging = models("stores", "stores_staging", "staging", "features")
stores_marts = models("stores", "stores_marts", "marts")

marketplace_staging = models("marketplace", "marketplace_staging", "staging")
marketplace_marts = models("marketplace", "marketplace_marts", "marts")

propensity_staging = models("propensity", "propensity_staging", "staging", "features")
propensity_marts = models("propensity", "propensity_marts", "marts")

posts_staging = models("posts", "posts_staging", "staging")
posts_marts = models("posts", "posts_marts", "marts")

sellers_staging = models("sellers", "sellers_staging", "staging")
sellers_marts = models("sellers", "sellers_marts", "marts")

# in one run: nothing is computed in between
feedback_marts = models("feedback", "feedback_marts", "staging", "marts")
