"""The report's sheets in their order, each a function that adds one."""

from __future__ import annotations

from collections.abc import Callable

from openpyxl import Workbook

from vitrina.stores.report.changes import add_changes
from vitrina.stores.report.contents import Report
from vitrina.stores.report.dictionary import add_dictionary
from vitrina.stores.report.differing import add_differences
from vitrina.stores.report.heat_map import add_profile
from vitrina.stores.report.number_of_clusters import add_quality
from vitrina.stores.report.parameters import add_parameters
from vitrina.stores.report.places import add_map, add_tree
from vitrina.stores.report.store_list import add_stores
from vitrina.stores.report.summary import add_summary

IN_ORDER: tuple[Callable[[Workbook, Report], None], ...] = (
    add_summary,
    add_profile,
    add_differences,
    add_stores,
    add_quality,
    add_tree,
    add_map,
    add_changes,
    add_parameters,
    add_dictionary,
)
