"""`highwall labels check`: are label files sound? A report, and repaired copies."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import geopandas as gpd
import rasterio
from rasterio.errors import RasterioIOError

from highwall import __version__
from highwall.core.errors import GridError, HighwallError, InputError, MissingInputError
from highwall.core.grid import GeoBox
from highwall.io.aside import write_text
from highwall.io.catalog import write_json
from highwall.io.vectors import read_features
from highwall.segmentation.label_checks import Issue
from highwall.segmentation.label_options import LabelCheckOptions
from highwall.segmentation.label_report import CheckedLabels, check_drawing, kinds_of, report_of
from highwall.workflows.labels.files import RASTERS, VECTORS, files_below, key_of
from highwall.workflows.run import Say, silent

REPORT: Final = "report.json"
_ANY: Final = "*"
"""Stands for every label file, where one scene was given."""
_PIXELS: Final = "pixel_xy"
"""Outline in image pixels that some label files carry beside the geometry; a repair makes it stale."""


class LabelCheck(NamedTuple):
    """What was found in all files."""

    report: dict[str, Any]
    n_errors: int


def check_label_files(
    paths: Sequence[Path],
    *,
    images: Path | None = None,
    out: Path | None = None,
    options: LabelCheckOptions | None = None,
    say: Say = silent,
) -> LabelCheck:
    """Check vector files of labels.

    Parameters
    ----------
    paths
        Files, or folders of them.
    images
        Folder of the scenes, or the one scene: tells whether polygons lie on theirs.
    out
        Folder that takes ``report.json`` and ``repaired/``, a GeoJSON a file; nothing is written without.

    Raises
    ------
    MissingInputError
        A path does not exist, or holds no vector file.
    """
    scenes = scenes_in(images)
    rows: dict[str, dict[str, Any]] = {}
    found: list[CheckedLabels] = []
    for name, path in _files(paths).items():
        checked, n_polygons = _checked(path, scene=scene_of(name, scenes), options=options)
        found.append(checked)
        rows[name] = report_of(checked, n_polygons=n_polygons)
        if out is not None and not checked.is_lost:
            _write_repaired(checked.repaired, path, out / "repaired" / f"{name}.geojson")
        for line in _lines(path.name, checked):
            say(line)
    report = {"software": f"highwall {__version__}", "kinds": kinds_of(found), "files": rows}
    if out is not None:
        write_json(report, out / REPORT)
    return LabelCheck(report, sum(checked.count("error") for checked in found))


def _files(paths: Sequence[Path]) -> dict[str, Path]:
    """Vector files by name: that of the file, or its path below the folder that was given."""
    files: dict[str, Path] = {}
    for path in paths:
        if not path.exists():
            raise MissingInputError(f"no labels at {path}; check the path.")
        below = files_below(path, VECTORS) if path.is_dir() else [path]
        if not below:
            raise MissingInputError(f"no label file in {path}; expected {', '.join(VECTORS)}.")
        base = path if path.is_dir() else path.parent
        for file in below:
            name = key_of(file, base)
            files[name if name not in files else file.name] = file
    return files


def _checked(path: Path, *, scene: GeoBox | None, options: LabelCheckOptions | None) -> tuple[CheckedLabels, int]:
    """What the checks find in one file, and its number of polygons; one that cannot be read is an error too."""
    try:
        polygons = read_features(path)
    except HighwallError as error:
        nothing = gpd.GeoDataFrame({"class": []}, geometry=[], crs="EPSG:4326")
        return CheckedLabels((Issue("unreadable", "error", None, str(error), ""),), nothing), 0
    return check_drawing(polygons, scene=scene, options=options), len(polygons)


def scenes_in(images: Path | None) -> dict[str, GeoBox]:
    """Grids of scenes by name; a single file stands for all labels."""
    if images is None:
        return {}
    if not images.exists():
        raise MissingInputError(f"no scene at {images}; check the path.")
    if images.is_file():
        return {_ANY: _grid_of(images)}
    return {key_of(path, images): _grid_of(path) for path in files_below(images, RASTERS)}


def scene_of(name: str, scenes: Mapping[str, GeoBox]) -> GeoBox | None:
    """Grid of the scene that a label file is for: that of its name, with or without an annotator."""
    return scenes.get(_ANY) or scenes.get(name) or scenes.get(name.rpartition("-")[0])


def _grid_of(path: Path) -> GeoBox:
    try:
        with rasterio.open(path) as dataset:
            grid = GeoBox.from_rio(dataset)
    except RasterioIOError as error:
        raise InputError(f"{path} is not a readable raster ({error}).") from error
    if grid.crs is None:
        raise GridError(f"{path} carries no CRS; give it one (gdal_edit.py -a_srs EPSG:… {path.name}).")
    return grid


def _write_repaired(repaired: gpd.GeoDataFrame, source: Path, path: Path) -> Path:
    """Write a repaired copy as GeoJSON, with what the source said of the drawing as a whole."""
    placed = repaired.drop(columns=_PIXELS, errors="ignore").to_crs("EPSG:4326")
    content = _members(source) | json.loads(placed.to_json(drop_id=True, na="drop"))
    return write_text(json.dumps(content, ensure_ascii=False) + "\n", path)


def _members(source: Path) -> dict[str, Any]:
    """Name and properties of a GeoJSON collection, such as an annotator's notes."""
    if source.suffix.lower() not in (".geojson", ".json"):
        return {}
    content = json.loads(source.read_text(encoding="utf-8"))
    return {key: content[key] for key in ("name", "properties") if key in content}


def _lines(name: str, checked: CheckedLabels) -> list[str]:
    """What the terminal is told of one file."""
    said = []
    for issue in checked.issues:
        repair = f" → {issue.repair}" if issue.repair else ""
        said.append(f"{name}: {issue.severity}: {issue.message}{repair}")
    return said
