"""How the sheet for experts looks: verdicts to fill in, the way to do it, and what each user did before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from openpyxl import Workbook
from openpyxl.worksheet.datavalidation import DataValidation

from vitrina.i18n import Translate
from vitrina.marketplace.pilot_sheet import PilotSheet
from vitrina.workbooks.archive import to_bytes
from vitrina.workbooks.cells import MUTED, TITLE, Styled, put
from vitrina.workbooks.sheets import Column, Page, area_to, make_browsable, make_printable, put_table, set_widths

TO_FILL = ("#FFF4CC", "#FFE9A8")
"""Of every other row: a filled cell hides the lines between rows."""

NEW_CASE = "#EAF0F6"

PRICE = "#,##0.00"

VERDICT_COLUMNS = (
    Column("pilot", 11),
    Column("case", 8, centred=True),
    Column("nm", 14),
    Column("title", 56, wrap=True),
    Column("category", 24, wrap=True),
    Column("price", 12, PRICE),
    Column("expert", 18, centred=True),
    Column("suits", 10, centred=True),
)
"""Names as the contract `expert_verdicts` has them: in every language the same."""

EXPERT, SUITS = "G", "H"
"""Letters of the columns that are filled in."""

MOST_NAME = 100


def workbook_bytes(sheet: PilotSheet) -> bytes:
    """The workbook's bytes. Its first sheet is the one that is read back."""
    workbook = Workbook()
    workbook.remove(workbook.active)
    workbook.properties.creator = "Vitrina"
    workbook.properties.title = f"{sheet.translate('Do these items suit?')} {sheet.pilot}"
    _add_verdicts(workbook, sheet)
    _add_guide(workbook, sheet)
    _add_history(workbook, sheet)
    return to_bytes(workbook, sheet.made_at)


def _add_verdicts(workbook: Workbook, sheet: PilotSheet) -> None:
    """The questions: rows of one user stand together, two columns wait for the expert."""
    page = workbook.create_sheet(sheet.translate("Verdicts"))
    last = put_table(page, VERDICT_COLUMNS, _questions(sheet), roomy=True)
    make_browsable(page, VERDICT_COLUMNS, last, frozen_columns=2)
    make_printable(page, _footer(sheet), area_to(len(VERDICT_COLUMNS), last))
    page.sheet_properties.tabColor = "F2B705"
    _validate(page, sheet.translate, last)


def _questions(sheet: PilotSheet) -> Iterator[tuple[object, ...]]:
    before = None
    for row, (pilot, case, item, title, category, price) in enumerate(sheet.questions.iter_rows()):
        starts = case != before
        before = case
        yield (
            Styled(pilot, "muted", line_above=starts),
            Styled(case, "bold", line_above=starts),
            Styled(item, "muted", line_above=starts),
            *(Styled(value, line_above=starts) for value in (title, category)),
            Styled(price, line_above=starts),
            *(Styled(None, fill=TO_FILL[row % 2], line_above=starts),) * 2,
        )


def _validate(page: Any, translate: Translate, last: int) -> None:
    """A list to choose from, and a word of advice to whoever writes something else."""
    answers = DataValidation(
        type="list", formula1=f'"{translate("yes")},{translate("no")}"', allow_blank=True, showErrorMessage=True
    )
    answers.errorTitle = translate("Yes or no")
    answers.error = translate("Choose yes or no, or leave the cell empty where you cannot say.")
    answers.add(f"{SUITS}2:{SUITS}{last}")
    names = DataValidation(
        type="textLength", operator="lessThanOrEqual", formula1=str(MOST_NAME), allow_blank=True, showErrorMessage=True
    )
    names.error = translate("A name or initials, please: at most 100 characters.")
    names.add(f"{EXPERT}2:{EXPERT}{last}")
    for rule in (answers, names):
        page.add_data_validation(rule)


def _add_guide(workbook: Workbook, sheet: PilotSheet) -> None:
    """What is asked, in words."""
    translate = sheet.translate
    page = workbook.create_sheet(translate("How to fill in"))
    page.sheet_view.showGridLines = False
    set_widths(page, (16, 84))
    guide = Page(page, 2)
    guide.heading(translate("Do these items suit?"), TITLE)
    put(page, 2, 1, _subtitle(sheet), MUTED)
    guide.row = 4
    for step, text in enumerate(_steps(translate), start=1):
        guide.paragraph(f"{step}.  {text}")
    guide.heading(translate("What the columns mean"))
    columns = (Column(translate("Column"), 16), Column(translate("Meaning"), 84, wrap=True))
    guide.table(columns, ((Styled(name, "bold"), text) for name, text in _meanings(sheet)), roomy=True)
    make_printable(page, _footer(sheet), area_to(2, guide.row - 1), upright=True)


def _subtitle(sheet: PilotSheet) -> str:
    text = sheet.translate("Pilot {pilot} · users: {users} · items to judge: {items} · {day}")
    return text.format(
        pilot=sheet.pilot, users=len(sheet.about), items=sheet.questions.height, day=sheet.made_at.date().isoformat()
    )


def _steps(translate: Translate) -> tuple[str, ...]:
    return (
        translate(
            "Every user is a case with a number. The sheet History tells what the user did last; the filter of its column Case shows one user at a time."
        ),
        translate(
            "For each item on the sheet Verdicts decide: would you offer it to this user? Choose yes or no in the column suits; leave the cell empty where you cannot say."
        ),
        translate("Judge each item for itself. Some items were recommended, others were drawn at random; the order tells nothing."),
        translate(
            "Write your name or initials into the first yellow cell of the column expert and double-click the small square at its corner: Excel fills the column."
        ),
        translate(
            "Do not rename columns and do not move the sheet Verdicts from the first place. You may filter, sort and widen columns."
        ),
        translate(
            "Save the file under a name of your own, as .xlsx, and put it into the folder expert_verdicts of the marketplace's inbox. Every expert fills a file of their own."
        ),
    )


def _meanings(sheet: PilotSheet) -> Iterator[tuple[str, str]]:
    translate = sheet.translate
    yield "pilot", translate("Identifier of the pilot; the same in every row.")
    yield "case", translate("Number of the user in this file; it identifies nobody outside of it.")
    yield "nm", translate("The item, as the shop's systems name it.")
    yield "title", translate("Title of the item; its number where the catalogue has none.")
    yield "category", translate("Category of the item.")
    yield "price", translate("Median price per piece ({currency}).").format(currency=translate(sheet.currency))
    yield "expert", translate("Who judged. To be filled in.")
    yield "suits", translate("Whether the item suits the user: yes, no, or empty. To be filled in.")


def _add_history(workbook: Workbook, sheet: PilotSheet) -> None:
    """For each case a line about the user, then what the user did, the latest first."""
    translate = sheet.translate
    page = workbook.create_sheet(translate("History"))
    columns = (
        Column(translate("Case"), 8, centred=True),
        Column(translate("Date"), 13, translate("yyyy-mm-dd"), centred=True),
        Column(translate("What the user did"), 20),
        Column(translate("Item"), 66, wrap=True),
        Column(translate("Category"), 24, wrap=True),
        Column(translate("Price, {currency}").format(currency=translate(sheet.currency)), 13, PRICE),
        Column(translate("Pieces"), 9, "#,##0"),
    )
    last = put_table(page, columns, _history_rows(sheet))
    make_browsable(page, columns, last, frozen_columns=1)
    make_printable(page, _footer(sheet), area_to(len(columns), last))


def _history_rows(sheet: PilotSheet) -> Iterator[tuple[object, ...]]:
    by_case = sheet.history.partition_by("case", as_dict=True)
    for case, about in sheet.about.items():
        # the cells beside it are empty, so that the line runs on over them
        summary = (case, None, about, None, None, None, None)
        yield tuple(Styled(value, "bold", NEW_CASE, line_above=True) for value in summary)
        if (case,) in by_case:
            yield from by_case[(case,)].iter_rows()


def _footer(sheet: PilotSheet) -> str:
    return f"Vitrina · {sheet.pilot}"
