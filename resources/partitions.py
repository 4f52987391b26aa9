"""Periods of the graph."""

import warnings

import dagster as dg

from vitrina.settings import Settings

# Many periods in one run: the parameter has stood in Dagster since 1.4 and is still called beta.
warnings.filterwarnings("ignore", message="Parameter `backfill_policy`", category=dg.BetaWarning)

QUARTERS = dg.TimeWindowPartitionsDefinition(
    start=Settings().first_quarter.isoformat(), cron_schedule="0 0 1 1,4,7,10 *", fmt="%Y-%m-%d"
)
"""Calendar quarters, each under the date of its first day; the first one comes from the settings."""

MONTHS = dg.TimeWindowPartitionsDefinition(
    start=Settings().first_month.isoformat(), cron_schedule="0 0 1 * *", fmt="%Y-%m-%d", end_offset=1
)
"""Calendar months, each under the date of its first day. The month that has begun is one of them: its snapshot is of its first day."""

VIDEOS = dg.DynamicPartitionsDefinition(name="videos")
"""Videos, each under the key that `vitrina.sellers.video_names` makes; the sensor adds them, and retires them."""
