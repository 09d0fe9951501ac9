"""A page on which a person says what is at each point: pictures, keys, and a table to take away. It needs no server."""

import io
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import jinja2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from highwall.report.style import data_uri
from highwall.report.texts import ENGLISH

_ENLARGED: Final = 9
"""Screen pixels a pixel of the image."""


class Chip(NamedTuple):
    """The surroundings of one point."""

    point: int
    picture: NDArray[np.uint8] | None
    """(y, x, 3), the point in the middle; None where the image does not reach."""


def render_labeller(chips: Sequence[Chip], *, classes: Sequence[str], texts: Mapping[str, str] = ENGLISH) -> str:
    """Return the page as HTML, with every picture in it.

    What is chosen stays in the browser's own store until it is saved as ``reference.csv`` (``point``, ``reference``).
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("highwall.report"), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    points = [{"point": chip.point, "picture": "" if chip.picture is None else _uri(chip.picture)} for chip in chips]
    return environment.get_template("labeller.html.jinja").render(points=points, classes=list(classes), t=texts)


def _uri(picture: NDArray[np.uint8]) -> str:
    height, width = picture.shape[:2]
    large = Image.fromarray(picture).resize((width * _ENLARGED, height * _ENLARGED), Image.Resampling.NEAREST)
    buffer = io.BytesIO()
    large.quantize(64).save(buffer, format="PNG", optimize=True)
    return data_uri(buffer.getvalue())
