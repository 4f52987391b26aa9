"""The documentation builds without a network, covers the code, and its examples run."""

import html
import os
import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from docs.generate import graph_picture, pages
from vitrina.catalogue import CONTRACTS, PRODUCTS_WITH_ASSETS, TABLES
from vitrina.settings import Settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = sorted(path for path in (ROOT / "docs").rglob("*.md"))
EXCEPTIONS = ("carried forward", "previous_cluster <> ")
"""What the made-up products have none of: a table that failed its check, a store that moved."""
FENCED = re.compile(r'^```sql(?: title="published/([^"]+)\.duckdb")?\n(.*?)^```', flags=re.DOTALL | re.MULTILINE)
QUERIES = [
    pytest.param(product, query, id=f"{page.stem}-{number}-{product}")
    for page in PAGES
    for number, (named, query) in enumerate(FENCED.findall(page.read_text(encoding="utf-8")))
    for product in (PRODUCTS_WITH_ASSETS if named == "*" else (named,))
]
EXAMPLES = re.compile(r"^```python\n(.*?)^```", flags=re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """The built documentation; a proxy that does not exist stands for a network that does not."""
    folder = tmp_path_factory.mktemp("site")
    nowhere = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT,
        env={**os.environ, **nowhere, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    return folder


def text_of(page: Path) -> str:
    return html.unescape(re.sub(r"<[^>]+>", "", page.read_text(encoding="utf-8")))


def headings_of(page: Path) -> set[str]:
    return {
        html.unescape(re.sub(r"<[^>]+>", "", found)).strip("¶ ")
        for found in re.findall(r"<h[23].*?>(.*?)</h[23]>", page.read_text())
    }


@pytest.mark.integration
@pytest.mark.slow
@pytest.mark.xdist_group("built documentation")
class TestTheBuiltReference:
    def test_names_every_setting(self, site):
        named = set(re.findall(r"VITRINA_[A-Z0-9_]+", text_of(site / "reference" / "settings.html")))
        assert named >= {f"VITRINA_{name.upper()}" for name in Settings.model_fields}

    def test_has_a_template_for_every_contract_with_every_column(self, site):
        page = site / "reference" / "inbox.html"
        assert headings_of(page) >= {contract.name for contract in CONTRACTS}
        text = text_of(page)
        shown = {" or ".join(f"{contract.product}/{pattern}" for pattern in contract.patterns) for contract in CONTRACTS}
        assert {files for files in shown if f"Where: {files} in the inbox." not in text} == set()
        assert [row for contract in CONTRACTS for row in contract.template() if row.meaning.replace("`", "") not in text] == []

    def test_has_every_declared_table_with_every_column(self, site):
        page = site / "reference" / "tables.html"
        assert headings_of(page) >= {table.table_name() for table in TABLES}
        text = text_of(page)
        assert [
            declared for table in TABLES for declared in table.declared() if declared.meaning.replace("`", "") not in text
        ] == []

    def test_has_every_asset(self, site, graph):
        assert headings_of(site / "reference" / "assets.html") >= {
            f"{product}/{name}" for product in graph for name in graph[product].boxes
        }

    def test_has_every_command(self, site):
        told = subprocess.run(
            [sys.executable, "-m", "vitrina", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout
        commands = re.findall(r"^│ ([a-z]+) ", told, flags=re.MULTILINE)
        assert "rollback" in commands
        headings = headings_of(site / "reference" / "command-line.html")
        missing = [name for name in commands if not any(heading.startswith(f"vitrina {name}") for heading in headings)]
        assert not missing
        assert "vitrina stores approve" in headings

    def test_loads_nothing_from_elsewhere(self, site):
        for page in site.rglob("*.html"):
            loaded = re.findall(
                r"<(?:script|link|img|iframe)[^>]+(?:src|href)=\"?(https?://[^\" >]+)", page.read_text(encoding="utf-8")
            )
            assert not loaded, page


@pytest.fixture(scope="module")
def graph() -> dict[str, graph_picture.Graph]:
    from definitions import defs  # noqa: PLC0415  # seconds, which the tests of links need not wait for

    return graph_picture.graphs_of(defs)


def test_the_picture_of_the_graph_is_up_to_date(graph):
    stored = graph_picture.PICTURE.read_text(encoding="utf-8")
    assert graph_picture.draw(graph) == stored, "draw it anew: python -m docs.generate.graph_picture"


def test_the_picture_shows_a_change_of_the_graph():
    boxes = {name: graph_picture.Box(name, "Python", "") for name in "abc"}
    chain = graph_picture.Graph(boxes, {"a": frozenset(), "b": frozenset("a"), "c": frozenset("b")})
    shortcut = graph_picture.Graph(boxes, {"a": frozenset(), "b": frozenset("a"), "c": frozenset("ab")})
    fork = graph_picture.Graph(boxes, {"a": frozenset(), "b": frozenset("a"), "c": frozenset("a")})
    assert graph_picture.draw({"p": chain}) == graph_picture.draw({"p": shortcut})
    assert graph_picture.draw({"p": chain}) != graph_picture.draw({"p": fork})


@pytest.mark.parametrize("path", [ROOT / "README.md", *PAGES], ids=lambda path: path.name)
def test_make_targets_that_are_named_exist(path):
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    code = " ".join(re.findall(r"```.*?```|`[^`]+`", path.read_text(encoding="utf-8"), flags=re.DOTALL))
    assert set(re.findall(r"\bmake ([a-z]+)", code)) <= targets


def test_the_readme_names_both_commands():
    assert {"make demo", "make test"} <= set(re.findall(r"make [a-z]+", README))


def test_links_and_pictures_of_the_readme_exist():
    links = [link.split("#")[0] for link in re.findall(r"\]\(([^)]+)\)", README) if not link.startswith("http")]
    assert len(links) > 10
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_pictures_are_small_enough_to_load_at_once():
    assert {
        path.name: path.stat().st_size for path in graph_picture.PICTURE.parent.iterdir() if path.stat().st_size > 200_000
    } == {}


def test_the_page_for_suppliers_names_every_file():
    page = (ROOT / "docs" / "how-to" / "supplier-of-files.md").read_text(encoding="utf-8")
    wanted = {f"{contract.product}/{re.split(r'[.*]', pattern)[0]}" for contract in CONTRACTS for pattern in contract.patterns}
    assert {file for file in wanted if f"`{file}" not in page} == set()


def test_the_page_of_settings_shows_what_a_variable_takes(monkeypatch):
    shown = dict(
        re.findall(r"^\| `(VITRINA_MARKETPLACE_[A-Z_]+)` \|[^|]*\| `([^|]*)` \|", pages.settings_page(), flags=re.MULTILINE)
    )
    assert {"VITRINA_MARKETPLACE_EVENT_KINDS", "VITRINA_MARKETPLACE_WEIGHTS"} <= set(shown)
    for variable, default in shown.items():
        monkeypatch.setenv(variable, default)
    names = [variable.removeprefix("VITRINA_").lower() for variable in shown]
    assert {name: getattr(Settings(_env_file=None), name) for name in names} == {
        name: Settings.model_fields[name].default for name in names
    }


@pytest.fixture(scope="module")
def published(
    *, publication, marketplace_publication, propensity_publication, posts_publication, sellers_publication, feedback_publication
) -> dict[str, duckdb.DuckDBPyConnection]:
    products = (publication, marketplace_publication, propensity_publication, posts_publication, sellers_publication)
    paths = (*products, feedback_publication)
    connections = {path.stem: duckdb.connect(str(path), read_only=True) for path in paths}
    yield connections
    for connection in connections.values():
        connection.close()


def test_queries_of_every_product_are_shown():
    assert {parameters.values[0] for parameters in QUERIES} == set(PRODUCTS_WITH_ASSETS)


@pytest.mark.parametrize(("product", "query"), QUERIES)
def test_the_queries_run(published, product, query):
    found = published[product].execute(query).pl()
    assert bool(found.height) is not any(exception in query for exception in EXCEPTIONS)


@pytest.mark.parametrize("path", [ROOT / "README.md", *PAGES], ids=lambda path: path.name)
def test_the_examples_run(published, settings, path, monkeypatch, capsys):
    examples = EXAMPLES.findall(path.read_text(encoding="utf-8"))
    if not examples:
        pytest.skip("no example in Python")
    # from the folder in which the documentation says that one is; the key is the data folder's own
    monkeypatch.chdir(settings.data.parent)
    monkeypatch.delenv("VITRINA_USER_KEY", raising=False)
    names: dict[str, object] = {}
    for example in examples:
        exec(example, names)  # noqa: S102  # our own documentation
    shown = capsys.readouterr().out
    said = {
        "README.md": ("davies_bouldin", "column_name", "reason_en"),
        "engineer.md": ("popular", "by_python", "telegram:1500000001"),
        "marketing-manager.md": ("18772", "shape: (10, 8)"),
        "analyst.md": (),
    }
    assert all(word in shown for word in said[path.name])
    assert names.get("user_hash") == names.get("same_hash")
