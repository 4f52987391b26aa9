"""The asset graph as an SVG: `python -m docs.generate.graph_picture` writes ``docs/pictures/graph.svg``.

Layers from left to right (an asset stands behind everything it is made from), one band per product. Arrows that follow
from others are left out. The same graph gives the same picture, so a test can say when the stored one is out of date.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

import dagster as dg

from vitrina.settings import PRODUCTS

PICTURE = Path(__file__).parents[1] / "pictures" / "graph.svg"

BOX_WIDTH, BOX_HEIGHT = 158, 38
COLUMN, ROW = 206, 54
MARGIN, BAND_TITLE, LEGEND = 20, 34, 34
SWEEPS = 12
"""Passes over the layers that pull connected boxes together; more change nothing for graphs of this size."""

COLOURS = {
    "raw": ("#E6EEF6", "#5B7FA6"),
    "dbt": ("#FDEBD8", "#C9772B"),
    "Python": ("#E3F1EA", "#3D8B67"),
    "Excel": ("#F3E6F5", "#8C5A99"),
    "publication": ("#FFF6CC", "#A68A1E"),
}
"""Role of an asset → fill and border."""

Edge = tuple[str, str]


@dataclass(frozen=True)
class Box:
    """An asset, as the picture shows it.

    Attributes
    ----------
    name
        Last part of the asset's key.
    role
        Key of `COLOURS`.
    note
        The second line: how it is cut into partitions, and its checks.
    """

    name: str
    role: str
    note: str


@dataclass(frozen=True)
class Graph:
    """The assets of one product.

    Attributes
    ----------
    boxes
        Name → asset.
    parents
        Name → names of what it is made from.
    """

    boxes: Mapping[str, Box]
    parents: Mapping[str, frozenset[str]]


def graphs_of(definitions: dg.Definitions) -> dict[str, Graph]:
    """The graph of each product, by the first part of the assets' keys; then what people think of them."""
    resolved = definitions.resolve_asset_graph()
    boxes: dict[str, dict[str, Box]] = {}
    parents: dict[str, dict[str, frozenset[str]]] = {}
    for key in sorted(resolved.get_all_asset_keys()):
        node = resolved.get(key)
        product, name = key.path[0], key.path[-1]
        checks = len(node.check_keys)
        notes = ["by partition"] * node.is_partitioned + [f"{checks} check{'s' * (checks != 1)}"] * bool(checks)
        boxes.setdefault(product, {})[name] = Box(name, _role(name, node.kinds or set()), ", ".join(notes))
        parents.setdefault(product, {})[name] = frozenset(parent.path[-1] for parent in node.parent_keys)
    order = sorted(boxes, key=lambda product: (product not in PRODUCTS, product))
    return {product: Graph(boxes[product], parents[product]) for product in order}


def draw(graphs: Mapping[str, Graph]) -> str:
    """The picture of all products, one below the other."""
    bands, top, width = [], MARGIN, 0
    for product, graph in graphs.items():
        placed = _placed(graph)
        bands += _band(product, graph, placed, top)
        width = max(width, max(layer for layer, _ in placed.values()) * COLUMN + BOX_WIDTH + 2 * MARGIN)
        top += BAND_TITLE + round(max(row for _, row in placed.values()) * ROW) + BOX_HEIGHT + MARGIN
    height = top + LEGEND
    title = f"Assets of {', '.join(graphs)}, from the inbox to publication"
    head = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
            f'role="img" aria-label="{escape(title)}" font-family="system-ui, Segoe UI, Roboto, sans-serif">'
        ),
        f"<title>{escape(title)}</title>",
        f'<rect width="{width}" height="{height}" rx="10" fill="#FFFFFF"/>',
        (
            '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
            '<path d="M0,0.5 L8,4 L0,7.5 z" fill="#7B8794"/></marker></defs>'
        ),
    ]
    return "\n".join([*head, *bands, *_legend(top), "</svg>"]) + "\n"


def _role(name: str, kinds: Iterable[str]) -> str:
    if name == "publication":
        return "publication"
    known = {"dbt": "dbt", "excel": "Excel"}
    found = next((known[kind] for kind in sorted(kinds) if kind in known), None)
    inbox = name.startswith("raw_") or name in {"deliveries", "refused_rows"}
    return found or ("raw" if inbox else "Python")


def _placed(graph: Graph) -> dict[str, tuple[int, float]]:
    """Name → layer and row, the points where an arrow passes a layer included."""
    edges = _essential(graph.parents)
    layers = _layers(graph.parents)
    chains = _chains(edges, layers)
    columns: dict[int, list[str]] = {}
    for name, layer in sorted({**layers, **{stop: at for chain in chains.values() for stop, at in chain}}.items()):
        columns.setdefault(layer, []).append(name)
    neighbours: dict[str, list[str]] = {}
    for chain in chains.values():
        for (left, _), (right, _) in itertools.pairwise(chain):
            neighbours.setdefault(left, []).append(right)
            neighbours.setdefault(right, []).append(left)
    return _rows(columns, neighbours)


def _essential(parents: Mapping[str, frozenset[str]]) -> tuple[Edge, ...]:
    """Arrows without those that follow from others."""
    ancestors: dict[str, set[str]] = {}

    def of(name: str) -> set[str]:
        if name not in ancestors:
            ancestors[name] = set().union(*({parent} | of(parent) for parent in parents[name]))
        return ancestors[name]

    return tuple(
        (parent, name)
        for name in sorted(parents)
        for parent in sorted(parents[name])
        if not any(parent in of(other) for other in parents[name])
    )


def _layers(parents: Mapping[str, frozenset[str]]) -> dict[str, int]:
    """One more than that of the deepest parent."""
    layers: dict[str, int] = {}

    def of(name: str) -> int:
        if name not in layers:
            layers[name] = 1 + max((of(parent) for parent in parents[name]), default=-1)
        return layers[name]

    for name in parents:
        of(name)
    return layers


def _chains(edges: Iterable[Edge], layers: Mapping[str, int]) -> dict[Edge, list[tuple[str, int]]]:
    """The stops of each arrow: its ends, and a point in every layer between them."""
    return {
        (left, right): [
            (left, layers[left]),
            *((f"{left}>{right}@{layer}", layer) for layer in range(layers[left] + 1, layers[right])),
            (right, layers[right]),
        ]
        for left, right in edges
    }


def _rows(columns: dict[int, list[str]], neighbours: Mapping[str, Sequence[str]]) -> dict[str, tuple[int, float]]:
    """Order each layer by the mean row of what its members are connected with, and centre it."""
    tallest = max(len(names) for names in columns.values())
    rows: dict[str, float] = {}
    for sweep in range(SWEEPS):
        for layer in sorted(columns, reverse=bool(sweep % 2)):
            wanted = {name: _mean([rows[other] for other in neighbours.get(name, ()) if other in rows]) for name in columns[layer]}
            columns[layer].sort(key=lambda name: (wanted[name], name))
            first = (tallest - len(columns[layer])) / 2
            rows.update({name: first + place for place, name in enumerate(columns[layer])})
    return {name: (layer, rows[name]) for layer, names in columns.items() for name in names}


def _mean(values: Sequence[float]) -> float:
    return round(sum(values) / len(values), 6) if values else 0.0


def _band(product: str, graph: Graph, placed: Mapping[str, tuple[int, float]], top: int) -> list[str]:
    first_row = top + BAND_TITLE

    def corner(name: str) -> tuple[int, int]:
        layer, row = placed[name]
        return MARGIN + layer * COLUMN, first_row + round(row * ROW)

    lines = [f'<text x="{MARGIN}" y="{top + 16}" font-size="16" font-weight="600" fill="#1F2933">{escape(product)}</text>']
    chains = _chains(_essential(graph.parents), _layers(graph.parents))
    lines += [_arrow([corner(stop) for stop, _ in chain]) for chain in chains.values()]
    for name, box in graph.boxes.items():
        lines += _box(box, *corner(name))
    return lines


def _arrow(corners: Sequence[tuple[int, int]]) -> str:
    """A curve through all stops; it runs level past the boxes of a layer."""
    middle = BOX_HEIGHT // 2
    bend = (COLUMN - BOX_WIDTH) // 2 + 6
    (x, y), *further = corners
    path = [f"M{x + BOX_WIDTH},{y + middle}"]
    start = (x + BOX_WIDTH, y + middle)
    for place, (x, y) in enumerate(further, start=1):
        end = (x, y + middle)
        path.append(f"C{start[0] + bend},{start[1]} {end[0] - bend},{end[1]} {end[0]},{end[1]}")
        if place < len(further):
            path.append(f"H{x + BOX_WIDTH}")
        start = (x + BOX_WIDTH, y + middle)
    return f'<path d="{" ".join(path)}" fill="none" stroke="#9AA5B1" stroke-width="1.3" marker-end="url(#arrow)"/>'


def _box(box: Box, x: int, y: int) -> list[str]:
    fill, border = COLOURS[box.role]
    middle = x + BOX_WIDTH // 2
    name_at = y + (17 if box.note else 23)
    lines = [
        f'<rect x="{x}" y="{y}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="6" fill="{fill}" stroke="{border}"/>',
        f'<text x="{middle}" y="{name_at}" font-size="12" text-anchor="middle" fill="#1F2933">{escape(box.name)}</text>',
    ]
    if box.note:
        lines.append(
            f'<text x="{middle}" y="{y + 31}" font-size="10" text-anchor="middle" fill="#52606D">{escape(box.note)}</text>'
        )
    return lines


def _legend(top: int) -> list[str]:
    words = {
        "raw": "filled by the inbox",
        "dbt": "SQL (dbt)",
        "Python": "Python",
        "Excel": "Excel workbook",
        "publication": "what people read",
    }
    lines, x = [], MARGIN
    for role, word in words.items():
        fill, border = COLOURS[role]
        lines += [
            f'<rect x="{x}" y="{top}" width="16" height="12" rx="3" fill="{fill}" stroke="{border}"/>',
            f'<text x="{x + 22}" y="{top + 10}" font-size="11" fill="#52606D">{escape(word)}</text>',
        ]
        x += 150
    return lines


def main() -> None:
    """Write the picture."""
    from definitions import defs  # noqa: PLC0415  # slow to import, and not needed to draw

    PICTURE.write_text(draw(graphs_of(defs)), encoding="utf-8")


if __name__ == "__main__":
    main()
