"""The names by which a run is told what it covers and who started it, on the command line, in jobs and in sensors alike."""

from vitrina.inbox.staleness import WHOLE

RANGE_START_TAG = "dagster/asset_partition_range_start"
RANGE_END_TAG = "dagster/asset_partition_range_end"
PRODUCT_TAG = "product"
LAUNCHED_TAG = "vitrina/command_line"
VIDEO_TAG = "vitrina/kind"
"""Runs of single videos; `dagster.yaml` limits how many there are at a time, so that other products' runs find room."""


def covering(first: str, last: str) -> dict[str, str]:
    """Tags of a run that covers every period from the first to the last; of a product without periods, none."""
    if first == WHOLE:
        return {}
    return {RANGE_START_TAG: first, RANGE_END_TAG: last}
