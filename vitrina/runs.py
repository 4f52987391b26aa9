"""The names by which a run is told which periods it covers, on the command line and in sensors alike."""

RANGE_START_TAG = "dagster/asset_partition_range_start"
RANGE_END_TAG = "dagster/asset_partition_range_end"


def covering(first: str, last: str) -> dict[str, str]:
    """Tags of a run that covers every period from the first to the last."""
    return {RANGE_START_TAG: first, RANGE_END_TAG: last}
