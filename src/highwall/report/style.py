"""Colours and canvas of every picture. Colours stay apart for readers with colour-vision deficiency."""

import base64
import io
import re
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.transforms import ScaledTranslation
from PIL import Image

INK, MUTED, PAPER, GRID = "#1d2733", "#5f6b7a", "#ffffff", "#d9dee5"
MINING_COLOURS: Final = {
    "excavation": "#d55e00", "preparatory_work_area": "#f7c59f", "dumping_ground": "#9467bd", "stockpile": "#f0e442",
    "settling_pond": "#56b4e9", "infrastructure": "#e7298a", "exploitation_slope": "#8c510a",
    "transportation_slope": "#bf812d", "dam": "#1b9e77", "tailing_storage_facility": "#0050a0",
    "mining_area": "#ffb000", "coal_gangue_dump": "#7f7f7f", "iron_open_pit": "#b2182b", "clay_open_pit": "#fdae61",
    "sandstone_open_pit": "#ffe08a",
}  # fmt: skip
"""Of land-cover classes, in maps and in the colour tables of rasters."""
PATCH_COLOURS: Final = {"industrial_mine": "#ffb000", "artisanal_mine": "#3ddbd9"} | MINING_COLOURS
"""Of patches, by what the networks call them."""
FINDING_COLOUR, PERMIT_COLOUR, DRAWN_COLOUR = "#ff2d6f", "#ffffff", "#7dfdfe"
DECORRELATED_COLOUR, HATCH_COLOUR = "#7d838c", "#33383f"
"""Decorrelated ground is hatched; no colour scale of ours passes through these greys."""
NO_DATA_COLOUR = "#d3d8de"
MOTION_MAP, COHERENCE_MAP, CLOSURE_MAP = "RdBu", "viridis", "magma_r"
"""Motion: red is down (away from the satellite), blue is up, white is still."""
GOOD, BAD, MASTER = "#0072b2", "#d55e00", "#f0c020"
"""Of Okabe and Ito: what was used, what was not, what all else refers to."""
DPI: Final = 140
_COMPRESSION: Final = 4
"""zlib's level: of ours, a quarter faster than 6 and as small."""
SMALL, LABEL, TITLE = 7, 8, 9
"""Type sizes [pt]."""


def canvas(width: float, height: float) -> Figure:
    """Empty figure [inch] on white, with our type sizes."""
    figure = Figure(figsize=(width, height), dpi=DPI, facecolor=PAPER, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def png(figure: Figure) -> bytes:
    """Render a figure."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]  # once: `savefig` lays out and draws twice
    drawn = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
    picture = Image.fromarray(drawn[..., :3])  # paper is opaque
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", dpi=(DPI, DPI), compress_level=_COMPRESSION)
    return buffer.getvalue()


def data_uri(picture: bytes) -> str:
    """Embed a PNG in a page."""
    return "data:image/png;base64," + base64.b64encode(picture).decode("ascii")


def head(axes: Axes, text: str) -> None:
    """Write a title over the left edge."""
    axes.set_title(text, fontsize=TITLE, color=INK, loc="left")


def legend_below(axes: Axes, handles: list[object], *, columns: int = 3) -> None:
    """Put a legend under the axis label, where it hides nothing."""
    down = ScaledTranslation(0.0, -0.42, axes.figure.dpi_scale_trans)
    axes.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(0.0, 0.0), bbox_transform=axes.transAxes + down,
        ncols=columns, fontsize=SMALL, frameon=False, borderaxespad=0.0, columnspacing=1.2, handlelength=1.6,
    )  # fmt: skip


def signed(text: str) -> str:
    """Text with a minus sign for each hyphen before a digit, as the axes have it."""
    return re.sub(r"-(?=\d)", "\N{MINUS SIGN}", text)


def remark(axes: Axes, text: str) -> None:
    """Say in words why an empty panel is empty."""
    axes.set_axis_off()
    axes.text(0.5, 0.5, text, ha="center", va="center", fontsize=TITLE, color=MUTED, transform=axes.transAxes)
