"""Charts for pages: Altair's specification, drawn by the browser, beside a table of the same numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vitrina.charts import PAGE_STYLE

if TYPE_CHECKING:
    import altair as alt


@dataclass(frozen=True)
class Chart:
    """A chart with what stands for it where it cannot be seen.

    Attributes
    ----------
    specification
        Vega-Lite as JSON.
    title
        What it shows, in the visitor's language.
    summary
        What there is to see in it, in a sentence.
    columns, rows
        The numbers, as they are to be read.
    """

    specification: dict[str, Any]
    title: str
    summary: str
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()


def drawn(
    chart: alt.TopLevelMixin, title: str, summary: str, columns: Sequence[str] = (), rows: Sequence[Sequence[str]] = ()
) -> Chart:
    """A chart for a page; give widths as ``"container"`` so that it fits any screen."""
    # half of the time went into holding our own charts against their schema
    specification = chart.to_dict(validate=False)
    specification["config"] = {**specification.get("config", {}), **PAGE_STYLE}
    return Chart(specification, title, summary, columns, rows)
