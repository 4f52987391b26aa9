"""What runs because of the date."""

import dagster as dg

from resources.inbox import InboxResource
from resources.jobs import AssetJob
from vitrina.months import month_of
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


def weekly_schedule(product: str, job: AssetJob) -> dg.ScheduleDefinition:
    """The whole product every Monday before the shop wakes up: what people want ages, whether files arrive or not."""

    @dg.schedule(
        name=f"{product}_weekly",
        job=job,
        cron_schedule="0 3 * * 1",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=f"{product}, trained and judged anew.",
    )
    def weekly(context: dg.ScheduleEvaluationContext, inbox: InboxResource) -> dg.RunRequest | dg.SkipReason:
        if inbox.ledger.last_date(product) is None:
            return dg.SkipReason(f"Nothing of {product} has been delivered yet.")
        return dg.RunRequest(run_key=context.scheduled_execution_time.date().isoformat())

    return weekly


def monthly_schedule(product: str, job: AssetJob, contract: str) -> dg.ScheduleDefinition:
    """The whole product for the month that has begun, on its third day, if files of a contract have arrived for it."""

    @dg.schedule(
        name=f"{product}_monthly",
        job=job,
        cron_schedule="0 4 3 * *",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=f"{product} for the month that has begun.",
    )
    def monthly(context: dg.ScheduleEvaluationContext, inbox: InboxResource) -> dg.RunRequest | dg.SkipReason:
        month = month_of(context.scheduled_execution_time.date())
        latest = inbox.ledger.last_date(product, contract)
        if latest is None or latest < month:
            return dg.SkipReason(
                f"The latest of {contract} is of {latest}: nothing of {month:%Y-%m} has arrived. It runs when it arrives."
            )
        return dg.RunRequest(run_key=month.isoformat(), partition_key=month.isoformat())

    return monthly


def daily_schedule(product: str, job: AssetJob) -> dg.ScheduleDefinition:
    """The whole product every night: what was promised to be forgotten after some days is, whether files arrive or not."""

    @dg.schedule(
        name=f"{product}_daily",
        job=job,
        cron_schedule="30 2 * * *",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=f"{product}: what is too old is forgotten; what has not changed is not computed again.",
    )
    def daily(context: dg.ScheduleEvaluationContext, inbox: InboxResource) -> dg.RunRequest | dg.SkipReason:
        if inbox.ledger.last_date(product) is None and not inbox.settings.videos.exists():
            return dg.SkipReason(f"Nothing of {product} has been delivered yet.")
        return dg.RunRequest(run_key=context.scheduled_execution_time.date().isoformat())

    return daily
