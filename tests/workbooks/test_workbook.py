import datetime as dt
import zipfile
from io import BytesIO

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.workbooks.archive import to_bytes
from vitrina.workbooks.cells import BOLD, CUT, MAX_CELL, Look, put, safe_text
from vitrina.workbooks.sheets import Column, lines_of, put_paragraph, put_table

MOMENT = dt.datetime(2022, 10, 3, 7, 5, 9, tzinfo=dt.UTC)
VALUES = [
    "=1+1",
    "#REF!",
    " space on both sides ",
    "two\nlines",
    "<b> & </b> \"quoted\" 'so'",
    "Ёлка ]]> 😀",
    None,
    float("nan"),
    float("inf"),
    0.1 + 0.2,
    -1e-300,
    10**17,
    7,
    True,
    False,
    MOMENT,
    dt.date(2022, 10, 3),
]
LOOKS = [Look(), BOLD, Look(fill="#8FD3BC", number_format="0.0%"), Look(alignment="wrapped", line_above=True)]


def made_up():
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    for row, value in enumerate(VALUES, start=1):
        for column, look in enumerate(LOOKS, start=1):
            put(sheet, row, column, value, look)
    sheet.row_dimensions[3].height = 40
    put_paragraph(sheet, len(VALUES) + 2, "a paragraph", 3)
    put_table(sheet, (Column("A", wrap=True), Column("B", 10, "0.00")), [("x" * 40, 1.5)], top=len(VALUES) + 4)
    return workbook


def described(content):
    sheet = openpyxl.load_workbook(BytesIO(content)).active
    cells = {
        cell.coordinate: (
            (cell.value, cell.data_type, cell.number_format, cell.quotePrefix),
            (cell.font.b, cell.fill.fgColor.rgb, cell.alignment.wrap_text, cell.border.top.style),
        )
        for row in sheet.iter_rows()
        for cell in row
        if isinstance(cell, openpyxl.cell.cell.Cell)
    }
    heights = {row: dimension.height for row, dimension in sheet.row_dimensions.items()}
    return cells, heights, [str(area) for area in sheet.merged_cells.ranges]


def test_the_file_holds_cell_by_cell_what_openpyxl_itself_writes():
    plain = BytesIO()
    made_up().save(plain)
    assert described(to_bytes(made_up(), MOMENT)) == described(plain.getvalue())


@settings(max_examples=60)
@given(
    st.lists(st.one_of(st.text(max_size=30), st.floats(), st.integers(-(10**15), 10**15), st.booleans()), min_size=1, max_size=5)
)
def test_any_text_and_number_can_be_read_again_and_none_is_a_formula(values):
    workbook = openpyxl.Workbook()
    for column, value in enumerate(values, start=1):
        put(workbook.active, 1, column, value)
    read = openpyxl.load_workbook(BytesIO(to_bytes(workbook, MOMENT))).active
    for column, value in enumerate(values, start=1):
        cell = read.cell(1, column)
        assert cell.data_type not in {"f", "e"}
        if isinstance(value, int):
            assert cell.value == value


@pytest.mark.parametrize(("text", "width", "lines"), [("", 10, 1), ("x" * 20, 10, 3), ("a\nb", 10, 2), ("x" * 100, 100, 1)])
def test_a_row_is_as_high_as_its_text_needs(text, width, lines):
    assert lines_of(text, width) == lines


def test_space_around_a_text_is_marked_so_that_excel_keeps_it():
    with zipfile.ZipFile(BytesIO(to_bytes(made_up(), MOMENT))) as archive:
        written = archive.read("xl/worksheets/sheet1.xml").decode()
    assert '<t xml:space="preserve"> space on both sides </t>' in written


def test_an_escape_that_excel_would_read_as_a_letter_is_written_as_it_is():
    assert safe_text("_x0041_") == "_x005F_x0041_"


def test_a_text_is_cut_by_the_units_that_excel_counts_and_never_inside_a_letter():
    cut = safe_text("😀" * 20_000)
    assert cut.endswith(CUT)
    assert len(cut.encode("utf-16-le")) // 2 <= MAX_CELL
    assert set(cut.removesuffix(CUT)) == {"😀"}
