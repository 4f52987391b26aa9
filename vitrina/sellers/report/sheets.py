"""The report's sheets in their order, each a function that adds one or, of pictures, some."""

from __future__ import annotations

from collections.abc import Callable

from openpyxl import Workbook

from vitrina.sellers.report.by_hour import add_hours
from vitrina.sellers.report.by_seller import add_sellers
from vitrina.sellers.report.contents import DayReport
from vitrina.sellers.report.glossary import add_glossary
from vitrina.sellers.report.interaction_list import add_interactions
from vitrina.sellers.report.picture_sheets import add_pictures
from vitrina.sellers.report.purchase_list import add_purchases
from vitrina.sellers.report.summary import add_summary

IN_ORDER: tuple[Callable[[Workbook, DayReport], None], ...] = (
    add_summary,
    add_sellers,
    add_hours,
    add_pictures,
    add_interactions,
    add_purchases,
    add_glossary,
)
