"""Pictures of how good a segmentation is: scores of classes, matrices, reliability, and the errors of each scene."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from highwall.core.bands import BANDS
from highwall.core.grid import pixel_sides_m
from highwall.core.taxonomy import MINING_AREA
from highwall.imagery.chips import true_colour
from highwall.io.aside import aside
from highwall.learning.metrics import Confusion
from highwall.report.segmentation_errors import ErrorPanel, error_map
from highwall.report.segmentation_scores import class_reliability_plot, class_scores_plot, confusion_plot
from highwall.segmentation.dataset import Sample
from highwall.segmentation.evaluation import Evaluation
from highwall.segmentation.labels import is_inside
from highwall.segmentation.tally import FOOTPRINT, NOTHING, UNION, columns_of, drawn_as, row_of, said_as
from highwall.workflows.judging.console import counted
from highwall.workflows.judging.scenes import JudgedScene

_COLOURS: Final = ("B04", "B03", "B02")
_MATRICES: Final = {
    "drawn_against_said": "every class against every other [%]", "pit_against_dump": "pit against dump [%]",
}  # fmt: skip


def draw_scores(scores: Mapping[str, Any], found: Evaluation, out: Path) -> list[Path]:
    """Draw scores, matrices and, where there are probabilities, reliability; give the files."""
    footprint = {} if scores["footprint"] is None else {FOOTPRINT: scores["footprint"]}
    rows = footprint | {name: row for name, row in scores["per_class"].items() if name not in (UNION, MINING_AREA)}
    sites = f"{counted(scores['n_scenes'], 'scene')} of {counted(scores['n_sites'], 'site')}"
    title = f"{scores['model']['name']}, {sites}"
    matrices = {title: scores["confusion"][key] for key, title in _MATRICES.items() if key in scores["confusion"]}
    pictures = {
        "classes": class_scores_plot(rows or scores["per_class"], title=title),
        "confusion": confusion_plot(matrices),
    }
    drawn = [name for name in found.classes if scores["per_class"][name]["n_scenes_drawn"]]
    if drawn:
        pictures["reliability"] = class_reliability_plot(
            {name: found.reliability_of(name) for name in drawn}, title=title
        )
    paths = []
    for name, picture in pictures.items():
        paths.append(out.with_name(f"{out.stem}-{name}.png"))
        with aside(paths[-1]) as path:
            path.write_bytes(picture)
    return paths


def draw_errors(sample: Sample, scene: JudgedScene, classes: tuple[str, ...], folder: Path) -> Path:
    """Draw what was found, missed and invented in a scene, as its first annotator drew it."""
    annotator, mask = next(iter(scene.masks.items()))
    counted = scene.valid & is_inside(mask)
    panels = []
    for column in _shown(classes):
        drawn, said = drawn_as(mask, row_of(column)), said_as(scene.label, column, classes=classes)
        if (drawn & counted).any() or (said & counted).any():
            panels.append(ErrorPanel(_title(column, Confusion.of(drawn[counted], said[counted])), drawn, said))
    rows, columns = pixel_sides_m(sample.grid)[::-1]
    title = f"{sample.name}, as annotator {annotator} drew it" if len(scene.masks) > 1 else sample.name
    path = folder / f"{sample.name.replace('/', '_')}.png"
    with aside(path) as temporary:
        temporary.write_bytes(
            error_map(_picture(sample), panels, counted=counted, pixel_m=(rows, columns), title=title)
        )
    return path


def _shown(classes: tuple[str, ...]) -> list[str]:
    """Footprint first, then the classes; what says the same twice is left out."""
    columns = [name for name in columns_of(classes) if name not in (NOTHING, UNION)]
    if FOOTPRINT in columns:
        columns = [FOOTPRINT, *(name for name in columns if name not in (FOOTPRINT, MINING_AREA))]
    return columns


def _title(column: str, counts: Confusion) -> str:
    scores = {"IoU": counts.iou, "recall": counts.recall, "precision": counts.precision}
    told = ", ".join(f"{name} {value:.2f}" for name, value in scores.items() if not np.isnan(value))
    return f"{column.replace('_', ' ')}\n{told}"


def _picture(sample: Sample) -> NDArray[np.uint8]:
    """True colour where a scene has it, else its first optical band in grey, else its first band."""
    wanted = _COLOURS if set(_COLOURS) <= set(sample.bands) else (_one_band(sample.bands),) * 3
    values = sample.image()[[sample.bands.index(name) for name in wanted]]
    return true_colour(xr.DataArray(values, coords={"band": list(_COLOURS)}, dims=("band", "y", "x")))


def _one_band(bands: tuple[str, ...]) -> str:
    return next((name for name in bands if BANDS[name].sensor == "S2"), bands[0])
