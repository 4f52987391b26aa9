"""The workbook's pictures, written as SVG: the tree, and the stores on two components.

Charts elsewhere are Altair's. A workbook that somebody waits for cannot afford the JavaScript engine that draws those: for 330
stores the two pictures took a third of a second, half of the whole workbook, and take a tenth of one like this.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from xml.sax.saxutils import escape, quoteattr

import polars as pl

from vitrina.charts import FAINT, INK, colour
from vitrina.stores.clustering import Clustering
from vitrina.stores.dendrogram import ABOVE, branches_and_leaves, cut_height

MOST_MARKS = 4_000
"""More cover one another; the same as in the charts."""
MOST_IN_LEGEND = 20

_FONT = "DejaVu Sans, Liberation Sans, Arial, sans-serif"
_GRID = "#ECECEC"
_WIDTH, _HEIGHT = 760.0, 380.0
_LEFT, _TOP, _RIGHT, _BOTTOM = 52.0, 14.0, 84.0, 44.0
_PADDING = 14.0
_MARK = 3.6
_TICKS = 6

_SHAPES: Mapping[str, tuple[float, float, str]] = {
    "circle": (-1, 0, "a1,1,0,1,0,2,0a1,1,0,1,0,-2,0z"),
    "square": (-0.9, -0.9, "h1.8v1.8h-1.8z"),
    "triangle-up": (0, -1.1, "l1.1,1.9h-2.2z"),
    "diamond": (0, -1.25, "l1.05,1.25l-1.05,1.25l-1.05,-1.25z"),
    "cross": (-0.4, -1.1, "h.8v.7h.7v.8h-.7v.7h-.8v-.7h-.7v-.8h.7z"),
    "triangle-down": (0, 1.1, "l1.1,-1.9h-2.2z"),
}
"""Marks, told apart without their colours: where they begin, seen from their middle, and how they go on from there."""


def tree_drawing(clustering: Clustering, translate: Callable[[str], str] = str) -> str:
    """The last merges; branches below the cut have their cluster's colour, leaves their number of stores. Its heading is the sheet's.

    Parameters
    ----------
    clustering
        What `cluster_stores` made.
    translate
        From the English text to the reader's.
    """
    branches, leaves = branches_and_leaves(clustering.linkage, clustering.leaf_labels, clustering.tree.leaf_sizes)
    highest = float(branches.get_column("height").max() or 1.0)  # type: ignore[arg-type]  # polars types the extremes of any series
    xs = leaves.get_column("x")
    drawing = _Drawing(
        across=_Scale(float(xs[0]), float(xs[-1]), _LEFT + _PADDING, _LEFT + _WIDTH - _PADDING),
        down=_Scale(0.0, _ticks(0.0, highest)[-1], _TOP + _HEIGHT, _TOP),
    )
    drawing.vertical_axis(translate("Ward distance"))
    corners = branches.sort("cluster", "branch", "corner").select("cluster", "branch", "x", "height").iter_rows()
    for cluster, rows in groupby(corners, key=itemgetter(0)):
        lines = [[(x, height) for *_, x, height in branch] for _, branch in groupby(rows, key=itemgetter(1))]
        drawing.lines(lines, _branch_colour(cluster))
    for leaf in leaves.iter_rows(named=True):
        drawing.text(
            str(leaf["stores"]), drawing.across(leaf["x"]), _TOP + _HEIGHT + 15, size=10, fill=_branch_colour(leaf["cluster"])
        )
    height = cut_height(clustering.linkage, clustering.n_clusters)
    if height is not None:
        drawing.cut(height, translate("cut"))
    drawn = set(leaves.get_column("cluster")) | set(branches.get_column("cluster"))
    drawing.legend(translate("Cluster"), sorted(drawn - {ABOVE}), as_lines=True)
    return drawing.done()


def likeness_drawing(assignments: pl.DataFrame, translate: Callable[[str], str] = str) -> str:
    """Stores on the first two principal components, coloured and shaped by cluster. Its heading is the sheet's.

    Parameters
    ----------
    assignments
        Rows of `ClusterAssignments`. Where only one component was kept, stores lie on a line; of very many, one in `marks_step`.
    translate
        From the English text to the reader's.
    """
    step = marks_step(assignments.height)
    # counted within a cluster, so that the smallest has a mark, too
    marked = assignments.sort("store_id").filter(pl.int_range(pl.len()).over("cluster") % step == 0)
    drawn = marked.select("cluster", pl.col("component_1").alias("x"), pl.col("component_2").fill_null(0.0).alias("y"))
    (left, right), (low, high) = (_bounds(drawn.get_column(name)) for name in ("x", "y"))
    drawing = _Drawing(
        across=_Scale(left, right, _LEFT + _PADDING, _LEFT + _WIDTH - _PADDING),
        down=_Scale(low, high, _TOP + _HEIGHT - _PADDING, _TOP + _PADDING),
    )
    drawing.vertical_axis(translate("Second principal component"))
    drawing.horizontal_axis(translate("First principal component"))
    for cluster, rows in groupby(drawn.sort("cluster", maintain_order=True).iter_rows(), key=itemgetter(0)):
        drawing.marks(cluster, [(drawing.across(x), drawing.down(y)) for _, x, y in rows])
    drawing.legend(translate("Cluster"), sorted(set(drawn.get_column("cluster"))), as_lines=False)
    return drawing.done()


def marks_step(stores: int) -> int:
    """One store in how many has a mark."""
    return -(-stores // MOST_MARKS)


def as_png(drawing: str, scale: float) -> bytes:
    """A drawing as PNG, so many pixels per unit."""
    import vl_convert  # noqa: PLC0415  # its renderer alone: no JavaScript is run

    picture: bytes = vl_convert.svg_to_png(drawing, scale=scale)
    return picture


@dataclass(frozen=True)
class _Scale:
    """From values to places."""

    low: float
    high: float
    first: float
    last: float

    def __call__(self, value: float) -> float:
        return self.first + (value - self.low) / ((self.high - self.low) or 1.0) * (self.last - self.first)


@dataclass
class _Drawing:
    """What has been drawn so far."""

    across: _Scale
    down: _Scale
    parts: list[str] = field(default_factory=list)

    def text(  # noqa: PLR0913  # how a text looks
        self,
        text: str,
        x: float,
        y: float,
        *,
        size: int = 11,
        fill: str = INK,
        anchor: str = "middle",
        turned: bool = False,
    ) -> None:
        turn = f' transform="rotate(-90 {x:.1f} {y:.1f})"' if turned else ""
        self.parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{fill}" text-anchor="{anchor}"{turn}>{escape(text)}</text>'
        )

    def lines(self, lines: Iterable[Iterable[tuple[float, float]]], stroke: str) -> None:
        """Lines of one colour, as one path: many of them are drawn in half the time."""
        path = "".join("M" + " ".join(f"{self.across(x):.1f},{self.down(y):.1f}" for x, y in corners) for corners in lines)
        self.parts.append(
            f'<path d="{path}" fill="none" stroke={quoteattr(stroke)} stroke-width="2" stroke-linecap="round" stroke-linejoin="round"/>'
        )

    def marks(self, cluster: int, places: Iterable[tuple[float, float]], opacity: float = 0.75) -> None:
        """Marks of one cluster, as one path as well."""
        left, top, shape = list(_SHAPES.values())[(cluster - 1) % len(_SHAPES)]
        path = "".join(f"M{x / _MARK + left:.2f},{y / _MARK + top:.2f}{shape}" for x, y in places)
        self.parts.append(f'<path d="{path}" transform="scale({_MARK})" fill="{colour(cluster)}" fill-opacity="{opacity}"/>')

    def cut(self, height: float, word: str) -> None:
        y = self.down(height)
        self.parts.append(
            f'<line x1="{_LEFT}" x2="{_LEFT + _WIDTH}" y1="{y:.1f}" y2="{y:.1f}" stroke="{INK}" stroke-dasharray="6 4"/>'
        )
        self.text(word, _LEFT + _WIDTH - 4, y - 6, anchor="end")

    def vertical_axis(self, title: str) -> None:
        for tick in _inside(self.down):
            y = self.down(tick)
            self.parts.append(f'<line x1="{_LEFT}" x2="{_LEFT + _WIDTH}" y1="{y:.1f}" y2="{y:.1f}" stroke="{_GRID}"/>')
            self.text(_label(tick), _LEFT - 6, y + 4, anchor="end")
        self.text(title, 14, _TOP + _HEIGHT / 2, size=12, turned=True)

    def horizontal_axis(self, title: str) -> None:
        for tick in _inside(self.across):
            x = self.across(tick)
            self.parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{_TOP + _HEIGHT}" stroke="{_GRID}"/>')
            self.text(_label(tick), x, _TOP + _HEIGHT + 15)
        self.text(title, _LEFT + _WIDTH / 2, _TOP + _HEIGHT + 35, size=12)

    def legend(self, title: str, clusters: list[int], *, as_lines: bool) -> None:
        if len(clusters) > MOST_IN_LEGEND:
            return
        x = _LEFT + _WIDTH + 18
        self.text(title, x, _TOP + 8, size=12, anchor="start")
        for place, cluster in enumerate(clusters, 1):
            y = _TOP + 8 + 17.0 * place
            if as_lines:
                self.parts.append(
                    f'<line x1="{x}" x2="{x + 12}" y1="{y - 4}" y2="{y - 4}" stroke="{colour(cluster)}" stroke-width="4"/>'
                )
            else:
                self.marks(cluster, [(x + 6, y - 4)], opacity=1)
            self.text(str(cluster), x + 20, y, anchor="start")

    def done(self) -> str:
        width, height = _LEFT + _WIDTH + _RIGHT, _TOP + _HEIGHT + _BOTTOM
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" font-family={quoteattr(_FONT)}>'
            f'<rect width="100%" height="100%" fill="white"/>{"".join(self.parts)}</svg>'
        )


def _branch_colour(cluster: int) -> str:
    return colour(cluster) if cluster != ABOVE else FAINT


def _bounds(values: pl.Series) -> tuple[float, float]:
    """The least and the greatest value, apart even where all are equal."""
    low, high = float(values.min()), float(values.max())  # type: ignore[arg-type]  # polars types the extremes of any series
    return (low, high) if high > low else (low - 1.0, high + 1.0)


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers from `low` or below to `high` or above.

    >>> _ticks(0.0, 13.0)
    [0.0, 5.0, 10.0, 15.0]
    """
    rough = (high - low) / _TICKS or 1.0
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * digit for digit in (1, 2, 5, 10) if power * digit >= rough)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(step * place, 10) for place in range(first, last + 1)]


def _inside(scale: _Scale) -> list[float]:
    return [tick for tick in _ticks(scale.low, scale.high) if scale.low <= tick <= scale.high]


def _label(tick: float) -> str:
    return f"{tick:g}".replace("-", "−")
