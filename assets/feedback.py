"""What do people think of the result pages? From the pages' ratings to what channel owners and managers read."""

from resources.inbox_assets import inbox_assets
from resources.table_assets import schema_check
from vitrina.feedback.contracts import CONTRACTS
from vitrina.feedback.staleness import staleness
from vitrina.feedback.tables import FEEDBACK, TABLES, FeedbackDeliveries, FeedbackRefusedRows

feedback_inbox = inbox_assets(
    FEEDBACK, CONTRACTS, refused_table=FeedbackRefusedRows, deliveries_table=FeedbackDeliveries, consequences=staleness
)

ASSETS = (feedback_inbox,)
CHECKS = [schema_check(table) for table in TABLES]
