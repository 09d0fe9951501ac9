"""Photographs → where they show cracks, and how long and wide these are: ``highwall cracks``."""

import csv
import io
import itertools
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from highwall import __version__
from highwall.classification.cracks.geometry import Crack, find_cracks
from highwall.classification.cracks.mapping import SHIPPED_CRACKS, CrackModel, crack_probability
from highwall.classification.cracks.options import OutlineOptions
from highwall.core.errors import GridError, InputError, SceneError, SetAside
from highwall.core.grid import GeoBox, pixel_sides_m
from highwall.io.aside import aside, write_text
from highwall.io.lines import Lines, write_lines
from highwall.io.photographs import photographs_in, read_photograph
from highwall.io.rasters import cog_writer
from highwall.report.cracks import DrawnCrack, crack_sheet
from highwall.workflows.blocks import Advance, unmoved
from highwall.workflows.run import Say, silent

COLUMNS = (
    "image", "crack", "length_px", "mean_width_px", "max_width_px", "length_m", "mean_width_m", "max_width_m",
    "orientation_deg", "n_branches", "probability",
)  # fmt: skip
"""Columns of cracks.csv; metres are empty where the ground sampling distance is unknown."""


LARGEST_PIXEL_M: Final = 1.0
"""m; above it no crack can be seen, as in a satellite's 10 m: what looks like one is a road or a wall."""
_MOST_UNEQUAL = 0.05
"""Share by which the sides of a pixel may differ: one size in metres serves all directions."""
_MOST_GSD_ERROR = 0.01
"""Share by which ``--gsd`` may differ from what a file says before it is told."""


@dataclass(frozen=True)
class CrackFinder:
    """What all photographs of a call are treated with."""

    model: CrackModel
    outline: OutlineOptions
    gsd_m: float | None
    """m, ground size of a pixel, against what files say; None takes theirs."""
    out: Path
    say: Say


class Mapped(NamedTuple):
    """What became of one photograph: its line in ``cracks.json``, and a row a crack."""

    facts: dict[str, Any]
    rows: list[dict[str, Any]]


def map_cracks(
    images: Sequence[Path],
    out: Path,
    *,
    weights: Path | None = None,
    gsd_m: float | None = None,
    outline: OutlineOptions | None = None,
    say: Say = silent,
    advance: Advance = unmoved,
) -> dict[str, Any]:
    """Find and measure the cracks of photographs; one that cannot be used is set aside and reported.

    Parameters
    ----------
    images
        Photographs, or folders of them. Each must fit in memory.
    out
        Folder for ``cracks.csv``, ``cracks.json`` and, of each photograph, the probability (PNG, or COG where it lies
        somewhere), the cracks (GeoJSON) and a picture.
    weights
        ONNX file; the shipped network by default.
    gsd_m
        Ground size of a pixel [m], against what files say.

    Returns
    -------
    dict
        The content of ``cracks.json``.

    Raises
    ------
    MissingInputError
        A path or the weights do not exist.
    ModelError
        The weights are for something else than cracks.
    InputError
        The ground size of a pixel is impossible, results would lie among the photographs, or none of these can be used.
    """
    if gsd_m is not None and not 0.0 < gsd_m <= LARGEST_PIXEL_M:
        raise InputError(
            f"pixels of {gsd_m:g} m cannot show cracks; give the size of one, up to {LARGEST_PIXEL_M:g} m, as 0.002."
        )
    if any(path.is_dir() and path.resolve() == out.resolve() for path in images):
        raise InputError(
            f"{out} holds the photographs; give another folder for the results, or they become photographs."
        )
    finder = CrackFinder(CrackModel.open(weights or SHIPPED_CRACKS), outline or OutlineOptions(), gsd_m, out, say)
    paths = photographs_in(images)
    mapped: list[Mapped] = []
    set_aside: list[SetAside] = []
    names = _distinct([path.stem for path in paths])
    for done, (path, name) in enumerate(zip(paths, names, strict=True), start=1):
        try:
            found = _photograph(path, name, finder)
        except (SceneError, InputError, GridError) as error:
            set_aside.append(SetAside(path.name, str(error)))
            say(f"set aside: {error}")
        else:
            mapped.append(found)
            say(f"{name}: {len(found.rows)} cracks")
        advance("photographs", done, len(paths))
    if not mapped:
        raise InputError(f"none of {len(paths)} photographs could be used; the first: {set_aside[0].reason}")
    return _write_tables(mapped, set_aside, finder)


def _photograph(path: Path, name: str, finder: CrackFinder) -> Mapped:
    """Map one photograph and write its files, once nothing can refuse it any more."""
    levels, has_data, grid = read_photograph(path)
    gsd = _gsd(path.name, grid, finder)
    probability = crack_probability(levels, finder.model, has_data=has_data)
    cracks = find_cracks(probability, finder.outline, levels=levels)
    rows = [_row(crack, number, name=name, gsd=gsd) for number, crack in enumerate(cracks, start=1)]
    _write_map(probability, finder.out / f"{name}-probability", grid=grid)
    records = [Lines(crack.lines, row) for crack, row in zip(cracks, rows, strict=True)]
    write_lines(records, finder.out / f"{name}-cracks.geojson", grid=grid)
    drawn = [DrawnCrack(number, crack.lines) for number, crack in enumerate(cracks, start=1)]
    with aside(finder.out / f"{name}-cracks.png") as part:
        part.write_bytes(crack_sheet(levels, drawn, title=name))
    height, width = probability.shape
    seen = 1.0 if has_data is None else round(float(has_data.mean()), 4)
    facts = {"image": name, "file": str(path), "width_px": width, "height_px": height, "gsd_m": gsd}
    return Mapped({**facts, "share_with_data": seen, "n_cracks": len(cracks)}, rows)


def _gsd(name: str, grid: GeoBox | None, finder: CrackFinder) -> float | None:
    """Ground size of a pixel [m]: as given, else as the file says; None where nobody does.

    Raises
    ------
    SceneError
        Its pixels are too large for cracks, or longer than wide.
    """
    if grid is None or grid.crs is None:
        return finder.gsd_m
    sides = pixel_sides_m(grid)
    own = math.sqrt(sides[0] * sides[1])
    if finder.gsd_m is not None:
        if abs(own / finder.gsd_m - 1.0) > _MOST_GSD_ERROR:
            finder.say(f"{name}: the file says {own:.3g} m a pixel; {finder.gsd_m:g} m is taken, as given")
        return finder.gsd_m
    if own > LARGEST_PIXEL_M:
        raise SceneError(
            f"{name} has pixels of {own:.3g} m, in which no crack can be seen; give photographs from near."
        )
    if abs(sides[0] / sides[1] - 1.0) > _MOST_UNEQUAL:
        raise SceneError(f"{name} has pixels of {sides[0]:.3g} by {sides[1]:.3g} m; resample it to squares first.")
    return own


def _row(crack: Crack, number: int, *, name: str, gsd: float | None) -> dict[str, Any]:
    pixels = {"length": crack.length_px, "mean_width": crack.mean_width_px, "max_width": crack.max_width_px}
    return {
        "image": name,
        "crack": number,
        **{f"{key}_px": round(value, 1) for key, value in pixels.items()},
        **{f"{key}_m": None if gsd is None else float(f"{value * gsd:.3g}") for key, value in pixels.items()},
        "orientation_deg": round(crack.orientation_deg, 1),
        "n_branches": len(crack.lines),
        "probability": round(crack.probability, 3),
    }


def _write_map(probability: NDArray[np.float32], stem: Path, *, grid: GeoBox | None) -> None:
    """Write a COG where the photograph lies somewhere, else a PNG whose 255 is certain; there, no data is 0."""
    if grid is not None:
        path = stem.with_name(f"{stem.name}.tif")
        with cog_writer(path, layer="class_probability", grid=grid, bands=("crack",)) as writer:
            writer.write(probability, row=0, col=0)
        return
    with aside(stem.with_name(f"{stem.name}.png")) as part:
        Image.fromarray(np.rint(255.0 * np.nan_to_num(probability, nan=0.0)).astype(np.uint8)).save(part)


def _write_tables(mapped: list[Mapped], set_aside: list[SetAside], finder: CrackFinder) -> dict[str, Any]:
    rows = [row for found in mapped for row in found.rows]
    text = io.StringIO()
    table = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    write_text(text.getvalue(), finder.out / "cracks.csv")
    facts = finder.model.metadata
    summary = {
        "software": f"highwall {__version__}",
        "model": {"name": facts.name, "version": facts.version, "training_data": facts.training_data},
        "options": finder.outline.model_dump(mode="json"),
        "n_images": len(mapped),
        "n_cracks": len(rows),
        "set_aside": [each._asdict() for each in set_aside],
        "images": [found.facts for found in mapped],
        "cracks": rows,
    }
    write_text(json.dumps(summary, indent=1, ensure_ascii=False) + "\n", finder.out / "cracks.json")
    return summary


def _distinct(names: Sequence[str]) -> list[str]:
    """Give a photograph whose name is taken the next free number."""
    found: list[str] = []
    for name in names:
        numbered = (f"{name}-{number}" for number in itertools.count(2))
        found.append(next(each for each in itertools.chain([name], numbered) if each not in found))
    return found
