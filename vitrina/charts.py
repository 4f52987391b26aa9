"""Pictures for reports, pages and metadata: Altair charts drawn without a browser and without the network."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING

from vitrina.errors import VitrinaError

if TYPE_CHECKING:
    import altair as alt

PALETTE = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#CC79A7",
    "#56B4E9",
    "#D55E00",
    "#882255",
    "#999933",
    "#332288",
    "#AA4499",
    "#117733",
    "#DDCC77",
)
"""Colours that people with any colour vision tell apart: Okabe and Ito (2008), then Tol's muted scheme (2021)."""

INK = "#333333"
FAINT = "#B0B0B0"

MAX_PNG_BYTES = 200_000
"""Dagster keeps a picture in its event log for ever."""

_FONT = "DejaVu Sans, Liberation Sans, Arial, sans-serif"
REPORT_SCALES = (2.0, 1.5, 1.0)
PAGE_SCALE = (0.85,)
"""Pixels per unit: a report is printed; Dagster shows a picture pixel by pixel in a dialog that is 700 wide."""


class PictureError(VitrinaError):
    """A chart cannot be drawn, or not in the space a picture may take."""


def colour(place: int) -> str:
    """The colour of the `place`-th series, counted from 1; colours come round again after twelve."""
    return PALETTE[(place - 1) % len(PALETTE)]


def readable_on(background: str) -> str:
    """Black or white, whichever stands out more on a colour ``"#RRGGBB"``.

    >>> readable_on("#0072B2"), readable_on("#DDCC77")
    ('#FFFFFF', '#000000')
    """
    red, green, blue = (int(background[at : at + 2], 16) for at in (1, 3, 5))
    # weights of ITU-R BT.601
    return "#000000" if 0.299 * red + 0.587 * green + 0.114 * blue > 140 else "#FFFFFF"


def to_png(chart: alt.TopLevelMixin, *, max_bytes: int = MAX_PNG_BYTES, scales: Sequence[float] = REPORT_SCALES) -> bytes:
    """Draw a chart as PNG, as sharp as fits.

    Parameters
    ----------
    chart
        Any Altair chart with its data inside; nothing is fetched.
    max_bytes
        Size that the picture stays below.
    scales
        Pixels per unit of the chart, the one to try first in front.

    Raises
    ------
    PictureError
        Even the coarsest picture is larger.
    """
    import vl_convert  # noqa: PLC0415  # starts a JavaScript engine

    specification = chart.to_dict()
    for scale in scales:
        picture = vl_convert.vegalite_to_png(specification, scale=scale, config=_STYLE, allowed_base_urls=[])
        for reduce in (None, _in_few_colours):
            candidate = picture if reduce is None else reduce(picture)
            if len(candidate) < max_bytes:
                return candidate
    raise PictureError(
        f"The chart takes {len(candidate):,} bytes as a picture; {max_bytes:,} are allowed.",
        "Draw fewer marks, or make the chart smaller.",
    )


def _in_few_colours(picture: bytes) -> bytes:
    from PIL import Image  # noqa: PLC0415  # only large pictures need it

    with Image.open(BytesIO(picture)) as image, BytesIO() as reduced:
        image.convert("RGB").quantize(64).save(reduced, format="PNG", optimize=True)
        return reduced.getvalue()


_STYLE = {
    "font": _FONT,
    "background": "white",
    "view": {"stroke": None},
    "title": {
        "anchor": "start",
        "fontSize": 16,
        "fontWeight": 600,
        "color": INK,
        "subtitleColor": "#666666",
        "subtitleFontSize": 12,
        "offset": 12,
    },
    "axis": {
        "labelColor": INK,
        "titleColor": INK,
        "labelFontSize": 11,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "gridColor": "#ECECEC",
    },
    "legend": {"labelColor": INK, "titleColor": INK, "labelFontSize": 11, "titleFontSize": 12, "titleFontWeight": "normal"},
}

PAGE_STYLE = _STYLE | {"background": "transparent", "font": "system-ui, sans-serif"}
"""What charts look like on a page, where the browser draws them with its own fonts."""
