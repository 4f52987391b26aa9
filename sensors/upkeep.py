"""What runs because something failed."""

from collections.abc import Sequence

import dagster as dg

from resources.jobs import AssetJob


def publish_after_failure(product: str, refreshing: Sequence[AssetJob], publish: AssetJob) -> dg.SensorDefinition:
    """Publish what is good although a check has failed.

    A blocking check stops its run before publication, and with it every table that has nothing to do with the failure.
    The publication that follows carries the failed table's last good version forward and renews the others.
    """

    @dg.run_failure_sensor(
        name=f"{product}_publish_after_failure",
        monitored_jobs=list(refreshing),
        request_job=publish,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"After a failed run of {product}: publishes the tables that passed, and carries the failed one forward.",
    )
    def after_failure(context: dg.RunFailureSensorContext) -> dg.RunRequest:
        return dg.RunRequest(run_key=context.dagster_run.run_id)

    return after_failure
