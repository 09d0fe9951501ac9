"""Colours and canvas of every picture. Colours stay apart for readers with colour-vision deficiency."""

import base64
import io
from typing import Final

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

INK, MUTED, PAPER, GRID = "#1d2733", "#5f6b7a", "#ffffff", "#d9dee5"
PATCH_COLOURS: Final = {"industrial_mine": "#ffb000", "artisanal_mine": "#3ddbd9"}
FINDING_COLOUR, PERMIT_COLOUR, DRAWN_COLOUR = "#ff2d6f", "#ffffff", "#7dfdfe"
DECORRELATED_COLOUR = "#3b3b3b"
MOTION_MAP = "RdBu"
"""Red is down (away from the satellite), blue is up, white is still."""
DPI: Final = 140


def canvas(width: float, height: float) -> Figure:
    """Empty figure [inch] on white, with our type sizes."""
    figure = Figure(figsize=(width, height), dpi=DPI, facecolor=PAPER, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def png(figure: Figure) -> bytes:
    """Render a figure."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI, metadata={"Software": None})
    return buffer.getvalue()


def data_uri(picture: bytes) -> str:
    """Embed a PNG in a page."""
    return "data:image/png;base64," + base64.b64encode(picture).decode("ascii")
