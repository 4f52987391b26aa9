"""Text of other people stays text in Markdown, wherever it is shown."""

import re

import dagster as dg
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from resources import table_io
from resources.table_assets import schema_check, table_key
from resources.table_io import TableIOManager
from resources.table_metadata import preview
from resources.warehouse import WarehouseResource
from vitrina.markdown import escaped_markdown
from vitrina.tables import Table, column
from vitrina.warehouse import replace

HOSTILE = [
    "![x](http://evil/p.png)",
    "[open](http://evil)",
    "[open][1]",
    "<http://evil>",
    "<img src=x onerror=alert(1)>",
    "a | b",
    "\\| b",
    "`code` **bold** __x__ ~~y~~",
    "&lt;b&gt; &#91;x](y)",
    "line\n\n# heading\n[1]: http://evil",
    "~~~",
    "see https://evil.example/x, WWW.evil.example or a@evil.example",
]
READER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
ADDRESS = re.compile(r"https?://|ftp://|www\.|[-.\w+]@[-\w]", re.IGNORECASE)
"""What readers of GitHub's Markdown link although nobody marked it."""


class Aisle(Table, product="stores", name="aisle"):
    """One row per aisle; the test's own."""

    aisle: str = column("Name of the aisle.", key=True)
    width: float = column("Width.", unit="m", ge=0)


def inline(markdown):
    return [child for token in READER.parse(markdown) for child in token.children or ()]


def kinds(markdown):
    return {token.type for token in (*READER.parse(markdown), *inline(markdown))}


def read(markdown):
    return "".join(token.content for token in inline(markdown))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_one_paragraph_of_plain_text(text):
    markdown = escaped_markdown(text)
    assert kinds(markdown) <= {"paragraph_open", "inline", "text", "text_special", "paragraph_close"}
    assert not ADDRESS.search(read(markdown))
    assert read(markdown).replace("\N{WORD JOINER}", "") == text.replace("\n", "\N{REPLACEMENT CHARACTER}")


@given(st.text("![]()<>|\\`*_~#&;:/@.wx1 \n", max_size=40))
def test_no_text_makes_a_link_a_picture_html_or_another_cell(text):
    markdown = f"| a | b |\n| --- | --- |\n| {escaped_markdown(text)} | x |"
    assert not kinds(markdown) & {
        "link_open",
        "image",
        "html_inline",
        "html_block",
        "code_inline",
        "strong_open",
        "em_open",
        "s_open",
    }
    assert [token.type for token in READER.parse(markdown)].count("td_open") == 2
    assert not ADDRESS.search(read(markdown))


def test_words_numbers_and_dates_are_left_alone():
    assert escaped_markdown("store_id 2024-01-31, 3.2%, Лавка №5") == "store_id 2024-01-31, 3.2%, Лавка №5"


def test_a_long_text_is_cut_before_it_is_escaped():
    assert escaped_markdown("|" * 70, 60) == r"\|" * 59 + "…"


def test_a_preview_shows_hostile_cells_and_names_as_text():
    markdown = preview(pl.DataFrame({"[name](http://evil)": HOSTILE[:10], "n": list(range(10))}))
    assert not kinds(markdown) & {"link_open", "image", "html_inline", "html_block", "code_inline", "strong_open"}
    assert [token.type for token in READER.parse(markdown)].count("td_open") == 20
    assert not ADDRESS.search(read(markdown))


def test_the_examples_of_a_failed_check_are_text(tmp_path):
    resource = WarehouseResource(overrides={"data": str(tmp_path)})
    with resource.of("stores").write() as connection:
        replace(connection, Aisle, pl.DataFrame({"aisle": ["![x](http://evil/p.png)"], "width": [1.0]}))
        connection.execute("INSERT INTO aisle SELECT * FROM aisle")
    check = schema_check(Aisle)
    result = dg.materialize(
        [dg.AssetSpec(table_key(Aisle)), check],
        resources={"warehouse": resource},
        selection=dg.AssetSelection.checks(check),
        raise_on_error=False,
    )
    (evaluation,) = result.get_asset_check_evaluations()
    examples = evaluation.metadata["examples"].value
    assert "evil" in examples
    assert not kinds(examples) & {"link_open", "image"}
    assert not ADDRESS.search(read(examples))


def test_the_examples_of_a_refused_frame_are_text(tmp_path, monkeypatch):
    monkeypatch.setattr(table_io, "find_table", lambda *_: Aisle)
    manager = TableIOManager(warehouse=WarehouseResource(overrides={"data": str(tmp_path)}))
    frame = pl.DataFrame({"aisle": ["[open](http://evil)"] * 2, "width": [1.0, 1.0]})
    with pytest.raises(dg.Failure) as failure:
        manager.handle_output(dg.build_output_context(asset_key=table_key(Aisle)), frame)
    examples = failure.value.metadata["failures"].value
    assert "evil" in examples
    assert not kinds(examples) & {"link_open", "image"}
    assert not ADDRESS.search(read(examples))
