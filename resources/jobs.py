"""Jobs: what is run together. Runs execute in process; the run is the unit of parallelism."""

from collections.abc import Sequence

import dagster as dg

# dagster has no public name for the type of its own define_asset_job
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from vitrina.runs import PRODUCT_TAG, VIDEO_TAG

AssetJob = UnresolvedAssetJobDefinition


def ingest_job(product: str, inbox: dg.AssetsDefinition) -> AssetJob:
    """Load what the inbox holds of a product."""
    return dg.define_asset_job(
        f"{product}_ingest",
        selection=dg.AssetSelection.assets(inbox),
        description=f"Load new files of {product} from the inbox.",
        tags={PRODUCT_TAG: product},
    )


def refresh_job(product: str, inbox: dg.AssetsDefinition) -> AssetJob:
    """Everything of a product behind its inbox, up to publication."""
    return dg.define_asset_job(
        f"{product}_refresh",
        selection=dg.AssetSelection.groups(product) - dg.AssetSelection.assets(inbox),
        description=f"Bring {product} up to date with what was loaded, and publish it.",
        tags={PRODUCT_TAG: product},
    )


def publish_job(product: str) -> AssetJob:
    """The publication alone: what passed its checks goes out, what did not is carried forward."""
    return dg.define_asset_job(
        f"{product}_publish",
        selection=dg.AssetSelection.assets([product, "publication"]),
        description=f"Publish what {product} has; tables that failed their check stay as published before.",
        tags={PRODUCT_TAG: product},
    )


def product_job(product: str) -> AssetJob:
    """The whole product, from the inbox to publication, for one period."""
    return dg.define_asset_job(
        product,
        selection=dg.AssetSelection.groups(product),
        description=f"The whole of {product} for one period, from the inbox to publication.",
        tags={PRODUCT_TAG: product},
    )


def video_job(name: str, steps: Sequence[dg.AssetsDefinition], description: str) -> AssetJob:
    """Some steps of one video: as many runs at a time as `dagster.yaml` allows for the tag."""
    return dg.define_asset_job(
        name, selection=dg.AssetSelection.assets(*steps).without_checks(), description=description, tags={VIDEO_TAG: "video"}
    )


def days_job(product: str, inbox: dg.AssetsDefinition, apart: Sequence[dg.AssetsDefinition]) -> AssetJob:
    """Everything of a product behind its videos, up to publication.

    Parameters
    ----------
    product
        Product.
    inbox
        The step that loads files.
    apart
        Steps of single videos, and those that people start by hand.
    """
    return dg.define_asset_job(
        f"{product}_refresh",
        selection=dg.AssetSelection.groups(product) - dg.AssetSelection.assets(inbox, *apart),
        description=f"Bring the days of {product} up to date with the videos that were evaluated, and publish them.",
        tags={PRODUCT_TAG: product},
    )


def asset_job(name: str, asset: dg.AssetsDefinition, description: str) -> AssetJob:
    """One asset that people start by hand, in the launchpad."""
    return dg.define_asset_job(name, selection=dg.AssetSelection.assets(asset), description=description)
