"""What runs because of the date."""

import dagster as dg

from resources.inbox import InboxResource
from resources.jobs import AssetJob
from vitrina.stores.quarters import add_months, may_be_complete, quarter_of


def quarterly_schedule(product: str, job: AssetJob) -> dg.ScheduleDefinition:
    """The whole product for the quarter that has just ended, on the fifth day of the next, if its sales have arrived."""

    @dg.schedule(
        name=f"{product}_quarterly",
        job=job,
        cron_schedule="0 5 5 1,4,7,10 *",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=f"{product} for the quarter that has just ended.",
    )
    def quarterly(context: dg.ScheduleEvaluationContext, inbox: InboxResource) -> dg.RunRequest | dg.SkipReason:
        quarter = add_months(quarter_of(context.scheduled_execution_time.date()), -3)
        last_sale = inbox.ledger.last_date(product)
        if last_sale is None or not may_be_complete(quarter, last_sale):
            return dg.SkipReason(
                f"Sales have arrived until {last_sale}; the quarter {quarter} is not complete. It runs when they arrive."
            )
        return dg.RunRequest(run_key=quarter.isoformat(), partition_key=quarter.isoformat())

    return quarterly
